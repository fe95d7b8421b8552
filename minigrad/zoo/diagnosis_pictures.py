"""Pictures of a diagnosis: ROC and precision-recall curves with their bands, reliability, and what errors cost."""
import numpy as np

from ..viz.style import CYCLE, FAINT, QUIET, figure, styled
from .diagnosis import (
    auc,
    average_precision,
    brier,
    checked,
    costs,
    interval,
    precision_recall,
    rational_threshold,
    reliability,
    roc,
)

GRID = np.linspace(0, 1, 201)


@styled
def curves(y, predictions, draws=300, seed=0):
    """ROC and precision-recall curves of {name: p (n,)}; bands hold 95 % of the curves of patients drawn again.

    The legend gives the area with its 95 % interval.  Dashed: what a guess would do.
    """
    y = checked(y, *predictions.values())
    fig, (left, right) = figure(8.6, 4.0, 1, 2)
    told = []
    for (name, p), (colour, line, _) in zip(predictions.items(), CYCLE):
        rows = _draws(y, draws, seed)
        for ax, curve, area, at in ((left, roc, auc, _recall_at),
                                    (right, precision_recall, average_precision, _precision_at)):
            value, low, high = interval(area, y, p, draws=draws, seed=seed)
            band = np.percentile([at(*curve(y[r], p[r])) for r in rows], [2.5, 97.5], axis=0)
            ax.fill_between(GRID, *band, color=colour, alpha=0.15, lw=0)
            ax.plot(*curve(y, p), line, color=colour, drawstyle="steps-post" if ax is left else "steps-pre",
                    label=f"{name}: {value:.3f} ({low:.3f} to {high:.3f})")
            told.append(f"{name}: {area.__name__.replace('_', ' ')} {value:.3f} ({low:.3f} to {high:.3f})")
    left.plot([0, 1], [0, 1], "--", color=QUIET, lw=1)
    right.axhline(y.mean(), ls="--", color=QUIET, lw=1)
    left.set(xlabel="false positive rate: healthy called sick", ylabel="recall: sick called sick", title="ROC")
    right.set(xlabel="recall: sick called sick", ylabel="precision: those called sick who are",
              title="Precision and recall")
    for ax, place, title in ((left, "lower right", "area under the curve"), (right, "lower left", "average precision")):
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        ax.legend(loc=place, title=title, alignment="left", frameon=True, edgecolor="none", framealpha=0.85)
    fig.alt = f"ROC and precision-recall curves of {len(y)} patients, 95 % intervals in brackets. {'; '.join(told)}."
    return fig


def _draws(y, draws, seed):
    rows = np.random.default_rng(seed).integers(len(y), size=(draws, len(y)))
    return [r for r in rows if 0 < y[r].sum() < len(y)]


def _recall_at(false, recall):
    """The recall that is reached by each false positive rate of GRID."""
    return recall[np.searchsorted(false, GRID, side="right") - 1]


def _precision_at(recall, precision):
    """The best precision from each recall of GRID on."""
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return best[np.searchsorted(recall, GRID - 1e-12)]


@styled
def reliability_diagram(y, predictions, bins=10):
    """The observed share of sick over the predicted probability, of {name: p (n,)}, in groups of equally many patients.

    Bars are 95 % intervals; on the diagonal a probability is what it says.
    """
    fig, axes = figure(3.5 * len(predictions) + 0.4, 3.7, 1, len(predictions), squeeze=False, sharey=True)
    told = []
    for ax, (name, p), (colour, _, marker) in zip(axes.flat, predictions.items(), CYCLE):
        predicted, observed, low, high, number = reliability(y, p, bins)
        ax.plot([0, 1], [0, 1], "--", color=QUIET, lw=1)
        ax.errorbar(predicted, observed, [np.maximum(observed - low, 0), np.maximum(high - observed, 0)],
                    fmt=marker, ms=5, color=colour, lw=1, capsize=2)
        ax.set(title=f"{name}: Brier score {brier(y, p):.3f}", xlabel="predicted probability", xlim=(-0.03, 1.03),
               ylim=(-0.03, 1.03), aspect="equal")
        ax.grid(color=FAINT, lw=0.6)
        off = np.abs(observed - predicted) @ number / number.sum()
        told.append(f"{name}: Brier score {brier(y, p):.3f}, on average {off:.3f} off the diagonal")
    axes[0, 0].set_ylabel("observed share of the sick")
    fig.alt = f"Reliability diagrams in {bins} groups of patients. {'; '.join(told)}."
    return fig


@styled
def cost_curves(y, predictions, miss, alarm):
    """The cost per patient at every threshold, of {name: p (n,)}; dotted: the threshold that the two prices ask for."""
    fig, ax = figure(6.4, 3.6)
    rational, told = rational_threshold(miss, alarm), []
    for (name, p), (colour, line, _) in zip(predictions.items(), CYCLE):
        thresholds, price = costs(y, p, miss, alarm)
        ax.plot(np.append(thresholds[1:][::-1], 1), price[::-1], line, color=colour, drawstyle="steps-pre", label=name)
        there = price[np.searchsorted(-thresholds, -rational, side="right") - 1]
        told.append(f"{name}: {there:.3f} at this threshold, {price.min():.3f} at the best in hindsight")
    ax.axvline(rational, ls=":", color=QUIET, label=f"{alarm:g} / ({miss:g} + {alarm:g}) = {rational:.3f}")
    ax.set(xlabel="threshold (called sick from this probability on)", ylabel="cost per patient", xscale="log",
           title=f"A missed case costs {miss:g}, a false alarm {alarm:g}", xlim=(2e-3, 1))
    ax.set_ylim(0)
    ax.legend()
    fig.alt = (f"Cost per patient over the threshold, where a missed case costs {miss:g} and a false alarm {alarm:g}; "
               f"these ask for the threshold {rational:.3f}. {'; '.join(told)}.")
    return fig
