"""Saved models and training runs: a folder with a JSON file, and safetensors files that it names by their content.

    model/model.json                            the architecture, how it was compiled, and the names of the others
    model/weights-1f0c9a....safetensors         {"layers.0.kernel": array, ...}, readable by any safetensors reader
    model.keras                                 the same as one file (archive.py)

Arrays are written first, under a name made from their SHA-256, then the JSON takes the old one's place in one step,
then what no file names any more is removed.  A kill -9 between any two of these leaves a folder that reads as before
or after, never as a mixture.  One process writes at a time (support/locks.py), and one that reads meanwhile, and finds
that a file has been replaced, reads again.

Nothing is pickled: reading a file runs no code from it.  What it says is checked first for its form (MODEL below), then
against the classes that it may name (serialization.py), then against the sizes of its weights (layers/budget.py).
"""
import hashlib
import json
import math
import re
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..engine import backend
from ..engine.tensor import Tensor
from ..support import files
from ..support.arguments import one_line, shown
from ..support.errors import Failure
from ..support.explaining import explained
from ..support.files import atomic_write
from ..support.locks import locked
from ..support.reading import form, opened, read_bytes, read_json
from .archive import KERAS, is_archive, keras_parts, packing, unpacked
from .serialization import (
    Unlisted,
    custom_object_scope as custom_object_scope,
    from_config as deserialize_keras_object,
    from_fields,
    get_custom_objects as get_custom_objects,
    register_keras_serializable as register_keras_serializable,
    to_config as serialize_keras_object,
)

VERSION = 2         # of the format: 2 names classes by their public names, 1 (minigrad 0.1.0) by modules of that time


def file_name(value):
    """the name of a safetensors file beside it"""
    return isinstance(value, str) and value.endswith(".safetensors") and "\0" not in value


