"""Pictures of proteins: chains in three dimensions, a film of folding, maps of distances.

A chain is drawn as a tube through its CA atoms, seen along the direction in which it is thinnest: near parts cover far
ones and are drawn wider.  Its colour runs from dark at the first residue to light at the last.
"""
import base64
import html
import io

import numpy as np

from ..support.files import atomic_write
from ..viz.style import INK, QUIET, bare, figure, styled
from .structure import rmsd, secondary, superpose, tm_score, torsions

GREY = (0.72, 0.74, 0.77)
FINE = 8                                # points drawn for each residue


def smooth(x, fine=FINE):
    """Points (n, 3) on the curve through x (L, 3) that at each point has the direction from the one before to the next.

    (Catmull & Rom 1974)
    """
    ends = np.concatenate([[2 * x[0] - x[1]], x, [2 * x[-1] - x[-2]]])
    a, b, c, d = (ends[k:len(ends) - 3 + k, None] for k in range(4))
    t = np.arange(fine)[:, None] / fine
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([curve.reshape(-1, 3), x[-1:]])


def viewpoint(x):
    """The rotation (3, 3) after which a chain x (L, 3) is widest along the first axis and flattest along the third."""
    vectors = np.linalg.eigh(np.cov(x.T))[1][:, ::-1]
    return vectors * np.sign(np.linalg.det(vectors))


def draw_chains(ax, chains, turn, limits=None):
    """Chains [(x (L, 3), letters or None, colour or None)] as tubes; a colour of None runs from first to last residue.

    letters     H, E or C for each residue: helices and strands are wider
    limits      ((left, right), (bottom, top)) in angstrom, to keep from picture to picture
    """
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    pieces, depths, colours, widths = [], [], [], []
    for x, letters, colour in chains:
        curve = smooth(x) @ turn
        depth = (curve[1:, 2] + curve[:-1, 2]) / 2 + (colour is None)          # seen before another in the same place
        flat = np.concatenate([curve[:1], curve, curve[-1:]])[:, :2]
        pieces.append(np.stack([flat[k:len(flat) - 3 + k] for k in range(4)], axis=1))      # each with its neighbours
        depths.append(depth)
        n = len(depth)
        running = colormaps["viridis"](0.9 * np.arange(n) / n)
        colours.append(running if colour is None else np.tile((*colour, 1.0), (n, 1)))
        thick = [{"H": 5.0, "E": 4.2}.get(letter, 2.4) for letter in letters or "C" * len(x)]
        widths.append(np.repeat(thick, FINE)[:n] if colour is None else np.full(n, 1.8))
    pieces, depths, colours, widths = map(np.concatenate, (pieces, depths, colours, widths))    # (n, 4, 2), (n,), ...
    order = np.argsort(depths)
    nearness = 0.7 + 0.6 * (depths - depths.min()) / (np.ptp(depths) + 1e-9)
    widths, colours = widths * nearness, colours.copy()
    colours[:, :3] = 1 - (1 - colours[:, :3]) * np.clip(0.3 + nearness[:, None] * 0.6, 0, 1)       # far parts fade
    twice = np.repeat(order, 2)             # each piece on a wider white one, which covers what is behind it
    back = np.arange(len(twice)) % 2 == 0
    lines = np.where(back[:, None, None], pieces[twice][:, [1, 1, 2, 2]], pieces[twice])
    ax.add_collection(LineCollection(lines, capstyle="butt", joinstyle="round",
                                     colors=np.where(back[:, None], (1, 1, 1, 1), colours[twice]),
                                     linewidths=np.where(back, widths[twice] + 2, widths[twice])))
    if limits is None:
        points = pieces.reshape(-1, 2)
        limits = [(lo - 3, hi + 3) for lo, hi in zip(points.min(0), points.max(0))]
    ax.set(xlim=limits[0], ylim=limits[1], aspect="equal")
    bare(ax)


