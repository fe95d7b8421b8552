"""Metrics: figures to judge a model by, gathered batch by batch.  Keras' names and meanings.

    m = metrics.CategoricalAccuracy()
    m.update_state(y_true, y_pred)              # as often as there are batches
    m.result()                                  # 0.97, over all of them
    m.reset_state()

Sums are kept on the device of the predictions; only result() waits for a GPU.
"""
import math

import numpy as np

from . import backend, losses
from .losses import class_numbers, matched, weights_like
from .names import Configured, find, snake_case
from .tensor import Tensor


def arrays(y_true, y_pred):
    """Both as arrays, on the device of y_pred."""
    y_true, y_pred = getattr(y_true, "_data", y_true), getattr(y_pred, "_data", y_pred)
    if isinstance(y_true, np.ndarray) and isinstance(y_pred, np.ndarray):
        return y_true, y_pred
    y_pred = backend.asarray(y_pred)
    return backend.asarray(y_true, device=backend.device_of(y_pred)), y_pred


def ratio(a, b):
    """a / b as a Python number; 0 where there is nothing to divide by, as in Keras."""
    a, b = float(a), float(b)
    return a / b if b else 0.0


class Metric(Configured):
    """update_state(y_true, y_pred, sample_weight=None), result() -> float, reset_state().

    A subclass says in `zero` what it counts and with what it begins; each count is an attribute.
    state() and load_state(...) carry the counts over to another run.
    """
    zero = {}

    def __init__(self, name=None):
        self.name = name or snake_case(type(self).__name__)
        self.reset_state()

    def reset_state(self):
        """Forget all batches."""
        vars(self).update(self.zero)

    def state(self):
        """The counts so far: {name: number, or NumPy array}."""
        counts = {name: getattr(self, name) for name in self.zero}
        return {name: v if isinstance(v, (int, float)) else v.item() if v.ndim == 0 else backend.to_numpy(v)
                for name, v in counts.items()}

    def load_state(self, state):
        """Go on from what state() returned."""
        if state.keys() != self.zero.keys():
            raise ValueError(f"metric {self.name} counts {', '.join(self.zero)}; the state has {', '.join(state)}")
        vars(self).update({name: backend.asarray(v) if isinstance(v, np.ndarray) else v for name, v in state.items()})


# -- means -----------------------------------------------------------------------------------------------------------
class Mean(Metric):
    """Σ weight · value / Σ weight over all values so far: update_state(values, sample_weight=None)."""
    zero = {"total": 0.0, "count": 0}

    def update_state(self, values, sample_weight=None):
        values = getattr(values, "_data", values)
        self.add(values if isinstance(values, np.ndarray) else backend.asarray(values), sample_weight)

    def add(self, values, sample_weight):
        if sample_weight is not None:
            values = values.astype(float)
            weights = np.broadcast_to(weights_like(self.name, sample_weight, values), values.shape)
            self.total = self.total + (values * weights).sum()
            self.count = self.count + weights.sum()
        else:                               # right or wrong, counted exactly; or numbers, added in double precision
            self.total = self.total + (np.count_nonzero(values) if values.dtype == bool else values.sum(dtype=float))
            self.count = self.count + values.size

    def result(self):
        return ratio(self.total, self.count)


