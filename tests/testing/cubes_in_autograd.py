"""x³ as a primitive of autograd, with the factor 3 lost, and a plain function."""
import autograd.numpy as np
from autograd.extend import defvjp, primitive


@primitive
def wrong(x):
    return x ** 3


defvjp(wrong, lambda y, x: lambda g: g * x ** 2)


def plain(x):
    return np.sin(x)
