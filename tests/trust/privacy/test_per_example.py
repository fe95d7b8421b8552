"""Per-example gradients: equal to one backward pass per example; norms and weighted sums equal to theirs."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import layers, losses
from minigrad.keras.models import Sequential
from minigrad.trust.privacy import PerExample, per_example_gradients
from minigrad.zoo.gpt import GPT

SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)


def model_and_data(parts, shape, n, seed, whole=False):
    mg.seed(seed)
    model, rng = Sequential(parts), np.random.default_rng(seed)
    x = rng.integers(0, 5, (n, *shape)) if whole else rng.standard_normal((n, *shape)).astype(np.float32)
    model(x[:1])
    for w in model.weights:                 # in float64 the two ways agree to rounding
        w._data = w._data.astype(float) + 0.1 * rng.standard_normal(w.shape)
    return model, x if whole else mg.tensor(x.astype(float)), rng.integers(0, 3, n)


def loop(model, x, y):
    """The gradients by a backward pass for each example."""
    rows = []
    for i in range(len(y)):
        SPARSE(y[i:i + 1], model.call(x[i:i + 1])).sum().backward()
        rows.append([w.grad.numpy() if w.grad is not None else np.zeros(w.shape) for w in model.trainable_weights])
    return [np.stack(column) for column in zip(*rows)]


MODELS = {
    "dense": (lambda: [layers.Dense(4, activation="tanh"), layers.Dense(3)], (5,), False),
    "no bias": (lambda: [layers.Dense(4, use_bias=False), layers.ReLU(), layers.Dense(3)], (5,), False),
    "over time": (lambda: [layers.Dense(4, activation="tanh"), layers.Flatten(), layers.Dense(3)], (3, 2), False),
    "layer norm": (lambda: [layers.Dense(4), layers.LayerNormalization(), layers.Dense(3)], (5,), False),
    "conv": (lambda: [layers.Conv2D(2, 3, activation="tanh"), layers.Flatten(), layers.Dense(3)], (5, 4, 1), False),
    "embedding": (lambda: [layers.Embedding(5, 3), layers.Flatten(), layers.Dense(3)], (4,), True),
}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=8)
@given(n=st.integers(1, 6), seed=st.integers(0, 99))
def test_equal_to_the_loop(name, n, seed):
    make, shape, whole = MODELS[name]
    model, x, y = model_and_data(make(), shape, n, seed, whole)
    expected = loop(model, x, y)
    got = PerExample(SPARSE(y, model.call(x)), model.trainable_weights)
    for w, a, b in zip(model.trainable_weights, got.gradients(), expected):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9, err_msg=f"{name}, weight of shape {w.shape}")
    norms = np.sqrt(sum(np.square(b).reshape(n, -1).sum(axis=1) for b in expected))
    np.testing.assert_allclose(got.norms(), norms, rtol=1e-6, atol=1e-9)
    c = np.random.default_rng(seed).random(n)
    for a, b in zip(got.total(c), expected):
        np.testing.assert_allclose(a, np.tensordot(c, b, 1), rtol=1e-6, atol=1e-9)


def test_a_weight_used_twice():
    shared = layers.Dense(5, activation="tanh")
    model, x, y = model_and_data([shared, shared, layers.Dense(3)], (5,), 4, 0)
    got = PerExample(SPARSE(y, model.call(x)), model.trainable_weights)
    expected = loop(model, x, y)
    for a, b in zip(got.gradients(), expected):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    np.testing.assert_allclose(got.norms(), np.sqrt(sum(np.square(b).reshape(4, -1).sum(axis=1) for b in expected)))


def test_their_sum_is_the_gradient_of_the_sum():
    model, x, y = model_and_data(MODELS["dense"][0](), (5,), 7, 3)
    parts = per_example_gradients(SPARSE(y, model.call(x)), model.trainable_weights)
    SPARSE(y, model.call(x)).sum().backward()
    for part, w in zip(parts, model.trainable_weights):
        np.testing.assert_allclose(part.sum(axis=0), w.grad.numpy(), rtol=1e-6, atol=1e-12)


def test_a_weight_without_influence_has_gradient_0():
    model, x, y = model_and_data(MODELS["dense"][0](), (5,), 2, 0)
    unused = mg.tensor([1.0, 2.0], requires_grad=True)
    assert not per_example_gradients(SPARSE(y, model.call(x)), [unused])[0].any()


def test_the_registry_keeps_its_ops():
    before = mg.ops.REGISTRY["linear"].rules
    model, x, y = model_and_data(MODELS["dense"][0](), (5,), 2, 0)
    per_example_gradients(SPARSE(y, model.call(x)), model.trainable_weights)
    assert mg.ops.REGISTRY["linear"].rules is before


def test_an_op_is_what_it_declares_not_what_it_is_called(monkeypatch):
    """A user's own linear, with another formula, and a normalization of their own."""
    monkeypatch.setattr(mg.engine.op, "REGISTRY", dict(mg.ops.REGISTRY))
    own = mg.op(lambda x, w, b, /: 2 * (x @ w) + 3 * b, (
        lambda g, y, x, w, b: 2 * g @ w.T, lambda g, y, x, w, b: 2 * x.T @ g, lambda g, y, x, w, b: 3 * g.sum(axis=0)),
        name="linear", shapes="(m,n),(n,p),(p)->(m,p)")
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)), mg.tensor(rng.normal(size=(3, 2)), requires_grad=True)
    b = mg.tensor(np.zeros(2), requires_grad=True)
    found = per_example_gradients((own(x, w, b) ** 2).sum(axis=1), [w, b])
    for i in range(4):
        (own(x, w, b)[i] ** 2).sum().backward()
        assert_allclose(found[0][i], w.grad.numpy())
        assert_allclose(found[1][i], b.grad.numpy())
    centred = mg.op(lambda x, /: x - x.mean(axis=0), lambda g, y, x: g - g.mean(axis=0), name="centred", shapes="",
                    mixes=True)
    with pytest.raises(ValueError, match="centred makes what one example gives depend on the others"):
        per_example_gradients((centred(mg.linear(x, w, b))**2).sum(axis=1), [w, b])


