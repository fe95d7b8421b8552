"""Metrics over all thresholds: areas under curves, and the best of one rate where another is good enough.

Scores are kept, and counted when the result is asked for: exactly, with a threshold at each distinct score; or, if
thresholds or num_thresholds are given, at those alone, as Keras does.
"""
import math

import numpy as np

from ...engine import backend
from ...support.arguments import shown
from ..losses import matched, weights_like
from ..masks import counted
from .base import Metric, arrays, column


class Scored(Metric):
    """Keeps truths, scores and weights, 24 bytes for each.

    num_thresholds  count at so many thresholds evenly from 0 to 1, as Keras does; None: at every distinct score
    thresholds      or at these, and 0 and 1
    class_id        only this column of the predictions
    """

    def __init__(self, *, num_thresholds=None, thresholds=None, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if num_thresholds is not None and num_thresholds < 2:
            raise ValueError(f"{type(self).__name__}: num_thresholds must be at least 2, not {shown(num_thresholds)}")
        self.num_thresholds, self.thresholds, self.class_id = num_thresholds, thresholds, class_id
        self.reset_state()

    def reset_state(self):
        super().reset_state()
        self.batches = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        sample_weight = counted(y_pred, sample_weight)
        y_true, y_pred = matched(self.name, *arrays(y_true, y_pred))
        scores = y_pred.astype(float)
        weights = np.ones_like(scores)
        if sample_weight is not None:
            weights = weights * weights_like(self.name, sample_weight, scores)
        batch = (y_true > 0.5).astype(float), scores, weights
        if self.class_id is not None:
            batch = column(self.name, self.class_id, *batch)
        self.batches.append(self.laid_out(np.stack(batch)))

    def laid_out(self, batch):
        return batch.reshape(3, -1)

    def state(self):
        return {"batches": backend.to_numpy(np.concatenate(self.batches, axis=1)) if self.batches else np.zeros((3, 0))}

    def load_state(self, state):
        self.batches = [backend.asarray(state["batches"])]

    def counts(self, truth, scores, weights):
        """TP, FP, FN, TN at each threshold, from the lowest, below which no score lies, to the highest: arrays."""
        distinct, place = np.unique(scores, return_inverse=True)
        positive = np.bincount(place, weights * truth, len(distinct))           # the weight at each distinct score
        negative = np.bincount(place, weights * (1 - truth), len(distinct))
        limits = self.limits()
        first = np.arange(len(distinct) + 1) if limits is None else np.searchsorted(distinct, limits, side="right")

        def above(weight):                  # of the scores from distinct[first] on
            return np.append(weight[::-1].cumsum()[::-1], 0.0)[first]
        tp, fp = above(positive), above(negative)
        return tp, fp, positive.sum() - tp, negative.sum() - fp

    def limits(self):
        if self.thresholds is not None:
            inner = sorted(self.thresholds)
        elif self.num_thresholds is not None:
            inner = [i / (self.num_thresholds - 1) for i in range(1, self.num_thresholds - 1)]
        else:
            return None
        return [-1e-7, *inner, 1 + 1e-7]


def quotient(a, b):
    """a / b, and 0 where b is 0."""
    return np.where(b == 0, 0.0, a / np.where(b == 0, 1, b))


class AUC(Scored):
    """The area under the ROC curve: how often a positive is scored above a negative, ties counting half.  Exact.

        Σ over positives i, negatives j of  wᵢ wⱼ ([sᵢ > sⱼ] + ½ [sᵢ = sⱼ]) / (Σ wᵢ Σ wⱼ)

    Only the order of the scores matters: logits do as well as probabilities.  nan without both kinds.
    (Hanley & McNeil 1982; Fawcett 2006)

    curve               "ROC", or "PR": precision over recall, between thresholds as counts change evenly
                        (Davis & Goadrich 2006)
    num_thresholds, thresholds      as Keras, whose area is an approximation; then scores are probabilities, and 0
                        stands where there is nothing to divide by.  from_logits takes their sigmoid first
    multi_label         the mean of the areas of the columns, by label_weights
    label_weights       without multi_label: what each element of a column weighs, times its sample_weight
    """

    def __init__(self, *, num_thresholds=None, curve="ROC", summation_method="interpolation", name=None, dtype=None,
                 thresholds=None, multi_label=False, num_labels=None, label_weights=None, from_logits=False):
        if curve not in ("ROC", "PR"):
            raise ValueError(f'AUC: curve must be "ROC" or "PR", not {shown(curve)}')
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError('AUC: summation_method must be "interpolation", "minoring" or "majoring", not '
                             f'{shown(summation_method)}')
        super().__init__(num_thresholds=num_thresholds, thresholds=thresholds, name=name, dtype=dtype)
        self.curve, self.summation_method, self.multi_label = curve, summation_method, multi_label
        self.num_labels, self.label_weights, self.from_logits = num_labels, label_weights, from_logits

    def laid_out(self, batch):
        if self.label_weights is not None:
            if batch.ndim < 3 or np.shape(self.label_weights) != batch.shape[-1:]:
                raise ValueError(f"{self.name}: {len(self.label_weights)} label_weights for predictions of shape "
                                 f"{batch.shape[1:]}; there must be one for each column")
            if not self.multi_label:
                batch[2] *= backend.asarray(self.label_weights, batch.dtype, backend.device_of(batch))
        return batch.reshape(3, -1, batch.shape[-1]) if self.multi_label else super().laid_out(batch)

    def result(self):
        if not self.batches:
            return math.nan
        truth, scores, weights = backend.to_numpy(np.concatenate(self.batches, axis=1))
        if self.from_logits:
            scores = 1 / (1 + np.exp(-scores))
        if not self.multi_label:
            return self.area(truth, scores, weights)
        areas = [self.area(*columns) for columns in zip(truth.T, scores.T, weights.T)]
        return float(np.average(areas, weights=self.label_weights))

    def area(self, truth, scores, weights):
        if np.isnan(scores).any():
            return math.nan
        tp, fp, fn, tn = self.counts(truth, scores, weights)
        if self.limits() is None and not (tp[0] and (fp[0] or self.curve == "PR")):
            return math.nan
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.under_precision(tp, fp, fn)
        recall = quotient(tp, tp + fn)
        x, y = (quotient(fp, fp + tn), recall) if self.curve == "ROC" else (recall, quotient(tp, tp + fp))
        ends = {"interpolation": (y[1:] + y[:-1]) / 2, "minoring": np.minimum(y[1:], y[:-1]),
                "majoring": np.maximum(y[1:], y[:-1])}
        return float((x[:-1] - x[1:]) @ ends[self.summation_method])

    def under_precision(self, tp, fp, fn):
        """Σ over steps of ∫ precision dTP / positives, TP and FP moving on a straight line in each."""
        called, steps = tp + fp, tp[:-1] - tp[1:]
        slope = quotient(steps, np.maximum(called[:-1] - called[1:], 0))
        rest = tp[1:] - slope * called[1:]
        both = (called[:-1] > 0) & (called[1:] > 0)
        logs = np.log(np.where(both, quotient(called[:-1], called[1:]), 1))
        return float(quotient(slope * (steps + rest * logs), tp[1:] + fn[1:]).sum())


class _Best(Scored):
    """The largest of one rate, `chosen`, among the thresholds where another, `goal`, is at least so good; else 0."""
    goal = chosen = None                    # the attribute named like the goal holds how good that is to be

    def result(self):
        if not self.batches:
            return 0.0
        tp, fp, fn, tn = self.counts(*backend.to_numpy(np.concatenate(self.batches, axis=1)))
        recall = quotient(tp, tp + fn)
        rates = {"recall": recall, "sensitivity": recall, "precision": quotient(tp, tp + fp),
                 "specificity": quotient(tn, tn + fp)}
        return float(rates[self.chosen][rates[self.goal] >= getattr(self, self.goal)].max(initial=0))


class RecallAtPrecision(_Best):
    """The best recall where precision is at least so much."""
    goal, chosen = "precision", "recall"

    def __init__(self, precision, *, num_thresholds=None, class_id=None, name=None, dtype=None):
        super().__init__(num_thresholds=num_thresholds, class_id=class_id, name=name, dtype=dtype)
        self.precision = precision


class PrecisionAtRecall(_Best):
    """The best precision where recall is at least so much."""
    goal, chosen = "recall", "precision"

    def __init__(self, recall, *, num_thresholds=None, class_id=None, name=None, dtype=None):
        super().__init__(num_thresholds=num_thresholds, class_id=class_id, name=name, dtype=dtype)
        self.recall = recall


class SensitivityAtSpecificity(_Best):
    """The best sensitivity, TP / (TP + FN), where specificity, TN / (TN + FP), is at least so much."""
    goal, chosen = "specificity", "sensitivity"

    def __init__(self, specificity, *, num_thresholds=None, class_id=None, name=None, dtype=None):
        super().__init__(num_thresholds=num_thresholds, class_id=class_id, name=name, dtype=dtype)
        self.specificity = specificity


class SpecificityAtSensitivity(_Best):
    """The best specificity where sensitivity is at least so much."""
    goal, chosen = "sensitivity", "specificity"

    def __init__(self, sensitivity, *, num_thresholds=None, class_id=None, name=None, dtype=None):
        super().__init__(num_thresholds=num_thresholds, class_id=class_id, name=name, dtype=dtype)
        self.sensitivity = sensitivity
