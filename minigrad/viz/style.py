"""One look for all pictures: colours that colour-blind readers tell apart, a white page in light and dark mode."""
import base64
import html
import io
import sys

from ..files import atomic_write

# Okabe and Ito's palette (2008): distinct under the common kinds of colour blindness.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
CYCLE = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "D"), (RED, ":", "^"), (PURPLE, "-", "v"), (SKY, "--", "P"))
SETTINGS = {"font.size": 9, "axes.titlesize": 10, "legend.frameon": False,
            "axes.grid": False, "figure.facecolor": "white", "savefig.facecolor": "white", "svg.fonttype": "none"}


def figure(width, height, rows=1, columns=1, alt="", **grid):
    """(fig, axes) of a size in inches, without pyplot: no display and no global state are touched."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    with matplotlib.rc_context(SETTINGS):
        fig = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(fig)
        axes = fig.subplots(rows, columns, **grid)
    for ax in fig.axes:
        ax.spines[["top", "right"]].set_visible(False)
    fig.alt = alt
    return fig, axes


def to_png(fig, dpi=120):
    """The figure as PNG bytes, with its description inside."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.08, metadata={"Description": fig.alt, "Software": None})
    return buffer.getvalue()


def save(fig, path, dpi=120):
    """Write the figure to a PNG file: all of it or nothing.  Returns the path."""
    with atomic_write(path) as file:
        file.write(to_png(fig, dpi))
    return path


class Shown:
    """A figure, or a film, as a notebook shows it: an image with alt text."""

    def __init__(self, data, kind, alt):
        self.data, self.kind, self.alt = data, kind, alt

    def _repr_html_(self):
        encoded = base64.b64encode(self.data).decode()
        return f'<img alt="{html.escape(self.alt, quote=True)}" src="data:image/{self.kind};base64,{encoded}" style="max-width: 100%">'

    def __repr__(self):
        return f"<picture: {self.alt}>"


def show(fig, alt=None, dpi=90):
    """The figure for a notebook, with a description for those who can't see it (default: fig.alt)."""
    fig.alt = alt or getattr(fig, "alt", "")
    if not fig.alt:
        raise ValueError("show: say in words what the picture shows: alt=...")
    data = to_png(fig, dpi)
    if "matplotlib.pyplot" in sys.modules:      # a figure of pyplot's would be shown a second time, without its words
        sys.modules["matplotlib.pyplot"].close(fig)
    return Shown(data, "png", fig.alt)


def light(ax, which="both"):
    """Ticks and frame taken off an axis that shows a picture."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
