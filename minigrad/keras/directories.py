"""Data sets from folders and long arrays, as batches for fit: images, texts, windows of a series; and single images.

    pets/cats/1.jpg  pets/cats/2.jpg  pets/dogs/1.jpg  ...
    train, val = image_dataset_from_directory("pets", validation_split=0.2, subset="both", seed=1)
    train.class_names                       # ["cats", "dogs"]

What they return are data.Datasets of arrays.  Files are read when their batch comes; images by Pillow, which matplotlib
brings along, so whatever that can read in the formats below, videos and raw formats of cameras not.
"""
import io
import random
from pathlib import Path

import numpy as np

from ..data.loading import one_hot
from ..data.pipeline import Dataset
from ..engine.trees import tree_map
from ..support.arguments import one_of, shown, whole
from ..support.errors import Failure
from ..support.explaining import explained
from ..support.files import atomic_write
from ..support.reading import read_bytes, read_text
from .layers.preparing import Resizing

IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}


# -- single images -----------------------------------------------------------------------------------------------------
@explained
def load_img(path, color_mode="rgb", target_size=None, interpolation="nearest", keep_aspect_ratio=False):
    """An image file as a PIL image, in "rgb", "rgba" or "grayscale", in its size or in target_size (height, width).

    keep_aspect_ratio   cut the middle to the shape of target_size first
    """
    from PIL import Image, ImageOps, UnidentifiedImageError
    one_of("load_img: color_mode", color_mode, tuple(MODES))
    how = getattr(Image.Resampling, str(interpolation).upper(), None)
    if how is None:
        raise ValueError(f'load_img: interpolation must be "nearest", "bilinear", "bicubic", "lanczos", "box" or '
                         f'"hamming", not {shown(interpolation)}')
    try:
        image = Image.open(io.BytesIO(read_bytes(path))).convert(MODES[color_mode])
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, OSError) as error:
        raise Failure(f"{path} is damaged, or no image that Pillow reads ({error})") from error
    if target_size is None:
        return image
    height, width = (whole("load_img: target_size", n) for n in target_size)
    return ImageOps.fit(image, (width, height), how) if keep_aspect_ratio else image.resize((width, height), how)


@explained
def img_to_array(img, data_format=None, dtype=None):
    """An image as an array (height, width, channels) of float32, from 0 to 255; channels first if data_format says."""
    array = np.asarray(img, dtype or "float32")
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(f"img_to_array: an image has 2 or 3 axes, not shape {array.shape}")
    return array.transpose(2, 0, 1) if data_format == "channels_first" else array


@explained
def array_to_img(x, data_format=None, scale=True, dtype=None):
    """An array (height, width, channels) as a PIL image; scale stretches its numbers to 0 ... 255 first."""
    from PIL import Image
    array = np.asarray(getattr(x, "_data", x), dtype or "float32")
    if array.ndim != 3:
        raise ValueError(f"array_to_img: an image is (height, width, channels), not {array.shape}")
    array = array.transpose(1, 2, 0) if data_format == "channels_first" else array
    if scale:
        array = array - array.min()
        array = array / (array.max() or 1) * 255
    if array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"array_to_img: an image has 1, 3 or 4 channels, not {array.shape[-1]}")
    return Image.fromarray(array.astype(np.uint8)[..., 0] if array.shape[-1] == 1 else array.astype(np.uint8))


@explained
def save_img(path, x, data_format=None, file_format=None, scale=True, **kwargs):
    """Write an array as an image file, in the format that its name says; all of it or nothing."""
    from PIL import Image
    kind = file_format or Image.registered_extensions().get(Path(path).suffix.lower())
    if kind is None:
        raise ValueError(f"save_img: {path} doesn't end as images do; give it a name such as picture.png")
    with atomic_write(path) as file:
        array_to_img(x, data_format, scale).save(file, kind, **kwargs)


