"""The engine on one page: tensors that remember how they were made, and the walk back that differentiates them.

Forward.  An operation y = f(a, b) computes an array and notes on the *tape* which op made it from which inputs.
Backward.  For a scalar L, the chain rule gives each input's *cotangent* from that of the output:

    dL/da = vjp_a(dL/dy, y, a, b)        the vector-Jacobian product: (dL/dy) times the Jacobian dy/da

Ops with their vjps are declared in minigrad/engine/ops, one line of calculus each; this file knows no derivative.
It does the work they share: recording, ordering, adding up, undoing broadcasts, and refusing what would be wrong.

A vjp is written in plain NumPy and may be called with arrays (the usual, fast case) or with Tensors; then its own
operations are recorded too, and the gradient can be differentiated again.  One rule serves all orders.
"""
import contextlib
import itertools
import zlib

import numpy as np

from . import backend

clock = itertools.count().__next__          # numbers every operation and edit in the order they happen


class Node:
    """A line of the tape: which op made a tensor, from which inputs, and when."""
    __slots__ = ("op", "inputs", "args", "params", "saved", "order")

    def __init__(self, *fields):
        self.op, self.inputs, self.args, self.params, self.saved, self.order = fields


class Tensor:
    """An array that can be differentiated with respect to.

    data            the array (NumPy on the CPU, CuPy on the GPU)
    grad            after backward: a Tensor of the same shape, the derivative of the result with respect to this
                    leaf.  Each backward *sets* it: nothing needs zeroing, and calling again gives the same answer.
    requires_grad   whether gradients are wanted; the result of an op requires them if any input does
    node            the line of the tape, or None for a leaf: a tensor that no recorded operation made
    """
    __slots__ = ("_data", "grad", "requires_grad", "node", "_edited", "_checksum", "__weakref__")
    __hash__ = object.__hash__              # == compares elements, so identity is the key in sets and dicts

    def __init__(self, data, requires_grad=False, node=None):
        if not isinstance(data, np.ndarray):
            data = np.asarray(data) if isinstance(data, np.generic) else backend.asarray(data)
        self._data = data
        self.grad = self._checksum = None
        self.requires_grad, self.node, self._edited = requires_grad, node, -1

    shape = property(lambda self: self._data.shape)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    dtype = property(lambda self: self._data.dtype)
    device = property(lambda self: backend.device_of(self._data))

    # -- in-place edits: changing an array that the tape still needs must be an error, not a wrong gradient ----------
    @property
    def data(self):
        """The array itself, to read or to edit.  From now on a checksum tells whether it was edited."""
        t = self
        while t is not None and t._checksum is None:            # a view's edit is its base's edit too
            t._checksum = _checksum(t._data)
            t = next((x for x in t.node.inputs if isinstance(x, Tensor) and np.may_share_memory(x._data, t._data)),
                     None) if t.node and t.device == "cpu" else None
        return self._data

    @data.setter
    def data(self, array):
        self._data = backend.asarray(array, device=self.device)
        self.touch()

    def touch(self):
        """Note that the array has been changed in place, now."""
        self._edited = clock()
        if self._checksum is not None:
            self._checksum = _checksum(self._data)

    def last_edit(self):
        """When the array was last changed in place (-1: never)."""
        if self._checksum is not None and self._checksum != _checksum(self._data):
            self.touch()
        return self._edited

    # -- gradients ---------------------------------------------------------------------------------------------------
    def backward(self, grad=None, create_graph=False, retain_graph=False):
        """Set .grad = d(self)/d(leaf) on every leaf that requires it.

        grad            the cotangent of self; 1 for a scalar, needed for any other shape
        create_graph    record the backward pass itself, so that the gradients can be differentiated again
        retain_graph    keep the tape; otherwise it is released as it is consumed, and freed with it the memory
        """
        with grad_mode(True) if create_graph else contextlib.nullcontext():
            found, owned = backpropagate(self, grad, None, create_graph, retain_graph), set()
        for leaf, g in found.items():
            if not isinstance(g, Tensor):   # gradients may share memory with each other; each leaf gets its own
                g = Tensor(g.copy() if g.base is not None or g is grad or id(g) in owned else g)
                owned.add(id(g._data))
            leaf.grad = g

    def detach(self):
        """The same array as a new leaf that requires no gradient."""
        self.data                           # shared from now on: watch it
        leaf = Tensor(self._data)
        leaf.data
        return leaf

    # -- leaving the engine ------------------------------------------------------------------------------------------
    def numpy(self):
        """A NumPy copy of the values."""
        return backend.to_numpy(self._data)

    def item(self):
        """The value of a one-element tensor as a Python number."""
        if self.size == 1:
            return self._data.item()
        raise ValueError(f"item: only a tensor of one element is a number, this one has shape {self.shape}")

    def to(self, device):
        """This tensor on another device ("cpu", "gpu", "gpu:1"), as a new leaf; itself where it is there already."""
        return self if device == self.device else Tensor(backend.asarray(self._data, device=device), self.requires_grad)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=None)

    tolist = lambda self: self._data.tolist()
    __float__ = lambda self: float(self.item())
    __int__ = lambda self: int(self.item())
    __index__ = lambda self: self.item().__index__()

    def __bool__(self):
        if self.size != 1:
            raise ValueError(f"the truth of a tensor of shape {self.shape} is ambiguous: use .any() or .all()")
        return bool(self.item())

    def __len__(self):
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __format__(self, spec):
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self):
        source = f", op={self.node.op.name}" if self.node and self.node.op else ""
        grad = ", requires_grad=True" if self.requires_grad else ""
        place = "" if self.device == "cpu" else f", device={self.device}"
        values = np.array2string(self.numpy(), separator=", ", prefix="tensor(")
        return f"tensor({values}, dtype={self.dtype}{source}{grad}{place})"


