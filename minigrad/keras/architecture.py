"""Models as Keras 3 writes them, in config.json of name.keras and by model.to_json(), read here.

    load_model("name.keras")                    the layers, how they are connected, the weights, and how it was compiled
    model_from_json(text)                       the form alone

Every class that the text names is made by serialization.py: of minigrad's, those in its tables, each where its kind is
wanted; of the caller's, those passed as custom_objects.  A name leads to no module, and Python code in a file (Lambda)
is refused.  What an argument that minigrad's class has not may hold is None, False or its default (NEUTRAL): a model
that would compute something else is refused.
"""
import heapq
import inspect
import json
import warnings
from collections import defaultdict

import numpy as np

from ..support.arguments import shown
from ..support.errors import Failure
from ..support.names import defaults_of
from . import ops
from .activations import exact_gelu
from .hdf5 import read as read_weights, snake
from .layers.base import Layer
from .layers.budget import limited_to
from .layers.inputs import dry_run, kind_of_shape
from .serialization import class_of, from_config, is_custom, kind_of_field
from .symbols import METHOD_TABLE, Symbolic, symbols_in

# Keras' modules, whose classes serialization.py knows by the same names; others are the caller's own.
MODULES = {f"keras.{name}" for name in ("layers", "losses", "metrics", "optimizers", "optimizers.schedules",
                                        "initializers", "regularizers", "constraints")}
NEUTRAL = {"renorm_momentum": 0.99, "attention_axes": [1], "fill_mode": "constant", "encoding": "utf-8",
           "oov_method": "floormod"}
FREE = ("name", "build_input_shape")        # nothing depends on them
COMPILE = {"optimizer": "optimizer", "loss": "loss", "loss_weights": None, "metrics": "metric",
           "weighted_metrics": "metric"}                    # and of which kind each is
TENSOR = "__keras_tensor__"


def is_of_keras(found):
    """Whether a tree that was JSON is a model as Keras writes it."""
    return isinstance(found, dict) and {"class_name", "config"} <= found.keys()


def load(path, parts, custom_objects, compile, naming, assign):
    """The model of an archive of Keras'; parts are its entries {name: bytes}."""
    try:
        found = json.loads(parts["config.json"])
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path}: config.json is no JSON ({error})") from None
    weights = parts["model.weights.h5"]
    with naming(f"{path}, config.json"), limited_to(len(weights)):
        model = model_of(found, custom_objects)
    assign(model, read_weights(weights, model, path), path)
    settings = found.get("compile_config") or {}
    if compile and settings.get("optimizer") is not None:
        with naming(f"{path}, compile_config"):
            maker = FromKeras(custom_objects)
            model.compile(**{name: maker.made(settings.get(name), COMPILE[name], name) for name in COMPILE})
        warnings.warn(f"{path}: what Keras' optimizer remembers is not read; it begins anew", stacklevel=4)
    return model


def model_of(found, custom_objects=None):
    """The model that a tree of JSON describes, with new weights."""
    if not is_of_keras(found):
        raise ValueError(f"it describes no model: {shown(found)}")
    model = FromKeras(custom_objects).made(found, "layer", "")
    if not hasattr(model, "_graph"):
        raise ValueError(f"it describes a {type(model).__name__}, not a model")
    shape = (found.get("build_config") or {}).get("input_shape")
    if not model.built and shape:
        dry_run(model, kind_of_shape(shape))
    return model