@styled
def structures(true, models, name="the protein"):
    """Models of a chain, in colour, each superposed on its true structure in grey.

    true        atoms (L, 4, 3);  models  {title: atoms (L, 4, 3)}; RMSD and TM-score are added to the titles
    """
    fig, axes = figure(3.1 * len(models), 3.4, 1, len(models), squeeze=False)
    x, scores = true[:, 1], []
    turn = viewpoint(x)
    placed = {title: superpose(atoms[:, 1], x) for title, atoms in models.items()}
    seen = np.concatenate([x, *placed.values()]) @ turn
    limits = [(lo - 3, hi + 3) for lo, hi in zip(seen.min(0)[:2], seen.max(0)[:2])]
    for ax, (title, atoms) in zip(axes.flat, models.items()):
        draw_chains(ax, [(x, None, GREY), (placed[title], secondary(torsions(atoms)), None)], turn, limits)
        figures = f"RMSD {rmsd(atoms[:, 1], x):.2f} Å, TM-score {tm_score(atoms[:, 1], x):.2f}"
        ax.set_title(f"{title}\n{figures}", loc="center")
        scores.append(f"{title}: {figures}")
    fig.alt = (f"The backbone of {name} (grey) and models of it (colour, dark to light along the chain).  "
               f"{'; '.join(scores)}.")
    return fig


class Gif:
    """A GIF that shows itself in a notebook; save writes it to a file."""

    def __init__(self, data, alt):
        self.data, self.alt = data, alt

    def _repr_html_(self):
        encoded = base64.b64encode(self.data).decode()
        return f'<img alt="{html.escape(self.alt)}" style="max-width:100%" src="data:image/gif;base64,{encoded}">'

    def save(self, path):
        with atomic_write(path) as file:
            file.write(self.data)
        return path

    def __repr__(self):
        return f"<GIF: {self.alt}>"


@styled
def film(true, frames, captions, name="the protein", seconds=6.0):
    """A Gif of a chain that folds, superposed on its true structure in grey.

    true (L, 4, 3); frames a list of atoms (L, 4, 3); captions a text for each.  The last frame stays for two seconds.
    """
    from PIL import Image
    x = true[:, 1]
    turn = viewpoint(x)
    placed = [superpose(atoms[:, 1], x) for atoms in frames]
    seen = np.concatenate([x, *placed]) @ turn
    limits = [(lo - 3, hi + 3) for lo, hi in zip(seen.min(0)[:2], seen.max(0)[:2])]
    wide, high = np.ptp(limits, axis=1)
    images = []
    for atoms, here, caption in zip(frames, placed, captions, strict=True):
        fig, ax = figure(4.2, min(max(4.2 * high / wide, 2), 5) + 0.35)
        draw_chains(ax, [(x, None, GREY), (here, secondary(torsions(atoms)), None)], turn, limits)
        ax.set_title(caption, loc="left", color=INK)
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png", dpi=80)
        images.append(Image.open(buffer).convert("RGB"))
    palette = images[-1].quantize(64)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    pace = [int(1000 * seconds / len(images))] * (len(images) - 1) + [2000]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=pace, loop=0, optimize=True)
    alt = f"The chain of {name} folds onto its true structure, in grey: {captions[0]}; at the end, {captions[-1]}."
    return Gif(buffer.getvalue(), alt)


@styled
def distance_maps(pairs, name="the protein", most=22):
    """Square maps of distances: {title: (above the diagonal, below it)}, both (L, L) in angstrom.

    Dark is near.  What is not known (nan) is left white.
    """
    fig, axes = figure(3.3 * len(pairs) + 0.5, 3.3, 1, len(pairs), squeeze=False)
    for ax, (title, (above, below)) in zip(axes.flat, pairs.items()):
        both = np.where(np.triu(np.ones(above.shape, bool)), above, below)
        image = ax.imshow(both, cmap="viridis", vmin=3, vmax=most)
        ax.set_title(title)
        ax.set(xlabel="residue")
        ax.plot([0, len(above) - 1], [0, len(above) - 1], color="white", lw=0.8)
    axes.flat[0].set_ylabel("residue")
    bar = fig.colorbar(image, ax=list(axes.flat), label="distance (Å)", extend="max", shrink=0.85)
    bar.outline.set_edgecolor(QUIET)
    fig.alt = f"Maps of the distances between residues of {name}: {'; '.join(pairs)}."
    return fig