def test_what_mixes_examples_is_refused():
    model, x, y = model_and_data([layers.Dense(4), layers.BatchNormalization(), layers.Dense(3)], (5,), 4, 0)
    with pytest.raises(ValueError, match="depend on the others"):
        PerExample(SPARSE(y, model(x, training=True)), model.trainable_weights)


def test_a_weight_that_meets_no_examples_is_refused():
    w, x = mg.tensor(np.ones((4, 4)), requires_grad=True), mg.tensor(np.ones((4, 4)))
    with pytest.raises(ValueError, match="no examples"):
        PerExample((x @ mg.concatenate([w, w], axis=1)).sum(axis=1), [w])
    with pytest.raises(ValueError, match="no examples"):
        PerExample((x @ w).sum(axis=1) + (w * w).sum(), [w])


@settings(max_examples=20)
@given(n=st.integers(1, 5), places=st.integers(1, 5), seed=st.integers(0, 99),
       change=st.sampled_from([lambda w: w.T, lambda w: w.swapaxes(0, 1), lambda w: 2.0 * mg.tanh(w).T,
                               lambda w: (w.T.reshape(3, 2, 2) ** 2).reshape(3, 4)]))
def test_what_is_made_from_a_weight_alone_counts_as_that_weight(n, places, seed, change):
    """Tied embeddings: a table is looked up at the input and, transposed, is the output's matrix."""
    rng = np.random.default_rng(seed)
    table, x = mg.tensor(rng.normal(size=(4, 3)), requires_grad=True), rng.integers(0, 4, (n, places))

    def losses(rows):
        h = mg.embedding(table, x[rows])                                        # (B, T, 3)
        return mg.sparse_softmax_cross_entropy(mg.tanh(h) @ change(table), x[rows]).sum(axis=1)
    expected = []
    for i in range(n):
        losses(slice(i, i + 1)).sum().backward()
        expected.append(table.grad.numpy())
    got, c = PerExample(losses(slice(None)), [table]), rng.random(n)
    np.testing.assert_allclose(got.gradients()[0], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(got.norms(), [np.linalg.norm(g) for g in expected], rtol=1e-9)
    np.testing.assert_allclose(got.total(c)[0], np.tensordot(c, expected, 1), rtol=1e-9, atol=1e-12)


def test_the_gpt_of_the_zoo():
    mg.seed(0)
    model, x = GPT("abcdef", context=8, depth=2, heads=2, width=8), np.random.default_rng(0).integers(0, 6, (3, 8))
    model(x)
    for w in model.weights:
        w._data = w._data.astype(float)
    losses = lambda rows: SPARSE(x[rows, 1:], model.call(x[rows, :-1])).mean(axis=1)    # noqa: E731
    expected = []
    for i in range(len(x)):
        losses(slice(i, i + 1)).sum().backward()
        expected.append([w.grad.numpy() for w in model.trainable_weights])
    got = PerExample(losses(slice(None)), model.trainable_weights)
    for w, a, b in zip(model.trainable_weights, got.gradients(), zip(*expected)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7, err_msg=f"weight of shape {w.shape}")
    norms = [np.sqrt(sum(np.square(g).sum() for g in row)) for row in expected]
    np.testing.assert_allclose(got.norms(), norms, rtol=1e-5)


def test_a_weight_that_is_the_same_for_all_examples_is_refused_also_where_the_shapes_happen_to_fit():
    """Positions: the table is looked up for T places, and T may equal B."""
    for n in (4, 3):
        table, x = mg.tensor(np.ones((4, 2)), requires_grad=True), mg.tensor(np.ones((n, 4, 2)))
        places = mg.embedding(table, np.arange(4))
        with pytest.raises(ValueError, match="no examples"):
            PerExample((x * places).sum(axis=(1, 2)), [table])


def test_losses_must_be_one_for_each_example():
    model, x, y = model_and_data(MODELS["dense"][0](), (5,), 2, 0)
    with pytest.raises(ValueError, match="reduction=None"):
        PerExample(SPARSE(y, model.call(x)).sum(), model.trainable_weights)
