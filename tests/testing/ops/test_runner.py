"""check_op: each property notices its own kind of mistake; failures are small, reproducible and explained."""
import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import strategies as st

import minigrad as mg
from minigrad.engine.op import REGISTRY, Op
from minigrad.engine.ops.domains import BOOLEAN, NONZERO, POSITIVE, REAL, UNIT
from minigrad.engine.ops.indexing import scatter_add
from minigrad.testing import GradientError, check_op
from minigrad.testing.adapters import foreign, signature_of
from minigrad.testing.gallery import GALLERY
from minigrad.testing.ops import properties
from minigrad.testing.ops.cases import NoCases
from minigrad.testing.ops.choose import choose
from minigrad.testing.ops.runner import Failed, run

from ..wrong import WRONG, stale


def double(x, /):
    return 2 * x


def counting():
    count = itertools.count()
    return Op(lambda x, /: x + next(count), lambda g, y, x: g, name="counting")


def edits_its_input(x, /):
    x *= 2
    return x


def edits_its_cotangent(g, y, x):
    g *= 2
    return g


def by_memory_order(x, /):
    return x.ravel("K").reshape(x.shape)


def sets_for_the_other():
    seen = []
    rules = lambda g, y, a, b: g * len(seen), lambda g, y, a, b: seen.append(g) or g
    return Op(lambda a, b, /: a + b, rules, name="sets")


def native(op):
    """An op, as one of minigrad's own, of which more is expected."""
    op.__module__ = "minigrad.tried"
    return op


def sorted_back(g, y, x):
    order = np.argsort(np.argsort(getattr(x, "_data", x), -1, kind="stable"), -1)
    return mg.take_along_axis(g, order, -1)


class Unstacked(Op):
    """Takes the arrays out of lists of tensors."""

    def __call__(self, *inputs, **params):
        return super().__call__(*(np.array([r.numpy() for r in x]) if isinstance(x, list) else x for x in inputs),
                                **params)


class Late(Op):
    """Says that it was called after all edits."""

    def __call__(self, *inputs, **params):
        y = super().__call__(*inputs, **params)
        if getattr(y, "node", None):
            y.node.order = 10**12
        return y


class Bypassing(Op):
    """Is called, and multiplies instead: its own rule is never asked."""

    def __call__(self, x):
        return mg.multiply(x, x)


def shares_by_identity(g, y, a, b):
    shares = {id(a): g * b}
    shares[id(b)] = g * a
    return [shares[id(a)], shares[id(b)]] if len(shares) == 2 else [shares[id(a)], 0 * g]


class Loses:
    """A framework in which the gradient of one result alone is lost."""
    highest_order, left_out = 1, ()
    enter = leave = staticmethod(np.asarray)

    def join(self, ys):
        return np.concatenate([y.ravel() for y in ys])

    def pullback(self, f):
        return lambda g, x: [(2 * g[:x.size] + 3 * g[x.size:] if g.ndim else 0 * g).reshape(x.shape)]


def two_results(x):
    return 2 * x, 3 * x


