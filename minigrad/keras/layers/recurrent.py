"""Recurrent layers: a state h that each step of a sequence changes, by the same weights at every step.

    SimpleRNN   h' = tanh(x W + h U + b)
    LSTM        c' = f c + i g,  h' = o tanh c'         i, f, o = σ(x W + h U + b), g = tanh(x W + h U + b)
    GRU         h' = z h + (1 - z) h̃                    z, r = σ(...),  h̃ = tanh(x W + r (h U + b) + b)

Backpropagation through time is the engine's usual walk: the loop below is recorded like any other.
"""
from ...engine import backend
from ...engine.ops.matmul import linear
from ...engine.ops.shapes import split, stack
from ...engine.tensor import Tensor
from .. import activations
from .base import Layer
from .core import at_least_1
from .inputs import as_tensors


class _Recurrent(Layer):
    input_axes = "batch, time, features"
    gates = 1                   # how many vectors of `units` numbers a step computes from x and h
    states = 1                  # h, or h and c

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", *, return_sequences=False,
                 return_state=False, go_backwards=False, **kwargs):
        super().__init__(**kwargs)
        self.units = at_least_1(f"{type(self).__name__}: units", units)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.recurrent_initializer = kernel_initializer, recurrent_initializer
        self.bias_initializer = bias_initializer
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards

    def build(self, input_shape):
        self.features, width = input_shape[-1], self.gates * self.units
        self.kernel = self.add_weight("kernel", (self.features, width), self.kernel_initializer)
        self.recurrent_kernel = self.add_weight("recurrent_kernel", (self.units, width), self.recurrent_initializer)
        self.bias = self.add_weight("bias", self.bias_shape(), self.bias_initializer) if self.use_bias else None

    def bias_shape(self):
        return (self.gates * self.units,)

    def call(self, x, initial_state=None):
        z = self.project(x.swapaxes(0, 1))                  # (T, B, gates · units): all times in one product
        if initial_state is None:
            zeros = Tensor(backend.array_module(x._data).zeros((len(x), self.units), z.dtype))
            states = (zeros,) * self.states
        else:
            given = as_tensors(initial_state)
            states = tuple(given) if isinstance(given, (list, tuple)) else (given,)
            if [s.shape for s in states] != [(len(x), self.units)] * self.states:
                raise ValueError(f"{self.label}: initial_state must be {self.states} of shape {(len(x), self.units)}, "
                                 f"not {[s.shape for s in states]}")
        outputs = []
        for z_t in unstack(z)[::-1 if self.go_backwards else 1]:
            states = self.step(z_t, *states)
            outputs.append(states[0])
        y = stack(outputs, axis=1) if self.return_sequences else states[0]
        return (y, *states) if self.return_state else y

    def project(self, x):
        return linear(x, self.kernel, self.bias) if self.use_bias else x @ self.kernel

    def step(self, z, *states):
        """The new states, from the input's share z = x W + b (B, gates · units) and the old states (B, units)."""
        raise NotImplementedError


def unstack(x):
    """[x[0], x[1], ...] along the first axis, cut by halves.

    The cotangent of one x[t] is as large as x and all but zero: taken one by one, T of them cost T² in all.  Halves of
    halves cost T log T.
    """
    n = len(x)
    return [x[0]] if n == 1 else unstack(x[:n // 2]) + unstack(x[n // 2:]) if n else []


class SimpleRNN(_Recurrent):
    """h' = f(x W + h U + b), f = tanh: a sequence (B, T, n) to its last state (B, units).  (Elman 1990)

    return_sequences    all states (B, T, units)
    return_state        also the last state: (y, h)
    go_backwards        from the last step to the first
    Weights: kernel W (n, units), recurrent_kernel U (units, units), bias b (units,).
    call takes initial_state, (B, units).
    """

    def step(self, z, h):
        return self.activation(z + h @ self.recurrent_kernel),


class LSTM(_Recurrent):
    """Long short-term memory: c' = f c + i g,  h' = o tanh c': (B, T, n) to the last h (B, units).

    i, f, o = σ(x W + h U + b) and g = tanh(x W + h U + b), side by side in the order i, f, g, o in the weights: kernel
    W (n, 4 units), recurrent_kernel U (units, 4 units), bias b (4 units,).  unit_forget_bias starts f's bias at 1.
    return_sequences, return_state (y, h, c) and go_backwards as in SimpleRNN; initial_state is [h, c].
    (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)
    """
    gates, states = 4, 2

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, **kwargs):
        super().__init__(units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
                         **kwargs)
        self.recurrent_activation, self.unit_forget_bias = activations.get(recurrent_activation), unit_forget_bias

    def build(self, input_shape):
        super().build(input_shape)
        if self.use_bias and self.unit_forget_bias:
            self.bias._data[self.units:2 * self.units] = 1

    def step(self, z, h, c):
        i, f, g, o = split(z + h @ self.recurrent_kernel, 4, axis=-1)
        sigma, tanh = self.recurrent_activation, self.activation
        c = sigma(f) * c + sigma(i) * tanh(g)
        return sigma(o) * tanh(c), c


class GRU(_Recurrent):
    """Gated recurrent unit: h' = z h + (1 - z) h̃: (B, T, n) to the last h (B, units).

    z, r = σ(x W + h U + b), side by side with h̃ in the order z, r, h̃ in the weights: kernel W (n, 3 units),
    recurrent_kernel U (units, 3 units).  reset_after=True: h̃ = tanh(x W + b + r (h U + b')), bias (2, 3 units) with b
    and b'; False: h̃ = tanh(x W + b + (r h) U), bias (3 units,).
    return_sequences, return_state (y, h) and go_backwards as in SimpleRNN.  (Cho et al. 2014)
    """
    gates = 3

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros", *,
                 reset_after=True, **kwargs):
        super().__init__(units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
                         **kwargs)
        self.recurrent_activation, self.reset_after = activations.get(recurrent_activation), reset_after

    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def project(self, x):
        if not (self.use_bias and self.reset_after):
            return super().project(x)
        return linear(x, self.kernel, self.bias[0])

    def step(self, x, h):
        sigma, tanh, U, n = self.recurrent_activation, self.activation, self.recurrent_kernel, self.units
        x_zr, x_h = split(x, [2 * n], axis=-1)
        if self.reset_after:
            hU = linear(h, U, self.bias[1]) if self.use_bias else h @ U
            h_zr, h_h = split(hU, [2 * n], axis=-1)
            z, r = split(sigma(x_zr + h_zr), 2, axis=-1)
            candidate = tanh(x_h + r * h_h)
        else:
            z, r = split(sigma(x_zr + h @ U[:, :2 * n]), 2, axis=-1)
            candidate = tanh(x_h + (r * h) @ U[:, 2 * n:])
        return candidate + z * (h - candidate),
