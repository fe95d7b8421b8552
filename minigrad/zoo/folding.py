"""Folding a protein by gradient descent on its torsion angles, from distances between its residues.

The way from angles to energy is a few operations on large arrays, which the engine differentiates:

    torsions (B, L, 3) -> atoms (B, L, 4, 3) -> distances (B, L, L) -> energy (B,)

B copies fold at once, from different starts: the energy has many local minima, and the lowest one found is kept.  This
is how the first AlphaFold made structures of the distances that its network predicted (Senior et al. 2020).
"""
import math
from typing import NamedTuple

import numpy as np

import minigrad as mg

from ..keras.optimizers import Adam
from ..keras.optimizers.schedules import CosineDecay
from .structure import CA, C, backbone, beta_carbons, dihedral, separations, torsions

# The bond that leads to N, to CA and to C, in angstrom, and the angle at the atom before.  (Engh & Huber 1991)
BOND = np.array([1.329, 1.458, 1.525])
ANGLE = np.radians([116.2, 121.7, 111.2])
# phi, psi and omega of two regular chains: the helix that proteins are full of, a right-handed screw, and a strand
HELIX, EXTENDED = np.radians([-60, -45, 180]), np.radians([-120, 130, 180])


# -- from torsions to atoms ------------------------------------------------------------------------------------------
def _turns():
    """Constants (3, 3, 9): the turn from one bond to the next is turn[0] + cos(torsion) turn[1] + sin(torsion) turn[2].

    Each atom has a frame whose x axis is the bond that leads to it.  The next bond is turned against it by the torsion
    t about x, and then by 180 degrees - angle about z:
                              | c   -s    0  |
        Rx(t) Rz(pi - angle) =| s C  c C  -S |      c, s = cos, sin(pi - angle);  C, S = cos, sin(t)
                              | s S  c S   C |
    """
    c, s, o, i = np.cos(np.pi - ANGLE), np.sin(np.pi - ANGLE), np.zeros(3), np.ones(3)
    return np.stack([[c, -s, o, o, o, o, o, o, o],
                     [o, o, o, s, c, o, o, o, i],
                     [o, o, o, o, o, -i, s, c, o]]).transpose(2, 0, 1)


def _ideal_beta_carbon():
    """CB seen from C, in the frame of C: the same vector (3,) in each residue, as bond lengths and angles are fixed."""
    ca = np.array([-BOND[C], 0, 0])
    n = ca + BOND[CA] * np.array([math.cos(ANGLE[C]), math.sin(ANGLE[C]), 0])
    return beta_carbons(np.stack([n, ca, np.zeros(3)]))


TURNS, BETA = _turns(), _ideal_beta_carbon()


def running_product(m):
    """The products M₀, M₀M₁, M₀M₁M₂, ... of square matrices (B, n, k, k), in ⌈log₂ n⌉ rounds instead of n steps.

    After a round of stride s each entry is the product of the 2s matrices that end there.  (Hillis & Steele 1986)
    """
    stride = 1
    while stride < m.shape[1]:
        m = mg.concatenate([m[:, :stride], m[:, :-stride] @ m[:, stride:]], axis=1)
        stride *= 2
    return m


def place(angles):
    """The atoms N, CA, C and CB (B, L, 4, 3) of chains with torsions phi, psi, omega (B, L, 3), by ideal bonds.

    The frame of each atom is that of the one before, turned: the product of all turns up to it.  Its x axis is the
    bond that leads to the atom, and atoms are sums of bonds.  A torsion turns what comes two atoms after its own, hence
    the roll by two; what it puts first, the torsions that the chain's end lacks, only turns the chain as a whole.
    """
    b, length, _ = angles.shape
    t = mg.roll(angles.reshape(b, 3 * length), 2, axis=1).reshape(b, length, 3, 1)
    turns = mg.concatenate([np.ones_like(t), mg.cos(t), mg.sin(t)], axis=-1).reshape(b, length, 3, 1, 3) \
        @ TURNS.astype(t.dtype)                                                 # (B, L, 3, 1, 9)
    frames = running_product(turns.reshape(b, 3 * length, 3, 3))
    bonds = frames[..., 0] * np.tile(BOND, length).astype(t.dtype)[:, None]     # (B, 3L, 3)
    path = mg.cumsum(bonds, axis=1).reshape(b, length, 3, 3)
    beta = path[:, :, C] + frames[:, C::3] @ BETA.astype(t.dtype)               # (B, L, 3)
    return mg.concatenate([path, beta.reshape(b, length, 1, 3)], axis=2)


