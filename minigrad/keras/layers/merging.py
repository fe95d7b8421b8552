"""Layers of several inputs, and the residual connection."""
from ...engine.ops.shapes import concatenate
from .base import Layer


class Add(Layer):
    """y = x₁ + x₂ + ..., of tensors in a list: Add()([x, f(x)])."""

    def call(self, x):
        _several(self, x)
        return sum(x[1:], start=x[0])


class Multiply(Layer):
    """y = x₁ · x₂ · ..., elementwise, of tensors in a list."""

    def call(self, x):
        _several(self, x)
        y = x[0]
        for other in x[1:]:
            y = y * other
        return y


class Concatenate(Layer):
    """y = the tensors of a list end to end along axis."""

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        _several(self, x)
        return concatenate(*x, axis=self.axis)


def _several(layer, x):
    if not isinstance(x, (list, tuple)) or len(x) < 2:
        raise ValueError(f"{layer.label} takes a list of two tensors or more")


class Residual(Layer):
    """y = x + f(x), f being layers one after the other: a shortcut past them, in a Sequential too.

        Sequential([Dense(64), Residual([LayerNormalization(), Dense(64, "relu")]), Dense(10)])

    What the last layer returns must have the shape of x.  (He et al. 2015)
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.layers = list(layers)

    def call(self, x):
        y = x
        for layer in self.layers:
            y = layer(y)
        if y.shape != x.shape:
            raise ValueError(f"{self.label}: {x.shape} went in and {y.shape} came out; they must be equal")
        return x + y
