"""Models that Keras itself saved are read, whole; and what else a file could say is refused."""
import copy
import json
import os
import zipfile

import numpy as np
import pytest

from minigrad import keras
from minigrad.engine.trees import tree_leaves
from minigrad.keras import models
from minigrad.support.errors import Failure

RNG = np.random.default_rng(0)
IMAGES, ROWS = RNG.random((2, 8, 8, 3), np.float32), RNG.random((2, 4), np.float32)
STEPS, TOKENS = RNG.random((2, 6, 3), np.float32), np.array([[3, 1, 0, 0], [4, 2, 5, 0]])


def images(k):
    layers = k.layers
    return k.Sequential([
        k.Input((8, 8, 3)), layers.Rescaling(0.5), layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.SeparableConv2D(3, 2), layers.UpSampling2D(2),
        layers.Conv2DTranspose(2, 3), layers.Flatten(), layers.Dropout(0.5), layers.LeakyReLU(0.1),
        layers.Dense(3, activation="gelu", kernel_initializer="he_normal",
                     kernel_constraint=k.constraints.MaxNorm(2.0))]), IMAGES


def two_inputs(k):
    layers = k.layers
    tokens, numbers, shared = k.Input((None,), dtype="int32", name="tokens"), k.Input((4,)), layers.Dense(5)
    x, y = layers.LSTM(5)(layers.Embedding(20, 6, mask_zero=True)(tokens)), layers.Dense(5, "tanh")(numbers)
    z = layers.LayerNormalization()(layers.concatenate([x, shared(y), shared(x)]) * 2 + 1)
    return k.Model([tokens, numbers], [layers.Dense(1, name="one")(z), layers.Dense(2, name="two")(z)]), [TOKENS, ROWS]


def nested(k):
    layers, x = k.layers, k.Input((4,))
    inner = k.Sequential([k.Input((4,)), layers.Dense(4), layers.ReLU()], name="inner")
    y = k.ops.mean(k.ops.relu(layers.add([inner(x), inner(inner(x))]))[:, None, :], axis=1)
    return k.Model(x, {"out": layers.Dense(2)(k.ops.concatenate([y, k.ops.reshape(y, (-1, 4))], axis=-1))}), ROWS


def recurrent(k):
    layers = k.layers
    return k.Sequential([k.Input((6, 3)), layers.Bidirectional(layers.GRU(4, return_sequences=True)),
                         layers.TimeDistributed(layers.Dense(3)), layers.Conv1D(4, 2),
                         layers.GlobalAveragePooling1D(), layers.Dense(1)]), STEPS


def attention(k):
    layers, x = k.layers, k.Input((6, 3))
    return k.Model(x, layers.Dense(2)(layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(x, x) + x))), STEPS


def without_input(k):
    model = k.Sequential([k.layers.Dense(4, activation="swish"), k.layers.Dense(2)])
    model.build((None, 4))
    return model, ROWS


@pytest.mark.peers
@pytest.mark.parametrize("make", [images, two_inputs, nested, recurrent, attention, without_input])
def test_models_of_keras(make, tmp_path):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    theirs = pytest.importorskip("keras")
    model, x = make(theirs)
    names = [layer.name for layer in model.layers]
    smooth = theirs.losses.CategoricalCrossentropy(label_smoothing=0.25)
    loss = {"one": "mse", "two": smooth} if make is two_inputs else smooth
    model.compile(theirs.optimizers.SGD(theirs.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.5), loss)
    model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="it begins anew"):
        ours = models.load_model(tmp_path / "m.keras")
    for found, expected in zip(tree_leaves(ours.predict(x, verbose=0)), tree_leaves(model.predict(x, verbose=0))):
        assert np.allclose(found, expected, atol=1e-5)
    assert {layer.name for layer in ours.layers} <= set(names) and ours.optimizer.momentum == 0.5
    assert ours.optimizer.learning_rate == pytest.approx(0.1) and tree_leaves(ours.loss)[-1].label_smoothing == 0.25
    again = models.model_from_json(model.to_json())
    assert [w.shape for w in again.weights] == [w.shape for w in ours.weights] and again.optimizer is None
    ours.save(tmp_path / "ours.keras")
    for found, expected in zip(tree_leaves(models.load_model(tmp_path / "ours.keras")(x)), tree_leaves(ours(x))):
        assert np.array_equal(found, expected)


# -- without Keras: what its files say, and what they might say ------------------------------------------------------
def entry(kind, inbound=(), module="keras.layers", **config):
    return {"module": module, "class_name": kind, "config": config, "name": config["name"], "registered_name": None,
            "inbound_nodes": [{"args": [tensor(*source) for source in inbound], "kwargs": {"training": False}}]
            if inbound else []}


