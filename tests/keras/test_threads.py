"""Threads and asyncio tasks side by side: whether a step trains, and what it records, is each one's own affair."""
import asyncio
import threading
from itertools import islice

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers, losses, optimizers
from minigrad.keras.layers import Dense, Dropout
from minigrad.keras.models import Sequential
from minigrad.zoo.decoding import generate
from minigrad.zoo.gpt import GPT

from .. import PATIENCE

rng = np.random.default_rng(0)
X = rng.standard_normal((64, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


def network():
    model = Sequential([Dense(8, "tanh"), Dropout(0.3), Dense(1)])
    model.compile(optimizers.Adam(0.02), losses.MeanSquaredError())
    return model


def side_by_side(*functions):
    """Call each in a thread of its own, all starting at once; what they return, or the first error."""
    results, errors, start = [None] * len(functions), [], threading.Barrier(len(functions))

    def work(i):
        start.wait()
        try:
            results[i] = functions[i]()
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


@pytest.mark.parametrize("same", [True, False], ids=["of the same model", "of another model"])
def test_predict_beside_fit(same):
    for _ in range(5):
        model = network()
        other = model if same else network()
        other(X)
        fitted = threading.Event()

        def fit(model=model, fitted=fitted):
            try:
                return model.fit(X, Y, epochs=10, batch_size=8, verbose=0).history["loss"]
            finally:
                fitted.set()

        def predict(other=other, fitted=fitted):
            shapes = {other.predict(X, verbose=0).shape}
            while not fitted.is_set():
                shapes.add(other.predict(X, batch_size=5, verbose=0).shape)
            return shapes
        history, shapes = side_by_side(fit, predict)
        assert len(history) == 10 and history[-1] < history[0] and shapes == {(64, 1)}


def test_a_gpt_writes_beside_the_training_of_another():
    def gpt(seed):
        mg.seed(seed)
        model = GPT("abcd", context=16, depth=1, heads=2, width=8)
        model(np.zeros((1, 4), int))
        return model
    writer, learner, tokens = gpt(1), gpt(2), np.tile(np.arange(4), (8, 4))

    def write():
        return [list(islice(generate(writer, [0, 1], np.random.default_rng(3)), 40)) for _ in range(5)]

    def learn():
        learner.compile(optimizers.Adam(0.02), losses.SparseCategoricalCrossentropy(from_logits=True))
        return learner.fit(tokens[:, :-1], tokens[:, 1:], epochs=20, verbose=0).history["loss"]
    alone = write()
    written, history = side_by_side(write, learn)
    assert written == alone and history[-1] < history[0]


def test_training_is_a_property_of_the_call_not_of_the_process():
    """A step of training waits, in the middle of a layer, for a prediction by another thread."""
    inside, predicted = threading.Event(), threading.Event()

    class Waits(layers.Layer):
        def call(self, x, training=False):
            self.seen = [*getattr(self, "seen", []), training]
            if training:
                inside.set()
                assert predicted.wait(PATIENCE)
            return x

    class Notes(layers.Layer):
        def call(self, x, training=False):
            self.seen = [*getattr(self, "seen", []), training]
            return x
    waits, notes = Waits(), Notes()
    model = Sequential([Dense(2), waits, notes])

    def train():
        model(X, training=True)

    def predict():
        assert inside.wait(PATIENCE)
        try:
            model.predict(X[:1], verbose=0)
            notes(X)
        finally:
            predicted.set()
    side_by_side(train, predict)
    assert waits.seen == [True, False] and notes.seen == [False, False, True]


def test_tasks_that_predict_and_train_by_turns():
    model, other = network(), network()
    other(X)

    async def predict():
        with mg.no_grad():
            for _ in range(20):
                y = other(X, training=False)
                await asyncio.sleep(0)
                assert not y.requires_grad

    async def train():
        values = []
        for _ in range(20):
            values.append(model.train_on_batch(X, Y))
            await asyncio.sleep(0)
        return values

    async def both():
        return await asyncio.gather(predict(), train(), predict())
    values = asyncio.run(both())[1]
    assert values[-1] < values[0] and model(X).requires_grad


def test_a_new_layer_that_two_threads_call_has_one_set_of_weights():
    for _ in range(20):
        layer = Dense(4)
        a, b = side_by_side(lambda layer=layer: layer(X).numpy(), lambda layer=layer: layer(X).numpy())
        assert np.array_equal(a, b) and np.array_equal(a, layer(X).numpy())


def test_layers_made_in_threads_have_names_of_their_own():
    names = side_by_side(*[lambda: [Dense(1).name for _ in range(200)]] * 4)
    assert len({name for some in names for name in some}) == 800


@pytest.mark.parametrize("seeds", [(3, 3), (3, 4)])
def test_two_fits_in_two_threads_give_the_bits_that_each_gives_alone(seeds):
    """Each thread has random generators of its own: what it draws depends on its seed alone."""
    def fit(seed):
        mg.seed(seed)
        model = network()
        history = model.fit(X, Y, epochs=5, batch_size=8, validation_split=0.2, verbose=0).history
        return history, [w.tobytes() for w in model.get_weights()]
    alone = [fit(seed) for seed in seeds]
    for _ in range(5):
        assert side_by_side(*[lambda seed=seed: fit(seed) for seed in seeds]) == alone


def test_a_model_may_get_attributes_while_another_looks_through_it():
    """As fit gives it a history, while predict looks for the weights."""
    model = Sequential([Dense(4), Dense(1)])
    model(X)
    model.more = {"a": Dense(2)}
    walk = model.walk()
    names = [next(walk)[0]]
    model.history, model.more["b"] = {}, Dense(3)
    names += [name for name, *_ in walk]
    assert names[:2] == ["layers.0", "layers.0.kernel"] and "more.a" in names
