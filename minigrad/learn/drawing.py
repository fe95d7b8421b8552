"""For exercises: inputs that Hypothesis chooses, of few digits, so that a counterexample can be followed by hand."""
import numpy as np


def numbers(low, high, digits=1):
    """Numbers from low to high, rounded."""
    from hypothesis import strategies as st
    return st.floats(low, high).map(lambda x: round(x, digits))


def seeds(most=9999):
    """Seeds for inputs of an exercise's own making."""
    from hypothesis import strategies as st
    return st.integers(0, most)


def drawn(seed, *shape, scale=1.0):
    """The array of this shape that belongs to a seed: normal, times scale, to one decimal."""
    return (np.random.default_rng(seed).normal(size=shape) * scale).round(1)


def arrays(*shape):
    """Such arrays."""
    return seeds().map(lambda seed: drawn(seed, *shape))
