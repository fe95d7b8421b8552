"""Exercises of notebook 20: privacy."""
import numpy as np

from ..checking import Wrong, array, exercise, same
from ..drawing import made, normal, numbers, one_of, whole
from ..watching import uses_generator


# -- the attack ------------------------------------------------------------------------------------------------------
def _advantage(members, others, tau):
    return np.mean(members <= tau) - np.mean(others <= tau)


exercise(
    "20.advantage", "the share of members called members less that of others",
    "the attacker calls everyone a member whose loss is at most tau. Which share of the members does that find?",
    "np.mean of a condition is a share. The same condition holds for some of the others, too.",
    "the advantage is the one share less the other.",
).equals(lambda member_losses, other_losses, tau: _advantage(member_losses, other_losses, tau), "the advantage", made(
    lambda rng, m, n, tau: (rng.integers(0, 8, m) / 10, rng.integers(2, 11, n) / 10, tau), m=whole(1, 6), n=whole(1, 6),
    tau=one_of(0.2, 0.5, 0.8)), [
    (lambda m, o, tau: np.sum(m <= tau) - np.sum(o <= tau), "You compared numbers of people; take shares of each."),
    (lambda m, o, tau: np.mean(m >= tau) - np.mean(o >= tau), "Members are those with a *small* loss."),
    (lambda m, o, tau: np.mean(m > tau) - np.mean(o > tau), "Members are those with a *small* loss."),
    (lambda m, o, tau: np.mean(m < tau) - np.mean(o < tau), "A loss equal to tau counts: at most."),
    (lambda m, o, tau: np.mean(m <= tau),
     "Calling everyone a member would do well by this; others called members count against it."),
    (lambda m, o, tau: abs(_advantage(m, o, tau)), "An attack can also be worse than chance: keep the sign.")],
         examples=100)

# -- randomized response ---------------------------------------------------------------------------------------------
exercise(
    "20.response", "ln (p / (1 - p))",
    "someone who says yes: how likely is that if yes is true, and how likely if no is true?",
    "p and 1 - p. Privacy asks how much more likely the one is than the other.",
    "their ratio is e to the ε.",
).equals(lambda p: np.log(p / (1 - p)), "ε", dict(p=numbers(0.5, 0.99, 2)), [
    (lambda p: p / (1 - p), "That is the ratio, e to the ε."),
    (lambda p: np.log(p), "How likely is the same answer from the other?"),
    (lambda p: -np.log(1 - p), "The true answer has probability p, not 1."),
    (lambda p: np.log2(p / (1 - p)), "Take the natural logarithm."),
    (lambda p: np.log((1 - p) / p), "The sign is wrong: the truth is likelier.")])

# -- each one's gradient ---------------------------------------------------------------------------------------------
exercise(
    "20.per_example", "the outer product of each row of x with its row of g",
    "the gradient of one example is an outer product: x[b, i] g[b, j]. Which shape do all of them together have?",
    "(B, n, m). An index None adds an axis of length 1: which shapes must x and g get, so that they broadcast to it?",
    "(B, n, 1) and (B, 1, m); einsum can do it, too.",
).equals(lambda x, g: x[:, :, None] * g[:, None, :], "the array", made(
    lambda rng, batch, n, m: (normal(rng, batch, n), normal(rng, batch, m)), batch=whole(1, 4), n=whole(1, 3),
    m=whole(1, 4)), [
    (lambda x, g: x.T @ g, "That is their sum over the batch."),
    (lambda x, g: g[:, :, None] * x[:, None, :], "Each is transposed."),
    (lambda x, g: x[:, :, None] * g[:, None, :] / len(x), "Each its own gradient: no mean over the batch.")])


# -- clip and add noise ----------------------------------------------------------------------------------------------
def _lengths(g):
    return np.maximum(np.sqrt((g ** 2).sum(axis=1, keepdims=True)), 1e-12)


def _clipped(g, C):
    return g * np.minimum(1, C / _lengths(g))


privatize = exercise(
    "20.privatize", "clip each, add up, add noise, divide",
    "first make sure that nobody's gradient is longer than C: what does a row that is too long become?",
    "a row is multiplied by min(1, C / its length); a length of 0 must not divide. Then add up all rows.",
    "noise comes once, for the sum: a normal number for each weight, sigma * C large. All of it is divided by L.")
privatize.equals(
    lambda gradients, C, L: _clipped(gradients, C).sum(axis=0) / L, "without noise (sigma = 0) the result", made(
        lambda rng, people, n, C, L: (normal(rng, people, n), C, L), people=whole(1, 4), n=whole(1, 3),
        C=one_of(1.0, 0.5, 3.0), L=one_of(4, 10)), [
        (lambda g, C, L: _clipped(g.sum(axis=0, keepdims=True), C)[0] / L,
         "You clipped the sum; clip each person's gradient."),
        (lambda g, C, L: np.clip(g, -C, C).sum(axis=0) / L,
         "You clipped each number; the norm of the whole row is to be at most C."),
        (lambda g, C, L: (g / _lengths(g) * C).sum(axis=0) / L, "Those shorter than C stay as they are."),
        (lambda g, C, L: _clipped(g, C).mean(axis=0), "Divide by L, the expected number; how many came is a secret, "
                                                      "too."),
        (lambda g, C, L: g.sum(axis=0) / L, "Nothing is clipped."),
        (lambda g, C, L: _clipped(g, C).sum(axis=0), "It is not divided by L.")], examples=100,
    also=[(np.zeros((2, 3)), 1.0, 4)],
    through=lambda answer, gradients, C, L: answer(gradients, C, 0.0, L, np.random.default_rng(0)))


