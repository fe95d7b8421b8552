"""All that a function can read besides its arguments, found by following Python's references, and watched.

From a function: its closure, defaults, and the globals that its code names; from a bound method: its object; from an
object: its attributes, and of the reader's own classes what the class holds; from a list, tuple, dict or set: what it
holds.  In modules of minigrad, NumPy and Python itself only what objects hold is followed.

Before each replay all of it is compared, by identity, in a few calls that loop in C: numbers, text and flags that
changed mean another program; arrays are used where they lie, so their values need no look.
"""
import contextvars
import functools
import os
import random
import sys
import types
from collections import deque
from itertools import chain
from operator import attrgetter, is_, itemgetter
from pathlib import Path

import numpy as np

from ..op import Op
from ..tensor import RELEASED, Tensor
from .current import StandIn
from .entrance import Words
from .locations import is_array, is_kernel, on_gpu

OFTEN, MANY = 4, 5000                       # looks after which a faster one is made, unless it would be so long
LIMIT = 100_000                             # objects; a function from which more can be reached is not followed
PLAIN = (type(None), bool, int, float, complex, str, bytes, np.dtype, np.generic, np.ufunc, types.BuiltinFunctionType,
         type(Ellipsis), slice, range, property, staticmethod, classmethod, types.CodeType)
HEAP = 1 << 9                               # in a class's flags: it was made by a class statement, not in C
STANDARD = str(Path(os.__file__).parent)
TRUSTED = {"numpy", "minigrad", "cupy", "builtins"} | set(sys.stdlib_module_names) - {"__main__"}


class TooLarge(Exception):
    """More can be reached from a function than can be watched."""


@functools.cache
def trusted(module):
    """Whether a module is minigrad's, NumPy's or Python's, by its name; a reader's file may have such a name, too."""
    top = (module or "builtins").partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    return top in TRUSTED and (top not in sys.stdlib_module_names or file is None or file.startswith(STANDARD))


def trusted_function(f):
    """Whether it is such a module's own, in whose globals it looks names up."""
    name = f.__globals__.get("__name__")        # f.__module__ is a word that anyone may have set
    return name in sys.modules and vars(sys.modules[name]) is f.__globals__ and trusted(name)


def trusted_class(kind):
    return trusted(kind.__module__) and not (kind.__module__ == "builtins" and kind.__flags__ & HEAP)


