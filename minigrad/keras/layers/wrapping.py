"""Layers around layers, and around functions: in two directions, at each time, repeated, and small noise."""
import numpy as np

from ...engine import backend
from ...engine.ops.nonlinear import leaky_relu
from ...engine.ops.shapes import concatenate, flip, repeat, transpose
from ...engine.tensor import Tensor
from ...support.arguments import number, one_of, share, shown, whole
from .base import Layer

MERGES = {"concat": lambda a, b: concatenate(a, b, axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
          "ave": lambda a, b: (a + b) / 2, None: lambda a, b: (a, b)}


class Bidirectional(Layer):
    """A recurrent layer from first to last, and another from last to first, side by side.  (Schuster & Paliwal 1997)

    layer           an LSTM, GRU or SimpleRNN; the other is made like it
    merge_mode      "concat", "sum", "mul", "ave", or None: both
    With return_state the states of the first and then of the second layer follow.
    """

    def __init__(self, layer, merge_mode="concat", **kwargs):
        super().__init__(**kwargs)
        self.layer, self.merge_mode = layer, one_of("Bidirectional: merge_mode", merge_mode, tuple(MERGES))
        config = layer.get_config()
        self.forward = layer
        self.backward = type(layer).from_config({**config, "go_backwards": not config.get("go_backwards", False),
                                                 "name": f"backward_{layer.name}"})

    def children(self):
        yield "forward", self.forward
        yield "backward", self.backward

    def call(self, x):
        there, back = self.forward(x), self.backward(x)
        states = ()
        if self.layer.return_state:
            there, back, states = there[0], back[0], (*there[1:], *back[1:])
        if self.layer.return_sequences:
            back = flip(back, axis=1)
        y = MERGES[self.merge_mode](there, back)
        return (*(y if isinstance(y, tuple) else (y,)), *states) if states else y


class TimeDistributed(Layer):
    """A layer for each step of a sequence, with the same weights: (B, T, ...) to (B, T, ...)."""
    input_axes = "batch, time, ..."

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, x):
        y = self.layer(x.reshape(x.shape[0] * x.shape[1], *x.shape[2:]))
        return y.reshape(*x.shape[:2], *y.shape[1:])


class RepeatVector(Layer):
    """A vector n times: (B, features) to (B, n, features)."""
    input_axes = "batch, features"

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = whole("RepeatVector: n", n)

    def call(self, x):
        return repeat(x[:, None], self.n, axis=1)


class Permute(Layer):
    """The axes of each example in another order: dims counts from 1, (2, 1) swaps two."""

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims are the numbers 1 to n in some order, not {shown(dims)}")

    def call(self, x):
        return transpose(x, axes=(0, *self.dims))


class Lambda(Layer):
    """y = function(x): a function of tensors as a layer.  To be saved it must have a name, and be passed to load."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


class LeakyReLU(Layer):
    """y = x where x > 0, else negative_slope · x.  (Maas et al. 2013)"""
    input_axes = "..."

    def __init__(self, negative_slope=0.3, **kwargs):
        super().__init__(**kwargs)
        self.negative_slope = number("LeakyReLU: negative_slope", negative_slope, low=0)

    def call(self, x):
        return leaky_relu(x, slope=self.negative_slope)


class GaussianNoise(Layer):
    """y = x + noise from N(0, stddev²) in training, else y = x."""
    input_axes = "..."

    def __init__(self, stddev, **kwargs):
        super().__init__(**kwargs)
        self.stddev = number("GaussianNoise: stddev", stddev, low=0)

    def call(self, x, training=False):
        return x + self.stddev * backend.normal(x.shape, x.dtype) if training else x


class _SpatialDropout(Layer):
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = share(f"{type(self).__name__}: rate", rate)

    def call(self, x, training=False):
        if not training or not self.rate:
            return x
        kept = backend.random((x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]), np.float32) >= self.rate
        return x * Tensor(kept.astype(x.dtype) / (1 - self.rate))


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features of a sequence (B, T, C).  (Tompson et al. 2014)"""
    input_axes = "batch, time, features"


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images (B, H, W, C).  (Tompson et al. 2014)"""
    input_axes = "batch, height, width, channels"
