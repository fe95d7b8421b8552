"""Functions over the whole range of floats, in half, single and double precision, against mpmath's 60 digits.

The right value at x, but no further off than moving x by a rounding would bring it, and a few more roundings: an error
of at most ULPS · (ε |f(x)| + |f(x (1 ± ε)) - f(x)|), where f is the function, and its slope.  What is smaller than the
smallest normal number may be 0; what is larger than the largest number is infinite; nothing else is infinite or nan.
A function of several logits is as precise as its largest result: softmax to ε, cross-entropy to ε of a nat.
"""
import functools

import numpy as np
import pytest

import minigrad as mg

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 60
ULPS = {"value": 8, "slope": 40}
LN2, LN10, GELU = mp.log(2), mp.log(10), mp.sqrt(2 / mp.pi)
SCALE, ALPHA = mp.mpf(1.0507009873554805), mp.mpf(1.6732632423543772)


def sigma(x):
    return 1 / (1 + mp.exp(-x))


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2 if x > -1000 else mp.mpf(0)


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 200 else x + mp.exp(-x)


def bent(x):
    return 2 * GELU * (x + mp.mpf("0.044715") * x ** 3)


def gelu_slope(x):
    return sigma(bent(x)) * (1 + x * sigma(-bent(x)) * 2 * GELU * (1 + mp.mpf("0.134145") * x ** 2))


