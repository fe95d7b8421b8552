"""Layers of windows and around layers: what they refuse, and what they draw in training alone."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import layers


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


@pytest.mark.parametrize("wrong", [2, (1, 2), (1, 1, 1), -1, "same"])
def test_output_padding_is_below_the_strides(wrong):
    with pytest.raises((ValueError, TypeError), match="Conv2DTranspose: output_padding"):
        layers.Conv2DTranspose(3, 3, strides=2, output_padding=wrong)


@pytest.mark.parametrize("equation, lengths, message", [
    ("ab,bc", 4, "must have the form"), ("...a...,ab->...b...", 3, "must have the form"),
    ("ab,bc->acd", 4, "does not say how long the axis d of the output is"),
    ("ab,bc->ac", 4, "takes inputs of 2 axes"), ("abc,cd->abd", 4, "has not a length for each of 'bd'"),
    ("abc,cd->abd", (3, 4), "the axis b has length 7 in the input and 3 in"),
    ("abc,cd->abd", (7, None), "the axis d of the weights has no length")])
def test_equations_that_are_none(equation, lengths, message):
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(equation, lengths)(np.ones((2, 7, 4), np.float32))


def test_weights_of_an_equation_are_drawn_for_its_axes():
    """Axes of 60 together are summed, one of 5 not: the glorot of a Dense of 60 inputs and 5 outputs."""
    dense = layers.EinsumDense("abcd,ebcd->ae", 5)
    dense(np.ones((1, 3, 4, 5), np.float32))
    assert 0.9 < np.abs(dense.kernel.numpy()).max() / np.sqrt(6 / (60 + 5)) <= 1
