"""minigrad check: tables, JSON and exit codes, for the registry and for a user's file."""
import json
from pathlib import Path

import pytest

from minigrad.commands.main import main
from tests import testing

USER = '''
import minigrad as mg

@mg.op(vjp=lambda g, y, x: 3 * g * x * x)
def cubed(x, /):
    return x**3

@mg.op(vjp=lambda g, y, x: g * x * x)
def cubed_wrong(x, /):
    return x**3

@mg.op(vjp=lambda g, y, x: g.swapaxes(-1, -2), shapes="")
def turned(x, /):
    return x.swapaxes(-1, -2)

@mg.op(vjp=lambda g, y, x, shape: g.reshape(x.shape), shapes="")
def shaped(x, /, shape):
    return x.reshape(shape)
'''


@pytest.fixture
def user_file(tmp_path):
    from minigrad.engine.ops import REGISTRY
    path = tmp_path / "mine.py"
    path.write_text(USER)
    yield path
    for name in ("cubed", "cubed_wrong", "turned", "shaped"):
        REGISTRY.pop(name, None)


def check(capsys, *args):
    code = main(["check", "--jobs", "1", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_table_of_registered_ops(capsys):
    code, out, _ = check(capsys, "tanh", "getitem", "--examples", 5)
    assert code == 0 and "2 ops, 10 cases" in out and "all properties hold" in out and "seed 0" in out
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["op", "tanh", "getitem"]


def test_a_user_is_told_what_is_wrong(capsys, user_file):
    assert check(capsys, f"{user_file}:cubed", "--examples", 10)[0] == 0
    wrong = f"{user_file}:cubed_wrong"
    code, out, _ = check(capsys, wrong)
    assert code == 1 and "FAILED" in out and "likely: the factor 3 is missing" in out and wrong in out


def test_all_that_a_file_defines(capsys, tmp_path):
    from minigrad.engine.ops import REGISTRY
    path = tmp_path / "whole.py"
    path.write_text(USER.replace("cubed", "whole_cubed").partition("@mg.op(vjp=lambda g, y, x: g.swap")[0])
    try:
        code, out, _ = check(capsys, path, "--examples", 5)
    finally:
        for name in ("whole_cubed", "whole_cubed_wrong"):
            REGISTRY.pop(name, None)
    assert code == 1 and "2 ops" in out and "1 FAILED" in out and "the factor 3 is missing" in out


@pytest.mark.peers
@pytest.mark.parametrize("module, lines, right, wrong", [
    ("torch", "import torch", "torch.sin(x) * x", "torch.sin(x) * x.detach()"),
    ("jax", "import jax, jax.numpy as jnp", "jnp.sin(x) * x", "jnp.sin(x) * jax.lax.stop_gradient(x)"),
    ("autograd", "import autograd.numpy as np", "np.sin(x) * x", None)])
def test_functions_of_other_frameworks(capsys, tmp_path, module, lines, right, wrong):
    pytest.importorskip(module)
    path = tmp_path / f"my_{module}.py"
    path.write_text(f"{lines}\n\n\ndef right(x):\n    return {right}\n\n\ndef wrong(x):\n    return {wrong}\n")
    assert check(capsys, f"{path}:right", "--examples", 5)[0] == 0
    if wrong:
        code, out, _ = check(capsys, f"{path}:wrong", "--examples", 5)
        assert code == 1 and "wrong lacks a property" in out


@pytest.mark.peers
@pytest.mark.parametrize("module", ("torch", "jax", "autograd"))
def test_whole_files_of_other_frameworks(capsys, module):
    pytest.importorskip(module)
    path = Path(testing.__file__).with_name(f"cubes_in_{module}.py")
    code, out, _ = check(capsys, path, "--examples", 8)
    assert code == 1 and "1 FAILED" in out and "likely: the factor 3 is missing" in out
    assert f"checked where they are named, such as these: {path}:plain" in out


def test_an_op_by_module(capsys, user_file, monkeypatch):
    monkeypatch.chdir(user_file.parent)
    assert check(capsys, "mine:cubed", "--examples", 5)[0] == 0


def test_an_op_that_can_not_be_fed_fails_with_words(capsys, user_file):
    assert check(capsys, f"{user_file}:turned")[0] == 0
    code, out, _ = check(capsys, f"{user_file}:shaped")
    assert code == 1 and "shaped: nothing tells what shape may be" in out


def test_json(capsys, user_file):
    options = "--examples", 5, "--seed", 3, "--order", 1, "--json"
    code, out, _ = check(capsys, "exp", f"{user_file}:cubed_wrong", *options)
    found = json.loads(out)
    assert code == 1 and found["failed"] == 1 and found["seed"] == 3 and found["examples"] == 5 and found["order"] == 1
    exp, cubed = found["ops"]
    assert exp["name"] == "exp" and exp["examples"] == 5 and not exp["failure"] and exp["worst"] < 1e-8
    assert "the factor 3 is missing" in cubed["failure"]


@pytest.mark.parametrize("args, words", [
    (["tahn"], "did you mean tan"), (["no_such.py:f"], "no such file"), (["json:loads"], "'loads' is no operation"),
    (["minigrad.engine.ops.arithmetic:tahn"], "there is no 'tahn'"), (["no_such_module:f"], "can't be imported"),
    (["exp", "--examples", "0"], "--examples must be at least 1"),
    (["exp", "--order", "0"], "--order must be at least 1")])
def test_a_wrong_request_is_one_line_and_exit_code_2(capsys, args, words):
    code, out, err = check(capsys, *args)
    assert code == 2 and not out and words in err and err.count("\n") == 1


def test_an_error_in_the_file_is_told(capsys, tmp_path):
    (tmp_path / "broken.py").write_text("import minigrad\n1 / 0\n")
    code, _, err = check(capsys, f"{tmp_path / 'broken.py'}:f")
    assert code == 2 and "ZeroDivisionError" in err


def test_mutants(capsys, user_file):
    code, out, _ = check(capsys, "tanh", f"{user_file}:cubed", "--mutants", "--examples", 10)
    assert code == 0 and "mutants of 2 ops" in out and "0 survived" in out
    code, out, _ = check(capsys, "sign", "--mutants", "--examples", 5, "--json")
    found = json.loads(out)
    assert code == 0 and found["survivors"] == [] and found["mutants"] == found["killed"] + found["equivalent"]


def test_several_processes_give_the_same(capsys):
    assert main(["check", "exp", "log", "--examples", "5", "--jobs", "2", "--json"]) == 0
    two = json.loads(capsys.readouterr().out)["ops"]
    assert main(["check", "exp", "log", "--examples", "5", "--jobs", "1", "--json"]) == 0
    one = json.loads(capsys.readouterr().out)["ops"]
    assert [{**r, "seconds": 0} for r in one] == [{**r, "seconds": 0} for r in two]
