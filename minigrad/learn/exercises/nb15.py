"""Exercises of notebook 15: a diagnosis, and how far to trust it."""
import numpy as np

from ..checking import Wrong, exercise, number
from ..comparing import several
from ..drawing import made, numbers, one_of, whole
from ..watching import uses_generator


def _wins(sick, healthy, ties=0.5):
    pairs = np.subtract.outer(sick, healthy)
    return (pairs > 0) + ties * (pairs == 0)


exercise(
    "15.area", "how often a sick patient is ranked above a healthy one",
    "compare every sick patient with every healthy one. How do you get all differences at once?",
    "sick[:, None] - healthy[None, :] has a row for each sick one. In which share of the pairs is it above 0?",
    "and a pair that is ranked alike is half a success.",
).equals(lambda sick, healthy: _wins(sick, healthy).mean(), "the share", made(
    lambda rng, sick, healthy: (rng.integers(1, 10, sick) / 10, rng.integers(0, 9, healthy) / 10),
    sick=whole(1, 5), healthy=whole(1, 5)), [
    (lambda sick, healthy: _wins(sick, healthy, 0).mean(), "Equal pairs count half."),
    (lambda sick, healthy: _wins(sick, healthy, 1).mean(), "Equal pairs count half, not whole."),
    (lambda sick, healthy: _wins(healthy, sick).mean(), "The sick one should be the higher."),
    (lambda sick, healthy: _wins(sick, healthy).sum(), "That is their number; divide by that of all pairs."),
    (lambda sick, healthy: float(sick.mean() > healthy.mean()), "Pairs are compared, not means.")], examples=100)


def _precision(q, r, f):
    return q * r / (q * r + (1 - q) * f)


exercise(
    "15.precision_in", "hits / (hits + alarms)",
    "think of 1,000 people. How many are sick, and how many of these are called so?",
    "hits: a share `recall` of the sick. False alarms: a share false_positive_rate of the others. How many are the "
    "others?",
    "of all who are called sick, hits and alarms together, which share are hits?",
).equals(lambda prevalence, recall, false_positive_rate: _precision(prevalence, recall, false_positive_rate),
         "the precision",
         dict(prevalence=numbers(0.01, 0.99, 2), recall=numbers(0.01, 1, 2), false_positive_rate=numbers(0.01, 1, 2)), [
    (lambda q, r, f: r / (r + f), "That forgets how many are sick and how many healthy."),
    (lambda q, r, f: q * r / (q * r + q * f), "The false alarms come from the healthy, 1 - prevalence of all."),
    (lambda q, r, f: q * r / (q * r + f), "Only the healthy can be false alarms: 1 - prevalence of all."),
    (lambda q, r, f: q * r, "That is the share of all who are sick and called so; of those *called sick* is asked."),
    (lambda q, r, f: q * r + (1 - q) * f, "That is the share of all who are called sick."),
    (lambda q, r, f: 1 - _precision(q, r, f), "That is the share of false alarms among those called sick.")])

# -- the bootstrap ---------------------------------------------------------------------------------------------------
bootstrap = exercise(
    "15.bootstrap", "patients drawn again, with replacement, and the middle 95 % of what comes out",
    "one draw: n patients from the n, some twice, some not at all. What is computed of them?",
    "rng.integers(n, size=n) draws n row numbers; statistic(values[rows]) is one result. Do that `draws` times.",
    "the middle 95 % of the results lies between two percentiles: how much is left out at each end?")


def _ends(answer, statistic, values, draws, rng):
    low, high = several(answer(statistic, values, draws, rng), ("low", "high"))
    low, high = number(low, "low"), number(high, "high")
    if high < low:
        raise Wrong("low comes before high.")
    return low, high


def _sizes(answer, draws):
    """The shapes of the samples of which the statistic was taken."""
    sizes = []

    def counting(sample):
        sizes.append(np.shape(sample))
        return np.mean(sample)
    _ends(answer, counting, np.random.default_rng(0).normal(size=7), draws, np.random.default_rng(0))
    return sizes


@bootstrap.property
def as_often_as_told(answer):
    sizes = _sizes(answer, 40)
    if set(sizes) == {(7,)} and len(sizes) not in (40, 41):     # once more, for the values themselves, does no harm
        raise Wrong(f"for draws = 40 the statistic was taken {len(sizes)} time{'s' * (len(sizes) != 1)}.")


