"""NumPy's functions made of ops: the values of NumPy, on arrays and on tensors, and gradients that slopes confirm."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.engine.tensor import Tensor

RNG = np.random.default_rng(0)
A, B, V, W, C = (RNG.standard_normal(s) for s in ((3, 4), (3, 4), (4,), (4,), (2, 3, 4)))
P, Q = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
PLACES = np.cumsum(RNG.random(4) + 0.5)
CALLS = [
    ("vstack", lambda f, a, b: f([a, b]), A, B), ("vstack", lambda f, a, b: f((a, b)), V, W),
    ("hstack", lambda f, a, b: f([a, b]), A, B), ("hstack", lambda f, a, b: f([a, b]), V, W),
    ("dstack", lambda f, a, b: f([a, b]), A, B), ("column_stack", lambda f, a, b: f([a, b]), V, W),
    ("column_stack", lambda f, a, b: f([a, b]), V, A.T), ("append", lambda f, a, b: f(a, b), A, V),
    ("append", lambda f, a, b: f(a, b, axis=1), A, B), ("append", lambda f, a, b: f(a, [1.0]), V, W),
    ("array_split", lambda f, a, b: f(a, 3), V, W), ("array_split", lambda f, a, b: f(a, [1, 3], axis=-1), A, B),
    ("vsplit", lambda f, a, b: f(a, 3), A, B), ("hsplit", lambda f, a, b: f(a, 2), A, B),
    ("hsplit", lambda f, a, b: f(a, [1]), V, W), ("dsplit", lambda f, a, b: f(a, 2), C, C),
    *[(f"atleast_{n}d", lambda f, a, b: f(a), x, W) for n in (1, 2, 3) for x in (np.array(2.0), V, A, C)],
    ("atleast_2d", lambda f, a, b: f(a, b), V, W),
    *[("diag", lambda f, a, b, k=k: f(a, k), x, W) for k in (-1, 0, 2) for x in (V, A)],
    ("diff", lambda f, a, b: f(a), A, B), ("diff", lambda f, a, b: f(a, n=2, axis=0), A, B),
    ("diff", lambda f, a, b: f(a, prepend=1.0, append=b), V, W), ("diff", lambda f, a, b: f(a, 0), V, W),
    ("gradient", lambda f, a, b: f(a), V, W), ("gradient", lambda f, a, b: f(a), A, B),
    ("gradient", lambda f, a, b: f(a, 0.5, 2.0), A, B), ("gradient", lambda f, a, b: f(a, PLACES, axis=1), A, B),
    ("gradient", lambda f, a, b: f(a, PLACES, axis=-1, edge_order=2), A, B),
    ("gradient", lambda f, a, b: f(a, 0.25, edge_order=2), A, B), ("kron", lambda f, a, b: f(a, b), A, B),
    ("kron", lambda f, a, b: f(a, b), V, A), ("inner", lambda f, a, b: f(a, b), V, W),
    ("inner", lambda f, a, b: f(a, b), A, C), ("inner", lambda f, a, b: f(a, 3.0), A, C),
    ("cross", lambda f, a, b: f(a, b), P, Q), ("cross", lambda f, a, b: f(a, b, axis=0), A, B),
    *[("rot90", lambda f, a, b, k=k: f(a, k), A, B) for k in range(-2, 5)],
    ("rot90", lambda f, a, b: f(a, 1, (2, 1)), C, C), ("fliplr", lambda f, a, b: f(a), A, B),
    ("flipud", lambda f, a, b: f(a), A, B), ("vdot", lambda f, a, b: f(a, b), A, B),
    *[("meshgrid", lambda f, a, b, k=k, s=s: f(a, b[:2], indexing=k, sparse=s), V, W)
      for k in ("xy", "ij") for s in (False, True)],
    ("meshgrid", lambda f, a, b: f(a, b, a[:2]), V, W),
    ("select", lambda f, a, b: f([A > 0.5, A < 0], [a, b], 7.0), A, B),
    ("einsum", lambda f, a, b: f(a, [0, 1], b, [2, 1], [0, 2]), A, B),
    ("einsum", lambda f, a, b: f(a, [0, 1], b, [0, 1]), A, B),
    ("einsum", lambda f, a, b: f(a, [..., 1], [..., 1]), A, B), ("copy", lambda f, a, b: f(a), A, B),
    ("mod", lambda f, a, b: f(a, 0.75), A, B),
]


def several(y):
    return y if isinstance(y, (list, tuple)) else [y]


@pytest.mark.parametrize("name, call, a, b", CALLS, ids=[f"{i}-{c[0]}" for i, c in enumerate(CALLS)])
def test_numpy_name(name, call, a, b):
    right = several(call(getattr(np, name), a, b))
    for f in (getattr(mg, name), getattr(np, name)):        # np.f(tensor) is mg.f(tensor)
        for wrap in (np.asarray, lambda x: Tensor(x, True)):
            y = several(call(f, wrap(a), wrap(b)))
            assert [np.shape(p) for p in y] == [p.shape for p in right]
            for part, expected in zip(y, right):
                assert_allclose(part.numpy() if isinstance(part, Tensor) else part, expected, rtol=1e-12, atol=1e-12)
    weights = [RNG.standard_normal(p.shape) for p in right]

    def total(a, b):
        y = several(call(getattr(mg, name), a, b))
        return sum((p * w).sum() for p, w in zip(y, weights)) + 0 * (a.sum() + b.sum())
    mg.testing.check_gradients(total, a, b)


def test_operators_and_methods_of_tensors():
    x = Tensor(A, True)
    assert_allclose((x // 0.5).numpy(), A // 0.5)
    assert_allclose((7.0 % x).numpy(), 7.0 % A)
    assert_allclose(x.mT.numpy(), A.T)
    for name, right in (("sigmoid", 1 / (1 + np.exp(-A))), ("relu", np.maximum(A, 0)), ("sin", np.sin(A)),
                        ("round", np.round(A)), ("copy", A), ("norm", np.linalg.norm(A))):
        assert_allclose(getattr(x, name)().numpy(), right)
    assert_allclose(x.softmax(axis=0).numpy().sum(axis=0), 1)
    assert not np.shares_memory(x.copy().numpy(), A)


@pytest.mark.parametrize("f, words", [
    (lambda: mg.vsplit(A, 2), "axis 0 of length 3 can't be cut into 2"), (lambda: mg.hsplit(1.0, 1), "no axis"),
    (lambda: mg.diag(C), "a vector or a matrix"), (lambda: mg.gradient(A, 1.0, 1.0, 1.0), "3 spacings for 2 axes"),
    (lambda: mg.gradient(V[:1]), "too short"), (lambda: mg.cross(A, B), "vectors of three"),
    (lambda: mg.meshgrid(V, indexing="ji"), "indexing must be"),
    (lambda: mg.select([A > 0], [A, B]), "1 conditions for 2"),
    (lambda: mg.array_split(V, 0), "at least 1"), (lambda: mg.diff(V, -1), "n=-1"),
])
def test_error(f, words):
    with pytest.raises(ValueError, match=words):
        f()
