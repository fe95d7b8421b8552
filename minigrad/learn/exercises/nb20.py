"""Exercises of notebook 20: privacy."""
import numpy as np

from ..checking import exercise, for_all
from ..naming import compare


def _numbers(low, high, least=1):
    from hypothesis import strategies as st
    return st.lists(st.integers(round(10 * low), round(10 * high)).map(lambda v: v / 10), min_size=least, max_size=6)


# -- the attack ------------------------------------------------------------------------------------------------------
def _advantage(members, others, tau):
    return np.mean(members <= tau) - np.mean(others <= tau)


advantage = exercise("20.advantage", "the share of members called members less that of others",
                     "np.mean(member_losses <= tau) is the first share.")


@advantage.property
def _(answer):
    from hypothesis import strategies as st
    telling = np.array([0.1, 0.2, 0.5, 0.7, 0.9]), np.array([0.3, 0.6, 0.8]), 0.5
    mistakes = [
        (lambda m, o, tau: np.sum(m <= tau) - np.sum(o <= tau), "You compared numbers of people; take shares of each."),
        (lambda m, o, tau: np.mean(m >= tau) - np.mean(o >= tau), "Members are those with a *small* loss."),
        (lambda m, o, tau: np.mean(m > tau) - np.mean(o > tau), "Members are those with a *small* loss."),
        (lambda m, o, tau: np.mean(m < tau) - np.mean(o < tau), "A loss equal to tau counts: at most."),
        (lambda m, o, tau: np.mean(m <= tau),
         "Calling everyone a member would do well by this; others called members count against it.")]

    def property(members, others, tau):
        inputs = np.array(members), np.array(others), tau
        compare(answer, inputs, _advantage(*inputs), "the advantage", telling, mistakes)
    for_all(property, 100, members=_numbers(0, 1, 2), others=_numbers(0, 1), tau=st.sampled_from([0.2, 0.5, 0.8]))


# -- randomized response ---------------------------------------------------------------------------------------------
response = exercise("20.response", "ln (p / (1 - p))",
                    "the same answer has probability p from one and 1 - p from the other; the ratio is e to the ε.")


@response.property
def _(answer):
    from hypothesis import strategies as st
    mistakes = [(lambda p: p / (1 - p), "That is the ratio, e to the ε."),
                (lambda p: np.log(p), "How likely is the same answer from the other?"),
                (lambda p: -np.log(1 - p), "The true answer has probability p, not 1."),
                (lambda p: np.log2(p / (1 - p)), "Take the natural logarithm.")]
    for_all(lambda p: compare(answer, (p,), np.log(p / (1 - p)), "ε", (0.8,), mistakes),
            p=st.sampled_from([0.75, 0.6, 0.9, 0.99]))


# -- each one's gradient ---------------------------------------------------------------------------------------------
per_example = exercise("20.per_example", "the outer product of each row of x with its row of g",
                       'x[:, :, None] has the shape (B, n, 1); give g (B, 1, m), and multiply; or einsum "bi,bo->bio".')


@per_example.property
def _(answer):
    from hypothesis import strategies as st
    mistakes = [(lambda x, g: x.T @ g, "That is their sum over the batch."),
                (lambda x, g: g[:, :, None] * x[:, None, :], "Each is transposed."),
                (lambda x, g: x[:, :, None] * g[:, None, :] / len(x), "Each its own gradient: no mean over the batch.")]

    def inputs(batch, n, m):
        rng = np.random.default_rng(10 * batch + n)
        return rng.integers(-3, 4, (batch, n)).astype(float), rng.integers(-3, 4, (batch, m)).astype(float)

    def property(batch, n, m):
        x, g = inputs(batch, n, m)
        expected = np.stack([np.outer(a, b) for a, b in zip(x, g)])
        compare(answer, (x, g), expected, "the array", inputs(3, 2, 4), mistakes)
    for_all(property, batch=st.integers(2, 4), n=st.integers(1, 3), m=st.integers(4, 5))


