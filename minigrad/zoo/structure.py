"""Protein structures as arrays: torsions, distances, and the scores that compare two structures.  NumPy alone.

The backbone of a chain of L residues is the path N - CA - C - N - CA - C ... through the peptide bonds; its shape is
nearly all in three torsion angles per residue, since bond lengths and bond angles hardly vary:

    phi     C' - N  - CA - C        about N - CA        (C' of the residue before)
    psi     N  - CA - C  - N'       about CA - C        (N' of the residue after)
    omega   CA - C  - N' - CA'      about C - N', the peptide bond: close to 180 degrees

Coordinates and distances are in angstrom (1e-10 m), angles in radians.
"""
import numpy as np

from ..support.files import atomic_write

N, CA, C, CB = range(4)                 # the atoms of a residue, in the order of the second to last axis
SAME_FOLD = 0.5                         # two structures with a higher TM-score have the same fold as a rule
CONTACT = 8.0                           # residues touch when their CB atoms are closer than this (CASP's definition)


def dihedral(a, b, c, d):
    """The torsion angle of four points (..., 3), in (-pi, pi]: how far d is turned against a about the axis b - c.

    Looking along the axis, clockwise is positive; 0 is cis, pi is trans.  (IUPAC-IUB 1970)
    """
    axis = c - b
    n1, n2 = np.cross(b - a, axis), np.cross(axis, d - c)
    sine = (np.cross(n1, n2) * axis).sum(-1) / np.linalg.norm(axis, axis=-1)
    return np.arctan2(sine, (n1 * n2).sum(-1))


def torsions(atoms):
    """phi, psi and omega (L, 3) of a backbone: atoms (L, 3 or more, 3).  0 where the chain ends and has none."""
    path = atoms[:, :3].reshape(-1, 3)
    angles = np.zeros(len(path), path.dtype)
    angles[1:-2] = dihedral(path[:-3], path[1:-2], path[2:-1], path[3:])
    return angles.reshape(-1, 3)


def beta_carbons(atoms):
    """Where the CB atoms are, (..., L, 3), from N, CA and C: CA's four bonds point to the corners of a tetrahedron.

    The side chain begins there, on one side only: it tells a backbone from its mirror image.  Glycine has no CB; there
    it is where one would be.
    """
    ca = atoms[..., CA, :]
    to_n, to_c = _unit(atoms[..., N, :] - ca), _unit(atoms[..., C, :] - ca)
    half = np.radians(109.47 / 2)       # half the angle at the centre of a tetrahedron
    return ca + 1.53 * (_unit(np.cross(to_n, to_c)) * np.sin(half) - _unit(to_n + to_c) * np.cos(half))


def _unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def backbone(protein):
    """The atoms N, CA, C and CB of a `corpora.Protein`: (L, 4, 3) float64."""
    atoms = protein.coordinates[:, :3].astype(np.float64)
    return np.concatenate([atoms, beta_carbons(atoms)[:, None]], axis=1)


def breaks(atoms):
    """Where a chain (L, 3 or more, 3) is broken: residues k from which the bond to the next is longer than 2 angstrom.

    A peptide bond has 1.33; where residues are missing from a crystal structure there is none.
    """
    return np.flatnonzero(np.linalg.norm(atoms[1:, N] - atoms[:-1, C], axis=-1) > 2)


def distances(x):
    """All distances between points x (..., L, 3): (..., L, L)."""
    return np.linalg.norm(x[..., :, None, :] - x[..., None, :, :], axis=-1)


def separations(length):
    """How far apart along the chain: |i - j| (L, L)."""
    place = np.arange(length)
    return np.abs(place[:, None] - place)


def secondary(angles):
    """One letter per residue, H (helix), E (strand) or C (neither), from torsions (L, 3): runs of typical phi and psi.

    Helix: phi in (-100, -30) and psi in (-80, -5) degrees for 4 residues or more.  Strand: phi in (-180, -40) and psi
    above 90 or below -170 for 3 or more.  A simple rule, which sees no hydrogen bonds as DSSP does.
    """
    phi, psi = np.degrees(angles[:, 0]), np.degrees(angles[:, 1])
    letters = np.full(len(angles), "C")
    for letter, least, typical in (("H", 4, (-100 < phi) & (phi < -30) & (-80 < psi) & (psi < -5)),
                                   ("E", 3, (phi < -40) & ((psi > 90) | (psi < -170)))):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], typical, [False]]).astype(int)))
        for start, end in edges.reshape(-1, 2):
            if end - start >= least:
                letters[start:end] = letter
    return "".join(letters)


