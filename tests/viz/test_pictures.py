"""Figures: drawn without warnings, labels apart, described in words, small; and refusing what they can't draw."""
import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.text import Text

import minigrad as mg
from minigrad import datasets, viz
from minigrad.viz.curves import _apart, _inside
from minigrad.viz.predictions import _percent, choose, count_in_words

rng = np.random.default_rng(0)
DIGITS = datasets.load_digits()
IMAGES, LABELS, NAMES = DIGITS.images[:60], DIGITS.y[:60], DIGITS.class_names
PROBABILITIES = rng.dirichlet(np.full(10, 0.1), 60)
HISTORY = {"loss": [2.0, 1.0, 0.5], "accuracy": [0.3, 0.6, 0.8],
           "val_loss": [2.1, 1.2, 1.3], "val_accuracy": [0.2, 0.7, 0.6]}
POINTS = rng.normal(size=(50, 2))
SIDES = (POINTS[:, 0] > 0) * 1
LIMITS = ((-3, 3), (-2, 2))
PATHS = {"one": np.linspace([2, 1], [0, 0], 20), "two": np.linspace([2, 1], [0.5, 9], 50)}
LONG = ("Iris setosa", "Iris versicolor", "Iris virginica")
DEEP = [rng.normal(size=99) * 0.1 ** k for k in range(30)]
TOKENS = ["the", "cat", "sat", "on", "the", "mat", "\n", "today"]


def weights(*shape):
    return mg.softmax(mg.tensor(rng.normal(size=shape)))


def bowl(p):
    return p[0] ** 2 + 3 * p[1] ** 2


def sure(points):
    p = 1 / (1 + np.exp(-3 * points[:, 0]))
    return np.stack([1 - p, p], axis=1)


FIGURES = {
    "learning curves": lambda: viz.learning_curves(HISTORY),
    "learning curves of one epoch": lambda: viz.learning_curves({"loss": [1.0]}),
    "learning curves with nan": lambda: viz.learning_curves({"loss": [1.0, np.nan, 0.4], "val_loss": [np.nan] * 3}),
    "learning curves of five metrics": lambda: viz.learning_curves(
        {f"metric_{k}": np.exp(-np.arange(200) / 50) for k in range(5)}),
    "activations": lambda: viz.activation_curves(),
    "activations in part": lambda: viz.activation_curves("log", "tan", mg.floor, "arcsin", "relu", low=-6, high=6),
    "depth": lambda: viz.depth_histograms([rng.normal(size=(9, 9)) * 0.5 ** k for k in range(6)]),
    "depth, both ways": lambda: viz.depth_histograms(
        {f"dense {k}": mg.relu(mg.tensor(a)) for k, a in enumerate(DEEP)}, DEEP, log=True),
    "depth of constants": lambda: viz.depth_histograms([np.zeros(5), np.ones(5)]),
    "images": lambda: viz.image_grid(IMAGES[:10], titles=list("abcdefghij")),
    "images in colour": lambda: viz.image_grid(rng.random((3, 6, 9, 3))),
    "dense filters": lambda: viz.filters(mg.tensor(rng.normal(size=(64, 40))), image_shape=(8, 8)),
    "filters": lambda: viz.filters(rng.normal(size=(3, 3, 1, 12))),
    "filters of channels": lambda: viz.filters(rng.normal(size=(5, 5, 20, 6))),
    "filters in colour": lambda: viz.filters(rng.normal(size=(5, 5, 3, 6))),
    "feature maps": lambda: viz.feature_maps(rng.normal(size=(7, 7, 50))),
    "attention": lambda: viz.attention_maps(weights(3, 8, 8), TOKENS),
    "attention of many": lambda: viz.attention_maps(weights(6, 90, 90), ["x"] * 90),
    "attention to others": lambda: viz.attention_maps(weights(4, 6), "abcd", keys="uvwxyz", titles=["to others"]),
    "predictions": lambda: viz.predictions(IMAGES, LABELS, PROBABILITIES, NAMES),
    "predictions of long names": lambda: viz.predictions(
        IMAGES[:5], LABELS[:5] % 3, rng.dirichlet(np.ones(3), 5), LONG),
    "confusion": lambda: viz.confusion_matrix(LABELS, PROBABILITIES.argmax(axis=1), NAMES),
    "confusion of long names": lambda: viz.confusion_matrix([0, 1, 2], [0, 2, 1], LONG),
    "confusion of many": lambda: viz.confusion_matrix(
        np.arange(100), np.arange(100)[::-1], [f"c{k}" for k in range(100)]),
    "report": lambda: viz.training_report(HISTORY, IMAGES, LABELS, PROBABILITIES, NAMES),
    "report of a perfect classifier": lambda: viz.training_report(HISTORY, IMAGES, LABELS, np.eye(10)[LABELS], NAMES),
    "report of few": lambda: viz.training_report({"loss": [1]}, IMAGES[:2], [0, 1], np.eye(3)[[0, 2]], LONG),
    "boundary": lambda: viz.decision_boundary(lambda p: (p[:, 0] > 0.2) * 1, POINTS, SIDES),
    "boundary with probabilities": lambda: viz.decision_boundary(
        sure, POINTS, SIDES, ("left", "right"), ("width", "height")),
    "boundary that isn't": lambda: viz.decision_boundary(lambda p: np.zeros(len(p)), POINTS[:1], SIDES[:1]),
    "descent": lambda: viz.descent(bowl, PATHS, LIMITS, (0, 0)),
    "descent that explodes": lambda: viz.descent(bowl, {"far": [[1, 1], [np.inf, 0], [np.nan, 0]]}, LIMITS),
}


