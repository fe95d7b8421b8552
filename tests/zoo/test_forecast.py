"""Forecasts of share prices: none sees the future, baselines are their formulas, tests and costs are what they say."""
import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad import corpora
from minigrad.data import fetch
from minigrad.zoo import forecast as f

seeds = st.integers(0, 2**32 - 1)
fetched = pytest.mark.skipif(not fetch.folder_of("prices").is_dir(), reason="needs data: minigrad data fetch prices")
quick = {"epochs": 1, "every": 400}


def made_up(seed=0, days=1400, shares=2):
    """Days of a market whose variance comes in waves, (Taylor 1986): ln v follows an AR(1); one share comes later."""
    rng = np.random.default_rng(seed)
    h = np.zeros((days, shares))
    for t in range(1, days):
        h[t] = 0.95 * h[t - 1] + 0.3 * rng.normal(size=shares)
    r = np.exp(h / 2) * rng.normal(size=h.shape)
    v = np.exp(h) * rng.gamma(4, 0.25, size=h.shape)
    r[:300, -1] = v[:300, -1] = np.nan
    return f.Days(np.datetime64("2000-01-01") + np.arange(days), r, v)


DAYS = made_up()
FORECASTS = {"yesterday": f.yesterday, "ewma": f.ewma, "ar": f.ar, "har": f.har,
             "neural": partial(f.neural, **quick), "ar_return": f.ar_return, "share_of_ups": f.share_of_ups,
             "probability_up": partial(f.probability_up, **quick)}


# -- no look-ahead ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FORECASTS)
def test_no_forecast_sees_the_future(name):
    for day in (1000, 1001, 1200, 1390):
        assert not f.sees_the_future(FORECASTS[name], DAYS, day, seed=day)


@pytest.mark.parametrize("name", FORECASTS)
def test_every_forecast_sees_the_past(name):
    """Otherwise the test above would be of nothing: yesterday's change reaches the forecast."""
    forecast = FORECASTS[name]
    other = f.Days(DAYS.dates, DAYS.returns.copy(), DAYS.variance.copy())
    other.returns[1200], other.variance[1200] = -3 * np.sign(DAYS.returns[1200]), 9.0
    assert (forecast(DAYS)[1201] != forecast(other)[1201]).all()


def centred_mean(days):
    return sum(days.variance[10 + k:len(days.variance) - 10 + k] for k in range(-10, 11)) / 21


LEAKS = {
    "today": lambda days: days.variance,
    "the sign of today": lambda days: f.yesterday(days) * np.where(days.returns > 0, 1.1, 0.9),
    "standardised by all days": lambda days: f.yesterday(days) / np.nanmean(days.variance, axis=0),
    "scaled by the largest of all": lambda days: f.before(days.returns, 1) / np.nanmax(np.abs(days.returns)),
    "a centred mean": lambda days: np.pad(centred_mean(days), ((10, 10), (0, 0))),
    "trained on all days": lambda days: 0 * f.yesterday(days) + f.least_squares(
        f.before(days.returns, 1)[301:], days.returns[301:, 0])(f.before(days.returns, 1))[:, None],
    "trained one day too far": lambda days: f.walk_forward(
        f.least_squares, f.before(days.returns, 1)[..., None], np.concatenate([days.returns[1:], days.returns[:1]])),
}


@pytest.mark.parametrize("name", LEAKS)
def test_look_ahead_is_noticed(name):
    assert f.sees_the_future(LEAKS[name], DAYS, 1000 if name.startswith("trained one") else 1200)


def test_means_are_of_the_days_before():
    series = np.random.default_rng(0).normal(size=(40, 3))
    for span in (1, 5, 22):
        mean = f.mean_before(series, span)
        assert np.isnan(mean[:span]).all()
        assert all(np.allclose(mean[t], series[t - span:t].mean(0)) for t in range(span, 40))
    assert np.isnan(f.before(series, 2)[:2]).all() and np.array_equal(f.before(series, 2)[2:], series[:-2])


@given(st.integers(2, 30), st.integers(1, 10), seeds)
def test_walking_forward_trains_on_days_before_the_block_alone(first, every, seed):
    rng = np.random.default_rng(seed)
    day = np.arange(40.0)[:, None] + np.zeros((40, 2))
    x = np.where(rng.random((40, 2, 1)) < 0.2, np.nan, day[..., None])

    def train(x, y):
        assert np.array_equal(x[:, 0], y), f"seed {seed}"
        return lambda later: np.full(len(later), y.max())
    if not np.isfinite(x[:first]).any():
        return
    got = f.walk_forward(train, x, day, first, every)
    assert np.isnan(got[:first]).all() and np.array_equal(np.isnan(got[first:]), np.isnan(x[first:, :, 0]))
    for start in range(first, 40, every):
        block = got[start:start + every]
        assert (block[np.isfinite(block)] == np.nanmax(x[:start])).all(), f"seed {seed}"


