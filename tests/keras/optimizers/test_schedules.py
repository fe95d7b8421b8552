"""Learning-rate schedules: their formulas, their ends, and their use by an optimizer."""
import math

import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import optimizers, schedules
from minigrad.keras.optimizers.schedules import (
    Constant,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

steps = st.integers(0, 5000)
ALL = [Constant(0.1), PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1]), ExponentialDecay(0.1, 100, 0.9),
       ExponentialDecay(0.1, 100, 0.9, staircase=True), CosineDecay(0.1, 100, 0.01),
       CosineDecay(0.0, 100, 0.1, warmup_target=0.2, warmup_steps=10), OneCycle(0.1, 100),
       PolynomialDecay(0.1, 100, 0.01, 2.0), PolynomialDecay(0.1, 100, cycle=True), CosineDecayRestarts(0.1, 50)]


def test_piecewise_constant():
    f = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    assert [f(n) for n in (0, 10, 11, 20, 21, 1000)] == [1.0, 1.0, 0.5, 0.5, 0.1, 0.1]


@given(step=steps)
def test_exponential(step):
    assert ExponentialDecay(0.1, 100, 0.9)(step) == pytest.approx(0.1 * math.exp(math.log(0.9) * step / 100))
    assert ExponentialDecay(0.1, 100, 0.9, staircase=True)(step) == pytest.approx(0.1 * 0.9**math.floor(step / 100))


def test_cosine():
    f = CosineDecay(0.1, 100, alpha=0.2)
    assert [f(n) for n in (0, 50, 100, 10**6)] == pytest.approx([0.1, 0.06, 0.02, 0.02])
    f = CosineDecay(0.01, 100, alpha=0.5, warmup_target=0.1, warmup_steps=10)
    assert [f(n) for n in (0, 5, 10, 60, 110, 999)] == pytest.approx([0.01, 0.055, 0.1, 0.075, 0.05, 0.05])


def test_polynomial():
    f, again = PolynomialDecay(0.1, 100, 0.02, power=2.0), PolynomialDecay(0.1, 100, 0.02, cycle=True)
    assert [f(n) for n in (0, 50, 100, 10**6)] == pytest.approx([0.1, 0.04, 0.02, 0.02])
    assert [again(n) for n in (0, 50, 100, 101, 150, 200, 250)] == pytest.approx(
        [0.1, 0.06, 0.02, 0.02 + 0.08 * 99 / 200, 0.04, 0.02, 0.02 + 0.08 / 6])


def test_cosine_restarts():
    f = CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5, alpha=0.1)
    assert [f(n) for n in (0, 5, 10, 20, 30, 50, 70)] == pytest.approx(
        [1, 0.55, 0.5, 0.5 * 0.55, 0.25, 0.25 * 0.55, 0.125])
    even = CosineDecayRestarts(1.0, 10, t_mul=1.0)
    assert [even(n) for n in (0, 5, 10, 15, 1000)] == pytest.approx([1, 0.5, 1, 0.5, 1])
    with pytest.raises(ValueError, match="t_mul must be at least 1"):
        CosineDecayRestarts(1.0, 10, t_mul=0.5)


def test_one_cycle():
    f = OneCycle(0.1, total_steps=101, pct_start=0.5, div_factor=10, final_div_factor=100)
    peak = 0.5 * 101 - 1
    assert f(0) == pytest.approx(0.01) and f(100) == pytest.approx(0.01 / 100)
    assert f(peak) == pytest.approx(0.1) and f(peak / 2) == pytest.approx(0.055)


@given(total=st.integers(1, 300), start=st.floats(0, 1))
def test_one_cycle_stays_within_its_bounds(total, start):
    f = OneCycle(1.0, total, pct_start=start)
    rates = [f(n) for n in range(total)]
    assert all(1 / 25 / 1e4 - 1e-12 <= rate <= 1 + 1e-12 for rate in rates)
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top]) and rates[top:] == sorted(rates[top:], reverse=True)


@given(step=steps)
@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_config_round_trip(schedule, step):
    again = type(schedule).from_config(schedule.get_config())
    assert isinstance(schedule(step), float) and again(step) == schedule(step) and repr(again) == repr(schedule)


def test_get():
    assert schedules.get("constant", {"learning_rate": 0.1})(7) == 0.1
    with pytest.raises(ValueError, match="did you mean 'cosine_decay'"):
        schedules.get("cosine_deacy")


def test_an_optimizer_follows_its_schedule():
    v = mg.tensor([0.0], requires_grad=True)
    optimizer = optimizers.SGD(PiecewiseConstantDecay([1], [1.0, 0.25]))
    values = []
    for _ in range(4):
        values.append(optimizer.learning_rate)
        optimizer.apply_gradients([(mg.tensor([-1.0]), v)])
    assert values == [1.0, 1.0, 0.25, 0.25] and v.item() == 2.5
    optimizer.learning_rate = lambda step: step / 8         # any function of the step
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = 0.125
    assert optimizer.learning_rate == 0.125


@pytest.mark.parametrize("call, message", [
    (lambda: PiecewiseConstantDecay([1, 2], [1.0, 2.0]), "one more than they"),
    (lambda: PiecewiseConstantDecay([2, 1], [1.0, 2.0, 3.0]), "must increase"),
    (lambda: ExponentialDecay(0.1, 0, 0.9), "decay_steps must be a number above 0"),
    (lambda: ExponentialDecay(0.1, 10, -1), "decay_rate must be a number above 0"),
    (lambda: CosineDecay(0.1, -5), "decay_steps must be a number above 0"),
    (lambda: CosineDecay(0.1, 100, warmup_steps=5), "need a warmup_target"),
    (lambda: OneCycle(0.1, 0), "total_steps must be a number above 0"),
    (lambda: OneCycle(0.1, 10, pct_start=30), "pct_start must be in"),
])
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.peers
def test_one_cycle_is_that_of_torch():
    torch = pytest.importorskip("torch")
    for total, start in ((50, 0.3), (17, 0.5), (100, 0.05)):
        peer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        theirs = torch.optim.lr_scheduler.OneCycleLR(peer, max_lr=0.5, total_steps=total, pct_start=start)
        ours = OneCycle(0.5, total, pct_start=start)
        for n in range(total):
            assert ours(n) == pytest.approx(peer.param_groups[0]["lr"], rel=1e-9), (total, start, n)
            peer.step()
            if n < total - 1:
                theirs.step()
