"""The derivative table, nonlinearities of neural networks: the f in y = f(Σ wᵢ xᵢ + b).  All elementwise."""
import math

import numpy as np

from ..op import op
from .domains import KINK_AT_0


@op(vjp=lambda g, y, x: g * y * (1 - y))
def sigmoid(x, /):
    """y = 1 / (1 + e⁻ˣ) = (1 + tanh(x/2)) / 2, which can't overflow      dx = g y (1 - y)."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


@op(vjp=lambda g, y, x: g * sigmoid(x))
def softplus(x, /):
    """y = ln(1 + eˣ), a smooth relu      dx = g sigmoid(x)."""
    return np.logaddexp(x, 0)


@op(vjp=lambda g, y, x: g * (y > 0), domain=KINK_AT_0)
def relu(x, /):
    """y = max(x, 0)      dx = g where x > 0, else 0."""
    return np.maximum(x, 0)


@op(vjp=lambda g, y, x, slope=0.2: np.where(x > 0, g, slope * g), domain=KINK_AT_0)
def leaky_relu(x, /, slope=0.2):
    """y = x where x > 0, else slope · x      dx = g, or slope · g.  Keras' default slope."""
    return np.where(x > 0, x, slope * x)


@op(vjp=lambda g, y, x, alpha=1.0: np.where(x > 0, g, g * (y + alpha)), domain=KINK_AT_0)
def elu(x, /, alpha=1.0):
    """y = x where x > 0, else α(eˣ - 1)      dx = g, or g (y + α).  (Clevert et al. 2015)"""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772     # Klambauer et al. 2017, eq. 14


@op(vjp=lambda g, y, x: np.where(x > 0, SELU_SCALE * g, g * (y + SELU_SCALE * SELU_ALPHA)), domain=KINK_AT_0)
def selu(x, /):
    """y = λ elu(x, α): keeps mean 0 and variance 1 through depth      dx = λ g, or g (y + λα).  (Klambauer et al. 2017)"""
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


@op(vjp=lambda g, y, x: g * (sigmoid(x) * (1 - y) + y))
def silu(x, /):
    """y = x sigmoid(x), also called swish      dx = g (s (1 - y) + y),  s = sigmoid(x)."""
    return x * sigmoid(x)


ROOT_2_PI = math.sqrt(2 / math.pi)


def _gelu_vjp(g, y, x):
    t = np.tanh(ROOT_2_PI * (x + 0.044715 * x * x * x))
    return g * 0.5 * (1 + t + x * (1 - t * t) * (ROOT_2_PI * (1 + 0.134145 * x * x)))


@op(vjp=_gelu_vjp)
def gelu(x, /):
    """y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), GPT's nonlinearity      dx = g dy/dx.  (Hendrycks & Gimpel 2016)"""
    return 0.5 * x * (1 + np.tanh(ROOT_2_PI * (x + 0.044715 * x * x * x)))