LACKS = {   # property -> an op that lacks it
    "results_unused": foreign(Loses(), two_results, "two_results", signature_of(two_results), __name__),
    "value": Op(double, lambda g, y, x: 2 * g),
    "same_value_however_called": counting(),
    "elementwise": Op(lambda x, /: x - x.mean(), lambda g, y, x: g - g.mean(), name="centred", shapes="(n)->(n)"),
    "ties_share": Op(lambda a, b, /: np.maximum(a, b),
                     (lambda g, y, a, b: g * (a >= b), lambda g, y, a, b: g * (b >= a)), name="larger"),
    "backward_again": Op(lambda x, /: (x * x, [x]),
                         lambda g, y, x, saved: g * 2 * (saved.pop() if saved else 0), name="square", saves=True),
    "accurate": Op(lambda x, /: np.log(1 + np.exp(x)), lambda g, y, x: g / (1 + np.exp(-x)), name="softplus"),
    "gradients": Op(double, lambda g, y, x: g),
    "linear_in_the_cotangent": Op(double, lambda g, y, x: g * g),
    "adjoint": Op(double, lambda g, y, x: 2 * abs(g)),
    "each_input_alone": sets_for_the_other(),
    "no_hidden_state": stale(),
    "precision_kept": Op(lambda x, /: x * np.float64(2), lambda g, y, x: 2 * g, name="double"),
    "python_numbers": Op(lambda a, b, /: a * np.asarray(b, float),
                         (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a), name="times"),
    "inputs_unmodified": Op(double, edits_its_cotangent),
    "layout_does_not_matter": Op(by_memory_order, lambda g, y, x: g, shapes=""),
    "nothing_shared": Op(double, lambda g, y, x: x),
    "whole_values": native(Op(lambda x, /: x * x / 1.0, lambda g, y, x: 2 * g * x, name="square")),
    "whole_indices": Op(lambda x, i, /: x.reshape(-1)[i * x.shape[-1]],
                        (lambda g, y, x, i: np.bincount(i * x.shape[-1], g, x.size).reshape(x.shape), None),
                        name="firsts"),
    "lists_of_tensors": Unstacked(double, lambda g, y, x: 2 * g),
    "tensors_as_params": Op(lambda x, /, k=2.0: x * getattr(k, "_data", k), lambda g, y, x, k=2.0: g * k, name="times"),
    "edits_are_seen": Late(lambda x, /: x * x, lambda g, y, x: 2 * g * x, name="square"),
    "precise_far_out": native(Op(lambda x, /: 0.5 * np.tanh(0.5 * x) + 0.5, lambda g, y, x: g * y * (1 - y), name="s")),
    "half_precision": native(Op(lambda x, /: np.sqrt((x * x).sum(-1)), lambda g, y, x: np.expand_dims(g / y, -1) * x,
                                name="length", shapes="(n)->()")),
    "numbers_along_an_axis": Op(lambda x, /, axis=-1: x.sum(axis=axis), lambda g, y, x, axis=-1: np.repeat(
        np.expand_dims(g, axis), x.shape[axis], axis), name="sum"),
    "declared_rules_are_used": Bypassing(lambda x, /: x * x, lambda g, y, x: 2 * g * x, name="square"),
    "one_tensor_twice": Op(lambda a, b, /: a * b, shares_by_identity, name="times"),
}
NEEDS = {"results_unused": {"inputs": [([np.array(2.0)], {})]}, "value": {"reference": lambda x: 3 * x},
         "whole_indices": {"inputs": [([np.arange(4.0).reshape(4, 1), np.array([3, 1])], {})]},
         "layout_does_not_matter": {"inputs": [([np.arange(6.0).reshape(2, 3)], {})]}}


@pytest.mark.parametrize("name", LACKS)
def test_each_property_notices_its_mistake(name):
    result = run(LACKS[name], properties=[getattr(properties, name)], **NEEDS.get(name, {}))
    assert not result.passed and " ".join(getattr(properties, name).__doc__.split()) in result.failure


def test_every_property_is_shown_to_notice_something():
    assert {p.__name__ for p in properties.PROPERTIES} - set(LACKS) == {"convention"}      # of minigrad's own ops


def test_an_op_that_edits_its_input_is_noticed():
    with pytest.raises(Failed, match="modified|another value|read-only"):
        check_op(Op(edits_its_input, lambda g, y, x: 2 * g))


def shares_of_many(g, y, *xs):
    return [g * x for x in reversed([*xs])]


@pytest.mark.parametrize("op, inputs", [
    (Op(lambda *xs: xs[0] + xs[1], shares_of_many, name="many", shapes=""), [([np.ones(2), np.zeros(2)], {})]),
    (Op(lambda c, a, /: np.where(c, a, 0), (None, lambda g, y, c, a: g), domain=(BOOLEAN, REAL), name="taken"), None)])
