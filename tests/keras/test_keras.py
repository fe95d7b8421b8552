"""The keras namespace: the example runs as it stands, and what Keras programs import is there."""
import importlib

import numpy as np
import pytest

import minigrad
from minigrad import datasets, keras
from minigrad.data.loading import split


def digits():
    """Real digits, one-hot labels: what the example calls data and labels."""
    loaded = datasets.load_digits()
    return split(loaded.x, np.eye(10, dtype=np.float32)[loaded.y], fraction=0.2, stratify=loaded.y)


EXAMPLE = """
import minigrad as tf
from minigrad.keras import layers
model = tf.keras.Sequential()
model.add(layers.Dense(64, activation='relu'))
model.add(layers.Dense(64, activation='relu'))
model.add(layers.Dense(10))
model.compile(optimizer=tf.keras.optimizers.Adam(0.01),
              loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
model.fit(data, labels, epochs=10, batch_size=32)
"""


def test_the_example_runs_as_it_stands_on_real_digits(capsys):
    (data, labels), (x_test, y_test) = digits()
    minigrad.seed(0)
    names = {"data": data, "labels": labels}
    exec(EXAMPLE, names)
    model = names["model"]
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    assert accuracy >= 0.95 and loss < 0.3
    history = model.history.history
    assert list(history) == ["loss", "accuracy"] and len(history["loss"]) == 10 and history["accuracy"][-1] > 0.98
    assert "epoch 10/10: 100%" in capsys.readouterr().err


def test_everything_at_once():
    """All that fit takes, in one call, on real digits."""
    tf = minigrad
    (data, labels), (x_test, y_test) = digits()
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential([
        tf.keras.Input((64,)), tf.keras.layers.Reshape((8, 8, 1)),
        tf.keras.layers.Conv2D(8, 3, activation="relu", padding="same"), tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.BatchNormalization(), tf.keras.layers.Flatten(), tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10, kernel_initializer="he_normal", kernel_regularizer=tf.keras.regularizers.L2(1e-4))])
    stop = tf.keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=20, restore_best_weights=True)
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=[tf.keras.metrics.SparseCategoricalAccuracy(name="accuracy")])
    history = model.fit(data, labels.argmax(1), epochs=25, batch_size=32, validation_split=0.1, callbacks=[stop],
                        class_weight={k: 1.0 for k in range(10)}, shuffle=True, verbose=0)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert model.evaluate(x_test, y_test.argmax(1), verbose=0)[1] >= 0.95


@pytest.mark.parametrize("statement", [
    "from minigrad.keras.layers import Dense, LSTM", "import minigrad.keras.layers",
    "from minigrad.keras.optimizers import Adam", "from minigrad.keras.callbacks import EarlyStopping",
    "from minigrad.keras.models import Sequential, Model, load_model",
    "from minigrad.keras.losses import MeanSquaredError",
    "from minigrad.keras.initializers import HeNormal", "from minigrad.keras.utils import to_categorical",
    "from minigrad.keras.optimizers.schedules import ExponentialDecay",
    "from minigrad import keras; keras.Model, keras.Layer"])
def test_imports_as_in_keras(statement):
    names = {}
    exec(statement, names)
    found = [value for name, value in names.items() if name != "__builtins__"]
    assert found and all(getattr(value, "__module__", value.__name__).startswith("minigrad") for value in found)


def test_the_namespace_is_the_modules_themselves():
    assert importlib.import_module("minigrad.keras.layers") is minigrad.layers is minigrad.keras.layers


@pytest.mark.parametrize("labels, classes, expected", [
    ([0, 2, 1], None, [[1, 0, 0], [0, 0, 1], [0, 1, 0]]), ([[1], [0]], 2, [[0, 1], [1, 0]]), ([1.0], 3, [[0, 1, 0]]),
    (1, 2, [0, 1])])
def test_to_categorical(labels, classes, expected):
    coded = minigrad.keras.utils.to_categorical(labels, classes)
    assert coded.dtype == np.float32 and coded.tolist() == expected


def test_to_categorical_refuses():
    with pytest.raises(ValueError, match="label 3 at .* is not one of 0 ... 2"):
        minigrad.keras.utils.to_categorical([3], 3)
    with pytest.raises(TypeError, match="must be integers"):
        minigrad.keras.utils.to_categorical([0.5])


def test_one_seed_for_all_random_numbers():
    import random

    def draw():
        minigrad.keras.utils.set_random_seed(7)
        return minigrad.backend.random((2,)).tolist(), np.random.rand(), random.random()
    assert draw() == draw()


def test_sessions_number_names_afresh():
    minigrad.keras.utils.clear_session()
    assert [minigrad.layers.Dense(1).name, minigrad.layers.Dense(1).name] == ["dense", "dense_1"]
    minigrad.keras.utils.clear_session()
    assert minigrad.layers.Dense(1).name == "dense"


def test_names_from_older_places():
    from minigrad.keras.preprocessing.image import img_to_array
    from minigrad.keras.preprocessing.sequence import pad_sequences
    assert pad_sequences is keras.utils.pad_sequences and img_to_array is keras.utils.img_to_array
    assert keras.preprocessing.timeseries_dataset_from_array is keras.utils.timeseries_dataset_from_array
    assert keras.backend.cast is keras.ops.cast and keras.config.backend() == "minigrad"
    assert keras.backend.result_type("float32", "int8") == "float32" and keras.config.floatx() == "float32"
    assert keras.activations.get("swish") is keras.activations.swish is keras.ops.swish


def test_variables():
    class Scaled(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.scale = keras.Variable(2.0)
            self.steps = keras.Variable([1, 2], trainable=False)
            self.matrix = keras.Variable("ones", shape=(2, 3), name="matrix")

        def call(self, x):
            self.steps.assign_add([1, 1])
            return self.scale * x
    layer, x = Scaled(), np.ones(2, np.float32)
    assert layer(x).numpy().tolist() == [2, 2] and layer.steps.numpy().tolist() == [2, 3]
    assert [str(w.dtype) for w in layer.trainable_weights] == ["float32"] * 2 and layer.matrix.shape == (2, 3)
    variable = keras.Variable(x)
    variable.assign([5.0, 6.0])
    assert x.tolist() == [1, 1] and keras.Variable(x, dtype="float64").dtype == np.float64
