"""Exercises of notebook 18: what the network looks at."""
import numpy as np

from ..checking import Wrong, exercise, number, same
from ..drawing import made, normal, one_of, whole
from ..watching import uses_generator


# -- integrated gradients --------------------------------------------------------------------------------------------
def _slope(at):
    """Of S = Σ x³ / 3 + x₀ x₁ ..., which is bent, so that it matters where it is taken."""
    at = np.asarray(at, float)
    return at ** 2 + np.flip(at)


def _mean_slope(x, baseline, steps, place=0.5):
    return sum(_slope(baseline + (k + place) / steps * (x - baseline)) for k in range(steps)) / steps


def _integrated(x, baseline, steps, place=0.5):
    return (x - baseline) * _mean_slope(x, baseline, steps, place)


exercise(
    "18.integrated", "(x - x') times the mean slope on the way",
    "the way goes straight from the baseline to x. In `steps` pieces: where is the middle of piece k?",
    "at baseline + (k + 0.5) / steps * (x - baseline). What do you do with the slopes at all the middles?",
    "their mean; and how much each input has risen on the whole way multiplies it.",
).equals(_integrated, "the attribution", made(
    lambda rng, n, steps: (normal(rng, n), normal(rng, n), steps), n=whole(1, 3), steps=whole(1, 20)), [
    (_mean_slope, "Multiply the mean slope by x - baseline."),
    (lambda x, b, n: x * _mean_slope(x, b, n), "Multiply by x - baseline, not by x."),
    (lambda x, b, n: (x - b) * _slope(x), "That is the slope at x alone; it takes the mean over the way."),
    (lambda x, b, n: (x - b) * _slope(b), "That is the slope at the baseline alone; it takes the mean over the way."),
    (lambda x, b, n: _integrated(x, b, n) * n, "Take the mean of the slopes, not the sum."),
    (lambda x, b, n: _integrated(x, b, n, 0), "Those are the beginnings of the pieces: take their middles, k + 0.5."),
    (lambda x, b, n: _integrated(x, b, n, 1), "Those are the ends of the pieces: take their middles, k + 0.5."),
    (lambda x, b, n: _integrated(x, 0 * b, n), "The way begins at the baseline, not at 0.")],
    through=lambda answer, x, baseline, steps: answer(_slope, x, baseline, steps))


# -- rank correlation ------------------------------------------------------------------------------------------------
def _explanations(rng, rows, columns, likeness):
    """Two arrays without equal values, more or less alike; their values spread over many sizes, unlike ranks."""
    first = rng.normal(size=(rows, columns))
    second = likeness * first + (1 - abs(likeness)) * rng.normal(size=(rows, columns))
    return np.sinh(2 * first), np.sinh(2 * second)


def _rank(values, times=2, axis=None):
    for _ in range(times):
        values = np.argsort(values, axis=axis).reshape(np.shape(values))
    return values


def _correlation(a, b, middle=np.mean, root=np.sqrt):
    a, b = np.ravel(a) - middle(a), np.ravel(b) - middle(b)
    size = root((a @ a) * (b @ b))
    return a @ b / size if size else np.nan


exercise(
    "18.rank", "the correlation of the ranks",
    "the smallest number has rank 0. How do you get the rank of each number, not the order in which they come?",
    "np.argsort gives the places of the smallest, the next, ...: an order. What is the argsort of an order?",
    "with the ranks of all numbers, laid end to end, np.corrcoef(a, b) is a table of 2 by 2; or subtract the means, "
    "multiply, add up, and divide by the root of the two sums of squares.",
).equals(lambda a, b: _correlation(_rank(a), _rank(b)), "the rank correlation", made(
    _explanations, rows=whole(2, 5), columns=whole(1, 3), likeness=one_of(1.0, -1.0, 0.0, 0.5, -0.5)), [
    (_correlation, "That is the correlation of the values: large ones count for more. Take their ranks first."),
    (lambda a, b: _correlation(_rank(a, 1), _rank(b, 1)),
     "argsort alone says which number comes next, not which rank each number has."),
    (lambda a, b: _correlation(_rank(a), _rank(b), lambda v: 0), "Subtract from the ranks their mean."),
    (lambda a, b: _correlation(_rank(a), _rank(b), root=lambda v: v), "Divide by the root of the two sums of squares."),
    (lambda a, b: np.mean((_rank(a) - np.mean(_rank(a))) * (_rank(b) - np.mean(_rank(b)))),
     "Divide by the size of the two, so that equal orders give 1."),
    (lambda a, b: _correlation(_rank(a, axis=0), _rank(b, axis=0)),
     "Rank all the numbers together, not column by column."),
    (lambda a, b: np.mean(_rank(a) == _rank(b)), "Nearly equal ranks count as well: take the correlation."),
    (lambda a, b: abs(_correlation(_rank(a), _rank(b))), "The opposite order gives -1.")])

