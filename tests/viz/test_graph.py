"""Computation graphs as SVG: all there, nothing overlapping, readable in light and dark, and in words."""
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import viz
from minigrad.engine.op import Op
from minigrad.viz.graph import MOST_OPS, collect, number, numbers
from minigrad.viz.svg import COLOURS, EM, STROKES

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = ("x", "y", "width", "height", "cx", "cy", "r", "rx", "stroke-width")


def neuron():
    w, b = mg.tensor([0.5, -1.0], requires_grad=True), mg.tensor(0.1, requires_grad=True)
    x = mg.tensor([2.0, 3.0])
    return mg.tanh((w * x).sum() + b), {"w": w, "b": b, "x": x}


def parts(drawing):
    """[(kind, frame, texts)] of the boxes: frame is (x, y, width, height), a text is (x, anchor, string)."""
    found = []
    for group in ET.fromstring(drawing.svg).iter(f"{SVG}g"):
        kind = re.search(r"mg-(\w+)-box", group.get("class")).group(1)
        frame = [float(group.find(f"{SVG}rect").get(k)) for k in ("x", "y", "width", "height")]
        texts = [(float(t.get("x")), t.get("text-anchor"), t.text) for t in group.iter(f"{SVG}text")]
        found.append((kind, frame, texts))
    return found


def titles(drawing):
    return sorted(texts[0][2] for _, _, texts in parts(drawing))


def strings(drawing):
    return [t.text for t in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


def check_page(drawing):
    """Every number is finite and on the page; no two boxes meet; no text leaves its box."""
    root = ET.fromstring(drawing.svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    for e in root.iter():
        for k in NUMBERS:
            assert e.get(k) is None or np.isfinite(float(e.get(k)))
        for path in re.findall(r"[-\d.]+ [-\d.]+", e.get("d") or ""):
            assert all(np.isfinite(float(v)) for v in path.split())
    boxes = parts(drawing)
    for k, (_, (x, y, w, h), texts) in enumerate(boxes):
        assert x > 0 and y > 0 and x + w < width and y + h < height
        for _, (u, v, s, t), _ in boxes[:k]:
            assert x + w < u or u + s < x or y + h < v or v + t < y
        for left, anchor, string in texts:
            wide = len(string) * 11 * EM
            left -= {"middle": wide / 2, "end": wide}.get(anchor, 0)
            assert left > x and left + wide < x + w + 1e-6, string


def test_every_tensor_once_with_values_and_gradients():
    y, names = neuron()
    drawing = viz.graph(y, names={**names, "y": y})
    assert titles(drawing) == sorted(["w", "b", "x", "× multiply", "Σ sum", "+ add", "y = tanh"])
    slope = 1 - np.tanh(-1.9) ** 2
    assert number(slope) in strings(drawing) and f"[{number(2 * slope)}, {number(3 * slope)}]" in strings(drawing)
    assert [kind for kind, *_ in parts(drawing)].count("op") == 4
    check_page(drawing)


def test_the_page_says_in_words_what_it_shows():
    y, names = neuron()
    drawing = viz.graph(y, names=names)
    root = ET.fromstring(drawing.svg)
    assert root.get("role") == "img" and root.get("aria-label") == drawing.alt == str(drawing)
    assert "4 operations from w, b" in drawing.alt and "value −0.9562" in drawing.alt
    assert root.find(f"{SVG}title").text == "Computation graph of tanh"
    details = root.find(f"{SVG}desc").text
    assert "× multiply of w and x, shape (2,), value [1, −3]" in details
    tips = {t.text for g in root.iter(f"{SVG}g") for t in g.iter(f"{SVG}title")}
    assert any(tip.startswith("y = tanh x") for tip in tips)         # the derivative table's line, when pointed at


def test_constants_numbers_and_arrays_are_drawn():
    x, mask = mg.tensor(np.ones((8, 9)), requires_grad=True), np.arange(72).reshape(8, 9)
    drawing = viz.graph((x * mask) ** 3 / 2.5, names={"mask": mask})
    assert titles(drawing) == sorted(["leaf", "mask", "× multiply", "power", "3", "÷ divide", "2.5"])
    assert "0 … 71" in strings(drawing) and "all 1" in strings(drawing)


def test_gradients_where_there_are_any():
    y, _ = neuron()
    assert "grad" not in strings(viz.graph(y, gradients=False))
    vector = mg.tensor([1.0, 2.0], requires_grad=True) * 2
    assert "grad" not in strings(viz.graph(vector))                  # no scalar: no gradient to show
    vector.backward([1.0, 1.0], retain_graph=True)
    assert "[2, 2]" in strings(viz.graph(vector))                    # but what leaves have is shown


def test_the_gradient_of_every_part_is_the_engines():
    """The diamond y = (a b) + (a b)²: every box's gradient against the derivative by hand."""
    a, b = mg.tensor(2.0, requires_grad=True), mg.tensor(3.0, requires_grad=True)
    c = a * b
    y = c + c * c
    found = {t.title: float(t.gradient) for t in _gradients(y, {"a": a, "b": b, "c": c, "y": y})}
    assert found == {"a": 3 * 13.0, "b": 2 * 13.0, "c = multiply": 13.0, "× multiply": 1.0, "y = add": 1.0}
    assert a.grad is None


def _gradients(y, names):
    from minigrad.viz.graph import boxes_for
    return boxes_for("test", y, names, True)[0]


def test_it_leaves_the_tape_as_it_was():
    y, names = neuron()
    viz.graph(y)
    viz.steps(y)
    y.backward()
    assert names["w"].grad is not None
    with pytest.raises(RuntimeError, match="retain_graph"):
        viz.graph(y)
    assert "… released" in titles(viz.graph(y * 2))


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from("+*t")), min_size=1, max_size=25),
       st.sampled_from([None, "right", "down"]))
