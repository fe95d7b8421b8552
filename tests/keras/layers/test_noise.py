"""What layers draw: fixed by mg.seed, or by a seed of their own; in training alone."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import layers

IMAGES = np.random.default_rng(0).random((4, 6, 6, 3)).astype(np.float32)
KINDS = {"dropout": lambda **how: layers.Dropout(0.5, **how), "noise": lambda **how: layers.GaussianNoise(1.0, **how),
         "channels": lambda **how: layers.SpatialDropout2D(0.5, **how), "flip": layers.RandomFlip,
         "turn": lambda **how: layers.RandomRotation(0.2, **how), "zoom": lambda **how: layers.RandomZoom(0.3, **how),
         "move": lambda **how: layers.RandomTranslation(0.3, 0.2, **how)}


@pytest.mark.parametrize("name", KINDS)
def test_seeds(name):
    make = KINDS[name]
    own, twin, free = make(seed=7), make(seed=7), make()
    assert np.array_equal(own(IMAGES).numpy(), IMAGES)      # not in training
    first, second = (own(IMAGES, training=True).numpy() for _ in range(2))
    mg.seed(1)
    a = free(IMAGES, training=True).numpy()
    assert np.array_equal(twin(IMAGES, training=True).numpy(), first) and not np.array_equal(first, second)
    mg.seed(1)
    assert np.array_equal(free(IMAGES, training=True).numpy(), a)
    assert not np.array_equal(a, first)
    assert type(own).from_config(own.get_config()).seed == 7


def test_images_are_changed_each_in_its_own_way():
    same = np.broadcast_to(IMAGES[:1], IMAGES.shape)
    mg.seed(0)
    for make in (layers.RandomRotation, layers.RandomZoom):
        y = make(0.3)(same, training=True).numpy()
        assert len({image.tobytes() for image in y}) == 4
    flips = layers.RandomFlip("horizontal")(np.repeat(same, 25, axis=0), training=True).numpy()
    turned = [np.array_equal(y, same[0][:, ::-1]) for y in flips]
    assert all(t or np.array_equal(y, same[0]) for t, y in zip(turned, flips)) and 30 < sum(turned) < 70


def test_a_quarter_turn_and_a_whole_shift_are_exact():
    y = layers.RandomRotation((0.25, 0.25))(IMAGES, training=True).numpy()
    assert np.allclose(y, np.rot90(IMAGES, axes=(1, 2)), atol=1e-5)
    y = layers.RandomTranslation((0.5, 0.5), (0.0, 0.0), "wrap")(IMAGES, training=True).numpy()
    assert np.allclose(y, np.roll(IMAGES, 3, axis=1), atol=1e-6)
    one = layers.Resizing(3, 3)(IMAGES[0])
    assert one.shape == (3, 3, 3) and np.array_equal(one.numpy(), layers.Resizing(3, 3)(IMAGES).numpy()[0])


@pytest.mark.parametrize("make, message", [
    (lambda: layers.RandomRotation(2), "factor must be from -1 to 1"),
    (lambda: layers.RandomFlip("diagonal"), "mode must be"),
    (lambda: layers.RandomZoom(0.1, fill_mode="mirror"), "fill_mode must be"),
    (lambda: layers.Resizing(3, 3)(np.zeros((2, 2, 4, 4, 3))), "takes images"),
    (lambda: layers.Dropout(0.5, noise_shape=(1, 2))(np.zeros((3, 3)), training=True), "noise_shape"),
    (lambda: layers.Dropout(0.5, seed=-1), "seed must be"),
    (lambda: layers.Conv2D(1, 1, data_format="NCHW"), "data_format must be"),
])
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_adapted_normalization():
    x = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32) * 3 + 7
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(x)
    parts.adapt([x[:7], x[7:30], x[30:]])
    assert np.allclose(whole(x).numpy().mean(0), 0, atol=1e-5) and np.allclose(whole(x).numpy().std(0), 1, atol=1e-5)
    assert all(np.allclose(a, b, rtol=1e-5) for a, b in zip(whole.get_weights(), parts.get_weights()))
    assert not whole.trainable_weights
    back = layers.Normalization(invert=True)
    back.adapt(x)
    assert np.allclose(back(whole(x)).numpy(), x, atol=1e-4)
    with pytest.raises(ValueError, match="nothing to adapt"):
        layers.Normalization(mean=0.0, variance=1.0).adapt(x)
    for layer in whole, layers.Normalization(mean=[1.0] * x.shape[-1], variance=2.0):
        layer(x)
        with pytest.raises(ValueError, match=r"normalization.* its weights are for \d+ features"):
            layer(x[..., :1])
    same = layers.Normalization(mean=7.0, variance=9.0)         # of numbers for all features, however many
    assert np.array_equal(same(x).numpy()[:, :2], same(x[:, :2]).numpy())