# -- models ----------------------------------------------------------------------------------------------------------
def test_ewma_is_its_sum():
    """σ²ₜ = (1 - λ) Σₖ λᵏ r²ₜ₋₁₋ₖ + λᵗ⁻¹ r²₀."""
    r = np.random.default_rng(0).normal(size=(50, 1))
    days = f.Days(None, r, r)
    for t in (1, 2, 49):
        weights = 0.06 * 0.94 ** np.arange(t - 1)
        assert np.isclose(f.ewma(days)[t, 0], weights @ (r[1:t, 0] ** 2)[::-1] + 0.94 ** (t - 1) * r[0, 0] ** 2)


def test_an_autoregression_is_found():
    rng = np.random.default_rng(0)
    r = np.zeros((6000, 1))
    for t in range(2, 6000):
        r[t] = 0.1 + 0.4 * r[t - 1] - 0.3 * r[t - 2] + rng.normal()
    got = f.ar_return(f.Days(None, r, r ** 2), order=2, every=10_000)
    truth = 0.1 + 0.4 * f.before(r, 1) - 0.3 * f.before(r, 2)
    assert np.abs(got - truth)[1000:].max() < 0.35 and np.corrcoef(got[1000:, 0], truth[1000:, 0])[0, 1] > 0.99


def test_har_is_least_squares_on_day_week_and_month():
    v = np.log(DAYS.variance)
    x = np.array([[np.ones(2), v[t - 1], v[t - 5:t].mean(0), v[t - 22:t].mean(0)] for t in range(322, 1001)])
    rows, target = x[:-1].transpose(0, 2, 1).reshape(-1, 4), v[322:1000].reshape(-1)
    early = np.array([[1, v[t - 1, 0], v[t - 5:t, 0].mean(), v[t - 22:t, 0].mean()] for t in range(22, 322)])
    rows, target = np.concatenate([rows, early]), np.concatenate([target, v[22:322, 0]])
    w = np.linalg.lstsq(rows, target, rcond=None)[0]
    expected = np.exp(x[-1].T @ w + (target - rows @ w).var() / 2)
    assert np.allclose(f.har(DAYS)[1000], expected)


def test_waves_of_variance_are_forecast():
    """On a made-up market where there is something to see, the models see it, and nothing in its direction."""
    def mean_loss(forecast):
        loss = f.qlike(DAYS.variance, forecast)[1000:]
        return loss[np.isfinite(loss)].mean()
    flat = mean_loss(np.full(DAYS.variance.shape, np.nanmean(DAYS.variance[:1000])))
    net = f.neural(DAYS, (8,), every=400, epochs=30)
    assert mean_loss(f.har(DAYS)) < mean_loss(f.ewma(DAYS)) < flat and mean_loss(net) < 0.7 * flat
    up = f.probability_up(DAYS, every=400)[1000:]
    assert abs(((up > 0.5) == (DAYS.returns[1000:] > 0)).mean() - 0.5) < 0.08


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_qlike_is_least_at_the_truth(v, forecast):
    assert f.qlike(v, v) == 0 and f.qlike(v, forecast) >= -1e-12


def test_the_best_constant_forecast_is_the_mean():
    """What makes a noisy v fair: qlike and `gaussian` have their lowest mean at the mean of v."""
    import minigrad as mg
    v = np.random.default_rng(0).exponential(3, 5000)
    tried = v.mean() * np.array([0.9, 0.97, 1, 1.03, 1.1])
    for losses in ([f.qlike(v, c).mean() for c in tried],
                   [f.gaussian(mg.tensor(v), mg.tensor(math.log(c))).mean().item() for c in tried]):
        assert np.argmin(losses) == 2


# -- which is better? ------------------------------------------------------------------------------------------------
@given(seeds, st.integers(10, 300))
def test_diebold_mariano_is_its_formula(seed, n):
    rng = np.random.default_rng(seed)
    a, b = rng.exponential(size=(2, n))
    d, last = a - b, math.floor(4 * (n / 100) ** (2 / 9))
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    total = (np.maximum(0, 1 - apart / (last + 1)) * np.outer(d - d.mean(), d - d.mean())).sum()
    statistic, p = f.diebold_mariano(a, b)
    assert np.isclose(statistic, d.mean() / math.sqrt(total / n ** 2)), f"seed {seed}"
    assert np.allclose(f.diebold_mariano(b, a), (-statistic, p)) and 0 <= p <= 1


def test_equal_forecasts_are_told_apart_as_often_as_p_says():
    """With losses that hang together over days, as in markets: the 5 % level is wrong in about 5 of 100 cases."""
    wrong = 0
    for seed in range(300):
        e = np.random.default_rng(seed).normal(size=1003)
        d = e[:-3] + 0.5 * e[1:-2] + 0.5 * e[2:-1] + 0.5 * e[3:]
        wrong += f.diebold_mariano(d, np.zeros(1000))[1] < 0.05
    assert 6 <= wrong <= 33, wrong


