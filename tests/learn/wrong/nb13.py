"""Plausible wrong answers to notebook 13, and a word that the reply must contain."""
import numpy as np


def overlapping(pieces, pair):
    found = []
    for i, piece in enumerate(pieces):
        if tuple(pieces[i:i + 2]) == pair:
            found.append(piece + pieces[i + 1])
        elif i == 0 or tuple(pieces[i - 1:i + 1]) != pair:
            found.append(piece)
    return found


def once(pieces, pair):
    for i in range(len(pieces) - 1):
        if tuple(pieces[i:i + 2]) == pair:
            return pieces[:i] + [pieces[i] + pieces[i + 1]] + pieces[i + 2:]
    return list(pieces)


def by_text(pieces, pair):
    text, found = "".join(pieces), []
    while text:
        n = len(pair[0] + pair[1]) if text.startswith(pair[0] + pair[1]) else 1
        found.append(text[:n])
        text = text[n:]
    return found


def in_place(pieces, pair):
    i = 0
    while i < len(pieces) - 1:
        if tuple(pieces[i:i + 2]) == pair:
            pieces[i:i + 2] = [pieces[i] + pieces[i + 1]]
        i += 1
    return pieces


def sixteen(w):
    m, d = w.min(), (w.max() - w.min()) / 16
    return m, d, np.rint((w - m) / (d or 1)).astype(int)


def cut(w):
    m, d = w.min(), (w.max() - w.min()) / 15
    return m, d, ((w - m) / (d or 1) + 1e-9).astype(int)


def careless(w):
    m, d = w.min(), (w.max() - w.min()) / 15
    return m, d, np.rint((w - m) / d).astype(int)


def symmetric(w):
    d = np.abs(w).max() / 7
    return 0.0, d, np.rint(w / (d or 1)).astype(int)


def rotated(x, t, base, sign=1, halves=False, power=2):
    angle = t * base ** (-np.arange(len(x) // 2) * power / len(x))
    a, b = np.split(x, 2) if halves else (x[0::2], x[1::2])
    p, q = a * np.cos(angle) - sign * b * np.sin(angle), sign * a * np.sin(angle) + b * np.cos(angle)
    return np.concatenate([p, q]) if halves else np.stack([p, q], 1).ravel()


WRONG = {
    "13.merge": [
        (overlapping, "has become"), (once, "left as it was"), (by_text, "not the pair"),
        (in_place, "changed `pieces`"),
    ],
    "13.quantise": [
        (sixteen, "four bits"), (cut, "round"), (careless, "0 to 15"), (symmetric, "four bits"),
        (lambda w: (w.min(), (w.max() - w.min()) / 15, (w - w.min()) / (w.max() - w.min() or 1) * 15), "integers"),
    ],
    "13.rms_norm": [
        (lambda x, w, eps: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * w, "layer norm"),
        (lambda x, w, eps: x / np.sqrt((x * x).sum(-1, keepdims=True) + eps) * w, "mean"),
        (lambda x, w, eps: x / np.sqrt((x * x).mean() + eps) * w, "axis=-1"),
        (lambda x, w, eps: x / np.sqrt((x * x).mean(-1, keepdims=True) + eps), "w are missing"),
    ],
    "13.turn": [
        (lambda x, t, base: rotated(x, t, base, sign=-1), "other way"),
        (lambda x, t, base: rotated(x, t, base, halves=True), "neighbours"),
        (lambda x, t, base: rotated(x, t, base, power=1), "expected"),
        (lambda x, t, base: x + t, "no influence"), (lambda x, t, base: 1.1 * x, "no influence"),
        (lambda x, t, base: x, "expected"),
    ],
}
