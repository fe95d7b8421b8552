"""minigrad: neural networks from scratch, to learn from, on NumPy and CuPy.

    import minigrad as mg
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()            # x.grad is now [2, 4]

Read minigrad/engine/tensor.py first (the engine), then minigrad/engine/ops (the table of derivatives).
"""
import importlib

from .engine import ops
from .engine.backend import seed, set_device
from .engine.op import op
from .engine.ops import FUNCTIONS
from .engine.tensor import Tensor, no_grad, tensor
from .engine.transforms import checkpoint, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__version__ = "0.1.0"
globals().update(FUNCTIONS)                 # mg.exp, mg.matmul, ...: every entry of the derivative table
pow = FUNCTIONS["power"]

# The public modules, and where each lives.  They load when first used: import minigrad costs little more than NumPy.
PUBLIC = {
    "backend": "engine.backend", "profile": "engine.profile",
    "corpora": "data.corpora", "data": "data", "datasets": "data.datasets",
    "testing": "testing", "viz": "viz",
    "activations": "keras.activations", "callbacks": "keras.callbacks", "initializers": "keras.initializers",
    "keras": "keras", "layers": "keras.layers", "losses": "keras.losses", "metrics": "keras.metrics",
    "models": "keras.models", "optimizers": "keras.optimizers", "regularizers": "keras.regularizers",
    "schedules": "keras.optimizers.schedules",
    "fairness": "trust.fairness", "interpretability": "trust.interpretability", "privacy": "trust.privacy",
    "security": "trust.security", "zoo": "zoo",
    "distributed": "scale.distributed", "learn": "learn", "planning": "scale.planning",
}


def _repr_svg_(tensor):
    """In a notebook a tensor with a tape of moderate size shows itself as its computation graph; any other as text."""
    from .viz.graph import picture_of
    return picture_of(tensor)


Tensor._repr_svg_ = _repr_svg_


def __getattr__(name):
    if name in PUBLIC:
        return importlib.import_module(f"{__name__}.{PUBLIC[name]}")
    raise AttributeError(f"minigrad has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *PUBLIC])