class MeanOf(Mean):
    """The mean of a value per sample: a subclass writes values(y_true, y_pred), arrays to an array."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.add(self.values(*arrays(y_true, y_pred)), sample_weight)


class Accuracy(MeanOf):
    """How often y_pred equals y_true."""

    def values(self, y_true, y_pred):
        y_true, y_pred = matched(self.name, y_true, y_pred)
        return y_true == y_pred


class BinaryAccuracy(MeanOf):
    """How often y_pred is on the side of the threshold that y_true, 0 or 1, says.  For logits the threshold is 0."""

    def __init__(self, name=None, threshold=0.5):
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true, y_pred):
        y_true, y_pred = matched(self.name, y_true, y_pred)
        return (y_pred > self.threshold) == y_true


class CategoricalAccuracy(MeanOf):
    """How often the largest of y_pred (..., K) is at the largest of y_true (..., K), one-hot labels."""

    def values(self, y_true, y_pred):
        y_true, y_pred = matched(self.name, y_true, y_pred, "; class numbers are for SparseCategoricalAccuracy")
        return y_true.argmax(-1) == y_pred.argmax(-1)


class SparseCategoricalAccuracy(MeanOf):
    """How often the largest of y_pred (..., K) is at the class number y_true (...) or (..., 1)."""

    def values(self, y_true, y_pred):
        return class_numbers(self.name, y_true, y_pred) == y_pred.argmax(-1)


class FittingAccuracy(MeanOf):
    """"accuracy": the one of these that fits the shapes of the first batch; accuracy_for says which."""
    chosen = None

    def values(self, y_true, y_pred):
        if self.chosen is None:
            self.chosen = accuracy_for(self.name, y_true.shape, y_pred.shape)
        return self.chosen.values(y_true, y_pred)


class SparseTopKCategoricalAccuracy(MeanOf):
    """How often fewer than k of y_pred (..., K) are larger than that of the class y_true (...), a class number."""

    def __init__(self, k=5, name=None):
        super().__init__(name)
        self.k = k

    def values(self, y_true, y_pred):
        labels = class_numbers(self.name, y_true, y_pred)
        score = np.take_along_axis(y_pred, labels[..., None], axis=-1)
        return (~(y_pred <= score)).sum(axis=-1) < self.k       # nan is no good score: not <= anything


class TopKCategoricalAccuracy(SparseTopKCategoricalAccuracy):
    """The same for one-hot labels y_true (..., K)."""

    def values(self, y_true, y_pred):
        y_true, y_pred = matched(self.name, y_true, y_pred, "; class numbers are for SparseTopKCategoricalAccuracy")
        return super().values(y_true.argmax(-1), y_pred)


class MeanLoss(MeanOf):
    """The mean of a loss of minigrad.losses over the samples."""

    def __init__(self, loss, name=None):
        self.loss = losses.get(loss)
        super().__init__(name or self.loss.name or snake_case(type(self.loss).__name__))

    def values(self, y_true, y_pred):
        y_pred = losses.floats(Tensor(y_pred))                  # a tensor of its own: nothing is recorded
        return self.loss.call(*self.loss.prepare(y_true, y_pred))._data


class MeanSquaredError(MeanLoss):
    """mean (y - ŷ)²."""

    def __init__(self, name=None):
        super().__init__(losses.MeanSquaredError(), name)


class RootMeanSquaredError(MeanSquaredError):
    """√ mean (y - ŷ)², in the units of y."""

    def __init__(self, name=None):
        super().__init__(name or "root_mean_squared_error")

    def result(self):
        return math.sqrt(super().result())


class MeanAbsoluteError(MeanLoss):
    """mean |y - ŷ|."""

    def __init__(self, name=None):
        super().__init__(losses.MeanAbsoluteError(), name)


class CosineSimilarity(MeanLoss):
    """The mean cosine of the angle between y and ŷ: 1 for the same direction (the loss of this name is its negative)."""

    def __init__(self, name=None, axis=-1):
        super().__init__(losses.CosineSimilarity(axis), name)
        self.axis = axis

    def result(self):
        return -super().result()


class MeanFunction(MeanOf):
    """The mean of a function of the arrays (y_true, y_pred), which returns a value per sample, or one for the batch."""

    def __init__(self, function, name=None):
        super().__init__(name or getattr(function, "__name__", type(function).__name__))
        self.function = function

    def values(self, y_true, y_pred):
        values = self.function(y_true, y_pred)
        return backend.asarray(getattr(values, "_data", values))


# -- of yes-or-no questions ------------------------------------------------------------------------------------------
class Confusion(Metric):
    """Counts true positives, false positives and false negatives; positive is what lies above the threshold, Keras' `thresholds`."""
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
        tp, fp, fn = (np.atleast_1d(backend.to_numpy(c) if hasattr(c, "shape") else c) for c in (self.tp, self.fp, self.fn))
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


# -- by name ---------------------------------------------------------------------------------------------------------
METRICS = {"binary_accuracy": BinaryAccuracy, "categorical_accuracy": CategoricalAccuracy,
           "sparse_categorical_accuracy": SparseCategoricalAccuracy, "top_k_categorical_accuracy": TopKCategoricalAccuracy,
           "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy, "mean_squared_error": MeanSquaredError,
           "mse": MeanSquaredError, "root_mean_squared_error": RootMeanSquaredError, "rmse": RootMeanSquaredError,
           "mean_absolute_error": MeanAbsoluteError, "mae": MeanAbsoluteError, "cosine_similarity": CosineSimilarity,
           "precision": Precision, "recall": Recall, "f1_score": F1Score, "f1": F1Score, "auc": AUC}


def get(identifier, y_shape=None, pred_shape=None, loss=None):
    """A metric from its name, its class, a loss, a function of (y_true, y_pred), or itself.

    "accuracy" is the one that fits the labels: see accuracy_for.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, losses.Loss):
        return MeanLoss(identifier)
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return MeanFunction(identifier)
    kind = find("metric", KNOWN, identifier)
    if kind is accuracy_for:
        return accuracy_for(identifier, y_shape, pred_shape, loss)
    return MeanLoss(kind(), identifier) if issubclass(kind, losses.Loss) else kind(name=identifier)


def accuracy_for(name, y_shape=None, pred_shape=None, loss=None):
    """The accuracy that fits a loss, or else the shapes of labels and predictions, of the first batch if need be.

    One column of predictions: binary.  Labels with an axis less, or of length 1: class numbers.  Else one-hot.
    This is Keras' choice; but the threshold is 0 where the loss says that predictions are logits, and under
    binary cross-entropy several columns are as many yes-or-no questions.
    """
    loss = None if loss is None else losses.get(loss)
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return SparseCategoricalAccuracy(name)
    if isinstance(loss, losses.CategoricalCrossentropy):
        return CategoricalAccuracy(name)
    if isinstance(loss, losses.BinaryCrossentropy):
        return BinaryAccuracy(name, threshold=0.0 if loss.from_logits else 0.5)
    if y_shape is None or pred_shape is None:
        return FittingAccuracy(name)
    if len(pred_shape) < 2 or pred_shape[-1] == 1:
        return BinaryAccuracy(name)
    if len(y_shape) < len(pred_shape) or y_shape[-1] == 1:
        return SparseCategoricalAccuracy(name)
    return CategoricalAccuracy(name)


KNOWN = losses.LOSSES | METRICS | {"accuracy": accuracy_for, "acc": accuracy_for}
