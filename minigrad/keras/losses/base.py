"""Losses: how wrong predictions are, as one number to minimise.  Keras' names and meanings.

    loss = losses.MeanSquaredError()
    loss(y_true, y_pred)                        # a scalar Tensor: the mean over the batch
    MeanSquaredError(reduction=None)(...)       # one value for each sample

Each class says in `call` what the loss of a sample is; the base class matches shapes and takes the mean.
y_true and y_pred must have the same shape (class numbers aside): (32,) against (32, 1) is made the same, anything else
is an error, never a broadcast to (32, 32).  Labels are cast to the dtype of y_pred.
"""
import numpy as np

from ...engine import backend
from ...engine.ops.arithmetic import abs as absolute, clip, log, maximum, minimum, sqrt, square, where
from ...engine.ops.indexing import take_along_axis
from ...engine.ops.neural import sigmoid_cross_entropy, softmax_cross_entropy, sparse_softmax_cross_entropy
from ...engine.ops.reductions import mean, sum as total
from ...engine.ops.shapes import moveaxis
from ...engine.tensor import Tensor
from ...support.arguments import shown
from ...support.explaining import explained
from ...support.names import Configured
from ..masks import counted, mask_of

EPSILON = 1e-7                              # Keras' fuzz factor: probabilities are kept this far from 0 and 1
REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


# -- matching shapes -------------------------------------------------------------------------------------------------
def real(x, what):
    """TypeError for a tensor of anything but real numbers: complex ones would lose a part, dates their meaning."""
    if x._data.dtype.kind not in "fiub":
        raise TypeError(f"{what} must be real numbers, not {x._data.dtype}")


def floats(x):
    """Predictions as a tensor of floating-point numbers."""
    x = x if isinstance(x, Tensor) else Tensor(backend.asarray(x))
    real(x, "predictions")
    return x if x._data.dtype.kind == "f" else Tensor(x._data.astype(float))


def like(y_true, y_pred):
    """y_true as a tensor in the dtype and on the device of y_pred; its gradient is kept, where it is wanted."""
    tensor = y_true if isinstance(y_true, Tensor) else Tensor(backend.asarray(y_true, device=y_pred.device))
    real(tensor, "labels")
    if tensor._data.dtype != y_pred._data.dtype:
        tensor = tensor.astype(y_pred.dtype) if tensor.requires_grad else Tensor(tensor._data.astype(y_pred.dtype))
    return tensor


def matched(name, y_true, y_pred, hint=""):
    """(y_true, y_pred) in one shape: a last axis of length 1 that only one of them has is added or dropped."""
    t, p = y_true.shape, y_pred.shape
    if t != p:
        if t == p[:-1] and p[-1] == 1:                          # (32,) and (32, 1)
            return y_true.reshape(p), y_pred
        if p == t[:-1] and t[-1] == 1:
            return (y_true.reshape(p), y_pred) if len(p) > 1 else (y_true, y_pred.reshape(t))
        raise ValueError(f"{name}: y_true has shape {t} and y_pred {p}; they must have the same{hint}")
    return y_true, y_pred


def class_numbers(name, y_true, y_pred):
    """Labels as an array of whole numbers from 0 to K - 1, of the shape of y_pred (..., K) without its last axis."""
    labels = y_true._data if isinstance(y_true, Tensor) else y_true
    if not isinstance(labels, np.ndarray) or not isinstance(y_pred, np.ndarray):
        labels = backend.asarray(labels, device=backend.device_of(y_pred))
    shape = y_pred.shape[:-1]
    if labels.shape != shape:
        if labels.shape != shape + (1,):
            hint = "; one-hot labels are for CategoricalCrossentropy" if labels.shape == y_pred.shape else ""
            raise ValueError(f"{name}: y_true has shape {labels.shape}, but class numbers for y_pred {y_pred.shape} "
                             f"have shape {shape}{hint}")
        labels = labels.reshape(shape)
    if labels.dtype.kind not in "iufb":
        raise TypeError(f"{name}: labels must be the numbers of classes, not {labels.dtype}")
    if labels.dtype.kind not in "iu":
        whole = labels.astype(np.int64)
        if isinstance(labels, np.ndarray) and (whole != labels).any():
            raise ValueError(f"{name}: labels must be whole numbers, the numbers of classes; got {labels.dtype}")
        labels = whole
    return labels


