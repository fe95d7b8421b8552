"""Computation graphs as SVG: all there, nothing overlapping, readable as text."""
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import viz
from minigrad.viz.graph import HEIGHT, MOST, WIDTH, boxes

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    w, b = mg.tensor([0.5, -1.0], requires_grad=True), mg.tensor(0.1, requires_grad=True)
    return mg.tanh((w * mg.tensor([2.0, 3.0])).sum() + b), w, b


def rectangles(svg):
    root = ET.fromstring(svg)
    return [(float(r.get("x")), float(r.get("y"))) for r in root.iter(f"{SVG}rect") if r.get("x")]


def test_every_tensor_once_with_values_and_gradients():
    y, w, b = neuron()
    picture = viz.graph(y)
    texts = ["".join(t.itertext()) for t in ET.fromstring(picture.svg).iter(f"{SVG}text")]
    assert [texts.count(name) for name in ("multiply", "sum", "add", "tanh", "leaf", "data")] == [1, 1, 1, 1, 2, 1]
    slope = 1 - np.tanh(-1.9) ** 2
    assert f"grad {slope:.4g}" in texts and f"grad [{2 * slope:.3g}, {3 * slope:.3g}]" in texts
    assert "tanh" in picture.alt and picture.alt in picture.svg


def test_it_leaves_the_tape_as_it_was():
    y, w, b = neuron()
    viz.graph(y)
    y.backward()
    assert w.grad is not None
    assert "released" in viz.graph(y).svg


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_boxes_never_overlap(program):
    values = [mg.tensor(float(k), requires_grad=True) for k in range(3)]
    for i, j in program:
        values.append(values[i % len(values)] + values[j % len(values)])
    svg = viz.graph(values[-1]).svg
    assert "nan" not in svg
    places = rectangles(svg)
    assert len(places) == boxes(values[-1])[1]
    for k, (x, y) in enumerate(places):
        assert all(abs(x - u) >= WIDTH or abs(y - v) >= HEIGHT for u, v in places[:k])


def test_a_large_graph_is_cut_and_says_so():
    y = mg.tensor(1.0, requires_grad=True)
    for _ in range(MOST + 30):
        y = y * 1.01
    picture = viz.graph(y, gradients=False)
    assert len(rectangles(picture.svg)) == MOST and "31 oldest are left out" in picture.svg


def test_names_are_escaped():
    odd = mg.op(lambda x, /: x + 0, vjp=lambda g, y, x: g, name="a<b>&c")
    ET.fromstring(viz.graph(odd(mg.tensor(1.0, requires_grad=True))).svg)


def test_steps_is_a_film_that_also_stands_still():
    y, *_ = neuron()
    svg = viz.steps(y).svg
    assert svg.count("<animate") > len(rectangles(svg)) and not re.search(r'opacity="0', svg)


def test_a_tensor_shows_itself_in_a_notebook():
    y, w, _ = neuron()
    assert y._repr_svg_().startswith("<svg") and w._repr_svg_() is None


@pytest.mark.parametrize("call, error", [(lambda: viz.graph(np.ones(3)), TypeError),
                                         (lambda: viz.steps(mg.tensor([1.0, 2.0], requires_grad=True) * 2), ValueError)])
def test_errors(call, error):
    with pytest.raises(error):
        call()


def test_saved_whole(tmp_path):
    y, *_ = neuron()
    ET.parse(viz.graph(y).save(tmp_path / "graph.svg"))
