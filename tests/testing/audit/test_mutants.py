"""The mutants: made for every function of an op, noticed by the checks, and the exceptions are exceptions."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.op import Op
from minigrad.engine.ops import REGISTRY
from minigrad.engine.ops.conv import in_pieces
from minigrad.testing.audit.equivalent import Wider
from minigrad.testing.audit.mutants import by_kind, functions_of, hunt, mutants_of, noticed, survivors
from minigrad.testing.mutations import exchanged, variants, with_rule
from minigrad.testing.ops.choose import choose
from minigrad.testing.ops.runner import reference_of


def registered():
    """minigrad's own operations that have a derivative."""
    return [op for op in REGISTRY.values() if op.native and op.vjp is not None]


FAMILIES = ("term dropped", "sign flipped", "wrong operand", "factor dropped", "sum over broadcast axes: skipped",
            "overwrites", "reshape for transpose", "detached", "wrong axis:", "zero at second order",
            "rule of another argument", "cotangent: ignored", "constant doubled", "mask reversed", "mask dropped",
            "% left out", "dtype= left out", "wide left out", "slice one shorter", "slice without a bound",
            "half of a condition dropped", "ties on the other side", "values swapped", "edited in place: saved",
            "branch always taken", "branch never taken", "limit left out", "length of another axis", "step left out",
            "keepdims= left out", "order reversed")
MIXED = ("multiply", "max", "trace", "maximum", "diagonal", "layer_norm", "einsum")


def test_every_rule_is_broken_in_every_family_of_ways():
    names = {name: [m.name for m in mutants_of(REGISTRY[name])] for name in MIXED}
    for found in names.values():
        assert len(set(found)) == len(found) >= 6
    for family in FAMILIES:
        assert any(family in name for found in names.values() for name in found), family


def test_what_a_rule_and_a_forward_call_is_broken_too():
    found = dict(functions_of(REGISTRY["attention"]))
    assert {"the vjp", "forward", "attention_weights", "_scale"} <= set(found)
    assert {"forward", "dx", "_tanh_vjp", "tanh_slope"} & {name for name, _ in functions_of(REGISTRY["tanh"])} == {
        "dx", "_tanh_vjp", "tanh_slope"}      # its forward is NumPy's


def test_the_names_are_the_same_each_time():
    assert [m.name for m in mutants_of(REGISTRY["power"])] == [m.name for m in mutants_of(REGISTRY["power"])]


def test_a_change_is_the_one_that_its_name_says_and_in_force_for_a_while():
    rule = REGISTRY["arctan"].rules[0]
    broken, = [m for m in mutants_of(REGISTRY["arctan"])
               if m.name == "arctan, dx: sign flipped: g / (1 + x * x)  →  g / (1 - x * x)"]
    with broken.in_force():
        assert rule(2.0, None, 0.5) == 2 / (1 - 0.25)
    assert rule(2.0, None, 0.5) == 2 / (1 + 0.25)


def test_functions_within_functions_keep_what_they_close_over():
    def scaled(factor):
        return Op(lambda x, /: factor * x, lambda g, y, x: g * factor, name="scaled")
    found = hunt(scaled(3.0), examples=5)
    assert any("factor dropped" in m.change for m in found) and not survivors(found)


@pytest.mark.parametrize("name", ["multiply", "transpose", "log2"])
def test_no_mutant_of_these_survives(name):
    assert not [m.name for m in survivors(hunt(REGISTRY[name]))]


# Mistakes that were once noticed by nothing: (op, words of the mutant's name).
ONCE_UNSEEN = [
    ("einsum", "_parse: order reversed"),                             # the order of an implied output
    ("softmax", "z.size and (z.max() < 60)"),                       # without the look at the smallest
    ("softmax", "_shifted: branch always taken: isinstance"),
    ("attention", "allowed = past if True else past & allowed"),    # a mask ignored where causal
    ("attention", "past if mask is None else past"),
    ("attention", "edited in place: saved"),
    ("layer_norm", "edited in place: saved"),
    ("sparse_softmax_cross_entropy", "edited in place: saved"),
    ("power", "_ln: half of a condition dropped: isinstance(a, (int, float))"),     # a negative Python number
    ("logsumexp", "mask dropped: top"),                             # rows of -∞
    ("logsumexp", "mask dropped: wide(x) - keep"),
    ("log_softmax", "forward: wrong axis: _along(axis"),
    ("sinc", "_sinc_slope: detached: np.square"),                   # the series, at second order
    ("vector_norm", "(size.max if ord > 0 else size.min)(axis=axis)"),
    ("scatter_add", "_positions: first term dropped"),              # whole rows, by an array of integers
    ("scatter_add", "row = math.prod(shape[:])"),
    ("sigmoid", "isinstance(x, np.ndarray) and x.ndim  →  isinstance(x, np.ndarray)"),      # a number far out
    ("max_pool2d", "_borders: limit left out"),
]


