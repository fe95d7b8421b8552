"""The derivative table, shapes: elements are moved or copied, never changed, so g moves back or is summed."""
import numpy as np

from ...support.arguments import whole
from ...support.explaining import explained
from ..backend import array_module
from ..op import as_array, of_numbers, op
from .indexing import scatter_add


@op(vjp=lambda g, y, x, shape: g.reshape(x.shape), shapes="")
def reshape(x, /, shape):
    """y = x in another shape of as many elements (one length may be -1)      dx = g in the shape of x."""
    return x.reshape(shape)


@explained
def ravel(x):
    """x as one row of all its elements."""
    return reshape(x, shape=(-1,))


def _transpose_vjp(g, y, x, axes=None):
    order = [a % x.ndim for a in axes or range(x.ndim)[::-1]]
    return g.transpose([order.index(a) for a in range(x.ndim)])


@op(vjp=_transpose_vjp, shapes="")
def transpose(x, /, axes=None):
    """y = x with its axes in the order of axes (default: reversed)      dx = g with the order undone."""
    return x.transpose(axes)


@op(vjp=lambda g, y, x, axis1, axis2: g.swapaxes(axis1, axis2), shapes="")
def swapaxes(x, /, axis1, axis2):
    """y = x with two axes exchanged      dx = g with them exchanged again."""
    return x.swapaxes(axis1, axis2)


@op(vjp=lambda g, y, x, source, destination: np.moveaxis(g, destination, source), shapes="")
def moveaxis(x, /, source, destination):
    """y = x with the axes source moved to destination      dx = g with them moved back."""
    return np.moveaxis(x, source, destination)


@op(vjp=lambda g, y, x, axis: g.reshape(x.shape), shapes="")
def expand_dims(x, /, axis):
    """y = x with new axes of length 1 at axis      dx = g without them."""
    return np.expand_dims(x, axis)


@op(vjp=lambda g, y, x, axis=None: g.reshape(x.shape), shapes="")
def squeeze(x, /, axis=None):
    """y = x without (those) axes of length 1      dx = g with them."""
    return x.squeeze(axis)


@op(vjp=lambda g, y, x, shape: g, shapes="")
def broadcast_to(x, /, shape):
    """y = x copied along new or stretched axes      dx = g summed over them (which the engine does for every op)."""
    return np.broadcast_to(x, shape)


def _concatenate_vjp(g, y, *xs, axis=0):
    if axis is None:
        flat = _concatenate_vjp(g, y, *(x.reshape(-1) for x in xs))
        return [gx.reshape(x.shape) for gx, x in zip(flat, xs)]
    ends = np.cumsum([x.shape[axis] for x in xs]).tolist()
    before = (slice(None),) * (axis % y.ndim)
    return [g[before + (slice(end - x.shape[axis], end),)] for x, end in zip(xs, ends)]


@op(vjp=_concatenate_vjp, shapes="")
def concatenate(*xs, axis=0):
    """y = the xs end to end along axis (None: flattened)      each dx = its stretch of g."""
    return of_numbers(np.concatenate(xs, axis=axis), xs)


@op(vjp=lambda g, y, *xs, axis=0: [g[(slice(None),) * (axis % y.ndim) + (i,)] for i in range(len(xs))], shapes="")
def stack(*xs, axis=0):
    """y = the xs, all of one shape, side by side along a new axis      each dx = its layer of g."""
    return of_numbers(np.stack(xs, axis=axis), xs)


