"""Exercises of notebook 16: predicting prices."""
import numpy as np

from ..checking import NotDone, Wrong, call, exercise, for_all, same
from ..drawing import seeds

blocks = exercise("16.blocks", "each block is forecast from all days before it, and none after",
                  "start runs over range(first, days, every); training np.arange(start), test "
                  "np.arange(start, min(start + every, days)).")


@blocks.property
def _(answer):
    from hypothesis import strategies as st

    def property(days, first, every):
        first = min(first, days - 1)
        try:
            got = [(np.asarray(training), np.asarray(test)) for training, test in call(answer, days, first, every)]
        except TypeError:
            raise NotDone from None
        for training, test in got:
            ahead = np.intersect1d(training, test)
            if len(ahead):
                raise Wrong(f"day {ahead[0]} is tested, and trained on for it: that is look-ahead.")
            if len(test) and len(training) and training.max() > test.min():
                raise Wrong(f"day {test.min()} is forecast after training on day {training.max()}, which comes later.")
        tested = np.concatenate([test for _, test in got]) if got else np.empty(0)
        missing = np.setdiff1d(np.arange(first, days), tested)
        if len(missing):
            raise Wrong(f"day {missing[0]} is never tested; it should be all of {first} ... {days - 1}.")
        if len(tested) != days - first:
            why = "some days are tested twice, or too early"
            if tested.max() >= days:
                why = f"day {int(tested.max())} doesn't exist"
            raise Wrong(f"the test days should be {first} ... {days - 1}, each once: {why}.")
        for training, test in got:
            if len(test) != min(every, days - test.min()):
                raise Wrong(f"the block from day {test.min()} has {len(test)} days, "
                            f"expected {min(every, days - test.min())}.")
            if len(np.unique(training)) != test.min():
                raise Wrong(f"the block from day {test.min()} is trained on {len(np.unique(training))} days; "
                            f"all {test.min()} before it were expected.")
    for_all(property, days=st.integers(5, 40), first=st.integers(2, 10), every=st.integers(1, 9))


ewma = exercise("16.ewma", "decay · old + (1 - decay) · new, day by day",
                "variance = squared[0]; then for each s in squared[1:]: variance = decay * variance + (1 - decay) * s.")


@ewma.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, days, decay):
        squared = np.random.default_rng(seed).exponential(2, days).round(1)

        def mean(s, decay):
            out = s[0]
            for one in s[1:]:
                out = decay * out + (1 - decay) * one
            return out
        got, right = call(answer, squared.copy(), decay), mean(squared, decay)
        same(got, right, f"for {squared.tolist()} the variance", guesses=(
            (mean(squared, 1 - decay), "decay goes with the old one, 1 - decay with the new."),
            (mean(squared[::-1], decay), "Oldest first: you began with the last."),
            (mean(squared[:-1], decay), "The last day is missing."),
            (mean(np.append(0, squared), decay), "Begin with the first squared return, not with 0."),
            (squared.mean(), "That is the plain mean."),
            (np.sqrt(mean(squared, decay)), "That is σ; its square was asked for.")))
    for_all(property, seed=seeds(), days=st.integers(3, 6), decay=st.sampled_from([0.5, 0.8, 0.94]))


dm = exercise("16.dm", "the mean of the difference in units of its standard error",
              "d = loss_a - loss_b; d.mean() / (d.std() / np.sqrt(len(d))).")


@dm.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, days):
        a, b = np.random.default_rng(seed).exponential(1, (2, days)).round(1)
        d, root = a - b, np.sqrt(days)
        got, right = np.asarray(call(answer, a.copy(), b.copy()), float), d.mean() / d.std() * root
        if got.shape == () and np.isclose(got, d.mean() / d.std(ddof=1) * root):
            return                          # with n - 1: as good
        unpaired = (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / days)
        same(got, right, "the statistic", guesses=(
            (d.mean() / d.std(), "The error of a *mean* is the standard deviation divided by √n."),
            (d.mean() / d.std() * days, "Divide the standard deviation by √n, not by n."),
            (d.mean() / d.var() * root, "That is the variance; its root is wanted."),
            (unpaired, "Take the difference day by day first: its spread, not that of each loss."),
            (d.mean(), "That is the mean; how large is its error?")))
    for_all(property, seed=seeds(), days=st.integers(12, 30))


earned = exercise("16.earned", "Σ position · return - Σ |change of position| · cost",
                  "np.diff(position, prepend=0) gives the changes, from 0 before the first day.")


@earned.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, days, basis_points):
        rng = np.random.default_rng(seed)
        position, returns = rng.integers(-1, 2, days).astype(float), rng.normal(0, 2, days).round(1)
        position[0], position[-3:] = 1, (-1, 1, -1)         # changes of 1 and of 2, so that all mistakes show
        gross, cost = np.sum(position * returns), basis_points / 100
        change = np.diff(position, prepend=0)
        got = np.asarray(call(answer, position.copy(), returns.copy(), basis_points), float)
        same(got, gross - np.abs(change).sum() * cost, f"for positions {position.tolist()} the total", guesses=(
            (gross, "The costs are missing."),
            (gross - np.abs(change[1:]).sum() * cost, "Getting in costs, too: before the first day the position is 0."),
            (gross - change.sum() * cost, "Selling costs as well: the *size* of each change."),
            (gross - np.count_nonzero(change) * cost, "From 1 to -1 is a change of 2, and costs twice."),
            (gross - np.abs(position).sum() * cost, "Only changes cost, not holding."),
            (gross - np.abs(change).sum() * basis_points, "A basis point is a hundredth of a percent."),
            (gross + np.abs(change).sum() * cost, "Costs are paid, not earned."),
            (np.sum(position[:-1] * returns[1:]) - np.abs(change).sum() * cost,
             "position[t] is held over day t: it needn't be moved by a day.")))
    for_all(property, seed=seeds(), days=st.integers(4, 6), basis_points=st.sampled_from([5, 10, 50]))
