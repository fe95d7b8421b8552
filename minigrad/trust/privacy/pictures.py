"""A picture of attacks: whom they find, at what price in false alarms."""
import numpy as np

from ...viz.style import CYCLE, FAINT, QUIET, figure, styled


@styled
def attack_curves(attacks, epsilon=None, delta=0.0, log=False, title="", alt=None):
    """True against false positive rates of attacks, {name: Attack}: a Figure with fig.alt, for viz.show and viz.save.

    epsilon, delta      shade what (ε, δ)-privacy excludes: TPR > e^ε FPR + δ and 1 - FPR > e^ε (1 - TPR) + δ
    log                 logarithmic axes, which show how many are exposed at few false alarms
    """
    fig, ax = figure(4.4, 4)
    grid = np.concatenate([np.geomspace(1e-4, 0.01, 200), np.linspace(0.01, 1, 400)])
    if epsilon is not None:
        most = np.minimum(np.minimum(1, np.exp(epsilon) * grid + delta), 1 - np.exp(-epsilon) * (1 - grid - delta))
        ax.fill_between(grid, most, 1, color=FAINT, alpha=0.6, lw=0, label=f"excluded by ε = {epsilon:g}")
    ax.plot(grid, grid, color=QUIET, lw=1, ls=":", label="guessing")
    for (name, found), (colour, line, _) in zip(attacks.items(), CYCLE):
        label = f"{name} (area {found.auc:.2f})"
        ax.plot(found.false_positive, found.true_positive, color=colour, ls=line, label=label)
    scale, limits = ("log", (1e-3, 1)) if log else ("linear", (0, 1))
    ax.set(xlabel="others taken for members", ylabel="members found", xscale=scale, yscale=scale, xlim=limits,
           ylim=limits, title=title)
    ax.legend(loc="lower right" if not log else "upper left")
    fig.alt = alt or "Members found against others taken for members. Area under the curve: " + ", ".join(
        f"{name} {found.auc:.2f}" for name, found in attacks.items())
    return fig
