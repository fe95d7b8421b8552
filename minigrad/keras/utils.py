"""keras.utils: what Keras programs take from there."""
import random

import numpy as np

from ..data.loading import one_hot
from ..engine import backend
from .layers.base import restart_names


def to_categorical(x, num_classes=None):
    """Class numbers (...) as one-hot float32 rows (..., num_classes); by default as many as the largest needs."""
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and (labels == np.floor(labels)).all():
        labels = labels.astype(np.int64)
    return one_hot(labels, int(labels.max()) + 1 if num_classes is None else num_classes)


def set_random_seed(seed):
    """Start the random numbers of minigrad, NumPy and Python afresh from one seed."""
    backend.seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def clear_session():
    """Number the automatic names of layers from the beginning again: dense, dense_1, ..."""
    restart_names()
