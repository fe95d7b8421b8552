"""Layers of windows and around layers: gradients, saving, and (mark peers) Keras' own results with the same weights."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import Input, Model, layers, models
from tests.keras.layers.checks import check_layer

IMAGE, SEQUENCE = (2, 7, 6, 4), (2, 7, 4)
CASES = {
    "conv 1d": (lambda k: k.layers.Conv1D(6, 3, strides=2, padding="same", activation="tanh"), SEQUENCE),
    "causal": (lambda k: k.layers.Conv1D(6, 3, padding="causal", dilation_rate=2), SEQUENCE),
    "dilated": (lambda k: k.layers.Conv2D(3, (3, 2), padding="SAME", dilation_rate=(2, 1)), IMAGE),
    "groups": (lambda k: k.layers.Conv2D(6, 2, groups=2, strides=2), IMAGE),
    "transposed": (lambda k: k.layers.Conv2DTranspose(3, 3, strides=2, padding="same"), IMAGE),
    "transposed, whole": (lambda k: k.layers.Conv2DTranspose(3, (2, 4), strides=(3, 2)), IMAGE),
    "depthwise": (lambda k: k.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), IMAGE),
    "separable": (lambda k: k.layers.SeparableConv2D(5, 3, strides=2, padding="same"), IMAGE),
    "max 1d": (lambda k: k.layers.MaxPooling1D(3, 2, "same"), SEQUENCE),
    "mean 1d": (lambda k: k.layers.AveragePooling1D(2), SEQUENCE),
    "global max 1d": (lambda k: k.layers.GlobalMaxPooling1D(keepdims=True), SEQUENCE),
    "zeros": (lambda k: k.layers.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    "cropping": (lambda k: k.layers.Cropping2D(((1, 0), (2, 1))), IMAGE),
    "two ways": (lambda k: k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True)), SEQUENCE),
    "two ways, last": (lambda k: k.layers.Bidirectional(k.layers.GRU(3), merge_mode="sum"), SEQUENCE),
    "each time": (lambda k: k.layers.TimeDistributed(k.layers.Dense(3)), IMAGE[:3] + (4,)),
    "repeated": (lambda k: k.layers.RepeatVector(3), (2, 4)),
    "permuted": (lambda k: k.layers.Permute((3, 1, 2)), IMAGE),
    "leaky": (lambda k: k.layers.LeakyReLU(0.1), SEQUENCE),
}



@pytest.mark.parametrize("name", CASES)
def test_gradients_and_saving(name, tmp_path):
    make, shape = CASES[name]
    check_layer(make(mg.keras), shape)
    x = Input(shape[1:])
    model = Model(x, make(mg.keras)(x))
    data = np.random.default_rng(0).standard_normal(shape)
    y = model.predict(data, verbose=0)
    assert y.shape[1:] == model.output_shape[1:]
    model.save(tmp_path / "m")
    assert np.array_equal(models.load_model(tmp_path / "m").predict(data, verbose=0), y)


@pytest.mark.peers
@pytest.mark.parametrize("name", CASES)
def test_like_keras(name):
    keras = pytest.importorskip("keras")
    make, shape = CASES[name]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    mine, theirs = make(mg.keras), make(keras)
    mine(x), theirs(x)
    for ours, other in zip(mine.weights, theirs.weights, strict=True):
        value = np.asarray(keras.ops.convert_to_numpy(other))
        ours._data[...] = value.reshape(ours.shape)
    assert np.allclose(mine(x).numpy(), keras.ops.convert_to_numpy(theirs(x)), atol=1e-5)


def test_noise_and_dropped_channels_in_training_only():
    mg.seed(0)
    x = np.ones((4, 5, 6, 7), np.float32)
    for layer in (layers.GaussianNoise(0.5), layers.SpatialDropout2D(0.5)):
        assert np.array_equal(layer(x).numpy(), x) and not np.array_equal(layer(x, training=True).numpy(), x)
    dropped = layers.SpatialDropout2D(0.5)(x, training=True).numpy()
    assert np.array_equal(dropped, np.broadcast_to(dropped[:, :1, :1], x.shape)) and set(np.unique(dropped)) == {0, 2}


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Conv2D(5, 3, groups=2), "not 2 groups"),
    (lambda: layers.Conv2D(4, 3, groups=2)(np.ones((1, 5, 5, 3))), "3 channels are not 2 groups"),
    (lambda: layers.Bidirectional(layers.LSTM(2), "product"), "merge_mode"),
    (lambda: layers.Permute((0, 1)), r"dims\[0\] must be a whole number of at least 1"),
    (lambda: layers.Cropping2D(3)(np.ones((1, 5, 5, 3))), "nothing is left"),
    (lambda: layers.Conv1D(2, 3, padding="full"), "padding"),
])
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
