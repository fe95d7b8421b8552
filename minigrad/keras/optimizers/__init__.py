"""Optimizers: how to change variables, given the gradient of a loss with respect to them.  Keras' names and defaults.

    optimizer = optimizers.Adam(0.01)
    loss.backward()
    optimizer.step(variables)                           # by their .grad
    optimizer.apply_gradients(zip(grads, variables))    # or by gradients given

    rules       SGD, RMSprop, Adagrad, Adam, AdamW, Lion: read these first
    relatives   Adadelta, Adamax, Nadam
    base        Optimizer: what they have in common
    flat        all variables in one buffer, so that a step costs the same however many layers there are
"""
from ...support.explaining import explained
from ...support.names import find
from . import schedules
from .base import Optimizer
from .relatives import Adadelta, Adamax, Nadam
from .rules import SGD, Adagrad, Adam, AdamW, Lion, RMSprop

OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adagrad": Adagrad, "adam": Adam, "adamw": AdamW, "lion": Lion,
              "adadelta": Adadelta, "adamax": Adamax, "nadam": Nadam}


@explained
def get(identifier):
    """An optimizer from its name ("adam"), its class, or itself."""
    if isinstance(identifier, Optimizer):
        return identifier
    return identifier() if isinstance(identifier, type) else find("optimizer", OPTIMIZERS, identifier)()
