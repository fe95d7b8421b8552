"""Each way of training fairer by its defining property: independence, the constraint, the reversed gradient."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import layers, losses, optimizers, testing
from minigrad.trust.fairness import (
    Adversarial,
    Constrained,
    demographic_parity_difference,
    equalized_odds_difference,
    frontier,
    reverse_gradient,
    reweigh,
    soft_gaps,
)

from ...keras.networks import network

BINARY = losses.BinaryCrossentropy(from_logits=True)


def unfair(n=2000, seed=0):
    """Labels that follow merit and, wrongly, the group; merit shows in x, and so does the group, through a proxy."""
    rng = np.random.default_rng(seed)
    group, merit = rng.integers(0, 2, n), rng.standard_normal(n)
    y = (merit + 1.2 * group - 0.6 + 0.5 * rng.standard_normal(n) > 0).astype(np.int64)
    x = np.stack([merit, group + 0.3 * rng.standard_normal(n)], axis=1).astype(np.float32)
    return x, y, group


def decisions(model, x):
    return (model.predict(x, verbose=0).reshape(-1) > 0).astype(int)


def trained(model, x, y, group, epochs=20, **fit):
    mg.seed(1)
    fair = isinstance(model, (Constrained, Adversarial))
    model.compile(optimizers.Adam(0.02), None if fair else BINARY)
    model.fit(x, {"label": y, "group": group} if fair else y[:, None].astype(np.float32), epochs=epochs, batch_size=200,
              verbose=0, **fit)
    return model


# -- reweighing ------------------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc")), min_size=1, max_size=60))
def test_reweighed_labels_are_independent_of_the_group(rows):
    y, group = map(np.array, zip(*rows))
    w = reweigh(y, group)
    everything = {(a, g) for a in y.tolist() for g in group.tolist()}
    if everything == set(zip(y.tolist(), group.tolist())):      # no combination is missing
        assert w.sum() == pytest.approx(len(y), rel=1e-5)
        for g in set(group.tolist()):
            member = group == g
            assert np.sum(w * member) == pytest.approx(np.sum(member), rel=1e-5)
            assert np.sum(w * member * y) / np.sum(w * member) == pytest.approx(np.mean(y), rel=1e-5)


def test_independent_labels_keep_weight_1():
    assert np.allclose(reweigh([0, 0, 1, 1], ["a", "b", "a", "b"]), 1)


def test_by_hand():
    """P(g = a) P(y = 1) / P(a, 1) = 3/4 · 2/4 / (1/4) = 3/2."""
    assert reweigh([1, 0, 0, 1], ["a", "a", "a", "b"])[0] == pytest.approx(1.5)


def test_reweighing_narrows_the_gap():
    x, y, group = unfair()
    plain = trained(network(8, 1), x, y, group)
    careful = trained(network(8, 1), x, y, group, sample_weight=reweigh(y, group))
    gaps = [demographic_parity_difference(decisions(m, x), group) for m in (plain, careful)]
    assert gaps[0] > 0.3 and gaps[1] < 0.7 * gaps[0], gaps


# -- the constraint --------------------------------------------------------------------------------------------------
def test_soft_gaps_are_differences_of_means_with_their_gradients():
    rng = np.random.default_rng(0)
    p, y, group = rng.random(30), rng.integers(0, 2, 30), rng.integers(0, 2, 30)
    parity, = soft_gaps(mg.tensor(p), y, group, "demographic_parity")
    assert parity.item() == pytest.approx(p[group == 1].mean() - p[group == 0].mean())
    for truth, gap in enumerate(soft_gaps(mg.tensor(p), y, group, "equalized_odds")):
        part = y == truth
        assert gap.item() == pytest.approx(p[part & (group == 1)].mean() - p[part & (group == 0)].mean())
    testing.check_gradients(lambda p: sum(soft_gaps(p, y, group, "equalized_odds")), mg.tensor(p))


def test_a_part_that_a_batch_lacks_has_no_gap():
    assert soft_gaps(mg.tensor([0.5, 0.5]), np.array([0, 1]), np.array([1, 1]), "demographic_parity") == [None]


@pytest.mark.parametrize("slack", [0.0, 0.05, 0.15])
def test_the_constraint_holds(slack):
    x, y, group = unfair()
    model = trained(Constrained(network(8, 1), slack=slack), x, y, group, epochs=60)
    p = 1 / (1 + np.exp(-model.predict(x, verbose=0).reshape(-1)))
    assert abs(p[group == 1].mean() - p[group == 0].mean()) < slack + 0.02
    assert (model.multipliers >= 0).all() and model.multipliers.max() > 0.1


def test_equalized_odds_too():
    x, y, group = unfair()
    plain = trained(network(8, 1), x, y, group)
    careful = trained(Constrained(network(8, 1), "equalized_odds", slack=0.0), x, y, group, epochs=60)
    gaps = [equalized_odds_difference(y, decisions(m, x), group) for m in (plain, careful)]
    assert gaps[0] > 0.08 and gaps[1] < 0.5 * gaps[0], gaps


def test_a_constraint_that_does_not_bind_changes_nothing():
    """Complementary slackness: where |c| < ε the multipliers stay 0 and training is the ordinary one."""
    x, y, group = unfair(400)
    plain, careful = network(4, 1), network(4, 1)
    for model in (plain, careful):
        model.build((None, 2))
    careful.set_weights(plain.get_weights())
    free = Constrained(careful, slack=1.0)
    trained(plain, x, y, group, epochs=2)
    trained(free, x, y, group, epochs=2)
    assert not free.multipliers.any()
    for a, b in zip(plain.get_weights(), careful.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_evaluating_does_not_move_the_multipliers():
    x, y, group = unfair(200)
    model = trained(Constrained(network(4, 1), slack=0.0), x, y, group, epochs=2)
    before = model.multipliers.copy()
    model.evaluate(x, {"label": y, "group": group}, verbose=0)
    assert before.any() and np.array_equal(model.multipliers, before)


# -- the adversary ---------------------------------------------------------------------------------------------------
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5), st.floats(0, 5))
def test_reverse_gradient_is_the_identity_forward_and_minus_strength_backward(values, strength):
    x = mg.tensor(np.array(values), requires_grad=True)
    y = reverse_gradient(x, strength=strength)
    assert np.array_equal(y.numpy(), x.numpy())
    (y * y).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), -strength * 2 * np.array(values))
    reverse_gradient(reverse_gradient(x)).sum().backward()          # two reversals: none
    np.testing.assert_allclose(x.grad.numpy(), 1)


def test_reverse_gradient_stays_out_of_the_table_of_derivatives():
    assert "reverse_gradient" not in mg.ops.REGISTRY
    with pytest.raises(AssertionError):
        testing.check_gradients(lambda x: reverse_gradient(x), mg.tensor([0.5]))


@pytest.mark.parametrize("criterion", ["demographic_parity", "equalized_odds"])
def test_one_backward_serves_both_sides(criterion):
    """The classifier gets ∇L_y - α ∇L_a, the adversary ∇L_a."""
    x, y, group = unfair(50)
    model = Adversarial(network(4, 1), network(4, 1, seed=1), criterion, strength=0.7)
    labels = {"label": mg.tensor(y), "group": mg.tensor(group)}
    model.compute_loss(labels, model(x)).backward()
    both = [w.grad.numpy() for w in model.trainable_weights]
    model.strength = -1.0                                           # not reversed: ∇(L_y + L_a)
    model.compute_loss(labels, model(x)).backward()
    together = [w.grad.numpy() for w in model.trainable_weights]
    mg.mean(mg.sigmoid_cross_entropy(model(x).reshape(-1), y.astype(np.float32))).backward()
    own = [w.grad.numpy() for w in model.classifier.trainable_weights]
    for got, sum_of_both, of_y in zip(both, together, own):
        np.testing.assert_allclose(got, of_y - 0.7 * (sum_of_both - of_y), rtol=1e-3, atol=1e-5)
    for got, expected in zip(both[len(own):], together[len(own):]):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_the_adversary_narrows_the_gap():
    x, y, group = unfair()
    plain = trained(network(8, 1), x, y, group, epochs=40)
    careful = trained(Adversarial(network(8, 1), network(8, 1, seed=1), strength=3.0), x, y, group, epochs=40)
    gaps = [demographic_parity_difference(decisions(m, x), group) for m in (plain, careful)]
    assert gaps[1] < 0.5 * gaps[0], gaps
    assert np.mean(decisions(careful, x) == y) > 0.6                # and it still predicts


def test_predictions_need_no_group():
    x, y, group = unfair(100)
    for model in (Constrained(network(4, 1)), Adversarial(network(4, 1), layers.Dense(1))):
        trained(model, x, y, group, epochs=1)
        assert model.predict(x, verbose=0).shape == (100, 1)


# -- the frontier ----------------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=15))
def test_the_frontier_is_what_nothing_beats(points):
    kept = frontier(*zip(*points))

    def beats(a, b):
        return a[0] <= b[0] and a[1] >= b[1] and a != b
    for i, point in enumerate(points):
        beaten = any(beats(other, point) for other in points)
        assert (i in kept) <= (not beaten)
        assert beaten or any(points[j] == point for j in kept)
    assert kept == sorted(kept, key=lambda i: points[i])


# -- refusals --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("call, words", [
    (lambda: reweigh([0, 1], ["a"]), "both must be"), (lambda: Constrained(layers.Dense(1), "x"), "criterion is"),
    (lambda: Adversarial(layers.Dense(1), layers.Dense(1), "x"), "criterion is"),
    (lambda: Constrained(layers.Dense(1), slack=-1), "slack"), (lambda: frontier([1], [1, 2]), "both be"),
    (lambda: trained(Constrained(network(4, 1)), *unfair(20)[:2], np.full(20, 2), epochs=1), "numbered 0 and 1")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