# -- clip and add noise ----------------------------------------------------------------------------------------------
class _Ones:
    """In the place of a generator: noise that is 1 everywhere, so that its size can be told exactly."""

    def standard_normal(self, size=None):
        return np.ones(size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        return loc + scale * np.ones(size)


def _lengths(g):
    return np.maximum(np.sqrt((g ** 2).sum(axis=1, keepdims=True)), 1e-12)


def _clipped(g, C):
    return g * np.minimum(1, C / _lengths(g))


privatize = exercise("20.privatize", "clip each, add up, add noise, divide",
                     "norms along axis 1; multiply each row by min(1, C / norm); sum over axis 0; the noise is "
                     "sigma * C * rng.standard_normal(p); divide all by L.")


@privatize.property
def _(answer):
    """Without noise."""
    from hypothesis import strategies as st
    telling = np.array([[3.0, 4.0], [0.1, 0.2], [-1.0, 2.0]]), 0.5, 0.0, 10, _Ones()
    mistakes = [
        (lambda g, C, sigma, L, rng: _clipped(g.sum(axis=0, keepdims=True), C)[0] / L,
         "You clipped the sum; clip each person's gradient."),
        (lambda g, C, sigma, L, rng: np.clip(g, -C, C).sum(axis=0) / L,
         "You clipped each number; the norm of the whole row is to be at most C."),
        (lambda g, C, sigma, L, rng: (g / _lengths(g) * C).sum(axis=0) / L, "Those shorter than C stay as they are."),
        (lambda g, C, sigma, L, rng: _clipped(g, C).mean(axis=0),
         "Divide by L, the expected number; how many came is a secret, too."),
        (lambda g, C, sigma, L, rng: g.sum(axis=0) / L, "Nothing is clipped.")]

    def property(rows, C, L):
        g = np.array(rows)
        compare(answer, (g, C, 0.0, L, _Ones()), _clipped(g, C).sum(axis=0) / L, "without noise the result", telling,
                mistakes)
    rows = st.lists(st.tuples(*[st.integers(-30, 30).map(lambda v: v / 10)] * 2), min_size=1, max_size=4)
    for_all(property, 150, rows=rows, C=st.sampled_from([1.0, 0.5]), L=st.sampled_from([4, 10]))


@privatize.property
def _(answer):
    """Noise alone."""
    inputs = np.zeros((3, 2)), 0.5, 3.0, 10, _Ones()
    mistakes = [(lambda g, C, sigma, L, rng: np.full(2, sigma / L), "The noise must grow with C, which it hides."),
                (lambda g, C, sigma, L, rng: np.full(2, sigma * C), "The noise is divided by L, too."),
                (lambda g, C, sigma, L, rng: np.full(2, 3 * sigma * C / L), "The noise comes once, not for each one."),
                (lambda g, C, sigma, L, rng: np.zeros(2), "The noise is missing.")]
    what = "for three gradients of 0, C = 0.5, sigma = 3, L = 10 and noise drawn as 1, the result"
    compare(answer, inputs, np.full(2, 0.15), what, inputs, mistakes)


# -- the account -----------------------------------------------------------------------------------------------------
epsilon = exercise("20.epsilon", "the smallest of r + ln(1/δ) / (α - 1)",
                   "compute it for all orders at once, then np.min.")


@epsilon.property
def _(answer):
    from hypothesis import strategies as st
    orders = np.array([1.5, 2, 4, 8, 16, 32, 64])

    def each(a, r, delta):
        return r + np.log(1 / delta) / (a - 1)
    mistakes = [(each, "One number: the smallest."),
                (lambda a, r, delta: each(a, r, delta)[0], "The best order is not always at an end."),
                (lambda a, r, delta: each(a, r, delta)[-1], "The best order is not always at an end."),
                (lambda a, r, delta: each(a, r, delta).max(), "Every order's bound holds: the smallest may be used."),
                (lambda a, r, delta: np.min(r + np.log(delta) / (a - 1)), "ln(1/δ) is positive, and it is added."),
                (lambda a, r, delta: np.min(r), "Where is δ?")]
    telling = orders, np.array([0.1, 9.0, 0.5, 0.9, 1.7, 3.3, 6.5]), 1e-2      # its largest is not at an end

    def property(noise, delta):
        r = orders / (2 * noise ** 2)
        compare(answer, (orders, r, delta), each(orders, r, delta).min(), "ε", telling, mistakes)
    for_all(property, noise=st.sampled_from([2.0, 1.0, 4.0, 10.0]), delta=st.sampled_from([1e-5, 1e-3, 1e-8]))
