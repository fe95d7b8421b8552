"""Data to learn from.

    loading     DataLoader, split, one_hot, standardize
    datasets    small tables and images that installed packages ship, MNIST
    corpora     texts, proteins, prices, a pretrained model: fetched once by `minigrad data fetch`
    adult       a census, for questions of fairness
    fetch       the download itself, pinned by hash
"""
from .loading import DataLoader, one_hot, split, standardize

__all__ = ["DataLoader", "one_hot", "split", "standardize"]
