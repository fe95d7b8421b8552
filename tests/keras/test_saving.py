"""Saved models come back as they were, and nothing that isn't whole, ours and fitting is taken for one."""
import functools
import json
import operator
import os
import re
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers, models, optimizers
from minigrad.keras import saving, serialization
from minigrad.keras.layers import Dense, Input, Layer
from minigrad.keras.models import Model, Sequential
from minigrad.keras.regularizers import L2
from minigrad.keras.serialization import from_config, to_config
from minigrad.support import errors
from minigrad.support.names import Configured

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


class Scale(Layer):
    """A layer of a user's own."""

    def __init__(self, start, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.start, self.activation = start, mg.activations.get(activation)

    def build(self, input_shape):
        self.factor = self.add_weight("factor", input_shape[-1:], mg.initializers.Constant(self.start))

    def call(self, x):
        return self.activation(x * self.factor)


def cubic(x):
    return x ** 3


class Own(Model):
    """A model of a user's own, with two inputs and a list of layers."""

    def __init__(self, width, depth=1):
        super().__init__()
        self.blocks = [Dense(width, "tanh") for _ in range(depth)]
        self.last = Dense(1)

    def call(self, inputs, training=False):
        x, ids = inputs
        for block in self.blocks:
            x = block(x)
        return self.last(x) + ids


def trained(*parts, epochs=2, **compiled):
    model = Sequential(parts or [Dense(4, activation="relu"), Dense(1)])
    model.compile(**{"optimizer": optimizers.Adam(0.01), "loss": "mse", "metrics": ["mae"], **compiled})
    model.fit(X, Y, epochs=epochs, verbose=0)
    return model


def same_weights(a, b):
    x, y = ({path: w.numpy() for path, w in model.named_weights().items()} for model in (a, b))
    return list(x) == list(y) and all(np.array_equal(x[path], y[path]) for path in x)


def test_a_model_comes_back_and_goes_on_training_as_if_it_had_not_been_away(tmp_path):
    model = trained()
    model.save(tmp_path / "model")
    mg.seed(5)
    loaded = models.load_model(tmp_path / "model")
    assert same_weights(loaded, model)
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    for each in (model, loaded):
        mg.seed(7)
        each.fit(X, Y, epochs=3, verbose=0)
    assert same_weights(loaded, model) and loaded.history.history == model.history.history


def test_loading_draws_no_random_numbers(tmp_path):
    trained().save(tmp_path)
    mg.seed(3)
    expected = mg.backend.random((3,))
    mg.seed(3)
    models.load_model(tmp_path)
    assert np.array_equal(mg.backend.random((3,)), expected)


@pytest.mark.parametrize("make, x", [
    (lambda: [Input((8, 8, 1)), layers.Conv2D(3, 3, strides=2, padding="same", activation="gelu"),
              layers.MaxPooling2D(), layers.BatchNormalization(), layers.Flatten(),
              Dense(2, kernel_initializer=mg.initializers.HeNormal())],
     rng.random((2, 8, 8, 1))),
    (lambda: [layers.Embedding(10, 4), layers.LSTM(5, return_sequences=True), layers.GRU(3, reset_after=False),
              Dense(2)],
     rng.integers(0, 10, (2, 6))),
    (lambda: [layers.Rescaling(0.5), layers.Residual([layers.LayerNormalization(), Dense(3, "silu")]),
              Sequential([Dense(2, kernel_regularizer=L2(0.1)), layers.Dropout(0.1)])], X),
    (lambda: [layers.MultiHeadAttention(2, 3), layers.GlobalAveragePooling1D(), layers.Activation("softmax")],
     rng.random((2, 5, 4))),
])
def test_every_kind_of_layer_comes_back(make, x, tmp_path):
    model = Sequential(make())
    for w in (model(x), *model.weights)[1:]:
        w._data += rng.standard_normal(w.shape).astype(np.float32) ** 2
    model.save(tmp_path)
    loaded = models.load_model(tmp_path)
    assert same_weights(loaded, model) and np.array_equal(loaded(x).numpy(), model(x).numpy())
    assert loaded.count_params() == model.count_params() and loaded.optimizer is None
    text = json.dumps(to_config(model))
    assert json.dumps(to_config(from_config(json.loads(text)))) == text


def test_custom_classes_and_functions_are_passed_on_loading(tmp_path):
    model = trained(Scale(2.0, activation=cubic), Dense(1))
    model.save(tmp_path / "a")
    with pytest.raises(ValueError, match="custom_objects={'Scale': Scale}"):
        models.load_model(tmp_path / "a")
    with pytest.raises(ValueError, match="custom_objects={'cubic': cubic}"):
        models.load_model(tmp_path / "a", custom_objects={"Scale": Scale})
    loaded = models.load_model(tmp_path / "a", custom_objects={"Scale": Scale, "cubic": cubic})
    assert np.array_equal(loaded(X).numpy(), model(X).numpy())
    own = Own(4, depth=2)
    ids = np.arange(40)[:, None]
    own([X, ids])
    own.save(tmp_path / "b")
    again = Model.load(tmp_path / "b", custom_objects={"Own": Own})
    assert np.array_equal(again([X, ids]).numpy(), own([X, ids]).numpy())


def test_a_loss_function_of_ones_own(tmp_path):
    def fourth_power(y_true, y_pred):
        return ((y_pred - y_true) ** 4).mean(axis=-1)
    trained(loss=fourth_power).save(tmp_path / "a")
    loaded = models.load_model(tmp_path / "a", custom_objects={"fourth_power": fourth_power})
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(
        [((loaded(X).numpy() - Y) ** 4).mean(), abs(loaded(X).numpy() - Y).mean()], rel=1e-5)
    assert models.load_model(tmp_path / "a", compile=False).optimizer is None
    unnamed = trained(loss=lambda y_true, y_pred: ((y_pred - y_true) ** 4).mean(axis=-1))
    with pytest.raises(TypeError, match="loss of compile.*: .*lambda.* use a named function"):
        unnamed.save(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_thing_of_ones_own_is_never_taken_for_minigrads(tmp_path):
    """Though it has the name of one of minigrad's, or its module that of one of minigrad's."""
    class Dense(Layer):
        __module__ = "keras.layers"

        def call(self, x):
            return 2 * x
    own_tanh = mg.op(lambda x: 3 * x, lambda g, y, x: 3 * g, name="tanh")
    for part, name in (Dense(), "Dense"), (layers.Activation(own_tanh), "tanh"):
        model = Sequential([part])
        model.build((None, 3))
        model.save(tmp_path / name)
        with pytest.raises(ValueError, match=f"{name} is not part of minigrad: pass it as custom_objects={{'{name}'"):
            models.load_model(tmp_path / name)
        mine = {"Dense": Dense, "tanh": own_tanh}[name]
        loaded = models.load_model(tmp_path / name, custom_objects={name: mine})
        assert np.array_equal(loaded(X).numpy(), model(X).numpy())


def test_what_has_no_name_cannot_be_saved():
    with pytest.raises(TypeError, match="can't be written as JSON; use a named function"):
        to_config(layers.Activation(functools.partial(mg.leaky_relu, alpha=0.1)))


# -- folders that version 0.1.0 wrote --------------------------------------------------------------------------------
OLD = Path(__file__).parent / "saved_by_0_1_0"


@pytest.mark.parametrize("name", ["dense", "lstm"])
def test_a_folder_that_0_1_0_wrote_loads_and_goes_on_training(name, tmp_path):
    """*_out.npy is what 0.1.0 predicted for *_in.npy, *_after.npy what it did after an epoch more."""
    x, out, after = (np.load(OLD / f"{name}_{part}.npy") for part in ("in", "out", "after"))
    assert '"minigrad.layers.core.Dense"' in (OLD / name / "model.json").read_text()
    model = models.load_model(OLD / name)
    np.testing.assert_allclose(model.predict(x, verbose=0), out, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "again")
    assert '"minigrad.' not in re.sub('"format": .*', "", (tmp_path / "again" / "model.json").read_text())
    for loaded in model, models.load_model(tmp_path / "again"):
        steps = loaded.optimizer.iterations
        mg.seed(1)
        loaded.fit(x, np.array([0, 1]), batch_size=1, shuffle=False, verbose=0)
        assert loaded.optimizer.iterations == steps + 2 and steps > 0
        np.testing.assert_allclose(loaded.predict(x, verbose=0), after, rtol=1e-5, atol=1e-6)
    assert abs(after - out).max() > 1e-3


@pytest.mark.parametrize("home", [home for home in serialization.HOMES if home.startswith("keras.")])
def test_each_public_class_is_found_by_the_name_it_is_saved_under(home):
    module = operator.attrgetter(home)(mg)
    classes = [kind for name, kind in vars(module).items() if isinstance(kind, type) and hasattr(kind, "from_config")
               and not name.startswith("_") and kind is not Configured]
    assert len(classes) > 2
    for kind in classes:
        assert serialization.class_of(serialization._class_name(kind), {}) is kind


def test_the_public_names_of_all_that_0_1_0_could_save():
    """Each class of a file of format 1 has a public name today, which is found again."""
    for old, new in {
            "layers.attention.MultiHeadAttention": "keras.layers.MultiHeadAttention",
            "models.Model": "keras.models.Model",
            "schedules.OneCycle": "keras.optimizers.schedules.OneCycle", "metrics.binary.AUC": "keras.metrics.AUC",
            "initializers.HeNormal": "keras.initializers.HeNormal", "regularizers.L1": "keras.regularizers.L1",
            "losses.Huber": "keras.losses.Huber", "optimizers.rules.Lion": "keras.optimizers.Lion",
            "zoo.gpt.GPT": "zoo.gpt.GPT", "zoo.lenet.LeNet": "zoo.lenet.LeNet",
            "zoo.evoformer.Evoformer": "zoo.evoformer.Evoformer",
            "fairness.mitigation.Constrained": "fairness.Constrained",
            "security.adversarial.AdversarialTraining": "security.AdversarialTraining",
            "distributed.tensor_parallel.RowDense": "distributed.RowDense"}.items():
        kind = serialization.class_of(f"minigrad.{old}", {})
        assert kind is serialization.class_of(new, {}) and serialization._class_name(kind) == new
    relu6 = from_config({"function": "minigrad.activations.relu6"})
    assert relu6 is mg.activations.relu6 and to_config(relu6) == {"function": "keras.activations.relu6"}
    assert from_config({"function": "minigrad.ops.neural.dropout"}) is mg.dropout


def test_what_was_frozen_stays_frozen(tmp_path):
    model = trained()
    model.layers[0].trainable = False
    model.save(tmp_path)
    loaded = models.load_model(tmp_path)
    assert [layer.trainable for layer in loaded.layers] == [False, True] and len(loaded.trainable_weights) == 2


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path):
    model = trained()
    (tmp_path / "notes.txt").write_text("mine")
    model.save(tmp_path)
    first = set(os.listdir(tmp_path))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path)
    second = set(os.listdir(tmp_path))
    assert len(first) == len(second) == 4 and first & second == {"model.json", "notes.txt"}
    assert same_weights(models.load_model(tmp_path), model)


