"""Other models like a model: clone_model, with new weights; to_json and model_from_json, its form as text."""
import json

from ..engine.trees import tree_map
from ..support.errors import Failure
from ..support.explaining import explained
from ..support.reading import form
from . import saving
from .functional import from_plain
from .layers.base import Layer
from .layers.core import InputLayer
from .layers.inputs import dry_run
from .serialization import from_config, to_config

TEXT = {"format": str, "model": {"class": str, "config": dict}, "input": saving.input_kind}
FORMAT = "minigrad architecture"


@explained
def clone_model(model, input_tensors=None, clone_function=None):
    """A model of the same form with weights of its own, as they begin.

    clone_function  what makes the new layer of each layer, Input aside; by default one of the same class and arguments
    """
    if not hasattr(model, "_graph") or isinstance(model, type):
        raise TypeError(f"clone_model takes a Model, not {type(model).__name__}")
    if input_tensors is not None:
        raise ValueError("clone_model: input_tensors are not supported; the clone has inputs of its own")

    def twin(layer):
        if clone_function is None or isinstance(layer, InputLayer):
            new = _like(layer)
        else:
            new = clone_function(layer)
        new.name = layer.name
        return new
    if model._graph:
        inputs, outputs = from_plain(model._graph.to_plain(), [twin(layer) for layer in model._graph.layers])
        return type(model)(inputs=inputs, outputs=outputs, name=model.name)
    config = model.get_config()
    if "layers" in config:                  # a Sequential
        return type(model).from_config({**config, "name": model.name, "layers": [*map(twin, config["layers"])]})
    if clone_function is not None:
        raise ValueError("clone_model: clone_function is for models of layers, Sequential or Model(inputs, outputs)")
    return _like(model)


class InUse(list):
    """The layers of a model, in its configuration: a model that is made of it gets others like them."""

    def others(self):
        """Others like them, with their names; one that comes twice is one again."""
        made = {}
        for layer in self:
            made[id(layer)] = made.get(id(layer)) or _like(layer)
            made[id(layer)].name = layer.name
        return [made[id(layer)] for layer in self]


def _like(layer):
    """A layer with the same arguments; layers among these are made anew, too."""
    if hasattr(layer, "_graph"):            # a model
        config = layer.get_config()
        if layer._graph or "layers" in config:
            return clone_model(layer)
    config = {name: tree_map(lambda part: _like(part) if isinstance(part, Layer) else part, value)
              for name, value in layer.get_config().items()}
    return type(layer).from_config(config)


@explained
def to_json(model, **options):
    """The form of a model as JSON, for model_from_json: layers and how they are connected, no weights."""
    return json.dumps({"format": FORMAT, "model": to_config(model), "input": model._input_kind}, **options)


@explained
def model_from_json(json_string, custom_objects=None):
    """The model that model.to_json() wrote, here or in Keras 3, with new weights; custom_objects as for load_model."""
    from . import architecture
    try:
        found = json.loads(json_string)
    except (ValueError, RecursionError, TypeError) as error:
        raise Failure(f"model_from_json: the text is no JSON ({error})") from None
    if architecture.is_of_keras(found):
        with saving.naming("model_from_json"):
            return architecture.model_of(found, custom_objects)
    form(found, TEXT, "model_from_json")
    if found["format"] != FORMAT:
        raise Failure(f"model_from_json: the format is {found['format']!r}, and should be {FORMAT!r}")
    with saving.naming("model_from_json"):
        model = from_config(found["model"], custom_objects, "layer", "model")
        if found["input"] is not None:
            dry_run(model, found["input"])
    return model
