"""Overlaps, R², curves and metrics with variables of their own, against scikit-learn and their definitions."""
import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import keras
from minigrad.keras import metrics

seeds = st.integers(0, 2**32)


def binary(seed, n=40):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    truth[:2] = 0, 1
    return truth, np.round(rng.random(n), 2), rng.uniform(0.5, 2, n)


def after(metric, *batch):
    """The metric after the batch in two halves."""
    half = len(batch[0]) // 2
    metric.update_state(*(a[:half] for a in batch))
    return metric(*(a[half:] for a in batch))


@settings(max_examples=20)
@given(seed=seeds)
def test_overlaps_r2_and_fbeta_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth, guess = rng.integers(0, 3, (2, 30))
    truth[:3] = 0, 1, 2
    each = sk.jaccard_score(truth, guess, average=None)
    assert after(metrics.MeanIoU(3), truth, guess) == pytest.approx(each.mean())
    assert after(metrics.IoU(3, [0, 2]), truth, guess) == pytest.approx(each[[0, 2]].mean())
    assert after(metrics.OneHotMeanIoU(3), np.eye(3)[truth], np.eye(3)[guess]) == pytest.approx(each.mean())
    kept = truth != 1
    assert after(metrics.IoU(3, [0], ignore_class=1), truth, guess) == pytest.approx(
        sk.jaccard_score(truth[kept], guess[kept], average=None, labels=[0])[0])
    y, p, w = rng.standard_normal((30, 2)), rng.standard_normal((30, 2)), rng.uniform(0, 2, 30)
    for how in ("uniform_average", None):
        assert after(metrics.R2Score(how), y, p, w) == pytest.approx(
            sk.r2_score(y, p, sample_weight=w, multioutput=how or "raw_values"))
    assert after(metrics.FBetaScore("macro", 2.0), np.eye(3)[truth], np.eye(3)[guess]) == pytest.approx(
        sk.fbeta_score(truth, guess, beta=2, average="macro"))


@settings(max_examples=20)
@given(seed=seeds)
def test_curves_are_scikit_learns(seed):
    truth, scores, w = binary(seed)
    assert after(metrics.AUC(), truth, scores, w) == pytest.approx(sk.roc_auc_score(truth, scores, sample_weight=w))
    fine = metrics.AUC(num_thresholds=1001)             # finer than the scores: no less exact
    assert after(fine, truth, scores, w) == pytest.approx(sk.roc_auc_score(truth, scores, sample_weight=w))
    precision, recall, _ = sk.precision_recall_curve(truth, scores, sample_weight=w)
    steps = recall[:-1] - recall[1:]
    low, high = (after(metrics.AUC(curve="PR", summation_method=how), truth, scores, w)
                 for how in ("minoring", "majoring"))
    assert low - 1e-9 <= steps @ precision[:-1] <= high + 1e-9         # average precision lies between the two sums
    assert low - 1e-9 <= after(metrics.AUC(curve="PR"), truth, scores, w)
    assert after(metrics.RecallAtPrecision(0.6), truth, scores, w) == pytest.approx(
        recall[precision >= 0.6].max(initial=0))
    false, true, _ = sk.roc_curve(truth, scores, sample_weight=w, drop_intermediate=False)
    assert after(metrics.SensitivityAtSpecificity(0.7), truth, scores, w) == pytest.approx(
        true[1 - false >= 0.7].max(initial=0))
    assert after(metrics.SpecificityAtSensitivity(0.7), truth, scores, w) == pytest.approx(
        (1 - false)[true >= 0.7].max(initial=0))


def test_labels_apart_and_logits():
    truth, scores, _ = binary(0)
    two, columns = np.stack([truth, 1 - truth], 1), np.stack([scores, scores], 1)
    areas = sk.roc_auc_score(truth, scores), 1 - sk.roc_auc_score(truth, scores)
    assert metrics.AUC(multi_label=True)(two, columns) == pytest.approx(0.5)
    assert metrics.AUC(multi_label=True, label_weights=[1, 3])(two, columns) == pytest.approx(
        np.average(areas, weights=[1, 3]))
    logits = np.log(np.clip(scores, 0.005, 0.995) / (1 - np.clip(scores, 0.005, 0.995)))
    assert metrics.AUC(num_thresholds=1001, from_logits=True)(truth, logits) == pytest.approx(areas[0])


@settings(max_examples=20)
@given(seed=seeds, labels=st.integers(1, 4), weighted=st.booleans(), curve=st.sampled_from(["ROC", "PR"]))
def test_weights_of_labels_weigh_each_element_of_a_column(seed, labels, weighted, curve):
    """As Keras has it without multi_label, and as sample weights for each element would."""
    truth, scores, w = (a.reshape(-1, labels) for a in binary(seed, 20 * labels))
    weights = np.random.default_rng(seed).uniform(0, 3, labels)
    found = after(metrics.AUC(label_weights=weights.tolist(), curve=curve), truth, scores, *[w] * weighted)
    assert found == pytest.approx(after(metrics.AUC(curve=curve), truth, scores, weights * (w if weighted else w ** 0)))
    for multi_label in (False, True):
        for wrong, flat in ([1.0] * (labels + 1), False), ([], False), ([1.0] * truth.size, True):
            with pytest.raises(ValueError, match="one for each column"):
                metrics.AUC(label_weights=wrong, multi_label=multi_label)(
                    *(a.ravel() if flat else a for a in (truth, scores)))


