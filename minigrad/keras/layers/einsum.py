"""EinsumDense: a dense layer over any axes."""
import math
import re

from ...engine.ops.matmul import einsum
from ...support.arguments import shown
from .. import activations, initializers
from .base import Layer

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """y = f(Σ x W + b), the sum that an equation describes, as in einsum: EinsumDense("abc,cd->abd", (None, 64)).

    equation        the axes of x, of W and of y: "ab,bc->ac", the layer Dense; "...x,xy->...y" and "ab...,bc->ac..."
                    with any axes before or after
    output_shape    the lengths of y's axes, without the batch and without those that ... stands for; None: as in x
    bias_axes       the axes of y that b has, "c" say; None: there is no b
    Weights: kernel W, whose lengths are found in those of x and y; bias b.
    """
    input_axes = "batch, ..."
    weight_options = {"kernel": "kernel", "bias": "bias"}

    def __init__(self, equation, output_shape, activation=None, bias_axes=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        found = _FORM.fullmatch(equation.replace(" ", ""))
        before, self._x, after, self._w, before_y, self._y, after_y = found.groups() if found else [None] * 7
        if not found or before and after or (before, after) != (before_y, after_y):
            raise ValueError(f'EinsumDense: the equation must have the form "ab,bc->ac", "...a,ab->...b" or '
                             f'"ab...,bc->ac...", not {shown(equation)}')
        for part, axes, others in (("the output", self._y, self._x + self._w), ("the bias", bias_axes or "", self._y),
                                   ("the weights", self._w, self._x + self._y)):
            if unknown := [axis for axis in axes if axis not in others]:
                raise ValueError(f"EinsumDense: {equation!r} does not say how long the axis {unknown[0]} of {part} is")
        self.equation, self.bias_axes, self.activation = equation, bias_axes, activations.get(activation)
        self._before, self._after = bool(before), bool(after)
        self.lengths = tuple(output_shape) if isinstance(output_shape, (tuple, list)) else (output_shape,)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape):
        more = len(input_shape) - len(self._x)
        if more < 0 or more and not (self._before or self._after):
            raise ValueError(f"{self._label}: {self.equation!r} takes inputs of {len(self._x)} axes, not {input_shape}")
        own = input_shape[more:] if self._before else input_shape[:len(self._x)]
        size = dict(zip(self._x, own))
        named = self._y if self._before and more else self._y[1:]       # without the batch
        if len(self.lengths) != len(named):
            raise ValueError(f"{self._label}: output_shape {self.lengths} has not a length for each of {named!r}")
        for axis, length in zip(named, self.lengths):
            if length is not None and size.setdefault(axis, length) != length:
                raise ValueError(f"{self._label}: the axis {axis} has length {size[axis]} in the input and {length} in "
                                 "output_shape")
        if unknown := [axis for axis in self._w if size.get(axis) is None]:
            raise ValueError(f"{self._label}: the axis {unknown[0]} of the weights has no length in {input_shape} and "
                             f"output_shape {self.lengths}")
        self.kernel = self.add_weight("kernel", [size[axis] for axis in self._w], self._initializer(size))
        axes = self._y[min(map(self._y.find, self.bias_axes)):] if self.bias_axes else ""
        lengths = [size[axis] if axis in self.bias_axes else 1 for axis in axes] + [1] * (more if self._after else 0)
        self.bias = self.add_weight("bias", lengths, self.bias_initializer) if self.bias_axes else None

    def _initializer(self, size):
        """What fills W; if it asks how many inputs and outputs there are, the axes that y has are the outputs'."""
        given = initializers.get(self.kernel_initializer)
        if not isinstance(given, initializers.VarianceScaling):
            return given
        summed = [axis for axis in self._w if axis not in self._y]
        axes = summed + [axis for axis in self._w if axis in self._y]

        def filled(shape, dtype):
            inputs = math.prod(size[axis] for axis in summed)
            w = given((inputs, math.prod(shape) // max(inputs, 1)), dtype)
            return w.reshape([size[axis] for axis in axes]).transpose([axes.index(axis) for axis in self._w])
        return filled

    def call(self, x):
        y = einsum(self.equation, x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)
