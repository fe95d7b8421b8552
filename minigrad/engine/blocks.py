"""Large arrays a block of rows at a time: what a step makes of a block is in the cache when the next step needs it.

A formula of several NumPy calls goes over its arrays once with each call.  An array of 2 MB comes from memory each time
and goes back; a block of 256 KB stays in the core's own cache from call to call.  Of 4 MB that takes 2 to 14 % of the
time away, of gelu a third; of 2 MB, which a cache may hold as they are, from 5 % away to 7 % more, of gelu a fifth to
a third away (forward and backward, two runs on one core of a Xeon with 2 MB of its own).  So
softmax, log_softmax, standardize, layer_norm, batch_norm and gelu, forward and backward, are formulas of some rows, and
in_blocks calls these for a few rows at a time where arrays are large.  On a GPU, and for higher orders, whose Tensors
record what is done with them, it calls them once for all.
"""
import numpy as np

from .backend import array_module

BLOCK, MOST = 2**16, 32                     # elements of a block: 256 KB in float32, of some five arrays; most blocks


def cuts(start, stop, step):
    """The slices of at most `step` each that make up start:stop."""
    return [slice(i, min(i + step, stop)) for i in range(start, stop, step)]


def is_large(x):
    """Is it an array in the CPU's memory that is too large for a core's cache with all that a formula makes of it?"""
    return isinstance(x, np.ndarray) and x.size >= 4 * BLOCK


def in_blocks(formula, *arrays, each=(), widths=None):
    """formula(*arrays, *each), for some rows of the arrays at a time where they are large.

    formula     treats each row as if it were alone, and returns an array like arrays[0]; or several, with as many rows,
                of which `widths` are the lengths of the last axis.  formula(..., out=y) writes into y, or into several.
    each        arrays without rows, which every block needs
    """
    x = arrays[0]
    if not is_large(x) or not _alike(x, arrays, each):
        return formula(*arrays, *each)
    rows = max(BLOCK * len(x) // x.size, -(-len(x) // MOST))
    results = [array_module(x).empty((*x.shape[:-1], width), x.dtype) for width in widths or x.shape[-1:]]
    for cut in cuts(0, len(x), rows):
        parts = [y[cut] for y in results]
        formula(*(a[cut] for a in arrays), *each, out=parts if widths else parts[0])
    return results if widths else results[0]


def _alike(x, arrays, each):
    """Are these arrays of one floating type, of more than one row, and of equally many?"""
    return (x.dtype.kind == "f" and x.ndim > 1 and all(a.shape[:-1] == x.shape[:-1] for a in arrays)
            and all(isinstance(a, np.ndarray) and a.dtype == x.dtype for a in (*arrays, *each)))