# -- importance ------------------------------------------------------------------------------------------------------
importance = exercise(
    "18.importance", "the score, less the score with the column shuffled",
    "which two scores are compared? One of X as it is; and the other?",
    "of a copy of X in which one column, X[:, column], has been shuffled by rng.permutation.",
    "an important column makes the score fall: which of the two is subtracted, so that importance is positive?")


@importance.property(examples=30, column=whole(0, 2), seed=whole(0, 999), sign=whole(0, 1))
def fall_of_the_score(answer, column, seed, sign):
    """Of scores that fall when a column is shuffled, and of those that rise: the sign must be kept."""
    X = np.random.default_rng(seed).normal(size=(40, 3)).round(1)
    w, seen = np.array([1.0, -2.0, 0.5]), []

    def score(a, labels):
        seen.append((np.array(a), np.array(labels)))
        return (2 * sign - 1) * float(((a @ w - labels) ** 2).mean()) + 3
    before, y = X.copy(), X @ w + np.arange(40) / 40
    got = number(answer(score, X, y, column, np.random.default_rng(seed)), "the importance")
    changed = [a for a, _ in seen if a.shape != before.shape or not np.array_equal(a, before)]
    if not changed:
        raise Wrong("the score was only taken of X as it is: take it of X with the column shuffled, too.")
    if any(not np.array_equal(labels, y) for _, labels in seen):
        raise Wrong("the score was taken of other labels than y: only the column is shuffled.")
    table, others = changed[-1], [j for j in range(3) if j != column]
    if table.shape != before.shape or not np.array_equal(table[:, others], before[:, others]):
        raise Wrong(f"the columns {others} were changed too; only column {column} is to be shuffled.")
    if not np.array_equal(np.sort(table[:, column]), np.sort(before[:, column])):
        raise Wrong("the column must keep its values, in another order.")
    expected = score(before, y) - score(table, y)
    same(got, expected, f"the importance of column {column}", guesses=[
        (-expected,
         "The sign is wrong: an important column has a positive importance, one worse than none a negative.")])


@importance.property
def shuffled_by_the_generator(answer):
    X = np.random.default_rng(0).normal(size=(20, 2))
    uses_generator(lambda rng: answer(lambda a, y: float(a[:, 1] @ y), X, X[:, 1], 1, rng))


# -- rollout ---------------------------------------------------------------------------------------------------------
def _attention(rng, layers, heads, places):
    z = np.exp(rng.normal(size=(layers, heads, places, places))) * np.tri(places)
    return [list((z / z.sum(axis=-1, keepdims=True)).round(3))]


def _product(maps, half=0.5, stay=0.5, back=False, mean=lambda a: a.mean(axis=0)):
    R = np.eye(maps[0].shape[-1])
    for a in maps:
        step = half * mean(a) + stay * np.eye(len(R))
        R = R @ step if back else step @ R
    return R


exercise(
    "18.rollout", "the product of half attention and half staying, the last block leftmost",
    "what does one block do to what stands at each place? Half is mixed by attention, half stays where it is.",
    "the heads' mean is A.mean(axis=0); half of it and half of np.eye(T) is what the block does.",
    "begin with np.eye(T). The next block acts on what the earlier ones have made: on which side does it multiply?",
).equals(_product, "R", made(_attention, layers=whole(1, 4), heads=whole(1, 3), places=whole(1, 4)), [
    (lambda maps: _product(maps, back=True), "The order is reversed: the last block stands leftmost."),
    (lambda maps: _product(maps, 1, 0), "Half of each place stays where it is: add the identity."),
    (lambda maps: _product(maps, 1, 1), "Take the half of each, so that rows add up to 1."),
    (lambda maps: _product(maps[-1:]), "That is the last block alone."),
    (lambda maps: _product(maps[:1]), "That is the first block alone."),
    (lambda maps: _product(maps, mean=lambda a: a.sum(axis=0)), "The mean of the heads, not their sum."),
    (lambda maps: _product(maps, mean=lambda a: a[0]), "That is the first head alone: take the mean of the heads.")])
