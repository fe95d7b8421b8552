"""Pictures of a diagnosis: they are drawn, and say in words what they show."""
import numpy as np
import pytest

from minigrad.viz import save
from minigrad.zoo import diagnosis as d, diagnosis_pictures as pictures

rng = np.random.default_rng(0)
Y = np.arange(60) % 2
P = np.clip(0.5 * Y + 0.6 * rng.random(60), 0, 1)


def test_curves_tell_their_areas(tmp_path):
    fig = pictures.curves(Y, {"one": P, "two": 1 - P}, draws=30)
    assert f"one: auc {d.auc(Y, P):.3f} (" in fig.alt
    assert f"two: average precision {d.average_precision(Y, 1 - P):.3f}" in fig.alt
    save(fig, tmp_path / "curves.png")
    left, right = fig.axes
    assert np.array_equal(left.lines[0].get_xydata().T, d.roc(Y, P))
    assert np.array_equal(right.lines[0].get_xydata().T, d.precision_recall(Y, P))


def test_bands_are_of_the_same_curve():
    """At each place of the grid the interpolation is the curve's own value."""
    false, recall = d.roc(Y, P)
    assert all(np.isclose(r, recall[false <= f].max())
               for f, r in zip(pictures.GRID, pictures._recall_at(false, recall)))
    recall, precision = d.precision_recall(Y, P)
    best = pictures._precision_at(recall, precision)
    assert all(np.isclose(b, precision[recall >= r - 1e-12].max()) for r, b in zip(pictures.GRID, best))


def test_reliability_and_cost(tmp_path):
    fig = pictures.reliability_diagram(Y, {"one": P, "two": P ** 2}, bins=5)
    assert f"one: Brier score {d.brier(Y, P):.3f}" in fig.alt and len(fig.axes) == 2
    save(fig, tmp_path / "reliability.png")
    fig = pictures.cost_curves(Y, {"one": P}, miss=4, alarm=1)
    assert f"one: {d.cost(Y, P >= 0.2, 4, 1):.3f} at this threshold" in fig.alt and "0.200" in fig.alt
    save(fig, tmp_path / "cost.png")


def test_predictions_must_fit():
    with pytest.raises(ValueError, match="60 patients"):
        pictures.curves(Y, {"one": P[:-1]})
