"""Multi-head attention against loops over heads, queries and keys."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import layers
from tests.keras.layers.checks import check_layer


def by_hand(layer, query, value, key, allowed):
    """The definition, one head, one query at a time."""
    def dense(part, x):
        return x @ part.kernel.numpy().astype(float) + (part.bias.numpy() if part.use_bias else 0)
    q, k, v = dense(layer.query, query), dense(layer.key, key), dense(layer.value, value)
    d, e = layer.key_dim, layer.value_dim
    joined = np.zeros((*q.shape[:2], layer.num_heads * e))
    for b, t, head in np.ndindex(*q.shape[:2], layer.num_heads):
        keys = [s for s in range(k.shape[1]) if allowed[b, head, t, s]]
        part = slice(head * d, (head + 1) * d)
        scores = np.array([q[b, t, part] @ k[b, s, part] / np.sqrt(d) for s in keys])
        p = np.exp(scores - scores.max())
        joined[b, t, head * e:(head + 1) * e] = (p / p.sum()) @ v[b, keys, head * e:(head + 1) * e]
    return dense(layer.attention_output, joined)


@given(batch=st.integers(1, 2), queries=st.integers(1, 4), keys=st.integers(1, 4), heads=st.integers(1, 3),
       key_dim=st.integers(1, 3), value_dim=st.none() | st.integers(1, 3), bias=st.booleans(), causal=st.booleans(),
       mask=st.sampled_from([None, "all heads", "each head"]), out=st.none() | st.integers(1, 3))
def test_against_loops(batch, queries, keys, heads, key_dim, value_dim, bias, causal, mask, out):
    if causal and queries > keys:
        keys = queries                                  # otherwise the first queries may look at nothing
    rng = np.random.default_rng(0)
    query, value, key = (rng.standard_normal((batch, n, c)) for n, c in ((queries, 4), (keys, 3), (keys, 2)))
    layer = layers.MultiHeadAttention(heads, key_dim, value_dim, use_bias=bias, output_shape=out,
                                      bias_initializer="random_normal")
    allowed, given = np.ones((batch, heads, queries, keys), bool), None
    if mask:
        given = rng.random((batch, queries, keys) if mask == "all heads" else allowed.shape) < 0.6
        given[..., 0] = True
        allowed &= given[:, None] if mask == "all heads" else given
    if causal:
        allowed &= np.arange(keys) <= np.arange(queries)[:, None] + keys - queries
    y = layer(query, value, key, attention_mask=given, use_causal_mask=causal)
    assert y.shape == (batch, queries, out or 4) and y.dtype == np.float32
    expected = by_hand(layer, query, value, key, allowed)
    assert np.allclose(y.numpy(), expected, atol=1e-5)
    again, scores = layer(query, value, key, attention_mask=given, use_causal_mask=causal, return_attention_scores=True)
    assert np.allclose(again.numpy(), expected, atol=1e-5)
    assert np.allclose(scores.numpy().sum(-1), 1, atol=1e-5) and not scores.numpy()[~allowed].any()


@pytest.mark.parametrize("settings", [{}, {"use_causal_mask": True}, {"attention_mask": np.tri(4, dtype=bool)[None]}])
def test_gradients(settings):
    check_layer(layers.MultiHeadAttention(2, 3), (2, 4, 5), **settings)
    check_layer(layers.MultiHeadAttention(2, 3, value_dim=2), (2, 4, 5), (2, 4, 3), **settings)


def test_later_positions_have_no_influence_under_a_causal_mask():
    x = np.random.default_rng(0).standard_normal((1, 6, 4))
    layer = layers.MultiHeadAttention(2, 2)
    before = layer(x, use_causal_mask=True).numpy()
    x[:, 4:] += 1
    after = layer(x, use_causal_mask=True).numpy()
    assert np.array_equal(before[:, :4], after[:, :4]) and not np.allclose(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize("causal", [False, True])
def test_a_query_that_may_look_nowhere_takes_the_plain_mean(causal):
    x, mask = np.random.default_rng(0).standard_normal((1, 3, 4)), np.ones((1, 3, 3), bool)
    mask[0, 1, :2] = False                              # under a causal mask that is nowhere
    mask[0, 1, 2] = causal
    layer = layers.MultiHeadAttention(2, 2)
    y, scores = layer(x, attention_mask=mask, use_causal_mask=causal, return_attention_scores=True)
    assert np.allclose(scores.numpy()[0, :, 1], 1 / 3) and np.isfinite(y.numpy()).all()
    again = layer(x, attention_mask=mask, use_causal_mask=causal)
    assert np.allclose(again.numpy(), y.numpy(), atol=1e-6)
    mean = layer.value(np.float32(x)).numpy().mean(axis=1)
    assert np.allclose(again.numpy()[:, 1], layer.attention_output(mean).numpy(), atol=1e-6)


def test_dropout_of_attention_in_training_only():
    mg.seed(0)
    x = np.random.default_rng(0).standard_normal((2, 6, 4))
    layer = layers.MultiHeadAttention(2, 2, dropout=0.5)
    quiet = layer(x).numpy()
    assert np.array_equal(layer(x).numpy(), quiet)
    assert not np.allclose(layer(x, training=True).numpy(), quiet)


@given(kind=st.sampled_from(["Attention", "AdditiveAttention", "MultiHeadAttention"]), rate=st.sampled_from([0.0, 0.5]),
       seed=st.integers(0, 2**32), causal=st.booleans())
def test_scores_in_training_are_as_keras_returns_them(kind, rate, seed, causal):
    """Of Attention the weights that y is made with, after dropout; of several heads those before it."""
    x = np.random.default_rng(seed).standard_normal((2, 6, 4)).astype(np.float32)
    heads = kind == "MultiHeadAttention"
    layer = getattr(layers, kind)(*[2, 2] * heads, dropout=rate)
    y, scores = layer(*([x, x] if heads else [[x, x]]), training=True, use_causal_mask=causal,
                      return_attention_scores=True)
    if heads:
        assert np.allclose(scores.numpy().sum(axis=-1), 1, atol=1e-5)
    else:
        assert np.allclose(scores.numpy() @ x, y.numpy(), atol=1e-5)
        assert np.allclose(scores.numpy().sum(axis=-1), 1, atol=1e-5) == (rate == 0)
