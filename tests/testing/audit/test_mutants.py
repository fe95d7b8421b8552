"""The mutants: made for every rule, noticed by the checks, and the exceptions are exceptions."""
import numpy as np
import pytest

from minigrad.engine.op import Op
from minigrad.engine.ops import REGISTRY
from minigrad.testing.audit.equivalent import same_gradients, wide_cases
from minigrad.testing.audit.mutants import hunt, mutants_of, noticed, survivors
from minigrad.testing.mutations import with_rule
from minigrad.testing.ops.choose import choose


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


def test_what_changes_nothing_is_measured_to_change_nothing():
    found = hunt(REGISTRY["add"])
    excused = [m for m in found if m.equivalent]
    assert excused and all(m.same > 100 and not m.killed for m in excused)
    assert any("rule of another argument" in m.name for m in excused)


@pytest.mark.parametrize("rule", [lambda g, y, x: 2.0001 * g * x, lambda g, y, x: 2 * g * np.asarray(getattr(
    x, "_data", x)), lambda g, y, x: np.where(x == 0, g, 2 * g * x), lambda g, y, x: g / 0])
def test_no_mistake_is_excused(rule):
    op = Op(lambda x, /: x * x, lambda g, y, x: 2 * g * x, name="squared")
    cases = wide_cases(op, 25)
    assert same_gradients(op, op, cases) > 100
    assert same_gradients(op, with_rule(op, 0, rule), cases) == 0