def test_any_program_fits_its_page(program, direction):
    values = [mg.tensor(float(k), requires_grad=True) for k in range(3)] + [mg.tensor(np.eye(3))]
    for i, j, op in program:
        a, b = values[-1 - i % len(values)], values[-1 - j % len(values)]
        values.append(mg.tanh(a) if op == "t" else a + b if op == "+" else a * b)
    drawing = viz.graph(values[-1], direction=direction)
    check_page(drawing)
    behind = {id(values[-1])}
    for t in reversed(values):                                       # all that the last value was made from
        if id(t) in behind and t.node:
            behind |= {id(x) for x in t.node.inputs}
    assert len(parts(drawing)) == (len(behind) if values[-1].node else 1)


def test_a_large_graph_is_cut_and_says_so():
    y = mg.tensor(1.0, requires_grad=True)
    for _ in range(20_000):
        y = mg.exp(y * 0)
    drawing = viz.graph(y, gradients=False)
    note = f"{40_000 - MOST_OPS:d} earlier operations are not drawn"
    assert note in strings(drawing) and note in drawing.alt and "… earlier" in titles(drawing)
    assert [kind for kind, *_ in parts(drawing)].count("op") == MOST_OPS
    check_page(drawing)


def test_text_is_escaped():
    odd = Op(lambda x, /: x + 0, vjp=lambda g, y, x: g, name="a<b>&\"c\x00")
    x = mg.tensor(1.0, requires_grad=True)
    drawing = viz.graph(odd(x), names={"<&'": x})
    assert titles(drawing) == ["<&'", 'a<b>&"c\ufffd']


@pytest.mark.parametrize("array, lines", [
    (np.float64(-0.5), ["−0.5"]), (np.array([1.0, -2.5]), ["[1, −2.5]"]), (np.eye(2), ["[1, 0]", "[0, 1]"]),
    (np.zeros((0, 3)), ["empty"]), (np.arange(100), ["0 … 99"]), (np.ones(50), ["all 1"]),
    (np.arange(50) > 9, ["40 of 50 true"]),
    (np.r_[np.ones(50), np.nan, np.inf], ["2 nan or inf"]), (np.array([-1.0, 1] * 50), ["0 ± 1"]),
    (np.array([[1e308, -1e308]] * 9), ["−1e+308 … 1e+308"]), (np.full(9, 7.0), ["all 7"]), (np.array(True), ["True"]),
    (np.linspace(0, 5e-324, 9), ["0 … 4.941e−324"]), (np.array(["a"] * 9), ["<U1"])])
def test_what_is_said_of_an_array(array, lines):
    with np.errstate(all="raise"):
        assert numbers(array) == lines


def test_a_large_gradient_shows_its_norm():
    assert numbers(np.full(100, 0.3), gradient=True) == ["norm 3"]


