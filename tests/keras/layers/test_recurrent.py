"""Recurrent layers against the formulas of their papers, step by step and unit by unit in plain NumPy."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import layers
from minigrad.keras.layers.recurrent import unstack
from tests.keras.layers.checks import check_layer


def sigma(x):
    return 1 / (1 + np.exp(-x))


def simple_step(x, h, w, u, b):
    return (np.tanh(x @ w + h @ u + b),)


def lstm_step(x, h, c, w, u, b):
    n = u.shape[0]
    gate = [x @ w[:, k * n:(k + 1) * n] + h @ u[:, k * n:(k + 1) * n] + b[k * n:(k + 1) * n] for k in range(4)]
    c = sigma(gate[1]) * c + sigma(gate[0]) * np.tanh(gate[2])
    return sigma(gate[3]) * np.tanh(c), c


def gru_step(x, h, w, u, b):
    n = u.shape[0]
    part = [slice(k * n, (k + 1) * n) for k in range(3)]
    inside, outside = (b[0], b[1]) if b.ndim == 2 else (b, np.zeros_like(b))
    z, r = (sigma(x @ w[:, p] + inside[p] + h @ u[:, p] + outside[p]) for p in part[:2])
    if b.ndim == 2:
        candidate = np.tanh(x @ w[:, part[2]] + inside[part[2]] + r * (h @ u[:, part[2]] + outside[part[2]]))
    else:
        candidate = np.tanh(x @ w[:, part[2]] + inside[part[2]] + (r * h) @ u[:, part[2]])
    return (z * h + (1 - z) * candidate,)


KINDS = {"simple": (layers.SimpleRNN, {}, simple_step), "lstm": (layers.LSTM, {}, lstm_step),
         "gru": (layers.GRU, {}, gru_step), "gru before": (layers.GRU, {"reset_after": False}, gru_step)}


@given(kind=st.sampled_from(sorted(KINDS)), batch=st.integers(1, 3), time=st.integers(1, 6), features=st.integers(1, 3),
       units=st.integers(1, 4), bias=st.booleans(), sequences=st.booleans(), backwards=st.booleans(),
       start=st.booleans())
def test_against_step_by_step(kind, batch, time, features, units, bias, sequences, backwards, start):
    make, settings, step = KINDS[kind]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, time, features))
    layer = make(units, use_bias=bias, bias_initializer="random_normal", return_sequences=sequences, return_state=True,
                 go_backwards=backwards, **settings)
    states = [rng.standard_normal((batch, units)) if start else np.zeros((batch, units))
              for _ in range(layer.remembered)]
    y, *last = layer(x, initial_state=states) if start else layer(x)
    w, u = (t.numpy().astype(float) for t in (layer.kernel, layer.recurrent_kernel))
    b = layer.bias.numpy() if bias else np.zeros(layer.bias_shape())
    outputs = []
    for t in range(time)[::-1 if backwards else 1]:
        states = step(x[:, t], *states, w, u, b)
        outputs.append(states[0])
    expected = np.stack(outputs, axis=1) if sequences else outputs[-1]
    assert np.allclose(y.numpy(), expected, atol=1e-5) and y.dtype == np.float32
    assert all(np.allclose(a.numpy(), e, atol=1e-5) for a, e in zip(last, states, strict=True))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("settings", [{}, {"return_sequences": True, "use_bias": False}, {"go_backwards": True}])
def test_gradients(kind, settings):
    make, own, _ = KINDS[kind]
    check_layer(make(4, **settings, **own), (2, 5, 3))


def test_weights_begin_as_in_keras():
    layer = layers.LSTM(8)
    layer(np.zeros((1, 2, 3)))
    kernel, recurrent, bias = layer.get_weights()
    assert kernel.shape == (3, 32) and np.allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)
    assert bias.tolist() == [0] * 8 + [1] * 8 + [0] * 16
    off = layers.LSTM(8, unit_forget_bias=False)
    off(np.zeros((1, 2, 3)))
    assert not off.bias.numpy().any()
    assert layers.GRU(4).bias_shape() == (2, 12)


def test_initial_state_of_the_wrong_form():
    with pytest.raises(ValueError, match=r"initial_state must be 2 of shape \(2, 4\), not \[\(2, 4\)\]"):
        layers.LSTM(4)(np.zeros((2, 3, 5)), initial_state=np.zeros((2, 4)))


@given(n=st.integers(0, 40))
def test_unstack_and_its_gradient(n):
    x = mg.tensor(np.arange(3.0 * n).reshape(n, 3), requires_grad=True)
    parts = unstack(x)
    assert len(parts) == n and all(np.array_equal(p.numpy(), x.numpy()[i]) for i, p in enumerate(parts))
    if n:
        sum((i + 1) * p.sum() for i, p in enumerate(parts)).backward()
        assert np.array_equal(x.grad.numpy(), np.repeat(np.arange(1.0, n + 1), 3).reshape(n, 3))


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU, lambda n, **how: layers.RNN(layers.LSTMCell(n), **how),
                                  lambda n, **how: layers.Bidirectional(layers.SimpleRNN(n, **how))])
def test_a_stateful_layer_goes_on_where_the_batch_before_ended(make):
    x = np.random.default_rng(0).standard_normal((2, 6, 3)).astype(np.float32)
    layer = make(4, stateful=True)
    layer(x[:, :2])
    layer.reset_state()
    layer(x[:, :3])
    second = layer(x[:, 3:]).numpy()
    both = layers.Bidirectional if isinstance(layer, layers.Bidirectional) else None
    if both is None:
        layer.reset_states()
        assert np.allclose(layer(x).numpy(), second, atol=1e-6)
    layer.reset_state()
    assert not np.allclose(layer(x[:, 3:]).numpy(), second)
    with pytest.raises(ValueError, match="the states of the batch before must be"):
        layer(x[:1])


def test_a_sequence_of_no_steps_is_refused():
    with pytest.raises(ValueError, match="no steps"):
        layers.LSTM(2)(np.zeros((1, 0, 3)))


def test_examples_of_shapes_leave_no_state():
    x = mg.keras.Input((None, 3))
    layer = layers.GRU(4, stateful=True)
    mg.keras.Model(x, layer(x))
    assert layer.states is None


def test_a_stateful_fit_that_is_resumed_has_the_same_bits(tmp_path):
    from minigrad.keras.callbacks import BackupAndRestore, Callback

    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.run.epoch == 1 and batch == 1:
                raise KeyboardInterrupt
    x = np.random.default_rng(0).standard_normal((8, 3, 2)).astype(np.float32)

    def fit(*callbacks):
        mg.seed(0)
        model = mg.keras.Sequential([layers.GaussianNoise(0.1, seed=5), layers.LSTM(3, stateful=True), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, x[:, 0, :1], batch_size=2, epochs=3, verbose=0, shuffle=False, callbacks=[*callbacks])
        return model
    whole = fit()
    with pytest.raises(KeyboardInterrupt):
        fit(BackupAndRestore(tmp_path / "b", save_freq=1, delete_checkpoint=False), Stop())
    again = fit(BackupAndRestore(tmp_path / "b", save_freq=1))
    assert all(map(np.array_equal, whole.get_weights(), again.get_weights()))
    assert all(map(np.array_equal, whole.layers[1].states, again.layers[1].states))


def test_what_is_dropped_is_the_same_at_all_times():
    mg.seed(0)
    x = np.ones((64, 5, 8), np.float32)
    seen = []
    layer = layers.SimpleRNN(4, "linear", dropout=0.5, use_bias=False, kernel_initializer="ones",
                             recurrent_initializer="zeros", return_sequences=True)
    y = layer(x, training=True).numpy()
    assert np.array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape)) and len(np.unique(y)) > 3
    assert np.array_equal(layer(x).numpy(), np.full(y.shape, 8.0))
    layer = layers.SimpleRNN(16, "linear", recurrent_dropout=0.5, return_sequences=True)
    layer(x[..., :1])
    layer.set_weights([np.ones((1, 16)), np.eye(16), np.zeros(16)])
    y = layer(x[..., :1], training=True).numpy()            # h' = 1 + 2 h where it is kept, else 1
    seen = {tuple(row) for row in np.moveaxis(y, 1, 2).reshape(-1, 5).tolist()}
    assert seen == {(1.0, 3.0, 7.0, 15.0, 31.0), (1.0,) * 5}


def test_an_lstm_of_the_usual_functions_is_one_of_the_same_functions_in_parts():
    x, results = np.random.default_rng(0).standard_normal((3, 5, 4)), []
    for activation in ("tanh", lambda x: mg.tanh(x)):
        mg.seed(1)
        layer = layers.LSTM(6, activation=activation, return_sequences=True)
        t = mg.tensor(x, requires_grad=True)
        (layer(t) ** 2).sum().backward()
        results.append([t.grad, *(w.grad for w in layer.trainable_weights)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
@given(backwards=st.booleans(), sequences=st.booleans(), bias=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=5)
def test_all_steps_at_once_equal_one_by_one(kind, dtype, backwards, sequences, bias, seed):
    """A mask under which nothing is padding changes nothing, but is computed step by step."""
    make, own, _ = KINDS[kind]
    rng = np.random.default_rng(seed)
    x = mg.tensor(3 * rng.standard_normal((2, 4, 3)).astype(dtype), requires_grad=True)
    layer = make(2, return_sequences=sequences, return_state=True, go_backwards=backwards, use_bias=bias,
                 bias_initializer="random_normal", dtype=np.dtype(dtype).name, **own)
    found = []
    for mask in (None, np.ones((2, 4), bool)):
        results = layer(x, mask=mask)
        assert all(y.dtype == dtype for y in results)
        sum((i + 1) * (y * y).sum() for i, y in enumerate(results)).backward()
        found.append([*results, x.grad, *(w.grad for w in layer.trainable_weights)])
    near = {"rtol": 0.02, "atol": 0.02} if dtype == np.float16 else {"rtol": 1e-4, "atol": 1e-5}
    for at_once, one_by_one in zip(*found, strict=True):
        assert np.allclose(at_once.numpy(), one_by_one.numpy(), **near)


@pytest.mark.parametrize("shapes", ["3 2 9; 2 2; 2 2; 2 8", "0 2 8; 2 2; 2 2; 2 8", "3 2 8; 1 2; 2 2; 2 8",
                                    "2 8; 2 2; 2 2; 2 8", "3 2 8; 2; 2 2; 2 8"])
def test_shapes_that_do_not_go_together_are_refused(shapes):
    with pytest.raises(ValueError, match=r"lstm: input shapes .* should be \(T, B, k\) \(B, n\) .* where k = 4 n"):
        mg.lstm(*(np.zeros([*map(int, shape.split())]) for shape in shapes.split(";")))