@explained
def split(x, sections, axis=0) -> list:
    """The pieces of x along axis: a number of equal ones, or cut before each of the given indices (as np.split)."""
    x = as_array(x)
    if not x.ndim:
        raise ValueError("split: a single number has no axis to cut")
    n = x.shape[axis]
    if np.ndim(sections) == 0:
        if sections < 1 or n % sections:
            raise ValueError(f"split: axis {axis} of length {n} can't be cut into {sections} equal parts")
        sections = range(n // sections, n, n // sections) if n else [0] * (sections - 1)
    cuts = [0, *sections, n]
    before = (slice(None),) * (axis % x.ndim)
    return [x[before + (slice(start, end),)] for start, end in zip(cuts, cuts[1:])]


def _inside(pad_width, shape):
    """Where x lies in the padded array, as slices; and the padded array's shape."""
    widths = [tuple(whole("pad_width", n, low=0) for n in pair) for pair in np.broadcast_to(pad_width, (len(shape), 2))]
    return (tuple(slice(before, before + n) for (before, _), n in zip(widths, shape)),
            tuple(before + n + after for (before, after), n in zip(widths, shape)))


MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def _sources(pad_width, x, mode):
    """For each axis of the padded array, which places of x it is filled from."""
    _inside(pad_width, x.shape)                     # are the widths good ones?
    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    return tuple(array_module(x).asarray(i) for i in np.ix_(*(np.pad(np.arange(n), pair, mode=mode)
                                                              for pair, n in zip(widths, x.shape))))


def _pad_vjp(g, y, x, pad_width, mode="constant", constant_values=0):
    if mode == "constant":
        return g[_inside(pad_width, x.shape)[0]]
    return scatter_add(g, index=_sources(pad_width, x, mode), shape=x.shape)


@op(vjp=_pad_vjp, shapes="")
def pad(x, /, pad_width, mode="constant", *, constant_values=0):
    """y = x with a border of one constant      dx = g without the border; in other modes, g added where x was read.

    pad_width   as in NumPy: 3, (before, after) for all axes, or one pair for each
    mode        "constant";  "edge", the outermost elements go on;  "reflect" and "symmetric", x goes back, without or
                with its outermost element again;  "wrap", x begins anew
    """
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} has no derivative rule here, only {', '.join(MODES)}")
    if mode != "constant":
        return x[_sources(pad_width, x, mode)] if x.ndim else x.copy()
    if getattr(constant_values, "requires_grad", False):
        raise TypeError("constant_values is a tensor whose gradients would be lost: pass its .item(), or put the "
                        "border there with mg.where or mg.concatenate")
    if np.ndim(constant_values):
        raise ValueError(f"constant_values must be one number for the whole border, got {constant_values}")
    inside, shape = _inside(pad_width, x.shape)
    y = array_module(x).full(shape, constant_values, x.dtype)
    y[inside] = x
    return y


@op(vjp=lambda g, y, x, axis=None: np.flip(g, axis), shapes="")
def flip(x, /, axis=None):
    """y = x in reverse order along axis (default: every axis)      dx = g reversed."""
    return np.flip(x, axis)


def _roll_vjp(g, y, x, shift, axis=None):
    return np.roll(g, tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift, axis)


@op(vjp=_roll_vjp, shapes="")
def roll(x, /, shift, axis=None):
    """y = x moved along axis by shift places, what falls off coming back at the start      dx = g moved back."""
    return np.roll(x, shift, axis)


def _tile_vjp(g, y, x, reps):
    reps = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    reps, shape = (1,) * (x.ndim - len(reps)) + reps, (1,) * (len(reps) - x.ndim) + x.shape
    pairs = sum(zip(reps, shape), ())                               # each axis as (copies, length)
    return g.reshape(pairs).sum(axis=tuple(range(0, len(pairs), 2))).reshape(x.shape)


@op(vjp=_tile_vjp, shapes="")
def tile(x, /, reps):
    """y = x repeated as a whole, reps times along each axis      dx = g summed over the copies."""
    return np.tile(x, reps)


def _repeat_vjp(g, y, x, repeats, axis=None):
    length = x.size if axis is None else x.shape[axis]
    source = array_module(x).arange(length).repeat(repeats)         # where each element of y came from
    flat = (length,) if axis is None else x.shape
    index = (slice(None),) * ((axis or 0) % len(flat)) + (source,)
    return scatter_add(g, index=index, shape=flat).reshape(x.shape)