@pytest.mark.parametrize("name, words", ONCE_UNSEEN)
def test_what_was_once_unseen_is_seen(name, words):
    op = REGISTRY[name]
    cases, found = choose(op).cases, [m for m in mutants_of(op) if words in m.name]
    assert found
    for m in found:
        with m.in_force(), in_pieces():
            seen = noticed(m.broken, cases, reference=reference_of(op))
        assert seen or m.equivalent, m.name


@pytest.mark.parametrize("name, i, rule", [
    ("logaddexp", 0, lambda g, y, a, b: g * np.exp(a) / np.exp(y)),                 # overflows
    ("power", 0, lambda g, y, a, b: g * b * np.exp((b - 1) * np.log(a))),           # nan for a negative base
    ("power", 0, lambda g, y, a, b: g * b * y / a),                                 # nan at 0
])
def test_other_rules_once_unseen_are_seen(name, i, rule):
    op = REGISTRY[name]
    assert noticed(with_rule(op, i, rule), choose(op).cases, reference=reference_of(op))


def test_mean_of_nothing_divides_by_nothing():
    def quiet(rule):
        with np.errstate(all="raise"):
            return rule(np.ones(()), np.nan, np.zeros(0)).shape == (0,)
    rule, = REGISTRY["mean"].rules
    assert quiet(rule)
    broken, = [m for m in mutants_of(REGISTRY["mean"]) if m.where == "dx" and "limit left out" in m.change]
    with broken.in_force(), pytest.raises(FloatingPointError):
        quiet(rule)


def test_take_with_a_negative_axis():
    def right():
        x = np.arange(24.0).reshape(2, 3, 4)
        return all(np.array_equal(mg.take(x, [0, 1, -1], axis=axis), np.take(x, [0, 1, -1], axis))
                   for axis in (None, 0, 1, 2, -1, -2, -3))
    take, changed = mg.take.__wrapped__, []
    for words, other in variants(take):
        with exchanged(take, other):
            try:
                changed.append((words, right()))
            except Exception:
                changed.append((words, False))
    assert right() and any("% left out" in words and not same for words, same in changed)


def test_vectors_are_kept_though_batches_are_larger():
    kept = {tuple(x.ndim for x in inputs) for inputs, _ in choose(REGISTRY["matmul"], examples=25).cases}
    assert kept >= {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.slow
def test_no_mutant_survives():
    found, known = [], set()
    for op in registered():
        found += hunt(op, known=known)
        known |= {m.place for m in found if m.killed}
    table = by_kind(found)
    print(*(f"{kind:28}{row}" for kind, row in table.items()), sep="\n")
    assert not [m.name for m in survivors(found)]
    made, seen, wider, same = (sum(row[i] for row in table.values()) for i in range(4))
    assert made == seen + same and not wider and made > 6000 and same < made / 5


def test_a_mutant_that_the_checks_do_not_notice_is_a_survivor():
    op = Op(lambda x, /: np.where(x > 1e5, x * x, x), lambda g, y, x: np.where(x > 1e5, 2 * g * x, g), name="bent")
    found = hunt(op, examples=6)            # no input is so large: a factor of the other branch is not noticed
    assert any("second factor dropped" in m.name for m in survivors(found))
    assert not any("sign flipped" in m.name for m in survivors(found) if m.change.startswith("result"))


def test_no_rule_is_taken_for_its_own_mutant():
    for name in ("multiply", "softmax", "conv2d"):
        drawn = choose(REGISTRY[name], examples=10).cases
        assert not noticed(REGISTRY[name], drawn)


def test_what_changes_nothing_is_measured_to_change_nothing():
    found = hunt(REGISTRY["add"], examples=8)
    excused = [m for m in found if m.equivalent]
    assert excused and all(m.same > 100 and not m.killed for m in excused)
    assert any("rule of another argument" in m.name for m in excused)
    assert by_kind(found)["rule of another argument"] == [2, 0, 0, 2]


@pytest.mark.parametrize("rule", [lambda g, y, x: 2.0001 * g * x, lambda g, y, x: 2 * g * np.asarray(getattr(
    x, "_data", x)), lambda g, y, x: np.where(x == 0, g, 2 * g * x), lambda g, y, x: g / 0])
def test_no_mistake_is_excused(rule):
    op = Op(lambda x, /: x * x, lambda g, y, x: 2 * g * x, name="squared")
    wider = Wider(op, 25)
    wider.prepare()
    assert wider.same(op) > 100
    assert wider.same(with_rule(op, 0, rule)) == 0
