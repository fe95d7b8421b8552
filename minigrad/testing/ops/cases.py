"""What to feed an op: strategies of (inputs, params), from its own `cases` or else from its domain and shapes.

An elementwise op is fed arrays that broadcast, an op with a gufunc signature arrays of such shapes, both from its
domain.  Where that leaves something open, its declaration says how to draw inputs and the params that fit them.
"""
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from ...engine.ops import conv
from .. import arrays as mst
from .draw import Draw


class NoCases(LookupError):
    """An op can't be fed: its shapes aren't declared, and no strategy was given."""


def cases(op, layouts=mst.LAYOUTS):
    """The strategy of (inputs, params) of an op: what its `cases` say, or one made from its domain and shapes."""
    if isinstance(op.cases, list):
        return st.sampled_from(op.cases).map(_as_arrays)
    if callable(op.cases):
        return st.composite(lambda draw: op.cases(Draw(draw)))().map(_as_arrays)
    if op.cases is not None:
        return op.cases
    if op.elementwise and not op.variadic:
        input_shapes = mst.broadcastable_shapes(op.arity) if op.arity > 1 else mst.shapes().map(lambda s: (s,))
    elif op.shapes:
        input_shapes = mst.shapes_of_signature(op.shapes)
    else:
        raise NoCases(f"{op.name}: nothing tells what inputs fit together. Declare shapes= as a gufunc signature such "
                      'as "(m,n),(n,p)->(m,p)" (or leave it out for an elementwise op), or give it cases: a list of '
                      "(list of arrays, dict of params), a function of a draw that returns one, or a Hypothesis "
                      f"strategy, as inputs= or as {op.name}.cases = ...")

    @st.composite
    def build(draw):
        found = draw(input_shapes)
        domains = op.domain if isinstance(op.domain, tuple) else (op.domain,) * len(found)
        return [draw(mst.arrays(s, d, layouts=layouts if not (d and d.structure) else ("C",)))
                for s, d in zip(found, domains)], {}
    return build()


def _as_arrays(case):
    inputs, params = case
    return [np.asarray(x) for x in inputs], params


def in_small_pieces():
    """Convolve few numbers at a time, as large inputs are: so that small cases take that way too."""
    return mock.patch.object(conv, "CACHE", 64)
