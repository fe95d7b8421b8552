"""Layered layout: boxes apart, lines that keep to their rows, trees without crossings, and few crossings elsewhere."""
import math
import random
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from minigrad.viz.layout import Spot, crossings, layered

graphs = st.lists(st.lists(st.integers(0, 10**6), max_size=3), min_size=1, max_size=40).map(
    lambda picks: [[p % b for p in parents] if b else [] for b, parents in enumerate(picks)])


def connected(inputs):
    """The boxes that the last one is made from, renumbered: what a tensor's graph looks like."""
    kept, stack = {len(inputs) - 1}, [len(inputs) - 1]
    while stack:
        for p in inputs[stack.pop()]:
            if p not in kept:
                kept.add(p)
                stack.append(p)
    number = {b: k for k, b in enumerate(sorted(kept))}
    return [[number[p] for p in inputs[b]] for b in sorted(kept)]


def drawn(inputs, seed=0):
    rng = random.Random(seed)
    sizes = [(rng.uniform(30, 160), rng.uniform(20, 70)) for _ in inputs]
    return layered(sizes, inputs)


@settings(max_examples=150)
@given(graphs, st.integers(0, 99))
def test_boxes_stand_apart_and_inputs_come_first(inputs, seed):
    inputs = connected(inputs)
    spots, _ = drawn(inputs, seed)
    for b, spot in enumerate(spots):
        assert math.isfinite(spot.across) and math.isfinite(spot.along)
        assert spot.across - spot.breadth / 2 > -1e-6 and spot.along - spot.depth / 2 > -1e-6
        assert all(spots[p].along + spots[p].depth / 2 < spot.along - spot.depth / 2 for p in inputs[b])
        for other in spots[:b]:
            assert (abs(spot.across - other.across) > (spot.breadth + other.breadth) / 2
                    or abs(spot.along - other.along) > (spot.depth + other.depth) / 2)


@settings(max_examples=150)
@given(graphs, st.integers(0, 99))
def test_lines_run_from_box_to_box_and_through_none(inputs, seed):
    inputs = connected(inputs)
    spots, routes = drawn(inputs, seed)
    assert [len(r) for r in routes] == [len(p) for p in inputs]
    for b, parents in enumerate(inputs):
        for p, line in zip(parents, routes[b]):
            assert abs(line[0][0] - spots[p].across) < 1e-6
            assert abs(line[0][1] - spots[p].along - spots[p].depth / 2) < 1e-6
            assert abs(line[-1][0] - spots[b].across) < spots[b].breadth / 2
            assert abs(line[-1][1] - spots[b].along + spots[b].depth / 2) < 1e-6
            for (x0, y0), (x1, y1) in zip(line[::2], line[1::2]):       # the straight parts, within rows
                assert abs(x0 - x1) < 1e-6 and y1 > y0 - 1e-6
                for other in spots:
                    beside = abs(x0 - other.across) > other.breadth / 2
                    top, bottom = other.along - other.depth / 2, other.along + other.depth / 2
                    assert beside or y1 < top + 1e-6 or y0 > bottom - 1e-6
            for (_, y0), (_, y1) in zip(line[1::2], line[2::2]):        # the curves, between rows: no box is there
                assert y0 < y1
                assert all(y1 < s.along - s.depth / 2 + 1e-6 or y0 > s.along + s.depth / 2 - 1e-6 for s in spots)


def lines_crossed(spots, inputs):
    """Crossings of a drawing whose lines all join neighbouring rows."""
    rows = [[] for _ in range(1 + max(s.rank for s in spots))]
    for spot in sorted(spots, key=lambda s: s.across):
        rows[spot.rank].append(spot)
    return crossings(rows)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(0, 10**6))
def test_trees_have_no_crossings(n, seed):
    """A tree grown from its root, the last box; every other box is used once."""
    rng = random.Random(seed)
    children = [[] for _ in range(n)]
    for b in range(1, n):
        children[rng.randrange(max(0, b - 3), b)].append(b)
    inputs = [[n - 1 - c for c in children[n - 1 - b]] for b in range(n)]
    _, routes = drawn(inputs, seed)
    everything = [line for lines in routes for line in lines]
    for k, a in enumerate(everything):
        for b in everything[:k]:
            assert not crosses(a, b), f"n={n}, seed={seed}"


def crosses(a, b):
    """Whether two lines change sides between rows where both run."""
    at_a, at_b = {round(y, 3): x for x, y in a}, {round(y, 3): x for x, y in b}
    common = sorted(at_a.keys() & at_b.keys())
    sides = [at_a[y] - at_b[y] for y in common if abs(at_a[y] - at_b[y]) > 1e-6]
    return any(s * t < 0 for s, t in pairwise(sides))


def test_barycentres_uncross_a_tangle():
    """Two rows joined crosswise, which can be drawn without crossings; and K(3,3), which needs 9."""
    spots, _ = drawn([[], [], [], [2], [1], [0], [3, 4, 5]])
    assert lines_crossed(spots, None) == 0
    spots, _ = drawn([[], [], [], [0, 1, 2], [0, 1, 2], [0, 1, 2], [3, 4, 5]])
    assert lines_crossed(spots, None) == 9


def test_crossings_are_counted():
    a, b, c, d = (Spot(10, 10) for _ in range(4))
    c.inputs, d.inputs = [(b, 0.5)], [(a, 0.5)]
    assert crossings([[a, b], [c, d]]) == 1 and crossings([[b, a], [c, d]]) == 0


def test_long_lines_are_straight():
    """A residual line past a chain of ten boxes bends only where it leaves and where it arrives."""
    inputs = [[]] + [[b] for b in range(10)] + [[10, 0]]
    _, routes = drawn(inputs)
    long = routes[-1][1]
    assert len({round(x, 3) for x, _ in long[2:-2]}) == 1


def test_a_single_box():
    spots, routes = layered([(40, 20)], [[]])
    assert (spots[0].across, spots[0].along, routes) == (20, 10, [[]])
