"""Hypothesis strategies: arrays from a domain in any layout, tensors, broadcasting shapes, axes, indices, programs."""
import numpy as np

from ..engine.tensor import Tensor
from .arrays import arrays, axes, broadcastable_shapes, indices, lay_out, shapes, shapes_of_signature, values
from .audit.programs import programs

__all__ = ["arrays", "axes", "broadcastable_shapes", "indices", "lay_out", "programs", "shapes", "shapes_of_signature",
           "tensors", "values"]


def tensors(shape=None, domain=None, dtype=np.float64, requires_grad=True):
    """Tensors that ask for gradients."""
    return arrays(shapes() if shape is None else shape, domain, dtype).map(lambda a: Tensor(a, requires_grad))
