"""What the course settles in a browser, when its notebooks ask for `check`: the language, and Hypothesis beforehand."""
import asyncio
import contextlib
import importlib
import os
from pathlib import Path

from tqdm import tqdm

from . import translating

_begun = []                 # the task, so that it lives as long as it runs


def settle():
    """The language is that of the notebook's folder; what a first `check` needs is imported while the reader reads."""
    tqdm.monitor_interval = 0                               # no thread looks after its bars
    folder = Path.cwd().name
    if folder in translating.languages():
        os.environ.setdefault("MINIGRAD_LANGUAGE", folder)
    with contextlib.suppress(RuntimeError):                 # no loop of events: outside a notebook
        _begun.append(asyncio.get_running_loop().create_task(_import_ahead()))


async def _import_ahead():
    """Import Hypothesis, of some seconds in a browser, once the cell that runs has come to its end."""
    for name in ("hypothesis", "hypothesis.extra.numpy", "minigrad.testing.ops.runner"):
        await asyncio.sleep(0.05)
        with contextlib.suppress(ImportError):              # `check` says what is missing
            importlib.import_module(name)
