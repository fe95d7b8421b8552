"""What a step adds to the loss besides compile's: the penalties of regularizers, and what layers give to add_loss."""
import itertools
from contextvars import ContextVar

from ..symbols import Symbolic

collected = ContextVar("collected", default=None)       # the Added of this step, or of this call; None: in neither
_order = itertools.count()


class Penalty:
    """What a regularizer adds to the loss for a weight: called, a scalar Tensor."""

    def __init__(self, regularizer, weight):
        self.regularizer, self.weight = regularizer, weight

    def __call__(self):
        return self.regularizer(self.weight)


class Added:
    """What add_loss is given in one step, or in one call from outside of any layer: .each, [(layer, loss), ...]."""

    def __init__(self):
        self.number, self.each = next(_order), []


class collecting_losses:                    # noqa: N801  a with block, entered in each step
    """A step of training or evaluation, in which add_loss is heard; nothing of it is kept."""

    def __enter__(self):
        self.token, self.added = collected.set(Added()), collected.get()

    def __exit__(self, *_):
        collected.reset(self.token)
        self.added.each.clear()


def add(layer, losses):
    """What layer.add_loss was given, noted; outside of calls it is kept until the layer's next one."""
    added = collected.get()
    if added is None:
        added = layer._added = layer._added or Added()
    for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
        if isinstance(loss, Symbolic):
            raise TypeError(f"add_loss takes numbers, not {loss!r}: call it within the call of a layer of your own")
        added.each.append((layer, loss))


def added_below(layers):
    """What layers[0] and those below it gave to add_loss when it was last called, or since."""
    since = layers[0]._added.number if layers[0]._added else -1
    return [loss for part in layers if part._added and part._added.number >= since
            for owner, loss in part._added.each if owner is part]
