"""Masks: what a padded sequence gives is what the sequence without its padding gives, in layers, losses and metrics."""
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import losses, metrics
from minigrad.keras import Input, Model, Sequential, layers
from minigrad.keras.masks import attach, mask_of

rng = np.random.default_rng(0)
LENGTHS = [3, 5, 1]
TOKENS = np.array([[*rng.integers(1, 9, n), *[0] * (5 - n)] for n in LENGTHS])


def masked(x, mask):
    t = mg.tensor(np.asarray(x, np.float32))
    attach(t, np.asarray(mask))
    return t


@settings(max_examples=40)
@given(kind=st.sampled_from(["SimpleRNN", "LSTM", "GRU", "cells"]),
       lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
       backwards=st.booleans(), before=st.booleans(), sequences=st.booleans())
def test_a_recurrent_layer_steps_over_padding(kind, lengths, backwards, before, sequences):
    how = dict(return_sequences=sequences, return_state=True, go_backwards=backwards)
    layer = layers.RNN([layers.GRUCell(2), layers.LSTMCell(3)], **how) if kind == "cells" else getattr(
        layers, kind)(3, **how)
    x = np.random.default_rng(1).standard_normal((len(lengths), 5, 2)).astype(np.float32)
    mask = np.array([[t >= 5 - n if before else t < n for t in range(5)] for n in lengths])
    y, *states = layer(x, mask=mask)
    again, *_ = layer(masked(x, mask))
    assert np.array_equal(y.numpy(), again.numpy())
    for i in range(len(lengths)):
        alone, *last = layer(x[i:i + 1, mask[i]])
        for state, other in zip(states, last):
            assert np.allclose(state.numpy()[i], other.numpy()[0], atol=1e-6)
        whole = y.numpy()[i]
        if sequences:
            order = slice(None, None, -1) if backwards else slice(None)
            whole = whole[mask[i][order]]
        assert np.allclose(whole, alone.numpy()[0], atol=1e-6)


def test_masks_go_through_layers_alike_in_every_kind_of_model():
    def parts():
        return [layers.Embedding(9, 4, mask_zero=True), layers.Dense(3), layers.Dropout(0.5),
                layers.Bidirectional(layers.LSTM(2, return_sequences=True)), layers.LayerNormalization(),
                layers.Activation("tanh"), layers.TimeDistributed(layers.Dense(2)), layers.GlobalAveragePooling1D()]

    class Own(Model):
        def __init__(self):
            super().__init__()
            self.parts = parts()

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x
    x = symbol = Input((None,), dtype="int32")
    for part in parts():
        x = part(x)
    models = [Own(), Sequential(parts()), Sequential([Input((None,), dtype="int32"), *parts()]), Model(symbol, x)]
    models[0](TOKENS)
    for model in models[1:]:
        model(TOKENS)
        model.set_weights(models[0].get_weights())
    results = [model(TOKENS).numpy() for model in models]
    assert all(np.array_equal(r, results[0]) for r in results[1:])
    for i, n in enumerate(LENGTHS):
        assert np.allclose(results[0][i], models[0](TOKENS[i:i + 1, :n]).numpy()[0], atol=1e-6)


def test_a_layer_that_knows_no_masks_says_so_and_one_of_ones_own_may():
    class Mine(layers.Layer):
        def call(self, x, mask=None):
            assert mask is not None
            return x * 2

        def compute_mask(self, inputs, mask=None):
            return ~mask
    x = layers.Masking()(np.array([[[1.0], [0.0]]]))
    assert mask_of(Mine()(x)).numpy().tolist() == [[False, True]]
    with pytest.warns(UserWarning, match="does not support masking"):
        assert mask_of(layers.Flatten()(x)) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mask_of(layers.Dense(2)(x)) is not None and mask_of(x * 2) is None


def test_merged_masks():
    a, b = masked(np.ones((1, 3, 2)), [[True, False, False]]), masked(np.ones((1, 3, 2)), [[True, True, False]])
    free = mg.tensor(np.ones((1, 3, 2), np.float32))
    assert mask_of(layers.add([a, b])).numpy().tolist() == [[True, True, False]]
    assert mask_of(layers.add([a, free])) is None
    assert mask_of(layers.concatenate([a, b])).numpy().tolist() == [[True, True, False]]
    assert mask_of(layers.concatenate([a, b], axis=1)).numpy().tolist() == [[True, False, False, True, True, False]]


