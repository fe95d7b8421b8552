"""Wrong answers of notebook 14, and words that the check must find for them."""
import numpy as np


def unit(v):
    return v / np.linalg.norm(v)


def place(flip=1, cosine=-1, scale=1.0):
    def place_next(a, b, c, length, angle, torsion):
        bc = unit(c - b)
        n = unit(np.cross(b - a, bc))
        m = np.cross(n, bc)
        return c + scale * length * (cosine * np.cos(angle) * bc
                                     + np.sin(angle) * (np.cos(torsion) * m + flip * np.sin(torsion) * n))
    return place_next


def d0(length):
    return 1.24 * np.cbrt(length - 15) - 1.8


def named(least, sign=-1, twice=False):
    def precision(p, contact):
        i, j = np.triu_indices(len(p), least)
        if twice:
            i, j = np.concatenate([i, j]), np.concatenate([j, i])
        return contact[i, j][np.argsort(sign * p[i, j], kind="stable")[:len(p) // 5]].mean()
    return precision


WRONG = {
    "14.place_next": [
        (lambda *_: ..., "not done yet"),
        (place(flip=-1), "wrong way: a mirror image"),
        (place(cosine=1), "mind the sign of cos(angle)"),
        (place(scale=2.0), "the bond from c to d"),
        (lambda *_: np.zeros(2), "shape (3,)"),
    ],
    "14.tm_score": [
        (lambda d: (1 / (1 + d / d0(len(d)))).mean(), "Square the distances"),
        (lambda d: (1 / (1 + (d / (1.24 * np.cbrt(len(d) - 15))) ** 2)).mean(), "lacks its - 1.8"),
        (lambda d: (1 / (1 + (d / d0(len(d))) ** 2)).sum(), "not the sum"),
        (lambda d: None, "not done yet"),
    ],
    "14.triangle": [
        (lambda a, b: np.einsum("kic,kjc->ijc", a, b), "incoming"),
        (lambda a, b: np.einsum("ikc,kjc->ijc", a, b), "You took b[k, j]"),
        (lambda a, b: np.einsum("ikc,jkc->jic", a, b), "exchanged"),
        (lambda a, b: a * b, "expected"),
        (lambda a, b: np.einsum("ikc,jkc->ij", a, b), "shape"),
    ],
    "14.precision": [
        (named(1), "near neighbours"),
        (named(24, twice=True), "came twice"),
        (named(24, sign=1), "unlikeliest"),
        (lambda p, contact: contact[np.triu_indices(len(p), 24)].mean(), "of all these pairs"),
    ],
}
