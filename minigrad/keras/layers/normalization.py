"""Normalisation: inputs brought to mean 0 and variance 1, then to a learned mean β and scale γ."""
import numpy as np

from ...engine.ops.neural import batch_norm, layer_norm, standardize
from ...engine.tensor import Tensor
from ...support.arguments import shown
from .base import Layer
from .core import at_least_1


class _Normalization(Layer):
    input_axes = "batch, ..., features"

    def __init__(self, axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs):
        super().__init__(**kwargs)
        if axis != -1:
            raise ValueError(f"{type(self).__name__}: only the last axis is supported, axis=-1, not {shown(axis)}")
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer

    def build(self, input_shape):
        self.features = n = input_shape[-1]
        self.gamma = self.add_weight("gamma", (n,), self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", (n,), self.beta_initializer) if self.center else None

    def _gamma_beta(self, x):
        """γ and β; constants 1 and 0 where they are not learned."""
        return (self.gamma if self.scale else Tensor(np.ones_like(x._data, shape=x.shape[-1:])),
                self.beta if self.center else Tensor(np.zeros_like(x._data, shape=x.shape[-1:])))


class LayerNormalization(_Normalization):
    """y = γ (x - mean) / √(var + ε) + β over the features of each position, in training and after.  (Ba et al. 2016)

    x (batch, ..., n).  Weights: gamma γ and beta β (n,).
    """

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", **kwargs):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)

    def call(self, x):
        if not (self.center or self.scale):
            return standardize(x, eps=self.epsilon)
        return layer_norm(x, *self._gamma_beta(x), eps=self.epsilon)


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
        if self.features % self._count():
            raise ValueError(f"{self.label}: {self.features} features are not {self.groups} groups of equal size")

    def _count(self):
        return self.features if self.groups == -1 else self.groups

    def call(self, x):
        grouped = x.reshape(len(x), -1, self._count(), self.features // self._count())    # (B, positions, groups, _)
        y = standardize(grouped, axis=(1, 3), eps=self.epsilon).reshape(x.shape)
        y = y * self.gamma if self.scale else y
        return y + self.beta if self.center else y


class BatchNormalization(_Normalization):
    """y = γ (x - mean) / √(var + ε) + β, mean and variance of each feature over the batch.  (Ioffe & Szegedy 2015)

    In training they are those of the batch, and moving averages follow: moving = momentum · moving + (1 - momentum) ·
    batch's.  Otherwise, and when the layer is frozen (trainable=False), the moving averages take their place.
    x (batch, ..., n).  Weights (n,): gamma γ, beta β; not trained: moving_mean, moving_variance.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 **kwargs):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.momentum, self.moving_mean_initializer = momentum, moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape):
        super().build(input_shape)
        n = (self.features,)
        self.moving_mean = self.add_weight("moving_mean", n, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight("moving_variance", n, self.moving_variance_initializer, trainable=False)

    def call(self, x, training=False):
        gamma, beta = self._gamma_beta(x)
        if training and self.trainable:
            over = tuple(range(x.ndim - 1))
            self._follow(self.moving_mean, x._data.mean(axis=over))
            self._follow(self.moving_variance, x._data.var(axis=over))
            return batch_norm(x, gamma, beta, eps=self.epsilon)
        factor = gamma / np.sqrt(self.moving_variance + self.epsilon)
        return x * factor + (beta - self.moving_mean * factor)

    def _follow(self, moving, value):
        moving._data += (1 - self.momentum) * (value - moving._data)
        moving.touch()
