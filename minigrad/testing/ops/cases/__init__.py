"""What to feed an op: strategies of (inputs, params), derived from its declaration, or listed where that can't tell.

An elementwise op is fed arrays that broadcast, an op with a gufunc signature arrays of such shapes, both from its
domain.  For ops whose declaration leaves something open, a table draws inputs together with the params that fit them.
"""
import numpy as np
from hypothesis import strategies as st

from ....engine.op import REGISTRY
from ... import arrays as mst
from . import indexing, products, reductions, shapes
from .table import TABLE

__all__ = ["NoCases", "cases", "indexing", "products", "reductions", "shapes"]


class NoCases(LookupError):
    """An op can't be fed: its shapes aren't declared, and no strategy was given."""


def cases(op, layouts=mst.LAYOUTS):
    """The strategy of (inputs, params) of an op: its own `op.cases`, the table's, or one made from its declaration."""
    if getattr(op, "cases", None) is not None:
        return st.sampled_from(op.cases) if isinstance(op.cases, list) else op.cases
    if op.name in TABLE and REGISTRY.get(op.name) is op:
        return st.composite(TABLE[op.name])().map(lambda case: ([np.asarray(x) for x in case[0]], case[1]))
    if op.elementwise and not op.variadic:
        input_shapes = mst.broadcastable_shapes(op.arity) if op.arity > 1 else mst.shapes().map(lambda s: (s,))
    elif op.shapes:
        input_shapes = mst.shapes_of_signature(op.shapes)
    else:
        raise NoCases(f"{op.name}: nothing tells what inputs fit together. Declare shapes= as a gufunc signature such "
                      'as "(m,n),(n,p)->(m,p)" (or leave it out for an elementwise op), or give it cases: a Hypothesis '
                      "strategy, or a list, of (list of arrays, dict of params), as inputs= or as "
                      f"{op.name}.cases = ...")

    @st.composite
    def build(draw):
        found = draw(input_shapes)
        domains = op.domain if isinstance(op.domain, tuple) else (op.domain,) * len(found)
        return [draw(mst.arrays(s, d, layouts=layouts if not (d and d.structure) else ("C",)))
                for s, d in zip(found, domains)], {}
    return build()