class FromKeras:
    """Makes what configurations describe."""

    def __init__(self, custom_objects=None):
        self.custom = custom_objects or {}

    def made(self, node, wanted, where):
        """The value that a node of the tree stands for; wanted is its kind, as in serialization.py."""
        if isinstance(node, list):
            return [self.made(part, wanted, f"{where}[{i}]") for i, part in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "class_name" not in node:
            return {name: self.made(part, wanted, f"{where}.{name}") for name, part in node.items()}
        name, config, module = node["class_name"], node.get("config"), node.get("module")
        if not isinstance(name, str):
            raise ValueError(f"{where}: {shown(name)} is no name of a class")
        if name.startswith("__"):
            return self.plain(name, config, where)
        if name == "function":
            return from_config(_function(config), self.custom, wanted, where)
        if not isinstance(config, dict):
            raise ValueError(f"{where}: the configuration of {name} is {shown(config)}")
        if name == "DTypePolicy":
            return config.get("name")
        if name in ("Functional", "Model") and {"layers", "input_layers", "output_layers"} <= config.keys():
            return self.functional(config, f"{where}.{config.get('name')}".lstrip("."))
        if name == "Sequential":
            module = "keras.models"
        path = f"{module}.{name}" if module in MODULES | {"keras.models"} else f"custom.{name}"
        where = f"{where}.{config.get('name') or name}".lstrip(".")
        return from_config({"class": path, "config": self.arguments(path, config, where)}, self.custom, wanted, where)

    def plain(self, name, config, where):
        """A slice, an array, ... among the arguments of a call."""
        if name == "__slice__":
            return slice(*(config[end] for end in ("start", "stop", "step")))
        if name in ("__numpy__", "__tensor__"):
            return np.array(config["value"], np.dtype(config["dtype"]))
        if name == "__ellipsis__":
            return ...
        raise ValueError(f"{where}: a file may hold no {name.strip('_')}: make the model here, and read its weights by "
                         "load_weights")

    def arguments(self, path, config, where):
        """The arguments for a class of minigrad's; ValueError for one that it has not, and that would change it."""
        kind = class_of(path, self.custom)
        config = dict(config)
        if is_custom(path, self.custom):
            return {name: self.made(part, None, f"{where}.{name}") for name, part in config.items()}
        if "batch_shape" in config:
            config["shape"] = (config.pop("batch_shape") or [None])[1:]
        if config.get("dtype") is not None and (self.made(config["dtype"], None, where)) == "float32":
            del config["dtype"]
        takes, given = defaults_of(kind).keys() | {f"{weight}_{end}" for weight in getattr(
            kind, "weight_options", {}).values() for end in ("regularizer", "constraint")}, {}
        for name, part in config.items():
            if name in takes:
                part = exact_gelu if "activation" in name and part == "gelu" else part
                given[name] = self.made(part, kind_of_field(name), f"{where}.{name}")
            elif not (name in FREE or part is None or part is False or NEUTRAL.get(name) == part):
                raise ValueError(f"{where}: minigrad's {kind.__name__} has no argument {name}, which is {shown(part)}")
        return given

    # -- graphs --------------------------------------------------------------------------------------------------------
    def functional(self, config, where):
        """A model of calls: each is done as soon as what it needs is there, in the order of the file."""
        functions, calls, found = {}, [], {}
        for entry in config["layers"]:
            name = entry.get("name") or entry["config"]["name"]
            functions[name] = function = self.function(entry, where)
            if getattr(function, "symbol", None):
                found[name, 0] = [function.symbol()]
            elif isinstance(function, Layer):
                function.name = name
            calls += [(name, i, node) for i, node in enumerate(entry.get("inbound_nodes") or [])]
        users, missing, ready = defaultdict(list), [], []
        for place, (name, _, node) in enumerate(calls):
            if not isinstance(node, dict):
                raise ValueError(f"{where}: {name} is called as Keras 2 writes it; save the model again with Keras 3")
            needs = {key for key in _references(node) if key not in found}
            missing.append(len(needs))
            for key in needs:
                users[key].append(place)
            if not needs:
                ready.append(place)
        done = 0
        while ready:
            name, i, node = calls[heapq.heappop(ready)]
            outputs = self.called(functions[name], node, found, f"{where}.{name}")
            found[name, i], done = symbols_in(outputs), done + 1
            for place in users[name, i]:
                missing[place] -= 1
                if not missing[place]:
                    heapq.heappush(ready, place)
        if done < len(calls):
            raise ValueError(f"{where}: its calls need each other's results, or what isn't there")
        ends = [_symbols(config[end], found) for end in ("input_layers", "output_layers")]
        model = class_of("keras.models.Model", {})
        return model(*ends, name=config.get("name"), trainable=config.get("trainable", True))

    def function(self, entry, where):
        """What an entry of a graph calls: a layer; or, for one of Keras' operations, a function of keras.ops."""
        if not str(entry.get("module")).startswith(("keras.src.ops", "keras.ops")):
            return self.made({k: v for k, v in entry.items() if k != "name"}, "layer", where)
        name = snake(type(str(entry["class_name"]), (), {}))
        function = METHOD_TABLE["__getitem__"] if name == "get_item" else ops.known().get(name)
        if function is None:
            raise ValueError(f"{where}: minigrad has no keras.ops.{name}")
        options = {k: self.made(v, None, where) for k, v in entry["config"].items() if k != "name"}
        takes = inspect.signature(function).parameters
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()
                   if k in takes or v is not None and v is not False}
        return lambda *args, **kwargs: function(*args, **{**options, **kwargs})

    def called(self, function, node, found, where):
        """The outputs of a call; training is what the model is called with, not what the file says."""
        def value(part):
            if isinstance(part, dict) and part.get("class_name") == TENSOR:
                name, i, k = part["config"]["keras_history"]
                return found[name, i][k]
            if isinstance(part, list):
                parts = [value(p) for p in part]
                return tuple(parts) if not any(isinstance(p, Symbolic) for p in parts) else parts
            if isinstance(part, dict) and "class_name" not in part:
                return {k: value(v) for k, v in part.items()}
            return self.made(part, None, where)
        kwargs = {k: value(v) for k, v in node.get("kwargs", {}).items()}
        kwargs = {k: v for k, v in kwargs.items() if k != "training" and not (k.endswith("mask") and v is None)}
        return function(*map(value, node["args"]), **kwargs)


def _references(tree):
    """(layer, call) of each tensor among the arguments of a call."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack += part
        elif isinstance(part, dict):
            if part.get("class_name") == TENSOR:
                name, i, _ = part["config"]["keras_history"]
                yield name, i
            else:
                stack += part.values()


def _symbols(tree, found):
    """The symbols at the places [layer, call, output] of a tree."""
    if isinstance(tree, dict):
        return {name: _symbols(part, found) for name, part in tree.items()}
    if len(tree) == 3 and isinstance(tree[0], str):
        return found[tree[0], tree[1]][tree[2]]
    return [_symbols(part, found) for part in tree]


def _function(name):
    return {"function": f"keras.activations.{'exact_gelu' if name == 'gelu' else name}"}
