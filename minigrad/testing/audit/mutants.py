"""Do the checks notice?  Break every derivative rule in every way we can think of, and require that each is noticed.

A mutant is a rule with one small change in its source (mutations.py), or one whose arguments or result are treated
wrongly: detached, without its cotangent, zero at second order, overwriting instead of adding, not summed over what was
broadcast.  What survives is a hole in the checks, or a change that changes nothing, which is measured (equivalent.py).
"""
import inspect
from dataclasses import dataclass, replace

import numpy as np

from ...engine.tensor import Tensor, backpropagate, tape_of
from .. import PROFILES
from ..gradients.compare import CannotTell
from ..gradients.functions import argument_names
from ..mutations import compiled, detached, helpers, mark, source_of, variants, with_rule
from ..ops.cases import in_small_pieces
from ..ops.choose import choose
from ..ops.properties import (
    ONCE,
    Trial,
    Undefined,
    backward_again,
    gradients,
    linear_in_the_cotangent,
    precision_kept,
    ties_share,
)
from .equivalent import same_gradients, wide_cases

# The properties that a wrong rule may lack; and ONCE, those to try with the first case alone.
TELLING = (gradients, linear_in_the_cotangent, precision_kept, ties_share, backward_again)


@dataclass
class Mutant:
    """A broken op: which rule, what was changed, and how the checks took it."""
    op: str
    rule: str                   # "da" of y = f(a, b)
    change: str
    place: tuple                # the function that was changed, and how: several ops may share it
    broken: object = None
    marked: object = None       # where it detaches something: the op with marks in these places
    killed: bool = False
    same: int = 0               # of one that was not noticed: on how many cases its gradients are those of the rule

    @property
    def name(self):
        return f"{self.op}, {self.rule}: {self.change}"

    @property
    def equivalent(self):
        """Why it is no mistake: a fact that was measured; or None."""
        return f"the same first and second derivatives in {self.same} other cases" if self.same else None


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


def _mistreated(rule, argument):
    """(words, mutated rule) for what is done to its arguments and its result."""
    def result(f):
        return lambda *args, **params: _each(rule(*args, **params), f)
    yield "result: sign flipped", result(lambda r: -r)
    yield "result: doubled", result(lambda r: 2 * r)
    yield "result: zero", result(lambda r: r * 0.0)
    yield "result: zero at second order", result(detached)
    yield "result: reversed", result(lambda r: np.flip(r) if r.ndim else r * 2.0)
    yield "cotangent: ignored", lambda g, *args, **params: rule(g * 0.0 + 1.0, *args, **params)
    if argument is not None:
        yield "sum over broadcast axes: skipped", lambda g, y, *args, **params: _unsummed(
            rule(g, y, *args, **params), np.shape(args[argument]))
    if "scatter_add" in rule.__code__.co_names:
        yield "repeated index: overwrites", compiled(source_of(rule), rule, {"scatter_add": _overwriting})


def mutants_of(op):
    """Every mutant of an op's rules."""
    names = argument_names(op, op.arity)
    for i, rule in enumerate((op.vjp,) if op.joint else op.rules or ()):
        if rule is None:
            continue
        rule, seen = inspect.unwrap(rule), {}
        broadcasts = op.elementwise and op.arity > 1 and not op.joint
        changed = [(words, f, (op.name, i, words)) for words, f in _mistreated(rule, i if broadcasts else None)]
        if not op.joint and sum(r is not None for r in op.rules) > 1:
            other = next(r for r in op.rules[i + 1:] + op.rules if r is not None)
            changed.append(("rule of another argument", other, (op.name, i, "other")))
        own = op.name if rule.__name__ == "<lambda>" else ""
        changed += [(words, f, (rule.__qualname__, own, words), m) for words, f, m in variants(rule)]
        for h in helpers(rule):
            def calling(f, rule=rule, h=h):
                return f and compiled(source_of(rule), rule, {h.__name__: f})
            changed += [(f"in {h.__name__}, {words}", calling(f), (h.__qualname__, "", words), calling(m))
                        for words, f, m in variants(h)]
        for words, f, place, *marks in changed:
            seen[words] = seen.get(words, 0) + 1
            words += f"  ({seen[words]})" if seen[words] > 1 else ""
            yield Mutant(op.name, "the vjp" if op.joint else f"d{names[i]}", words, place, with_rule(op, i, f),
                         with_rule(op, i, marks[0]) if marks and marks[0] else None)


# -- the hunt --------------------------------------------------------------------------------------------------------
def noticed(broken, drawn, seed=0):
    """Does some property fail on some case?"""
    with np.errstate(all="ignore"):
        for number, case in enumerate(drawn):
            trial = Trial(broken, *case, seed=seed + number, explain=False)
            for property in (TELLING if number else ONCE + TELLING):
                try:
                    property(trial)
                except (CannotTell, Undefined):
                    continue
                except Exception:
                    return True
    return False


def hunt(op, examples=PROFILES["dev"], seed=0):
    """All mutants of an op, each tried on the cases that `minigrad check` tries, the largest first: they tell most."""
    drawn = sorted(choose(op, None, examples, seed).cases, key=lambda case: -sum(x.size for x in case[0]))
    others, found = None, []
    with in_small_pieces(), np.errstate(all="ignore"):
        for m in mutants_of(op):
            if m.marked is not None and not any(_passes_mark(m.marked, case) for case in drawn):
                continue
            killed, same = noticed(m.broken, drawn, seed), 0
            if not killed:
                others = others or wide_cases(op, examples, seed)
                same = same_gradients(op, m.broken, others)
            found.append(replace(m, broken=None, marked=None, killed=killed, same=same))
    return found


def _passes_mark(op, case):
    """Does the derivative of the rule go through what is marked?  Not where only a shape or a condition is used."""
    trial = Trial(op, *case)
    leaves, y, g = trial.recorded()
    try:
        found = backpropagate(y, Tensor(g, requires_grad=True), create_graph=True)
        cotangents = [found[x] for x, r in zip(leaves, trial.real) if r and x in found]
        return any(t.node and t.node.op is mark for c in cotangents if c.requires_grad for t in tape_of(c))
    except Exception:
        return True                         # let the checks see what it is


def survivors(mutants):
    """Those that no check noticed, of this op or of another that uses the same function, and that are mistakes."""
    found = {m.place for m in mutants if m.killed}
    return [m for m in mutants if m.place not in found and not m.equivalent]