def weights_like(name, sample_weight, values):
    """Sample weights in the dtype of values, in a shape that broadcasts against them: (batch, 1) for (batch, time)."""
    w = getattr(sample_weight, "_data", sample_weight)
    w = w if hasattr(w, "dtype") else backend.asarray(w)
    if w.dtype.kind not in "fiub":
        raise TypeError(f"{name}: sample_weight must be real numbers, not {w.dtype}")
    w = backend.asarray(w, values.dtype, backend.device_of(getattr(values, "_data", values)))
    if w.ndim == values.ndim + 1 and w.shape[-1] == 1:
        w = w.reshape(w.shape[:-1])
    if w.shape != values.shape[:w.ndim]:
        raise ValueError(f"{name}: sample_weight has shape {w.shape}, what it is to weigh has {values.shape}")
    return w.reshape(w.shape + (1,) * (values.ndim - w.ndim))


# -- the base --------------------------------------------------------------------------------------------------------
class Loss(Configured):
    """loss(y_true, y_pred, sample_weight=None) -> Tensor.  A subclass writes call(y_true, y_pred): a value per sample.

    reduction       "sum_over_batch_size", or "mean": Σ weight · value / number of values, a scalar;
                    "mean_with_sample_weight": Σ weight · value / Σ weight; "sum"; None: all values
    sample_weight   one for each sample, or for each value
    dtype           in which to compute; None: in that of the predictions
    Where y_pred has a mask (masks.py), values it leaves out count 0, and a mean is over those it leaves in: Σ mask ·
    weight · value / Σ mask, 0 where there are none.
    """
    hint = ""                               # what to add to the message when the shapes differ

    def __init__(self, *, reduction="sum_over_batch_size", name=None, dtype=None):
        if reduction not in REDUCTIONS:
            raise ValueError(f"{type(self).__name__}: reduction must be one of {REDUCTIONS}, not {shown(reduction)}")
        self.reduction, self.name, self.dtype = reduction, name, dtype

    def __call__(self, y_true, y_pred, sample_weight=None):
        kind, mask, weights = type(self).__name__, mask_of(y_pred), counted(y_pred, sample_weight)
        y_pred = floats(y_pred) if self.dtype is None else floats(y_pred).astype(np.dtype(self.dtype))
        values = self.call(*self.prepare(y_true, y_pred))
        if mask is not None and not values.ndim:                    # of a user's own, which has taken its mean itself
            mask, weights = None, sample_weight
        if weights is not None:
            weights = weights_like(kind, weights, values)
            values = values * weights
            if self.reduction == "mean_with_sample_weight":
                return total(values) / maximum(total(weights + 0 * values._data), EPSILON)
        if self.reduction in REDUCTIONS[:3]:
            if not values.size:
                raise ValueError(f"{kind}: no mean of an empty batch, y_pred {np.shape(y_pred)}")
            if mask is None:
                return mean(values)
            real = np.broadcast_to(weights_like(kind, mask, values), values.shape).sum()
            return total(values) / np.maximum(real, 1)
        return total(values) if self.reduction == "sum" else values

    def prepare(self, y_true, y_pred):
        y_true = like(y_true, y_pred)
        if not type(self).__module__.startswith("minigrad."):       # a user's own knows what shapes it takes
            return y_true, y_pred
        return matched(type(self).__name__, y_true, y_pred, self.hint)


def per_sample(values):
    """The mean over the last axis; a sample that is one number, in (batch,), has nothing to take a mean of."""
    return mean(values, axis=-1) if values.ndim > 1 else values


