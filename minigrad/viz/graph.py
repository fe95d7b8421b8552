"""The computation graph of a tensor as a picture: what was computed, from what, and the gradient of each part.

    y = mg.tanh(w * x + b)
    viz.graph(y, names={"w": w, "x": x, "b": b, "y": y})

Every box is a tensor: round ones were made by an operation, square ones are leaves (what gradients are wanted for),
dashed ones are constants.  Boxes say what the tensor holds: its numbers if they are few, else their mean and spread.
"""
import functools
import math

import numpy as np

from ..engine import backend
from ..engine.tensor import Tensor, backpropagate
from ..support.explaining import explained
from .sheet import Sheet
from .svg import EM, Drawing, stylesheet, text

MOST_OPS = 60                               # the newest are drawn, and the picture says what is left out


class Box:
    """One tensor, or constant, of a graph, and what is written in its box."""

    def __init__(self, value, kind, title, inputs=()):
        self.value, self.kind, self.title, self.inputs = value, kind, title, list(inputs)
        self.array = value._data if isinstance(value, Tensor) else np.asarray(value)
        self.gradient = None
        plain = kind == "constant" and self.array.ndim == 0 and title == "constant"
        if plain:
            self.title = numbers(self.array)[0]
        self.shape = str(self.array.shape) if self.array.ndim else ""
        self.lines = [] if plain or kind == "cut" else numbers(self.array)

    @functools.cached_property
    def rows(self):
        """The lines under the header: (label, text, class)."""
        grad = [] if self.gradient is None else numbers(self.gradient, gradient=True)
        return ([("value" if k == 0 else "", line, "mg-text") for k, line in enumerate(self.lines)]
                + [("grad" if k == 0 else "", line, "mg-gradient") for k, line in enumerate(grad)])

    def hint(self):
        """The op's line in the table of derivatives."""
        return (self.value.node.op.__doc__ or self.title).strip().split("\n")[0]

    def in_words(self, boxes):
        of = " of " + " and ".join(boxes[i].title for i in self.inputs) if self.inputs else ""
        shape = f", shape {self.shape}" if self.shape else ""
        rows = "".join(f", {label} {line}" if label else f" {line}" for label, line, _ in self.rows)
        return self.title + of + shape + rows


# -- what is written -------------------------------------------------------------------------------------------------
def numbers(array, gradient=False):
    """Lines on an array: its numbers if few, else mean ± spread; for integers the range, for a gradient the norm."""
    if array.size == 0:
        return ["empty"]
    if array.size == 1:
        return [number(array.item())]
    if array.ndim == 1 and array.size <= 4 or array.ndim == 2 and array.shape[0] <= 4 and array.shape[1] <= 4:
        rows = np.atleast_2d(backend.to_numpy(array)).tolist()
        return ["[" + ", ".join(map(number, row)) + "]" for row in rows]
    if array.dtype.kind not in "biuf":
        return [str(array.dtype)]
    if array.dtype.kind == "b":
        return [f"{int(array.sum())} of {array.size} true"]
    if strange := int((~np.isfinite(array)).sum()):
        return [f"{strange} nan or inf"]
    with np.errstate(all="ignore"):
        mean, spread = float(array.mean(dtype=float)), float(array.std(dtype=float))
        norm, low, high = float(np.sqrt(np.square(array.astype(float)).sum())), array.min().item(), array.max().item()
    if gradient:
        return [f"norm {number(norm)}"]
    if low == high:
        return [f"all {number(low)}"]
    if array.dtype.kind in "iu" or not 0 < spread < math.inf:
        return [f"{number(low)} … {number(high)}"]
    return [f"{number(round(mean, 2 - math.floor(math.log10(spread))), 3)} ± {number(spread, 3)}"]


def number(value, digits=4):
    return f"{value:.{digits}g}".replace("-", "−") if isinstance(value, float) else str(value).replace("-", "−")


def op_title(node, name=None):
    """The op as the table of derivatives calls it, with its params: "Σ sum axis=0", "h = getitem [:, 0]"."""
    params = " ".join(f"[{_param(v).strip('()')}]" if k == "index" else f"{k}={_param(v)}"
                      for k, v in node.params.items() if v is not None and v is not False)
    title = " ".join(filter(None, [f"{name} =" if name else node.op.symbol, node.op.name, params]))
    return title if len(title) <= 32 else title[:31] + "…"


def _param(value):
    if isinstance(value, slice):
        bounds = (value.start, value.stop, value.step)[:2 if value.step is None else 3]
        return ":".join("" if v is None else _param(v) for v in bounds)
    if isinstance(value, (tuple, list)) and value:
        return "(" + ", ".join(map(_param, value)) + ")"
    if hasattr(value, "shape") and value.shape:
        return "×".join(map(str, value.shape))
    return "…" if value is Ellipsis else f"{value:g}" if isinstance(value, float) else str(value).replace("-", "−")


