"""Curves: how a training went, activation functions with their slopes, and what happens through depth."""
import numpy as np

from ..tensor import Tensor
from .style import BLUE, CYCLE, ORANGE, RED, figure

FIGURES = {"loss": "loss (nats)", "accuracy": "accuracy"}


def learning_curves(history, axes=None):
    """Loss and metrics by epoch, training and validation in one panel each.

    history     {"loss": [...], "val_loss": [...], "accuracy": [...], ...}, as `fit` returns in History.history
    """
    names = [n for n in history if not n.startswith("val_") and n not in ("lr", "learning_rate", "epoch")]
    if not names or not len(history[names[0]]):
        raise ValueError("learning_curves: the history is empty: train for at least one epoch")
    fig = None
    if axes is None:
        fig, axes = figure(4 * len(names), 3, 1, len(names), squeeze=False)
        axes = axes[0]
    words = []
    for ax, name in zip(axes, names):
        for prefix, label, (colour, line, marker) in zip(("", "val_"), ("training", "validation"), CYCLE):
            values = history.get(prefix + name)
            if values is not None and len(values):
                epochs = np.arange(1, len(values) + 1)
                ax.plot(epochs, values, line, color=colour, marker=marker, ms=3.5, label=label)
                words.append(f"{label} {name} from {values[0]:.3g} to {values[-1]:.3g}")
        ax.set(xlabel="epoch", ylabel=FIGURES.get(name, name.replace("_", " ")))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
    if fig is not None:
        fig.alt = "Learning curves: " + "; ".join(words) + "."
    return fig


def activation_curves(*ops, low=-4, high=4):
    """Elementwise functions (solid) with their derivatives (dashed), by the engine.  ops: names or ops."""
    from ..op import REGISTRY
    from ..transforms import grad
    ops = [REGISTRY[o] if isinstance(o, str) else o for o in ops]
    columns = min(4, len(ops))
    rows = -(-len(ops) // columns)
    fig, axes = figure(2.4 * columns, 2.2 * rows, rows, columns, squeeze=False, sharex=True)
    x = np.linspace(low, high, 401)
    for ax, op in zip(axes.flat, ops):
        ax.axhline(0, color="0.85", lw=0.8)
        ax.axvline(0, color="0.85", lw=0.8)
        ax.plot(x, op(x), color=BLUE, lw=2)
        ax.plot(x, grad(lambda t: op(t).sum())(x), "--", color=RED, lw=1.5)
        ax.set(title=op.__name__, ylim=(-1.3, 2.2))
    for ax in axes.flat[len(ops):]:
        ax.set_visible(False)
    fig.alt = f"Activation functions (solid) and their derivatives (dashed): {', '.join(o.__name__ for o in ops)}."
    return fig


def depth_histograms(layers, label="value", bins=60, limits=None):
    """The distribution of values in each layer, one curve per layer, dark to light from first to last.

    layers      arrays or tensors of any shapes, one per layer: activations, or gradients
    """
    from matplotlib import colormaps
    arrays = [np.asarray(a._data if isinstance(a, Tensor) else a).ravel() for a in layers]
    if not arrays:
        raise ValueError("depth_histograms: no layers")
    low, high = limits or (min(a.min() for a in arrays), max(a.max() for a in arrays))
    fig, ax = figure(5, 3)
    for k, a in enumerate(arrays):
        counts, edges = np.histogram(a, bins=bins, range=(low, high), density=True)
        ax.plot((edges[1:] + edges[:-1]) / 2, counts, color=colormaps["viridis"](k / max(len(arrays), 2)), label=f"layer {k + 1}")
    ax.set(xlabel=label, ylabel="density")
    ax.legend(fontsize=7)
    fig.alt = (f"Distribution of {label} in {len(arrays)} layers; spread {arrays[0].std():.3g} in the first, "
               f"{arrays[-1].std():.3g} in the last.")
    return fig


def bars(values, labels, errors=None, xlabel=""):
    """Horizontal bars with their numbers, the first on top."""
    fig, ax = figure(5, 0.4 * len(values) + 0.8)
    drawn = ax.barh(list(labels), list(values), xerr=errors, color=[ORANGE if v < 0 else BLUE for v in values])
    ax.bar_label(drawn, [f" {v:.3g}" for v in values], fontsize=8)
    ax.invert_yaxis()
    ax.set(xlabel=xlabel)
    fig.alt = f"{xlabel}: " + ", ".join(f"{name} {v:.3g}" for name, v in zip(labels, values)) + "."
    return fig
