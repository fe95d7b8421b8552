"""Metrics of yes-or-no questions: precision, recall, F1, and the area under the ROC curve."""
import math

import numpy as np

from ...engine import backend
from ...support.arguments import shown
from ..losses import class_numbers, matched, weights_like
from .base import Metric, arrays, ratio


class Confusion(Metric):
    """Counts true positives, false positives and false negatives, above a threshold.

    thresholds  positive is what lies above this number, 0.5 by default; a list of numbers counts for each of them
                apart, and the result is an array, as long as the list
    """
    zero = {"tp": 0, "fp": 0, "fn": 0}

    def __init__(self, thresholds=None, *, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds

    def decide(self, y_true, y_pred):
        """Truth and prediction as booleans, the last axis for the thresholds."""
        y_true, y_pred = matched(self.name, y_true, y_pred)
        limits = np.atleast_1d(0.5 if self.thresholds is None else self.thresholds).tolist()
        above = backend.array_module(y_pred).stack([y_pred > limit for limit in limits], axis=-1)
        return y_true[..., None] > 0.5, above

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, guess = self.decide(*arrays(y_true, y_pred))
        w = 1 if sample_weight is None else weights_like(self.name, sample_weight, truth.astype(float))
        for name, found in (("tp", truth & guess), ("fp", guess & ~truth), ("fn", truth & ~guess)):
            setattr(self, name, getattr(self, name) + self.count(found * w))

    def count(self, found):
        """How many of each threshold."""
        return found.sum(axis=tuple(range(found.ndim - 1)))

    def ratios(self, *counts):
        """counts[0] / (counts[0] + counts[1]), or counts[0] alone: a number, or an array for a list of thresholds."""
        counts = [np.atleast_1d(backend.to_numpy(np.asarray(c) if isinstance(c, int) else c)) for c in counts]
        values = [float(c[0]) if len(c) == 1 else ratio(c[0], c[0] + c[1]) for c in zip(*counts)]
        return np.array(values) if np.ndim(self.thresholds) else values[0]


class Precision(Confusion):
    """Of those called positive, the part that is: TP / (TP + FP)."""

    def result(self):
        return self.ratios(self.tp, self.fp)


class Recall(Confusion):
    """Of the positive ones, the part that was called so: TP / (TP + FN)."""

    def result(self):
        return self.ratios(self.tp, self.fn)


class TruePositives(Confusion):
    """How many are positive, and called so."""

    def result(self):
        return self.ratios(self.tp)


class FalsePositives(Confusion):
    """How many are called positive, and are not."""

    def result(self):
        return self.ratios(self.fp)


class FalseNegatives(Confusion):
    """How many are positive, and not called so."""

    def result(self):
        return self.ratios(self.fn)


class TrueNegatives(TruePositives):
    """How many are not positive, and not called so."""

    def decide(self, y_true, y_pred):
        truth, guess = super().decide(y_true, y_pred)
        return ~truth, ~guess


class F1Score(Confusion):
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), of each class, averaged.

    y_pred (N, K) with y_true one-hot (N, K) or class numbers (N,); or (N,), (N, 1) for a yes-or-no question.
    average     None: an array, one for each class; "macro": their mean; "weighted": their mean by the number of
                samples; "micro": of all counts together
    threshold   what counts as positive; by default the largest of a row, or 0.5 where there is one column
    """

    def __init__(self, average=None, threshold=None, name=None, dtype=None):
        if average not in ("macro", "weighted", "micro", None):
            raise ValueError(f'F1Score: average must be "macro", "weighted", "micro" or None, not {shown(average)}')
        super().__init__(name=name, dtype=dtype)
        self.average, self.threshold = average, threshold

    def decide(self, y_true, y_pred):
        if y_pred.ndim < 2:
            y_pred = y_pred.reshape(-1, 1)
        classes = backend.array_module(y_pred).arange(y_pred.shape[-1])
        if y_true.shape != y_pred.shape and len(classes) > 1:
            y_true = class_numbers(self.name, y_true, y_pred)[..., None] == classes
        y_true, y_pred = matched(self.name, y_true, y_pred)
        if self.threshold is None and len(classes) > 1:
            return y_true > 0.5, y_pred.argmax(-1)[..., None] == classes
        return y_true > 0.5, y_pred > (0.5 if self.threshold is None else self.threshold)

    def count(self, found):
        return found.sum(axis=0)

    def result(self):
        tp, fp, fn = (np.atleast_1d(count) for count in self.state().values())
        if self.average == "micro":
            return ratio(2 * tp.sum(), (2 * tp + fp + fn).sum())
        scores = 2 * tp / np.maximum(2 * tp + fp + fn, 1e-300)
        if self.average == "weighted":
            return ratio((scores * (tp + fn)).sum(), (tp + fn).sum())
        return scores if self.average is None else float(scores.mean())


class AUC(Metric):
    """The area under the ROC curve: how often a positive is scored above a negative, ties counting half.  Exact.

        Σ over positives i, negatives j of  wᵢ wⱼ ([sᵢ > sⱼ] + ½ [sᵢ = sⱼ]) / (Σ wᵢ Σ wⱼ)

    Only the order of the scores matters: logits do as well as probabilities.  nan without both kinds.  It keeps all
    scores, 24 bytes for each.  (Hanley & McNeil 1982; Fawcett 2006)
    """

    def __init__(self, *, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)

    def reset_state(self):
        self.batches = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = matched(self.name, *arrays(y_true, y_pred))
        scores = y_pred.astype(float)
        weights = np.ones_like(scores)
        if sample_weight is not None:
            weights = weights * weights_like(self.name, sample_weight, scores)
        self.batches.append(np.stack([(y_true > 0.5).astype(float), scores, weights]).reshape(3, -1))

    def result(self):
        if not self.batches:
            return math.nan
        truth, scores, weights = backend.to_numpy(np.concatenate(self.batches, axis=1))
        if np.isnan(scores).any():
            return math.nan
        distinct, place = np.unique(scores, return_inverse=True)
        positive = np.bincount(place, weights * truth, len(distinct))           # the weight at each distinct score
        negative = np.bincount(place, weights * (1 - truth), len(distinct))
        if not (positive.any() and negative.any()):
            return math.nan
        below = negative.cumsum() - negative / 2
        return float(positive @ below / (positive.sum() * negative.sum()))

    def state(self):
        return {"batches": backend.to_numpy(np.concatenate(self.batches, axis=1)) if self.batches else np.zeros((3, 0))}

    def load_state(self, state):
        self.batches = [backend.asarray(state["batches"])]
