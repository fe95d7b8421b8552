"""The computation graph of a tensor as SVG: what was computed, from what, and the gradient of each part.

The layout is layered (Sugiyama et al. 1981): an operation stands below everything that it needs, and within a row the
order is improved by moving each box toward the mean place of its neighbours, which uncrosses most lines.
"""
import html

import numpy as np

from ..files import atomic_write
from ..tensor import Tensor, backpropagate

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 132, 46, 22, 34, 12
MOST = 120                                  # boxes; a larger graph is cut, and says so
STYLE = """<style>
.mg text{font-family:ui-sans-serif,system-ui,sans-serif;font-size:11px;text-anchor:middle;fill:#1a1a1a}
.mg .name{font-weight:600}.mg .small{font-size:9.5px;fill:#444}.mg .grad{font-size:9.5px;fill:#a03c00}
.mg rect{stroke-width:1.2;rx:7}.mg .leaf rect{fill:#fdf1d6;stroke:#E69F00}.mg .data rect{fill:#eee;stroke:#999}
.mg .op rect{fill:#dcecf7;stroke:#0072B2}.mg path{fill:none;stroke:#888;stroke-width:1.3;marker-end:url(#mg-arrow)}
</style>"""


class Box:
    """One tensor of the graph: where it stands, and what is written in it; without a tensor, a bend of a long line."""

    def __init__(self, tensor=None, parents=(), rank=0):
        self.tensor, self.parents, self.rank, self.x = tensor, list(parents), rank, 0.0

    @property
    def kind(self):
        return "op" if self.tensor.node else "leaf" if self.tensor.requires_grad else "data"

    @property
    def name(self):
        if self.kind != "op":
            return self.kind
        return self.tensor.node.op.name if self.tensor.node.op else "released"     # its tape was consumed by backward


def short(tensor):
    """The value if it is small, else the shape."""
    array = tensor.numpy() if isinstance(tensor, Tensor) else np.asarray(tensor)
    if array.size == 1:
        return f"{array.item():.4g}"
    if array.ndim == 1 and array.size <= 3:
        return "[" + ", ".join(f"{v:.3g}" for v in array) + "]"
    return "shape " + "×".join(map(str, array.shape))


def boxes(y):
    """A Box for each tensor that y was made from, parents before children; the newest MOST of them."""
    tensors, seen = [], set()
    stack = [y]
    while stack:                            # every input, also those that need no gradient
        t = stack.pop()
        if id(t) in seen:
            continue
        seen.add(id(t))
        tensors.append(t)
        if t.node:
            stack.extend(x for x in t.node.inputs if isinstance(x, Tensor))
    tensors.sort(key=lambda t: t.node.order if t.node else -1)
    found = {id(t): Box(t) for t in tensors[-MOST:]}
    for box in found.values():
        if box.tensor.node:
            box.parents = [found[id(x)] for x in box.tensor.node.inputs if id(x) in found]
            box.rank = 1 + max((p.rank for p in box.parents), default=0)
    for box in reversed(found.values()):    # a leaf stands just above its first use
        children = [c for c in found.values() if box in c.parents]
        if not box.parents and children:
            box.rank = min(c.rank for c in children) - 1
    return list(found.values()), len(tensors)


def with_bends(found):
    """The boxes, and on each line across several rows a bend in every row between, so that lines have room of their own."""
    bends = []
    for box in found:
        for k, parent in enumerate(box.parents):
            for rank in range(parent.rank + 1, box.rank):
                parent = Box(None, [parent], rank)
                bends.append(parent)
            box.parents[k] = parent
    return found + bends


def layout(found):
    """Places for the boxes: rows by rank, and in each row an order with few crossings."""
    rows = {}
    for box in found:
        rows.setdefault(box.rank, []).append(box)
    children = {id(b): [c for c in found if b in c.parents] for b in found}
    for row in rows.values():
        for k, box in enumerate(row):
            box.x = k - (len(row) - 1) / 2
    for sweep in range(12):
        for rank in sorted(rows, reverse=bool(sweep % 2)):
            row = rows[rank]
            near = {id(b): (b.parents if sweep % 2 == 0 else children[id(b)]) for b in row}
            wish = {id(b): float(np.mean([n.x for n in near[id(b)]])) if near[id(b)] else b.x for b in row}
            row.sort(key=lambda b: wish[id(b)])
            for k, box in enumerate(row):   # as near to the wish as the neighbour on the left allows
                apart = 1 - 0.3 * ((box.tensor is None) + (row[k - 1].tensor is None))
                box.x = max(wish[id(box)], row[k - 1].x + apart) if k else wish[id(box)]
            shift = np.mean([wish[id(b)] - b.x for b in row])
            for box in row:
                box.x += shift
    left = min(b.x for b in found)
    for box in found:
        box.x -= left
    ranks = {r: k for k, r in enumerate(sorted(rows))}
    for box in found:
        box.rank = ranks[box.rank]


def _centre(box):
    return MARGIN + WIDTH / 2 + box.x * (WIDTH + GAP_X), MARGIN + HEIGHT / 2 + box.rank * (HEIGHT + GAP_Y)


