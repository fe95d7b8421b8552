"""Declaring and calling an op: which arguments it takes, what it refuses, and that numbers do for arrays."""
import functools
import inspect
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad.engine.fusion import fuse
from minigrad.engine.op import NUMPY, Op
from minigrad.engine.profile import profile
from minigrad.testing import check_op
from minigrad.testing.ops.runner import Failed
from minigrad.viz.graph import op_title

from .ops.cases import ALL, OPS
from .ops.gradients import inputs_of

FIRST = {op.name: (op, case) for op, case in reversed(ALL)}
NUMBERS = (3, 2.5, -1, np.float64(0.5), np.float32(0.5), np.int64(2), [1.0, 2.0])


def test_a_function_that_names_no_module():
    """As a ufunc of NumPy 2.0 and 2.1."""
    forward = (1.0).__add__
    assert not hasattr(forward, "__module__") and Op(forward, doc="y = 1 + x")(2.0) == 3


# -- arguments -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op, case", FIRST.values(), ids=FIRST)
def test_unknown_params_are_refused(op, case):
    inputs = inputs_of(op, case)
    for name in {"dtype", "out", "where", "casting", "axes_"} - {*op.param_names, *op.further}:
        with pytest.raises(TypeError, match=f"^{op.name} takes no {name}=; its arguments are "):
            op(*inputs, **case.params, **{name: None})
        with pytest.raises(TypeError, match=f"^{op.name} takes no {name}="):
            op(*(mg.Tensor(x) for x in inputs), **case.params, **{name: None})


@pytest.mark.parametrize("op, case", FIRST.values(), ids=FIRST)
def test_a_signature_says_what_can_be_done(op, case):
    signature = inspect.signature(op)
    signature.bind(*inputs_of(op, case), **case.params)
    assert not {"dtype", "out", "where", "casting"} & set(signature.parameters) - set(op.param_names)


def test_signatures():
    assert [str(inspect.signature(f)) for f in (mg.exp, mg.add, mg.sum, mg.stack, mg.where)] == [
        "(x, /)", "(a, b, /)", "(x, /, axis=None, *, keepdims=False)", "(*xs, axis=0)", "(condition, a, b, /)"]


def test_signatures_stay_behind_kernels():
    """Once a GPU is used, what an op calls is a kernel; its signature may be asked for only then."""
    for f, shown in ((np.exp, "(x, /)"), (np.add, "(a, b, /)"), (lambda x, /, n=2: x**n, "(x, /, n=2)")):
        op = Op(f, name="mine")
        op.forward = fuse(op.forward, "mine")
        assert str(inspect.signature(op)) == shown


def test_inputs_and_params_of_an_op_of_ones_own():
    op = Op(lambda a, b, n=2, *, sign=1, **others: sign * a * b**n, (None, None), name="mine")      # no slash
    assert (op.arity, op.param_names, op.positional, op.variadic) == (2, ("n", "sign"), ("n",), False)
    assert op(2.0, 3.0, 3) == 54 and op(2.0, 3.0, sign=-1, anything=0) == -18
    several = Op(lambda *xs, axis=0: xs[axis], name="one_of")
    assert (several.arity, several.param_names, several.variadic) == (0, ("axis",), True)
    assert several(1, 2, axis=1) == several([1, 2], 1) == 2


def test_a_fact_that_no_room_asks_for_is_refused():
    with pytest.raises(TypeError, match="twice: an op has no 'flop'; what can be said of it: symbol, flops"):
        Op(lambda x, /: 2 * x, name="twice", flop=0)
    op = Op(lambda x, /: 2 * x, name="twice", symbol="2")
    assert op.describe(flops=0) is op and (op.symbol, op.flops) == ("2", 0)


# -- what other rooms ask --------------------------------------------------------------------------------------------
def a_product_of_ones_own(right=True):
    """x ⊙ W: a weighted product that a user declares, with all that minigrad's own matmul says of itself."""
    def pairs(draw):
        n = draw.integer(1, 3)
        return [draw.array((2, n)), draw.array((n, 3))], draw.some(scale=2.0)
    return Op(lambda a, b, /, scale=1.0: scale * (a @ b), (
        lambda g, y, a, b, scale=1.0: scale * (g @ b.T), lambda g, y, a, b, scale=1.0: scale * (a.T @ g)),
        name="scaled_product", shapes="", symbol="⊙", flops=lambda y, a, b, scale=1.0: 2 * y.size * a.shape[1] + y.size,
        cases=pairs, reference=lambda a, b, scale=1.0: scale * np.einsum("ij,jk->ik", a, b), slack=0.5,
        conventions=[([[[1.0, 2]], [[3.0], [4.0]]], {}, [[[3.0, 4]], [[1.0], [2.0 if right else 7.0]]])])