@pytest.mark.parametrize("step", range(1, 4))
def test_a_save_that_is_cut_off_leaves_the_old_model(tmp_path, monkeypatch, step):
    model = trained()
    model.save(tmp_path)
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    calls, replace = [], os.replace

    def failing(*args):
        calls.append(args)
        if len(calls) == step:
            raise OSError(28, "No space left on device")
        return replace(*args)
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="No space"):
        model.save(tmp_path)
    monkeypatch.undo()
    assert all(map(np.array_equal, models.load_model(tmp_path).get_weights(), before))
    model.save(tmp_path)
    assert same_weights(models.load_model(tmp_path), model) and len(os.listdir(tmp_path)) == 3


def test_weights_alone(tmp_path):
    from safetensors.numpy import load_file
    model = trained()
    model.save_weights(tmp_path / "w.safetensors")
    stored = load_file(tmp_path / "w.safetensors")
    assert list(sorted(stored)) == sorted(model.named_weights())
    other = Sequential([Dense(4), Dense(1)])
    with pytest.raises(ValueError, match="no weights yet"):
        other.load_weights(tmp_path / "w.safetensors")
    other.build((None, 3))
    other.load_weights(tmp_path / "w.safetensors")
    assert same_weights(other, model)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m")
    other.load_weights(tmp_path / "m")
    assert same_weights(other, model)


