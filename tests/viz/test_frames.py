"""A slider: one picture seen at a time, the last where nothing moves; the same bytes each time."""
import re
import xml.etree.ElementTree as ET

import matplotlib
import pytest

from minigrad import viz
from minigrad.viz import style


def line(rate):
    fig, ax = style.figure(2, 1.5)
    ax.plot([0, 1], [0, rate], color=style.BLUE)
    return fig


def test_each_value_has_its_picture_and_the_last_stays(tmp_path):
    film = viz.slider(line, alt="Steeper & steeper.", rate=[0.5, 1, 2.25])
    pictures = [e for e in ET.fromstring(film.svg).iter() if e.tag.endswith("image")]
    assert len(pictures) == 3 and len({e.get("href") for e in pictures}) == 3
    assert [t for t in re.findall("rate = ([0-9.]+)", film.svg)] == ["0.5", "1", "2.25"]
    assert ["opacity:0" in e.get("style") for e in pictures] == [True, True, False]
    html = film._repr_html_()
    assert "max: 2" in html and 'alt="Steeper &amp; steeper."' in html
    assert html == viz.slider(line, alt="Steeper & steeper.", rate=[0.5, 1, 2.25])._repr_html_()
    film.save(tmp_path / "film.html")


def test_figures_of_pyplot_are_closed():
    plt = pytest.importorskip("matplotlib.pyplot")

    def drawn(k):
        return plt.figure(figsize=(1, 1))
    with matplotlib.rc_context():
        viz.slider(drawn, alt="Nothing.", k=["a", "b"])
    assert not plt.get_fignums()


@pytest.mark.parametrize("call, words", [
    (lambda: viz.slider(line, alt="x", rate=[1]), "two values or more"),
    (lambda: viz.slider(line, alt="x"), "one argument"),
    (lambda: viz.slider(line, alt="x", rate=[1, 2], h=[1, 2]), "one argument"),
    (lambda: viz.slider(line, alt=" ", rate=[1, 2]), "say in words"),
    (lambda: viz.slider(lambda k: style.figure(k, 1)[0], alt="x", k=[1, 2]), "one size")])
def test_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
