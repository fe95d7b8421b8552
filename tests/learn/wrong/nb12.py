"""Plausible wrong answers to notebook 12, and a word that the reply must contain."""
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def picked(z, t):
    return softmax(z)[np.arange(len(t)), t]


def masked(q, k, scale=True, strict=False):
    scores = q @ k.T / (np.sqrt(q.shape[1]) if scale else 1)
    return np.where(np.tri(len(q), k=-strict, dtype=bool), scores, -np.inf)


def short_nucleus(p, top):
    order = np.argsort(-p)
    kept = order[np.cumsum(p[order]) <= top]
    cut = np.zeros_like(p)
    cut[kept] = p[kept]
    return cut / max(cut.sum(), 1e-9)


def unscaled_nucleus(p, top):
    order = np.argsort(-p)
    kept = order[np.cumsum(p[order]) - p[order] < top]
    cut = np.zeros_like(p)
    cut[kept] = p[kept]
    return cut


def blind(q, k, v, K, V):
    scores = K @ q / np.sqrt(len(q)) if len(K) else np.zeros(0)
    y = softmax(scores) @ V if len(K) else v
    return y, np.vstack([K, k]), np.vstack([V, v])


def forgetful(q, k, v, K, V):
    K2, V2 = np.vstack([K, k]), np.vstack([V, v])
    return softmax(K2 @ q / np.sqrt(len(q))) @ V2, K, V


def large(q, k, v, K, V):
    K, V = np.vstack([K, k]), np.vstack([V, v])
    return softmax(K @ q) @ V, K, V


WRONG = {
    "12.bits": [
        (lambda z, t: -np.log(picked(z, t)).mean(), "nats"),
        (lambda z, t: np.log2(picked(z, t)).mean(), "sign"),
        (lambda z, t: -np.log2(picked(z, t).mean()), "mean of the logarithms"),
        (lambda z, t: -np.log2(picked(z, t)).sum(), "take the mean"),
        (lambda z, t: -np.log2((np.exp(z) / np.exp(z).sum(1, keepdims=True))[np.arange(len(t)), t]).mean(),
         "too large"),
        (lambda z, t: -np.log2(picked(z, t)), "one number"),
    ],
    "12.attend": [
        (lambda q, k, v: softmax(q @ k.T / np.sqrt(q.shape[1])) @ v, "look ahead"),
        (lambda q, k, v: softmax(masked(q, k, scale=False)) @ v, "divided by √d"),
        (lambda q, k, v: softmax(masked(k, q)) @ v, "exchanged"),
        (lambda q, k, v: np.tri(len(q)) * softmax(q @ k.T / np.sqrt(q.shape[1])) @ v, "before the softmax"),
        (lambda q, k, v: softmax(masked(q, k)), "expected"),
    ],
    "12.nucleus": [
        (short_nucleus, "crosses the line"),
        (unscaled_nucleus, "divide by the sum"),
        (lambda p, top: p, "Nothing is cut"),
        (lambda p, top: p[p >= top], "expected"), (lambda p, top: np.sort(p)[-1:], "shape"),
    ],
    "12.attend_cached": [
        (blind, "see itself"), (forgetful, "shape (1, 1)"), (large, "√d"),
        (lambda q, k, v, K, V: softmax(np.vstack([K, k]) @ q / np.sqrt(len(q))) @ np.vstack([V, v]), "three things"),
    ],
}
