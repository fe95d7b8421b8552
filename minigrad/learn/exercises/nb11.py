"""Exercises of notebook 11: convolutions and LeNet."""
import numpy as np
from hypothesis import strategies as st

from ..checking import exercise
from ..drawing import made, normal, whole


def _slide(rng, height, width, rows, columns):
    """An image, and an array that fits on it."""
    return normal(rng, height + rows - 1, width + columns - 1), normal(rng, rows, columns) + 0.05


SIZES = dict(height=whole(1, 4), width=whole(1, 4), rows=whole(1, 3), columns=whole(1, 3))


def _windows(image, kernel):
    """The sum of products at each place: (H - k + 1, W - l + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


def _padded(image, kernel):
    rows, columns = kernel.shape
    return _windows(np.pad(image, ((0, rows - 1), (0, columns - 1))), kernel)


TURNED = [(lambda image, kernel: _windows(image, kernel[::-1, ::-1]),
           "You turned it upside down and left to right; slide it as it "
                                                                      "is."),
          (lambda image, kernel: _windows(image, kernel[:, ::-1]), "You turned it left to right; slide it as it is."),
          (lambda image, kernel: _windows(image, kernel[::-1]), "You turned it upside down; slide it as it is.")]

exercise(
    "11.convolve", "at each place the sum of kernel times window",
    "at how many places does a kernel of k rows lie wholly on an image of H rows?",
    "H - k + 1. At place (i, j) it lies on image[i:i + k, j:j + l]; multiply number by number, and add up.",
    "np.zeros of the right shape, then two loops over its places.",
).equals(_windows, "the map", made(_slide, **SIZES), [
    *[(f, f"Of the kernel: {words[0].lower()}{words[1:]}") for f, words in TURNED],
    (lambda image, kernel: _windows(image, np.ones_like(kernel)), "The weights of the kernel are missing."),
    (_padded, "Only places where the kernel lies wholly on the image count."),
    (lambda image, kernel: _windows(image, kernel)[:-1, :-1],
     "The last row and the last column are missing: range(H - k + 1)."),
    (lambda image, kernel: _windows(image, kernel) / kernel.size, "Add up: no mean.")], examples=100)


# -- receptive field -------------------------------------------------------------------------------------------------
def _field(layers, late=False, strides=True, alone=1):
    seen, step = alone, 1
    for width, stride in layers:
        seen += (width - 1) * step * (stride if late else 1)
        step *= stride if strides else 1
    return seen


exercise(
    "11.receptive_field", "1 + the sum of (width - 1) times the strides before",
    "how far apart, in pixels of the image, are two neighbouring units after a stride of 2? And after two such "
    "strides?",
    "keep two numbers while you go through the layers: how many pixels one unit has seen, and how many lie between two "
    "neighbours.",
    "a window of `width` neighbours adds width - 1 such steps. When does the layer's own stride make the step larger: "
    "before its window looks, or after?",
).equals(_field, "the number of pixels",
         dict(layers=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=4)), [
    (lambda layers: _field(layers, alone=0), "One unit by itself sees 1."),
    (lambda layers: _field(layers, late=True), "A stride only counts for the layers behind it."),
    (lambda layers: _field(layers, strides=False), "Behind a stride, steps are larger.")])

# -- the kernel's gradient -------------------------------------------------------------------------------------------
exercise(
    "11.kernel_gradient", "the image convolved with g",
    "which pixels did the weight k[a, b] meet while the kernel slid over the image?",
    "image[a:a + h, b:b + w], if g is (h, w): each of these pixels at one place, with the slope g there.",
    "multiply and add up: that is a convolution. The shape of the result is that of the kernel, (H - h + 1, W - w + "
    "1).",
).equals(_windows, "the kernel's gradient", made(_slide, **SIZES), [
    (lambda image, g: _windows(image, g)[::-1, ::-1], "It is upside down and left to right."),
    (lambda image, g: _windows(image, g)[::-1], "It is upside down."),
    (lambda image, g: _windows(image, g)[:, ::-1], "It is turned left to right."), *TURNED,
    (lambda image, g: _windows(image, g) / g.size, "Places add up; you took their mean."),
    (lambda image, g: g * image[:g.shape[0], :g.shape[1]], "That is the shape of g; the kernel's is (H - h + 1, W - w "
                                                           "+ 1)."),
    (lambda image, g: _windows(image, np.ones_like(g)), "g is missing.")], examples=100)


# -- Grad-CAM --------------------------------------------------------------------------------------------------------
def _maps(rng, height, width, channels):
    return normal(rng, height, width, channels), normal(rng, height, width, channels)


def _weighted(maps, gradient):
    return (maps * gradient.mean(axis=(0, 1))).sum(axis=-1)


exercise(
    "11.grad_cam", "maps weighted by their mean gradient, added, what is below 0 cut off",
    "each map gets one weight: how much the class's score rises with it, on average over all places.",
    "the mean of `gradient` over its first two axes has a number for each channel. What do you do with maps and "
    "weights?",
    "multiply, add up over the channels, then cut off what is below 0: what speaks against the class.",
).equals(lambda maps, gradient: np.maximum(_weighted(maps, gradient), 0), "the heat", made(
    _maps, height=whole(1, 3), width=whole(1, 3), channels=whole(1, 3)), [
    (_weighted, "Keep only what speaks for the class: above 0."),
    (lambda maps, gradient: np.abs(_weighted(maps, gradient)),
     "What speaks against the class is not for it: cut off, no |x|."),
    (lambda maps, gradient: np.maximum((maps * gradient).sum(-1), 0),
     "One weight for each map: the mean of its gradient over all places."),
    (lambda maps, gradient: np.maximum((maps * gradient.sum(axis=(0, 1))).sum(-1), 0),
     "The mean over places, not the sum."),
    (lambda maps, gradient: np.maximum(maps * gradient.mean(axis=(0, 1)), 0).sum(-1),
     "Add up first, then cut off below 0."),
    (lambda maps, gradient: np.maximum(maps.sum(-1), 0), "The weights are missing.")])