@pytest.mark.parametrize("parts, message", [
    ([Dense(5), Dense(1)], r"weight layers.0.kernel has shape \(3, 4\), but \(3, 5\) is needed"),
    ([Dense(4)], "has, and sequential.* has not, a weight layers.1.bias, layers.1.kernel"),
    ([Dense(4), Dense(1), Dense(1)], "has no weight layers.2.bias, layers.2.kernel"),
])
def test_weights_of_another_architecture_change_nothing(tmp_path, parts, message):
    trained().save_weights(tmp_path / "w.safetensors")
    other = Sequential(parts)
    other.build((None, 3))
    before = other.get_weights()
    with pytest.raises(errors.Failure, match=message) as caught:
        other.load_weights(tmp_path / "w.safetensors")
    assert "w.safetensors" in str(caught.value)
    assert all(map(np.array_equal, other.get_weights(), before))


def damage(path, how):
    data = path.read_bytes()
    path.write_bytes({"truncated": data[:len(data) // 2], "empty": b"", "foreign": b"\x89PNG\r\n" + data,
                      "flipped": data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]}[how])


@pytest.mark.parametrize("file, how", [(file, how) for file in ("weights", "training", "model.json")
                                       for how in ("truncated", "empty", "flipped", "foreign")
                                       if (file, how) != ("model.json", "flipped")])     # which may still be JSON
