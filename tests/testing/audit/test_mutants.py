"""The mutants: made for every rule, noticed by the checks, and the exceptions are exceptions."""
import re

import numpy as np
import pytest

from minigrad.engine.op import Op
from minigrad.engine.ops import REGISTRY
from minigrad.engine.tensor import Tensor, backpropagate
from minigrad.testing.audit.equivalent import PATTERNS, reason
from minigrad.testing.audit.mutants import hunt, mutants_of, noticed, survivors
from minigrad.testing.ops.cases import in_small_pieces
from minigrad.testing.ops.choose import choose
from minigrad.testing.ops.properties import Trial


def registered():
    """minigrad's own operations that have a derivative."""
    return [op for op in REGISTRY.values() if op.native and op.vjp is not None]


FAMILIES = ("term dropped", "sign flipped", "wrong operand", "factor dropped", "sum over broadcast axes: skipped",
            "overwrites", "reshape for transpose", "detached", "wrong axis:", "zero at second order",
            "rule of another argument", "cotangent: ignored", "constant doubled", "mask reversed")


def test_every_rule_is_broken_in_every_family_of_ways():
    names = [m.name for op in registered() for m in mutants_of(op)]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert any(family in name for name in names), family
    for op in registered():
        rules = 1 if op.joint else sum(r is not None for r in op.rules)
        assert sum(n.startswith(f"{op.name}, ") for n in names) >= 6 * rules


def test_the_names_are_the_same_each_time():
    assert [m.name for m in mutants_of(REGISTRY["power"])] == [m.name for m in mutants_of(REGISTRY["power"])]


def test_a_change_is_the_one_that_its_name_says():
    mutants = {m.name: m.broken for m in mutants_of(REGISTRY["arctan"])}
    broken = mutants["arctan, dx: sign flipped: g / (1 + x * x)  →  g / (1 - x * x)"]
    assert broken.rules[0](2.0, None, 0.5) == 2 / (1 - 0.25)
    assert REGISTRY["arctan"].rules[0](2.0, None, 0.5) == 2 / (1 + 0.25)


@pytest.mark.parametrize("name", ["multiply", "tanh", "softmax", "matmul", "getitem", "transpose", "maximum", "prod",
                                  "layer_norm"])
def test_no_mutant_of_these_survives(name):
    assert not [m.name for m in survivors(hunt(REGISTRY[name]))]


def test_vectors_are_kept_though_batches_are_larger():
    kept = {tuple(x.ndim for x in inputs) for inputs, _ in choose(REGISTRY["matmul"], examples=25).cases}
    assert kept >= {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.slow
def test_no_mutant_survives():
    assert not [m.name for m in survivors([m for op in registered() for m in hunt(op)])]


def test_a_mutant_that_the_checks_do_not_notice_is_a_survivor():
    op = Op(lambda x, /: np.where(x > 1e5, x * x, x), lambda g, y, x: np.where(x > 1e5, 2 * g * x, g), name="bent")
    found = hunt(op)                        # no input is so large: a factor of the other branch is not noticed
    assert any("second factor dropped" in m.name for m in survivors(found))
    assert not any("sign flipped" in m.name for m in survivors(found) if m.change.startswith("result"))


def test_no_rule_is_taken_for_its_own_mutant():
    for name in ("multiply", "softmax", "conv2d"):
        drawn = choose(REGISTRY[name], examples=10).cases
        assert not noticed(REGISTRY[name], drawn)


def differs(op, broken, case, seed=0):
    """Does a mutant give other gradients than the op on one case, by more than rounding?  First and second order."""
    here, there = Trial(op, *case), Trial(broken, *case)
    g = np.random.default_rng(seed).standard_normal(np.shape(op(*case[0], **case[1])))
    return any(a is not None and not np.allclose(a, b, rtol=1e-10, atol=1e-10, equal_nan=True)
               for a, b in zip(_derivatives(here, g), _derivatives(there, g), strict=True))


def _derivatives(trial, g):
    leaves, y, _ = trial.recorded()
    wanted = [x for x, r in zip(leaves, trial.real) if r]
    cotangent = Tensor(g, requires_grad=True)
    first = backpropagate(y, cotangent, create_graph=True)
    first = [first.get(x) for x in wanted]
    slope = sum(((d * d * 0.5 + d).sum() for d in first if d is not None), start=Tensor(np.zeros(())))
    second = backpropagate(slope) if slope.requires_grad else {}
    return [*(None if d is None else d._data for d in first),
            *(second.get(x, np.zeros(x.shape)) for x in (*wanted, cotangent))]


def equivalents(ops=None):
    return [m for op in ops or registered() for m in mutants_of(op) if reason(m.name)]


def test_every_reason_is_needed():
    names = [m.name for m in equivalents()]
    for pattern, why in PATTERNS:
        assert any(re.fullmatch(pattern, n) for n in names), f"no mutant is like this any more: {pattern} ({why})"


@pytest.mark.slow
def test_what_is_said_to_be_no_mistake_gives_the_same_gradients():
    for op in registered():
        mutants = equivalents([op])
        with in_small_pieces(), np.errstate(all="ignore"):
            for case in choose(op, examples=25, seed=5).cases if mutants else ():
                for m in mutants:
                    assert not differs(op, m.broken, case), f"{m.name} differs at {case}, though: {m.equivalent}"
