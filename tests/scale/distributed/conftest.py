"""Scripts under mpiexec, for tests: `mpirun(n, script, *args)`.  Without MPI all tests here are skipped, and say so."""
import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ... import PATIENCE

HERE = Path(sys.executable).parent          # where pip puts mpiexec


def mpiexec():
    return shutil.which("mpiexec", path=f"{HERE}{os.pathsep}{os.environ.get('PATH', '')}")


def pytest_collection_modifyitems(items):
    if mpiexec() and importlib.util.find_spec("mpi4py"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents and "without_mpi" not in item.name:
            item.add_marker(pytest.mark.skip(reason='no MPI here: pip install "minigrad[distributed]"'))


def command(n, *words):
    """(the words of a command line, its environment) for n ranks, each with one thread for its products."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1",
                   "PYTHONPATH": str(Path(__file__).parents[3])}
    return [mpiexec(), "-n", str(n), sys.executable, *map(str, words)], environment


@pytest.fixture
def mpirun(tmp_path):
    """Run a script under mpiexec with n ranks; its CompletedProcess, which must have ended well unless check=False."""
    def run(n, script, *args, check=True):
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(script))
        words, environment = command(n, path, *args)
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done
    return run
