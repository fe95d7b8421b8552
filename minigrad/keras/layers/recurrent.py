"""Recurrent layers: a state h that each step of a sequence changes, by the same weights at every step.

    SimpleRNN   h' = tanh(x W + h U + b)
    LSTM        c' = f c + i g,  h' = o tanh c'         i, f, o = σ(x W + h U + b), g = tanh(x W + h U + b)
    GRU         h' = z h + (1 - z) h̃                    z, r = σ(...),  h̃ = tanh(x W + r (h U + b) + b)

Backpropagation through time is the engine's usual walk: the loop below (Loop.over) is recorded like any other.
RNN(cell) is the same loop around a step of one's own.
"""
from ...engine import backend
from ...engine.ops.arithmetic import where
from ...engine.ops.attending import boolean
from ...engine.ops.matmul import linear
from ...engine.ops.neural import masked
from ...engine.ops.shapes import split, stack
from ...engine.ops.through_time import gru, lstm
from ...engine.tensor import Tensor
from ...engine.unrolling.current import recorder
from .. import activations
from ..symbols import is_trying
from .core import at_least_1
from .inputs import as_tensors
from .noise import Noisy


class Loop(Noisy):
    """From step to step of a sequence, with a state that each changes.

    return_sequences    the outputs of all steps, (B, T, units), not only the last
    return_state        the last states too: (y, h), or (y, h, c)
    go_backwards        from the last step to the first
    stateful            a batch begins with the states that the one before it, of the same length, ended with;
                        reset_state() forgets them
    zero_output_for_mask    the output of a step over padding is 0, else that of the step before
    unroll, use_cudnn       for Keras' sake: they change no number, and here nothing
    call takes initial_state, a list of (B, units), and mask, (B, T), by default that of the input, also where
    initial_state is given (Keras 3 then forgets it): a step over padding changes no state.
    """
    supports_masking = True
    carried = "drawn", "states"

    def __init__(self, *, return_sequences=False, return_state=False, go_backwards=False, stateful=False,
                 zero_output_for_mask=False, unroll=False, use_cudnn="auto", **kwargs):
        super().__init__(**kwargs)
        self.zero_output_for_mask = zero_output_for_mask
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.states = stateful, None         # arrays, once there are any

    def compute_mask(self, inputs, mask=None):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        return mask if self.return_sequences else None

    def reset_state(self):
        """Let the next batch of a stateful layer begin with zeros."""
        self.states = None

    reset_states = reset_state

    def over(self, inputs, step, states, mask, before=0):
        """What call returns; inputs: a list, one for each time; step(input, states) gives (output, new states).

        before      which of the states is the output of the step before
        """
        if not inputs:
            raise ValueError(f"{self._label}: a sequence of no steps has no output")
        real = [None] * len(inputs)
        if mask is not None:
            mask = boolean(mask, f"{self._label}: mask")
            if mask.shape != (len(states[0]), len(inputs)):
                raise ValueError(f"{self._label}: mask has shape {mask.shape}, and should have "
                                 f"{(len(states[0]), len(inputs))}")
            real = [mask[:, t, None] for t in range(len(inputs))]
        order, outputs = slice(None, None, -1 if self.go_backwards else 1), []
        for x, real_now in zip(inputs[order], real[order]):
            y, after = step(x, states)
            if real_now is not None:
                y = where(real_now, y, 0 if self.zero_output_for_mask else states[before])
                after = [where(real_now, new, old) for new, old in zip(after, states)]
            states = tuple(after)
            outputs.append(y)
        return self.results(stack(outputs, axis=1) if self.return_sequences else outputs[-1], states)

    def results(self, y, states):
        """What call returns; states: the last ones, each asked for only if wanted."""
        keeps = self.stateful and not is_trying()
        states = tuple(states) if keeps or self.return_state else ()
        if keeps:
            self.states = [state._data.copy() for state in states]
        return (y, *states) if self.return_state else y

    def first_states(self, x, initial_state, sizes):
        """The states to begin with, of these sizes: those given, those of the batch before, or zeros."""
        if initial_state is None and self.stateful and not is_trying():
            if recorder():
                recorder().give_up(f"{self._label} is stateful: its state goes on from call to call")
            initial_state = self.states
        shapes = [(len(x), size) for size in sizes]
        if initial_state is None:
            dtype = x.dtype
            zeros = {n: Tensor(backend.array_module(x._data).zeros((len(x), n), dtype)) for n in set(sizes)}
            return tuple(zeros[n] for n in sizes)
        given = as_tensors(initial_state)
        states = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        if [s.shape for s in states] != shapes:
            each = f"{len(sizes)} of shape {shapes[0]}" if len(set(sizes)) == 1 else shapes
            which = "the states of the batch before" if initial_state is self.states else "initial_state"
            raise ValueError(f"{self._label}: {which} must be {each}, not {[s.shape for s in states]}")
        return states


