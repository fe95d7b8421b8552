"""Operations with wrong derivatives: each classic mistake as a user would make it, and words that must name it."""
from dataclasses import dataclass

import numpy as np

import minigrad as mg
from minigrad.engine.op import Op

R = np.random.default_rng(0)
A23, A33, A4, A34 = (R.standard_normal(s).round(2) for s in ((2, 3), (3, 3), (4,), (3, 4)))
INDEX = np.array([0, 2, 0, 1, 2, 2])


def array(x):
    return x._data if isinstance(x, mg.Tensor) else x


@dataclass
class Wrong:
    """An op, inputs, the words that must be said, and of which argument."""
    op: Op
    inputs: tuple
    words: str
    argument: str = "x"


def unary(vjp, forward, name, shapes=None):
    return Op(forward, vjp, name=name, shapes=shapes)


def cube(x, /):
    return x ** 3


def turn(x, /):
    return np.swapaxes(x, -1, -2)


def twice(x, /):
    return np.concatenate([x, x])


def rows_plus(x, b, /):
    return x + b


def plus(rule_of_b):
    return Op(rows_plus, (lambda g, y, x, b: g, rule_of_b), shapes="(m,n),(n)->(m,n)")


def columns_plus(x, b, /):
    return x + b[:, None]


def times(a, b, /):
    return a * b


def picked(x, /):
    return x[INDEX]


class StaleMask:
    """relu that keeps its mask from the first call and never renews it."""
    def __init__(self):
        self.mask = None

    def op(self):
        def forward(x, /):
            self.mask = x > 0 if self.mask is None else self.mask
            return np.maximum(x, 0)
        return Op(forward, lambda g, y, x: g * self.mask, name="relu_with_old_mask")


def stale():
    op = StaleMask().op()
    op(np.array([1.0, -1.0, 1.0, -1.0]))
    return op


WRONG = {
    "transposed": Wrong(unary(lambda g, y, x: g, turn, "turn", ""), (A33,), "transposed"),
    "reshape": Wrong(unary(lambda g, y, x: g.reshape(x.shape), turn, "turn", ""), (A23,),
                     "a reshape where a transpose belongs"),
    "sign": Wrong(unary(lambda g, y, x: -3 * g * x * x, cube, "cube"), (A23,), "the sign is wrong"),
    "factor 3": Wrong(unary(lambda g, y, x: g * x * x, cube, "cube"), (A23,), "the factor 3 is missing"),
    "factor 1/2": Wrong(unary(lambda g, y, x: g / y, lambda x, /: np.sqrt(x), "root"), (np.abs(A23),),
                        "the factor 1/2 is missing"),
    "ln 2": Wrong(unary(lambda g, y, x: g * y, lambda x, /: 2.0 ** x, "exp2"), (A23,), "the factor ln 2 is missing"),
    "sum for mean": Wrong(unary(lambda g, y, x: g + 0 * x, lambda x, /: x.mean(), "average", ""), (A34,),
                          "the factor 1/n is missing"),
    "mean for sum": Wrong(unary(lambda g, y, x: g / x.size + 0 * x, lambda x, /: x.sum(), "total", ""), (A34,),
                          "a factor 1/n too many"),
    "cotangent ignored": Wrong(unary(lambda g, y, x: 3 * x * x + 0 * g, cube, "cube"), (A23,), "ignores its cotangent"),
    "missing sum": Wrong(plus(lambda g, y, x, b: g[0]), (A23, A23[0]), "the sum over a broadcast axis is missing", "b"),
    "mean over broadcast": Wrong(plus(lambda g, y, x, b: g.mean(axis=0)), (A23, A23[0]),
                                 "a mean where a sum belongs", "b"),
    "overwritten": Wrong(unary(lambda g, y, x: overwrite(g, x), picked, "picked", ""), (A4,),
                         "overwrote instead of adding"),
    "wrong argument": Wrong(Op(times, (lambda g, y, a, b: g * a, lambda g, y, a, b: g * b)), (A23, A23 + 1),
                            "the wrong argument (of b)", "a"),
    "stale mask": Wrong(stale(), (np.array([1.0, 2.0, -3.0, -4.0]),), "a stale mask"),
    "detached": Wrong(unary(lambda g, y, x: 0 * g, cube, "cube"), (A23,), "detached"),
    "detached at second order": Wrong(unary(lambda g, y, x: g * (3 * array(x) ** 2), cube, "cube"), (A23,),
                                      "the rule is detached"),
    "half detached": Wrong(unary(lambda g, y, x: g * 3 * x * array(x), cube, "cube"), (A23,),
                           "part of the rule is detached"),
    "taken at y": Wrong(unary(lambda g, y, x: g * np.cos(y), lambda x, /: np.sin(x), "sine"), (A23,),
                        "taken at y where x belongs"),
    "not undone": Wrong(unary(lambda g, y, x: np.roll(g, 1), lambda x, /: np.roll(x, 1), "rolled", ""), (A4,),
                        "was not undone"),
    "reversed": Wrong(unary(lambda g, y, x: g, lambda x, /: x[::-1], "backwards", ""), (A23,), "reversed"),
    "nan": Wrong(unary(lambda g, y, x: g * x / np.abs(x), lambda x, /: np.square(x) / 2, "half_square"),
                 (np.array([0.0, 1.0]),), "0/0"),
    "float32": Wrong(unary(lambda g, y, x: (g * 3 * x * x).astype(np.float32), cube, "cube"), (A23,), "float32"),
    "wrong shape": Wrong(unary(lambda g, y, x: g, turn, "turn", ""), (A23,),
                         "transposed: shape (3, 2) for an argument of shape (2, 3)"),
    "wrong shape, no sum": Wrong(Op(columns_plus, (lambda g, y, x, b: g,) * 2, shapes=""), (A23, A23[:, 0]),
                                 "the sum over an axis is missing: axis 1"),
    "wrong term": Wrong(unary(lambda g, y, x: g * 2 * x, lambda x, /: x * x + np.sin(x), "wavy"), (A23,), ""),
}


def overwrite(g, x):
    result = np.zeros(x.shape)
    result[INDEX] = array(g)
    return result