@op(vjp=_repeat_vjp, shapes="")
def repeat(x, /, repeats, axis=None):
    """y = each element of x repeats times in a row, along axis or flattened      dx = g summed over the copies."""
    return x.repeat(repeats, axis)


@op(vjp=lambda g, y, x, k=0: np.tril(g, k), shapes="(m,n)->(m,n)")
def tril(x, /, k=0):
    """y = x on and below the k-th diagonal of its last two axes, 0 above      dx = the same part of g."""
    return np.tril(x, k)


@op(vjp=lambda g, y, x, k=0: np.triu(g, k), shapes="(m,n)->(m,n)")
def triu(x, /, k=0):
    """y = x on and above the k-th diagonal of its last two axes, 0 below      dx = the same part of g."""
    return np.triu(x, k)


def _diagonal_vjp(g, y, x, offset=0, axis1=0, axis2=1):
    matrices = np.moveaxis(x, (axis1, axis2), (-2, -1))             # (..., m, n)
    steps = np.arange(g.shape[-1])
    index = (..., steps + max(-offset, 0), steps + max(offset, 0))
    return np.moveaxis(scatter_add(g, index=index, shape=matrices.shape), (-2, -1), (axis1, axis2))


@op(vjp=_diagonal_vjp, shapes="")
def diagonal(x, /, offset=0, axis1=0, axis2=1):
    """y = the elements x[..., i, i + offset] of two axes, as the last axis      dx = g on that diagonal, else 0."""
    return np.diagonal(x, offset, axis1, axis2)


def _trace_vjp(g, y, x, offset=0, axis1=0, axis2=1):
    m, n = x.shape[axis1], x.shape[axis2]
    eye = array_module(g).eye(m, n, offset, dtype=g.dtype)
    return np.moveaxis(g.reshape(g.shape + (1, 1)) * eye, (-2, -1), (axis1, axis2))


@op(vjp=_trace_vjp, shapes="")
def trace(x, /, offset=0, axis1=0, axis2=1):
    """y = Σ of the diagonal of two axes      dx = g times the identity matrix."""
    return np.trace(x, offset, axis1, axis2)


def _astype_vjp(g, y, x, dtype):
    return g.astype(x.dtype) if y.dtype.kind == "f" else np.zeros_like(x)


@op(vjp=_astype_vjp, shapes="")
def astype(x, /, dtype):
    """y = x in another type of number      dx = g in that of x; 0 if y is an integer, which moves in steps."""
    return x.astype(dtype)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _reshaped(draw):
    x = draw.array(draw.shape())
    flat = (-1,) if x.size else (0,)
    return [x], {"shape": draw.choice(x.shape[::-1], flat, (1, *x.shape), (x.size,), x.size)}


def _transposed(draw):
    x = draw.array(draw.shape())
    return [x], draw.some(axes=draw.permutation(x.ndim))


def _swapped(draw):
    x = draw.array(draw.shape(1))
    return [x], {name: draw.integer(-x.ndim, x.ndim - 1) for name in ("axis1", "axis2")}


def _moved(draw):
    x = draw.array(draw.shape(1))
    if draw.boolean():
        return [x], {name: draw.integer(-x.ndim, x.ndim - 1) for name in ("source", "destination")}
    n = draw.integer(1, x.ndim)
    return [x], {name: draw.permutation(x.ndim)[:n] for name in ("source", "destination")}


def _expanded(draw):
    x = draw.array(draw.shape())
    return [x], {"axis": draw.integer(-x.ndim - 1, x.ndim) if draw.boolean() else (0, -1)}


def _squeezed(draw):
    shape = tuple(draw.choice(1, 2, 0) for _ in range(draw.integer(0, 3)))
    ones = [a for a, n in enumerate(shape) if n == 1]
    return [draw.array(shape)], {"axis": draw.choice(None, *ones, tuple(ones))}


def _broadcast(draw):
    shape, target = draw.shapes(2)
    return [draw.array(shape)], {"shape": np.broadcast_shapes(shape, target)}