def _checksum(array):
    return zlib.crc32(np.ascontiguousarray(array)) if isinstance(array, np.ndarray) else None


def tensor(data, dtype=None, device=None, requires_grad=False):
    """A new tensor with a copy of data (numbers, nested lists, an array or a tensor) in NumPy's dtype for it.

    requires_grad   ask for gradients; only floating-point tensors have them (TypeError otherwise)
    """
    array = backend.asarray(data._data if isinstance(data, Tensor) else data, dtype, device).copy()
    if array.dtype.kind not in "fiub":
        raise TypeError(f"tensor: data of type {array.dtype} is not numeric (ragged lists?)")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(f"tensor: requires_grad needs floating-point data, this is {array.dtype}; pass dtype=float")
    return Tensor(array, requires_grad)


# -- recording -------------------------------------------------------------------------------------------------------
_recording = True


@contextlib.contextmanager
def grad_mode(on):
    """Switch recording on or off in a with block, or for a decorated function."""
    global _recording
    before, _recording = _recording, on
    try:
        yield
    finally:
        _recording = before


def no_grad():
    """Inside `with no_grad():` operations are computed but not recorded."""
    return grad_mode(False)


def is_recording():
    return _recording


# -- the walk back ---------------------------------------------------------------------------------------------------
RELEASED = Node(None, (), (), {}, None, -1)


