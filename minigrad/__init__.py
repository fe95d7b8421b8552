"""minigrad: neural networks from scratch, to learn from, on NumPy and CuPy.

    import minigrad as mg
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()            # x.grad is now [2, 4]

Read minigrad/tensor.py first (the engine), then minigrad/ops (the table of derivatives).
"""
import importlib

from . import ops
from .backend import seed, set_device
from .op import op
from .ops import FUNCTIONS
from .tensor import Tensor, no_grad, tensor
from .transforms import checkpoint, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__version__ = "0.1.0"
globals().update(FUNCTIONS)                 # mg.exp, mg.matmul, ...: every entry of the derivative table
pow = FUNCTIONS["power"]

_LOADED_WHEN_USED = ("activations", "callbacks", "corpora", "data", "datasets", "distributed", "fairness",
                     "initializers", "interpretability", "keras", "layers", "learn", "losses", "metrics", "models",
                     "optimizers", "privacy", "profile", "regularizers", "schedules", "security", "testing", "viz",
                     "zoo")


def _repr_svg_(tensor):
    """In a notebook a tensor with a tape of moderate size shows itself as its computation graph; any other as text."""
    from .viz.graph import picture_of
    return picture_of(tensor)


Tensor._repr_svg_ = _repr_svg_


def __getattr__(name):
    """Submodules load when first used: import minigrad costs little more than import numpy."""
    if name in _LOADED_WHEN_USED:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"minigrad has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_LOADED_WHEN_USED])
