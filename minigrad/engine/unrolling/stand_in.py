"""The stand-in for an array while a function is recorded.

It is no array: NumPy, asked to work on it, calls its __array_ufunc__ or __array_function__, and whatever else looks for
its values has to ask __array__, float(), item() or the like.  So nothing can get at a value unnoticed.
"""
import numpy as np

from ..edits import Watched
from .calls import Number, Part
from .current import StandIn
from .locations import bounds, on_gpu

METHODS = {f: n for n, f in vars(np.ndarray).items() if callable(f)}       # of arrays: {function: name}
REDUCTIONS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum, "any": np.logical_or,
              "all": np.logical_and}


class Recorded(np.lib.mixins.NDArrayOperatorsMixin, StandIn):
    """Stands for an array: `value` is what it is in this run, a view of `memory`."""
    __slots__ = ("value", "memory", "recorder", "scalar", "_part")
    # isinstance(x, np.ndarray) holds, or np.float32 for a single number: as for what it stands for
    __class__ = property(lambda self: self.value.dtype.type if self.scalar else type(self.value))
    __hash__ = None
    device = property(lambda self: getattr(self.value, "device", "cpu"))        # NumPy has it from 2.0 on

    def __init__(self, value, memory, recorder, scalar=False, part=None):
        self.value, self.memory, self.recorder, self.scalar, self._part = value, memory, recorder, scalar, part

    @property
    def part(self):
        """What the list of calls says of it."""
        if self._part is None:
            low = bounds(self.value)[0] if self.value.size else self.memory.start
            self._part = Part(self.memory, self.value, low - self.memory.start, self.scalar)
        return self._part

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        for x in inputs:
            if type(x) is not Recorded and isinstance(x, Watched):
                return NotImplemented       # a tensor's op comes first, and then asks again
        return self.recorder.ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        if any(issubclass(t, Watched) for t in types):
            return NotImplemented
        return self.recorder.function(function, args, kwargs)

    def __getitem__(self, index):
        return self.recorder.getitem(self, index)

    def __setitem__(self, index, value):
        self.recorder.setitem(self, index, value)

    def __len__(self):
        return len(self.value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return self.recorder.guard(self)

    def __array__(self, dtype=None, copy=None):
        self.recorder.cannot("np.asarray or np.array of it, or a C function that reads it")
        return np.array(self.value, dtype=dtype, copy=copy)

    def __getattr__(self, name):            # whatever has no method here
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.value, name)
        self.recorder.cannot(f".{name}")
        return value

    # shapes are those of the recording: another shape is another program
    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    strides = property(lambda self: self.value.strides)
    itemsize = property(lambda self: self.value.itemsize)
    nbytes = property(lambda self: self.value.nbytes)
    flags = property(lambda self: self.value.flags)
    base = property(lambda self: None if self.value.base is None else self.memory)
    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    array_module = property(lambda self: self.recorder.module(self.value))

    def _asarray(self, dtype=None):
        if self.scalar:
            return Recorded(self.value, self.memory, self.recorder)._asarray(dtype)
        return self if dtype is None or self.dtype == dtype else self.astype(dtype)

    def moved(self):
        """The array itself, to be moved to another device."""
        self.recorder.cannot("moving it to another device")
        return self.value

    def fill(self, value):
        self[...] = value

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        return self.recorder.function(np.mean, (self,), {"axis": axis, "keepdims": keepdims}
                                      | ({"dtype": dtype} if dtype is not None else {})
                                      | ({"out": out} if out is not None else {}))

    def var(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self.recorder.function(np.var, (self,), {"axis": axis, "ddof": ddof, "keepdims": keepdims})

    def std(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self.recorder.function(np.std, (self,), {"axis": axis, "ddof": ddof, "keepdims": keepdims})


def _value(name, what):
    def method(self, *args):
        self.recorder.cannot(what)
        return getattr(self.value, name)(*args)
    return method


def _followed(name):
    f = getattr(np.ndarray, name)
    def method(self, *args, **kwargs):
        array = Recorded(self.value, self.memory, self.recorder)        # a single number is an array here
        return self.recorder.function(f, (array, *args), kwargs)
    return method


def _reduced(name, ufunc):
    f = getattr(np.ndarray, name)
    def method(self, axis=None, dtype=None, out=None, **kwargs):
        kwargs = {"axis": axis} | kwargs | ({"dtype": dtype} if dtype is not None else {})
        if on_gpu(self.value):              # CuPy's ufuncs have no reduce, but for two
            return self.recorder.function(f, (self,), kwargs | ({} if out is None else {"out": out}))
        if out is not None:
            kwargs["out"] = (out,)
        if name in ("any", "all") and "dtype" not in kwargs:
            kwargs["dtype"] = bool
        return self.recorder.ufunc(ufunc, "reduce", (self,), kwargs)
    if name in ("max", "min"):
        return lambda self, axis=None, out=None, **kwargs: method(self, axis, None, out, **kwargs)
    return method


for _name in ("reshape transpose swapaxes ravel flatten astype copy squeeze clip repeat take dot diagonal trace "
              "argmax argmin argsort cumsum cumprod round view conj").split():
    setattr(Recorded, _name, _followed(_name))
for _name, _ufunc in REDUCTIONS.items():
    setattr(Recorded, _name, _reduced(_name, _ufunc))
for _name, _what in {"__float__": "float() of it", "__int__": "int() of it", "__index__": "its use as an index",
                     "__complex__": "complex() of it", "item": ".item()", "tolist": ".tolist()",
                     "tobytes": ".tobytes()", "__repr__": "printing it", "__str__": "printing it",
                     "__format__": "printing it", "__contains__": "`in`", "__reduce_ex__": "pickling or copying it",
                     "__copy__": "copy.copy of it", "__deepcopy__": "copy.deepcopy of it"}.items():
    setattr(Recorded, _name, _value(_name, _what))


def tree_of(result, f):
    """f of an array, or of each of a tuple or list of them (a named one too)."""
    if not isinstance(result, (tuple, list)):
        return f(result)
    items = [f(r) for r in result]
    return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)


def strip(x):
    """Stand-ins, also inside tuples, lists, dicts and slices, as what they stand for."""
    kind = type(x)
    if kind is Recorded:
        return x.value[()] if x.scalar else x.value
    if kind is Number:
        return x.value
    if kind is tuple or kind is list:
        return kind(map(strip, x))
    if kind is dict:
        return {k: strip(v) for k, v in x.items()} if x else x
    if kind is slice:
        return slice(strip(x.start), strip(x.stop), strip(x.step))
    return x
