"""The fixtures, in a pytest of their own, as in a user's project."""
import subprocess
import sys

import pytest

from .. import PATIENCE

TESTS = '''
import minigrad as mg

def test_op(check_op):
    assert check_op(mg.ops.REGISTRY["tanh"]).examples == {examples}

def test_function(check_gradients):
    check_gradients(lambda x: mg.exp(x).sum(), mg.tensor([1.0, 2.0]))

def test_wrong(check_op):
    check_op(mg.ops.REGISTRY["tanh"], reference=lambda x: x)
'''


def pytest_in(folder, *args):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    plugin = [] if registered() else ["-p", "minigrad.testing.plugin"]
    return subprocess.run(command + plugin, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)


def registered():
    from importlib.metadata import entry_points
    return any(e.value == "minigrad.testing.plugin" for e in entry_points(group="pytest11"))


def test_the_test_of_an_op_is_one_line(tmp_path):
    (tmp_path / "test_mine.py").write_text(TESTS.format(examples=25))
    run = pytest_in(tmp_path)
    assert "1 failed, 2 passed" in run.stdout
    assert "tanh lacks a property: the value is that of the reference" in run.stdout


@pytest.mark.peers
def test_the_fixture_takes_functions_of_torch(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "test_mine.py").write_text("""
import torch

def test_right(check_op):
    assert check_op(lambda x: torch.sin(x) * x).passed

def test_wrong(check_op):
    check_op(lambda x: torch.sin(x) * x.detach())
""")
    run = pytest_in(tmp_path)
    assert "1 failed, 1 passed" in run.stdout and "lacks a property" in run.stdout


def test_profiles(tmp_path):
    (tmp_path / "test_mine.py").write_text(TESTS.format(examples=100))
    assert "2 passed, 1 deselected" in pytest_in(tmp_path, "--gradient-profile", "ci", "-k", "not wrong").stdout


def test_the_plugin_imports_nothing_before_it_is_used():
    code = "import sys, minigrad.testing.plugin; assert not {'hypothesis', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)


@pytest.mark.parametrize("name", ["check_op", "strategies", "check_vjp"])
def test_without_hypothesis_one_line_says_what_to_install(name):
    code = f"import sys; sys.modules['hypothesis'] = None; import minigrad as mg; mg.testing.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (f"ModuleNotFoundError: mg.testing.{name} draws its cases with Hypothesis: "
                                            'pip install "minigrad[test]"')
