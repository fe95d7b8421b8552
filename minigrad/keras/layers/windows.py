"""More layers of windows: convolutions and poolings of sequences, transposed and depthwise ones, and borders of images.

A sequence (batch, time, features) is an image of one row, so Conv1D and the poolings of sequences are those of images;
a transposed convolution is the derivative of a convolution by its image; a depthwise one doesn't sum over channels.
"""
from ...engine.ops.conv import conv2d
from ...engine.ops.convolutions import conv, conv_transpose
from ...engine.ops.shapes import pad
from ...support.arguments import shown, whole
from .convolution import IMAGES, SEQUENCES, AveragePooling2D, Conv2D, MaxPooling2D, Places, UpSampling2D


def _one(name, value):
    """A whole number of at least 1, given alone or as the one entry of a list."""
    return whole(name, value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value)


class Conv1D(Conv2D):
    """y = f(w * x + b), a filter at every place of a sequence: (B, T, C) to (B, T', filters).

    padding     "valid", "same" as in Conv2D, or "causal": zeros before the sequence, so that y[t] sees no later x
    Weights: kernel w (kernel_size, C, filters), bias b (filters,).
    """
    input_axes = SEQUENCES

    def __init__(self, filters, kernel_size, strides=1, padding="valid", *, dilation_rate=1, **kwargs):
        kind = type(self).__name__
        self.causal = str(padding).lower() == "causal"
        super().__init__(filters, (1, _one(f"{kind}: kernel_size", kernel_size)),
                         (1, _one(f"{kind}: strides", strides)), "valid" if self.causal else padding,
                         dilation_rate=(1, _one(f"{kind}: dilation_rate", dilation_rate)), **kwargs)

    def kernel_shape(self, channels):
        return super().kernel_shape(channels)[1:]

    def convolve(self, x):
        padding = "causal" if self.causal else self.padding
        return conv(x, self.kernel, self.strides[1], padding, self.dilation_rate[1], self.groups)


class _OneRow(Places):
    """What self.images, a layer of images, does to a sequence, an image of one row."""
    input_axes = SEQUENCES

    def _children(self):
        return ()

    def places(self, x):
        y = self.images.places(x[:, None])
        return y.reshape(y.shape[0], *y.shape[2:])


