"""Exercises of notebook 11: convolutions and LeNet."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same


def _case(most=6):
    """(height, width, kernel height, kernel width, seed), the kernel never larger than the image."""
    from hypothesis import strategies as st
    size = st.integers(1, 3)
    return dict(more=st.tuples(st.integers(0, most - 3), st.integers(0, most - 3)), size=st.tuples(size, size),
                seed=st.integers(0, 999))


def _arrays(more, size, seed):
    """An image and an array that slides on it, of small whole numbers."""
    rng = np.random.default_rng(seed)
    image_shape = size[0] + more[0], size[1] + more[1]
    return rng.integers(-3, 4, image_shape).astype(float), rng.integers(-3, 4, size).astype(float)


def _windows(image, kernel):
    """The sum of products at each place: (H - k + 1, W - l + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


convolve = exercise("11.convolve", "at each place the sum of kernel times window",
                    "y[i, j] = (image[i:i + k, j:j + l] * kernel).sum(), for all i up to H - k and all j up to W - l.")


@convolve.property
def _(answer):
    def property(more, size, seed):
        image, kernel = _arrays(more, size, seed)
        got, expected = call(answer, image.copy(), kernel.copy()), _windows(image, kernel)
        try:
            same(got, expected, f"of image {image.tolist()} and kernel {kernel.tolist()} the map")
        except Wrong as wrong:
            words = ""
            if np.shape(got) == image.shape != expected.shape:
                words = " Only places where the kernel lies wholly on the image count."
            elif np.shape(got) == expected.shape and np.allclose(got, _windows(image, kernel[::-1, ::-1])):
                words = " You turned the kernel upside down; slide it as it is."
            elif np.shape(got) == expected.shape and np.allclose(got, _windows(image, np.ones_like(kernel))):
                words = " The weights of the kernel are missing."
            elif np.ndim(got) == 2 and np.shape(got) == tuple(n - 1 for n in expected.shape):
                words = " The last row and the last column are missing: range(H - k + 1)."
            raise Wrong(f"{wrong}{words}") from None
    for_all(property, **_case())


field = exercise("11.receptive_field", "1 + the sum of (width - 1) times the strides before",
                 "keep two numbers: how many pixels one unit has seen, and how many pixels lie between two neighbours. "
                 "A window adds (width - 1) such steps; a stride multiplies the step.")


@field.property
def _(answer):
    from hypothesis import strategies as st

    def property(layers):
        seen = step = late = first = 1
        for width, stride in layers:
            late += (width - 1) * step * stride     # the stride counted already in its own layer
            first += width - 1                      # no strides at all
            seen += (width - 1) * step
            step *= stride
        got = call(answer, list(layers))
        if not np.array_equal(got, seen):
            why = {seen - 1: " One unit by itself sees 1.", late: " A stride only counts for the layers behind it.",
                   first: " Behind a stride, steps are larger."}.get(got if np.shape(got) == () else None, "")
            raise Wrong(f"got {got}, expected {seen}.{why}")
    for_all(property, layers=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=4))


gradient = exercise("11.kernel_gradient", "the image convolved with g",
                    "the weight k[a, b] met image[a:a + h, b:b + w], each pixel at one place of g, (h, w).")


@gradient.property
def _(answer):
    def property(more, size, seed):
        image, g = _arrays(more, size, seed)        # g slides on the image as the kernel did
        got, expected = call(answer, image.copy(), g.copy()), _windows(image, g)
        try:
            same(got, expected, f"for image {image.tolist()} and g {g.tolist()} the gradient")
        except Wrong as wrong:
            words = ""
            if np.shape(got) == expected.shape and np.allclose(got, expected[::-1, ::-1]):
                words = " It is upside down."
            elif np.shape(got) == expected.shape and np.allclose(got, expected / g.size):
                words = " Places add up; you took their mean."
            elif np.shape(got) == g.shape != expected.shape:
                words = " That is the shape of g; the kernel's is (H - h + 1, W - w + 1)."
            raise Wrong(f"{wrong}{words}") from None
    for_all(property, **_case())


cam = exercise("11.grad_cam", "maps weighted by their mean gradient, added, what is below 0 cut off",
               "gradient.mean(axis=(0, 1)) has a weight for each channel; multiply, sum over channels, "
               "np.maximum with 0.")


@cam.property
def _(answer):
    from hypothesis import strategies as st

    def property(height, width, channels, seed):
        rng = np.random.default_rng(seed)
        maps = rng.integers(0, 4, (height, width, channels)).astype(float)
        gradient = rng.integers(-2, 3, maps.shape).astype(float)
        weighted = (maps * gradient.mean(axis=(0, 1))).sum(axis=-1)
        got, expected = call(answer, maps.copy(), gradient.copy()), np.maximum(weighted, 0)
        try:
            same(got, expected, f"for maps {maps.tolist()} and gradient {gradient.tolist()} the heat")
        except Wrong as wrong:
            words = ""
            if np.shape(got) == expected.shape:
                for other, meaning in ((weighted, "Keep only what speaks for the class: above 0."),
                                       (np.abs(weighted),
                                        "What speaks against the class is not for it: cut off, no |x|."),
                                       (np.maximum((maps * gradient).sum(-1), 0),
                                        "One weight for each map: the mean of its gradient over all places."),
                                       (np.maximum(weighted * height * width, 0),
                                        "The mean over places, not the sum.")):
                    if np.allclose(got, other):
                        words = f" {meaning}"
                        break
            raise Wrong(f"{wrong}{words}") from None
    for_all(property, height=st.integers(1, 3), width=st.integers(1, 3), channels=st.integers(1, 3),
            seed=st.integers(0, 999))
