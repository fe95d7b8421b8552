"""grad, vjp, jvp, jacobian, hessian, hvp and checkpoint against calculus done by hand."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg

A = np.array([[2.0, 1.0], [0.5, 3.0]])
x0 = np.array([0.3, -1.2])


def quadratic(x):
    return 0.5 * x @ (A + A.T) @ x


def test_grad_of_arrays_and_numbers():
    g = mg.grad(quadratic)(x0)
    assert isinstance(g, np.ndarray)
    assert_allclose(g, (A + A.T) @ x0)
    assert mg.grad(lambda x: x * x)(3.0) == 6.0
    assert mg.grad(lambda x: x * x)(3) == 6.0


def test_grad_of_tensors_returns_tensors():
    g = mg.grad(quadratic)(mg.tensor(x0))
    assert isinstance(g, mg.Tensor) and not g.requires_grad


def test_grad_of_grad():
    f = lambda x: mg.sin(x) * x                            # noqa: E731
    assert_allclose(mg.grad(mg.grad(mg.grad(f)))(0.7), -3 * np.sin(0.7) - 0.7 * np.cos(0.7))


def test_an_inner_grad_does_not_see_the_outer_variable():
    assert mg.grad(lambda x: x * mg.grad(lambda y: x * y)(x))(3.0) == 6.0


def test_trees():
    params = {"w": [np.ones(2), np.full(2, 2.0)], "b": (np.array(3.0),)}
    value, g = mg.value_and_grad(lambda p: ((p["w"][0] * p["w"][1]).sum() + p["b"][0] ** 2))(params)
    assert value == 13
    assert_allclose(g["w"][0], [2, 2])
    assert_allclose(g["w"][1], [1, 1])
    assert_allclose(g["b"][0], 6)


def test_argnums_and_aux():
    f = lambda a, b: (a * b, "aux")                        # noqa: E731
    (value, aux), (da, db) = mg.value_and_grad(f, argnums=(0, 1), has_aux=True)(2.0, 5.0)
    assert (value, aux, da, db) == (10, "aux", 5, 2)


def test_what_f_does_not_use_has_gradient_zero():
    assert_allclose(mg.grad(lambda a, b: mg.tensor(a) * 2, argnums=1)(1.0, np.ones(3)), np.zeros(3))


def test_a_closed_over_weight_stays_differentiable():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    g = mg.grad(lambda x: (w * x * x).sum())(mg.tensor([3.0, 4.0]))
    (g * g).sum().backward()                               # d/dw Σ (2 w x)² = 8 w x²
    assert_allclose(w.grad, 8 * np.array([1, 2]) * np.array([9, 16]))


def test_under_no_grad_the_result_is_free():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    h = w * 2
    with mg.no_grad():
        g = mg.grad(lambda x: (h * x).sum())(mg.tensor([3.0, 4.0]))
    assert not g.requires_grad
    h.sum().backward()                                     # and the outer tape is untouched
    assert_allclose(w.grad, [2, 2])


def test_vjp_and_jvp_are_adjoint():
    f = lambda x: mg.tanh(A @ x) * x.sum()                 # noqa: E731
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 2))
    y, pullback = mg.vjp(f, x0)
    y2, tangent = mg.jvp(f, (x0,), (v,))
    assert_allclose(y, y2)
    assert_allclose(u @ tangent, pullback(u)[0] @ v)
    assert_allclose(pullback(u)[0], pullback(u)[0])        # may be called again


def test_jvp_of_a_constant_is_zero():
    c = mg.tensor([1.0, 2.0])
    y, tangent = mg.jvp(lambda x: c * 1, (x0,), (x0,))
    assert_allclose(tangent, 0)


def test_jacobian_rows_are_outputs():
    J = mg.jacobian(lambda x: mg.stack([x[0] * x[1], x[0] ** 2, mg.sin(x[1])]))(x0)
    assert_allclose(J, [[x0[1], x0[0]], [2 * x0[0], 0], [0, np.cos(x0[1])]])
    assert mg.jacobian(lambda X: X.T)(np.ones((2, 3))).shape == (3, 2, 2, 3)
    assert mg.jacobian(lambda x: x[:0])(x0).shape == (0, 2)


def test_hessian_and_hvp():
    assert_allclose(mg.hessian(quadratic)(x0), A + A.T)
    assert_allclose(mg.hvp(quadratic, x0, np.array([1.0, 2.0])), (A + A.T) @ [1, 2])
    tree = mg.hvp(lambda p: (p["a"] ** 3).sum(), {"a": x0}, {"a": np.ones(2)})
    assert_allclose(tree["a"], 6 * x0)


def test_derivatives_of_derivatives_through_vjp_and_jvp():
    assert_allclose(mg.grad(lambda x: mg.jvp(lambda z: z ** 3, (x,), (1.0,))[1])(2.0), 12)
    assert_allclose(mg.grad(lambda x: mg.vjp(lambda z: z ** 3, x)[1](1.0)[0])(2.0), 12)
    assert_allclose(mg.jacobian(mg.jacobian(lambda x: x ** 3))(np.array([2.0])).ravel(), [12])


def test_checkpoint_changes_memory_not_values():
    f = lambda x, w: mg.tanh(x @ w)                        # noqa: E731
    x, w = (mg.tensor(a, requires_grad=True) for a in np.random.default_rng(0).normal(size=(2, 3, 3)))
    grads = []
    for call in (f, lambda *a: mg.checkpoint(f, *a)):
        (call(call(x, w), w) ** 2).sum().backward()
        grads.append((x.grad.numpy(), w.grad.numpy()))
    assert_allclose(grads[0], grads[1])
    assert_allclose(mg.grad(mg.grad(lambda z: mg.checkpoint(lambda z: mg.exp(z) * z, z)))(1.0), 3 * np.e)


@pytest.mark.parametrize("call, words", [
    (lambda: mg.grad(lambda x: x * 2)(x0), "scalar"),
    (lambda: mg.grad(lambda x: 3.0)(x0), "cut the tape"),
    (lambda: mg.grad(lambda x: x.sum(), argnums=1)(x0), "argnums"),
    (lambda: mg.grad(lambda x: x.sum())(np.array([1, 2])), "floating-point"),
    (lambda: mg.jvp(lambda x: x, (x0,), (np.ones(3),)), r"\(3,\)"),
])
def test_errors(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_a_gradient_is_taken_under_no_grad_too():
    """Its result is then a constant, whether or not the argument asks for gradients."""
    for t in (mg.tensor(2.0), mg.tensor(2.0, requires_grad=True)):
        with mg.no_grad():
            found = mg.grad(lambda x: x * x)(t)
        assert found.item() == 4 and not found.requires_grad
