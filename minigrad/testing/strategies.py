"""Hypothesis strategies: arrays from a domain in any layout, tensors, broadcasting shapes, axes, indices, programs."""
import functools

import numpy as np
from hypothesis import strategies as st

from ..engine.tensor import Tensor
from .arrays import lay_out
from .audit.programs import programs
from .ops.cases import with_core_axes
from .ops.draw import Draw

__all__ = ["Draw", "arrays", "axes", "broadcastable_shapes", "indices", "lay_out", "programs", "shapes",
           "shapes_of_signature", "tensors"]


def _strategy(f):
    """What draws with a Draw, as a strategy of what it draws."""
    @functools.wraps(f)
    def drawn(draw, *args, **options):
        return f(Draw(draw), *args, **options)
    return st.composite(drawn)


shapes, broadcastable_shapes = _strategy(Draw.shape), _strategy(Draw.shapes)
axes, indices = _strategy(Draw.axis), _strategy(Draw.index)
shapes_of_signature = _strategy(lambda draw, signature: with_core_axes(signature, draw))


@_strategy
def arrays(draw, shape, domain=None, dtype=np.float64, layouts=("C",)):
    """An array of a shape (or of a strategy of shapes) from a domain, in one of the layouts."""
    array = draw.array(draw.from_strategy(shape) if isinstance(shape, st.SearchStrategy) else shape, domain)
    return lay_out(array.astype(dtype) if array.dtype.kind == "f" else array, draw.choice(*layouts))


def tensors(shape=None, domain=None, dtype=np.float64, requires_grad=True):
    """Tensors that ask for gradients."""
    return arrays(shapes() if shape is None else shape, domain, dtype).map(lambda a: Tensor(a, requires_grad))
