"""In-place edits: changing an array that the tape still needs must be an error in backward, not a wrong gradient.

Operations and edits get numbers from one clock.  Backward refuses an array whose last edit has a larger number than the
operation that used it.  minigrad's own edits (x[0] = 1, an optimizer's step) call touch, which takes the number.
But x.data hands the array itself out, and then anyone may edit it without a word: from then on a checksum tells.
"""
import itertools
import math
import zlib

import numpy as np

from . import backend
from .unrolling.current import real, recorder

clock = itertools.count().__next__          # numbers operations and edits in the order they happen
UNKNOWN = math.inf                          # in _edited: later than every operation, so that backward asks last_edit


class Watched:
    """An array that knows when it was last changed.

    _edited     the number of the last edit; -1: never; UNKNOWN once the array has been handed out, and then:
    _checksum   (number of the last edit known of, checksum of the array then)
    """
    __slots__ = ("_data", "_edited", "_checksum")

    shape = property(lambda self: self._data.shape, doc="The lengths of the axes, a tuple.")
    ndim = property(lambda self: self._data.ndim, doc="The number of axes.")
    size = property(lambda self: self._data.size, doc="The number of elements.")
    dtype = property(lambda self: self._data.dtype, doc="The type of the elements.")
    device = property(lambda self: backend.device_of(self._data), doc='Where the array is: "cpu", "gpu", "gpu:1".')

    @property
    def data(self):
        """The array itself, to read or to edit; it is watched from now on."""
        t = self
        while t is not None and t._checksum is None and isinstance(t._data, np.ndarray):
            t._checksum, t._edited = (t._edited, checksum(t._data)), UNKNOWN
            t = base_of(t)                  # a view's edit is its base's edit too
        return self._data

    @data.setter
    def data(self, array):
        self._data = backend.asarray(array, device=self.device)
        self.touch()

    def touch(self) -> None:
        """Note that the array has been changed in place, now."""
        if recorder():
            recorder().effect(self._note_edit)       # a replay changes it, too
        self._note_edit()

    def _note_edit(self) -> None:
        """touch, without a word to a recording of unroll.py."""
        if self._checksum is None:
            self._edited = clock()
        else:
            self._checksum = clock(), checksum(self._data)

    def last_edit(self) -> float:
        """The number of the last change in place (-1: never)."""
        if self._checksum is None:
            return self._edited
        if self._checksum[1] != checksum(self._data):
            self.touch()
        return self._checksum[0]


def checksum(array):
    """A number that changes when the array does; None on a GPU, which would have to send the array for it."""
    array = real(array)
    return zlib.crc32(np.ascontiguousarray(array)) if isinstance(array, np.ndarray) else None


def base_of(t):
    """The input that t may be a view of, or None."""
    inputs = (x for x in t.node.inputs if isinstance(x, Watched)) if t.node else ()
    return next((x for x in inputs if np.may_share_memory(x._data, t._data)), None)


def refuse_edit(x, node):
    """Raise if x was changed in place after node's operation used or made it."""
    if x.last_edit() > node.order:
        name, part = node.op.name, "the result" if x.node is node else "an input"
        raise RuntimeError(f"backward: {part} of {name}, of shape {x.shape}, was changed in place after {name} used "
                           "it, and its derivative needs the old values: edit a copy, or after backward")
