"""Metrics of segmentations, from a table of how often each class was taken for each; and R² of predictions."""
import numpy as np

from ...engine import backend
from ...support.arguments import shown
from ..losses import matched, weights_like
from ..masks import counted as weighed
from .base import Metric, arrays, ratio


class IoU(Metric):
    """Intersection over union, TP / (TP + FP + FN), of each of target_class_ids; their mean.

    num_classes     K.  Class numbers below 0 or from K on are not counted, and ignore_class neither
    sparse_y_true, sparse_y_pred    True: class numbers; False: one-hot or scores, the largest along axis
    A class that neither occurs nor is predicted is left out of the mean.
    """

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_true=True,
                 sparse_y_pred=True, axis=-1):
        if num_classes > 10_000:
            raise ValueError(f"{type(self).__name__}: num_classes={num_classes} by as many make too large a table")
        target_class_ids = list(target_class_ids)
        if any(not 0 <= k < num_classes for k in target_class_ids):
            raise ValueError(f"{type(self).__name__}: target_class_ids {shown(target_class_ids)} must lie below "
                             f"num_classes={num_classes}")
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, target_class_ids, ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        super().__init__(name=name, dtype=dtype)
        self.reset_state()

    def reset_state(self):
        super().reset_state()
        self.table = np.zeros((self.num_classes, self.num_classes))     # truth, prediction

    def update_state(self, y_true, y_pred, sample_weight=None):
        sample_weight = weighed(y_pred, sample_weight)
        y_true, y_pred = (backend.to_numpy(a) for a in arrays(y_true, y_pred))
        truth = y_true if self.sparse_y_true else y_true.argmax(self.axis)
        guess = self.decide(y_pred)
        truth, guess = matched(self.name, truth, guess)
        weights = np.ones(truth.shape)
        if sample_weight is not None:
            weights = weights * backend.to_numpy(weights_like(self.name, sample_weight, weights))
        truth, guess, weights = truth.astype(int).ravel(), guess.astype(int).ravel(), weights.ravel()
        counted = (truth >= 0) & (truth < self.num_classes) & (guess >= 0) & (guess < self.num_classes)
        if self.ignore_class is not None:
            counted &= truth != self.ignore_class
        np.add.at(self.table, (truth[counted], guess[counted]), weights[counted])

    def decide(self, y_pred):
        return y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)

    def result(self):
        both, either = np.diag(self.table), self.table.sum(0) + self.table.sum(1) - np.diag(self.table)
        each = [ratio(both[k], either[k]) for k in self.target_class_ids if either[k]]
        return ratio(sum(each), len(each))

    def state(self):
        return {"table": self.table}

    def load_state(self, state):
        self.table = np.array(state["table"])


class BinaryIoU(IoU):
    """IoU of the two classes of a yes-or-no question: predictions from threshold on are 1."""

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def decide(self, y_pred):
        return y_pred >= self.threshold


class MeanIoU(IoU):
    """The mean IoU of all classes."""

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True,
                 axis=-1):
        classes = range(min(num_classes, 10_001))
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """IoU where y_true is one-hot; predictions are scores, or class numbers if sparse_y_pred."""

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False,
                 axis=-1):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """MeanIoU where y_true is one-hot; predictions are scores, or class numbers if sparse_y_pred."""

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)


class R2Score(Metric):
    """1 - Σ (y - ŷ)² / Σ (y - mean y)²: the part of the variance that is explained, of each column of (N, K).

    class_aggregation   "uniform_average" of the columns, "variance_weighted_average", or None: an array of them
    num_regressors      p > 0: adjusted for so many of them, 1 - (1 - R²) (n - 1) / (n - p - 1)
    """

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name=None, dtype=None):
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError('R2Score: class_aggregation must be "uniform_average", "variance_weighted_average" or '
                             f"None, not {shown(class_aggregation)}")
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must not be negative, got {shown(num_regressors)}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        super().__init__(name=name or "r2_score", dtype=dtype)

    zero = {"weight": 0.0, "sum": 0.0, "squares": 0.0, "residual": 0.0, "samples": 0}

    def update_state(self, y_true, y_pred, sample_weight=None):
        sample_weight = weighed(y_pred, sample_weight)
        y_true, y_pred = (a.astype(float) for a in matched(self.name, *arrays(y_true, y_pred)))
        if y_pred.ndim != 2:
            raise ValueError(f"R2Score: predictions must be (batch, outputs), not {y_pred.shape}")
        w = np.ones_like(y_pred)
        if sample_weight is not None:
            w = w * weights_like(self.name, sample_weight, w)
        self.weight, self.sum = self.weight + w.sum(0), self.sum + (w * y_true).sum(0)
        self.squares = self.squares + (w * y_true ** 2).sum(0)
        self.residual = self.residual + (w * (y_true - y_pred) ** 2).sum(0)
        self.samples = self.samples + y_true.size

    def result(self):
        if not self.samples:
            return 0.0
        weight, sums, squares, residual, _ = self.state().values()
        total = squares - sums ** 2 / weight
        scores = np.where(total == 0, 0.0, 1 - residual / np.where(total == 0, 1, total))
        if self.class_aggregation == "variance_weighted_average":
            score = ratio((total * scores).sum(), total.sum())
        else:
            score = scores if self.class_aggregation is None else float(scores.mean())
        free = self.samples - self.num_regressors - 1
        return 1 - (1 - score) * (self.samples - 1) / free if self.num_regressors and free > 0 else score
