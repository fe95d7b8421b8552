"""Exercises of notebook 15: a diagnosis, and how far to trust it."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import seeds

area = exercise("15.area", "how often a sick patient is ranked above a healthy one",
                "sick[:, None] - healthy[None, :] holds the difference of every pair; take the mean of "
                "(difference > 0), and of half of (difference == 0).")


@area.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, sick, healthy):
        rng = np.random.default_rng(seed)
        a, b = rng.integers(1, 10, sick) / 10, rng.integers(0, 9, healthy) / 10
        pairs = np.subtract.outer(a, b)
        got, right = call(answer, a.copy(), b.copy()), np.mean((pairs > 0) + (pairs == 0) / 2)
        same(got, right, f"the share for sick {a.tolist()} and healthy {b.tolist()}", guesses=(
            (np.mean(pairs > 0), "Equal pairs count half."),
            (np.mean(pairs >= 0), "Equal pairs count half, not whole."),
            (np.mean((pairs < 0) + (pairs == 0) / 2), "The sick one should be the higher."),
            (np.sum((pairs > 0) + (pairs == 0) / 2), "That is their number; divide by that of all pairs.")))
    for_all(property, seed=seeds(), sick=st.integers(1, 5), healthy=st.integers(1, 5))


precision_in = exercise("15.precision_in", "hits / (hits + alarms)",
                        "of 1,000 people prevalence · 1,000 are sick, of whom a share of recall is called so; of the "
                        "others a share of false_positive_rate is called sick.")


@precision_in.property
def _(answer):
    from hypothesis import strategies as st
    share = st.integers(1, 19).map(lambda k: k / 20)

    def property(prevalence, recall, false_positive_rate):
        q, r, f = prevalence, recall, false_positive_rate
        got = np.asarray(call(answer, q, r, f), float)
        same(got, q * r / (q * r + (1 - q) * f), "the precision", guesses=(
            (r / (r + f), "That forgets how many are sick and how many healthy."),
            (q * r / (q * r + q * f), "The false alarms come from the healthy, 1 - prevalence of all."),
            (q * r / (q * r + f), "Only the healthy can be false alarms: 1 - prevalence of all."),
            (q * r, "That is the share of all who are sick and called so; of those *called sick* is asked."),
            (q * r + (1 - q) * f, "That is the share of all who are called sick.")))
    for_all(property, prevalence=share, recall=share, false_positive_rate=share)


bootstrap = exercise("15.bootstrap", "patients drawn again, with replacement, and the middle 95 % of what comes out",
                     "for each draw: rows = rng.integers(n, size=n), then statistic(values[rows]); at the end "
                     "np.percentile(results, [2.5, 97.5]).")


@bootstrap.property
def _(answer):
    """For a mean, theory knows the interval: two standard errors to each side."""
    def property(seed):
        rng = np.random.default_rng(seed)
        values = rng.normal(3, 2, 200)
        got = np.asarray(call(answer, np.mean, values.copy(), 2000, rng), float)
        if got.shape != (2,):
            raise Wrong(f"the interval is (low, high); yours has shape {got.shape}.")
        low, high = got
        middle, half, error = (low + high) / 2, (high - low) / 2, values.std() / np.sqrt(200)
        if high < low:
            raise Wrong("low comes before high.")
        if half < 1e-9:
            raise Wrong("the interval has no width: every draw gave the same. Draw with replacement, a new sample each "
                        "time.")
        width = half / (1.96 * error)
        if width > 5:
            raise Wrong(f"the interval of a mean of 200 values is {width:.3g} times too wide: as wide as the values "
                        "themselves. Each draw takes n values, and the statistic of all of them.")
        if not 0.88 < width < 1.12:
            why = " That would be the middle 90 %." if 0.78 < width < 0.88 else ""
            raise Wrong("the interval of a mean should be 1.96 standard errors to each side; "
                        f"yours is {1.96 * width:.3g}.{why}")
        if abs(middle - values.mean()) > 0.3 * error:
            raise Wrong(f"the middle of the interval is {middle:.4g}; the mean of the values is {values.mean():.4g}.")
    for_all(property, 5, seed=seeds())


@bootstrap.property
def _(answer):
    """Of any statistic: that of the largest value never exceeds it."""
    rng = np.random.default_rng(0)
    values = np.arange(50.0)
    low, high = call(answer, np.max, values, 500, rng)
    if not (44 <= low <= 48 and high == 49):
        raise Wrong(f"for the statistic np.max of 0 ... 49 the interval is ({low:.4g}, {high:.4g}); about (46, 49) was "
                    "expected: is `statistic` used?")


threshold = exercise("15.threshold", "alarm / (miss + alarm)",
                     "calling costs (1 - p) · alarm, not calling costs p · miss: solve for the p where they are equal.")


@threshold.property
def _(answer):
    from hypothesis import strategies as st

    def property(miss, alarm):
        got = np.asarray(call(answer, miss, alarm), float)
        same(got, alarm / (miss + alarm), "the threshold", guesses=(
            (miss / (miss + alarm), "The dearer a miss, the *lower* the threshold."),
            (alarm / miss, "That compares p · miss with alarm; but an alarm costs only if the patient is healthy: "
                           "(1 - p) · alarm."),
            (0.5, "It depends on the prices."),
            (1 / (miss + 1), "An alarm has a price too: divide by it.")))
    price = st.integers(2, 30)
    for_all(property, miss=price, alarm=price)
