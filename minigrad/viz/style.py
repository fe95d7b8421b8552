"""One look for all pictures: colours that colour-blind readers tell apart, never colour alone, a description in words.

The page of a figure in a file is white: black on white can be read on any page around it, while lines on a transparent
ground would be lost on a dark one.  In a notebook with a dark theme figures of lines turn dark, hues kept; those with
images in them keep their white page, since there dark means something.
"""
import base64
import functools
import html
import io
import sys

import numpy as np

from ..engine.tensor import Tensor
from ..support.files import atomic_write
from ..support.meanings import checked

# Okabe and Ito's palette (2008): distinct under the common kinds of colour blindness.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
# (colour, line, marker) of the first, second, ... thing in a picture: told apart in grey as well
CYCLE = ((BLUE, "-", "o"), (RED, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D"),
         ("#000000", (0, (5, 1)), "v"), (ORANGE, (0, (3, 1, 1, 1)), "P"), (SKY, (0, (1, 1)), "X"))
INK, QUIET, FAINT = "#1b1f24", "#57606a", "#d0d7de"
SETTINGS = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9, "legend.fontsize": 8,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "axes.titlelocation": "left", "legend.frameon": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.edgecolor": QUIET, "xtick.color": QUIET, "ytick.color": QUIET, "axes.linewidth": 0.8, "lines.linewidth": 1.7,
    "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white", "axes.facecolor": "white",
    "axes.grid": False, "image.interpolation": "nearest",
}


def styled(draw):
    """Run a drawing function with these settings, whatever the reader's own are; those come back after."""
    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        import matplotlib
        with matplotlib.rc_context(SETTINGS):
            return draw(*args, **kwargs)
    return drawn


@styled
def figure(width, height, rows=None, columns=None, alt="", **grid):
    """(fig, axes) of a size in inches, without pyplot: no display and no global state are touched.

    rows, columns, grid     as in Figure.subplots; without them axes is a single one
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    fig.alt = alt
    return fig, fig.subplots(rows or 1, columns or 1, **grid)


def to_png(fig, dpi, tight=True):
    """The figure as the bytes of a PNG of at most 256 colours, a third of the size, with its description inside.

    tight       cut the margins off, and bring in what stands outside
    """
    from PIL import Image, PngImagePlugin
    raw, packed, notes = io.BytesIO(), io.BytesIO(), PngImagePlugin.PngInfo()
    fig.savefig(raw, format="png", dpi=dpi, bbox_inches="tight" if tight else None, pad_inches=0.08, facecolor="white")
    notes.add_itxt("Description", fig.alt)
    image = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(packed, "PNG", optimize=True, pnginfo=notes, dpi=(dpi, dpi))
    return packed.getvalue()


def described(fig, alt, who):
    """The figure, once it has words for those who can't see it."""
    fig.alt = alt or getattr(fig, "alt", "")
    if not fig.alt.strip():
        raise ValueError(f"{who}: say in words what the picture shows: alt=...")
    return fig


@checked
def save(fig, path, dpi=150, alt=None):
    """Write the figure to a PNG file with its description (default: fig.alt), whole or not at all; the path."""
    data = to_png(described(fig, alt, "save"), dpi)
    with atomic_write(path) as file:
        file.write(data)
    return path


# for JupyterLab's and VS Code's dark themes: white becomes nearly black, and each hue comes back to itself
DARK = ("<style>[data-jp-theme-light=false] .mg-lines,.vscode-dark .mg-lines"
        "{filter:invert(.93) hue-rotate(180deg)}</style>")


class Shown:
    """A figure as a notebook shows it: an image of `width` pixels, twice as fine inside, with alt text.

    lines       no colour in it stands for a number, so it may turn dark with the page
    """

    def __init__(self, data, alt, width, lines=False):
        self.data, self.alt, self.width, self.lines = data, alt, width, lines

    def _repr_html_(self):
        encoded = base64.b64encode(self.data).decode()
        kind = ' class="mg-lines"' if self.lines else ""
        return (f'<img alt="{html.escape(self.alt)}"{kind} width="{self.width}" '
                'style="max-width:100%;height:auto;border-radius:6px" '
                f'src="data:image/png;base64,{encoded}">{DARK if self.lines else ""}')

    def __repr__(self):
        return f"<picture: {self.alt}>"


@checked
def show(fig, alt=None, dpi=90):
    """The figure for a notebook, with a description for those who can't see it (default: fig.alt)."""
    data = to_png(described(fig, alt, "show"), 2 * dpi)
    if "matplotlib.pyplot" in sys.modules:      # a figure of pyplot's would be shown a second time, without its words
        sys.modules["matplotlib.pyplot"].close(fig)
    lines = not any(map(_mapped, fig.axes))
    return Shown(data, fig.alt, int.from_bytes(data[16:20]) // 2, lines)        # a PNG's width is at byte 16


def _mapped(ax):
    """Whether colours stand for numbers in it: in images, and in collections of many colours or with a colour map."""
    def many(artist):
        colours = np.concatenate([artist.get_edgecolor(), artist.get_facecolor()])
        return len(np.unique(colours, axis=0)) > len(CYCLE)
    return bool(ax.images) or any(many(c) or c.get_array() is not None and getattr(c, "colors", None) is None
                                  for c in ax.collections)


def as_array(values):
    """A NumPy array of floats, from an array, a list or a tensor."""
    return np.asarray(values.numpy() if isinstance(values, Tensor) else values, dtype=float)


def bare(ax):
    """Ticks and frame taken off an axis that shows a picture."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