def _draw_box(box, gradient):
    x, y = _centre(box)
    lines = [("name", box.name), ("small", short(box.tensor))]
    if gradient is not None:
        lines.append(("grad", f"grad {short(gradient)}"))
    text = "".join(f'<text class="{c}" x="{x:.1f}" y="{y + 4 + 13 * (k - (len(lines) - 1) / 2):.1f}">{html.escape(s)}</text>'
                   for k, (c, s) in enumerate(lines))
    return (f'<g class="{box.kind}"><rect x="{x - WIDTH / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{WIDTH}" '
            f'height="{HEIGHT}"/>{text}</g>')


def _draw_line(box, parent):
    """From a parent box to a box, through the bends between them."""
    bends = [box]
    while parent.tensor is None:
        bends.insert(0, parent)
        parent = parent.parents[0]
    x0, y0 = _centre(parent)
    y0 += HEIGHT / 2
    path = f"M{x0:.1f} {y0:.1f}"
    for bend in bends:
        x1, y1 = _centre(bend)
        top, bottom = y1 - HEIGHT / 2 - 2 * (bend is box), y1 + HEIGHT / 2
        middle = (y0 + top) / 2
        path += f" C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {top:.1f}"
        if bend is not box:
            path += f" L{x1:.1f} {bottom:.1f}"
        x0, y0 = x1, bottom
    return f'<path d="{path}"/>'


class Picture:
    """An SVG: in a notebook it shows itself; `save` writes it to a file."""

    def __init__(self, svg, alt):
        self.svg, self.alt = svg, alt

    def _repr_svg_(self):
        return self.svg

    def save(self, path):
        with atomic_write(path, "w") as file:
            file.write(self.svg)
        return path


def gradients_of(y, found):
    """The cotangent of every box, for a scalar y whose tape is still there; else what .grad holds."""
    inside = {id(b.tensor): b.tensor for b in found if b.tensor.requires_grad}
    released = any(t.node is not None and t.node.op is None for t in inside.values())
    if y.size != 1 or not y.requires_grad or released:
        return {k: t.grad for k, t in inside.items()}
    return {k: backpropagate(y, wrt={t}, retain_graph=True).get(t) if t is not y else np.ones(y.shape)
            for k, t in inside.items()}


def graph(y, gradients=True):
    """The computation graph of a tensor y, inputs above, y at the bottom; with the gradient of y in each part if it is a scalar."""
    if not isinstance(y, Tensor):
        raise TypeError(f"graph: a tensor is needed, not {type(y).__name__}")
    return _render(y, gradients, animated=False)


def steps(y):
    """The graph as a film: values appear from the inputs down (forward), then gradients from y up (backward)."""
    if y.size != 1 or not y.requires_grad:
        raise ValueError("steps: y must be a scalar that requires gradients, with its tape not yet released")
    return _render(y, True, animated=True)


def _render(y, gradients, animated):
    found, total = boxes(y)
    everything = with_bends(found)
    layout(everything)
    grads = gradients_of(y, found) if gradients else {}
    ranks = 1 + max(b.rank for b in found)
    seconds = 0.8 * 2 * ranks + 2

    def appear(step):                       # fades in at its step of the film, and stays: still pictures show everything
        start = min(0.8 * step / seconds, 0.98)
        return (f'<animate attributeName="opacity" values="0;0;1;1" keyTimes="0;{start:.3f};{min(start + 0.04, 0.99):.3f};1" '
                f'dur="{seconds:.1f}s" repeatCount="indefinite"/>') if animated else ""

    parts = []
    for box in found:
        for parent in box.parents:
            parts.append(f"<g>{_draw_line(box, parent)}{appear(box.rank)}</g>")
    for box in found:
        g = grads.get(id(box.tensor))
        if animated and g is not None:
            parts.append(f"<g>{_draw_box(box, None)}{appear(box.rank)}</g>")
            parts.append(f"<g>{_draw_box(box, g)}{appear(2 * ranks - box.rank)}</g>")
        else:
            parts.append(f"<g>{_draw_box(box, g)}{appear(box.rank)}</g>")
    width = MARGIN * 2 + WIDTH + max(b.x for b in everything) * (WIDTH + GAP_X)
    height = MARGIN * 2 + HEIGHT + (ranks - 1) * (HEIGHT + GAP_Y)
    cut = f" The {total - len(found)} oldest are left out." if total > len(found) else ""
    names = ", ".join(dict.fromkeys(b.name for b in found if b.kind == "op"))
    alt = f"Computation graph of {total} tensors ending in {found[-1].name} = {short(y)}; operations: {names or 'none'}.{cut}"
    note = f'<text class="small" x="{width / 2:.0f}" y="{height + 8:.0f}">{html.escape(cut.strip())}</text>' if cut else ""
    height += 16 * bool(cut)
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" class="mg" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
           f'width="{width:.0f}" height="{height:.0f}"><title>{html.escape(alt)}</title>{STYLE}<defs><marker id="mg-arrow" '
           'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" '
           'style="fill:#888;stroke:none;marker-end:none"/></marker></defs>'
           f'<rect width="{width:.0f}" height="{height:.0f}" style="fill:white;stroke:none"/>{"".join(parts)}{note}</svg>')
    return Picture(svg, alt)


