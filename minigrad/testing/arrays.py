"""Arrays: well conditioned matrices, memory layouts, inputs kept as they were, which are the same but for rounding."""
from contextlib import contextmanager

import numpy as np

LAYOUTS = ("C", "Fortran", "strided", "reversed", "read-only")


def matrix(rows, structure):
    """Well conditioned: strongly diagonal, or such a matrix times its transpose."""
    n = rows.shape[-1]
    a = rows * (0.3 / max(n, 1)) + np.eye(n)
    return a if structure == "invertible" else a @ a.swapaxes(-1, -2)


def lay_out(array, layout):
    """The same values, elsewhere in memory."""
    if layout == "Fortran" and array.ndim:
        return np.asfortranarray(array)
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed" and array.ndim:
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


@contextmanager
def kept(inputs):
    """Afterwards inputs are what they were: an op may edit them."""
    before = [x.tobytes() for x in inputs]
    try:
        yield
    finally:
        for x, old in zip(inputs, before):
            if x.tobytes() != old:
                x[...] = np.frombuffer(old, x.dtype).reshape(x.shape)


# -- are two the same, but for rounding? ------------------------------------------------------------------------------
def alike(a, b, tolerance=1e-9):
    """Whether a is b, relative to b's largest number or 1; nan and infinite where it is."""
    if np.array_equal(a, b):
        return True                         # as most are, in a tenth of the time
    scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind == "f" else 0
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def close(a, b, what, tolerance=1e-9):
    """An AssertionError that says of what, unless they are alike."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    assert alike(a, b, tolerance), f"{what}: {a} and {b}"
