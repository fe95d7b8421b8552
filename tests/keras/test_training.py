"""Training: fit is the loop by hand, on data in many forms; evaluate and predict; weights of classes and samples."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import backend, callbacks, data, losses, metrics, optimizers
from minigrad.engine.tensor import backpropagate
from minigrad.keras.layers import BatchNormalization, Dense, Embedding, Flatten
from minigrad.keras.models import Model, Sequential
from tests.keras.networks import ONE_HOT, SPARSE, classes, network, points

X, Y = classes()


@given(n=st.integers(5, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 5))
@settings(max_examples=20)
def test_fit_is_the_loop_by_hand(n, batch_size, seed):
    x, y = points(n)
    model = network(4, 1, seed=seed, loss="mse")
    model.fit(x, y, epochs=2, batch_size=batch_size, verbose=0)

    by_hand = network(4, 1, seed=seed)
    optimizer, loss = optimizers.Adam(0.01), losses.MeanSquaredError()
    loader = data.DataLoader(x, y, batch_size=batch_size, seed=int(backend.generator().integers(2**62)))
    totals = []
    for _ in range(2):
        total = 0
        for xb, yb in loader:
            value = loss(yb, by_hand(xb))
            gradients = backpropagate(value)
            optimizer.apply_gradients([(gradients[w], w) for w in by_hand.trainable_weights])
            total += float(value) * len(xb)
        totals.append(total / n)
    assert all(map(np.array_equal, model.get_weights(), by_hand.get_weights()))
    assert model.history.history["loss"] == totals and model.history.epoch == [0, 1]


def test_a_custom_loop_on_plain_tensors():
    x, y = points()
    w, b = mg.tensor(np.zeros((3, 1), np.float32), requires_grad=True), mg.tensor(np.float32([0]), requires_grad=True)
    optimizer = optimizers.Adam(0.1)
    for _ in range(300):
        mg.square(x @ w + b - y).mean().backward()
        optimizer.apply_gradients([(w.grad, w), (b.grad, b)])
    assert np.allclose(w.numpy()[:, 0], [1, 2, 3], atol=1e-2) and np.allclose(b.numpy(), -1, atol=1e-2)


def test_a_train_step_of_ones_own():
    class Noisy(Sequential):
        steps = 0

        def train_step(self, x, y, sample_weight=None):
            self.steps += 1
            y_pred = self(x + 0.01, training=True)
            loss = self.compute_loss(x, y, y_pred)
            self.minimize(loss * 2)
            return loss, y_pred
    model = Noisy([Dense(1)])
    model.compile(optimizers.Adam(0.1), "mse")
    x, y = points()
    history = model.fit(x, y, epochs=30, verbose=0)
    assert model.steps == 60 and history.history["loss"][-1] < 0.2 * history.history["loss"][0]


def test_regression_finds_the_line_whatever_the_shape_of_y():
    x, y = points(256)
    for target in (y, y[:, 0], y.astype(np.float64)):
        model = network(1, loss="mse", metrics=["mae"], optimizer=optimizers.Adam(0.1))
        history = model.fit(x, target, epochs=40, verbose=0).history
        assert np.allclose(model.get_weights()[0][:, 0], [1, 2, 3], atol=1e-2), target.shape
        assert np.allclose(model.get_weights()[1], -1, atol=1e-2)
        assert history["mae"][-1] < 0.01


def test_sparse_and_one_hot_labels_train_alike():
    x, y = classes()
    a, b, c = (network(8, 3, loss=loss, metrics=["accuracy"]).fit(x, labels, epochs=40, verbose=0).history
               for loss, labels in ((SPARSE, y), (ONE_HOT, data.one_hot(y, 3)), (SPARSE, y[:, None])))
    assert np.allclose(a["loss"], b["loss"], rtol=1e-5) and a["accuracy"] == b["accuracy"] and a == c
    assert a["accuracy"][-1] > 0.85


def test_binary_labels():
    x, y = classes()
    model = network(8, 1, loss=losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, y == 0, epochs=50, verbose=0).history
    accuracy = ((model.predict(x, verbose=0)[:, 0] > 0) == (y == 0)).mean()
    assert accuracy > 0.85 and history["loss"][-1] < 0.5 * history["loss"][0]
    squashed = Sequential([Dense(8, "relu"), Dense(1, "sigmoid")])
    squashed.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    assert squashed.fit(x, y == 0, epochs=50, verbose=0).history["accuracy"][-1] > 0.85


def test_several_outputs_have_several_losses():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Dense(1), Dense(3)

        def call(self, x):
            return {"a": self.a(x), "b": self.b(x)}
    x, y = classes()
    model = Two()
    model.compile(optimizers.Adam(0.02), {"a": "mse", "b": SPARSE})
    history = model.fit(x, {"a": x.sum(1), "b": y}, epochs=30, verbose=0).history
    outputs = model.predict(x, verbose=0)
    expected = losses.MeanSquaredError()(x.sum(1), outputs["a"]) + SPARSE(y, outputs["b"])
    assert model.evaluate(x, {"a": x.sum(1), "b": y}, batch_size=90, verbose=0)[0] == pytest.approx(float(expected))
    assert history["loss"][-1] < 0.3 * history["loss"][0]


def test_weights_of_classes_and_samples():
    x, y = classes()
    model = network(3, loss=SPARSE, metrics=["accuracy"])
    model(x)
    each = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(y, model(x)).numpy()
    weight = np.random.default_rng(0).random(len(x))
    by_class = np.array([1, 5, 0.5])[y]
    before = model.get_weights()
    for how, factor in (({"sample_weight": weight}, weight), ({"class_weight": {0: 1, 1: 5, 2: 0.5}}, by_class),
                          ({"sample_weight": weight, "class_weight": {0: 1, 1: 5, 2: 0.5}}, weight * by_class)):
        for labels in (y, y[:, None]):
            model.set_weights(before)
            loss, accuracy = model.train_on_batch(x, labels, **how)
            assert loss == pytest.approx((each * factor).mean(), rel=1e-5)
            assert accuracy == pytest.approx((np.argmax(x @ before[0] + before[1], 1) == y).mean())
    assert model.evaluate(x, y, sample_weight=np.zeros(len(x)), verbose=0)[0] == 0
    one_hot = network(3, loss=ONE_HOT)
    one_hot(x)
    assert one_hot.train_on_batch(x, data.one_hot(y, 3), class_weight={0: 1, 1: 5, 2: 0.5}) == pytest.approx(
        (each * by_class).mean(), rel=1e-5)


def test_frozen_layers_stay_and_the_others_learn():
    x, y = points()
    model = network(4, 4, 1, loss="mse")
    model(x)
    model.layers[1].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert changed == [True, True, False, False, True, True]


def test_regularizers_add_to_the_loss():
    x, y = points()
    mg.seed(0)
    model = Sequential([Dense(1, kernel_regularizer="l2")])
    model.compile(optimizers.Adam(0.01), "mse")
    model(x)
    w, b = model.get_weights()
    expected = np.mean((x @ w + b - y) ** 2) + 0.01 * (w ** 2).sum()
    assert model.test_on_batch(x, y) == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-5)
    model.layers[0].set_weights([np.array([[1], [2], [3]]), [-1]])
    model.fit(x, y, batch_size=64, verbose=0)
    assert (model.get_weights()[0].ravel() < [1, 2, 3]).all()       # at the minimum of mse, only the penalty pulls


def test_moving_averages_follow_in_fit_and_not_in_evaluate():
    x, y = points()
    model = Sequential([BatchNormalization(momentum=0.5), Dense(1)])
    model.compile(optimizers.Adam(0.01), "mse")
    model.fit(x + 5, y, epochs=5, verbose=0)
    mean = model.layers[0].moving_mean.numpy()
    assert np.allclose(mean, 5, atol=0.5)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    assert np.array_equal(model.layers[0].moving_mean.numpy(), mean)


def test_weighted_metrics_and_weighted_validation():
    weight = np.where(Y == 0, 2.0, 0.0)
    weighted = mg.metrics.SparseCategoricalAccuracy("weighted")
    model = network(3, loss=SPARSE, metrics=["accuracy"], weighted_metrics=[weighted])
    history = model.fit(X, Y, sample_weight=weight, validation_data=(X, Y, weight), verbose=0).history
    right = model.predict(X, verbose=0).argmax(1) == Y
    assert history["val_weighted"][0] == pytest.approx(right[Y == 0].mean())
    assert history["val_accuracy"][0] == pytest.approx(right.mean())
    each = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(Y, model(X)).numpy()
    assert history["val_loss"][0] == pytest.approx((each * weight).mean(), rel=1e-5)


def test_moving_to_a_device():
    model = network(3, loss=SPARSE)
    with pytest.raises(ValueError, match="no weights yet"):
        model.to("cpu")
    model.fit(X, Y, verbose=0)
    assert model.device == "cpu" and model.to("cpu") is model
    with pytest.raises(ValueError, match="unknown device 'tpu'"):
        model.to("tpu")
    model.fit(X, Y, verbose=0)


def test_a_weight_without_a_gradient_is_warned_of_and_stays():
    class Unused(Model):
        def __init__(self):
            super().__init__()
            self.used, self.unused = Dense(3), Dense(3)

        def call(self, x):
            self.unused(x)
            return self.used(x)
    model = Unused()
    model.compile(optimizers.Adam(0.01), SPARSE)
    model(X)
    before = model.unused.get_weights()
    with pytest.warns(UserWarning, match="no gradient for variable 2 of shape"):
        model.fit(X, Y, verbose=0)
    assert all(map(np.array_equal, model.unused.get_weights(), before))


# -- data in many forms ----------------------------------------------------------------------------------------------
def test_whole_numbers_reach_an_embedding():
    ids = np.random.default_rng(0).integers(0, 50, (64, 4))
    y = (ids % 2).sum(1)
    model = Sequential([Embedding(50, 8), Flatten(), Dense(1)])
    model.compile(optimizers.Adam(0.05), "mse")
    history = model.fit(ids, y, epochs=40, verbose=0).history
    assert history["loss"][-1] < 0.1 * history["loss"][0]


def test_a_loader_gives_the_batches():
    x, y = classes()
    loader = data.DataLoader(x.astype(np.float64), y, batch_size=20, seed=3)
    model = network(3, loss=SPARSE, metrics=["accuracy"])
    whole = data.DataLoader(x, y, batch_size=90, shuffle=False)
    history = model.fit(loader, epochs=3, validation_data=whole, verbose=0)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert model.evaluate(data.DataLoader(x, y, shuffle=False), verbose=0) == pytest.approx(
        [history.history[k][-1] for k in ("val_loss", "val_accuracy")], rel=1e-5)
    assert np.allclose(model.predict(data.DataLoader(x, shuffle=False), verbose=0), model.predict(x, verbose=0))
    weighted = data.DataLoader(x, y, np.zeros(len(x)), shuffle=False)
    assert model.evaluate(weighted, verbose=0)[0] == 0


def test_lists_are_arrays_too():
    model = network(1, loss="mse")
    model.fit([[0.0, 1], [1, 0]], [1.0, 2], epochs=1, verbose=0)
    assert model.predict([[0.0, 1]], verbose=0).shape == (1, 1)
    assert model(mg.tensor([[0.0, 1]])).shape == (1, 1)


def test_validation_split_takes_the_last_rows():
    x, y = classes()
    a = network(3, loss=SPARSE, metrics=["accuracy"])
    a.fit(x, y, epochs=2, validation_split=0.2, verbose=0)
    b = network(3, loss=SPARSE, metrics=["accuracy"])
    b.fit(x[:72], y[:72], epochs=2, validation_data=(x[72:], y[72:]), verbose=0)
    assert a.history.history == b.history.history and len(a.history.history["val_loss"]) == 2


def test_seed_epochs_and_shuffle():
    x, y = classes()
    def history(seed=0, **how):
        return network(4, 3, seed=seed, loss=SPARSE).fit(x, y, verbose=0, **how).history["loss"]
    assert history(epochs=3) == history(epochs=3) != history(seed=1, epochs=3)
    assert history(epochs=3) != history(epochs=3, shuffle=False)
    model = network(4, 3, loss=SPARSE)
    assert model.fit(x, y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    assert model.fit(x, y, epochs=2, initial_epoch=2, verbose=0).epoch == []


def test_evaluate_and_predict_do_not_depend_on_the_batch_size():
    x, y = classes()
    model = network(4, 3, loss=SPARSE, metrics=["accuracy"])
    model(x)
    reference = [SPARSE(y, model(x)).item(), (model(x).numpy().argmax(1) == y).mean()]
    for batch_size in (1, 7, 32, 90, 1000):
        assert model.evaluate(x, y, batch_size=batch_size, verbose=0) == pytest.approx(reference, rel=1e-5)
        assert np.allclose(model.predict(x, batch_size=batch_size, verbose=0), model(x).numpy(), atol=1e-6)
    assert model.evaluate(x, y, return_dict=True, verbose=0).keys() == {"loss", "accuracy"}
    assert np.array_equal(model.predict_on_batch(x), model(x).numpy())
    assert model.test_on_batch(x, y) == pytest.approx(reference, rel=1e-6)
    alone = network(3, loss=SPARSE)
    assert isinstance(alone.evaluate(x, y, verbose=0), float)


def test_ctrl_c_keeps_the_whole_epochs():
    x, y = classes()

    class Interrupt(mg.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            if self.run.epoch == 2 and batch == 1:
                raise KeyboardInterrupt
    model = network(3, loss=SPARSE)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=5, callbacks=[Interrupt()], verbose=0)
    assert model.history.epoch == [0, 1] and len(model.history.history["loss"]) == 2
    assert np.isfinite(model.evaluate(x, y, verbose=0))


def test_a_callback_may_evaluate_in_the_middle_of_an_epoch():
    class Evaluate(mg.callbacks.Callback):
        seen = ()

        def on_train_batch_end(self, batch, logs=None):
            figures = self.model.evaluate(100 * X[:5], Y[:5], verbose=0), self.model.test_on_batch(X[:3], Y[:3])
            self.seen = *self.seen, figures

    def history(*callbacks):
        model = network(3, loss=SPARSE, metrics=["accuracy", mg.metrics.SparseTopKCategoricalAccuracy(2)])
        return model.fit(X, Y, epochs=2, batch_size=20, verbose=0, callbacks=callbacks).history
    evaluate = Evaluate()
    assert history(evaluate) == history() and len(evaluate.seen) == 10 and evaluate.seen[0][0] != evaluate.seen[9][0]


def test_a_fit_within_a_fit_is_refused():
    class Again(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.fit(X, Y, verbose=0)
    model = network(3, loss=SPARSE)
    with pytest.raises(RuntimeError, match="is in the middle of a fit"):
        model.fit(X, Y, verbose=0, callbacks=[Again()])
    assert len(model.fit(X, Y, verbose=0).epoch) == 1


# -- meanings that are Keras' ------------------------------------------------------------------------------------------
def test_weights_of_classes_do_not_count_in_validation():
    x, y = classes(60)
    model = network(3, loss=SPARSE)
    how = {"class_weight": {0: 5.0, 1: 0.1, 2: 3.0}, "verbose": 0, "shuffle": False}
    history = model.fit(x, y, validation_split=0.5, **how).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(x[30:], y[30:], verbose=0), rel=1e-6)]
    trained = []
    for weights in (how["class_weight"], [5.0, 0.1, 3.0]):              # a list: by number
        trained.append(network(3, loss=SPARSE))
        trained[-1].fit(x, y, **(how | {"class_weight": weights}))
    assert all(map(np.array_equal, *(model.get_weights() for model in trained)))


def test_callbacks_hear_of_evaluations_and_predictions():
    heard = []

    class Ear(callbacks.Callback):
        def on_test_begin(self, logs=None):
            heard.append("test")

        def on_test_batch_end(self, batch, logs=None):
            heard.append(("batch", batch, list(logs)))

        def on_test_end(self, logs=None):
            heard.append(sorted(logs))

        def on_predict_batch_end(self, batch, logs=None):
            heard.append(logs["outputs"].shape)
    x, y = points(40)
    model = network(1, loss="mse", metrics="mae")
    once = ["test", ("batch", 0, ["loss", "mae"]), ("batch", 1, ["loss", "mae"]), ["loss", "mae"]]
    model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[Ear()])
    model.evaluate(x, y, verbose=0, callbacks=[Ear()])
    assert heard == once * 2
    heard.clear()
    model.predict(x, callbacks=[Ear()])
    assert heard == [(32, 1), (8, 1)]


def test_bad_data_is_named():
    x, y = points(40)
    model = network(1, loss="mse")
    with pytest.raises(ValueError, match="there is no y: fit"):
        model.fit((x, y))
    with pytest.raises(ValueError, match="batch_size must be .* at least 1, not 0"):
        model.fit(x, y, batch_size=0)
    with pytest.raises(TypeError, match="loss_weights are numbers.*metrics=..."):
        model.compile("adam", "mse", ["mae"])           # the third one is loss_weights, in Keras too


def test_precision_at_several_thresholds():
    several, apart = metrics.Precision(thresholds=[0.2, 0.7]), [metrics.Precision(0.2), metrics.Precision(0.7)]
    t, p = np.array([1, 0, 1, 1, 0]), np.array([0.9, 0.8, 0.3, 0.75, 0.1])
    for metric in (several, *apart):
        metric.update_state(t, p)
    assert several.result().tolist() == [m.result() for m in apart] == [0.75, pytest.approx(2 / 3)]
    counts = [kind() for kind in (metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives,
                                  metrics.FalseNegatives)]
    for metric in counts:
        metric.update_state(t, p)
    assert [m.result() for m in counts] == [2, 1, 1, 1]
