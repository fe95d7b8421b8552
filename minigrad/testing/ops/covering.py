"""A covering set: cases that an op must pass before chance is asked, made from its declaration, the same each time.

    shapes      rank 0 to 4; lengths 0, 1, 2, odd and over 64; each operand stretched; one and two batch axes
    layouts     C, Fortran, strided, reversed, read-only
    values      ordinary ones, then 1e-3, 1e3 and the ends of the domain, exact zeros, ties
    params      with the others at their defaults: flags both ways, integers around their default and 0, negative axes,
                floats larger and smaller; what a signature can't tell is said in words

An op that says nothing of its shapes is tried: what its forward and its rules take is what it is fed.
"""
import inspect
import itertools
import math

import numpy as np

from ...engine.ops.domains import ABOVE_MINUS_1, INDICES, NONZERO, POSITIVE, REAL, UNIT, Domain
from ...engine.tensor import Tensor, backpropagate
from ..arrays import LAYOUTS, lay_out
from ..gradients.functions import argument_names, raw_shapes
from .cases import HOW_TO_FEED, NoCases, core_axes, domains_of, letters_of, shapes_of
from .draw import Chance

UNARY = ((2, 3), (), (3,), (5, 1), (0, 2), (1,), (3, 1, 2), (2, 1, 3, 2), (70,))
PAIRS = (((2, 3), (2, 3)), ((), ()), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (3,)), ((3,), ()),
         ((0, 2), (1, 2)), ((2, 1, 3, 2), (3, 1)), ((70,), (1,)), ((2, 3, 2), (2,)), ((2, 1, 2), (2, 1, 2)))
TRIED = ((), (3,), (4,), (2, 3), (3, 4), (3, 3), (3, 1), (2, 3, 4), (2, 2, 3, 3))
EMPTY = ((0,), (0, 3))


# -- shapes ----------------------------------------------------------------------------------------------------------
def of_elementwise(count):
    """Tuples of shapes for an elementwise op of `count` inputs, ordinary ones first."""
    if count == 1:
        return [(shape,) for shape in UNARY]
    if count == 2:
        return list(PAIRS)
    stretched = [tuple(s if i == k else (2, 3) for i in range(count)) for k in range(count) for s in ((3,), (2, 1))]
    return [((2, 3),) * count, ((),) * count, *stretched, ((0, 2),) * count, ((2, 1, 3, 2),) * count, ((70,),) * count]


def of_signature(signature):
    """Tuples of shapes that fit a gufunc signature: with no, one and two batch axes, each operand stretched in turn."""
    terms = core_axes(signature)
    letters = letters_of(terms)

    def shapes(leads, sizes):
        return shapes_of(terms, leads, sizes)
    distinct = {c: 3 + k for k, c in enumerate(letters)}
    none = [()] * len(terms)
    found = [shapes(none, distinct), shapes([(2,)] * len(terms), distinct), shapes(none, dict.fromkeys(letters, 2)),
             shapes([(2, 3)] * len(terms), distinct), shapes([(3, 1)] * len(terms), distinct),
             shapes(none, dict.fromkeys(letters, 1))]
    found += [shapes([() if i == k else (2,) for i in range(len(terms))], distinct) for k in range(len(terms))]
    found += [shapes([(1,) if i == k else (2,) for i in range(len(terms))], distinct) for k in range(len(terms))]
    found += [shapes(none, distinct | {c: 65}) for c in letters[:1]]
    found.append(shapes([(0,)] * len(terms), distinct))
    return list(dict.fromkeys(found))


# -- params ----------------------------------------------------------------------------------------------------------
def settings_of(op):
    """({name: values to try}, names of which only the default can be tried) of the params of an op."""
    tried, silent = {}, []
    for p in op.__signature__.parameters.values():
        if p.name not in op.param_names:
            continue
        values = _alternatives(p.name, p.default)
        if values:
            tried[p.name] = values
        else:
            silent.append(p.name)
    return tried, silent


def _alternatives(name, default):
    if isinstance(default, bool):
        return [not default]
    if name in ("axis", "axes", "dim", "dims") and (default in (None, inspect.Parameter.empty) or type(default) is int):
        return [a for a in (0, -1, 1, -2, None) if a != default]
    if isinstance(default, int):
        return [default + 1, max(default, 1) * 2, default - 1, 0]
    if isinstance(default, float):
        return [default * 1.7, default * 0.3 or 0.3]
    return []


# -- cases -----------------------------------------------------------------------------------------------------------
def covering(op, seed=0):
    """(cases, remarks): the covering set of an op that declares no cases of its own, and what to say of it."""
    draw, remarks = Chance(np.random.default_rng(seed)), []
    required = {p.name for p in op.__signature__.parameters.values()
                if p.name in op.param_names and p.default is inspect.Parameter.empty}
    tried, silent = settings_of(op)
    stuck = sorted(required - set(tried))
    if stuck or op.variadic:
        raise NoCases(f"{op.name}: nothing tells what {' and '.join(stuck) or 'its inputs'} may be; "
                      + HOW_TO_FEED.format(op.name))
    base = {name: tried[name][0] for name in required}
    domains = domains_of(op)
    if op.domain is None and (found := domain_of(op, base)):
        domains = (found,) * op.arity
        remarks.append(f"it is not finite for all reals, so it was fed numbers from {found}: declare domain=")

    def feed(domains):
        def case(shapes, kind="ordinary", layout="C", **params):
            return [lay_out(draw.array(s, d, kind), layout) for s, d in zip(shapes, domains)], {**base, **params}
        return case
    shapes, domains = what_fits(op, domains, feed, remarks)
    case = feed(domains)
    first = shapes[0]
    cases = [case(first), *(case(s, layout=layout) for s, layout in zip(shapes[1:], itertools.cycle(LAYOUTS[1:])))]
    room = next((s for s in shapes if 6 <= sum(map(math.prod, s)) <= 40), first)        # for all that is wide
    extra = [case(room, "wide"), case(first, "equal")]
    extra += [case(s, "wide") for s in shapes if not any(s)][:1]        # numbers alone, far out
    if op.arity > 1 and len(set(first)) == 1 and len({d for d in domains}) == 1:
        x = draw.array(first[0], domains[0])
        extra.append(([x] * op.arity, base))                            # the same numbers for each input: ties
    cases[2:2] = extra
    for name, values in tried.items():
        spread = shapes[1] if op.shapes else first              # with a batch axis
        good = [c for v in values for c in (case(spread, **{name: v}),) if runs(op, c) and not refused(op, c, name)]
        if not good and name not in required:
            silent.append(name)
        cases[2:2] = good
    if silent:
        remarks.append(f"{', '.join(sorted(silent))}: only the default was tried; say cases=")
    return [c for c in cases if runs(op, c)] or cases[:1], remarks