FUNCTIONS = {                               # of one number: minigrad's, the function, its slope
    "sigmoid": (mg.sigmoid, sigma, lambda x: sigma(x) * sigma(-x)),
    "softplus": (mg.softplus, softplus, sigma),
    "silu": (mg.silu, lambda x: x * sigma(x), lambda x: sigma(x) * (1 + x * sigma(-x))),
    "elu": (mg.elu, lambda x: x if x > 0 else mp.expm1(x), lambda x: 1 if x > 0 else mp.exp(x)),
    "selu": (mg.selu, lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
             lambda x: SCALE * (1 if x > 0 else ALPHA * mp.exp(x))),
    "relu": (mg.relu, lambda x: max(x, 0), lambda x: x > 0),
    "leaky_relu": (lambda x: mg.leaky_relu(x, slope=0.25), lambda x: max(x, x / 4), lambda x: 1 if x > 0 else 0.25),
    "gelu": (mg.gelu, lambda x: x * sigma(bent(x)), gelu_slope),
    "exact gelu": (lambda x: mg.gelu(x, approximate=False), lambda x: x * normal(x),
                   lambda x: normal(x) + x * density(x)),
    "erf": (mg.erf, mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "erfc": (mg.erfc, lambda x: mp.erfc(x) if x < 1000 else mp.mpf(0), lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "tanh": (mg.tanh, mp.tanh, lambda x: 4 * sigma(2 * x) * sigma(-2 * x)),
    "exp": (mg.exp, mp.exp, mp.exp),
    "expm1": (mg.expm1, mp.expm1, mp.exp),
    "sinh": (mg.sinh, mp.sinh, mp.cosh),
    "cosh": (mg.cosh, mp.cosh, mp.sinh),
    "sin": (mg.sin, mp.sin, mp.cos),
    "arctan": (mg.arctan, mp.atan, lambda x: 1 / (1 + x * x)),
    "square": (mg.square, lambda x: x * x, lambda x: 2 * x),
    "reciprocal": (mg.reciprocal, lambda x: 1 / x, lambda x: -1 / x ** 2),
    "softsign": (mg.keras.activations.get("softsign"), lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "mish": (mg.keras.activations.get("mish"), lambda x: x * mp.tanh(softplus(x)),
             lambda x: mp.tanh(softplus(x)) + 4 * x * sigma(x) * sigma(2 * softplus(x)) * sigma(-2 * softplus(x))),
    "two logits' softmax": (lambda x: mg.softmax(mg.stack([x, 0 * x], axis=-1))[..., 0], sigma,
                            lambda x: sigma(x) * sigma(-x)),
    "two logits' log_softmax": (lambda x: mg.log_softmax(mg.stack([x, 0 * x], axis=-1))[..., 0],
                                lambda x: -softplus(-x), lambda x: sigma(-x)),
    "two logits' cross-entropy": (
        lambda x: mg.sparse_softmax_cross_entropy(mg.stack([x, 0 * x], axis=-1), np.zeros(x.shape, int)),
        lambda x: softplus(-x), lambda x: -sigma(-x)),
    "cross-entropy, 1": (lambda x: mg.sigmoid_cross_entropy(x, 1), lambda x: softplus(-x), lambda x: -sigma(-x)),
    "cross-entropy, 0": (lambda x: mg.sigmoid_cross_entropy(x, 0), softplus, sigma),
    "logaddexp": (lambda x: mg.logaddexp(x, 1), lambda x: 1 + softplus(x - 1), lambda x: sigma(x - 1)),
    "logsumexp": (lambda x: mg.logsumexp(mg.stack([x, 0 * x], axis=-1), axis=-1), softplus, sigma),
    "arctan2, y": (lambda x: mg.arctan2(x, 3.0), lambda x: mp.atan2(x, 3), lambda x: 3 / (x * x + 9)),
    "arctan2, x": (lambda x: mg.arctan2(3.0, x), lambda x: mp.atan2(3, x), lambda x: -3 / (x * x + 9)),
    "arctan2, of both": (lambda x: mg.arctan2(x, x), lambda x: mp.atan2(x, x), lambda x: mp.mpf(0)),
    "hypot": (lambda x: mg.hypot(x, x), lambda x: mp.sqrt(2) * abs(x), lambda x: mp.sqrt(2) * mp.sign(x)),
}
OF_LOGITS = [name for name in FUNCTIONS if name.startswith("two logits'")] + ["logsumexp"]
POSITIVE = {
    "log": (mg.log, mp.log, lambda x: 1 / x),
    "log2": (mg.log2, lambda x: mp.log(x) / LN2, lambda x: 1 / x / LN2),
    "log10": (mg.log10, lambda x: mp.log(x) / LN10, lambda x: 1 / x / LN10),
    "log1p": (mg.log1p, mp.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (mg.sqrt, mp.sqrt, lambda x: mp.mpf(1) / 2 / mp.sqrt(x)),
    "power": (lambda x: x ** 1.5, lambda x: x ** mp.mpf(1.5), lambda x: mp.mpf(1.5) * mp.sqrt(x)),
}
UNIT = {
    "arcsin": (mg.arcsin, mp.asin, lambda x: 1 / mp.sqrt(1 - x * x)),
    "arccos": (mg.arccos, mp.acos, lambda x: -1 / mp.sqrt(1 - x * x)),
}


@functools.cache
def points(dtype, low, high):
    """Numbers of every size and sign, and densely those of the size of 1 to 1000."""
    limits = np.finfo(dtype)
    sizes = np.geomspace(float(limits.tiny), float(limits.max) / 4, 40)
    near = np.linspace(-100, 100, 51) + 0.125
    steep = np.linspace(-12, 12, 49) + 0.0625
    edge = np.array([1.0 - float(limits.epsneg), 1.0, 0.999, 700.0, 1000.0])
    x = np.concatenate([sizes, -sizes, near, steep, edge, -edge]).astype(dtype)
    return np.unique(x[(x > low) & (x < high)])


def worst(measured, f, x, scale):
    """(the largest error in units of what is allowed for one ulp, where)."""
    limits = np.finfo(x.dtype)
    eps, tiny, largest = (mp.mpf(float(v)) for v in (limits.eps, limits.tiny, limits.max))
    found = 0.0, None
    for value, at in zip(measured.tolist(), x.tolist()):
        at = mp.mpf(at)
        right = mp.mpf(f(at))
        if abs(right) > largest * (1 - 16 * eps):
            error = 0.0 if abs(value) > 0.9 * largest else np.inf
        elif not np.isfinite(value):
            error = np.inf
        else:
            moved = max(abs(f(at * (1 + eps)) - right), abs(f(at * (1 - eps)) - right))
            allowed = eps * max(abs(right), scale) + moved + tiny * eps
            error = float(max(abs(mp.mpf(value) - right) - tiny, 0) / allowed)
        if error > found[0]:
            found = error, f"at {float(at)!r}: {value!r}, right {mp.nstr(right, 8)}"
    return found


def check(name, functions, dtype, low=-np.inf, high=np.inf):
    f, value, slope = functions[name]
    x = mg.tensor(points(dtype, low, high), requires_grad=True)
    with np.errstate(all="ignore"):
        y = f(x)
        y.backward(np.ones(x.shape, dtype))
    assert y.dtype == dtype and x.grad.dtype == dtype
    for what, measured, right in (("value", y, value), ("slope", x.grad, slope)):
        ulps, where = worst(measured.numpy(), right, x.numpy(), scale=name in OF_LOGITS)
        assert ulps <= ULPS[what], f"{name}, {what}: {ulps:.3g} ulps {where}"


DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=["half", "single", "double"])


@DTYPES
@pytest.mark.parametrize("name", FUNCTIONS)
def test_on_all_numbers(name, dtype):
    if name == "mish" and dtype is np.float16:
        pytest.skip("three functions in half precision: their roundings add up where the terms of its slope cancel")
    check(name, FUNCTIONS, dtype)


@DTYPES
@pytest.mark.parametrize("name", POSITIVE)
def test_on_positive_numbers(name, dtype):
    check(name, POSITIVE, dtype, low=0)


@DTYPES
@pytest.mark.parametrize("name", UNIT)
def test_between_minus_1_and_1(name, dtype):
    check(name, UNIT, dtype, low=-1, high=1)