MERGED = {"Multiply": np.prod, "Maximum": np.max, "Minimum": np.min}
RECORDED = {kind: mg.unroll(lambda *x, kind=kind: getattr(layers, kind)()(list(x))) for kind in MERGED}


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(MERGED)), seed=st.integers(0, 2**32),
       shape=st.sampled_from([(3, 4, 2), (2, 3, 2, 2)]), which=st.lists(st.booleans(), min_size=2, max_size=4))
def test_what_is_padding_takes_no_part_in_a_product_or_the_largest(kind, seed, shape, which):
    """Of the tensors that are no padding at a step: their product, the largest, the smallest, also recorded."""
    draw, merge = np.random.default_rng(seed), getattr(layers, kind)()
    for _ in range(3):
        x = [draw.standard_normal(shape).astype(np.float32) for _ in which]
        masks = [draw.random(shape[:2]) < 0.5 if has else None for has in which]
        tensors = [mg.tensor(a) if m is None else masked(a, m) for a, m in zip(x, masks)]
        y = merge(tensors)
        for at in np.ndindex(shape[:2]):
            real = [a[at] for a, m in zip(x, masks) if m is None or m[at]]
            nothing = np.zeros_like(x[0][at]) if kind == "Multiply" else x[0][at]
            assert np.allclose(y.numpy()[at], MERGED[kind](real, axis=0) if real else nothing, atol=1e-6), (at, masks)
        explicit = merge(x, mask=[m if m is None else m.tolist() for m in masks])
        for other in explicit, RECORDED[kind](*tensors):
            assert np.array_equal(other.numpy(), y.numpy())
        everywhere = np.logical_or.reduce(masks) if all(which) else None
        assert (mask_of(y) is None) == (everywhere is None)
        assert everywhere is None or np.array_equal(mask_of(y).numpy(), everywhere)


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"])
def test_merging_of_masked_tensors_is_like_keras(kind):
    keras = pytest.importorskip("keras")
    draw, (a, b) = np.random.default_rng(3), np.random.default_rng(4).standard_normal((2, 3, 6, 2)).astype(np.float32)
    a, b = np.where(draw.random((3, 6, 1)) < 0.5, a, 0), np.where(draw.random((3, 6, 1)) < 0.5, b, 0)
    merge, other = getattr(layers, kind)(), getattr(keras.layers, kind)()
    for first, second in ("Masking", "Masking"), ("Masking", "Identity"), ("Identity", "Masking"):
        y = merge([getattr(layers, first)()(a), getattr(layers, second)()(b)])
        theirs = other([getattr(keras.layers, first)()(a), getattr(keras.layers, second)()(b)])
        mask, their_mask = mask_of(y), getattr(theirs, "_keras_mask", None)
        assert np.allclose(y.numpy(), keras.ops.convert_to_numpy(theirs)) and (mask is None) == (their_mask is None)
        assert mask is None or np.array_equal(mask.numpy(), keras.ops.convert_to_numpy(their_mask))


def test_attention_looks_at_no_padding():
    x, mask = rng.standard_normal((3, 5, 4)), np.array([[t < n for t in range(5)] for n in LENGTHS])
    heads, plain = layers.MultiHeadAttention(2, 3), layers.Attention()
    for causal in (False, True):
        y, other = heads(masked(x, mask), use_causal_mask=causal), plain([masked(x, mask)] * 2, use_causal_mask=causal)
        assert np.array_equal(mask_of(y).numpy(), mask) and np.array_equal(mask_of(other).numpy(), mask)
        for i, n in enumerate(LENGTHS):
            alone = x[i:i + 1, :n].astype(np.float32)
            assert np.allclose(y.numpy()[i, :n], heads(alone, use_causal_mask=causal).numpy()[0], atol=1e-6)
            expected = plain([alone, alone], use_causal_mask=causal).numpy()[0]
            assert np.allclose(other.numpy()[i, :n], expected, atol=1e-6)
            assert not other.numpy()[i, n:].any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", [layers.Attention, layers.AdditiveAttention])
def test_attention_that_may_look_nowhere_takes_the_plain_mean_in_every_precision(kind, dtype):
    x = rng.standard_normal((3, 5, 4)).astype(dtype)
    y = kind(dtype=dtype)([x, x], mask=[None, np.zeros((3, 5), bool)])
    assert np.allclose(y.numpy(), x.mean(axis=1, keepdims=True), atol=1e-3)


