"""A picture for each of several values behind a slider: drawn beforehand, so that no kernel need be running."""
import base64
import sys

from ..support.explaining import explained
from .style import described, to_png
from .svg import Film, element, only, stylesheet, text, until

PACE = 0.8                                  # seconds for each picture, when played
CAPTION = 26                                # height of the line above the picture that names the value


@explained
def slider(draw, /, alt, **values):
    """A figure for each value of one argument: a Film, with a slider in a notebook and as an .html file.

        viz.slider(walk, alt="Walks that arrive, swing and climb.", rate=[0.01, 0.07, 0.081])

    draw        draw(rate=...) returns a matplotlib figure; all must have one size
    alt         in words, what moving the slider shows
    Where scripts are not run, the pictures play once, and the last one stays.
    """
    if len(values) != 1:
        raise ValueError(f"slider: give the values of one argument, rate=[...], not of {len(values)}")
    (name, values), = values.items()
    values = list(values)
    if len(values) < 2:
        raise ValueError(f"slider: {name} needs two values or more, got {len(values)}")
    figures = [described(draw(**{name: value}), alt, "slider") for value in values]
    sizes = {tuple(fig.get_size_inches()) for fig in figures}
    if len(sizes) > 1:
        raise ValueError(f"slider: figures of one size are needed, not of {sorted(sizes)}")
    width, height = (90 * side for side in sizes.pop())
    parts = []
    for k, (value, fig) in enumerate(zip(values, figures)):
        picture = base64.b64encode(to_png(fig, 144, tight=False)).decode()
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(fig)
        style = only(k, PACE) if k < len(values) - 1 else until(k, PACE)
        said = f"{name} = {value:.4g}" if isinstance(value, (int, float)) else f"{name} = {value}"
        parts += [text(14, 18, said, "mg-text mg-title", style=style),
                  element("image", href=f"data:image/png;base64,{picture}", y=CAPTION, width=f"{width:.0f}",
                          height=f"{height:.0f}", style=style)]
    film = Film(width, height + CAPTION, f"for each {name}", alt, alt, stylesheet(), *parts)
    film.steps, film.pace = len(values) - 1, PACE
    return film
