"""Privacy: what a model gives away about the people in its training data, and how to train so that it can't.

    per_example     the gradient of each example, in one backward pass
    dpsgd           DP-SGD: clip them, add noise
    accountant      what that costs: ε at δ, by Rényi differential privacy
    membership      membership inference, its curves, and what differential privacy leaves of it
"""
from .accountant import Accountant, noise_for, renyi_divergence, to_epsilon
from .dpsgd import DPOptimizer, fit_private
from .membership import Attack, advantage_bound, attack_curves, lira_scores, membership_attack
from .per_example import PerExample, per_example_gradients

__all__ = ["Accountant", "Attack", "DPOptimizer", "PerExample", "advantage_bound", "attack_curves", "fit_private",
           "lira_scores", "membership_attack", "noise_for", "per_example_gradients", "renyi_divergence", "to_epsilon"]
