"""Objects as JSON and back: a class by its public name and the arguments that it was made with.

    to_config(Dense(64))   {"class": "keras.layers.Dense", "config": {"units": 64}}

A file says which class to make, so only those in the tables below are made on its word; others must be passed by the
caller, as custom_objects={"Name": TheClass}.  Nothing is unpickled, and a file's names lead to no other module.
"""
import importlib

import numpy as np

from ..engine.op import Op
from ..engine.ops import FUNCTIONS
from .activations import ACTIVATIONS

# The public modules whose classes a file may name, and where each lives in minigrad/.
HOMES = {f"keras.{name}": f"keras.{name}" for name in (
    "initializers", "layers", "losses", "metrics", "models", "optimizers", "optimizers.schedules", "regularizers")} | {
    **{f"zoo.{name}": f"zoo.{name}" for name in ("bpe", "evoformer", "gpt", "lenet")},
    "fairness": "trust.fairness", "security": "trust.security", "distributed": "scale.distributed"}
# Files of format 1 name the modules of version 0.1.0: minigrad.layers.core.Dense.  These have moved:
FORMAT_1 = {name: f"keras.{name}" for name in (
    "activations", "initializers", "layers", "losses", "metrics", "models", "optimizers", "regularizers")} | {
    "schedules": "keras.optimizers.schedules", "fairness": "fairness", "security": "security",
    "distributed": "distributed"}


def to_config(value, where="the model"):
    """value as what JSON can hold: numbers, text, lists, dicts, and dicts that name a class, a function or an array."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_config(v, where) for v in value]
    if isinstance(value, dict):
        return {k: to_config(v, f"{k} of {where}") for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    if hasattr(value, "get_config"):
        kind = type(value)
        inside = f"{getattr(value, 'name', None) or kind.__name__} in {where}"
        config = {k: to_config(v, f"{k} of {inside}") for k, v in value.get_config().items()}
        return {"class": _class_name(kind), "config": config}
    name = value.name if isinstance(value, Op) else getattr(value, "__name__", "<lambda>")
    if FUNCTIONS.get(name) is value:
        return {"op": name}
    if ACTIVATIONS.get(name) is value:
        return {"function": f"keras.activations.{name}"}
    if callable(value) and name != "<lambda>":
        return {"function": f"custom.{value.__module__}.{name}"}
    raise TypeError(f"{where}: {value!r} can't be written as JSON; use a named function, or a class with get_config")


def from_config(value, custom_objects=None):
    """The value that to_config was given.  ValueError if it names something that is neither minigrad's nor custom."""
    custom_objects = custom_objects or {}
    if isinstance(value, list):
        return [from_config(v, custom_objects) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"class", "config"}:
        name, config = value["class"], value["config"]
        if not (isinstance(name, str) and isinstance(config, dict)):
            raise ValueError(f"a class is written as its name and its arguments, not as {name!r} and {config!r}")
        return _class(name, custom_objects).from_config({k: from_config(v, custom_objects) for k, v in config.items()})
    if value.keys() == {"function"} or value.keys() == {"op"}:
        (kind, path), = value.items()
        return _function(path if kind == "function" else f"ops.{path}", custom_objects)
    if value.keys() == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    return {k: from_config(v, custom_objects) for k, v in value.items()}


def _class_name(kind):
    """A class by its public name, "keras.layers.Dense"; one without is "custom": who loads it must pass it."""
    for public, place in HOMES.items():
        if f"{kind.__module__}.".startswith(f"minigrad.{place}.") and _public(public, kind.__name__) is kind:
            return f"{public}.{kind.__name__}"
    return f"custom.{kind.__module__}.{kind.__qualname__}"


def _public(home, name):
    """What a public module calls by this name, if it is minigrad's own; else None."""
    found = None if name.startswith("_") else getattr(importlib.import_module(f"minigrad.{HOMES[home]}"), name, None)
    return found if getattr(found, "__module__", "").startswith("minigrad.") else None


def _split(path):
    """("keras.layers", "Dense") of "keras.layers.Dense", and of format 1's "minigrad.layers.core.Dense"."""
    home, _, name = path.rpartition(".")
    if home.startswith("minigrad."):
        home = home.removeprefix("minigrad.")
        home = FORMAT_1.get(home.partition(".")[0], home)
    return home, name


def _class(path, custom_objects):
    home, name = _split(path)
    if name in custom_objects:
        kind = custom_objects[name]
    elif home not in HOMES:
        raise _not_ours(path, name)
    elif (kind := _public(home, name)) is None:
        raise ValueError(f"{path}: this version of minigrad has no such thing")
    if not (isinstance(kind, type) and hasattr(kind, "from_config")):
        raise ValueError(f"{path} is not a class that can be made from a configuration")
    return kind


def _function(path, custom_objects):
    home, name = _split(path)
    table = ACTIVATIONS if home == "keras.activations" else FUNCTIONS if home.partition(".")[0] == "ops" else {}
    if name in custom_objects:
        return custom_objects[name]
    if name not in table:
        raise _not_ours(path, name)
    return table[name]


def _not_ours(path, name):
    return ValueError(f"{path.removeprefix('custom.').removeprefix('ops.')} is not part of minigrad: "
                      f"pass it as custom_objects={{{name!r}: {name}}}")
