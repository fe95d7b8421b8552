"""keras.utils: what Keras programs take from there."""
import random

import numpy as np

from ..data.loading import one_hot
from ..engine import backend
from ..support.arguments import shown
from .layers.base import restart_names
from .serialization import (
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
    register_keras_serializable as register_keras_serializable,
)
from .streams import PyDataset as PyDataset


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


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """Sequences of different lengths as rows (n, maxlen): values before, or after ("post"), and the rest cut off.

    maxlen      by default the length of the longest
    truncating  "pre" keeps the end of a sequence that is too long, "post" its beginning
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f'pad_sequences: {name} must be "pre" or "post", not {shown(side)}')
    sequences = [np.asarray(s) for s in sequences]
    maxlen = max(map(len, sequences), default=0) if maxlen is None else maxlen
    shape = next((s.shape[1:] for s in sequences if len(s)), ())
    rows = np.full((len(sequences), maxlen, *shape), value, dtype)
    for row, s in zip(rows, sequences):
        kept = s[max(len(s) - maxlen, 0):] if truncating == "pre" else s[:maxlen]
        if len(kept):
            row[(slice(-len(kept), None) if padding == "pre" else slice(len(kept)))] = kept
    return rows


def normalize(x, axis=-1, order=2):
    """x divided by its norm of this order along axis; zeros stay zeros."""
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
