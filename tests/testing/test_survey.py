"""Several processes at once."""
import os
import signal
import subprocess
import sys

import pytest

from .. import PATIENCE

PROGRAM = """
import time
from minigrad.testing.survey import workers
if __name__ == "__main__":
    with workers(2, 40) as mapped:
        results = mapped(time.sleep, [0.01] + 39 * [100])
        next(iter(results))
        print("begun", flush=True)
        list(results)
"""


@pytest.mark.skipif(os.name != "posix", reason="no process groups here")
def test_interrupted_it_waits_for_nothing(tmp_path):
    """Ctrl-C reaches all processes of a terminal."""
    (tmp_path / "program.py").write_text(PROGRAM)
    running = subprocess.Popen([sys.executable, tmp_path / "program.py"], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE, start_new_session=True, preexec_fn=lambda: signal.signal(
                                   signal.SIGINT, signal.default_int_handler))
    assert running.stdout.readline() == "begun\n"
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode and "SpawnProcess" not in said and said.rstrip().endswith("KeyboardInterrupt"), said
