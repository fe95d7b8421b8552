"""NumPy or CuPy, as recorded code meets them: a module whose new arrays are written down, and functions of both."""
import sys

import numpy as np

from .followed import MAKERS
from .locations import on_gpu
from .stand_in import METHODS, Recorded


class Module:
    """numpy or cupy, as array_module gives it: what makes new arrays makes recorded ones."""

    def __init__(self, recorder, real):
        self._recorder, self._real = recorder, real
        self.lib = self.stride_tricks = self

    def __getattr__(self, name):
        f = getattr(np, name) if isinstance(getattr(np, name, None), np.ufunc) else getattr(self._real, name)
        return (lambda *args, **kwargs: self._recorder.make(f, args, kwargs)) if name in MAKERS else f

    def asarray(self, x, dtype=None):
        return x._asarray(dtype) if type(x) is Recorded else self._real.asarray(x, dtype)

    def empty(self, shape, dtype=float):
        return self._recorder.make(self._real.empty, (shape, dtype), {})

    def as_strided(self, x, shape, strides, **kwargs):
        as_strided = self._real.lib.stride_tricks.as_strided
        return Recorded(as_strided(x.value, shape, strides), x.memory, self._recorder) if type(x) is Recorded else (
            as_strided(x, shape, strides, **kwargs))


def computed(function, args, kwargs):
    """function(*args, **kwargs); where CuPy's array is asked, its own method, and the at of CuPy's ufunc."""
    if args and on_gpu(args[0]) and function in METHODS:
        return getattr(args[0], METHODS[function])(*args[1:], **kwargs)
    if args and on_gpu(args[0]) and getattr(function, "__name__", "") == "at":
        return getattr(sys.modules["cupy"], function.__self__.__name__).at(*args)
    return function(*args, **kwargs)
