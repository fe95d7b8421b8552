"""CartPole: the laws of mechanics, episodes that end when they should, and learning from reward alone."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.zoo.cartpole import (
    CART,
    FAR,
    FORCE,
    GRAVITY,
    HALF,
    LEAN,
    LIMIT,
    POLE,
    TICK,
    drawn,
    episodes,
    fallen,
    greedy,
    push,
    rule,
    train,
)

states = st.lists(st.tuples(*(st.floats(-s, s) for s in (2, 3, 0.2, 3))), min_size=1, max_size=4).map(np.array)


# -- mechanics -------------------------------------------------------------------------------------------------------
@given(states, st.integers(0, 1))
def test_momentum_and_torque(x, action):
    """Two laws that push() doesn't state: the momentum along the track grows by the force, and the pole turns about its
    foot as gravity and the cart's acceleration tell it (its moment of inertia there is 4/3 m l²)."""
    force, after = (FORCE if action else -FORCE), push(x, np.full(len(x), action))
    assert np.allclose(after[:, [0, 2]], x[:, [0, 2]] + TICK * x[:, [1, 3]])
    acceleration, turning = (after[:, 1] - x[:, 1]) / TICK, (after[:, 3] - x[:, 3]) / TICK
    sine, cosine = np.sin(x[:, 2]), np.cos(x[:, 2])
    along = (CART + POLE) * acceleration + POLE * HALF * (turning * cosine - x[:, 3] ** 2 * sine)
    assert np.allclose(along, force)
    assert np.allclose(4 / 3 * HALF * turning, GRAVITY * sine - acceleration * cosine)


@given(states)
def test_left_and_right_are_mirrored(x):
    assert np.allclose(push(-x, np.zeros(len(x))), -push(x, np.ones(len(x))))


@pytest.mark.peers
def test_the_same_as_gymnasium():
    env = pytest.importorskip("gymnasium").make("CartPole-v1").unwrapped
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, action = rng.uniform(-1, 1, 4) * (2.3, 2, 0.2, 2), int(rng.integers(2))
        env.reset()
        env.state = tuple(x)
        theirs, _, ended, _, _ = env.step(action)
        mine = push(x[None], [action])
        assert np.allclose(mine[0], theirs, atol=1e-6) and fallen(mine)[0] == ended


# -- episodes --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("choose", [rule, lambda s, rng: rng.integers(0, 2, len(s)), lambda s, rng: np.ones(len(s))])
def test_episodes_end_when_the_pole_falls_and_not_before(choose):
    played = episodes(choose, 20, seed=3)
    T, n = played.alive.shape
    assert played.states.shape == (T, n, 4) and T <= LIMIT and played.alive[0].all()
    for k, length in enumerate(played.lengths):
        assert played.alive[:length, k].all() and not played.alive[length:, k].any()
        own = played.states[:length, k]
        assert (np.abs(own[:, 0]) <= FAR).all() and (np.abs(own[:, 2]) <= LEAN).all()
        last = push(own[-1:], played.actions[length - 1:length, k])
        assert length == LIMIT or fallen(last)[0]
        assert np.allclose(push(own[:-1], played.actions[:length - 1, k]), own[1:])


def test_a_seed_repeats_an_episode():
    first, again, other = (episodes(rule, 3, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.states, again.states) and not np.array_equal(first.states[0], other.states[0])


def test_chance_falls_soon_and_the_rule_of_two_terms_does_not():
    assert episodes(lambda s, rng: rng.integers(0, 2, len(s)), 100, seed=1).lengths.mean() < 30
    assert episodes(rule, 100, seed=1).lengths.mean() > 480


# -- learning --------------------------------------------------------------------------------------------------------
def network(seed):
    mg.seed(seed)
    model = mg.models.Sequential([mg.layers.Dense(32, "tanh"), mg.layers.Dense(2)])
    model(np.zeros((1, 4), np.float32))
    return model


def test_actions_are_drawn_with_the_models_probabilities():
    model, states = network(0), np.random.default_rng(0).normal(size=(3, 4))
    p = mg.softmax(model(states.astype(np.float32))).numpy()[:, 1]
    shares = np.mean([drawn(model)(states, np.random.default_rng(k)) for k in range(3000)], axis=0)
    assert shares == pytest.approx(p, abs=0.05)
    assert greedy(model)(states, None).tolist() == (p > 0.5).astype(int).tolist()


@pytest.mark.parametrize("baseline", [True, False])
def test_it_learns_to_balance(baseline):
    """In less than 80 iterations of 16 episodes, from reward alone, with a baseline and without."""
    model = network(1)
    lengths = train(model, iterations=80, baseline=baseline, seed=1, enough=475)
    assert lengths.shape[1] == 16 and lengths[0].mean() < 60, f"seed 1: {lengths.mean(axis=1)}"
    assert lengths[-1].mean() >= 475, f"seed 1: {lengths.mean(axis=1)}"
    assert episodes(greedy(model), 50, seed=9).lengths.mean() > 400


def test_without_steps_nothing_changes_and_the_same_seed_learns_the_same():
    model, before = network(0), network(0).get_weights()
    assert train(model, iterations=3, enough=1).shape == (1, 16)
    assert all(map(np.array_equal, model.get_weights(), before))
    first, again = (train(network(0), iterations=3, seed=5) for _ in range(2))
    assert np.array_equal(first, again)
