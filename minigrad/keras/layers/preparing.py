"""What is done to images and numbers before a network sees them; and to images in training, at random, to have more.

Random layers change images in training alone (call them with training=True, or let fit): each image of a batch in a way
of its own, with mg.seed or a seed of their own.
"""
import numpy as np

from ...engine import backend
from ...engine.ops.arithmetic import where
from ...engine.ops.convolutions import interpolate
from ...engine.ops.indexing import getitem
from ...engine.ops.shapes import flip, moveaxis, pad
from ...engine.tensor import Tensor
from ...support.arguments import number, one_of, shown, whole
from .base import Layer
from .convolution import Places
from .inputs import as_tensors
from .noise import Noisy


class Normalization(Layer):
    """y = (x - mean) / √variance, of the numbers of each feature, which adapt(data) measures; or of those given.

    axis        where the features are; a list of several; None: one mean and one variance for all numbers
    mean, variance  numbers or arrays, instead of adapt
    invert      y = x √variance + mean
    Weights that no step changes: mean and variance of each feature, count.
    """
    input_axes = "..."
    supports_masking = True

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **kwargs):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization takes mean and variance together, or neither")
        self.axis, self.given, self.invert = axis, None if mean is None else (mean, variance), invert

    def build(self, input_shape):
        ndim, axis = len(input_shape), self.axis
        axes = [] if axis is None else list(axis) if isinstance(axis, (list, tuple)) else [axis]
        if any(not -ndim <= a < ndim for a in axes):
            raise ValueError(f"{self._label}: there is no axis {shown(axis)} in an input of shape {input_shape}")
        self.axes = sorted(a % ndim for a in axes)
        shape = tuple(input_shape[a] for a in self.axes)
        if self.axes == [ndim - 1] and (self.given is None or any(map(np.ndim, self.given))):
            self._features = shape[0]
        if None in shape:
            raise ValueError(f"{self._label}: the length of axis {shown(axis)} must be known, not {input_shape}")
        if self.given is None:
            self.mean = self.add_weight("mean", shape, "zeros", trainable=False)
            self.variance = self.add_weight("variance", shape, "ones", trainable=False)
            self.count = self.add_weight("count", (), "zeros", trainable=False)

    def adapt(self, data):
        """Measure mean and variance of data: an array, or batches of them; of (x, y) it takes x."""
        one = hasattr(data, "shape") or isinstance(data, (list, tuple)) and not any(np.ndim(d) > 1 for d in data)
        count, mean, square = 0, 0.0, 0.0
        for batch in [np.asarray(getattr(data, "_data", data))] if one else data:
            batch = backend.to_numpy(as_tensors(batch[0] if isinstance(batch, tuple) else batch)._data)
            if not self.built:
                self._build_for(Tensor(batch))
            if self.given is not None:
                raise ValueError(f"{self._label} was given its mean and variance: there is nothing to adapt")
            over = tuple(a for a in range(batch.ndim) if a not in self.axes)
            n = int(np.prod([batch.shape[a] for a in over]))        # Σ (x - mean)² of both parts together (Chan 1979)
            its_mean = batch.mean(axis=over, dtype=float)
            its_square = batch.var(axis=over, dtype=float) * n
            count, apart = count + n, its_mean - mean
            square = square + its_square + apart ** 2 * (n * (count - n) / max(count, 1))
            mean = mean + apart * (n / max(count, 1))
        if not count:
            raise ValueError(f"{self._label}: adapt was given no data")
        self.assign({"mean": mean, "variance": square / count, "count": count})

    def call(self, x):
        mean, variance = self.given or (self.mean, self.variance)
        if self.given is not None and self.axes:
            shape = tuple(x.shape[a] for a in self.axes)
            mean, variance = (np.broadcast_to(np.asarray(part, np.float32), shape) for part in self.given)
        shape = [n if a in self.axes else 1 for a, n in enumerate(x.shape)]
        mean, variance = (Tensor(backend.asarray(getattr(part, "_data", part), x.dtype, x.device)).reshape(shape)
                          for part in (mean, variance))
        scale = np.maximum(np.sqrt(variance), 1e-7)
        return x * scale + mean if self.invert else (x - mean) / scale


