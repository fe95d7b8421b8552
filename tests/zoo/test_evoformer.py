"""The Evoformer's parts against loops that say what they mean, its gradients against slopes, and that it learns."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.keras.optimizers import Adam
from minigrad.testing import check_gradients
from minigrad.zoo import evoformer as ev

from .test_structure import CRAMBIN

seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(1, 6)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@given(lengths, st.booleans(), seeds)
def test_triangle_sum_is_the_sum_over_the_third_residue(length, outgoing, seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 2, length, length, 3))
    y = np.zeros_like(a)
    for n, i, j, c, k in np.ndindex(2, length, length, 3, length):
        y[n, i, j, c] += a[n, i, k, c] * b[n, j, k, c] if outgoing else a[n, k, i, c] * b[n, k, j, c]
    assert np.allclose(ev.triangle_sum(a, b, outgoing), y)


@given(lengths, seeds)
def test_attend_is_attention_with_a_term_per_pair(length, seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(3, 2, 3, length, 4))
    bias = rng.normal(size=(2, 3, length, length))
    y = np.zeros_like(v)
    for n, h, i in np.ndindex(2, 3, length):
        logits = np.array([q[n, h, i] @ k[n, h, j] / math.sqrt(4) + bias[n, h, i, j] for j in range(length)])
        y[n, h, i] = softmax(logits) @ v[n, h]
    assert np.allclose(ev.attend(q, k, v, bias), y)


def test_gradients_of_triangle_sum_and_attention():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2, 4, 4, 3))
    check_gradients(lambda a, b: ev.triangle_sum(a, b, True), a, b)
    check_gradients(lambda a, b: ev.triangle_sum(a, b, False), a, b)
    q, k, v = rng.normal(size=(3, 2, 2, 4, 3))
    check_gradients(ev.attend, q, k, v, rng.normal(size=(2, 4, 4)))


def weights(layer, seed=0):
    """The layer's weights, redrawn: those that start at 0 hide what they multiply."""
    rng = np.random.default_rng(seed)
    layer.assign({path: rng.normal(size=w.shape) * 0.5 for path, w in layer.named_weights().items()})
    return {path: w.numpy().astype(float) for path, w in layer.named_weights().items()}


def normed(x, w, name):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x * w[f"{name}.gamma"] + w[f"{name}.beta"]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("rows", [False, True])
def test_biased_attention_edge_by_edge(rows):
    """On residues; and on the edges of each residue, where the bias is that of the triangle's third side."""
    rng, h, d, length = np.random.default_rng(1), 2, 3, 5
    layer = ev.BiasedAttention(h, d)
    x = rng.normal(size=(1, length, length, 4) if rows else (1, length, 4)).astype(np.float32)
    z = x if rows else rng.normal(size=(1, length, length, 6)).astype(np.float32)
    layer(x, z)
    w = weights(layer)
    got = layer(x, z).numpy()
    bias = normed(z, w, "norm_pair") @ w["bias.kernel"]                         # (1, L, L, h)
    for i in range(length) if rows else [...]:
        row = x[0, i] if rows else x[0]
        parts = (normed(row, w, "norm") @ w["qkvg.kernel"] + w["qkvg.bias"]).reshape(length, 4, h, d)
        y = np.zeros((length, h, d))
        for j, head in np.ndindex(length, h):
            logits = [parts[j, 0, head] @ parts[k, 1, head] / math.sqrt(d) + bias[0, j, k, head] for k in range(length)]
            y[j, head] = softmax(np.array(logits)) @ parts[:, 2, head] * sigmoid(parts[j, 3, head])
        expected = y.reshape(length, h * d) @ w["out.kernel"] + w["out.bias"]
        assert np.allclose(got[0, i] if rows else got[0], expected, atol=1e-5)


@pytest.mark.parametrize("outgoing", [True, False])
def test_triangle_multiplication_edge_by_edge(outgoing):
    layer, length, d = ev.TriangleMultiplication(3, outgoing), 5, 3
    x = np.random.default_rng(2).normal(size=(1, length, length, 4)).astype(np.float32)
    layer(x)
    w = weights(layer)
    z = normed(x[0].astype(float), w, "norm")
    sides = z @ w["sides.kernel"] + w["sides.bias"]
    a, b = np.split(sigmoid(sides[..., :2 * d]) * sides[..., 2 * d:], 2, axis=-1)
    y = np.zeros((length, length, d))
    for i, j, k in np.ndindex(length, length, length):
        y[i, j] += a[i, k] * b[j, k] if outgoing else a[k, i] * b[k, j]
    y = normed(y / math.sqrt(length), w, "norm_sum") @ w["out.kernel"] + w["out.bias"]
    y = y * sigmoid(z @ w["gate.kernel"] + w["gate.bias"])
    assert np.allclose(layer(x).numpy()[0], y, atol=1e-4)


