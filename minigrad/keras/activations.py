"""Activation functions by Keras' names: get("relu") is the op mg.relu; those that are no op are built of ops."""
from ..engine.ops.arithmetic import clip, exp as exponential, tanh
from ..engine.ops.neural import log_softmax, softmax
from ..engine.ops.nonlinear import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, softsign
from ..support.explaining import explained
from ..support.names import find


def linear(x):
    """y = x."""
    return x


@explained
def relu6(x):
    """y = min(max(x, 0), 6).  (Krizhevsky 2010)"""
    return clip(x, 0, 6)


@explained
def hard_sigmoid(x):
    """y = x/6 + 1/2, limited to [0, 1]: straight lines in the place of sigmoid."""
    return clip(x * (1 / 6) + 0.5, 0, 1)


@explained
def hard_silu(x):
    """y = x · hard_sigmoid(x).  (Howard et al. 2019)"""
    return x * hard_sigmoid(x)


@explained
def exact_gelu(x):
    """y = x Φ(x), Φ being the distribution function of N(0, 1): Keras' gelu, where "gelu" is its tanh form."""
    return gelu(x, approximate=False)


@explained
def mish(x):
    """y = x tanh(softplus x).  (Misra 2019)"""
    return x * tanh(softplus(x))


swish, hard_swish = silu, hard_silu
ACTIVATIONS = {"linear": linear, "relu": relu, "relu6": relu6, "leaky_relu": leaky_relu, "elu": elu, "selu": selu,
               "gelu": gelu, "exact_gelu": exact_gelu, "silu": silu, "swish": silu, "hard_silu": hard_silu,
               "mish": mish, "softplus": softplus, "softsign": softsign, "sigmoid": sigmoid,
               "hard_sigmoid": hard_sigmoid, "tanh": tanh, "exponential": exponential, "softmax": softmax,
               "log_softmax": log_softmax}


@explained
def get(identifier):
    """The function of a tensor with this name; None is linear, and a callable is itself.

    ValueError for an unknown name.  "gelu" is the tanh form, Keras' gelu with approximate=True.
    """
    if identifier is None:
        return linear
    return identifier if callable(identifier) else find("activation", ACTIVATIONS, identifier)
