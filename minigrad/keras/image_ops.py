"""keras.ops.image: images (H, W, C) or (N, H, W, C) of another size or colour, or cut into patches."""
from ..engine.ops.conv import borders_of, windows
from ..engine.ops.shapes import moveaxis, pad
from ..support.arguments import shown
from .layers.core import pair
from .layers.inputs import as_tensors
from .layers.preparing import Resizing
from .symbols import defers


@defers
def resize(images, size, interpolation="bilinear", antialias=False, crop_to_aspect_ratio=False,
           pad_to_aspect_ratio=False, fill_mode="constant", fill_value=0.0, data_format="channels_last"):
    """Images of size (height, width), as the layer Resizing makes them."""
    if antialias or fill_mode != "constant":
        raise ValueError("resize: antialias=True and other fill_modes than \"constant\" are not supported")
    return Resizing(*pair("resize: size", size), interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio,
                    fill_value=fill_value, data_format=data_format)(images)


@defers
def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format="channels_last"):
    """The windows of images, each as one vector: (N, H, W, C) to (N, H', W', rows · columns · C); the windows lie side
    by side, or strides apart."""
    if dilation_rate not in (1, (1, 1)):
        raise ValueError(f"extract_patches: dilation_rate must be 1, not {shown(dilation_rate)}")
    x, size = _last(images, data_format), pair("extract_patches: size", size)
    strides = size if strides is None else pair("extract_patches: strides", strides)
    batch = x if x.ndim == 4 else x[None]
    v = windows(pad(batch, ((0, 0), *borders_of(batch.shape[1:3], size, strides, padding), (0, 0))), size=size,
                strides=strides)
    y = v.reshape(*v.shape[:3], size[0] * size[1] * x.shape[-1])
    y = y if x.ndim == 4 else y[0]
    return moveaxis(y, -1, -3) if data_format == "channels_first" else y


@defers
def rgb_to_grayscale(images, data_format="channels_last"):
    """0.299 red + 0.587 green + 0.114 blue: (..., 3) to (..., 1).  (ITU-R BT.601)"""
    x = _last(images, data_format)
    y = 0.2989 * x[..., :1] + 0.587 * x[..., 1:2] + 0.114 * x[..., 2:]
    return moveaxis(y, -1, -3) if data_format == "channels_first" else y


def _last(images, data_format):
    x = as_tensors(images)
    if x.ndim not in (3, 4):
        raise ValueError(f"images are (H, W, C) or (N, H, W, C), not of shape {x.shape}")
    return moveaxis(x, -3, -1) if data_format == "channels_first" else x


FUNCTIONS = {f.__name__: f for f in (resize, extract_patches, rgb_to_grayscale)}
