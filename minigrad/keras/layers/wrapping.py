"""Layers around layers, and around functions: in two directions, at each time, repeated."""
import copy

from ...engine.ops.nonlinear import leaky_relu
from ...engine.ops.shapes import concatenate, flip, repeat, transpose
from ...support.arguments import number, one_of, shown, whole
from ..masks import attach, mask_of
from .base import Layer

MERGES = {"concat": lambda a, b: concatenate(a, b, axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
          "ave": lambda a, b: (a + b) / 2, None: lambda a, b: (a, b)}


class Bidirectional(Layer):
    """A recurrent layer from first to last, and another from last to first, side by side.  (Schuster & Paliwal 1997)

    layer           an LSTM, GRU, SimpleRNN or RNN; the other is backward_layer, or else made like it
    merge_mode      "concat", "sum", "mul", "ave", or None: both
    With return_state the states of the first and then of the second layer follow; initial_state likewise.  With
    return_sequences the outputs of steps over padding are 0.
    """
    supports_masking = True

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        super().__init__(**kwargs)
        if weights is not None:
            raise ValueError("Bidirectional: weights: set them with set_weights, once the layer is built")
        self.layer, self.merge_mode = layer, one_of("Bidirectional: merge_mode", merge_mode, tuple(MERGES))
        config = layer.get_config()
        self.forward = layer
        self.backward = backward_layer or type(layer).from_config({
            **copy.deepcopy(config), "go_backwards": not config.get("go_backwards", False),
            "name": f"backward_{layer.name}"})
        if self.backward.go_backwards == layer.go_backwards:
            raise ValueError("Bidirectional: layer and backward_layer go the same way: one must have go_backwards=True")
        for each in (self.forward, self.backward):
            each.zero_output_for_mask = layer.return_sequences

    forward_layer = property(lambda self: self.forward)
    backward_layer = property(lambda self: self.backward)

    def _children(self):
        yield "forward", self.forward
        yield "backward", self.backward

    def call(self, x, initial_state=None, mask=None):
        half = None if initial_state is None else len(initial_state) // 2
        there, back = (layer(x, initial_state=state, mask=mask) for layer, state in zip(
            (self.forward, self.backward), (None, None) if half is None else (initial_state[:half],
                                                                              initial_state[half:])))
        states = ()
        if self.layer.return_state:
            there, back, states = there[0], back[0], (*there[1:], *back[1:])
        if self.layer.return_sequences:
            back = flip(back, axis=1)
        y = MERGES[self.merge_mode](there, back)
        return (*(y if isinstance(y, tuple) else (y,)), *states) if states else y

    def compute_mask(self, inputs, mask=None):
        mask = mask if self.layer.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    def reset_state(self):
        """Let the next batch of stateful layers begin with zeros."""
        self.forward.reset_state()
        self.backward.reset_state()


class TimeDistributed(Layer):
    """A layer for each step of a sequence, with the same weights: (B, T, ...) to (B, T, ...).

    A mask (B, T, S), of sequences in each step, is the layer's.
    """
    input_axes = "batch, time, ..."
    supports_masking = True

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, x, mask=None):
        steps = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
        if mask is not None and mask.ndim > 2:
            attach(steps, mask.reshape(-1, *mask.shape[2:]))
        found = self.layer(steps)
        y = found.reshape(*x.shape[:2], *found.shape[1:])
        if (within := mask_of(found)) is not None:
            attach(y, within.reshape(*x.shape[:2], *within.shape[1:]))
        return y

    def compute_mask(self, inputs, mask=None):
        return mask if mask is None or mask.ndim == 2 else mask.any(axis=tuple(range(2, mask.ndim)))


class RepeatVector(Layer):
    """A vector n times: (B, features) to (B, n, features)."""
    input_axes = "batch, features"

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = whole("RepeatVector: n", n)

    def call(self, x):
        return repeat(x[:, None], self.n, axis=1)


class Permute(Layer):
    """The axes of each example in another order: dims counts from 1, (2, 1) swaps two."""

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims are the numbers 1 to n in some order, not {shown(dims)}")

    def call(self, x):
        return transpose(x, axes=(0, *self.dims))


class Lambda(Layer):
    """y = function(x): a function of tensors as a layer.  To be saved it must have a name, and be passed to load.

    output_shape    for Keras' sake: the shape is what the function returns
    mask            the mask of the output, or a function (inputs, mask) that returns it
    arguments       a dict of further arguments of the function
    """

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        self.function, self.mask, self.arguments = function, mask, arguments or {}
        self.supports_masking = mask is not None

    def call(self, x):
        return self.function(x, **self.arguments)

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask


class Identity(Layer):
    """y = x."""
    supports_masking = True

    def call(self, x):
        return x


class LeakyReLU(Layer):
    """y = x where x > 0, else negative_slope · x; its older name is alpha.  (Maas et al. 2013)"""
    input_axes = "..."
    supports_masking = True

    def __init__(self, negative_slope=0.3, *, alpha=None, **kwargs):
        super().__init__(**kwargs)
        self.negative_slope = number("LeakyReLU: negative_slope", negative_slope if alpha is None else alpha, low=0)

    def call(self, x):
        return leaky_relu(x, slope=self.negative_slope)
