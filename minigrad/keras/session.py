"""keras.backend and keras.config: what Keras programs still take from there; and Variable.

    from minigrad.keras import backend as K
    K.epsilon(), K.clear_session()
"""
import numpy as np

from ..engine import backend as arrays
from ..engine.tensor import Tensor
from . import initializers
from .losses import EPSILON
from .ops import array, cast as cast, shape as shape
from .symbols import Symbolic
from .utils import clear_session as clear_session


def Variable(initializer, shape=None, dtype=None, trainable=True, *, name=None):      # noqa: N802  a class in Keras
    """A Tensor to be trained or assigned.  As an attribute of a layer it is a weight of it; name is for Keras' sake.

    initializer     its numbers; or, with a shape, the name of an initializer, or a function of shape and dtype
    """
    if isinstance(initializer, str) or callable(initializer):
        initializer = initializers.get(initializer)(() if shape is None else shape, np.dtype(dtype or "float32"))
    value = array(initializer, dtype)._data
    return Tensor(arrays.array_module(value).array(value), requires_grad=bool(trainable) and value.dtype.kind == "f")


def backend():
    """What computes here: "minigrad"."""
    return "minigrad"


def epsilon():
    """The number that keeps logarithms and quotients finite in losses, 1e-7."""
    return EPSILON


def floatx():
    """The type of weights and inputs, "float32"."""
    return "float32"


def image_data_format():
    """Where images have their channels, "channels_last"."""
    return "channels_last"


def is_keras_tensor(x):
    """Whether x is symbolic: what Input and the layers called on it return."""
    return isinstance(x, Symbolic)


def standardize_dtype(dtype):
    """The name of a type; None is "float32"."""
    return "float32" if dtype is None else np.dtype(dtype).name


def is_float_dtype(dtype):
    """Whether numbers of this type are floating-point."""
    return np.dtype(dtype).kind == "f"


def is_int_dtype(dtype):
    """Whether numbers of this type are whole."""
    return np.dtype(dtype).kind in "iu"


def result_type(*dtypes):
    """The name of the type that numbers of these types have together."""
    return np.result_type(*dtypes).name


def disable_traceback_filtering():
    """Tracebacks are whole here: it does nothing."""


enable_traceback_filtering = disable_traceback_filtering
