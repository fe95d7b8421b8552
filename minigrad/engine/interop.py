"""What a tensor is to the rest of Python: conversions, operators and methods that call the ops, NumPy's functions.

This is how a rule is recorded: when g is a Tensor, g * np.cos(x) calls Tensor.__mul__ with what np.cos gave, and
np.cos, finding that x is no array of its own, calls x.__array_ufunc__, which calls the op cos.
"""
import inspect
import operator
from collections.abc import Iterator

import numpy as np

from ..support.arguments import shown
from ..support.explaining import explained
from . import backend
from .op import NUMPY
from .recording import is_recording
from .tensor import RELEASED, Tensor
from .trees import tree_map


@explained
def tensor(data, dtype=None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of data (numbers, nested lists, an array or a tensor) in NumPy's dtype for it.

    requires_grad   ask for gradients; only floating-point tensors have them (TypeError otherwise)
    """
    if isinstance(data, Tensor):
        data = data._data if requires_grad else _off_the_tape(data, "mg.tensor(t) is a copy")
    array = backend.asarray(data, dtype, device).copy()
    if array.dtype.kind not in "fiub":
        why = {"c": "complex numbers have no gradients here: pass the real and the imaginary part",
               "O": "None or other objects, or lists of different lengths, are among it"}.get(array.dtype.kind, "")
        raise TypeError(f"tensor: data of type {array.dtype} is not real numbers{why and '; ' + why}")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(f"tensor: requires_grad needs floating-point data, this is {array.dtype}; pass dtype=float")
    return Tensor(array, requires_grad)


def _off_the_tape(t, what):
    """t's array for other eyes than the tape's; an error where a gradient would get lost by it, without a word."""
    if t.requires_grad and is_recording() and t.node is not RELEASED:
        raise TypeError(f"{what}, and the tensor requires gradients, which would be lost: use the tensor itself, with "
                        "functions of mg or np (mg.sqrt, mg.stack for a list); or say .item(), .numpy() or .detach() "
                        "if no gradient is wanted, or `with mg.no_grad():`")
    return t._data


# -- out of the engine: nothing here is differentiated ---------------------------------------------------------------
class Conversions:
    """Methods of Tensor."""
    def numpy(self) -> np.ndarray:
        """A NumPy copy of the values."""
        return backend.to_numpy(self._data)

    def item(self) -> float:
        """The value of a one-element tensor as a Python number."""
        if self.size == 1:
            return self._data.item()
        raise ValueError(f"item: only a tensor of one element is a number, this one has shape {self.shape}")

    @explained
    def to(self, device: str) -> Tensor:
        """This tensor on another device ("cpu", "gpu", "gpu:1"), as a new leaf; itself where it is there already."""
        there = isinstance(device, str) and device == self.device
        return self if there else Tensor(backend.asarray(self._data, device=device), self.requires_grad)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(backend.to_numpy(_off_the_tape(self, "this asks for its plain array")), dtype=dtype, copy=None)

    def __reduce__(self) -> tuple:
        """For pickle and copy: a tensor travels as a value, its array, its gradient and its flag, without the tape."""
        kept = {name: getattr(self, name) for name in ("constraint", "name", "path") if hasattr(self, name)}
        return _arrived, (self.numpy(), self.device, self.requires_grad, self.grad, kept)

    def tolist(self) -> list | float:
        """The values as a Python number, or as nested lists of them."""
        return self._data.tolist()

    def __float__(self) -> float:
        """The value of one element; refused on the tape, since float(t) can't be told from math.sqrt(t): t.item()."""
        _off_the_tape(self, "float(t), and so math.sqrt(t), asks for a plain number")
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iub":
            raise TypeError(f"an index must be a whole number, this is a tensor of {self.dtype}: .astype(int)")
        return int(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"the truth of a tensor of shape {self.shape} is ambiguous: use .any() or .all()")
        return bool(self._data)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def assign(self, value) -> Tensor:
        """Write numbers of the same shape into this tensor, in place, as t[...] = value: a weight's new values."""
        array = value._data if isinstance(value, Tensor) else backend.asarray(value, device=self.device)
        if array.shape != self.shape or array.dtype.kind not in "biufc":
            raise ValueError(f"assign: {shown(value)} is no array of numbers of shape {self.shape}")
        self[...] = array
        return self

    @explained
    def assign_add(self, value) -> Tensor:
        """assign(self + value)."""
        return self.assign(self._data + getattr(value, "_data", value))

    @explained
    def assign_sub(self, value) -> Tensor:
        """assign(self - value)."""
        return self.assign(self._data - getattr(value, "_data", value))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        source = f", op={self.node.op.name}" if self.node and self.node.op else ""
        grad = ", requires_grad=True" if self.requires_grad else ""
        place = "" if self.device == "cpu" else f", device={self.device}"
        values = np.array2string(self.numpy(), separator=", ", prefix="tensor(")
        return f"tensor({values}, dtype={self.dtype}{source}{grad}{place})"


def _arrived(array, device, requires_grad, grad, kept):
    t = Tensor(backend.asarray(array, device=device), requires_grad)
    t.grad = grad
    for name, value in kept.items():
        setattr(t, name, value)
    return t


# -- operators, methods and NumPy's functions ------------------------------------------------------------------------
# NumPy functions that only look: called on a Tensor they get its array, and what they return has no gradient.
PLAIN = {"allclose", "isclose", "array_equal", "shape", "ndim", "size", "array_repr", "array_str", "array2string",
         "result_type", "may_share_memory", "shares_memory", "nonzero", "count_nonzero", "searchsorted", "array_equiv",
         "iscomplexobj", "isrealobj", "iscomplex", "isreal", "common_type", "save", "savetxt", "savez"}
# These hand values on, or write them into an array, and would lose a gradient: refused for a tensor on the tape.
VALUED = {"bincount", "unique", "histogram", "copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal"}
FILLED = {"zeros_like", "ones_like", "empty_like", "full_like"}     # new tensors of the same shape, without gradient
IN_LINALG = {**dict.fromkeys(("trace", "diagonal"), {"axis1": -2, "axis2": -1}),
             **dict.fromkeys(("eigh", "eigvalsh"), {"UPLO": "L"})}      # np.linalg's own defaults
METHODS = ("sum mean var std max min prod cumsum argmax argmin argsort sort any all reshape transpose swapaxes squeeze "
           "clip repeat diagonal trace take dot astype exp log sqrt tanh abs flip ravel "
           "sigmoid relu softmax sin cos norm round copy").split()
OPERATORS = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power",
             "floordiv": "floor_divide", "mod": "remainder",
             "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
             "lshift": "left_shift", "rshift": "right_shift"}
