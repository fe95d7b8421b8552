"""check_vjp: pairs of plain NumPy functions, as users of scipy.optimize have them."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import check_op, check_vjp


def rosen(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosen_der(x):
    d = np.zeros_like(x)
    d[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    d[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return d


def test_a_scalar_function_and_its_gradient():
    assert check_vjp(rosen, rosen_der, np.array([1.3, 0.7, 0.8])).passed
    with pytest.raises(AssertionError, match="the factor 1/2 is missing(.|\n)*check_vjp"):
        check_vjp(rosen, lambda x: 2 * rosen_der(x), np.array([1.3, 0.7, 0.8]))


def test_a_function_and_its_vjp_on_inputs_that_are_drawn():
    assert check_vjp(lambda x: np.sin(x), lambda g, x: g * np.cos(x)).examples == 50
    with pytest.raises(AssertionError, match="the sign is wrong"):
        check_vjp(lambda x: np.sin(x), lambda g, x: -g * np.cos(x), examples=10)


def test_several_results_in_one_vector():
    def back(g, a, b):
        product, total = g[:-1].reshape(a.shape), g[-1]
        return product * b + total, product * a
    assert check_vjp(lambda a, b: (a * b, a.sum()), back, np.ones((2, 3)), np.arange(6.0).reshape(2, 3)).passed


def test_a_result_whose_gradient_is_forgotten_is_named():
    with pytest.raises(AssertionError, match=r"likely: the gradient of result \[0\] is missing \(of 2\)"):
        check_vjp(lambda x: (x.sum(), x ** 2), lambda g, x: 2 * g[1:] * x, np.array([1.3, 0.7, 0.8, -0.4]))


def test_without_a_source_the_slope_is_said():
    with pytest.raises(AssertionError, match=r"the slope is `cos\(x\)`; the rule has `y`(.|\n)*check_vjp\(f, vjp, a\)"):
        check_vjp(lambda x: np.sin(x), lambda g, x: g * np.sin(x), examples=10)


def test_a_gradient_that_edits_its_input_is_told_so_and_the_case_is_shown_as_it_was():
    with pytest.raises(AssertionError, match=r"modifies the inputs(.|\n)*a = array\(\[1.3, 0.7, 0.8\]"):
        check_vjp(rosen, lambda x: np.multiply(x, 2, out=x), np.array([1.3, 0.7, 0.8]))


@pytest.mark.parametrize("f, vjp, words", [
    (rosen, lambda x: None, "the gradient is None: return is missing"),
    (rosen, lambda x: np.ones(2), r"\nrosen: its vjp gave shape \(2,\) for an input of \(3,\)"),
    (3, rosen_der, "f must be a function, got int"),
    (lambda x: x, rosen_der, "f gives 3 numbers, no scalar")])
def test_what_is_no_pair_is_told_in_one_line(f, vjp, words):
    with pytest.raises((AssertionError, TypeError), match=words):
        check_vjp(f, vjp, np.array([1.3, 0.7, 0.8]))


def test_a_vjp_of_other_arguments_is_refused():
    with pytest.raises(TypeError, match="f takes 1 inputs, so vjp must take g and those"):
        check_vjp(rosen, lambda g, x, y: g, np.ones(3))


def test_a_plain_function_is_no_operation():
    with pytest.raises(TypeError, match="rosen is a function, not an operation: .* check_vjp"):
        check_op(rosen)


def test_whole_numbers_and_single_arrays_are_cases():
    cube = mg.op(lambda x, /: x ** 3, lambda g, y, x: 3 * g * x ** 2, name="cube_of_pairs")
    assert check_op(cube, inputs=[[np.array([1, 2])], np.ones(3)]).examples == 2
    with pytest.raises(TypeError, match="takes 1 inputs, a case has 2"):
        check_op(cube, inputs=[[np.ones(3), np.ones(3)]])
    with pytest.raises(ValueError, match="inputs= holds no case"):
        check_op(cube, inputs=[])
    with pytest.raises(ValueError, match="no property 'speed' to skip"):
        check_op(cube, skip="speed")
    mg.ops.REGISTRY.pop("cube_of_pairs")