@pytest.fixture
def written(monkeypatch):
    """All that is written when a figure is drawn: [(string, its box on the page)]."""
    seen, draw = [], Text.draw

    def watched(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            seen.append((self.get_text(), self.get_window_extent(renderer)))
        return draw(self, renderer, *args, **kwargs)
    monkeypatch.setattr(Text, "draw", watched)
    return seen


@pytest.mark.parametrize("name", FIGURES)
def test_figure(name, tmp_path, written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = FIGURES[name]()
        written.clear()
        fig.canvas.draw()
        words = list(written)
        path = viz.save(fig, tmp_path / "figure.png")
    assert len(fig.alt) > 20 and fig.alt.endswith(".") and "nan of" not in fig.alt
    assert path.stat().st_size < 150_000
    for k, (string, box) in enumerate(words):
        for other, its in words[:k]:
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            down = min(box.y1, its.y1) - max(box.y0, its.y0)
            same = (string, box.bounds) == (other, its.bounds)
            assert across < 1.5 or down < 1.5 or same, f"{string!r} meets {other!r}"


# -- what they say ---------------------------------------------------------------------------------------------------
def test_the_best_epoch_is_the_lowest_loss_and_the_highest_accuracy():
    alt = viz.learning_curves(HISTORY).alt
    assert "best 1.2 at epoch 2" in alt and "best 0.7 at epoch 2" in alt and "loss from 2 to 0.5" in alt


def test_learning_curves_leave_out_what_is_no_metric():
    fig = viz.learning_curves({"epoch": [0, 1], "lr": [0.1, 0.2], "loss": [2, 1]}, labels={"loss": "loss (nats)"})
    assert [ax.get_ylabel() for ax in fig.axes] == ["loss (nats)"]


def test_wrong_ones_come_first():
    wrong = PROBABILITIES.argmax(axis=1) != LABELS
    chosen = choose(PROBABILITIES, LABELS, 8)
    half = min(int(wrong.sum()), max(4, 8 - int((~wrong).sum())))
    assert wrong[chosen[:half]].all() and not wrong[chosen[half:]].any() and len(set(chosen)) == 8
    sureness = PROBABILITIES.max(axis=1)[chosen[:half]]
    assert (np.diff(sureness) <= 0).all()


@pytest.mark.parametrize("right, total, shown", [(60, 60, 12), (0, 60, 12), (1, 3, 3), (59, 60, 12)])
def test_as_many_as_there_are(right, total, shown):
    labels = np.r_[np.zeros(right, int), np.ones(total - right, int)]
    chosen = choose(np.tile([0.9, 0.1], (total, 1)), labels, 12)
    assert len(chosen) == len(set(chosen)) == shown


def test_wrong_ones_are_marked_not_by_colour_alone(written):
    viz.predictions(IMAGES, LABELS, PROBABILITIES, NAMES).canvas.draw()
    marks = [string[0] for string, _ in written if string[0] in "✓✗"]
    right = int((PROBABILITIES.argmax(axis=1) == LABELS).sum())
    assert marks.count("✗") == max(6, 12 - right) and marks.count("✓") == 12 - marks.count("✗")


def test_nothing_is_certain_that_is_not():
    assert [_percent(p) for p in (1.0, 0.997, 0.5, 0.004, 0.0)] == ["100%", "> 99%", "50%", "< 1%", "0%"]


def test_confusions_are_counted(written):
    fig = viz.confusion_matrix([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], LONG)
    assert "4 of 6 are right" in fig.alt and "Iris setosa taken for Iris versicolor (1)" in fig.alt
    fig.canvas.draw()
    assert sorted(s for s, _ in written if s.isdigit()) == ["1", "1", "1", "1", "2"]
    assert count_in_words(np.eye(2, dtype=int), ("a", "b")) == "2 of 2 are right."


def test_a_report_is_written_whole(tmp_path):
    fig = viz.training_report(HISTORY, IMAGES, LABELS, PROBABILITIES, NAMES, tmp_path / "report.png")
    right = int((PROBABILITIES.argmax(axis=1) == LABELS).sum())
    assert f"{right} of 60 are right" in fig.alt and [p.name for p in tmp_path.iterdir()] == ["report.png"]


def test_functions_are_broken_where_they_jump_only():
    x, broken = _inside(mg.floor, -3, 3)
    assert np.isnan(_apart(mg.floor(x), broken)).sum() == 5                    # between -3 and 3 lie five integers
    x, broken = _inside(mg.relu, -3, 3)
    assert broken.sum() == 1 and not np.isnan(_apart(mg.relu(x), broken)).any()     # a kink is no jump
    assert np.isnan(_apart((x > 0) * 1.0, broken)).sum() == 1
    x, _ = _inside(mg.log, -3, 3)
    assert x.min() > 0


# -- the film --------------------------------------------------------------------------------------------------------
def test_a_film_of_descent(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        film = viz.descent_film(bowl, PATHS, LIMITS, (0, 0), frames=10)
    root = ET.parse(film.save(tmp_path / "film.svg")).getroot()
    assert film.steps == 10 and len(film.svg) < 120_000 and "one ends at (0, 0) after 19 steps" in film.alt
    width, height = map(float, root.get("viewBox").split()[2:])
    shapes = [e for e in root.iter() if e.tag.endswith(("polyline", "polygon"))]
    places = np.array([p.split(",") for e in shapes for p in e.get("points").split()], float)
    assert np.isfinite(places).all()
    still = [e for e in shapes if "opacity" not in (e.get("style") or "")]          # seen without animation: all
    lines = [e.get("points").split() for e in still if e.tag.endswith("polyline")]
    assert sum(len(line) - 1 for line in lines) == 19 + 49 and len(still) == len(lines) + 2
    (x, y), (inside,) = map(float, lines[0][0].split(",")), [e for e in root if e.tag.endswith("svg")]
    frame = [float(inside.get(k)) for k in ("x", "y", "width", "height")]
    assert frame[0] + frame[2] < width and frame[1] + frame[3] < height
    # PATHS["one"] starts at (2, 1) of LIMITS: 5/6 to the right, 3/4 up
    assert abs(x - frame[0] - 5 / 6 * frame[2]) < 0.2 and abs(y - frame[1] - 1 / 4 * frame[3]) < 0.2


@pytest.mark.parametrize("call, words", [
    (lambda: viz.learning_curves({}), "empty"),
    (lambda: viz.learning_curves({"loss": []}), "empty"),
    (lambda: viz.learning_curves({"val_loss": [1]}), "empty"),
    (lambda: viz.training_report({}, IMAGES, LABELS, PROBABILITIES, NAMES), "empty"),
    (lambda: viz.activation_curves("nonsense"), "nonsense"),
    (lambda: viz.activation_curves("add"), "one input"),
    (lambda: viz.activation_curves("log", low=-3, high=-1), "defined on"),
    (lambda: viz.depth_histograms([]), "no layers"),
    (lambda: viz.image_grid(np.ones((3, 3))), "images must be"),
    (lambda: viz.image_grid(IMAGES[:3], titles=["a"]), "1 titles for 3"),
    (lambda: viz.filters(np.ones((60, 4)), (8, 8)), "weights must be"),
    (lambda: viz.feature_maps(np.ones((2, 3, 3, 4))), "one image"),
    (lambda: viz.attention_maps(np.ones(3)), "weights must be"),
    (lambda: viz.attention_maps(np.ones((3, 3)), ["a", "b"]), "2 tokens for 3"),
    (lambda: viz.attention_maps(np.ones((2, 3, 3)), titles=["one"]), "1 titles for 2 heads"),
    (lambda: viz.predictions(IMAGES, LABELS, PROBABILITIES[:, :9], NAMES), "10 classes"),
    (lambda: viz.predictions(IMAGES[:5], LABELS, PROBABILITIES, NAMES), "images must be"),
    (lambda: viz.predictions(IMAGES, LABELS + 5, PROBABILITIES, NAMES), "from 0 to 9"),
    (lambda: viz.predictions(IMAGES[:0], LABELS[:0], PROBABILITIES[:0], NAMES), "0 examples"),
    (lambda: viz.confusion_matrix([0, 11], [0, 1], NAMES), "from 0 to 9"),
    (lambda: viz.confusion_matrix([0, 1], [0.2, 0.8], NAMES), "whole numbers"),
    (lambda: viz.confusion_matrix([0, 1], [0], NAMES), r"\(n,\)"),
    (lambda: viz.decision_boundary(sure, np.ones((4, 3)), np.ones(4)), r"\(n, 2\)"),
    (lambda: viz.decision_boundary(lambda p: p.T, POINTS, SIDES), "classify must return"),
    (lambda: viz.decision_boundary(lambda p: p[:, 0] * 0, POINTS, np.arange(50)), "at most 7"),
    (lambda: viz.descent(bowl, {}, LIMITS), "paths"),
    (lambda: viz.descent_film(bowl, {"a": [1, 2]}, LIMITS), "'a' must have shape"),
    (lambda: viz.descent(bowl, {"a": [[np.nan, 1]]}, LIMITS), "finite start"),
])
def test_what_cannot_be_drawn_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