def test_wrong_ops_of_many_inputs_and_of_booleans_are_explained(op, inputs):
    with pytest.raises(Failed, match="is wrong in"):
        check_op(op, inputs=inputs)


@pytest.mark.parametrize("op", [
    Op(lambda x, /: np.exp(-x * x), lambda g, y, x: -2 * g * x * y, name="bell"),
    Op(lambda x, /: np.log(x) * x, lambda g, y, x: g * (np.log(x) + 1), name="xlogx", domain=POSITIVE),
    Op(lambda x, /: np.arctanh(x), lambda g, y, x: g / (1 - x * x), name="arctanh", domain=UNIT),
    Op(lambda a, b, /: a * b * b, (lambda g, y, a, b: g * b * b, lambda g, y, a, b: 2 * g * a * b), name="product"),
    Op(lambda x, w, /: np.einsum("...i,...ij->...j", x, w),
       (lambda g, y, x, w: np.einsum("...j,...ij->...i", g, w), lambda g, y, x, w: np.einsum("...i,...j->...ij", x, g)),
       name="rows", shapes="(m),(m,n)->(n)")], ids=repr)
def test_right_ops_of_a_user_pass(op):
    result = check_op(op)
    assert result.passed and result.examples == 50 and result.worst < 1e-8


@pytest.mark.parametrize("op", [
    Op(lambda x, w, b, /: x @ w + b, (
        lambda g, y, x, w, b: g @ np.swapaxes(w, -1, -2), lambda g, y, x, w, b: np.swapaxes(x, -1, -2) @ g,
        lambda g, y, x, w, b: g.sum(0)), name="dense"),
    Op(lambda a, b, /: (a * b).sum(), lambda g, y, a, b: (g * b, g * a), name="dot"),
    Op(lambda a, /: np.trace(a), lambda g, y, a: g * np.eye(len(a)), name="trace"),
    Op(lambda p, t, /: ((p - t) ** 2).mean(), lambda g, y, p, t: (2 * g * (p - t) / p.size, 2 * g * (t - p) / p.size),
       name="loss"),
    Op(lambda x, /: np.log(x), lambda g, y, x: g / x, name="ln"),
    Op(lambda x, /, axis=-1: x.sum(axis), lambda g, y, x, axis=-1: np.expand_dims(g, axis) * np.ones(x.shape),
       name="total", shapes=""),
    Op(lambda x, /: np.sort(x, -1), sorted_back, name="sort", shapes="(n)->(n)"),
    Op(lambda x, /: x * abs(x), lambda g, y, x: 2 * g * abs(x), name="bent"),
    Op(lambda x, /: (1 - np.cos(x)) / x ** 2, lambda g, y, x: g * (np.sin(x) / x ** 2 - 2 * y / x), name="cancels",
       domain=NONZERO)], ids=repr)
def test_right_ops_that_declare_little_are_not_accused(op):
    assert check_op(op, examples=25).passed


@pytest.mark.parametrize("op, inputs", [
    (Op(lambda a, b, /: np.arctan2(a, b), (lambda g, y, a, b: g * b / (a * a + b * b),
                                           lambda g, y, a, b: -g * a / (a * a + b * b)), name="angle"),
     [[np.zeros(3), np.array([0.0, 1, -1])]]),
    (Op(lambda x, /: np.sort(x), sorted_back, name="sort", shapes=""), [[np.zeros(4)], [np.array([1.0, 0, 1, 1])]])],
    ids=["at a step", "three equals"])
def test_where_there_is_no_slope_a_right_op_is_not_accused(op, inputs):
    assert check_op(op, inputs=inputs, order=1).passed


def times(x, /, k=1.0):
    return k * x


def test_it_is_said_which_cases_alone_are_wrong():
    with pytest.raises(Failed, match="it is wrong only where k is not 1.0, its default"):
        check_op(Op(times, lambda g, y, x, k=1.0: g * k * k), examples=15)


