"""Exercises of notebook 01: a neuron, and an engine for single numbers."""
import math

import numpy as np
from hypothesis import strategies as st

from ..checking import Wrong, exercise, kind, number, same
from ..drawing import numbers, one_of

tanh = exercise(
    "01.tanh", "tanh as a value with one parent and the slope 1 - y²",
    "which three things does a Value keep? Look at how + and * make theirs.",
    "its number is math.tanh of the parent's number; its parents and slopes are tuples, here of one.",
    "a tuple of one is written (a,). The local slope of tanh can be told from its result y alone.")


@tanh.property(x=numbers(-2, 2, 2))
def made_of_its_parent(answer, Value, x):
    parent = Value(x)
    made = answer(parent)
    if not all(hasattr(made, name) for name in ("number", "parents", "slopes")):
        raise Wrong(f"expected a Value, got {kind(made)}.", "Return Value(number, parents, slopes).")
    y = math.tanh(x)
    same(made.number, y, "the number")
    if not isinstance(made.parents, (tuple, list)) or len(made.parents) != 1 or made.parents[0] is not parent:
        raise Wrong("its parents should be the one value it was made from, as a tuple (value,).")
    same(made.slopes, [1 - y ** 2], "the local slope", guesses=[
        ([y ** 2 - 1], "The sign is wrong."), ([y], "That is the number itself."),
        ([1 - y], "It falls with the square of y."), ([1 - x ** 2], "y is the result, not what came in.")])
    if parent.number != x:
        raise Wrong("the parent's number was changed.")


# -- the walk back ---------------------------------------------------------------------------------------------------
def _graph(Value, x, program):
    values = [Value(x)]
    for sign, i, j in program:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(a + b if sign == "+" else a * b)
    return values


class _Number:
    """A number that only counts: enough to follow a program without the learner's Value."""

    def __init__(self, number, parents=(), slopes=()):
        self.number, self.parents, self.slopes, self.grad = number, parents, slopes, 0.0

    def __add__(self, other):
        return _Number(self.number + other.number, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return _Number(self.number * other.number, (self, other), (other.number, self.number))


def _order(value, listed):
    """The notebook's order: parents before what is made from them."""
    if value not in listed:
        for parent in value.parents:
            _order(parent, listed)
        listed.append(value)
    return listed


def _grads(values, walk, share):
    """The grads of all values from which the last is made, nan for the others."""
    used = _order(values[-1], [])
    for value in values:
        value.grad = 0.0
    values[-1].grad = 1.0
    for value in walk(used):
        for parent, local in zip(value.parents, value.slopes):
            parent.grad = share(parent.grad, value.grad * local)
    return np.array([v.grad if v in used else np.nan for v in values])


def _walked(walk, share):
    return lambda x, program: _grads(_graph(_Number, x, program), walk, share)


def _by_the_answer(answer, Value, x, program):
    values = _graph(Value, x, program)
    right = _walked(reversed, _add)(x, program)
    for _ in range(2):                      # a second walk must not add to the first
        returned = answer(values[-1])
    if not isinstance(returned, (list, tuple)) or {id(v) for v in returned} != {
            id(v) for v, grad in zip(values, right) if not np.isnan(grad)}:
        got = f"a list of {len(returned)}" if isinstance(returned, (list, tuple)) else kind(returned)
        raise Wrong(f"it should return the list of all {(~np.isnan(right)).sum()} values, each once; got {got}.")
    return np.array([np.nan if np.isnan(known) else number(v.grad, "a grad") for v, known in zip(values, right)])


def _add(before, amount):
    return before + amount


exercise(
    "01.backward", "each value adds its share to its parents, newest first",
    "a value may pass its grad on only when it has all of it. Which value has it all at the start, and which comes "
    "next?",
    "in `values` parents stand before what is made from them. For each value, zip(value.parents, value.slopes) pairs "
    "each "
    "parent with the local slope.",
    "a parent's share is the value's own grad times the local slope. A parent that is used twice gets two shares: what "
    "must happen to the first when the second comes?",
).equals(_walked(reversed, _add), "the grads of v0, v1, ...", dict(
    x=numbers(-2, 2), program=st.lists(st.tuples(one_of("+", "*"), st.integers(0, 5), st.integers(0, 5)), min_size=1,
                                       max_size=6)), [
    (_walked(reversed, lambda before, amount: amount), "A value that is used several times has several shares: they "
                                                       "must "
                                                       "be added."),
    (_walked(list, _add), "You walk from the oldest to the newest, so that values pass on what they have not got yet."),
    (_walked(lambda values: [*values[::-1], *values[::-1]], _add), "Shares are passed on more than once."),
    (_walked(lambda values: values[-1:], _add), "Only the last value passes its share on: go on to its parents.")],
    examples=100, through=_by_the_answer, also=[(3.0, [("+", 0, 0), ("*", 1, 1), ("+", 1, 2), ("*", 2, 0)])])


# -- learning --------------------------------------------------------------------------------------------------------
def _step(w, b, x, t, rate, factor=2, slope=lambda y: 1 - y ** 2, sign=-1):
    y = np.tanh(w @ x + b)
    dz = factor * (y - t) * slope(y)
    return w + sign * rate * dz * x, b + sign * rate * dz


exercise(
    "01.learn_once", "a step down the slope of the loss",
    "compute the output y first. The loss is (y - t)²: what is its slope in y, and that of y in z = w·x + b?",
    "with dz, the slope in z, the slope in each weight is dz times the input that it multiplies; and that in b?",
    "dz = 2 (y - t) (1 - y²). To make the loss smaller, go against the slope, by the rate times it.",
).equals(_step, ("the new w", "the new b"), dict(
    w=st.tuples(numbers(-2, 2), numbers(-2, 2)).map(np.array), b=numbers(-2, 2),
    x=st.tuples(numbers(-2, 2), numbers(-2, 2)).map(np.array), t=one_of(-1.0, 1.0, 0.5), rate=one_of(0.1, 0.5, 0.03)), [
    (lambda *a: _step(*a, sign=1), "The sign is wrong: that goes up the slope."),
    (lambda *a: _step(*a, factor=1), "The step is half of what it should be: the slope of a square has a factor."),
    (lambda *a: _step(*a, slope=lambda y: 1), "The slope of tanh is missing: 1 - y²."),
    (lambda w, b, x, t, rate: (_step(w, b, x, t, rate)[0], b), "The bias learns too."),
    (lambda w, b, x, t, rate: (w, _step(w, b, x, t, rate)[1]), "The weights learn too."),
    (lambda w, b, x, t, rate: _step(w, b, x, t, 1), "The rate is missing."),
    (lambda w, b, x, t, rate: (w - rate * (b - _step(w, b, x, t, 1)[1]), _step(w, b, x, t, rate)[1]),
     "The slope in a weight is dz times its input.")])

exercise(
    "01.visits", "each value is visited once, thirty-one in all",
    "how many times must each value be visited, if it passes on all of its grad at once?",
    "once. So count the values, not the paths.",
    "thirty sums, each a new value. And what were they made from?",
).number(31, "the number of values", [
    (30, "Did you count the first value too?"), (2 ** 30, "That is the number of paths; each value needs but one "
                                                          "visit.")])
