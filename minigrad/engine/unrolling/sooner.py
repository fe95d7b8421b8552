"""What the engine runs in the place of a line that people read: the same bits, with less to ask before they come.

    text                            run as
    matmul(x, w, out=h)             x.dot(w, h)             NumPy hands both to the same routine of its BLAS
    h.clip(0, inf, out=y)           clip(h, a, b, y)        the ufunc below some lines of Python
    multiply(g, 0.5, out=g)         multiply(g, half, out=g)    half: an array, as NumPy makes of 0.5 at each call
"""
import functools
import math
import re
import textwrap

import numpy as np

from .calls import Part

MARKED = re.compile("\0([^\0]*)\0([^\0]*)\0")
CLIP = getattr(getattr(getattr(np, "_core", None), "umath", None), "clip", None)      # it has no public name


def either(run, text):
    """A piece of a line in both its forms; as_run and as_text choose."""
    return f"\0{run}\0{text}\0"


def as_run(line):
    return MARKED.sub(r"\1", line)


def as_text(line):
    return MARKED.sub(r"\2", line)


class Sooner:
    """space: {name: array or function} of what lines run with and do not show.  fresh: a function that finds names.

    gpu: on a GPU lines run as they stand.
    """

    def __init__(self, fresh, gpu=False):
        self.gpu, self.fresh, self.space, self._names, self._clip, self._empty = gpu, fresh, {}, {}, None, None

    def product(self, call, x, y, out, text):
        """matmul as dot, where it is the same."""
        return either(f"{x}.dot({y}, {out})", text) if not self.gpu and is_dot(call) else text

    def clip(self, args, texts, out, text):
        numbers = [self._name(a, args[0].dtype) for a in args[1:]]
        if CLIP is None or self.gpu or len(numbers) != 2 or None in numbers or "\0" in text:
            return text
        self._clip = self._clip or self.fresh("clip_at_once")
        self.space[self._clip] = CLIP
        return either(f"{self._clip}({texts[0]}, {numbers[0]}, {numbers[1]}, {out})", text)

    def empty(self, anew):
        """The function that makes a buffer: of one that is handed out NumPy's own, of one that stays the arena's."""
        if not anew:
            return "empty"
        self._empty = self._empty or self.fresh("new")
        self.space[self._empty] = np.empty
        return either(self._empty, "empty")

    def numbers(self, function, args, texts):
        """The arguments of a ufunc; numbers beside floats of one type also as arrays of it."""
        kinds = {x.dtype for x in args if type(x) is Part}
        if self.gpu or len(kinds) != 1 or function is np.power:
            return texts
        dtype, = kinds
        return [text if (name := self._name(x, dtype)) is None else either(name, text) for x, text in zip(args, texts)]

    def _name(self, x, dtype):
        """The name of an array that holds a number; None if it is none that NumPy would make of this type."""
        if dtype.kind != "f" or type(x) not in (int, float) or not (
                abs(x) < np.finfo(dtype).max or abs(x) == math.inf):
            return None
        key = float(x).hex(), dtype
        if key not in self._names:
            name = self._names[key] = self.fresh("number")
            self.space[name] = np.asarray(x, dtype)
        return self._names[key]


def is_dot(call):
    """Whether a product of two arrays, matmul(x, y, out=out), is x.dot(y, out)."""
    x, y, out = *call.args, call.outs[0]
    return (type(x) is Part and type(y) is Part and not call.kwargs and x.dtype == y.dtype == out.dtype
            and x.dtype.name in ("float32", "float64") and out.contiguous and min(x.shape + y.shape) > 1
            and x.ndim + y.ndim in (3, 4) and max(x.ndim, y.ndim) == 2
            and all(a.contiguous or a.ndim == 2 and a.T.contiguous for a in (x, y)) and dot_is_matmul(x.dtype))


@functools.cache
def dot_is_matmul(dtype):
    """Whether this NumPy and its BLAS give both the same bits, as they do where both call one gemm."""
    rng = np.random.default_rng(0)
    for m, k, n in ((2, 3, 2), (5, 7, 9), (32, 64, 10), (17, 130, 33)):
        x, y = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        xs, ys = ((a, np.ascontiguousarray(a.T).T) for a in (x, y))
        pairs = [(a, b) for a in xs for b in ys] + [(x[0], y), (x, y[:, 0].copy()), (x, x.T), (y.T, y)]
        if any((a @ b).tobytes() != a.dot(b).tobytes() for a, b in pairs):
            return False
    return True


def bound(name, declared, preparation, step, space):
    """Make what is declared in space, and run preparation there; return the function of that name that step defines.

    What it reads of space is bound to it, where Python finds it sooner.
    """
    first = compile(preparation, f"<before {name}>", "exec")        # both before there are buffers: it takes memory
    known = {*space, *declared.names, *first.co_names}
    names = [n for n in dict.fromkeys(re.findall(r"[^\W\d]\w*", step)) if n in known and n != name]
    second = compile(f"def bind({', '.join(names)}):\n{textwrap.indent(step, '    ')}\n    return {name}",
                     f"<unrolled {name}>", "exec")
    made = {}
    declared.run(space)
    exec(first, space)
    exec(second, space, made)
    return made["bind"](*map(space.get, names))
