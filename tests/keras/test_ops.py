"""keras.ops: what is made of several of the table's functions; beside Keras, in graphs, by the names of arguments."""
import os

import numpy as np
import pytest

from minigrad import keras
from minigrad.testing import check_gradients

RNG = np.random.default_rng(0)
X, Y = (RNG.standard_normal((3, 5)).astype(np.float32) for _ in range(2))
IMAGES, ONES = RNG.standard_normal((2, 7, 6, 4)).astype(np.float32), np.ones((3, 3, 2, 6), np.float32)
PLACES, P, T = np.array([[0, 1], [2, 2]]), np.float32([0.2, 0.3, 0.4]), np.float32([1, 0, 1])

# What Keras, too, is asked: ops to a tensor, or a list of them.
CASES = {
    "top_k": lambda ops: ops.top_k(X, 2),
    "in_top_k": lambda ops: ops.in_top_k(np.array([1, 0, 4]), X, k=2),
    "slice": lambda ops: ops.slice(X, [1, 2], [2, 3]),
    "scatter": lambda ops: ops.scatter(np.array([[0, 1], [2, 2], [0, 1]]), T, (3, 5)),
    "scatter_update": lambda ops: ops.scatter_update(X, PLACES, P[:2]),
    "rows updated": lambda ops: ops.scatter_update(X, np.array([[0], [2]]), Y[:2]),
    "slice_update": lambda ops: ops.slice_update(X, [1, 1], Y[:2, :2]),
    "unstack": lambda ops: ops.unstack(X, axis=1),
    "multi_hot": lambda ops: ops.multi_hot(np.array([[0, 2], [1, 1]]), 4),
    "segment_sum": lambda ops: ops.segment_sum(X, np.array([0, 2, 2]), num_segments=4),
    "divide_no_nan": lambda ops: ops.divide_no_nan(X, np.where(Y > 0, Y, 0)),
    "average": lambda ops: ops.average(X, axis=1, weights=np.arange(5, dtype=np.float32)),
    "moments": lambda ops: ops.moments(X, [1], keepdims=True),
    "normalize": lambda ops: ops.normalize(X),
    "log_sigmoid": lambda ops: ops.log_sigmoid(X),
    "hard_silu": lambda ops: ops.hard_silu(X),
    "count_nonzero": lambda ops: ops.count_nonzero(X, axis=1),
    "isclose": lambda ops: ops.isclose(X, X + 1e-9),
    "full_like": lambda ops: ops.full_like(X, 3.0),
    "conv": lambda ops: ops.conv(IMAGES, ONES, strides=2, padding="same"),
    "conv_transpose": lambda ops: ops.conv_transpose(IMAGES, ONES[..., :4], strides=2, padding="same"),
    "depthwise_conv": lambda ops: ops.depthwise_conv(IMAGES[..., :2], ONES, 1, "same"),
    "max_pool": lambda ops: ops.max_pool(IMAGES, 2, 2),
    "max_pool of a sequence": lambda ops: ops.max_pool(IMAGES[0], 2, 2),
    "average_pool": lambda ops: ops.average_pool(IMAGES, (3, 2), strides=2, padding="same"),
    "binary_crossentropy": lambda ops: ops.binary_crossentropy(T, P),
    "binary_crossentropy of logits": lambda ops: ops.binary_crossentropy(T, P, from_logits=True),
    "categorical_crossentropy": lambda ops: ops.categorical_crossentropy(
        np.eye(3, dtype=np.float32), np.array([P] * 3)),
    "sparse": lambda ops: ops.sparse_categorical_crossentropy(np.array([0, 2, 1]), X, from_logits=True),
    "cond": lambda ops: ops.cond(True, lambda: ops.ones(2), lambda: ops.zeros(2)),
    "switch": lambda ops: ops.switch(1, [lambda a: a, lambda a: a * 2], ops.ones(2)),
    "while_loop": lambda ops: ops.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a * 2), (0, ops.ones(2)))[1],
    "fori_loop": lambda ops: ops.fori_loop(0, 4, lambda i, v: v + i, ops.ones(2)),
    "map": lambda ops: ops.map(lambda row: row * 2, ops.convert_to_tensor(X)),
    "scan": lambda ops: ops.scan(lambda c, row: (c + row, c * row), ops.zeros(5), ops.convert_to_tensor(X)),
    "resize": lambda ops: ops.image.resize(IMAGES, (5, 9)),
    "resize one": lambda ops: ops.image.resize(IMAGES[0], (5, 9), interpolation="nearest"),
    "extract_patches": lambda ops: ops.image.extract_patches(IMAGES, (2, 3)),
    "patches that overlap": lambda ops: ops.image.extract_patches(IMAGES, 3, strides=2, padding="same"),
    "patches of one": lambda ops: ops.image.extract_patches(IMAGES[0], 2),
    "rgb_to_grayscale": lambda ops: ops.image.rgb_to_grayscale(abs(IMAGES[..., :3])),
    "by name": lambda ops: [
        ops.reshape(X, newshape=(5, 3)), *ops.split(X, indices_or_sections=[1, 2], axis=1),
        ops.clip(X, x_min=-1, x_max=1), ops.tile(X, repeats=2), ops.leaky_relu(X, negative_slope=0.1),
        ops.add(x1=X, x2=Y), ops.where(X > 0, x1=X, x2=Y), ops.matmul(X, x2=Y.T), ops.nn.relu(X), ops.numpy.mean(X)],
}


