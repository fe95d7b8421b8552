"""Exercises of notebook 01: a neuron, and an engine for single numbers."""
import math

import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import numbers

tanh = exercise("01.tanh", "tanh as a value with one parent and the slope 1 - y²",
                "y = math.tanh(value.number); the local slope is 1 - y²; parents and slopes are tuples of one.")


@tanh.property
def _(answer, Value):
    def property(x):
        parent = Value(x)
        made = call(answer, parent)
        same(made.number, math.tanh(x), "the number")
        if tuple(made.parents) != (parent,):
            raise Wrong(f"its parents are {made.parents!r}, expected the one value it was made from, "
                        "as a tuple (value,).")
        same(list(made.slopes), [1 - math.tanh(x) ** 2], "the local slope")
    for_all(property, x=numbers(-2, 2, 2))


backward = exercise("01.backward", "each value adds its share to its parents, newest first",
                    "for value in reversed(values): for each parent and local slope, "
                    "parent.grad += value.grad * local; "
                    "then return values.")


@backward.property
def _(answer, Value):
    """Random graphs in which values are used several times, against slopes carried forward."""
    from hypothesis import strategies as st

    def property(x, program):
        values, slopes = [Value(x)], [1.0]
        for kind, i, j in program:
            i, j = i % len(values), j % len(values)
            a, b = values[i], values[j]
            values.append(a + b if kind == "+" else a * b)
            slopes.append(slopes[i] + slopes[j] if kind == "+" else slopes[i] * b.number + slopes[j] * a.number)
        call(answer, values[-1])
        got = values[0].grad
        if not np.isclose(got, slopes[-1]):
            steps = "; ".join(f"v{n} = v{i % n} {kind} v{j % n}" for n, (kind, i, j) in enumerate(program, start=1))
            raise Wrong(f"with v0 = {x} and {steps}, the slope of the last value in v0 is {got:.4g}, "
                        f"expected {slopes[-1]:.4g}."
                        + (" The shares of several uses must be added." if abs(got) < abs(slopes[-1]) else
                           " Something is counted more than once."))
    step = st.tuples(st.sampled_from("+*"), st.integers(0, 5), st.integers(0, 5))
    for_all(property, x=numbers(0.5, 2, 2), program=st.lists(step, min_size=1, max_size=6))


learn_once = exercise("01.learn_once", "a step down the slope of the loss",
                      "dz = 2 (y - t) (1 - y²) is the slope in z; times x it is that in w, as it stands that in b; "
                      "subtract rate times the slope.")


@learn_once.property
def _(answer):
    from hypothesis import strategies as st

    def property(w, b, x, t, rate):
        w, x = np.array(w), np.array(x)
        y = np.tanh(w @ x + b)
        dz = 2 * (y - t) * (1 - y ** 2)
        new_w, new_b = call(answer, w.copy(), b, x.copy(), t, rate)
        same((w - np.asarray(new_w)) / rate, dz * x, "the slope in w by which you stepped")
        same((b - new_b) / rate, dz, "the slope in b by which you stepped")
    pair = st.tuples(numbers(0.5, 2, 2), numbers(0.5, 2, 2))
    for_all(property, w=pair, b=numbers(-2, 2, 2), x=pair, t=st.sampled_from([-1.0, 1.0]),
            rate=st.sampled_from([0.1, 0.5]))


visits = exercise("01.visits", "each value is visited once, thirty-one in all",
                  "how many values are there? Count the first one too.")


@visits.property
def _(answer):
    if answer != 31:
        few = " Did you count the first value too?" if answer == 30 else \
            " That is the number of paths; each value needs but one visit." if answer > 1000 else ""
        raise Wrong(f"{answer} is not the number of values.{few}")
