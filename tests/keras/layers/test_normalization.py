"""Layer and batch normalisation against their formulas."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import layers
from tests.keras.layers.checks import check_layer

shapes = st.lists(st.integers(2, 5), min_size=2, max_size=4).map(tuple)


@given(shape=shapes, center=st.booleans(), scale=st.booleans())
def test_layer_normalization(shape, center, scale):
    x = np.random.default_rng(0).standard_normal(shape) * 3 + 1
    layer = layers.LayerNormalization(center=center, scale=scale, beta_initializer="random_normal",
                                      gamma_initializer="random_normal")
    y = layer(x).numpy()
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    expected = expected * (layer.gamma.numpy() if scale else 1) + (layer.beta.numpy() if center else 0)
    assert np.allclose(y, expected, atol=1e-4) and y.dtype == np.float32
    assert len(layer.weights) == center + scale


@given(shape=shapes, center=st.booleans(), scale=st.booleans())
def test_batch_normalization(shape, center, scale):
    rng = np.random.default_rng(0)
    layer = layers.BatchNormalization(momentum=0.9, center=center, scale=scale, beta_initializer="random_normal",
                                      gamma_initializer="random_normal")
    mean, var, axes = 0, 1, tuple(range(len(shape) - 1))
    for _ in range(3):
        x = rng.standard_normal(shape) * 3 + 1
        y = layer(x, training=True)
        gamma = layer.gamma.numpy() if scale else 1
        beta = layer.beta.numpy() if center else 0
        assert np.allclose(y.numpy(), gamma * (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3) + beta, atol=1e-3)
        mean, var = 0.9 * mean + 0.1 * x.mean(axes), 0.9 * var + 0.1 * x.var(axes)
    assert np.allclose(layer.moving_mean.numpy(), mean, atol=1e-5)
    assert np.allclose(layer.moving_variance.numpy(), var, rtol=1e-5)
    assert np.allclose(layer(x).numpy(), gamma * (x - mean) / np.sqrt(var + 1e-3) + beta, atol=1e-4)
    assert len(layer.trainable_weights) == center + scale and len(layer.non_trainable_weights) == 2


@given(shape=st.lists(st.integers(2, 4), min_size=1, max_size=3), groups=st.integers(1, 3), each=st.integers(1, 3),
       center=st.booleans(), scale=st.booleans())
def test_group_normalization(shape, groups, each, center, scale):
    x = np.random.default_rng(0).standard_normal((*shape, groups * each)) * 3 + 1
    layer = layers.GroupNormalization(groups, center=center, scale=scale, beta_initializer="random_normal",
                                      gamma_initializer="random_normal")
    y, expected = layer(x).numpy(), np.empty_like(x)
    for b in range(shape[0]):               # by its definition: one example and one group after the other
        for g in range(groups):
            part = x[b][..., g * each:(g + 1) * each]
            expected[b][..., g * each:(g + 1) * each] = (part - part.mean()) / np.sqrt(part.var() + 1e-3)
    expected = expected * (layer.gamma.numpy() if scale else 1) + (layer.beta.numpy() if center else 0)
    assert np.allclose(y, expected, atol=1e-4) and y.dtype == np.float32
    assert len(layer.weights) == center + scale


def test_groups_must_divide_the_features():
    with pytest.raises(ValueError, match="6 features are not 4 groups of equal size"):
        layers.GroupNormalization(4)(np.ones((1, 2, 6)))
    with pytest.raises(ValueError, match="at least 1"):
        layers.GroupNormalization(0)
    single = layers.GroupNormalization(-1)(np.ones((1, 2, 6)))      # each feature a group of its own
    assert np.allclose(single.numpy(), 0)


def test_gradients_of_group_normalization():
    check_layer(layers.GroupNormalization(2), (3, 2, 3, 4))
    check_layer(layers.GroupNormalization(-1, center=False, scale=False), (2, 3, 2))


def test_frozen_batch_normalization_predicts_also_in_training():
    x, layer = np.random.default_rng(0).standard_normal((8, 3)), layers.BatchNormalization()
    layer(x, training=True)
    before = layer.get_weights()
    layer.trainable = False
    assert np.array_equal(layer(x, training=True).numpy(), layer(x).numpy())
    assert all(map(np.array_equal, layer.get_weights(), before))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("layer", [layers.BatchNormalization, layers.LayerNormalization])
def test_gradients(layer, training):
    check_layer(layer(), (4, 2, 3), training=training)
    check_layer(layer(center=False), (6, 3), training=training)
    check_layer(layer(center=False, scale=False), (6, 3), training=training)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_unit_of_almost_nothing(dtype):
    """Only norms below 1e-12 (of float16: below its smallest) count as that; 0 stays 0, and has a gradient."""
    x = mg.tensor(np.array([[3, 4], [3e-4, 4e-4], [0, 0]], dtype), requires_grad=True)
    y = layers.UnitNormalization()(x)
    y.sum().backward()
    assert np.allclose(y.numpy(), [[0.6, 0.8], [0.6, 0.8], [0, 0]], atol=1e-3) and y.dtype == dtype
    assert np.isfinite(x.grad.numpy()[:2]).all() and not np.isnan(x.grad.numpy()).any()
    assert np.allclose(layers.UnitNormalization()(np.float32([[3e-9, 4e-9], [3e-13, 4e-13]])), [[0.6, 0.8], [0.3, 0.4]])
    assert np.allclose(layers.Dot(1, normalize=True)([np.float32([[1e-8, 0]])] * 2), 0.01)      # 1e-7, as in Keras
