"""PNG files and notebook images: described, small, crisp, whole, and untouched by the reader's own settings."""
import re

import matplotlib
import numpy as np
import pytest
from PIL import Image

from minigrad import viz
from minigrad.viz import style

from .test_graph import contrast


def curve(alt="A rising line."):
    fig, ax = style.figure(3, 2, alt=alt)
    ax.plot([0, 1], [0, 1], color=style.BLUE)
    return fig


def test_a_saved_picture_carries_its_description(tmp_path):
    path = viz.save(curve(), tmp_path / "new folder" / "line.png", alt="Eine Gerade: y = x, aufwärts ↗")
    with Image.open(path) as image:
        assert image.text["Description"] == "Eine Gerade: y = x, aufwärts ↗" and image.mode == "P"
    assert [p.name for p in path.parent.iterdir()] == ["line.png"] and path.stat().st_size < 10_000


def test_the_same_figure_is_the_same_file(tmp_path):
    a, b = (viz.save(curve(), tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert a == b


def test_few_colours_keep_the_palette(tmp_path):
    """256 colours must not cost a thin line its hue, not even beside a picture of many greys."""
    fig, ax = style.figure(4, 3, alt="Lines over greys.")
    ax.imshow(np.linspace(0, 1, 300 * 400).reshape(300, 400), cmap="gray", extent=(0, 1, 0, 1))
    for k, (colour, *_) in enumerate(style.CYCLE):
        ax.plot([0, 1], [k / 10, k / 10 + 0.1], color=colour, lw=1.5)
    with Image.open(viz.save(fig, tmp_path / "many.png")) as image:
        seen = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    for colour, *_ in style.CYCLE:
        wanted = [int(colour[k:k + 2], 16) for k in (1, 3, 5)]
        assert np.abs(seen - wanted).max(axis=1).min() <= 24, colour


def test_no_picture_without_words(tmp_path):
    for call in (lambda: viz.save(curve(alt=""), tmp_path / "x.png"), lambda: viz.show(curve(alt=" "))):
        with pytest.raises(ValueError, match="alt="):
            call()
    assert not list(tmp_path.iterdir())


def test_shown_twice_as_fine_and_with_escaped_words():
    html = viz.show(curve(), alt='Up & "away" <fast>')._repr_html_()
    assert 'alt="Up &amp; &quot;away&quot; &lt;fast&gt;"' in html
    width = int(re.search(r'width="(\d+)"', html).group(1))
    assert abs(width - 3 * 90) < 20 and viz.show(curve()).alt == "A rising line."


def test_lines_turn_dark_with_the_page_and_images_do_not():
    fig, ax = style.figure(3, 2, alt="A digit.")
    ax.imshow(np.eye(3), cmap="gray_r")
    heights, points, chain, contours = (curve() for _ in range(4))
    heights.axes[0].contourf(np.eye(3))
    points.axes[0].scatter([0, 1], [0, 1], c=[0.0, 1.0])
    chain.axes[0].scatter(range(9), range(9), c=[str(k / 9) for k in range(9)])
    contours.axes[0].contour(np.eye(3), colors="0.5")
    for mapped in (fig, heights, points, chain):
        assert "mg-lines" not in (html := viz.show(mapped)._repr_html_()) and "<style>" not in html
    for lines in (curve(), contours):
        assert 'class="mg-lines"' in (html := viz.show(lines)._repr_html_()) and html.endswith(style.DARK)


def test_pyplots_figures_are_shown_once():
    plt = pytest.importorskip("matplotlib.pyplot")
    fig = plt.figure()
    viz.show(fig, alt="Nothing yet.")
    assert fig.number not in plt.get_fignums()


def test_the_readers_settings_neither_matter_nor_change():
    plain = style.to_png(curve(), 100)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "lines.linewidth": 9, "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        fig = viz.learning_curves({"loss": [2.0, 1.0]})
        assert dict(matplotlib.rcParams) == before
    assert style.to_png(fig, 100) == style.to_png(viz.learning_curves({"loss": [2.0, 1.0]}), 100)
    assert style.to_png(curve(), 100) == plain


def test_lines_are_seen_on_white_and_told_apart_without_colour():
    """3 is WCAG's least contrast for lines; Okabe and Ito's purple has 2.9, and the last ones of the cycle less."""
    assert all(contrast(colour, "#ffffff") > (3 if colour != style.PURPLE else 2.8) for colour, *_ in style.CYCLE[:5])
    assert contrast(style.INK, "#ffffff") > 7 and contrast(style.QUIET, "#ffffff") > 4.5
    for k in (1, 2):
        assert len({entry[k] for entry in style.CYCLE}) == len(style.CYCLE)