def small(**kwargs):
    model = ev.Evoformer(5, single=8, pair=8, blocks=2, heads=2, **kwargs)
    sequences = np.random.default_rng(3).integers(0, 20, (2, 6)).astype(np.int32)
    model(sequences)
    return model, sequences


@pytest.mark.parametrize("triangle_attention", [False, True])
def test_gradients_of_the_whole_network(triangle_attention):
    """The slope of the loss along a random direction in all weights, in double precision."""
    model, sequences = small(triangle_attention=triangle_attention)
    weights(model)
    for w in model.weights:
        w._data = w._data.astype(np.float64)
        w.touch()
    bins = np.random.default_rng(4).integers(0, 5, (2, 6, 6))

    def loss():
        return model.compute_loss(mg.tensor(bins), model(sequences))
    value = loss()
    assert value.dtype == np.float64
    value.backward()
    rng, along, step = np.random.default_rng(5), 0, 1e-6
    directions = [rng.normal(size=w.shape) for w in model.weights]
    for w, v in zip(model.weights, directions):
        along += (w.grad._data * v).sum()
    ends = []
    for sign in (1, -1):
        for w, v in zip(model.weights, directions):
            w._data += sign * step * v
            w.touch()
        ends.append(loss().item())
        for w, v in zip(model.weights, directions):
            w._data -= sign * step * v
            w.touch()
    assert along == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_a_distance_has_no_direction():
    model, sequences = small()
    weights(model)
    logits = model(sequences).numpy()
    assert np.allclose(logits, logits.swapaxes(1, 2), atol=1e-5)
    assert not np.allclose(logits[:, :1], logits[:, 1:2])


def test_each_residue_hears_of_each_other():
    """Changing the last letter changes the prediction for the first two residues."""
    model, sequences = small()
    weights(model)
    other = sequences.copy()
    other[:, -1] = (other[:, -1] + 1) % 20
    assert not np.allclose(model(sequences).numpy()[:, 0, 1], model(other).numpy()[:, 0, 1], atol=1e-4)


def test_before_training_all_bins_are_equally_likely():
    model, sequences = small()
    bins = np.random.default_rng(0).integers(0, 5, (2, 6, 6))
    assert model.compute_loss(mg.tensor(bins), model(sequences)).item() == pytest.approx(math.log(5), rel=1e-5)


def test_the_loss_counts_residues_that_are_no_neighbours():
    model, _ = small()
    logits = np.random.default_rng(0).normal(size=(2, 4, 4, 5)).astype(np.float32)
    bins = np.random.default_rng(1).integers(0, 5, (2, 4, 4))
    nats = [-np.log(softmax(logits[n, i, j])[bins[n, i, j]]) for n, i, j in np.ndindex(2, 4, 4) if abs(i - j) >= 2]
    assert model.compute_loss(mg.tensor(bins), mg.tensor(logits)).item() == pytest.approx(np.mean(nats), rel=1e-5)


def test_it_learns_one_protein_by_heart():
    mg.seed(0)
    model = ev.Evoformer(3, single=16, pair=16, blocks=1, heads=2)
    sequence = ev.encode(CRAMBIN.sequence[:16])[None]
    bins = np.random.default_rng(0).integers(0, 3, (1, 16, 16))
    bins = np.minimum(bins, bins.swapaxes(1, 2))
    model.compile(Adam(0.01))
    losses = [model.train_on_batch(sequence, bins) for _ in range(100)]
    assert losses[0] == pytest.approx(math.log(3), rel=1e-5) and losses[-1] < 0.3 * losses[0]


def test_saving_and_loading(tmp_path):
    model, sequences = small()
    weights(model)
    model.save(tmp_path / "model")
    assert np.array_equal(ev.Evoformer.load(tmp_path / "model")(sequences).numpy(), model(sequences).numpy())


@given(st.text(max_size=10))
def test_every_letter_has_a_number(text):
    numbers = ev.encode(text)
    assert numbers.dtype == np.int32 and all(0 <= n <= 20 for n in numbers)
    assert ev.encode("ACY").tolist() == ev.encode("acy").tolist() == [0, 1, 19] and ev.encode("X").tolist() == [20]
