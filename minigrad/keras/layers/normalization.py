"""Normalisation: inputs brought to mean 0 and variance 1, then to a learned mean β and scale γ."""
import math

import numpy as np

from ...engine.ops.attending import boolean
from ...engine.ops.neural import batch_norm, layer_norm, standardize
from ...engine.ops.shapes import moveaxis
from ...engine.tensor import Tensor
from ...support.arguments import shown
from ..operations import normalize
from .base import Layer
from .core import at_least_1


class _Normalization(Layer):
    """axis: where the features are, the last one by default; a subclass's `normalize` finds them there."""
    input_axes = "batch, ..., features"
    weight_options = {"gamma": "gamma", "beta": "beta"}
    supports_masking = True

    def __init__(self, axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer

    def build(self, input_shape):
        axes = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        self.axes = sorted(axis % len(input_shape) if -len(input_shape) <= axis < len(input_shape) else 0
                           for axis in axes)
        if 0 in self.axes or len(set(self.axes)) < len(axes) or not axes:
            raise ValueError(f"{self._label}: axis must name axes of an input with the shape {input_shape}, without "
                             f"the first, not {shown(self.axis)}")
        lengths = tuple(input_shape[axis] for axis in self.axes)
        self.size = math.prod(lengths)
        if self.axes == [len(input_shape) - 1]:
            self._features = self.size
        self.gamma = self.add_weight("gamma", lengths, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", lengths, self.beta_initializer) if self.center else None

    def call(self, x, **how):
        """normalize, with the axes of features last, as one axis."""
        if self.axes == [x.ndim - 1]:
            return self.normalize(x, **how)
        last = range(-len(self.axes), 0)
        moved = moveaxis(x, self.axes, last)
        y = self.normalize(moved.reshape(*moved.shape[:-len(self.axes)], self.size), **how)
        return moveaxis(y.reshape(moved.shape), last, self.axes)

    def _gamma_beta(self, x):
        """γ and β, (n,); constants 1 and 0 where they are not learned."""
        gamma = self.gamma if self.scale else Tensor(np.ones_like(x._data, shape=x.shape[-1:]))
        beta = self.beta if self.center else Tensor(np.zeros_like(x._data, shape=x.shape[-1:]))
        return (gamma, beta) if len(self.axes) == 1 else (gamma.reshape(-1), beta.reshape(-1))


class LayerNormalization(_Normalization):
    """y = γ (x - mean) / √(var + ε) + β over the features of each position, in training and after.  (Ba et al. 2016)

    x (batch, ..., n).  axis: where the features are, or a list of several axes.  Weights: gamma γ and beta β (n,).
    """

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", **kwargs):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)

    def normalize(self, x):
        if not (self.center or self.scale):
            return standardize(x, eps=self.epsilon)
        return layer_norm(x, *self._gamma_beta(x), eps=self.epsilon)


class UnitNormalization(Layer):
    """y = x / ‖x‖, the Euclidean norm over an axis, or several, which counts as at least 1e-12: 0 stays 0."""
    input_axes = "batch, ..., features"
    supports_masking = True

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        return normalize(x, tuple(self.axis) if isinstance(self.axis, list) else self.axis, epsilon=1e-12)


class GroupNormalization(_Normalization):
    """y = γ (x - mean) / √(var + ε) + β over all positions of an example and a group of features.  (Wu & He 2018)

    x (batch, ..., n); the n features are `groups` groups of neighbours, or with groups=-1 each its own ("instance
    normalization").  Examples don't meet, so it is the same in training and after.  Weights: gamma γ and beta β (n,).
    """

    def __init__(self, groups=32, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", **kwargs):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.groups = groups if groups == -1 else at_least_1("GroupNormalization: groups", groups)

    def build(self, input_shape):
        super().build(input_shape)
        if self.size % self._count():
            raise ValueError(f"{self._label}: {self.size} features are not {self.groups} groups of equal size")

    def _count(self):
        return self.size if self.groups == -1 else self.groups

    def normalize(self, x):
        places = math.prod(x.shape[1:-1])
        grouped = x.reshape(len(x), places, self._count(), self.size // self._count())    # (B, places, groups, _)
        y = standardize(grouped, axis=(1, 3), eps=self.epsilon).reshape(x.shape)
        gamma, beta = self._gamma_beta(x)
        y = y * gamma if self.scale else y
        return y + beta if self.center else y


class BatchNormalization(_Normalization):
    """y = γ (x - mean) / √(var + ε) + β, mean and variance of each feature over the batch.  (Ioffe & Szegedy 2015)

    In training they are those of the batch, and moving averages follow: moving = momentum · moving + (1 - momentum) ·
    batch's.  Otherwise, and when the layer is frozen (trainable=False), the moving averages take their place.
    x (batch, ..., n).  With a mask, what is padding counts neither in mean nor in variance.
    Weights (n,): gamma γ, beta β; not trained: moving_mean, moving_variance.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 **kwargs):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.momentum, self.moving_mean_initializer = momentum, moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape):
        super().build(input_shape)
        n = (self.size,)
        self.moving_mean = self.add_weight("moving_mean", n, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight("moving_variance", n, self.moving_variance_initializer, trainable=False)

    def call(self, x, training=False, mask=None):
        return super().call(x, training=training, mask=mask)

    def normalize(self, x, training, mask):
        gamma, beta = self._gamma_beta(x)
        if not (training and self.trainable):
            factor = gamma / np.sqrt(self.moving_variance + self.epsilon)
            return x * factor + (beta - self.moving_mean * factor)
        over = tuple(range(x.ndim - 1))
        if mask is None:
            mean, variance = x._data.mean(axis=over), x._data.var(axis=over)
            y = batch_norm(x, gamma, beta, eps=self.epsilon)
        else:
            real = boolean(mask, f"{self._label}: mask").astype(x.dtype)
            real = np.broadcast_to(real.reshape(real.shape + (1,) * (x.ndim - real.ndim)), (*x.shape[:-1], 1))
            count = np.maximum(real.sum(), 1)
            m = (x * real).sum(axis=over) / count
            v = ((x - m) ** 2 * real).sum(axis=over) / count
            mean, variance = m._data, v._data
            y = (x - m) / (v + self.epsilon) ** 0.5 * gamma + beta
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance)
        return y

    def _follow(self, moving, value):
        moving._data += (1 - self.momentum) * (value - moving._data)
        moving.touch()
