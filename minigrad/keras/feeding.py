"""From what users pass to fit, evaluate and predict to batches of Tensors: x, y and sample weights."""
from functools import partial

import numpy as np

from ..data.loading import DataLoader
from ..engine import backend
from ..engine.tensor import Tensor
from ..engine.trees import tree_leaves, tree_map
from ..support.arguments import shown
from .layers.inputs import as_array, as_tree
from .streams import Stream, is_stream


def loaders(x, y, sample_weight, class_weight, batch_size, shuffle, seed,
            validation_split, validation_data, validation_batch_size, steps=None, validation_steps=None):
    """(loader, validation): the DataLoaders of what was passed to fit; validation is None where none is asked for.

    Raises TypeError for what holds no numbers, ValueError for numbers of rows that differ and for settings that
    contradict each other.
    """
    kept = None
    if isinstance(x, DataLoader) or is_stream(x):
        _refuse_beside_loader(y=y, sample_weight=sample_weight, class_weight=class_weight, batch_size=batch_size,
                              validation_split=validation_split or None)
        loader = x if isinstance(x, DataLoader) and steps is None else Stream(x, steps)
    else:
        data = named(x, y, sample_weight)
        if validation_split:
            data, kept = held_out(data, validation_split)
        data = weighted(data, class_weight)         # of training alone: validation counts every class alike
        loader = DataLoader(data, batch_size=32 if batch_size is None else batch_size, shuffle=shuffle, seed=seed)
        loader = loader if steps is None else Stream(loader, steps)

    batch_size = loader.batch_size if validation_batch_size is None else validation_batch_size
    if isinstance(validation_data, DataLoader) or is_stream(validation_data):
        return loader, loader_of(validation_data, steps=validation_steps)
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
            raise ValueError("validation_data must be (x, y) or (x, y, sample_weight), or a DataLoader")
        try:
            return loader, loader_of(*validation_data, batch_size=batch_size, steps=validation_steps)
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation_data: {error}") from None
    return loader, kept and DataLoader(kept, batch_size=batch_size, shuffle=False)


def loader_of(x, y=None, sample_weight=None, batch_size=None, steps=None):
    """The DataLoader of what was passed to evaluate or predict: rows in order; x itself if it is a loader."""
    if isinstance(x, DataLoader) or is_stream(x):
        _refuse_beside_loader(y=y, sample_weight=sample_weight, batch_size=batch_size)
        loader = x if isinstance(x, DataLoader) else Stream(x, steps)
    else:
        loader = DataLoader(named(x, y, sample_weight), batch_size=32 if batch_size is None else batch_size,
                            shuffle=False)
    return loader if steps is None or isinstance(loader, Stream) else Stream(loader, steps)


def _refuse_beside_loader(**arguments):
    if given := [name for name, value in arguments.items() if value is not None]:
        raise ValueError("x makes batches of its own: "
                         f"{', '.join(given)} can't be given with it")


def named(x, y=None, sample_weight=None, class_weight=None):
    """{"x": ..., "y": ..., "sample_weight": ...} without what is None, floats as float32."""
    data = {name: tree_map(partial(_rows_of, name=name), as_tree(value))
            for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight)) if value is not None}
    return weighted(data, class_weight)


def _rows_of(x, name):
    return SparseRows(x) if hasattr(x, "tocsr") else as_array(x, name, "cpu")


class SparseRows:
    """The rows of a sparse matrix of scipy's, made dense where they are taken: a batch at a time."""
    ndim, dtype = 2, np.dtype("float32")

    def __init__(self, matrix):
        self.matrix = matrix.tocsr()
        self.shape = self.matrix.shape
        if self.matrix.dtype.kind not in "fiub":
            raise TypeError(f"a sparse matrix holds {self.matrix.dtype}, not numbers")

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        return self.matrix[rows].toarray().astype(np.float32)

    def part(self, rows):
        """These rows, as sparse as they are."""
        return SparseRows(self.matrix[rows])


def weighted(data, class_weight):
    """data with the weights of classes, {class: weight} or a list, multiplied into its sample weights."""
    if class_weight is None or len(class_weight) == 0:
        return data
    if not isinstance(class_weight, dict):
        class_weight = dict(enumerate(class_weight))
    return data | {"sample_weight": _weights_of_classes(data.get("y"), class_weight, data.get("sample_weight"))}


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
        raise ValueError(f"validation_split must lie between 0 and 1, not {shown(fraction)}")
    rows = len(tree_leaves(data)[0])
    kept = int(rows * (1 - fraction))
    if not 0 < kept < rows:
        raise ValueError(f"validation_split={fraction} of {rows} rows leaves nothing to train on, or to validate")
    return tuple(tree_map(lambda a, part=part: a.part(part) if isinstance(a, SparseRows) else a[part], data)
                 for part in (slice(kept), slice(kept, None)))


def batches(source, device):
    """Yield (x, y, sample_weight), Tensors on a device, for each batch of a loader; None stands for what is missing.

    A loader's inputs move to a GPU once, as a whole; row numbers and labels, which are small, follow by the batch.
    """
    arrays = source.arrays if isinstance(source, DataLoader) else None
    if device != "cpu" and isinstance(arrays, dict) and "x" in arrays:
        source.arrays = {**arrays, "x": tree_map(lambda a: backend.asarray(a, device=device), arrays["x"])}
    for batch in source:
        yield unpack(batch, device)


def unpack(batch, device):
    """(x, y, sample_weight) of one batch, as Tensors on a device; None stands for what is missing."""
    if isinstance(batch, dict) and "x" in batch:
        parts = batch["x"], batch.get("y"), batch.get("sample_weight")
    elif isinstance(batch, (tuple, list)):
        parts = *batch, *(None,) * (3 - len(batch))
    else:
        parts = batch, None, None
    return [part if part is None else Tensor(as_array(part, "a batch", device)) if isinstance(part, np.ndarray) else
            tree_map(lambda a: None if a is None else Tensor(as_array(a, "a batch", device)), part) for part in parts]
