"""The derivative table, sequences: an LSTM and a GRU over all their steps, and backpropagation through time.

Step t makes the state hₜ from the one before it and from xₜ, the input's share of the sums, by the same weights u at
every step.  Backward goes from the last step to the first: a state has two uses, as a result and in the next step, and
dh adds both up before the step hands on its own share, da uᵀ, to the state before.

Only what must come one after the other is in the loops.  The slopes of all gates and states are known before the walk
back begins, and are computed of all steps at once; so is, after it, du = Σₜ hₜ₋₁ᵀ daₜ, as one product.
"""
import numpy as np

from ..backend import array_module, narrow, row_sum, wide
from ..op import as_real, op
from ..tensor import Tensor
from .arithmetic import _tanh_vjp
from .attending import _of_one_type
from .matmul import rows
from .nonlinear import _sigmoid_vjp, sigmoid


def _checked(gates, terms, x, h, *others):
    """The inputs as real numbers of one type; terms: their shapes, for T steps, B sequences, n units, k = gates · n."""
    (batch, n), t = h.shape if h.ndim == 2 else (0, 0), len(x) if x.ndim else 0
    sizes, inputs = {"T": t, "B": batch, "n": n, "k": gates * n}, (x, h, *others)
    if not t or [v.shape for v in inputs] != [tuple(sizes[letter] for letter in term) for term in terms.split()]:
        wanted = " ".join(f"({', '.join(term)})" for term in terms.split())
        raise ValueError(f"should be {wanted}, where k = {gates} n and T ≥ 1")
    return _of_one_type(*map(as_real, inputs))