def what_fits(op, domains, feed, remarks):
    """(tuples of shapes, domains): as declared; or as found by trying, of which remarks are made."""
    if op.shapes:
        return of_signature(op.shapes), domains
    if op.elementwise and each_by_itself(op, feed(domains)):
        return of_elementwise(op.arity), domains
    of_indices = [tuple(INDICES if j == k else d for j, d in enumerate(domains)) for k in reversed(range(op.arity))]
    errors = []
    for tried in [domains, *(of_indices if op.domain is None else ())]:
        if shapes := fitting(op, feed(tried), errors):
            remarks += [f"{name} was fed indices, 0 and 1: it takes no real numbers"
                        for name, d in zip(argument_names(op, op.arity), tried) if d is INDICES and op.domain is None]
            remarks.append(f"nothing says what shapes fit together; it was fed those that it takes, such as "
                           f"{', '.join(map(str, shapes[0]))}: declare shapes= to have others tried")
            return shapes, tried
    why = f" ({type(errors[0]).__name__}: {errors[0]})" if errors else ""
    raise NoCases(f"{op.name}: it took none of the inputs that were tried{why}; {HOW_TO_FEED.format(op.name)}")


def runs(op, case):
    """Does the op take this case?"""
    try:
        with np.errstate(all="ignore"):
            op(*case[0], **case[1])
    except Exception:
        return False
    return True


def refused(op, case, name):
    """Does the rule refuse a None that its forward takes, by chance perhaps, where nothing says that it may be None?"""
    if case[1][name] is not None or op.__signature__.parameters[name].default is None or op.vjp is None:
        return False
    try:
        y = op(*(Tensor(x, x.dtype.kind == "f") for x in case[0]), **case[1])
        backpropagate(y, np.ones(y.shape))
    except TypeError:
        return True
    return False


def domain_of(op, params):
    """Where an op that declares no domain is finite, of some sets that are tried; None: everywhere, or nowhere."""
    for domain in (REAL, NONZERO, POSITIVE, UNIT, ABOVE_MINUS_1, Domain(low=1), Domain(low=0, high=1)):
        draw = Chance(np.random.default_rng(0))
        for shape in ((3,), (3, 3), (2, 3), ()):
            try:
                with np.errstate(all="ignore"):
                    y = np.asarray(op(*(draw.array(shape, domain, "equal" if k and domain is REAL else "ordinary")
                                        for k in range(op.arity)), **params))
            except Exception:
                continue
            if y.dtype.kind != "f" or np.isfinite(y).all():
                return None if domain is REAL else domain
            break
    return None


def each_by_itself(op, case):
    """Does an op that declares no shapes treat each element by itself, as an elementwise op does?"""
    inputs, params = case([(2, 3)] * op.arity)
    try:
        with np.errstate(all="ignore"):
            y = np.asarray(op(*inputs, **params))
            alone = [np.asarray(op(*(x[i] for x in inputs), **params)) for i in np.ndindex(2, 3)]
        return y.shape == (2, 3) and np.allclose(np.array(alone).reshape(2, 3), y, rtol=1e-9, equal_nan=True)
    except Exception:
        return False


def fitting(op, case, errors):
    """The shapes, of some that are tried, that the forward and the rules of an op take, the ordinary ones first.

    errors      a list that gets those that were raised
    """
    found = []
    empty = () if hasattr(op, "framework") else EMPTY           # which other frameworks' own functions may refuse
    alike = [(s,) * op.arity for s in TRIED + empty]
    for shapes in dict.fromkeys([*itertools.product(TRIED, repeat=op.arity), *alike] if op.arity < 4 else alike):
        inputs, params = case(shapes)
        try:
            with np.errstate(all="ignore"):
                leaves = [Tensor(x, x.dtype.kind == "f") for x in inputs]
                y = op(*leaves, **params)
            if not np.isfinite(y._data).all():
                continue
        except Exception as error:
            errors.append(error)
            continue
        if op.vjp is not None and y.dtype.kind == "f":
            try:
                backpropagate(y, np.ones(y.shape), retain_graph=True)
            except Exception as error:
                errors.append(error)
                found.append((3, shapes))
                continue
            if any(got not in (None, s) for got, s in zip(raw_shapes(y), shapes)):
                found.append((2, shapes))   # its rule makes another shape of it: it is meant for other inputs
                continue
        found.append((0 if y.ndim and max(map(len, shapes)) == 2 else 1, shapes))
    good = [f for f in found if f[0] < 2] or [f for f in found if f[0] < 3] or found
    good = [shapes for _, shapes in sorted(good, key=lambda f: f[0])]
    return good[:9] + [shapes for shapes in good[9:] if shapes[0] in EMPTY]
