"""What a recording consists of: pieces of memory, and calls that read and write them."""
import numpy as np


class Memory:
    """A piece of memory that recorded arrays lie in: they are views of it.

    kind    "input": an argument.  "live": an array that lives on between calls, such as a weight's; used where it
            lies.  "constant": made by code that was not followed, the same in every call.  "temporary": made by a call
    array   the array of the recording
    """
    __slots__ = ("array", "kind", "name", "start", "stop", "copy", "origin")

    def __init__(self, array, kind, name="", origin=None):
        self.array, self.kind, self.name, self.origin = array, kind, name, origin
        self.start, self.stop = np.lib.array_utils.byte_bounds(array)
        self.copy = array.copy() if kind == "constant" else None


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
    outs    stand-ins for the arrays that it makes or changes
    """
    __slots__ = ("kind", "function", "args", "kwargs", "outs", "expected", "origin", "errstate")

    def __init__(self, kind, function, args=(), kwargs=None, outs=(), expected=None, origin=None, errstate=None):
        self.kind, self.function, self.args, self.kwargs = kind, function, args, kwargs or {}
        self.outs, self.expected, self.origin, self.errstate = list(outs), expected, origin, errstate


def leaves(tree, kind):
    """All of a kind in a call's arguments: lists, tuples, dicts and slices, nested."""
    if type(tree) is kind:
        yield tree
    elif type(tree) in (list, tuple):
        for branch in tree:
            yield from leaves(branch, kind)
    elif type(tree) is dict:
        for branch in tree.values():
            yield from leaves(branch, kind)
    elif type(tree) is slice:
        yield from leaves((tree.start, tree.stop, tree.step), kind)
