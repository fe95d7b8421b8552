"""Exercises of notebook 18: what the network looks at."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import arrays

integrated = exercise("18.integrated", "(x - x') times the mean slope on the way",
                      "the points are baseline + (k + 0.5) / steps * (x - baseline) for k = 0 ... steps - 1; "
                      "multiply the mean of "
                      "the slopes there by (x - baseline).")


@integrated.property
def _(answer):
    from hypothesis import strategies as st

    def property(x, baseline, steps):
        def slope(at):
            return np.asarray(at) ** 2                      # of S = Σ x³ / 3
        way = x - baseline
        mean = sum(slope(baseline + (k + 0.5) / steps * way) for k in range(steps)) / steps
        got = call(answer, slope, x.copy(), baseline.copy(), steps)
        if isinstance(got, float):
            raise Wrong(f"one number for each input is wanted, an array of shape {x.shape}.")
        ends = {k: sum(slope(baseline + (n + k) / steps * way) for n in range(steps)) / steps for k in (0, 1)}
        same(got, way * mean, "the attribution", guesses=(
            (mean, "Multiply the mean slope by x - baseline."),
            (x * mean, "Multiply by x - baseline, not by x."),
            (way * slope(x), "That is the slope at x alone; it takes the mean over the way."),
            (way * mean * steps, "Take the mean of the slopes, not the sum."),
            (way * ends[0], "Those are the beginnings of the pieces: take their middles, k + 0.5."),
            (way * ends[1], "Those are the ends of the pieces: take their middles, k + 0.5.")))
    for_all(property, x=arrays(3), baseline=arrays(3), steps=st.integers(2, 20))


@integrated.property
def _(answer):
    x, baseline = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.0, -0.5])
    got = np.sum(answer(lambda at: np.asarray(at) ** 2, x, baseline, 1000))
    rise = (x ** 3 - baseline ** 3).sum() / 3
    if not np.isclose(got, rise, atol=1e-3):
        raise Wrong(f"for S = Σ x³ / 3 the parts should add up to the rise of S, {rise:.4g}, and add up to {got:.4g}.")


cam = exercise("18.cam", "relu of the maps' sum, weighted by their mean slopes",
               "a = dA.mean(axis=(0, 1)) is one weight for each map; multiply, add over the last axis, "
               "cut off below 0.")


@cam.property
def _(answer):
    def property(A, dA):
        weights = dA.mean(axis=(0, 1))
        right = np.maximum((A * weights).sum(axis=-1), 0)
        got = call(answer, A.copy(), dA.copy())
        same(got, right, "the heat map", guesses=(
            ((A * weights).sum(axis=-1), "The relu is missing: what speaks against the class is cut off."),
            (np.maximum((A * dA).sum(axis=-1), 0), "Average the slopes over the places: one weight for each map."),
            (np.maximum(A * weights, 0).sum(axis=-1), "Add up first, then cut off below 0."),
            (np.maximum((A * dA.sum(axis=(0, 1))).sum(axis=-1), 0),
             "The weights are means over the places, not sums.")))
    for_all(property, A=arrays(2, 3, 2), dA=arrays(2, 3, 2))


importance = exercise("18.importance", "the score, less the score with the column shuffled",
                      "shuffled = X.copy(); shuffled[:, column] = rng.permutation(X[:, column]); "
                      "then the difference of the scores.")


@importance.property
def _(answer):
    from hypothesis import strategies as st

    def property(column, seed):
        X = np.random.default_rng(seed).normal(size=(40, 3)).round(1)
        w, seen = np.array([1.0, -2.0, 0.0]), []

        def score(a, labels):
            seen.append(np.array(a))
            return -float(((a @ w - labels) ** 2).mean())
        before, y = X.copy(), X @ w + 1
        got = call(answer, score, X, y, column, np.random.default_rng(seed))
        if not np.array_equal(X, before):
            raise Wrong("X itself was changed: shuffle a copy.")
        if np.ndim(got) != 0:
            raise Wrong(f"one number is wanted, not shape {np.shape(got)}.")
        changed = [a for a in seen if not np.array_equal(a, before)]
        if not changed:
            raise Wrong("the score was only taken of X as it is: take it of X with the column shuffled, too.")
        table, others = changed[-1], [j for j in range(3) if j != column]
        if not np.array_equal(table[:, others], before[:, others]):
            raise Wrong(f"the columns {others} were changed too; only column {column} is to be shuffled.")
        if not np.array_equal(np.sort(table[:, column]), np.sort(before[:, column])):
            raise Wrong("the column must keep its values, in another order.")
        expected = score(before, y) - score(table, y)
        if np.isclose(got, -expected) and not np.isclose(expected, 0):
            raise Wrong("the sign is wrong: an important column has a positive importance.")
        same(got, expected, f"the importance of column {column}")
    for_all(property, 30, column=st.integers(0, 2), seed=st.integers(0, 999))


rollout = exercise("18.rollout", "the product of half attention and half staying, the last block leftmost",
                   "begin with R = np.eye(T); for each A of maps: R = (0.5 * A.mean(axis=0) + 0.5 * np.eye(T)) @ R.")


@rollout.property
def _(answer):
    from hypothesis import strategies as st

    def property(layers, seed):
        z = np.exp(np.random.default_rng(seed).normal(size=(layers, 2, 3, 3))) * np.tri(3)
        maps = list((z / z.sum(axis=-1, keepdims=True)).round(3))
        eye = np.eye(3)

        def product(matrices, back=False):
            total = eye
            for matrix in matrices:
                total = total @ matrix if back else matrix @ total
            return total
        half = [0.5 * a.mean(axis=0) + 0.5 * eye for a in maps]
        got = call(answer, [a.copy() for a in maps])
        same(got, product(half), "R", guesses=(
            (product(half, back=True), "The order is reversed: the last block stands leftmost."),
            (product([a.mean(axis=0) for a in maps]), "Half of each place stays where it is: add the identity."),
            (product([a.mean(axis=0) + eye for a in maps]), "Take the half of each, so that rows add up to 1."),
            (half[-1], "That is the last block alone."), (half[0], "That is the first block alone.")))
    for_all(property, layers=st.integers(2, 4), seed=st.integers(0, 999))
