"""Exercises of notebook 19: fairness."""
import numpy as np
from hypothesis import strategies as st

from ..checking import exercise
from ..drawing import made, normal, one_of, shapes, whole


def _people(least=1):
    """Arrays of labels 0 and 1, and of names of groups, of the same length."""
    rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc")), min_size=least, max_size=12)
    return rows.map(lambda rows: tuple(map(np.array, zip(*rows))))


CROWD = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0]), np.array(list("aaaaaabbbbbc"))


# -- demographic parity ----------------------------------------------------------------------------------------------
def _shares(d, group):
    return np.array([d[group == g].mean() for g in np.unique(group)])


def _counts(d, group):
    return np.array([d[group == g].sum() for g in np.unique(group)])


exercise(
    "19.parity", "the largest share selected less the smallest",
    "which share of each group is selected? np.unique(group) names the groups: there may be any number of them.",
    "d[group == g] are the decisions about one group; d is 0 or 1, so their mean is the share.",
    "of all the shares, how far apart are the two that are farthest apart?",
).equals(lambda d, group: np.ptp(_shares(d, group)), "the gap", _people(), [
    (lambda d, group: -np.ptp(_shares(d, group)), "The largest less the smallest, not the other way round: the sign "
                                                  "is wrong."),
    (lambda d, group: np.ptp(_counts(d, group)), "You compared numbers of people; compare shares of each group."),
    (lambda d, group: np.ptp(_counts(d, group) / len(d)), "Each share is of its own group, not of all people."),
    (lambda d, group: abs(_shares(d, group)[0] - _shares(d, group)[1]), "There may be more than two groups, or one."),
    (lambda d, group: abs(_shares(d, group)[0] - _shares(d, group)[-1]), "There may be more than two groups."),
    ], examples=150, also=[CROWD])


# -- Wilson's interval -----------------------------------------------------------------------------------------------
def _wilson(k, n, z):
    p = k / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _plain(k, n, z):
    half = z * np.sqrt(k / n * (1 - k / n) / n)
    return k / n - half, k / n + half


exercise(
    "19.wilson", "Wilson's interval, which never leaves 0 to 1",
    "square both sides: (k - n p)² = z² n p (1 - p). Multiply out, and sort by powers of p.",
    "divided by n, the coefficient of p² is n + z². Which are those of p and of 1?",
    "the solutions of a p² - b p + c = 0 are (b ± √(b² - 4 a c)) / 2a. The lower one comes first.",
).equals(_wilson, ("low", "high"), made(lambda rng, n, share, z: (round(share * n), n, z), n=whole(1, 1000),
                                        share=one_of(0, 0.1, 0.5, 0.9, 1), z=one_of(1.0, 1.96, 3.0)), [
    (_plain, "That is p ± z √(p (1 - p)/n), which is certain at k = 0."),
    (lambda k, n, z: tuple(v * (1 + z * z / n) for v in _wilson(k, n, z)), "The division by 1 + z²/n is missing."),
    (lambda k, n, z: _wilson(k, n, z)[::-1], "The lower end comes first.")], also=[(3, 10, 1.5)])


# -- the impossible --------------------------------------------------------------------------------------------------
def _counted(rng, hits, misses, false_alarms, rejections):
    """Base rate, precision and true positive rate of a made-up group with these numbers of people."""
    positive, negative = hits + misses, false_alarms + rejections
    return positive / (positive + negative), hits / (hits + false_alarms), hits / positive


COMMON = "How common y = 1 is, p, decides how many there are of each."

exercise(
    "19.implied_fpr", "p / (1 - p) · (1 - PPV) / PPV · TPR",
    "of all people, which share is rightly selected? p · tpr.",
    "they are a share ppv of all who are selected. So how many are selected, and how many of these wrongly?",
    "those selected wrongly are the false positives; FPR is their share of everybody with y = 0, that is, of 1 - p.",
).equals(lambda p, ppv, tpr: p / (1 - p) * (1 - ppv) / ppv * tpr, "FPR", made(
    _counted, hits=whole(1, 20), misses=whole(0, 20), false_alarms=whole(0, 20), rejections=whole(1, 20)), [
    (lambda p, ppv, tpr: (1 - ppv) / ppv * tpr, COMMON), (lambda p, ppv, tpr: p * (1 - ppv) / ppv * tpr, COMMON),
    (lambda p, ppv, tpr: (1 - p) / p * (1 - ppv) / ppv * tpr, "p / (1 - p) is upside down."),
    (lambda p, ppv, tpr: p / (1 - p) * (1 - ppv) * tpr, "The hits are a share PPV of the selected: divide by it."),
    (lambda p, ppv, tpr: p / (1 - p) * tpr / ppv, "Those are all that are selected; which of them wrongly?"),
    (lambda p, ppv, tpr: 1 - tpr, "1 - TPR is the share of y = 1 that was missed.")])


# -- reweighing ------------------------------------------------------------------------------------------------------
def _weights(f):
    """Weights by a formula of P(y), P(g) and P(y, g)."""
    return lambda y, group: np.array([f(np.mean(y == label), np.mean(group == g), np.mean((y == label) & (group == g)))
                                      for label, g in zip(y, group)])


_reweighed = _weights(lambda label, g, both: label * g / both)

exercise(
    "19.reweigh", "P(g) P(y) / P(g, y)",
    "if label and group had nothing to do with one another, how common would each combination be? And how common is "
    "it?",
    "np.mean of a condition is its probability: np.mean(y == label), np.mean(group == g), and both together with &.",
    "everybody with the same label and group gets the same weight: fill an array combination by combination.",
).equals(lambda y, group: _reweighed(y, group), "the weights", _people(), [
    (_weights(lambda label, g, both: both / (label * g)), "It is upside down: rare combinations must count more."),
    (_weights(lambda label, g, both: 1 / both), "All combinations become equally common; P(g) and P(y) must stay."),
    (_weights(lambda label, g, both: 1 / g), "That weighs groups; the label must matter too."),
    (_weights(lambda label, g, both: g / both), "P(y) is missing, so the mean weight isn't 1."),
    (_weights(lambda label, g, both: label / both), "P(g) is missing, so the mean weight isn't 1.")], examples=100,
         also=[CROWD])

# -- the reversed gradient -------------------------------------------------------------------------------------------
exercise(
    "19.reverse", "forward nothing, backward the opposite",
    "forward y = x. What would an honest rule give back for the cotangent g?",
    "g itself. The network in front should do the opposite of what helps the adversary: what must it be told?",
    "the opposite of g, as strongly as `strength` says.",
).equals(lambda g, y, x, strength: -strength * g, "the cotangent of x", made(
    lambda rng, shape, strength: (normal(rng, *shape), x := normal(rng, *shape), x, strength), shape=shapes(0, 1, 2),
    strength=one_of(0.5, 1.0, 3.0)), [
    (lambda g, y, x, strength: -strength + 0 * g, "The gradient g is missing."),
    (lambda g, y, x, strength: -strength * x, "That is x; what comes back is g."),
    (lambda g, y, x, strength: g, "So the classifier would help the adversary; turn it round."),
    (lambda g, y, x, strength: strength * g, "The sign is wrong: so the classifier would help the adversary; turn it "
                                             "round."),
    (lambda g, y, x, strength: -g, "The strength is missing.")])
