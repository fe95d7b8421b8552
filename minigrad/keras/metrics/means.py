"""Metrics that are means over the samples: accuracies, losses, functions of your own."""
import math

import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...support.explaining import explained
from ...support.names import snake_case
from .. import losses
from ..losses import class_numbers, matched, weights_like
from .base import MeanOf, arrays


def per_sample(metric, y_true, y_pred):
    """The values of a metric, a number for each sample: their mean over the last axis, if they have several."""
    values = metric.values(*arrays(y_true, y_pred)).astype(np.float32)
    return Tensor(values.mean(axis=-1) if values.ndim > 1 else values)


class Accuracy(MeanOf):
    """How often y_pred equals y_true."""

    def values(self, y_true, y_pred):
        y_true, y_pred = matched(self.name, y_true, y_pred)
        return y_true == y_pred


class BinaryAccuracy(MeanOf):
    """How often y_pred is on the side of the threshold that y_true, 0 or 1, says.  For logits the threshold is 0."""

    def __init__(self, name=None, dtype=None, threshold=0.5):
        super().__init__(name, dtype)
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


@explained
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


class SparseTopKCategoricalAccuracy(MeanOf):
    """How often fewer than k of y_pred (..., K) are larger than that of the class y_true (...), a class number."""

    def __init__(self, k=5, name=None, dtype=None):
        super().__init__(name, dtype)
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

    def __init__(self, loss, name=None, dtype=None):
        self.loss = losses.get(loss)
        super().__init__(name or self.loss.name or snake_case(type(self.loss).__name__), dtype)

    def values(self, y_true, y_pred):
        y_pred = losses.floats(Tensor(y_pred))                  # a tensor of its own: nothing is recorded
        return self.loss.call(*self.loss.prepare(y_true, y_pred))._data


class OfLoss(MeanLoss):
    """The mean of the loss that a subclass names."""
    kind = None

    def __init__(self, name=None, dtype=None):
        super().__init__(self.kind(), name, dtype)


class MeanSquaredError(OfLoss):
    """mean (y - ŷ)²."""
    kind = losses.MeanSquaredError


class RootMeanSquaredError(MeanSquaredError):
    """√ mean (y - ŷ)², in the units of y."""

    def __init__(self, name=None, dtype=None):
        super().__init__(name or "root_mean_squared_error", dtype)

    def result(self):
        return math.sqrt(super().result())


class MeanAbsoluteError(OfLoss):
    """mean |y - ŷ|."""
    kind = losses.MeanAbsoluteError


class MeanAbsolutePercentageError(OfLoss):
    """mean 100 |y - ŷ| / |y|."""
    kind = losses.MeanAbsolutePercentageError


class MeanSquaredLogarithmicError(OfLoss):
    """mean (ln(1 + y) - ln(1 + ŷ))²."""
    kind = losses.MeanSquaredLogarithmicError


class LogCoshError(MeanLoss):
    """mean ln cosh(ŷ - y)."""

    def __init__(self, name=None, dtype=None):
        super().__init__(losses.LogCosh(), name or "logcosh", dtype)


class CosineSimilarity(MeanLoss):
    """The mean cosine of the angle between y and ŷ, 1 for the same direction: the negative of the loss of this name."""

    def __init__(self, name=None, dtype=None, axis=-1):
        super().__init__(losses.CosineSimilarity(axis), name, dtype)
        self.axis = axis

    def result(self):
        return -super().result()


class KLDivergence(OfLoss):
    """The mean loss of this name."""
    kind = losses.KLDivergence


class Poisson(OfLoss):
    """The mean loss of this name."""
    kind = losses.Poisson


class Hinge(OfLoss):
    """The mean loss of this name."""
    kind = losses.Hinge


class SquaredHinge(OfLoss):
    """The mean loss of this name."""
    kind = losses.SquaredHinge


class CategoricalHinge(OfLoss):
    """The mean loss of this name."""
    kind = losses.CategoricalHinge


class BinaryCrossentropy(MeanLoss):
    """The mean loss of this name."""

    def __init__(self, name=None, dtype=None, from_logits=False, label_smoothing=0):
        super().__init__(losses.BinaryCrossentropy(from_logits, label_smoothing), name, dtype)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(MeanLoss):
    """The mean loss of this name."""

    def __init__(self, name=None, dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        super().__init__(losses.CategoricalCrossentropy(from_logits, label_smoothing, axis), name, dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class SparseCategoricalCrossentropy(MeanLoss):
    """The mean loss of this name; what ignore_class names is not counted.

    That is the mean that the loss itself takes.  Keras counts it in the divisor where there are no sample weights.
    """

    def __init__(self, name=None, dtype=None, from_logits=False, ignore_class=None, axis=-1):
        loss = losses.SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis, reduction=None)
        super().__init__(loss, name, dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def update_state(self, y_true, y_pred, sample_weight=None):
        if self.ignore_class is not None:   # what is ignored isn't counted either
            counted = (class_numbers(self.name, *arrays(y_true, y_pred)) != self.ignore_class).astype(np.float32)
            sample_weight = counted * (1 if sample_weight is None else weights_like(self.name, sample_weight, counted))
        super().update_state(y_true, y_pred, sample_weight)


class MeanMetricWrapper(MeanOf):
    """The mean of fn(y_true, y_pred, **kwargs), a function of arrays, which returns a value for each sample."""

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name or getattr(fn, "__name__", type(fn).__name__), dtype)
        self.fn, self.kwargs = fn, kwargs

    def get_config(self):
        return {"fn": self.fn, "name": self.name, "dtype": self.dtype, **self.kwargs}

    def values(self, y_true, y_pred):
        values = self.fn(y_true, y_pred, **self.kwargs)
        return backend.asarray(getattr(values, "_data", values))


class MeanFunction(MeanOf):
    """The mean of a function of the arrays (y_true, y_pred), which returns a value per sample, or one for the batch."""

    def __init__(self, function, name=None, dtype=None):
        super().__init__(name or getattr(function, "__name__", type(function).__name__), dtype)
        self.function = function

    def values(self, y_true, y_pred):
        values = self.function(y_true, y_pred)
        return backend.asarray(getattr(values, "_data", values))


@explained
def binary_accuracy(y_true, y_pred, threshold=0.5):
    """BinaryAccuracy of each sample."""
    return per_sample(BinaryAccuracy(threshold=threshold), y_true, y_pred)


@explained
def categorical_accuracy(y_true, y_pred):
    """CategoricalAccuracy of each sample."""
    return per_sample(CategoricalAccuracy(), y_true, y_pred)


@explained
def sparse_categorical_accuracy(y_true, y_pred):
    """SparseCategoricalAccuracy of each sample."""
    return per_sample(SparseCategoricalAccuracy(), y_true, y_pred)


@explained
def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """TopKCategoricalAccuracy of each sample."""
    return per_sample(TopKCategoricalAccuracy(k), y_true, y_pred)


@explained
def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5):
    """SparseTopKCategoricalAccuracy of each sample."""
    return per_sample(SparseTopKCategoricalAccuracy(k), y_true, y_pred)
