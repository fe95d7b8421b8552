"""In a fresh environment with one extra and nothing else, what the README promises for that extra works."""
import configparser
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import venv
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "runs", "__pycache__", "*.egg-info", ".*_cache",
                                  ".hypothesis")

COURSE = """
from minigrad.learn import checking, solutions
wrong = {}
for name, (code, names) in solutions.solutions().items():
    fault = checking.first_fault(checking.find(name), solutions.answer(code, names, name))
    if fault:
        wrong[name] = fault
assert not wrong, wrong
"""
ONE_PAGE = """
from minigrad.learn import notebooks
for path in notebooks.paths(["00", "08"]):
    notebooks.execute(notebooks.solved(notebooks.read(path)), path, shortened=True)
"""
NEURON = """
import minigrad as mg
w = mg.tensor([0.5, -1.0], requires_grad=True)
mg.tanh((w * [2.0, 3.0]).sum()).backward()
assert w.grad.shape == (2,)
"""

# extra: what is run, each as the arguments of the environment's Python
PROMISES = {
    "": [["-c", NEURON], ["-m", "minigrad", "--version"], ["-m", "minigrad", "learn", "--list"],
         ["-m", "minigrad", "estimate", "--help"], ["-m", "minigrad", "simulate", "--help"],
         ["-m", "minigrad", "data", "list"], ["-m", "minigrad", "train", "digits", "--epochs", "1"]],
    "datasets": [["-m", "minigrad", "train", "digits", "--data", "mnist", "--epochs", "1"]],
    "notebooks": [["-c", COURSE], ["-c", ONE_PAGE], ["-m", "minigrad", "learn", "--progress"]],
    "test": [["-m", "minigrad", "check", "exp", "--jobs", "1"], ["-m", "pytest", "--version"]],
    "site": [["-m", "minigrad", "learn", "--site", "site"]],
    "browser": [["-c", "import playwright.sync_api"]],
    "distributed": [["-c", "from minigrad.distributed import world; assert world().size == 1"]],
    "gguf": [["-c", "import gguf, regex, minigrad.zoo"]],
    "hdf5": [["-c", "import h5py"]],
    "lite": [["-m", "minigrad", "learn", "--lite", "lite"]],
    "threads": [["-c", "import minigrad; minigrad.set_threads(1)"]],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy to install from: building writes beside the sources."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("source") / "minigrad", ignore=LEFT_OUT)


def environment(folder, source, extra):
    """The Python of a fresh environment with minigrad and one extra."""
    venv.create(folder / "env", with_pip=True)
    python = str(folder / "env/bin/python")
    wanted = f"{source}[{extra}]" if extra else str(source)
    done = subprocess.run([python, "-m", "pip", "install", "-q", wanted], env=alone(folder), capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return python


def alone(folder):
    """Environment variables without what belongs to this process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV", "COV"))}
    return {**kept, "MINIGRAD_PROGRESS": str(folder), "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("extra", PROMISES)
def test_each_extra_keeps_its_promises(extra, source, tmp_path):
    python = environment(tmp_path, source, extra)
    for arguments in PROMISES[extra]:
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=alone(tmp_path), capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    if extra == "notebooks":
        assert opened(python, tmp_path)
    if not extra:
        done = subprocess.run([python, "-m", "minigrad", "learn"], cwd=tmp_path, env=alone(tmp_path),
                              capture_output=True, text=True)
        assert done.returncode == 1 and 'pip install "minigrad[notebooks]"' in done.stderr


def opened(python, folder):
    """Whether minigrad learn starts JupyterLab with the first page on the port that is named, and ends on SIGTERM."""
    command = [python, "-u", "-m", "minigrad", "learn", "--no-browser", "--port", "8897", "--", "--allow-root"]
    with subprocess.Popen(command, cwd=folder, env=alone(folder), stderr=subprocess.PIPE, text=True) as lab:
        threading.Timer(120, lab.kill).start()      # so that it ends, whatever it says
        found = any("8897/lab/tree/00_what_a_derivative_is.ipynb" in line for line in lab.stderr)
        time.sleep(3)                   # Jupyter's handler logs, which must not fall into the log of its start
        lab.send_signal(signal.SIGTERM)
        lab.communicate(timeout=30)
        return found


# -- the same without a network: what an extra does not bring can't be imported ---------------------------------------
BLOCKED = """
import runpy, sys
from importlib.machinery import PathFinder
blocked = set(sys.argv.pop(1).split(","))
class Rest:
    find_spec = staticmethod(lambda name, *rest: None if name.partition(".")[0] in blocked
                             else PathFinder.find_spec(name, *rest))
sys.meta_path[:] = [Rest if finder is PathFinder else finder for finder in sys.meta_path]
if sys.argv[1] == "-c":
    exec(sys.argv[2])
else:
    sys.argv[:3] = ["minigrad"]
    runpy.run_module("minigrad", run_name="__main__", alter_sys=True)
"""
ONE_EXERCISE = """
from minigrad.learn import check
assert check("00.cube", lambda x: 3 * x ** 2).passed and not check("08.interval", lambda p, n: (p, p)).passed
"""


def brought(extra):
    """The distributions that come with minigrad and an extra."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras, found = setup["options.extras_require"], set()
    waiting = [*setup["options"]["install_requires"].split("\n"), *extras.get(extra, "").split("\n")]
    while waiting:
        wanted = re.match(r"([\w.-]*)(\[(.*)\])?", waiting.pop())
        name = re.sub(r"[-_.]+", "-", wanted[1]).lower()
        if name == "minigrad":
            waiting += [line for other in wanted[3].split(",") for line in extras[other].split("\n")]
        elif name and name not in found:
            found.add(name)
            with contextlib.suppress(metadata.PackageNotFoundError):
                waiting += [line for line in metadata.requires(name) or () if "extra ==" not in line]
    return found


@pytest.mark.parametrize("extra, arguments", [
    ("", ["-c", NEURON]), ("", ["-m", "minigrad", "learn", "--list"]),
    ("", ["-m", "minigrad", "train", "digits", "--epochs", "1"]), ("notebooks", ["-c", ONE_EXERCISE])])
def test_what_an_extra_brings_is_enough(extra, arguments, tmp_path):
    allowed = brought(extra) | {"minigrad"}
    blocked = [module for module, names in metadata.packages_distributions().items()
               if not allowed & {re.sub(r"[-_.]+", "-", name).lower() for name in names}]
    assert "pytest" in blocked and "numpy" not in blocked and ("hypothesis" in blocked) == (extra == "")
    done = subprocess.run([sys.executable, "-c", BLOCKED, ",".join(blocked), *arguments], cwd=tmp_path,
                          env={**alone(tmp_path), "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_promises_name_every_extra_that_can_be_installed_anywhere():
    """gpu wants a CUDA device, peers are other frameworks."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert set(setup["options.extras_require"]) - {"gpu", "peers"} == set(PROMISES) - {""}
