"""Pictures of proteins: what they show is where it should be, and the film is one."""
import numpy as np
import pytest
from PIL import Image

from minigrad.viz import save
from minigrad.viz.style import figure
from minigrad.zoo import protein_pictures as pictures

from .test_structure import ATOMS, rotation

X = ATOMS[:, 1]


def test_the_curve_passes_through_the_atoms():
    curve = pictures.smooth(X)
    assert len(curve) == pictures.FINE * 45 + 1 and np.allclose(curve[::pictures.FINE], X)
    straight = np.arange(5.0)[:, None] * [1, 2, 3]
    assert np.allclose(np.diff(pictures.smooth(straight)[8:-8], axis=0), np.array([1, 2, 3]) / pictures.FINE)


def test_seen_where_it_is_widest_and_not_mirrored():
    x = X @ rotation(np.random.default_rng(0))
    turn = pictures.viewpoint(x)
    assert np.allclose(turn @ turn.T, np.eye(3)) and np.linalg.det(turn) == pytest.approx(1)
    wide, high, deep = np.var(x @ turn, axis=0)
    assert wide > high > deep


def test_near_parts_cover_far_ones():
    """Two crossing chains of one colour each: at the crossing the nearer colour is seen, whichever comes first."""
    chain = np.linspace(-10, 10, 12)[:, None] * [1, 0, 0]
    other = chain[:, [1, 0, 2]]
    for near in (5, -5):
        for first in (True, False):
            red, blue = (chain + [0, 0, near], None, (1.0, 0, 0)), (other - [0, 0, near], None, (0, 0, 1.0))
            fig, ax = figure(2, 2)
            pictures.draw_chains(ax, [red, blue] if first else [blue, red], np.eye(3), [(-10, 10), (-10, 10)])
            fig.canvas.draw()
            x, y = np.round(ax.transData.transform((0, 0))).astype(int)
            middle = np.asarray(fig.canvas.buffer_rgba())[-y - 1, x, :3].astype(int)
            assert (middle[0] > middle[2]) == (near > 0), middle


def test_models_over_the_true_structure(tmp_path):
    fig = pictures.structures(ATOMS, {"itself": ATOMS, "image": ATOMS * [1, 1, -1]}, "crambin")
    assert "itself: RMSD 0.00 Å, TM-score 1.00" in fig.alt and "crambin" in fig.alt
    assert len(fig.axes) == 2 and "RMSD 0.00" in fig.axes[0].get_title()
    assert Image.open(save(fig, tmp_path / "s.png")).size[0] > 600


def test_a_film_of_frames(tmp_path):
    frames = [ATOMS * s for s in (1.5, 1.2, 1.0)]
    shown = pictures.film(ATOMS, frames, ["one", "two", "three"], "crambin")
    assert "crambin" in shown.alt and "one" in shown.alt and 'src="data:image/gif;base64,R0lGOD' in shown._repr_html_()
    path = shown.save(tmp_path / "f.gif")
    film = Image.open(path)
    assert film.n_frames == 3 and path.stat().st_size < 100_000
    first = np.asarray(film.convert("RGB"))
    film.seek(2)
    assert film.info["duration"] == 2000 and (np.asarray(film.convert("RGB")) != first).any()


def test_maps_show_one_matrix_above_the_diagonal_and_one_below():
    above, below = np.full((5, 5), 4.0), np.full((5, 5), 9.0)
    fig = pictures.distance_maps({"a / b": (above, below)}, "x")
    shown = fig.axes[0].images[0].get_array()
    assert shown[0, 4] == 4 and shown[4, 0] == 9
