"""Metrics: figures to judge a model by, gathered batch by batch.  Keras' names and meanings.

    m = metrics.CategoricalAccuracy()
    m.update_state(y_true, y_pred)              # as often as there are batches
    m.result()                                  # 0.97, over all of them
    m.reset_state()

Sums are kept on the device of the predictions; only result() waits for a GPU.
"""
from ...support.explaining import explained
from ...support.names import find
from .. import losses
from .areas import AUC, PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity
from .base import Mean, MeanOf, Metric, Sum
from .binary import (
    F1Score,
    FalseNegatives,
    FalsePositives,
    FBetaScore,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from .means import (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanFunction,
    MeanLoss,
    MeanMetricWrapper,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    TopKCategoricalAccuracy,
    accuracy_for,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU, R2Score

METRICS = {"binary_accuracy": BinaryAccuracy, "categorical_accuracy": CategoricalAccuracy,
           "sparse_categorical_accuracy": SparseCategoricalAccuracy,
           "top_k_categorical_accuracy": TopKCategoricalAccuracy,
           "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
           "mean_squared_error": MeanSquaredError, "mse": MeanSquaredError, "mean_absolute_error": MeanAbsoluteError,
           "mae": MeanAbsoluteError, "root_mean_squared_error": RootMeanSquaredError, "rmse": RootMeanSquaredError,
           "cosine_similarity": CosineSimilarity,
           "precision": Precision, "recall": Recall, "f1_score": F1Score, "f1": F1Score, "auc": AUC,
           "r2_score": R2Score}
KNOWN = losses.LOSSES | METRICS | {"accuracy": accuracy_for, "acc": accuracy_for}
globals().update(losses.FUNCTIONS)          # metrics.mean_squared_error(y_true, y_pred): a value for each sample


@explained
def get(identifier, y_shape=None, pred_shape=None, loss=None):
    """A metric from its name, its class, a loss, a function of (y_true, y_pred), or itself.

    "accuracy" is the one that fits the loss or the shapes of labels and predictions: see accuracy_for.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, losses.Loss):
        return MeanLoss(identifier)
    if isinstance(identifier, type):
        return get(identifier())
    if callable(identifier):
        return MeanFunction(identifier)
    kind = find("metric", KNOWN, identifier)
    if kind is accuracy_for:
        return accuracy_for(identifier, y_shape, pred_shape, loss)
    return MeanLoss(kind(), identifier) if issubclass(kind, losses.Loss) else kind(name=identifier)
