"""Exercises of notebook 16: predicting prices."""
import numpy as np

from ..checking import Wrong, array, exercise, kind
from ..drawing import made, one_of, whole

blocks = exercise(
    "16.blocks", "each block is forecast from all days before it, and none after",
    "the first block begins on day `first`. On which day does the next begin, and when is there none any more?",
    "start runs over range(first, days, every). What may be used for training before day start? All days before it.",
    "two np.arange for each block: the days before start, and the days from start on, `every` of them, but none "
    "beyond the last.")


@blocks.property(examples=100, days=whole(5, 40), first=whole(2, 10), every=whole(1, 9))
def from_the_past(answer, days, first, every):
    first = min(first, days - 1)
    given = answer(days, first, every)
    try:
        found = [(array(training, "training days"), array(test, "test days")) for training, test in given]
    except (TypeError, ValueError):
        raise Wrong(f"expected a list of pairs of arrays, got {kind(given)}.") from None
    for training, test in found:
        _none_ahead(training, test)
    _each_day_once(np.concatenate([test for _, test in found]) if found else np.empty(0), first, days)
    for k, (training, test) in enumerate(found):
        start = first + k * every
        if test.tolist() != list(range(start, min(start + every, days))):
            raise Wrong(f"block {k} should be the days {start} ... {min(start + every, days) - 1}, and is "
                        f"{test.tolist()}.")
        if sorted(training.tolist()) != list(range(start)):
            raise Wrong(f"the block from day {start} is trained on {len(np.unique(training))} days; all {start} "
                        "before it were expected, each once.")


def _none_ahead(training, test):
    """No day is forecast after training on it, or on a later one."""
    for days_of, what in ((training, "training"), (test, "test")):
        if days_of.ndim != 1 or days_of.size and days_of.dtype.kind not in "iu":
            raise Wrong(f"the {what} days: expected an array of whole numbers, got {days_of.tolist()}.")
    ahead = np.intersect1d(training, test)
    if len(ahead):
        raise Wrong(f"day {ahead[0]} is tested, and trained on for it: that is look-ahead.")
    if len(test) and len(training) and training.max() > test.min():
        raise Wrong(f"day {test.min()} is forecast after training on day {training.max()}, which comes later.")


def _each_day_once(tested, first, days):
    missing = np.setdiff1d(np.arange(first, days), tested)
    if len(missing):
        raise Wrong(f"day {missing[0]} is never tested; it should be all of {first} ... {days - 1}.")
    if tested.tolist() != list(range(first, days)):
        why = "some are tested twice, too early, or out of order"
        if tested.max() >= days:
            why = f"day {int(tested.max())} doesn't exist"
        raise Wrong(f"the test days should be {first} ... {days - 1}, each once: {why}.")


# -- volatility ------------------------------------------------------------------------------------------------------
def _ewma(squared, decay):
    variance = squared[0]
    for s in squared[1:]:
        variance = decay * variance + (1 - decay) * s
    return variance


exercise(
    "16.ewma", "decay · old + (1 - decay) · new, day by day",
    "what do you know after the first day? Its squared return, and nothing else.",
    "then day by day: how much of what you had stays, and how much of the new day comes in? The two shares add up to "
    "1.",
    "a loop over squared[1:], with one number that is replaced each time.",
).equals(_ewma, "the variance", made(
    lambda rng, days, decay: (rng.exponential(2, days).round(1), decay), days=whole(1, 6),
    decay=one_of(0.5, 0.8, 0.94)), [
    (lambda squared, decay: _ewma(squared, 1 - decay), "decay goes with the old one, 1 - decay with the new."),
    (lambda squared, decay: _ewma(squared[::-1], decay), "Oldest first: you began with the last."),
    (lambda squared, decay: _ewma(squared[:-1] if len(squared) > 1 else squared, decay), "The last day is missing."),
    (lambda squared, decay: _ewma(np.append(0, squared), decay), "Begin with the first squared return, not with 0."),
    (lambda squared, decay: squared.mean(), "That is the plain mean."),
    (lambda squared, decay: _ewma(np.append(squared[0], squared), decay), "The first day comes in twice."),
    (lambda squared, decay: np.sqrt(_ewma(squared, decay)), "That is σ; its square was asked for.")])


