"""Batches that are made elsewhere, as fit, evaluate and predict go through them: generators, Datasets, PyDatasets.

Stream gives them the face of a DataLoader: one loop is an epoch, and it says where it stands.
"""
import numpy as np

from ..engine.tensor import Tensor
from ..support.arguments import shown


class PyDataset:
    """Batches by number: a subclass writes __len__, the number of batches, and __getitem__(i), (x, y) of batch i.

    on_epoch_end is called after each epoch, to shuffle, say.
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        """The arguments are there for Keras' sake: batches are made one after the other."""

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} needs a method __getitem__(self, index)")

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__} needs a method __len__(self)")

    def __iter__(self):
        yield from (self[i] for i in range(len(self)))
        self.on_epoch_end()

    def on_epoch_end(self):
        """After each epoch."""


def is_stream(x):
    """Whether x gives batches, rather than being arrays or a tree of them."""
    return hasattr(x, "__iter__") and not isinstance(x, (np.ndarray, Tensor, list, tuple, dict, str)) \
        and not hasattr(x, "shape") and not hasattr(x, "__array__")


class Stream:
    """The batches of an iterable; steps: how many make an epoch (None: all of them).

    With steps an epoch goes on where the last one ended, and begins anew when there are no more; a generator, which
    can't begin anew, must then have enough.
    """
    arrays = batch_size = None

    def __init__(self, source, steps=None):
        if steps is not None and not (isinstance(steps, int) and steps > 0):
            raise ValueError(f"steps must be a whole number of at least 1, not {shown(steps)}")
        self.source, self.steps, self.part, self.seed = source, steps, (0, 1), None
        self.once = iter(source) is source          # a generator
        self.epoch = self.batch = self._skip = 0
        self._iterator, self._resuming = None, False

    def __len__(self):
        if self.steps:
            return self.steps
        return len(self.source)

    def __iter__(self):
        self._iterator = self._iterator or iter(self.source)
        for _ in range(self._skip):
            next(self._iterator)
        self.batch = self.batch if self._resuming else 0
        self._skip, self._resuming = 0, False
        while self.steps is None or self.batch < self.steps:
            try:
                batch = next(self._iterator)
            except StopIteration:
                if self.once or not self.batch or self.steps is None:
                    self._ended()
                    break
                self._iterator = iter(self.source)
                continue
            self.batch += 1
            yield batch
        self.epoch, self.batch = self.epoch + 1, 0

    def _ended(self):
        if self.once and (self.steps or not self.batch):
            raise ValueError(f"the generator ended after {self.batch} batches of epoch {self.epoch + 1}: it must have "
                             "enough for all epochs; or pass what can be gone through again")
        if not self.batch:
            raise ValueError("there are no batches to go through")
        self._iterator = None

    def state(self):
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state(self, state):
        if self.once or self.steps:
            raise ValueError("a run on a generator, or with steps_per_epoch, can't go on where it stood: "
                             "what comes next isn't known")
        self.epoch, self.batch, self._iterator = state["epoch"], state["batch"], None
        if hasattr(self.source, "load_state"):
            self.source.load_state(state)
        else:
            self._skip = self.batch
        self._resuming = True


def length_of(loader):
    """How many batches an epoch has, or None where that isn't known."""
    try:
        return len(loader)
    except TypeError:
        return None
