"""Optimizers, variables and gradients to test with."""
import numpy as np

import minigrad as mg
from minigrad.keras.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop
from minigrad.keras.optimizers.schedules import ExponentialDecay

SHAPES = [(3, 4), (4,), (), (0,), (2, 1, 3)]
VARIANTS = [SGD(0.1), SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, nesterov=True), RMSprop(0.01),
            RMSprop(0.01, momentum=0.9), RMSprop(0.01, centered=True), RMSprop(0.01, centered=True, momentum=0.5),
            Adagrad(0.1), Adam(0.01),
            Adam(ExponentialDecay(0.1, 2, 0.5), beta_1=0.5, beta_2=0.9, epsilon=1e-3), AdamW(0.1), Lion(0.01),
            Adam(0.01, use_ema=True, ema_momentum=0.5), Adam(0.01, amsgrad=True, beta_2=0.5),
            Adadelta(1.0, epsilon=1e-3), Adamax(0.01), Nadam(0.01)]


def fresh(optimizer):
    return type(optimizer).from_config(optimizer.get_config())


def variables(seed=0, dtype="float64", shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [mg.tensor(rng.standard_normal(shape), dtype=dtype, requires_grad=True) for shape in shapes]


def gradients(vs, seed):
    rng = np.random.default_rng([seed, 1])
    return [mg.tensor(rng.standard_normal(v.shape), dtype=v.dtype) for v in vs]


def values(vs):
    return [v.numpy() for v in vs]
