"""Unrolled programs on the stand-in: eager's bits, stretches captured as CUDA graphs, and words for what is in none."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.backend import asarray
from minigrad.engine.op import REGISTRY
from minigrad.engine.trees import tree_map
from minigrad.engine.unrolling.graphs import Captured
from minigrad.zoo.gpt import GPT

from ..engine.ops.cases import cases_of
from ..engine.ops.gradients import inputs_of, is_real
from ..engine.unrolling.same import assert_same
from . import standin
from .test_training import LAYERS, digits, seed_network


def steps(network, replayed, count=7):
    """(results of some training steps as NumPy arrays, the unrolled step, counts of the last one)."""
    with standin.installed() as cupy:
        mg.set_device("gpu")
        mg.seed(0)
        losses = mg.keras.losses
        if network == "GPT":
            model = GPT([chr(97 + i) for i in range(8)], context=8, depth=1, heads=2, width=8)
            model.compile("adamw", losses.SparseCategoricalCrossentropy(from_logits=True))
            x = y = np.random.default_rng(0).integers(0, 8, (64, 8))
        else:
            model = mg.keras.Sequential(LAYERS[network](mg.keras.layers)) if network in LAYERS else seed_network()
            model.compile("adam", losses.CategoricalCrossentropy(from_logits=True))
            x, y = digits(64)
        step, results = mg.unroll(model.train_step) if replayed else model.train_step, []
        for i in range(count):
            part = slice(i % 4 * 16, i % 4 * 16 + 16)
            batch = [mg.tensor(asarray(a[part])) for a in (x, y)]
            cupy.counts.clear()
            results.append(step(*batch))
        counts = dict(cupy.counts)
        return [r.numpy() for result in results for r in result] + model.get_weights(), step, counts


@pytest.mark.parametrize("network", ["seed network", "GPT", *LAYERS])
def test_the_bits_of_eager_steps_with_fewer_launches(network):
    expected, _, before = steps(network, False)
    results, g, counts = steps(network, True)
    assert g.program is not None, g.reason
    assert_same(results, expected, str(g))
    assert all(s.graph is not None for s in g.program.stretches), str(g)
    assert counts["graph"] == len(g.program.stretches) > 0 and counts["launch"] < before["launch"]
    assert counts.get("sync", 0) == counts.get("h2d", 0) == 0


def of(shape=(3, 4), seed=0):
    return asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.fixture
def cupy():
    with standin.installed() as module:
        mg.set_device("gpu")
        yield module


FIRST = [(op, next(iter(cases_of(op)), None)) for op in REGISTRY.values() if op.native]


@pytest.mark.filterwarnings("ignore:unroll")
@pytest.mark.parametrize("op, case", [pytest.param(op, case, id=op.name) for op, case in FIRST if case is not None])
def test_every_op(op, case, cupy):
    """Its value and gradients, or, where it can't be followed, the reason."""
    arrays = [x.astype(np.float32) if is_real(x) else x for x in inputs_of(op, case)]
    arrays = [asarray(x) for x in arrays]
    params = {k: asarray(v.astype(np.float32) if v.dtype.kind == "f" else v)
              if isinstance(v, np.ndarray) and k != "index" else v for k, v in case.params.items()}
    real = [i for i, x in enumerate(arrays) if x.dtype.kind == "f"]

    def call(*xs):
        return op(*(xs[real.index(i)] if i in real else x for i, x in enumerate(arrays)), **params)

    def loss(*xs):
        return (call(*xs) ** 2).sum()
    differentiable = op.vjp is not None and real and call(*[arrays[i] for i in real]).dtype.kind == "f"
    f = mg.value_and_grad(loss, argnums=tuple(range(len(real)))) if differentiable else call
    g, xs = mg.unroll(f), [arrays[i].copy() for i in real]
    with np.errstate(all="ignore"):
        expected = f(*xs)
        for _ in range(6):
            assert_same(tree_map(on_the_cpu, g(*xs)), tree_map(on_the_cpu, expected), str(g))
    assert g.program is not None or g.reason
    if g.program:
        assert all(s.reason is None for s in g.program.stretches), str(g)


