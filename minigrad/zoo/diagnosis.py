"""Medical diagnosis from a table: a classifier, and the questions to ask of it before anyone relies on it.

    x, y, names = breast_cancer()
    p = cross_validate(train, x, y)             # logistic regression, judged on unseen patients
    interval(auc, y, p)                         # (0.995, 0.988, 0.999): does it rank the sick above the healthy?
    interval(brier, y, p)                       # are its probabilities true?
    cost(y, p >= alarm / (miss + alarm), miss, alarm)       # what do its errors cost?

Throughout, y (n,) is 1 for a patient with the disease and 0 for one without, p (n,) the predicted probability, and a
patient is called sick if p >= threshold.
"""
import math

import numpy as np

import minigrad as mg

from ..data import datasets
from ..data.loading import standardize
from ..keras import layers
from ..keras.metrics import AUC
from ..keras.optimizers import Adam
from ..keras.optimizers.schedules import CosineDecay
from ..keras.regularizers import L2
from ..support.intervals import bootstrap, wilson

FAST = 200                              # the measure of progression that counts as fast; a quarter of patients has more


# -- questions -------------------------------------------------------------------------------------------------------
def breast_cancer():
    """Is the tumour malignant?  (x (569, 30) float32, y (569,), the names of x's columns); see datasets."""
    data = datasets.load_breast_cancer()
    return data.x, 1 - data.y, data.feature_names


def diabetes():
    """Will the disease progress fast within a year, by more than 200?  (x (442, 10) float32, y (442,), names).

    The data give a number, 25 to 346; that 200 is "fast" is our choice, and cutting a number in two loses information
    (Altman & Royston 2006).
    """
    data = datasets.load_diabetes()
    return data.x, (data.y > FAST).astype(np.int64), data.feature_names


# -- models ----------------------------------------------------------------------------------------------------------
def train(x, y, hidden=(), penalty=1.0, steps=400, rate=None, seed=0):
    """A network on standardised columns; without hidden layers it is logistic regression, p = σ(x·w + b).

    It makes -Σ [y ln p + (1 - y) ln(1 - p)] + penalty/2 Σ w² small (biases go free); scikit-learn's C is 1/penalty.
    x (n, features) float32, y (n,) of 0 and 1;  hidden: sizes of tanh layers;  steps of Adam on all rows, whose rate
    falls to 0 along a cosine, from 0.5 for the one convex bowl of logistic regression, else from 0.02.  Seeds minigrad.
    Returns a function x (m, features) -> p (m,), float64.  Raises ValueError unless y holds both 0 and 1.
    """
    y, rate = checked(y), rate or (0.02 if hidden else 0.5)
    z, mean, std = standardize(np.asarray(x, np.float32))
    mg.seed(seed)
    decay = L2(penalty / (2 * len(y)))
    model = mg.keras.Sequential([*(layers.Dense(n, activation="tanh", kernel_regularizer=decay) for n in hidden),
                                 layers.Dense(1, kernel_regularizer=decay)])
    model.compile(Adam(CosineDecay(rate, steps)), mg.losses.BinaryCrossentropy(from_logits=True))
    model.fit(z, y[:, None].astype(np.float32), batch_size=len(y), epochs=steps, shuffle=False, verbose=0)

    def predict(x):
        logits = model.predict((np.asarray(x, np.float32) - mean) / std, batch_size=4096, verbose=0)
        return mg.sigmoid(logits[:, 0].astype(float))
    return predict


def checked(y, *predictions):
    """y as integers.  ValueError unless it is (n,), of zeros and ones, both of them, and predictions are (n,) too."""
    y = np.asarray(y)
    if y.ndim != 1 or set(np.unique(y).tolist()) != {0, 1}:
        raise ValueError("y must be (n,), 1 for the sick and 0 for the healthy, with some of both; "
                         f"it has shape {y.shape} and holds {np.unique(y)[:5].tolist()}")
    for p in predictions:
        if np.shape(p) != y.shape or np.isnan(p).any():
            raise ValueError(f"there are {len(y)} patients; the predictions have shape {np.shape(p)}"
                             + (" and some are nan" if np.isnan(p).any() else ""))
    return y.astype(np.int64)


# -- cross-validation ------------------------------------------------------------------------------------------------
def folds(y, count=5, seed=0):
    """The fold, 0 ... count - 1, of each patient (n,): random, but each fold has its share of the sick, to within one.

    (stratified cross-validation: Kohavi 1995).  Raises ValueError where a fold would be left without sick or healthy.
    """
    y = checked(y)
    least = int(min(np.bincount(y)))
    if not 2 <= count <= least:
        raise ValueError(f"folds: between 2 and {least} folds, as the rarer class has {least} patients, not {count}")
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]          # all healthy, then all sick; dealt out like cards
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % count
    return fold


def cross_validate(train, x, y, count=5, seed=0):
    """The prediction (n,) for each patient by a model trained on the other folds, never on this one.

    train   a function (x, y) -> predict, itself a function x -> (n,).  All that is learned from data must happen in it,
            the scaling of columns and the choice of a threshold too, or the test rows leak into the training
    """
    fold, out = folds(y, count, seed), np.empty(len(y))
    for k in range(count):
        held_out = fold == k
        out[held_out] = train(x[~held_out], y[~held_out])(x[held_out])
    return out


