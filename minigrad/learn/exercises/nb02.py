"""Exercises of notebook 02: from numbers to tensors."""
import numpy as np

import minigrad as mg

from ...engine.op import Op
from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import seeds


def _rng(seed):
    return np.random.default_rng(seed)


def _matrix(seed, *shape):
    """Small round numbers, so that a counterexample can be followed by hand."""
    return _rng(seed).integers(-3, 4, shape) + 0.5


x_tanh = exercise("02.x_tanh_vjp", "g times the slope of x tanh x",
                  "the product rule: (x)' tanh x + x (tanh x)', all times g.")


@x_tanh.property
def _(answer):
    def property(x, g):
        x, g, t = np.array([x]), np.array([g]), np.tanh(x)
        got = call(answer, g, x)
        without_g = np.allclose(got, t + x * (1 - t * t)) and g[0] != 1
        try:
            same(got, g * (t + x * (1 - t * t)), "the cotangent of x")
        except Wrong as wrong:
            raise Wrong(f"{wrong}{' Where is g?' if without_g else ''}") from None
    from hypothesis import strategies as st
    number = st.floats(-2, 2).map(lambda v: round(v, 2))
    for_all(property, x=number, g=number)


unbroadcast = exercise("02.unbroadcast", "what was copied is summed",
                       "while g has more axes than shape, sum over axis 0; then, where shape has a 1, "
                       "sum with keepdims=True.")


@unbroadcast.property
def _(answer):
    from hypothesis import strategies as st

    def property(shape, small):
        small = tuple(n if keep else 1 for n, keep in zip(shape[len(shape) - len(small):], small))
        g = np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape)
        expected = _adjoint(g, small)
        got = np.asarray(call(answer, g.copy(), small))
        mean = got.shape == expected.shape and not np.allclose(got, expected) \
            and np.allclose(got * g.size, expected * expected.size)
        try:
            same(got, expected, f"from a cotangent of shape {shape} to the input's shape {small}, it")
        except Wrong as wrong:
            raise Wrong(f"{wrong}{' Shares add up: sum, not mean.' if mean else ''}") from None

    sizes = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
    for_all(lambda pair: property(*pair), examples=150, pair=sizes.flatmap(
        lambda shape: st.tuples(st.just(shape), st.lists(st.booleans(), max_size=len(shape)))))


def _adjoint(g, shape):
    return mg.vjp(lambda x: mg.broadcast_to(x, g.shape), np.zeros(shape))[1](g)[0]


matmul = exercise("02.matmul_vjp", "dA = G Bᵀ and dB = Aᵀ G",
                  "G is (m, n), A is (m, k), B is (k, n): which product of G and B has the shape of A?")


@matmul.property
def _(answer):
    from hypothesis import strategies as st

    def property(sizes, seed):
        m, k, n = sizes
        a, b, g = _matrix(seed, m, k), _matrix(seed + 1, k, n), _matrix(seed + 2, m, n)
        got = call(answer, g, a, b)
        if not isinstance(got, tuple) or len(got) != 2:
            raise Wrong("return two arrays: the cotangent of a, then that of b.")
        if got[0].shape == b.shape != a.shape and got[1].shape == a.shape:
            raise Wrong("the two are exchanged: the first belongs to a.")
        same(got[0], g @ b.T, "the cotangent of a")
        same(got[1], a.T @ g, "the cotangent of b")
    for_all(property, sizes=st.permutations([1, 2, 3]), seed=seeds(1000))


dense = exercise("02.dense", "value, gradient and second gradient equal minigrad's",
                 "g @ w.T, x.T @ g, and g itself; a tuple of three functions of (g, y, x, w, b).")


@dense.property
def _(rules):
    if not isinstance(rules, tuple) or len(rules) != 3:
        raise Wrong("my_rules must be a tuple of three functions, one for each of x, w and b.")
    mine = Op(lambda x, w, b, /: x @ w + b, vjp=rules, name="my_dense")
    x, w, b, g = _matrix(0, 4, 3), _matrix(1, 3, 2), _matrix(2, 2), _matrix(3, 4, 2)

    def loss(op, *inputs):
        return (mg.tanh(op(*inputs) * 0.1) * g).sum()

    for i, name in enumerate("xwb"):
        expected = mg.grad(lambda *inputs: loss(mg.linear, *inputs), i)(x, w, b)
        got = mg.grad(lambda *inputs: loss(mine, *inputs), i)(x, w, b)
        same(got, expected, f"the gradient of {name}")

    def steepness(op, i):
        """The squared length of the gradient in input i, a function of the inputs."""
        return lambda *inputs: (mg.grad(lambda *z: loss(op, *z), i)(*inputs) ** 2).sum()

    for i, name in enumerate("xwb"):
        try:
            second = [mg.grad(steepness(op, i), 1)(x, w, b) for op in (mg.linear, mine)]
        except TypeError:
            raise Wrong(f"the second gradient, of {name} and then of w, does not exist: the rule makes plain arrays "
                        "of its tensors (np.asarray or .numpy()), and there the tape ends.") from None
        same(second[1], second[0], f"the second gradient, of {name} and then of w,")