UNARY = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "invert"}
COMPARISONS = {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
               "ge": "greater_equal"}


def attach(functions):
    """Give Tensor its conversions, operators and methods, and NumPy its way to the ops."""
    Tensor.backward = explained(Tensor.backward)
    for name, method in vars(Conversions).items():
        if callable(method):
            _give(name, method)
    for name, function in OPERATORS.items():
        f = functions[function]
        _give(f"__{name}__", _binary(f), f.__doc__)
        _give(f"__r{name}__", _reflected(f), f.__doc__)
        _give(f"__i{name}__", _editing(f, name), _in_place.__doc__)
    for name, function in COMPARISONS.items():
        _give(f"__{name}__", _binary(functions[function]), functions[function].__doc__)
    for name, function in UNARY.items():
        _give(f"__{name}__", _method(functions[function]), functions[function].__doc__)
    for name in METHODS:
        _give(name, _method(functions[name]), functions[name].__doc__)
    _give("flatten", _method(functions["ravel"]), functions["ravel"].__doc__)
    getitem, reshape, transpose = functions["getitem"], functions["reshape"], functions["transpose"]
    _give("__getitem__", lambda self, index: getitem(self, index=index), getitem.__doc__)
    _give("__setitem__", _setitem)
    _give("reshape", lambda self, *shape: reshape(self, shape=_flat(shape)), reshape.__doc__)
    _give("transpose", lambda self, *axes: transpose(self, axes=_flat(axes) or None), transpose.__doc__)
    Tensor.mT = property(functions["matrix_transpose"], doc="The tensor with its last two axes exchanged.")
    Tensor.value = property(lambda self: self, doc="The tensor itself: what Keras' programs call a variable's value.")
    Tensor.T = property(lambda self: transpose(self), doc="The tensor with its axes reversed.")
    _give("__array_ufunc__", lambda self, *args, **kwargs: _ufunc(functions, *args, **kwargs), _ufunc.__doc__)
    _give("__array_function__", lambda self, *args: _function(functions, *args), _function.__doc__)


