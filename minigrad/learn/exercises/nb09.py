"""Exercises of notebook 09: speed."""
import sys

import numpy as np

from ..checking import Wrong, exercise
from ..drawing import made, normal, whole

RIGHT = 3 * 2 * 32 * 64 * 128

exercise(
    "09.flops", "3 · 2 · 32 · 64 · 128",
    "how many multiplications does one entry of the product take? And how many entries are there?",
    "each multiplication comes with an addition: two operations. That is the forward pass.",
    "the backward pass has two products, dA = G Bᵀ and dB = Aᵀ G, each of the same size as the first.",
).number(RIGHT, "the number of FLOPs", [
    (RIGHT // 3, "That is the forward pass alone."), (RIGHT // 2, "Count multiplications and additions."),
    (RIGHT // 6, "That counts the products of one pass only."),
    (RIGHT * 2 // 3, "The forward pass is missing, or one of the "
                                                                 "backward pass's two products.")])

exercise(
    "09.intensity", "2mkn / 4(mk + kn + mn)",
    "how many operations does the product of an (m, k) and a (k, n) take? How many numbers are read and written?",
    "2mkn operations; three matrices are touched, each once.",
    "a number of float32 has 4 bytes. Intensity is operations for each byte.",
).equals(lambda m, k, n: 2 * m * k * n / (4 * (m * k + k * n + m * n)), "the intensity",
         dict(m=whole(1, 50), k=whole(1, 50), n=whole(1, 50)), [
    (lambda m, k, n: 2 * m * k * n / (m * k + k * n + m * n), "That is for each number; each has 4 bytes."),
    (lambda m, k, n: m * k * n / (4 * (m * k + k * n + m * n)), "A multiplication and an addition are two operations."),
    (lambda m, k, n: 2 * m * k * n / (4 * (m * k + k * n)), "The result is written, too."),
    (lambda m, k, n: 4 * (m * k + k * n + m * n) / (2 * m * k * n), "It is upside down.")])

distances = exercise(
    "09.distances", "‖a‖² - 2 a·b + ‖b‖², one product of matrices",
    "multiply out Σ (a - b)²: three sums. Which of them mixes a and b?",
    "the mixed one, for all pairs at once, is a product of matrices; the two others are a number for each row.",
    "numbers for each row of a make a column (m, 1), those for each row of b a row (n,): broadcasting does the rest.")


def _square(a, b):
    return ((a[:, None] - b) ** 2).sum(axis=-1)


distances.equals(_square, "the squared distances", made(
    lambda rng, m, n, d: (normal(rng, m, d), normal(rng, n, d)), m=whole(1, 4), n=whole(1, 4), d=whole(1, 3)), [
    (lambda a, b: np.sqrt(_square(a, b)), "Squared distances: no root."),
    (lambda a, b: (a ** 2).sum(axis=1)[:, None] + 2 * a @ b.T + (b ** 2).sum(axis=1),
     "The mixed sum has a minus sign."),
    (lambda a, b: (a ** 2).sum(axis=1)[:, None] - a @ b.T + (b ** 2).sum(axis=1), "The mixed sum comes twice."),
    (lambda a, b: (a ** 2).sum(axis=1)[:, None] - 2 * a @ b.T, "‖b‖² is missing."),
    (lambda a, b: _square(b, a), "The rows belong to a, the columns to b.")])


@distances.property
def without_loops(answer):
    """Counted in function calls, of which loops need tens of thousands, and in the lines run."""
    a, b = np.random.default_rng(0).normal(size=(2, 60, 8))
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace
    before = sys.getprofile(), sys.gettrace()
    sys.setprofile(profile)
    sys.settrace(trace)
    try:
        answer.answer(a, b)
    finally:
        sys.setprofile(before[0])
        sys.settrace(before[1])
    if count > 1000:
        raise Wrong(f"right, but it takes {count:,} calls and lines for 60 points: let one matrix product do the work.")


def _layer(g, x, w, y):
    g = g * (y > 0)
    return g @ w.T, x.T @ g, g.sum(axis=0)


def _drawn(rng, n, k, m):
    return normal(rng, n, m), normal(rng, n, k), normal(rng, k, m), np.maximum(normal(rng, n, m), 0)


exercise(
    "09.rules", "dx = gWᵀ, dW = xᵀg, db = Σ g, with g only where relu let something through",
    "relu comes last in the layer, so its rule comes first: which line of the program looks at what was positive?",
    "the other lines say linear, backward: two products with a transposed matrix, and one with ones.",
    "a product with ones from the left sums over the rows: the bias was added to each of them.",
).equals(_layer, ("the gradient of x", "the gradient of w", "the gradient of b"), made(
    _drawn, n=whole(1, 4), k=whole(1, 3), m=whole(1, 3)), [
    (lambda g, x, w, y: (g @ w.T, x.T @ g, g.sum(axis=0)), "The rule of relu is missing: g passes only where y > 0."),
    (lambda g, x, w, y: (_layer(g, x, w, y)[0], x.T @ g, g.sum(axis=0)),
     "What relu stopped reaches neither the weights nor the bias."),
    (lambda g, x, w, y: (*_layer(g, x, w, y)[:2], (g * (y > 0)).mean(axis=0)),
     "The bias was added to each row: the sum over the rows, not their mean."),
    (lambda g, x, w, y: (*_layer(g, x, w, y)[:2], g.sum(axis=0)), "The bias, too, gets only what relu lets through.")])