@pytest.mark.parametrize("kind", [*MERGED])
@pytest.mark.parametrize("wrong", [[np.ones((2, 3), bool)], np.ones((2, 3), bool), []])
def test_one_mask_for_each_tensor_that_is_merged(kind, wrong):
    x = np.ones((2, 3, 4), np.float32)
    with pytest.raises(ValueError, match="mask must be a list of 2"):
        getattr(layers, kind)()([x, x], mask=wrong)


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5], "each"])
def test_losses_and_metrics_count_no_padding(weights):
    mask = np.array([[t < n for t in range(5)] for n in LENGTHS])
    y, p = rng.integers(0, 4, (3, 5)), rng.random((3, 5, 4))
    w = rng.random((3, 5)) if weights == "each" else weights
    each = np.ones((3, 5)) if w is None else np.broadcast_to(np.reshape(w, (3, -1)), (3, 5))
    logits = losses.SparseCategoricalCrossentropy(from_logits=True)
    found = logits(y, masked(p, mask), w).item()
    value = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(y, p).numpy()
    assert found == pytest.approx((value * each)[mask].sum() / mask.sum(), rel=1e-5)
    accuracy = metrics.SparseCategoricalAccuracy()
    accuracy.update_state(y, masked(p, mask), w)
    right = p.argmax(-1) == y
    assert accuracy.result() == pytest.approx((right * each)[mask].sum() / each[mask].sum())
    t, q = rng.integers(0, 2, (3, 5)), rng.random((3, 5))
    for kind in (metrics.Precision, metrics.AUC):
        left, whole = kind(), kind()
        left.update_state(t[mask], q[mask].astype(np.float32), each[mask])
        whole.update_state(t, masked(q, mask), w)
        assert whole.result() == pytest.approx(left.result(), rel=1e-5)


FIRST = {"IoU": (2, [0]), "MeanIoU": (2,), "OneHotIoU": (2, [0]), "OneHotMeanIoU": (2,), "RecallAtPrecision": (0.5,),
         "PrecisionAtRecall": (0.5,), "SensitivityAtSpecificity": (0.5,), "SpecificityAtSensitivity": (0.5,)}
OF_PAIRS = {name: kind for name, kind in vars(metrics).items() if isinstance(kind, type) and issubclass(
    kind, metrics.Metric) and name not in {"Metric", "Mean", "Sum", "MeanOf", "MeanFunction", "MeanMetricWrapper",
                                           "MeanLoss"}}


@pytest.mark.parametrize("name", sorted(OF_PAIRS))
def test_every_metric_counts_no_padding(name):
    draw, mask = np.random.default_rng(1), np.array([True, True, False, True, False, True, True, False])
    y, p = draw.integers(0, 2, (8, 3)).astype(np.float32), draw.random((8, 3)).astype(np.float32)
    if name.startswith("Sparse"):
        y = draw.integers(0, 3, 8)
    elif name.endswith("IoU"):
        y, p = (np.eye(2)[draw.integers(0, 2, 8)], p[:, :2]) if name.startswith("OneHot") else (y, p.round())
    left, whole = (OF_PAIRS[name](*FIRST.get(name, ())) for _ in range(2))
    left.update_state(y[mask], p[mask])
    whole.update_state(y, masked(p, mask))
    assert np.allclose(whole.result(), left.result(), rtol=1e-5)


def test_all_padding_costs_nothing():
    loss = losses.MeanSquaredError()(np.ones((1, 2)), masked(np.zeros((1, 2, 1)), [[False, False]]))
    assert loss.item() == 0
    pooled = layers.GlobalAveragePooling1D()(masked(np.ones((1, 2, 3)), [[False, False]]))
    assert not pooled.numpy().any()


def tagger(x, dropout=0.2, **compiled):
    """A model that was trained to name the tokens, and the history."""
    mg.seed(2)
    model = Sequential([layers.Embedding(9, 4, mask_zero=True), layers.GRU(
        6, return_sequences=True, dropout=dropout, recurrent_dropout=dropout), layers.Dense(9, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"],
                  **compiled)
    return model, model.fit(x, x, batch_size=6, epochs=4, shuffle=False, verbose=0).history


def test_a_recorded_fit_has_the_same_bits_and_the_same_scores():
    x = np.tile(TOKENS, (4, 1))
    (plain, first), (fast, second) = tagger(x, run_eagerly=True), tagger(x, jit_compile=True)
    assert first == second and all(map(np.array_equal, plain.get_weights(), fast.get_weights()))
    assert fast._replayed["train_step"].program is not None
    assert np.array_equal(plain.evaluate(x, x, verbose=0), fast.evaluate(x, x, verbose=0))


def test_padding_added_to_a_batch_changes_no_training():
    wide = np.pad(TOKENS, ((0, 0), (0, 3)))
    (_, a), (_, b) = tagger(TOKENS, 0.0), tagger(wide, 0.0)
    assert np.allclose(a["loss"], b["loss"], rtol=1e-5) and np.allclose(a["accuracy"], b["accuracy"])
