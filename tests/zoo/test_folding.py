"""Folding: the placement against its definition, gradients against differences, and crambin from its distances."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.zoo import folding as f
from minigrad.zoo.structure import CA, CB, beta_carbons, distances, rmsd, separations, tm_score, torsions

from .test_structure import ATOMS, CRAMBIN

seeds = st.integers(0, 2**32 - 1)


def random_angles(seed, copies=2, length=7):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (copies, length, 3))


@given(st.integers(1, 9), seeds)
def test_running_product_equals_one_product_after_another(n, seed):
    m = np.random.default_rng(seed).normal(size=(2, n, 3, 3))
    product, expected = np.eye(3), []
    for k in range(n):
        product = product @ m[:, k]
        expected.append(product)
    assert np.allclose(f.running_product(m), np.stack(expected, axis=1))


@given(st.integers(1, 12), seeds)
def test_the_chain_has_the_torsions_bonds_and_angles_that_were_asked_for(length, seed):
    angles = random_angles(seed, 2, length)
    for asked, atoms in zip(angles, f.place(angles)):
        difference = torsions(atoms) - asked
        difference[0, 0] = difference[-1, 1:] = 0           # a chain's ends have no phi, psi, omega
        assert np.allclose(np.exp(1j * difference), 1)
        bonds = np.diff(atoms[:, :3].reshape(-1, 3), axis=0)
        lengths = np.linalg.norm(bonds, axis=1)
        assert np.allclose(lengths, np.tile(f.BOND, length)[1:])
        bend = (bonds[1:] * bonds[:-1]).sum(1) / (lengths[1:] * lengths[:-1])
        assert np.allclose(np.arccos(-bend), np.tile(f.ANGLE, length)[2:])
        assert np.allclose(atoms[:, CB], beta_carbons(atoms))


def test_an_alpha_helix_rises_1_5_angstrom_per_residue_and_turns_100_degrees():
    """Pauling, Corey & Branson 1951: 3.6 residues and 5.4 angstrom per turn; here phi -60, psi -45."""
    x = f.place(np.tile(f.HELIX, (1, 73, 1)))[0, :, CA]
    axis = (x[72] - x[0]) / np.linalg.norm(x[72] - x[0])
    assert np.diff(x @ axis).mean() == pytest.approx(1.5, abs=0.1)
    around = x - np.outer(x @ axis, axis)
    around -= around.mean(0)
    turn = np.cross(around[:-1], around[1:]) @ axis
    assert np.degrees(np.arctan2(turn, (around[:-1] * around[1:]).sum(1))).mean() == pytest.approx(100, abs=3)


def test_mirror_images_have_the_same_distances():
    angles = random_angles(3)
    atoms, image = f.place(angles), f.place(f.mirrored(angles))
    assert np.allclose(distances(atoms[0, :, :3].reshape(-1, 3)), distances(image[0, :, :3].reshape(-1, 3)))
    assert rmsd(atoms[0, :, CA], image[0, :, CA]) > 0.5
    assert not np.allclose(distances(atoms[0, :, CB]), distances(image[0, :, CB]))      # side chains stay left-handed


def test_gradients_of_the_whole_way_from_torsions_to_energy():
    """Against central differences, in double precision; the step balances rounding and curvature."""
    prior, restraint = f.Ramachandran([CRAMBIN]), f.restraints(distances(ATOMS[:7, CB]), atom=CB)

    def energy(angles):
        return (restraint(angles, f.place(angles), 0.5) + prior(angles, CRAMBIN.sequence[:7])).sum()
    angles, step = random_angles(5), 1e-6
    gradient = mg.grad(energy)(angles)
    for index in np.ndindex(angles.shape):
        e = np.zeros_like(angles)
        e[index] = step
        slope = (energy(angles + e) - energy(angles - e)) / (2 * step)
        assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_single_precision_stays_single():
    angles = mg.tensor(random_angles(0).astype(np.float32))
    atoms = f.place(angles)
    assert atoms.dtype == np.float32
    assert f.restraints(distances(ATOMS[:7, CA]))(angles, atoms, 1.0).dtype == np.float32
    assert f.Ramachandran([CRAMBIN])(angles, "TTCCPSI").dtype == np.float32


def test_crambin_from_its_distances():
    folded = f.fold(f.restraints(distances(ATOMS[:, CA])), 46, copies=4, steps=500)
    folded = f.right_handed(folded, f.Handedness([CRAMBIN]))
    x, true = folded.atoms[0, :, CA], ATOMS[:, CA]
    assert rmsd(x, true) < 1
    assert tm_score(x, true) > 0.9
    assert (np.diff(folded.energy) >= 0).all() and folded.energy[0] < 0.1


def test_the_energy_is_that_of_the_structure_and_falls():
    seen = []
    restraint = f.restraints(distances(ATOMS[:20, CA]))
    folded = f.fold(restraint, 20, copies=2, steps=20, callback=lambda step, atoms, e: seen.append((step, e)))
    assert [step for step, _ in seen] == list(range(21))
    assert np.allclose(folded.energy, restraint(folded.angles, folded.atoms, 1.0))
    assert np.allclose(np.sort(seen[-1][1]), folded.energy)
    start = f.fold(restraint, 20, copies=2, steps=0)
    assert folded.energy.max() < 0.2 * start.energy.min()


def test_the_same_seed_gives_the_same_structure():
    restraint = f.restraints(distances(ATOMS[:12, CA]))
    one, same, other = (f.fold(restraint, 12, copies=2, steps=10, seed=seed).atoms for seed in (1, 1, 2))
    assert (one == same).all() and not np.allclose(one, other)


def test_what_is_not_known_does_not_pull():
    target = distances(ATOMS[:, CA])
    known = (separations(46) < 10).astype(float)
    nonsense = np.where(known > 0, target, np.nan)
    atoms = f.place(random_angles(0, 1, 46))
    assert f.restraints(target, known)(None, atoms, 1.0) == f.restraints(nonsense, known)(None, atoms, 1.0)


@pytest.mark.parametrize("target, weight", [(np.zeros((3, 4)), None), (np.zeros((3, 3)), np.zeros((3, 3))),
                                            (np.full((3, 3), np.nan), None), (np.zeros((3, 3)), -np.ones((3, 3))),
                                            (np.zeros((3, 3)), np.ones((4, 4)))])
def test_restraints_refuse_what_means_nothing(target, weight):
    with pytest.raises(ValueError, match="restraints"):
        f.restraints(target, weight)


def test_the_priors_tell_crambin_from_its_mirror_image():
    hand, prior = f.Handedness([CRAMBIN]), f.Ramachandran([CRAMBIN])
    assert hand(ATOMS[:, CA]) > 5 and hand(ATOMS[:, CA] * [1, 1, -1]) == pytest.approx(-hand(ATOMS[:, CA]))
    angles = torsions(ATOMS)[None]
    assert prior(angles, CRAMBIN.sequence) < prior(f.mirrored(angles), CRAMBIN.sequence)


def test_mirror_images_are_turned_back():
    """Of crambin and its mirror image right_handed makes the same: the one that looks like crambin."""
    angles = np.stack([torsions(ATOMS), f.mirrored(torsions(ATOMS))])
    folded = f.right_handed(f.Folded(angles, f.place(angles), np.zeros(2)), f.Handedness([CRAMBIN]))
    assert np.allclose(folded.angles[0], folded.angles[1])
    assert all(rmsd(x, ATOMS[:, CA]) < 2 for x in folded.atoms[:, :, CA])


def test_the_ramachandran_energy_is_low_where_torsions_are_seen():
    prior = f.Ramachandran([CRAMBIN])
    often, never = np.tile(f.HELIX, (1, 3, 1)), np.tile(np.radians([60, -60, 180]), (1, 3, 1))
    assert prior(often, "AAA") < 0 < prior(never, "AAA")
    assert prior(often, "AAA") != prior(often, "AGA")       # glycine has its own
