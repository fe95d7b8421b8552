"""Layers against PyTorch's with the same weights: outputs, and gradients of inputs and weights."""
import numpy as np
import pytest

from minigrad import Tensor, layers
from minigrad.engine.tensor import backpropagate

pytestmark = pytest.mark.peers
torch = pytest.importorskip("torch")

def swap_gates(array, order, n, axis=-1):
    """The parts of n numbers along axis in another order: PyTorch's gates are i, f, g, o and r, z, n."""
    return np.concatenate([np.take(array, range(k * n, (k + 1) * n), axis) for k in order], axis)


def lstm():
    mine = layers.LSTM(5, return_sequences=True, bias_initializer="random_normal")
    return mine, torch.nn.LSTM(3, 5, batch_first=True), (2, 7, 3), lambda w, u, b: {
        "weight_ih_l0": w.T, "weight_hh_l0": u.T, "bias_ih_l0": b, "bias_hh_l0": 0 * b}


def gru():
    mine = layers.GRU(5, return_sequences=True, bias_initializer="random_normal")
    return mine, torch.nn.GRU(3, 5, batch_first=True), (2, 7, 3), lambda w, u, b: {
        "weight_ih_l0": swap_gates(w, (1, 0, 2), 5).T, "weight_hh_l0": swap_gates(u, (1, 0, 2), 5).T,
        "bias_ih_l0": swap_gates(b[0], (1, 0, 2), 5), "bias_hh_l0": swap_gates(b[1], (1, 0, 2), 5)}


def simple():
    mine, theirs = layers.SimpleRNN(5, return_sequences=True), torch.nn.RNN(3, 5, batch_first=True)
    return mine, theirs, (2, 7, 3), lambda w, u, b: {
        "weight_ih_l0": w.T, "weight_hh_l0": u.T, "bias_ih_l0": b, "bias_hh_l0": 0 * b}


def attention():
    class Self(torch.nn.MultiheadAttention):
        def forward(self, x):
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            return super().forward(x, x, x, attn_mask=mask, need_weights=False)
    mine = layers.MultiHeadAttention(2, 3, bias_initializer="random_normal")
    return mine, Self(6, 2, batch_first=True), (2, 5, 6), lambda qw, qb, kw, kb, vw, vb, ow, ob: {
        "in_proj_weight": np.concatenate([qw, kw, vw], 1).T, "in_proj_bias": np.concatenate([qb, kb, vb]),
        "out_proj.weight": ow.T, "out_proj.bias": ob}


def convolution():
    mine = layers.Conv2D(4, (3, 2), strides=2, bias_initializer="random_normal")
    return mine, torch.nn.Conv2d(3, 4, (3, 2), 2), (2, 9, 8, 3), lambda w, b: {
        "weight": w.transpose(3, 2, 0, 1), "bias": b}


def batch_norm():
    mine, theirs = layers.BatchNormalization(gamma_initializer="random_normal"), torch.nn.BatchNorm2d(3, eps=1e-3)
    return mine, theirs, (4, 5, 6, 3), lambda gamma, beta, mean, var: {"weight": gamma, "bias": beta}


def layer_norm():
    mine, theirs = layers.LayerNormalization(gamma_initializer="random_normal"), torch.nn.LayerNorm(6, eps=1e-3)
    return mine, theirs, (4, 5, 6), lambda gamma, beta: {"weight": gamma, "bias": beta}


@pytest.mark.parametrize("make", [lstm, gru, simple, attention, convolution, batch_norm, layer_norm])
def test_like_torch(make):
    mine, theirs, shape, names = make()
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    tensor, how = Tensor(x, requires_grad=True), {"use_causal_mask": True} if make is attention else {}
    mine(tensor, **how)
    for w in mine.weights:
        w._data = w._data.astype(np.float64)
    theirs = theirs.double().train()
    weights = names(*(w.numpy() for w in mine.weights))
    theirs.load_state_dict({name: torch.tensor(w) for name, w in weights.items()}, strict=False)
    images = len(shape) == 4
    given = torch.tensor(x.transpose(0, 3, 1, 2) if images else x, requires_grad=True)
    expected = theirs(given)
    expected = expected[0] if isinstance(expected, tuple) else expected
    y = mine(tensor, training=True, **how)

    def channels_last(t):
        return t.detach().numpy().transpose(0, 2, 3, 1) if images else t.detach().numpy()
    assert np.allclose(y.numpy(), channels_last(expected), atol=1e-12)
    cotangent = rng.standard_normal(y.shape)
    gradients = backpropagate(y, cotangent)
    expected.backward(torch.tensor(cotangent.transpose(0, 3, 1, 2) if images else cotangent))
    assert np.allclose(gradients[tensor], channels_last(given.grad), atol=1e-12)
    expected = {name: p.grad.numpy() for name, p in theirs.named_parameters()}
    for name, g in names(*(gradients.get(w, np.zeros(w.shape)) for w in mine.weights)).items():
        if name == "bias_hh_l0" and make is not gru:        # our one bias is their sum of two
            continue
        assert np.allclose(g, expected[name], atol=1e-11), name
