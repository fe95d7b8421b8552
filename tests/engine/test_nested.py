"""Derivatives of derivatives: every pair of transforms nested, in every argument, arrays and tensors mixed."""
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg

X, W, G = np.array([0.6, -0.9, 1.3]), np.array([0.8, 1.1, -0.4]), np.array([1.2, 0.7, -0.5])


def f(x, w):
    return x ** 3 * w + mg.sin(x * w[::-1]) + x[0] * w ** 2         # (3,), nonlinear in both


def loss(x, w):
    return (f(x, w) * f(x, w)[::-1]).sum()


def no_grad_part(x, w):
    with mg.no_grad():
        constant = x * w
    return loss(x, w) * constant.sum()


# What stands inside: a vector or a number, from x, w (through a closure or as an argument) and g (cotangent, tangent).
INNER = {
    "value": lambda x, w, g: f(x, w) * g,
    "grad": lambda x, w, g: mg.grad(lambda y: loss(y, w))(x) * g,
    "grad of both": lambda x, w, g: sum(a * g for a in mg.grad(loss, argnums=(0, 1))(x, w)),
    "grad of the second": lambda x, w, g: mg.grad(loss, argnums=1)(x, w) * g,
    "value_and_grad": lambda x, w, g: mg.value_and_grad(loss)(x, w)[0] * g + mg.value_and_grad(loss)(x, w)[1],
    "vjp": lambda x, w, g: mg.vjp(lambda y: f(y, w), x)[1](g)[0] * g,
    "vjp of both": lambda x, w, g: sum(mg.vjp(f, x, w)[1](g)),
    "vjp value": lambda x, w, g: mg.vjp(f, x, w)[0] * g,
    "jvp": lambda x, w, g: mg.jvp(lambda y: f(y, w), [x], [g])[1] * g,
    "jvp of both": lambda x, w, g: mg.jvp(f, [x, w], [g, g * 2])[1],
    "jacobian": lambda x, w, g: mg.jacobian(f)(x, w) @ g,
    "jacobian of both": lambda x, w, g: sum(j @ g for j in mg.jacobian(f, argnums=(0, 1))(x, w)),
    "hessian": lambda x, w, g: mg.hessian(loss)(x, w) @ g,
    "hessian of both": lambda x, w, g: mg.hessian(loss, argnums=(0, 1))(x, w)[0][1] @ g,
    "hvp": lambda x, w, g: mg.hvp(lambda y: loss(y, w), x, g) * g,
    "checkpoint": lambda x, w, g: mg.checkpoint(f, x, w) * g,
}


def numerically(h, z, eps=1e-5):
    """The Jacobian of h, by central differences."""
    columns = [(np.asarray(h(z + eps * e)) - np.asarray(h(z - eps * e))) / (2 * eps) for e in np.eye(z.size)]
    return np.stack(columns, axis=-1)


def outer(transform, h, z):
    """What a transform makes of h at z, and what the Jacobian J of h says it must be."""
    u = np.array([0.3, -1.1, 0.9])
    J = numerically(h, z)
    scalar = lambda z: (h(z) * u).sum()                 # noqa: E731
    if transform == "backward":
        t = mg.tensor(z, requires_grad=True)
        scalar(t).backward()
        return t.grad.numpy(), u @ J
    return {
        "grad": lambda: (mg.grad(scalar)(z), u @ J),
        "vjp": lambda: (mg.vjp(h, z)[1](u)[0], u @ J),
        "jvp": lambda: (mg.jvp(h, [z], [u])[1], J @ u),
        "jacobian": lambda: (mg.jacobian(h)(z), J),
        "hvp": lambda: (mg.hvp(scalar, z, u), numerically(lambda z: u @ numerically(h, z, 1e-4), z, 1e-3) @ u),
    }[transform]()


ROLES = [r for n in (1, 2, 3) for r in itertools.combinations("xwg", n)]


@pytest.mark.parametrize("others", [np.asarray, mg.tensor], ids=["arrays", "tensors"])
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("transform", ["backward", "grad", "vjp", "jvp", "jacobian"])
def test_every_transform_of_every_transform_in_every_argument(transform, inner, others):
    for roles in ROLES:
        def h(z, roles=roles):
            values = {name: z if name in roles else others(v) for name, v in (("x", X), ("w", W), ("g", G))}
            return INNER[inner](**values)
        found, right = outer(transform, h, X)
        assert_allclose(found, right, rtol=2e-4, atol=2e-4, err_msg=f"{transform} of {inner} with respect to {roles}")


def test_the_cotangent_alone():
    x = np.array([1.0, 2.0])
    assert_allclose(mg.grad(lambda g: (mg.vjp(lambda y: y**3, x)[1](g)[0] * g).sum())(np.ones(2)), 2 * 3 * x**2)


def test_no_grad_inside_and_outside():
    assert_allclose(mg.grad(no_grad_part)(X, W), mg.grad(loss)(X, W) * (X * W).sum())
    with mg.no_grad():
        inside = mg.grad(loss)(X, mg.tensor(W, requires_grad=True))
    assert_allclose(inside, mg.grad(loss)(X, W))
    assert isinstance(inside, np.ndarray)


def test_a_checkpoint_refuses_what_it_would_not_differentiate():
    w = mg.tensor(W, requires_grad=True)
    with pytest.raises(ValueError, match="checkpoint.*is no input: pass it as one"):
        mg.checkpoint(lambda x: f(x, w), mg.tensor(X, requires_grad=True))
    with pytest.raises(ValueError, match="is no input"):
        mg.grad(lambda z: mg.checkpoint(lambda x: f(x, z), X).sum())(W)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), (1, 1)])
def test_an_argument_twice_is_refused(argnums):
    with pytest.raises(ValueError, match="twice"):
        mg.grad(loss, argnums=argnums)(X, W)
