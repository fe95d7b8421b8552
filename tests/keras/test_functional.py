"""The functional API: symbolic tensors, graphs of calls, and models made of them."""
import numpy as np
import pytest

import minigrad as mg
from minigrad import keras
from minigrad.keras import Input, Model, Sequential, layers, models, ops
from minigrad.keras.symbols import Symbolic

RNG = np.random.default_rng(0)


def data(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def everything():
    """Two inputs, a shared layer, operators, indexing, ops, NumPy's functions, a model as a layer, two outputs."""
    a, b = Input((4,), name="a"), Input((3,), name="b")
    shared = layers.Dense(3, name="shared")
    inner = Sequential([Input((3,)), layers.Dense(3, "tanh")], name="inner")
    h, g = shared(layers.Dense(3)(a)), inner(shared(b))
    mixed = layers.concatenate([h * 2 - g / 3, np.exp(-g) + np.ones((1, 3), np.float32), mg.maximum(h, 0.1)])
    one = layers.Dense(1, name="one")(mixed[:, 1:5] ** 2 + ops.expand_dims(ops.mean(h, axis=-1), axis=1))
    return Model([a, b], {"one": one, "two": 1 - layers.add([h, g]).reshape(-1, 3)})


def by_hand(model, a, b):
    named = {layer.name: layer for layer in model.layers}
    first = next(layer for layer in model.layers if isinstance(layer, layers.Dense) and layer.name not in named
                 or layer.name.startswith("dense"))
    shared, inner = named["shared"], named["inner"]
    h, g = shared(first(a)), inner(shared(b))
    mixed = mg.concatenate(h * 2 - g / 3, mg.exp(-g) + 1, mg.maximum(h, 0.1), axis=-1)
    one = named["one"](mixed[:, 1:5] ** 2 + h.mean(axis=-1).reshape(-1, 1))
    return one.numpy(), (1 - (h + g)).numpy()


@pytest.mark.parametrize("rows", [1, 6])
def test_a_graph_does_what_the_calls_do(rows):
    model, (a, b) = everything(), (data(rows, 4), data(rows, 3))
    y = model.predict([a, b], verbose=0)
    for mine, expected in zip((y["one"], y["two"]), by_hand(model, mg.tensor(a), mg.tensor(b))):
        assert np.allclose(mine, expected, atol=1e-6) and len(mine) == rows
    named = model.predict({"b": b, "a": a}, verbose=0)
    assert np.array_equal(named["one"], y["one"])


def test_it_is_saved_and_read_and_trained_alike(tmp_path):
    model = everything()
    model.compile("adam", "mse")
    a, b, y = data(20, 4), data(20, 3), {"one": data(20, 1), "two": data(20, 3)}
    model.fit([a, b], y, verbose=0)
    model.save(tmp_path / "m")
    again = models.load_model(tmp_path / "m")
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    for m in (model, again):
        mg.seed(5)
        m.fit([a, b], y, epochs=2, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))


def test_lengths_left_open():
    x = Input((None, 3))
    assert x.shape == (None, None, 3)
    sequence, h, c = layers.LSTM(4, return_sequences=True, return_state=True)(x)
    assert [s.shape for s in (sequence, h, c)] == [(None, None, 4), (None, 4), (None, 4)]
    model = Model(x, [sequence, h])
    assert [y.shape for y in model.predict(np.zeros((2, 5, 3)), verbose=0)] == [(2, 5, 4), (2, 4)]
    image = layers.Conv2D(2, 3, padding="same", strides=2)(Input((None, None, 1)))
    assert image.shape == (None, None, None, 2)


def test_parts_of_models_are_models():
    whole = Sequential([Input((4,)), layers.Dense(3, name="inside"), layers.Dropout(0.5), layers.Dense(2)])
    features = Model(whole.input, whole.get_layer("inside").output)
    x = data(5, 4)
    assert np.array_equal(features.predict(x, verbose=0), whole.layers[0](x).numpy())
    whole.get_layer("inside").trainable = False
    top = Input((4,))
    model = Model(top, layers.Dense(1)(whole(top)))
    assert len(model.weights) == 6 and len(model.trainable_weights) == 4
    lines = []
    model.summary(print_fn=lines.append)
    assert "Connected to" in lines[0] and lines[0].count(whole.name) == 2
    with pytest.raises(ValueError, match="no layer 'outside'; it has .*inside"):
        whole.get_layer("outside")
    noisy = layers.Dropout(0.5)(top, training=True)             # random, in prediction too
    y = Model(top, noisy).predict(np.ones((50, 4)), verbose=0)
    assert (y == 0).any() and (y == 2).any()