def test_it_is_said_that_a_param_is_not_used():
    with pytest.raises(Failed, match="likely: the rule does not use k\n"):
        check_op(Op(times, lambda g, y, x, k=1.0: g), examples=15)


def test_what_most_ordinary_cases_say_comes_first():
    def rule(g, y, x):
        return g[..., None] * (x - x.mean(-1, keepdims=True)) / (x.shape[-1] * y[..., None])

    def deviation(x, /):
        return np.sqrt(((x - x.mean(-1, keepdims=True)) ** 2).sum(-1) / (x.shape[-1] - 1))
    cases = [([np.random.default_rng(n).normal(size=(2, n))], {}) for n in (3, 3, 4, 5)]
    with pytest.raises(Failed, match="\n  likely: a divisor n where n - 1 belongs"):
        check_op(Op(deviation, rule, shapes="(n)->()"), inputs=cases)


def test_uses_that_do_not_count_are_told():
    padded = Op(lambda x, /: np.concatenate([x[:1], x, x[-1:]]), lambda g, y, x: g[1:-1], name="padded", shapes="")
    with pytest.raises(Failed, match=r"some uses of an element do not count \(those in the flat result at \[0, 5\]"):
        check_op(padded, inputs=[[np.arange(4.0) + 1]])


def test_a_rule_that_draws_random_numbers_is_said_to():
    rng = np.random.default_rng(0)
    redrawn = Op(lambda x, /: 2 * x, lambda g, y, x: 4 * g * (rng.random(np.shape(g)) < 0.5), name="redrawn")
    with pytest.raises(Failed, match="backward twice through one tape gives the same(.|\n)*random numbers"):
        check_op(redrawn, examples=5)


def test_an_op_that_takes_indices_alone_is_fed_some():
    def rows(x, i, /):
        if i.dtype.kind != "i":
            raise IndexError("arrays used as indices must be of integers")
        return x[i]

    def rule(g, y, x, i):
        return scatter_add(g, index=i, shape=x.shape)
    op = Op(rows, (rule, None), shapes="")
    assert "i was fed indices, 0 and 1" in check_op(op, examples=15, skip="whole_indices").remarks[0]


def test_numbers_alone_are_fed_far_out_too():
    assert any(x.shape == () and x > 100 for (x,), _ in choose(REGISTRY["tanh"]).cases)


def test_the_same_seed_gives_the_same_cases_in_every_process():
    code = ("import sys\nif len(sys.argv) > 1:\n    import decimal, fractions, minigrad.scale.planning.costs\n"
            "import minigrad as mg\nfrom minigrad.testing.ops.choose import choose\n"
            "print([choose(mg.ops.REGISTRY[n], None, 30, 3).cases for n in ('add', 'getitem', 'softmax', 'matmul')])")
    few, many = (subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True).stdout
                 for args in ([], ["more"]))
    assert few == many and len(few) > 1000


WORDS = {"cube": ("sign", "factor 3", "cotangent ignored", "detached", "detached at second order", "half detached")}


@pytest.mark.parametrize("name", WORDS["cube"])
def test_the_smallest_case_still_gets_the_right_words(name):
    with pytest.raises(Failed) as caught:
        check_op(WRONG[name].op)
    assert WRONG[name].words in str(caught.value)
    assert str(caught.value).count("likely:") == 1      # what explains the smallest case alone is not said


def test_a_reshape_for_a_transpose_is_told_from_a_permutation_by_the_other_cases():
    op = Op(lambda x, /: x.swapaxes(-1, -2), lambda g, y, x: g.reshape(x.shape), name="turn", shapes="(m,n)->(n,m)")
    with pytest.raises(Failed, match="likely: a reshape where a transpose belongs"):
        check_op(op)


