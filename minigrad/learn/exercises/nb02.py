"""Exercises of notebook 02: from numbers to tensors."""
import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ...engine.op import Op
from ..checking import Wrong, exercise, same
from ..drawing import made, normal, shapes, whole
from ..watching import unchanged


def _g_and_x(rng, shape):
    return normal(rng, *shape), normal(rng, *shape)


exercise(
    "02.x_tanh_vjp", "g times the slope of x tanh x",
    "x stands in both factors of x tanh x. What does the product rule say?",
    "the slope is (x)' tanh x + x (tanh x)'. What is the slope of tanh, told from t = tanh x?",
    "tanh x + x (1 - tanh² x); and a rule gives back that slope times something that it was given.",
).equals(lambda g, x: g * (np.tanh(x) + x * (1 - np.tanh(x) ** 2)), "the cotangent of x",
         made(_g_and_x, shape=shapes(0, 1, 2)), [
    (lambda g, x: np.tanh(x) + x * (1 - np.tanh(x) ** 2), "Where is g?"),
    (lambda g, x: g * x * (1 - np.tanh(x) ** 2), "Only the second factor was differentiated: product rule."),
    (lambda g, x: g * np.tanh(x), "Only the first factor was differentiated: product rule."),
    (lambda g, x: g * (1 - np.tanh(x) ** 2), "That is the rule of tanh alone.")])


# -- broadcasting ----------------------------------------------------------------------------------------------------
def _unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def _stretched(rng, shape, kept, added):
    """A cotangent of the stretched shape, and the shape before."""
    small = tuple(n if keep else 1 for n, keep in zip(shape, kept))
    return normal(rng, *added, *shape) + 0.05, small


def _mean(g, shape):
    return _unbroadcast(g, shape) * (np.prod(shape) / g.size)


def _slice(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


exercise(
    "02.unbroadcast", "what was copied is summed",
    "an entry that was copied to several places had an effect at each of them. What becomes of their shares?",
    "two things happened: axes were added in front, and axes of length 1 were stretched. Undo the first by sums over "
    "axis 0 while there are too many axes.",
    "then go through `shape`: where it has a 1, sum over that axis, and keep the axis (keepdims).",
).equals(_unbroadcast, "the cotangent of the smaller input", made(
    _stretched, shape=shapes(0, 1, 2), kept=st.tuples(st.booleans(), st.booleans()), added=shapes(0, 0, 1, 2)), [
    (_mean, "Shares add up: sum, not mean."), (_slice, "That takes the first of the copies; all of them count."),
    (lambda g, shape: g, "It still has the shape of g."),
    (lambda g, shape: g.sum(axis=tuple(range(g.ndim - len(shape)))),
     "The stretched axes, where shape has a 1, remain.")],
    examples=150)


# -- matrices --------------------------------------------------------------------------------------------------------
def _product(rng, m, k, n):
    return tuple(rng.integers(-3, 4, s) + 0.5 for s in ((m, n), (m, k), (k, n)))


exercise(
    "02.matmul_vjp", "dA = G Bᵀ and dB = Aᵀ G",
    "the cotangent of A has the shape of A. Which shapes have G, A and B?",
    "G is (m, n), A is (m, k), B is (k, n). Which product of G and B, one of them turned, is (m, k)?",
    "in the same way, A and G make something of the shape of B; which of the two must be transposed?",
).equals(lambda g, a, b: (g @ b.T, a.T @ g), ("the cotangent of a", "the cotangent of b"), made(
    _product, m=whole(1, 3), k=whole(1, 3), n=whole(1, 3)), [
    (lambda g, a, b: (a.T @ g, g @ b.T), "The two are exchanged: the first belongs to a."),
    (lambda g, a, b: (g @ b.T, g.T @ a), "The second is transposed: it has the shape of b."),
    (lambda g, a, b: (b @ g.T, a.T @ g), "The first is transposed: it has the shape of a.")])

dense = exercise(
    "02.dense", "value, gradient and second gradient equal minigrad's",
    "three rules, one for each of x, w and b, as a tuple; each is a function of (g, y, x, w, b).",
    "x @ w is the product of the last exercise. b was added to every row: that the engine sums over rows again is its "
    "own "
    "work, not the rule's.",
    "use operators such as @ and .T, not np.asarray or .numpy(): rules may be differentiated again.", wants="")


@dense.property
def three_rules(rules):
    if not isinstance(rules, (tuple, list)) or len(rules) != 3 or not all(map(callable, rules)):
        raise Wrong("my_rules must be a tuple of three functions, one for each of x, w and b.")


@dense.property(sizes=made(lambda rng, m, k, n: (rng.integers(999), m, k, n), m=whole(1, 4), k=whole(1, 3),
                           n=whole(1, 3)))
def as_in_minigrad(rules, sizes):
    seed, m, k, n = sizes
    rng = np.random.default_rng(seed)
    x, w, b, g = (rng.integers(-3, 4, s) + 0.5 for s in ((m, k), (k, n), (n,), (m, n)))
    mine = Op(lambda x, w, b, /: x @ w + b, vjp=tuple(rules), name="my_dense")

    def loss(op, *inputs):
        return (mg.tanh(op(*inputs) * 0.1) * g).sum()

    def steepness(op, i):
        """The squared length of the gradient in input i, a function of the inputs."""
        return lambda *inputs: (mg.grad(lambda *z: loss(op, *z), i)(*inputs) ** 2).sum()

    def gradient(op, i):
        return mg.grad(lambda *inputs: loss(op, *inputs), i)(x, w, b)

    for i, name in enumerate("xwb"):
        given = g, x @ w + b, x, w, b
        before = [a.copy() for a in given]
        rules[i](*given)
        if not all(map(unchanged, before, given)):
            raise Wrong(f"the rule of {name} changed an array that it was given.")
        expected, got = gradient(mg.linear, i), gradient(mine, i)
        same(got, expected, f"the gradient of {name}", guesses=[(-expected, "The sign is wrong."), (
            expected / m, "A mean over the batch where a sum belongs: g itself is right, the engine sums.")])
    for i, name in enumerate("xwb"):
        try:
            right, got = (mg.grad(steepness(op, i), 1)(x, w, b) for op in (mg.linear, mine))
        except TypeError:
            raise Wrong(f"the second gradient, of {name} and then of w, does not exist: the rule makes plain arrays "
                        "of its "
                        "tensors (np.asarray or .numpy()), and there the tape ends.") from None
        same(got, right, f"the second gradient, of {name} and then of w")
