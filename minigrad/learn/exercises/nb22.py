"""Exercises of notebook 22: from one process to many."""
import numpy as np

from ..checking import NotDone, Wrong, array, exercise
from ..drawing import made, normal, one_of, whole
from ..watching import copied


# -- gradients of parts ----------------------------------------------------------------------------------------------
def _parts(rng, parts, width):
    """The gradients of parts of a batch, and how many rows each has: some none, whose gradient is 0."""
    rows = [int(n) for n in rng.integers(0, 5, parts)]
    rows[rng.integers(parts)] += 1
    return [normal(rng, width) + 0.05 if n else np.zeros(width) for n in rows], rows


def _merge(gradients, rows):
    return sum(n * g for n, g in zip(rows, gradients)) / sum(rows)


exercise(
    "22.merge", "Σ rows · gradient / Σ rows",
    "each gradient is a mean over its own rows. How do you get back from a mean to the sum?",
    "multiply by the number of rows. The sums of all parts add up.",
    "and the mean over all rows divides once, by all rows together.",
).equals(_merge, "the gradient over all rows", made(_parts, parts=whole(1, 4), width=whole(1, 3)), [
    (lambda gradients, rows: np.mean(gradients, axis=0), "That counts all parts alike, whatever their rows."),
    (lambda gradients, rows: _merge(gradients, rows) * sum(rows), "That is the sum over rows; the loss is a mean."),
    (lambda gradients, rows: _merge(gradients, rows) * sum(rows) / len(rows),
     "Divide by all rows, not by the number of parts."),
    (lambda gradients, rows: sum(gradients) / sum(rows), "Each gradient counts as often as it has rows."),
    (lambda gradients, rows: sum(gradients), "Gradients of parts are means: weigh them by their rows, and divide.")],
    examples=100)

# -- the ring --------------------------------------------------------------------------------------------------------
ring = exercise(
    "22.ring_step", "rank r sends chunk (r - step) mod n to rank r + 1, which adds or replaces",
    "which chunk does rank r send in this step, and to whom? All ranks send at the same time.",
    "so keep what each one sends before anything is changed: copies of chunks[r][(r - step) % n].",
    "then each goes to rank (r + 1) % n, into the place of the same number: added in the first n - 1 steps, in its "
    "place after.",
    edits=True)


@ring.property(n=whole(1, 5), seed=whole(0, 99))
def step_by_step(answer, n, seed):
    rng = np.random.default_rng(seed)
    chunks = [[rng.integers(-9, 9, 2).astype(float) for _ in range(n)] for _ in range(n)]
    for step in range(2 * n - 2):
        before = copied(chunks)
        right = copied(before)
        for r in range(n):
            to, c = (r + 1) % n, (r - step) % n
            right[to][c] = before[to][c] + before[r][c] if step < n - 1 else before[r][c]
        returned = answer(chunks, step)
        if _equal(chunks, before) and not _equal(right, before):
            if returned is None or returned is ...:
                raise NotDone if step == 0 else Wrong(f"step {step}: nothing has changed.")
            raise Wrong("chunks have not changed: write into chunks[...][...], don't return new ones.")
        phase = "adds what comes" if step < n - 1 else "is replaced by what comes"
        for r in range(n):
            for c in range(n):
                got = array(chunks[r][c], f"chunk {c} of rank {r}", (2,))
                if not np.allclose(got, right[r][c]):
                    raise Wrong(f"step {step} of {n} ranks: chunk {c} of rank {r} is {got}, expected {right[r][c]} "
                                "(before it was "
                                f"{before[r][c]}). In this step chunk (r - {step}) mod {n} of each rank r goes to "
                                "rank r + 1, "
                                f"whose own {phase}.")


def _equal(a, b):
    return all(np.array_equal(x, y) for row, other in zip(a, b) for x, y in zip(row, other))


@ring.property
def ranks_share_no_memory(answer):
    """What a rank has been sent must be its own: later steps would else write into two ranks' chunks at once."""
    n = 3
    chunks = [[np.array([float(n * r + c)]) for c in range(n)] for r in range(n)]
    for step in range(2 * n - 2):
        answer(chunks, step)
        arrays = [c for row in chunks for c in row]
        if any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i]):
            raise Wrong(f"after step {step} two ranks hold one and the same array: send copies.")


# -- how much, and how well ------------------------------------------------------------------------------------------
exercise(
    "22.bytes_sent", "2 (n - 1)/n times the array",
    "how large is a chunk? The array is cut into as many as there are ranks.",
    "in each step every rank sends one chunk. How many steps are there, in both halves together?",
    "n - 1 steps until all is added up, and as many until all have it.",
).equals(lambda payload, n: 2 * (n - 1) * payload / n, "the number of bytes", dict(
    payload=whole(1, 1000).map(lambda k: 60 * k), n=whole(1, 6)), [
    (lambda payload, n: (n - 1) * payload / n, "That is one of the two halves."),
    (lambda payload, n: 2 * (n - 1) * payload, "Each step sends a chunk, not the array."),
    (lambda payload, n: 2 * payload, "That is what it comes to for very many ranks."),
    (lambda payload, n: 2 * payload / n, "That is one step of each half."),
    (lambda payload, n: 2 * (n - 1) * payload / n * n, "That is what all ranks send together.")])

exercise(
    "22.efficiency", "t1 / (n tn)",
    "how long would n ranks take if they were n times as fast as one?",
    "t1 / n. They took tn.",
    "efficiency is 1 if the two are alike, and smaller if they took longer.",
).equals(lambda t1, tn, n: t1 / (n * tn), "the efficiency", dict(
    t1=one_of(0.5, 1.0, 2.0, 3.0, 8.0), tn=one_of(0.5, 1.0, 1.7, 3.0), n=whole(1, 8)), [
    (lambda t1, tn, n: t1 / tn, "That is the speedup; divide it by what was hoped for."),
    (lambda t1, tn, n: n * tn / t1, "It is upside down."),
    (lambda t1, tn, n: tn / (n * t1), "t1 and tn are exchanged."),
    (lambda t1, tn, n: t1 / ((n - 1) * tn), "All n ranks count, the first included.")])
