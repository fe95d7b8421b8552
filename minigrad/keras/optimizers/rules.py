"""The rules: each a formula for all numbers of all variables at once, theta, and their gradients, g.

A rule works in place, in a few NumPy calls; s is room for what it computes on the way, so nothing is allocated.  On a
GPU the calls of a rule become one kernel (minigrad/engine/fusion.py), which needs no such room: s is None.
"""
import math

import numpy as np

from .base import Optimizer, update_average


class SGD(Optimizer):
    """Gradient descent: θ -= lr g.  With momentum μ:  m = μ m - lr g,  θ += m;  nesterov:  θ += μ m - lr g.

    (Polyak 1964; Nesterov 1983, in the form of Sutskever et al. 2013)
    """
    fading = ("m",)

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **common):
        super().__init__(learning_rate, **common)
        self.momentum, self.nesterov = self.checked_share("momentum", momentum), nesterov
        self.slots = {"m": 0.0} if momentum else {}

    def update(self, theta, g, lr, m=None, s=None):
        s = np.multiply(g, lr, out=s)
        if m is None:
            theta -= s
            return
        m *= self.momentum
        m -= s
        if self.nesterov:
            theta -= s
            theta += np.multiply(m, self.momentum, out=s)
        else:
            theta += m


class RMSprop(Optimizer):
    """v = ρ v + (1 - ρ) g²,  θ -= lr g / √(v + ε).  (Tieleman & Hinton 2012, lecture 6.5)

    centered    the variance of g in the place of v: v - a², where a = ρ a + (1 - ρ) g
    momentum μ  m = μ m + lr g / √(v + ε),  θ -= m
    """
    fading = "v", "a", "m"

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **common):
        super().__init__(learning_rate, **common)
        self.rho, self.momentum = self.checked_share("rho", rho), self.checked_share("momentum", momentum)
        self.epsilon, self.centered = epsilon, centered
        self.slots = {"v": 0.0} | ({"a": 0.0} if centered else {}) | ({"m": 0.0} if momentum else {})

    def update(self, theta, g, lr, *slots, s=None):
        slot = dict(zip(self.slots, slots))
        v = slot["v"]
        update_average(v, np.square(g, out=s), 1 - self.rho, s)
        if self.centered:
            a = slot["a"]
            update_average(a, g, 1 - self.rho, s)
            s = np.subtract(v, np.square(a, out=s), out=s)
            s = np.maximum(s, 0, out=s)                 # v >= a² but for rounding errors
            s += self.epsilon
        else:
            s = np.add(v, self.epsilon, out=s)
        s = np.sqrt(s, out=s)
        s = np.divide(g, s, out=s)
        s *= lr
        if self.momentum:
            m = slot["m"]
            m *= self.momentum
            m += s
            theta -= m
        else:
            theta -= s


class Adagrad(Optimizer):
    """a += g²,  θ -= lr g / √(a + ε).  (Duchi et al. 2011)"""

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **common):
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        self.slots = {"a": initial_accumulator_value}

    def update(self, theta, g, lr, a, s=None):
        a += np.square(g, out=s)
        s = np.add(a, self.epsilon, out=s)
        s = np.sqrt(s, out=s)
        s = np.divide(g, s, out=s)
        s *= lr
        theta -= s


class Adam(Optimizer):
    """m = β₁ m + (1 - β₁) g,  v = β₂ v + (1 - β₂) g²,  θ -= lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε).

    The averages m and v begin at 0; the factors that contain t make up for it.  (Kingma & Ba 2014, with the ε of the
    end of section 2, as in Keras)

    amsgrad     the largest v so far in the place of v: steps don't grow again.  (Reddi et al. 2018)
    """
    fading = "m", "v"

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **common):
        super().__init__(learning_rate, **common)
        self.amsgrad, self.slots = amsgrad, {"m": 0.0, "v": 0.0} | ({"largest": 0.0} if amsgrad else {})
        self.beta_1, self.beta_2 = self.checked_share("beta_1", beta_1), self.checked_share("beta_2", beta_2)
        self.epsilon = epsilon

    def rates(self, lr, t):
        return (lr * math.sqrt(1 - self.beta_2 ** t) / (1 - self.beta_1 ** t),)

    def update(self, theta, g, rate, m, v, largest=None, s=None):
        update_average(v, np.square(g, out=s), 1 - self.beta_2, s)      # first: after a Ctrl-C between the two, a
        update_average(m, g, 1 - self.beta_1, s)                        # large m over √v = 0 would be a wild step
        if largest is not None:
            np.maximum(largest, v, out=largest)
            v = largest
        s = np.sqrt(v, out=s)
        s += self.epsilon
        s = np.divide(m, s, out=s)
        s *= rate
        theta -= s


class AdamW(Adam):
    """Adam, and θ -= lr · weight_decay · θ apart from it, before.  (Loshchilov & Hutter 2017)

    exclude="vectors" spares biases and the gains of normalisation layers.
    """

    def __init__(self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False,
                 **common):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common)


class Lion(Optimizer):
    """θ -= lr · sign(β₁ m + (1 - β₁) g),  m = β₂ m + (1 - β₂) g.  (Chen et al. 2023)"""
    slots = {"m": 0.0}      # its smallest numbers count: a sign is as large as any other

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **common):
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2 = self.checked_share("beta_1", beta_1), self.checked_share("beta_2", beta_2)

    def update(self, theta, g, lr, m, s=None):
        s = np.subtract(g, m, out=s)
        s *= 1 - self.beta_1
        s += m
        s = np.sign(s, out=s)
        s *= lr
        theta -= s
        update_average(m, g, 1 - self.beta_2, s)
