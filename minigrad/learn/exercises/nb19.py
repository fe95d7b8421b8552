"""Exercises of notebook 19: fairness."""
import numpy as np

from ..checking import exercise, for_all
from ..naming import compare


def _people(least=1):
    """Arrays of labels 0 and 1, and of names of groups, of the same length."""
    from hypothesis import strategies as st
    rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc")), min_size=least, max_size=12)
    return rows.map(lambda rows: tuple(map(np.array, zip(*rows))))


CROWD = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0]), np.array(list("aaaaaabbbbbc"))


# -- demographic parity ----------------------------------------------------------------------------------------------
def _shares(d, group):
    return np.array([d[group == g].mean() for g in np.unique(group)])


def _counts(d, group):
    return np.array([d[group == g].sum() for g in np.unique(group)])


parity = exercise("19.parity", "the largest share selected less the smallest",
                  "for each name in np.unique(group), the mean of d where group has it; then max less min.")


@parity.property
def _(answer):
    mistakes = [
        (lambda d, group: -np.ptp(_shares(d, group)), "The largest less the smallest, not the other way round."),
        (lambda d, group: np.ptp(_counts(d, group)), "You compared numbers of people; compare shares of each group."),
        (lambda d, group: np.ptp(_counts(d, group) / len(d)), "Each share is of its own group, not of all people."),
        (lambda d, group: abs(_shares(d, group)[0] - _shares(d, group)[1]), "There may be more than two groups."),
        (lambda d, group: abs(_shares(d, group)[0] - _shares(d, group)[-1]), "There may be more than two groups.")]
    for_all(lambda people: compare(answer, people, np.ptp(_shares(*people)), "the gap", CROWD, mistakes),
            150, people=_people())


# -- Wilson's interval -----------------------------------------------------------------------------------------------
def _wilson(k, n, z):
    p = k / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.array([middle - half, middle + half]) / (1 + z * z / n)


wilson = exercise("19.wilson", "Wilson's interval, which never leaves 0 to 1",
                  "p = k / n; middle p + z²/2n, half width z √(p (1 - p)/n + z²/4n²); divide both by 1 + z²/n.")


@wilson.property
def _(answer):
    from hypothesis import strategies as st

    def plain(k, n, z):
        half = z * np.sqrt(k / n * (1 - k / n) / n)
        return np.array([k / n - half, k / n + half])
    mistakes = [(plain, "That is p ± z √(p (1 - p)/n), which is certain at k = 0."),
                (lambda k, n, z: _wilson(k, n, z) * (1 + z * z / n), "The division by 1 + z²/n is missing."),
                (lambda k, n, z: _wilson(k, n, z)[::-1], "The lower end comes first.")]

    def property(n, share, z):
        k = round(share * n)
        compare(answer, (k, n, z), _wilson(k, n, z), "the interval", (3, 10, 1.5), mistakes)
    for_all(property, n=st.integers(1, 1000), share=st.sampled_from([0, 0.1, 0.5, 0.9, 1]),
            z=st.sampled_from([1.0, 1.96]))


# -- the impossible --------------------------------------------------------------------------------------------------
implied = exercise("19.implied_fpr", "p / (1 - p) · (1 - PPV) / PPV · TPR",
                   "rightly selected: p · tpr. They are a share ppv of all selected, so how many are selected wrongly? "
                   "Of 1 - p.")


@implied.property
def _(answer):
    """Against counting, in a made-up group with these numbers of people."""
    from hypothesis import strategies as st
    common = "How common y = 1 is, p, decides how many there are of each."
    mistakes = [
        (lambda p, ppv, tpr: (1 - ppv) / ppv * tpr, common), (lambda p, ppv, tpr: p * (1 - ppv) / ppv * tpr, common),
        (lambda p, ppv, tpr: (1 - p) / p * (1 - ppv) / ppv * tpr, "p / (1 - p) is upside down."),
        (lambda p, ppv, tpr: p / (1 - p) * (1 - ppv) * tpr, "The hits are a share PPV of the selected: divide by it."),
        (lambda p, ppv, tpr: p / (1 - p) * tpr / ppv, "Those are all that are selected; which of them wrongly?"),
        (lambda p, ppv, tpr: 1 - tpr, "1 - TPR is the share of y = 1 that was missed.")]

    def property(hits, misses, false_alarms, rejections):
        positive, negative = hits + misses, false_alarms + rejections
        inputs = positive / (positive + negative), hits / (hits + false_alarms), hits / positive
        compare(answer, inputs, false_alarms / negative, "FPR", (0.3, 0.6, 0.7), mistakes)
    number = st.integers(1, 20)
    for_all(property, hits=number, misses=number, false_alarms=number, rejections=number)


# -- reweighing ------------------------------------------------------------------------------------------------------
def _weights(f):
    """Weights by a formula of P(y), P(g) and P(y, g)."""
    return lambda y, group: np.array([f(np.mean(y == label), np.mean(group == g), np.mean((y == label) & (group == g)))
                                      for label, g in zip(y, group)])


reweigh = exercise("19.reweigh", "P(g) P(y) / P(g, y)",
                   "for each label and each group: both = (y == label) & (group == g); np.mean of a condition is its "
                   "probability.")


@reweigh.property
def _(answer):
    mistakes = [
        (_weights(lambda label, g, both: both / (label * g)), "It is upside down: rare combinations must count more."),
        (_weights(lambda label, g, both: 1 / both), "All combinations become equally common; P(g) and P(y) must stay."),
        (_weights(lambda label, g, both: 1 / g), "That weighs groups; the label must matter too."),
        (_weights(lambda label, g, both: g / both), "P(y) is missing, so the mean weight isn't 1.")]
    right = _weights(lambda label, g, both: label * g / both)
    for_all(lambda people: compare(answer, people, right(*people), "the array of weights", CROWD, mistakes),
            100, people=_people())


# -- the reversed gradient -------------------------------------------------------------------------------------------
reverse = exercise("19.reverse", "forward nothing, backward the opposite",
                   "the rule of y = x would return g; this one returns it with the opposite sign, times strength.")


@reverse.property
def _(answer):
    from hypothesis import strategies as st
    mistakes = [(lambda g, y, x, strength: -strength, "The gradient g is missing."),
                (lambda g, y, x, strength: -strength * x, "That is x; what comes back is g."),
                (lambda g, y, x, strength: g, "So the classifier would help the adversary; turn it round."),
                (lambda g, y, x, strength: strength * g, "So the classifier would help the adversary; turn it round."),
                (lambda g, y, x, strength: -g, "The strength is missing.")]

    def property(values, strength):
        x = np.array(values)
        g = np.arange(1.0, len(x) + 1)
        telling = np.array([1.0, 2.0]), np.array([5.0, -3.0]), np.array([5.0, -3.0]), 0.5
        compare(answer, (g, x, x, strength), -strength * g, f"for g = {g.tolist()} the cotangent of x", telling,
                mistakes)
    for_all(property, values=st.lists(st.sampled_from([-1.5, 0.0, 2.0]), min_size=1, max_size=3),
            strength=st.sampled_from([0.5, 1.0, 3.0]))
