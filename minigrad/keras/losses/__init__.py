"""Losses: how wrong predictions are, as one number to minimise.  Keras' names and meanings.

    loss = losses.MeanSquaredError()
    loss(y_true, y_pred)                        # a scalar Tensor: the mean over the batch
    losses.mean_squared_error(y_true, y_pred)   # one value for each sample

    base        Loss, how shapes are matched, and the usual losses: read this first
    further     errors in per cent, hinges, focal losses, overlaps of masks
"""
import inspect

from ...support.explaining import explained
from ...support.names import find
from .base import (
    EPSILON,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CosineSimilarity,
    CrossEntropy,
    FunctionLoss,
    Hinge,
    Huber,
    KLDivergence,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SparseCategoricalCrossentropy,
    class_numbers,
    floats,
    like,
    log_probabilities,
    matched,
    per_sample,
    real,
    weights_like,
)
from .further import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Dice,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    SquaredHinge,
    Tversky,
)

LOSSES = {"mean_squared_error": MeanSquaredError, "mse": MeanSquaredError, "mean_absolute_error": MeanAbsoluteError,
          "mae": MeanAbsoluteError, "huber": Huber, "poisson": Poisson, "cosine_similarity": CosineSimilarity,
          "binary_crossentropy": BinaryCrossentropy, "bce": BinaryCrossentropy,
          "categorical_crossentropy": CategoricalCrossentropy,
          "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
          "kl_divergence": KLDivergence, "kld": KLDivergence, "hinge": Hinge,
          "mean_absolute_percentage_error": MeanAbsolutePercentageError, "mape": MeanAbsolutePercentageError,
          "mean_squared_logarithmic_error": MeanSquaredLogarithmicError, "msle": MeanSquaredLogarithmicError,
          "log_cosh": LogCosh, "logcosh": LogCosh, "squared_hinge": SquaredHinge,
          "categorical_hinge": CategoricalHinge, "binary_focal_crossentropy": BinaryFocalCrossentropy,
          "categorical_focal_crossentropy": CategoricalFocalCrossentropy, "dice": Dice, "tversky": Tversky,
          "categorical_generalized_cross_entropy": CategoricalGeneralizedCrossEntropy}
COMMON = ("reduction", "name", "dtype")


def _as_function(name, kind):
    @explained
    def loss(y_true, y_pred, *options, **named):
        return kind(*options, reduction=None, **named)(y_true, y_pred)
    options = [p for p in inspect.signature(kind.__init__).parameters.values()
               if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    truth, guess = (inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in ("y_true", "y_pred"))
    loss.__signature__ = inspect.Signature([truth, guess, *(p for p in options if p.name not in COMMON)])
    loss.__name__ = loss.__qualname__ = name
    loss.__doc__ = f"{kind.__name__} as a function: a value for each sample; options are those of the class."
    return loss


FUNCTIONS = {name: _as_function(name, kind) for name, kind in LOSSES.items()}       # losses.mean_squared_error(y, p)
globals().update(FUNCTIONS)


@explained
def get(identifier):
    """A loss from its name ("mse"), its class, a function of the tensors (y_true, y_pred), or itself."""
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) and identifier in FUNCTIONS.values():
        return LOSSES[identifier.__name__]()
    return FunctionLoss(identifier) if callable(identifier) else find("loss", LOSSES, identifier)()
