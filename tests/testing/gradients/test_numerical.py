"""Measured derivatives: how precise they are, and that they know how precise they are."""
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

import minigrad as mg
from minigrad.testing.gradients.numerical import complex_step, derivative, sides

SMOOTH = {  # name -> (f, f')
    "sin": (np.sin, np.cos), "exp": (np.exp, np.exp), "cube": (lambda x: x ** 3, lambda x: 3 * x ** 2),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "bell": (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    "constant": (lambda x: 7.0 + 0 * x, lambda x: 0.0), "line": (lambda x: 3 * x + 1e6, lambda x: 3.0)}


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(-3, 3))
def test_the_error_is_small_and_its_estimate_honest(name, x):
    f, slope = SMOOTH[name]
    measured, doubt = derivative(lambda t: np.array([f(x + t)]))
    error = abs(measured[0] - slope(x))
    assert error <= 20 * doubt[0] + 1e-13
    assert error <= 1e-8 * max(1, abs(slope(x)))


@given(st.floats(-3, 3))
def test_the_complex_step_is_right_to_the_last_digits(x):
    assert complex_step(lambda t: np.sin(x + t)) == pytest.approx(np.cos(x), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("f", [np.arctan2, lambda x: np.maximum(x, 0).astype(float), np.floor, np.abs])
def test_no_complex_step_where_complex_numbers_do_not_pass(f):
    assert complex_step(lambda t: f(0.5 + t, 1.0) if f is np.arctan2 else f(np.array(0.5 + t))) is None


@given(st.floats(1e-12, 1e12))
def test_a_step_in_the_scale_of_the_input(x):
    assert derivative(lambda t: np.array([np.log(x + t * x)]))[0][0] == pytest.approx(1, rel=1e-9)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_kink_has_two_slopes(left, right):
    found_left, found_right, _, differ = sides(lambda t: np.array([(left if t < 0 else right) * t + np.sin(t)]))
    assert found_left == pytest.approx(left + 1, abs=1e-6) and found_right == pytest.approx(right + 1, abs=1e-6)
    assert differ[0] == (abs(left - right) > 1e-3) or 1e-5 < abs(left - right) < 1e-2


@given(st.floats(-3, 3))
@example(x=7.0149e-06)                      # changes of x³ by steps of about x look like those of a root
@example(x=0.0625)                          # steps of 1/8 and 1/16 to the left measure the same slope
def test_a_smooth_function_has_no_kink(x):
    assert not sides(lambda t: np.array([np.sin(x + t), (x + t) ** 3, np.exp(x + t), 1e6 + 0 * t]))[3].any()


def test_a_step_and_the_end_of_a_domain_have_a_side_without_slope():
    def f(t):
        return np.array([np.floor(1 + t), np.sqrt(t) if t >= 0 else np.nan, np.log1p(t), np.sqrt(abs(t))])
    left, right, _, differ = sides(f)
    assert left.tolist() == [np.inf, pytest.approx(np.nan, nan_ok=True), pytest.approx(1), -np.inf]
    assert right.tolist() == [0, np.inf, pytest.approx(1), np.inf]
    assert differ.tolist() == [True, True, False, True]


def test_noise_is_no_kink():
    left, right, _, differ = sides(lambda t: np.array([t + 1e-4 * np.sin(1e9 * t), t + 1e-4 * ((t * 1e12) % 1)]))
    assert not differ.any()


def test_steps_that_leave_the_domain_are_made_smaller():
    def phi(t):
        if abs(t) > 1e-3:
            raise ValueError("outside")
        return np.array([np.exp(t)])
    slope, doubt = derivative(phi)
    assert slope == pytest.approx(1, rel=1e-9) and doubt < 1e-8
    a = np.array([[1.12425625, -0.63901875], [-0.63901875, 0.5066125]])
    mg.testing.check_op(mg.ops.REGISTRY["cholesky"], inputs=[([a], {})])