def test_an_op_of_ones_own_says_what_minigrads_say():
    op = a_product_of_ones_own()
    assert check_op(op).passed
    a = mg.tensor(np.ones((2, 3)), requires_grad=True)
    with mock.patch.dict(mg.ops.REGISTRY, scaled_product=op), profile() as p:
        y = op(a, np.ones((3, 4)))
        y.sum().backward(retain_graph=True)
    rows = {name: (forward.flops, backward.flops) for name, forward, backward in p.rows()}
    assert rows["scaled_product"] == (56, 56)
    assert op_title(y.node).startswith("⊙ scaled_product")


def test_a_convention_and_a_reference_of_ones_own_are_checked():
    with pytest.raises(Failed, match="what the op's convention says"):
        check_op(a_product_of_ones_own(right=False))
    with pytest.raises(Failed, match="the value is that of the reference"):
        check_op(a_product_of_ones_own().describe(reference=lambda a, b, scale=1.0: a @ b + 1))


def test_numpy_finds_an_op_of_ones_own():
    x = mg.tensor([0.5, 1.5], requires_grad=True)
    with mock.patch.dict(NUMPY), pytest.raises(TypeError, match="np.cbrt has no derivative rule"):
        np.cbrt(x)
    with mock.patch.dict(NUMPY):
        Op(np.cbrt, lambda g, y, x: g / (3 * y * y), name="cbrt", numpy=np.cbrt)
        np.cbrt(x).sum().backward()
        assert check_op(NUMPY[np.cbrt], inputs=[([np.array([0.5, 1.5])], {})]).passed
    np.testing.assert_allclose(x.grad, x.numpy() ** (-2 / 3) / 3, rtol=1e-12)


def test_numpys_functions_stay_minigrads():
    with mock.patch.dict(NUMPY):
        Op(lambda x, /: x, lambda g, y, x: g, name="wrong", numpy=(np.abs, np.exp))
        x = mg.tensor([-2.0], requires_grad=True)
        assert np.abs(x).item() == 2 and np.absolute(x).item() == 2 and np.amax(x).item() == -2
        assert np.exp(x).node.op is mg.exp


# -- numbers for arrays ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_a_number_is_as_an_array_of_it_or_one_clear_line(op):
    params = FIRST[op.name][1].params

    def called(inputs):
        try:
            return op(*inputs, **params)
        except (ValueError, TypeError, IndexError) as error:
            assert str(error).startswith(op.name) and "\n" not in str(error)
            return None
    with np.errstate(all="ignore"):
        for number in NUMBERS:
            inputs = [number] * (op.arity or 1)
            arrays = [np.asarray(x) for x in inputs]
            y, same = (called(xs if op.arity else [xs]) for xs in (inputs, arrays))
            if y is not None and same is not None:
                np.testing.assert_allclose(np.asarray(y, float), np.asarray(same, float), atol=1e-7)


@pytest.mark.parametrize("f, expected", [
    (lambda: mg.max(3), 3), (lambda: mg.sum(3.0), 3), (lambda: mg.mean(2.5), 2.5), (lambda: mg.dot(2, [1, 2]), [2, 4]),
    (lambda: mg.take([5, 6, 7], [0, -1]), [5, 7]), (lambda: mg.take(5, [0]), [5]),
    (lambda: mg.split([1, 2], 2), [[1], [2]]), (lambda: mg.dropout([1.0, 2], 0), [1, 2]),
    (lambda: mg.sigmoid_cross_entropy(0, 1), np.log(2)),
    (lambda: mg.sigmoid_cross_entropy(2.5, np.array([0, 1])), [2.5 + np.log1p(np.exp(-2.5)), np.log1p(np.exp(-2.5))]),
])
def test_numbers_and_lists(f, expected):
    np.testing.assert_allclose(f(), expected)


@pytest.mark.parametrize("f, words", [
    (lambda: mg.matmul(2, np.eye(2)), r"matmul: input shapes \(\), \(2, 2\)"),
    (lambda: mg.split(2, 1), "split: a single number"), (lambda: mg.layer_norm(1, 2, 3), "layer_norm: input shapes")])
def test_numbers_where_they_do_not_do(f, words):
    with pytest.raises((ValueError, IndexError), match=words):
        f()


def test_the_gradient_beside_a_number():
    x = mg.tensor([1.0, 2], requires_grad=True)
    mg.outer(2, x).sum().backward()
    assert_array_equal(x.grad, [2, 2])
    x = mg.tensor(3.0, requires_grad=True)
    mg.sum(x, axis=0).backward()            # as NumPy, which sums a 0-d array over axis 0
    assert x.grad.item() == 1


def _decorated(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)
    return wrapper


class _Forward:
    def method(self, a, b, axis=0, *, k=1):
        return a + b


def _plain(a, b, axis=0, *, k=1):
    return a + b


@pytest.mark.parametrize("forward", [_plain, _decorated(_plain), _Forward().method], ids=["def", "decorated", "method"])
def test_arguments_are_read_the_same_however_forward_was_made(forward):
    op = Op(forward, name="made_up")
    assert (op.arity, op.param_names, op.positional, op.variadic) == (2, ("axis", "k"), ("axis",), False)
    assert str(inspect.signature(op)) == "(a, b, axis=0, *, k=1)"
