"""Objects as JSON and back: a class by its name and the arguments that it was made with.

    to_config(Dense(64))   {"class": "minigrad.layers.core.Dense", "config": {"units": 64}}

A file says which class to make, so only minigrad's own are made on its word; others must be passed by the caller, as
custom_objects={"Name": TheClass}.  Nothing is unpickled and nothing outside minigrad imported.
"""
import importlib

import numpy as np

from ..engine.op import Op
from ..engine.ops import FUNCTIONS


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
        return {"class": f"{kind.__module__}.{kind.__qualname__}", "config": config}
    if isinstance(value, Op):
        return {"op": value.name}
    if callable(value) and value.__name__ != "<lambda>":
        return {"function": f"{value.__module__}.{value.__qualname__}"}
    raise TypeError(f"{where}: {value!r} can't be written as JSON; use a named function, or a class with get_config")


def from_config(value, custom_objects=None):
    """The value that to_config was given.  ValueError if it names something that is neither minigrad's nor custom."""
    custom_objects = custom_objects or {}
    if isinstance(value, list):
        return [from_config(v, custom_objects) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"class", "config"}:
        kind = _find(value["class"], custom_objects)
        if not (isinstance(kind, type) and hasattr(kind, "from_config")):
            raise ValueError(f"{value['class']} is not a class that can be made from a configuration")
        return kind.from_config({k: from_config(v, custom_objects) for k, v in value["config"].items()})
    if value.keys() == {"function"}:
        return _find(value["function"], custom_objects)
    if value.keys() == {"op"}:
        return custom_objects[value["op"]] if value["op"] in custom_objects else _op(value["op"])
    if value.keys() == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    return {k: from_config(v, custom_objects) for k, v in value.items()}


def _find(path, custom_objects):
    module, _, name = path.rpartition(".")
    if name in custom_objects:
        return custom_objects[name]
    if module.startswith("minigrad."):
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            raise ValueError(f"{path}: this version of minigrad has no such thing") from None
    raise ValueError(f"{path} is not part of minigrad: pass it as custom_objects={{{name!r}: {name}}}")


def _op(name):
    if name not in FUNCTIONS:
        raise ValueError(f"{name} is not an operation of minigrad: pass it as custom_objects={{{name!r}: ...}}")
    return FUNCTIONS[name]
