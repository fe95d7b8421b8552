"""Attacks: the curve's axioms, the attack works on an overfitted model and fails on a private one."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad import losses, optimizers, viz
from minigrad.trust.privacy import (
    Accountant,
    advantage_bound,
    attack_curves,
    fit_private,
    lira_scores,
    membership_attack,
)

from ...keras.networks import network

SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
some = st.lists(st.integers(0, 9), min_size=1, max_size=20)


@given(some, some)
def test_the_area_is_the_share_of_pairs_in_order(members, others):
    got = membership_attack(members, others)
    pairs = [(m < o) + 0.5 * (m == o) for m in members for o in others]
    assert got.auc == pytest.approx(np.mean(pairs))
    assert got.true_positive[0] == got.false_positive[0] == 0 and got.true_positive[-1] == got.false_positive[-1] == 1
    best = max(np.mean(np.less_equal(members, t)) - np.mean(np.less_equal(others, t)) for t in range(-1, 10))
    assert got.advantage == pytest.approx(best)


@given(some)
def test_equal_losses_give_nothing_away(same):
    got = membership_attack(same, same)
    assert got.advantage == pytest.approx(0) and got.auc == pytest.approx(0.5)


def test_separate_losses_give_everything_away():
    got = membership_attack([0.1, 0.2], [0.5, 3.0])
    assert got.advantage == got.auc == got.true_positive_at(0.01) == 1


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_the_bound_holds_for_the_best_attack_on_a_gaussian(noise):
    """N(1, σ²) against N(0, σ²): the best advantage is 2Φ(1/2σ) - 1; (ε, δ) of the accountant must allow it."""
    import math
    best = math.erf(0.5 / noise / math.sqrt(2))
    for delta in (1e-2, 1e-5):
        assert best <= advantage_bound(Accountant().spend(1, noise).epsilon(delta), delta)


def test_the_bound_at_its_ends():
    assert advantage_bound(0) == 0 and advantage_bound(0, 0.1) == pytest.approx(0.1)
    assert advantage_bound(50) == 1 and advantage_bound(0, 1) == 1


def noisy_points(seed, n=120):
    """Labels of which only a part can be learned, so that a large network must memorise the rest."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 20)).astype(np.float32)
    return x, (x[:, 0] + rng.standard_normal(n) > 0).astype(np.int64)


def losses_of(model, x, y):
    return SPARSE(y, model.predict(x, verbose=0)).numpy()


def test_it_works_on_an_overfitted_model_and_fails_on_a_private_one():
    x, y = noisy_points(0)
    x_other, y_other = noisy_points(1)
    plain = network(64, 2, optimizer=optimizers.Adam(0.01), loss=losses.SparseCategoricalCrossentropy(from_logits=True))
    plain.fit(x, y, epochs=60, verbose=0)
    careful = network(64, 2)
    fit_private(careful, SPARSE, x, y, optimizers.Adam(0.01), epsilon=1, batch_size=30, epochs=20, seed=0)
    works = membership_attack(losses_of(plain, x, y), losses_of(plain, x_other, y_other))
    fails = membership_attack(losses_of(careful, x, y), losses_of(careful, x_other, y_other))
    assert works.auc > 0.75 and works.advantage > 0.4
    assert abs(fails.auc - 0.5) < 0.15                      # 120 against 120: a standard error of 0.037


def test_likelihood_ratios_tell_members_by_the_example_itself():
    """Losses that depend more on the example than on membership: a threshold can't tell, the ratio can; seed 0."""
    rng = np.random.default_rng(0)
    hard, was_in = rng.uniform(-4, 4, 400), rng.random((32, 400)) < 0.5
    member = rng.random(400) < 0.5
    loss = np.log1p(np.exp(-(hard + 1.0 * member + 0.3 * rng.standard_normal(400))))
    shadows = np.log1p(np.exp(-(hard + 1.0 * was_in + 0.3 * rng.standard_normal((32, 400)))))
    score = lira_scores(loss, shadows, was_in)
    threshold = membership_attack(loss[member], loss[~member])
    ratio = membership_attack(-score[member], -score[~member])
    assert ratio.auc > 0.95 > 0.7 > threshold.auc
    assert ratio.true_positive_at(0.01) > 5 * threshold.true_positive_at(0.01)


def test_the_picture_says_in_words_what_it_shows(tmp_path):
    attacks = {"sure": membership_attack([0.1, 0.2], [0.5, 3.0]), "guess": membership_attack([1.0], [1.0])}
    for log in (False, True):
        fig = attack_curves(attacks, epsilon=1.0, delta=1e-3, log=log)
        assert "sure 1.00, guess 0.50" in fig.alt
        assert viz.save(fig, tmp_path / "attack.png").stat().st_size > 2000


def test_refusals():
    with pytest.raises(ValueError, match="of members and of others"):
        membership_attack([], [1.0])
    with pytest.raises(ValueError, match="without nan"):
        membership_attack([np.nan], [1.0])
    with pytest.raises(ValueError, match="must be"):
        lira_scores(np.ones(3), np.ones((4, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="at least two"):
        lira_scores(np.ones(3), np.ones((4, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match="epsilon >= 0"):
        advantage_bound(-1)