# -- regression ------------------------------------------------------------------------------------------------------
class MeanSquaredError(Loss):
    """mean (y - ŷ)²."""

    def call(self, y_true, y_pred):
        return per_sample(square(y_pred - y_true))


class MeanAbsoluteError(Loss):
    """mean |y - ŷ|."""

    def call(self, y_true, y_pred):
        return per_sample(absolute(y_pred - y_true))


class Huber(Loss):
    """mean of e²/2 where |e| <= δ, else δ(|e| - δ/2), e = y - ŷ: quadratic near 0, linear far away.  (Huber 1964)"""

    def __init__(self, delta=1.0, **common):
        super().__init__(**common)
        self.delta = delta

    def call(self, y_true, y_pred):
        size = absolute(y_pred - y_true)
        near = minimum(size, self.delta)
        return per_sample(near * (size - 0.5 * near))           # both cases in one: near is |e|, or δ


class Poisson(Loss):
    """mean (ŷ - y ln ŷ): the negative log-likelihood of counts y with expectation ŷ, up to a constant."""

    def call(self, y_true, y_pred):
        return per_sample(y_pred - y_true * log(y_pred + EPSILON))


class CosineSimilarity(Loss):
    """-cos of the angle between y and ŷ along axis: -1 for the same direction, 1 for opposite ones."""

    def __init__(self, axis=-1, **common):
        super().__init__(**common)
        self.axis = axis

    def call(self, y_true, y_pred):
        def unit(v):
            return v / sqrt(maximum(total(square(v), axis=self.axis, keepdims=True), EPSILON ** 2))
        return -total(unit(y_true) * unit(y_pred), axis=self.axis)


