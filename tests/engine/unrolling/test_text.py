"""The program as text: it says what it does, and runs alone."""
import ast
import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.ops import attending
from minigrad.engine.unrolling.columns import laid_out
from minigrad.engine.unrolling.rolling import rolled
from minigrad.keras import optimizers
from minigrad.keras.optimizers import schedules

from .page import PAGE, page, unrolled
from .same import assert_same, settle

X = np.arange(6.0).reshape(2, 3)


def test_saved_it_runs_without_minigrad(tmp_path):
    w = np.arange(12.0).reshape(3, 4)
    g = settle(mg.unroll(mg.value_and_grad(lambda b, x: (mg.tanh(mg.matmul(x, w) + b) ** 2).mean())), (np.ones(4), X))
    g.save(tmp_path / "step.py")
    np.save(tmp_path / "x.npy", X)
    code = ("import sys, numpy as np, step\nv, d = step.with_gradient(np.ones(4), np.load('x.npy'))\n"
            "assert not any(m.startswith('minigrad') for m in sys.modules)\nprint(repr((float(v), d.tolist())))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    value, slope = g(np.ones(4), X)
    assert done.stdout.strip() == repr((float(value), slope.tolist()))


def test_the_page_shows_the_program_of_the_seed_network():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.engine.unrolling.page"


def test_lines_are_no_wider_than_a_page_and_broken_ones_still_run():
    weights = [mg.tensor(np.full((3, 3), 0.1 * i), requires_grad=True) for i in range(9)]

    def a_function_of_many_arguments_with_long_names(*inputs_with_quite_long_names):
        parts = [np.tanh(x @ w) for x, w in zip(inputs_with_quite_long_names, weights)]
        joined = np.concatenate(parts, axis=0)
        product = np.einsum("ij,jk,kl->il", joined.T, joined, joined.T)
        return joined if joined.sum() > -1e9 and product.max() < 1e9 else 0
    g, xs = mg.unroll(mg.no_grad()(a_function_of_many_arguments_with_long_names)), [X + i for i in range(9)]
    settle(g, xs)
    for text in (g.source, unrolled().source, brief_and_wide()):
        assert max(map(len, text.splitlines())) <= 120, text
    compile(g.source, "page", "exec")
    assert_same(g(*xs), a_function_of_many_arguments_with_long_names(*xs))


def brief_and_wide():
    code = f"f(x, y[...], {', '.join(f'argument_{i}' for i in range(40))})"
    lines = laid_out([(code, "a note"), ("x = y", "another")])
    assert lines[0] == "    # a note" and lines[-1].split() == ["x", "=", "y", "#", "another"] and len(lines) > 5
    assert ast.unparse(ast.parse("\n".join(line[4:] for line in lines))) == f"{code.replace('...', '...')}\nx = y"
    return "\n".join(lines)


def test_the_seed_networks_program_is_short():
    lines = [line for line in unrolled().source.partition("def step")[2].splitlines()[1:] if line.strip()]
    optimizer = [line for line in lines if "Adam" in line]
    returned = lines[next(i for i, line in enumerate(lines) if "return (" in line):]
    assert len(lines) - len(optimizer) - len(returned) < 40 and len(lines) <= 60
    assert all("step.py:" in line for line in lines if line not in returned)


TRAINED = """
import sys, numpy as np, saved
batches = np.load('batches.npz')
losses = [saved.step(batches['x'][i], batches['t'][i])[0] for i in range(5)]
assert not any(m.startswith('minigrad') for m in sys.modules)
print([float(v).hex() for v in losses])
"""


def test_a_saved_training_goes_on_without_minigrad(tmp_path):
    """Adam, its counter included: the losses that follow are those of minigrad, to the bit."""
    g, rng = unrolled(), np.random.default_rng(1)
    x, t = rng.normal(size=(5, 32, 64)).astype(np.float32), np.eye(10, dtype=np.float32)[rng.integers(10, size=(5, 32))]
    g.save(tmp_path / "saved.py")
    np.savez(tmp_path / "batches.npz", x=x, t=t)
    expected = [float(g(mg.tensor(a), mg.tensor(b))).hex() for a, b in zip(x, t)]
    (tmp_path / "run.py").write_text(TRAINED)
    done = subprocess.run([sys.executable, "run.py"], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == repr(expected)


def trained_alone(g, folder, x=X):
    """A saved step has the results of g for x and four more inputs; its names and what they hold then."""
    g.save(folder / "step.py")
    space = {"__name__": "alone", "__file__": str(folder / "step.py")}
    exec((folder / "step.py").read_text(), space)
    inputs = [(x + i).astype(x.dtype) for i in range(5)]
    found = [space["step"](x)[0] for x in inputs]
    assert_same(found, [g(x) for x in inputs])
    return space


def test_edits_that_repeat_and_draws_are_saved(tmp_path):
    table = np.eye(4)

    def step(i):
        return mg.grad(lambda w: (mg.embedding(w, i) ** 2).sum())(table)
    g = settle(mg.unroll(step), (np.array([0, 2, 2]),))
    g.save(tmp_path / "rows.py")
    exec((tmp_path / "rows.py").read_text(), space := {"__file__": str(tmp_path / "rows.py")})
    assert_same(space["step"](np.array([1, 1, 3])), g(np.array([1, 1, 3])))
    g = settle(mg.unroll(lambda x: mg.dropout(x, 0.5)), (X,))
    g.save(tmp_path / "draws.py")
    exec((tmp_path / "draws.py").read_text(), space := {"__file__": str(tmp_path / "draws.py")})
    assert set(np.unique(space["step"](X + 1)[0] / (X + 1))) <= {0.0, 2.0}


def stepping(optimizer, w, alive=1):
    def step(x):
        loss = ((x * alive * w - 1) ** 2).mean()
        loss.backward()
        optimizer.step([w])
        return loss
    return step


OPTIMIZERS = [lambda: optimizers.SGD(0.1, momentum=0.9), lambda: optimizers.AdamW(0.01),
              lambda: optimizers.RMSprop(0.01),
              lambda: optimizers.Adam(0.01, use_ema=True), lambda: optimizers.Adam(0.01, global_clipnorm=0.5),
              lambda: optimizers.Nadam(0.01), lambda: optimizers.SGD(schedules.ExponentialDecay(0.1, 5, 0.5)),
              lambda: optimizers.Adam(schedules.CosineDecay(0.0, 20, warmup_target=0.05, warmup_steps=5)),
              lambda: optimizers.Adam(schedules.PiecewiseConstantDecay([6, 8], [0.1, 0.01, 0.001]))]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_optimizers_and_schedules_are_saved(make, tmp_path):
    w = mg.tensor([1.0, -2.0, 3.0], requires_grad=True)
    trained_alone(settle(mg.unroll(stepping(make(), w)), (X,)), tmp_path)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("make", [lambda: optimizers.Adam(0.1), lambda: optimizers.SGD(0.1, momentum=0.9)])
def test_a_saved_optimizer_drops_what_has_faded_when_minigrads_does(make, dtype, tmp_path):
    w, optimizer = mg.tensor([1.0, -2.0, 3.0], dtype=dtype, requires_grad=True), make()
    alive = np.array([0, 0, 1], dtype)      # the gradients of two weights stay 0
    g = settle(mg.unroll(stepping(optimizer, w, alive)), (x := X.astype(dtype),))
    optimizer.iterations = 61               # three steps more, and it happens
    for slot in optimizer._buffers.slots(w).values():
        slot[:2] = np.finfo(dtype).smallest_subnormal * 700
    space = trained_alone(g, tmp_path, x)
    assert optimizer.iterations == space["iterations"] == 66
    assert dtype == "float16" or not any(slot[:2].any() for slot in optimizer._buffers.slots(w).values())
    for name, slot in optimizer._buffers.slots(w).items():
        assert space[name].tobytes() == slot.tobytes()


def test_what_cannot_run_alone_is_named(tmp_path):
    w = mg.tensor([1.0, -2.0, 3.0], requires_grad=True)
    g = settle(mg.unroll(stepping(optimizers.SGD(lambda step: 0.1 / (1 + step)), w)), (X,))
    with pytest.raises(ValueError, match="save: the program calls .*lambda"):
        g.save(tmp_path / "step.py")
    w.constraint = lambda x: x
    g = settle(mg.unroll(stepping(optimizers.SGD(0.1), w)), (X,))
    with pytest.raises(ValueError, match="save: SGD holds weights to their constraints"):
        g.save(tmp_path / "step.py")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="three times"):
        mg.unroll(lambda x: x).save(tmp_path / "step.py")


def test_a_saved_program_says_that_values_would_take_another_branch(tmp_path):
    total = np.zeros(3)

    def step(x):
        total[...] += x[0]
        return x * 2 if total.sum() < 1000 else x * 3
    space = trained_alone(settle(mg.unroll(step), (X,)), tmp_path)
    with pytest.raises(ValueError, match="branch"):
        space["step"](X + 1e4)


# -- loops -----------------------------------------------------------------------------------------------------------
def alone(g, folder, *arguments):
    """What the saved program gives, run as a module."""
    g.save(folder / "looped.py")
    spec = importlib.util.spec_from_file_location("looped", folder / "looped.py")
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    return getattr(module, g.program.name)(*arguments)


def few_lines(g):
    """How many lines the text's function has, and that which runs."""
    return len(g.source.split("\ndef ")[-1].splitlines()), g.program.writer.step.count("\n")


def test_tiles_are_a_loop_that_gives_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(attending, "FEW", 0)
    monkeypatch.setattr(attending, "ROWS", {"cpu": 4})
    monkeypatch.setattr(attending, "ROOM", {"cpu": 128})
    q, k, v, weight = np.random.default_rng(0).normal(size=(4, 2, 32, 3)).astype(np.float32)

    def step(q, k, v):
        return mg.value_and_grad(lambda *x: (mg.attention(*x, causal=True) * weight).sum(), argnums=(0, 1, 2))(q, k, v)
    g = settle(mg.unroll(step), (q, k, v))
    shown, run = few_lines(g)
    assert shown < run / 2 and " times" in g.source, g.source
    value, gradients = g(q, k, v)
    assert_same(alone(g, tmp_path, q, k, v), [value, *gradients], g.source)


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_steps_of_time_are_a_loop_that_gives_the_same_bits(layer, tmp_path):
    net = getattr(mg.layers, layer)(3)
    x = np.random.default_rng(0).normal(size=(2, 9, 4)).astype(np.float32)
    net(x)
    with mg.no_grad():
        g = settle(mg.unroll(lambda x: net(x)), (x,))
    shown, run = few_lines(g)
    assert shown < run and "for (" in g.source
    with mg.no_grad():
        assert_same(alone(g, tmp_path, x), g(x), g.source)


def test_what_differs_in_more_than_its_arrays_is_no_loop():
    g = settle(mg.unroll(lambda x: mg.tanh(mg.tanh(x * 2) * 3) * 4), (X,))
    assert "for " not in g.source


@pytest.mark.parametrize("declared, lines, wanted", [
    (["a = empty(3)", *(f"p_{i} = ndarray((1,), int, a, {4 * i}, (4,))" for i in range(7)), "s = empty(1)"],
     [(f"add(p_{i}, s, out=s)", "(1,)  add") for i in range(7)],
     ["for p_i in p_each:", "    add(p_i, s, out=s)"]),
    (["a = empty(3)", "s = empty(1)"], [("add(a, s, out=s)", "")] * 8, ["for _ in range(8):", "    add(a, s, out=s)"]),
    (["a = empty(3)", "s = empty(1)"], [("n = 2", ""), ("add(a, s, out=s)", "")] * 8, None),
    (["a = empty(3)"], [("add(a, x, out=a)", ""), ("add(a, y, out=a)", "")] * 2, None)])
def test_loops(declared, lines, wanted):
    names = {line.partition(" = ")[0] for line in declared}
    made, found = rolled(declared, lines, names, lambda wish: wish)
    assert [code for code, _ in found] == (wanted or [code for code, _ in lines])
    if wanted and "p_each" in wanted[0]:
        assert "p_each = [ndarray((1,), int, a, 4 * i, (4,)) for i in range(7)]" in made
        assert not any(line.startswith("p_0") for line in made)


def test_an_array_called_as_what_counts(tmp_path):
    i, each = np.arange(24.0).reshape(8, 3).copy(), np.ones(3)

    def step(x):
        return sum(mg.tanh(i[n:n + 1] * x) * each for n in range(8))
    g = settle(mg.unroll(step), (X[:1],))
    assert "for (" in g.source and "for i in" not in g.source
    assert_same(alone(g, tmp_path, X[:1]), g(X[:1]), g.source)
