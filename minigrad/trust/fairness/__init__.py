"""Fairness: how a classifier treats groups of people, what can be done about it, and what can't.

    measures        demographic parity, equalized odds, calibration, with intervals
    mitigation      reweighing, a constrained loss, an adversary
    impossible      why not all of it can be had
    charts          rates by group, calibration curves, the frontier

Census data on which to see it: load_adult (minigrad/data/adult.py).
"""
from ...data.adult import Census, load_adult
from ...support.intervals import bootstrap, wilson
from .charts import calibration_curves, frontier_plot, rates_by_group
from .impossible import class_balance, decide, implied_fpr, thresholds_for
from .measures import Calibration, Rate, calibration, demographic_parity_difference, equalized_odds_difference, rates
from .mitigation import Adversarial, Constrained, frontier, reverse_gradient, reweigh, soft_gaps

__all__ = ["Adversarial", "Calibration", "Census", "Constrained", "Rate", "bootstrap", "calibration",
           "calibration_curves", "class_balance", "decide", "demographic_parity_difference",
           "equalized_odds_difference", "frontier", "frontier_plot", "implied_fpr", "load_adult", "rates",
           "rates_by_group", "reverse_gradient", "reweigh", "soft_gaps", "thresholds_for", "wilson"]