def pair_distances(x):
    """The distances (B, L, L) of points (B, L, 3).  On the diagonal 0.001, since 0 has no slope."""
    difference = mg.expand_dims(x, 2) - mg.expand_dims(x, 1)
    return mg.sqrt(mg.square(difference).sum(axis=-1) + 1e-6)


# -- energies: functions of (angles, atoms, progress) that give (B,) -------------------------------------------------
def horizon(length, progress):
    """Weights (L, L) that fall off with the separation |i - j|, over 4 residues at first and over 2 L in the end.

    A chain that is pulled at by all distances from the start gets tangled.  Near ones first, its helices and turns form
    before they are brought together.
    """
    return np.exp(-separations(length) / (4 + 2 * length * progress ** 3))


def restraints(target, weight=None, atom=CA):
    """The energy that pulls distances between atoms of one kind to a target (L, L): a weighted mean of squared errors.

        E = Σ w (d - target)² / Σ w,     w = weight · horizon / (1 + target)

    weight      (L, L), how much each target is to be trusted: 0 where it is not known; 1 everywhere by default
    """
    target = np.asarray(target, float)
    known = np.ones_like(target) if weight is None else np.asarray(weight, float)
    if target.ndim != 2 or len(set(target.shape + known.shape)) != 1:
        raise ValueError(f"restraints: target and weight are square, (L, L), not {target.shape} and {known.shape}")
    if not ((known > 0) & np.isfinite(known + target) | (known == 0)).all() or not known.any():
        raise ValueError("restraints: weights must be 0 or more, some above 0, and targets finite where they are")
    target, known = np.where(known > 0, target, 0), known / (1 + np.where(known > 0, target, 0))

    def energy(angles, atoms, progress):
        w = known * horizon(len(target), progress)
        error = pair_distances(atoms[:, :, atom]) - target.astype(atoms.dtype)
        return (mg.square(error) * (w / w.sum()).astype(atoms.dtype)).sum(axis=(1, 2))
    return energy


def _waves(x, order=4):
    """1, cos x, sin x, ..., cos 4x, sin 4x: (...,) -> (..., 9)."""
    return mg.stack([np.ones_like(x)] + [f(k * x) for k in range(1, order + 1) for f in (mg.cos, mg.sin)], axis=-1)


class Ramachandran:
    """How likely pairs of torsions phi and psi are, from known proteins: an energy that keeps chains possible.

        E = -ln p(phi, psi),    ln p as a Fourier series of order 4 in each angle, p relative to uniform

    In most places of the (phi, psi) plane atoms would collide.  Amino acids are left-handed molecules, so the plane is
    not symmetric: phi is above 0 in one residue of 50, glycine, which has no side chain and is counted apart, left out.
    (Ramachandran, Ramakrishnan & Sasisekharan 1963)
    """

    def __init__(self, proteins, bins=36):
        counts = np.ones((2, bins, bins))                       # one more than seen: nothing is impossible
        for protein in proteins:
            inner = torsions(backbone(protein))[1:-1, :2]       # the ends lack phi or psi
            np.add.at(counts, (self.kinds(protein.sequence)[1:-1], *_bin(inner, bins).T), 1)
        density = counts / counts.mean(axis=(1, 2), keepdims=True)
        waves = _waves((np.arange(bins) + 0.5) / bins * 2 * np.pi - np.pi)      # (bins, 9), orthogonal columns
        waves /= np.square(waves).sum(axis=0)
        self.series = -waves.T @ np.log(density) @ waves        # (2, 9, 9)

    @staticmethod
    def kinds(sequence):
        """1 for glycine, 0 for the others."""
        return np.array([letter == "G" for letter in sequence], int)

    def __call__(self, angles, sequence):
        """Σ E over the residues but the first and the last (B,); angles (B, L, 3)."""
        series = self.series[self.kinds(sequence)].astype(angles.dtype)         # (L, 9, 9)
        phi, psi = _waves(angles[:, :, 0]), _waves(angles[:, :, 1])             # (B, L, 9)
        along = (mg.expand_dims(phi, 2) @ series)[:, :, 0]
        return (along * psi).sum(axis=-1)[:, 1:-1].sum(axis=1)