# -- comparing two structures of the same chain ----------------------------------------------------------------------
def superpose(x, y, weights=None):
    """x (L, 3) turned and shifted onto y (L, 3), so that the weighted sum of squared distances is least.  (Kabsch 1976)

    With U S Vᵀ the singular value decomposition of Xᵀ W Y (both centred), the rotation is U diag(1, 1, ±1) Vᵀ, the sign
    such that its determinant is 1: a mirror image is not allowed.  weights (..., L) gives many superpositions at once.
    """
    w = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    w = (w / w.sum(-1, keepdims=True))[..., None]
    x_mean, y_mean = (w * x).sum(-2, keepdims=True), (w * y).sum(-2, keepdims=True)
    u, _, vt = np.linalg.svd(((x - x_mean) * w).swapaxes(-1, -2) @ (y - y_mean))
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return (x - x_mean) @ (u @ vt) + y_mean


def rmsd(x, y):
    """The root of the mean squared distance of x and y (L, 3) after the best superposition, in angstrom."""
    _same_chain(x, y)
    return float(np.sqrt(np.square(superpose(x, y) - y).sum(-1).mean()))


def tm_score(x, y):
    """How alike two structures x and y (L, 3: the CA atoms) of one chain are: 1 for equal ones, (0, 1] in general.

        TM = max over superpositions of  1/L Σ 1 / (1 + (dᵢ/d₀)²),    d₀ = 1.24 ∛(L - 15) - 1.8, at least 0.5

    dᵢ is the distance of the two positions of residue i.  Above 0.5 two structures have the same fold as a rule; pairs
    of unrelated ones have about 0.17 (Zhang & Skolnick 2004; Xu & Zhang 2010).  Unlike the RMSD it is not ruled by the
    worst part.  The maximum is searched for from the superpositions of every stretch of L, L/2, L/4, ... residues.
    Each is improved by superposing again with the weights 1 / (1 + (dᵢ/d₀)²)²: 1 / (1 + u) is convex in u, so it lies
    above its tangent, of slope -1 / (1 + u)², and the sum that is maximized never falls.
    """
    _same_chain(x, y)
    length = len(x)
    d0 = max(1.24 * max(length - 15, 0) ** (1 / 3) - 1.8, 0.5)
    stretches, size = [np.ones((1, length))], length // 2
    while size >= 4:
        offset = np.arange(length) - np.arange(length - size + 1)[:, None]
        stretches.append(((offset >= 0) & (offset < size)).astype(float))
        size //= 2
    weights = np.concatenate(stretches)
    for _ in range(30):
        closeness = 1 / (1 + np.square(superpose(x, y, weights) - y).sum(-1) / d0 ** 2)
        weights = closeness ** 2
    return float(closeness.mean(-1).max())


def _same_chain(x, y):
    if x.shape != y.shape or x.ndim != 2 or x.shape[-1] != 3 or not len(x):
        raise ValueError(f"two structures of one chain have the same shape (L, 3), these have {x.shape} and {y.shape}")


# -- files -----------------------------------------------------------------------------------------------------------
NAMES = dict(zip("ACDEFGHIKLMNPQRSTVWY", ("ALA CYS ASP GLU PHE GLY HIS ILE LYS LEU "
                                          "MET ASN PRO GLN ARG SER THR VAL TRP TYR").split()))


def write_pdb(path, sequence, atoms):
    """Write atoms (L, 4, 3) to a PDB file, the format (version 3.3) that programs which show proteins read.

    Every record fills the format's 80 columns.
    """
    lines, serial = [], 0
    for k, letter in enumerate(sequence):
        for name, (x, y, z) in zip(("N", "CA", "C", "CB"), atoms[k]):
            if letter == "G" and name == "CB":
                continue                    # glycine has none
            serial += 1
            lines.append(f"ATOM  {serial:5d}  {name:<3} {NAMES.get(letter, 'UNK')} A{k + 1:4d}    "
                         f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           {name[0]}")
    lines += [f"TER   {serial + 1:5d}      {NAMES.get(letter, 'UNK')} A{k + 1:4d}", "END"]
    with atomic_write(path, "w") as file:
        file.writelines(f"{line:80}\n" for line in lines)
