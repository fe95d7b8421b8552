"""Layers that draw random numbers in training: dropout and noise.

mg.seed fixes what they draw.  With a seed of its own a layer draws the same, call after call, whatever else is drawn:
call n of it takes the numbers of the pair (seed, n).
"""
import numpy as np

from ...engine import backend
from ...engine.ops.neural import masked
from ...support.arguments import number, shown
from .base import Layer


class Noisy(Layer):
    """A layer that draws: self.random(shape, x) and self.normal(shape, x), in the dtype and on the device of x.

    seed    a whole number: numbers of its own; None: those that mg.seed fixes
    """
    carried = "drawn",

    def __init__(self, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed, self.drawn = seed, 0     # how often it has drawn

    def random(self, shape, x, dtype=np.float32):
        """Uniform numbers in [0, 1)."""
        return self._draw("random", shape, x, dtype)

    def normal(self, shape, x):
        """Standard normal numbers."""
        return self._draw("normal", shape, x, x.dtype)

    def _draw(self, kind, shape, x, dtype):
        seed = None if self.seed is None else [self.seed, self.drawn]
        self.drawn += seed is not None
        return getattr(backend, kind)(shape, dtype, backend.device_of(getattr(x, "_data", x)), seed)

    def kept(self, x, rate, shape):
        """0 with probability rate, else 1 / (1 - rate), of this shape: what dropout multiplies by."""
        mask = (self.random(shape, x) >= rate).astype(x.dtype)
        mask *= 1 / (1 - rate)
        return mask

    def dropped(self, x, rate, shape=None):
        """x with each element 0 with probability rate; shape: of the draw, with 1 for axes that share it."""
        return masked(x, mask=self.kept(x, rate, x.shape if shape is None else shape)) if rate else x


class Dropout(Noisy):
    """In training, each element is 0 with probability rate, the others are divided by 1 - rate; else y = x.

    noise_shape     the shape of what is drawn, with 1 for axes along which all share their fate, None for a length
                    of x: (None, 1, None) drops whole features of a sequence
    (Srivastava et al. 2014)
    """
    input_axes = "..."
    supports_masking = True

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate must be in [0, 1), not {shown(rate)}")
        self.rate, self.noise_shape = rate, noise_shape

    def call(self, x, training=False):
        return self.dropped(x, self.rate, self.shape_of(x)) if training else x

    def shape_of(self, x):
        """The shape of what is drawn."""
        if self.noise_shape is None:
            return x.shape
        shape = tuple(n if wanted is None else wanted for n, wanted in zip(x.shape, self.noise_shape))
        if len(self.noise_shape) != x.ndim or any(n not in (1, own) for n, own in zip(shape, x.shape)):
            raise ValueError(f"{self._label}: noise_shape {tuple(self.noise_shape)} doesn't fit an input of {x.shape}")
        return shape


class SpatialDropout1D(Dropout):
    """Dropout of whole features of a sequence (B, T, C).  (Tompson et al. 2014)"""
    input_axes = "batch, time, features"
    axis = -1

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed=seed, **kwargs)

    def shape_of(self, x):
        shape = [len(x)] + [1] * (x.ndim - 1)
        shape[self.axis] = x.shape[self.axis]
        return tuple(shape)


class SpatialDropout2D(SpatialDropout1D):
    """Dropout of whole channels of images (B, H, W, C), or (B, C, H, W) with data_format="channels_first"."""
    input_axes = "batch, height, width, channels"

    def __init__(self, rate, data_format=None, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.axis = 1 if data_format == "channels_first" else -1


class GaussianNoise(Noisy):
    """y = x + noise from N(0, stddev²) in training, else y = x."""
    input_axes = "..."
    supports_masking = True

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.stddev = number("GaussianNoise: stddev", stddev, low=0)

    def call(self, x, training=False):
        return x + self.stddev * self.normal(x.shape, x) if training else x