def _bin(angles, bins):
    """The number of the bin, of equal ones from -pi to pi, that angles fall into."""
    return np.floor((angles / (2 * np.pi) + 0.5) * bins).astype(int) % bins


# -- left and right --------------------------------------------------------------------------------------------------
class Handedness:
    """Tells a chain from its mirror image, which has the same distances and so the same energy.

    The torsion of four CA atoms in a row is near +50 degrees in a helix, which in proteins turns right; in the mirror
    image it is near -50.  From known proteins the odds of each torsion t against -t: ln p(t) / p(-t), in nats.
    """

    def __init__(self, proteins, bins=36):
        counts = np.ones(bins)
        for protein in proteins:
            np.add.at(counts, _bin(self.turns(backbone(protein)[:, CA]), bins), 1)
        self.odds = np.log(counts / counts[::-1])

    @staticmethod
    def turns(x):
        """The torsions (..., L - 3) of consecutive CA atoms (..., L, 3)."""
        return dihedral(*(x[..., k:x.shape[-2] - 3 + k, :] for k in range(4)))

    def __call__(self, x):
        """The log odds (...,) that CA atoms (..., L, 3) are a protein and not its mirror image: above 0, they are."""
        return self.odds[_bin(self.turns(x), len(self.odds))].sum(axis=-1)


# -- descent ---------------------------------------------------------------------------------------------------------
class Folded(NamedTuple):
    """B structures of one chain, that of the lowest energy first."""
    angles: np.ndarray      # (B, L, 3): phi, psi and omega
    atoms: np.ndarray       # (B, L, 4, 3): N, CA, C and CB
    energy: np.ndarray      # (B,)


def fold(energy, length, start=HELIX, copies=8, steps=600, learning_rate=0.2, seed=0, callback=None):
    """Minimize an energy of the torsions of a chain by Adam, from randomly bent regular chains: `Folded`.

    energy      energy(angles, atoms, progress) -> (B,), progress going from 0 to 1
    start       phi, psi and omega before bending.  A helix has the right hand from the start, and most copies keep it;
                of EXTENDED chains, which have none, every other one becomes the mirror image.
    callback    callback(step, atoms, energies) before each step and at the end, arrays (B, L, 4, 3) and (B,)
    """
    rng = np.random.default_rng(seed)
    angles = mg.tensor(start + rng.normal(size=(copies, length, 3)) * (0.3, 0.3, 0.05), requires_grad=True)
    optimizer = Adam(CosineDecay(learning_rate, max(steps, 1)), beta_2=0.9)
    for step in range(steps):
        atoms = place(angles)
        energies = energy(angles, atoms, step / steps)
        energies.sum().backward()
        if callback:
            callback(step, atoms._data, energies._data)
        optimizer.step([angles])
    with mg.no_grad():
        atoms = place(angles)
        energies = energy(angles, atoms, 1.0)
    if callback:
        callback(steps, atoms._data, energies._data)
    order = np.argsort(energies._data)
    return Folded(angles._data[order], atoms._data[order], energies._data[order])


def mirrored(angles):
    """The torsions of the mirror image: all turn the other way.  Lengths, angles and distances of N, CA and C stay."""
    return -angles


def right_handed(folded, handedness):
    """The same structures, those that look left-handed replaced by their mirror images: `Folded`."""
    left = handedness(folded.atoms[:, :, CA]) < 0
    angles = np.where(left[:, None, None], mirrored(folded.angles), folded.angles)
    return Folded(angles, place(angles), folded.energy)
