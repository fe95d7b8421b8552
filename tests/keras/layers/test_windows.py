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
