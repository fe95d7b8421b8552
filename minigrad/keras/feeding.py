"""From what users pass to fit, evaluate and predict to batches of Tensors: x, y and sample weights."""
import numpy as np

from ..data.loading import DataLoader
from ..engine import backend
from ..engine.tensor import Tensor
from ..engine.transforms import tree_leaves, tree_map
from .layers.inputs import as_array, as_tree


def loader_of(x, y=None, sample_weight=None, class_weight=None, batch_size=None, shuffle=False, seed=None):
    """A DataLoader of dicts {"x": ..., "y": ..., "sample_weight": ...}; x itself if it is a loader.

    Raises TypeError for what holds no numbers, ValueError for numbers of rows that differ.
    """
    if not isinstance(x, DataLoader):
        data = named(x, y, sample_weight, class_weight)
        return DataLoader(data, batch_size=batch_size or 32, shuffle=shuffle, seed=seed)
    given = [name for name, value in dict(y=y, sample_weight=sample_weight, class_weight=class_weight,
                                          batch_size=batch_size).items() if value is not None]
    if given:
        raise ValueError("x is a DataLoader, which makes batches of its own: "
                         f"{', '.join(given)} can't be given with it")
    return x


def named(x, y=None, sample_weight=None, class_weight=None):
    """{"x": ..., "y": ..., "sample_weight": ...} of those that there are, floats as float32."""
    data = {name: tree_map(lambda a: as_array(a, name, "cpu"), as_tree(value))
            for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight)) if value is not None}
    if class_weight:
        data["sample_weight"] = _weights_of_classes(data.get("y"), class_weight, data.get("sample_weight"))
    return data


def _weights_of_classes(y, class_weight, sample_weight):
    """A weight for each row, from {class: weight} and labels that are numbers, one-hot rows, or columns of 0 and 1."""
    if y is None or isinstance(y, (dict, list, tuple)):
        raise ValueError("class_weight needs y, one array of labels")
    labels = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    classes, which = np.unique(labels, return_inverse=True)
    missing = [int(c) for c in classes if int(c) not in class_weight]
    if missing:
        raise ValueError(f"class_weight has no weight for class {', '.join(map(str, missing))}, which y contains")
    weights = np.array([class_weight[int(c)] for c in classes], np.float32)[which]
    return weights if sample_weight is None else weights * sample_weight


def held_out(data, fraction):
    """(data without its last rows, those rows): what Keras' validation_split does, before any shuffling."""
    if not 0 < fraction < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, not {fraction!r}")
    rows = len(tree_leaves(data)[0])
    kept = int(rows * (1 - fraction))
    if not 0 < kept < rows:
        raise ValueError(f"validation_split={fraction} of {rows} rows leaves nothing to train on, or to validate")
    return tree_map(lambda a: a[:kept], data), tree_map(lambda a: a[kept:], data)


def upload(loader, device):
    """The loader with its inputs moved to a GPU, once; row numbers and labels, which are small, follow by the batch."""
    if device != "cpu" and isinstance(loader, DataLoader) and isinstance(loader.arrays, dict) and "x" in loader.arrays:
        moved = tree_map(lambda a: backend.asarray(a, device=device), loader.arrays["x"])
        loader.arrays = {**loader.arrays, "x": moved}
    return loader


def unpack(batch, device):
    """(x, y, sample_weight) of a loader's batch, as Tensors on a device; None for what it hasn't."""
    if isinstance(batch, dict) and "x" in batch:
        parts = batch["x"], batch.get("y"), batch.get("sample_weight")
    elif isinstance(batch, (tuple, list)):
        parts = *batch, *(None,) * (3 - len(batch))
    else:
        parts = batch, None, None
    return [tree_map(lambda a: None if a is None else Tensor(as_array(a, "a batch", device)), part) for part in parts]
