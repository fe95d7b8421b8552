"""Pictures of the plane: where a classifier draws its line, and how optimizers walk downhill."""
import io

import numpy as np

from .style import CYCLE, Shown, figure


def _mesh(limits, steps):
    (x0, x1), (y0, y1) = limits
    return np.meshgrid(np.linspace(x0, x1, steps), np.linspace(y0, y1, steps))


def decision_boundary(classify, points, labels, class_names=None, steps=150, margin=0.15):
    """The plane coloured by class, with the data.  classify: points (n, 2) -> class numbers (n,); points (n, 2)."""
    points, labels = np.asarray(points), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(f"decision_boundary: points must be (n, 2) with n labels, not {points.shape} with {len(labels)}")
    low, high = points.min(axis=0), points.max(axis=0)
    pad = margin * (high - low)
    X, Y = _mesh(tuple(zip(low - pad, high + pad)), steps)
    classes = np.unique(labels)
    regions = np.asarray(classify(np.column_stack([X.ravel(), Y.ravel()]))).reshape(X.shape)
    fig, ax = figure(4.6, 4)
    for k, (colour, _, marker) in zip(classes, CYCLE):
        ax.contourf(X, Y, regions == k, levels=[0.5, 1.5], colors=[colour], alpha=0.2)
        ax.plot(*points[labels == k].T, marker, color=colour, ms=4, label=class_names[k] if class_names else f"class {k}")
    ax.contour(X, Y, regions, levels=(classes[1:] + classes[:-1]) / 2, colors="black", linewidths=1)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    right = float((np.asarray(classify(points)) == labels).mean())
    fig.alt = f"The plane divided into {len(classes)} classes, with {len(points)} points, {right:.0%} of them on their side."
    return fig


def _surface(ax, f, limits):
    X, Y = _mesh(limits, 150)
    Z = np.asarray(f(np.array([X, Y])))
    low = Z.min()
    levels = low + (Z.max() - low) * np.geomspace(1e-4, 1, 16)
    ax.contour(X, Y, Z, levels=levels, colors="0.8", linewidths=0.7)
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="$x_1$", ylabel="$x_2$")


def descent(f, paths, limits, minimum=None):
    """Walks on the contours of f.  f takes an array (2, ...); paths {name: (steps, 2)}; limits ((x0, x1), (y0, y1))."""
    fig, ax = figure(6, 4)
    _surface(ax, f, limits)
    for (name, path), (colour, line, marker) in zip(paths.items(), CYCLE):
        path = np.asarray(path)
        ax.plot(*path.T, color=colour, lw=1, label=f"{name}: ends at {float(f(path[-1])):.3g}")
        ax.plot(*path[::max(1, len(path) // 30)].T, marker, color=colour, ms=4)
    if minimum is not None:
        ax.plot(*minimum, "*", color="black", ms=13)
    ax.legend(fontsize=8)
    fig.alt = "Descent on a loss surface: " + "; ".join(f"{n} ends at {float(f(np.asarray(p)[-1])):.3g}" for n, p in paths.items())
    return fig


def descent_film(f, paths, limits, minimum=None, frames=50, fps=12):
    """The same as an animated GIF for a notebook, all walks step by step."""
    from matplotlib.animation import FuncAnimation, PillowWriter
    fig, ax = figure(4.6, 3.1)
    _surface(ax, f, limits)
    if minimum is not None:
        ax.plot(*minimum, "*", color="black", ms=12)
    lines = [ax.plot([], [], marker, ls="-", markevery=[-1], color=colour, lw=1, label=name)[0]
             for name, (colour, _, marker) in zip(paths, CYCLE)]
    ax.legend(fontsize=7, loc="upper center", ncol=2)
    steps = max(map(len, paths.values()))

    def draw(step):
        for line, path in zip(lines, paths.values()):
            line.set_data(*np.asarray(path)[:step + 1].T)
        return lines
    film = FuncAnimation(fig, draw, frames=np.unique(np.linspace(0, steps - 1, frames).astype(int)))
    return Shown(film_bytes(film, PillowWriter(fps=fps)), "gif", descent(f, paths, limits).alt)


def film_bytes(film, writer, dpi=72):
    """A matplotlib animation as the bytes of its file (writers only write to named files)."""
    import tempfile
    from pathlib import Path
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.gif"
        film.save(path, writer=writer, dpi=dpi)
        return io.BytesIO(path.read_bytes()).getvalue()
