"""The derivative table, nonlinearities of neural networks: the f in y = f(Σ wᵢ xᵢ + b).  All elementwise."""
import math

import numpy as np

from ..backend import all_below, narrow, times, wide
from ..blocks import in_blocks
from ..op import op
from .domains import KINK_AT_0
from .error_function import complementary_error_function, error_function


def _sigmoid_vjp(g, y, x):
    if all_below(y, 0.995):                         # the same, faster; where y is almost 1 it would be 0
        slope = 1 - y
        slope *= y
    elif isinstance(x, np.ndarray) and x.ndim:      # sigmoid(-x) is 1 / (1 + eˣ)
        with np.errstate(over="ignore"):
            slope = np.exp(x)
        slope += 1
        slope = np.divide(y, slope, out=slope)
    else:
        slope = y * sigmoid(-x)
    return times(slope, g)


@op(vjp=_sigmoid_vjp)
def sigmoid(x, /):
    """y = 1 / (1 + e⁻ˣ)      dx = g y (1 - y) = g y sigmoid(-x).

    Precise in both tails.  Where e⁻ˣ is too large a number it is ∞, and y is 0 as it should be.
    """
    y = -1.0 * x                                    # not -x, which of unsigned integers wraps around
    with np.errstate(over="ignore"):
        if isinstance(y, np.ndarray) and y.dtype.kind == "f":       # step by step in one array
            np.exp(y, out=y)
            y += 1
            return np.reciprocal(y, out=y)
        return 1 / (1 + np.exp(y))


@op(vjp=lambda g, y, x: g * sigmoid(x))
def softplus(x, /):
    """y = ln(1 + eˣ), a smooth relu      dx = g sigmoid(x)."""
    return np.logaddexp(x, 0)


@op(vjp=lambda g, y, x: g * (y > 0), domain=KINK_AT_0)
def relu(x, /):
    """y = max(x, 0)      dx = g where x > 0, else 0."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return x.clip(0, math.inf)                  # three times as fast as NumPy's maximum with a number
    return np.maximum(x, 0)


@op(vjp=lambda g, y, x, slope=0.2: np.where(x > 0, g, slope * g), domain=KINK_AT_0)
def leaky_relu(x, /, slope=0.2):
    """y = x where x > 0, else slope · x      dx = g, or slope · g.  Keras' default slope."""
    return np.where(x > 0, x, slope * x)


@op(vjp=lambda g, y, x, alpha=1.0: np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0))),
    domain=KINK_AT_0)
def elu(x, /, alpha=1.0):
    """y = x where x > 0, else α(eˣ - 1)      dx = g, or g α eˣ.  (Clevert et al. 2015)"""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772     # Klambauer et al. 2017, eq. 14


@op(vjp=lambda g, y, x: SELU_SCALE * np.where(x > 0, g, g * SELU_ALPHA * np.exp(np.minimum(x, 0))), domain=KINK_AT_0)
def selu(x, /):
    """y = λ elu(x, α)      dx = λ g, or g λ α eˣ.

    λ and α are such that mean 0 and variance 1 stay so from layer to layer.  (Klambauer et al. 2017)
    """
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _silu_vjp(g, y, x):
    x = wide(x)
    s = sigmoid(x)
    return g * s * (1 + x * (1 - s))


@op(vjp=_silu_vjp)
def silu(x, /):
    """y = x s,  s = sigmoid(x), also called swish      dx = g s (1 + x (1 - s))."""
    return narrow(wide(x) * sigmoid(wide(x)), x)


@op(vjp=lambda g, y, x: g / np.square(1 + np.abs(x)))
def softsign(x, /):
    """y = x / (1 + |x|)      dx = g / (1 + |x|)²."""
    return x / (1 + np.abs(x))


# -- the error function and the normal distribution ------------------------------------------------------------------
def _bounded(x):
    """x within ±40: beyond, Φ is 0 or 1 and flat, and powers of x may overflow."""
    return x.clip(-40, 40) if isinstance(x, np.ndarray) else np.minimum(np.maximum(x, -40), 40)


@op(vjp=lambda g, y, x: g * (2 / math.sqrt(math.pi)) * np.exp(-np.square(_bounded(x))))
def erf(x, /):
    """y = 2/√π ∫₀ˣ exp(-t²) dt, precise to 1e-15      dx = 2 g exp(-x²) / √π."""
    return narrow(error_function(x), x)


@op(vjp=lambda g, y, x: g * (-2 / math.sqrt(math.pi)) * np.exp(-np.square(_bounded(x))))
def erfc(x, /):
    """y = 1 - erf x, precise where erf x is almost 1      dx = -2 g exp(-x²) / √π."""
    return narrow(complementary_error_function(x), x)


ROOT_2_PI = math.sqrt(2 / math.pi)


def _normal_cdf(x, approximate):
    """Φ(x), the normal distribution function; step by step in one array, since new ones would take most of the time."""
    if not approximate:
        return 0.5 * erfc(x * -math.sqrt(0.5))
    y = -2 * 0.044715 * ROOT_2_PI * x               # (1 + tanh u) / 2 = sigmoid(2u), which is precise in its tail
    y *= x
    y -= 2 * ROOT_2_PI
    y *= x
    if not isinstance(y, np.ndarray):               # recorded, an e^y that overflows would have the slope 0 · ∞
        return sigmoid(-y)
    with np.errstate(over="ignore"):
        y = np.exp(y)
    y += 1
    return 1 / y


def _gelu_vjp(g, y, x, approximate=True):
    return in_blocks(lambda g, x, out=None: _gelu_dx(g, x, approximate, out), g, x)


def _gelu_dx(g, x, approximate, out):
    x = _bounded(x)
    phi = _normal_cdf(x, approximate)
    if not approximate:
        return np.multiply(g, phi + 0.5 * ROOT_2_PI * x * np.exp(-0.5 * x * x), out=out)
    dx = x * x                                      # g Φ (1 + (1 - Φ) 2√(2/π) (x + 3 · 0.044715 x³))
    dx *= 2 * ROOT_2_PI * 0.134145
    dx += 2 * ROOT_2_PI
    dx *= x
    dx *= 1 - phi
    dx += 1
    dx *= phi
    return np.multiply(dx, g, out=out)              # g may be a Tensor where x is an array


@op(vjp=_gelu_vjp)
def gelu(x, /, approximate=True):
    """y = x Φ(x), Φ the normal distribution function      dx = g (Φ(x) + x Φ'(x)).  (Hendrycks & Gimpel 2016)

    Φ(x) = (1 + erf(x/√2)) / 2, or, approximate to 5e-4 and several times as fast, the form that GPT-2 uses,
    (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
    """
    return in_blocks(lambda x, out=None: np.multiply(x, _normal_cdf(_bounded(x), approximate), out=out), x)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
sigmoid.describe(conventions=[([[-20.0, 20.0]], {}, [[2.0611536139418457e-09, 2.0611536139418457e-09]])])
relu.describe(conventions=[([[0.0]], {}, [[0.0]])])
leaky_relu.describe(conventions=[([[0.0]], {"slope": 0.3}, [[0.3]])])
elu.describe(conventions=[([[0.0]], {"alpha": 0.3}, [[0.3]])])
selu.describe(conventions=[([[0.0]], {}, [[SELU_SCALE * SELU_ALPHA]])])
