"""Membership inference: was this person in the training data?  Models know their training examples better than others.

The attacker computes a score for each person, here minus the loss, and says "member" above a threshold.
(Yeom et al. 2018, "Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting")
"""
from dataclasses import dataclass

import numpy as np

from ...support.explaining import explained
from ...support.meanings import checked
from ...viz.style import CYCLE, FAINT, QUIET, figure, styled


@dataclass(frozen=True)
class Attack:
    """How well a score tells members from others: false and true positive rates for every threshold, from 0 to 1."""
    false_positive: np.ndarray
    true_positive: np.ndarray

    @property
    def advantage(self):
        """max over thresholds of TPR - FPR: 0 for guessing, 1 for certainty.  (Yeom et al. 2018, definition 4)"""
        return float(np.max(self.true_positive - self.false_positive))

    @property
    def auc(self):
        """The area under the curve: the probability that a member scores higher than another.  0.5 for guessing."""
        return float(np.trapezoid(self.true_positive, self.false_positive))

    def true_positive_at(self, false_positive):
        """The TPR at an FPR, say 0.01: attacks should be judged by whom they expose with certainty, not on average.

        (Carlini et al. 2022, "Membership Inference Attacks From First Principles")
        """
        return float(np.interp(false_positive, self.false_positive, self.true_positive))


@checked
def membership_attack(member_losses, other_losses):
    """The Attack by thresholds on the loss: "member" where ℓ <= τ, for all τ.

    member_losses, other_losses     (n,) and (m,): losses of training examples and of others from the same population.
    Ties count half, as if broken by chance.  ValueError if either is empty or holds nan.
    """
    members, others = (np.sort(np.asarray(losses, float).ravel()) for losses in (member_losses, other_losses))
    if not members.size or not others.size or np.isnan(members).any() or np.isnan(others).any():
        raise ValueError("membership_attack: it needs losses of members and of others, without nan; "
                         f"got {members.size} and {others.size}")
    thresholds = np.unique(np.concatenate([members, others]))
    rates = [np.concatenate([[0.0], np.searchsorted(losses, thresholds, side="right") / losses.size])
             for losses in (others, members)]
    return Attack(*rates)


@checked
def lira_scores(losses, shadow_losses, was_in):
    """The likelihood ratio attack: ln p(φ | member) - ln p(φ | other) for each example, the higher the more likely in.

    Shadow models, trained on random halves of the population, show how each example's own loss behaves when it is in
    and when it is out; φ = ln(e^-ℓ / (1 - e^-ℓ)), the logit of the probability given to the truth, is nearly normal.

    losses          (n,): of the attacked model, cross-entropies in nats
    shadow_losses   (S, n): of the S shadow models
    was_in          (S, n) bool: whether the model saw the example; each example must be in and out at least twice
    (Carlini et al. 2022, algorithm 1, with one variance for all examples, which they advise for few shadow models)
    """
    was_in = np.asarray(was_in, bool)
    if np.shape(shadow_losses) != was_in.shape or was_in.shape[1:] != np.shape(losses):
        raise ValueError(f"lira_scores: losses {np.shape(losses)}, shadow_losses {np.shape(shadow_losses)} and was_in "
                         f"{was_in.shape} must be (n,), (S, n) and (S, n)")
    if was_in.sum(axis=0).min() < 2 or (~was_in).sum(axis=0).min() < 2:
        raise ValueError("lira_scores: each example must be in at least two shadow models and out of at least two")

    def logit(loss):
        loss = np.clip(np.asarray(loss, float), 1e-7, 30)
        return -loss - np.log(-np.expm1(-loss))

    phi, shadows = logit(losses), logit(shadow_losses)
    score = 0
    for sign, chosen in ((1, was_in), (-1, ~was_in)):
        mean = np.sum(shadows * chosen, axis=0) / chosen.sum(axis=0)
        variance = np.sum(chosen * (shadows - mean) ** 2) / (chosen.sum() - chosen.shape[1]) + 1e-12
        score = score - sign * ((phi - mean) ** 2 / (2 * variance) + 0.5 * np.log(variance))
    return score


@explained
def advantage_bound(epsilon, delta=0.0):
    """(e^ε - 1 + 2δ) / (e^ε + 1): no attack on an (ε, δ)-private training has a greater advantage.

    It follows from TPR <= e^ε FPR + δ and 1 - FPR <= e^ε (1 - TPR) + δ.  (Kairouz, Oh and Viswanath 2015, theorem 2.1;
    Humphries et al. 2023)
    """
    if epsilon < 0 or not 0 <= delta <= 1:
        raise ValueError(f"advantage_bound: it needs epsilon >= 0 and delta from 0 to 1, got {epsilon} and {delta}")
    return float(min(1, np.tanh(epsilon / 2) + delta * (1 - np.tanh(epsilon / 2))))


@checked
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
