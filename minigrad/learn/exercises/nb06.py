"""Exercises of notebook 06: losses."""
import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..checking import exercise
from ..drawing import made, normal, shapes, vectors, whole

exercise(
    "06.mse_slope", "2 (y - t) / n",
    "in the mean of (y - t)², how often does y[i] occur?",
    "once: its square has the slope 2 (y[i] - t[i]). What does the mean do to that?",
    "it divides by the number of elements, which is not always the same.",
).equals(lambda y, t: 2 * (y - t) / len(y), "the slope", made(
    lambda rng, n: (normal(rng, n), normal(rng, n)), n=whole(1, 5)), [
    (lambda y, t: 2 * (y - t), "The mean divides by n."), (lambda y, t: (y - t) / len(y), "The square has a slope "
                                                                                          "with a 2."),
    (lambda y, t: (y - t) ** 2 / len(y), "That is the loss, not its slope."),
    (lambda y, t: 2 * (t - y) / len(y), "The sign is wrong: larger y, larger loss, where y is above t.")])


# -- many classes ----------------------------------------------------------------------------------------------------
def _softmax(z, axis=1):
    p = np.exp(z - z.max())
    return p / p.sum(axis=axis, keepdims=True)


def _cross_entropy(z, labels):
    return (_softmax(z - z.max(axis=1, keepdims=True)) - np.eye(z.shape[1])[labels]) / len(z)


exercise(
    "06.cross_entropy_slope", "what was said minus what came, over n",
    "what did the network say? Softmax makes probabilities of each row of logits. What came? One label for each row.",
    "the slope in a row is the row of probabilities, less 1 at the place of the label. And the loss is a mean over "
    "rows.",
    "p[np.arange(n), labels] picks the place of the label in each row. Take the largest of each row out before np.exp: "
    "e^1000 is too large for a computer.",
).equals(_cross_entropy, "the slope", made(
    lambda rng, n, k, scale: (normal(rng, n, k, scale=scale), rng.integers(0, k, n)), n=whole(1, 4), k=whole(2, 4),
    scale=st.sampled_from([1, 3])), [
    (lambda z, labels: _cross_entropy(z, labels) * len(z), "The mean over the batch divides by n."),
    (lambda z, labels: (_softmax(z, None) - np.eye(z.shape[1])[labels]) / len(z), "Each row has its own sum: axis=1."),
    (lambda z, labels: (_softmax(z, 0) - np.eye(z.shape[1])[labels]) / len(z), "Each row has its own sum: axis=1."),
    (lambda z, labels: _softmax(z) / len(z), "That is what was said; what came is missing."),
    (lambda z, labels: _softmax(z), "That is what was said; what came is missing."),
    (lambda z, labels: (np.eye(z.shape[1])[labels] - _softmax(z)) / len(z), "The sign is wrong: said minus came.")])
cross_large = [(np.array([[1000.0, 0.0, -1000.0]]), np.array([1])),
               (np.array([[0.0, -800.0], [800.0, 801.0]]), np.array([0, 0]))]


def _add_large(name, reference, what, inputs):
    """The same again for numbers so large that an exponential overflows."""
    from ..checking import find
    find(name).equals(reference, what, inputs)


_add_large("06.cross_entropy_slope", _cross_entropy, "for large logits the slope", st.sampled_from(cross_large))

# -- logsumexp -------------------------------------------------------------------------------------------------------
exercise(
    "06.logsumexp", "ln Σ eᶻ without overflow",
    "e^1000 is too large for a computer. By which number could you divide all the exponentials, and put it back after?",
    "Σ eᶻ = eᵐ Σ e^(z - m), whatever m. Which m keeps every exponential at most 1?",
    "the largest. Then the logarithm of the product is a sum of two.",
).equals(lambda z: mg.logsumexp(z), "the result", dict(z=vectors(-3, 3, 1, 4)), [
    (lambda z: np.exp(z).sum(), "The logarithm is missing."),
    (lambda z: np.log(np.exp(z - z.max()).sum()), "m must be put back."),
    (lambda z: z.max() + np.log(np.exp(z - z.max()).mean()),
     "That is the mean of the exponentials; their sum is wanted."),
    (lambda z: z.sum(), "That is the sum of the logarithms; the logarithm of the sum is wanted."),
    (lambda z: z.max(), "That is the largest alone.")],
).equals(lambda z: mg.logsumexp(z), "for large numbers the result", dict(z=vectors(-2000, 2000, 2, 4)), [
    (lambda z: np.log(np.exp(z).sum()), "An exponential overflowed, or all vanished: take out the largest first.")])


# -- two classes -----------------------------------------------------------------------------------------------------
def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def _two(rng, shape, scale):
    return normal(rng, *shape, scale=scale), rng.choice([0.0, 1.0, 0.25], shape)


exercise(
    "06.binary_slope", "σ(z) - t",
    "the same as with many classes: what was said minus what came. What did the network say?",
    "it said σ(z) = 1 / (1 + e⁻ᶻ). The slope of σ is in the result already: it cancels against that of the logarithm.",
    "e^1000 overflows; σ(z) is also (1 + tanh(z/2)) / 2, which does not.",
).equals(lambda z, t: _sigmoid(z) - t, "the slope", made(_two, shape=shapes(0, 1, 2), scale=st.sampled_from([1, 3])), [
    (lambda z, t: _sigmoid(z) * (1 - _sigmoid(z)), "That is the slope of σ itself."),
    (lambda z, t: (_sigmoid(z) - t) * _sigmoid(z) * (1 - _sigmoid(z)), "The slope of σ is in it already: it cancels."),
    (lambda z, t: t - _sigmoid(z), "The sign is wrong: said minus came."),
    (lambda z, t: z - t, "What the network said is σ(z)."),
    (lambda z, t: (_sigmoid(z) - t) / max(z.size, 1), "The slope of each element's own loss: no mean.")],
).equals(lambda z, t: _sigmoid(z) - t, "for large z the slope", made(_two, shape=shapes(1), scale=st.just(1000)))
