"""What a step adds to the loss besides compile's: the penalties of regularizers, and what layers give to add_loss."""
from contextvars import ContextVar

collected = ContextVar("collected", default=None)       # what add_loss was given in this step; None: in no step


class Penalty:
    """What a regularizer adds to the loss for a weight: called, a scalar Tensor."""

    def __init__(self, regularizer, weight):
        self.regularizer, self.weight = regularizer, weight

    def __call__(self):
        return self.regularizer(self.weight)


class collecting_losses:                    # noqa: N801  a with block, entered in each step
    """A step of training or evaluation, in which add_loss is heard."""

    def __enter__(self):
        self.token = collected.set([])

    def __exit__(self, *_):
        collected.reset(self.token)


def added_losses():
    """What add_loss was given in this step."""
    return list(collected.get() or ())