def _by_gate(x, gates):
    """What is side by side, (..., B, gates · n), one gate after the other: (..., gates, B, n)."""
    return x.reshape(*x.shape[:-1], gates, x.shape[-1] // gates).swapaxes(-2, -3)


def _before(first, states):
    """The state that each step began with."""
    return np.concatenate([first[None], states[:-1]])


def _sigmoid_of(a, y):
    """As sigmoid, an array into the array y, at half the cost."""
    with np.errstate(over="ignore"):
        e = np.exp(-a)
    np.reciprocal(1 + e, out=y)


def _new(like, *shapes):
    """Arrays to be filled step by step."""
    return [array_module(like).empty(shape, like.dtype) for shape in shapes]


def _room(x, grad):
    """An array shaped as x, to be filled step by step; for tensors, which can't be written into, a list."""
    return [None] * len(x) if isinstance(grad, Tensor) else _new(x, x.shape)[0]


def _put(parts, room, t):
    """These parts side by side, in the place of step t."""
    if isinstance(room, list):
        room[t] = np.concatenate(parts, axis=-1)
    else:
        np.concatenate(parts, axis=-1, out=room[t])
    return room[t]


def _all(steps):
    return np.stack(steps) if isinstance(steps, list) else steps


# -- long short-term memory ------------------------------------------------------------------------------------------
def _lstm_vjp(grad, y, x, h, c, u, saved=None):
    grad, y, x, h, c, u = map(wide, (grad, y, x, h, c, u))
    h_before, c_before = _before(h, y[0]), _before(c, y[1])
    if saved is None:
        a = _by_gate(x, 4) + h_before[:, None] @ _by_gate(u, 4)
        saved = a, (sigmoid(a[:, 0]), sigmoid(a[:, 1]), np.tanh(a[:, 2]), sigmoid(a[:, 3])), np.tanh(y[1])
    a, (i, f, g, o), tanh_c = saved
    to_i, to_f = _sigmoid_vjp(g, i, a[:, 0]), _sigmoid_vjp(c_before, f, a[:, 1])                # dc/da
    to_g, to_o = _tanh_vjp(i, g, a[:, 2]), _sigmoid_vjp(tanh_c, o, a[:, 3])                     # dc/da, dh/da
    to_c = _tanh_vjp(o, tanh_c, y[1])                                                           # dh/dc
    dh, dc, da, back = 0, 0, _room(x, grad), u.T.copy()
    for t in reversed(range(len(x))):
        dh = grad[0, t] + dh
        dc = grad[1, t] + dc + dh * to_c[t]
        da_t = _put([dc * to_i[t], dc * to_f[t], dc * to_g[t], dh * to_o[t]], da, t)
        dh, dc = da_t @ back, dc * f[t]
    da = _all(da)
    return da, dh, dc, rows(h_before).T @ rows(da)


@op(vjp=_lstm_vjp, shapes="", saves=True)
def lstm(x, h, c, u, /):
    """y = [h₁ ... h_T, c₁ ... c_T],  cₜ = f cₜ₋₁ + i g,  hₜ = o tanh cₜ      dh, dc, from the last step to the first.

    i, f, o = sigmoid a,  g = tanh a,  a = xₜ + hₜ₋₁ u.  x (T, B, 4 n) and u (n, 4 n), of i, f, g and o side by side;
    the first h and c (B, n); y (2, T, B, n).  (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)
    """
    x, h, c, u = _checked(4, "TBk Bn Bn nk", x, h, c, u)
    a, h, c, u = wide(_by_gate(x, 4)).copy(), wide(h), wide(c), wide(_by_gate(u, 4)).copy()
    gates, y, tanh_c = _new(a, a.shape, (2, len(x), *h.shape), (len(x), *h.shape))
    for t in range(len(x)):
        now, (i, f, g, o) = a[t], gates[t]
        now += h @ u
        _sigmoid_of(now, gates[t])
        np.tanh(now[2], out=g)
        c = np.add(f * c, i * g, out=y[1, t])
        h = np.multiply(o, np.tanh(c, out=tanh_c[t]), out=y[0, t])
    return narrow(y, x), (a, gates.swapaxes(0, 1), tanh_c)


# -- gated recurrent unit --------------------------------------------------------------------------------------------
def _gru_vjp(grad, y, x, h, u, b, saved=None):
    grad, y, x, h, u, b = map(wide, (grad, y, x, h, u, b))
    before = _before(h, y)
    if saved is None:
        by_gate, v = _by_gate(x, 3), before[:, None] @ _by_gate(u, 3) + _by_gate(b[None], 3)
        a_z, a_r = by_gate[:, 0] + v[:, 0], by_gate[:, 1] + v[:, 1]
        r, v = sigmoid(a_r), v[:, 2]
        a_h = by_gate[:, 2] + r * v
        saved = (a_z, a_r, a_h), (sigmoid(a_z), r, np.tanh(a_h)), v
    a, (z, r, candidate), v = saved
    to_z, to_candidate = _sigmoid_vjp(before - candidate, z, a[0]), _tanh_vjp(1 - z, candidate, a[2])       # dh/da
    to_r = _sigmoid_vjp(v, r, a[1])                                                                         # da/da_r
    dh, da, dv, back = 0, _room(x, grad), _room(x, grad), u.T.copy()
    for t in reversed(range(len(x))):
        dh = grad[t] + dh
        da_h = dh * to_candidate[t]
        da_z, da_r = dh * to_z[t], da_h * to_r[t]
        _put([da_z, da_r, da_h], da, t)
        dh = dh * z[t] + _put([da_z, da_r, da_h * r[t]], dv, t) @ back
    da, dv = _all(da), _all(dv)
    return da, dh, rows(before).T @ rows(dv), row_sum(dv)


@op(vjp=_gru_vjp, shapes="", saves=True)
def gru(x, h, u, b, /):
    """y = [h₁ ... h_T],  hₜ = z hₜ₋₁ + (1 - z) tanh(xₜ + r v)      dh, from the last step to the first.

    z, r = sigmoid(xₜ + v),  v = hₜ₋₁ u + b.  x (T, B, 3 n), u (n, 3 n) and b (3 n,), of z, r and the candidate side by
    side; the first h (B, n); y (T, B, n).  (Cho et al. 2014, in the form of cuDNN, with r outside the product)
    """
    x, h, u, b = _checked(3, "TBk Bn nk k", x, h, u, b)
    a, h, u, b = wide(_by_gate(x, 3)).copy(), wide(h), wide(_by_gate(u, 3)).copy(), wide(_by_gate(b[None], 3))
    gates, y, v_h = _new(a, a.shape, (len(x), *h.shape), (len(x), *h.shape))
    for t in range(len(x)):
        (a_z_r, a_h), (z, r, candidate), v = (a[t, :2], a[t, 2]), gates[t], h @ u
        v += b
        a_z_r += v[:2]
        _sigmoid_of(a_z_r, gates[t, :2])
        a_h += r * np.positive(v[2], out=v_h[t])
        np.tanh(a_h, out=candidate)
        h = np.add(candidate, z * (h - candidate), out=y[t])
    return narrow(y, x), (a.swapaxes(0, 1), gates.swapaxes(0, 1), v_h)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _sequences(draw, gates, states):
    """Some steps of a few sequences, their first states, and the weights."""
    t, batch, n = draw.integer(1, 3), draw.integer(1, 2), draw.integer(1, 2)
    return [draw.array((t, batch, gates * n)), *(draw.array((batch, n)) for _ in range(states)),
            draw.array((n, gates * n))]


lstm.describe(cases=lambda draw: (_sequences(draw, 4, 2), {}), flops=lambda y, x, h, c, u: 2 * x.size * len(u))
gru.describe(cases=lambda draw: ([*(inputs := _sequences(draw, 3, 1)), draw.array(inputs[0].shape[-1:])], {}),
             flops=lambda y, x, h, u, b: 2 * x.size * len(u))
