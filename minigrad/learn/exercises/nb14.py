"""Exercises of notebook 14: proteins."""
import numpy as np

from ..checking import Wrong, array, exercise, same
from ..drawing import arrays, made, normal, numbers, whole

place = exercise(
    "14.place_next", "bond, angle and torsion say where the next atom is",
    "make three directions at right angles to one another: one along the bond from b to c, one across the plane of a, "
    "b and c.",
    "u is the unit vector from b to c; n = (b - a) × u, made a unit vector, stands upright on the plane; m = n × u "
    "lies in it.",
    "from c go `length` along a mixture of the three: -cos(angle) of u, and sin(angle) shared by the torsion between "
    "m and n.")


@place.property(points=arrays(3, 3).filter(lambda p: np.linalg.norm(np.cross(p[1] - p[0], p[2] - p[1])) > 0.1),
                length=numbers(1, 2), angle=numbers(1, 2.5), torsion=numbers(-3.1, 3.1))
def where_it_is(answer, points, length, angle, torsion):
    from ...zoo.structure import dihedral
    a, b, c = points
    d = array(answer(a, b, c, length, angle, torsion), "the place of the atom", (3,))
    same(np.linalg.norm(d - c), length, "the length of the bond from c to d")
    cosine = (b - c) @ (d - c) / np.linalg.norm(b - c) / length
    same(np.arccos(np.clip(cosine, -1, 1)), angle, "the angle at c", guesses=[
        (np.pi - angle, "It is the angle of the other side: mind the sign of cos(angle).")])
    turned = dihedral(a, b, c, d)
    if not np.isclose(np.exp(1j * turned), np.exp(1j * torsion)):
        raise Wrong(f"the torsion: expected {torsion:.4g}, got {turned:.4g}.", "It turns the wrong way: a mirror image."
                    if np.isclose(np.exp(1j * turned), np.exp(-1j * torsion)) else "")


def _tm(d, scale=lambda n: 1.24 * np.cbrt(n - 15) - 1.8, power=2):
    return (1 / (1 + (d / scale(len(d))) ** power)).mean()


exercise(
    "14.tm_score", "the mean of 1 / (1 + (d / d0)²)",
    "d0 depends on the length of the chain alone: how long is it, if there is one distance for each residue?",
    "np.cbrt is the cube root. With d0, each residue counts 1 / (1 + (d / d0)²): near 1 if it is well placed.",
    "and the score is what they count on average.",
).equals(_tm, "the TM-score", made(
    lambda rng, length: (rng.exponential(3, length).round(1),), length=whole(25, 60)), [
    (lambda d: _tm(d, power=1), "Square the distances over d0."),
    (lambda d: _tm(d, lambda n: 1.24 * np.cbrt(n - 15)), "d0 lacks its - 1.8."),
    (lambda d: _tm(d, lambda n: 1.24 * np.cbrt(n) - 1.8), "The cube root is of L - 15."),
    (lambda d: _tm(d, lambda n: 1.24 * np.sqrt(n - 15) - 1.8), "The cube root, not the square root."),
    (lambda d: _tm(d) * len(d), "Take the mean, not the sum."), (lambda d: 1 / (1 + (d.mean() / (
        1.24 * np.cbrt(len(d) - 15) - 1.8)) ** 2),
                                                                 "The mean of what each counts, not the count of the "
                                                                 "mean distance.")])


def _edges(letters):
    return lambda a, b: np.einsum(letters, a, b)


exercise(
    "14.triangle", "the sum over the third residue of a[i, k] b[j, k]",
    "which axis of a and which of b is added over, and which stay?",
    "np.einsum wants a letter for each axis of a, of b and of the result; a letter that is missing in the result is "
    "added over.",
    "a[i, k, c] and b[j, k, c] make y[i, j, c]: write the three groups of letters.",
).equals(_edges("ikc,jkc->ijc"), "the update", made(
    lambda rng, n, c: (normal(rng, n, n, c), normal(rng, n, n, c)), n=whole(1, 4), c=whole(1, 3)), [
    (_edges("kic,kjc->ijc"), "Those are the incoming edges, a[k, i] and b[k, j]."),
    (_edges("ikc,kjc->ijc"), "You took b[k, j]: the edges k to j; wanted are those from j to k."),
    (_edges("ikc,jkc->jic"), "i and j are exchanged."), (_edges("ikc,jkd->ijc"), "Each channel for itself: one letter "
                                                                                 "c."),
    (lambda a, b: np.einsum("ikc,jkc->ijc", a, b) / a.shape[1], "Add up: no mean.")])


# -- contacts --------------------------------------------------------------------------------------------------------
def _chain(rng, length):
    """Contacts that are common among near neighbours, and probabilities that know a little of them."""
    apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    contact = rng.random((length, length)) < np.where(apart < 24, 0.6, 0.15)
    contact |= contact.T
    p = 0.1 * contact + rng.random((length, length)) + np.where(apart < 24, 0.6, 0)
    return (p + p.T) / 4, contact


def _best(p, contact, least=24, twice=False, sign=-1, share=5):
    i, j = np.triu_indices(len(p), least)
    if twice:
        i, j = np.concatenate([i, j]), np.concatenate([j, i])
    return contact[i, j][np.argsort(sign * p[i, j], kind="stable")[:len(p) // share]].mean()


exercise(
    "14.precision", "of the L/5 likeliest contacts of long range, the part that is right",
    "which pairs count? Those at least 24 residues apart, each once.",
    "np.triu_indices(L, 24) are their places: two arrays i, j. np.argsort(-p[i, j]) sorts them, likeliest first.",
    "take the first L // 5 of that order; which part of these touches, contact[i, j]?",
).equals(_best, "the precision", made(_chain, length=whole(40, 60)), [
    (lambda p, contact: _best(p, contact, 1), "You counted near neighbours too: only | i - j | of 24 and more."),
    (lambda p, contact: _best(p, contact, 25), "| i - j | of 24 counts, too."),
    (lambda p, contact: _best(p, contact, 12), "You counted medium range too: only | i - j | of 24 and more."),
    (lambda p, contact: _best(p, contact, twice=True), "Each pair came twice, as (i, j) and as (j, i)."),
    (lambda p, contact: contact[np.triu_indices(len(p), 24)].mean(), "That is the part of all these pairs that touch."),
    (lambda p, contact: _best(p, contact, sign=1), "Those are the unlikeliest."),
    (lambda p, contact: _best(p, contact, share=1), "That takes L pairs; L/5 are wanted.")])
