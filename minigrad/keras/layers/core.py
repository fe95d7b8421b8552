"""The plain layers: dense, activation, embedding, masking, and those that only change shapes."""
import math

import numpy as np

from ...engine import backend
from ...engine.ops.arithmetic import where
from ...engine.ops.indexing import embedding
from ...engine.ops.matmul import linear
from ...engine.ops.neural import softmax
from ...engine.ops.nonlinear import leaky_relu
from ...engine.ops.shapes import concatenate, moveaxis
from ...engine.tensor import Tensor
from ...support.arguments import shown
from ...support.explaining import explained
from .. import activations
from ..symbols import Symbolic, SymbolicCall
from .base import Layer
from .budget import is_limited
from .inputs import examples


class InputLayer(Layer):
    """Says what shape one example has, so that a Sequential that starts with it has its weights at once.

    shape   without the batch; None for a length that varies
    dtype   "float32", or "int32" for indices
    """

    def __init__(self, shape, *, dtype="float32", **kwargs):
        super().__init__(**kwargs)
        self.input_shape, self.dtype, self.built = (None, *shape), np.dtype(dtype), True

    def call(self, x):
        return x

    def symbol(self):
        """A Symbolic of this shape."""
        self._called, self.output_shape = SymbolicCall(self), self.input_shape
        self._called.outputs = Symbolic(examples(self.input_shape[1:], self.dtype), self._called)
        return self._called.outputs


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
    weight_options = {"kernel": "kernel", "bias": "bias"}
    supports_masking = True

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.units, self.use_bias = at_least_1("Dense: units", units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape):
        self._features = input_shape[-1]
        self.kernel = self.add_weight("kernel", (self._features, self.units), self.kernel_initializer)
        self.bias = self.add_weight("bias", (self.units,), self.bias_initializer) if self.use_bias else None

    def call(self, x):
        y = linear(x, self.kernel, self.bias) if self.use_bias else x @ self.kernel
        return self.activation(y)


class Activation(Layer):
    """y = f(x), elementwise or along the last axis: Activation("relu"), Activation("softmax")."""
    input_axes = "..."
    supports_masking = True

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x):
        return self.activation(x)


class ReLU(Layer):
    """y = max(x, 0); in general y = x from threshold to max_value, max_value above, negative_slope · (x - threshold)
    below."""
    input_axes = "..."
    supports_masking = True

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, x):
        if self.threshold:
            y = where(x >= self.threshold, x, self.negative_slope * (x - self.threshold))
        else:
            y = leaky_relu(x, slope=self.negative_slope) if self.negative_slope else activations.relu(x)
        return y if self.max_value is None else y.clip(max=self.max_value)


class Softmax(Layer):
    """y = eˣ / Σ eˣ over an axis; where a mask of x's shape is False, y is 0."""
    input_axes = "..."
    supports_masking = True

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x, mask=None):
        mask = None if mask is None or mask.ndim < x.ndim else mask._data       # one of steps says nothing of features
        return softmax(x, axis=self.axis, where=mask)


class Masking(Layer):
    """Steps whose features all equal mask_value are padding: they become 0, and the mask says so to later layers."""
    input_axes = "batch, ..., features"

    def __init__(self, mask_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, x):
        return where((x != self.mask_value).any(axis=-1, keepdims=True), x, 0)

    def compute_mask(self, inputs, mask=None):
        return (inputs != self.mask_value).any(axis=-1)


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
    """Each example as one vector: (batch, ...) to (batch, n).  data_format="channels_first": channels go last before.
    """
    input_axes = "batch, ..."

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"

    def call(self, x):
        x = moveaxis(x, 1, -1) if self.data_format == "channels_first" and x.ndim > 2 else x
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
    supports_masking = True

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, x):
        return x * self.scale + self.offset


class Embedding(Layer):
    """A learned vector for each of input_dim indices: integers (...) to (..., output_dim).

    mask_zero   index 0 is padding: the output has a mask, x != 0
    weights     the vectors to begin with, an array (input_dim, output_dim)
    Weight: embeddings (input_dim, output_dim).  Whole numbers stored as floats are taken as indices too.
    """
    weight_options = {"embeddings": "embeddings"}

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform", *, mask_zero=False, weights=None,
                 input_length=None, **kwargs):
        super().__init__(**kwargs)
        self.input_dim = at_least_1("Embedding: input_dim", input_dim)
        self.output_dim = at_least_1("Embedding: output_dim", output_dim)
        self.embeddings_initializer, self.mask_zero = embeddings_initializer, mask_zero
        self.supports_masking = mask_zero
        self._given = [weights] if hasattr(weights, "shape") else weights       # input_length: of Keras 2, not needed

    def build(self, input_shape):
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)
        if self._given is not None and not is_limited():
            self.assign({"embeddings": self._given[0]}, f"{self._label}: weights")

    def compute_mask(self, inputs, mask=None):
        return inputs != 0 if self.mask_zero else None

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)         # a file of weights has them
        return config

    def call(self, x):
        indices = x._data
        if indices.dtype.kind != "i":
            whole = indices.astype(np.int64)
            if (whole != indices).any():
                raise TypeError(f"{self._label} takes whole numbers as indices, not {indices.dtype} such as "
                                f"{indices[whole != indices][0]}")
            x, indices = Tensor(whole), whole
        if backend.device_of(indices) == "cpu" and indices.size:        # on a GPU, looking would mean waiting
            if not 0 <= indices.min() <= indices.max() < self.input_dim:
                wrong = indices[(indices < 0) | (indices >= self.input_dim)][0]
                raise IndexError(f"{self._label} has rows 0 to {self.input_dim - 1}, got index {wrong}")
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
