"""A public gallery of wrong rules: one line of mathematics each, what is wrong in words, and what must be said of it.

`says` is what the first line of advice, a suggestion or a likely mistake, must contain; "" where no advice is expected.
Inputs for other frameworks' checkers, which draw none, are random ones of `shapes`, within `low` and `high`.
"""

from dataclasses import dataclass

import numpy as np

from minigrad.engine.op import Op
from minigrad.engine.ops.domains import NONZERO, POSITIVE, UNIT

INDEX = np.array([0, 2, 0, 1])


@dataclass
class Entry:
    """A forward and a wrong rule (of several inputs: a tuple of rules)."""

    wrong: str  # what is wrong, in words
    forward: object
    rule: object
    says: str = ""
    shapes: tuple = ((3, 4),)
    declared: str | None = None  # shapes= of the op
    domain: object = None
    low: float = -2.0
    high: float = 2.0
    second_order_only: bool = False

    def op(self, name):
        op = Op(self.forward, self.rule, domain=self.domain, shapes=self.declared, name=name)
        op.__module__ = "gallery"  # a user's: of minigrad's own more is expected
        return op


def entry(*args, **options):
    return Entry(*args, **options)


def above(*args, **options):
    """Of positive inputs."""
    return Entry(*args, domain=POSITIVE, low=0.3, **options)


def pair(wrong, forward, first, second, says="", **options):
    return Entry(wrong, forward, (first, second), says, **{"shapes": ((3, 4), (3, 4)), **options})


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 0.5 * np.tanh(0.5 * x) + 0.5


def centred(x):
    return x - x.mean(-1, keepdims=True)


def overwriting(g, y, x):
    result = np.zeros(x.shape)
    result[INDEX] = np.asarray(g)
    return result


def value(x):
    """x past the tape."""
    return np.asarray(getattr(x, "_data", x))


def deviation(x):
    return np.sqrt(x.var(-1, keepdims=True) + 1e-3)


def huber(x, /, delta=1.0):
    return np.where(np.abs(x) < delta, 0.5 * x * x, delta * (np.abs(x) - 0.5 * delta))


def mean_of(x, /, keepdims=False):
    return x.mean(-1, keepdims=keepdims)


MATMUL = dict(shapes=((2, 3), (3, 4)), declared="(m,n),(n,p)->(m,p)")
ROWS = dict(shapes=((3, 4), (4,)), declared="(m,n),(n)->(m,n)")