# what the spread of the noise may be by mistake, and cases (C, sigma, L, people) in which each has another one
SPREADS = [(lambda C, sigma, L, people: sigma / L, "The noise must grow with C, which it hides."),
           (lambda C, sigma, L, people: sigma * C, "The noise is divided by L, too."),
           (lambda C, sigma, L, people: C / L, "The noise must grow with sigma."),
           (lambda C, sigma, L, people: sigma * C / people, "Divide by L, the expected number."),
           (lambda C, sigma, L, people: np.sqrt(people) * sigma * C / L, "The noise comes once, not for each one.")]
OTHER_CASES = [(0.5, 3.0, 20, 3), (2.0, 1.0, 5, 7)]


def _spread(answer, C, sigma, L, people):
    return array(answer(np.zeros((people, 1000)), C, sigma, L, np.random.default_rng(2))).std()


@privatize.property(examples=8, C=one_of(0.5, 2.0), sigma=one_of(1.0, 3.0), L=one_of(5, 20), people=one_of(3, 7))
def the_noise_alone(answer, C, sigma, L, people):
    """For gradients of 0: normal, another number for each weight, of spread sigma C / L, told to 5 standard errors."""
    n = 4000
    noise = array(answer(np.zeros((people, n)), C, sigma, L, np.random.default_rng(1)), "the result", (n,))
    right = sigma * C / L
    if np.ptp(noise) < 1e-9 * right:
        raise Wrong("there is no noise." if not noise.any() else "each weight has the same noise: draw one number for "
                                                                 "each.",
                    "The noise is missing." if not noise.any() else "")
    if abs(noise.std() / right - 1) > 5 / np.sqrt(2 * n):
        why = next((words for spread, words in SPREADS if all(
            abs(_spread(answer, *case) / spread(*case) - 1) < 0.1 for case in OTHER_CASES)), "")
        raise Wrong(f"the spread of the noise: expected {right:.4g}, got {noise.std():.4g}.", why)
    fourth = (noise ** 4).mean() / noise.var() ** 2             # of normal numbers 3, known to √(96/n)
    if abs(noise.mean()) > 5 * right / np.sqrt(n) or abs(fourth - 3) > 5 * np.sqrt(96 / n):
        raise Wrong("the noise should be normal, around 0: rng.standard_normal.")


@privatize.property
def the_noise_is_added(answer):
    uses_generator(answer, np.ones((2, 3)), 1.0, 1.0, 2)
    g = np.array([[3.0, 4.0, 0.0], [0.1, 0.0, 0.2]])
    with_noise, noise, without = (array(answer(gradients, 1.0, sigma, 5, np.random.default_rng(3)), "the result", (3,))
                                  for gradients, sigma in ((g, 2.0), (0 * g, 2.0), (g, 0.0)))
    same(with_noise - noise, without, "the result less its noise")


# -- the account -----------------------------------------------------------------------------------------------------
ORDERS = np.array([1.5, 2, 4, 8, 16, 32, 64])


def _each(a, r, delta):
    return r + np.log(1 / delta) / (a - 1)


exercise(
    "20.epsilon", "the smallest of r + ln(1/δ) / (α - 1)",
    "set the probability equal to δ and take the logarithm of both sides: what is ε?",
    "(α - 1)(r - ε) = ln δ. Orders and r are arrays, so all ε come at once; which of them do you report?",
    "every one is a bound that holds, so the smallest. δ is below 1 and ln δ negative: a smaller δ must cost more.",
).equals(lambda orders, r, delta: _each(orders, r, delta).min(), "ε", made(
    lambda rng, n, delta: (ORDERS[:n], rng.exponential(30, n).round(2), delta), n=whole(1, 7),
    delta=one_of(1e-5, 1e-2, 1e-8)), [
    (_each, "One number: the smallest."),
    (lambda a, r, delta: _each(a, r, delta).max(), "Every order's bound holds: the smallest may be used."),
    (lambda a, r, delta: _each(a, r, delta)[0], "The best order is not always at an end."),
    (lambda a, r, delta: _each(a, r, delta)[-1], "The best order is not always at an end."),
    (lambda a, r, delta: np.min(r + np.log(delta) / (a - 1)), "ln(1/δ) is positive, and it is added."),
    (lambda a, r, delta: np.min(r + np.log(1 / delta) / a), "It is divided by α - 1."),
    (lambda a, r, delta: np.min(r), "Where is δ?")])