class RNN(Loop):
    """A cell for each step of a sequence (B, T, ...), from one state to the next.

    cell    a layer with state_size, a number or a list of them, whose call(x, states) takes (B, ...) and a list of
            (B, size) and returns the output of the step and the new states; or a list of such, one on the other
    The rest as in LSTM.
    """
    input_axes = "batch, time, ..."

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False, stateful=False, **kwargs):
        super().__init__(return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
                         stateful=stateful, **kwargs)
        self.cell = list(cell) if isinstance(cell, (list, tuple)) else cell
        self.cells = self.cell if isinstance(self.cell, list) else [cell]

    def _children(self):
        yield from ((f"cell.{i}" if isinstance(self.cell, list) else "cell", c) for i, c in enumerate(self.cells))

    def call(self, x, initial_state=None, mask=None, training=False):
        sizes = [list(s) if isinstance(s, (list, tuple)) else [s] for s in (cell.state_size for cell in self.cells)]
        states = self.first_states(x, initial_state, sum(sizes, []))

        def step(y, states):
            after, rest = [], list(states)
            for cell, own in zip(self.cells, sizes):
                now, rest = rest[:len(own)], rest[len(own):]
                y, new = cell(y, now)
                after += new if isinstance(new, (list, tuple)) else [new]
            return y, after
        return self.over(unstack(x.swapaxes(0, 1)), step, states, mask, -len(sizes[-1]))