@bootstrap.property(examples=5, values=made(lambda rng, n: rng.normal(3, 2, n).round(2), n=one_of(100, 200)))
def as_theory_says_of_a_mean(answer, values):
    """Two standard errors to each side, or nearly; each percentile of 2,000 draws is known to about 3 % of that."""
    low, high = _ends(answer, np.mean, values, 2000, np.random.default_rng(len(values)))
    middle, half, error = (low + high) / 2, (high - low) / 2, values.std() / np.sqrt(len(values))
    if half < 1e-9:
        raise Wrong("the interval has no width: every draw gave the same. Draw with replacement, a new sample each "
                    "time.")
    width = half / (1.96 * error)
    if width > 5:
        raise Wrong(f"the interval of a mean of {len(values)} values is {width:.3g} times too wide: as wide as the "
                    "values "
                    "themselves. Each draw takes n values, and the statistic of all of them.")
    if not 0.92 < width < 1.08:
        why = "That would be the middle 90 %." if 0.80 < width < 0.88 else \
            "That would be the middle 99 %." if 1.25 < width < 1.4 else ""
        raise Wrong(f"the interval of a mean should be 1.96 standard errors to each side; yours is {1.96 * width:.3g}.",
                    why)
    if abs(middle - values.mean()) > 0.2 * error:
        raise Wrong(f"the middle of the interval is {middle:.4g}; the mean of the values is {values.mean():.4g}.")


@bootstrap.property
def of_any_statistic(answer):
    """That of the largest value never exceeds it; and its smallest and largest draws are left out."""
    low, high = _ends(answer, np.max, np.arange(50.0), 500, np.random.default_rng(0))
    if not (44 <= low <= 48 and high == 49):
        raise Wrong(f"for the statistic np.max of 0 ... 49 the interval is ({low:.4g}, {high:.4g}); about (46, 49) was "
                    "expected: is `statistic` used?")


@bootstrap.property(draws=one_of(1001, 2001, 4001))
def the_middle_95_percent(answer, draws):
    """Of a statistic that gives 0, 1, 2, ...: what lies between is known, to a place or two."""
    count = iter(range(draws + 9))
    low, high = _ends(answer, lambda sample: float(next(count)), np.arange(3.0), draws, np.random.default_rng(0))
    for got, share in ((low, 0.025), (high, 0.975)):
        if abs(got - share * (draws - 1)) > 2:
            raise Wrong(f"below {'low' if share < 0.5 else 'high'} lie {got / (draws - 1):.2%} of the results, "
                        "expected "
                        f"{share:.1%}.", "That would be the middle 90 %." if abs(got / draws - 0.5) < 0.455 else
                        "That would be the middle 99 %." if abs(got / draws - 0.5) > 0.49 else "")


@bootstrap.property
def of_samples_as_large_as_the_values(answer):
    if sizes := sorted(set(_sizes(answer, 40)) - {(7,)}):
        raise Wrong(f"for 7 values the statistic was taken of samples of shapes {sizes}: each has 7 values, too.")
    uses_generator(answer, np.mean, np.random.default_rng(0).normal(size=7), 40)


# -- prices ----------------------------------------------------------------------------------------------------------
exercise(
    "15.threshold", "alarm / (miss + alarm)",
    "a patient is sick with probability p. What does it cost on average to call; what, not to call?",
    "calling costs `alarm` if the patient is healthy, not calling costs `miss` if the patient is sick. Where are the "
    "two alike?",
    "(1 - p) · alarm = p · miss: solve for p.",
).equals(lambda miss, alarm: alarm / (miss + alarm), "the threshold", dict(miss=whole(1, 30), alarm=whole(1, 30)), [
    (lambda miss, alarm: miss / (miss + alarm), "The dearer a miss, the *lower* the threshold."),
    (lambda miss, alarm: alarm / miss, "That compares p · miss with alarm; but an alarm costs only if the patient is "
                                       "healthy: "
                                       "(1 - p) · alarm."),
    (lambda miss, alarm: 0.5, "It depends on the prices."),
    (lambda miss, alarm: 1 / (miss + 1), "An alarm has a price too: divide by it.")])