# -- ranking: ROC and precision-recall -------------------------------------------------------------------------------
def counts(y, p):
    """(thresholds, hits, alarms): how many sick and how many healthy have p >= threshold, at thresholds that matter.

    From "nobody" (infinity) down through the distinct values of p to "everybody".  All curves below are made of these.
    """
    y = checked(y, p)
    distinct, place = np.unique(p, return_inverse=True)
    sick = np.bincount(place, y, len(distinct))[::-1]
    everyone = np.bincount(place, minlength=len(distinct))[::-1]
    return (np.append(np.inf, distinct[::-1]), np.append(0, sick.cumsum()), np.append(0, (everyone - sick).cumsum()))


def roc(y, p):
    """The ROC curve: (false positive rate, recall) at every threshold, alarms / healthy and hits / sick, from 0 to 1.

    (Fawcett 2006, An introduction to ROC analysis).  It doesn't depend on how common the disease is.
    """
    _, hits, alarms = counts(y, p)
    return alarms / alarms[-1], hits / hits[-1]


def precision_recall(y, p):
    """(recall, precision) at every threshold that calls somebody sick: hits / sick, and hits / (hits + alarms).

    Precision says what a positive result means for the one who gets it; it falls with how rare the disease is.
    """
    _, hits, alarms = counts(y, p)
    return hits[1:] / hits[-1], hits[1:] / (hits + alarms)[1:]


def auc(y, p):
    """The area under the ROC curve: how often a sick patient is ranked above a healthy one (`metrics.AUC`)."""
    metric = AUC()
    metric.update_state(checked(y, p), np.asarray(p, float))
    return metric.result()


def average_precision(y, p):
    """Σ (Rₖ - Rₖ₋₁) Pₖ over thresholds, the area under the precision-recall curve without interpolation.

    A guess has the prevalence, the share of the sick.  (Davis & Goadrich 2006 on why not to interpolate)
    """
    recall, precision = precision_recall(y, p)
    return float(np.diff(recall, prepend=0) @ precision)


# -- calibration -----------------------------------------------------------------------------------------------------
def brier(y, p):
    """The Brier score, Σ (p - y)² / n: 0 is perfect; always saying the prevalence q gives q (1 - q).  (Brier 1950)"""
    return float(np.mean((np.asarray(p) - checked(y, p)) ** 2))


def reliability(y, p, bins=10):
    """Patients in `bins` groups of rising p, as equal in number as can be: (predicted, observed, low, high, number).

    predicted   the mean p of each group;  observed: the share of its patients that is sick;  number: its patients
    low, high   the 95 % interval of that share  (Wilson 1927)
    (reliability diagrams: Murphy & Winkler 1977)
    """
    y = checked(y, p)
    groups = np.array_split(np.argsort(p, kind="stable"), min(bins, len(y)))
    m, s = np.array([len(g) for g in groups]), np.array([y[g].sum() for g in groups])
    return np.array([np.asarray(p)[g].mean() for g in groups]), s / m, *wilson(s, m), m


# -- confidence ------------------------------------------------------------------------------------------------------
def interval(statistic, y, *p, draws=1000, seed=0):
    """(value, low, high) of statistic(y, *p): the 95 % percentile interval of the bootstrap over patients. (Efron 1979)

    The same patients are drawn for all p, so a difference of two models is judged on the same patients:

        interval(lambda y, p, q: auc(y, p) - auc(y, q), y, p, q)

    It says how far chance in *which patients came* moves the figure, not how far training again would.
    """
    y, p = checked(y, *p), [np.asarray(q) for q in p]

    def ranked(y, *p):
        return 0 < y.sum() < len(y)         # of only healthy or only sick there is no ranking
    return statistic(y, *p), *bootstrap(statistic, y, *p, samples=draws, seed=seed, usable=ranked)


# -- decisions -------------------------------------------------------------------------------------------------------
def cost(y, called_sick, miss, alarm):
    """What the errors cost, per patient: (miss · missed cases + alarm · false alarms) / n, in the prices' unit."""
    y, called_sick = checked(y, called_sick), np.asarray(called_sick, bool)
    return float((miss * (y & ~called_sick) + alarm * ((1 - y) & called_sick)).mean())


def costs(y, p, miss, alarm):
    """(thresholds, cost at each), for every threshold that matters, from calling nobody sick to everybody."""
    thresholds, hits, alarms = counts(y, p)
    return thresholds, (miss * (hits[-1] - hits) + alarm * alarms) / len(y)


def rational_threshold(miss, alarm):
    """alarm / (miss + alarm): from there on an alarm costs less than a miss, (1 - p) alarm <= p miss, if p is true.

    (Elkan 2001, The foundations of cost-sensitive learning)
    """
    if not (miss > 0 and alarm > 0 and math.isfinite(miss + alarm)):
        raise ValueError(f"rational_threshold: prices must be positive numbers, not miss={miss!r}, alarm={alarm!r}")
    return alarm / (miss + alarm)


def cheapest_threshold(y, p, miss, alarm):
    """The threshold at which these patients would have cost least, of equals the lowest; infinite for "nobody"."""
    thresholds, price = costs(y, p, miss, alarm)
    return float(thresholds[::-1][np.argmin(price[::-1])])


def deciding(train, miss, alarm, count=5, seed=0):
    """A train for `cross_validate` that ends in decisions, 1 or 0, by a threshold that it chose for the costs.

    The threshold is the cheapest on predictions of a cross-validation *inside* the training rows; the patients on whom
    the decisions are judged have no part in it.  (nested cross-validation: Varma & Simon 2006)
    """
    def trained(x, y):
        threshold = cheapest_threshold(y, cross_validate(train, x, y, count, seed), miss, alarm)
        predict = train(x, y)
        return lambda x: (predict(x) >= threshold).astype(float)
    return trained
