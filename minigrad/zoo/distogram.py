"""Distances between residues as classes: the bins, the batches, what a prediction is worth, and the baselines to beat.

A distogram is a distribution over bins of the CB - CB distance for every pair of residues, (L, L, 18).  A distribution
says more than a number: how sure the prediction is, and that a distance may be short or long but not in between.
"""
import numpy as np

import minigrad as mg

from ..data.loading import DataLoader
from ..keras.optimizers import Adam
from ..keras.optimizers.schedules import CosineDecay
from ..support.intervals import bootstrap
from .evoformer import ALPHABET, encode
from .folding import horizon, pair_distances
from .structure import CB, CONTACT, backbone, distances, separations

EDGES = np.arange(4.0, 21.0)            # angstrom: below 4, seventeen bins of 1 in between, above 20
BINS = len(EDGES) + 1
NEAREST, LONG = 2, 24                   # |i - j| from which pairs count: all pairs, and those of long range (CASP)


def distogram_of(protein):
    """The bin of every pair of residues of a known structure: (L, L) integers from 0 to 17."""
    return np.digitize(distances(backbone(protein)[:, CB]), EDGES)


class Chains(DataLoader):
    """Batches (sequences (B, L), distograms (B, L, L)) of proteins, of one length each, so that nothing is padded.

    Proteins of nearly equal length share a batch, and each is cut to a random stretch of the shortest one's length, or
    of `crop` residues if that is less.  crop=None leaves chains whole: then batches must be of one.
    """

    def __init__(self, proteins, batch_size=4, crop=64, **kwargs):
        self.chains = [(encode(p.sequence), distogram_of(p)) for p in proteins]
        self.crop = crop
        super().__init__(np.arange(len(proteins)), batch_size=batch_size, **kwargs)
        if crop is None and self.batch_size > 1:
            raise ValueError("Chains: whole chains (crop=None) come one by one, with batch_size=1")

    def _order(self, epoch):
        if not self.shuffle:
            return None
        rng = np.random.default_rng([self.seed, epoch])
        lengths = np.array([len(s) for s, _ in self.chains]) + rng.random(self.rows)    # equal lengths in random order
        order, whole = np.argsort(lengths), self.rows - self.rows % self.batch_size
        return np.concatenate([*rng.permutation(order[:whole].reshape(-1, self.batch_size)), order[whole:]])

    def _take(self, order, number):
        batch = [self.chains[row] for row in super()._take(order, number)]
        rng = np.random.default_rng([self.seed, self.epoch, number])
        length = min([len(s) for s, _ in batch] + ([self.crop] if self.crop else []))
        starts = [rng.integers(len(s) - length + 1) for s, _ in batch]
        return (np.stack([s[a:a + length] for (s, _), a in zip(batch, starts)]),
                np.stack([d[a:a + length, a:a + length] for (_, d), a in zip(batch, starts)]))


