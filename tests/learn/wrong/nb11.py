"""Wrong answers of notebook 11, and words that the check must find for them."""
import numpy as np


def windows(image, kernel):
    return (np.lib.stride_tricks.sliding_window_view(image, kernel.shape) * kernel).sum(axis=(2, 3))


def padded(image, kernel):
    height, width = kernel.shape
    return windows(np.pad(image, ((0, height - 1), (0, width - 1))), kernel)


def field(late=False, strides=True, alone=1):
    def receptive_field(layers):
        seen, step = alone, 1
        for width, stride in layers:
            step *= stride if late else 1
            seen += (width - 1) * step
            step *= stride if strides and not late else 1
        return seen
    return receptive_field


def heat(weights=lambda g: g.mean(axis=(0, 1)), cut=lambda z: np.maximum(z, 0)):
    return lambda maps, gradient: cut((maps * weights(gradient)).sum(axis=-1))


WRONG = {
    "11.convolve": [
        (lambda image, kernel: ..., "not done yet"),
        (lambda image, kernel: windows(image, kernel[::-1, ::-1]), "upside down"),
        (padded, "wholly on the image"),
        (lambda image, kernel: windows(image, np.ones_like(kernel)), "weights of the kernel"),
        (lambda image, kernel: windows(image, kernel)[:-1, :-1], "range(H - k + 1)"),
    ],
    "11.receptive_field": [
        (lambda layers: None, "not done yet"),
        (field(late=True), "only counts for the layers behind"),
        (field(strides=False), "steps are larger"),
        (field(alone=0), "One unit by itself sees 1"),
    ],
    "11.kernel_gradient": [
        (lambda image, g: windows(image, g)[::-1, ::-1], "upside down"),
        (lambda image, g: windows(image, g) / g.size, "took their mean"),
        (lambda image, g: g * image[:g.shape[0], :g.shape[1]], "the shape of g"),
        (lambda image, g: -windows(image, g), "sign is wrong"),
    ],
    "11.grad_cam": [
        (lambda maps, gradient: ..., "not done yet"),
        (heat(cut=lambda z: z), "above 0"),
        (heat(cut=np.abs), "no |x|"),
        (heat(weights=lambda g: g), "One weight for each map"),
        (heat(weights=lambda g: g.sum(axis=(0, 1))), "not the sum"),
    ],
}
