"""Figures: made without warnings, described in words, small, and refusing what they can't draw."""
import warnings

import numpy as np
import pytest

from minigrad import viz

rng = np.random.default_rng(0)
HISTORY = {"loss": [2.0, 1.0, 0.5], "accuracy": [0.3, 0.6, 0.8], "val_loss": [2.1, 1.2, 0.7], "val_accuracy": [0.2, 0.5, 0.7]}
IMAGES, LABELS = rng.random((40, 8, 8)), np.arange(40) % 10
PROBABILITIES = rng.dirichlet(np.ones(10), 40)
NAMES = tuple("0123456789")
POINTS = rng.normal(size=(30, 2))
BOWL = lambda p: p[0] ** 2 + 3 * p[1] ** 2                 # noqa: E731
PATHS = {"one": np.linspace([2, 1], [0, 0], 20), "two": np.linspace([2, 1], [0.5, 0], 20)}

FIGURES = {
    "learning_curves": lambda: viz.learning_curves(HISTORY),
    "learning_curves of loss alone": lambda: viz.learning_curves({"loss": [1.0]}),
    "activation_curves": lambda: viz.activation_curves("relu", "tanh", "gelu", "sigmoid", "elu"),
    "depth_histograms": lambda: viz.depth_histograms([rng.normal(size=100) for _ in range(4)]),
    "image_grid": lambda: viz.image_grid(IMAGES[:10], titles=list("abcdefghij")),
    "predictions": lambda: viz.predictions(IMAGES, LABELS, PROBABILITIES, NAMES),
    "confusion_matrix": lambda: viz.confusion_matrix(LABELS, PROBABILITIES.argmax(axis=1), NAMES),
    "training_report": lambda: viz.training_report(HISTORY, IMAGES, LABELS, PROBABILITIES, NAMES),
    "training_report of a perfect classifier": lambda: viz.training_report(HISTORY, IMAGES, LABELS, np.eye(10)[LABELS], NAMES),
    "decision_boundary": lambda: viz.decision_boundary(lambda p: (p[:, 0] > 0) * 1, POINTS, (POINTS[:, 0] > 0) * 1),
    "descent": lambda: viz.descent(BOWL, PATHS, ((-3, 3), (-2, 2)), (0, 0)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = FIGURES[name]()
        path = viz.save(fig, tmp_path / "figure.png")
    assert len(fig.alt) > 20 and path.stat().st_size < 300_000
    assert "alt=" in viz.show(fig)._repr_html_()


def test_a_film_is_a_small_gif():
    film = viz.descent_film(BOWL, PATHS, ((-3, 3), (-2, 2)), frames=5)
    assert film.data[:4] == b"GIF8" and len(film.data) < 200_000 and "one ends at" in film.alt


def test_wrong_ones_come_first_and_are_marked():
    from minigrad.viz.pictures import _choose
    wrong = PROBABILITIES.argmax(axis=1) != LABELS
    chosen = _choose(PROBABILITIES, LABELS, 8)
    assert wrong[chosen[:4]].all() and not wrong[chosen[4:]].any() and len(set(chosen)) == len(chosen)


@pytest.mark.parametrize("call", [
    lambda: viz.learning_curves({}),
    lambda: viz.learning_curves({"loss": []}),
    lambda: viz.image_grid(np.ones((3, 3))),
    lambda: viz.predictions(IMAGES, LABELS, PROBABILITIES[:, :9], NAMES),
    lambda: viz.confusion_matrix([0, 11], [0, 1], NAMES),
    lambda: viz.decision_boundary(lambda p: p[:, 0], np.ones((4, 3)), np.ones(4)),
])
def test_what_cannot_be_drawn_is_refused(call):
    with pytest.raises(ValueError):
        call()
