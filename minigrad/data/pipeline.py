"""mg.data.Dataset: elements that come one after the other, with the names of tf.data.

    ds = Dataset.from_tensor_slices((images, labels)).shuffle(1000, seed=0).map(scale).batch(32)
    for x, y in ds: ...                         # one loop is one epoch
    model.fit(ds, epochs=3)

Each method returns a new Dataset, which asks the old one for its elements when it is gone through.  The order is a pure
function of (seed, epoch), so a Dataset can be asked where it stands, and go on from there bit for bit.
"""
import itertools
import random
from collections import deque

import numpy as np

from ..engine.trees import tree_leaves, tree_map, tree_unflatten
from .loading import _integer


class Pipeline:
    """make(epoch) -> an iterator over the elements of that epoch; length: how many they are, or None if not known."""

    def __init__(self, make, length=None):
        self.make, self.length = make, length
        self.epoch, self.position, self._skip = 0, 0, 0

    # -- where elements come from -----------------------------------------------------------------------------------
    @classmethod
    def from_tensor_slices(cls, tensors):
        """The rows of arrays: of one array, or of a dict, list or tuple of them, in the same structure."""
        arrays = tree_map(lambda a: np.asarray(getattr(a, "_data", a)), tuple(tensors) if isinstance(tensors, list)
                          and any(np.ndim(t) for t in tensors) else tensors)
        rows = {len(a) if a.ndim else None for a in tree_leaves(arrays)}
        if len(rows) != 1 or None in rows:
            raise ValueError("from_tensor_slices: all arrays need rows, as many in each")
        n, = rows
        return cls(lambda epoch: (tree_map(lambda a, i=i: a[i], arrays) for i in range(n)), n)

    @classmethod
    def from_generator(cls, generator):
        """What generator() yields, a function that begins anew each epoch."""
        if not callable(generator):
            raise TypeError("from_generator takes a function that makes the generator, not what it made")
        return cls(lambda epoch: iter(generator()))

    @classmethod
    def range(cls, *bounds):
        """Whole numbers, as Python's range."""
        numbers = np.arange(*bounds)
        return cls(lambda epoch: iter(numbers), len(numbers))

    @classmethod
    def zip(cls, *datasets):
        """Tuples of one element of each; as long as the shortest."""
        datasets = tuple(datasets[0]) if len(datasets) == 1 and isinstance(datasets[0], (tuple, list)) else datasets
        known = [d.length for d in datasets if d.length is not None]
        return cls(lambda epoch: zip(*(d.make(epoch) for d in datasets)),
                   min(known) if len(known) == len(datasets) else None)

    # -- what becomes of them ---------------------------------------------------------------------------------------
    def map(self, function, num_parallel_calls=None, deterministic=None):
        """function(element), or function(x, y) where elements are tuples; the rest is for programs that say it."""
        def make(epoch):
            for element in self.make(epoch):
                yield function(*element) if isinstance(element, tuple) else function(element)
        return type(self)(make, self.length)

    def filter(self, predicate):
        """The elements for which predicate is true."""
        def make(epoch):
            for element in self.make(epoch):
                if predicate(*element) if isinstance(element, tuple) else predicate(element):
                    yield element
        return type(self)(make)

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=True):
        """In random order: the next is drawn from a buffer of the next buffer_size.  Without seed, one is drawn now."""
        size = _integer("buffer_size", buffer_size, at_least=1)
        seed = random.SystemRandom().getrandbits(32) if seed is None else _integer("seed", seed, at_least=0)

        def make(epoch):
            rng = np.random.default_rng([seed, epoch if reshuffle_each_iteration else 0])
            source, buffer = iter(self.make(epoch)), []
            for element in source:
                buffer.append(element)
                if len(buffer) > size:
                    yield buffer.pop(int(rng.integers(size + 1)))
            for i in rng.permutation(len(buffer)):
                yield buffer[i]
        return type(self)(make, self.length)

    def unbatch(self):
        """The rows of each element, one by one: batches undone."""
        def make(epoch):
            for element in self.make(epoch):
                columns = tree_leaves(element)
                for i in range(len(columns[0])):
                    yield tree_unflatten(element, [column[i] for column in columns])
        return type(self)(make)

    def batch(self, batch_size, drop_remainder=False, num_parallel_calls=None, deterministic=None):
        """Arrays of batch_size elements each; the last has what is left, or is left out."""
        size = _integer("batch_size", batch_size, at_least=1)

        def make(epoch):
            source = iter(self.make(epoch))
            while some := list(itertools.islice(source, size)):
                if len(some) == size or not drop_remainder:
                    columns = zip(*map(tree_leaves, some))
                    yield tree_unflatten(some[0], [np.stack(column) for column in columns])
        whole, rest = divmod(self.length or 0, size)
        return type(self)(make, None if self.length is None else whole + (rest > 0 and not drop_remainder))

    def repeat(self, count=None):
        """All again, count times; without count, for ever (fit then needs steps_per_epoch)."""
        def make(epoch):
            for again in itertools.count() if count is None else range(count):
                yield from self.make(epoch + again)
        return type(self)(make, None if count is None or self.length is None else self.length * count)

    def take(self, count):
        """The first count elements."""
        n = _integer("take", count, at_least=0)
        return type(self)(lambda epoch: itertools.islice(self.make(epoch), n),
                          None if self.length is None else min(n, self.length))

    def skip(self, count):
        """All but the first count elements."""
        n = _integer("skip", count, at_least=0)
        return type(self)(lambda epoch: itertools.islice(self.make(epoch), n, None),
                          None if self.length is None else max(self.length - n, 0))

    def cache(self):
        """Kept in memory after the first time: what comes before is not done again."""
        kept = []

        def make(epoch):
            if not kept:
                kept.append(list(self.make(epoch)))
            return iter(kept[0])
        return type(self)(make, self.length)

    def prefetch(self, buffer_size=None):
        """Up to so many elements are made ahead, in the same thread: for the sake of programs that say it."""
        def make(epoch):
            source = iter(self.make(epoch))
            ahead = deque(itertools.islice(source, max(buffer_size or 1, 1)))
            while ahead:
                yield ahead.popleft()
                ahead.extend(itertools.islice(source, 1))
        return type(self)(make, self.length)

    # -- going through ----------------------------------------------------------------------------------------------
    def __iter__(self):
        skip, self._skip = self._skip, 0
        self.position = skip
        for element in itertools.islice(self.make(self.epoch), skip, None):
            self.position += 1
            yield element
        self.epoch, self.position = self.epoch + 1, 0

    def __len__(self):
        if self.length is None:
            raise TypeError("this Dataset doesn't know how many elements it has")
        return int(self.length)

    def as_numpy_iterator(self):
        """One epoch."""
        return iter(self)

    def state(self):
        """Where it stands, as plain numbers; shuffle needs a seed for another process to go on alike."""
        return {"epoch": self.epoch, "batch": self.position}

    def load_state(self, state):
        """Go on from state(): the elements that came before in this epoch are made, and passed over."""
        self.epoch, self._skip = (_integer(name, state[name], at_least=0) for name in ("epoch", "batch"))


Dataset = Pipeline
AUTOTUNE = -1                               # for programs that say it: tf.data.AUTOTUNE