def _give(name, method, doc=None):
    """Make a function a method of Tensor that help() knows by its name, and by the formula of the op that it calls."""
    method.__name__, method.__qualname__, method.__doc__ = name, f"Tensor.{name}", doc or method.__doc__
    setattr(Tensor, name, method)


def _binary(f):
    return lambda self, other: f(self, other)


def _reflected(f):
    return lambda self, other: f(other, self)


def _editing(f, name):
    return lambda self, other: _in_place(self, other, f, name)


def _method(f):
    def method(self, *args, **params):
        return f(self, *args, **params)
    signature = inspect.signature(f)
    _, *others = signature.parameters.values()
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = signature.replace(parameters=[itself, *others])
    return method


def _flat(args):
    """reshape(2, 3) and reshape((2, 3)) are the same."""
    if len(args) != 1:
        return args
    return () if args[0] is None else tuple(args[0]) if isinstance(args[0], (tuple, list)) else args


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


def _setitem(self, index, value) -> None:
    """x[index] = value, in place: not recorded, and an error in backward if the tape needs the old values."""
    if isinstance(value, Tensor):
        if is_recording() and value.requires_grad:
            raise RuntimeError("x[index] = value isn't recorded, so value would get no gradient: use mg.where, "
                               "mg.concatenate or mg.scatter_add; or assign value.detach()")
        value = value._data
    _to_edit(self)[_strip(index)] = value
    self.touch()


def _to_edit(x):
    """The array of x, unless it is another's."""
    if not getattr(getattr(x._data, "flags", None), "writeable", True):
        raise RuntimeError("in-place change of an array that is read-only: inside mg.grad and its like the arguments "
                           "are the caller's own; make a new tensor (mg.where, x + 1), or edit x.detach() + 0")
    return x._data


def _strip(value, name=None):
    """Tensors, also inside lists, tuples and dicts, as their arrays; with a function's name none may be on the tape."""
    def array(v):
        if not isinstance(v, Tensor):
            return v
        return _off_the_tape(v, f"np.{name} has no derivative rule") if name else v._data
    return tree_map(array, value)


def _ufunc(functions, ufunc, method, *inputs, out=None, **kwargs):
    """np.exp(t) is mg.exp(t); array -= tensor edits the array."""
    f = functions.get(ufunc.__name__) or NUMPY.get(ufunc)
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
    name = function.__name__
    if function.__module__ == "numpy.linalg" and len(args) == 1:
        kwargs = {**IN_LINALG.get(name, {}), **kwargs}
    if name == "clip":                              # NumPy has two names for its limits
        kwargs = {{"a_min": "min", "a_max": "max"}.get(k, k): v for k, v in kwargs.items()}
    if name == "where" and len(args) == 1:
        return np.nonzero(_strip(args[0]))          # as NumPy has it
    if name in functions:
        return functions[name](*args, **kwargs)
    if name in FILLED:
        return Tensor(function(_strip(args[0]), *_strip(args[1:], name), **_strip(kwargs, name)))
    if name in PLAIN:
        return function(*_strip(args), **_strip(kwargs))
    if name in VALUED:
        return function(*_strip(args, name), **_strip(kwargs, name))
    if function in NUMPY:
        return NUMPY[function](*args, **kwargs)
    raise _no_rule(name)


def _no_rule(name):
    return TypeError(f"np.{name} has no derivative rule in minigrad; declare one with mg.op(..., numpy=np.{name}), "
                     "or use .numpy() first")
