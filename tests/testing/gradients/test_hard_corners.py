"""Functions with hard corners: narrow features are seen, and right gradients are never called wrong for rounding."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.op import Op
from minigrad.testing import CannotTell, GradientError, check_gradients


def bump(width):
    """An op that is 0 but for a bump of this width at 1, with its right rule."""
    return Op(lambda x, /: np.maximum(0, 1 - ((x - 1) / width) ** 2) ** 3,
              lambda g, y, x: g * 3 * mg.where(y > 0, (1 - ((x - 1) / width) ** 2) ** 2, 0) * -2 * (x - 1) / width ** 2,
              name="bump")


@pytest.mark.parametrize("width", [0.02, 0.01, 0.001])
def test_a_feature_narrower_than_the_first_step_is_seen(width):
    x = np.array([1 + width / 3, 0.5])
    check_gradients(bump(width), x)
    flat = Op(bump(width).forward, lambda g, y, x: 0 * g, name="flat")
    with pytest.raises(GradientError, match="got 0, expected"):
        check_gradients(flat, x)


def test_a_steep_step_is_right_at_second_order():
    check_gradients(lambda x: mg.tanh(1000 * (x - 1)), np.array([1.0003, 0.9, 1.1]))


@pytest.mark.parametrize("f, at", [
    (lambda x: mg.relu(x) ** 2, 0.0), (lambda x: x * mg.abs(x), 0.0),
    (lambda x: mg.clip(x, 0, 1) ** 2 * (3 - 2 * mg.clip(x, 0, 1)), 1.0)], ids=["relu²", "x|x|", "smoothstep"])
def test_where_a_higher_derivative_jumps_the_slopes_of_both_sides_are_the_slope(f, at):
    check_gradients(f, np.array([at, 0.5, 2.0]), order=1)
    wrong = Op(lambda x, /: np.maximum(x, 0) ** 2, lambda g, y, x: g * (2 * x * (x > 0) + (x == 0)), name="relu2")
    with pytest.raises(GradientError):
        check_gradients(wrong, np.array([0.0, 1.0]), order=1)


def fixed_point(a, /):
    """x = cos(a x), until it moves by less than 1e-6."""
    x = np.ones_like(a)
    for _ in range(500):
        before, x = x, np.cos(a * x)
        if np.abs(x - before).max() < 1e-6:
            return x


IMPLICIT = Op(fixed_point, lambda g, y, a: -g * y * np.sin(a * y) / (1 + a * np.sin(a * y)), name="solve")
HILBERT = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
CANCEL = {
    "standardised sum": (lambda x: ((x - x.mean()) / x.std()).sum(), 1e-3 * np.array([1.0, 2, 4])),
    "(1 - cos x) / x²": (lambda x: (1 - mg.cos(x)) / x ** 2, np.array([1e-4])),
    "nearly equal rows": (mg.det, np.array([[1.0, 2], [1 + 1e-9, 2]])),
    "the inverse of a Hilbert matrix": (mg.inv, HILBERT),
    "a solver that stops early": (IMPLICIT, np.array([0.5, 0.8, 0.3])),
}


@pytest.mark.parametrize("name", CANCEL)
def test_where_rounding_could_explain_the_difference_nothing_is_accused(name):
    with pytest.raises(CannotTell, match="can't be told.* because "):
        check_gradients(CANCEL[name][0], CANCEL[name][1])


def test_an_error_larger_than_the_rounding_is_still_found():
    wrong = Op(IMPLICIT.forward, lambda g, y, a: 1.01 * IMPLICIT.vjp(g, y, a), name="solve")
    with pytest.raises(GradientError, match="ratio 1.01"):
        check_gradients(wrong, np.array([0.5, 0.8, 0.3]))


def test_where_one_element_is_at_a_cut_the_others_are_still_measured():
    cut, aside = np.array([-0.0, -0.44, 0.3]), np.array([-1.0, -2.0, -1.5])        # -0.0 + 0 t would be the other side
    report = check_gradients(mg.arctan2, cut, aside)
    assert len(report.kinks) == 1 and "a[0] = -0" in report.kinks[0]
    right = mg.ops.REGISTRY["arctan2"]
    wrong = Op(right.forward, (lambda g, y, a, b: 2 * right.rules[0](g, y, a, b), right.rules[1]), name="doubled")
    with pytest.raises(GradientError, match="wrong in 2 of 3 elements"):
        check_gradients(wrong, cut, aside)
