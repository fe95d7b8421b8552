"""Dense, embedding, dropout and the layers that only reshape: values by hand, gradients, and what they refuse."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import layers
from minigrad.keras.layers import Layer
from tests.keras.layers.checks import check_layer

rng = np.random.default_rng(0)


@given(batch=st.lists(st.integers(1, 4), min_size=1, max_size=3), features=st.integers(1, 6), units=st.integers(1, 6),
       bias=st.booleans())
def test_dense_is_relu_of_xw_plus_b(batch, features, units, bias):
    x = np.random.default_rng(0).standard_normal((*batch, features)).astype(np.float32)
    dense = layers.Dense(units, activation="relu", use_bias=bias, bias_initializer="random_normal")
    y = dense(x)
    w = dense.kernel.numpy()
    assert w.shape == (features, units) and y.dtype == np.float32
    expected = np.zeros((*batch, units))
    for index in np.ndindex(*batch):
        for j in range(units):
            total = sum(x[index][i] * w[i, j] for i in range(features)) + (dense.bias.numpy()[j] if bias else 0)
            expected[(*index, j)] = max(total, 0)
    assert np.allclose(y.numpy(), expected, atol=1e-5)
    assert dense.count_params() == features * units + units * bias


@pytest.mark.parametrize("layer, shape", [
    (layers.Dense(4, activation="tanh"), (5, 3)), (layers.Dense(4, use_bias=False), (2, 5, 3)),
    (layers.Activation("gelu"), (5, 3)), (layers.Flatten(), (2, 3, 4)), (layers.Reshape((4, -1)), (2, 3, 8)),
    (layers.Rescaling(0.5, 1.0), (2, 3)), (layers.Softmax(), (3, 4)), (layers.Dropout(0.5), (3, 4)),
    (layers.Residual([layers.Dense(6, "tanh"), layers.Dense(3)]), (5, 3)),
])
def test_gradients(layer, shape):
    check_layer(layer, shape)


def test_embedding_picks_rows_and_adds_up_gradients():
    layer = layers.Embedding(10, 4)
    ids = np.array([[1, 1, 9], [0, 1, 5]])
    y = layer(ids)
    assert np.array_equal(y.numpy(), layer.embeddings.numpy()[ids])
    assert np.array_equal(layer(ids.astype(np.float32)).numpy(), y.numpy())
    y.sum().backward()
    assert layer.embeddings.grad.numpy()[:, 0].tolist() == [1, 3, 0, 0, 0, 1, 0, 0, 0, 1]
    check_layer(layers.Embedding(10, 4), inputs=[ids])


@pytest.mark.parametrize("ids, error, message", [
    ([[10]], IndexError, "rows 0 to 9, got index 10"), ([[-1]], IndexError, "rows 0 to 9, got index -1"),
    ([[0.5]], TypeError, r"whole numbers as indices, not float32 such as 0\.5"),
])
def test_embedding_refuses(ids, error, message):
    with pytest.raises(error, match=message):
        layers.Embedding(10, 4)(np.array(ids))


def test_dropout_drops_in_training_only_and_keeps_the_mean():
    mg.seed(0)
    layer, x = layers.Dropout(0.25), np.ones((200, 200))
    assert np.array_equal(layer(x).numpy(), x)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.013          # six standard deviations of a share of 40,000
    mg.seed(0)
    assert np.array_equal(layer(x, training=True).numpy(), y)


def test_training_reaches_the_layers_inside():
    class Wrapped(Layer):                               # its call knows nothing of training
        def __init__(self):
            super().__init__()
            self.inner = layers.Residual([layers.Dropout(0.5)])

        def call(self, x):
            return self.inner(x)
    x, layer = np.ones((50, 50)), Wrapped()
    assert np.array_equal(layer(x).numpy(), 2 * x)
    assert not np.array_equal(layer(x, training=True).numpy(), 2 * x)
    assert np.array_equal(layer(x).numpy(), 2 * x)      # and doesn't stay


def test_whole_numbers_and_doubles_are_computed_in_float32():
    dense = layers.Dense(3)
    for dtype in (np.uint8, np.int64, bool, np.float64, np.float16):
        assert dense(np.ones((2, 4), dtype)).dtype == np.float32
    assert layers.Rescaling(1 / 255)(np.full((2, 4), 255, np.uint8)).numpy().tolist() == [[1] * 4] * 2


def test_add_multiply_concatenate():
    a, b = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    assert np.array_equal(layers.Add()([a, b]).numpy(), a + b)
    assert np.array_equal(layers.Multiply()([a, b, b * 2]).numpy(), 2 * a)
    assert layers.Concatenate()([a, b]).shape == (2, 6)
    with pytest.raises(ValueError, match="list of two tensors or more"):
        layers.Add()(a)
    with pytest.raises(ValueError, match=r"\(2, 3\) went in and \(2, 4\) came out"):
        layers.Residual([layers.Dense(4)])(a)


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Dense(0), "units must be a whole number of at least 1, not 0"),
    (lambda: layers.Dense(2.5), "units must be a whole number"),
    (lambda: layers.Dense(2, activation="rleu"), "unknown activation 'rleu': did you mean 'relu'"),
    (lambda: layers.Dropout(1.0), r"rate must be in \[0, 1\)"),
    (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size must be one number or two"),
    (lambda: layers.Conv2D(4, 3, padding="full"), 'must be "valid" or "same"'),
    (lambda: layers.LayerNormalization(axis=2)(np.ones((2, 3))), "axis must name axes"),
])
def test_arguments_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("layer, built, given, message", [
    (layers.Dense(3, name="head"), (2, 4), (2, 5), r"layer head \(Dense\) .* \(None, 4\), got \(2, 5\): .* 4 features"),
    (layers.Dense(3, name="head"), None, (5,), r"layer head .* axes \(batch, ..., features\), got shape \(5,\)"),
    (layers.Conv2D(3, 2), None, (5, 4), r"\(Conv2D\) .* \(batch, height, width, channels\), got shape \(5, 4\)"),
    (layers.LSTM(3), (2, 4, 3), (2, 4, 5), r"\(LSTM\) .* \(None, 4, 3\), got \(2, 4, 5\)"),
    (layers.LayerNormalization(), (2, 4), (2, 1), r"got \(2, 1\)"),
])
def test_wrong_input_shapes_name_the_layer(layer, built, given, message):
    if built:
        layer(np.zeros(built))
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(given))


def test_text_is_refused():
    with pytest.raises(TypeError, match="the input holds <U1, not numbers"):
        layers.Dense(3)(np.array([["a"]]))


# -- time --------------------------------------------------------------------------------------------------------------
@given(t=st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=4), half=st.integers(2, 4), scale=st.floats(1, 9))
def test_time_embedding_against_a_loop(t, half, scale):
    y = layers.TimeEmbedding(2 * half, longest=100.0, scale=scale)(np.array(t, np.float32)).numpy()
    for row, time in zip(y, t):
        for i in range(half):
            angle = time * scale * 100.0 ** (-i / (half - 1))
            assert np.allclose((row[i], row[half + i]), (math.sin(angle), math.cos(angle)), atol=1e-4), (time, i)
    assert y.dtype == np.float32 and y.shape == (len(t), 2 * half)


def test_time_embedding_gradients_and_arguments():
    check_layer(layers.TimeEmbedding(6, scale=2.0), (4,))
    for wrong in ({"features": 3}, {"features": 4, "longest": 1}, {"features": 0}):
        with pytest.raises(ValueError, match="TimeEmbedding: features must be"):
            layers.TimeEmbedding(**wrong)