def test_days_without_a_forecast_are_left_out():
    a, b = np.random.default_rng(0).exponential(size=(2, 100, 2))
    late = a.copy()
    late[:30] = np.nan
    assert f.diebold_mariano(late, b) == f.diebold_mariano(a[30:], b[30:])
    one = a.copy()
    one[:, 1] = np.nan
    assert f.diebold_mariano(one, b) == f.diebold_mariano(a[:, 0], b[:, 0])
    assert f.diebold_mariano(a, a) == (0, 1) and f.diebold_mariano(np.ones(20), np.zeros(20)) == (math.inf, 0)


# -- trading ---------------------------------------------------------------------------------------------------------
def test_trade_by_hand():
    """Bought at 100, sold at 110, sold short, bought back 20 % lower; 10 basis points for each 100 traded."""
    returns = 100 * np.log(np.array([[1.1], [0.8], [1.5]]))
    position = np.array([[1.0], [-1.0], [0.0]])
    assert np.allclose(f.trade(position, returns), [10, 20, 0])
    assert np.allclose(f.turnover(position)[:, 0], [1, 2, 1])
    assert np.allclose(f.trade(position, returns, 10), [9.9, 19.8, -0.1])


@given(seeds, st.floats(0, 100))
def test_costs_are_in_proportion_and_nan_is_no_position(seed, cost):
    rng = np.random.default_rng(seed)
    position, returns = rng.integers(-1, 2, (2, 30, 3)).astype(float)
    free = f.trade(position, returns)
    paid = f.turnover(position).mean(1) * cost / 100
    assert np.allclose(free - f.trade(position, returns, cost), paid), f"seed {seed}"
    missing = np.where(position == 0, np.nan, position)
    assert np.array_equal(f.trade(missing, returns), free)


def test_sharpe():
    """0.05 % a day with a spread of 1 %: 0.79 a year; its error over 4 years is 0.50."""
    earned = 0.05 + np.tile([1.0, -1.0], 504)
    ratio, error = f.sharpe(earned)
    assert np.isclose(ratio, 0.05 * math.sqrt(252)) and np.isclose(error, 0.5, atol=0.01)


# -- the real prices -------------------------------------------------------------------------------------------------
def test_days_from_prices_by_hand():
    """Two shares, one a day later; a split in two over night moves nothing."""
    dates = np.array(["2000-01-03", "2000-01-04", "2000-01-05"], "datetime64[D]")
    opened, high, low, close = np.array([[10, 10, 5.5], [10, 11, 6], [10, 10, 5], [10, 10, 5.5]])
    a = corpora.Prices(dates, opened, high, low, close, np.array([1, 1, 1]), np.array([5.0, 5.0, 5.5]))
    b = corpora.Prices(*(column[1:] for column in a))
    days = f.daily({"A": a, "B": b}, ("A", "B"))
    assert np.array_equal(days.dates, dates) and np.isnan(days.returns[0]).all() and np.isnan(days.returns[1, 1])
    assert np.allclose(days.returns[1:, 0], [0, 100 * math.log(1.1)])
    ranges = [(100 * math.log(x)) ** 2 / (4 * math.log(2)) for x in (1.1, 1.2)]
    assert np.allclose(days.variance[1:, 0], [ranges[0], (100 * math.log(1.1)) ** 2 + ranges[1]])


@fetched
def test_the_variance_of_real_days_is_that_of_returns():
    days = f.daily(corpora.prices())
    assert days.returns.shape == (3270, 4) and str(days.dates[-1]) == "2013-03-01"
    ratio = np.nanmean(days.variance, axis=0) / np.nanmean(days.returns ** 2, axis=0)
    assert ((0.9 < ratio) & (ratio < 1.1)).all(), ratio


@fetched
def test_real_variance_is_forecast_better_than_by_the_baselines():
    days = f.daily(corpora.prices())
    loss = {name: f.qlike(days.variance, forecast(days))[f.FIRST:]
            for name, forecast in (("yesterday", f.yesterday), ("ewma", f.ewma), ("har", f.har))}
    mean = {name: np.nanmean(of) for name, of in loss.items()}
    assert mean["har"] < mean["ewma"] < mean["yesterday"]
    statistic, p = f.diebold_mariano(loss["har"], loss["ewma"])
    assert statistic < 0 and p < 1e-6


@fetched
@pytest.mark.parametrize("name", ["har", "ar_return", "neural"])
def test_no_look_ahead_on_real_days(name):
    assert not f.sees_the_future(FORECASTS[name], f.daily(corpora.prices()), 2200)


@pytest.mark.parametrize("call, words", [
    (lambda: f.diebold_mariano(np.ones(5), np.zeros(5)), "5 days .* are too few"),
    (lambda: f.walk_forward(f.least_squares, np.full((9, 1, 1), np.nan), np.ones((9, 1)), 5), "none of the 5 days"),
])
def test_errors_say_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()