GALLERY = {
    # constants, signs, powers
    "cube without 3": entry("the factor 3 is missing", lambda x, /: x**3, lambda g, y, x: g * x**2, "3 "),
    "cube of the wrong power": entry("x where x² belongs", lambda x, /: x**3, lambda g, y, x: 3 * g * x, "x"),
    "square without 2": entry("the factor 2 is missing", lambda x, /: x * x, lambda g, y, x: g * x, "2"),
    "cos without minus": entry("the sign", lambda x, /: np.cos(x), lambda g, y, x: g * np.sin(x), "-"),
    "sin of sin": entry("sin for cos", lambda x, /: np.sin(x), lambda g, y, x: g * np.sin(x), "cos"),
    "sinh with a minus": entry("the sign", lambda x, /: np.sinh(x), lambda g, y, x: -g * np.cosh(x), "g"),
    "exp of 2x": entry("the inner slope 2", lambda x, /: np.exp(2 * x), lambda g, y, x: g * y, "2"),
    "2 to the x": entry("ln 2 is missing", lambda x, /: 2.0**x, lambda g, y, x: g * y, "2"),
    "log10": above("ln 10 is missing", lambda x, /: np.log10(x), lambda g, y, x: g / x, says="10"),
    "log1p": above("1 + is missing", lambda x, /: np.log1p(x), lambda g, y, x: g / x, says="1 + x"),
    "sqrt without 1/2": above("the factor 1/2", lambda x, /: np.sqrt(x), lambda g, y, x: g / y, says="2"),
    "sqrt by x": above("x for y", lambda x, /: np.sqrt(x), lambda g, y, x: g / (2 * x), says="y"),
    "reciprocal": Entry("the sign", lambda x, /: 1 / x, lambda g, y, x: g * y * y, "-", domain=NONZERO, low=0.5),
    "arctan": entry("a minus for a plus", lambda x, /: np.arctan(x), lambda g, y, x: g / (1 - x * x), "+"),
    "arcsin": Entry("the root is missing", lambda x, /: np.arcsin(x), lambda g, y, x: g / (1 - x * x), "sqrt",
        domain=UNIT, low=-0.8, high=0.8),
    "tanh by y": entry("y for y²", lambda x, /: np.tanh(x), lambda g, y, x: g * (1 - y), "y"),
    "sigmoid": entry("1 + y for 1 - y", lambda x, /: sigmoid(x), lambda g, y, x: g * y * (1 + y), "-"),
    "softplus": entry("the sign inside", lambda x, /: np.logaddexp(x, 0), lambda g, y, x: g / (1 + np.exp(x)), "-x"),
    "gelu's constant": entry("0.79788 has too few digits", lambda x, /: np.tanh(np.sqrt(2 / np.pi) * x),
        lambda g, y, x: g * (1 - y * y) * 0.79788, "digits"),
    "bell": entry("the factor 2", lambda x, /: np.exp(-x * x), lambda g, y, x: -g * x * y, "2"),
    "silu": entry("the second term is missing", lambda x, /: x * sigmoid(x), lambda g, y, x: g * sigmoid(x)),
    "x ln x": above("+ 1 is missing", lambda x, /: x * np.log(x), lambda g, y, x: g * np.log(x), says="1 +"),
    "x sin x": entry("a term dropped", lambda x, /: x * np.sin(x), lambda g, y, x: g * x * np.cos(x), "sin(x)"),
    # the cotangent
    "cotangent ignored": entry("g is not used", lambda x, /: x**2, lambda g, y, x: 2 * x + 0 * g,
        "ignores its cotangent"),
    "cotangent squared": entry("g twice", lambda x, /: 2 * x, lambda g, y, x: 2 * g * g, "g"),
    "detached": entry("zeros", lambda x, /: x**2, lambda g, y, x: 0 * g, "detached"),
    "|g|": entry("the cotangent's sign is lost", lambda x, /: 3 * x, lambda g, y, x: 3 * np.abs(g), "g"),
    # wrong operands
    "product": pair("each other's operand", lambda a, b, /: a * b, lambda g, y, a, b: g * a, lambda g, y, a, b: g * b,
        "b"),
    "quotient": Entry("the sign of db", lambda a, b, /: a / b, (lambda g, y, a, b: g / b, lambda g, y, a, b: g * y / b),
        "-", shapes=((3, 4),) * 2, domain=(None, NONZERO), low=0.5),
    "power": Entry("ln b for ln a", lambda a, b, /: a**b, (lambda g, y, a, b: g * b * a ** (b - 1),
        lambda g, y, a, b: g * y * np.log(b)), "np.log(a)", shapes=((3, 4),) * 2, domain=POSITIVE, low=0.3),
    "difference": pair("the sign of db", lambda a, b, /: a - b, lambda g, y, a, b: g, lambda g, y, a, b: g, "-"),
    "hypot": Entry("a for b", lambda a, b, /: np.hypot(a, b),
        (lambda g, y, a, b: g * a / y, lambda g, y, a, b: g * a / y), "b", shapes=((3, 4),) * 2, domain=POSITIVE,
        low=0.3),
    "logaddexp": pair("e^a / e^y of the wrong input", lambda a, b, /: np.logaddexp(a, b),
        lambda g, y, a, b: g * np.exp(a - y), lambda g, y, a, b: g * np.exp(a - y), "b - y"),
    "arctan2": Entry("the sign of db", lambda a, b, /: np.arctan2(a, b), (lambda g, y, a, b: g * b / (a * a + b * b),
        lambda g, y, a, b: g * a / (a * a + b * b)), "-", shapes=((3, 4),) * 2, domain=POSITIVE, low=0.3),
    # sums and means, axes
    "mean as sum": entry("1/n is missing", lambda x, /: x.mean(-1),
        lambda g, y, x: np.broadcast_to(g[..., None], x.shape), "x.shape[-1]", declared="(n)->()"),
    "sum as mean": entry("1/n too many", lambda x, /: x.sum(-1),
        lambda g, y, x: np.broadcast_to(g[..., None], x.shape) / x.shape[-1], "x.shape", declared="(n)->()"),
    "row sums, wrong axis": entry("spread along the wrong axis", lambda x, /: x.sum(-1),
        lambda g, y, x: 0 * x + g[..., None, :], "swapaxes", declared="(m,n)->(m)", shapes=((3, 3),)),
    "softmax, axis 0": entry("the sum over axis 0", lambda x, /: softmax(x),
        lambda g, y, x: y * (g - (g * y).sum(axis=0, keepdims=True)), "axis=-1", declared="(n)->(n)"),
    "softmax without Σ": entry("the sum is missing", lambda x, /: softmax(x), lambda g, y, x: y * (g - g * y), "sum",
        declared="(n)->(n)"),
    "log softmax": entry("e^y is missing", lambda x, /: x - np.log(np.exp(x).sum(-1, keepdims=True)),
        lambda g, y, x: g - g.sum(-1, keepdims=True) * y, "np.exp(y)", declared="(n)->(n)"),
    "centred": entry("the mean of g is not taken out", lambda x, /: centred(x), lambda g, y, x: g, "mean",
        declared="(n)->(n)"),
    "variance": entry("x not centred", lambda x, /: x.var(-1), lambda g, y, x: 2 * g[..., None] * x / x.shape[-1],
        "mean", declared="(n)->()"),
    "norm squared": entry("the norm's divisor", lambda x, /: np.sqrt((x * x).sum(-1)), lambda g, y, x: g[..., None] * x,
        "/ y", declared="(n)->()"),
    "cumsum": entry("not reversed", lambda x, /: np.cumsum(x, -1), lambda g, y, x: np.cumsum(g, -1),
        "np.flip(np.cumsum", declared="(n)->(n)"),
    "a wrong negative axis": entry("axis ignored", lambda x, /, axis=-1: np.flip(x, axis),
        lambda g, y, x, axis=-1: np.flip(g, -1), "axis", declared="(m,n)->(m,n)"),
    # broadcasting
    "bias of the first row": Entry("the sum over rows is missing", lambda x, b, /: x + b[..., None, :],
        (lambda g, y, x, b: g, lambda g, y, x, b: g[..., 0, :]), "sum", **ROWS),
    "bias by the mean": Entry("a mean where a sum belongs", lambda x, b, /: x + b[..., None, :],
        (lambda g, y, x, b: g, lambda g, y, x, b: g.mean(axis=-2)), "sum", **ROWS),
    "scale": Entry("x is missing in db", lambda x, b, /: x * b[..., None, :], (lambda g, y, x, b: g * b[..., None, :],
        lambda g, y, x, b: g.sum(axis=-2)), "g * x", **ROWS),
    # matrices and places
    "matmul without T": Entry("W not transposed", lambda a, b, /: a @ b, (lambda g, y, a, b: g @ b,
        lambda g, y, a, b: np.swapaxes(a, -1, -2) @ g), "swapaxes", **MATMUL),
    "matmul in order": Entry("factors exchanged", lambda a, b, /: a @ b, (lambda g, y, a, b: g @ np.swapaxes(b, -1, -2),
        lambda g, y, a, b: np.swapaxes(g, -1, -2) @ a), "swapaxes", **MATMUL),
    "reshape for transpose": entry("a reshape", lambda x, /: np.swapaxes(x, -1, -2), lambda g, y, x: g.reshape(x.shape),
        "swapaxes", declared="(m,n)->(n,m)"),
    "flip": entry("not undone", lambda x, /: np.flip(x, -1), lambda g, y, x: g, "flip", declared="(n)->(n)"),
    "roll": entry("rolled the same way", lambda x, /: np.roll(x, 1, -1), lambda g, y, x: np.roll(g, 1, -1), "-1",
        declared="(n)->(n)"),
    "repeated index": entry("overwrites instead of adding", lambda x, /: x[INDEX], overwriting, "overwrote",
        declared="(3)->(4)", shapes=((3,),)),
    "sort": entry("not put back", lambda x, /: np.sort(x, -1), lambda g, y, x: g, "wrong places", declared="(n)->(n)"),
    "tril": entry("the other triangle", lambda x, /: np.tril(x), lambda g, y, x: np.triu(g), "tril",
        declared="(m,n)->(m,n)"),
    # masks, kinks and ties
    "relu of x >= 1": entry("the wrong threshold", lambda x, /: np.maximum(x, 0), lambda g, y, x: g * (x > 1), "0",
        domain=NONZERO),
    "leaky relu": entry("the sides exchanged", lambda x, /: np.where(x > 0, x, 0.1 * x),
        lambda g, y, x: np.where(x > 0, 0.1 * g, g), "(x > 0, g, 0.1 * g)", domain=NONZERO),
    "clip": entry("g everywhere", lambda x, /: np.clip(x, -1, 1), lambda g, y, x: g, "mask"),
    "abs": entry("no sign", lambda x, /: np.abs(x), lambda g, y, x: g, "sign", domain=NONZERO),
    "maximum": pair("all of g to each of two equals", lambda a, b, /: np.maximum(a, b), lambda g, y, a, b: g * (a >= b),
        lambda g, y, a, b: g * (b >= a), "equals share"),
    "max": entry("all of g to each of several equals", lambda x, /: x.max(-1),
        lambda g, y, x: g[..., None] * (x == y[..., None]), "equals share", declared="(n)->()"),
    # branches and ranges
    "zero beyond 5": entry("wrong for large x alone", lambda x, /: x * x,
        lambda g, y, x: np.where(abs(x) > 5, 0, 2 * g * x), "2 * g * x"),
    "naive softplus": entry("overflows", lambda x, /: np.log(1 + np.exp(x)), lambda g, y, x: g / (1 + np.exp(-x)),
        "large"),
    "a narrow bump": entry("zero, where a bump is", lambda x, /: np.maximum(0, 1 - ((x - 1) / 0.02) ** 2) ** 3 + x,
        lambda g, y, x: g, ""),
    "leaky, one side": entry("the slope of negative x alone",
        lambda x, /: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))), lambda g, y, x: np.where(x > 0, g, g * y),
        "x < 0", domain=NONZERO),
    "a logistic that saturates": entry("wrong beyond 20, where slopes are small", lambda x, /: 1 / (1 + np.exp(-x)),
        lambda g, y, x: g * np.exp(-np.clip(x, -20, 20)) * y * y, "large"),
    "logsumexp without a shift": entry("0/0 for large x", lambda x, /: np.logaddexp.reduce(x, -1),
        lambda g, y, x: g[..., None] * np.exp(x) / np.exp(x).sum(-1, keepdims=True), "nan or infinity",
        declared="(n)->()"),
    "arctan2 of |a|": pair("wrong for negative a", lambda a, b, /: np.arctan2(a, b),
        lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -g * np.abs(a) / (a * a + b * b), "-g * a"),
    "sort, ties": entry("all of g to each of several equals", lambda x, /: np.sort(x, -1),
        lambda g, y, x: (g[..., None, :] * (x[..., :, None] == y[..., None, :])).sum(-1), "equals share",
        declared="(n)->(n)"),
    # params and shapes
    "huber": entry("delta is not used", huber,
        lambda g, y, x, delta=1.0: g * np.where(np.abs(x) < delta, x, np.sign(x)), "delta"),
    "mean with keepdims": entry("an axis too many where keepdims=True", mean_of,
        lambda g, y, x, keepdims=False: np.expand_dims(g, -1) * np.ones(x.shape) / x.shape[-1], "keepdims",
        declared="(n)->()"),
    "a squeeze": entry("batch axes of length 1 go, too", lambda x, /: np.sqrt((x * x).sum(-1) + 1),
        lambda g, y, x: np.squeeze(g)[..., None] * x / y[..., None], "g[..., None]", declared="(n)->()"),
    "standardised": entry("the deviation counts as fixed", lambda x, /: centred(x) / deviation(x),
        lambda g, y, x: centred(g) / deviation(x), "a term is missing: y", declared="(n)->(n)"),
    "padding": entry("one place off", lambda x, /: np.pad(x, 1), lambda g, y, x: g[:-2], "1:-1", declared="",
        shapes=((4,),)),
    "a bilinear form": Entry("the transposed matrix", lambda a, m, b, /: np.einsum("...i,...ij,...j->...", a, m, b),
        (lambda g, y, a, m, b: g[..., None] * np.einsum("...ji,...j->...i", m, b),
        lambda g, y, a, m, b: g[..., None, None] * a[..., :, None] * b[..., None, :],
        lambda g, y, a, m, b: g[..., None] * np.einsum("...i,...ij->...j", a, m)), "swapaxes(m",
        shapes=((3,), (3, 3), (3,)), declared="(n),(n,n),(n)->()"),
    # types, memory and state
    "float32 inside": entry("rounds to float32", lambda x, /: x**3, lambda g, y, x: (3 * g * x * x).astype(np.float32),
        "float32"),
    "the cotangent edited": entry("g *= 2", lambda x, /: 2 * x,
        lambda g, y, x: np.multiply(g, 2, out=g) if isinstance(g, np.ndarray) else 2 * g, "2 * g"),
    "float32 becomes float64": entry("a NumPy number widens", lambda x, /: x * np.float64(2), lambda g, y, x: 2 * g,
        "float64"),
    "wrong in float32 alone": entry("a branch for float32", lambda x, /: 2 * x,
        lambda g, y, x: (3 if g.dtype == np.float32 else 2) * g, "float32"),
    # second order
    "detached at second order": entry("x taken past the tape", lambda x, /: x**3, lambda g, y, x: g * 3 * value(x) ** 2,
        "x", second_order_only=True),
    "half detached": entry("one x of two past the tape", lambda x, /: x**3, lambda g, y, x: g * 3 * x * value(x), "x",
        second_order_only=True),
}
