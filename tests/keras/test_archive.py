"""Models as one file, Keras' weight files, clones, JSON and registered classes: to the bit, and read with suspicion."""
import json
import os
import warnings
import zipfile

import numpy as np
import pytest

from minigrad import keras
from minigrad.keras import layers
from minigrad.support.errors import Failure

X = np.random.default_rng(0).random((5, 4)).astype(np.float32)


def model(units=3):
    x = keras.Input((4,))
    a, b = layers.Dense(units, "relu", name="a")(x), layers.Dense(units, name="b")(x)
    made = keras.Model(x, layers.BatchNormalization()(layers.add([a, 2 * b])))
    made.compile("adam", "mse", metrics=["mae"])
    made.fit(X, np.zeros((5, units)), epochs=2, verbose=0)
    return made


@pytest.fixture(scope="module")
def trained():
    return model()


def test_one_file_holds_what_the_folder_does(trained, tmp_path):
    trained.save(tmp_path / "m.keras")
    trained.save(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in (tmp_path / "m").iterdir()}
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict(X, verbose=0), trained.predict(X, verbose=0))
    assert again.optimizer.iterations == 2 and again.metrics_names == trained.metrics_names
    other = model()
    other.load_weights(tmp_path / "m.keras")
    assert np.array_equal(other.predict(X, verbose=0), trained.predict(X, verbose=0))
    first = (tmp_path / "m.keras").read_bytes()
    again.save(tmp_path / "n.keras")
    assert (tmp_path / "n.keras").read_bytes() == first            # no dates, no order by chance
    with pytest.raises(ValueError, match="is there already"):
        trained.save(tmp_path / "m.keras", overwrite=False)
    assert sorted(os.listdir(tmp_path)) == ["m", "m.keras", "n.keras"]


def test_a_folder_of_that_name_stays_a_folder(trained, tmp_path):
    (tmp_path / "old.keras").mkdir()
    trained.save(tmp_path / "old.keras")
    assert (tmp_path / "old.keras" / "model.json").exists()
    keras.models.load_model(tmp_path / "old.keras")


def _zip(path, entries, compression=zipfile.ZIP_STORED):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")     # of a name twice
        for name, data in entries:
            archive.writestr(name, data)


@pytest.mark.parametrize("change, message", [
    (lambda e, p: _zip(p, e, zipfile.ZIP_DEFLATED), "compressed"),
    (lambda e, p: _zip(p, [*e, ("../evil.json", b"{}")]), "has no '../evil.json'"),
    (lambda e, p: _zip(p, [*e, ("/etc/evil", b"{}")]), "has no '/etc/evil'"),
    (lambda e, p: _zip(p, [*e, e[0]]), "twice"),
    (lambda e, p: _zip(p, [(n, d[:-9] + b"123456789") for n, d in e]), "damaged"),
    (lambda e, p: _zip(p, e[1:]), "model.json"),
    (lambda e, p: p.write_bytes(p.read_bytes()[:-30]), "damaged, or no archive"),
    (lambda e, p: p.write_bytes(b"PK\3\4" + bytes(100)), "damaged, or no archive"),
    (lambda e, p: p.write_bytes(b""), "damaged, or no archive"),
    (lambda e, p: _zip(p, [("config.json", b"{}"), ("model.weights.h5", b"")]), "config.json: it describes no model")])
def test_archives_are_read_with_suspicion(change, message, trained, tmp_path):
    path = tmp_path / "m.keras"
    trained.save(path)
    with zipfile.ZipFile(path) as archive:
        change([(name, archive.read(name)) for name in archive.namelist()], path)
    with pytest.raises(Failure, match=message) as error:
        keras.models.load_model(path)
    assert str(path) in str(error.value) and os.listdir(tmp_path) == ["m.keras"]


