"""Share prices: what of tomorrow can be predicted from the past?  How far they move: much.  Where to: nothing seen.

    days = daily(corpora.prices())
    forecast = har(days)                        # tomorrow's variance, for each day from the days before it alone
    sees_the_future(har, days, 2000)            # False: with other days from 2000 on, the same until then
    diebold_mariano(qlike(days.variance, forecast), qlike(days.variance, ewma(days)))

Arrays are (T, S), days by shares; row t of a forecast is for day t and may use days before t.  nan: not traded yet.
Returns are in percent, variances in percent squared per day.
"""
import math
from typing import NamedTuple

import numpy as np

import minigrad as mg

from ..data.loading import standardize
from ..keras import layers
from ..keras.optimizers import Adam
from ..keras.optimizers.schedules import CosineDecay
from ..keras.regularizers import L2
from ..support.arguments import some

SHARES = "AAPL", "GOOG", "IBM", "MSFT"  # FB has been traded for 196 days only
FIRST, YEAR = 1000, 252                 # forecasts begin after so many days, four years; trading days in a year


# -- days ------------------------------------------------------------------------------------------------------------
class Days(NamedTuple):
    """What happened on T days to S shares."""
    dates: np.ndarray       # (T,) datetime64[D]
    returns: np.ndarray     # (T, S) percent: 100 ln(close / close the day before), corrected for splits and dividends
    variance: np.ndarray    # (T, S) percent²: how much the price moved in the day, see `daily`


def daily(prices, shares=SHARES):
    """Days of these shares, of {symbol: corpora.Prices}.  A day's variance, of the night before and the day's range:

        v = (ln open/close₋₁)² + (ln high/low)² / (4 ln 2)

    The mean of v is that of the squared return, but v is much less a matter of chance.  (Parkinson 1980)
    """
    dates = np.unique(np.concatenate([prices[share].date for share in shares]))
    returns, variance = np.full((2, len(dates), len(shares)), np.nan)
    for s, share in enumerate(shares):
        p = prices[share]
        rows = np.searchsorted(dates, p.date)[1:]
        adjusted_open = p.open * p.adjusted_close / p.close
        returns[rows, s] = 100 * np.diff(np.log(p.adjusted_close))
        night = 100 * np.log(adjusted_open[1:] / p.adjusted_close[:-1])
        variance[rows, s] = night ** 2 + (100 * np.log(p.high / p.low)[1:]) ** 2 / (4 * math.log(2))
    return Days(dates, returns, np.maximum(variance, 1e-4))     # a price that stood still: 0 has no logarithm


def mean_before(series, span):
    """The mean of the `span` days before day t, (T, S) -> (T, S); nan for the first ones."""
    out = np.full(series.shape, np.nan)
    out[span:] = np.lib.stride_tricks.sliding_window_view(series, span, axis=0)[:-1].mean(axis=-1)
    return out


def before(series, lag):
    """Day t - lag: (T, S) -> (T, S)."""
    return np.concatenate([np.full((lag, *series.shape[1:]), np.nan), series[:-lag]])


def usual(days):
    """The size of a usual return, √ of the mean variance of the 22 days before: (T, S) percent."""
    return np.sqrt(mean_before(days.variance, 22))


# -- walking forward -------------------------------------------------------------------------------------------------
def walk_forward(train, x, y, first=FIRST, every=YEAR):
    """Forecasts (T, S) by models that are trained anew every so many days, each on all days before its own.

    train       a function (x (n, features), y (n,)) -> predict, itself a function x -> (n,); shares are put together
    x (T, S, features)      row t must be known *before* day t;  y (T, S): what is forecast.  Rows with nan are left out
    """
    if len(y) <= first:
        raise ValueError(f"walk_forward: {len(y)} days leave none to forecast after the first {first}")
    out = np.full(y.shape, np.nan)
    known = np.isfinite(x).all(axis=-1)
    for start in range(first, len(y), every):
        rows = known[:start] & np.isfinite(y[:start])
        if not rows.any():
            raise ValueError(f"walk_forward: on none of the {start} days before the first forecast is everything known")
        predict = train(x[:start][rows], y[:start][rows])
        block = slice(start, start + every)
        out[block][known[block]] = predict(x[block][known[block]])
    return out


def sees_the_future(forecast, days, day, seed=0):
    """Whether forecast(days) (T, S) up to `day` changes if the days from `day` on are exchanged for others: look-ahead.

    The others are the same ones shuffled, and doubled: shuffling alone leaves the mean and the spread of the whole, and
    who standardises by these would go unnoticed.  A change within the rounding of float32 is none.
    """
    rows = np.arange(len(days.dates))
    np.random.default_rng(seed).shuffle(rows[day:])
    twice = np.where(np.arange(len(rows)) < day, 1.0, 2.0)[:, None]
    other = Days(days.dates, days.returns[rows] * twice, days.variance[rows] * twice)
    return not np.allclose(forecast(days)[:day + 1], forecast(other)[:day + 1], rtol=1e-6, atol=1e-7, equal_nan=True)


