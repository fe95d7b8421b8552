"""Convolutions of sequences and images, dilated, in groups, transposed; other poolings; images of another size.

Made of entries of the table, so they have no rules: a sequence (N, T, C) is an image of one row; a dilated filter has
zeros between its weights; groups are convolutions side by side; a transposed convolution adds up windows.
"""
import math

import numpy as np

from ...support.arguments import whole
from ..backend import array_module
from ..op import as_array, as_real, explained
from .conv import _pair, borders_of, conv2d, overlap_add, windows
from .indexing import getitem
from .reductions import vector_norm
from .shapes import concatenate, pad, split


def dilated(w, rate):
    """Filters (rows, columns, ...) with rate - 1 zeros between their rows, and between their columns."""
    (kh, kw, *rest), (down, right) = w.shape, _pair(rate, "dilation")
    if down == right == 1:
        return w
    w = pad(w.reshape(kh, 1, kw, 1, *rest), ((0, 0), (0, down - 1), (0, 0), (0, right - 1), *[(0, 0)] * len(rest)))
    return w.reshape(kh * down, kw * right, *rest)[:kh * down - down + 1, :kw * right - right + 1]


def _row(padding):
    """A padding of sequences, as one of images of one row."""
    return padding if isinstance(padding, str) else ((0, 0), padding)


def _with_rows(f, x, w, strides, padding, dilation, groups):
    """f, of images, of sequences."""
    y = f(x[:, None], w[None], (1, strides), _row(padding), (1, dilation), groups)
    return y.reshape(y.shape[0], *y.shape[2:])


def _checked(name, x, w, groups, channels):
    x, w, groups = as_array(x), as_array(w), whole(f"{name}: groups", groups)
    if x.ndim not in (3, 4) or w.ndim != x.ndim:
        raise ValueError(f"{name} takes sequences (N, T, C) with filters of three axes, or images (N, H, W, C) with "
                         f"four, not shapes {x.shape} and {w.shape}")
    if x.shape[-1] != channels(w) or x.shape[-1] % groups or w.shape[-1] % groups:
        raise ValueError(f"{name}: {x.shape[-1]} channels and filters {w.shape} don't go together in {groups} groups")
    return x, w, groups


@explained
def conv(x, w, strides=1, padding="valid", dilation=1, groups=1):
    """Sequences (N, T, C) with filters (k, C / groups, F), or images (N, H, W, C) with (kh, kw, C / groups, F): conv2d.

    padding     "valid", "same", numbers of zeros as in conv2d; of sequences also (before, after), or "causal": all the
                zeros before, so that y[t] sees no later x
    dilation    filters take every d-th place, and are as much larger
    groups      the channels are cut into so many parts, each with F / groups filters of its own
    """
    x, w, groups = _checked("conv", x, w, groups, lambda w: w.shape[-2] * groups)
    if x.ndim == 3:
        if isinstance(padding, str) and padding == "causal":
            padding = (dilation * (w.shape[0] - 1), 0)
        return _with_rows(conv, x, w, strides, padding, dilation, groups)
    w = dilated(w, dilation)
    if groups == 1:
        return conv2d(x, w, strides=strides, padding=padding)
    if w.shape[2] == 1:
        return _each_channel(x, w, _pair(strides, "strides"), padding)
    parts = zip(split(x, groups, axis=-1), split(w, groups, axis=-1))
    return concatenate(*(conv2d(a, b, strides=strides, padding=padding) for a, b in parts), axis=-1)


