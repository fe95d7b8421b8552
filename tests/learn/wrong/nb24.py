"""Plausible wrong answers to notebook 24, and a word that the reply must contain."""
import numpy as np


def returns(rewards, discount):
    return np.array([sum(r * discount ** k for k, r in enumerate(rewards[t:])) for t in range(len(rewards))])


def dpo(c, r, c0, r0, beta):
    return -np.log(1 / (1 + np.exp(-beta * ((c - c0) - (r - r0)))))


def advantages(r, axis):
    return (r - r.mean(axis=axis, keepdims=True)) / (r.std(axis=axis, keepdims=True) + 1e-6)


def gain(q, a, c):
    return np.minimum(q * a, np.clip(q, 1 - c, 1 + c) * a)


WRONG = {
    "24.returns": [
        (lambda r, d: returns(r[::-1], d)[::-1], "none of its merit"),
        (lambda r, d: np.full(len(r), returns(r, d)[0]), "late in the episode"),
        (lambda r, d: np.cumsum(r[::-1])[::-1], "discount is missing"),
        (lambda r, d: returns(r, d) - r, "itself belongs to it"),
    ],
    "24.sft": [
        (lambda log_p, mask: -log_p.mean(), "ask the questions"),
        (lambda log_p, mask: -(log_p * mask).mean(), "not of all"),
        (lambda log_p, mask: -((log_p * mask).sum(1) / mask.sum(1)).mean(), "long answers"),
        (lambda log_p, mask: (log_p * mask).sum() / mask.sum(), "sign"),
    ],
    "24.dpo": [
        (lambda c, r, c0, r0, beta: dpo(c, r, 0, 0, beta), "start is missing"),
        (lambda c, r, c0, r0, beta: dpo(r, c, r0, c0, beta), "exchanged"),
        (lambda c, r, c0, r0, beta: dpo(c, r, c0, r0, 1), "β"),
        (lambda c, r, c0, r0, beta: -dpo(c, r, c0, r0, beta), "sign"),
    ],
    "24.advantages": [
        (lambda r: advantages(r, None), "each group's own"), (lambda r: advantages(r, 0), "rows"),
        (lambda r: r - r.mean(axis=1, keepdims=True), "deviation is missing"),
        (lambda r: r / (r.std(axis=1, keepdims=True) + 1e-6), "baseline"),
    ],
    "24.gain": [
        (lambda q, a, c: q * a, "clipped"), (lambda q, a, c: np.clip(q, 1 - c, 1 + c) * a, "pushed back"),
        (lambda q, a, c: np.maximum(q * a, np.clip(q, 1 - c, 1 + c) * a), "not the larger"),
        (lambda q, a, c: gain(q - 1, a, c), "the gain"),
    ],
}
