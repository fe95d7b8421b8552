"""check_gradients: right functions pass, in any form; kinks are reported; what can't be checked is refused in words."""
import zlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.engine.op import Op
from minigrad.testing import GradientError, check_gradients

R = np.random.default_rng(1)


def test_functions_of_several_inputs_and_results_pass():
    a, b = R.standard_normal((2, 3)), R.standard_normal((3, 2))
    report = check_gradients(lambda a, b: (a @ b, mg.exp(a).sum()), a, b)
    assert report.worst < 1e-9 and report.slopes >= 6 and not report.kinks


def test_trees_of_weights_pass_and_are_named():
    weights = {"w": R.standard_normal((3, 2)), "b": [np.zeros(2), 1.0]}
    x = R.standard_normal((4, 3)).astype(np.float32)
    check_gradients(lambda p, x: mg.tanh(x @ p["w"] + p["b"][0] * p["b"][1]), weights, x)
    wrong = Op(lambda a, b, /: a + b, (lambda g, y, a, b: g, lambda g, y, a, b: 2 * g), name="plus")
    with pytest.raises(GradientError, match=r"plus: the gradient of b"):
        check_gradients(lambda p, x: wrong(x @ p["w"], p["b"][0]), weights, x)


def test_a_wrong_weight_of_a_tree_is_named_where_no_operation_is_to_blame():
    words = r"the gradient of p\['w'\].*\n.*\n  likely: each operation on the tape is right by itself"
    with pytest.raises(GradientError, match=words):
        check_gradients(lambda p: (p["w"] * mg.tensor(p["w"].numpy())).sum(), {"w": R.standard_normal(3)})


def test_integers_and_masks_stay_as_they_are():
    labels, mask = np.array([0, 2]), np.array([[True, False, True]])
    check_gradients(lambda z, t, m: mg.sparse_softmax_cross_entropy(mg.where(m, z, 0.0), t),
                    R.standard_normal((2, 3)), labels, mask)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_orders(order):
    check_gradients(lambda x, y: mg.tanh(x) * y / (1 + x * x), R.standard_normal(3), R.standard_normal(3), order=order)


def test_a_rule_that_is_wrong_at_third_order_only():
    once = Op(lambda x, /: x ** 4 / 12, lambda g, y, x: g * slope(x), name="quartic")
    slope = Op(lambda x, /: x ** 3 / 3, lambda g, y, x: g * half(x), name="cubic")
    half = Op(lambda x, /: x ** 2, lambda g, y, x: g * x, name="parabola")          # should be 2 x
    check_gradients(once, np.array([1.0, 2.0]))
    with pytest.raises(GradientError, match="third derivative"):
        check_gradients(once, np.array([1.0, 2.0]), order=3)


@given(st.integers(-200, 200))
def test_any_scale(exponent):
    x = np.array([1.5, 2.5, 0.5]) * 10.0 ** (exponent / 20)
    for f in (mg.log, mg.sqrt, mg.square, mg.reciprocal, lambda x: x / x.sum()):
        check_gradients(f, x, order=1)
    with pytest.raises(GradientError):
        check_gradients(Op(np.sqrt, lambda g, y, x: 0.5001 * g / y, name="root"), x, order=1)


def test_scales_far_apart_in_one_array():
    check_gradients(mg.log, np.array([1e-12, 1.0, 1e12]))
    check_gradients(lambda x: x + 1, np.array([1e-9, 1.0]))


def test_one_wrong_element_of_many_is_found():
    bad = (np.arange(5000) == 1234).reshape(50, 100)
    op = Op(lambda x, /: x * x, lambda g, y, x: 2 * g * np.where(bad, 1.001 * x, x), name="square")
    with pytest.raises(GradientError, match=r"square: the gradient of x, shape \(50, 100\).*\n  worst at \[12, 34\]"):
        check_gradients(lambda x: mg.tanh(op(x)), R.standard_normal((50, 100)), order=1)


# -- the worst error -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("f", [
    mg.sign, mg.floor, mg.ceil, lambda x: x - x, lambda x: x / x, lambda x: mg.sin(x)**2 + mg.cos(x)**2,
    lambda x: mg.softmax(x).sum(), lambda x: mg.softmax(x[:, None], axis=1)])