class _Pooling1D(_OneRow):
    def __init__(self, pool_size=2, strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.pool_size = _one(f"{kind}: pool_size", pool_size)
        self.strides = self.pool_size if strides is None else _one(f"{kind}: strides", strides)
        self.images = self.of_images((1, self.pool_size), (1, self.strides), padding, name="images")


class MaxPooling1D(_Pooling1D):
    """The largest value of each window, for each feature: (B, T, C) to (B, T', C)."""
    of_images = MaxPooling2D


class AveragePooling1D(_Pooling1D):
    """The mean of each window, of what lies within the sequence: (B, T, C) to (B, T', C)."""
    of_images = AveragePooling2D


class UpSampling1D(_OneRow):
    """Each step `size` times: (B, T, C) to (B, T · size, C)."""

    def __init__(self, size=2, **kwargs):
        super().__init__(**kwargs)
        self.images = UpSampling2D((1, _one("UpSampling1D: size", size)), name="images")


class Conv2DTranspose(Conv2D):
    """The derivative of a convolution by its image, as a layer: (B, h, w, C) to (B, H, W, filters), larger by strides.

    Each pixel adds a copy of the filters, times its value: H = s h with "same", s h + max(k - s, 0) with "valid", k
    being the length of the dilated filters.
    output_padding  p, a number or one for each axis, below the strides: H = s (h - 1) + p + k with "valid", and with
                    "same" + 1 in the place of k where it is odd, + 0 where it is even
    Weights: kernel (rows, columns, filters, C), bias (filters,).  (Zeiler et al. 2010)
    """

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", *, output_padding=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, **kwargs)
        self.output_padding = _below(f"{type(self).__name__}: output_padding", output_padding, self.strides)

    def kernel_shape(self, channels):
        return *self.kernel_size, self.filters, channels

    def convolve(self, x):
        if self.output_padding:
            return _transposed(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.output_padding)
        return conv_transpose(x, self.kernel, self.strides, self.padding, self.dilation_rate)


class Conv1DTranspose(Conv1D):
    """Conv2DTranspose of sequences: (B, t, C) to (B, T, filters).  Weights: kernel (k, filters, C), bias (filters,)."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", *, output_padding=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, **kwargs)
        self.output_padding = _below(f"{type(self).__name__}: output_padding", output_padding, self.strides[1:])

    def kernel_shape(self, channels):
        return self.kernel_size[1], self.filters, channels

    def convolve(self, x):
        (_, stride), (_, dilation) = self.strides, self.dilation_rate
        if self.output_padding:
            return _transposed(x, self.kernel, [stride], self.padding, [dilation], self.output_padding)
        return conv_transpose(x, self.kernel, stride, self.padding, dilation)


def _below(name, value, strides):
    """A number for each axis, below its stride, or None."""
    if value is None:
        return None
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * len(strides)
    if len(values) != len(strides) or not all(p < s for p, s in zip(values, strides)):
        raise ValueError(f"{name} must be one number, or one for each axis, below the strides {strides}, not "
                         f"{shown(value)}")
    return values


def _transposed(x, w, strides, padding, dilation, more):
    """conv_transpose whose lengths are those that output_padding, `more`, asks for."""
    one = len(strides) == 1
    y = conv_transpose(x, w, strides[0] if one else strides, (0, 0) if one else ((0, 0), (0, 0)),
                       dilation[0] if one else dilation)                    # s (h - 1) + k of each axis
    for axis, (h, k, s, d, p) in enumerate(zip(x.shape[1:-1], w.shape, strides, dilation, more), 1):
        k = (k - 1) * d + 1
        same = padding == "same"
        start = max(k - 1 - (k + k % 2 - 1 + p) // 2, 0) if same else 0
        end = start + s * (h - 1) + p + (k % 2 if same else k)
        zeros = [(0, max(end - y.shape[i], 0) if i == axis else 0) for i in range(y.ndim)]
        y = pad(y, zeros)[(slice(None),) * axis + (slice(start, end),)]
    return y


class DepthwiseConv2D(Conv2D):
    """A convolution of each channel with filters of its own: (B, H, W, C) to (B, H', W', C · depth_multiplier).

    Weights: kernel (rows, columns, C, depth_multiplier), bias (C · depth_multiplier,).
    """
    weight_options = {"kernel": "depthwise", "bias": "bias"}

    def __init__(self, kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1, *,
                 depthwise_initializer="glorot_uniform", **kwargs):
        super().__init__(1, kernel_size, strides, padding, kernel_initializer=depthwise_initializer, **kwargs)
        self.depth_multiplier = whole("DepthwiseConv2D: depth_multiplier", depth_multiplier)

    def kernel_shape(self, channels):
        self.filters = channels * self.depth_multiplier
        return *self.kernel_size, channels, self.depth_multiplier

    def convolve(self, x):
        return each_channel(x, self.kernel, self.strides, self.padding, self.dilation_rate)


class SeparableConv2D(Conv2D):
    """A depthwise convolution, and then a convolution of single pixels that mixes the channels: fewer weights.

    Weights: depthwise_kernel (rows, columns, C, depth_multiplier), kernel (1, 1, C · depth_multiplier, filters), bias.
    (Chollet 2016)
    """
    weight_options = {"depthwise_kernel": "depthwise", "kernel": "pointwise", "bias": "bias"}

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", *, depth_multiplier=1,
                 depthwise_initializer="glorot_uniform", pointwise_initializer="glorot_uniform", **kwargs):
        super().__init__(filters, kernel_size, strides, padding, kernel_initializer=pointwise_initializer, **kwargs)
        self.depth_multiplier = whole("SeparableConv2D: depth_multiplier", depth_multiplier)
        self.depthwise_initializer = depthwise_initializer

    def build(self, input_shape):
        self.depthwise_kernel = self.add_weight("depthwise_kernel", (
            *self.kernel_size, input_shape[-1], self.depth_multiplier), self.depthwise_initializer)
        super().build(input_shape)

    def kernel_shape(self, channels):
        return 1, 1, channels * self.depth_multiplier, self.filters

    def convolve(self, x):
        y = each_channel(x, self.depthwise_kernel, self.strides, self.padding, self.dilation_rate)
        return conv2d(y, self.kernel)


class SeparableConv1D(_OneRow):
    """SeparableConv2D of a sequence: (B, T, C) to (B, T', filters); its weights are images', of one row."""
    weight_options = SeparableConv2D.weight_options

    def __init__(self, filters, kernel_size, strides=1, padding="valid", *, dilation_rate=1, activation=None,
                 depth_multiplier=1, use_bias=True, data_format=None, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        of_weights = {k: kwargs[k] for k in kwargs if k.rpartition("_")[0] in self.weight_options.values()}
        super().__init__(data_format=data_format, **kwargs)
        kind = type(self).__name__
        self.images = SeparableConv2D(
            filters, (1, _one(f"{kind}: kernel_size", kernel_size)), (1, _one(f"{kind}: strides", strides)), padding,
            dilation_rate=(1, _one(f"{kind}: dilation_rate", dilation_rate)), activation=activation,
            depth_multiplier=depth_multiplier, use_bias=use_bias, depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer, bias_initializer=bias_initializer, name="images",
            dtype=self._cast, **of_weights)

    def _children(self):
        return self.images._children()

    def build(self, input_shape):
        self._features = input_shape[-1]
        self.images.build((None, 1, *input_shape[1:]))


def each_channel(x, w, strides, padding, dilation=1):
    """Images (B, H, W, C) with filters (rows, columns, C, M) for each channel: (B, H', W', C · M)."""
    return conv(x, w.reshape(*w.shape[:2], 1, -1), strides, padding, dilation, groups=x.shape[-1])


def _borders(name, value):
    """((top, bottom), (left, right)) from one number, two, or two pairs."""
    rows_and_columns = value if isinstance(value, (list, tuple)) else (value, value)
    both = [side if isinstance(side, (list, tuple)) else (side, side) for side in rows_and_columns]
    if len(both) != 2 or any(len(side) != 2 for side in both):
        raise ValueError(f"{name} must be a whole number, two, or two pairs, not {shown(value)}")
    return tuple(tuple(whole(name, n, low=0) for n in side) for side in both)


class ZeroPadding2D(Places):
    """A border of zeros around images; padding is one number, (rows, columns), or ((top, bottom), (left, right))."""
    input_axes = IMAGES

    def __init__(self, padding=(1, 1), **kwargs):
        super().__init__(**kwargs)
        self.padding = _borders("ZeroPadding2D: padding", padding)

    def places(self, x):
        return pad(x, ((0, 0), *self.padding, (0, 0)))


class Cropping2D(Places):
    """Images without their border; cropping as padding in ZeroPadding2D."""
    input_axes = IMAGES

    def __init__(self, cropping=((0, 0), (0, 0)), **kwargs):
        super().__init__(**kwargs)
        self.cropping = _borders("Cropping2D: cropping", cropping)

    def places(self, x):
        (top, bottom), (left, right) = self.cropping
        height, width = x.shape[1] - top - bottom, x.shape[2] - left - right
        if height < 1 or width < 1:
            raise ValueError(f"{self._label}: nothing is left of images {x.shape}")
        return x[:, top:top + height, left:left + width]


