"""compile(jit_compile=True): fit replays its steps, and nothing comes out otherwise than without."""
import copy
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import unroll
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
    """Without replaying, with it, and with "auto": all the same to the bit."""
    expected = trained(False, **arguments)
    for word in (True, "auto") if used else ("auto",):
        with warnings.catch_warnings():
            warnings.simplefilter("error" if used else "ignore")
            found = trained(word, **arguments)
        assert found[0] == expected[0]
        for a, b in zip(found[1], expected[1], strict=True):
            assert a.tobytes() == b.tobytes()
        step = found[2]._replayed["train_step"]
        assert (step.program is not None) == used, (word, step.reason)


@pytest.fixture(autouse=True)
def early(monkeypatch):
    monkeypatch.setattr(unroll, "AFTER", 3)     # what pays off only in longer trainings, at once


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


class Printing(layers.Layer):
    """A layer with an effect that nobody can see from outside."""
    seen = []

    def call(self, x):
        print(end="")
        Printing.seen += [1]
        return x * 1.0


def test_the_readers_own_code_runs_each_time():
    calls = []
    for word in (False, "auto"):
        Printing.seen.clear()
        trained(word, kind=lambda parts: mg.keras.Sequential([*parts, Printing()]))
        calls.append(len(Printing.seen))
    assert calls[0] == calls[1] > 30
    same(used=False, kind=lambda parts: mg.keras.Sequential([*parts, layers.Activation(lambda x: x * 2.0)]))


def two_outputs(jit_compile):
    mg.seed(5)
    x = mg.keras.Input((6,))
    h = layers.Dense(5, activation="tanh")(x)
    model = mg.keras.Model(x, {"a": layers.Dense(3)(h), "b": layers.Dense(1)(h)})
    model.compile("adam", {"a": mg.losses.SparseCategoricalCrossentropy(from_logits=True), "b": "mse"},
                  metrics={"b": "mae"}, jit_compile=jit_compile)
    history = model.fit(X, {"a": Y, "b": X[:, 0]}, epochs=4, verbose=0).history
    return history, model.evaluate(X, {"a": Y, "b": X[:, 0]}, verbose=0, return_dict=True), model.get_weights()


def test_several_outputs():
    (history, scores, weights), (history_2, scores_2, weights_2) = two_outputs(False), two_outputs("auto")
    assert history == history_2 and scores == scores_2
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights, weights_2, strict=True))


def test_evaluate_and_predict():
    results = []
    for word in (False, "auto"):
        *_, model = trained(word)
        out = [model.predict(X, batch_size=8, verbose=0), model.evaluate(X, Y, batch_size=8, verbose=0)]
        model.set_weights([w * 0.5 for w in model.get_weights()])
        out += [model.predict(X, batch_size=8, verbose=0), model.evaluate(X, Y, batch_size=8, verbose=0)]
        model.layers[1].epsilon = 0.1
        out += [model.predict(X, batch_size=8, verbose=0), model.predict_on_batch(X)]
        results.append(out)
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
    assert all(model._replayed[step].program for step in ("test_step", "predict_step"))


def test_fits_of_other_weights_do_not_share_a_step():
    def run(word):
        mg.seed(1)
        model = mg.keras.Sequential(network())
        model.compile(mg.keras.optimizers.SGD(0.1), mg.losses.SparseCategoricalCrossentropy(True), jit_compile=word)
        for trainable in (True, False, True):
            model.fit(X, Y, batch_size=10, epochs=2, verbose=0)
            model.layers[0].trainable = trainable           # after a fit: the next one sees it from its beginning
        model.add(layers.Dense(3))
        model.compile("adam", model.loss, jit_compile=word)
        model.fit(X, Y, batch_size=10, epochs=3, verbose=0)
        return model.get_weights()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(run(False), run("auto"), strict=True))


def test_processes_that_share_the_work_run_as_they_are():
    *_, model = trained("auto")

    class Sharing(dict):
        pass
    model._run = type("Run", (), {"targets": None, "hooks": lambda self, name: []})()
    assert model._fastest("train_step") is model._replayed["train_step"]
    model.optimizer.into = Sharing
    assert model._fastest("train_step") == model.train_step


def test_a_step_put_in_the_place_of_another():
    *_, model = trained("auto")
    model.predict_step = lambda data: mg.tensor(np.zeros((len(data), 1)))
    assert not model.predict(X, verbose=0).any()


def test_a_compiled_model_can_be_copied():
    *_, model = trained("auto")
    twin = copy.deepcopy(model)
    for m in (model, twin):
        mg.seed(1)
        m.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    assert twin._replayed["train_step"].function.__self__ is twin
    assert all(a.tobytes() == b.tobytes() for a, b in zip(model.get_weights(), twin.get_weights(), strict=True))


def batches_by_hand(word):
    """Losses and weights of train_on_batch and test_on_batch, while layers freeze, and a fit comes between."""
    mg.seed(5)
    model = mg.keras.Sequential(network())
    model.compile("adam", mg.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"],
                  jit_compile=word)
    found = []
    for i in range(30):
        rows = slice(0, 16) if i % 7 else slice(16, 27)
        found += [model.train_on_batch(X[rows], Y[rows]), model.test_on_batch(X[rows], Y[rows])]
        if i in (9, 14):
            model.layers[0].trainable = i == 14
        if i == 19:
            found += [model.fit(X, Y, batch_size=16, epochs=2, verbose=0).history["loss"]]
        if i == 22:
            model.optimizer.learning_rate = 0.1
            model.set_weights([w * 0.5 for w in model.get_weights()])
    return found, model.get_weights(), model


def test_train_on_batch_and_test_on_batch_are_replayed():
    (expected, weights, _), (found, weights_2, model) = batches_by_hand(False), batches_by_hand("auto")
    assert found == expected
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights, weights_2, strict=True))
    assert all(model._replayed[step].program for step in ("train_step", "test_step"))


def test_the_gpt_and_lenet_are_replayed():
    """The trainings of `minigrad train`, as small as they get: their steps are minigrad's own and can be followed."""
    from minigrad.zoo import gpt, lenet
    mg.seed(1)
    text = np.arange(24 * 9).reshape(24, 9) % 5
    small = gpt.GPT("abcde", context=8, depth=1, heads=2, width=8)
    for model, x, y in ((small, text[:, :-1], text[:, 1:]), (lenet.LeNet(), RNG.normal(size=(8, 28, 28, 1)), Y[:8])):
        model.compile("adam", mg.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=4, epochs=5, verbose=0)
        step = model._replayed["train_step"]
        assert step.program is not None, (type(model).__name__, step.reason)


def watched_gradients(word):
    seen = []
    model = trained(word, callbacks=lambda: [Noting(seen)])[2]
    return seen, model


class Noting(callbacks.Callback):
    """Looks at weights and scores after each batch, as callbacks may."""

    def __init__(self, seen):
        self.seen = seen

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((float(logs["loss"]), self.model.weights[0].numpy().sum(), self.model.optimizer.iterations))


def test_callbacks_that_look_at_weights_and_scores_after_each_batch():
    (expected, _), (found, model) = watched_gradients(False), watched_gradients("auto")
    assert found == expected and model._replayed["train_step"].program is not None
