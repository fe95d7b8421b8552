"""Convolution and pooling layers against loops over every window."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad import layers
from tests.keras.layers.checks import check_layer


def borders(length, size, stride, padding):
    """(number of windows, zeros before): Keras' rule for "same", the odd one at the end."""
    if padding == "valid":
        return (length - size) // stride + 1, 0
    n = math.ceil(length / stride)
    return n, max((n - 1) * stride + size - length, 0) // 2


def windows(x, size, strides, padding):
    """For each place: the pixels of the window that lie within the image, and where in the window they lie."""
    (rows, top), (columns, left) = (borders(x.shape[1 + a], size[a], strides[a], padding) for a in (0, 1))
    for p in range(rows):
        for q in range(columns):
            inside = [(i, j) for i in range(size[0]) for j in range(size[1])
                      if 0 <= p * strides[0] + i - top < x.shape[1] and 0 <= q * strides[1] + j - left < x.shape[2]]
            yield p, q, [(i, j, x[:, p * strides[0] + i - top, q * strides[1] + j - left]) for i, j in inside]


sizes = st.tuples(st.integers(1, 3), st.integers(1, 3))
images = st.tuples(st.integers(1, 2), st.integers(3, 7), st.integers(3, 7), st.integers(1, 3))
paddings = st.sampled_from(["valid", "same"])


@given(shape=images, filters=st.integers(1, 3), size=sizes, strides=sizes, padding=paddings)
def test_conv2d(shape, filters, size, strides, padding):
    x = np.random.default_rng(0).standard_normal(shape)
    layer = layers.Conv2D(filters, size, strides, padding, bias_initializer="random_normal")
    y = layer(x)
    w, b = layer.get_weights()
    assert w.shape == (*size, shape[3], filters)
    expected = np.full(y.shape, np.nan)
    for p, q, window in windows(x, size, strides, padding):
        expected[:, p, q] = sum(pixel @ w[i, j] for i, j, pixel in window) + b
    assert np.allclose(y.numpy(), expected, atol=1e-5) and y.dtype == np.float32


@given(shape=images, size=sizes, strides=st.none() | sizes, padding=paddings, kind=st.sampled_from(["max", "average"]))
def test_pooling(shape, size, strides, padding, kind):
    x = np.random.default_rng(0).standard_normal(shape)
    layer = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[kind](size, strides, padding)
    y = layer(x)
    expected = np.full(y.shape, np.nan)
    for p, q, window in windows(x, size, strides or size, padding):
        pixels = np.array([pixel for _, _, pixel in window])
        expected[:, p, q] = pixels.max(axis=0) if kind == "max" else pixels.mean(axis=0)
    assert np.allclose(y.numpy(), expected, atol=1e-6)


@given(shape=st.tuples(*[st.integers(1, 4)] * 4), size=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_upsampling(shape, size):
    x = np.random.default_rng(0).standard_normal(shape)
    y = layers.UpSampling2D(size)(x).numpy()
    assert np.array_equal(y, x.astype(np.float32).repeat(size[0], axis=1).repeat(size[1], axis=2))


def test_upsampling_gradients_and_arguments():
    check_layer(layers.UpSampling2D((2, 3)), (2, 2, 3, 2))
    with pytest.raises(ValueError, match="must be 'nearest' or 'bilinear'"):
        layers.UpSampling2D(interpolation="bicubic")
    with pytest.raises(ValueError, match="UpSampling2D: size"):
        layers.UpSampling2D(0)


def test_global_pooling():
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    assert np.allclose(layers.GlobalAveragePooling2D()(x).numpy(), x.mean(axis=(1, 2)))
    assert np.array_equal(layers.GlobalMaxPooling2D(keepdims=True)(x).numpy(), x.max(axis=(1, 2), keepdims=True))
    assert np.allclose(layers.GlobalAveragePooling1D()(x[0]).numpy(), x[0].mean(axis=1))


@pytest.mark.parametrize("layer", [
    layers.Conv2D(3, 3, activation="tanh"), layers.Conv2D(2, (2, 3), strides=2, padding="same", use_bias=False),
    layers.MaxPooling2D(2, 1, "same"), layers.AveragePooling2D(3, 2, "same"), layers.GlobalAveragePooling2D()])
def test_gradients(layer):
    check_layer(layer, (2, 6, 5, 3))
