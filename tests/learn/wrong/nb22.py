"""Plausible wrong answers to notebook 22, and a word that the reply must contain."""
import numpy as np


def ring(chunks, step, source=lambda r, s, n: (r - s) % n, target=lambda r, n: (r + 1) % n, at_once=True, add="half",
         write=True):
    n = len(chunks)
    sent = [chunks[r][source(r, step, n)].copy() for r in range(n)]
    new = [[c.copy() for c in row] for row in chunks]
    chunks_now = chunks if write else new
    for r in range(n):
        c, to = source(r, step, n), target(r, n)
        value = sent[r] if at_once else chunks_now[r][c]
        adds = step < n - 1 if add == "half" else add
        chunks_now[to][c] = chunks_now[to][c] + value if adds else value
    return chunks_now


WRONG = {
    "22.merge": [
        (lambda gradients, rows: np.mean(gradients, axis=0), "counts all parts alike"),
        (lambda gradients, rows: sum(n * g for n, g in zip(rows, gradients)), "the loss is a mean"),
        (lambda gradients, rows: sum(gradients), "over all"),
        (lambda gradients, rows: sum(g / n for n, g in zip(rows, gradients)) / sum(rows), "expected"),
    ],
    "22.ring_step": [
        (lambda chunks, step: ring(chunks, step, add=True), "replaced by what comes"),
        (lambda chunks, step: ring(chunks, step, add=False), "adds what comes"),
        (lambda chunks, step: ring(chunks, step, source=lambda r, s, n: r), "step 1"),
        (lambda chunks, step: ring(chunks, step, target=lambda r, n: (r - 1) % n), "goes to rank r + 1"),
        (lambda chunks, step: ring(chunks, step, write=False), "have not changed"),
    ],
    "22.bytes_sent": [
        (lambda payload, n: (n - 1) / n * payload, "one of the two halves"),
        (lambda payload, n: 2 * (n - 1) * payload, "not the array"),
        (lambda payload, n: 2 * payload, "very many ranks"),
    ],
    "22.efficiency": [
        (lambda t1, tn, n: t1 / tn, "speedup"),
        (lambda t1, tn, n: n * tn / t1, "upside down"),
        (lambda t1, tn, n: tn / (n * t1), "expected"),
    ],
}
