"""Exercises of notebook 05: activations and initialisation."""
import math

import numpy as np

from ..checking import Wrong, call, exercise, for_all, same

slope = exercise("05.sigmoid_slope", "σ(1 - σ) is largest at σ = 1/2",
                 "which number between 0 and 1, times one minus itself, is largest?")


@slope.property
def _(answer):
    if not np.isclose(answer, 0.25):
        why = " That is σ there; its slope is σ(1 - σ)." if np.isclose(answer, 0.5) else \
            " That is tanh's." if np.isclose(answer, 1) else ""
        raise Wrong(f"{answer} is not the largest value of σ(1 - σ).{why}")


he = exercise("05.he_normal", "normal numbers of spread √(2 / fan_in)",
              "rng.normal(size=(fan_in, fan_out)) has spread 1; scale it.")


@he.property
def _(answer):
    """The spread, from many numbers: within 5 standard errors, 5 s/√(2N), which chance leaves once in two million."""
    from hypothesis import strategies as st

    def property(fan_in, fan_out):
        w = np.asarray(call(answer, fan_in, fan_out, np.random.default_rng(fan_in)))
        if w.shape != (fan_in, fan_out):
            raise Wrong(f"the shape is {w.shape}, expected {(fan_in, fan_out)}.")
        variances = {None: 2 / fan_in, " That is LeCun's: relu needs twice the variance.": 1 / fan_in,
                     " It is the number of inputs, fan_in, that counts.": 2 / fan_out,
                     " Scale by the root of the variance.": 4 / fan_in ** 2}
        why = next((words for words, variance in variances.items()
                    if abs(w.std() - math.sqrt(variance)) <= 5 * math.sqrt(variance / (2 * w.size))), "")
        if why is not None:
            raise Wrong(f"the spread is {w.std():.4f}, expected {math.sqrt(2 / fan_in):.4f}.{why}")
    for_all(property, 12, fan_in=st.sampled_from([50, 200, 800]), fan_out=st.sampled_from([100, 400]))


dead = exercise("05.dead_neurons", "never positive, on any example",
                "x @ w + b has one row for each example; a neuron is dead if its whole column is at most 0: "
                ".all(axis=0).")


@dead.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed):
        rng = np.random.default_rng(seed)
        x, w, b = rng.integers(-2, 3, (3, 2)), rng.integers(-2, 3, (2, 4)), rng.integers(-3, 4, 4)
        z = x @ w + b
        expected = (z <= 0).all(axis=0)
        got = np.asarray(call(answer, x, w, b))
        if got.shape != expected.shape:
            raise Wrong(f"the result has shape {got.shape}, expected one value for each of the {expected.size} "
                        "neurons.")
        if (got != expected).any():
            why = " On one example is not enough: on all of them." if (got == (z <= 0).any(axis=0)).all() else \
                " You forgot the bias." if (got == (x @ w <= 0).all(axis=0)).all() else \
                " You found those that live." if (got == ~expected).all() else \
                " At exactly 0 the slope is 0 too." if (got == (z < 0).all(axis=0)).all() else ""
            raise Wrong(f"x @ w + b = {z.tolist()}: got {got.tolist()}, expected {expected.tolist()}.{why}")
    for_all(property, 300, seed=st.integers(0, 10000))


leaky = exercise("05.leaky_relu_vjp", "g where x > 0, slope · g elsewhere", "np.where(condition, this, that).")


@leaky.property
def _(answer):
    from hypothesis import strategies as st

    def property(x, g, s):
        x, g = np.array([x]), np.array([g])
        y = np.where(x > 0, x, s * x)
        same(call(answer, g, y, x, s), np.where(x > 0, g, s * g), "the cotangent of x")
    number = st.floats(-3, 3).map(lambda v: round(v, 1)).filter(bool)
    for_all(property, x=number, g=number, s=st.sampled_from([0.2, 0.1]))
