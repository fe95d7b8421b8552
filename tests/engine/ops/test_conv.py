"""Convolution and pooling, over many sizes, strides and borders, against the plain formulas."""
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.engine.ops import conv, in_small_steps as simple

from .gradients import gradients


@st.composite
def convolutions(draw):
    size = st.integers(1, 4)
    kh, kw, stride = draw(size), draw(size), draw(st.just((1, 1)) | st.tuples(size, size))
    x = draw(st.integers(0, 2)), draw(st.integers(kh, 9)), draw(st.integers(kw, 12)), draw(st.sampled_from([1, 2, 33]))
    w = kh, kw, x[3], draw(st.integers(1, 3))
    return x, w, stride, draw(st.sampled_from(["valid", "same"])), draw(st.integers(0, 9))


@given(convolutions(), st.sampled_from([1, 1 << 19]))
def test_conv2d_equals_the_sum_over_the_kernel(convolution, cache):
    x_shape, w_shape, strides, padding, seed = convolution
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(x_shape), rng.standard_normal(w_shape)
    y = simple.conv2d(x, w, strides, padding)
    g = rng.standard_normal(y.shape)
    with conv.in_pieces(cache):             # one image at a time, or all at once
        assert_allclose(mg.conv2d(x, w, strides, padding), y, atol=1e-12)
        found = gradients(lambda x, w: mg.conv2d(x, w, strides, padding), [x, w], g)[0]
    if y.size:
        for a, b in zip(found, gradients(lambda x, w: simple.conv2d(x, w, strides, padding), [x, w], g)[0]):
            assert_allclose(a, b, atol=1e-12)


def test_image_by_image_has_second_derivatives_too():
    rng = np.random.default_rng(0)
    with conv.in_pieces(1):
        mg.testing.check_gradients(mg.conv2d, rng.standard_normal((3, 4, 5, 1)), rng.standard_normal((2, 3, 1, 2)))


@given(convolutions())
def test_pooling_equals_the_plain_formulas(convolution):
    x_shape, (kh, kw, *_), strides, padding, seed = convolution
    x = np.random.default_rng(seed).integers(0, 4, x_shape).astype(float)                  # with ties
    for fast, plain in ((mg.max_pool2d, simple.max_pool2d), (mg.avg_pool2d, simple.avg_pool2d)):
        y = plain(x, (kh, kw), strides, padding)
        assert_allclose(fast(x, (kh, kw), strides, padding), y, atol=1e-12)
        if y.size:
            g = np.random.default_rng(seed).standard_normal(y.shape)
            found, = gradients(lambda x, fast=fast: fast(x, (kh, kw), strides, padding), [x], g)[0]
            expected, = gradients(lambda x, plain=plain: plain(x, (kh, kw), strides, padding), [x], g)[0]
            assert_allclose(found, expected, atol=1e-12)


@given(convolutions())
def test_windows_and_overlap_add_are_adjoint(convolution):
    x_shape, (kh, kw, *_), strides, _, seed = convolution
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(x_shape)
    y = mg.windows(x, size=(kh, kw), strides=strides)
    v = rng.standard_normal(y.shape)
    assert_allclose((y * v).sum(), (x * mg.overlap_add(v, shape=x.shape, strides=strides)).sum(), atol=1e-10)


@pytest.mark.parametrize("length, size, stride, before, after", [
    (28, 5, 1, 2, 2), (28, 2, 1, 0, 1), (28, 3, 2, 0, 1), (27, 3, 2, 1, 1), (5, 2, 3, 0, 0), (4, 7, 1, 3, 3),
    (6, 1, 4, 0, 0)])
def test_same_has_its_odd_row_at_the_end(length, size, stride, before, after):
    assert conv._borders(length, size, stride, "same") == (before, after)           # Keras' and TensorFlow's rule
    x = np.ones((1, length, length, 1))
    assert mg.conv2d(x, np.ones((size, size, 1, 1)), stride, "same").shape[1] == -(-length // stride)


def test_a_border_never_wins_and_never_counts():
    x = -np.ones((1, 3, 3, 1))
    assert_allclose(mg.max_pool2d(x, 2, padding="same"), -1)
    assert_allclose(mg.avg_pool2d(x, 2, padding="same"), -1)


@given(st.integers(0, 3), st.integers(0, 4), st.sampled_from([1, 2, 6, 40]))
def test_a_bias_is_added_to_every_pixel(n, width, channels):
    x = np.random.default_rng(0).standard_normal((n, 2, width, channels))
    b = np.arange(float(channels))
    assert_allclose(mg.bias_add(x, b), x + b)
    assert_allclose(mg.bias_add(x.swapaxes(1, 2), b), (x + b).swapaxes(1, 2))
    db = gradients(mg.bias_add, [x, b], x)[0][1]
    assert_allclose(db, x.sum(axis=(0, 1, 2)), atol=1e-12)


def test_few_channels_are_computed_in_blocks_and_many_are_not():
    images, filters = np.ones((1, 28, 28, 1)), np.ones((5, 5, 1, 6))
    assert conv._plan(images, filters, 1, "same").block == 4
    assert conv._plan(images, filters[:3, :3], 1, "valid").block == 2                           # 3 does not divide 26
    assert conv._plan(np.ones((1, 28, 28, 64)), np.ones((5, 5, 64, 6)), 1, "same").block == 1


@pytest.mark.parametrize("border", [0, 1, 2, 3])
def test_row_by_row_and_all_at_once_are_the_same(border):
    rng = np.random.default_rng(border)
    x, w = rng.standard_normal((3, 16, 14, 16)), rng.standard_normal((3, 3, 16, 5))
    assert conv._plan(x, w, 1, border).products == (3 if border < 3 else 1)
    assert conv._plan(x, w, 2, border).products == conv._plan(x[..., :1], w[:, :, :1], 1, border).products == 1
    y = simple.conv2d(x, w, 1, border)
    assert_allclose(mg.conv2d(x, w, padding=border), y, atol=1e-12)
    g = rng.standard_normal(y.shape)
    for a, b in zip(gradients(lambda x, w: mg.conv2d(x, w, padding=border), [x, w], g)[0],
                    gradients(lambda x, w: simple.conv2d(x, w, 1, border), [x, w], g)[0], strict=True):
        assert_allclose(a, b, atol=1e-12)


def test_row_by_row_has_second_derivatives_too():
    rng = np.random.default_rng(0)
    with conv.in_pieces():
        x, w = rng.standard_normal((2, 4, 3, 2)), rng.standard_normal((2, 2, 2, 2))
        assert conv._plan(x, w, 1, "same").products == 2
        mg.testing.check_gradients(lambda x, w: mg.conv2d(x, w, padding="same"), x, w)


def test_single_precision_is_as_good_as_it_can_be():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((8, 14, 14, 6)), rng.standard_normal((5, 5, 6, 16))
    expected = simple.conv2d(x, w)
    assert_allclose(mg.conv2d(x.astype(np.float32), w.astype(np.float32)), expected, atol=2e-6 * abs(expected).max())