def test_entries_on_top_of_each_other_are_refused(trained, tmp_path):
    """Each of a thousand entries of the directory may be as large as all the rest of the archive."""
    path, spaces = tmp_path / "m.keras", []
    inner = b"x" * 5000
    for k in range(3):                      # each entry's data is what follows: the headers and data of the others
        name = f"weights-{2 - k:016x}.safetensors"
        made = tmp_path / "one"
        _zip(made, [(name, inner)])
        with zipfile.ZipFile(made) as archive:
            spaces.append(made.read_bytes()[archive.start_dir:archive.start_dir + 46 + len(name)])
            inner = made.read_bytes()[:archive.start_dir]
    at, directory = 0, b""
    for space in reversed(spaces):          # the outermost lies at 0, the next behind its header, and so on
        directory += space[:42] + at.to_bytes(4, "little") + space[46:]
        at += 30 + len(space) - 46
    end = b"PK\5\6" + bytes(4) + b"\3\0\3\0" + len(directory).to_bytes(4, "little") + len(inner).to_bytes(
        4, "little") + bytes(2)
    path.write_bytes(inner + directory + end)
    with zipfile.ZipFile(path) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) > 15_000
    with pytest.raises(Failure, match="lie on top of each other"):
        keras.models.load_model(path)


# -- Keras' weights ----------------------------------------------------------------------------------------------------
def recurrent():
    x = keras.Input((6,), dtype="int32")
    h = layers.LSTM(4, return_sequences=True)(layers.Embedding(20, 5)(x))
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True))(h)
    s = layers.SimpleRNN(2, return_sequences=True)(h)
    h = layers.LayerNormalization()(layers.Concatenate()([s, layers.MultiHeadAttention(2, 3)(h, h)]))
    return keras.Model(x, layers.GlobalAveragePooling1D()(layers.TimeDistributed(layers.Dense(3))(h)))


def test_weights_in_keras_form_come_back(trained, tmp_path):
    h5py = pytest.importorskip("h5py")
    for made in (trained, recurrent()):
        made.save_weights(tmp_path / "w.weights.h5")
        twin = keras.models.clone_model(made)
        assert not all(map(np.array_equal, twin.get_weights(), made.get_weights()))
        twin.load_weights(tmp_path / "w.weights.h5")
        assert all(map(np.array_equal, twin.get_weights(), made.get_weights()))
    with h5py.File(tmp_path / "w.weights.h5") as file:
        assert file["layers/lstm/cell/vars/1"].shape == (4, 16)
        assert file["layers/multi_head_attention/output_dense/vars/0"].shape == (2, 3, 6)
        assert "layers/bidirectional/backward_layer/cell/vars/2" in file and "layers/time_distributed/layer" in file