def test_a_subclass_may_be_given_a_graph():
    class Doubled(Model):
        def train_step(self, data):
            x, y = data
            with mg.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {"loss": loss, "twice": 2 * loss}
    x = Input((3,))
    model = Doubled(inputs=x, outputs=layers.Dense(1)(x), name="doubled")
    model.compile(mg.optimizers.SGD(0.1), "mse")
    history = model.fit(data(16, 3), data(16, 1), batch_size=16, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] and model.name == "doubled"
    assert history["twice"] == [pytest.approx(2 * loss) for loss in history["loss"]]


@pytest.mark.parametrize("make, error, message", [
    (lambda: Model(Input((3,)), layers.Dense(1)(Input((3,), name="other"))), ValueError, "input other, which is not"),
    (lambda: Model("a name", Input((3,))), TypeError, "name=..."),
    (lambda: Model(Input((3,)), np.zeros(3)), TypeError, "outputs are what Input and layers"),
    (lambda: bool(Input((3,)) > 0), TypeError, "no values yet, so no if"),
    (lambda: np.asarray(Input((3,))), TypeError, "no values yet"),
    (lambda: list(Input((3,))), TypeError, "to go through"),
    (lambda: np.fft.fft(Input((3,))), TypeError, "no derivative rule"),
    (lambda: Model(x := Input((3,)), x * 2)([np.ones((1, 3))] * 2), ValueError, "1 inputs.*called with 2"),
    (lambda: Model({"a": (x := Input((3,)))}, x * 2)({"b": np.ones((1, 3))}), ValueError, "inputs are a; a is missing"),
    (lambda: layers.Dense(3).output, AttributeError, "has not been called"),
    (lambda: layers.Conv2D(3, 3)(Input((3,))), ValueError, "expected an input with the axes"),
])
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_graph_in_a_file_can_only_name_what_minigrad_has(tmp_path):
    from minigrad.keras.functional import _function
    for name in ("method __class__", "method save", "op __import__", "keras.ops np", "os system", 7, -1, True, None):
        with pytest.raises(ValueError, match="not part of minigrad"):
            _function(name, [])
    assert isinstance(_function("method __add__", [])(mg.tensor(1.0), Input((2,))), Symbolic)


@pytest.mark.parametrize("form", ["keras", "ours", "names of its own", "any"])
def test_compute_loss_is_called_by_the_names_it_takes(form):
    """Keras' compute_loss has x first: an override in either form gets what it means."""
    seen = []

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    class Keras(Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            seen.append((x.shape, y.shape, training))
            return super().compute_loss(x, y, y_pred, sample_weight, training)

    class Ours(Model):
        def compute_loss(self, y, y_pred, sample_weight=None):
            seen.append((y.shape, y_pred.shape))
            return super().compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)

    class Named(Model):
        def compute_loss(self, truth, guess):
            seen.append((truth.shape, guess.shape))
            return ((truth - guess) ** 2).mean()

    class Any(Model):
        def compute_loss(self, **given):
            seen.append(sorted(given))
            return super().compute_loss(**given)
    model = {"keras": Keras, "ours": Ours, "names of its own": Named, "any": Any}[form]()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert seen == {"keras": [((4, 3), (4, 1), True), ((4, 3), (4, 1), False)], "ours": [((4, 1), (4, 1))] * 2,
                    "names of its own": [((4, 1), (4, 1))] * 2,
                    "any": [["sample_weight", "training", "x", "y", "y_pred"]] * 2}[form]
    with pytest.raises(TypeError, match="y_pred is missing"):
        model.compute_loss(y, y) if form == "keras" else keras.Model.compute_loss(model, y, y)
