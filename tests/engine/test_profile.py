"""The profiler: what it counts, that it counts once, and that nothing is left when it is off."""
import argparse

import numpy as np
import pytest

import minigrad as mg
from minigrad import profile as module
from minigrad.commands import profile as command
from minigrad.engine.profile import profile
from minigrad.support.errors import UsageError


def leaf(*shape):
    return mg.tensor(np.ones(shape, np.float32), requires_grad=True)


def counted(f):
    with profile() as p:
        f().sum().backward()
    return {name: (forward, backward) for name, forward, backward in p.rows()}


@pytest.mark.parametrize("f, name, flops", [
    (lambda: leaf(3, 4) @ leaf(4, 5), "matmul", 2 * 3 * 4 * 5),
    (lambda: leaf(7, 3, 4) @ leaf(7, 4, 5), "matmul", 7 * 2 * 3 * 4 * 5),
    (lambda: mg.linear(leaf(3, 4), leaf(4, 5), leaf(5)), "linear", 2 * 3 * 4 * 5),
    (lambda: mg.einsum("bij,bjk->bik", leaf(7, 3, 4), leaf(7, 4, 5)), "einsum", 7 * 2 * 3 * 4 * 5),
    (lambda: mg.tensordot(leaf(2, 3, 4), leaf(3, 4, 5)), "tensordot", 2 * 2 * 3 * 4 * 5),
    (lambda: mg.attention(leaf(2, 6, 3), leaf(2, 4, 3), leaf(2, 4, 5)), "attention", 2 * 2 * 6 * 4 * (3 + 5)),
    (lambda: mg.conv2d(leaf(2, 6, 6, 3), leaf(3, 3, 3, 4)), "conv2d", 2 * (2 * 4 * 4 * 4) * (3 * 3 * 3)),
])
def test_flops_of_products(f, name, flops):
    forward, backward = counted(f)[name]
    bias = 5 * (name == "linear")                           # its cotangent is a sum
    assert (forward.calls, forward.flops, backward.flops) == (1, flops, 2 * flops + bias)


def test_elementwise_is_a_flop_per_element_and_moving_is_free():
    rows = counted(lambda: mg.tanh(leaf(3, 4)).reshape(4, 3).T)
    assert rows["tanh"][0].flops == rows["tanh"][1].flops == 12
    assert rows["reshape"][0].flops == rows["transpose"][1].flops == 0
    assert rows["reshape"][0].bytes == 0                    # a view


def test_bytes():
    forward, backward = counted(lambda: mg.tanh(leaf(3, 4)))["tanh"]
    assert (forward.bytes, backward.bytes) == (2 * 48, 3 * 48)          # x, y;  g, x, dx
    forward, _ = counted(lambda: leaf(2, 3, 4) @ leaf(4, 5))["matmul"]
    assert forward.bytes == 4 * (2 * 3 * 4 + 4 * 5 + 2 * 3 * 5)         # computed as one product, reshaped


def test_only_wanted_cotangents_are_counted():
    assert counted(lambda: leaf(3, 4) @ np.ones((4, 5), np.float32))["matmul"][1].calls == 1


def test_an_op_within_an_op_is_counted_once():
    rows = counted(lambda: mg.silu(leaf(5)))                # silu calls sigmoid, forward and backward
    assert "sigmoid" not in rows and rows["silu"][0].calls == rows["silu"][1].calls == 1


def test_higher_orders():
    with profile() as p:
        assert mg.grad(mg.grad(lambda x: x**3))(2.0) == pytest.approx(12)
    assert p.ops["power"][1].calls >= 2


def test_nothing_is_left_when_it_is_off():
    before = {name: (op.forward, op.vjp, op.rules) for name, op in mg.ops.REGISTRY.items()}
    with pytest.raises(ZeroDivisionError), profile() as p:
        leaf(3) + 1
        raise ZeroDivisionError
    assert before == {name: (op.forward, op.vjp, op.rules) for name, op in mg.ops.REGISTRY.items()}
    assert p.ops["add"][0].calls == 1 and p.seconds > p.total().seconds > 0


def test_an_op_that_fails_does_not_stop_the_counting():
    with profile() as p:
        with pytest.raises(ValueError, match="matmul"):
            leaf(3, 4) @ leaf(3, 4)
        leaf(3, 4) @ leaf(4, 3)
    assert p.ops["matmul"][0].calls == 1


def test_table():
    with profile() as p:
        (leaf(30, 40) @ leaf(40, 50)).sum().backward()
    lines = str(p).splitlines()
    assert lines[0].split()[:3] == ["op", "direction", "calls"] and lines[-1].startswith("total")
    assert {line.split()[0] for line in lines[1:-2]} == {"matmul", "sum"}
    assert str(module.Profile()).splitlines()[-1].startswith("total")       # nothing counted


def test_chart(tmp_path):
    with profile() as p:
        mg.tanh(leaf(3)).sum().backward()
    p.draw(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


# -- the command -----------------------------------------------------------------------------------------------------
def run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([*map(str, arguments)]))


def test_command(tmp_path, capsys):
    (tmp_path / "near.py").write_text("SIZE = 3\n")
    script = tmp_path / "script.py"
    script.write_text("import sys, near, minigrad as mg\nprint(sys.argv[1:], __name__)\n"
                      "mg.tensor([1.0] * near.SIZE, requires_grad=True).sum().backward()\n")
    assert run("--out", tmp_path / "chart.png", script, "--epochs", "3") == 0
    out = capsys.readouterr().out
    assert out.startswith("['--epochs', '3'] __main__") and "sum " in out and "wrote" in out
    assert (tmp_path / "chart.png").exists()


@pytest.mark.parametrize("ending, code", [("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no data')", 1),
                                          ("raise KeyboardInterrupt", 130)])
def test_the_script_decides_the_exit_code(tmp_path, capsys, ending, code):
    script = tmp_path / "script.py"
    script.write_text(f"import sys, minigrad as mg\nmg.tensor([1.0]).sum()\n{ending}\n")
    assert run("--out", tmp_path / "chart.png", script) == code
    assert "sum " in capsys.readouterr().out                # what was counted until then


def test_there_must_be_a_script(tmp_path):
    with pytest.raises(UsageError, match="no script"):
        run(tmp_path / "none.py")
