"""How much privacy a training has spent: the Rényi accountant of the subsampled Gaussian mechanism.

A mechanism M is (ε, δ)-differentially private if for all sets S of outcomes, and data D, D' of which one has one person
more than the other,

    P(M(D) ∈ S) <= e^ε P(M(D') ∈ S) + δ                                     (Dwork et al. 2006)

It is (α, r)-Rényi private if the Rényi divergence D_α of the two distributions of outcomes is at most r.  That adds up
over steps, order by order, and is turned into (ε, δ) at the end.  (Mironov 2017, "Rényi Differential Privacy")
"""
import math

import numpy as np

from ...support.arguments import number, share, whole
from ...support.explaining import explained

ORDERS = (*np.arange(1.1, 11, 0.1).round(1).tolist(), *range(11, 64), 72, 80, 96, 128, 192, 256, 512)


@explained
def renyi_divergence(q, noise, order):
    """D_α of one step: sampling with probability q, clipping to norm C, adding N(0, (noise · C)²) to the sum.

        D_α = ln A / (α - 1),   A = E over z ~ N(0, σ²) of ((1 - q) + q e^((2z - 1) / 2σ²))^α

    in nats; q = 1 gives α / 2σ², which is more than any other q.  (Mironov, Talwar and Zhang 2019, "Rényi Differential
    Privacy of the Sampled Gaussian Mechanism", section 3.3, where theorem 5 says that this direction is the larger.)

    For a whole α, A is a sum of α + 1 terms, for others the integral is taken.  Outside 0.05 <= σ <= 10⁶, and for
    orders beyond 10,000, it is α / 2σ²: on the safe side, and there it matters little, since q can take away no more
    than α/(α - 1) |ln q| of figures in the hundreds.  Of fractional orders above 64 the next whole one is taken, as D
    grows with α.  So each call takes some milliseconds at most.
    ValueError where q is not in [0, 1], noise is negative or the order is not above 1.
    """
    if not 0 <= q <= 1 or not noise >= 0 or not 1 < order < math.inf:
        raise ValueError(f"renyi_divergence: it needs 0 <= q <= 1, noise >= 0 and order > 1, got {q}, {noise}, {order}")
    if q == 0:
        return 0.0
    if noise == 0:
        return math.inf
    if q == 1 or not 0.05 <= noise <= 1e6 or order > 10_000:
        return order / 2 / noise / noise            # in this order nothing is divided by an underflow
    if order > 64:
        order = math.ceil(order)
    log_a = _log_sum(q, noise, int(order)) if order == int(order) else _log_integral(q, noise, order)
    return max(log_a, 0.0) / (order - 1)


def _log_sum(q, noise, order):
    """ln A for a whole order α:  A = Σ over k of (α over k) (1 - q)^(α - k) q^k e^((k² - k) / 2σ²)."""
    k = np.arange(order + 1.0)
    binomial = np.concatenate([[0.0], np.cumsum(np.log((order - k[:-1]) / (k[:-1] + 1)))])
    logs = binomial + (order - k) * math.log1p(-q) + k * math.log(q) + (k * k - k) / (2 * noise ** 2)
    peak = logs.max()
    return peak + math.log(np.exp(logs - peak).sum())


def _log_integral(q, noise, order):
    """ln A for any order, by the trapezoidal rule, which is exact to rounding for such a smooth integrand."""
    step = min(noise, noise ** 2) / 16              # the ratio bends over a width of σ², the density over σ
    reach = 40 * noise                              # e^-800 beyond: the mass lies between z = 0 and z = α
    z = np.arange(-reach, order + reach + step, step)
    log_ratio = np.logaddexp(math.log1p(-q), math.log(q) + (2 * z - 1) / (2 * noise ** 2))
    logs = order * log_ratio - z ** 2 / (2 * noise ** 2)
    peak = logs.max()
    return peak + math.log(np.exp(logs - peak).sum() * step / (noise * math.sqrt(2 * math.pi)))


@explained
def to_epsilon(divergences, delta, orders=ORDERS, improved=True):
    """(ε, α): the smallest ε at this δ over the orders, and the order that gives it.

        ε = r + ln(1 - 1/α) - ln(δ α) / (α - 1)     (Canonne, Kamath and Steinke 2020, proposition 12)
        ε = r - ln δ / (α - 1)                      with improved=False (Mironov 2017, proposition 3)

    Published figures of before 2020 are by the second.  ValueError where δ is not in (0, 1).
    """
    if not 0 < delta < 1:
        raise ValueError(f"to_epsilon: delta must be in (0, 1), usually below 1 / number of people; got {delta}")
    a, r = np.asarray(orders, float), np.asarray(divergences, float)
    epsilons = r - math.log(delta) / (a - 1)
    if improved:
        epsilons = epsilons + np.log1p(-1 / a) - np.log(a) / (a - 1)
    best = int(np.argmin(epsilons))
    return max(float(epsilons[best]), 0.0), orders[best]


class Accountant:
    """Adds up what steps cost: spend(q, noise, steps), then epsilon(delta) at any time.

    Its figure holds if each step draws its batch anew, every person with probability q apart from the others (Poisson
    sampling); batches cut from a shuffled list have another, which may be larger.
    """

    @explained
    def __init__(self, orders=ORDERS):
        self.orders, self._known = tuple(orders), {}
        self.divergences = np.zeros(len(self.orders))

    def spend(self, q, noise, steps=1):
        """Account for steps with sampling rate q and noise multiplier `noise`; returns itself."""
        steps = whole("Accountant: steps", steps, 0)
        if (q, noise) not in self._known:
            self._known[q, noise] = np.array([renyi_divergence(q, noise, a) for a in self.orders])
        self.divergences = self.divergences + (steps * self._known[q, noise] if steps else 0)
        return self

    def epsilon(self, delta, improved=True):
        """The ε spent so far, at this δ."""
        return to_epsilon(self.divergences, delta, self.orders, improved)[0] if self.divergences.any() else 0.0


@explained
def noise_for(epsilon, delta, q, steps, tolerance=1e-3):
    """The least noise multiplier with which `steps` steps of sampling rate q stay within (ε, δ), by bisection.

    It's on the safe side: the ε of the result is at most the one asked for.  ValueError where none up to 1000 does.
    """
    epsilon, delta = number("noise_for: epsilon", epsilon, above=0), number("noise_for: delta", delta, above=0, below=1)
    q, steps = share("noise_for: q", q, one=True), whole("noise_for: steps", steps, 0)
    tolerance = number("noise_for: tolerance", tolerance, 1e-12, 1)

    def spent(noise):
        return Accountant().spend(q, noise, steps).epsilon(delta)
    low, high = 0.1, 1.0
    while spent(high) > epsilon:
        low, high = high, 2 * high
        if high > 1000:
            raise ValueError(f"noise_for: no noise up to 1000 gives epsilon {epsilon}, delta {delta} in {steps} steps")
    while high - low > tolerance * high:
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > epsilon else (low, middle)
    return high