# -- classification --------------------------------------------------------------------------------------------------
class CrossEntropy(Loss):
    """What the cross-entropies share: predictions are probabilities, or logits if from_logits; labels may be smoothed.

    From logits is exact and faster.  Probabilities are kept EPSILON away from 0 and 1.  axis is that of the classes.
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, **common):
        super().__init__(**common)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"{type(self).__name__}: label_smoothing must be in [0, 1], got {shown(label_smoothing)}")
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def prepare(self, y_true, y_pred):
        y_true, y_pred = super().prepare(y_true, y_pred)
        if self.axis == -1:
            return y_true, y_pred
        return moveaxis(y_true, self.axis, -1), moveaxis(y_pred, self.axis, -1)


class BinaryCrossentropy(CrossEntropy):
    """mean of -y ln p - (1 - y) ln(1 - p); labels y from 0 to 1, p the probability of 1.

    label_smoothing s replaces y by y (1 - s) + s/2.
    """

    def call(self, y_true, y_pred):
        labels = y_true._data
        if isinstance(labels, np.ndarray) and labels.size and not (labels.min() >= 0 and labels.max() <= 1):
            raise ValueError("BinaryCrossentropy: labels must be from 0 to 1, "
                             f"got {labels.min():g} to {labels.max():g}")
        if self.label_smoothing:
            y_true = y_true * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        if self.from_logits:
            return per_sample(sigmoid_cross_entropy(y_pred, y_true))
        p = clip(y_pred, EPSILON, 1 - EPSILON)
        return per_sample(-(y_true * log(p) + (1 - y_true) * log(1 - p)))


@explained
def log_probabilities(p):
    """ln p of probabilities (..., K), scaled so that they add up to 1, as Keras does."""
    return log(clip(p / total(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON))


class CategoricalCrossentropy(CrossEntropy):
    """-Σ y ln p over the K classes of the last axis; y one-hot, or any probabilities.

    label_smoothing s replaces y by y (1 - s) + s/K.  (Szegedy et al. 2015)
    """
    hint = "; labels that are class numbers are for SparseCategoricalCrossentropy"

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1] if y_pred.ndim else 1
        if classes == 1:
            raise ValueError(f"CategoricalCrossentropy: y_pred of shape {y_pred.shape} has one class, whose loss is "
                             "always 0; for yes or no use BinaryCrossentropy")
        if self.label_smoothing:
            y_true = y_true * (1 - self.label_smoothing) + self.label_smoothing / classes
        if self.from_logits:
            return softmax_cross_entropy(y_pred, y_true)
        return -total(y_true * log_probabilities(y_pred), axis=-1)


class SparseCategoricalCrossentropy(Loss):
    """-ln p[label]: cross-entropy whose labels are class numbers, from 0 to K - 1, of shape (...) or (..., 1).

    ignore_class    examples with this label, such as 255 for "unknown", have the loss 0 and are not counted in means
    """

    def __init__(self, from_logits=False, ignore_class=None, *, axis=-1, **common):
        super().__init__(**common)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def prepare(self, y_true, y_pred):
        y_pred = y_pred if self.axis == -1 else moveaxis(y_pred, self.axis, -1)
        labels = class_numbers(type(self).__name__, y_true, y_pred._data)
        counted = labels if self.ignore_class is None else labels[labels != self.ignore_class]
        if isinstance(counted, np.ndarray) and counted.size and not (
                counted.min() >= 0 and counted.max() < y_pred.shape[-1]):       # on a GPU, looking would mean waiting
            raise ValueError(f"SparseCategoricalCrossentropy: labels from {counted.min()} to {counted.max()}, but "
                             f"y_pred {y_pred.shape} has the classes 0 to {y_pred.shape[-1] - 1}")
        return labels, y_pred

    def call(self, y_true, y_pred):
        if self.ignore_class is None:
            return self.nats(y_true, y_pred)
        counted = y_true != self.ignore_class
        values = where(counted, self.nats(np.where(counted, y_true, 0), y_pred), 0.0)
        mean_of_counted = self.reduction in REDUCTIONS[:2]
        return values * (counted.size / np.maximum(counted.sum(), 1)).item() if mean_of_counted else values

    def nats(self, y_true, y_pred):
        """-ln p[label] for each label."""
        if self.from_logits:
            return sparse_softmax_cross_entropy(y_pred, y_true)
        return -take_along_axis(log_probabilities(y_pred), y_true[..., None], axis=-1).reshape(y_true.shape)


class KLDivergence(Loss):
    """Σ y ln(y / ŷ) over the last axis: how many nats ŷ is worse than y at coding y.  (Kullback & Leibler 1951)"""

    def call(self, y_true, y_pred):
        y_true, y_pred = clip(y_true, EPSILON, 1), clip(y_pred, EPSILON, 1)
        return total(y_true * log(y_true / y_pred), axis=-1)


def signs(y_true):
    """Labels -1 and 1; 0 and 1, if there are no others, are taken as these."""
    zero_or_one = ((y_true == 0) | (y_true == 1)).all()
    return where(zero_or_one, 2 * y_true - 1, y_true)


class Hinge(Loss):
    """mean max(1 - y ŷ, 0), labels y = -1 or 1; labels 0 and 1 are taken as these.  (Cortes & Vapnik 1995)"""

    def call(self, y_true, y_pred):
        return per_sample(maximum(1 - signs(y_true) * y_pred, 0))


class FunctionLoss(Loss):
    """A function f(y_true, y_pred) as a loss: it gets tensors, and returns a scalar or a value per sample."""

    def __init__(self, function, *, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name or getattr(function, "__name__", None))
        self.function = function

    def prepare(self, y_true, y_pred):
        y_true = y_true if isinstance(y_true, Tensor) else Tensor(backend.asarray(y_true, device=y_pred.device))
        return (like(y_true, y_pred) if y_true.dtype.kind == "f" else y_true), y_pred

    def call(self, y_true, y_pred):
        values = self.function(y_true, y_pred)
        if not isinstance(values, Tensor):
            raise TypeError(f"loss {self.name}: it must return a tensor made from y_pred, not {type(values).__name__}")
        if values.shape != y_pred.shape[:values.ndim]:
            raise ValueError(f"loss {self.name}: it returned shape {values.shape} for y_true {y_true.shape} and y_pred "
                             f"{y_pred.shape}, not a value per sample; do they broadcast where they should match?")
        return values
