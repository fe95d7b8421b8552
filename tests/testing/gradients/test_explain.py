"""A wrong rule gets the right words: each classic mistake is recognised, and its place named."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.op import Op
from minigrad.testing import GradientError, check_gradients

from ..wrong import WRONG


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name):
    wrong = WRONG[name]
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong.op, *wrong.inputs)
    assert wrong.words in str(caught.value)
    assert caught.value.function == wrong.op.name
    assert caught.value.argument in (wrong.argument, None)


@pytest.mark.parametrize("name", [n for n in WRONG if "shape" not in n])
def test_it_is_also_found_inside_a_larger_function(name):
    wrong = WRONG[name]

    def model(*inputs):
        return mg.tanh(wrong.op(*(x * 1.0 for x in inputs))).sum()
    with pytest.raises(GradientError) as caught:
        check_gradients(model, *wrong.inputs)
    assert caught.value.function == wrong.op.name and wrong.words in str(caught.value)


def test_place_and_ratio_are_those_of_the_worst_element():
    op = Op(lambda x, /: x * x, lambda g, y, x: g * 2 * x * np.array([1, 1, 1.01, 5, 1]), name="square")
    with pytest.raises(GradientError) as caught:
        check_gradients(op, np.arange(1.0, 6))
    error = caught.value
    assert error.index == (3,) and error.ratio == pytest.approx(5) and error.got == pytest.approx(5 * error.expected)
    assert "wrong in 2 of 5 elements" in str(error) and "at [3]" in str(error) and "seed=0" in str(error)
