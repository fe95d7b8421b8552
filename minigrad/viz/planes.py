"""Pictures of the plane: where a classifier draws its line, and how optimizers walk downhill."""
import base64

import numpy as np

from ..support.meanings import checked
from .style import CYCLE, INK, QUIET, as_array, figure, styled, to_png
from .svg import Film, element, only, stylesheet, text, until

DASHES = ("none", "6 3", "8 3 2 3", "2 3")  # of the lines of CYCLE, in SVG


def _mesh(limits, points):
    (x0, x1), (y0, y1) = limits
    return np.meshgrid(np.linspace(x0, x1, points), np.linspace(y0, y1, points))


# -- classifiers -----------------------------------------------------------------------------------------------------
@checked
@styled
def decision_boundary(classify, points, labels, class_names=None, axis_names=("$x_1$", "$x_2$"), steps=200):
    """The plane coloured by class, with the data; what lies on the wrong side has a black ring.

    classify    (n, 2) points -> (n,) class numbers, or (n, classes) probabilities: then colour fades where it is unsure
    points, labels      (n, 2) and (n,) class numbers;  steps   points of the mesh in each direction
    """
    points, labels = as_array(points), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels) or not len(points):
        raise ValueError(f"decision_boundary: points must be (n, 2) with n labels, not {points.shape}, {labels.shape}")
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.12 * np.where(high > low, high - low, 1)
    limits = tuple(zip(low - pad, high + pad))
    X, Y = _mesh(limits, steps)
    scores = _scores(classify, np.column_stack([X.ravel(), Y.ravel()]), labels).reshape(*X.shape, -1)
    wrong = _scores(classify, points, labels).argmax(axis=1) != labels
    classes = range(scores.shape[-1])
    if len(classes) > len(CYCLE):
        raise ValueError(f"decision_boundary: at most {len(CYCLE)} classes can be told apart, not {len(classes)}")

    fig, ax = figure(4.6, 3.6)
    ax.imshow(_coloured(scores), extent=(*limits[0], *limits[1]), origin="lower", aspect="auto")
    for k in classes:                       # the border: where a class's score equals the best of the others
        lead = scores[..., k] - np.delete(scores, k, axis=-1).max(axis=-1, initial=-np.inf)
        if lead.min() < 0 < lead.max():
            ax.contour(X, Y, lead, levels=[0], colors=[INK], linewidths=1.1)
    for k, (colour, _, marker) in zip(classes, CYCLE):
        name = class_names[k] if class_names is not None else f"class {k}"
        ax.plot(*points[labels == k].T, marker, color=colour, ms=4.5, mec="white", mew=0.5, label=name)
    if wrong.any():
        ax.plot(*points[wrong].T, "o", mfc="none", mec="black", ms=8.5, mew=1.1, label="wrong side")
    ax.set(xlabel=axis_names[0], ylabel=axis_names[1], xlim=limits[0], ylim=limits[1])
    fig.legend(loc="outside right upper")
    fig.alt = (f"The plane divided between {len(classes)} classes, with {len(points)} points, of which "
               f"{int(wrong.sum())} are on the wrong side.")
    return fig


def _scores(classify, points, labels):
    """(n, classes): the probabilities, or 1 for the class that was chosen."""
    answer = as_array(classify(points))
    if answer.ndim == 2 and len(answer) == len(points) and answer.shape[1] > labels.max():
        return answer
    if answer.shape != points.shape[:1]:
        raise ValueError("decision_boundary: classify must return (n,) class numbers or (n, classes) probabilities, "
                         f"not {answer.shape} for {len(points)} points")
    return np.eye(1 + int(max(answer.max(), labels.max())))[answer.astype(int)]


def _coloured(scores):
    """Pale colours of the regions; paler where the best class leads by less."""
    from matplotlib.colors import to_rgb
    colours = np.array([to_rgb(colour) for colour, *_ in CYCLE])[scores.argmax(axis=-1)]
    two = np.sort(np.concatenate([scores, np.zeros_like(scores[..., :1])], axis=-1), axis=-1)
    strength = 0.08 + 0.27 * np.clip(two[..., -1:] - two[..., -2:-1], 0, 1)
    return 1 - strength * (1 - colours)


