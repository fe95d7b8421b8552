"""Gradients by central differences, beside PyTorch's, and numbers from an op's domain."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

from minigrad.engine.tensor import Tensor

MARGIN = 0.1                                # how far inputs stay from the ends of a domain, from kinks and from poles


def draw(domain, shape, rng):
    """An array of that shape from a domain (None: all reals)."""
    structure = getattr(domain, "structure", None)
    if structure == "boolean":
        return np.array(rng.random(shape) < 0.5)
    if structure in ("invertible", "positive definite"):
        a = rng.standard_normal(shape) + 3 * np.eye(shape[-1])
        return a if structure == "invertible" else a @ a.swapaxes(-1, -2)
    assert structure is None, f"a shape doesn't do for {structure}: give an array"
    low, high = (-2, 2) if domain is None else (max(domain.low, -2) + MARGIN, min(domain.high, 2) - MARGIN)
    x = np.array(rng.uniform(low, high, shape))
    avoid = np.array(domain.avoid if domain else ())
    if domain and domain.period:
        avoid = (avoid + domain.period * np.arange(-4, 5)[:, None]).reshape(-1)
    while (bad := (np.abs(x[..., None] - avoid) < MARGIN).any(axis=-1)).any():
        x[bad] = rng.uniform(low, high, bad.sum())
    return x


def inputs_of(op, case, seed=0):
    """A case's inputs as arrays."""
    rng = np.random.default_rng(seed)
    domains = op.domain if isinstance(op.domain, tuple) else (op.domain,) * len(case.inputs)
    return [draw(d, x, rng) if isinstance(x, tuple) else x for x, d in zip(case.inputs, domains, strict=True)]


def is_real(x):
    return x.dtype.kind == "f"


def differences(f, xs, i, step=1e-6):
    """The gradient of a scalar f with respect to xs[i], by central differences."""
    gradient = np.zeros(xs[i].shape)
    for j in np.ndindex(xs[i].shape):
        ends = []
        for sign in (1, -1):
            moved = xs[i].copy()
            moved[j] += sign * step
            ends.append(f(*xs[:i], moved, *xs[i + 1:]))
        gradient[j] = (ends[0] - ends[1]) / (2 * step)
    return gradient


def gradients(f, xs, g, create_graph=False):
    """The gradients of Σ g f(xs) with respect to the real xs; and the leaves."""
    leaves = [Tensor(x, requires_grad=is_real(x)) for x in xs]
    f(*leaves).backward(g, create_graph=create_graph)
    return [leaf.grad for leaf in leaves if leaf.requires_grad], [leaf for leaf in leaves if leaf.requires_grad]


def as_pytorch(ours, theirs, xs, rng):
    """ours(*xs) has the value and the gradients of theirs(torch, torch.nn.functional, *tensors)."""
    torch = pytest.importorskip("torch")
    ts = [torch.tensor(x, requires_grad=True) for x in xs]
    y, right = ours(*xs), theirs(torch, torch.nn.functional, *ts)
    assert_allclose(y, right.detach().numpy(), rtol=1e-10, atol=1e-12)
    g = rng.standard_normal(y.shape)
    right.backward(torch.tensor(g))
    for a, b in zip(gradients(ours, xs, g)[0], ts, strict=True):
        assert_allclose(a, b.grad.numpy(), rtol=1e-9, atol=1e-11)
