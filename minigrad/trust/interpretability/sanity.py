"""Does an explanation depend on what the network has learned?  If not, it explains the image, not the network."""
from contextlib import contextmanager

import numpy as np

from ...engine import backend
from ...support.explaining import explained
from ...support.meanings import checked
from .saliency import classes_of, floats


def ranks(values):
    """The place of each value in ascending order, from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse.ravel()]


@checked
def rank_correlation(a, b):
    """Spearman's ρ, the correlation of ranks: 1 for the same order, 0 for none; 0, too, where all values are equal."""
    a, b = ranks(np.ravel(a)), ranks(np.ravel(b))
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size else 0.0


@explained
@contextmanager
def shuffled(layers, seed=0):
    """While the block runs, the weights of these layers stand in random places: nothing learned is left of them.

    Each array keeps its numbers, so their size is that of trained weights; afterwards all are back in place.
    """
    rng = np.random.default_rng(seed)
    kept = [(w, w._data.copy()) for layer in layers for w in layer.weights]
    try:
        for w, before in kept:
            order = backend.asarray(rng.permutation(before.size), device=w.device)
            w._data[...] = before.ravel()[order].reshape(before.shape)
            w.touch()
        yield
    finally:
        for w, before in kept:
            w._data[...] = before
            w.touch()


@checked
def randomisation_test(model, x, method, target=None, seed=0):
    """{layer: similarity} of explanations before and after the weights are shuffled, from the last layer down to it.

    The similarity is the mean over examples of Spearman's ρ between the explanations.  The last entry is that of a
    network with nothing learned: an explanation of the learned network must be far from it; one that stays close to 1
    would have been the same for any network.  Signs count: without them, what is a product with the input, such as
    integrated gradients, keeps the input's shape whatever the network says.            (Adebayo et al. 2018)

    method      method(model, x, target) -> explanations (B, ...), of the classes that the trained model gives
    """
    x = floats(x)
    target = classes_of(model, x, target)
    trained = method(model, x, target)
    layers = [layer for layer in model.layers if layer.weights][::-1]
    similarity = {}
    for count, layer in enumerate(layers, 1):
        with shuffled(layers[:count], seed):
            now = method(model, x, target)
        similarity[layer.name] = float(np.mean([rank_correlation(a, b) for a, b in zip(trained, now)]))
    return similarity
