"""The plain layers: dense, activation, dropout, embedding, and those that only change shapes."""
import math

import numpy as np

from ...engine import backend
from ...engine.ops.indexing import embedding
from ...engine.ops.matmul import linear
from ...engine.ops.neural import dropout
from ...engine.ops.shapes import concatenate
from ...engine.tensor import Tensor
from ...support.arguments import shown
from ...support.explaining import explained
from .. import activations
from ..symbols import Symbolic, SymbolicCall
from .base import Layer
from .budget import check_input


class InputLayer(Layer):
    """Says what shape one example has, so that a Sequential that starts with it has its weights at once.

    shape   without the batch; None for a length that varies
    dtype   "float32", or "int32" for indices
    """

    def __init__(self, shape, *, dtype="float32", **kwargs):
        super().__init__(**kwargs)
        self.input_shape, self.dtype = (None, *shape), np.dtype(dtype)

    def call(self, x):
        return x

    def symbol(self):
        """A Symbolic of this shape; where lengths are open its examples have 16 and 17, or, for images, 32 and 33."""
        lengths = self.input_shape[1:]
        least = 32 if lengths.count(None) > 1 else 16
        shapes = [[1, *(least + k if n is None else n for n in lengths)] for k in range(2 if None in lengths else 1)]
        for shape in shapes:
            check_input(shape)
        self.called, self.output_shape = SymbolicCall(self), self.input_shape
        self.called.outputs = Symbolic([Tensor(backend.asarray(np.zeros(s, self.dtype))) for s in shapes], self.called)
        return self.called.outputs


@explained
def Input(shape=None, batch_size=None, dtype=None, *, batch_shape=None, name=None):
    """A symbolic tensor, for layers to be called on: Input((28, 28, 1)); or the first entry of a Sequential.

    shape       of one example, without the batch; None for a length that varies.  Or batch_shape, with the batch, whose
                length, like batch_size, only says what is planned: batches of any length are taken
    dtype       "float32", or "int32" for indices
    """
    if (shape is None) == (batch_shape is None):
        raise ValueError("Input needs a shape, or a batch_shape")
    return InputLayer(batch_shape[1:] if shape is None else shape, dtype=dtype or "float32", name=name).symbol()


class Dense(Layer):
    """y = f(x W + b): n features (..., n) to `units` features (..., units).

    Weights: kernel W (n, units), bias b (units,).
    """
    input_axes = "batch, ..., features"

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.use_bias = at_least_1("Dense: units", units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer = kernel_regularizer

    def build(self, input_shape):
        self.features = input_shape[-1]
        self.kernel = self.add_weight("kernel", (self.features, self.units), self.kernel_initializer,
                                      regularizer=self.kernel_regularizer)
        self.bias = self.add_weight("bias", (self.units,), self.bias_initializer) if self.use_bias else None

    def call(self, x):
        y = linear(x, self.kernel, self.bias) if self.use_bias else x @ self.kernel
        return self.activation(y)


class Activation(Layer):
    """y = f(x), elementwise or along the last axis: Activation("relu"), Activation("softmax")."""
    input_axes = "..."

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x):
        return self.activation(x)


class ReLU(Activation):
    """y = max(x, 0)."""

    def __init__(self, **kwargs):
        super().__init__("relu", **kwargs)


class Softmax(Activation):
    """y = eˣ / Σ eˣ over the last axis."""

    def __init__(self, **kwargs):
        super().__init__("softmax", **kwargs)


class Dropout(Layer):
    """In training, each element is 0 with probability rate, the others are divided by 1 - rate; else y = x."""
    input_axes = "..."

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate must be in [0, 1), not {shown(rate)}")
        self.rate = rate

    def call(self, x, training=False):
        return dropout(x, self.rate) if training else x


class TimeEmbedding(Layer):
    """Numbers t (B,) as vectors (B, features), of sines and cosines of t · frequency: near numbers have near vectors.

    The frequencies go from 1 down to 1 / longest by equal factors; scale multiplies t first: 1000 for a t from 0 to 1.
    (Vaswani et al. 2017, for positions; Ho et al. 2020, for the time of a diffusion)
    """
    input_axes = "batch"

    def __init__(self, features, longest=10_000.0, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.dim = at_least_1("TimeEmbedding: features", features)
        if features % 2 or not longest > 1:
            raise ValueError(f"TimeEmbedding: features must be even and longest above 1, got {features} and {longest}")
        self.longest, self.scale = longest, scale

    def call(self, x):
        half = self.dim // 2
        frequencies = self.scale * self.longest ** -np.linspace(0, 1, half)
        angle = x.reshape(-1, 1) * backend.asarray(frequencies, x.dtype, x.device)          # (B, features / 2)
        return concatenate([np.sin(angle), np.cos(angle)], axis=1)


class Flatten(Layer):
    """Each example as one vector: (batch, ...) to (batch, n)."""
    input_axes = "batch, ..."

    def call(self, x):
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class Reshape(Layer):
    """Each example in another shape: (batch, ...) to (batch, *target_shape), of which one length may be -1."""
    input_axes = "batch, ..."

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, x):
        return x.reshape(x.shape[0], *self.target_shape)


class Rescaling(Layer):
    """y = x · scale + offset, for example Rescaling(1 / 255) for bytes."""
    input_axes = "..."

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, x):
        return x * self.scale + self.offset


class Embedding(Layer):
    """A learned vector for each of input_dim indices: integers (...) to (..., output_dim).

    Weight: embeddings (input_dim, output_dim).  Whole numbers stored as floats are taken as indices too.
    """

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.input_dim = at_least_1("Embedding: input_dim", input_dim)
        self.output_dim = at_least_1("Embedding: output_dim", output_dim)
        self.embeddings_initializer = embeddings_initializer

    def build(self, input_shape):
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)

    def call(self, x):
        indices = x._data
        if indices.dtype.kind != "i":
            whole = indices.astype(np.int64)
            if (whole != indices).any():
                raise TypeError(f"{self.label} takes whole numbers as indices, not {indices.dtype} such as "
                                f"{indices[whole != indices][0]}")
            x, indices = Tensor(whole), whole
        if backend.device_of(indices) == "cpu" and indices.size:        # on a GPU, looking would mean waiting
            if not 0 <= indices.min() <= indices.max() < self.input_dim:
                wrong = indices[(indices < 0) | (indices >= self.input_dim)][0]
                raise IndexError(f"{self.label} has rows 0 to {self.input_dim - 1}, got index {wrong}")
        return embedding(self.embeddings, x)


def at_least_1(name, value):
    """value as an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {shown(value)}")
    return int(value)


def pair(name, value):
    """A number for both axes, or one for each, as a tuple of two ints."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be one number or two, not {shown(value)}")
    return tuple(at_least_1(name, v) for v in values)