def backpropagate(y, g=None, wrt=None, create_graph=False, retain_graph=False, into=dict):
    """The chain rule from y to its leaves: {leaf: cotangent}; or, given wrt, to these tensors and no further.

    Cotangents are arrays, or Tensors when create_graph is true.  They gather in an `into`, a kind of dict.
    """
    if not y.requires_grad:
        raise RuntimeError("backward: nothing here requires gradients (no leaf with requires_grad=True, or no_grad)")
    grads = into({y: _seed(y, g, create_graph)})
    tape, wanted, guarded = tape_of(y, wrt or ()), (), False
    if wrt is not None:                     # visit only what lies between wrt and y
        between = set(wrt)
        tape = [t for t in tape if t in between or t.node and not between.isdisjoint(
            x for x in t.node.inputs if isinstance(x, Tensor)) and not between.add(t)]
        wanted = {id(t) for t in tape}      # ids, so that arrays are freed as the tape is consumed
    while tape:
        t = tape.pop()
        node = t.node
        if node is None or t not in grads or wrt is not None and t in wrt:
            continue                        # a leaf keeps its cotangent
        if t._edited > node.order or t._checksum is not None:
            _refuse_edited(t, node)
        g, op, params = grads.pop(t), node.op, node.params
        value, args = (t, node.inputs) if create_graph else (t._data, node.args)
        if op.saves:
            params = {**params, "saved": None if create_graph else node.saved}
        joint = op.joint and op.vjp(g, value, *args, **params)
        # Behind a `where`, the branch not taken gets cotangent 0, and 0 times an infinite slope would be nan.
        guarded = guarded or op.name == "where"
        for i, x in enumerate(node.inputs):
            if not isinstance(x, Tensor):
                continue
            if x._edited > node.order or x._checksum is not None:
                _refuse_edited(x, node)
            if not x.requires_grad or wanted and id(x) not in wanted:
                continue
            gx = joint[i] if joint else op.rules[i] and op.rules[i](g, value, *args, **params)
            if gx is None:
                continue
            if guarded and op.elementwise:
                gx = np.where((g == 0) & np.isnan(gx), 0, gx)
            if gx.shape != x._data.shape:
                gx = unbroadcast(gx, x._data.shape, op)
            if gx.dtype != x._data.dtype:
                gx = gx.astype(x._data.dtype)
            grads[x] = grads[x] + gx if x in grads else gx
        if not (create_graph or retain_graph):
            t.node = RELEASED
    return grads


def _seed(y, g, create_graph):
    """The cotangent of y itself: 1 for a scalar, else what was passed, checked."""
    if g is None:
        if y.size != 1:
            raise RuntimeError(f"backward: a result of shape {y.shape} needs a cotangent: pass grad= of that shape, "
                               "or reduce it to a scalar first (.sum(), .mean())")
        g = backend.array_module(y._data).ones_like(y._data)
    array = backend.asarray(g._data if isinstance(g, Tensor) else g, y._data.dtype, y.device)
    if array.shape != y._data.shape:
        raise ValueError(f"backward: the cotangent's shape {array.shape} is not the result's shape {y.shape}")
    return (g if isinstance(g, Tensor) else Tensor(array)) if create_graph else array


def _refuse_edited(x, node):
    if x.last_edit() > node.order:
        name, part = node.op.name, "the result" if x.node is node else "an input"
        raise RuntimeError(f"backward: {part} of {name}, of shape {x.shape}, was changed in place after {name} used it, "
                           "and its derivative needs the old values: edit a copy, or after backward")


def tape_of(y, stop=()):
    """Every tensor that y was made from and that requires gradients, oldest first; nothing behind those in stop.

    The order in which they were made is a topological order: inputs exist before results.  Walking with a stack of
    our own, each tensor once, neither depth nor diamonds cost more than their number.
    """
    found, stack = {y: y.node.order if y.node else -1}, [y]
    while stack:
        t = stack.pop()
        if t.node is None or t in stop:
            continue
        if t.node is RELEASED:
            raise RuntimeError("backward: the tape that leads here was released by an earlier backward; "
                               "run the forward pass again, or call the first one with retain_graph=True")
        for x in t.node.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found[x] = x.node.order if x.node else -1
                stack.append(x)
    return sorted(found, key=found.get)


def unbroadcast(g, shape, op=None):
    """The adjoint of broadcasting: what was copied is summed.  (3, 4) -> (4,) or (3, 1) or ()."""
    extra = g.ndim - len(shape)
    stretched = tuple(i for i in range(g.ndim) if i < extra or shape[i - extra] == 1 != g.shape[i])
    if extra < 0 or any(g.shape[i] != shape[i - extra] for i in range(g.ndim) if i not in stretched):
        raise ValueError(f"{op.name if op else 'unbroadcast'}: its vjp returned shape {g.shape} for an input of shape {shape}")
    bias = len(shape) == 1 < g.ndim and len(stretched) == extra     # added to each row of a batch
    return backend.row_sum(g) if bias else g.sum(axis=stretched).reshape(shape)
