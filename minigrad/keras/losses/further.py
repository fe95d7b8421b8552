"""Losses that fewer programs ask for: errors in per cent and in logarithms, hinges, focal losses, overlaps."""
from ...engine.ops.arithmetic import abs as absolute, clip, log, maximum, power, square
from ...engine.ops.indexing import take_along_axis
from ...engine.ops.neural import softmax
from ...engine.ops.nonlinear import sigmoid, softplus
from ...engine.ops.reductions import max as largest, sum as total
from ...support.arguments import shown
from .base import EPSILON, CrossEntropy, Loss, class_numbers, per_sample, signs


class MeanAbsolutePercentageError(Loss):
    """mean 100 |y - ŷ| / |y|, the divisor at least EPSILON: per cent of y."""

    def call(self, y_true, y_pred):
        return per_sample(100 * absolute((y_true - y_pred) / maximum(absolute(y_true), EPSILON)))


class MeanSquaredLogarithmicError(Loss):
    """mean (ln(1 + y) - ln(1 + ŷ))²; what is below EPSILON counts as that."""

    def call(self, y_true, y_pred):
        def logs(v):
            return log(maximum(v, EPSILON) + 1)
        return per_sample(square(logs(y_pred) - logs(y_true)))


class LogCosh(Loss):
    """mean ln cosh(ŷ - y): e²/2 for small errors, |e| - ln 2 for large ones."""

    def call(self, y_true, y_pred):
        e = y_pred - y_true
        return per_sample(e + softplus(-2 * e) - 0.6931471805599453)        # ln 2


class SquaredHinge(Loss):
    """mean max(1 - y ŷ, 0)², labels as for Hinge."""

    def call(self, y_true, y_pred):
        return per_sample(square(maximum(1 - signs(y_true) * y_pred, 0)))


class CategoricalHinge(Loss):
    """max(1 + the largest ŷ of a wrong class - ŷ of the right one, 0); y one-hot.  (Weston & Watkins 1999)"""

    def call(self, y_true, y_pred):
        right, wrong = total(y_true * y_pred, axis=-1), largest((1 - y_true) * y_pred, axis=-1)
        return maximum(wrong - right + 1, 0)


class BinaryFocalCrossentropy(CrossEntropy):
    """Binary cross-entropy times (1 - the probability of the truth)^γ: what is right already counts little.

    apply_class_balancing   and times α for labels 1, 1 - α for labels 0.  (Lin et al. 2017)
    """

    def __init__(self, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0,
                 axis=-1, **common):
        super().__init__(from_logits, label_smoothing, axis, **common)
        self.apply_class_balancing, self.alpha, self.gamma = apply_class_balancing, alpha, gamma

    def call(self, y_true, y_pred):
        y = y_true * (1 - self.label_smoothing) + 0.5 * self.label_smoothing if self.label_smoothing else y_true
        raw = sigmoid(y_pred) if self.from_logits else y_pred
        p = clip(raw, EPSILON, 1 - EPSILON)
        values = power(1 - (y * raw + (1 - y) * (1 - raw)), self.gamma) * -(y * log(p) + (1 - y) * log(1 - p))
        if self.apply_class_balancing:
            values = values * (y * self.alpha + (1 - y) * (1 - self.alpha))
        return per_sample(values)


class CategoricalFocalCrossentropy(CrossEntropy):
    """Σ -α (1 - p)^γ y ln p over the K classes of axis; y one-hot.  (Lin et al. 2017)"""

    def __init__(self, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1, **common):
        super().__init__(from_logits, label_smoothing, axis, **common)
        self.alpha, self.gamma = alpha, gamma

    def call(self, y_true, y_pred):
        if self.label_smoothing:
            y_true = y_true * (1 - self.label_smoothing) + self.label_smoothing / y_pred.shape[-1]
        p = softmax(y_pred) if self.from_logits else y_pred
        p = clip(p / total(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
        return total(self.alpha * power(1 - p, self.gamma) * -(y_true * log(p)), axis=-1)


class CategoricalGeneralizedCrossEntropy(Loss):
    """(1 - p^q) / q, p the probability of the class number y; between cross-entropy, q → 0, and 1 - p, q = 1.

    (Zhang & Sabuncu 2018: for labels some of which are wrong)
    """

    def __init__(self, q=0.5, **common):
        super().__init__(**common)
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: q must be in (0, 1), not {shown(q)}")
        self.q = q

    def prepare(self, y_true, y_pred):
        return class_numbers(type(self).__name__, y_true, y_pred._data), y_pred

    def call(self, y_true, y_pred):
        p = take_along_axis(y_pred, y_true[..., None], axis=-1).reshape(y_true.shape)
        return (1 - power(p, self.q)) / self.q


class Tversky(Loss):
    """1 - Σ y ŷ / (Σ y ŷ + α Σ y (1 - ŷ) + β Σ (1 - y) ŷ), over axis, or over the whole batch: for segmentations.

    (Salehi et al. 2017)
    """

    def __init__(self, alpha=0.5, beta=0.5, *, axis=None, **common):
        super().__init__(**common)
        self.alpha, self.beta, self.axis = alpha, beta, axis

    def call(self, y_true, y_pred):
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        both = total(y_true * y_pred, axis=axis)
        missed, wrong = total(y_true * (1 - y_pred), axis=axis), total((1 - y_true) * y_pred, axis=axis)
        return 1 - both / (both + self.alpha * missed + self.beta * wrong + EPSILON)


class Dice(Loss):
    """1 - 2 Σ y ŷ / (Σ y + Σ ŷ), over axis, or over the whole batch: the overlap of two masks.  (Dice 1945)"""

    def __init__(self, *, axis=None, **common):
        super().__init__(**common)
        self.axis = axis

    def call(self, y_true, y_pred):
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        both = total(y_true * y_pred, axis=axis)
        return 1 - 2 * both / (total(y_true, axis=axis) + total(y_pred, axis=axis) + EPSILON)
