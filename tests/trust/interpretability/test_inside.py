"""Grad-CAM, activations and probes."""
import numpy as np
import pytest

import minigrad as mg
from minigrad import datasets
from minigrad.keras.layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D
from minigrad.keras.models import Sequential
from minigrad.trust.interpretability import activations, grad_cam, linear_probe, overlay


def convolutional(seed, *head):
    mg.seed(seed)
    return Sequential([Conv2D(4, 3, activation="relu"), Conv2D(5, 3, padding="same", activation="relu"), *head])


IMAGES = datasets.load_digits().images[:7, :, :, None]


@pytest.mark.parametrize("seed", range(5))
def test_grad_cam_is_the_class_activation_map_where_that_is_defined(seed):
    model = convolutional(seed, GlobalAveragePooling2D(), Dense(3))
    model(IMAGES)
    maps = activations(model, IMAGES, model.layers[1])                                      # (B, h, w, K)
    weights = model.layers[-1].kernel.numpy()                                               # (K, classes)
    for target in range(3):
        expected = np.maximum(maps @ weights[:, target], 0) / (maps.shape[1] * maps.shape[2])
        np.testing.assert_allclose(grad_cam(model, IMAGES, model.layers[1], target), expected, rtol=1e-5, atol=1e-7)


def test_grad_cam_explains_the_likeliest_class_by_default_and_each_example_for_itself():
    model = convolutional(0, Flatten(), Dense(4))
    likeliest = model.predict(IMAGES, verbose=0).argmax(axis=1)
    maps = grad_cam(model, IMAGES, model.layers[1])
    assert maps.shape == (7, 6, 6) and maps.dtype == np.float32 and (maps >= 0).all() and maps.any()
    np.testing.assert_allclose(maps, grad_cam(model, IMAGES, model.layers[1], likeliest))
    alone = grad_cam(model, IMAGES[3:4], model.layers[1], likeliest[3])
    np.testing.assert_allclose(maps[3:4], alone, rtol=1e-4, atol=1e-7)


def test_grad_cam_agrees_with_differences():
    """The gradient with respect to a map, by moving the map itself."""
    model = convolutional(1, Flatten(), Dense(4))
    model(IMAGES)
    maps = activations(model, IMAGES, model.layers[1]).astype(np.float64)
    flat, kernel = maps.reshape(7, -1), model.layers[-1].kernel.numpy().astype(np.float64)
    step = 0.1                              # the head is linear in the maps: any step will do
    slopes = np.array([((flat + step * np.eye(flat.shape[1])[i]) @ kernel - flat @ kernel)[:, 2] / step
                       for i in range(flat.shape[1])]).T.reshape(maps.shape)
    expected = np.maximum((slopes.mean(axis=(1, 2), keepdims=True) * maps).sum(axis=-1), 0)
    np.testing.assert_allclose(grad_cam(model, IMAGES, model.layers[1], 2), expected, rtol=1e-4, atol=1e-6)


def test_the_model_is_as_before():
    model = convolutional(0, Flatten(), Dense(4))
    before = model.predict(IMAGES, verbose=0)
    grad_cam(model, IMAGES, model.layers[1])
    activations(model, IMAGES, model.layers[0])
    assert "call" not in vars(model.layers[1]) and all(w.grad is None for w in model.weights)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), before)


def test_what_grad_cam_cannot_explain():
    model = convolutional(0, Flatten(), Dense(4))
    model(IMAGES)
    with pytest.raises(ValueError, match="images .batch, h, w, channels. are needed"):
        grad_cam(model, IMAGES, model.layers[-1])
    with pytest.raises(ValueError, match="0 times"):
        grad_cam(model, IMAGES, Conv2D(2, 3))
    with pytest.raises(ValueError, match="from 0 to 3"):
        grad_cam(model, IMAGES, model.layers[1], target=4)
    with pytest.raises(ValueError, match="one for each of 7 examples"):
        grad_cam(model, IMAGES, model.layers[1], target=[1, 2])


def test_activations_are_what_the_next_layer_gets():
    model = convolutional(0, Flatten(), Dense(4))
    whole = model.predict(IMAGES, verbose=0)
    flat = activations(model, IMAGES, model.layers[2], batch_size=3)
    np.testing.assert_allclose(model.layers[3](flat).numpy(), whole, rtol=1e-5, atol=1e-6)


# -- probes ----------------------------------------------------------------------------------------------------------
def corners(n, seed):
    """Points in a square, and whether their coordinates have the same sign: an exclusive or."""
    x = np.random.default_rng(seed).uniform(-1, 1, (n, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def test_a_probe_reads_what_is_laid_out_and_computes_nothing():
    (x, y), (x_test, y_test) = corners(600, 0), corners(600, 1)
    product = (x[:, :1] * x[:, 1:], x_test[:, :1] * x_test[:, 1:])
    assert linear_probe(product[0], y, product[1], y_test) > 0.97
    assert linear_probe(x, (x[:, 0] > 0).astype(int), x_test, (x_test[:, 0] > 0).astype(int)) > 0.97
    assert 0.4 < linear_probe(x, y, x_test, y_test) < 0.6


def test_a_probe_of_noise_finds_nothing():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(2000, 5)), rng.integers(0, 4, 2000)
    assert abs(linear_probe(features[:1000], labels[:1000], features[1000:], labels[1000:]) - 0.25) < 0.06


def test_a_probe_is_repeatable_and_leaves_the_random_numbers_alone():
    (x, y), (x_test, y_test) = corners(200, 0), corners(200, 1)
    mg.seed(3)
    expected = np.asarray(mg.backend.random((4,)))
    mg.seed(3)
    assert linear_probe(x, y, x_test, y_test, epochs=3) == linear_probe(x, y, x_test, y_test, epochs=3)
    np.testing.assert_array_equal(np.asarray(mg.backend.random((4,))), expected)


def test_a_probe_needs_classes():
    with pytest.raises(ValueError, match="integers from 0"):
        linear_probe(np.zeros((4, 2)), np.zeros(4), np.zeros((4, 2)), np.zeros(4))


# -- pictures --------------------------------------------------------------------------------------------------------
def test_an_overlay():
    fig = overlay(IMAGES[..., 0], np.random.default_rng(0).random((7, 3, 3)), titles=list("abcdefg"), columns=4)
    fig.canvas.draw()
    assert "7 images" in fig.alt and len(fig.axes) == 8
    with pytest.raises(ValueError, match="not be negative"):
        overlay(IMAGES[..., 0], -np.ones((7, 3, 3)))
    with pytest.raises(ValueError, match="as many images"):
        overlay(IMAGES[..., 0], np.ones((6, 3, 3)))
