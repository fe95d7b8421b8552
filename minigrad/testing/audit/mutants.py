"""Do the checks notice?  Break every operation in every way we can think of, and require that each is noticed.

A mutant is a small change (mutations.py) in the source of a rule, of a forward, or of a function that these call, in
force wherever that function is used; or a rule whose arguments or result are treated wrongly: without its cotangent,
zero at second order, overwriting instead of adding, not summed over what was broadcast, editing what it was given.
What survives is a hole in the checks, or a change that changes nothing, which is measured (equivalent.py).
"""
import inspect
import types
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np

from ...engine.op import REGISTRY, Op
from ...engine.ops.conv import in_pieces
from ...engine.tensor import Tensor
from .. import PROFILES
from ..gradients.compare import CannotTell
from ..gradients.functions import argument_names
from ..mutations import called, compiled, exchanged, source_of, variants, with_rule
from ..ops.choose import choose
from ..ops.properties import ONCE, PROPERTIES, Trial, Undefined
from ..ops.runner import reference_of
from ..ops.varied import oddness
from .equivalent import Wider


@dataclass
class Mutant:
    """A broken op: which function, what was changed, and how the checks took it."""
    op: str
    where: str                  # "da" of y = f(a, b), "forward", or the name of a function that they call
    change: str
    place: tuple                # the function that was changed, and how: several ops may share it
    broken: object = None       # the op, or a twin of it with another rule
    code: tuple = ()            # a function, and another whose code it has for a while
    killed: bool = False
    same: int = 0               # of one that was not noticed: on how many cases it does what the op does

    @property
    def name(self):
        return f"{self.op}, {self.where}: {self.change}"

    @property
    def kind(self):
        return self.change.partition(":")[0]

    @property
    def equivalent(self):
        """Why it is no mistake: a fact that was measured; or None."""
        return f"the same value and derivatives in {self.same} other cases" if self.same else None

    def in_force(self):
        return exchanged(*self.code) if self.code else nullcontext()


# -- treating arguments or results wrongly ---------------------------------------------------------------------------
def _each(result, f):
    """f of a cotangent, or of each of several."""
    several = isinstance(result, (tuple, list)) or inspect.isgenerator(result)
    return [r if r is None else f(r) for r in result] if several else f(result)


def _overwriting(x, index, shape):
    """scatter_add as it is when wrong: a repeated index keeps the last value."""
    array = np.zeros(shape, x.dtype)
    array[index] = np.asarray(x)
    return Tensor(array) if isinstance(x, Tensor) else array


def _unsummed(cotangent, shape):
    """Of a cotangent that the engine would sum over broadcast axes, the first slice."""
    extra = cotangent.ndim - len(shape)
    stretched = [slice(0, 1) if n == 1 and m != 1 else slice(None) for n, m in zip(shape, cotangent.shape[extra:])]
    return cotangent[(0,) * extra + tuple(stretched)]


def _mistreated(rule, op, argument):
    """(words, mutated rule) for what is done to its arguments and its result."""
    def result(f):
        return lambda *args, **params: _each(rule(*args, **params), f)
    yield "result: sign flipped", result(lambda r: -r)
    yield "result: doubled", result(lambda r: 2 * r)
    yield "result: zero", result(lambda r: r * 0.0)
    yield "result: zero at second order", result(lambda r: getattr(r, "_data", r))
    yield "result: reversed", result(lambda r: np.flip(r) if r.ndim else r * 2.0)
    yield "cotangent: ignored", lambda g, *args, **params: rule(g * 0.0 + 1.0, *args, **params)
    if argument is not None:
        yield "sum over broadcast axes: skipped", lambda g, y, *args, **params: _unsummed(
            rule(g, y, *args, **params), np.shape(args[argument]))
    if "scatter_add" in rule.__code__.co_names:
        yield "repeated index: overwrites", compiled(source_of(rule), rule, {"scatter_add": _overwriting})
    for what in ("cotangent", "result", "input", *["saved"] * op.saves):
        yield f"edited in place: {what}", _editing(rule, what)


def _editing(rule, what):
    """The rule, which afterwards changes what it was given."""
    def edits(g, y, *args, **params):
        found = _each(rule(g, y, *args, **params), lambda r: r + 0)
        given = {"cotangent": g, "result": y, "input": args, "saved": params.get("saved")}[what]
        for array in given if isinstance(given, tuple) else (given,):
            if isinstance(array, np.ndarray) and array.flags.writeable:
                np.add(array, 1, out=array, casting="unsafe")
        return found
    return edits


