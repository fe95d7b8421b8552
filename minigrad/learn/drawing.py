"""For exercises: inputs that Hypothesis chooses, of few digits, so that a counterexample can be followed by hand."""
import numpy as np
from hypothesis import strategies as st


def numbers(low, high, digits=1):
    """Numbers from low to high with so many digits after the point; 0, whole numbers and the ends among them."""
    unit = 10 ** digits
    ends = [v for v in (0, 1, -1, low, high) if low <= v <= high]
    fine = st.integers(round(low * unit), round(high * unit)).map(lambda n: n / unit)
    return st.sampled_from([float(v) for v in ends]) | fine | fine | fine


def whole(low, high):
    return st.integers(low, high)


def one_of(*values):
    return st.sampled_from(values)


def shapes(*dims, most=3):
    """Shapes of so many axes, each of 1 to most."""
    side = st.integers(1, most)
    return st.sampled_from(dims).flatmap(lambda n: st.tuples(*[side] * n))


def seeds(most=9999):
    """Seeds for inputs of an exercise's own making."""
    return st.integers(0, most)


def drawn(seed, *shape, scale=1.0):
    """The array of this shape that belongs to a seed: normal, times scale, to one decimal."""
    return (np.random.default_rng(seed).normal(size=shape) * scale).round(1)


def arrays(*shape):
    """Such arrays."""
    return seeds().map(lambda seed: drawn(seed, *shape))


def vectors(low, high, least=1, most=4, digits=1):
    """Arrays of one axis, whose numbers Hypothesis makes small one by one."""
    return st.lists(numbers(low, high, digits), min_size=least, max_size=most).map(lambda v: np.array(v, float))


def made(make, /, **sizes):
    """What make(rng, **sizes) makes: for inputs that must fit one another.  The sizes are made small first."""
    return st.builds(lambda seed, **found: make(np.random.default_rng(seed), **found), seed=seeds(), **sizes)


def normal(rng, *shape, scale=1.0):
    """Normal numbers to one decimal."""
    return (rng.normal(size=shape) * scale).round(1)
