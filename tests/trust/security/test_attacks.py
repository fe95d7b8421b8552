"""Attacks: the geometry of the ball, what is known exactly for linear models, and real digits."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import datasets, losses
from minigrad.data.loading import one_hot
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential
from minigrad.trust.security import AdversarialTraining, fgsm, pgd, project, robust_accuracy, steepest

few = settings(max_examples=25)
seeds, norms = st.integers(0, 10_000), st.sampled_from([2, np.inf])
SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True)


def size(d, norm):
    return np.linalg.norm(d.reshape(len(d), -1), norm, axis=1)


# -- the ball --------------------------------------------------------------------------------------------------------
@few
@given(seeds, norms, st.sampled_from([0.0, 0.1, 3.0]))
def test_the_projection_is_the_nearest_point(seed, norm, epsilon):
    """P d is in the ball, and (d - P d) · (q - P d) ≤ 0 for every q of the ball."""
    rng = np.random.default_rng(seed)
    d, q = 2 * rng.normal(size=(2, 6, 2, 3))
    q *= (epsilon / size(q, norm)).reshape(6, 1, 1)
    p = project(d, epsilon, norm)
    assert (size(p, norm) <= epsilon * (1 + 1e-12)).all()
    assert (((d - p) * (q - p)).sum(axis=(1, 2)) <= 1e-9).all()
    np.testing.assert_allclose(project(p, epsilon, norm), p, atol=1e-12)
    inside = size(d, norm) <= epsilon
    np.testing.assert_allclose(p[inside], d[inside])


@few
@given(seeds, norms)
def test_the_steepest_direction_attains_the_dual_norm(seed, norm):
    g = np.random.default_rng(seed).normal(size=(6, 4))
    d = steepest(g, norm)
    np.testing.assert_allclose(size(d, norm), 1)
    np.testing.assert_allclose((g * d).sum(axis=1), size(g, 1 if norm == np.inf else 2))
    assert (steepest(np.zeros((2, 3)), norm) == 0).all()


# -- linear models, for which the answer is known --------------------------------------------------------------------
def linear(seed, inputs=4, classes=2):
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=(inputs, classes)).astype(np.float32), rng.normal(size=classes).astype(np.float32)
    x = rng.random((30, inputs)).astype(np.float32)
    return (lambda t: t @ w + b), w, x, (x @ w + b).argmax(axis=1)


def loss(model, x, y):
    return mg.sparse_softmax_cross_entropy(model(mg.Tensor(x)), y).numpy()


@few
@given(seeds, norms)
def test_for_a_linear_model_nothing_in_the_ball_is_worse_than_fgsm(seed, norm):
    model, _, x, y = linear(seed)
    worst = loss(model, fgsm(model, x, y, 0.3, norm, bounds=None), y)
    others = np.random.default_rng([seed, 1]).normal(size=(15, *x.shape)).astype(np.float32)
    for d in others:
        d *= (0.3 / size(d, norm))[:, None]
        assert (loss(model, x + d, y) <= worst + 1e-5).all()
    climbed = loss(model, pgd(model, x, y, 0.3, norm, bounds=None, restarts=0), y)      # straight on, from x itself
    np.testing.assert_allclose(climbed, worst, rtol=1e-3, atol=1e-5)


@few
@given(seeds, norms)
def test_robust_accuracy_of_a_linear_model_is_exact(seed, norm):
    """Right within ε if and only if the margin is more than ε ‖w₁ - w₀‖ in the dual norm."""
    model, w, x, y = linear(seed)
    difference = np.asarray(w[:, 1] - w[:, 0], float)
    margin = np.abs(np.asarray(model(x), float) @ [-1, 1]) / np.linalg.norm(difference, 1 if norm == np.inf else 2)
    epsilons = [e for e in (0.0, 0.05, 0.2, 0.7) if (np.abs(margin - e) > 1e-3).all()]      # not within rounding
    expected = [(margin > e).mean() for e in epsilons]
    options = {"norm": norm, "bounds": None}
    np.testing.assert_allclose(robust_accuracy(model, x, y, epsilons, fgsm, **options), expected)
    np.testing.assert_allclose(robust_accuracy(model, x, y, epsilons, pgd, restarts=0, **options), expected)
    assert (robust_accuracy(model, x, y, epsilons, pgd, **options) >= np.array(expected) - 1e-9).all()


# -- any network -----------------------------------------------------------------------------------------------------
def network(seed):
    mg.seed(seed)
    model = Sequential([Dense(12, activation="relu"), Dense(3)])
    rng = np.random.default_rng(seed)
    return model, rng.random((9, 5)).astype(np.float32), rng.integers(0, 3, 9)


@few
@given(seeds, norms, st.sampled_from([0.0, 0.05, 0.5]), st.sampled_from([0, 2]))
def test_pgd_stays_in_the_ball_and_in_the_bounds_and_never_helps(seed, norm, epsilon, restarts):
    model, x, y = network(seed)
    worst = pgd(model, x, y, epsilon, norm, steps=4, restarts=restarts)
    assert worst.dtype == np.float32 and worst.shape == x.shape and 0 <= worst.min() and worst.max() <= 1
    assert (size(worst - x, norm) <= epsilon + 1e-6).all()
    assert (loss(model, worst, y) >= loss(model, x, y) - 1e-6).all()


@few
@given(seeds)
def test_one_hot_labels_are_the_same_labels(seed):
    model, x, y = network(seed)
    np.testing.assert_allclose(fgsm(model, x, y, 0.1), fgsm(model, x, one_hot(y, 3), 0.1), atol=1e-6)


def test_an_attack_leaves_the_model_and_the_input_alone():
    model, x, y = network(0)
    model(x)
    weights, before = model.get_weights(), x.copy()
    pgd(model, x, y, 0.1)
    assert (x == before).all() and all((a == b).all() for a, b in zip(weights, model.get_weights()))
    assert all(w.grad is None for w in model.weights)


def test_bad_input():
    model, x, y = network(0)
    for call, words in ((lambda: fgsm(model, x, y, -1), "epsilon"),
                        (lambda: pgd(model, x, y, 0.1, norm=1), "norm must be"),
                        (lambda: project(x, float("nan")), "epsilon")):
        with pytest.raises(ValueError, match=words):
            call()


# -- digits ----------------------------------------------------------------------------------------------------------
DIGITS = datasets.load_digits()


def on_digits(attack=None):
    mg.seed(0)
    inner = Sequential([Dense(64, activation="relu"), Dense(10)])
    model = AdversarialTraining(inner, attack) if attack else inner
    model.compile(mg.optimizers.Adam(0.005), SPARSE, metrics=["accuracy"])
    history = model.fit(DIGITS.x[:1400], DIGITS.y[:1400], epochs=15, verbose=0).history
    return inner, history


def test_adversarial_training_holds_where_plain_training_falls():
    x, y, epsilons = DIGITS.x[1400:], DIGITS.y[1400:], [0, 0.05, 0.1, 0.15]
    (plain, _), (robust, history) = on_digits(), on_digits(lambda m, x, y: pgd(m, x, y, 0.15, steps=4))
    for_plain, for_robust = (robust_accuracy(m, x, y, epsilons, steps=10) for m in (plain, robust))
    assert (np.diff(for_plain) <= 0).all() and (np.diff(for_robust) <= 0).all()
    assert for_plain[0] > 0.9 and for_robust[0] > 0.85 and history["loss"][-1] < history["loss"][0]
    assert for_robust[2] > for_plain[2] + 0.1, (for_plain, for_robust)


def test_pgd_finds_at_least_what_fgsm_finds_and_more_steps_more():
    plain, _ = on_digits()
    x, y = DIGITS.x[1400:], DIGITS.y[1400:]
    once = loss(plain, fgsm(plain, x, y, 0.1), y).mean()
    several, many = (loss(plain, pgd(plain, x, y, 0.1, steps=n, restarts=0), y).mean() for n in (3, 20))
    assert once <= several * 1.02 and several <= many * 1.02, (once, several, many)
    assert robust_accuracy(plain, x, y, [0.1], pgd)[0] <= robust_accuracy(plain, x, y, [0.1], fgsm)[0]


def test_robust_accuracy_takes_epsilons_in_any_order_and_batches():
    plain, _ = on_digits()
    x, y = DIGITS.x[1400:1500], DIGITS.y[1400:1500]
    a = robust_accuracy(plain, x, y, [0.1, 0, 0.03], fgsm)
    np.testing.assert_array_equal(a, robust_accuracy(plain, x, y, [0, 0.03, 0.1], fgsm, batch_size=17)[[2, 0, 1]])
    assert a[1] == (plain.predict(x, verbose=0).argmax(axis=1) == y).mean()


def test_the_model_inside_is_what_is_trained_and_saved(tmp_path):
    inner, _ = on_digits(lambda m, x, y: fgsm(m, x, y, 0.05))
    inner.save(tmp_path / "model")
    again = Sequential.load(tmp_path / "model", compile=False)
    np.testing.assert_array_equal(again.predict(DIGITS.x[:9], verbose=0), inner.predict(DIGITS.x[:9], verbose=0))
