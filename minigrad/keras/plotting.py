"""plot_model: the layers of a model as a picture, boxes and the lines between them."""
import warnings
from pathlib import Path

from ..engine.trees import tree_leaves
from ..support.explaining import explained
from .layers.base import Layer
from .layers.core import InputLayer
from .models import Sequential

RANKS = {"TB": "down", "LR": "right"}


class LayerBox:
    """What a Sheet draws of one layer, or of one call of an op: its name, its class, and what was asked for."""

    def __init__(self, title, kind, inputs, rows):
        self.title, self.kind, self.inputs, self.shape = title, kind, inputs, ""
        self.rows = [(label, value, "mg-text") for label, value in rows]

    def hint(self):
        """The box in words."""
        return ", ".join([self.title, *(f"{label} {value}" for label, value, _ in self.rows)])


@explained
def plot_model(model, to_file="model.png", show_shapes=False, show_dtype=False, show_layer_names=False, rankdir="TB",
               *, show_layer_activations=False, show_trainable=False):
    """A drawing of a model, which a notebook shows; and a file of it.

    to_file     where it is written, as SVG: a name that ends otherwise gets .svg in the place of its ending, with a
                warning; None: no file
    show_shapes, show_dtype, show_layer_activations, show_trainable     what the boxes say besides the class of a layer;
                show_layer_names    and its name
    A model with a call of its own is one box.
    rankdir     "TB": from top to bottom; "LR": from left to right
    """
    from ..viz.sheet import Sheet  # brings all of viz, which a program without pictures does without
    from ..viz.svg import Drawing, stylesheet
    if rankdir not in RANKS:
        raise ValueError(f'plot_model: rankdir must be "TB" or "LR", not {rankdir!r}')
    if not hasattr(model, "_graph"):
        raise TypeError(f"plot_model takes a Model, not {type(model).__name__}")
    if not model.built:
        raise ValueError(f"plot_model: {model.name} has no shapes yet: build(input_shape) or call it first")
    asked = {"shape": show_shapes, "dtype": show_dtype, "act": show_layer_activations,
             "train": show_trainable}
    boxes = [_box(source, inputs, show_layer_names, [name for name, wanted in asked.items() if wanted])
             for source, inputs in _parts(model)]
    if not boxes:
        raise ValueError(f"plot_model: {model.name} has no layers")
    sheet = Sheet(boxes, RANKS[rankdir])
    parts = [stylesheet(), *(sheet.line(points) for lines in sheet.lines for points in lines),
             *(sheet.box(b) for b in range(len(boxes)))]
    layers = f"{len(boxes)} box{'es' * (len(boxes) != 1)}"
    drawing = Drawing(sheet.width, sheet.height, f"The model {model.name}", f"The model {model.name}: {layers}.",
                      "; ".join(box.hint() for box in boxes) + ".", *parts)
    if to_file is not None:
        path = Path(to_file)
        if path.suffix.lower() != ".svg":
            path = path.with_suffix(".svg")
            warnings.warn(f"plot_model: pictures of models are SVG: written to {path}", stacklevel=3)
        drawing.save(path)
    return drawing


def _parts(model):
    """[(layer or call, the numbers of its inputs)], inputs before what is made of them."""
    if not model._graph:
        if not isinstance(model, Sequential):       # only its code knows which layer calls which
            return [(model, [])]
        chain = model.layers if model._input is None else [model._input, *model.layers]
        return [(layer, [i - 1] if i else []) for i, layer in enumerate(chain)]
    numbers, parts = {}, []
    for symbol in model._graph.given:
        numbers[id(symbol)] = len(parts)
        parts.append((symbol.call, []))
    for call in model._graph.calls:
        inputs = list(dict.fromkeys(numbers[id(symbol)] for symbol in call.inputs))
        for symbol in tree_leaves(call.outputs):
            numbers[id(symbol)] = len(parts)
        parts.append((call, inputs))
    return parts


def _box(source, inputs, names, asked):
    """The box of a layer, or of a call of one or of an op."""
    layer = source if isinstance(source, Layer) else getattr(source, "function", None)
    known = isinstance(layer, Layer)
    title = type(layer).__name__ if known else str(source.name).strip("_")
    if names and known:
        title = f"{layer.name} ({title})"
    symbols = tree_leaves(source.outputs) if hasattr(source, "order") else []     # of a call
    shapes = [symbol.shape for symbol in symbols if hasattr(symbol, "shape")] or (
        [layer.output_shape or layer.input_shape] if known else [])
    activation = getattr(getattr(layer, "activation", None), "__name__", None)
    facts = {"shape": ", ".join(map(str, shapes)) if shapes else None,
             "dtype": ", ".join(symbol.dtype for symbol in symbols if hasattr(symbol, "dtype")) or None,
             "act": activation, "train": str(layer.trainable) if known else None}
    kind = "leaf" if isinstance(layer, InputLayer) else "op"
    return LayerBox(title[:60], kind, inputs, [(name, facts[name]) for name in asked if facts[name]])
