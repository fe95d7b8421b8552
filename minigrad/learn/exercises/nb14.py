"""Exercises of notebook 14: proteins."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import arrays, numbers

place = exercise("14.place_next", "bond, angle and torsion say where the next atom is",
                 "with bc the direction from b to c, n a unit vector at right angles to the plane of a, b and c, "
                 "and m in that plane, at right angles to bc: "
                 "d - c = length (-cos(angle) bc + sin(angle) (cos(torsion) m + sin(torsion) n)).")


@place.property
def _(answer):
    from ...zoo.structure import dihedral

    def property(points, length, angle, torsion):
        a, b, c = points
        if np.linalg.norm(np.cross(b - a, c - b)) < 0.1:
            return                          # in one line: there is no plane to turn against
        d = np.asarray(call(answer, a.copy(), b.copy(), c.copy(), length, angle, torsion), float)
        if d.shape != (3,):
            raise Wrong(f"the place of an atom is 3 numbers, yours has shape {d.shape}.")
        got = np.linalg.norm(d - c)
        if not np.isclose(got, length):
            raise Wrong(f"the bond from c to d should be {length} long and is {got:.4g}.")
        cosine = (b - c) @ (d - c) / np.linalg.norm(b - c) / length
        if not np.isclose(cosine, np.cos(angle)):
            opposite = " It is the angle of the other side: mind the sign of cos(angle)." \
                if np.isclose(cosine, -np.cos(angle)) else ""
            raise Wrong(f"the angle at c should be {angle} and is {np.arccos(np.clip(cosine, -1, 1)):.4g}.{opposite}")
        turned = dihedral(a, b, c, d)
        if not np.isclose(np.exp(1j * turned), np.exp(1j * torsion)):
            mirrored = " It turns the wrong way: a mirror image." \
                if np.isclose(np.exp(1j * turned), np.exp(-1j * torsion)) else ""
            raise Wrong(f"the torsion should be {torsion} and is {turned:.4g}.{mirrored}")
    for_all(property, points=arrays(3, 3), length=numbers(1, 2), angle=numbers(1, 2.5), torsion=numbers(-3.1, 3.1))


tm = exercise("14.tm_score", "the mean of 1 / (1 + (d / d0)²)",
              "d0 = 1.24 ∛(L - 15) - 1.8 with L = len(d); np.cbrt is the cube root.")


@tm.property
def _(answer):
    from hypothesis import strategies as st

    def property(length, seed):
        d = np.random.default_rng(seed).exponential(3, length).round(1)
        d0 = 1.24 * np.cbrt(length - 15) - 1.8
        got = call(answer, d.copy())
        expected = (1 / (1 + (d / d0) ** 2)).mean()
        try:
            same(got, expected, f"the TM-score of {length} residues")
        except Wrong as wrong:
            plain = np.shape(got) == () and np.isclose(got, (1 / (1 + d / d0)).mean())
            far = np.shape(got) == () and np.isclose(got, (1 / (1 + (d / (1.24 * np.cbrt(length - 15))) ** 2)).mean())
            raise Wrong(f"{wrong}{' Square the distances over d0.' if plain else ''}"
                        f"{' d0 lacks its - 1.8.' if far else ''}") from None
    for_all(property, length=st.integers(25, 60), seed=st.integers(0, 99))


triangle = exercise("14.triangle", "the sum over the third residue of a[i, k] b[j, k]",
                    'np.einsum takes it as it stands: name the axes of a, of b and of the result, "ikc,jkc->ijc".')


@triangle.property
def _(answer):
    def property(a, b):
        got = call(answer, a.copy(), b.copy())
        expected = np.einsum("ikc,jkc->ijc", a, b)
        try:
            same(got, expected, "the update")
        except Wrong as wrong:
            words = ""
            if np.shape(got) == expected.shape:
                for other, meaning in (("kic,kjc->ijc", "Those are the incoming edges, a[k, i] and b[k, j]."),
                                       ("ikc,kjc->ijc",
                                        "You took b[k, j]: the edges k to j; wanted are those from j to k."),
                                       ("ikc,jkc->jic", "i and j are exchanged.")):
                    if np.allclose(got, np.einsum(other, a, b)):
                        words = f" {meaning}"
            raise Wrong(f"{wrong}{words}") from None
    for_all(property, a=arrays(3, 3, 2), b=arrays(3, 3, 2))


precision = exercise("14.precision", "of the L/5 likeliest contacts of long range, the part that is right",
                     "i, j = np.triu_indices(L, 24) are the pairs that count, each once; "
                     "np.argsort(-p[i, j]) brings the "
                     "likeliest first.")


@precision.property
def _(answer):
    from hypothesis import strategies as st

    def property(length, seed):
        rng = np.random.default_rng(seed)
        near = np.exp(-np.abs(np.subtract.outer(np.arange(length), np.arange(length))) / 10)
        p = rng.random((length, length)) * (0.2 + near)
        p, contact = (p + p.T) / 2, rng.random((length, length)) < 0.2 + 0.6 * near
        contact |= contact.T

        def best(least, once=True):
            i, j = np.triu_indices(length, least)
            if not once:
                i, j = np.concatenate([i, j]), np.concatenate([j, i])
            return contact[i, j][np.argsort(-p[i, j], kind="stable")[:length // 5]].mean()
        got = call(answer, p.copy(), contact.copy())
        try:
            same(got, best(24), f"the precision in a chain of {length}")
        except Wrong as wrong:
            words = ""
            if np.shape(got) == ():
                i, j = np.triu_indices(length, 24)
                for value, meaning in ((best(1), "You counted near neighbours too: only | i - j | of 24 and more."),
                                       (best(24, once=False), "Each pair came twice, as (i, j) and as (j, i)."),
                                       (contact[i, j].mean(), "That is the part of all these pairs that touch."),
                                       (contact[i, j][np.argsort(p[i, j])[:length // 5]].mean(),
                                        "Those are the unlikeliest.")):
                    if np.isclose(got, value):
                        words = f" {meaning}"
                        break
            raise Wrong(f"{wrong}{words}") from None
    for_all(property, length=st.integers(40, 50), seed=st.integers(0, 99))