# -- descent ---------------------------------------------------------------------------------------------------------
@checked
@styled
def descent(f, paths, limits, minimum=None):
    """Walks on the contours of f, darker where f is larger.

    f           takes an array (2, ...), gives (...)
    paths       {name: (steps, 2)}, the places where each walk has been;  limits  ((x0, x1), (y0, y1))
    minimum     a place to mark with a star
    """
    paths = _checked(paths, "descent")
    fig, ax = _surface(f, limits, minimum)
    for (name, path), (colour, line, marker) in zip(paths.items(), CYCLE):
        ax.plot(*path.T, color=colour, linestyle=line, lw=1.3, marker=marker, ms=4, mec="white", mew=0.4,
                markevery=max(1, len(path) // 30), label=name)
    _legend(fig, ax, minimum)
    fig.alt = _told(f, paths)
    return fig


def _checked(paths, who):
    """Each path as far as it is finite."""
    walked = {}
    for name, path in paths.items():
        path = as_array(path)
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"{who}: the path {name!r} must have shape (steps, 2), not {path.shape}")
        bad = np.flatnonzero(~np.isfinite(path).all(axis=1))
        walked[name] = path[:bad[0]] if len(bad) else path
    if not walked or len(walked) > len(CYCLE) or not all(map(len, walked.values())):
        raise ValueError(f"{who}: between 1 and {len(CYCLE)} paths with a finite start are needed")
    return walked


def _told(f, paths):
    return "Descent on a loss surface: " + "; ".join(
        f"{name} ends at ({path[-1][0]:.3g}, {path[-1][1]:.3g}) after {len(path) - 1} steps, where the loss is "
        f"{float(f(path[-1])):.3g}" for name, path in paths.items()) + "."


def _surface(f, limits, minimum):
    from matplotlib.colors import LinearSegmentedColormap
    X, Y = _mesh(limits, 240)
    Z = as_array(f(np.array([X, Y])))
    levels = Z.min() + (np.ptp(Z) or 1) * np.concatenate([[0], np.geomspace(1e-3, 1, 12)])
    fig, ax = figure(5.6, 3.6)
    greys = LinearSegmentedColormap.from_list("height", ["white", "0.86"])
    ax.contourf(X, Y, Z, levels=levels, colors=greys(np.linspace(0, 1, len(levels) - 1)))
    ax.contour(X, Y, Z, levels=levels[1:], colors="0.72", linewidths=0.6)
    if minimum is not None:
        ax.plot(*minimum, "*", color="black", mec="white", ms=14, zorder=5, label="minimum")
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="$x_1$", ylabel="$x_2$")
    return fig, ax


def _legend(fig, ax, minimum):
    handles, names = ax.get_legend_handles_labels()
    order = [*range(minimum is not None, len(names)), *([0] if minimum is not None else [])]        # the star last
    fig.legend([handles[k] for k in order], [names[k] for k in order], loc="outside right upper")


@checked
@styled
def descent_film(f, paths, limits, minimum=None, frames=40, pace=0.25):
    """The same walks as a film, all step by step: a slider in a notebook, and whole where nothing moves.

    frames      at most so many pictures, evenly over the longest walk;  pace  seconds for each
    """
    paths = _checked(paths, "descent_film")
    fig, ax = _surface(f, limits, minimum)
    for (name, _), (colour, line, marker) in zip(paths.items(), CYCLE):
        ax.plot([], [], color=colour, linestyle=line, lw=1.5, marker=marker, ms=5, label=name)
    _legend(fig, ax, minimum)
    ax.set_title(" ")                       # room for the counter
    fig.alt, scale = _told(f, paths), 90 / fig.dpi
    background = to_png(fig, 180, tight=False)
    width, height = (90 * v for v in fig.get_size_inches())
    (x0, y0), (x1, y1) = ax.bbox.get_points() * scale

    def place(points):                      # from the axes to the page, whose y runs down
        return ax.transData.transform(points) * (scale, -scale) + (0, height)
    longest = max(map(len, paths.values()))
    moments = np.unique(np.linspace(0, longest - 1, min(frames, longest)).astype(int))
    moving = []
    for (_, path), (colour, _, marker), dash in zip(paths.items(), CYCLE, [*DASHES, *["none"] * len(CYCLE)]):
        moving += _walk(place(path), moments, colour, marker, dash, pace)
    # an svg in the svg cuts off what leaves the axes
    inside = element("svg", *moving, x=x0, y=height - y1, width=x1 - x0, height=y1 - y0,
                     viewBox=f"{x0:.1f} {height - y1:.1f} {x1 - x0:.1f} {y1 - y0:.1f}")
    counter = [text(x1, height - y1 - 4, f"step {n}", "mg-count", "end", only(k, pace)) for k, n in enumerate(moments)]
    image = element("image", href="data:image/png;base64," + base64.b64encode(background).decode(),
                    width=f"{width:.0f}", height=f"{height:.0f}")
    film = Film(width, height, "Descent on a loss surface", fig.alt, fig.alt,
                stylesheet(f".mg-count{{fill:{QUIET}}}"), image, inside, *counter)
    film.steps, film.pace = len(moments), pace
    return film


def _walk(points, moments, colour, marker, dash, pace):
    """One walk: its line, which grows from moment to moment, and a marker at its end."""
    parts, last = [], 0
    for k, n in enumerate(moments):
        here = min(n, len(points) - 1)
        if here > last:
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[last:here + 1])
            parts.append(element("polyline", points=line, fill="none", stroke=colour, stroke_width=1.6,
                                 stroke_dasharray=dash, style=until(k, pace)))
        parts.append(_marker(points[here], marker, colour, only(k, pace)))
        last = here
    return [*parts, _marker(points[last], marker, colour, until(len(moments), pace))]


def _marker(point, marker, colour, style):
    from matplotlib.markers import MarkerStyle
    shape = MarkerStyle(marker)
    outline = shape.get_transform().transform_path(shape.get_path()).to_polygons()[0] * (10, -10) + point
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
    return element("polygon", points=corners, fill=colour, stroke="white", style=style)

