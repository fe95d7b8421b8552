"""Exercises of notebook 05: activations and initialisation."""
import math

import numpy as np

from ..checking import Wrong, array, exercise
from ..drawing import made, normal, one_of, shapes, whole
from ..watching import uses_generator

exercise(
    "05.sigmoid_slope", "σ(1 - σ) is largest at σ = 1/2",
    "the slope is σ(1 - σ), and σ can be any number between 0 and 1. Try a few.",
    "σ and 1 - σ add up to 1. When is a product of two such numbers largest?",
    "when both are equal. The answer is the product, not one of the two.",
).number(0.25, "the largest value of σ(1 - σ)", [
    (0.5, "That is σ there; its slope is σ(1 - σ)."), (1, "That is the largest slope of tanh.")])

he = exercise(
    "05.he_normal", "normal numbers of spread √(2 / fan_in)",
    "rng.normal(size=...) draws normal numbers of spread 1. Which shape is wanted, and which spread?",
    "a sum of fan_in products has fan_in times the variance of one; and relu throws half of it away.",
    "so the variance of a weight is 2 / fan_in. To scale numbers, multiply by the spread, which is its root.")


# what the variance may be by mistake, and sizes (fan_in, fan_out) for which each has another one
VARIANCES = [(lambda i, o: 1 / i, "That is LeCun's: relu needs twice the variance."),
             (lambda i, o: 2 / o, "It is the number of inputs, fan_in, that counts."),
             (lambda i, o: 4 / i ** 2, "Scale by the root of the variance."), (lambda i, o: 1, "They are not scaled."),
             (lambda i, o: 4 / (i + o), "That is Glorot's with a factor 2; He counts the inputs alone."),
             (lambda i, o: 2 / (i + o), "That is Glorot's; He counts the inputs alone, and twice.")]
OTHER_SIZES = [(30, 200), (200, 30), (100, 300)]


def _variance(answer, fan_in, fan_out):
    return array(answer(fan_in, fan_out, np.random.default_rng(1)), "the weights", (fan_in, fan_out)).var()


@he.property(examples=20, fan_in=one_of(50, 200, 800), fan_out=one_of(100, 400))
def the_spread(answer, fan_in, fan_out):
    """From many numbers: within 5 standard errors, 5 s/√(2N), which chance leaves once in two million times."""
    w = array(answer(fan_in, fan_out, np.random.default_rng(fan_in)), "the weights", (fan_in, fan_out))
    right = math.sqrt(2 / fan_in)
    if abs(w.std() - right) > 5 * right / math.sqrt(2 * w.size):
        words = next((words for variance, words in VARIANCES if all(
            abs(_variance(answer, *sizes) / variance(*sizes) - 1) < 0.1 for sizes in OTHER_SIZES)), "")
        raise Wrong(f"the spread is {w.std():.4f}, expected {right:.4f}.", words)
    if abs(w.mean()) > 5 * right / math.sqrt(w.size):
        raise Wrong(f"the mean is {w.mean():.4f}, expected 0 to within {5 * right / math.sqrt(w.size):.4f}.")
    fourth = (w ** 4).mean() / (w ** 2).mean() ** 2
    if abs(fourth - 3) > 5 * math.sqrt(96 / w.size):
        raise Wrong("the spread is right, but the numbers are not normal: use rng.normal.")


@he.property
def from_the_generator(answer):
    uses_generator(answer, 4, 3)


# -- dead neurons ----------------------------------------------------------------------------------------------------
def _layer(rng, examples, inputs, neurons):
    """Whole and half numbers, so that some sums are exactly 0, and some a little above."""
    return (rng.integers(-2, 3, (examples, inputs)) * 1.0, rng.integers(-2, 3, (inputs, neurons)) * 1.0,
            rng.integers(-6, 7, neurons) / 2)


exercise(
    "05.dead_neurons", "never positive, on any example",
    "what does a neuron give on each example, before the relu? x @ w + b has a row for each example.",
    "relu passes a slope only where it is given more than 0. When does a neuron learn from no example at all?",
    "when its whole column is at most 0: compare, then .all along the axis of the examples.",
).equals(lambda x, w, b: (x @ w + b <= 0).all(axis=0), "which are dead", made(
    _layer, examples=whole(1, 4), inputs=whole(1, 3), neurons=whole(1, 4)), [
    (lambda x, w, b: (x @ w + b <= 0).any(axis=0), "On one example is not enough: on all of them."),
    (lambda x, w, b: (x @ w <= 0).all(axis=0), "You forgot the bias."),
    (lambda x, w, b: (x @ w + b > 0).any(axis=0), "You found those that live."),
    (lambda x, w, b: (x @ w + b < 0).all(axis=0), "At exactly 0 the slope is 0 too."),
    (lambda x, w, b: (x @ w + b <= 0).all(axis=1), "Those are examples; expected one value for each neuron."),
    (lambda x, w, b: (x @ w + b).mean(axis=0) <= 0, "The mean over the examples hides those that pass.")], examples=200)


# -- leaky relu ------------------------------------------------------------------------------------------------------
def _leaky(rng, shape, slope):
    x = normal(rng, *shape)
    x = np.where(x == 0, 0.5, x)            # at the kink any slope between the two is right
    return normal(rng, *shape), np.where(x > 0, x, slope * x), x, slope


exercise(
    "05.leaky_relu_vjp", "g where x > 0, slope · g elsewhere",
    "it is two straight lines: which slope has each?",
    "1 where x is positive, `slope` elsewhere. And what does a rule multiply by the slope?",
    "np.where(condition, this, that) chooses for each element.",
).equals(lambda g, y, x, slope: np.where(x > 0, g, slope * g), "the cotangent of x", made(
    _leaky, shape=shapes(0, 1, 2), slope=one_of(0.2, 0.1, 0.01, 0.5)), [
    (lambda g, y, x, slope: np.where(x > 0, g, 0), "That is the plain relu."),
    (lambda g, y, x, slope: np.where(x > 0, 1, slope), "Where is g?"),
    (lambda g, y, x, slope: np.where(x > 0, g * x, slope * g * x), "The slope of a line does not depend on x."),
    (lambda g, y, x, slope: np.where(x > 0, slope * g, g), "The two sides are exchanged.")])