def functions_of(op):
    """(name, function) of what an op is made of: its rules, its forward, and what these call of their module."""
    names, found = argument_names(op, op.arity), {}
    rules = ("the vjp",) if op.joint else [f"d{n}" for n in names]
    todo = [*zip(rules, op.rules or ()), ("forward", op.forward)]
    while todo:
        name, f = todo.pop(0)
        f = inspect.unwrap(f) if f else None
        if not isinstance(f, types.FunctionType) or f in found or "as_strided" in f.__code__.co_names:
            continue                        # as_strided with other numbers leaves its array: memory of others
        found[f] = name
        for g in called(f):
            if isinstance(g, Op) and g not in REGISTRY.values():        # a step of a rule, which has rules of its own
                todo += [(g.name, h) for h in (g.forward, *(g.rules or ()))]
            elif isinstance(g, types.FunctionType) and g.__module__ == op.__module__:
                todo.append((g.__name__, g))
    return [(name, f) for f, name in found.items()]


def mutants_of(op):
    """Every mutant of an op's rules, of its forward and of the functions that these call."""
    names = argument_names(op, op.arity)
    for i, rule in enumerate(op.rules or ()):
        if rule is None:
            continue
        where, rule = "the vjp" if op.joint else f"d{names[i]}", inspect.unwrap(rule)
        broadcasts = op.elementwise and op.arity > 1 and not op.joint
        others = [] if op.joint else [r for r in op.rules[i + 1:] + op.rules[:i] if r is not None]
        for words, f in [*_mistreated(rule, op, i if broadcasts else None),
                         *[("rule of another argument", f) for f in others[:1]]]:
            yield Mutant(op.name, where, words, (op.name, i, words), with_rule(op, i, f))
    for where, f in functions_of(op):
        seen = {}
        for words, g in variants(f):
            seen[words] = seen.get(words, 0) + 1
            words += f"  ({seen[words]})" if seen[words] > 1 else ""
            useless = where == "forward" and words.startswith("detached")       # it is given arrays
            if not useless and g.__code__.co_freevars == f.__code__.co_freevars:
                own = where if f.__name__ == "<lambda>" else ""
                place = f.__module__, f.__qualname__, f.__code__.co_firstlineno, own, words
                yield Mutant(op.name, where, words, place, op, (f, g))


# -- the hunt --------------------------------------------------------------------------------------------------------
def noticed(broken, cases, seed=0, reference=None):
    """Does some property fail on some case, as `minigrad check` tries them?  Ordinary ones first: they tell soon."""
    undefined = 0
    with np.errstate(all="ignore"):
        for case in sorted(cases, key=oddness):
            trial, finite = Trial(broken, *case, reference=reference, seed=seed, explain=False), True
            for property in PROPERTIES:
                if property in ONCE and case is not cases[0]:
                    continue
                try:
                    property(trial)
                except CannotTell:
                    continue
                except Undefined:
                    finite = False
                except Exception:
                    return True
            undefined += not finite
    return undefined == len(cases)


def hunt(op, examples=PROFILES["dev"], seed=0, known=()):
    """All mutants of an op, each tried on the cases that `minigrad check` tries; but none of those known as noticed."""
    cases, wider, found = choose(op, None, examples, seed).cases, Wider(op, examples, seed), []
    reference = reference_of(op)
    with in_pieces(), np.errstate(all="ignore"):
        for m in mutants_of(op):
            if m.place in known:
                continue
            with m.in_force():
                killed = noticed(m.broken, cases, seed, reference)
            if not killed:
                wider.prepare()             # while nothing is broken
            with m.in_force():
                same = 0 if killed else wider.same(m.broken)
            found.append(replace(m, broken=None, code=(), killed=killed, same=same))
    return found


def survivors(mutants):
    """Those that no check noticed, of this op or of another that uses the same function, and that are mistakes."""
    found = {m.place for m in mutants if m.killed}
    return [m for m in mutants if m.place not in found and not m.equivalent]


def by_kind(mutants):
    """{kind of change: [made, noticed, different only on more and wider cases, no mistakes]}, each place once."""
    found = {m.place: m for m in sorted(mutants, key=lambda m: (m.killed, not m.same))}
    table = {}
    for m in found.values():
        row = table.setdefault(m.kind, [0, 0, 0, 0])
        row[0] += 1
        row[1 if m.killed else 3 if m.equivalent else 2] += 1
    return table
