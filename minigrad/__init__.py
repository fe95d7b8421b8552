"""minigrad: neural networks from scratch, to learn from, on NumPy and CuPy.

    import minigrad as mg
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()            # x.grad is now [2, 4]

Read minigrad/engine/tensor.py first (the engine), then minigrad/engine/ops (the table of derivatives).
"""
import importlib
import importlib.util
import sys

from .engine import ops
from .engine.backend import seed, set_device
from .engine.interop import tensor
from .engine.op import op
from .engine.ops import FUNCTIONS
from .engine.recording import no_grad
from .engine.tensor import Tensor
from .engine.threads import set_threads
from .engine.transforms import checkpoint, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .engine.unwatched import watch_arrays

__version__ = "0.1.0"
globals().update(FUNCTIONS)                 # mg.exp, mg.matmul, ...: every entry of the derivative table
pow = FUNCTIONS["power"]

# The public modules, and where each lives.  They load when first used: import minigrad costs little more than NumPy.
PUBLIC = {
    "errors": "support.errors", "backend": "engine.backend", "ops": "engine.ops", "profile": "engine.profile",
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
LATER = {"unroll": "engine.unroll", "GradientTape": "keras"}       # no modules, but they load theirs when first used


def _repr_svg_(t):
    """In a notebook a tensor with a tape of moderate size shows itself as its computation graph; any other as text."""
    from .viz.graph import picture_of
    return picture_of(t)


_repr_svg_.__qualname__ = "Tensor._repr_svg_"
Tensor._repr_svg_ = _repr_svg_


def __getattr__(name):
    if name in LATER:
        return getattr(importlib.import_module(f"{__name__}.{LATER[name]}"), name)
    if name in PUBLIC:
        return importlib.import_module(f"{__name__}.{PUBLIC[name]}")
    raise AttributeError(f"minigrad has no attribute {name!r}")


class _Public:
    """An import finder: `from minigrad.layers import Dense` means minigrad/keras/layers, as PUBLIC says."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        first, *rest = name.removeprefix("minigrad.").split(".")
        if name.startswith("minigrad.") and PUBLIC.get(first, first) != first:
            return importlib.util.spec_from_loader(name, _Public, origin=".".join(["minigrad", PUBLIC[first], *rest]))

    @staticmethod
    def create_module(spec):
        module = importlib.import_module(spec.origin)   # the one module there is, not a second copy
        spec.loader_state = module.__spec__
        return module

    @staticmethod
    def exec_module(module):
        module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, _Public)


def __dir__():
    return sorted([*globals(), *PUBLIC, *LATER])