# -- folders -----------------------------------------------------------------------------------------------------------
class _Files:
    """The files of a folder, in order, with their labels: what a data set of them is made of."""

    def __init__(self, directory, labels, label_mode, class_names, endings, follow_links=False):
        root = Path(directory)
        if not root.is_dir():
            raise Failure(f"{root} is no folder")
        one_of("label_mode", label_mode, ("int", "categorical", "binary", None))
        if isinstance(labels, str):
            one_of("labels", labels, ("inferred",))
            found = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
            self.class_names = found if class_names is None else list(class_names)
            if class_names is not None and set(class_names) != set(found):
                raise ValueError(f"class_names {shown(class_names)} are not the folders of {root}: {', '.join(found)}")
            pairs = [(path, number) for number, name in enumerate(self.class_names)
                     for path in _below(root / name, endings, follow_links)]
        else:
            paths, self.class_names = _below(root, endings, follow_links), class_names
            labels = [0] * len(paths) if labels is None else list(labels)
            if len(labels) != len(paths):
                raise ValueError(f"{len(labels)} labels for {len(paths)} files of {root}")
            pairs = list(zip(paths, labels))
        if not pairs:
            raise ValueError(f"there are no files of {', '.join(endings)} in {root}")
        classes = len(self.class_names or set(label for _, label in pairs))
        if label_mode == "binary" and classes != 2:
            raise ValueError(f'label_mode "binary" is for two classes; {root} has {classes}')
        self.paths, self.mode = [path for path, _ in pairs], label_mode
        self.labels = np.array([label for _, label in pairs], np.int32)
        if label_mode == "binary":
            self.labels = self.labels.astype(np.float32)[:, None]
        elif label_mode == "categorical":
            self.labels = one_hot(self.labels, classes)

    def say(self):
        print(f"Found {len(self.paths)} files" + (f" of {len(self.class_names)} classes." if self.class_names else "."))

    def dataset(self, read, batch_size, shuffle, seed, validation_split, subset):
        """The Dataset, or with subset="both" two: read(path) is an array or a text, batches are stacked."""
        both = (None, "training", "validation", "both")
        one_of("subset", subset, both)
        if (validation_split is None) != (subset is None):
            raise ValueError("validation_split and subset go together")
        if validation_split is not None and not 0 < validation_split < 1:
            raise ValueError(f"validation_split must lie between 0 and 1, not {shown(validation_split)}")
        if subset in ("training", "validation") and shuffle and seed is None:
            raise ValueError("give a seed, so that training and validation share no file; or shuffle=False")
        seed = random.SystemRandom().getrandbits(31) if seed is None else whole("seed", seed, 0)
        order = np.arange(len(self.paths))
        if shuffle:
            np.random.RandomState(seed).shuffle(order)
        held = int(len(order) * (validation_split or 0))
        parts = {"training": order[:len(order) - held], "validation": order[len(order) - held:], None: order}
        chosen = ["training", "validation"] if subset == "both" else [subset]
        if not all(len(parts[name]) for name in chosen):
            raise ValueError(f"validation_split={validation_split} of {len(order)} files leaves one part without any")
        made = [self._of(parts[name], read, batch_size, seed if shuffle else None) for name in chosen]
        return made if subset == "both" else made[0]

    def _of(self, rows, read, batch_size, seed):
        size = 1 if batch_size is None else whole("batch_size", batch_size)

        def make(epoch):
            order = rows if seed is None else np.random.default_rng([seed, epoch]).permutation(rows)
            for first in range(0, len(order), size):
                some = order[first:first + size]
                x, y = np.stack([read(self.paths[i]) for i in some]), self.labels[some]
                x, y = (x[0], y[0]) if batch_size is None else (x, y)
                yield x if self.mode is None else (x, y)
        made = Dataset(make, -(-len(rows) // size))
        made.class_names, made.file_paths = self.class_names, [str(self.paths[i]) for i in rows]
        return made


def _below(root, endings, follow_links):
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in endings and path.is_file()
                  and (follow_links or not path.is_symlink()))


@explained
def image_dataset_from_directory(directory, labels="inferred", label_mode="int", class_names=None, color_mode="rgb",
                                 batch_size=32, image_size=(256, 256), shuffle=True, seed=None, validation_split=None,
                                 subset=None, interpolation="bilinear", follow_links=False, crop_to_aspect_ratio=False,
                                 *, verbose=True):
    """Batches (images, labels) of the images below a folder, which has a folder for each class.

    label_mode      "int": class numbers; "categorical": one-hot; "binary": 0.0 and 1.0, (n, 1); None: images alone
    labels          or the labels of all files, in the order of their names; None: there are none
    image_size      (height, width) that all are resized to, as layers.Resizing does; numbers stay from 0 to 255
    validation_split, subset    the last part of the (shuffled) files is kept for validation: "training",
                    "validation", or "both", which returns the two
    """
    one_of("color_mode", color_mode, tuple(MODES))
    files = _Files(directory, labels, None if labels is None else label_mode, class_names, IMAGES, follow_links)
    resize = Resizing(*image_size, interpolation=interpolation, crop_to_aspect_ratio=crop_to_aspect_ratio)

    def read(path):
        return resize(img_to_array(load_img(path, color_mode))[None]).numpy()[0]
    if verbose:
        files.say()
    return files.dataset(read, batch_size, shuffle, seed, validation_split, subset)


@explained
def text_dataset_from_directory(directory, labels="inferred", label_mode="int", class_names=None, batch_size=32,
                                max_length=None, shuffle=True, seed=None, validation_split=None, subset=None,
                                follow_links=False, *, verbose=True):
    """Batches (texts, labels) of the .txt files below a folder, the rest as image_dataset_from_directory.

    max_length      how many characters of a text are kept
    """
    files = _Files(directory, labels, None if labels is None else label_mode, class_names, (".txt",), follow_links)

    def read(path):
        return np.array(read_text(path)[:max_length], object)
    if verbose:
        files.say()
    return files.dataset(read, batch_size, shuffle, seed, validation_split, subset)


# -- series ------------------------------------------------------------------------------------------------------------
@explained
def timeseries_dataset_from_array(data, targets, sequence_length, sequence_stride=1, sampling_rate=1, batch_size=128,
                                  shuffle=False, seed=None, start_index=None, end_index=None):
    """Batches of windows of a series: window i is data[i], data[i + sampling_rate], ..., its target targets[i].

    data            (time, ...);   targets  (time, ...), or None: windows alone
    sequence_length steps of a window;  sequence_stride     from the beginning of one window to that of the next
    start_index, end_index  the part of the series to take windows from; batch_size=None: single windows
    """
    data, size = np.asarray(data), 1 if batch_size is None else batch_size
    start, end = start_index or 0, len(data) if end_index is None else end_index
    for name, n in (("batch_size", size), ("sequence_length", sequence_length), ("sequence_stride", sequence_stride),
                    ("sampling_rate", sampling_rate)):
        whole(f"timeseries_dataset_from_array: {name}", n)
        if n >= len(data) and name != "batch_size":
            raise ValueError(f"timeseries_dataset_from_array: {name} {n} must be below the {len(data)} rows")
    if not 0 <= start < end <= len(data):
        raise ValueError(f"timeseries_dataset_from_array: from {start} to {end} there is nothing of {len(data)} rows")
    data, count = data[start:end], end - start - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)[start:end]
        count = min(count, len(targets))
    if count < 1:
        raise ValueError(f"timeseries_dataset_from_array: no window of {sequence_length} rows, {sampling_rate} apart, "
                         f"fits into rows {start} to {end}" + (" and has a target" if targets is not None else ""))
    first = np.arange(0, count, sequence_stride)
    seed = random.SystemRandom().getrandbits(31) if seed is None else whole("seed", seed, 0)

    def make(epoch):
        order = np.random.default_rng([seed, epoch]).permutation(first) if shuffle else first
        for i in range(0, len(order), size):
            rows = order[i:i + size]
            windows = data[rows[:, None] + np.arange(sequence_length) * sampling_rate]
            batch = windows if targets is None else (windows, targets[rows])
            yield tree_map(lambda part: part[0], batch) if batch_size is None else batch
    return Dataset(make, -(-len(first) // size))
