"""x³ as a jax.custom_vjp, right and with the factor 3 lost, and a plain function."""
import jax
import jax.numpy as jnp

right, wrong = (jax.custom_vjp(lambda x: x ** 3) for _ in range(2))
right.defvjp(lambda x: (x ** 3, x), lambda x, g: (3 * g * x ** 2,))
wrong.defvjp(lambda x: (x ** 3, x), lambda x, g: (g * x ** 2,))
right.cases = wrong.cases = [[[[0.5, -1.0, 2.0, 0.3, 1.2]]]]


def plain(x):
    return jnp.sin(x)
