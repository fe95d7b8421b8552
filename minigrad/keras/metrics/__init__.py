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
from .base import Mean, MeanOf, Metric
from .binary import (
    AUC,
    F1Score,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from .means import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    CosineSimilarity,
    MeanAbsoluteError,
    MeanFunction,
    MeanLoss,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy_for,
)

METRICS = {"binary_accuracy": BinaryAccuracy, "categorical_accuracy": CategoricalAccuracy,
           "sparse_categorical_accuracy": SparseCategoricalAccuracy,
           "top_k_categorical_accuracy": TopKCategoricalAccuracy,
           "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
           "mean_squared_error": MeanSquaredError, "mse": MeanSquaredError, "mean_absolute_error": MeanAbsoluteError,
           "mae": MeanAbsoluteError, "root_mean_squared_error": RootMeanSquaredError, "rmse": RootMeanSquaredError,
           "cosine_similarity": CosineSimilarity,
           "precision": Precision, "recall": Recall, "f1_score": F1Score, "f1": F1Score, "auc": AUC}
KNOWN = losses.LOSSES | METRICS | {"accuracy": accuracy_for, "acc": accuracy_for}


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
