"""What a recording consists of: pieces of memory, parts of them, and calls that read and write these.

Nothing here keeps the values that a recording computes: like the function itself, it lets them go when it needs them no
more.  A part says how an array lay in its memory; only arrays that the program will use are kept.
"""
import math

from .locations import bounds, on_gpu


class Memory:
    """A piece of memory that recorded arrays lie in: they are parts of it.

    kind    "input": an argument.  "live": an array that lives on between calls, such as a weight's; used where it
            lies.  "constant": made by code that was not followed, the same in every call.  "temporary": made by a call
    whole   the Part that is all of it
    array   of what lives on and of constants: the array itself
    gpu     whether it is a GPU's
    """
    __slots__ = ("array", "kind", "name", "start", "stop", "copy", "origin", "whole", "owner", "gpu")

    def __init__(self, array, kind, name="", origin=None, place=None):
        self.kind, self.name, self.origin, self.owner, self.gpu = kind, name, origin, None, on_gpu(array)
        self.start, self.stop = place or bounds(array)
        self.array = array if kind in ("live", "constant") else None
        self.copy = array.copy() if kind == "constant" else None
        self.whole = Part(self, array, 0)

    def holds(self, low, high):
        """Whether all bytes from low to high are its own."""
        return self.start <= low and high <= self.stop


class Part:
    """An array in the list of calls: how it lies in its memory.

    offset      of its lowest byte from the memory's lowest
    scalar      it was a single number, no array
    """
    __slots__ = ("memory", "shape", "strides", "dtype", "offset", "scalar")

    def __init__(self, memory, like, offset, scalar=False):
        self.memory, self.offset, self.scalar = memory, offset, scalar
        self.shape, self.strides, self.dtype = like.shape, like.strides, like.dtype

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: math.prod(self.shape))
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.size * self.itemsize)

    @property
    def contiguous(self):
        """Whether its numbers lie one after the other, the last axis fastest."""
        step = self.dtype.itemsize
        for n, stride in zip(self.shape[::-1], self.strides[::-1]):
            if n != 1 and stride != step:
                return not self.size
            step *= n
        return True

    @property
    def first(self):
        """How far from its lowest byte its first number lies: more than 0 where a stride is negative."""
        return -sum(min((n - 1) * stride, 0) for n, stride in zip(self.shape, self.strides)) if self.size else 0

    @property
    def place(self):
        """What tells parts of one memory apart."""
        return self.memory, self.offset, self.shape, self.strides, self.dtype

    @property
    def T(self):
        turned = Part(self.memory, self, self.offset)
        turned.shape, turned.strides = self.shape[::-1], self.strides[::-1]
        return turned

    def reshaped(self, shape):
        """The same numbers, which lie one after the other, in another shape."""
        other = Part(self.memory, self, self.offset)
        other.shape = shape
        other.strides = tuple(self.dtype.itemsize * math.prod(shape[i + 1:]) for i in range(len(shape)))
        return other

    def laid_as(self, other):
        """Whether its numbers are of the same type, and lie in the same way."""
        return (self.shape, self.strides, self.dtype) == (other.shape, other.strides, other.dtype)

    def is_whole(self):
        """Whether it is all of its memory, in its shape."""
        return self is self.memory.whole or self.place == self.memory.whole.place

    def is_transposed(self):
        """Whether it is the whole, transposed."""
        return self.ndim > 1 and self.place == self.memory.whole.T.place

    def is_reshaped(self):
        """Whether it is the whole in another shape, without a copy."""
        whole = self.memory.whole
        return self.offset == 0 and self.size == whole.size and self.dtype == whole.dtype and (
            whole.contiguous and self.contiguous)


class Number:
    """A Python number that is asked for anew in each replay, or computed from such numbers."""
    __slots__ = ("value", "recorder", "name")
    __class__ = property(lambda self: float)        # isinstance(rate, float) holds

    def __init__(self, value, recorder, name):
        self.value, self.recorder, self.name = value, recorder, name

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return self.recorder.ufunc(ufunc, method, inputs, kwargs)

    def _value(self, *_):
        self.recorder.give_up("a number that changes from call to call is used outside of NumPy calls")
        return self.value

    def __float__(self):
        return float(self._value())

    def __int__(self):
        return int(self._value())

    def __bool__(self):
        return bool(self._value())

    def __repr__(self):
        return repr(self._value())

    def __hash__(self):
        return hash(self._value())

    def __round__(self, n=None):
        return round(self._value(), n)


def _arithmetic(name):
    def method(self, other):
        if isinstance(other, (int, float)):
            plain = other.value if type(other) is Number else other
            result = getattr(float(self.value), name)(float(plain))
            return self.recorder.number(result, name, self, other)
        return NotImplemented
    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    for _prefix in ("", "r"):
        setattr(Number, f"__{_prefix}{_name}__", _arithmetic(f"__{_prefix}{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Number, f"__{_name}__",
            lambda self, other, name=f"__{_name}__": getattr(float(self._value()), name)(float(other)))
Number.__neg__ = lambda self: -1.0 * self
Number.__abs__ = lambda self: abs(self._value())


class Call:
    """A line of the recording.

    kind    "call": results, new memory, of function(*args, **kwargs).  "edit": the same, writing into memory that is
            there (out=, x[i] = v, ufunc.at).  "guard": bool(args[0]) must be `expected`.  "number": a Python number
            asked for or computed.  "effect": function() is called for what it does
    outs    Parts: the arrays that it makes or changes; args and kwargs hold Parts and Numbers: operands and numbers
    """
    __slots__ = ("kind", "function", "args", "kwargs", "outs", "expected", "origin", "errstate", "operands", "numbers")

    def __init__(self, kind, function, args=(), kwargs=None, outs=(), expected=None):
        self.kind, self.function, self.args, self.kwargs = kind, function, args, kwargs or {}
        self.outs, self.expected, self.origin, self.errstate = list(outs), expected, None, None
        self.operands, self.numbers = [], []
        sort(args, self.operands, self.numbers)
        if kwargs:
            sort(kwargs, self.operands, self.numbers)

    @property
    def parts(self):
        """The arrays that it reads or writes."""
        return [*self.operands, *(out for out in self.outs if type(out) is Part)]


def sort(tree, parts, numbers):
    """The Parts and Numbers in a call's arguments: lists, tuples, dicts and slices, nested."""
    for branch in tree.values() if type(tree) is dict else tree:
        kind = type(branch)
        if kind is Part:
            parts.append(branch)
        elif kind is Number:
            numbers.append(branch)
        elif kind is tuple or kind is list or kind is dict:
            sort(branch, parts, numbers)
        elif kind is slice:
            sort((branch.start, branch.stop, branch.step), parts, numbers)
