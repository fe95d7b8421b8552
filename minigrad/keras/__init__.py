"""Keras' names for minigrad: a Keras program runs here with its imports changed.

    import minigrad as tf
    from minigrad.keras import layers           # or: from minigrad.keras.layers import Dense

    model = tf.keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10)])
"""
from ..support.names import public as _public
from . import (
    activations,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    random,
    regularizers,
    saving,
    session as backend,
    session as config,
    utils,
)
from .layers import Input, Layer
from .models import Model, Sequential
from .session import Variable
from .symbols import Symbolic as KerasTensor
from .tape import GradientTape

__version__ = _public("__version__")         # minigrad's own
