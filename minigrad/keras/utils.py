"""keras.utils: what Keras programs take from there."""
import random

import numpy as np

from ..data.loading import one_hot
from ..engine import backend
from ..support.arguments import shown
from ..support.explaining import explained
from .callbacks.logs import Progbar as Progbar
from .directories import (
    array_to_img as array_to_img,
    image_dataset_from_directory as image_dataset_from_directory,
    img_to_array as img_to_array,
    load_img as load_img,
    save_img as save_img,
    text_dataset_from_directory as text_dataset_from_directory,
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from .layers.layer_names import restart_names
from .plotting import plot_model as plot_model
from .serialization import (
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
    register_keras_serializable as register_keras_serializable,
)
from .streams import PyDataset as PyDataset
from .symbols import Symbolic

Sequence = PyDataset                        # its name in Keras 2


def is_keras_tensor(x):
    """Whether x is symbolic: what Input and the layers called on it return."""
    return isinstance(x, Symbolic)


@explained
def get_file(fname=None, origin=None, untar=False, md5_hash=None, file_hash=None, cache_subdir="datasets",
             hash_algorithm="auto", extract=False, archive_format="auto", cache_dir=None, force_download=False):
    """Where a file of the web lies here: downloaded once, from the address origin, compared with its hash, and kept.

    fname               its name; by default the last part of origin
    file_hash           its SHA-256 or MD5, 64 or 32 hexadecimal digits: a file that differs is refused, and one in the
                        cache that differs is fetched again.  Without it, whatever comes is taken
    extract, untar      unpack a tar or zip file, into a folder of its own beside it, and return that folder
    cache_dir           by default minigrad's cache; cache_subdir in it
    """
    from ..data.getting import file_from_web
    if origin is None:
        raise ValueError("get_file: origin, the address of the file, is missing")
    return file_from_web(origin, fname, file_hash or md5_hash, cache_dir, cache_subdir, extract or untar,
                         archive_format, force_download)


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