# -- models ----------------------------------------------------------------------------------------------------------
def least_squares(x, y):
    """Regression: y = x·w + b with the smallest Σ residual²: a function x -> (n,); its .residual is their std."""
    w, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(some("least_squares: rows", x)))]), y, rcond=None)

    def predict(x):
        return x @ w[:-1] + w[-1]
    predict.residual = float(np.std(y - predict(x)))
    return predict


def network(loss, hidden=(16,), epochs=20, rate=0.02, penalty=1e-3, batch_size=256, seed=0):
    """A train for `walk_forward`: tanh layers on standardised columns, Adam with a rate that falls to 0, an L2 penalty.

    loss        a function (y, output) -> a value per row, both (n, 1) tensors.  Without hidden layers it is linear.
    """
    def train(x, y):
        z, mean, std = standardize(x.astype(np.float32))
        mg.seed(seed)
        decay = L2(penalty)
        model = mg.keras.Sequential([*(layers.Dense(n, activation="tanh", kernel_regularizer=decay) for n in hidden),
                                     layers.Dense(1, kernel_regularizer=decay, kernel_initializer="zeros")])
        model.compile(Adam(CosineDecay(rate, epochs * -(-len(z) // batch_size))), loss)
        model.fit(z, y[:, None].astype(np.float32), batch_size=batch_size, epochs=epochs, verbose=0)

        def predict(x):
            return model.predict((x.astype(np.float32) - mean) / std, batch_size=4096, verbose=0)[:, 0].astype(float)
        return predict
    return train


# -- how much: forecasts of the variance -----------------------------------------------------------------------------
def yesterday(days):
    """σ²ₜ = vₜ₋₁: it stays as it was."""
    return before(days.variance, 1)


def ewma(days, decay=0.94):
    """σ²ₜ = λ σ²ₜ₋₁ + (1 - λ) r²ₜ₋₁, an exponentially weighted mean of squared returns. (RiskMetrics 1996: λ = 0.94)"""
    return exponential_mean(days.returns ** 2, decay)


def exponential_mean(series, decay=0.94):
    """mₜ = λ mₜ₋₁ + (1 - λ) sₜ₋₁, begun with the first s: (T, S) -> (T, S)."""
    out = np.full(series.shape, np.nan)
    for t in range(1, len(series)):
        out[t] = np.where(np.isnan(out[t - 1]), series[t - 1], decay * out[t - 1] + (1 - decay) * series[t - 1])
    return out


def log_normal(x, y):
    """Least squares on ln y; the mean of exp(normal) is exp(mean + variance / 2)."""
    predict = least_squares(x, np.log(y))
    return lambda x: np.exp(predict(x) + predict.residual ** 2 / 2)


def ar(days, order=5, every=YEAR):
    """ln vₜ = b + Σ aₖ ln vₜ₋ₖ, k = 1 ... order: an autoregression, by least squares on the days before."""
    v = np.log(days.variance)
    x = np.stack([before(v, k) for k in range(1, order + 1)], axis=-1)
    return walk_forward(log_normal, x, days.variance, every=every)


def heterogeneous(days):
    """(T, S, 3): the means of ln v over the last day, week (5 days) and month (22)."""
    return np.stack([mean_before(np.log(days.variance), span) for span in (1, 5, 22)], axis=-1)


def har(days, every=YEAR):
    """ln vₜ = b + d · (day before) + w · (mean of 5) + m · (mean of 22), by least squares.

    The heterogeneous autoregression: traders look back over a day, a week, a month.  (Corsi 2009)
    """
    return walk_forward(log_normal, heterogeneous(days), days.variance, every=every)


def gaussian(v, h):
    """h + v exp(-h): minus twice the log likelihood of a return with r² = v, if h is the logarithm of its variance.

    Its mean has the same lowest point as that of `qlike`.
    """
    return h + v * mg.exp(-h)


def neural(days, hidden=(16,), every=YEAR, **options):
    """A network's exp(output): HAR's inputs, yesterday's return and fall, and the mean of ln v of all shares yesterday.

    After a fall prices move more than after a rise.  (the leverage effect: Black 1976)
    """
    r, v = before(days.returns, 1) / usual(days), before(np.log(days.variance), 1)
    known = np.isfinite(v)
    market = np.where(known, v, 0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    more = np.stack([np.clip(r, -5, 5), np.clip(r, -5, 0), market + 0 * v], axis=-1)
    x = np.concatenate([heterogeneous(days), more], axis=-1)
    return np.exp(walk_forward(network(gaussian, hidden, **options), x, days.variance, every=every))


def qlike(v, forecast):
    """v/σ² - ln(v/σ²) - 1: 0 if the forecast σ² is right, and a true mean has the least loss though v is noisy.

    (Patton 2011: among common losses only this one and the squared error judge rightly by a noisy v)
    """
    return v / forecast - np.log(v / forecast) - 1


# -- where to: the direction of tomorrow's return --------------------------------------------------------------------
def ar_return(days, order=5, every=YEAR):
    """rₜ = b + Σ aₖ rₜ₋ₖ, k = 1 ... order, by least squares: a forecast of the return, in percent."""
    x = np.stack([before(days.returns, k) for k in range(1, order + 1)], axis=-1)
    return walk_forward(least_squares, x, days.returns, every=every)


def share_of_ups(days):
    """The part of all days before, of all shares, on which the price rose, (T, S): the guess of who sees no pattern."""
    up, known = np.where(days.returns > 0, 1, 0).sum(axis=1), np.isfinite(days.returns).sum(axis=1)
    share = np.append(np.nan, (up.cumsum() / np.maximum(known.cumsum(), 1))[:-1])
    return np.where(np.arange(len(up)) >= FIRST, share, np.nan)[:, None] + 0 * before(days.returns, 1)


def probability_up(days, hidden=(16,), every=YEAR, **options):
    """Probability that the return is positive: by a network that knows the last 5, the mean of 22, and variance."""
    scale = usual(days)
    x = np.stack([*(np.clip(before(days.returns, k) / scale, -5, 5) for k in range(1, 6)),
                  mean_before(days.returns, 22) / scale, before(np.log(days.variance), 1) - 2 * np.log(scale)], axis=-1)
    up = np.where(np.isfinite(days.returns), days.returns > 0, np.nan)
    train = network(mg.losses.BinaryCrossentropy(from_logits=True), hidden, **options)
    return mg.sigmoid(walk_forward(train, x, up, every=every))


def trade(position, returns, basis_points=0.0):
    """(T,) percent: what a position (T, S) earns in the days, equal money on each share, less the cost of changing it.

        Σₛ [pₜ (exp(rₜ/100) - 1) 100 - |pₜ - pₜ₋₁| basis_points / 100] / S

    position    -1 (sold short) ... 1 (bought), decided before the day; nan is 0.  One basis point is 0.01 percent
    """
    held = np.nan_to_num(position)
    gross = held * 100 * np.expm1(np.nan_to_num(returns) / 100)
    return (gross - turnover(position) * basis_points / 100).mean(axis=1)


def turnover(position):
    """|pₜ - pₜ₋₁| (T, S): the part of the money that must be traded before day t; from short to bought it is 2."""
    return np.abs(np.diff(np.nan_to_num(position), axis=0, prepend=0))


def sharpe(earned):
    """(ratio, standard error), by the year: √252 · mean / std, of (T,) percent a day.

    The error is √((1 + s²/2) / T), s the daily ratio.  (Sharpe 1966, without a riskless rate; Lo 2002)
    """
    s = earned.mean() / earned.std()
    return s * math.sqrt(YEAR), math.sqrt((1 + s * s / 2) / len(earned) * YEAR)


# -- which is better? ------------------------------------------------------------------------------------------------
def diebold_mariano(loss, other):
    """(statistic, p): is the mean of loss - other different from 0?  Negative statistic: the first is better.

        DM = d̄ / √(γ₀ + 2 Σₖ (1 - k/(K+1)) γₖ) √T,     d = loss - other, γₖ its autocovariances, K = ⌊4 (T/100)^(2/9)⌋

    loss, other     (T,), or (T, S): then d is the mean over shares, as these move together; days with nan are left out
    p, two-sided, is that of the normal distribution.  (Diebold & Mariano 1995; the variance: Newey & West 1987, 1994)
    """
    d = np.asarray(loss, float) - other
    if d.ndim > 1:
        traded = np.isfinite(d)
        d = np.where(traded, d, 0).sum(axis=1) / np.where(traded.any(axis=1), traded.sum(axis=1), np.nan)
    d = d[np.isfinite(d)]
    if len(d) < 10:
        raise ValueError(f"diebold_mariano: {len(d)} days that both forecast are too few; it needs 10 and more")
    e, last = d - d.mean(), int(4 * (len(d) / 100) ** (2 / 9))
    variance = e @ e / len(d) + 2 * sum((1 - k / (last + 1)) * (e[k:] @ e[:-k]) / len(d) for k in range(1, last + 1))
    if variance <= 0:                       # the same difference on all days, most likely none
        statistic = math.copysign(math.inf, d.mean()) if d.any() else 0.0
    else:
        statistic = float(d.mean() / math.sqrt(variance / len(d)))
    return statistic, math.erfc(abs(statistic) / math.sqrt(2))