def _joined(draw):
    """Along one axis, where lengths may differ; or all flattened."""
    n = draw.integer(1, 3)
    if draw.boolean() and draw.boolean():
        return [draw.array(draw.shape(0, 2)) for _ in range(n)], {"axis": None}
    shape = draw.shape(1)
    axis = draw.integer(-len(shape), len(shape) - 1)
    at = axis % len(shape)
    return [draw.array(shape[:at] + (draw.integer(0, 3),) + shape[at + 1:]) for _ in range(n)], {"axis": axis}


def _stacked(draw):
    shape = draw.shape(0, 2)
    xs = [draw.array(shape) for _ in range(draw.integer(1, 3))]
    return xs, {"axis": draw.integer(-len(shape) - 1, len(shape))}


def _padded(draw):
    x = draw.array(draw.shape(1))
    pairs = tuple((draw.integer(0, 2), draw.integer(0, 2)) for _ in range(x.ndim))
    width = draw.choice(pairs[0][0], pairs[0], pairs)
    if x.size and draw.boolean():
        return [x], {"pad_width": width, "mode": draw.choice(*MODES)}
    return [x], {"pad_width": width} | draw.some(mode="constant", constant_values=1.5)


def _flipped(draw):
    x = draw.array(draw.shape())
    return [x], {"axis": draw.axis(x.ndim)}


def _rolled(draw):
    x = draw.array(draw.shape(1))
    axis = draw.axis(x.ndim)
    shifts = tuple(draw.integer(-3, 3) for _ in range(np.size(axis)))
    return [x], {"shift": shifts if isinstance(axis, tuple) else shifts[0], "axis": axis}


def _tiled(draw):
    x = draw.array(draw.shape(0, 2))
    reps = tuple(draw.integer(0, 2) for _ in range(draw.integer(1, 3)))
    return [x], {"reps": reps if draw.boolean() else draw.integer(0, 3)}


def _repeated(draw):
    x = draw.array(draw.shape(1, 2))
    axis = draw.axis(x.ndim, several=False)
    length = x.size if axis is None else x.shape[axis]
    return [x], {"repeats": draw.integers((length,), 0, 2) if draw.boolean() else draw.integer(0, 3), "axis": axis}


def _diagonals(draw):
    x = draw.array(draw.shape(2, 3, 1))
    first, second = draw.permutation(x.ndim)[:2]
    params = {"axis1": first, "axis2": second} if draw.boolean() else {}
    rows, columns = x.shape[params.get("axis1", 0)], x.shape[params.get("axis2", 1)]
    return [x], params | draw.some(offset=draw.integer(1 - rows, columns - 1))


def _triangles(draw):
    return [draw.array(draw.shape(2, 3))], draw.some(k=draw.integer(-2, 2))


def _cast(draw):
    return [draw.array(draw.shape()) + 0.005], {"dtype": draw.choice(np.float64, np.int64)}


for _entry, _cases in ((reshape, _reshaped), (transpose, _transposed), (swapaxes, _swapped), (moveaxis, _moved),
                       (expand_dims, _expanded), (squeeze, _squeezed), (broadcast_to, _broadcast),
                       (concatenate, _joined), (stack, _stacked), (pad, _padded), (flip, _flipped), (roll, _rolled),
                       (tile, _tiled), (repeat, _repeated), (tril, _triangles), (triu, _triangles),
                       (diagonal, _diagonals), (trace, _diagonals), (astype, _cast)):
    _entry.describe(flops=0, cases=_cases)
for _entry, _function in ((concatenate, np.concatenate), (stack, np.stack)):
    _entry.describe(numpy=_function, reference=lambda *xs, axis=0, f=_function: f(xs, axis))
reshape.describe(reference=lambda x, shape: np.reshape(x, shape))      # NumPy before 2.1 calls it newshape
astype.describe(slack=0.02, reference=lambda x, dtype: x.astype(dtype))
