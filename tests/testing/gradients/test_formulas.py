"""A slope is named: what it is of the inputs and the result, times a constant."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad.testing.gradients.formulas import formula, number_in_words

X, B = np.array([0.3, -1.2, 0.7, 2.0, 1.1, -0.4]), np.array([1.3, 0.2, -0.7, 0.5, -2.0, 0.9])


@pytest.mark.parametrize("slope, words", [
    (3 * X ** 2, "3 x²"), (-np.sin(X), "-sin(x)"), (X / B, "x / b"), (np.log(2) * B, "ln 2 b"),
    (1 - X ** 2, "(1 - x²)"), (0.5 / np.sqrt(1 + X ** 2), "1/2 / √(1 + x²)"), (np.sign(X), "sign(x)"),
    (2 * np.ones(6), "2")])
def test_it_is_the_simplest_form(slope, words):
    assert formula(slope, {"x": X, "b": B}) == words


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_noise_has_no_name(seed):
    slope = np.random.default_rng(seed).standard_normal(6)
    assert formula(slope, {"x": X, "b": B}) is None, seed


def test_of_few_numbers_nothing_is_said():
    assert formula(3 * X[:3], {"x": X[:3]}) is None


@pytest.mark.parametrize("number, words", [
    (1 - 1e-9, "1"), (-2.0, "-2"), (0.25, "1/4"), (np.pi, "π"), (0.123456, "0.12346")])
def test_numbers(number, words):
    assert number_in_words(number) == words