def numbers(found, back):
    return [back(part) for part in found] if isinstance(found, (list, tuple)) else [back(found)]


@pytest.mark.peers
@pytest.mark.parametrize("name", CASES)
def test_as_keras(name):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    theirs = pytest.importorskip("keras")
    found = numbers(CASES[name](keras.ops), keras.ops.convert_to_numpy)
    expected = numbers(CASES[name](theirs.ops), theirs.ops.convert_to_numpy)
    for ours, other in zip(found, expected, strict=True):
        assert ours.shape == other.shape and ours.dtype.kind == other.dtype.kind
        assert np.allclose(ours, other, atol=1e-5)


def test_in_numbers():
    ops = keras.ops
    assert ops.top_k(X, 2)[0].numpy().tolist() == np.sort(X)[:, :-3:-1].tolist()
    assert ops.scatter(PLACES[[0, 1, 0]], T, (3, 5)).numpy().tolist() == [[0, 2, 0, 0, 0], [0] * 5, [0] * 5]
    there = X.copy()
    there[[0, 2], [1, 2]] = P[:2]
    assert np.array_equal(ops.scatter_update(X, PLACES, P[:2]), there)
    assert np.array_equal(ops.image.extract_patches(IMAGES, 2)[0, 1, 2], IMAGES[0, 2:4, 4:6].reshape(-1))
    assert ops.divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy().tolist() == [0, 0.5]
    assert ops.convert_to_tensor(1.0).dtype == np.float32 and ops.convert_to_tensor([1, 2]).dtype == np.int32
    with pytest.raises(ValueError, match="two updates have the same place"):
        ops.scatter_update(X, PLACES[[0, 0]], P[:2])
    with pytest.raises(ValueError, match="antialias"):
        ops.image.resize(IMAGES, (3, 3), antialias=True)


@pytest.mark.parametrize("function", [
    lambda x: keras.ops.slice_update(x, [1, 1], x[:2, :2] ** 2),
    lambda x: keras.ops.scatter_update(x, PLACES, x[0, :2]),
    lambda x: keras.ops.divide_no_nan(x, np.where(Y > 0, Y, 0)), lambda x: keras.ops.normalize(x),
    lambda x: keras.ops.top_k(x, 2)[0], lambda x: keras.ops.segment_sum(x, np.array([0, 2, 2])),
    lambda x: keras.ops.scan(lambda c, row: (c + row, c * row), keras.ops.zeros(5, "float64"), x)[1],
    lambda x: keras.ops.image.extract_patches(x[None, :, :, None], 3, 1, padding="same")])
def test_gradients(function):
    check_gradients(function, X.astype(float))


def test_in_a_graph_that_is_saved(tmp_path):
    """A transformer's beginning: patches of images, within a model made of symbols."""
    x = keras.Input((8, 8, 3))
    patches = keras.ops.image.extract_patches(x, size=4)
    y = keras.layers.Dense(5)(keras.ops.reshape(patches, newshape=(-1, 4, 48)))
    model = keras.Model(x, keras.ops.top_k(y, 2)[0])
    model.save(tmp_path / "m.keras")
    images = RNG.random((3, 8, 8, 3), np.float32)
    again = keras.models.load_model(tmp_path / "m.keras")
    assert model(images).shape == (3, 4, 2) and np.array_equal(again(images), model(images))
    assert keras.ops.image.resize(x, (4, 4)).shape == (None, 4, 4, 3)