def train(model, proteins, held_out, epochs, crop=64, learning_rate=2e-3, batch_size=4, seed=0, callbacks=()):
    """Train an Evoformer; {"loss": [...], "val_loss": [...]} by epochs, in nats per pair, means over proteins.

    Adam, the rate warmed up and then lowered along a cosine; gradients limited to norm 1.
    """
    loader = Chains(proteins, batch_size, crop, seed=seed)
    steps = epochs * len(loader)
    warm_up = min(100, steps // 10)
    rate = CosineDecay(0.0, steps - warm_up, 0.0, warmup_target=learning_rate, warmup_steps=warm_up)
    model.compile(Adam(rate, beta_2=0.99, global_clipnorm=1.0))
    whole = Chains(held_out, 1, None, shuffle=False)
    return model.fit(loader, epochs=epochs, validation_data=whole, callbacks=list(callbacks)).history


# -- what a prediction is worth --------------------------------------------------------------------------------------
def cross_entropy(log_p, truth, least=NEAREST, most=None):
    """(Σ -ln p of the true bin, the number of pairs), in nats, over pairs i < j with least <= j - i < most.

    log_p (L, L, bins), truth (L, L).  A mean over proteins is the ratio of their sums: see `interval`.
    """
    separation = np.triu(separations(len(truth)))
    counted = (separation >= least) & (separation < (most or len(truth)))
    return float(-np.take_along_axis(log_p, truth[..., None], -1)[..., 0][counted].sum()), int(counted.sum())


def contact_probability(log_p):
    """The probability (L, L) that two CB atoms are closer than 8 angstrom."""
    return np.exp(log_p[..., :np.searchsorted(EDGES, CONTACT) + 1]).sum(-1)


def expected_distances(log_p):
    """The mean distance (L, L) of a distogram, in angstrom; the open last bin counts as 22."""
    return np.exp(log_p) @ np.append(EDGES - 0.5, 22.0)


def precision(log_p, truth):
    """(How many of the L/5 likeliest contacts of long range are contacts, how many were named): CASP's measure.

    Only chains of 30 residues and more count, as in shorter ones there are hardly more such pairs than are named:
    (0, 0).  Of equal probabilities the nearer pair is named.
    """
    length = len(truth)
    if length < 30:
        return 0, 0
    i, j = np.triu_indices(length, LONG)
    order = np.lexsort((j - i, -contact_probability(log_p)[i, j]))[:length // 5]
    return int((truth[i, j][order] <= np.searchsorted(EDGES, CONTACT)).sum()), len(order)


def interval(sums, counts, draws=2000, seed=0):
    """Σ sums / Σ counts over proteins, with the ends of its 95 % interval: (value, low, high).

    Proteins, not pairs, are drawn again (the bootstrap of Efron 1979): pairs of one protein are not independent.
    """
    def ratio(sums, counts):
        return np.sum(sums) / np.sum(counts)
    return ratio(sums, counts), *bootstrap(ratio, sums, counts, samples=draws, seed=seed)


def scores(predict, proteins, progress=iter):
    """What predictions are worth, a row for each protein (n, 6): sums and counts for `interval`.

    predict     a function protein -> log_p (L, L, bins)
    Columns: nats and pairs of all separations; of long range; contacts right and named.
    """
    rows = []
    for protein in progress(proteins):
        log_p, truth = predict(protein), distogram_of(protein)
        rows.append((*cross_entropy(log_p, truth), *cross_entropy(log_p, truth, LONG), *precision(log_p, truth)))
    return np.array(rows, float)


# -- baselines -------------------------------------------------------------------------------------------------------
class Frequencies:
    """p(bin | separation, class of the pair): how often each was seen in known proteins.  No network.

    classes     a function protein -> (L, L) integers from 0 to `kinds` - 1; by default all pairs are of one class
    strength    how many pairs the frequencies in general count for at a separation, and these again in a class, so that
                what was seen seldom is neither impossible nor certain
    """

    def __init__(self, proteins, classes=None, kinds=1, strength=50):
        self.classes = classes or (lambda protein: np.zeros((len(protein.sequence),) * 2, int))
        counts = np.zeros((max(len(p.sequence) for p in proteins), kinds, BINS))
        for protein in proteins:
            i, j = np.triu_indices(len(protein.sequence), 1)
            np.add.at(counts, (j - i, self.classes(protein)[i, j], distogram_of(protein)[i, j]), 1)

        def mixed(counts, general):
            return (counts + strength * general) / (counts.sum(axis=-1, keepdims=True) + strength)
        in_general = mixed(counts.sum(axis=(0, 1)), 1 / BINS)
        at_separation = mixed(counts.sum(axis=1), in_general)                           # (separations, bins)
        self.log_p = np.log(mixed(counts, at_separation[:, None]))                      # (separations, kinds, bins)

    def __call__(self, protein):
        """log_p (L, L, bins)."""
        classes = self.classes(protein)
        classes = np.triu(classes) + np.triu(classes, 1).T      # of the pair i < j, also where i > j
        return self.log_p[np.minimum(separations(len(classes)), len(self.log_p) - 1), classes]


def by_secondary(letters_of):
    """(classes, kinds) for Frequencies from secondary structure: letters_of(protein) gives L letters H, E or C.

    Twelve classes: the letters of both residues, and apart from these pairs within one unbroken helix, strand or coil.
    """
    def classes(protein):
        kind = np.array(["HEC".index(letter) for letter in letters_of(protein)])
        segment = np.cumsum(np.diff(kind, prepend=kind[0]) != 0)
        return np.where(segment[:, None] == segment, 9 + kind[:, None], 3 * kind[:, None] + kind)
    return classes, 12


def by_residues(protein):
    """Classes for Frequencies: which two amino acids they are, 400 kinds."""
    kind = encode(protein.sequence)
    return len(ALPHABET) * kind[:, None] + kind


# -- from a distogram to an energy -----------------------------------------------------------------------------------
def potential(log_p, reference):
    """The energy of distances under a prediction: a function (angles, atoms, progress) -> (B,) for `fold.fold`.

        E = Σ over pairs i < j of horizon · V(dᵢⱼ) / L,     V(bin) = -ln p(bin) + ln p(bin | separation)

    log_p, reference    (L, L, bins): what is predicted for this protein, and for any one (`Frequencies`), of which only
                        the ratio says something; it also makes the open last bin comparable with the others
    Between the middles of two bins V is a straight line.  Beyond the last it is level, below the first it goes on.
    """
    length = len(log_p)
    v = reference - log_p
    slopes = np.diff(v, axis=-1)
    first = EDGES[0] - 0.5
    i, j = np.triu_indices(length, NEAREST)

    def energy(angles, atoms, progress):
        beta = atoms[:, :, CB]
        place = mg.minimum(pair_distances(beta)[:, i, j] - first, BINS - 1.0)                   # (B, pairs), in bins
        left = np.clip(getattr(place, "_data", place).astype(int), 0, BINS - 2)
        pairs = np.arange(len(i))
        rise, level = slopes[i, j][pairs, left], v[i, j][pairs, left]
        weight = horizon(length, progress)[i, j] / length
        at = level + rise * (place - left)
        return (at * weight).sum(axis=1)
    return energy
