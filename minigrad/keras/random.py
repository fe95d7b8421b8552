"""keras.random: random tensors.

    random.normal((2, 3))                           # drawn as all else is: mg.seed fixes it
    random.normal((2, 3), seed=1)                   # always the same numbers
    generator = random.SeedGenerator(1)
    random.normal((2, 3), seed=generator)           # other ones with each call, the same in each run
"""
import numpy as np

from ..engine import backend
from ..engine.ops.indexing import take
from ..engine.tensor import Tensor
from ..support.arguments import shown, whole
from ..support.explaining import explained
from . import initializers
from .ops import convert_to_tensor


class SeedGenerator:
    """Seeds, one after the other: what is drawn with it differs from call to call, and repeats from run to run.

    seed    a whole number; None: one is drawn now
    """

    def __init__(self, seed=None, name=None):
        self.seed = int(backend.generator("cpu").integers(2**31)) if seed is None else whole("seed", seed, 0)
        self.count = 0

    def next(self, ordered=True):
        """The next seed, for functions that take a list of whole numbers as one."""
        self.count += 1
        return [self.seed, self.count]


def _seed(seed):
    if seed is None or isinstance(seed, list):
        return seed
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return [whole("seed", seed, 0)]


def _shape(shape):
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in lengths):
        raise ValueError(f"shape must be whole numbers of at least 0, not {shown(shape)}")
    return lengths


@explained
def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers ~ N(mean, stddev²)."""
    return Tensor(backend.normal(_shape(shape), np.dtype(dtype or "float32"), seed=_seed(seed))) * stddev + mean


@explained
def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers ~ N(mean, stddev²), those beyond 2 stddev drawn again."""
    drawn = initializers.truncated_normal(_shape(shape), np.dtype(dtype or "float32"), _seed(seed))
    return Tensor(drawn) * stddev + mean


@explained
def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Numbers ~ U[minval, maxval)."""
    drawn = Tensor(backend.random(_shape(shape), np.dtype(dtype or "float32"), seed=_seed(seed)))
    return drawn * (maxval - minval) + minval


@explained
def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Whole numbers from minval up to, but not including, maxval."""
    if not minval < maxval:
        raise ValueError(f"randint: minval {shown(minval)} must be below maxval {shown(maxval)}")
    limits = np.iinfo(dtype)
    if minval < limits.min or maxval - 1 > limits.max:
        raise ValueError(f"randint: from {shown(minval)} to below {shown(maxval)} doesn't fit into {limits.dtype}")
    drawn = backend.random(_shape(shape), np.dtype("float64"), seed=_seed(seed))
    return Tensor((drawn * (maxval - minval)).astype(np.int64).astype(dtype) + np.dtype(dtype).type(minval))


@explained
def shuffle(x, axis=0, seed=None):
    """x with its parts along axis in random order."""
    x = convert_to_tensor(x)
    order = backend.random((x.shape[axis],), np.dtype("float64"), seed=_seed(seed)).argsort()
    return take(x, order, axis=axis)


@explained
def categorical(logits, num_samples, dtype="int32", seed=None):
    """Classes (B, num_samples), drawn with the probabilities softmax(logits), logits (B, K): the largest logit + noise.

    (With noise -ln(-ln u) that is exact: Gumbel 1954)
    """
    logits = convert_to_tensor(logits)._data
    u = backend.random((len(logits), num_samples, logits.shape[-1]), np.dtype("float64"), seed=_seed(seed))
    noise = -np.log(-np.log(np.maximum(u, 1e-300)))
    return Tensor((logits[:, None, :] + noise).argmax(axis=-1).astype(dtype))


@explained
def dropout(inputs, rate, noise_shape=None, seed=None):
    """inputs, each number 0 with probability rate, and else divided by 1 - rate; one draw for all along axes of 1."""
    inputs = convert_to_tensor(inputs)
    inputs = inputs if inputs.dtype.kind == "f" else inputs.astype("float32")
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: rate must be in [0, 1), not {shown(rate)}")
    shape = inputs.shape if noise_shape is None else tuple(n or m for n, m in zip(noise_shape, inputs.shape))
    drawn = backend.random(shape, np.dtype("float32"), seed=_seed(seed))
    return inputs * ((drawn >= rate).astype(inputs.dtype) * inputs.dtype.type(1 / (1 - rate)))
