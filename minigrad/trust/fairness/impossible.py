"""Why no classifier is fair in every sense: where y = 1 is more common in one group, the measures exclude each other.

Counting people in a group gives an identity, whatever the classifier:

    FPR = p / (1 - p) · (1 - PPV) / PPV · TPR,      p = P(y = 1)                (Chouldechova 2017, eq. 2.6)

So groups with the same PPV and TPR but different p have different FPR.  And for scores: if they are calibrated in each
group, their mean is p there, and then the mean score of y = 1 and that of y = 0 can't both be the same in both groups,
unless prediction is perfect or the p are equal.  (Kleinberg, Mullainathan and Raghavan 2016)
"""
import numpy as np

from ...support.arguments import number, share, shown
from ...support.meanings import checked
from .measures import _checked


@checked
def implied_fpr(base, ppv, tpr):
    """The false positive rate that the other three leave no choice of: p / (1 - p) · (1 - PPV) / PPV · TPR.

    Shares from 0 to 1, base below 1 and ppv above 0 (ValueError); a result above 1 says that no classifier has these.
    """
    base, tpr = share("implied_fpr: base", base), share("implied_fpr: tpr", tpr, one=True)
    ppv = number("implied_fpr: ppv", ppv, above=0, high=1)
    return base / (1 - base) * (1 - ppv) / ppv * tpr


@checked
def class_balance(y, s, group):
    """{group: (mean s where y = 0, mean s where y = 1, mean s, mean y)}: Kleinberg et al.'s conditions at a glance.

    Balance for the negative and for the positive class ask that the first two are equal over groups; calibration
    implies that the last two are equal within each.
    """
    group, y = _checked("class_balance", group, y=y)
    s = np.asarray(s, float)
    return {g: tuple(float(np.mean(v)) if v.size else float("nan") for v in (
        s[member & ~y], s[member & y], s[member], y[member])) for g in np.unique(group).tolist()
        for member in [group == g]}


@checked
def thresholds_for(target, y, s, group, rate="selection"):
    """{group: threshold t}, so that d = (s > t) has about the same rate in each group: postprocessing.

    rate    "selection": target = P(s > t | g);  "tpr": P(s > t | y = 1, g);  "fpr": P(s > t | y = 0, g)
    (Hardt, Price and Srebro 2016; without their randomisation)
    """
    group, y = _checked("thresholds_for", group, y=y)
    if rate not in ("selection", "tpr", "fpr") or not 0 <= target <= 1:
        raise ValueError('thresholds_for: rate is "selection", "tpr" or "fpr", target from 0 to 1; '
                         f"got {shown(rate)} and {target}")
    among = {"selection": np.ones_like(y), "tpr": y, "fpr": ~y}[rate]
    s, groups = np.asarray(s, float), np.unique(group).tolist()
    if missing := [g for g in groups if not (among & (group == g)).any()]:
        raise ValueError(f"thresholds_for: nobody of group {missing[0]!r} has y = {int(rate == 'tpr')}: "
                         f"there is no {rate}")
    return {g: float(np.quantile(s[among & (group == g)], 1 - target)) for g in groups}


@checked
def decide(s, group, thresholds):
    """d (n,) = 1 where s is above the threshold of one's group: an array of int64."""
    return (np.asarray(s) > np.array([thresholds[g] for g in np.asarray(group).tolist()])).astype(np.int64)
