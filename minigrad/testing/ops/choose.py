"""Which cases an op is checked on: those given, or the covering set of its declaration and then others by chance."""
from dataclasses import dataclass, field

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed as seeded, settings

from .cases import case, cases
from .covering import covering, runs, settings_of
from .draw import Chance
from .varied import varied


@dataclass
class Chosen:
    """The cases, what to say of them, and a strategy to find smaller ones with (None: there is none)."""
    cases: list
    remarks: list = field(default_factory=list)
    strategy: object = None
    given: bool = False                     # by the user


def choose(op, inputs=None, examples=25, seed=0):
    """The cases to check an op on.  inputs: a list or a Hypothesis strategy of them, instead of the op's own."""
    inputs = op.cases if inputs is None and not callable(op.cases) else inputs
    if isinstance(inputs, (list, tuple)):
        if not inputs:
            raise ValueError(f"check_op: inputs= holds no case to check {op.name} on; a case is "
                             "(list of arrays, dict of params)")
        return Chosen([as_case(op, c) for c in inputs], given=True)
    if inputs is not None:
        return Chosen([as_case(op, c) for c in drawn(inputs, examples, seed)], strategy=inputs, given=True)
    rng = np.random.default_rng(seed)
    if callable(op.cases):
        try:
            return Chosen(varied(op, examples, rng), strategy=cases(op))
        except NotImplementedError:         # it draws from strategies of its own
            return Chosen(drawn(cases(op), examples, seed), strategy=cases(op))
    first, remarks = covering(op, seed)
    tried, _ = settings_of(op)
    exploring = op.elementwise and not remarks or op.shapes
    chosen = first + [case(op, Chance(rng), tried) for _ in range(examples - len(first))] if exploring else first
    return Chosen([c for c in chosen[:examples] if runs(op, c)] or chosen[:1], remarks,
                  cases(op) if op.elementwise and not remarks or op.shapes else None)


def as_case(op, case):
    """([arrays], {params}) of a case as people write it: an array or a list of arrays alone is one without params."""
    if isinstance(case, (tuple, list)) and len(case) == 2 and isinstance(case[1], dict):
        inputs, params = case
    else:
        inputs, params = case, {}
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    inputs = [np.asarray(getattr(x, "_data", x)) for x in inputs]
    if not op.variadic and len(inputs) != op.arity:
        raise TypeError(f"check_op: {op.name} takes {op.arity} inputs, a case has {len(inputs)}; inputs= is a list of "
                        "cases, each (list of arrays, dict of params)")
    return [x.astype(float, copy=False) if x.dtype.kind == "f" or x.dtype.kind == "i" and takes_reals(op, i) else x
            for i, x in enumerate(inputs)], dict(params)        # slopes need double precision; float32 is tried too


def takes_reals(op, i):
    """Is an input differentiated, so that integers in a case are meant as real numbers?"""
    domain = op.domain[i] if isinstance(op.domain, tuple) else op.domain
    rule = op.vjp if op.joint else (op.rules[i] if op.rules else None)
    return rule is not None and not (domain and domain.structure)


def drawn(strategy, examples, seed):
    """The first cases that Hypothesis draws from a strategy."""
    found = []

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def note(case):
        found.append(case)
    note()
    return found