class State:
    """What was found, and what it was when watch() was called.

    names       {id(array): its name}: the way to it, in Python's identifiers
    paths       {id(object): the way to it}
    """

    def __init__(self, *roots):
        self.errors, self.names, self.paths = np.geterr(), {}, {}
        self.dicts, self.rows, self.picks, self.cells, self.tensors, self.sets, self.absent = [], [], [], [], [], [], []
        self.generators, self.variables, self._seen, self._classes = [], [], {}, set()
        self.foreign = None                 # the name of a function or class that is not minigrad's, NumPy's, Python's
        stack = [(root, "") for root in reversed(roots)]
        while stack:
            value, path = stack.pop()
            if isinstance(value, PLAIN) or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            if len(self._seen) > LIMIT:
                raise TooLarge(f"more than {LIMIT:,} objects can be reached from it")
            stack.extend(reversed(list(self._parts(value, path))))
        self.watch()

    # -- finding -----------------------------------------------------------------------------------------------------
    def _parts(self, value, path):
        if isinstance(value, Tensor):
            self.tensors.append(value)
            self.names.setdefault(id(value._data), path or "tensor")
        elif is_array(value):
            self.names.setdefault(id(value), path or "array")
        elif isinstance(value, dict):
            self.dicts.append(value)
            yield from ((v, join(path, k)) for k, v in list(value.items()))
        elif isinstance(value, (list, deque, tuple)):
            if not isinstance(value, tuple):
                self.rows.append(value)
            yield from ((v, join(path, i)) for i, v in enumerate(list(value)))
        elif isinstance(value, (set, frozenset)):
            self.sets.append((value, frozenset(value)))
            yield from ((v, path) for v in value)
        elif isinstance(value, types.FunctionType):
            yield from self._of_function(value)
        elif isinstance(value, types.MethodType):
            yield value.__self__, path
            yield value.__func__, path
        elif isinstance(value, functools.partial):
            yield from ((part, path) for part in (value.func, value.args, value.keywords))
        elif isinstance(value, np.random.Generator):
            self.generators.append((value, value.bit_generator.state))
        elif isinstance(value, contextvars.ContextVar):
            self.variables.append(value)
            yield value.get(None), path
        elif isinstance(value, Op):
            if not value.native:
                yield value.forward, path
                yield value.vjp, path
        elif isinstance(value, type):
            yield from self._of_class(value, path)
        elif not (isinstance(value, (types.ModuleType, StandIn)) or is_kernel(value)):
            yield from self._of_object(value, path)

    def _of_function(self, f):
        ours = trusted_function(f)
        if not ours:
            self.picks.append((attrgetter(*FUNCTION), f, None))
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            self.cells.append(cell)
            try:
                yield cell.cell_contents, name
            except ValueError:              # a cell that is empty yet
                pass
        yield f.__defaults__, f.__code__.co_name
        yield f.__kwdefaults__, ""
        if f.__dict__:
            yield f.__dict__, ""
        if ours:
            return
        self.foreign = self.foreign or f.__qualname__
        known, names = f.__globals__, all_names(f.__code__)
        held = [n for n in names if n in known]
        if absent := [n for n in names if n not in known]:
            self.absent.append((known.keys(), absent))
        self._pick(known, held)
        for name in held:
            value = known[name]
            if isinstance(value, types.ModuleType) and not trusted(value.__name__):
                inside = [n for n in names if n in vars(value)]
                self._pick(vars(value), inside)
                yield from ((vars(value)[n], n) for n in inside)
            else:
                yield value, name

    def _pick(self, known, names):
        if names:
            self.picks.append((_getter(itemgetter, names), known, names))

    def _of_class(self, kind, path):
        for parent in kind.__mro__:
            if not trusted_class(parent) and parent not in self._classes:
                self._classes.add(parent)
                self.foreign = self.foreign or parent.__qualname__
                held = {n: v for n, v in vars(parent).items() if not n.startswith("__") or callable(v)}
                names = [n for n in held if n not in ("__weakref__", "__dict__")]
                self._pick(vars(parent), names)
                for n in names:
                    v = held[n]
                    yield getattr(v, "fget", None) or getattr(v, "__func__", None) or v, n

    def _of_object(self, value, path):
        kind = type(value)
        self.paths[id(value)] = path
        yield kind, path
        changing, whole = getattr(kind, "_changes", ()), getattr(kind, "_whole", ())
        held = getattr(value, "__dict__", None)
        if isinstance(held, dict):
            names = [n for n in held if n not in changing]
            if changing:
                self._pick(held, names)
            else:
                self.dicts.append(held)
            yield from ((held[n], join(path, n)) for n in names if n not in whole)
        slots = [n for parent in kind.__mro__ for n in _slots(parent) if n not in changing and hasattr(value, n)]
        if slots:
            self.picks.append((_getter(attrgetter, slots), value, slots))
            yield from ((getattr(value, n), join(path, n)) for n in slots)

    # -- watching ----------------------------------------------------------------------------------------------------
    def watch(self):
        """Note how everything is now."""
        self._views = [*(d.values() for d in self.dicts), *self.rows]
        self._gets = [(get, x) for get, x, _ in self.picks]
        self._lengths, self._saved, self._looks, self._look = [*map(len, self._views)], self._now(), 0, None

    def _now(self):
        """All that is watched, in one list."""
        now = [value for get, x in self._gets for value in get(x)]
        now += map(_contents, self.cells)
        now += [variable.get(_EMPTY) for variable in self.variables]
        now += chain.from_iterable(map(_watched, self.tensors))
        now += chain.from_iterable(self.dicts)
        now += chain.from_iterable(self._views)
        return now

    def unchanged(self):
        """Whether everything is as it was."""
        try:
            if self._look is not None and self._look():
                return True
            for s, was in self.sets:
                if s != was:
                    return False
            for keys, names in self.absent:
                if not keys.isdisjoint(names):
                    return False
            if [*map(len, self._views)] != self._lengths:
                return False
            now = self._now()
            if not (all(map(is_, now, self._saved)) or _equal(now, self._saved)):   # equal numbers and texts that are
                return False                                                        # other objects count as unchanged
            if self._look is not None:
                self._looks, self._look = 0, None
            self._saved, self._looks = now, self._looks + 1
            if self._looks == OFTEN and len(now) < MANY:
                self._look = quick_look(self)
            return True
        except (KeyError, IndexError, AttributeError, RuntimeError, ValueError):    # something is gone
            return False

    def drew(self):
        """Whether numbers were drawn, since watch(), from a random generator that is not minigrad's own."""
        return any(g.bit_generator.state != was for g, was in self.generators)

    # -- recording ---------------------------------------------------------------------------------------------------
    def swap(self, recorder):
        """Put stand-ins in the place of arrays; a list of (put, original, stand-in), for restore."""
        swapped, made = [], {}

        def stand_in(value):
            if (type(value) is np.ndarray or on_gpu(value)) and value.dtype.kind in "fiub":
                if id(value) not in made:
                    made[id(value)] = recorder.stand_in(value, "live", self.names.get(id(value), "array"))
                return made[id(value)]
            if type(value) is tuple and any(isinstance(v, tuple) or is_array(v) for v in value):
                return tuple(map(stand_in, value))
            return value
        for get, put, key in self._places():
            value = get(key)
            if type(value) in (np.ndarray, tuple) or on_gpu(value):
                other = stand_in(value)
                if other is not value and not (type(value) is tuple and all(map(is_, other, value))):
                    put(key, other)
                    swapped.append((get, put, key, value, other))
        return swapped

    def scrub(self):
        """Put arrays in the place of all stand-ins that can be reached: in what the function made and keeps."""
        for get, put, key in self._places():
            if isinstance(value := get(key), StandIn):
                put(key, value.value)

    def _places(self):
        """(get, put, key) of everything that is watched and can be changed."""
        for d in self.dicts:
            yield from ((d.__getitem__, d.__setitem__, key) for key in list(d))
        for row in self.rows:
            yield from ((row.__getitem__, row.__setitem__, i) for i in range(len(row)))
        for _, x, names in self.picks:
            if names and isinstance(x, dict):
                yield from ((x.__getitem__, x.__setitem__, n) for n in names)
            elif names and not isinstance(x, types.MappingProxyType):
                yield from ((functools.partial(getattr, x), functools.partial(setattr, x), n) for n in names)
        for cell in self.cells:
            if _contents(cell) is not _EMPTY:
                yield functools.partial(getattr, cell), functools.partial(setattr, cell), "cell_contents"
        for t in self.tensors:
            yield functools.partial(getattr, t), functools.partial(setattr, t), "_data"

    def restore(self, swapped):
        """Put the arrays back; where the function has put something else meanwhile, that stays, without stand-ins."""
        for get, put, key, value, other in swapped:
            try:
                now = get(key)
            except (KeyError, IndexError, AttributeError):
                continue
            if now is other:
                put(key, value)
            elif isinstance(now, StandIn):
                put(key, now.value)

    def grads(self):
        """{Tensor: its .grad}."""
        return {t: t.grad for t in self.tensors}


