"""model.summary(): the table of a model's layers, their outputs and their parameters."""
import re
from itertools import pairwise, zip_longest
from textwrap import wrap

from ..support.arguments import number, shown, whole

HEAD = "Layer (type)", "Output shape", "Parameters", "Connected to"


def summary(model, line_length=None, positions=None, expand_nested=False, show_trainable=False, layer_range=None):
    """The text; the arguments are Model.summary's."""
    rows = [row for layer in _between(model.layers, layer_range) for row in _rows(
        layer, model._graph.sources_of if model._graph else lambda layer: "", expand_nested, show_trainable)]
    head = HEAD if model._graph else HEAD[:3]
    widths = _widths([head, *rows], line_length, positions)
    head, lines = _lines(head, widths), [line for row in rows for line in _lines(row, widths)]
    rule = "-" * (max(map(len, [*head, *lines])) if line_length is None else line_length)
    trained, size = sum(w.size for w in model.trainable_weights), sum(w._data.nbytes for w in model.weights) / 1024
    total = f"Parameters: {model.count_params():,} ({size:,.1f} KiB), of which trained: {trained:,}"
    if not model.built:
        total = "It is not built: it has its weights once it has met data, or by build(input_shape)"
    return "\n".join([f'Model "{model.name}"', rule, *head, rule, *lines, rule, total])


def _rows(layer, sources, expand_nested, show_trainable, depth=0):
    """The row of a layer, and those of the layers of a model within the model."""
    name = f"{'   ' * depth}{'└ ' * bool(depth)}{layer.name} ({type(layer).__name__})"
    yield (name + ", frozen" * (show_trainable and not layer.trainable), _shape_text(layer.output_shape),
           f"{layer.count_params():,}" if layer.built else "not built", sources(layer))
    if expand_nested and hasattr(layer, "_graph"):
        for part in layer.layers:
            yield from _rows(part, layer._graph.sources_of if layer._graph else lambda layer: "", True, show_trainable,
                             depth + 1)


def _shape_text(shape):
    if shape is None:
        return "not called yet"
    return str(shape) if not isinstance(shape, (list, dict)) else ", ".join(map(str, shape))


def _between(layers, ends):
    """The layers from the first whose name matches ends[0] to the last whose name matches ends[1]."""
    if ends is None:
        return layers
    if not isinstance(ends, (list, tuple)) or len(ends) != 2 or not all(isinstance(end, str) for end in ends):
        raise ValueError(f"summary: layer_range must be the names of two layers, first and last, not {shown(ends)}")
    places = [[i for i, layer in enumerate(layers) if re.fullmatch(end, layer.name)] for end in ends]
    for end, found in zip(ends, places):
        if not found:
            raise ValueError(f"summary: layer_range: no layer is called {end!r}; there are "
                             f"{', '.join(layer.name for layer in layers)}")
    return layers[min(places[0]):max(places[1]) + 1]


def _widths(rows, line_length, positions):
    """How wide the columns are: as wide as what they hold, or as the arguments say."""
    columns = len(rows[0])
    natural = [max(12 * (i == 2), *(len(row[i]) for row in rows)) for i in range(columns)]
    if positions is None and line_length is None:
        return natural
    total = whole("summary: line_length", 88 if line_length is None else line_length, 20)
    if positions is None:
        if sum(natural) + 3 * columns <= total:
            return natural
        positions = (0.3, 0.56, 0.7, 1.0) if columns == 4 else (0.45, 0.8, 1.0)
    positions = [number("summary: positions", p, 0) for p in positions]
    ends = [0, *(int(p * total) if p <= 1 else int(p) for p in positions[:columns])]
    widths = [end - start - 3 for start, end in pairwise(ends)]
    if len(widths) < columns or min(widths) < 4:
        raise ValueError(f"summary: positions must be where {columns} columns end, each after the one before and wide "
                         f"enough to be read, as parts of the line or in letters, not {shown(positions)} of {total}")
    return widths


def _lines(row, widths):
    """A row as lines: what is too long for its column goes on below."""
    cells = [wrap(cell, width) if len(cell) > width else [cell]
             for cell, width in zip(row, widths)]
    return ["   ".join(f"{part:>{width}}" if i == 2 else f"{part:<{width}}"
                       for i, (part, width) in enumerate(zip(parts, widths))).rstrip()
            for parts in zip_longest(*cells, fillvalue="")]