def luminance(colour):
    red, green, blue = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
                        for c in (int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    """The contrast ratio of WCAG 2.1: 4.5 is its least for text, 3 for lines."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(mode):
    colour = {name: pair[mode] for name, pair in COLOURS.items()}
    for ground in ("page", "body", "op", "leaf", "constant"):
        assert contrast(colour["text"], colour[ground]) > 7
        assert contrast(colour["quiet"], colour[ground]) > 4.5
    assert contrast(colour["gradient"], colour["body"]) > 4.5
    assert min(contrast(colour["badge"], colour[k]) for k in ("forward", "backward")) > 4.5
    for name in STROKES:
        assert contrast(colour[name], colour["page"]) > 3, name


def test_both_modes_are_in_the_picture():
    svg = viz.graph(neuron()[0]).svg
    light, dark = re.search(r"<style>(.*)@media \(prefers-color-scheme:dark\)(.*)@keyframes mg-hidden", svg).groups()
    for name, pair in COLOURS.items():
        paint = "stroke" if name in STROKES else "fill"
        assert f".mg-{name}{{{paint}:{pair[0]}}}" in light and f".mg-{name}{{{paint}:{pair[1]}}}" in dark


# -- films -----------------------------------------------------------------------------------------------------------
def test_steps_stands_still_as_the_whole_graph():
    y, names = neuron()
    film, still = viz.steps(y, names, "right"), viz.graph(y, names, direction="right")
    assert parts(film) == parts(still) and film.steps == 1 + 4 + 1 + 4
    check_page(film)
    hidden = [e for e in ET.fromstring(film.svg).iter() if "opacity:0" in (e.get("style") or "")]
    assert {e.get("class") for e in hidden} == {"mg-on", "mg-back", "mg-text mg-title", "mg-quiet"}  # marks, captions
    assert not any(g in hidden for g in ET.fromstring(film.svg).iter(f"{SVG}g"))
    assert "prefers-reduced-motion" in film.svg


def test_steps_shows_a_gradient_once_all_its_shares_are_in():
    """The diamond c + tanh c: c's gradient is known when both its uses have run backward, the older one last."""
    a, b = mg.tensor(2.0, requires_grad=True), mg.tensor(3.0, requires_grad=True)
    c = a * b
    d = mg.tanh(c)
    from minigrad.viz.film import gradient_known, schedule
    boxes = _gradients(c + d, {"a": a, "c": c})
    forward, backward, captions = schedule(boxes)
    where = {box.title: b for b, box in enumerate(boxes)}
    c, d, y, a = (where[k] for k in ("c = multiply", "tanh", "+ add", "a"))
    assert forward == {c: 1, d: 2, y: 3} and backward == {y: 5, d: 6, c: 7}
    assert [gradient_known(b, boxes, backward) for b in (y, d, c, a)] == [4, 5, 6, 7]
    assert captions[6] == ("backward 2: tanh", "dx = g (1 - y²)")


def test_a_film_in_a_notebook_and_as_a_file(tmp_path):
    y, _ = neuron()
    film = viz.steps(y)
    html = film._repr_html_()
    assert "alt=" in html and "data:image/svg+xml;base64," in html and film._repr_svg_ is None
    assert film._repr_html_() == viz.steps(y)._repr_html_()          # the same each time: notebooks don't churn
    ET.parse(film.save(tmp_path / "film.svg"))
    assert "<!DOCTYPE html>" in film.save(tmp_path / "film.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"\.svg or \.html"):
        film.save(tmp_path / "film.gif")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.html", "film.svg"]


def test_a_tensor_shows_itself_in_a_notebook():
    y, names = neuron()
    assert y._repr_svg_().startswith("<svg") and names["w"]._repr_svg_() is None
    deep = y
    for _ in range(50):
        deep = deep + 1
    assert deep._repr_svg_() is None                                 # too large to read: text it is
    y.backward()
    assert y._repr_svg_() is None and deep._repr_svg_() is None


@pytest.mark.parametrize("call, error, words", [
    (lambda y: viz.graph(np.ones(3)), TypeError, "not ndarray"),
    (lambda y: viz.graph(y, direction="up"), ValueError, "direction"),
    (lambda y: viz.steps(mg.tensor([1.0, 2.0], requires_grad=True) * 2), ValueError, "one element"),
    (lambda y: viz.steps(mg.tensor(1.0)), ValueError, "requires_grad"),
    (lambda y: viz.graph(y).save("graph.png"), ValueError, r"\.svg")])
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(neuron()[0])


def test_saved_whole(tmp_path):
    y, _ = neuron()
    path = viz.graph(y).save(tmp_path / "new folder" / "graph.svg")
    assert ET.parse(path).getroot().tag == f"{SVG}svg" and path.stat().st_size < 12_000


def test_graphs_need_no_matplotlib():
    code = ("import sys, minigrad as mg; from minigrad import viz; "
            "viz.graph(mg.tensor(1.0, requires_grad=True) * 2); sys.exit('matplotlib' in sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_collect_keeps_the_newest():
    y = mg.tensor(1.0, requires_grad=True)
    for _ in range(10):
        y = mg.sin(y)
    boxes, left_out = collect(y, most=4)
    assert left_out == 6 and [b.kind for b in boxes] == ["cut", "op", "op", "op", "op"] and boxes[-1].value is y
