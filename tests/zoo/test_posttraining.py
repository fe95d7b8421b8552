"""The losses of post-training against loops over tokens in plain Python; what their gradients do."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.zoo.posttraining import (
    dpo_loss,
    group_advantages,
    grpo_loss,
    log_probabilities,
    of_answers,
    policy_gradient_loss,
    returns,
    sft_loss,
)

seeds, few = st.integers(0, 9999), st.integers(1, 4)


def drawn(seed, rows, places):
    """(log p, mask) (rows, places), with an answer in each row."""
    rng = np.random.default_rng(seed)
    mask = rng.random((rows, places)) < 0.6
    mask[np.arange(rows), rng.integers(0, places, rows)] = True
    return -rng.exponential(1, (rows, places)), mask.astype(float)


def leaf(array):
    return mg.tensor(array, requires_grad=True)


# -- examples and preferences ------------------------------------------------------------------------------------------
@given(seeds, few, few, st.integers(2, 5))
def test_log_probabilities_and_sft(seed, rows, places, vocab):
    rng = np.random.default_rng(seed)
    logits, targets = rng.standard_normal((rows, places, vocab)), rng.integers(0, vocab, (rows, places))
    mask = drawn(seed, rows, places)[1]
    total = count = 0
    for b in range(rows):
        of_answer = 0
        for t in range(places):
            log_p = logits[b, t, targets[b, t]] - math.log(sum(math.exp(z) for z in logits[b, t]))
            of_answer += mask[b, t] * log_p
            total, count = total - mask[b, t] * log_p, count + mask[b, t]
        got = of_answers(log_probabilities(mg.tensor(logits), targets), mask).numpy()[b]
        assert got == pytest.approx(of_answer)
    loss = sft_loss(log_probabilities(mg.tensor(logits), targets), mask)
    assert loss.item() == pytest.approx(total / count)


@given(seeds, few, st.floats(0.01, 5))
def test_dpo(seed, n, beta):
    c, r, c0, r0 = np.random.default_rng(seed).normal(0, 3, (4, n))
    expected = np.mean([-math.log(1 / (1 + math.exp(-beta * ((c[i] - c0[i]) - (r[i] - r0[i]))))) for i in range(n)])
    chosen, rejected = leaf(c), leaf(r)
    loss = dpo_loss(chosen, rejected, c0, r0, beta)
    assert loss.item() == pytest.approx(expected)
    loss.backward()                         # pushes the two apart, and by equal amounts: no one's own height matters
    assert (chosen.grad.numpy() < 0).all() and np.allclose(chosen.grad.numpy(), -rejected.grad.numpy())


def test_dpo_at_the_start_is_ln_2_and_large_margins_do_not_overflow():
    x = np.array([-3.0, -40.0])
    assert dpo_loss(leaf(x), leaf(x), x, x).item() == pytest.approx(math.log(2))
    assert dpo_loss(leaf(x - 1e5), leaf(x), x, x, beta=1.0).item() == pytest.approx(1e5)


# -- rewards -----------------------------------------------------------------------------------------------------------
@given(seeds, few, few, st.floats(0, 1))
def test_returns(seed, rows, steps, discount):
    rewards = np.random.default_rng(seed).normal(size=(rows, steps))
    for b in range(rows):
        for t in range(steps):
            expected = sum(discount ** (k - t) * rewards[b, k] for k in range(t, steps))
            assert returns(rewards, discount)[b, t] == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=3, max_size=3), min_size=1, max_size=4))
def test_group_advantages(rewards):
    for group, got in zip(rewards, group_advantages(rewards)):
        mean, std = sum(group) / 3, math.sqrt(sum((r - sum(group) / 3) ** 2 for r in group) / 3)
        assert got == pytest.approx([(r - mean) / (std + 1e-6) for r in group], abs=1e-6)
        assert len(set(group)) > 1 or not got.any()


def test_the_policy_gradient_is_that_of_the_mean_reward():
    """Over all actions, each weighted by its probability, it is exact, whatever the baseline."""
    z, rewards = np.array([0.3, -1.0, 0.5]), np.array([1.0, -2.0, 4.0])
    exact = leaf(z)
    (mg.softmax(exact) * rewards).sum().backward()
    p = mg.softmax(z)
    for baseline in (0.0, 10.0):
        estimate = leaf(z)
        loss = policy_gradient_loss(mg.log_softmax(estimate), 3 * p * (rewards - baseline))     # 3: the mean of three
        loss.backward()
        assert np.allclose(estimate.grad.numpy(), -exact.grad.numpy())


@given(seeds, few, few, st.floats(0.05, 0.5), st.floats(0, 1))
def test_grpo(seed, rows, places, clip, beta):
    rng = np.random.default_rng(seed)
    log_p, mask = drawn(seed, rows, places)
    old, start = (log_p + rng.normal(0, 0.4, log_p.shape) for _ in range(2))
    advantages, total = rng.standard_normal(rows), 0.0
    for b in range(rows):
        mean = 0.0
        for t in range(places):
            if mask[b, t]:
                q, back = math.exp(log_p[b, t] - old[b, t]), math.exp(start[b, t] - log_p[b, t])
                gain = min(q * advantages[b], min(max(q, 1 - clip), 1 + clip) * advantages[b])
                mean += gain - beta * (back - math.log(back) - 1)
        total -= mean / mask[b].sum() / rows
    assert grpo_loss(leaf(log_p), old, start, advantages, mask, clip, beta).item() == pytest.approx(total)


def test_grpo_on_fresh_answers_has_the_gradient_of_reinforce():
    log_p, mask = drawn(1, 3, 4)
    advantages, mine, plain = np.array([1.0, -0.5, 2.0]), leaf(log_p), leaf(log_p)
    grpo_loss(mine, log_p, log_p, advantages, mask).backward()
    policy_gradient_loss((plain * mask).sum(axis=1) / mask.sum(axis=1), advantages).backward()
    assert np.allclose(mine.grad.numpy(), plain.grad.numpy())


def test_grpo_pushes_no_further_than_the_clip_and_minds_no_padding():
    log_p = np.log([[0.9, 0.5]])
    x = leaf(log_p)
    grpo_loss(x, np.log([[0.5, 0.5]]), log_p, [1.0], [[1, 1]], beta=0.0).backward()
    assert x.grad.numpy()[0, 0] == 0 and x.grad.numpy()[0, 1] < 0      # the first is already 1.8 times as likely
    x = leaf(np.array([[-1.0, 800.0]]))
    loss = grpo_loss(x, np.array([[-1.0, -800.0]]), np.array([[-1.0, 0.0]]), [1.0], [[1, 0]])
    loss.backward()
    assert np.isfinite(loss.item()) and np.isfinite(x.grad.numpy()).all() and x.grad.numpy()[0, 1] == 0


@pytest.mark.parametrize("mask", [np.ones((2, 2)), np.array([[1, 0, 1], [0, 0, 0]]), np.ones(3),
                                  np.array([[1, 0, 1], [0, 0, -1]])])
def test_a_mask_that_does_not_fit_is_refused(mask):
    for loss in (lambda: sft_loss(leaf(np.zeros((2, 3))), mask), lambda: of_answers(leaf(np.zeros((2, 3))), mask)):
        with pytest.raises(ValueError, match="mask must"):
            loss()


# all of these would be stretched, or come to nan, unnoticed
@pytest.mark.parametrize(("call", "words"), [
    (lambda x, two: dpo_loss(two, two, [[-1.0], [-1.0]], [-1.0, -1.0]), "chosen_start must have the shape"),
    (lambda x, two: dpo_loss(two, two, [-1.0], [-1.0, -1.0]), "chosen_start must have the shape"),
    (lambda x, two: dpo_loss(two, two, [-1.0, -1.0], [-1.0, -1.0], beta=-0.1), "beta must be"),
    (lambda x, two: policy_gradient_loss(two, [[1.0], [2.0]]), "advantages must have the shape"),
    (lambda x, two: policy_gradient_loss(leaf(np.zeros(0)), []), "advantages must .* one answer at least"),
    (lambda x, two: grpo_loss(x, x.numpy(), x.numpy(), [[1.0], [2.0]], np.ones((2, 3))), "advantages must have"),
    (lambda x, two: grpo_loss(x, x.numpy()[:1], x.numpy(), [1.0, 2.0], np.ones((2, 3))), "old must have the shape"),
    (lambda x, two: grpo_loss(x, x.numpy(), x.numpy(), [1.0, 2.0], np.ones((2, 3)), clip=-0.2), "clip must be"),
    (lambda x, two: sft_loss(leaf(np.zeros((0, 3))), np.ones((0, 3))), "mask must .* one answer at least"),
    (lambda x, two: group_advantages([[1.0, math.nan]]), "finite"), (lambda x, two: returns(3.0), "finite"),
    (lambda x, two: group_advantages(np.zeros((2, 0))), "n above 0")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call(leaf(-np.ones((2, 3))), leaf(-np.ones(2)))
