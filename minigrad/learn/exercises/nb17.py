"""Exercises of notebook 17: data, compute and time."""
import math

import numpy as np

from ..checking import Wrong, call, exercise, for_all, same


def _sizes():
    from hypothesis import strategies as st
    return st.sampled_from([1e6, 1e8, 1.5e9, 175e9])


flops = exercise("17.flops", "6 N D: two operations forward and four backward for each weight and token",
                 "forward: a multiplication and an addition; backward: two products for each one of the forward pass.")


@flops.property
def _(answer):
    def property(N, D):
        got, expected = float(call(answer, N, D)), 6 * N * D
        words = {1: "A multiplication and an addition are two operations.", 2: "That is the forward pass alone.",
                 4: "That is the backward pass alone.", 3: "Each of the three products takes two operations.",
                 12: "Addition and multiplication have been counted twice."}
        for factor, text in words.items():
            if math.isclose(got, factor * N * D):
                raise Wrong(f"{got:.3g}, expected {expected:.3g}. {text}")
        same(got / expected, 1.0, f"for {N:.3g} weights and {D:.3g} tokens, the share of what it should be")
    for_all(property, N=_sizes(), D=_sizes())


memory = exercise("17.memory", "16 bytes for each weight, and that over the size of a chip, rounded up",
                  "2 + 2 for weight and gradient, 4 + 4 + 4 for the optimizer; half a chip can't be had (np.ceil).")


@memory.property
def _(answer):
    from hypothesis import strategies as st

    def property(N, chip):
        result = call(answer, N, chip)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong("two things are wanted: the bytes and the number of chips.")
        size, chips = map(float, result)
        parts = {4: "weight and gradient alone", 12: "the optimizer alone", 2: "the weight alone", 8: "half of it",
                 14: "one of the two 2-byte numbers is missing"}
        for each, text in parts.items():
            if math.isclose(size, each * N):
                raise Wrong(f"{each} bytes for each weight are {text}.")
        same(size / (16 * N), 1.0, "the share of the right number of bytes")
        least = math.ceil(16 * N / chip)
        if chips != least:
            part = chips == 16 * N // chip or not float(chips).is_integer()
            why = " A part of a chip is a whole one." if part else ""
            raise Wrong(f"{chips:g} chips, expected {least}.{why}")
    for_all(property, N=_sizes(), chip=st.sampled_from([24e9, 80e9, 141e9]))


power = exercise("17.fit_power_law", "a straight line through the logarithms: slope -b, intercept ln a",
                 "np.polyfit(np.log(x), np.log(y), 1) gives slope and intercept of ln y = ln a - b ln x.")


@power.property
def _(answer):
    from hypothesis import strategies as st

    def property(a, b):
        x = np.array([1.0, 10.0, 50.0, 300.0])
        result = call(answer, x, a * x ** -b)
        if not isinstance(result, (tuple, list, np.ndarray)) or len(result) != 2:
            raise Wrong("two numbers are wanted: a and b.")
        got_a, got_b = map(float, result)
        if np.isclose(got_b, -b) and not np.isclose(b, 0):
            raise Wrong(f"for y = {a} x^-{b} you return b = {got_b:.3g}: that is the slope, b is its opposite.")
        if np.isclose(got_a, math.log(a)) and not np.isclose(got_a, a):
            raise Wrong(f"for y = {a} x^-{b} you return a = {got_a:.3g}: that is the logarithm of a.")
        if np.isclose(got_a, b) and np.isclose(got_b, a) and not np.isclose(a, b):
            raise Wrong("a and b are exchanged.")
        same([got_a, got_b], [a, b], f"(a, b) for y = {a} x^-{b}")
    for_all(property, a=st.sampled_from([0.5, 2.0, 7.0]), b=st.sampled_from([0.05, 0.3, 1.0]))


optimal = exercise("17.optimal", "N = √(C / 120), D = 20 N",
                   "put D = 20 N into 6 N D = C and solve for N.")


@optimal.property
def _(answer):
    def property(C):
        result = call(answer, C)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong("two numbers are wanted: N and D.")
        N, D = map(float, result)
        if not math.isclose(6 * N * D, C, rel_tol=1e-6):
            raise Wrong(f"your N and D take {6 * N * D:.3g} operations, and there are {C:.3g}.")
        if not math.isclose(D, 20 * N, rel_tol=1e-6):
            raise Wrong(f"you read {D / N:.3g} tokens for each weight; 20 are wanted.")
    from hypothesis import strategies as st
    for_all(property, C=st.sampled_from([1.2e10, 5.76e23, 1e20]))
