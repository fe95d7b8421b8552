"""What is handed to others: the sdist holds all that the tests need, and the wheel what users need."""
import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec

import pytest

from .rooms import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the sdist unpacked, and the names in the wheel, which is made from the sdist."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True,
                   capture_output=True, text=True)
    sdist, wheel = next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz"), zipfile.ZipFile(wheel).namelist()


def test_the_sdist_holds_what_the_repository_holds(built):
    if not (ROOT / ".git").exists():
        pytest.skip("not in a repository")
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    missing = [f for f in files if f and (ROOT / f).exists() and not (built[0] / f).exists()]
    assert not missing


def test_the_wheel_holds_the_package_and_the_notebooks_alone(built):
    tops = {name.split("/")[0] for name in built[1]}
    assert tops == {"minigrad", "minigrad-0.1.0.dist-info", "minigrad-0.1.0.data"}
    assert {"minigrad/py.typed", "minigrad/__init__.pyi", "minigrad/__main__.py"} <= set(built[1])


def test_the_tests_pass_in_the_sdist(built):
    environment = os.environ | {"PYTHONPATH": str(built[0])}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["-n", "auto"] if find_spec("xdist") else []
    done = subprocess.run(command, cwd=built[0], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
