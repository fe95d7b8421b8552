"""Rules that fewer programs ask for: Adadelta, Adamax, Nadam.  As those in rules.py."""
import numpy as np

from .base import Optimizer, update_average


class Adadelta(Optimizer):
    """a = ρ a + (1 - ρ) g²,  d = g √(u + ε) / √(a + ε),  u = ρ u + (1 - ρ) d²,  θ -= lr d.  (Zeiler 2012, with lr 1)"""
    slots, fading = {"a": 0.0, "u": 0.0}, ("a", "u")

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **common):
        super().__init__(learning_rate, **common)
        self.rho, self.epsilon = self.checked_share("rho", rho), epsilon

    def update(self, theta, g, lr, a, u, s=None):
        update_average(a, np.square(g, out=s), 1 - self.rho, s)
        s = np.add(u, self.epsilon, out=s)
        s = np.sqrt(s, out=s)
        s *= g
        d = s / np.sqrt(a + self.epsilon)
        update_average(u, np.square(d, out=s), 1 - self.rho, s)
        d *= lr
        theta -= d


class Adamax(Optimizer):
    """m = β₁ m + (1 - β₁) g,  u = max(β₂ u, |g|),  θ -= lr / (1 - β₁ᵗ) · m / (u + ε).  (Kingma & Ba 2014, 7.1)"""
    slots, fading = {"m": 0.0, "u": 0.0}, ("m", "u")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **common):
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2 = self.checked_share("beta_1", beta_1), self.checked_share("beta_2", beta_2)
        self.epsilon = epsilon

    def rates(self, lr, t):
        return (lr / (1 - self.beta_1 ** t),)

    def update(self, theta, g, rate, m, u, s=None):
        u *= self.beta_2
        np.maximum(u, np.abs(g, out=s), out=u)
        update_average(m, g, 1 - self.beta_1, s)
        s = np.add(u, self.epsilon, out=s)
        s = np.divide(m, s, out=s)
        s *= rate
        theta -= s


class Nadam(Optimizer):
    """Adam that looks a step ahead, as Nesterov's momentum does:

        μₜ = β₁ (1 - ½ 0.96ᵗ),  Πₜ = μ₁ μ₂ ... μₜ
        θ -= lr (μₜ₊₁ m / (1 - Πₜ₊₁) + (1 - μₜ) g / (1 - Πₜ)) / (√(v / (1 - β₂ᵗ)) + ε)

    with the averages m and v of Adam.  (Dozat 2016)
    """
    slots, fading = {"m": 0.0, "v": 0.0}, ("m", "v")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **common):
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2 = self.checked_share("beta_1", beta_1), self.checked_share("beta_2", beta_2)
        self.epsilon = epsilon

    def mu(self, t):
        return self.beta_1 * (1 - 0.5 * 0.96 ** t)

    def rates(self, lr, t):
        first, ahead = min(t, 1000), self.mu(t + 1)         # from there on μ is β₁, to the last bit
        product = float(np.prod(self.mu(np.arange(1, first + 1)))) * self.beta_1 ** (t - first)
        return lr * ahead / (1 - product * ahead), lr * (1 - self.mu(t)) / (1 - product), 1 / (1 - self.beta_2 ** t)

    def update(self, theta, g, of_m, of_g, of_v, m, v, s=None):
        update_average(v, np.square(g, out=s), 1 - self.beta_2, s)
        update_average(m, g, 1 - self.beta_1, s)
        s = np.multiply(v, of_v, out=s)
        s = np.sqrt(s, out=s)
        s += self.epsilon
        step = m * of_m + g * of_g
        step /= s
        theta -= step
