"""Saved models and training runs: a folder with a JSON file, and safetensors files that it names by their content.

    model/model.json                            the architecture, how it was compiled, and the names of the others
    model/weights-1f0c9a....safetensors         {"layers.0.kernel": array, ...}, readable by any safetensors reader

Arrays are written first, under a name made from their SHA-256, then the JSON takes the old one's place in one step,
then what no file names any more is removed.  A kill -9 between any two of these leaves a folder that reads as before
or after, never as a mixture.  Nothing is pickled: reading a file runs no code from it.
"""
import hashlib
import json
import re
from pathlib import Path

import numpy as np

from ..engine import backend
from ..engine.tensor import Tensor
from ..support import files
from ..support.errors import Failure
from ..support.files import atomic_write

VERSION = 2         # of the format: 2 names classes by their public names, 1 (minigrad 0.1.0) by modules of that time


def write_folder(folder, name, description, **groups):
    """Write {group: {array name: array}} and a JSON-able description to folder, as name.json; all or nothing."""
    if not files.writes:
        return
    folder, named = Path(folder), {}
    if folder.exists() and not folder.is_dir():
        raise Failure(f"can't write to {folder}: it is a file, and a folder is needed")
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


def _remove_arrays(folder, group, but=None):
    for file in folder.glob(f"{group}-*.safetensors"):
        if file.name != but and re.fullmatch(rf"{group}-[0-9a-f]{{16}}\.safetensors", file.name):
            file.unlink(missing_ok=True)


def remove_folder(folder, name):
    """Remove what write_folder wrote, and the folder if nothing else is in it."""
    path = Path(folder) / f"{name}.json"
    if files.writes and path.exists():
        groups = _read_json(path).get("files", {})
        path.unlink()
        for group in groups:
            _remove_arrays(path.parent, group)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def read_folder(folder, name):
    """(description, {group: {array name: array}}) as write_folder wrote them; Failure if any is missing or damaged."""
    path = Path(folder) / f"{name}.json"
    description = _read_json(path)
    if not isinstance(description, dict) or description.get("format") != f"minigrad {name}":
        raise Failure(f"{path} is not a minigrad {name}")
    if description.get("version") not in range(1, VERSION + 1):
        raise Failure(f"{path} has version {description.get('version')!r}; this minigrad reads 1 to {VERSION}")
    return description, {group: read_arrays(path.parent / Path(entry["file"]).name, entry["sha256"])
                         for group, entry in description["files"].items()}


def _read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise Failure(f"nothing is saved at {path.parent}: there is no {path.name} in it") from None
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}") from None
    except ValueError:
        raise Failure(f"{path} is damaged, or not a JSON file") from None


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
    try:
        data = Path(path).read_bytes()
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise Failure(f"{path} is damaged: its content is not what was written")
        return load(data)
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}") from None
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
        return arrays[path][()] if kind == "scalar" else arrays[path]
    return {key: unpack(value, arrays) for key, value in tree.items()}


# -- models ----------------------------------------------------------------------------------------------------------
def save_model(model, folder):
    """Write a model: what it is, its weights, how it was compiled, and the state of its optimizer."""
    from .serialization import to_config
    if not model.built:
        raise ValueError(f"{model.name} has no weights to save yet: fit it, call it, or model.build(input_shape) first")
    training, compiled = {}, None
    if model.optimizer is not None:
        compiled = to_config(model.compile_arguments, f"compile of {model.name}")
        compiled["state"] = pack(model.optimizer.state(), training)
    frozen = [path for path, layer in _layers(model).items() if not layer.trainable]
    description = {"model": to_config(model), "input": model.input_kind, "frozen": frozen, "compile": compiled}
    groups = {"weights": model.named_weights()} | ({"training": training} if compiled else {})
    write_folder(folder, "model", description, **groups)


def load_model(folder, custom_objects=None, compile=True):
    """The model that model.save(folder) wrote, compiled as it was and with its optimizer's state.

    custom_objects  {name: class or function} for what is not part of minigrad
    compile         False leaves the model uncompiled: enough to predict with
    Raises errors.Failure for what is missing, damaged or foreign, ValueError for a custom class that was not passed.
    """
    from .layers.inputs import dry_run
    from .serialization import from_config
    description, groups = read_folder(folder, "model")
    model = from_config(description["model"], custom_objects)
    before = backend.rng_state()
    dry_run(model, description["input"])
    backend.set_rng_state(before)           # the weights that were drawn are overwritten
    _assign(model, groups["weights"], Path(folder) / description["files"]["weights"]["file"])
    for path, layer in _layers(model).items():
        if path in description["frozen"]:
            layer.trainable = False
    if compile and description["compile"]:
        settings = dict(description["compile"])
        state = unpack(settings.pop("state"), groups["training"])
        model.compile(**from_config(settings, custom_objects))
        model.optimizer.load_state(state)
    return model


def load_weights(model, path):
    """Read weights from a safetensors file, or from a folder that save wrote.  On any error nothing changes."""
    path = Path(path)
    if path.is_dir():
        files = _read_json(path / "model.json").get("files", {})
        path = path / files.get("weights", {}).get("file", "weights.safetensors")
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet, so it isn't known which to read: build(input_shape) first")
    _assign(model, read_arrays(path), path)


def _layers(model):
    """{path: layer} of the model itself and of all below."""
    return {"": model} | {path: part for path, part, _ in model.walk() if not isinstance(part, Tensor)}


def _assign(model, arrays, path):
    try:
        model.assign(arrays, source=str(path))
    except ValueError as error:
        raise Failure(str(error)) from None
