"""What a tensor is to the rest of Python: conversions, operators and methods that call the ops, NumPy's functions.

This is how a rule is recorded: when g is a Tensor, g * np.cos(x) calls Tensor.__mul__ with what np.cos gave, and
np.cos, finding that x is no array of its own, calls x.__array_ufunc__, which calls the op cos.
"""
import operator

import numpy as np

from . import backend
from .recording import is_recording
from .tensor import Tensor


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


# -- out of the engine: nothing here is differentiated ---------------------------------------------------------------
class Conversions:
    """Methods of Tensor."""
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
        there = device == self.device
        return self if there else Tensor(backend.asarray(self._data, device=device), self.requires_grad)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=None)

    def tolist(self):
        """The values as a Python number, or as nested lists of them."""
        return self._data.tolist()

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        return self.item().__index__()

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


# -- operators, methods and NumPy's functions ------------------------------------------------------------------------
# NumPy functions that only look: called on a Tensor they get its array, and what they return has no gradient.
PLAIN = {"allclose", "isclose", "array_equal", "shape", "ndim", "size", "array_repr", "array_str", "array2string",
         "result_type", "may_share_memory", "shares_memory", "bincount", "unique", "histogram", "nonzero",
         "count_nonzero", "searchsorted", "array_equiv", "iscomplexobj", "isrealobj", "common_type", "save",
         "savetxt", "savez"}
FILLED = {"zeros_like", "ones_like", "empty_like", "full_like"}     # new tensors of the same shape, without gradient
ALIASES = {"absolute": "abs", "amax": "max", "amin": "min"}
METHODS = ("sum mean var std max min prod cumsum argmax argmin argsort sort any all reshape transpose swapaxes squeeze "
           "clip repeat diagonal trace take dot astype exp log sqrt tanh abs flip").split()
OPERATORS = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power",
             "matmul": "matmul"}
COMPARISONS = {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
               "ge": "greater_equal"}



def attach(functions):
    """Give Tensor its conversions, operators and methods, and NumPy its way to the ops."""
    for name, method in vars(Conversions).items():
        if callable(method):
            method.__qualname__ = f"Tensor.{name}"
            setattr(Tensor, name, method)
    for name, function in OPERATORS.items():
        f = functions[function]
        setattr(Tensor, f"__{name}__", lambda a, b, f=f: f(a, b))
        setattr(Tensor, f"__r{name}__", lambda a, b, f=f: f(b, a))
        setattr(Tensor, f"__i{name}__", lambda a, b, f=f, name=name: _in_place(a, b, f, name))
    for name, function in COMPARISONS.items():
        setattr(Tensor, f"__{name}__", lambda a, b, f=functions[function]: f(a, b))
    Tensor.__neg__ = lambda self: functions["negative"](self)
    Tensor.__pos__ = lambda self: functions["positive"](self)
    Tensor.__abs__ = lambda self: functions["abs"](self)
    Tensor.__invert__ = lambda self: functions["logical_not"](self)
    Tensor.__and__ = lambda a, b: functions["logical_and"](a, b)
    Tensor.__or__ = lambda a, b: functions["logical_or"](a, b)
    Tensor.__getitem__ = lambda self, index: functions["getitem"](self, index=index)
    Tensor.__setitem__ = _setitem
    Tensor.T = property(lambda self: functions["transpose"](self), doc="The tensor with its axes reversed.")
    for name in METHODS:
        setattr(Tensor, name, functions[name] if not hasattr(functions[name], "forward") else _method(functions[name]))
    Tensor.reshape = lambda self, *shape: functions["reshape"](self, shape=_flat(shape))
    Tensor.transpose = lambda self, *axes: functions["transpose"](self, axes=_flat(axes) or None)
    Tensor.ravel = Tensor.flatten = functions["ravel"]
    Tensor.__array_ufunc__ = lambda self, *args, **kwargs: _ufunc(functions, *args, **kwargs)
    Tensor.__array_function__ = lambda self, *args: _function(functions, *args)


def _method(f):
    def method(self, *args, **params):
        return f(self, *args, **params)
    method.__name__, method.__doc__ = f.name, f.__doc__
    return method


def _flat(args):
    """reshape(2, 3) and reshape((2, 3)) are the same."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args if args != (None,) else ()


def _in_place(a, b, f, name):
    """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    if is_recording() and (a.requires_grad or isinstance(b, Tensor) and b.requires_grad):
        if a.node is None and a.requires_grad:
            raise RuntimeError(f"{f.name}: in-place change of a leaf that requires gradients; to update a weight, "
                               "do it inside `with mg.no_grad():`")
        return f(a, b)
    result = f(a, b)
    if result.shape != a.shape:
        raise ValueError(f"{f.name}: in-place result of shape {result.shape} doesn't fit into shape {a.shape}")
    getattr(operator, f"i{name}")(_to_edit(a), b._data if isinstance(b, Tensor) else b)
    a.touch()
    return a


def _setitem(self, index, value):
    """x[index] = value, in place: not recorded, and an error in backward if the tape needs the old values."""
    if isinstance(value, Tensor):
        if is_recording() and value.requires_grad:
            raise RuntimeError("x[index] = value isn't recorded, so value would get no gradient: use mg.where, "
                               "mg.concatenate or mg.scatter_add; or assign value.detach()")
        value = value._data
    _to_edit(self)[_strip(index)] = value
    self.touch()


def _to_edit(x):
    """The array of x; if x may be a view, what it is a view of is watched from now on."""
    return x.data if x.node else x._data


def _strip(value):
    """Tensors, also inside lists, tuples and dicts, as their arrays."""
    if isinstance(value, Tensor):
        return value._data
    if isinstance(value, (list, tuple)):
        return type(value)(map(_strip, value))
    return {k: _strip(v) for k, v in value.items()} if isinstance(value, dict) else value


def _ufunc(functions, ufunc, method, *inputs, out=None, **kwargs):
    """np.exp(t) is mg.exp(t); array -= tensor edits the array."""
    f = functions.get(ALIASES.get(ufunc.__name__, ufunc.__name__))
    if f is None or method != "__call__":
        raise _no_rule(ufunc.__name__ + ("" if method == "__call__" else "." + method))
    if kwargs:
        raise TypeError(f"np.{ufunc.__name__}: {', '.join(kwargs)}= can't be used with a tensor")
    if out is None:
        return f(*inputs)
    if isinstance(out[0], Tensor) or is_recording() and any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        raise TypeError(f"np.{ufunc.__name__}: writing into an array (out=, +=, -= ...) isn't recorded and would lose "
                        "the gradient: make a new tensor (y = y + x), or do it inside `with mg.no_grad():`")
    return ufunc(*_strip(inputs), out=out)


def _function(functions, function, types, args, kwargs):
    """np.sum(t) is mg.sum(t); functions that only look get the array; others would lose the gradient: an error."""
    name = ALIASES.get(function.__name__, function.__name__)
    if function.__module__ == "numpy.linalg" and name in ("trace", "diagonal"):     # there, of the last two axes
        kwargs = {"axis1": -2, "axis2": -1, **kwargs}
    if name in functions:
        return functions[name](*args, **kwargs)
    if name in FILLED:
        return Tensor(function(*_strip(args), **_strip(kwargs)))
    if name in PLAIN:
        return function(*_strip(args), **_strip(kwargs))
    raise _no_rule(function.__name__)


def _no_rule(name):
    return TypeError(f"np.{name} has no derivative rule in minigrad; declare one with mg.op, or use .numpy() first")
