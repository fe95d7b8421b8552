"""Small models and made-up data that several tests share."""
import numpy as np

import minigrad as mg
from minigrad import losses, optimizers
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential


def network(*sizes, seed=0, **compiled):
    mg.seed(seed)
    model = Sequential([*(Dense(n, activation="relu") for n in sizes[:-1]), Dense(sizes[-1])])
    if compiled:
        model.compile(**{"optimizer": optimizers.Adam(0.01), **compiled})
    return model


def points(n=64, features=3, seed=0):
    """Points, and a linear function of them."""
    x = np.random.default_rng(seed).standard_normal((n, features)).astype(np.float32)
    return x, (x @ np.arange(1.0, features + 1, dtype=np.float32) - 1)[:, None]


def classes(n=90, seed=0):
    """Three clouds of points, and the number of the cloud."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return (rng.standard_normal((n, 2)) + 3 * np.array([[0, 0], [1, 0], [0, 1]])[y]).astype(np.float32), y


SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True)
ONE_HOT = losses.CategoricalCrossentropy(from_logits=True)
