"""GradientTape: TensorFlow's way to ask for derivatives.

    with GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_weights)

minigrad records always, on the tensors themselves, so a tape has little to do: it asks the engine.
"""
from contextvars import ContextVar

import numpy as np

from ..engine.ops.shapes import stack
from ..engine.tensor import Tensor, backpropagate
from ..engine.trees import tree_leaves, tree_map
from ..engine.unroll import FLAGS
from ..support.arguments import shown

_open = ContextVar("open", default=0)       # how many tapes are open here: with one, a derivative is recorded too
FLAGS.append(_open.get)


class GradientTape:
    """A block of code whose results can be differentiated.

    persistent                  gradient may be called more than once
    watch_accessed_variables    False: only what was given to watch
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self.persistent, self.watch_accessed_variables = persistent, watch_accessed_variables
        self._watched, self._used = [], False

    def __enter__(self):
        _open.set(_open.get() + 1)
        return self

    def __exit__(self, *error):
        _open.set(_open.get() - 1)

    def watch(self, tensor):
        """Ask for gradients with respect to tensors that are no weights, before anything is computed from them."""
        for t in tree_leaves(tensor):
            if not isinstance(t, Tensor) or t.dtype.kind != "f":
                raise TypeError(f"GradientTape.watch takes floating-point tensors, not {shown(t)}")
            t.requires_grad = True
            self._watched.append(t)

    def gradient(self, target, sources, output_gradients=None):
        """d(sum of target)/d(source) for each tensor of the tree sources; None where target does not depend on it."""
        if self._used and not self.persistent:
            raise RuntimeError("GradientTape.gradient was called before; make the tape with persistent=True")
        self._used = True
        return self._gradient(target, sources, output_gradients)

    def _gradient(self, target, sources, cotangent=None):
        wrt, create = set(tree_leaves(sources)), _open.get() > 0
        if not all(isinstance(t, Tensor) for t in wrt):
            raise TypeError("GradientTape.gradient: sources are tensors, or lists and dicts of them")
        allowed = {id(t) for t in self._watched} if not self.watch_accessed_variables else None
        found = {}
        for part, g in _pairs(target, cotangent):
            if part.requires_grad:
                found = _added(found, backpropagate(part, g, wrt, create, retain_graph=True))

        def of(source):
            g = found.get(source) if allowed is None or id(source) in allowed else None
            return g if g is None or isinstance(g, Tensor) else Tensor(g)
        return tree_map(of, sources)

    def jacobian(self, target, sources):
        """d target[i...] / d source[j...], of shape target.shape + source.shape, for each tensor of sources."""
        rows = []
        for index in np.ndindex(*target.shape):
            g = np.zeros(target.shape, target.dtype)
            g[index] = 1
            rows.append(self._gradient(target, sources, g))
        self._used = True

        def joined(source, *parts):
            if all(part is None for part in parts):
                return None
            parts = [Tensor(np.zeros_like(source._data)) if part is None else part for part in parts]
            return stack(*parts, axis=0).reshape(*target.shape, *source.shape)
        return tree_map(joined, sources, *rows)


def _pairs(target, cotangent):
    """(tensor, the cotangent that the walk begins with) for each tensor of the tree target."""
    parts = tree_leaves(target)
    gs = [None] * len(parts) if cotangent is None else tree_leaves(cotangent)
    return [(t, np.ones_like(t._data) if g is None else g) for t, g in zip(parts, gs, strict=True)]


def _added(found, more):
    for t, g in more.items():
        found[t] = found[t] + g if t in found else g
    return found
