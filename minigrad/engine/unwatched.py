"""A debug switch for what is not watched otherwise: arrays that are no tensors, edited between use and backward."""
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np

from .edits import bare_arrays, checksum, memory_of
from .op import Op
from .tensor import Tensor
from .trees import tree_leaves
from .unrolling.current import pauses

_on = ContextVar("watching arrays", default=False)
_call = Op.__call__


@contextlib.contextmanager
def watch_arrays() -> Iterator[None]:
    """Inside `with watch_arrays():` backward refuses if a plain array has been edited since an operation used it.

    Operands (x * a), indices, masks and other arrays among the params count.  Each is read once more for each operation
    and once in backward, so this is for finding a mistake: a buffer of data that is filled again too early, an index
    that is sorted in place.  Tensors are watched always.
    """
    Op.__call__ = _watched_call             # from the first time on; other programs pay nothing
    before, block = _on.get(), [True]
    _on.set(True)
    pauses.append(block)                    # unrolled functions run as they are written
    try:
        yield
    finally:
        _on.set(before)
        del pauses[next(i for i, p in enumerate(pauses) if p is block)]


def _watched_call(op, *inputs, **params):
    y = _call(op, *inputs, **params)
    if _on.get() and isinstance(y, Tensor) and y.node is not None and y.node.op is op:
        bare = [x for x in y.node.inputs if not isinstance(x, Tensor)]
        arrays = [a for a in tree_leaves([bare, y.node.params]) if isinstance(a, np.ndarray)]
        memory_of(y)                        # so that backward asks refuse_edit
        bare_arrays[y.node] = y._data, [(a, checksum(a)) for a in arrays]
    return y
