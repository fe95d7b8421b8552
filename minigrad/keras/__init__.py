"""Keras' names for minigrad: a Keras program runs here with its imports changed.

    import minigrad as tf
    from minigrad.keras import layers           # or: from minigrad.keras.layers import Dense

    model = tf.keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10)])

Everything here is defined elsewhere: layers in minigrad.layers, and so on.
"""
import sys

from .. import (
    activations, callbacks, datasets, initializers, layers, losses, metrics, models, optimizers, regularizers)
from ..layers import Input, Layer
from ..models import Model, Sequential
from . import utils

# Modules of their own also by these names, so that `from minigrad.keras.layers import Dense` finds them.
for _module in (activations, callbacks, datasets, initializers, layers, losses, metrics, models, optimizers,
                regularizers):
    sys.modules[_module.__name__.replace("minigrad.", "minigrad.keras.")] = _module
sys.modules["minigrad.keras.optimizers.schedules"] = optimizers.schedules
