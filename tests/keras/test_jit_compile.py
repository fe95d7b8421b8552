"""compile(jit_compile=True): fit replays its steps, and nothing comes out otherwise than without."""
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import callbacks, layers

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(70, 6)).astype(np.float32), RNG.integers(0, 3, 70)


def network():
    return [layers.Dense(8, activation="relu", kernel_regularizer="l2"), layers.BatchNormalization(),
            layers.Dropout(0.3), layers.Dense(3)]


def trained(jit_compile, kind=mg.keras.Sequential, optimizer="adam", **fit):
    """(history, weights, model) after two fits; the last batch of an epoch is shorter."""
    mg.seed(5)
    model = kind(network())
    model.compile(optimizer, mg.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"],
                  jit_compile=jit_compile)
    histories = [model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, validation_split=0.1,
                           **{name: make() for name, make in fit.items()}).history for epochs in (5, 2)]
    return histories, model.get_weights(), model


def same(used=True, **arguments):
    expected = trained(False, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if used else "ignore")
        found = trained(True if used else "auto", **arguments)
    assert found[0] == expected[0]
    for a, b in zip(found[1], expected[1], strict=True):
        assert a.tobytes() == b.tobytes()
    assert (found[2]._replayed.program is not None) == used, found[2]._replayed.reason


def test_it_is_used_and_gives_the_same_bits():
    same()


def test_class_weights():
    same(class_weight=lambda: {0: 1.0, 1: 2.0, 2: 0.5})


def test_a_rate_that_a_callback_changes():
    same(callbacks=lambda: [callbacks.LearningRateScheduler(lambda epoch, rate: 0.01 / (1 + epoch))])


class Freeze(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.layers[1].trainable = epoch != 2
        self.model.layers[2].rate = 0.1 * epoch


def test_what_a_callback_changes_in_the_model():
    same(callbacks=lambda: [Freeze()])


class Watch(callbacks.Callback):
    def on_backward(self, loss, gradients):
        self.seen = getattr(self, "seen", 0) + len(gradients)


def test_callbacks_that_watch_gradients():
    same(used=False, callbacks=lambda: [Watch()])


class OwnStep(mg.keras.Sequential):
    steps = 0

    def train_step(self, x, y, sample_weight=None):
        self.steps += 1
        return super().train_step(x, y, sample_weight)


def test_a_train_step_of_ones_own():
    same(used=False, kind=OwnStep)


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="jit_compile"):
        mg.keras.Sequential(network()).compile("adam", "mse", jit_compile="yes")
