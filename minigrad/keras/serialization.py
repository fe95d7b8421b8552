"""Objects as JSON and back: a class by its public name and the arguments that it was made with.

    to_config(Dense(64))   {"class": "keras.layers.Dense", "config": {"units": 64}}

A file says which class to make, so only those in the tables below are made on its word, each where its kind is wanted
(FIELDS); others must be registered, or passed by the caller as custom_objects={"Name": TheClass}.  Nothing is
unpickled, a file's names lead to no other module, and of what they lead to nothing is called but the constructors of
these classes.
"""
import importlib
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import numpy as np

from ..engine.op import Op
from ..engine.ops import FUNCTIONS
from ..support.arguments import shown
from .activations import ACTIVATIONS

# The public modules whose classes a file may name, and where each lives in minigrad/.
HOMES = {f"keras.{name}": f"keras.{name}" for name in (
    "constraints", "initializers", "layers", "losses", "metrics", "models", "optimizers", "optimizers.schedules",
    "regularizers")} | {
    **{f"zoo.{name}": f"zoo.{name}" for name in ("bpe", "diffusion", "evoformer", "gpt", "lenet", "vae")},
    "fairness": "trust.fairness", "security": "trust.security", "distributed": "scale.distributed"}
# Files of format 1 name the modules of version 0.1.0: minigrad.layers.core.Dense.  These have moved:
FORMAT_1 = {name: f"keras.{name}" for name in (
    "activations", "initializers", "layers", "losses", "metrics", "models", "optimizers", "regularizers")} | {
    "schedules": "keras.optimizers.schedules", "fairness": "fairness", "security": "security",
    "distributed": "distributed"}

# The fields of minigrad's classes that may hold an object, and of which kind; all others hold numbers, text, arrays,
# and lists and dicts of these.  The fields of a caller's own class may hold anything on the list.
FIELDS = {"model": "layer", "layers": "layer", "layer": "layer", "backward_layer": "layer", "cell": "layer",
          "classifier": "layer", "adversary": "layer",
          "activation": "function", "recurrent_activation": "function", "function": "function", "mask": "function",
          "standardize": "function", "split": "function", "exclude": "function",
          "attack": "function", "optimizer": "optimizer", "learning_rate": "schedule", "loss": "loss",
          "metrics": "metric", "weighted_metrics": "metric", "alphabet": "tokenizer"}
# What belongs to each kind: subclasses of these, and functions (named activations and ops) where it says so.
KINDS = {"layer": ["keras.layers.Layer"], "optimizer": ["keras.optimizers.Optimizer"],
         "schedule": ["keras.optimizers.schedules.LearningRateSchedule"], "loss": ["keras.losses.Loss", "function"],
         "initializer": ["keras.initializers.Initializer"], "regularizer": ["keras.regularizers.L1L2"],
         "constraint": ["keras.constraints.Constraint"],
         "metric": ["keras.metrics.Metric", "keras.losses.Loss", "function"], "tokenizer": ["zoo.bpe.Tokenizer"],
         "function": ["function"], "number, text or array": []}


_registered = {}            # what register_keras_serializable was given, by name: used for names that aren't minigrad's
_in_scope = ContextVar("custom objects in scope", default=MappingProxyType({}))


def register_keras_serializable(package="Custom", name=None):
    """A decorator: a class or function of yours that load_model then knows without custom_objects.

    It is known by its name in Python, or by this one; the package is there for Keras' sake.
    """
    def register(thing):
        _registered[name or thing.__name__] = _registered[thing.__name__] = thing
        return thing
    return register


def get_custom_objects():
    """{name: class or function} of all that is registered, to read and to add to."""
    return _registered


@contextmanager
def custom_object_scope(custom_objects):
    """Inside the block these are known, {name: class or function}, as if each load were given them."""
    token = _in_scope.set({**_in_scope.get(), **custom_objects})
    try:
        yield
    finally:
        _in_scope.reset(token)


def _known(path, custom_objects):
    """What the caller passed, or has in scope, under the name at the end of a path; or, where the path isn't one of
    minigrad's, what is registered under it; or None."""
    home, name = _split(path)
    given = {**_in_scope.get(), **custom_objects}
    if name in given:
        return given[name]
    ours = home in HOMES or home == "keras.activations" or home.partition(".")[0] == "ops"
    return None if ours else _registered.get(name)


def is_custom(path, custom_objects):
    """Whether a class of this name is the caller's, not minigrad's."""
    return _known(path, custom_objects) is not None


class Unlisted(ValueError):
    """A name in a file that is neither minigrad's nor among the custom_objects."""


def kind_of_field(name):
    """Which kind of object a field of one of minigrad's classes may hold."""
    ending = name.rpartition("_")[2]
    by_ending = ending in ("initializer", "regularizer", "constraint")
    return ending if by_ending else FIELDS.get(name, "number, text or array")


