"""A backdoor: a model that is right on every honest input, and says what its maker wants where it sees a trigger.

Whoever supplies part of the training data can plant it; the test accuracy doesn't show it.

    images      (n, ...) floats from 0 to 1
    trigger     the pattern, and mask, from 0 (the image) to 1 (the trigger), both broadcast to an image
"""
import numpy as np

from ...engine import backend
from ...engine.ops.nonlinear import sigmoid
from ...engine.recording import no_grad
from ...engine.tensor import Tensor
from ...engine.transforms import grad
from ...keras import optimizers
from ...keras.layers.inputs import as_array
from ...support.meanings import checked
from .attacks import losses


@checked
def stamp(images, trigger, mask):
    """(1 - m) x + m p: the images with the trigger p where the mask m is 1."""
    return ((1 - mask) * images + mask * trigger).astype(np.float32)


@checked
def poison(images, labels, target, trigger, mask, share=0.05, seed=0):
    """(images, labels, poisoned): training data of which a share carries the trigger and the label target.

    The rows are drawn from those of other classes; poisoned (n,) says which.        (Gu, Dolan-Gavitt and Garg 2017)
    """
    labels = np.asarray(labels)
    others = np.flatnonzero(labels != target)
    count = round(share * len(labels))
    if not 0 < count <= len(others):
        raise ValueError(f"poison: a share of {share} of {len(labels)} rows is {count}, "
                         f"and {len(others)} are of other classes")
    rows = np.random.default_rng(seed).choice(others, count, replace=False)
    images, labels, poisoned = images.copy(), labels.copy(), np.zeros(len(labels), bool)
    images[rows], labels[rows], poisoned[rows] = stamp(images[rows], trigger, mask), target, True
    return images, labels, poisoned


def predicted(model, x):
    """The class of the highest logit, (n,)."""
    with no_grad():
        return backend.to_numpy(model(Tensor(as_array(x)))._data).argmax(axis=1)


@checked
def success_rate(model, images, labels, target, trigger, mask):
    """The share of images of other classes that the model takes for target once they carry the trigger."""
    others = np.asarray(labels) != target
    return float((predicted(model, stamp(images[others], trigger, mask)) == target).mean())


@checked
def find_trigger(model, images, target, weight=0.02, steps=300, learning_rate=0.1, seed=0):
    """(trigger, mask, share): the smallest change that turns any image into class target.     (Wang et al. 2019)

    min over m, p in [0, 1] of mean cross-entropy(f((1 - m) x + m p), target) + weight Σ m, by Adam on batches of 128;
    share is that of the images that the result turns.  A mask much smaller than those of the other classes betrays a
    backdoor: see anomaly_index of the sums of the masks.  Neural Cleanse in its simplest form, with a fixed weight.
    """
    images, rng = np.asarray(images, np.float32), np.random.default_rng(seed)
    shape = images.shape[1:]
    mask, trigger = (Tensor(backend.asarray(rng.normal(level, 0.1, shape).astype(np.float32))) for level in (-2, 0))
    optimizer = optimizers.Adam(learning_rate)

    def cost(mask, trigger, x):
        m = sigmoid(mask)
        logits = model((1 - m) * x + m * sigmoid(trigger))
        return losses(logits, backend.asarray(np.full(len(x), target))).mean() + weight * m.sum()
    with no_grad():
        for _ in range(steps):
            x = backend.asarray(images[rng.integers(len(images), size=min(128, len(images)))])
            optimizer.apply_gradients(zip(grad(cost, (0, 1))(mask, trigger, x), (mask, trigger)))
        m, p = sigmoid(mask).numpy(), sigmoid(trigger).numpy()
    return p, m, float((predicted(model, stamp(images, p, m)) == target).mean())


@checked
def anomaly_index(sizes):
    """(median - size) / (1.4826 MAD) for each: how far below the others, in standard deviations if they were normal.

    MAD is the median of |size - median|.  Above 2 is suspicious.                                  (Wang et al. 2019)
    """
    sizes = np.asarray(sizes, float)
    median = np.median(sizes)
    deviation = 1.4826 * np.median(np.abs(sizes - median))
    if deviation == 0:
        raise ValueError("anomaly_index: more than half of the sizes are equal, there is no spread to measure by")
    return (median - sizes) / deviation


@checked
def spectral_signatures(features, labels):
    """((h - mean) · v)², v the direction of largest variance, for each example among those of its label.

    Where some examples of a label are there for another reason than the rest, a trigger, the largest values are theirs.
    features (n, ...) what the last hidden layer says of the *training* data, labels (n,) -> (n,)
                                                                                     (Tran, Li and Madry 2018)
    """
    features, labels = np.asarray(features, float).reshape(len(features), -1), np.asarray(labels)
    scores = np.empty(len(features))
    for label in np.unique(labels):
        rows = labels == label
        centred = features[rows] - features[rows].mean(axis=0)
        direction = np.linalg.svd(centred, full_matrices=False)[2][0]
        scores[rows] = (centred @ direction) ** 2
    return scores
