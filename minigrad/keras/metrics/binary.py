"""Metrics of yes-or-no questions: precision, recall, F1, and the area under the ROC curve."""
import math

import numpy as np

from ...engine import backend
from ..losses import class_numbers, matched, weights_like
from .base import Metric, arrays, ratio


class Confusion(Metric):
    """Counts true positives, false positives and false negatives; positive is above `thresholds`, a number."""
    zero = {"tp": 0, "fp": 0, "fn": 0}
    axis = None                             # count over everything

    def __init__(self, thresholds=0.5, name=None):
        super().__init__(name)
        self.thresholds = thresholds

    def decide(self, y_true, y_pred):
        """Truth and prediction as booleans."""
        y_true, y_pred = matched(self.name, y_true, y_pred)
        return y_true > 0.5, y_pred > self.thresholds

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, guess = self.decide(*arrays(y_true, y_pred))
        w = 1 if sample_weight is None else weights_like(self.name, sample_weight, truth.astype(float))
        self.tp = self.tp + ((truth & guess) * w).sum(axis=self.axis)
        self.fp = self.fp + ((guess & ~truth) * w).sum(axis=self.axis)
        self.fn = self.fn + ((truth & ~guess) * w).sum(axis=self.axis)


class Precision(Confusion):
    """Of those called positive, the part that is: TP / (TP + FP)."""

    def result(self):
        return ratio(self.tp, self.tp + self.fp)


class Recall(Confusion):
    """Of the positive ones, the part that was called so: TP / (TP + FN)."""

    def result(self):
        return ratio(self.tp, self.tp + self.fn)


class F1Score(Confusion):
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), of each class, averaged.

    y_pred (N, K) with y_true one-hot (N, K) or class numbers (N,); or (N,), (N, 1) for a yes-or-no question.
    average     "macro": the mean over classes; "weighted": by their number of samples; "micro": of all counts
                together; None: an array, one for each class
    threshold   what counts as positive; by default the largest of a row, or 0.5 where there is one column
    """
    axis = 0

    def __init__(self, average="macro", threshold=None, name=None):
        if average not in ("macro", "weighted", "micro", None):
            raise ValueError(f'F1Score: average must be "macro", "weighted", "micro" or None, not {average!r}')
        super().__init__(name=name)
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
