"""Metrics of yes-or-no questions at a threshold: precision, recall, F1, how many are right and wrong."""
import math

import numpy as np

from ...engine import backend
from ...support.arguments import shown
from ..losses import class_numbers, matched, weights_like
from ..masks import counted
from .base import Metric, arrays, column, ratio


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
        sample_weight = counted(y_pred, sample_weight)
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


class OfClasses(Confusion):
    """Confusion of rows with a column for each class.

    top_k       called positive are the k largest of a row, of those that lie above thresholds, if any are given
    class_id    only this column counts
    """

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(thresholds, name=name, dtype=dtype)
        self.top_k, self.class_id = top_k, class_id

    def decide(self, y_true, y_pred):
        if self.top_k is not None:
            rank = (-y_pred).argsort(axis=-1, kind="stable").argsort(axis=-1)
            lowest = -math.inf if self.thresholds is None else 0
            y_pred = np.where(rank < self.top_k, y_pred + (1 if self.thresholds is None else 0), lowest)
        if self.class_id is not None:
            y_true, y_pred = column(self.name, self.class_id, *matched(self.name, y_true, y_pred))
        return super().decide(y_true, y_pred)


class Precision(OfClasses):
    """Of those called positive, the part that is: TP / (TP + FP)."""

    def result(self):
        return self.ratios(self.tp, self.fp)


class Recall(OfClasses):
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


class FBetaScore(Confusion):
    """(1 + β²) P R / (β² P + R) = (1 + β²) TP / ((1 + β²) TP + β² FN + FP), P precision, R recall; of each class.

    y_pred (N, K) with y_true one-hot (N, K) or class numbers (N,); or (N,), (N, 1) for a yes-or-no question.
    average     None: an array, one for each class; "macro": their mean; "weighted": their mean by the number of
                samples; "micro": of all counts together
    threshold   what counts as positive; by default the largest of a row, or 0.5 where there is one column
    """

    def __init__(self, average=None, beta=1.0, threshold=None, name=None, dtype=None):
        if average not in ("macro", "weighted", "micro", None):
            raise ValueError(f'{type(self).__name__}: average must be "macro", "weighted", "micro" or None, '
                             f'not {shown(average)}')
        if not beta > 0:
            raise ValueError(f"{type(self).__name__}: beta must be above 0, not {shown(beta)}")
        super().__init__(name=name, dtype=dtype)
        self.average, self.beta, self.threshold = average, beta, threshold

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
        part = self.beta ** 2
        if self.average == "micro":
            return ratio((1 + part) * tp.sum(), ((1 + part) * tp + fp + part * fn).sum())
        scores = (1 + part) * tp / np.maximum((1 + part) * tp + fp + part * fn, 1e-300)
        if self.average == "weighted":
            return ratio((scores * (tp + fn)).sum(), (tp + fn).sum())
        return scores if self.average is None else float(scores.mean())


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN): FBetaScore with β = 1."""

    def __init__(self, average=None, threshold=None, name=None, dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)
