"""Every public layer: gradients, saving, unrolling, and (mark peers) Keras' own results and masks."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.tensor import backpropagate
from minigrad.engine.trees import tree_map
from minigrad.keras import Input, Model, layers, models
from minigrad.keras.layers import Layer
from minigrad.keras.masks import mask_of
from tests.keras.layers.cases import CASES, OURS, SEQUENCE, TOKENS, WITHOUT, squared
from tests.keras.layers.checks import check_layer


def data(shape, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    if isinstance(shape, list):
        return [rng.standard_normal(s).astype(dtype) for s in shape]
    return rng.integers(0, 10, (2, 5)) if shape == TOKENS else rng.standard_normal(shape).astype(dtype)


def padded(shape, seed=0):
    """Sequences, some of whose last steps are zeros."""
    x = data(shape, seed)
    for row, length in zip(x, (3, shape[1])):
        row[length:] = 0
    return x


def case(name):
    make, shape = CASES[name]
    return make, (2, 5, 4) if shape is None else shape


def test_no_layer_is_forgotten():
    def within(layer):
        return {type(layer)} | {type(part) for part in layer.sublayers()}
    public = {name for name, kind in vars(layers).items() if isinstance(kind, type) and issubclass(kind, Layer)}
    covered = set.union(*(within(make(mg.keras)) for make, _ in CASES.values()))
    assert {name for name in public if vars(layers)[name] not in covered} == WITHOUT, "cases.py: a case for each layer"


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("categories")])
def test_gradients(name):
    make, shape = case(name)
    if shape == TOKENS:
        check_layer(make(mg.keras), inputs=[data(shape)])
    elif isinstance(shape, list):
        check_layer(Together(make(mg.keras)), *shape)
    else:
        check_layer(make(mg.keras), shape)


class Together(Layer):
    """A layer of a list, called with its entries one by one."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, *inputs):
        return self.layer(list(inputs))


def inputs_of(x):
    return tree_map(lambda a: Input(a.shape[1:], dtype=str(a.dtype)), x)


@pytest.mark.parametrize("name", CASES)
def test_saving(name, tmp_path):
    make, shape = case(name)
    x = data(shape)
    symbols, layer = inputs_of(x), make(mg.keras)
    model = Model(symbols, layer(symbols))
    y = model(x)
    assert y.shape[1:] == model.output_shape[1:]
    assert layer.compute_output_shape(tree_map(np.shape, x)) == y.shape
    model.save(tmp_path)
    again = models.load_model(tmp_path, custom_objects={"squared": squared})(x)
    assert np.array_equal(again.numpy(), y.numpy())
    if (mask := mask_of(y)) is not None:
        assert np.array_equal(mask_of(again).numpy(), mask.numpy())


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_unrolled_to_the_same_bits(name, training):
    make, shape = case(name)
    layer, x = make(mg.keras), data(shape)
    layer(x)
    weights = layer.trainable_weights

    def step(x):
        y = layer(x, training=training)
        if not y.requires_grad:
            return y
        return y, *backpropagate((y * y).sum(), wrt=set(weights)).values()
    fast, before = mg.unroll(step), layer.get_weights()
    results = []
    for function in (step, fast):
        mg.seed(0)
        layer.set_weights(before)
        layer.drawn = 0
        results.append([tree_map(lambda t: np.array(getattr(t, "_data", t)), function(data(shape, seed=k)))
                        for k in range(5)])
    plain, unrolled = results
    assert all(np.array_equal(a, b) for one, two in zip(plain, unrolled)
               for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (one, two)), strict=True)), name


@pytest.mark.peers
@pytest.mark.parametrize("name", [name for name in CASES if name not in OURS and CASES[name][1] is not None])
def test_like_keras(name):
    keras = pytest.importorskip("keras")
    make, shape = case(name)
    x = data(shape)
    mine, theirs = make(mg.keras), make(keras)
    mine(x), theirs(x)
    for ours, other in zip(mine.weights, theirs.weights, strict=True):
        value = np.asarray(keras.ops.convert_to_numpy(other))
        ours._data[...] = value.reshape(ours.shape)
    for training in (False, True):
        if training and hasattr(mine, "drawn") and not name.startswith(("turned", "zoomed", "moved")):
            continue                        # numbers that are drawn
        y, other = mine(x, training=training), theirs(x, training=training)
        assert np.allclose(y.numpy(), keras.ops.convert_to_numpy(other), atol=1e-5)
        mask, their_mask = mask_of(y), getattr(other, "_keras_mask", None)
        assert (mask is None) == (their_mask is None), (mask, their_mask)
        assert mask is None or np.array_equal(mask.numpy(), keras.ops.convert_to_numpy(their_mask))


SEQUENCES = [name for name in CASES if CASES[name][1] == SEQUENCE]


@pytest.mark.filterwarnings("ignore:.*does not support masking")
@pytest.mark.parametrize("name", SEQUENCES)
def test_gradients_with_a_mask(name):
    """Of a layer behind Masking: what is padding has no part in them, as in finite differences."""
    make, shape = CASES[name]
    x = padded(shape).astype(float)
    chain = mg.keras.Sequential([layers.Masking(), make(mg.keras)])
    y = chain(mg.tensor(x))
    check_layer(chain, inputs=[x], still=x == 0)
    assert y.shape[0] == 2


@pytest.mark.peers
@pytest.mark.parametrize("name", [name for name in SEQUENCES if name not in OURS | {"softmax"}])
def test_like_keras_with_a_mask(name):
    """Softmax alone refuses masks of steps in Keras; here it passes them on."""
    keras = pytest.importorskip("keras")
    make, shape = CASES[name]
    x = padded(shape)
    ours, others = make(mg.keras), make(keras)

    def masked(k):
        return k.layers.Masking()(x)
    ours(masked(mg.keras)), others(masked(keras))
    for w, other in zip(ours.weights, others.weights, strict=True):
        w._data[...] = np.asarray(keras.ops.convert_to_numpy(other)).reshape(w.shape)
    for training in (False, True):
        if not (training and hasattr(ours, "drawn")):
            y, other = ours(masked(mg.keras), training=training), others(masked(keras), training=training)
            assert np.allclose(y.numpy(), keras.ops.convert_to_numpy(other), atol=1e-5)
            mask, their_mask = mask_of(y), getattr(other, "_keras_mask", None)
            assert (mask is None) == (their_mask is None)
            assert mask is None or np.array_equal(mask.numpy(), keras.ops.convert_to_numpy(their_mask))
