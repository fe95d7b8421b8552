"""Ctrl-C at any line of minigrad's: what is left can be trained and used as if the call had not been.

`pytest -m deep` interrupts at 1,000 random lines.
"""
import random
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers
from minigrad.engine.recording import is_recording
from minigrad.keras.layers.base import _training

HOME = str(Path(mg.__file__).parent)
X = np.random.default_rng(0).standard_normal((12, 6, 4)).astype(np.float32)
Y = X[:, 0, :1]


class Interrupter:
    """A block in which KeyboardInterrupt is raised at the n-th line of minigrad's code that runs; n = 0: never."""

    def __init__(self, n=0):
        self.n, self.lines, self.place = n, 0, None

    def trace(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(HOME):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.n:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self.trace

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, kind, error, trace):
        sys.settrace(self.before)
        return kind is KeyboardInterrupt


def network():
    mg.seed(3)
    model = mg.keras.Sequential([layers.LSTM(3, return_sequences=True), layers.BatchNormalization(), layers.Flatten(),
                                 layers.Residual([layers.Dense(18, "relu"), layers.Dropout(0.2)]), layers.Dense(1)])
    model.compile(mg.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def use(model):
    model.fit(X, Y, batch_size=6, epochs=2, validation_split=0.25, verbose=0)


def weights_of(model):
    return {name: w.shape for name, w in model.named_weights().items()}


@pytest.mark.parametrize("count", [pytest.param(6, id="seed"),
                                   pytest.param(1000, id="deep", marks=pytest.mark.deep)])
def test_an_interrupt_anywhere_leaves_a_model_that_can_be_trained_and_used(count):
    whole = network()
    with Interrupter() as counted:
        use(whole)
    shapes = weights_of(whole)
    for seed in range(count):
        n = random.Random(seed).randrange(1, counted.lines)
        model = network()
        with Interrupter(n) as interrupter:
            use(model)
        said = f"seed {seed}, line {n} of {counted.lines}: {interrupter.place}"
        try:
            assert is_recording() and not _training.get(), said
            use(model)
            assert weights_of(model) == shapes, said
            assert np.isfinite(model.predict(X, verbose=0)).all() and model._run is None, said
            loss = model.evaluate(X, Y, verbose=0)[0]
            again = model.fit(X, Y, epochs=20, verbose=0).history["loss"][-1]
            assert again < loss, (said, loss, again)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{said}: {error!r}") from error
