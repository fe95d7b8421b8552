"""What to feed an op: cases (inputs, params), from its own `cases` or else from its domain and shapes.

An elementwise op is fed arrays that broadcast, an op with a gufunc signature arrays of such shapes, both from its
domain.  Where that leaves something open, its declaration says how to draw inputs and the params that fit them.
"""
import numpy as np
from hypothesis import strategies as st

from ..arrays import LAYOUTS, lay_out
from .draw import Draw


class NoCases(LookupError):
    """An op can't be fed: its shapes aren't declared, and no strategy was given."""


HOW_TO_FEED = ('declare shapes= as a gufunc signature such as "(m,n),(n,p)->(m,p)" (or leave it out for an elementwise '
               "op), or give it cases: a list of (list of arrays, dict of params), a function of a draw that returns "
               "one, or a Hypothesis strategy, as inputs= or as {}.cases = ...")


def cases(op, layouts=LAYOUTS):
    """The Hypothesis strategy of (inputs, params) of an op."""
    if isinstance(op.cases, list):
        return st.sampled_from(op.cases).map(as_arrays)
    if op.cases is not None and not callable(op.cases):
        return op.cases
    if not callable(op.cases) and not op.shapes and (op.variadic or not op.elementwise):
        raise NoCases(f"{op.name}: nothing tells what inputs fit together; {HOW_TO_FEED.format(op.name)}")
    return st.composite(lambda draw: case(op, Draw(draw), layouts=layouts))()


def case(op, draw, settings=None, layouts=LAYOUTS):
    """One case of an op: of its own `cases`, or of shapes and domain as declared, with params from settings."""
    if callable(op.cases):
        return as_arrays(op.cases(draw))
    params = {name: draw.choice(*values) for name, values in (settings or {}).items() if draw.boolean()}
    shapes = with_core_axes(op.shapes, draw) if op.shapes else draw.shapes(op.arity)
    return [lay_out(draw.array(s, d), draw.choice(*layouts)) for s, d in zip(shapes, domains_of(op))], params


def domains_of(op):
    """Where each input may lie."""
    return op.domain if isinstance(op.domain, tuple) else (op.domain,) * op.arity


def as_arrays(case):
    inputs, params = case
    return [np.asarray(x) for x in inputs], params


# -- gufunc signatures -------------------------------------------------------------------------------------------------
def core_axes(signature):
    """The letters of each input's own axes in a gufunc signature: [["m", "n"], ["n"]] of "(m,n),(n)->(m)"."""
    terms = signature.replace(" ", "").partition("->")[0].replace("),(", ") (").split()
    return [term.strip("()").split(",") if term != "()" else [] for term in terms]


def shapes_of(terms, leads, sizes):
    """The shapes of inputs with these batch axes, and these sizes of the letters."""
    return tuple((*lead, *(int(c) if c.isdigit() else sizes[c.rstrip("?")] for c in term))
                 for lead, term in zip(leads, terms))


def letters_of(terms):
    return sorted({c.rstrip("?") for term in terms for c in term if not c.isdigit()})


def with_core_axes(signature, draw):
    """Shapes that fit a gufunc signature, with batch axes that broadcast."""
    terms = core_axes(signature)
    return shapes_of(terms, draw.shapes(len(terms), 2, 1), {c: draw.integer(1, 4) for c in letters_of(terms)})