def test_weight_files_are_read_with_suspicion(trained, tmp_path):
    h5py = pytest.importorskip("h5py")
    path, before = tmp_path / "w.weights.h5", trained.get_weights()

    def refused(change, message):
        trained.save_weights(path)
        with h5py.File(path, "a") as file:
            change(file)
        with pytest.raises(Failure, match=message):
            trained.load_weights(path)
        assert all(map(np.array_equal, trained.get_weights(), before))

    def put(file, **how):
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", **how)
    refused(lambda f: f.pop("layers/dense/vars/1"), "layers/dense/vars/1 is missing")
    refused(lambda f: f.create_dataset("layers/dense_2/vars/0", data=1.0), "'layers/dense_2/vars/0' is left over")
    refused(lambda f: put(f, shape=(3, 4), dtype="f4"), r"\(3, 4\), and should be numbers \(4, 3\)")
    refused(lambda f: put(f, data=[b"x"] * 12), "should be numbers")
    refused(lambda f: put(f, shape=(4, 3), dtype="f4", external=[("elsewhere", 0, 48)]), "lies in another file")
    refused(lambda f: f.__setitem__("more", h5py.ExternalLink("other.h5", "/")), "is a link")
    refused(lambda f: f.__setitem__("layers/again", h5py.SoftLink("/layers")), "is a link")
    refused(lambda f: f.__setitem__("layers/dense/again", f["layers"]), "has a place already")
    refused(lambda f: f.__setitem__("type", np.dtype("f4")), "'type' is a type")

    def twice(file):                        # 2^30 paths
        for k in range(30):
            file[f"{'b/' * k}c"] = file.create_group("b/" * k + "b")
    refused(twice, "has a place already")
    trained.save_weights(path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(Failure, match="damaged"):
        trained.load_weights(path)


@pytest.mark.peers
@pytest.mark.parametrize("seed", range(6))
def test_keras_reads_our_weights_and_we_read_those_of_keras(seed, tmp_path):
    """Graphs by chance, with shared layers, in which many layers have one form: only their order tells them apart."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    theirs = pytest.importorskip("keras")

    def built(keras):
        rng, layers = np.random.default_rng(seed), keras.layers
        tensors = [keras.Input((3,)) for _ in range(1 + seed % 2)]
        inputs, shared = list(tensors), layers.Dense(3)
        for _ in range(8):
            x = tensors[rng.integers(len(tensors))]
            more = [layers.Dense(3)(x), shared(x), x * 2.0, layers.add([x, layers.Dense(3)(x)])]
            tensors.append(more[rng.integers(4)])
        return keras.Model(inputs, layers.add(tensors[len(inputs):]))
    here, there, rng = built(keras), built(theirs), np.random.default_rng(seed)
    x = [rng.random((2, 3)).astype(np.float32) for _ in here.inputs]
    for written, read in ((there, here), (here, there)):
        written.set_weights([rng.random(w.shape) for w in written.get_weights()])
        written.save_weights(tmp_path / "w.weights.h5")
        read.load_weights(tmp_path / "w.weights.h5")
        np.testing.assert_allclose(here.predict(x, verbose=0), there.predict(x, verbose=0), rtol=1e-4)
    there.set_weights([rng.random(w.shape) for w in there.get_weights()])
    there.save(tmp_path / "m.keras")
    here.load_weights(tmp_path / "m.keras")
    np.testing.assert_allclose(here.predict(x, verbose=0), there.predict(x, verbose=0), rtol=1e-4)


# -- clones, JSON, registered classes ----------------------------------------------------------------------------------
def test_a_clone_has_the_form_and_other_weights(trained):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="inner")
    outer = keras.Sequential([inner, layers.Dense(1)], name="outer")
    outer.build((None, 4))
    for made in (trained, outer, recurrent()):
        clone = keras.models.clone_model(made)
        if not clone.built:
            clone.build((None, 4))
        assert [w.shape for w in clone.weights] == [w.shape for w in made.weights]
        assert [layer.name for layer in clone.layers] == [layer.name for layer in made.layers]
        assert not {id(w) for w in clone.weights} & {id(w) for w in made.weights}
    frozen = keras.models.clone_model(outer, clone_function=lambda layer: layers.Dense(2))
    frozen.build((None, 4))
    assert [layer.units for layer in frozen.layers] == [2, 2]


def test_json_holds_the_form(trained):
    text = trained.to_json(indent=1)
    again = keras.models.model_from_json(text)
    assert [w.shape for w in again.weights] == [w.shape for w in trained.weights] and again.optimizer is None
    again.set_weights(trained.get_weights())
    assert np.array_equal(again.predict(X, verbose=0), trained.predict(X, verbose=0))
    for bad in ("{", "[]", "3", json.dumps({"format": "other", "model": {"class": "x", "config": {}}, "input": None}),
                text.replace("keras.layers.Dense", "os.system"), text.replace('"units": 3', '"units": -3')):
        with pytest.raises((Failure, ValueError), match="model_from_json|not part of minigrad"):
            keras.models.model_from_json(bad)


def test_registered_classes_need_no_custom_objects(tmp_path):
    @keras.saving.register_keras_serializable(package="mine")
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

    @keras.utils.register_keras_serializable()
    def halved(x):
        return x / 2
    made = keras.Sequential([keras.Input((4,)), Twice(), layers.Activation(halved)])
    made.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict(X, verbose=0), X) and type(again.layers[0]) is Twice
    keras.saving.get_custom_objects().clear()
    with pytest.raises(ValueError, match="Twice is not part of minigrad"):
        keras.models.load_model(tmp_path / "m.keras")
    with keras.saving.custom_object_scope({"Twice": Twice, "halved": halved}):
        keras.models.load_model(tmp_path / "m.keras")

    @keras.saving.register_keras_serializable()
    class Dense(layers.Dense):              # a name of minigrad's: files that mean its own get its own
        pass
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    plain.save(tmp_path / "plain.keras")
    assert type(keras.models.load_model(tmp_path / "plain.keras").layers[0]) is layers.Dense
    keras.saving.get_custom_objects().clear()


def test_a_model_of_a_configuration_has_weights_of_its_own(trained):
    x = keras.Input((4,))
    shared = layers.Dense(4)
    for model in (trained, keras.Model(x, shared(shared(x))), keras.Sequential([trained, layers.Dense(2)])):
        model(X)
        again = type(model).from_config(model.get_config())
        again(X)
        assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
        assert not {id(w) for w in again.weights} & {id(w) for w in model.weights}
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_weights_that_fit_are_read_where_others_do_not(tmp_path):
    pytest.importorskip("h5py")
    one, other = (keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(n)]) for n in (5, 7))
    for name in ("w.weights.h5", "w.safetensors"):
        one.save_weights(tmp_path / name)
        other.set_weights([np.zeros(w.shape) for w in other.weights])
        with pytest.raises(Failure):
            other.load_weights(tmp_path / name)
        with pytest.warns(UserWarning, match=r"nothing that fits layers\.1\.kernel, layers\.1\.bias"):
            other.load_weights(tmp_path / name, skip_mismatch=True)
        assert np.array_equal(other.weights[0], one.weights[0]) and not np.any(other.weights[2].numpy())


def test_an_initializer_in_the_configuration_of_a_layer_of_ones_own(tmp_path):
    class Own(layers.Layer):
        def __init__(self, initializer="he_normal", **kwargs):
            super().__init__(**kwargs)
            self.initializer = keras.initializers.get(initializer)

        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", (input_shape[-1], 2), self.initializer)

        def call(self, x):
            return x @ self.kernel

        def get_config(self):
            return {**super().get_config(), "initializer": keras.initializers.serialize(self.initializer)}
    model = keras.Sequential([keras.Input((4,)), Own(keras.initializers.RandomNormal(stddev=0.5))])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Own": Own})
    assert again.layers[0].initializer.stddev == 0.5 and np.array_equal(again(X), model(X))
    with pytest.raises(ValueError, match="where a initializer is wanted"):
        keras.initializers.get(keras.saving.serialize_keras_object(layers.Dense(2)))


def test_what_compile_was_given_for_several_outputs_comes_back(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, {"a": layers.Dense(1, name="a")(x), "b": layers.Dense(2, name="b")(x)})
    rows, y = np.ones((4, 3), np.float32), {"a": np.zeros((4, 1)), "b": np.zeros((4, 2))}
    for how in ({"loss_weights": {"a": 0.25, "b": 3.0}, "metrics": {"b": ["mae", "mse"]}},
                {"loss_weights": [2.0, 1.0], "metrics": ["mae", "mse"]}):
        model.compile("sgd", {"a": "mse", "b": "mae"}, **how)
        model.save(tmp_path / "m.keras")
        again = keras.models.load_model(tmp_path / "m.keras")
        here, there = (m.evaluate(rows, y, verbose=0, return_dict=True) for m in (model, again))
        assert here == there and len(here) >= 5
    model.compile("sgd", "mse", metrics="mae")
    with pytest.raises(ValueError, match="mae is for one output, but the model has a, b"):
        model.evaluate(rows, y, verbose=0)