def on_the_cpu(x):
    return mg.backend.to_numpy(getattr(x, "_data", x))


def chain(x):
    return mg.tanh(x * 2 + 1).sum()


def test_a_cupy_without_graphs_runs_the_calls_and_says_so(cupy, monkeypatch):
    monkeypatch.delattr(cupy.cuda.Stream, "begin_capture")
    g = mg.unroll(chain)
    assert_same([on_the_cpu(g(of(seed=i))) for i in range(6)], [on_the_cpu(chain(of(seed=i))) for i in range(6)])
    assert "# Not captured, 1 times: this CuPy captures no graphs." in str(g)


def test_what_would_take_memory_is_not_captured_and_says_so(cupy):
    """Arrays that are kept between calls: the pool of the stretch has none for the next one."""
    kept, x = [], of()
    stretch = Captured(lambda: kept.append(x * 2))
    for _ in range(3):
        stretch()
    assert stretch.graph is None and "cudaMalloc" in stretch.reason
    assert_same(kept[-1].get(), x.get() * 2)


@pytest.mark.parametrize("refused, what", [
    (lambda x: x.sum() > 0 and None, "a look at a value"), (lambda x: x.get(), "a copy to the host"),
    (lambda x: asarray([1.0]), "a copy from the host"), (lambda x: x @ x.T, "cuBLAS"),
    (lambda x: mg.backend.normal((2,)), "cuRAND"), (lambda x: mg.backend.synchronize([x]), "synchronize")])
def test_what_cuda_refuses(cupy, refused, what):
    x = of()
    stretch = Captured(lambda: refused(x))
    for _ in range(3):
        stretch()
    assert stretch.graph is None and what in stretch.reason, stretch.reason


def test_a_graph_reads_what_lies_there_when_it_is_launched(cupy):
    x, y = of(), of()
    stretch = Captured(lambda: np.add(x, 1, out=y))
    for i in range(5):
        x[...] = i
        stretch()
        assert (y.get() == i + 1).all()
    assert stretch.graph is not None


def test_results_and_arguments_stay_apart_from_the_buffers(cupy):
    g = mg.unroll(chain)
    kept = [g(of(seed=i)) for i in range(8)]
    assert_same([on_the_cpu(k) for k in kept], [on_the_cpu(chain(of(seed=i))) for i in range(8)])
    x = of()
    h = mg.unroll(lambda a, b: a * 2 + b)
    assert_same([on_the_cpu(h(x, x)) for _ in range(6)], [x.get() * 2 + x.get()] * 6)


def test_replaced_weights_and_branches_lead_to_other_programs(cupy):
    w = mg.tensor(of((4, 4)), requires_grad=True)

    def step(x):
        y = mg.matmul(x, w)
        return mg.tanh(y) if bool(x.sum() > 0) else -y * 3
    g = mg.unroll(step)
    with mg.no_grad():
        for i in range(20):
            if i == 10:
                w.data = of((4, 4), 9)
            x = of(seed=i)
            assert_same(on_the_cpu(g(x)), on_the_cpu(step(x)), f"call {i}")


def test_auto_is_for_the_cpu_and_save_too(cupy, tmp_path):
    for jit in ("auto", True):
        model = seed_network()
        model.compile("adam", "mse", jit_compile=jit)
        x, y = digits(320)
        model.fit(x, y, epochs=5, batch_size=32, verbose=0)
        assert (model._replayed["train_step"].program is not None) == (jit is True)
    g = model._replayed["train_step"]
    assert str(g).startswith('"""train_step, unrolled by minigrad."""\n# CUDA graphs: ')
    with pytest.raises(ValueError, match="runs on a GPU"):
        g.save(tmp_path / "step.py")


def test_arrays_here_and_there_run_as_they_are(cupy):
    here = np.ones(4, np.float32)
    g = mg.unroll(lambda x: (mg.tanh(x).sum(), mg.tanh(mg.tensor(here, device="cpu")).sum()))
    with pytest.warns(UserWarning, match="on a GPU and some are not"):
        for _ in range(6):
            g(of())
    assert g.program is None
