"""From arrays to batches: splitting, coding labels, scaling features, and a loader that a killed run can resume."""
import operator
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..engine.trees import tree_map
from ..support.arguments import shown
from ..support.explaining import explained


class DataLoader:
    """Batches of rows, in a new order each epoch.

        for x, y in DataLoader(images, labels, batch_size=32, seed=0):     # one loop is one epoch
            ...

    arrays      arrays whose first axis counts the same n rows, or dicts, lists and tuples of such, nested. One
                argument gives batches of its own structure, several give tuples.
    batch_size  rows in a batch; the last batch of an epoch has what is left, or with drop_last=True is left out
    shuffle     whether rows are shuffled; otherwise batches are consecutive *views* of the arrays
    seed        a non-negative integer; None draws one from the operating system
    prefetch    how many batches a background thread reads ahead (useful for arrays on disk: numpy.memmap); an error
                in the thread is raised in the loop, and the thread ends when the loop does

    The order is a pure function of (seed, epoch), so the whole state is three small numbers: see `state`. A loop that
    is left early ends its epoch; the next loop starts a new one.
    Raises ValueError where row counts differ, there are no rows or no whole batch, or a setting is out of range.
    """

    def __init__(self, *arrays, batch_size=32, shuffle=True, seed=None, drop_last=False, prefetch=0):
        if not arrays:
            raise ValueError("DataLoader: give it at least one array")
        self.arrays = arrays[0] if len(arrays) == 1 else arrays
        self.rows = _count_rows(self.arrays, "arrays" if len(arrays) > 1 else "array")
        self.batch_size = _integer("batch_size", batch_size, at_least=1)
        self.seed = np.random.SeedSequence().entropy if seed is None else _integer("seed", seed, at_least=0)
        self.prefetch = _integer("prefetch", prefetch, at_least=0)
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        if len(self) == 0:
            raise ValueError(f"DataLoader: {self.rows} rows are less than one batch of {self.batch_size}, "
                             "and drop_last=True drops the rest: nothing would be left")
        self.epoch = self.batch = 0     # the epoch, and the next batch in it
        self.part = (0, 1)              # (i, n): give the i-th of n parts of each batch, its rows dealt out evenly
        self._resuming = False

    def __len__(self):
        """The number of batches in an epoch."""
        whole, rest = divmod(self.rows, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self):
        if self.batch and not self._resuming:       # the last loop was left early
            self.epoch, self.batch = self.epoch + 1, 0
        self._resuming = False
        order = self._order(self.epoch)
        for number, batch in self._read_ahead(order, self.batch):
            self.batch = number + 1
            yield batch
        self.epoch, self.batch = self.epoch + 1, 0

    def _order(self, epoch):
        """The row numbers of an epoch: a permutation of 0 ... n-1."""
        return np.random.default_rng([self.seed, epoch]).permutation(self.rows) if self.shuffle else None

    def _take(self, order, number):
        begin, (i, n) = number * self.batch_size, self.part
        size = min(self.batch_size, (self.rows if order is None else len(order)) - begin)
        rows = slice(begin - i * size // -n, begin - (i + 1) * size // -n)      # rounded up: the first is never empty
        return _take(self.arrays, rows if order is None else order[rows])

    def _read_ahead(self, order, start):
        """Yield (number, batch) from batch `start` on, with up to `prefetch` further batches in the making."""
        numbers = range(start, len(self))
        if not self.prefetch:
            yield from ((number, self._take(order, number)) for number in numbers)
            return
        pool, pending = ThreadPoolExecutor(1, thread_name_prefix="prefetch"), deque()
        try:
            for number in numbers:
                pending.append((number, pool.submit(self._take, order, number)))
                if len(pending) > self.prefetch:
                    number, batch = pending.popleft()
                    yield number, batch.result()
            for number, batch in pending:
                yield number, batch.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def state(self):
        """Where the loader stands, as a dict of plain numbers that JSON can hold.

        Taken in the loop after a batch was handed out, it says that the next batch comes next: a loader of the same
        data that loads it gives, in its next loop, exactly the batches that were still to come in this epoch.
        """
        return {"epoch": self.epoch, "batch": self.batch, "seed": self.seed} | self._shape()

    def _shape(self):
        return {"rows": self.rows, "batch_size": self.batch_size, "shuffle": self.shuffle}

    def load_state(self, state):
        """Go on from `state()`. Raises ValueError, and changes nothing, if it does not fit this loader."""
        try:
            epoch, batch, seed = (_integer(name, state[name], at_least=0) for name in ("epoch", "batch", "seed"))
            theirs = {name: state[name] for name in self._shape()}
        except (KeyError, TypeError) as error:
            raise ValueError(f"DataLoader.load_state: not a state of a DataLoader: {shown(state)}") from error
        for name, mine in self._shape().items():
            if theirs[name] != mine:
                raise ValueError(f"DataLoader.load_state: the state was saved with {name}={shown(theirs[name])}, "
                                 f"this loader has {name}={mine!r}")
        if batch > len(self):
            raise ValueError(f"DataLoader.load_state: batch {batch} of an epoch of {len(self)} batches")
        self.epoch, self.batch, self.seed, self._resuming = epoch, batch, seed, True


@explained
def split(*arrays, fraction=0.2, seed=0, stratify=None):
    """Hold out a random fraction of the rows: `(x, y), (x_test, y_test) = split(x, y, fraction=0.2)`.

    arrays      as in DataLoader; each part has the structure that batches have there: `train, test = split(x)`
    fraction    the share of the n rows in the second part, 0 < fraction < 1: round(fraction * n) rows
    seed        the same seed gives the same split
    stratify    None, or n labels: each label then has its share in both parts, to within one row

    Rows are shuffled in both parts. Raises ValueError if row counts differ or a part would be empty.
    """
    if not arrays:
        raise ValueError("split: give it at least one array")
    tree = arrays[0] if len(arrays) == 1 else arrays
    n = _count_rows(tree, "arrays" if len(arrays) > 1 else "array")
    if not 0 < fraction < 1:
        raise ValueError(f"split: fraction must lie between 0 and 1, not {shown(fraction)}")
    held_out = round(fraction * n)
    if not 0 < held_out < n:
        raise ValueError(f"split: fraction={fraction} of {n} rows leaves one part empty")
    rng = np.random.default_rng(_integer("seed", seed, at_least=0))
    order = rng.permutation(n)
    if stratify is not None:
        labels = np.asarray(stratify)
        if labels.shape != (n,):
            raise ValueError(f"split: stratify must hold one label for each of the {n} rows, "
                             f"its shape is {labels.shape}")
        order = order[np.argsort(labels[order], kind="stable")]     # by label, shuffled within each label
    # Systematic sampling: the rows where the running total i * held_out / n passes a whole number. They are spread
    # evenly, so any run of rows - a label - gives its share; of a plain permutation they are a uniform sample.
    total = np.arange(n + 1) * held_out // n
    chosen = total[1:] > total[:-1]
    return tuple(_take(tree, rng.permutation(part)) for part in (order[~chosen], order[chosen]))


@explained
def one_hot(labels, num_classes):
    """y[..., k] = 1 if labels[...] == k else 0.

    labels: integers in 0 ... num_classes-1, any shape S. Returns float32 of shape S + (num_classes,).
    Raises TypeError for labels that are not integers, ValueError for one out of range.
    """
    labels = np.asarray(labels)
    num_classes = _integer("num_classes", num_classes, at_least=1)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be integers, not {labels.dtype}")
    wrong = np.argwhere((labels < 0) | (labels >= num_classes))
    if len(wrong):
        where = tuple(wrong[0].tolist())
        raise ValueError(f"one_hot: the label {labels[where]} at {list(where)} is not one of "
                         f"0 ... {num_classes - 1} (num_classes={num_classes})")
    coded = np.zeros(labels.shape + (num_classes,), np.float32)
    np.put_along_axis(coded, labels[..., None].astype(np.intp), 1, axis=-1)
    return coded


@explained
def standardize(x, mean=None, std=None):
    """z = (x - mean) / std, column by column; returns (z, mean, std).

        x_train, mean, std = standardize(x_train)
        x_test, *_ = standardize(x_test, mean, std)         # the statistics of the training rows alone

    x: floats of shape (n, ...); mean and std have x's shape without the first axis and its dtype. Sums are taken in
    float64. A column without spread is centred only (std = 1).
    """
    x = np.asarray(x)
    if x.dtype.kind != "f":
        raise TypeError(f"standardize: x must be floating point, not {x.dtype}")
    if x.ndim == 0 or len(x) == 0:
        raise ValueError("standardize: no rows to take the mean of")
    if mean is None:
        mean = x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    if std is None:
        std = x.std(axis=0, dtype=np.float64).astype(x.dtype)
        equal = x.max(axis=0) == x.min(axis=0)      # rounding alone can make the std of equal numbers positive
        std = np.where(equal | (std == 0), x.dtype.type(1), std)
    return (x - mean) / std, mean, std


def _take(tree, rows):
    """The given rows of each array in `tree`."""
    return tree_map(lambda array: array[rows], tree)


def _leaves(tree, name):
    """Yield (name, array) for each array, the name being the expression that reaches it."""
    if isinstance(tree, (dict, list, tuple)):
        for key, branch in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _leaves(branch, f"{name}[{key!r}]")
    else:
        yield name, tree


def _count_rows(tree, root):
    """The common length of the first axes; errors name the arrays."""
    first = None
    for name, array in _leaves(tree, root):
        if not hasattr(array, "shape") or not hasattr(array, "__getitem__"):
            raise TypeError(f"{name} is a {type(array).__name__}, not an array (numpy.asarray makes one)")
        if len(array.shape) == 0:
            raise ValueError(f"{name} is a single number: it has no rows")
        rows = array.shape[0]
        first = first or (name, rows)
        if rows != first[1]:
            raise ValueError(f"{first[0]} has {first[1]} rows but {name} has {rows}: they must have the same number")
    if not first or not first[1]:
        raise ValueError(f"{first[0] if first else root} has no rows")
    return first[1]


def _integer(name, value, at_least):
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {shown(value)}") from None
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, not {value}")
    return value
