"""Three ways to train fairer classifiers: weigh the data, constrain the loss, or fight an adversary.

A classifier is a model with one logit for each example, (n, 1).  Groups are numbered 0 and 1.
"""
import numpy as np

from ...engine.op import Op
from ...engine.ops.neural import sigmoid_cross_entropy as cross_entropy
from ...engine.ops.nonlinear import sigmoid
from ...engine.ops.reductions import mean
from ...engine.ops.shapes import concatenate
from ...keras.models import Model
from ...support.arguments import shown
from ...support.explaining import explained
from ...support.meanings import checked


# -- before training -------------------------------------------------------------------------------------------------
@checked
def reweigh(y, group):
    """Weights (n,) with which y and the group are independent: w = P(g) P(y) / P(g, y), each estimated by counting.

    Those seen less often than independence would have it count more; the mean weight is 1 (if every combination is
    there).  Pass them to fit as sample_weight.  (Kamiran and Calders 2012, "Data preprocessing techniques")
    """
    y, group = np.asarray(y), np.asarray(group)
    if y.shape != group.shape or y.ndim != 1 or not y.size:
        raise ValueError(f"reweigh: y has shape {y.shape} and group {group.shape}; both must be (n,), n > 0")
    (_, row), (_, column) = (np.unique(values, return_inverse=True) for values in (group, y))
    counts = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(counts, (row, column), 1)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / y.size
    return (expected / np.maximum(counts, 1))[row, column].astype(np.float32)


# -- a constraint ----------------------------------------------------------------------------------------------------
def known(criterion):
    """The criterion, if it is one; else ValueError."""
    if criterion not in ("demographic_parity", "equalized_odds"):
        raise ValueError(f'the criterion is "demographic_parity" or "equalized_odds", not {shown(criterion)}')
    return criterion


@checked
def soft_gaps(p, y, group, criterion):
    """The signed gaps, group 1 less group 0, of the mean probability p: smooth stand-ins for those of decisions.

    criterion   "demographic_parity": one gap, of E[p | g]
                "equalized_odds": two, of E[p | y = 0, g] and of E[p | y = 1, g]
    p a Tensor (n,), y and group arrays (n,).  A batch that lacks one of the parts gives no gap for it, None.
    """
    gaps = []
    for part in [y >= 0] if known(criterion) == "demographic_parity" else [y == 0, y == 1]:
        ones, zeros = part & (group == 1), part & (group == 0)
        here = ones.any() and zeros.any()
        weights = ones / max(ones.sum(), 1) - zeros / max(zeros.sum(), 1)
        gaps.append((p * weights.astype(p.dtype)).sum() if here else None)
    return gaps


class Fair(Model):
    """What both share: a classifier that is trained with y = {"label": (n,), "group": (n,)}, both 0 or 1.

    classifier      a model or layer with one logit (n, 1); only it is used to predict, and it sees no group
    fairness_loss   what a subclass adds to the cross-entropy
    """

    def __init__(self, classifier, **kwargs):
        super().__init__(**kwargs)
        self.classifier = classifier

    def call(self, x, training=False):
        return self.classifier(x)

    def compute_loss(self, y, y_pred, sample_weight=None):
        label, group = (y[part]._data.reshape(-1) for part in ("label", "group"))
        if not np.isin(group, (0, 1)).all():
            raise ValueError(f"{self.name}: group must be numbered 0 and 1")
        logits = y_pred.reshape(-1)
        losses = cross_entropy(logits, label.astype(logits.dtype))
        loss = mean(losses if sample_weight is None else losses * sample_weight)
        return loss + self.fairness_loss(logits, label, group)


