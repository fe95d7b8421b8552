"""How weights begin: small random numbers, of a size that keeps signals alive through many layers.

With y = Σ xᵢ wᵢ over fan_in inputs, Var y = fan_in · Var w · Var x.  So Var w = 1/fan_in keeps the variance of what
flows forward, and 1/fan_out that of the gradients flowing back; glorot takes the mean of both fans, and he doubles,
because relu halves.

    init = initializers.get("he_normal")
    w = init((784, 64), "float32")          # an array on the default device, fixed by mg.seed
"""
import itertools
import math

import numpy as np

from ..engine import backend
from ..support.arguments import shown
from ..support.explaining import explained
from ..support.names import Configured, made
from .serialization import from_config, to_config


@explained
def fans(shape):
    """(fan_in, fan_out): how many numbers one output is made of, and how many one input goes into.

    Dense kernels are (in, out), convolution kernels (height, width, in, out): there each window position counts.
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


class Initializer(Configured):
    """Called as init(shape, dtype="float32"), returns an array; a subclass writes `draw(shape, dtype)`.

    seed    of those that draw: a whole number makes them draw the same each time; None: as mg.seed says
    """
    seed = None

    def __call__(self, shape, dtype=np.float32):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"{type(self).__name__}: weights are floating-point numbers, not {dtype}")
        if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in shape):
            raise ValueError(f"{type(self).__name__}: {shape} is not a shape of known lengths")
        # Generators draw in single or double precision; half precision is rounded from single.
        return self.draw(shape, np.promote_types(dtype, np.float32)).astype(dtype, copy=False)


class Constant(Initializer):
    """w = value everywhere."""

    def __init__(self, value=0.0):
        self.value = value

    def draw(self, shape, dtype):
        return backend.asarray(np.full(shape, self.value, dtype))


class Zeros(Initializer):
    """w = 0: for biases."""

    def draw(self, shape, dtype):
        return backend.asarray(np.zeros(shape, dtype))


class Ones(Initializer):
    """w = 1: for the gains of normalisation layers."""

    def draw(self, shape, dtype):
        return backend.asarray(np.ones(shape, dtype))


class RandomNormal(Initializer):
    """w ~ N(mean, stddev²)."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.seed, self.mean, self.stddev = seed, mean, _positive("stddev", stddev)

    def draw(self, shape, dtype):
        return self.mean + self.stddev * backend.normal(shape, dtype, seed=self.seed)


class RandomUniform(Initializer):
    """w ~ U[minval, maxval)."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        if not minval < maxval:
            raise ValueError(f"RandomUniform: minval {minval} must be below maxval {maxval}")
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def draw(self, shape, dtype):
        return self.minval + (self.maxval - self.minval) * backend.random(shape, dtype, seed=self.seed)


# Var of a standard normal number that is drawn again until |z| <= 2:  1 - 4 φ(2) / (2 Φ(2) - 1)
TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


@explained
def truncated_normal(shape, dtype, seed=None):
    """Standard normal numbers, those beyond ±2 drawn again; their standard deviation is TRUNCATED_STD, 0.8796."""
    z, again = backend.normal(shape, dtype, seed=seed), itertools.count(1)
    while (n := int((beyond := abs(z) > 2).sum())):
        z[beyond] = backend.normal((n,), dtype, seed=None if seed is None else [*np.atleast_1d(seed), next(again)])
    return z


class TruncatedNormal(Initializer):
    """w ~ N(mean, stddev²), values beyond 2 stddev from the mean drawn again; what remains deviates by 0.88 stddev."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.seed, self.mean, self.stddev = seed, mean, _positive("stddev", stddev)

    def draw(self, shape, dtype):
        return self.mean + self.stddev * truncated_normal(shape, dtype, self.seed)


class VarianceScaling(Initializer):
    """Mean 0, variance scale / n, where n is fan_in, fan_out or (mode "fan_avg") their mean.

    distribution    "truncated_normal", "untruncated_normal" or "uniform", on ±√(3 scale/n)
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f'VarianceScaling: mode must be "fan_in", "fan_out" or "fan_avg", not {shown(mode)}')
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError('VarianceScaling: distribution must be "truncated_normal", "untruncated_normal" or '
                             f'"uniform", not {shown(distribution)}')
        self.scale, self.mode, self.distribution = _positive("scale", scale), mode, distribution
        self.seed = seed

    def draw(self, shape, dtype):
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "uniform":
            return std * math.sqrt(3) * (2 * backend.random(shape, dtype, seed=self.seed) - 1)
        if self.distribution == "truncated_normal":
            return std / TRUNCATED_STD * truncated_normal(shape, dtype, self.seed)
        return std * backend.normal(shape, dtype, seed=self.seed)


class GlorotUniform(VarianceScaling):
    """w ~ U(-a, a), a = √(6 / (fan_in + fan_out)).  (Glorot & Bengio 2010, eq. 16)"""

    def __init__(self, seed=None):
        super().__init__(1, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """w truncated normal, Var w = 2 / (fan_in + fan_out).  (Glorot & Bengio 2010, eq. 12)"""

    def __init__(self, seed=None):
        super().__init__(1, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """w ~ U(-a, a), a = √(6 / fan_in): for relu.  (He et al. 2015)"""

    def __init__(self, seed=None):
        super().__init__(2, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """w truncated normal, Var w = 2 / fan_in: for relu.  (He et al. 2015, eq. 10)"""

    def __init__(self, seed=None):
        super().__init__(2, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """w ~ U(-a, a), a = √(3 / fan_in): for selu.  (LeCun et al. 1998, eq. 16)"""

    def __init__(self, seed=None):
        super().__init__(1, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """w truncated normal, Var w = 1 / fan_in: for selu.  (LeCun et al. 1998, eq. 16)"""

    def __init__(self, seed=None):
        super().__init__(1, "fan_in", "truncated_normal", seed)


class Orthogonal(Initializer):
    """w = gain · Q, Q a random matrix with orthonormal rows or columns, whichever are fewer.  (Saxe et al. 2013)

    More than two axes count as (all but the last, last).  Uniform over all such matrices: the Q of a normal matrix's
    QR, with the signs of R's diagonal made positive.  (Mezzadri 2007)
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain, self.seed = gain, seed

    def draw(self, shape, dtype):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: a matrix needs two axes or more, not shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(backend.normal((max(rows, columns), min(rows, columns)), dtype, seed=self.seed))
        q = q * np.where(np.diagonal(r) < 0, -1, 1).astype(dtype)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


INITIALIZERS = {
    "zeros": Zeros, "ones": Ones, "constant": Constant, "random_normal": RandomNormal, "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal, "variance_scaling": VarianceScaling, "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal, "he_uniform": HeUniform, "he_normal": HeNormal, "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal, "orthogonal": Orthogonal, "normal": RandomNormal, "uniform": RandomUniform}
globals().update({name: kind for name, kind in INITIALIZERS.items() if name not in globals()})  # initializers.zeros()


@explained
def get(identifier):
    """An initializer from its name ("he_normal", "HeNormal"), its class, what serialize returned, or itself: any
    function of shape and dtype."""
    return deserialize(identifier) if isinstance(identifier, dict) else made("initializer", INITIALIZERS, identifier)


def serialize(initializer):
    """An initializer as what JSON can hold, for the get_config of a layer of one's own; get makes it again."""
    return to_config(initializer, "initializers.serialize")


def deserialize(config, custom_objects=None):
    """The initializer that serialize was given."""
    return from_config(config, custom_objects, "initializer", "initializers.deserialize")


def _positive(name, value):
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive, not {shown(value)}")
    return value