def _each_channel(x, w, strides, padding):
    """A convolution in as many groups as there are channels: no sum over channels."""
    x = pad(x, ((0, 0), *borders_of(x.shape[1:3], w.shape[:2], strides, padding), (0, 0)))
    v = windows(x, size=tuple(w.shape[:2]), strides=strides)                # (N, H', W', kh, kw, C)
    channels, w = x.shape[-1], as_real(w)                                   # products of small integers would wrap
    w = w.reshape(*w.shape[:2], channels, w.shape[3] // channels)           # filters of one channel stand together
    y = (v.reshape(*v.shape, 1) * w).sum(axis=(3, 4))
    return y.reshape(*y.shape[:3], -1)


@explained
def conv_transpose(x, w, strides=1, padding="valid", dilation=1, groups=1):
    """The derivative of conv by its images: (N, h, w, C) with filters (kh, kw, F / groups, C) to (N, H, W, F).

    Each pixel adds a copy of the filters, times its value.  H is s h with padding "same", s h + max(k - s, 0) with
    "valid", and (h - 1) s + k less the border with one in numbers.  Sequences likewise.
    """
    x, w, groups = _checked("conv_transpose", x, w, groups, lambda w: w.shape[-1])
    if x.ndim == 3:
        return _with_rows(conv_transpose, x, w, strides, padding, dilation, groups)
    if groups > 1:
        parts = zip(split(x, groups, axis=-1), split(w, groups, axis=-1))
        return concatenate(*(conv_transpose(a, b, strides, padding, dilation) for a, b in parts), axis=-1)
    w, steps = dilated(w, dilation), _pair(strides, "strides")
    (n, *lengths, channels), size = x.shape, w.shape[:2]
    blocks = (x @ w.reshape(-1, channels).T).reshape(n, *lengths, *w.shape[:3])
    by_name = isinstance(padding, str)
    if by_name:
        borders_of(lengths, (1, 1), (1, 1), padding)                        # refuses an unknown name
    whole_size = [max((length - 1) * s + k, length * s if by_name else 0) for length, s, k in zip(lengths, steps, size)]
    y = overlap_add(blocks, shape=(n, *whole_size, w.shape[2]), strides=steps)
    if padding == "valid":
        return y
    if padding == "same":
        starts = [max(k - s, 0) // 2 for k, s in zip(size, steps)]
        ends = [start + length * s for start, length, s in zip(starts, lengths, steps)]
    else:
        borders = borders_of(whole_size, (1, 1), (1, 1), padding)
        starts, ends = [b for b, _ in borders], [m - a for m, (_, a) in zip(whole_size, borders)]
        if any(start >= end for start, end in zip(starts, ends)):
            raise ValueError(f"conv_transpose: a border of {padding} leaves nothing of a result {tuple(whole_size)}")
    return y[:, starts[0]:ends[0], starts[1]:ends[1]]


@explained
def lp_pool2d(x, p=2, pool_size=2, strides=None, padding="valid"):
    """(Σ|x|ᵖ)¹ᐟᵖ of each window: x (N, H, W, C) to (N, Ho, Wo, C); a border counts as zeros, others as max_pool2d."""
    x, size = as_array(x), _pair(pool_size, "pool_size")
    if x.ndim != 4:
        raise ValueError(f"lp_pool2d: pooling takes images (N, H, W, C), not shape {x.shape}")
    steps = size if strides is None else _pair(strides, "strides")
    x = pad(x, ((0, 0), *borders_of(x.shape[1:3], size, steps, padding), (0, 0)))
    return vector_norm(windows(x, size=size, strides=steps), ord=p, axis=(3, 4))


# -- another size ----------------------------------------------------------------------------------------------------
@explained
def interpolate(x, size=None, scale=None, mode="nearest", align_corners=False):
    """Images (N, H, W, C), or sequences (N, T, C), of another size, as torch.nn.functional.interpolate has them.

    size, scale     one number for all axes or one for each: the new lengths, or ⌊length · scale⌋
    mode            "nearest": pixel ⌊i / scale⌋;  "nearest-exact": ⌊(i + ½) / scale⌋;  "bilinear", "linear":
                    between the two pixels around (i + ½) / scale - ½, each by how near it is
    align_corners   of "bilinear": the outermost pixels stay where they are: i (n - 1) / (m - 1)
    """
    x = as_array(x)
    axes = x.ndim - 2
    if axes not in (1, 2) or 0 in x.shape[1:-1]:
        raise ValueError(f"interpolate takes sequences (N, T, C) or images (N, H, W, C), not shape {x.shape}")
    if mode not in ("nearest", "nearest-exact", "linear", "bilinear"):
        raise ValueError(f'interpolate: mode must be "nearest", "nearest-exact" or "bilinear", not {mode!r}')
    if (size is None) == (scale is None):
        raise ValueError("interpolate: either size= or scale= is given")
    given = scale if size is None else size
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,) * axes
    if len(each) != axes:
        raise ValueError(f"interpolate: {len(each)} numbers for {axes} axes")
    for axis, (number, length) in enumerate(zip(each, x.shape[1:-1]), 1):
        new = whole("interpolate: size", number) if size is not None else math.floor(length * number)
        if new < 1:
            raise ValueError(f"interpolate: scale={number} leaves nothing of a length of {length}")
        x = _resized(x, axis, new, new / length if size is not None else number, mode, align_corners)
    return x


def _resized(x, axis, new, scale, mode, align_corners):
    length, i = x.shape[axis], np.arange(new)

    def at(places):
        places = array_module(x).asarray(np.clip(places, 0, length - 1).astype(np.intp))
        return getitem(x, index=(slice(None),) * axis + (places,))
    if mode.startswith("nearest"):
        return at(np.floor((i + 0.5 * (mode == "nearest-exact")) / scale))
    if align_corners:
        place = i * ((length - 1) / max(new - 1, 1))
    else:
        place = np.maximum((i + 0.5) / scale - 0.5, 0)
    low = np.minimum(np.floor(place), length - 1)
    near = (place - low).reshape((-1,) + (1,) * (x.ndim - axis - 1))
    near = array_module(x).asarray(near, dtype=x.dtype if x.dtype.kind == "f" else float)
    return at(low) * (1 - near) + at(low + 1) * near


PUBLIC = (conv, conv_transpose, lp_pool2d, interpolate)
