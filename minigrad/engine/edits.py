"""In-place edits: changing an array that the tape still needs must be an error in backward, not a wrong gradient.

Operations and edits get numbers from one clock.  Backward refuses an array whose last edit has a larger number than the
operation that used it.  minigrad's own edits (x[0] = 1, an optimizer's step) call touch, which takes the number; a
tensor and its views (w[:2], w.T, w.detach()) share it.  But x.data hands the array itself out, and then anyone may edit
it without a word: while someone holds it a checksum tells.

Arrays that are no tensors, as operands (x * a), indices or masks, are used as they are and nobody watches them: to look
at each would cost more than to compute with it.  Who fills a buffer again, or edits an index, before backward gets the
gradient of a computation that never was.  `with mg.watch_arrays():` finds it.
"""
import itertools
import math
import weakref
import zlib

import numpy as np

from . import backend
from .unrolling.current import real, recorder

clock = itertools.count().__next__          # numbers operations and edits in the order they happen
bare_arrays = weakref.WeakKeyDictionary()   # Node -> (its result, [(array, checksum)]), where unwatched.py is on
UNKNOWN = math.inf                          # in _edited: later than every operation, so that backward asks last_edit


class Account:
    """The edits of one piece of memory, for all tensors that lie in it: a tensor and its views.

    It is opened when a tensor is viewed, its array handed out, or the result of an operation edited; most need none.
    array       the array of the first tensor, of which those of the others are views
    edited      the number of the last edit known of; -1: never
    checksum    of the array then, while it is in other hands; else None
    held        weak references to the arrays that were handed out
    shared      do several tensors have it?
    """
    __slots__ = ("array", "edited", "checksum", "held", "shared")

    def __init__(self, array, edited):
        self.array, self.edited, self.checksum, self.held, self.shared = array, edited, None, [], False

    def hand_out(self, array):
        """An array in the same memory, whose end we see: NumPy's views of it keep it alive."""
        if type(array) is not np.ndarray:
            return array                    # on a GPU, which would have to send it for a checksum
        if self.checksum is None:
            self.checksum = checksum(self.array)
        given = np.asarray(memoryview(array))
        self.held.append(weakref.ref(given))
        return given

    def touch(self):
        self.edited = clock()
        if self.checksum is not None:
            self.checksum = checksum(self.array)

    def last_edit(self):
        if self.checksum is not None:
            if self.checksum != checksum(self.array):
                self.touch()
            self.held = [given for given in self.held if given() is not None]
            if not self.held:
                self.checksum = None        # nobody holds it any more, so nobody can edit it without a word
        return self.edited


class Watched:
    """An array that knows when it was last changed.

    _edited     the number of the last edit; -1: never; UNKNOWN where the memory has its own account of it:
    _memory     an Account, shared with the other tensors there; or None
    What layers keep with a tensor; most tensors have none of it:
    _keras_mask     a Tensor of booleans: which steps of padded sequences are real (keras/masks.py); or None
    constraint      what an optimizer holds a weight to after each step (keras/constraints.py)
    name, path      what a weight is called, "kernel", and where: "dense/kernel" (keras/layers/base.py)
    """
    __slots__ = ("_data", "_edited", "_memory", "_keras_mask", "constraint", "name", "path")
    _counts = {"_note_edit": ""}            # to unroll.py: in a saved program, where nobody looks, it does nothing

    shape = property(lambda self: self._data.shape, doc="The lengths of the axes, a tuple.")
    ndim = property(lambda self: self._data.ndim, doc="The number of axes.")
    size = property(lambda self: self._data.size, doc="The number of elements.")
    dtype = property(lambda self: self._data.dtype, doc="The type of the elements.")
    device = property(lambda self: backend.device_of(self._data), doc='Where the array is: "cpu", "gpu", "gpu:1".')

    @property
    def data(self):
        """The array itself, to read or to edit; it is watched while you hold it."""
        return memory_of(self).hand_out(self._data)

    @data.setter
    def data(self, array):
        if self._memory is None or all(given() is not array for given in self._memory.held):     # not x.data += 1
            self._data, self._memory, self._edited = backend.asarray(array, device=self.device), None, -1
        self.touch()

    def touch(self) -> None:
        """Note that the array has been changed in place, now."""
        if recorder():
            recorder().effect(self._note_edit)       # a replay changes it, too
        self._note_edit()

    def _note_edit(self) -> None:
        """touch, without a word to a recording of unroll.py."""
        if self._memory is None and self.node is None:
            self._edited = clock()
        else:
            memory_of(self).touch()

    def last_edit(self) -> float:
        """The number of the last change in place (-1: never)."""
        memory = self._memory
        if memory is None:
            return self._edited
        number = memory.last_edit()
        if memory.checksum is None and not memory.shared and self.node is None:
            self._memory, self._edited = None, number
        return number


def memory_of(t):
    """The Account of a tensor: that of what it is a view of, if it is one."""
    if t._memory is None:
        base = base_of(t)
        if base is not None:
            return share(t, base)._memory
        t._memory, t._edited = Account(t._data, t._edited), UNKNOWN
    return t._memory


def share(t, base):
    """Let t, which reads the memory of base, share the account of its edits.  Returns t."""
    t._memory, t._edited = memory_of(base), UNKNOWN
    t._memory.shared = True
    return t


def share_with_any(t, inputs):
    """Let t share the account of what it is a view of, if that is among the inputs.  Returns t."""
    base = next((x for x in inputs if isinstance(x, Watched) and np.may_share_memory(x._data, t._data)), None)
    return t if base is None else share(t, base)


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
    for array, before in bare_arrays[node][1] if node in bare_arrays else ():
        if checksum(array) != before:
            raise RuntimeError(f"backward: an array of shape {array.shape} and {array.dtype}, operand, index or param "
                               f"of {node.op.name}, was changed in place after {node.op.name} used it: pass a copy")