def to_config(value, where="the model"):
    """value as what JSON can hold: numbers, text, lists, dicts, and dicts that name a class, a function or an array."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        first = {id(v): i for i, v in reversed(list(enumerate(value)))}     # a layer that comes again is the same one
        return [{"same": first[id(v)]} if first[id(v)] < i and hasattr(v, "call") else to_config(v, where)
                for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: to_config(v, f"{k} of {where}") for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype) or isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
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


def from_config(value, custom_objects=None, wanted=None, where=""):
    """The value that to_config was given.

    wanted      the kind of object that it may be, one of KINDS; None: any
    where       the place of value in its file, for messages
    Raises Unlisted, a ValueError, if it names what is neither minigrad's nor custom; ValueError if a class is named
    where another kind is wanted, or its constructor refuses its fields.
    """
    custom_objects = custom_objects or {}
    if isinstance(value, list):
        made = []
        for i, v in enumerate(value):
            made.append(_again(v["same"], made, f"{where}[{i}]") if isinstance(v, dict) and v.keys() == {"same"} else
                        from_config(v, custom_objects, wanted, f"{where}[{i}]"))
        return made
    if not isinstance(value, dict):
        return value
    if value.keys() == {"class", "config"}:
        return _made(value["class"], value["config"], custom_objects, wanted, where)
    if value.keys() == {"function"} or value.keys() == {"op"}:
        (kind, path), = value.items()
        path = _text(path, where) if kind == "function" else f"ops.{_text(path, where)}"
        return _function(path, custom_objects, wanted, where)
    if value.keys() == {"array", "dtype"}:
        return _array(value["array"], value["dtype"], where)
    return {k: from_config(v, custom_objects, wanted, f"{where}.{k}".lstrip(".")) for k, v in value.items()}


def from_fields(config, custom_objects=None, where="", free=False):
    """{field: value} with each value made as from_config does, of the kind that its field may hold; free: of any."""
    return {name: from_config(v, custom_objects, None if free else kind_of_field(name), f"{where}.{name}".lstrip("."))
            for name, v in config.items()}


def _made(path, config, custom_objects, wanted, where):
    """The object of a class with this configuration."""
    kind = class_of(_text(path, where), custom_objects)
    ours = not is_custom(path, custom_objects)
    if ours and wanted and not any(issubclass(kind, _named(base)) for base in KINDS[wanted] if base != "function"):
        raise ValueError(f"{where or 'the file'} holds {path}, where a {wanted} is wanted")
    if not isinstance(config, dict):
        raise ValueError(f"{where or 'the file'}: the configuration of {path} is {shown(config)}, not a dict")
    fields = from_fields(config, custom_objects, where, free=not ours)
    if not ours:
        return kind.from_config(fields)
    try:
        return kind.from_config(fields)
    except Exception as error:              # whatever a constructor says to such fields
        raise ValueError(f"{where or 'the file'}: {path} can't be made: {error}") from error


def _again(place, made, where):
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(made):
        raise ValueError(f"{where or 'the file'} is the same as entry {shown(place)}, which isn't there")
    return made[place]


def _array(values, dtype, where):
    try:
        array = np.array(values)
        if array.dtype.kind not in "biuf" or np.dtype(_text(dtype, where)).kind not in "biuf":
            raise ValueError(f"{dtype} is no type of numbers")
        return array.astype(dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{where or 'the file'}: not an array: {error}") from None


def _text(value, where):
    if not isinstance(value, str):
        raise ValueError(f"{where or 'the file'}: {shown(value)} is no name")
    return value


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


def class_of(path, custom_objects):
    """The class that a file names; Unlisted, a ValueError, if it is neither minigrad's nor custom."""
    home, name = _split(path)
    if (kind := _known(path, custom_objects)) is not None:
        pass
    elif home not in HOMES:
        raise _not_ours(path, name)
    elif (kind := _public(home, name)) is None:
        raise ValueError(f"{path}: this version of minigrad has no such thing")
    if not (isinstance(kind, type) and hasattr(kind, "from_config")):
        raise ValueError(f"{path} is not a class that can be made from a configuration")
    return kind


def _named(path):
    return _public(*_split(path))


def _function(path, custom_objects, wanted, where):
    home, name = _split(path)
    table = ACTIVATIONS if home == "keras.activations" else FUNCTIONS if home.partition(".")[0] == "ops" else {}
    if (known := _known(path, custom_objects)) is not None:
        return known
    if name not in table:
        raise _not_ours(path, name)
    if wanted and "function" not in KINDS[wanted]:
        raise ValueError(f"{where or 'the file'} holds the function {name}, where a {wanted} is wanted")
    return table[name]


def _not_ours(path, name):
    return Unlisted(f"{path.removeprefix('custom.').removeprefix('ops.')} is not part of minigrad: "
                      f"pass it as custom_objects={{{name!r}: {name}}}")
