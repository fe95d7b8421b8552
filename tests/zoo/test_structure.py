"""Angles, superposition and scores, on crambin and on chains that were built for the purpose."""
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.data.corpora import _read_protein
from minigrad.zoo import structure
from minigrad.zoo.folding import HELIX, place
from minigrad.zoo.structure import CA, CB, distances, rmsd, secondary, superpose, tm_score, torsions

CRAMBIN = _read_protein(Path(__file__).with_name("1CRN.txt"))       # Teeter 1984; PDB 1CRN
ATOMS = structure.backbone(CRAMBIN)
seeds = st.integers(0, 2**32 - 1)


def rotation(rng):
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def chain(psi):
    """60 CA atoms of a helix, bent at residue 30 to this psi, and from residue 41 on wound 6 degrees more."""
    angles = np.tile(HELIX, (1, 60, 1))
    angles[0, 29, 1] = np.radians(psi)
    angles[0, 40:, :2] += np.radians(6)
    return place(angles)[0, :, CA]


def test_dihedral_is_0_for_cis_180_for_trans_and_positive_for_clockwise():
    a, b, c = np.eye(3)[1], np.zeros(3), np.eye(3)[0]
    for degrees in (0, 60, 180, -90):
        t = np.radians(degrees)
        d = c + np.array([0, np.cos(t), np.sin(t)])         # seen along b - c, x: from y to z is clockwise
        assert np.degrees(structure.dihedral(a, b, c, d)) == pytest.approx(degrees)


def test_torsions_of_crambin():
    phi, psi, omega = np.degrees(torsions(ATOMS)).T
    assert phi[0] == psi[-1] == omega[-1] == 0              # a chain's ends have none
    assert (np.abs(omega[:-1]) > 165).all()                 # trans peptide bonds
    letters = secondary(torsions(ATOMS))                    # helices 7-19 and 23-30, sheet 1-4 with 32-35 (PDB 1CRN)
    assert letters[7:18] == "H" * 11 and letters[22:29] == "H" * 7
    assert letters[31:35] == "EEEE" and letters[1:4] == "EEE"


def test_secondary_structure_needs_a_run():
    helix = np.tile(HELIX, (10, 1))
    assert secondary(helix) == "H" * 10
    helix[3:] = 0
    assert secondary(helix) == "C" * 10


def test_beta_carbons_are_where_the_side_chains_of_alanines_are():
    alanines = [k for k, letter in enumerate(CRAMBIN.sequence) if letter == "A"]     # their centroid is CB itself
    error = np.linalg.norm(ATOMS[alanines, CB] - CRAMBIN.coordinates[alanines, 3], axis=-1)
    assert len(alanines) == 5 and error.max() < 0.2


@given(seeds)
def test_superpose_undoes_any_motion_but_no_mirror_image(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(10, 3))
    moved = x @ rotation(rng) + rng.normal(size=3)
    assert rmsd(x, moved) < 1e-9
    assert rmsd(x * [1, 1, -1], moved) > 0.01


@given(seeds)
def test_no_rotation_is_better_than_kabschs(seed):
    rng = np.random.default_rng(seed)
    x, y, w = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), rng.random(8)
    best = (w * np.square(superpose(x, y, w) - y).sum(-1)).sum()
    centred, target = x - w @ x / w.sum(), y - w @ y / w.sum()
    for _ in range(20):
        assert (w * np.square(centred @ rotation(rng) - target).sum(-1)).sum() >= best - 1e-9


def test_many_superpositions_at_once():
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), rng.random((5, 8))
    assert np.allclose(superpose(x, y, w), [superpose(x, y, one) for one in w])


def test_tm_score_of_equal_structures_is_1():
    x = ATOMS[:, CA]
    assert tm_score(x @ rotation(np.random.default_rng(0)) + 5, x) == pytest.approx(1)


def test_tm_score_by_hand():
    """One of 46 residues is d0 away, the others lie exactly: (45 + 1/2) / 46, but for what superposing gains."""
    x = ATOMS[:, CA]
    y = x.copy()
    y[-1] += np.array([1, 0, 0]) * (1.24 * 31 ** (1 / 3) - 1.8)
    assert 45.5 / 46 <= tm_score(y, x) < 45.5 / 46 + 0.001


def test_tm_score_of_two_far_halves_is_a_half():
    x = ATOMS[:, CA]
    y = np.concatenate([x[:23], x[23:] @ rotation(np.random.default_rng(1)) + 1e4])
    assert tm_score(y, x) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("psi, reference", [(-20, 0.65393), (20, 0.54512), (60, 0.52961), (130, 0.52511)])
def test_tm_score_finds_what_tm_align_finds(psi, reference):
    """Against TM-align (tmtools 0.3.0, the alignment given): a search may find a better maximum, no worse one."""
    assert reference - 1e-4 <= tm_score(chain(psi), chain(-45)) < reference + 0.001


def test_scores_refuse_chains_of_different_length():
    for score in (rmsd, tm_score):
        with pytest.raises(ValueError, match="same shape"):
            score(np.zeros((3, 3)), np.zeros((4, 3)))


def from_distances(d):
    """Points (L, 3) whose distances are d (L, L), up to rotation and mirror image, in closed form.

    Classical multidimensional scaling (Torgerson 1952): doubly centred, -d²/2 is the matrix of inner products X Xᵀ;
    its three largest eigenvalues and their eigenvectors give X.  It needs every distance, and exact ones.
    """
    squared = -0.5 * np.square(d)
    gram = squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(gram)
    return vectors[:, -3:] * np.sqrt(np.maximum(values[-3:], 0))


def test_exact_distances_give_the_structure_or_its_mirror_image():
    x = ATOMS[:, CA]
    y = from_distances(distances(x))
    assert min(rmsd(y, x), rmsd(y * [1, 1, -1], x)) < 1e-6