def tensor(name, node=0, place=0):
    return {"class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [name, node, place]}}


POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
GRAPH = {"module": "keras.src.models.functional", "class_name": "Functional", "config": {
    "name": "f", "trainable": True, "input_layers": ["x", 0, 0], "output_layers": {"y": ["sum", 0, 0]}, "layers": [
        entry("InputLayer", name="x", batch_shape=[None, 4], dtype="float32", sparse=False, ragged=False),
        entry("Dense", [("x",)], name="d", units=4, activation="relu", dtype=POLICY, quantization_config=None,
              kernel_initializer={"module": "keras.initializers", "class_name": "Ones", "config": {}}),
        entry("Add", [("d",), ("x",)], module="keras.src.ops.numpy", name="sum")]}}
GRAPH["config"]["layers"][1]["inbound_nodes"][0]["kwargs"]["mask"] = None


def changed(change):
    found = copy.deepcopy(GRAPH)
    change(found["config"]["layers"], found["config"])
    return json.dumps(found)


def test_the_form_alone():
    model = models.model_from_json(json.dumps(GRAPH))
    y = model(ROWS)["y"].numpy()
    assert np.allclose(y, ROWS.sum(axis=1, keepdims=True) + ROWS) and model.name == "f"
    assert [layer.name for layer in model.layers] == ["x", "d"]

    class Dense(keras.layers.Layer):
        def call(self, x):
            return 2 * x
    ours = changed(lambda layers, _: layers[1].update(module="builtins", config={"name": "d", "dtype": POLICY}))
    assert np.allclose(models.model_from_json(ours, {"Dense": Dense})(ROWS)["y"], 3 * ROWS)


@pytest.mark.parametrize("change, message", [
    (lambda layers, _: layers[1].update(module="os", class_name="system"), "system is not part of minigrad"),
    (lambda layers, _: layers[1].update(class_name="__lambda__", config={"value": "abc"}), "a file may hold no lambda"),
    (lambda layers, _: layers[1].update(class_name="Hashing"), "no such thing"),
    (lambda layers, _: layers[1]["config"].update(lora_rank=4), "Dense has no argument lora_rank, which is 4"),
    (lambda layers, _: layers[1]["config"].update(units=10**12), "more than|can't be made|Unable|memory|maximum"),
    (lambda layers, _: layers[1]["config"].update(kernel_initializer={
        "module": "keras.layers", "class_name": "Dense", "config": {"units": 2}}), "where a initializer is wanted"),
    (lambda layers, _: layers[1]["config"].update(activation={
        "module": "builtins", "class_name": "function", "config": "exec"}), "exec is not part"),
    (lambda layers, _: layers[2].update(class_name="Eval"), "no keras.ops.eval"),
    (lambda layers, _: layers[2].update(class_name="Arange"), "no keras.ops.arange"),
    (lambda layers, _: layers[1].update(inbound_nodes=[{"args": [tensor("sum")], "kwargs": {}}]), "need each other's"),
    (lambda layers, _: layers[1].update(inbound_nodes=[{"args": [tensor("none")], "kwargs": {}}]), "what isn't there"),
    (lambda layers, _: layers[1].update(inbound_nodes=[[["x", 0, 0, {}]]]), "as Keras 2 writes it"),
    (lambda layers, config: config.update(output_layers=["d", 0, 7]), "model_from_json"),
    (lambda layers, config: config.update(layers=3), "model_from_json"),
    (lambda layers, config: config.update(input_layers=[]), "model_from_json"),
    (lambda layers, config: layers[0]["config"].update(batch_shape="abc"), "model_from_json"),
    (lambda layers, config: layers[2]["inbound_nodes"][0].update(args=[{"class_name": 3}]), "3 is no name"),
])
def test_what_a_file_may_not_say(change, message):
    with pytest.raises((Failure, ValueError), match=message):
        models.model_from_json(changed(change))


def test_a_deep_tree_and_a_large_model_in_a_small_file(tmp_path):
    pytest.importorskip("h5py")
    model = models.model_from_json(json.dumps(GRAPH))
    model.save_weights(tmp_path / "model.weights.h5")
    for text, message in (("[" * 10**5 + "]" * 10**5, "no JSON"), (changed(
            lambda layers, _: layers[1]["config"].update(units=10**7)), "more than the file of the weights holds")):
        with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
            archive.writestr("config.json", text)
            archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
        with pytest.raises(Failure, match=message):
            models.load_model(tmp_path / "m.keras")
    with pytest.raises(Failure, match="is an HDF5 file"):
        models.load_model(tmp_path / "model.weights.h5")
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(GRAPH))
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    assert np.array_equal(models.load_model(tmp_path / "m.keras")(ROWS)["y"], model(ROWS)["y"])
