"""A computation graph as a film: values appear from the inputs to y (forward), then gradients from y back (backward).

Every operation runs once in each direction: forward in the order of the tape, backward in the reverse of that order, so
that all that flows into a tensor has been added up before it is passed on.  Numbers at the boxes say when.
"""
import re

from ..engine.tensor import Tensor
from ..support.explaining import explained
from .graph import boxes_for, description
from .sheet import Sheet
from .svg import EM, Film, element, only, stylesheet, text, until

CAPTION = 44                                # height of the two lines under the graph


@explained
def steps(y, names=None, direction=None):
    """The forward and the backward pass of a scalar y, step by step: a Film, with a slider in a notebook and in .html.

    names, direction    as in viz.graph
    """
    if not isinstance(y, Tensor) or y.size != 1 or not y.requires_grad or y.node is None:
        raise ValueError("steps: y must be a tensor of one element, made by operations from leaves with requires_grad")
    boxes, left_out = boxes_for("steps", y, names, True)
    if left_out:
        raise ValueError(f"steps: the graph has {left_out} operations too many for a film; take a part of it")
    forward, backward, captions = schedule(boxes)
    sheet = Sheet(boxes, direction)
    captions = captions + [("blue: the order forward, with values", "orange: the order backward, with gradients")]
    width = max(sheet.width, 28 + max(len(line) for caption in captions for line in caption) * 11 * EM)
    sheet.shift((width - sheet.width) / 2)
    parts = [stylesheet(), *(sheet.line(points) for lines in sheet.lines for points in lines)]
    for b in range(len(boxes)):
        known = gradient_known(b, boxes, backward)
        parts.append(sheet.box(b, {"value": until(forward.get(b, 0)), "grad": until(known)}))
    badges = []
    for first, order, back in ((0, forward, False), (max(forward.values()) + 1, backward, True)):
        for b, step in order.items():
            parts += _highlight(sheet, b, step, back)
            badges.append(_badge(sheet, b, str(step - first), back))
    parts += badges
    for k, lines in enumerate(captions):
        style = only(k) if k < len(captions) - 1 else until(k)
        parts += [text(14, sheet.height + 12 + 16 * n, line, "mg-quiet" if n else "mg-text mg-title", style=style)
                  for n, line in enumerate(lines)]
    title, alt, details = description(boxes, "")
    details += " Steps: " + "; ".join(" ".join(filter(None, c)) for c in captions[:-1]) + "."
    film = Film(width, sheet.height + CAPTION, f"{title}, step by step",
                f"{alt} Shown step by step, forward and backward.", details, *parts)
    film.steps = len(captions) - 1
    return film


def schedule(boxes):
    """(forward, backward, captions): {box: step} each way, and two lines on each step.  Step 0 shows the inputs."""
    forward, backward, captions = {}, {}, [("the inputs", "")]
    operations = [b for b, box in enumerate(boxes) if box.kind == "op"]
    for b in operations:
        forward[b] = len(captions)
        captions.append((f"forward {len(forward)}: {boxes[b].title}", formula(boxes[b])[0]))
    captions.append(("backward starts: the gradient of the result in itself is 1", ""))
    for b in reversed(operations):
        if boxes[b].gradient is not None:
            backward[b] = len(captions)
            captions.append((f"backward {len(backward)}: {boxes[b].title}", formula(boxes[b])[1]))
    return forward, backward, captions


def formula(box):
    """("y = tanh x", "dx = g (1 - y²)"): the two halves of the op's line in the table of derivatives."""
    halves = re.split(r"\s{3,}", box.hint(), maxsplit=1)
    return halves[0], halves[1] if len(halves) > 1 else ""


def gradient_known(b, boxes, backward):
    """The step at which the last use of b has added its share to b's gradient; for the result, backward's start."""
    return max((step for use, step in backward.items() if b in boxes[use].inputs), default=min(backward.values()) - 1)


def _highlight(sheet, b, step, back):
    """What happens at a step: the box that computes, and the lines from its inputs, or back to those with gradients."""
    (x, y), (w, h), style = sheet.corner(b), sheet.sizes[b], only(step)
    box, class_ = sheet.boxes[b], "mg-back" if back else "mg-on"
    lines = [sheet.line(points, class_, 2.6, backward=back, style=style)
             for points, i in zip(sheet.lines[b], box.inputs) if not back or sheet.boxes[i].gradient is not None]
    return [*lines, element("rect", x=x - 3, y=y - 3, width=w + 6, height=h + 6, rx=9, class_=class_, fill="none",
                            stroke_width=3, style=style)]


def _badge(sheet, b, number, back):
    """The number of a step, at the upper corner of its box: left for forward, right for backward."""
    x, y = sheet.corner(b)
    x += sheet.sizes[b][0] if back else 0
    return (element("circle", cx=x, cy=y, r=8, class_="mg-backward" if back else "mg-forward")
            + text(x, y + 3.5, number, "mg-badge", "middle", style="font-size:10px;font-weight:600"))
