"""Layers of several inputs, and the residual connection."""
from functools import reduce
from operator import mul, or_

import numpy as np

from ...engine.ops import arithmetic, shapes
from ...engine.ops.arithmetic import where
from ...engine.ops.attending import boolean
from ...engine.ops.shapes import moveaxis
from ...engine.tensor import Tensor
from ...support.explaining import explained
from ..operations import normalize
from .base import Layer


class _Merge(Layer):
    """Tensors in a list to one; a step is real where it is in any of them, if all have masks."""

    def compute_mask(self, inputs, mask=None):
        if mask is None or any(m is None for m in mask):
            return None
        return reduce(or_, [boolean(m, f"{self._label}: mask") for m in mask])


class Add(_Merge):
    """y = x₁ + x₂ + ..., of tensors in a list: Add()([x, f(x)])."""

    def call(self, x):
        _several(self, x)
        return sum(x[1:], start=x[0])


class Multiply(_Merge):
    """y = x₁ · x₂ · ..., elementwise, of tensors in a list; of those that are no padding, and 0 where all are."""

    def call(self, x, mask=None):
        _several(self, x)
        real = _real(self, x, mask)
        y = reduce(mul, [t if m is None else where(m, t, 1) for t, m in zip(x, real)])
        return y if any(m is None for m in real) else where(reduce(or_, real), y, 0)


class Concatenate(_Merge):
    """y = the tensors of a list end to end along axis."""

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        _several(self, x)
        return shapes.concatenate(*x, axis=self.axis)

    def compute_mask(self, inputs, mask=None):
        if mask is None or all(m is None for m in mask):
            return None
        each = [Tensor(np.ones_like(x._data, dtype=bool)) if m is None
                else shapes.broadcast_to(m[..., None], shape=x.shape) if m.ndim < x.ndim else m
                for x, m in zip(inputs, mask)]
        return shapes.concatenate(*each, axis=self.axis).any(axis=-1)


class Subtract(_Merge):
    """y = x₁ - x₂, of two tensors in a list."""

    def call(self, x):
        _several(self, x)
        first, second = x
        return first - second


class Average(Add):
    """y = (x₁ + x₂ + ...) / n, of n tensors in a list."""

    def call(self, x):
        return super().call(x) / len(x)


class Maximum(_Merge):
    """y = the largest of x₁, x₂, ..., elementwise, of tensors in a list; of those that are no padding, if any is."""
    choose = staticmethod(arithmetic.maximum)

    def call(self, x, mask=None):
        _several(self, x)
        (y, real), *others = zip(x, _real(self, x, mask))
        for t, m in others:
            t = t if m is None else where(m, t, y)
            y = self.choose(y if real is None else where(real, y, t), t)
            real = None if m is None or real is None else real | m
        return y


class Minimum(Maximum):
    """y = the smallest of x₁, x₂, ..., elementwise, of tensors in a list; of those that are no padding, if any is."""
    choose = staticmethod(arithmetic.minimum)


class Dot(_Merge):
    """y[b] = Σ over `axes` of x₁[b] · x₂[b], of two tensors in a list: one axis for both, or one for each.

    normalize   of vectors of length 1 along these axes: the cosine of the angle between them
    """

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        self.axes, self.normalize = axes, normalize

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, x):
        _several(self, x)
        axes = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        rows = [moveaxis(t, axis, -1) for t, axis in zip(x, axes)]
        if self.normalize:
            rows = [normalize(t) for t in rows]
        first, second = (t.reshape(len(t), -1, t.shape[-1]) for t in rows)
        y = first @ second.swapaxes(1, 2)
        return y.reshape(len(y), *rows[0].shape[1:-1], *rows[1].shape[1:-1]) if max(t.ndim for t in rows) > 2 \
            else y.reshape(len(y), 1)


@explained
def add(inputs, **kwargs):
    """x₁ + x₂ + ...: Add as a function."""
    return Add(**kwargs)(inputs)


@explained
def subtract(inputs, **kwargs):
    """x₁ - x₂: Subtract as a function."""
    return Subtract(**kwargs)(inputs)


@explained
def multiply(inputs, **kwargs):
    """x₁ · x₂ · ...: Multiply as a function."""
    return Multiply(**kwargs)(inputs)


@explained
def average(inputs, **kwargs):
    """The mean of x₁, x₂, ...: Average as a function."""
    return Average(**kwargs)(inputs)


@explained
def maximum(inputs, **kwargs):
    """The largest of x₁, x₂, ..., elementwise: Maximum as a function."""
    return Maximum(**kwargs)(inputs)


@explained
def minimum(inputs, **kwargs):
    """The smallest of x₁, x₂, ..., elementwise: Minimum as a function."""
    return Minimum(**kwargs)(inputs)


@explained
def dot(inputs, axes=-1, **kwargs):
    """Σ over axes of x₁ · x₂: Dot as a function."""
    return Dot(axes, **kwargs)(inputs)


@explained
def concatenate(inputs, axis=-1, **kwargs):
    """The tensors end to end: Concatenate as a function."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def _several(layer, x):
    if not isinstance(x, (list, tuple)) or len(x) < 2:
        raise ValueError(f"{layer._label} takes a list of two tensors or more")


def _real(layer, x, mask):
    """For each tensor of x a boolean array that broadcasts against it, True where it is no padding, or None."""
    mask = [None] * len(x) if mask is None else mask
    if not isinstance(mask, (list, tuple)) or len(mask) != len(x):
        raise ValueError(f"{layer._label}: mask must be a list of {len(x)}, a mask or None for each tensor")
    masks = [boolean(m, f"{layer._label}: mask") for m in mask]
    return [m if m is None else m.reshape(m.shape + (1,) * (t.ndim - m.ndim)) for t, m in zip(x, masks)]


class Residual(Layer):
    """y = x + f(x), f being layers one after the other: a shortcut past them, in a Sequential too.

        Sequential([Dense(64), Residual([LayerNormalization(), Dense(64, "relu")]), Dense(10)])

    What the last layer returns must have the shape of x.  (He et al. 2015)
    """
    supports_masking = True

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.layers = list(layers)

    def call(self, x):
        y = x
        for layer in self.layers:
            y = layer(y)
        if y.shape != x.shape:
            raise ValueError(f"{self._label}: {x.shape} went in and {y.shape} came out; they must be equal")
        return x + y
