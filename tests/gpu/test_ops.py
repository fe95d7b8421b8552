"""Every op on the strict stand-in for CuPy: the same values and gradients as on the CPU, and nothing that CuPy refuses.

What this proves: the formulas call only what CuPy has, mix no devices, convert nothing silently, keep float32, and
don't wait for the device.  What it doesn't: anything about CuPy's own kernels.
"""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import backend
from minigrad.engine.ops import REGISTRY, attending
from minigrad.engine.tensor import Tensor

from ..engine.ops.cases import cases_of
from ..engine.ops.gradients import inputs_of, is_real
from . import standin

# These look at values to decide what to do, and so wait for the device: how many zeros, how many true in a mask.
WAIT = {"prod", "getitem", "scatter_add"}
ALL = [pytest.param(op, case, id=f"{op.name}-{k}") for op in REGISTRY.values()
       if op.__module__.startswith(("minigrad.", "numpy"))
       for k, case in enumerate(cases_of(op))]


def on(device, op, arrays, params, g=None):
    """(value, gradients of the real inputs) in float32, computed on a device."""
    leaves = [Tensor(backend.asarray(x.astype(np.float32) if is_real(x) else x, device=device), is_real(x))
              for x in arrays]
    params = {k: backend.asarray(v, device=device) if isinstance(v, np.ndarray) and k != "index" else v
              for k, v in params.items()}
    before = standin.COUNTS["sync"] + standin.COUNTS["d2h"]
    y = op(*leaves, **params)
    if y.requires_grad:
        y.backward(backend.asarray(g, np.float32, device))
    waited = standin.COUNTS["sync"] + standin.COUNTS["d2h"] - before
    return y, [x.grad for x in leaves if x.requires_grad], waited


@pytest.mark.parametrize("op, case", ALL)
def test_op(op, case):
    arrays = inputs_of(op, case)
    params = {k: v.astype(np.float32) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
              for k, v in case.params.items()}
    with np.errstate(all="ignore"):
        shape = op(*arrays, **case.params).shape
        g = np.asarray(np.random.default_rng(0).standard_normal(shape))
        y, grads, _ = on("cpu", op, arrays, params, g)
        with standin.installed():
            there, there_grads, waited = on("gpu", op, arrays, params, g)
            assert there.device == "gpu" and there.dtype == y.dtype
            assert waited == 0 or op.name in WAIT, f"{op.name} waited for the device {waited} times"
            assert_allclose(there.numpy(), y.numpy(), rtol=1e-5, atol=1e-5)
            for a, b in zip(there_grads, grads, strict=True):
                if b is not None:
                    assert a.device == "gpu" and a.dtype == np.float32
                    assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", cases_of(REGISTRY["attention"]))
def test_attention_a_tile_at_a_time(case, monkeypatch):
    monkeypatch.setattr(attending, "FEW", 0)
    monkeypatch.setattr(attending, "ROWS", {"cpu": 2, "gpu": 2})
    monkeypatch.setattr(attending, "ROOM", {"cpu": 4, "gpu": 4})
    test_op(REGISTRY["attention"], case)


# -- planted mistakes, each of which must be caught -------------------------------------------------------------------
@pytest.fixture
def gpu():
    with standin.installed() as module:
        mg.set_device("gpu")
        yield module


def test_implicit_conversion_is_caught(gpu):
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(mg.tensor([1.0])._data)


def test_a_missing_function_is_caught(gpu):
    with pytest.raises(TypeError, match="CuPy has no"):
        np.vecdot(mg.tensor([1.0])._data, mg.tensor([1.0])._data)


def test_mixing_devices_names_both(gpu):
    with pytest.raises(ValueError, match="cpu and gpu"):
        mg.tensor([1.0, 2.0]) * mg.tensor([1.0, 2.0], device="cpu")


def test_mixing_arrays_is_caught(gpu):
    with pytest.raises((TypeError, ValueError)):
        mg.tensor([1.0, 2.0]) * np.ones(2)


def test_a_hidden_wait_is_counted(gpu):
    x = mg.tensor([1.0, 2.0])
    before = gpu.counts["sync"]
    if x.sum() > 0:
        pass
    assert gpu.counts["sync"] > before


def test_a_float64_number_shows(gpu):
    x = mg.tensor(np.ones(2, np.float32))
    assert (x * 2.0).dtype == np.float32 and (x * np.float64(2)).dtype == np.float64


def test_long_formulas_are_one_launch(gpu):
    x = mg.tensor(np.ones(4, np.float32), requires_grad=True)
    before = gpu.counts["launch"]
    y = mg.gelu(x)
    assert gpu.counts["launch"] - before == 1
    y.backward(mg.tensor(np.ones(4, np.float32)))
    assert gpu.counts["launch"] - before == 3              # the vjp, and the leaf's own copy of its gradient at most


def test_without_cupy_one_clear_line(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match="pip install"):
        mg.set_device("gpu")


@pytest.mark.parametrize("name", ["cuda", "gpu:x", "gpu:", "cpu:1", ""])
def test_unknown_devices_are_named(name):
    with pytest.raises(ValueError, match="unknown device"):
        mg.set_device(name)


def test_the_second_gpu_is_asked_for_by_number(gpu):
    with pytest.raises(RuntimeError, match="gpu:1|invalid device"):
        mg.set_device("gpu:1")