def _getter(kind, names):
    """A function that gets all of these, in a tuple."""
    get = kind(*names)
    return get if len(names) > 1 else lambda x: (get(x),)


def quick_look(state):
    """unchanged() as one expression, which Python evaluates three times as fast: what is compared, written out."""
    word, terms, number = Words(_contents=_contents, is_=is_), [], iter(range(len(state._saved)))
    bound, space = word, word.space

    def same(text):
        terms.append(f"{text} is {bound(state._saved[next(number)])}")
    for _, x, names in state.picks:
        x = bound(x)
        for name in names or FUNCTION:
            same(f"{x}[{name!r}]" if isinstance(space[x], ITEMS) else f"{x}.{name}")
    for cell in state.cells:
        same(f"_contents({bound(cell)})")
    for variable in state.variables:
        same(f"{bound(variable)}.get({bound(_EMPTY)})")
    for t in map(bound, state.tensors):
        for name in ("_data", "requires_grad", "node"):
            same(f"{t}.{name}")
    for d in state.dicts:
        keys = [state._saved[next(number)] for _ in d]
        terms.append(f"len({(name := bound(d))}) == {len(d)}" + (
            f" and all(map(is_, {name}, {bound(keys)}))" if keys else ""))
    for view in state._views[:len(state.dicts)]:
        values = [state._saved[next(number)] for _ in view]
        terms += [f"all(map(is_, {bound(view)}, {bound(values)}))"] if values else []
    for row in state.rows:
        terms.append(f"len({(name := bound(row))}) == {len(row)}")
        for i in range(len(row)):
            same(f"{name}[{i}]")
    terms += [f"{bound(s)} == {bound(was)}" for s, was in state.sets]
    terms += [f"{bound(keys)}.isdisjoint({bound(names)})" for keys, names in state.absent]
    return word.function("look()", *(f"if not ({' and '.join(terms[i:i + 50])}): return False"
                                     for i in range(0, len(terms), 50)), "return True")


FUNCTION = ("__code__", "__defaults__", "__kwdefaults__")
ITEMS = (dict, types.MappingProxyType)
_EMPTY = object()


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


_watched = attrgetter("_data", "requires_grad", "node")


def _slots(kind):
    slots = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else slots
    return [n for n in names if n not in ("__weakref__", "__dict__") and not n.startswith("__")]


def _equal(now, then):
    """Whether lists agree: the same objects, or numbers and texts of one type that are equal to the bit."""
    return len(now) == len(then) and all(a is b or _same_value(a, b) for a, b in zip(now, then))


def _same_value(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, (int, str, bytes, bool, type(None), np.dtype)):
        return a == b
    if isinstance(a, (float, complex, np.generic)):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    if isinstance(a, types.MethodType):
        return a.__self__ is b.__self__ and a.__func__ is b.__func__
    return type(a) is tuple and _equal(a, b)


def all_names(code):
    """The names that a function's code, and functions within it, look up as globals or attributes."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += all_names(constant)
    return list(dict.fromkeys(names))


def join(path, key):
    """The way to a part, as an identifier."""
    text = str(key) if isinstance(key, (str, int)) else "item"
    text = "".join(c if c.isalnum() or c == "_" else "_" for c in text).strip("_")
    return f"{path}.{text}" if path else text


def randomness():
    """Where the random generators of NumPy and of Python stand, those that all share."""
    kind, key, position, *rest = np.random.get_state()
    return hash((key.tobytes(), position, *rest)), hash(random.getstate())


def released(result):
    """Whether a result carries a tape that could still be walked back."""
    return isinstance(result, Tensor) and result.node is not None and result.node is not RELEASED