def test_a_wrong_power_is_told_as_a_missing_variable():
    with pytest.raises(Failed, match=r"likely: the factor 1.5 x is missing"):
        check_op(Op(lambda x, /: x ** 3, lambda g, y, x: g * 2 * x, name="cube"))


def test_the_case_is_as_small_as_can_be():
    def forward(x, /):
        return np.where(np.abs(x) > 1.5, 2 * x, x)
    with pytest.raises(Failed, match=r"a = array\((1.51|2.), float64\).reshape\(\(\)\)"):
        check_op(Op(forward, lambda g, y, x: g, name="steps"), examples=200)


POWERED = """
import minigrad as mg

@mg.op(vjp=lambda g, y, x, n: g * n * x, shapes="")
def powered(x, /, n):
    return x**n
"""


def test_the_snippet_reproduces_the_failure(tmp_path, monkeypatch):
    (tmp_path / "ops_of_a_user.py").write_text(POWERED)
    monkeypatch.chdir(tmp_path)
    op = mg.testing.load_op("ops_of_a_user.py:powered")
    with pytest.raises(Failed) as caught:
        check_op(op, inputs=st.tuples(mg.testing.strategies.arrays((2, 2)).map(lambda x: [x]), st.just({"n": 3})))
    lines = [line[4:] for line in str(caught.value).splitlines() if line.startswith("    ")]
    assert any("load_op('ops_of_a_user.py:powered')" in line for line in lines)
    with pytest.raises(Failed, match="powered: the gradient of x"):
        exec("\n".join(lines), {})
    mg.ops.REGISTRY.pop("powered")


def test_the_same_seed_finds_the_same():
    op = WRONG["factor 3"].op

    def message(seed):
        return run(op, seed=seed).failure
    assert message(3) == message(3) and "seed=3" in message(3)


def test_an_op_that_can_not_be_fed_is_told_how_to_be():
    op = Op(lambda x, /: 2 * x.reshape(7, 11), lambda g, y, x: 2 * g.reshape(x.shape), shapes="", name="double")
    with pytest.raises(NoCases, match="double: it took none of the inputs that were tried.*double.cases = "):
        check_op(op)
    op.cases = [([np.ones(77)], {}), ([np.zeros((11, 7))], {})]
    assert check_op(op).examples == 2
    op.cases = st.just(([np.ones((77, 1))], {}))
    assert check_op(op).passed


def test_first_order_only():
    op = WRONG["detached at second order"].op
    assert check_op(op, order=1).passed
    with pytest.raises(Failed):
        check_op(op, order=2)


def test_every_param_of_every_op_is_drawn():
    from minigrad.testing.ops.choose import choose
    for op in mg.ops.REGISTRY.values():
        if op.native and op.param_names:
            drawn = {name for _, params in choose(op, examples=25).cases for name in params}
            assert not set(op.param_names) - drawn, f"{op.name}: its cases never set {set(op.param_names) - drawn}"


def test_errors_are_assertions_so_that_every_test_runner_knows_them():
    assert issubclass(GradientError, AssertionError) and issubclass(Failed, AssertionError)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.int64])
def test_cases_of_any_precision_are_checked_in_double(dtype):
    case = [np.array([0.5, 3.0, -1.0]).astype(dtype)]
    assert check_op(Op(lambda x, /: x * x * x, lambda g, y, x: 3 * g * x * x, name="cubed"), inputs=case).passed
    with pytest.raises(Failed, match="the factor 3 is missing"):
        check_op(Op(lambda x, /: x * x * x, lambda g, y, x: g * x * x, name="cubed"), inputs=case)


def test_a_suggested_edit_spoils_nothing():
    """Of a rule that edits its cotangent no edit is suggested that still does: what it gives can't be measured."""
    op = GALLERY["the cotangent edited"].op("doubled")
    with pytest.raises(AssertionError, match="with `2 [*] g` in place of `np.multiply"):
        mg.testing.check_op(op)