def digest(value):
    """a SHA-256, 64 hexadecimal digits"""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def digest_of(tree):
    """The SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def input_kind(value):
    """a kind of input such as "float32[28, 28, 1]", or a list or dict of them"""
    if isinstance(value, (list, dict)):
        return all(map(input_kind, value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str) and re.fullmatch(
        r"(bool|u?int(8|16|32|64)|float(16|32|64))\[(\d{1,10}(, ?\d{1,10}){0,31})?\]", value) is not None


ENTRY = {"file": file_name, "sha256": digest}
FOLDER = {"files": {str: ENTRY}}            # the form of every such JSON file
COMPILE = {"optimizer": (dict, str), "loss": (None, str, dict, list), "loss_weights?": (None, dict, list, float),
           "metrics": (None, str, dict, list), "weighted_metrics": (None, str, dict, list)}
MODEL = {"model": {"class": str, "config": dict}, "input": input_kind, "frozen": [str],
         "compile": (None, COMPILE | {"state": list}), "files": {"weights": ENTRY, "training?": ENTRY}}


def write_folder(folder, name, description, **groups):
    """Write {group: {array name: array}} and a JSON-able description to folder, as name.json; all or nothing."""
    if not files.writes:
        return
    folder, named = Path(folder), {}
    if folder.exists() and not folder.is_dir():
        raise Failure(f"can't write to {folder}: it is a file, and a folder is needed")
    with locked(folder, wait=60):
        for group, arrays in groups.items():
            data = _to_bytes(arrays)
            digest = hashlib.sha256(data).hexdigest()
            named[group] = {"file": f"{group}-{digest[:16]}.safetensors", "sha256": digest}
            with atomic_write(folder / named[group]["file"]) as file:
                file.write(data)
        with atomic_write(folder / f"{name}.json", "w") as file:
            json.dump({"format": f"minigrad {name}", "version": VERSION, "files": named} | description, file, indent=1)
        for group in groups:
            _remove_arrays(folder, group, but=named[group]["file"])
        for left in folder.glob(".*.tmp"):  # of a process that was killed: nobody else writes here now
            if re.fullmatch(rf"\.({name}\.json|({'|'.join(groups)})-\w+\.safetensors)\.[0-9a-f]{{8}}\.tmp", left.name):
                left.unlink(missing_ok=True)


def _remove_arrays(folder, group, but=None):
    for file in folder.glob(f"{group}-*.safetensors"):
        if file.name != but and re.fullmatch(rf"{group}-[0-9a-f]{{16}}\.safetensors", file.name):
            file.unlink(missing_ok=True)


def remove_folder(folder, name):
    """Remove what write_folder wrote, and the folder if nothing else is in it."""
    path = Path(folder) / f"{name}.json"
    if files.writes and path.exists():
        try:
            groups = form(read_json(path), FOLDER, path)["files"]
        except Failure:                     # damaged, and not wanted any more
            groups = {}
        path.unlink()
        for group in groups:
            _remove_arrays(path.parent, group)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def read_folder(folder, name, wanted, groups):
    """(description, {group: {array name: array}}) as write_folder wrote them; Failure if any is missing or damaged.

    wanted      the form that the description must have;  groups    those to read, of what there are
    """
    path = Path(folder) / f"{name}.json"
    for attempt in range(100):
        description = _read_description(path)
        try:
            return _read_files(path, name, description, wanted, groups)
        except Failure as error:            # because another process has replaced it meanwhile?
            missing = isinstance(error.__cause__, FileNotFoundError)
            if not missing or attempt == 99 or _read_description(path) == description:
                raise


def _read_files(path, name, description, wanted, groups):
    if not isinstance(description, dict) or description.get("format") != f"minigrad {name}":
        raise Failure(f"{path} is not a minigrad {name}")
    if type(description.get("version")) is not int or not 1 <= description["version"] <= VERSION:
        raise Failure(f"{path} has version {shown(description.get('version'))}; this minigrad reads 1 to {VERSION}")
    form(description, FOLDER | wanted, path)
    return description, {group: read_arrays(path.parent / Path(entry["file"]).name, entry["sha256"])
                         for group, entry in description["files"].items() if group in groups}


def _read_description(path):
    try:
        return read_json(path)
    except Failure as error:
        if isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)):
            raise Failure(f"nothing is saved at {path.parent}: there is no {path.name} in it") from None
        raise


# -- arrays ----------------------------------------------------------------------------------------------------------
def _to_bytes(arrays):
    from safetensors.numpy import save
    return save({name: np.asarray(backend.to_numpy(getattr(a, "_data", a)), order="C") for name, a in arrays.items()})


def write_arrays(path, arrays):
    """Write {name: array} as one safetensors file, whole or not at all."""
    if files.writes:
        with atomic_write(path) as file:
            file.write(_to_bytes(arrays))


def read_arrays(path, sha256=None):
    """{name: array} from a safetensors file; Failure if it is missing, truncated, foreign, or not of this SHA-256."""
    from safetensors import SafetensorError
    from safetensors.numpy import load
    data = read_bytes(path)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise Failure(f"{path} is damaged: its content is not what was written")
    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:     # KeyError: a dtype that NumPy lacks
        raise Failure(f"{path} is truncated, or not a safetensors file of NumPy's types ({error})") from None


def pack(tree, arrays, path="state"):
    """A tree as JSON can hold it, its arrays moved to the dict `arrays` under the names of their places."""
    if isinstance(tree, dict):
        return {key: pack(value, arrays, f"{path}.{key}") for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [pack(value, arrays, f"{path}.{i}") for i, value in enumerate(tree)]
    if tree is None or isinstance(tree, (bool, int, str)) or type(tree) is float:
        return tree
    arrays[path] = tree._data if isinstance(tree, Tensor) else tree
    return {"scalar" if isinstance(tree, np.generic) else "array": path}


def unpack(tree, arrays):
    """The tree that pack was given; tuples have become lists, Tensors arrays."""
    if isinstance(tree, list):
        return [unpack(value, arrays) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() in ({"array"}, {"scalar"}):
        (kind, path), = tree.items()
        if not isinstance(path, str) or path not in arrays:
            raise ValueError(f"it names an array {shown(path)}, which isn't there")
        return arrays[path][()] if kind == "scalar" else arrays[path]
    return {key: unpack(value, arrays) for key, value in tree.items()}


# -- models ----------------------------------------------------------------------------------------------------------
def save_model(model, filepath, overwrite=True):
    """Write a model: what it is, its weights, how it was compiled, and the state of its optimizer.

    To a folder, or as one file if the name ends in .keras.  overwrite=False refuses a place where something is.
    """
    if not overwrite and Path(filepath).exists():
        raise ValueError(f"save: {filepath} is there already")
    if is_archive(filepath):
        with packing(filepath) as folder:
            return save_model(model, folder)
    folder = filepath
    if not model.built:
        raise ValueError(f"{model.name} has no weights to save yet: fit it, call it, or model.build(input_shape) first")
    training, compiled = {}, None
    if model.optimizer is not None:
        compiled = serialize_keras_object(model.compile_arguments, f"compile of {model.name}")
        compiled["state"] = pack(model.optimizer.state(), training)
    frozen = [path for path, layer in _layers(model).items() if not layer.trainable]
    description = {"model": serialize_keras_object(model), "input": model._input_kind, "frozen": frozen,
                   "compile": compiled}
    groups = {"weights": model.named_weights()} | ({"training": training} if compiled else {})
    write_folder(folder, "model", description, **groups)


@explained
def load_model(filepath, custom_objects=None, compile=True):
    """The model that model.save(filepath) wrote, here or in Keras 3; compiled as it was, and, of one that was written
    here, with its optimizer's state.

    custom_objects  {name: class or function} for what is not part of minigrad
    compile         False leaves the model uncompiled: enough to predict with
    Raises errors.Failure for what is missing, damaged or foreign, ValueError for a custom class that was not passed.
    """
    from . import architecture, hdf5
    from .layers.budget import limited_to
    from .layers.inputs import dry_run
    if Path(filepath).is_file():
        with opened(filepath) as (file, _):
            if file.read(8) == hdf5.MAGIC:
                raise Failure(f"{filepath} is an HDF5 file: make the model here, and read its weights by "
                              "model.load_weights(path); or save it in Keras 3 as name.keras")
        if parts := keras_parts(filepath):
            before = backend.rng_state()
            try:
                return architecture.load(filepath, parts, custom_objects, compile, naming, _assign)
            finally:
                backend.set_rng_state(before)
        with unpacked(filepath) as folder:
            return load_model(folder, custom_objects, compile)
    folder, path = filepath, Path(filepath) / "model.json"
    description, groups = read_folder(folder, "model", MODEL, ("weights", "training") if compile else ("weights",))
    before, weights = backend.rng_state(), groups["weights"]
    try:
        with naming(path), limited_to(sum(math.prod(array.shape) for array in weights.values())):
            model = deserialize_keras_object(description["model"], custom_objects, "layer", "model")
            dry_run(model, description["input"])
        _assign(model, weights, path.parent / Path(description["files"]["weights"]["file"]).name)
    finally:
        backend.set_rng_state(before)       # a layer may have drawn something
    for place, layer in _layers(model).items():
        if place in description["frozen"]:
            layer.trainable = False
    if compile and description["compile"] is not None:
        with naming(path):
            settings = {name: value for name, value in description["compile"].items()
                        if {name, f"{name}?"} & COMPILE.keys()}
            model.compile(**from_fields(settings, custom_objects, "compile"))
            model.optimizer.load_state(unpack(description["compile"]["state"], groups.get("training", {})))
    return model


@contextmanager
def naming(path):
    """Whatever goes wrong in this block does because of the file: a Failure that names it."""
    try:
        yield
    except (Failure, Unlisted):
        raise
    except Exception as error:
        raise Failure(f"{path}: {one_line(error)}") from error


def load_weights(model, filepath, skip_mismatch=False):
    """Read weights from what save or save_weights wrote, here or in Keras.  On any error nothing changes."""
    path = Path(filepath)
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet, so it isn't known which to read: build(input_shape) first")
    arrays, named = _arrays_of(model, path, skip_mismatch), model.named_weights()
    if skip_mismatch:
        fits = {name: a for name, a in arrays.items() if name in named and np.shape(a) == named[name].shape}
        if left := [name for name in named if name not in fits]:
            warnings.warn(f"{path}: it has nothing that fits {', '.join(left)}: left as it was", stacklevel=4)
        arrays = {name: w.numpy() for name, w in named.items()} | fits
    _assign(model, arrays, path)


def _arrays_of(model, path, partly=False):
    """{name: array} from a folder or an archive of minigrad's, a safetensors file, or a file of Keras'."""
    if path.is_dir():
        return read_folder(path, "model", MODEL, ("weights",))[1]["weights"]
    from . import hdf5
    with opened(path) as (file, _):
        head = file.read(8)
    parts = {KERAS: read_bytes(path)} if head == hdf5.MAGIC else head[:4] == b"PK\3\4" and keras_parts(path)
    if parts:
        return hdf5.read(parts[KERAS], model, path, partly)
    if head[:4] == b"PK\3\4":
        with unpacked(path) as folder:
            return _arrays_of(model, folder, partly)
    return read_arrays(path)


def save_weights(model, filepath, overwrite=True):
    """Write the weights alone: as one safetensors file, or, if the name ends in .h5, as Keras does."""
    if not model.built:
        raise ValueError(f"{model.name} has no weights to save yet")
    if not overwrite and Path(filepath).exists():
        raise ValueError(f"save_weights: {filepath} is there already")
    if not str(filepath).endswith(".h5"):
        write_arrays(filepath, model.named_weights())
    elif files.writes:
        from . import hdf5
        hdf5.write(filepath, model)


def _layers(model):
    """{path: layer} of the model itself and of all below."""
    return {"": model} | {path: part for path, part, _ in model.walk() if not isinstance(part, Tensor)}


def _assign(model, arrays, path):
    try:
        model.assign(arrays, source=str(path))
    except ValueError as error:
        raise Failure(str(error)) from None
