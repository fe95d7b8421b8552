"""Models: building, training on real and made-up data, measuring, and what they say when something is wrong."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import backend, data, losses, optimizers
from minigrad.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten, Input
from minigrad.models import Model, Sequential
from minigrad.tensor import backpropagate


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


# -- building --------------------------------------------------------------------------------------------------------
def test_with_input_there_are_weights_at_once_and_otherwise_with_the_first_data():
    mg.seed(0)
    at_once = Sequential([Input((4,)), Dense(3), Dense(2)])
    mg.seed(0)
    later = Sequential([Dense(3), Dense(2)])
    assert at_once.built and not later.built and later.weights == []
    later(np.zeros((5, 4)))
    mg.seed(0)
    by_build = Sequential([Dense(3), Dense(2)])
    by_build.build((None, 4))
    by_shape = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    for model in (at_once, by_build, later, by_shape):
        assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
        assert list(model.named_weights()) == ["layers.0.kernel", "layers.0.bias", "layers.1.kernel", "layers.1.bias"]
        assert [layer.output_shape for layer in model.layers] == [(None, 3), (None, 2)]
    assert all(map(np.array_equal, at_once.get_weights(), later.get_weights()))
    assert all(map(np.array_equal, at_once.get_weights(), by_build.get_weights()))


def test_add_and_pop():
    model = Sequential([Input((4,)), Dense(3)])
    model.add(Dense(2))
    assert model.pop().units == 2 and model(np.zeros((1, 4))).shape == (1, 3)
    model.add(Sequential([Dense(5), Dropout(0.1)]))
    assert model(np.zeros((1, 4))).shape == (1, 5) and len(model.layers) == 2
    with pytest.raises(TypeError, match="add takes a layer, not 'relu'"):
        model.add("relu")
    with pytest.raises(ValueError, match="Input can only come first"):
        model.add(Input((3,)))
    with pytest.raises(ValueError, match="no layer to remove"):
        Sequential().pop()
    with pytest.raises(ValueError, match=r"conv2d.* expected an input with the axes \(batch, height"):
        model.add(mg.layers.Conv2D(2, 3))
    assert len(model.layers) == 2


def test_summary():
    mg.seed(0)
    model = Sequential([Input((4, 2)), Flatten(name="flat"), Dense(3, name="d"), BatchNormalization(name="norm")],
                       name="m")
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert [line.split() for line in text.splitlines() if "(None" in line] == [
        ["flat", "(Flatten)", "(None,", "8)", "0"], ["d", "(Dense)", "(None,", "3)", "27"],
        ["norm", "(BatchNormalization)", "(None,", "3)", "12"]]
    assert "Parameters: 39 (0.2 KiB), of which trained: 33" in text
    with pytest.raises(ValueError, match="no weights yet"):
        Sequential([Dense(3)]).summary()


class Own(Model):
    """A model with a call of its own: layers used twice, and a second input."""

    def __init__(self, width):
        super().__init__()
        self.first, self.twice, self.drop, self.last = Dense(width), Dense(width, "tanh"), Dropout(0.5), Dense(1)

    def call(self, inputs, training=False):
        x = self.first(inputs["a"]) + self.first(inputs["b"])
        return self.last(self.drop(self.twice(self.twice(x))))


def test_a_model_with_its_own_call_learns():
    mg.seed(0)
    rng = np.random.default_rng(0)
    x = {"a": rng.standard_normal((64, 3)), "b": rng.standard_normal((64, 3))}
    y = ((x["a"] + x["b"]).sum(1) > 0).astype(int)
    model = Own(8)
    model.compile(optimizers.Adam(0.02), losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(x, y, epochs=60, batch_size=16, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert len(model.weights) == 6 and model.predict(x, verbose=0).shape == (64, 1)
    assert np.array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))      # no dropout


# -- training is what it says it is -----------------------------------------------------------------------------------
@given(n=st.integers(5, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 5))
@settings(deadline=None, max_examples=20)
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
            loss = self.compute_loss(y, y_pred)
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
    squashed.compile(optimizers.Adam(0.01), "binary_crossentropy", ["accuracy"])
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
    assert model.evaluate(x, {"a": x.sum(1), "b": y}, batch_size=90, verbose=0) == pytest.approx(float(expected))
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


# -- data in many forms ------------------------------------------------------------------------------------------------
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
    reference = [float(SPARSE(y, model(x))), (model(x).numpy().argmax(1) == y).mean()]
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


# -- what is wrong, in words -------------------------------------------------------------------------------------------
X, Y = classes()


@pytest.mark.parametrize("error, message, act", [
    (RuntimeError, "fit: sequential.* isn't compiled", lambda: Sequential([Dense(1)]).fit(X, Y)),
    (RuntimeError, "evaluate: .* isn't compiled", lambda: Sequential([Dense(1)]).evaluate(X, Y)),
    (RuntimeError, "compiled without a loss", lambda: network(3, loss=None).fit(X, Y)),
    (ValueError, "unknown loss 'msee': did you mean 'mse'", lambda: network(3, loss="msee")),
    (ValueError, r"'x'\] has 90 rows but array\['y'\] has 89", lambda: network(3, loss=SPARSE).fit(X, Y[:-1])),
    (ValueError, r"validation_data: .*'x'\] has 90 rows .* has 89",
     lambda: network(3, loss=SPARSE).fit(X, Y, validation_data=(X, Y[1:]))),
    (ValueError, r"validation_data must be \(x, y\)", lambda: network(3, loss=SPARSE).fit(X, Y, validation_data=X)),
    (ValueError, "validation_split must lie between 0 and 1",
     lambda: network(3, loss=SPARSE).fit(X, Y, validation_split=2)),
    (ValueError, "leaves nothing", lambda: network(3, loss=SPARSE).fit(X, Y, validation_split=0.999)),
    (TypeError, "x holds <U1, not numbers", lambda: network(3, loss=SPARSE).fit(np.array([["a"]]), [1])),
    (ValueError, "class_weight has no weight for class 1, 2",
     lambda: network(3, loss=SPARSE).fit(X, Y, class_weight={0: 1})),
    (ValueError, "a DataLoader, which makes batches of its own: y, batch_size can't",
     lambda: network(3, loss=SPARSE).fit(data.DataLoader(X, Y), Y, batch_size=3)),
    (ValueError, "batch_size must be at least 1", lambda: network(3, loss=SPARSE).fit(X, Y, batch_size=-1)),
    (ValueError, "class numbers are for SparseCategoricalCrossentropy",
     lambda: network(3, loss=ONE_HOT).fit(X, Y, verbose=0)),
    (ValueError, "labels from 0 to 2, but .* the classes 0 to 1", lambda: network(2, loss=SPARSE).fit(X, Y, verbose=0)),
    (ValueError, "has no rows", lambda: network(3, loss=SPARSE).fit(X[:0], Y[:0])),
    (ValueError, "has no rows", lambda: network(3).predict(X[:0])),
    (NotImplementedError, "needs a method call", lambda: Model()(X)),
])
def test_errors(error, message, act):
    with pytest.raises(error, match=message):
        act()


def test_a_wrong_number_of_features_names_the_layer_and_both_shapes():
    model = network(4, 3, loss=SPARSE)
    model.fit(X, Y, verbose=0)
    for act in (lambda: model.predict(np.zeros((5, 3)), verbose=0), lambda: model.fit(np.zeros((90, 3)), Y, verbose=0)):
        name = model.layers[0].name
        with pytest.raises(ValueError, match=rf"{name} \(Dense\) .* \(None, 2\), got \(.*3\): .* 2 features"):
            act()


def test_a_column_is_asked_for_where_one_number_is_an_example():
    with pytest.raises(ValueError, match=r"axes \(batch, ..., features\), got shape \(32,\)"):
        network(1, loss="mse").fit(np.arange(100.0), np.arange(100.0), verbose=0)