class Images(Places):
    """Images (B, H, W, C), or one image (H, W, C), to images.  A subclass writes change(x, training), of a batch."""
    input_axes = "..., height, width, channels"

    def _checked(self, x):
        first = self.data_format == "channels_first" and x.ndim > 2
        return super(Places, self)._checked(moveaxis(x, -3, -1) if first else x)

    def call(self, x, training=False):
        if x.ndim > 4:
            raise ValueError(f"{self._label} takes images (B, H, W, C), or one (H, W, C), not shape {x.shape}")
        y = self.change(x, training) if x.ndim == 4 else self.change(x[None], training)[0]
        return moveaxis(y, -1, -3) if self.data_format == "channels_first" else y


class Resizing(Images):
    """Images of another size: (B, H, W, C) to (B, height, width, C).

    interpolation           "bilinear" or "nearest"
    crop_to_aspect_ratio    what doesn't fit the new shape is cut off on both sides, rather than distorted
    pad_to_aspect_ratio     or a border of fill_value is added
    """
    def __init__(self, height, width, interpolation="bilinear", crop_to_aspect_ratio=False, pad_to_aspect_ratio=False,
                 *, fill_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = whole("Resizing: height", height), whole("Resizing: width", width)
        self.interpolation = one_of("Resizing: interpolation", interpolation, ("bilinear", "nearest"))
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("Resizing: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
        self.crop, self.pad, self.fill_value = crop_to_aspect_ratio, pad_to_aspect_ratio, fill_value

    def change(self, x, training):
        height, width = x.shape[1:3]
        if self.crop:
            h = min(height, int(width * self.height / self.width))
            w = min(width, int(height * self.width / self.height))
            top, left = int((height - h) / 2), int((width - w) / 2)
            x = x[:, top:top + h, left:left + w]
        elif self.pad:
            h = max(height, int(width * self.height / self.width))
            w = max(width, int(height * self.width / self.height))
            top, left = int((h - height) / 2), int((w - width) / 2)
            x = pad(x, ((0, 0), (top, top), (left, left), (0, 0)), constant_values=self.fill_value)
        mode = "nearest-exact" if self.interpolation == "nearest" else "bilinear"
        return interpolate(x, size=(self.height, self.width), mode=mode)


class CenterCrop(Images):
    """The middle of images: (B, H, W, C) to (B, height, width, C); of smaller ones what Resizing cuts and enlarges."""

    def __init__(self, height, width, **kwargs):
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.height, self.width = whole(f"{kind}: height", height), whole(f"{kind}: width", width)

    def change(self, x, training):
        rest = [n - wanted for n, wanted in zip(x.shape[1:3], (self.height, self.width))]
        if min(rest) < 0:
            return Resizing(self.height, self.width, crop_to_aspect_ratio=True, name="whole")(x)
        top, left = self.corner(rest, x)
        return x[:, top:top + self.height, left:left + self.width]

    def corner(self, rest, x):
        """Where the part begins, of as many rows and columns as there are too many."""
        return [n // 2 for n in rest]


# -- at random, in training alone ------------------------------------------------------------------------------------
class RandomImages(Images, Noisy):
    """Images changed in training; a subclass writes changed(x), of (B, H, W, C)."""

    def change(self, x, training):
        return self.changed(x) if training else x

    def between(self, low_high, x):
        """A number for each image, (B,), drawn from low to high."""
        low, high = low_high
        return low + (high - low) * self.random((len(x),), x)


class RandomFlip(RandomImages):
    """Images turned over, each with probability ½: mode "horizontal" (left and right), "vertical", or both."""

    def __init__(self, mode="horizontal_and_vertical", seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.mode = one_of("RandomFlip: mode", mode, ("horizontal", "vertical", "horizontal_and_vertical"))

    def changed(self, x):
        for axis, name in ((2, "horizontal"), (1, "vertical")):
            if name in self.mode:
                x = where(self.random((len(x), 1, 1, 1), x) <= 0.5, flip(x, axis=axis), x)
        return x


class RandomCrop(CenterCrop, Noisy):
    """A part of the images of a batch, the same of all, drawn in training: (B, H, W, C) to (B, height, width, C); else
    all that has its aspect ratio, resized."""

    def __init__(self, height, width, seed=None, **kwargs):
        super().__init__(height, width, seed=seed, **kwargs)

    def change(self, x, training):
        larger = x.shape[1] > self.height and x.shape[2] > self.width
        if training and larger:
            return super().change(x, training)
        return Resizing(self.height, self.width, crop_to_aspect_ratio=True, name="whole")(x)

    def corner(self, rest, x):
        drawn = self.random((2,), np.empty(0))      # here, wherever x is: a place is no array
        return [int(share * (n + 1)) for share, n in zip(drawn, rest)]


class RandomContrast(RandomImages):
    """y = (x - mean) · f + mean, mean of each channel of an image, f from 1 - low to 1 + high, within value_range.

    factor      (low, high), or one number for both
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        low, high = factor if isinstance(factor, (list, tuple)) else (factor, factor)
        self.factor = 1 - number("RandomContrast: factor", low, 0), 1 + number("RandomContrast: factor", high, 0)
        self.value_range = value_range

    def changed(self, x):
        mean = x.mean(axis=(1, 2), keepdims=True)
        return ((x - mean) * self.between(self.factor, x)[:, None, None, None] + mean).clip(*self.value_range)


class RandomBrightness(RandomImages):
    """y = x + f · (the width of value_range), within it; factor is (low, high) for f, or one number for (-f, f)."""

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.factor, self.value_range = _range("RandomBrightness: factor", factor), value_range

    def changed(self, x):
        low, high = self.value_range
        return (x + (high - low) * self.between(self.factor, x)[:, None, None, None]).clip(low, high)


class RandomAffine(RandomImages):
    """Images seen through a window that is turned, stretched or moved: pixel (i, j) is what lies at A (i, j) + b.

    fill_mode       what lies outside an image: "reflect" (dcba|abcd|dcba), "wrap" (abcd|abcd|abcd), "nearest"
                    (aaaa|abcd|dddd), "constant": fill_value
    interpolation   between pixels: "bilinear" or "nearest"
    A subclass writes window(x): A (B, 2, 2) and b (B, 2), arrays, for rows and columns.
    """

    def __init__(self, fill_mode="reflect", interpolation="bilinear", fill_value=0.0, **kwargs):
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.fill_mode = one_of(f"{kind}: fill_mode", fill_mode, ("reflect", "wrap", "nearest", "constant"))
        self.interpolation = one_of(f"{kind}: interpolation", interpolation, ("bilinear", "nearest"))
        self.fill_value = number(f"{kind}: fill_value", fill_value)

    def changed(self, x):
        A, b = self.window(x)
        (_, H, W, _), xp = x.shape, backend.array_module(x._data)
        rows, columns = xp.arange(H, dtype=np.float32)[:, None], xp.arange(W, dtype=np.float32)
        places = [A[:, k, 0, None, None] * rows + A[:, k, 1, None, None] * columns + b[:, k, None, None]
                  for k in (0, 1)]                                              # (B, H, W) each
        if self.interpolation == "nearest":
            return self.at(x, *(np.sign(p) * np.floor(np.abs(p) + 0.5) for p in places))
        (i, j), y = [np.floor(p) for p in places], 0
        down, right = ((p - corner).astype(x.dtype)[..., None] for p, corner in zip(places, (i, j)))
        for di, dj, share in ((0, 0, (1 - down) * (1 - right)), (0, 1, (1 - down) * right), (1, 0, down * (1 - right)),
                              (1, 1, down * right)):
            y = y + self.at(x, i + di, j + dj) * share
        return y

    def at(self, x, i, j):
        """The pixels at these rows and columns, whole numbers, (B, H, W), also of places outside."""
        inside, index = None, [backend.array_module(x._data).arange(len(x))[:, None, None]]
        for place, n in zip((i, j), x.shape[1:3]):
            if self.fill_mode == "reflect":                 # ... 1 0 0 1 ... n-2 n-1 n-1 n-2 ...
                place = place % (2 * n)
                place = np.minimum(place, 2 * n - 1 - place)
            elif self.fill_mode == "wrap":
                place = place % n
            elif self.fill_mode == "constant":
                within = (place >= 0) & (place < n)
                inside = within if inside is None else inside & within
            index.append(np.clip(place, 0, n - 1).astype(np.int64))
        y = getitem(x, index=tuple(index))
        return where(inside[..., None], y, self.fill_value) if self.fill_mode == "constant" else y

    def about_the_middle(self, A, x):
        """(A, b) that leave the middle of an image where it is."""
        middle = backend.asarray([(n - 1) / 2 for n in x.shape[1:3]], np.float32, x.device)
        return A, middle - (A * middle).sum(axis=-1)


class RandomRotation(RandomAffine):
    """Images turned about their middle by an angle drawn from factor · 2π: factor is (low, high), or f for (-f, f).

    Positive angles turn counter-clockwise.
    """

    def __init__(self, factor, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0, **kwargs):
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, **kwargs)
        self.factor = _range("RandomRotation: factor", factor)

    def window(self, x):
        angle = 2 * np.pi * self.between(self.factor, x)
        cos, sin = np.cos(angle), np.sin(angle)
        A = np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=1)
        return self.about_the_middle(A, x)


class RandomZoom(RandomAffine):
    """Images enlarged or made smaller about their middle: the window is 1 + factor times the image, so that 0.2 shows a
    larger part of it (zooms out), -0.2 a smaller one.

    height_factor, width_factor     (low, high), or f for (-f, f); without width_factor as much in width as in height
    """

    def __init__(self, height_factor, width_factor=None, fill_mode="reflect", interpolation="bilinear", seed=None,
                 fill_value=0.0, **kwargs):
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, **kwargs)
        self.height_factor = _range("RandomZoom: height_factor", height_factor)
        self.width_factor = None if width_factor is None else _range("RandomZoom: width_factor", width_factor)

    def window(self, x):
        height = 1 + self.between(self.height_factor, x)
        width = height if self.width_factor is None else 1 + self.between(self.width_factor, x)
        none = np.zeros_like(height)
        A = np.stack([np.stack([height, none], axis=-1), np.stack([none, width], axis=-1)], axis=1)
        return self.about_the_middle(A, x)


class RandomTranslation(RandomAffine):
    """Images moved down by height_factor · height and right by width_factor · width: (low, high), or f for (-f, f)."""

    def __init__(self, height_factor, width_factor, fill_mode="reflect", interpolation="bilinear", seed=None,
                 fill_value=0.0, **kwargs):
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, **kwargs)
        self.height_factor = _range("RandomTranslation: height_factor", height_factor)
        self.width_factor = _range("RandomTranslation: width_factor", width_factor)

    def window(self, x):
        factors = self.height_factor, self.width_factor
        moved = [self.between(factor, x) * n for factor, n in zip(factors, x.shape[1:3])]
        b = -np.stack(moved, axis=-1)
        same = backend.asarray(np.eye(2), np.float32, x.device)
        return np.broadcast_to(same, (len(x), 2, 2)), b


def _range(name, factor):
    """(low, high), of numbers from -1 to 1; f is (-f, f)."""
    low, high = factor if isinstance(factor, (list, tuple)) and len(factor) == 2 else (factor, factor)
    for end in (low, high):
        if number(name, end, -1) > 1:
            raise ValueError(f"{name} must be from -1 to 1, not {shown(factor)}")
    return tuple(sorted((low, high))) if isinstance(factor, (list, tuple)) else (-abs(factor), abs(factor))
