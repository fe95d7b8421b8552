"""Exercises of notebook 22: from one process to many."""
import numpy as np

from ..checking import NotDone, Wrong, call, exercise, for_all, same

merge = exercise("22.merge", "Σ rows · gradient / Σ rows",
                 "multiply each gradient by its number of rows, add up, divide once.")


@merge.property
def _(answer):
    from hypothesis import assume, strategies as st

    def property(rows, seed):
        assume(sum(rows))
        rng = np.random.default_rng(seed)
        each = [rng.integers(-9, 9, (n, 3)).astype(float) for n in rows]        # the gradient of each row
        gradients = [g.mean(axis=0) if len(g) else np.zeros(3) for g in each]
        right = np.concatenate(each).mean(axis=0)
        got = np.asarray(call(answer, gradients, rows))
        try:
            same(got, right, f"the gradient over all {sum(rows)} rows")
        except Wrong as wrong:
            why = ""
            if got.shape == (3,) and np.allclose(got, np.mean(gradients, axis=0)):
                why = " That counts all parts alike, whatever their rows."
            elif got.shape == (3,) and np.allclose(got, right * sum(rows)):
                why = " That is the sum over rows; the loss is a mean."
            raise Wrong(f"{wrong}{why}") from None
    for_all(property, rows=st.lists(st.integers(0, 4), min_size=1, max_size=4), seed=st.integers(0, 99))


ring = exercise("22.ring_step", "rank r sends chunk (r - step) mod n to rank r + 1, which adds or replaces",
                "first copy what each rank sends, chunks[r][(r - step) % n]; then, for each r, "
                "add it to (step < n - 1) or put "
                "it in the place of the same chunk of rank (r + 1) % n.")


@ring.property
def _(answer):
    from hypothesis import strategies as st

    def property(n, seed):
        rng = np.random.default_rng(seed)
        chunks = [[rng.integers(-9, 9, 2).astype(float) for _ in range(n)] for _ in range(n)]
        right = [[c.copy() for c in row] for row in chunks]
        for step in range(2 * n - 2):
            phase = "adds what comes" if step < n - 1 else "is replaced by what comes"
            before = [[c.copy() for c in row] for row in chunks]
            returned = answer(chunks, step)
            for r in range(n):
                c = (r - step) % n
                sent = before[r][c]
                right[(r + 1) % n][c] = before[(r + 1) % n][c] + sent if step < n - 1 else sent
            if all(np.array_equal(a, b) for x, y in zip(chunks, before) for a, b in zip(x, y)) and (
                    any(not np.array_equal(a, b) for x, y in zip(right, before) for a, b in zip(x, y))):
                if returned is None or returned is ...:
                    raise NotDone if step == 0 else Wrong(f"step {step}: nothing has changed.")
                raise Wrong("chunks have not changed: write into chunks[...][...], don't return new ones.")
            for r in range(n):
                for c in range(n):
                    got = np.asarray(chunks[r][c], float)
                    if got.shape != (2,) or not np.allclose(got, right[r][c]):
                        raise Wrong(f"step {step} of {n} ranks: chunk {c} of rank {r} is {got}, expected {right[r][c]} "
                                    f"(before it was {before[r][c]}). "
                                    f"In this step chunk (r - {step}) mod {n} of each rank r "
                                    f"goes to rank r + 1, whose own {phase}.")
    for_all(property, n=st.integers(2, 5), seed=st.integers(0, 99))


sent = exercise("22.bytes_sent", "2 (n - 1)/n times the array",
                "2 (n - 1) steps, in each of them one chunk of payload / n bytes.")


@sent.property
def _(answer):
    from hypothesis import strategies as st

    def property(payload, n):
        right, got = 2 * (n - 1) * payload / n, call(answer, payload, n)
        if not np.isclose(got, right):
            why = {(n - 1) * payload / n: " That is one of the two halves.",
                   2 * (n - 1) * payload: " Each step sends a chunk, "
                   "not the array.", 2 * payload: " That is what it comes to for very many ranks."}
            hint = next((text for value, text in why.items() if np.isclose(got, value)), "")
            raise Wrong(f"got {got:g}, expected {right:g}.{hint}")
    for_all(property, payload=st.integers(1, 1000).map(lambda k: 60 * k), n=st.integers(3, 6))


share = exercise("22.efficiency", "t1 / (n tn)",
                 "n ranks that were n times as fast would take t1 / n; divide that by tn.")


@share.property
def _(answer):
    from hypothesis import strategies as st

    def property(t1, tn, n):
        right, got = t1 / (n * tn), call(answer, t1, tn, n)
        if not np.isclose(got, right):
            why = {t1 / tn: " That is the speedup; divide it by what was hoped for.", n * tn / t1: " Upside down."}
            hint = next((text for value, text in why.items() if np.isclose(got, value)), "")
            raise Wrong(f"got {got:g}, expected {right:g}.{hint}")
    seconds = st.sampled_from([0.5, 1.0, 2.0, 3.0, 8.0])
    for_all(property, t1=seconds, tn=seconds, n=st.integers(2, 8))