# -- is it better? ---------------------------------------------------------------------------------------------------
def _losses(rng, days):
    common = rng.exponential(1, days)
    return (common + rng.exponential(0.5, days)).round(1), (common + rng.exponential(0.4, days)).round(1)


def _dm(a, b, root=lambda n: np.sqrt(n), spread=np.std):
    return (a - b).mean() / spread(a - b) * root(len(a))


def _by_the_answer(answer, loss_a, loss_b):
    got = answer(loss_a, loss_b)
    with_n_less_1 = _dm(loss_a, loss_b, spread=lambda d: d.std(ddof=1))
    return _dm(loss_a, loss_b) if np.isclose(array(got, "the statistic", ()), with_n_less_1) else got


exercise(
    "16.dm", "the mean of the difference in units of its standard error",
    "both forecasts had the same good and bad days. Which numbers tell day by day which was better?",
    "d = loss_a - loss_b. How far would the mean of n such numbers stray by chance?",
    "by their standard deviation divided by √n. How many of these is the mean away from 0?",
).equals(lambda loss_a, loss_b: _dm(loss_a, loss_b), "the statistic", made(_losses, days=whole(12, 30)), [
    (lambda a, b: _dm(a, b, lambda n: 1), "The error of a *mean* is the standard deviation divided by √n."),
    (lambda a, b: _dm(a, b, lambda n: n), "Divide the standard deviation by √n, not by n."),
    (lambda a, b: _dm(a, b, spread=np.var), "That is the variance; its root is wanted."),
    (lambda a, b: (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / len(a)),
     "Take the difference day by day first: its spread, not that of each loss."),
    (lambda a, b: (a - b).mean(), "That is the mean; how large is its error?"),
    (lambda a, b: _dm(b, a), "The sign is wrong: a less b.")], through=_by_the_answer)


# -- trading ---------------------------------------------------------------------------------------------------------
def _trades(rng, days, basis_points):
    return rng.choice([-1.0, -0.5, 0.0, 1.0], days), rng.normal(0, 2, days).round(1), basis_points


def _earned(position, returns, basis_points, size=np.abs, before=0.0, unit=100):
    change = np.diff(position, prepend=position[0] if before is None else before)
    return np.sum(position * returns) - size(change).sum() * basis_points / unit


exercise(
    "16.earned", "Σ position · return - Σ |change of position| · cost",
    "what comes in on day t if you hold position[t] over it? And when does trading cost: while you hold, or when you "
    "change?",
    "np.diff(position, prepend=0) gives the changes, the first one from nothing. Buying and selling cost alike.",
    "the size of each change costs basis_points; how many percent is one of these?",
).equals(_earned, "the total", made(_trades, days=whole(1, 6), basis_points=one_of(0, 5, 10, 50)), [
    (lambda p, r, c: _earned(p, r, 0), "The costs are missing."),
    (lambda p, r, c: _earned(p, r, c, before=None), "Getting in costs, too: before the first day the position is 0."),
    (lambda p, r, c: _earned(p, r, c, size=lambda d: d), "Selling costs as well: the *size* of each change."),
    (lambda p, r, c: _earned(p, r, c, size=np.sign), "Selling costs as well: the *size* of each change."),
    (lambda p, r, c: _earned(p, r, c, size=lambda d: d != 0), "From 1 to -1 is a change of 2, and costs twice."),
    (lambda p, r, c: np.sum(p * r) - np.abs(p).sum() * c / 100, "Only changes cost, not holding."),
    (lambda p, r, c: _earned(p, r, c, unit=1), "A basis point is a hundredth of a percent."),
    (lambda p, r, c: _earned(p, r, -c), "Costs are paid, not earned."),
    (lambda p, r, c: _earned(p, r, c) - np.sum(p * r) + np.sum(p[:-1] * r[1:]),
     "position[t] is held over day t: it needn't be moved by a day.")], examples=100)
