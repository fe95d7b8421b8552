"""Bins, batches, scores and baselines of distograms, on crambin and on chains that were made up."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.data.corpora import Protein
from minigrad.zoo import distogram as d
from minigrad.zoo.evoformer import ALPHABET
from minigrad.zoo.folding import HELIX, place
from minigrad.zoo.structure import CB, backbone, distances, separations

from .test_structure import CRAMBIN

seeds = st.integers(0, 2**32 - 1)


def protein(length, seed=0):
    """A chain of random letters and nearly random torsions."""
    rng = np.random.default_rng([seed, length])
    sequence = "".join(rng.choice(list(ALPHABET), length))
    atoms = place(HELIX + rng.normal(size=(1, length, 3)))[0]
    return Protein(f"R{length}", sequence, "".join(rng.choice(list("HEC"), length)), atoms.astype(np.float32))


def test_bins_are_one_angstrom_wide():
    truth, exact = d.distogram_of(CRAMBIN), distances(backbone(CRAMBIN)[:, CB])
    assert truth.shape == (46, 46) and truth.min() == 0 and truth.max() == d.BINS - 1 == 17
    middle = (exact >= 4) & (exact < 20)
    assert (truth[middle] == np.floor(exact[middle]) - 3).all()
    assert (truth[exact < 4] == 0).all() and (truth[exact >= 20] == 17).all()


@given(st.lists(st.integers(5, 30), min_size=1, max_size=12), st.integers(1, 4), st.integers(4, 20), seeds)
def test_an_epoch_holds_each_chain_once_and_crops_are_stretches_of_it(lengths, batch_size, crop, seed):
    chains = [protein(n, seed=k) for k, n in enumerate(lengths)]
    loader = d.Chains(chains, batch_size=batch_size, crop=crop, seed=seed)
    seen = []
    for sequences, bins in loader:
        assert sequences.shape[1] <= crop and bins.shape == (*sequences.shape, sequences.shape[1])
        for s, b in zip(sequences, bins):
            found = [k for k, (whole, truth) in enumerate(loader.chains) for a in range(len(whole) - len(s) + 1)
                     if np.array_equal(whole[a:a + len(s)], s) and np.array_equal(truth[a:a + len(s), a:a + len(s)], b)]
            assert found, "a batch holds what is no stretch of a chain"
            seen.append(found)
    assert len(seen) == len(chains)
    if crop >= max(lengths) and batch_size == 1:
        assert sorted(k for found in seen for k in found) == list(range(len(chains)))


def test_the_same_seed_gives_the_same_batches_and_epochs_differ():
    chains = [protein(20 + n) for n in range(6)]
    one, two = (d.Chains(chains, batch_size=2, crop=10, seed=1) for _ in range(2))
    first, same, second = [s for s, _ in one], [s for s, _ in two], [s for s, _ in one]
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_whole_chains_come_one_by_one_in_order():
    chains = [protein(n) for n in (7, 5, 9)]
    loader = d.Chains(chains, batch_size=1, crop=None, shuffle=False)
    assert [s.shape for s, _ in loader] == [(1, 7), (1, 5), (1, 9)]
    with pytest.raises(ValueError, match="one by one"):
        d.Chains(chains, batch_size=2, crop=None)


def test_cross_entropy_counts_each_pair_once():
    truth = d.distogram_of(CRAMBIN)
    uniform = np.full((46, 46, d.BINS), -math.log(d.BINS))
    nats, pairs = d.cross_entropy(uniform, truth)
    assert pairs == 44 * 45 // 2 and nats == pytest.approx(pairs * math.log(d.BINS))
    short, long = d.cross_entropy(uniform, truth, 2, 24)[1], d.cross_entropy(uniform, truth, 24)[1]
    assert short + long == pairs and long == 22 * 23 // 2
    sure = np.where(np.arange(d.BINS) == truth[..., None], 0.0, -np.inf)
    assert d.cross_entropy(sure, truth) == (0, pairs)


def test_precision_of_the_truth_and_of_its_opposite():
    truth = d.distogram_of(CRAMBIN)
    right = np.where(np.arange(d.BINS) == truth[..., None], 0.0, -50.0)
    wrong = np.where(np.arange(d.BINS) == (d.BINS - 1 - truth)[..., None], 0.0, -50.0)
    assert d.precision(right, truth) == (9, 9)                  # 46 / 5, and crambin has 30 contacts of long range
    assert d.precision(wrong, truth)[0] == 0
    assert d.precision(right[:29, :29], truth[:29, :29]) == (0, 0)      # too short


def test_contact_is_closer_than_8_angstrom():
    log_p = np.log(np.eye(d.BINS) + 1e-300)[None]               # pair (0, k) is surely in bin k
    assert np.allclose(d.contact_probability(log_p)[0], d.EDGES[0] + np.arange(d.BINS) <= 8)
    exact = distances(backbone(CRAMBIN)[:, CB])
    sure = np.log(np.eye(d.BINS)[d.distogram_of(CRAMBIN)] + 1e-300)
    assert np.array_equal(d.contact_probability(sure) > 0.5, exact < 8)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    """95 of 100 intervals, give or take: between 85 and 100 of these."""
    hits = 0
    for seed in range(100):
        values = np.random.default_rng(seed).exponential(size=60)
        value, low, high = d.interval(values, np.ones(60), draws=500)
        assert value == pytest.approx(values.mean()) and low < value < high
        hits += low < 1 < high
    assert 85 <= hits <= 100


def test_frequencies_are_what_was_counted():
    chains = [protein(30, seed) for seed in range(20)]
    log_p = d.Frequencies(chains, strength=1e-6)(chains[0])
    assert np.allclose(np.exp(log_p).sum(-1), 1) and np.array_equal(log_p, log_p.swapaxes(0, 1))
    seen = np.concatenate([np.diagonal(d.distogram_of(p), 5) for p in chains])
    assert np.allclose(np.exp(log_p[3, 8]), np.bincount(seen, minlength=d.BINS) / len(seen), atol=1e-6)


def test_frequencies_of_a_separation_that_was_never_seen_come_from_the_nearest():
    log_p = d.Frequencies([protein(30, seed) for seed in range(20)])(protein(60))
    assert np.isfinite(log_p).all() and np.array_equal(log_p[0, 59], log_p[0, 29])


def test_classes_tell_more_when_there_is_more_to_tell():
    """Where the first letter decides on helix or strand, frequencies by residues predict better than by separation."""
    shapes = {"A": HELIX, "V": np.radians([-120, 130, 180])}
    chains = []
    for seed in range(30):
        letters = "".join(np.random.default_rng(seed).choice(list("AV"))) * 30
        atoms = place(np.tile(shapes[letters[0]], (1, 30, 1)))[0]
        chains.append(Protein("X", letters, "C" * 30, atoms.astype(np.float32)))
    plain, informed = d.Frequencies(chains), d.Frequencies(chains, d.by_residues, 400, strength=1)
    truth = d.distogram_of(chains[0])
    assert d.cross_entropy(informed(chains[0]), truth)[0] < 0.2 * d.cross_entropy(plain(chains[0]), truth)[0]


def test_secondary_classes():
    classes, kinds = d.by_secondary(lambda p: "HHCHEE")
    c = classes(None)
    assert kinds == 12 and c.min() >= 0 and c.max() < 12
    assert c[0, 1] == 9 and c[4, 5] == 10 and c[2, 2] == 11             # within one helix, strand, coil
    assert c[0, 3] == 0 and c[0, 4] == 1 and c[2, 4] == 7         # two helices; helix and strand; coil and strand


def test_separations():
    assert separations(3).tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