@pytest.mark.peers
def test_weights_of_labels_are_keras():
    theirs = pytest.importorskip("keras").metrics
    draw = np.random.default_rng(5)
    truth, scores = draw.integers(0, 2, (40, 2)).astype("float32"), draw.random((40, 2)).astype("float32")
    for multi_label in (False, True):
        how = dict(label_weights=[1.0, 3.0], multi_label=multi_label, num_thresholds=51)
        other = theirs.AUC(**how, num_labels=2 if multi_label else None)
        other.update_state(truth, scores)
        assert metrics.AUC(**how)(truth, scores) == pytest.approx(float(other.result()), rel=1e-5)


def test_a_column_alone_and_the_largest_of_a_row():
    truth, scores = np.array([[1, 0, 1], [0, 1, 0]]), np.array([[0.9, 0.8, 0.1], [0.6, 0.55, 0.2]])
    assert metrics.Precision(class_id=1)(truth, scores) == 0.5
    assert metrics.Recall(class_id=0)(truth, scores) == 1
    assert metrics.Precision(top_k=1)(truth, scores) == 0.5
    assert metrics.Recall(top_k=2)(truth, scores) == pytest.approx(2 / 3)
    assert metrics.Precision(thresholds=0.7, top_k=1)(truth, scores) == 1
    rates = [lambda **how: metrics.RecallAtPrecision(0.5, **how), lambda **how: metrics.PrecisionAtRecall(0.5, **how)]
    for kind in metrics.Precision, metrics.Recall, *rates:
        with pytest.raises(ValueError, match="class_id 3 is none of 3 columns"):
            kind(class_id=3)(truth, scores)
        with pytest.raises(ValueError, match="class_id 0 is none of no columns"):       # but the first of 3 rows
            kind(class_id=0)(truth[0], scores[0])


class Hits(metrics.Metric):
    """As Keras' guide writes a metric."""

    def __init__(self, name="hits", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_variable(shape=(), initializer="zeros", name="hits")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.hits.assign_add(keras.ops.sum(keras.ops.cast(y_pred > 0.5, "float32") * y_true))

    def result(self):
        return self.hits


def test_a_metric_with_variables_counts_in_fit_and_begins_anew():
    x, y = np.float32([[1], [2], [3], [4]]), np.float32([[0], [1], [1], [1]])
    model = keras.Sequential([keras.layers.Lambda(lambda x: x > 2.5), keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.set_weights([np.float32([[1]])])
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=[Hits()])
    history = model.fit(x, y, batch_size=2, epochs=2, verbose=0).history
    assert history["hits"] == [2, 2] and model.evaluate(x, y, verbose=0)[1] == 2
    kept, other = Hits(), Hits()
    kept(y, y)
    other.load_state(kept.state())
    assert other.result().item() == 3
    with pytest.raises(ValueError, match="counts variable 0"):
        other.load_state({})


def test_functions_say_a_value_for_each_sample():
    truth, scores = [[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]
    assert metrics.categorical_accuracy(truth, scores).numpy().tolist() == [1, 0]
    assert metrics.sparse_categorical_accuracy([1, 1], scores).numpy().tolist() == [1, 1]
    assert metrics.binary_accuracy(truth, scores, 0.5).numpy().tolist() == [1, 0]
    assert metrics.mean_squared_error(truth, scores).shape == (2,)
    assert metrics.Sum()([1, 2], [1, 10]) == 21 and metrics.Sum()(mg.tensor([1.0, 2.0])) == 3
    wrapped = metrics.MeanMetricWrapper(lambda t, p, scale: scale * abs(t - p), "gap", scale=10)
    assert wrapped(np.float32([1, 2]), np.float32([2, 4])) == 15


def test_what_a_metric_ignores_is_not_counted():
    p, labels = np.float32([[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]), np.array([0, 1, -1])
    some = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    assert some(labels, p) == pytest.approx(metrics.SparseCategoricalCrossentropy()(labels[:2], p[:2]))
    some.reset_state()
    assert some(labels, p, np.float32([1, 3, 5])) == pytest.approx(-(np.log(0.5) + 3 * np.log(0.75)) / 4)
    some.reset_state()
    assert some(labels[:, None], p, [1, 3, 5]) == pytest.approx(-(np.log(0.5) + 3 * np.log(0.75)) / 4)
    steps = metrics.SparseCategoricalCrossentropy(ignore_class=-1)      # a weight for each row is none for each step
    found = steps(np.array([[0, 1], [1, -1]]), np.stack([p[:2], p[:2]]), np.float32([1, 3]))
    assert found == pytest.approx(-(np.log(0.5) + np.log(0.75) + 3 * np.log(0.5)) / 5)
