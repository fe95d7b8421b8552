"""Attacks on networks, and what holds against them, to learn from and to test one's own models with.

    attacks         the smallest change to an input that changes the answer: FGSM, PGD; robust accuracy
    adversarial     adversarial training
    backdoors       a trigger hidden in the training data; how to find it in the model and in the data
    pickles         what a pickled file would do when it is loaded, told without loading it

An attack shows that a model is not robust; that an attack fails does not show that it is.
"""
from .adversarial import AdversarialTraining
from .attacks import fgsm, pgd, project, robust_accuracy, steepest
from .backdoors import anomaly_index, find_trigger, poison, spectral_signatures, stamp, success_rate
from .pickles import imports_of

__all__ = ["AdversarialTraining", "anomaly_index", "fgsm", "find_trigger", "imports_of", "pgd", "poison", "project",
           "robust_accuracy", "spectral_signatures", "stamp", "steepest", "success_rate"]
