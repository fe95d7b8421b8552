"""The recorder: it computes what stand-ins for arrays are asked to compute, and writes it down.

What can't be followed makes it give up, with a reason and a line of the reader's code; from then on stand-ins behave
like the arrays they stand for, and the function ends as if nobody had watched.
"""
import math
import sys
import threading

import numpy as np

from .calls import Call, Memory, Number, Part
from .current import _recorder
from .followed import FOLLOWED, LIKE, LOOKS
from .locations import bounds, is_array, may_share, on_gpu, owner_of, same_bits
from .memories import Memories
from .modules import Module, computed
from .origin import origin_here, reader_line
from .stand_in import Recorded, strip, tree_of

AS_THEY_ARE = {Number, Part, int, float, bool, str, type(None), type}      # types of what needs no look


class Overlap(Exception):
    """Two arguments share memory of a GPU."""


class Recorder:
    """Writes down the calls of one run.  reason: why it gave up, or None.

    calls       the list so far: with Parts in the place of arrays, so that it keeps none of them alive
    origins     whether to note where each call comes from: only one recording of two becomes a text
    memories    what recorded arrays lie in
    """

    def __init__(self, state, limit=math.inf, origins=True):
        self.limit, self.thread = limit, threading.get_ident()      # bytes that arrays may take at once
        self.origins = origins
        self.calls, self.memories = [], Memories()
        self.reason, self.state, self.label = None, state, None
        self.ended, self.draws, self.mixed, self.assigned, self.named, self.twins = False, 0, False, [], {}, []

    def __enter__(self):
        self._token = _recorder.set(self)
        return self

    def __exit__(self, *_):
        _recorder.reset(self._token)
        self.ended = True

    active = property(lambda self: self.reason is None and not self.ended and _recorder.get() is self)

    def module(self, array):
        """What makes new arrays beside this one."""
        return Module(self, sys.modules["cupy"] if on_gpu(array) else np)

    def give_up(self, reason):
        """Follow no further: the function ends as if nobody had watched."""
        if self.active:
            self.reason = f"{reason}, in {reader_line(sys._getframe(1))}"

    def cannot(self, what):
        """A value is asked for in a way that can't be followed."""
        if self.active:
            self.give_up(f"the value of a recorded array was asked for ({what})")

    # -- memory ------------------------------------------------------------------------------------------------------
    def stand_in(self, array, kind, name=""):
        """A stand-in for an array that is there: an argument, or one that lives on."""
        owner = owner_of(array) if kind == "live" else array
        memory = self._known(array) or self.memories.add(Memory(owner, kind, name if owner is array else "flat"))
        if owner is array and memory.name == "flat":
            memory.name = name
        made = Recorded(array, memory, self)
        self.named.setdefault(made.part.place, name)
        self.mixed = self.mixed or memory.kind != kind
        return made

    def apart(self, arrays):
        """Arguments, in which those that share memory are copies of the same layout; see _edited."""
        found = arrays = [a if on_gpu(a) else np.asarray(a) for a in arrays]
        for i, a in enumerate(arrays):
            if any(may_share(a, b) for j, b in enumerate(arrays) if j != i):
                if on_gpu(a):
                    raise Overlap
                low, high = bounds(a)
                offset = a.__array_interface__["data"][0] - low
                twin = np.ndarray(a.shape, a.dtype, np.empty(high - low, np.uint8), offset, a.strides)
                twin[...] = a
                self.twins.append((a, twin))
                found = [*found[:i], twin, *found[i + 1:]]
        return found

    def _share_edits(self, target):
        """What was done to the copy of an argument is done to the argument, and so to others in the same memory."""
        for a, twin in self.twins:
            if may_share(twin, target):
                a[...] = twin
                self.give_up("an argument is edited that may overlap another one")
                for other, copy in self.twins:
                    copy[...] = other

    def name_of(self, x):
        """The name that a part was given, or ""."""
        return self.named.get(x.place, "")

    def _known(self, array):
        """The memory that an array lies in, if it is known."""
        memory, overlaps = self.memories.find(array)
        if overlaps:
            self.give_up("two arrays overlap in part")
        return memory

    def _view(self, result, place, sources):
        """A stand-in for a view of one of these memories, or None."""
        for memory in sources:
            if memory.holds(*place):
                return Recorded(result, memory, self, part=Part(memory, result, place[0] - memory.start))
        return None

    def wrap(self, result, sources=(), call=None, place=None):
        """A stand-in for what a call gave: a view of a source's memory, or new memory, for which the call is noted.

        sources     the memories of its operands, of which it may be a view
        """
        single = not is_array(result)
        if sources and not single and result.size:
            place = bounds(result)
            if (view := self._view(result, place, sources)) is not None:
                return view
        array = np.asarray(result) if single else result
        owner = owner_of(array) if array.size else array            # a view of its own, as stack and tile give
        memory = Memory(owner, "temporary", "", call and call.origin, place if owner is array else None)
        self.memories.add(memory, owner)
        if self.memories.live_bytes > self.limit:
            self.give_up("its arrays are large: a program would keep much memory")
        made = Recorded(array, memory, self, single, memory.whole if owner is array and not single else None)
        if call is not None:
            call.outs.append(made.part)
        return made

    # -- calls --------------------------------------------------------------------------------------------------------
    def note(self, kind, function, args=(), kwargs=None, outs=(), expected=None):
        """Write a line down."""
        return self._note(Call(kind, function, args, kwargs, outs, expected))

    def _note(self, call):
        if (errors := np.geterr()) != self.state.errors:
            call.errstate = errors
        if self.origins:
            call.origin = origin_here(sys._getframe(2), self)
        self.calls.append(call)
        return call

    def operand(self, x):
        """An argument as it is written down: arrays as Parts, plain ones of constants or of memory that is known."""
        kind = type(x)
        if kind is Recorded:
            return x._part or x.part
        if kind in AS_THEY_ARE:
            return x
        if kind is tuple or kind is list:
            return kind(map(self.operand, x))
        if kind is dict:
            return {k: self.operand(v) for k, v in x.items()} if x else x
        if kind is slice:
            return slice(*map(self.operand, (x.start, x.stop, x.step)))
        if isinstance(x, np.generic):
            x = np.asarray(x)
        if not is_array(x):
            return x
        known = self._known(x)
        if known is None:
            known = self.memories.add(Memory(x, "constant"))
        elif known.kind == "constant" and not same_bits(known.array, known.copy):
            self.give_up("an array that was made outside of recorded calls is changed between two uses")
        return Recorded(x, known, self).part

    def ufunc(self, ufunc, method, inputs, kwargs):
        """Compute ufunc.method(*inputs), and write it down."""
        if method == "__call__" and not kwargs:         # as most are
            return self._result(ufunc, inputs, kwargs, ufunc(*map(strip, inputs)), new=True)
        f = ufunc if method == "__call__" else getattr(ufunc, method)
        if type(kwargs.get("out", [0])[0]) is Recorded and kwargs["out"][0].scalar:
            del kwargs["out"]               # x *= 2 of a single number makes another number
        plain, outs = strip(kwargs), kwargs.get("out")
        if method == "at":
            computed(f, strip(inputs), plain)
            return self._edited(f, inputs, kwargs, inputs[0])
        result = f(*strip(inputs), **plain)
        if outs is not None:
            outs = outs if isinstance(outs, tuple) else (outs,)
            if len(outs) > 1:
                self.give_up(f"{ufunc.__name__} with several outputs")
            self._edited(f, inputs, {k: v for k, v in kwargs.items() if k != "out"}, outs[0], out=True)
            return outs[0]
        return self._result(f, inputs, kwargs, result, method == "__call__")

    def function(self, function, args, kwargs):
        """Compute function(*args, **kwargs), NumPy's, and write it down."""
        name = getattr(function, "__name__", "")
        out = kwargs.get("out")
        if name in LIKE and len(args) == 1 and not kwargs.keys() - {"shape", "dtype"} and self.active:
            return self._like(name, args[0], **kwargs)
        if name == "broadcast_to" and type(args[0]) is Recorded:
            args = (Recorded(args[0].value, args[0].memory, self), *args[1:])       # a view, also of a single number
        if name == "repeat" and self.active:
            args, kwargs = tuple(map(self._fixed, args[:1], (False,))) + tuple(map(self._fixed, args[1:])), {
                k: self._fixed(v) for k, v in kwargs.items()}
        elif name not in FOLLOWED and name not in LOOKS and not getattr(function, "followed", False):
            self.give_up(f"{name} is not followed")
        result = computed(function, strip(args), strip(kwargs))
        if name in LOOKS or not self.active:
            return result if name in LOOKS else self._result(function, args, kwargs, result)
        if out is not None:
            self._edited(function, args, {k: v for k, v in kwargs.items() if k != "out"}, out, out=True)
            return out
        if name in ("copyto", "fill_diagonal", "place", "put", "putmask", "put_along_axis"):
            return self._edited(function, args, kwargs, args[0])
        if isinstance(result, bool):
            call = self.note("call", function, self.operand(args), self.operand(kwargs))
            return bool(self.wrap(np.bool_(result), (), call))
        return self._result(function, args, kwargs, result)

    def _result(self, function, args, kwargs, result, new=False):
        """What function(*args, **kwargs) gave, as stand-ins, written down if it is no view; new: it is none."""
        if self.ended or threading.get_ident() != self.thread:      # a leftover, or another thread that reads a weight
            return result
        if not self.active:
            return tree_of(result, self._unwatched)
        many = isinstance(result, (tuple, list))
        if type(result) is not np.ndarray and not all(
                is_array(r) or isinstance(r, np.generic) for r in (result if many else (result,))):
            self.give_up(f"{getattr(function, '__name__', function)} returns {type(result).__name__}")
            return result
        call = Call("call", function, self.operand(args), self.operand(kwargs))
        sources = [x.memory for x in call.operands]
        if not many:
            place = None if new or not is_array(result) or not result.size else bounds(result)
            if place and (view := self._view(result, place, sources)) is not None:
                return view                 # nothing to compute
            return self.wrap(result, (), self._note(call), place)
        self._note(call)
        wrapped = tree_of(result, lambda r: self.wrap(r, sources, call))
        if not call.outs:                   # views
            self.calls.pop()
        elif len(call.outs) < len(result):
            self.give_up(f"{getattr(function, '__name__', function)} returns views and new arrays")
        return wrapped

    def _unwatched(self, result):
        """A stand-in for what is not written down any more."""
        array = result if is_array(result) else np.asarray(result)
        return Recorded(array, Memory(array, "temporary"), self, array is not result)

    def kernel(self, kernel, args, changed):
        """A kernel of fusion.py, which gives results, or changes inputs: those at the places `changed`."""
        targets = [args[i] for i in changed]
        result = kernel(*strip(args), *strip(targets))
        if not changed:
            return self._result(kernel, args, {}, result)
        if self.active:
            targets = self.operand(targets)
            self.note("edit", kernel, (*self.operand(args), *targets), {}, targets)
        return None

    def _edited(self, function, args, kwargs, target, out=False):
        if self.twins:
            self._share_edits(target.value if type(target) is Recorded else target)
        if not self.active:
            return None
        if type(target) is not Recorded:
            known = self._known(target)
            if known is None or known.kind == "constant":
                self.give_up("a recorded result is written into an array that was made outside of recorded calls")
                return None
            target = Recorded(target, known, self)
        self.note("edit" if not out else "out", function, self.operand(args), self.operand(kwargs), (target.part,))
        return None

    def _settled(self, index):
        """An index whose masks are constants; that they have not changed is a guard, as it decides on shapes."""
        if type(index) is tuple:
            return tuple(map(self._settled, index))
        return self._fixed(index) if type(index) is Recorded and index.dtype == bool and self.active else index

    def _fixed(self, x, fix=True):
        """An argument that decides on shapes, as a constant; that it has not changed is a guard."""
        if not fix or type(x) is not Recorded:
            return x
        constant = x.value.copy()
        self.function(np.array_equal, (x, constant), {})
        return constant

    def getitem(self, x, index):
        index = self._settled(index)
        result = x.value[strip(index)]
        if not self.active:
            return self._result(getitem, (x, index), {}, result)
        recorded = any(type(i) is Recorded for i in (index if type(index) is tuple else (index,)))
        if recorded and is_array(result) and may_share(result, x.value):
            self.give_up("a view at a recorded index")
        return self._result(getitem, (x, index), {}, result)

    def setitem(self, x, index, value):
        index = self._settled(index)
        x.value[strip(index)] = strip(value)
        self._edited(setitem, (x, index, value), {}, x)

    def guard(self, x):
        """The branch that the function takes now; another one is another program."""
        taken = bool(x.value)
        if self.active:
            self.note("guard", bool, (x.part,), expected=taken)
        return taken

    def make(self, f, args, kwargs):
        """A new array from shapes and numbers: zeros, ones, ..."""
        result = f(*strip(args), **strip(kwargs))
        return self._result(f, args, kwargs, result)

    def _like(self, name, x, shape=None, dtype=None):
        """zeros_like, ones_like and empty_like need no values."""
        like = getattr(np, name)(strip(x), shape=shape, dtype=dtype)
        if not (on_gpu(like) or like.flags.c_contiguous):
            return self._result(getattr(np, name), (x,), {"shape": shape, "dtype": dtype}, like)
        module = sys.modules["cupy"] if on_gpu(like) else np
        return self.make(getattr(module, name.removesuffix("_like")), (like.shape, like.dtype), {})

    # -- hooks: for code that knows what of it changes from call to call ----------------------------------------------
    def number(self, value, function, *args):
        """A Python number: function() in each replay, or arithmetic of other numbers."""
        if not self.active:
            return value
        made = Number(value, self, f"n{sum(c.kind == 'number' for c in self.calls)}")
        self.note("number", function, args, outs=(made,))
        return made

    def numbers(self, values, function, names):
        """Several at once: function() returns them in each replay."""
        made = [Number(v, self, name) for v, name in zip(values, names)]
        if self.active:
            self.note("number", function, (), outs=made)
        return made if self.active else list(values)

    def effect(self, function):
        """function() is to be called in each replay, here."""
        if self.active:
            self.note("effect", function)

    def draw(self, method, shape, dtype, generator):
        """Random numbers: the generator of the moment is asked in each replay, in this order."""
        self.draws += 1
        result = getattr(generator(), method)(shape, dtype=dtype)
        if not self.active:
            return result
        call = self.note("draw", method, (generator,), {"dtype": np.dtype(dtype)})
        return self.wrap(result if is_array(result) else np.asarray(result), (), call)

    def constant(self, array):
        """A stand-in for an array that is the same in every call: CuPy's operators know of no other arrays."""
        if not (self.active and on_gpu(array)):
            return array
        memory = self._known(array) or self.memories.add(Memory(array, "constant"))
        return Recorded(array, memory, self)

    def live(self, array, name=""):
        """A stand-in for an array that lives on between calls, in memory that stays; None, where there is none."""
        if type(array) is Recorded or array is None:
            return array
        made = self.stand_in(array, "live", name)
        if made.memory.name == "flat":      # what a weight's view has made known, but not by a name of its own
            made.memory.name = name
        return made

    def end(self):
        """What must still hold when the function has returned."""
        for memory in self.memories:
            if memory.kind == "constant" and not same_bits(memory.array, memory.copy):
                self.reason = self.reason or "an array that was made outside of recorded calls is changed after its use"

    def close(self):
        """Keep the list alone."""
        self.memories.close()
        self.ended, self.twins = True, []


def getitem(x, index):
    return x[index]


def setitem(x, index, value):
    x[index] = value
