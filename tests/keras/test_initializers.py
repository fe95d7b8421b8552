"""Weights have the distribution that their docstring says, on any shape and dtype, and repeat with the seed."""
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

import minigrad as mg
from minigrad import initializers
from minigrad.keras.initializers import INITIALIZERS, GlorotUniform, fans

seeds = st.integers(0, 2**32)
SHAPES = [(40, 60), (300, 7), (3, 3, 5, 20), (2, 4, 30)]
TRUNCATED = stats.truncnorm(-2, 2)          # of standard deviation 0.8796

# name -> (variance · of what, distribution scaled to variance 1)
UNIFORM, NORMAL = stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)), stats.norm()
CUT = stats.truncnorm(-2, 2, scale=1 / TRUNCATED.std())
VARIANCES = {
    "glorot_uniform": (lambda i, o: 2 / (i + o), UNIFORM), "glorot_normal": (lambda i, o: 2 / (i + o), CUT),
    "he_uniform": (lambda i, o: 2 / i, UNIFORM), "he_normal": (lambda i, o: 2 / i, CUT),
    "lecun_uniform": (lambda i, o: 1 / i, UNIFORM), "lecun_normal": (lambda i, o: 1 / i, CUT),
    "random_normal": (lambda i, o: 0.05**2, NORMAL),
    "truncated_normal": (lambda i, o: (0.05 * TRUNCATED.std())**2, CUT),
    "random_uniform": (lambda i, o: 0.05**2 / 3, UNIFORM),
}


@settings(max_examples=10)
@given(seed=seeds)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", VARIANCES)
def test_distribution(name, shape, seed):
    """A Kolmogorov-Smirnov test at p = 1e-9, and mean and variance within 6 standard errors (p = 2e-9)."""
    mg.seed(seed)
    w = initializers.get(name)(shape, "float64")
    variance, distribution = VARIANCES[name]
    z = w.ravel() / math.sqrt(variance(*fans(shape)))
    assert w.shape == shape and stats.kstest(z, distribution.cdf).pvalue > 1e-9
    kurtosis = float(distribution.stats("k")) + 3
    assert abs(z.mean()) < 6 / math.sqrt(z.size)
    assert abs(z.var() - 1) < 6 * math.sqrt((kurtosis - 1) / z.size)


@pytest.mark.parametrize("shape, expected", [
    ((7, 5), (7, 5)), ((3, 3, 4, 8), (36, 72)), ((5, 4, 8), (20, 40)), ((6,), (6, 6)), ((), (1, 1))])
def test_fans(shape, expected):
    assert fans(shape) == expected


@settings(max_examples=30)
@given(seed=seeds, rows=st.integers(1, 12), columns=st.integers(1, 12), gain=st.floats(0.1, 3))
def test_orthogonal(seed, rows, columns, gain):
    mg.seed(seed)
    w = initializers.Orthogonal(gain)((rows, columns), "float64")
    gram = w @ w.T if rows <= columns else w.T @ w
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(rows, columns)), atol=1e-12)


@settings(max_examples=5)
@given(seed=seeds)
def test_orthogonal_matrices_are_uniform(seed):
    """The trace of a uniformly drawn orthogonal matrix has mean 0 and variance 1; 6 standard errors, p = 2e-9."""
    mg.seed(seed)
    traces = [np.trace(initializers.Orthogonal()((4, 4), "float64")) for _ in range(500)]
    assert abs(np.mean(traces)) < 6 / math.sqrt(500)


def test_orthogonal_of_a_convolution_kernel():
    w = initializers.get("orthogonal")((3, 3, 4, 8), "float64").reshape(36, 8)
    np.testing.assert_allclose(w.T @ w, np.eye(8), atol=1e-12)


def test_signals_stay_alive_through_fifty_relu_layers():
    """With he the mean square stays of order 1; with half of its variance it falls by 2 a layer."""
    mg.seed(0)
    sizes = {}
    for name in ("he_normal", "he_uniform", "lecun_normal"):
        x = np.random.default_rng(0).standard_normal((100, 300))
        for _ in range(50):
            x = np.maximum(x @ initializers.get(name)((300, 300), "float64"), 0)
        sizes[name] = np.square(x).mean()
    assert 0.05 < sizes["he_normal"] < 20 and 0.05 < sizes["he_uniform"] < 20 and sizes["lecun_normal"] < 1e-12, sizes


@pytest.mark.parametrize("dtype", ["float16", np.float32, np.dtype("float64")], ids=str)
@pytest.mark.parametrize("name", INITIALIZERS)
def test_dtype_and_seed(name, dtype):
    mg.seed(5)
    a, b = (initializers.get(name)((6, 4), dtype) for _ in range(2))
    mg.seed(5)
    again = initializers.get(name)((6, 4), dtype)
    assert a.dtype == dtype and np.array_equal(a, again)
    assert np.array_equal(a, b) == (name in ("zeros", "ones", "constant"))


def test_constants():
    assert (initializers.get("zeros")((2, 3), "float32") == 0).all()
    assert (initializers.get("ones")(3) == 1).all()
    assert (initializers.Constant(2.5)((), "float64") == 2.5).all()


@pytest.mark.parametrize("name", ["GlorotUniform", "glorot_uniform", GlorotUniform, GlorotUniform()])
def test_get(name):
    assert type(initializers.get(name)) is GlorotUniform


def test_a_function_of_shape_and_dtype_is_an_initializer():
    assert initializers.get(np.zeros) is np.zeros


@pytest.mark.parametrize("name", INITIALIZERS)
def test_config_round_trip(name):
    one = initializers.get(name)
    assert repr(type(one).from_config(one.get_config())) == repr(one)


@pytest.mark.parametrize("call, error, message", [
    (lambda: initializers.get("glorot_unifrom"), ValueError, "did you mean 'glorot_uniform'"),
    (lambda: initializers.get(3), ValueError, "unknown initializer 3"),
    (lambda: initializers.get("zeros")((2,), "int32"), TypeError, "int32"),
    (lambda: initializers.get("he_normal")((None, 3)), ValueError, "not a shape of known lengths"),
    (lambda: initializers.get("he_normal")((-1, 3)), ValueError, "not a shape of known lengths"),
    (lambda: initializers.get("orthogonal")((3,)), ValueError, "two axes"),
    (lambda: initializers.RandomNormal(stddev=-1), ValueError, "stddev must be a number above 0"),
    (lambda: initializers.RandomNormal(stddev=math.nan), ValueError, "stddev must be a number above 0"),
    (lambda: initializers.RandomUniform(1, 0), ValueError, "below maxval"),
    (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "fan_avg"),
    (lambda: initializers.VarianceScaling(distribution="gauss"), ValueError, "untruncated_normal"),
    (lambda: initializers.VarianceScaling(scale=0), ValueError, "scale must be a number above 0"),
])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