class Constrained(Fair):
    """min over θ, max over λ >= 0 of  E[cross-entropy] + Σ λ⁺(c - ε) + λ⁻(-c - ε):  training under |c| <= ε.

    c is the gap of the mean probability between the groups (see soft_gaps); a step of the optimizer makes the sum small
    in θ, and one of gradient ascent moves each multiplier:  λ± = max(0, λ± + ρ (±c - ε)).  λ is 0 as long as the
    constraint holds; then it is ordinary training.  (Arrow, Hurwicz and Uzawa 1958; for fairness: Agarwal et al. 2018,
    Cotter et al. 2019)

    criterion   "demographic_parity" or "equalized_odds"
    slack       ε;  rate    ρ
    """

    @explained
    def __init__(self, classifier, criterion="demographic_parity", slack=0.02, rate=0.05, **kwargs):
        super().__init__(classifier, **kwargs)
        if not 0 <= slack or not rate > 0:
            raise ValueError(f"Constrained: slack must not be negative and rate positive, got {slack} and {rate}")
        self.criterion, self.slack, self.rate = known(criterion), slack, rate
        self.multipliers = np.zeros((2 if criterion == "equalized_odds" else 1, 2))     # λ⁺ and λ⁻ of each gap

    def fairness_loss(self, logits, label, group):
        total = 0.0
        for pair, gap in zip(self.multipliers, soft_gaps(sigmoid(logits), label, group, self.criterion)):
            if gap is not None:
                total = total + gap * float(pair[0] - pair[1]) - self.slack * float(pair.sum())
                if logits.requires_grad:                    # a step of training, not of evaluation
                    excess = np.array([gap.item(), -gap.item()]) - self.slack
                    np.maximum(pair + self.rate * excess, 0, out=pair)
        return total


# -- an adversary ----------------------------------------------------------------------------------------------------
def _same(x, /, strength=1.0):
    """y = x      dx = -strength · g, which is no derivative: what learns behind this op is taught the opposite.

    (Ganin and Lempitsky 2015, "Unsupervised Domain Adaptation by Backpropagation", eq. 11)
    """
    return x * 1


# Not in the table of derivatives, whose entries are held to their numerical derivatives: this rule is wrong on purpose.
reverse_gradient = Op(_same, lambda g, y, x, strength=1.0: -strength * g, name="reverse_gradient")


class Adversarial(Fair):
    """min over θ of E[L_y] - α E[L_a],  min over φ of E[L_a]:  predict y so that nobody can tell the group from it.

    The adversary φ, a small network, guesses the group from the logit, for equalized odds from the label too; L_a is
    its cross-entropy. One backward pass serves both sides, because the gradient is reversed, and multiplied by α, on
    its way from the adversary into the classifier. (Zhang, Lemoine and Mitchell 2018, without their projection; Ganin
    and Lempitsky 2015 for the reversal)

    adversary   a model or layer from (n, 1), or for "equalized_odds" (n, 3), to a logit (n, 1)
    criterion   "demographic_parity" or "equalized_odds";  strength    α
    """

    @explained
    def __init__(self, classifier, adversary, criterion="demographic_parity", strength=1.0, **kwargs):
        super().__init__(classifier, **kwargs)
        self.adversary, self.criterion, self.strength = adversary, known(criterion), strength

    def fairness_loss(self, logits, label, group):
        seen = reverse_gradient(logits.reshape(-1, 1), strength=self.strength)
        if self.criterion == "equalized_odds":              # as Zhang et al.: s, s y and s (1 - y)
            y = label.reshape(-1, 1).astype(logits.dtype)
            seen = concatenate([seen, seen * y, seen * (1 - y)], axis=1)
        return mean(cross_entropy(self.adversary(seen).reshape(-1), group.astype(logits.dtype)))


# -- what it costs ---------------------------------------------------------------------------------------------------
@checked
def frontier(gaps, accuracies):
    """The numbers of the points that no other beats in both, in the order of the gap: the accuracy-fairness frontier.

    gaps, accuracies    (n,): unfairness, to be small, and accuracy, to be large, of n classifiers.  (Pareto 1906)
    """
    gaps, accuracies = np.asarray(gaps, float), np.asarray(accuracies, float)
    if gaps.shape != accuracies.shape or gaps.ndim != 1:
        raise ValueError(f"frontier: gaps {gaps.shape} and accuracies {accuracies.shape} must both be (n,)")
    best, kept = -np.inf, []
    for i in np.lexsort((-accuracies, gaps)).tolist():
        if accuracies[i] > best:
            best = accuracies[i]
            kept.append(i)
    return kept
