"""Pictures of fairness; each returns a matplotlib Figure with a description, fig.alt, for viz.show and viz.save."""
from ...support.meanings import checked
from ...viz.style import CYCLE, FAINT, QUIET, figure, styled
from .mitigation import frontier

WORDS = {"base": "base rate", "selection": "selected", "accuracy": "right", "tpr": "true positives",
         "fpr": "false positives", "ppv": "right if selected"}


@checked
@styled
def rates_by_group(found, names=("selection", "tpr", "fpr", "ppv"), title="", alt=None):
    """Each rate for each group, with its interval.  found: what `rates` returns; names: which of its rates."""
    step = min(0.22, 0.75 / len(found))
    fig, ax = figure(6, max(0.5, 0.17 * len(found) + 0.1) * len(names) + 0.9)
    for i, ((group, of_group), (colour, _, marker)) in enumerate(zip(found.items(), CYCLE)):
        height = [k + step * (i - (len(found) - 1) / 2) for k in range(len(names))]
        chosen = [of_group[name] for name in names]
        ax.hlines(height, [r.low for r in chosen], [r.high for r in chosen], color=colour, lw=2)
        ax.plot([r.value for r in chosen], height, marker, color=colour, label=str(group), lw=0)
    ax.set(yticks=range(len(names)), yticklabels=[WORDS.get(name, name) for name in names], xlim=(0, 1),
           ylim=(len(names) - 0.5, -0.5), title=title, xlabel="share, with its 95 % interval")
    ax.grid(axis="x", color=FAINT, lw=0.6)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    fig.alt = alt or "Rates by group. " + "; ".join(f"{WORDS.get(name, name)}: " + ", ".join(
        f"{group} {of_group[name].value:.2f}" for group, of_group in found.items()) for name in names)
    return fig


@checked
@styled
def calibration_curves(found, title="", alt=None):
    """Share of y = 1 against the score, for each group, with intervals; on the diagonal scores mean what they say."""
    fig, ax = figure(4.2, 3.8)
    ax.plot([0, 1], [0, 1], color=QUIET, lw=1, ls=":", label="calibrated")
    for (group, c), (colour, line, marker) in zip(found.items(), CYCLE):
        ax.plot(c.score, c.share, color=colour, ls=line, marker=marker, ms=4, label=f"{group} (error {c.error:.3f})")
        ax.vlines(c.score, c.low, c.high, color=colour, lw=1)
    ax.set(xlabel="score", ylabel="share with y = 1", xlim=(0, 1), ylim=(0, 1), title=title)
    ax.legend(loc="upper left")
    fig.alt = alt or "Calibration curves: the share with y = 1 against the score. Mean distance from the diagonal: " + (
        ", ".join(f"{g} {c.error:.3f}" for g, c in found.items()))
    return fig


@checked
@styled
def frontier_plot(methods, xlabel="gap between the groups", ylabel="accuracy", title="", alt=None):
    """Accuracy against unfairness, a mark for each classifier, and a line along those that none beats in both.

    methods     {name: [(gap, accuracy), ...]}
    """
    fig, ax = figure(5.5, 3.8)
    points = [point for found in methods.values() for point in found]
    best = [points[i] for i in frontier(*zip(*points))]
    ax.plot(*zip(*best), color=FAINT, lw=5, solid_capstyle="round", zorder=0, label="frontier")
    for (name, found), (colour, _, marker) in zip(methods.items(), CYCLE):
        ax.plot(*zip(*found), marker, color=colour, label=name, lw=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set_xlim(left=min(0, ax.get_xlim()[0]))
    ax.legend(loc="lower right")
    fig.alt = alt or (f"{ylabel} against {xlabel} of {len(points)} classifiers; the frontier runs from "
                      f"({best[0][0]:.3f}, {best[0][1]:.3f}) to ({best[-1][0]:.3f}, {best[-1][1]:.3f}).")
    return fig