def test_a_slope_of_zero_is_not_compared_with_its_own_rounding(f, scale):
    assert check_gradients(f, scale * np.sqrt([0.3, 1.7, 0.9, 2.4])).worst < 1e-8


@given(st.integers(0, 20))
def test_the_worst_error_is_relative_to_the_gradient(exponent):
    op = Op(lambda x, /: x**3, lambda g, y, x: (3 + 3e-10) * g * x * x, name="nearly")
    assert check_gradients(op, 10.0**exponent * np.array([0.3, 2.4]), order=1).worst == pytest.approx(1e-10, rel=0.01)


# -- kinks -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("f, at", [
    (mg.relu, [0.0, 1.0, -1.0]), (mg.abs, [0.0, 1.0]), (lambda x: mg.maximum(x, 1.0), [1.0, 2.0]),
    (mg.max, [3.0, 3.0, 1.0]), (mg.norm, [0.0, 0.0]), (mg.sort, [1.0, 1.0, 2.0]), (mg.floor, [1.0, 1.5]),
    (lambda x: mg.clip(x, 0.0, 1.0), [0.0, 0.5, 1.0]), (mg.sqrt, [0.0, 1.0]),
    (lambda x: mg.relu(x @ np.ones((2, 3))), [0.0, 0.0])])
def test_a_kink_is_reported_and_no_failure(f, at):
    report = check_gradients(f, np.array(at))
    assert report.kinks and "no slope at x[0]" in report.kinks[0].replace("argument 0", "x")


def test_beside_a_kink_all_else_must_be_right():
    op = Op(lambda x, /: np.maximum(x, 0), lambda g, y, x: 1.01 * g * (x > 0), name="relu")
    with pytest.raises(GradientError, match=r"wrong in 1 of 3 elements\n  worst at \[1\]"):
        check_gradients(op, np.array([0.0, 1.0, -1.0]))


def test_at_a_kink_the_gradient_must_lie_between_the_slopes():
    op = Op(lambda x, /: np.maximum(x, 0), lambda g, y, x: g * np.where(x == 0, 1.5, x > 0), name="relu")
    with pytest.raises(GradientError, match=r"no slope at x\[0\] = 0, but"):
        check_gradients(op, np.array([0.0, 1.0, -1.0]))


def test_a_kink_nearby_does_not_disturb():
    assert not check_gradients(mg.abs, np.array([1e-3, -1e-4, 2.0])).kinks
    assert not check_gradients(mg.maximum, np.array([1.0, 2.0]), np.array([1.0001, 1.9999])).kinks


# -- what can't be checked -------------------------------------------------------------------------------------------
def test_refusals_name_the_reason():
    x = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match="no input of .* is floating-point"):
        check_gradients(mg.square, np.array([1, 2]))
    with pytest.raises(TypeError, match="must return a tensor"):
        check_gradients(lambda x: float(x.sum()), x)
    with pytest.raises(TypeError, match="returns float32"):
        check_gradients(lambda x: mg.astype(x, np.float32), x)
    with pytest.raises(ValueError, match="differences scatter"):
        check_gradients(Op(lambda x, /: x + zlib.crc32(x.tobytes()) / 2 ** 32, lambda g, y, x: g, name="noisy"), x)
    with pytest.raises(ValueError, match="not finite"):
        check_gradients(mg.log, -x)
    with pytest.raises(ValueError, match="two values at the same inputs"):
        check_gradients(lambda x: mg.dropout(x, 0.5), np.ones(100))


def test_the_inputs_are_not_touched():
    x = np.array([1.0, 2.0], np.float32)
    t = mg.tensor([3.0, 4.0], requires_grad=True)
    check_gradients(lambda a, b: a * b, x, t)
    assert x.dtype == np.float32 and x.tolist() == [1, 2] and t.grad is None and t.tolist() == [3, 4]


def test_empty_arrays_have_empty_gradients():
    assert check_gradients(lambda x: mg.exp(x).sum(axis=0), np.zeros((0, 3))).worst == 0


def test_a_seed_gives_the_same_message_twice():
    op = Op(lambda x, /: x * x, lambda g, y, x: g * x, name="square")

    def message(seed):
        with pytest.raises(GradientError) as caught:
            check_gradients(op, np.array([1.0, 2.0]), seed=seed)
        return str(caught.value)
    assert message(7) == message(7) != message(8)