class _Recurrent(Loop):
    input_axes = "batch, time, features"
    weight_options = {"kernel": "kernel", "recurrent_kernel": "recurrent", "bias": "bias"}
    gates = 1                   # how many vectors of `units` numbers a step computes from x and h
    remembered = 1              # h, or h and c

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", *, dropout=0.0, recurrent_dropout=0.0,
                 **kwargs):
        super().__init__(**kwargs)
        self.units = at_least_1(f"{type(self).__name__}: units", units)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.recurrent_initializer = kernel_initializer, recurrent_initializer
        self.bias_initializer, self.dropout, self.recurrent_dropout = bias_initializer, dropout, recurrent_dropout

    state_size = property(lambda self: [self.units] * self.remembered if self.remembered > 1 else self.units)
    output_size = property(lambda self: self.units)

    def build(self, input_shape):
        self._features, width = input_shape[-1], self.gates * self.units
        self.kernel = self.add_weight("kernel", (self._features, width), self.kernel_initializer)
        self.recurrent_kernel = self.add_weight("recurrent_kernel", (self.units, width), self.recurrent_initializer)
        self.bias = self.add_weight("bias", self.bias_shape(), self.bias_initializer) if self.use_bias else None

    def bias_shape(self):
        return (self.gates * self.units,)

    def call(self, x, initial_state=None, mask=None, training=False):
        if training:                                        # the same features at all times (Gal & Ghahramani 2016)
            x = self.dropped(x, self.dropout, (len(x), 1, x.shape[-1]))
        z = self.project(x.swapaxes(0, 1).copy())           # (T, B, gates · units): all times in one product
        states = self.first_states(x if z.dtype == x.dtype else z[0], initial_state, [self.units] * self.remembered)
        rate = self.recurrent_dropout if training else 0
        kept = self.kept(z, rate, (len(x), self.units)) if rate else None
        if kept is None and mask is None and len(z) and self.has_op():
            outputs, *others = self.all_steps(z[::-1] if self.go_backwards else z, *states)
            y = outputs.swapaxes(0, 1) if self.return_sequences else outputs[-1]
            return self.results(y, (states[-1] for states in (outputs, *others)))

        def step(z, states):
            h, *_ = states
            states = self.step(z, h if kept is None else masked(h, mask=kept), *states)
            return states[0], states
        return self.over(unstack(z), step, states, mask)

    def project(self, x):
        return linear(x, self.kernel, self.bias) if self.use_bias else x @ self.kernel

    def step(self, z, seen, *states):
        """The new states, from the input's share z = x W + b (B, gates · units) and the old states (B, units).

        seen    h as the recurrent weights see it: in training with recurrent_dropout some of it is dropped
        """
        raise NotImplementedError

    def has_op(self):
        """Whether all_steps(z, *states), with z (T, B, gates · units), gives the states of all steps, as one op."""
        return False


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
    stateful            each batch begins where the one before it ended
    dropout, recurrent_dropout      the rate, in training, at which numbers of x, and of h, are dropped before the
                        products with W and U: the same ones at all times
    Weights: kernel W (n, units), recurrent_kernel U (units, units), bias b (units,).
    call takes initial_state, (B, units), and mask, (B, T): see Loop.
    """

    def step(self, z, seen, h):
        return self.activation(z + seen @ self.recurrent_kernel),


USUAL = activations.get("sigmoid"), activations.get("tanh")


class LSTM(_Recurrent):
    """Long short-term memory: c' = f c + i g,  h' = o tanh c': (B, T, n) to the last h (B, units).

    i, f, o = σ(x W + h U + b) and g = tanh(x W + h U + b), side by side in the order i, f, g, o in the weights: kernel
    W (n, 4 units), recurrent_kernel U (units, 4 units), bias b (4 units,).  unit_forget_bias starts f's bias at 1.
    return_sequences, return_state (y, h, c) and all else as in SimpleRNN; initial_state is [h, c].
    (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)
    """
    gates, remembered = 4, 2

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

    def step(self, z, seen, h, c):
        if self.has_op():                   # the same as what follows
            h, c = self.all_steps(z[None], seen, c)
            return h[0], c[0]
        z, sigma, tanh = z + seen @ self.recurrent_kernel, self.recurrent_activation, self.activation
        i, f, g, o = split(z, 4, axis=-1)
        c = sigma(f) * c + sigma(i) * tanh(g)
        return sigma(o) * tanh(c), c

    def has_op(self):
        return (self.recurrent_activation, self.activation) == USUAL

    def all_steps(self, z, h, c):
        y = lstm(z, h, c, self.recurrent_kernel)
        return y[0], y[1]


class GRU(_Recurrent):
    """Gated recurrent unit: h' = z h + (1 - z) h̃: (B, T, n) to the last h (B, units).

    z, r = σ(x W + h U + b), side by side with h̃ in the order z, r, h̃ in the weights: kernel W (n, 3 units),
    recurrent_kernel U (units, 3 units).  reset_after=True: h̃ = tanh(x W + b + r (h U + b')), bias (2, 3 units) with b
    and b'; False: h̃ = tanh(x W + b + (r h) U), bias (3 units,).
    return_sequences, return_state (y, h) and all else as in SimpleRNN.  (Cho et al. 2014)
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

    def step(self, x, seen, h):
        sigma, tanh, U, n = self.recurrent_activation, self.activation, self.recurrent_kernel, self.units
        x_zr, x_h = split(x, [2 * n], axis=-1)
        if self.reset_after:
            hU = linear(seen, U, self.bias[1]) if self.use_bias else seen @ U
            h_zr, h_h = split(hU, [2 * n], axis=-1)
            z, r = split(sigma(x_zr + h_zr), 2, axis=-1)
            candidate = tanh(x_h + r * h_h)
        else:
            z, r = split(sigma(x_zr + seen @ U[:, :2 * n]), 2, axis=-1)
            candidate = tanh(x_h + (r * seen) @ U[:, 2 * n:])
        return candidate + z * (h - candidate),

    def has_op(self):
        return self.reset_after and (self.recurrent_activation, self.activation) == USUAL

    def all_steps(self, z, h):
        b = self.bias[1] if self.use_bias else backend.array_module(z._data).zeros(3 * self.units, z.dtype)
        return gru(z, h, self.recurrent_kernel, b),


class _OneStep:
    """A recurrent layer's step alone, for RNN: call(x (B, n), states) gives the output and the new states."""
    input_axes = "batch, features"

    def call(self, inputs, states, training=False):
        x = self.dropped(inputs, self.dropout) if training else inputs
        seen = self.dropped(states[0], self.recurrent_dropout) if training else states[0]
        states = self.step(self.project(x), seen, *states)
        return states[0], list(states)

    def compute_mask(self, inputs, mask=None):
        return None


class SimpleRNNCell(_OneStep, SimpleRNN):
    """A step of SimpleRNN: RNN(SimpleRNNCell(8)) is SimpleRNN(8)."""


class LSTMCell(_OneStep, LSTM):
    """A step of LSTM: RNN(LSTMCell(8)) is LSTM(8)."""


class GRUCell(_OneStep, GRU):
    """A step of GRU: RNN(GRUCell(8)) is GRU(8)."""