def test_damaged_files_are_named(tmp_path, how, file):
    trained().save(tmp_path)
    path = next(tmp_path.glob(f"{file}*"))
    damage(path, how)
    with pytest.raises(errors.Failure, match=path.name):
        models.load_model(tmp_path)
    model = Sequential([Dense(4), Dense(1)])
    model.build((None, 3))
    before = model.get_weights()
    if file == "weights" and how != "flipped":
        with pytest.raises(errors.Failure, match=path.name):
            model.load_weights(path)
        assert all(map(np.array_equal, model.get_weights(), before))


def activation(value):
    return {"class": "keras.layers.Activation", "config": {"activation": value}}


@pytest.mark.parametrize("change, message", [
    ({"format": "something else"}, "is not a minigrad model"),
    ({"version": 3}, "has version 3; this minigrad reads 1 to 2"),
    ({"version": None}, "has version None; this minigrad reads 1 to 2"),
    ({"model": {"class": "os.system", "config": {"command": "true"}}}, "os.system is not part of minigrad"),
    ({"model": {"class": "minigrad.backend.seed", "config": {"n": 1}}}, "backend.seed is not part of minigrad"),
    ({"model": {"class": "keras.losses.get", "config": {}}}, "is not a class"),
    ({"model": {"class": "keras.losses.np", "config": {}}}, "no such thing"),
    ({"model": {"class": "keras.losses._private", "config": {}}}, "no such thing"),
    ({"model": {"class": "keras.layers.Dnese", "config": {}}}, "no such thing"),
    ({"model": {"class": "minigrad.layers.core.Dnese", "config": {}}}, "no such thing"),
    ({"model": {"class": 5, "config": {}}}, "model.class is 5, and should be text"),
    ({"model": {"class": "keras.layers.Dense", "config": []}}, "model.config is .., and should be a dict"),
    ({"model": activation({"function": "keras.activations.get"})}, "not part of minigrad"),
    ({"model": activation({"op": "system"})}, "system is not part of minigrad"),
    ({"model": activation({"class": "keras.layers.Layer", "config": {}})}, "where a function is wanted"),
    ({"model": {"op": "relu"}}, "model.class is missing"),
])
def test_foreign_descriptions_are_refused(tmp_path, change, message):
    trained().save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((errors.Failure, ValueError), match=message):
        models.load_model(tmp_path)


def test_a_file_outside_the_folder_is_not_followed(tmp_path):
    """The name alone counts: a file of this name elsewhere is not read, not even one that could be."""
    model, other = trained(), trained(epochs=1)
    model.save(tmp_path / "a")
    path = tmp_path / "a" / "model.json"
    description = json.loads(path.read_text())
    name = description["files"]["weights"]["file"]
    other.save_weights(tmp_path / name)
    description["files"]["weights"]["file"] = "../" + name
    path.write_text(json.dumps(description))
    assert same_weights(models.load_model(tmp_path / "a"), model) and not same_weights(model, other)
    (tmp_path / "a" / name).unlink()
    with pytest.raises(errors.Failure, match=f"can't read .*{name}"):
        models.load_model(tmp_path / "a")


def test_what_cannot_be_saved_or_found_says_so(tmp_path):
    with pytest.raises(ValueError, match="no weights to save yet"):
        Sequential([Dense(1)]).save(tmp_path / "a")
    with pytest.raises(ValueError, match="no weights to save yet"):
        Sequential([Dense(1)]).save_weights(tmp_path / "a")
    with pytest.raises(errors.Failure, match="nothing is saved at .*absent"):
        models.load_model(tmp_path / "absent")
    (tmp_path / "file").write_text("text")
    with pytest.raises(errors.Failure, match="it is a file, and a folder is needed"):
        trained().save(tmp_path / "file")
    with pytest.raises(errors.Failure, match="can't read .*absent"):
        trained().load_weights(tmp_path / "absent")


def test_pack_and_unpack_are_inverse():
    tree = {"a": [1, 2.5, None, True, "x", 2**100], "b": {"c": np.arange(3), "d": (np.float32(0.1), np.array(2.0))},
            "e": mg.tensor([1.0]), "f": float("nan"), "empty": np.zeros((0, 2))}
    arrays = {}
    text = json.dumps(saving.pack(tree, arrays))
    back = saving.unpack(json.loads(text), arrays)
    assert back["a"] == tree["a"] and np.isnan(back["f"])
    assert type(back["b"]["d"][0]) is np.float32 and back["b"]["d"][0] == np.float32(0.1)
    assert back["b"]["d"][1].shape == () and np.array_equal(back["b"]["c"], np.arange(3))
    assert back["empty"].shape == (0, 2) and np.array_equal(back["e"], [1.0])
