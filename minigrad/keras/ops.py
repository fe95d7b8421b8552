"""keras.ops: the table of derivatives (minigrad/engine/ops) under Keras' names, for Tensors, arrays and symbols.

    from minigrad.keras import ops
    y = ops.mean(ops.square(x), axis=-1)

What Keras calls as the table does is the table's own; here are those that have another name or form, in operations.py
those that are made of several.  ops.nn, ops.numpy, ops.linalg and ops.math are the same functions again.
"""
import inspect
import sys
from functools import wraps

import numpy as np

from ..engine import backend
from ..engine.interop import tensor
from ..engine.ops import FUNCTIONS as TABLE
from ..engine.tensor import Tensor
from ..support.arguments import shown
from . import activations, image_ops as image, operations
from .symbols import Symbolic, defers


def cast(x, dtype):
    """x in another dtype."""
    return TABLE["astype"](x if isinstance(x, Tensor) else convert_to_tensor(x), dtype=np.dtype(dtype))


def convert_to_tensor(x, dtype=None):
    """x as a Tensor; numbers that have no dtype become int32 or float32."""
    return x if isinstance(x, Tensor) and dtype is None else array(x, dtype)


def convert_to_numpy(x):
    """x as a NumPy array."""
    return backend.to_numpy(getattr(x, "_data", x))


def shape(x):
    """The lengths of the axes, a tuple."""
    return tuple(x.shape) if isinstance(x, Symbolic) else np.shape(getattr(x, "_data", x))


def stop_gradient(variable):
    """The same numbers, through which no gradient flows."""
    return variable.detach()


def zeros(shape, dtype="float32"):
    """A Tensor of zeros."""
    return Tensor(backend.asarray(np.zeros(shape, dtype)))


def ones(shape, dtype="float32"):
    """A Tensor of ones."""
    return Tensor(backend.asarray(np.ones(shape, dtype)))


def zeros_like(x, dtype=None):
    """Zeros of the shape of x."""
    return Tensor(np.zeros_like(convert_to_tensor(x)._data, dtype=dtype))


def ones_like(x, dtype=None):
    """Ones of the shape of x."""
    return Tensor(np.ones_like(convert_to_tensor(x)._data, dtype=dtype))


def arange(start, stop=None, step=1, dtype=None):
    """start, start + step, ... up to, but not including, stop; whole numbers as int32."""
    values = np.arange(start) if stop is None else np.arange(start, stop, step)
    return Tensor(backend.asarray(values.astype(dtype or ("int32" if values.dtype.kind == "i" else "float32"))))


def array(x, dtype=None):
    """x as a new Tensor: whole numbers as int32, others as float32, if no dtype is given and x has none."""
    if dtype is None and not hasattr(x, "dtype"):
        dtype = {"i": "int32", "f": "float32"}.get(np.asarray(x).dtype.kind)
    return tensor(x, dtype=dtype)


def full(shape, fill_value, dtype=None):
    """A Tensor of this number everywhere, float32 unless told."""
    return Tensor(backend.asarray(np.full(shape, convert_to_numpy(fill_value), dtype or "float32")))


def eye(N, M=None, k=0, dtype=None):
    """A Tensor (N, M) with 1 on diagonal k, float32 unless told."""
    return Tensor(backend.asarray(np.eye(N, M, k, dtype or "float32")))


def linspace(start, stop, num=50, endpoint=True, dtype=None):
    """num numbers from start to stop, evenly, float32 unless told."""
    return Tensor(backend.asarray(np.linspace(start, stop, num, endpoint, dtype=dtype or "float32")))


def size(x):
    """How many numbers x has."""
    return int(np.prod(shape(x)))


def ndim(x):
    """How many axes x has."""
    return len(shape(x))


def rsqrt(x):
    """1 / √x."""
    return 1 / TABLE["sqrt"](x)


def is_tensor(x):
    """Whether x is a Tensor."""
    return isinstance(x, Tensor)


def one_hot(x, num_classes, axis=-1, dtype=None):
    """Whole numbers (...) as rows of 0 and a 1 (..., num_classes)."""
    if axis != -1:
        raise ValueError(f"one_hot: only the last axis is supported, axis=-1, not {shown(axis)}")
    labels = convert_to_tensor(x)._data
    classes = backend.array_module(labels).arange(num_classes)
    return Tensor((labels[..., None] == classes).astype(dtype or "float32"))


def concatenate(xs, axis=0):
    """The tensors of a list end to end along axis."""
    return TABLE["concatenate"](*xs, axis=axis)


def stack(x, axis=0):
    """The tensors of a list side by side, along a new axis."""
    return TABLE["stack"](*x, axis=axis)


def einsum(subscripts, *operands):
    """Σ over the indices that subscripts leave out."""
    return TABLE["einsum"](subscripts, *operands)


def dtype(x):
    """The name of the type of the numbers."""
    return str(convert_to_tensor(x).dtype)


def _named(function, *names):
    """function, whose arguments by position may also come under Keras' names for them."""
    @wraps(function)
    def called(*args, **kwargs):
        return function(*args, *(kwargs.pop(name) for name in names[len(args):] if name in kwargs), **kwargs)
    mine = list(inspect.signature(function).parameters.values())
    words = [p.replace(name=name, kind=p.POSITIONAL_OR_KEYWORD) for name, p in zip(names, mine)]
    called.__signature__ = inspect.Signature([*words, *mine[len(words):]])
    return called


_TWO = """add subtract multiply divide power maximum minimum fmax fmin arctan2 hypot logaddexp logaddexp2 equal
    not_equal less less_equal greater greater_equal logical_and logical_or logical_xor floor_divide fmod mod
    matmul outer tensordot dot inner kron vdot cross append"""
_NAMES = {**dict.fromkeys(_TWO.split(), ("x1", "x2")), "where": ("condition", "x1", "x2"),
          "clip": ("x", "x_min", "x_max"), "reshape": ("x", "newshape"), "split": ("x", "indices_or_sections"),
          "tile": ("x", "repeats"), "leaky_relu": ("x", "negative_slope")}
_OWN = (cast, convert_to_tensor, rsqrt, stop_gradient, zeros_like, ones_like, one_hot, concatenate, stack, einsum)
FUNCTIONS = {f.__name__: defers(f) for f in (
    *_OWN, *operations.OF_TENSORS,
    *(f for name, f in activations.ACTIVATIONS.items() if name not in TABLE and f is not activations.linear))}
globals().update({name: f for name, f in TABLE.items() if name not in globals()} | FUNCTIONS
                 | {name: _named(TABLE[name], *names) for name, names in _NAMES.items()}
                 | {f.__name__: f for f in operations.OF_FUNCTIONS})
FUNCTIONS |= image.FUNCTIONS                # for graphs that are written down
absolute, swish, hard_swish = TABLE["abs"], TABLE["silu"], FUNCTIONS["hard_silu"]
identity, empty, empty_like, vectorized_map = eye, zeros, FUNCTIONS["zeros_like"], operations.map
nn = numpy = linalg = math = sys.modules[__name__]


def known():
    """{name: function} of tensors, for models that Keras wrote: what a file's names may lead to."""
    return TABLE | FUNCTIONS | {name: globals()[name] for name in (*_NAMES, "absolute", "swish")}
