"""Data to learn from.

    loading     DataLoader, split, one_hot, standardize
    pipeline    Dataset: from_tensor_slices, map, filter, shuffle, batch, ..., with the names of tf.data
    datasets    small tables and images that installed packages ship, MNIST
    corpora     texts, proteins, prices, a pretrained model: fetched once by `minigrad data fetch`
    adult       a census, for questions of fairness
    fetch       the download itself, pinned by hash
    getting     a file of the web, by its address
    tokens      old sets that come as pickles, read as data
"""
from .loading import DataLoader, one_hot, split, standardize
from .pipeline import AUTOTUNE, Dataset

__all__ = ["AUTOTUNE", "DataLoader", "Dataset", "one_hot", "split", "standardize"]
