"""Convolution, pooling and enlarging of images (batch, height, width, channels)."""
from ...engine.ops.arithmetic import where
from ...engine.ops.attending import boolean
from ...engine.ops.conv import avg_pool2d, bias_add, max_pool2d
from ...engine.ops.convolutions import conv, interpolate
from ...engine.ops.shapes import broadcast_to, moveaxis
from ...support.arguments import one_of, shown
from .. import activations
from .base import Layer
from .core import at_least_1, pair

IMAGES = "batch, height, width, channels"
SEQUENCES = "batch, time, features"


class Places(Layer):
    """A layer of images or sequences, of places with channels.  A subclass writes places(x), channels being last.

    data_format     "channels_last", the default; or "channels_first": (B, C, H, W) and (B, C, T), in and out
    """

    def __init__(self, *, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"

    def _checked(self, x):
        return super()._checked(moveaxis(x, 1, -1) if self.data_format == "channels_first" and x.ndim > 2 else x)

    def call(self, x):
        y = self.places(x)
        return moveaxis(y, -1, 1) if self.data_format == "channels_first" and y.ndim == x.ndim else y


class Conv2D(Places):
    """y = f(w * x + b), a filter at every place of an image: (B, H, W, C) to (B, H', W', filters).  (LeCun et al. 1989)

    kernel_size, strides    one number, or (rows, columns)
    padding                 "valid": whole windows only, H' = ⌊(H - k) / s⌋ + 1; "same": with a border, H' = ⌈H / s⌉
    dilation_rate           the windows take every d-th pixel, and are as much larger (strides must then be 1)
    groups                  the channels are cut into so many parts, each with filters / groups filters of its own
    Weights: kernel w (rows, columns, C / groups, filters), bias b (filters,).
    """
    input_axes = IMAGES
    weight_options = {"kernel": "kernel", "bias": "bias"}

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", *, dilation_rate=(1, 1), groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 **kwargs):
        super().__init__(**kwargs)
        self.filters, self.padding = at_least_1("Conv2D: filters", filters), _padding(padding)
        self.kernel_size, self.strides = pair("Conv2D: kernel_size", kernel_size), pair("Conv2D: strides", strides)
        kind = type(self).__name__
        self.dilation_rate = pair(f"{kind}: dilation_rate", dilation_rate)
        self.groups = at_least_1(f"{kind}: groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"{kind}: {filters} filters are not {groups} groups of equal size")
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape):
        self._features = input_shape[-1]
        self.kernel = self.add_weight("kernel", self.kernel_shape(self._features), self.kernel_initializer)
        self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer) if self.use_bias else None

    def kernel_shape(self, channels):
        if channels % self.groups:
            raise ValueError(f"{self._label}: {channels} channels are not {self.groups} groups of equal size")
        return *self.kernel_size, channels // self.groups, self.filters

    def convolve(self, x):
        return conv(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)

    def places(self, x):
        y = self.convolve(x)
        if self.use_bias:
            y = bias_add(y, self.bias)
        return self.activation(y)


class _Pooling2D(Places):
    input_axes = IMAGES

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.pool_size, self.padding = pair(f"{kind}: pool_size", pool_size), _padding(padding)
        self.strides = self.pool_size if strides is None else pair(f"{kind}: strides", strides)

    def places(self, x):
        return self.pool(x, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


class MaxPooling2D(_Pooling2D):
    """The largest value of each window, for each channel: (B, H, W, C) to (B, H', W', C); H' as in Conv2D."""
    pool = staticmethod(max_pool2d)


class AveragePooling2D(_Pooling2D):
    """The mean of each window, of what lies within the image, for each channel; shapes as MaxPooling2D."""
    pool = staticmethod(avg_pool2d)


class UpSampling2D(Places):
    """Images enlarged, each pixel to a rectangle: (B, H, W, C) to (B, H · rows, W · columns, C).

    size            one number, or (rows, columns)
    interpolation   "nearest": copies of the pixel; "bilinear": between it and its neighbours, each by how near it is
    """
    input_axes = IMAGES

    def __init__(self, size=(2, 2), *, interpolation="nearest", **kwargs):
        super().__init__(**kwargs)
        self.interpolation = one_of("UpSampling2D: interpolation", interpolation, ("nearest", "bilinear"))
        self.size = pair("UpSampling2D: size", size)

    def places(self, x):
        (B, H, W, C), (rows, columns) = x.shape, self.size
        if self.interpolation == "bilinear":
            return interpolate(x, size=(H * rows, W * columns), mode="bilinear")
        x = broadcast_to(x.reshape(B, H, 1, W, 1, C), shape=(B, H, rows, W, columns, C))
        return x.reshape(B, H * rows, W * columns, C)


class _GlobalPooling(Places):
    """keepdims: the axes of places stay, with length 1."""

    def __init__(self, *, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.keepdims = keepdims

    def over(self, x):
        """The axes of places, as arguments of a reduction."""
        return {"axis": tuple(range(1, x.ndim - 1)), "keepdims": self.keepdims}


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel over the whole image: (B, H, W, C) to (B, C), or (B, 1, 1, C) with keepdims."""
    input_axes = IMAGES

    def places(self, x):
        return x.mean(**self.over(x))


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel in the whole image: (B, H, W, C) to (B, C), or (B, 1, 1, C) with keepdims."""
    input_axes = IMAGES

    def places(self, x):
        return x.max(**self.over(x))


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The largest value of each feature over the sequence: (B, T, n) to (B, n), or (B, 1, n) with keepdims."""
    input_axes = SEQUENCES


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean of each feature over the sequence, its mask's padding left out: (B, T, n) to (B, n); of padding alone 0.
    """
    input_axes = SEQUENCES

    def call(self, x, mask=None):
        if mask is None:
            return super().call(x)
        real = boolean(mask, f"{self._label}: mask")[:, :, None]
        total = where(real, x, 0).sum(**self.over(x)) / real.sum(**self.over(x)).clip(1).astype(x.dtype)
        return moveaxis(total, -1, 1) if self.data_format == "channels_first" and self.keepdims else total

    def compute_mask(self, inputs, mask=None):
        return None


def _padding(padding):
    padding = padding.lower() if isinstance(padding, str) else padding
    if padding not in ("valid", "same"):
        raise ValueError(f'padding must be "valid" or "same", not {shown(padding)}')
    return padding
