"""keras.backend: what Keras programs still take from there.

    from minigrad.keras import backend as K
    K.epsilon(), K.clear_session()
"""
from .losses import EPSILON
from .symbols import Symbolic
from .utils import clear_session as clear_session


def epsilon():
    """The number that keeps logarithms and quotients finite in losses, 1e-7."""
    return EPSILON


def floatx():
    """The type of weights and inputs, "float32"."""
    return "float32"


def image_data_format():
    """Where images have their channels, "channels_last"."""
    return "channels_last"


def is_keras_tensor(x):
    """Whether x is symbolic: what Input and the layers called on it return."""
    return isinstance(x, Symbolic)
