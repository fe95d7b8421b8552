"""Which columns of a table a model uses."""
import numpy as np

from ...support.meanings import checked


@checked
def permutation_importance(score, x, y, groups=None, repeats=10, seed=0):
    """score(x, y) - score(x with a column shuffled, y): how much worse without what the column knows.

    A column that the model doesn't use gets exactly 0.  For y = w · x, independent columns and -(squared error) as the
    score, column j gets 2 w_j² var(x_j) on average.  Columns that say the same share their importance, and each alone
    may seem useless: shuffle them together, as a group.            (Breiman 2001; Fisher, Rudin and Dominici 2019)

    score       score(x, y) -> a number, higher is better, on data that the model has not been trained on
    x           (n, columns)
    groups      lists of columns to be shuffled together, rows kept whole; by default each column alone
    Returns (groups, repeats), the drops: their mean is the importance, their spread that of the shuffling.
    """
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"permutation_importance: x must be a table (rows, columns), not of shape {x.shape}")
    groups = [[j] for j in range(x.shape[1])] if groups is None else [list(group) for group in groups]
    rng, whole = np.random.default_rng(seed), score(x, y)
    drops = np.empty((len(groups), repeats))
    for g, columns in enumerate(groups):
        for r in range(repeats):
            shuffled = x.copy()
            shuffled[:, columns] = x[rng.permutation(len(x))][:, columns]
            drops[g, r] = whole - score(shuffled, y)
    return drops