# -- what is drawn ---------------------------------------------------------------------------------------------------
def collect(y, names=None, most=MOST_OPS):
    """(boxes, operations left out): a Box for each tensor and constant behind y, inputs before results, y last."""
    called = {id(t): name[:24] for name, t in (names or {}).items() if hasattr(t, "shape") and not name.startswith("_")}
    tensors, stack = {id(y): y}, [y]
    while stack:
        t = stack.pop()
        for x in t.node.inputs if t.node else ():
            if isinstance(x, Tensor) and id(x) not in tensors:
                tensors[id(x)] = x
                stack.append(x)
    ops = sorted((t for t in tensors.values() if t.node and t.node.op), key=lambda t: t.node.order)
    drawn, left_out = ops[-most:], max(len(ops) - most, 0)
    kept, boxes, numbered = {id(t) for t in drawn}, [], {}

    def add(x, key):
        if key not in numbered:
            if key in kept:
                inputs = [add(v, id(v) if hasattr(v, "shape") else (key, k)) for k, v in enumerate(x.node.inputs)]
                box = Box(x, "op", op_title(x.node, called.get(key)), inputs)
            elif isinstance(x, Tensor) and x.node:
                box = Box(x, "cut", "… earlier" if x.node.op else "… released")
            else:
                leaf = isinstance(x, Tensor) and x.requires_grad
                box = Box(x, "leaf" if leaf else "constant", called.get(key, "leaf" if leaf else "constant"))
            numbered[key] = len(boxes)
            boxes.append(box)
        return numbered[key]
    for t in drawn or [y]:                  # oldest first: no recursion deeper than one op
        add(t, id(t))
    return boxes, left_out


def find_gradients(y, boxes, everywhere):
    """Give the boxes their gradients: those of all parts for a scalar y whose tape is there, else the leaves' .grad."""
    tensors = [b for b in boxes if isinstance(b.value, Tensor) and b.value.requires_grad]
    released = any(b.title == "… released" for b in tensors)
    whole = everywhere and y.size == 1 and y.requires_grad and y.node and not released
    for box in tensors:
        if whole:                           # each from the engine itself, which keeps none but those of leaves
            box.gradient = backpropagate(y, wrt={box.value}, retain_graph=True)[box.value]
        elif box.value.grad is not None:
            box.gradient = box.value.grad._data


@explained
def graph(y, names=None, gradients=True, direction=None):
    """The computation graph of a tensor y: a Drawing, which a notebook shows and .save("graph.svg") writes.

    names       {"w": w, ...}: what to call the tensors; names=globals() takes them as the notebook has them
    gradients   the gradient of y in every part, if y is a scalar; otherwise, and with False, the .grad that leaves have
    direction   "right" or "down", the way from inputs to y; None takes "right" unless that is too wide
    """
    boxes, left_out = boxes_for("graph", y, names, gradients)
    sheet = Sheet(boxes, direction)
    note = f"{left_out} earlier operations are not drawn" if left_out else ""
    width = max(sheet.width, len(note) * 11 * EM + 24)
    sheet.shift((width - sheet.width) / 2)
    height = sheet.height + (18 if note else 0)
    parts = [stylesheet(), *(sheet.line(points) for lines in sheet.lines for points in lines),
             *(sheet.box(b) for b in range(len(boxes)))]
    if note:
        parts.append(text(width / 2, height - 12, note, "mg-quiet", "middle"))
    return Drawing(width, height, *description(boxes, note), *parts)


def boxes_for(who, y, names, gradients):
    if not isinstance(y, Tensor):
        raise TypeError(f"{who}: a tensor is needed, not {type(y).__name__}")
    if y.node and not y.node.op:
        raise RuntimeError(f"{who}: the tape of this tensor was released by backward: draw it before, "
                           "or call backward(retain_graph=True)")
    boxes, left_out = collect(y, names)
    find_gradients(y, boxes, gradients)
    return boxes, left_out


def description(boxes, note):
    """(title, alt, details) of a graph in words."""
    operations = sum(b.kind == "op" for b in boxes)
    leaves = ", ".join(b.title for b in boxes if b.kind == "leaf") or "constants"
    title = f"Computation graph of {boxes[-1].title}"
    alt = (f"{title}: {operations} operation{'s' * (operations != 1)} from {leaves}. "
           f"The result is {boxes[-1].in_words(boxes)}.")
    return title, alt + f" {note}." * bool(note), "; ".join(b.in_words(boxes) for b in boxes) + "."


def picture_of(tensor, most=30):
    """The SVG that a notebook shows for a tensor: its graph if it has one of moderate size, tape and all; else None."""
    if tensor.node is None or tensor.node.op is None or len(collect(tensor)[0]) > most:
        return None
    return graph(tensor, gradients=False).svg
