"""Curves: how a training went, activation functions with their slopes, and what happens through depth."""
import numpy as np

from ..engine.op import REGISTRY, Op
from ..engine.ops.domains import REAL
from ..engine.transforms import grad
from ..support.explaining import described, explained
from ..support.meanings import checked
from .style import BLUE, CYCLE, FAINT, QUIET, RED, as_array, figure, styled

ASIDE = {"epoch", "lr", "learning_rate", "time", "seconds"}         # columns of a history that are no figure of merit
MORE_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "r2", "iou", "top")


@checked
@styled
def learning_curves(history, axes=None, labels=None):
    """Loss and metrics by epoch, training and validation in one panel each; a ring is around the best validation.

    history     {"loss": [...], "val_loss": [...], "accuracy": [...], ...}, as `fit` returns in History.history
    axes        axes to draw in, one for each name without "val_"; a new figure by default
    labels      {"loss": "loss (nats)"}: what to write at the axis instead of the name
    """
    history = {name: np.asarray(values, float) for name, values in dict(history).items()}
    names = [n for n in history if not n.startswith("val_") and n not in ASIDE]
    if not names or not all(history[n].ndim == 1 and history[n].size for n in names):
        raise ValueError("learning_curves: the history is empty: train for at least one epoch")
    fig = None
    if axes is None:
        columns = min(3, len(names))
        rows = -(-len(names) // columns)
        fig, axes = figure(3.7 * columns, 2.8 * rows, rows, columns, squeeze=False)
        axes = axes.flat
        for ax in axes[len(names):]:
            ax.set_visible(False)
    told = []
    for ax, name in zip(axes, names):
        told += _learning_curve(ax, name, history[name], history.get("val_" + name, np.empty(0)))
        ax.set(xlabel="epoch", ylabel=(labels or {}).get(name, name.replace("_", " ")))
    if fig is not None:
        fig.alt = f"Learning curves: {'; '.join(told)}."
    return fig


def _learning_curve(ax, name, training, validation):
    """Both curves in one axis; what they show, in words."""
    words = []
    upward = any(part in name for part in MORE_IS_BETTER)
    for values, label, (colour, line, marker) in zip((training, validation), ("training", "validation"), CYCLE):
        if not np.isfinite(values).any():
            continue
        epochs = np.arange(1, len(values) + 1)
        best = int((np.nanargmax if upward else np.nanargmin)(np.where(np.isfinite(values), values, np.nan)))
        words.append(f"{label} {name.replace('_', ' ')} from {values[0]:.3g} to {values[-1]:.3g}")
        if values is validation:
            ax.plot(best + 1, values[best], "o", ms=10, mfc="none", mec=colour, mew=1.3)
            label += f", best {values[best]:.3g} (epoch {best + 1})"
            words[-1] += f", best {values[best]:.3g} at epoch {best + 1}"
        ax.plot(epochs, values, linestyle=line, color=colour, marker=marker, ms=4, markevery=max(1, len(values) // 12),
                label=label)
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.set_xlim(0.5, max(1.5, len(training) * 1.03))
    ax.grid(axis="y", color=FAINT, lw=0.6)
    ax.legend(loc="best", frameon=True, edgecolor="none", framealpha=0.9)
    ax.margins(y=0.12)
    return words


# -- activation functions --------------------------------------------------------------------------------------------
@explained
@styled
def activation_curves(*ops, low=-4, high=4):
    """Elementwise functions of one input (solid) with their derivatives (dashed), by the engine.

    ops         names in the table of derivatives, or ops: activation_curves("relu", "tanh", mg.gelu)
    low, high   the range of x; a function is drawn only where it is defined, and is not joined across a jump
    """
    ops = [_named(o) for o in ops or ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu")]
    columns = min(4, len(ops))
    rows = -(-len(ops) // columns)
    fig, axes = figure(2.3 * columns + 0.4, 2.1 * rows, rows, columns, squeeze=False, sharex=True, sharey=True)
    for ax in axes.flat[len(ops):]:
        ax.set_visible(False)
    extremes = [-1.0, 1.5]
    for k, (ax, op) in enumerate(zip(axes.flat, ops)):
        x, broken = _inside(op, low, high)
        y, slope = op(x), grad(lambda t, op=op: op(t).sum())(x)
        ax.axhline(0, color=FAINT, lw=0.8, zorder=0)
        ax.axvline(0, color=FAINT, lw=0.8, zorder=0)
        value, = ax.plot(x, _apart(y, broken), color=BLUE, lw=2, label="$f(x)$")
        derivative, = ax.plot(x, _apart(slope, broken), "--", color=RED, lw=1.6, label="$f\\,'(x)$")
        extremes += [y.min(), y.max(), slope.min(), slope.max()]
        ax.set_title(op.__name__)
        if k + columns >= len(ops):         # nothing below
            ax.set_xlabel("$x$")
            ax.tick_params(labelbottom=True)
    ax.set(xlim=(low, high), ylim=(max(min(extremes), -2) - 0.15, min(max(extremes), 2) + 0.15))
    fig.legend(handles=[value, derivative], loc="outside upper right", ncols=2)
    names = ", ".join(op.__name__ for op in ops)
    fig.alt = f"Functions (solid) and their derivatives (dashed) from {low} to {high}: {names}."
    return fig


def _named(op):
    found = REGISTRY.get(op) if isinstance(op, str) else op
    if not isinstance(found, Op) or found.arity != 1 or not found.elementwise:
        raise ValueError(f"activation_curves: {described(op)} is no elementwise op of one input in the registry")
    return found


def _inside(op, low, high, points=800):
    """(x, broken): points of the op's domain in [low, high]; and whether a kink or pole lies just before each."""
    domain = op.domain[0] if isinstance(op.domain, tuple) else op.domain or REAL
    low, high = max(low, domain.low), min(high, domain.high)
    if not low < high:
        raise ValueError(f"activation_curves: {op.__name__} is defined on {domain}, of which nothing is in the range")
    x = low + (high - low) * (np.arange(points) + 0.5) / points
    piece = sum((np.floor((x - a) / domain.period) if domain.period else x > a for a in domain.avoid), np.zeros(points))
    return x, np.diff(piece, prepend=piece[0]) != 0


def _apart(values, broken):
    """The curve with a gap at every break where it jumps."""
    jumps = np.abs(np.diff(values, prepend=values[0])) > 0.1
    return np.where(broken & jumps, np.nan, values)


# -- through depth ---------------------------------------------------------------------------------------------------
@checked
@styled
def depth_histograms(layers, gradients=None, label="activation", bins=60, log=False):
    """How values are distributed in each layer, first layer on top, and beside it how their gradients are.

    layers, gradients   {name: array or tensor of any shape}, or a list of arrays, one for each layer
    log                 show the sizes of the values on a logarithmic axis: for gradients that shrink or grow a lot
    Histograms are scaled to the same height; at the right stand the spread (standard deviation) and the share of zeros.
    """
    sides = [(_by_name(layers), label)] + ([(_by_name(gradients), "gradient")] if gradients is not None else [])
    if not all(side for side, _ in sides):
        raise ValueError("depth_histograms: no layers")
    rows = max(len(side) for side, _ in sides)
    height = min(0.42, max(0.2, 5 / rows))
    fig, axes = figure(4.2 * len(sides) + 0.3, height * rows + 1, 1, len(sides), squeeze=False)
    told = []
    for ax, (side, what) in zip(axes.flat, sides):
        _ridges(ax, side, what, bins, log)
        first, *_, last = [f"{a.std():.2g}" for a in side.values()] * 2
        told.append(f"the spread of the {what}s is {first} in {next(iter(side))} and {last} in {list(side)[-1]}")
    fig.alt = f"Distributions through {rows} layers: {'; '.join(told)}."
    return fig


def _by_name(layers):
    named = layers.items() if isinstance(layers, dict) else ((f"layer {k}", a) for k, a in enumerate(layers, 1))
    return {name: as_array(a).ravel() for name, a in named if np.size(a)}


def _ridges(ax, side, what, bins, log):
    from matplotlib import colormaps
    shown = {n: np.log10(np.abs(a[a != 0])) if log else a for n, a in side.items()}
    everything = np.concatenate([a[np.isfinite(a)] for a in shown.values()])
    low, high = np.quantile(everything, [0.001, 0.999]) if everything.size else (0, 1)
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    for k, (name, a) in enumerate(shown.items()):
        counts, edges = np.histogram(a, bins=bins, range=(low, high))
        heights = 0.9 * counts / max(counts.max(), 1)
        colour = colormaps["viridis"](0.05 + 0.75 * k / max(len(side) - 1, 1))
        ax.stairs(heights - k, edges, baseline=-k, fill=True, color=colour, alpha=0.45, lw=0)
        ax.stairs(heights - k, edges, baseline=-k, color=colour, lw=1.1)
        nothing = float((side[name] == 0).mean())
        note = f"{side[name].std():.2g}" + (f"  ({nothing:.0%} are 0)" if nothing > 0.005 else "")
        ax.annotate(note, (1.02, 0.12 - k), xycoords=("axes fraction", "data"), fontsize=8, color=QUIET)
    ax.annotate("spread", (1.02, 1.0), xycoords=("axes fraction", "data"), fontsize=8, color=QUIET)
    ax.set(yticks=[0.25 - k for k in range(len(side))], yticklabels=list(side), ylim=(0.9 - len(side), 1.05),
           xlim=(low, high), xlabel=f"log₁₀ |{what}|" if log else what)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
