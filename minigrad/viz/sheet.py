"""A computation graph on the page: the size of its boxes, the lines between them, and the SVG of both."""
from ..support.arguments import shown
from .layout import layered
from .svg import EM, element, text, words

WIDEST = 760                                # a graph that would be wider from left to right is drawn from top to bottom
SIZE, HEADER, LINE, PAD = 11, 20, 14, 8
LETTER = SIZE * EM
INDENT = PAD + 6 * LETTER                   # of the numbers, after their label "value" or "grad"


def size_of(box):
    """(width, height) of a box around its title, shape and rows of numbers."""
    title = len(box.title) + (len(box.shape) + 2 if box.shape else 0)
    rows = box.rows
    width = max([title * LETTER + PAD] + [INDENT + len(line) * LETTER for _, line, _ in rows]) + PAD
    return max(width, 34), HEADER + (len(rows) * LINE + 6 if rows else 0)


class Sheet:
    """Where the boxes and lines of a graph are, and how they are drawn.

    boxes       what minigrad.viz.graph.collect found: .title .shape .kind .rows .inputs, inputs before results
    centres     (x, y) of each box;  lines[b][k]: the points of the line from input k to box b
    """

    def __init__(self, boxes, direction=None):
        if direction not in (None, "right", "down"):
            raise ValueError(f'graph: direction must be "right" or "down", not {shown(direction)}')
        self.boxes, self.sizes = boxes, [size_of(b) for b in boxes]
        self._lay(direction != "down")
        if direction is None and self.width > WIDEST:
            self._lay(False)

    def _lay(self, right, margin=14):
        def turned(pair):
            return tuple(reversed(pair)) if right else tuple(pair)

        def placed(point):
            x, y = turned(point)
            return x + margin, y + margin
        spots, routes = layered([turned(size) for size in self.sizes], [b.inputs for b in self.boxes])
        self.right = right
        self.centres = [placed((s.across, s.along)) for s in spots]
        self.lines = [[[placed(p) for p in line] for line in lines] for lines in routes]
        corners = [(x + w / 2, y + h / 2) for (x, y), (w, h) in zip(self.centres, self.sizes)]
        corners += [p for lines in self.lines for line in lines for p in line]
        self.width, self.height = (max(values) + margin for values in zip(*corners))

    def shift(self, dx):
        """Move everything to the right."""
        self.centres = [(x + dx, y) for x, y in self.centres]
        self.lines = [[[(x + dx, y) for x, y in line] for line in lines] for lines in self.lines]

    def corner(self, b):
        """The upper left corner of box b."""
        (x, y), (w, h) = self.centres[b], self.sizes[b]
        return x - w / 2, y - h / 2

    def line(self, points, class_="mg-line", width=1.3, backward=False, **attributes):
        """A line with an arrow head at its end (backward: at its start): straight through rows, curved between them."""
        path = "M" + _at(points[0])
        for k in range(1, len(points) - 1, 2):
            (x0, y0), (x1, y1) = points[k], points[k + 1]
            xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
            bend = f"{_at((xm, y0))} {_at((xm, y1))}" if self.right else f"{_at((x0, ym))} {_at((x1, ym))}"
            path += f"L{_at((x0, y0))}C{bend} {_at((x1, y1))}"
        path += "L" + _at(points[-1])
        (x, y), back = points[0 if backward else -1], 6 if backward else -6
        wings = [(x + back, y - 3.5), (x + back, y + 3.5)] if self.right else [(x - 3.5, y + back), (x + 3.5, y + back)]
        path += f"M{_at(wings[0])}L{_at((x, y))}L{_at(wings[1])}"
        return element("path", d=path, class_=class_, fill="none", stroke_width=width, stroke_linecap="round",
                       **attributes)

    def box(self, b, shown=None):
        """A box as SVG: header with title and shape, then the numbers; `shown` has styles for rows: {"grad": style}."""
        box, (x, y), (w, h) = self.boxes[b], self.corner(b), self.sizes[b]
        kind = "constant" if box.kind == "cut" else box.kind
        round_, rows, middle = 7 if kind == "op" else 1, box.rows, y + 14
        frame = {"x": x, "y": y, "width": w, "height": h, "rx": round_}
        parts = [element("title", words(box.hint()))] if box.kind == "op" else []
        parts.append(element("rect", **frame, class_=f"mg-{kind}"))
        if rows:                            # the body, below the header
            r, foot = min(round_, 6), y + h
            path = (f"M{_at((x, y + HEADER))}H{x + w:.1f}V{foot - r:.1f}"
                    f"a{r} {r} 0 0 1 {-r} {r}H{x + r:.1f}a{r} {r} 0 0 1 {-r} {-r}z")
            parts.append(element("path", class_="mg-body", d=path))
        parts.append(element("rect", **frame, class_=f"mg-{kind}-edge", fill="none",
                             stroke_width=1.8 if kind == "leaf" else 1.2,
                             stroke_dasharray="4 3" if kind == "constant" else None))
        if box.shape:
            parts.append(text(x + PAD, middle, box.title, "mg-text mg-title"))
            parts.append(text(x + w - PAD, middle, box.shape, "mg-quiet", "end"))
        else:
            parts.append(text(x + w / 2, middle, box.title, "mg-text mg-title", "middle"))
        style = None
        for k, (label, line, class_) in enumerate(rows):
            baseline = y + HEADER + 13 + k * LINE
            if label:
                style = (shown or {}).get(label)
                parts.append(text(x + PAD, baseline, label, "mg-quiet", style=style))
            parts.append(text(x + INDENT, baseline, line, class_, style=style))
        return element("g", *parts, class_=f"mg-box mg-{box.kind}-box")


def _at(point):
    return f"{point[0]:.1f} {point[1]:.1f}"
