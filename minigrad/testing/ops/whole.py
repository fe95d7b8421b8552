"""Properties of whole numbers: integers and booleans of every width, as values and as indices, are what they say."""
import numpy as np

from ...engine.tensor import Tensor, backpropagate

WHOLE = (np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)


def _cast(x, dtype):
    """Whole numbers from 0 to 120, a column of them near the end of a byte, in a dtype."""
    return np.minimum(np.round(np.abs(x) * 40), 120).astype(dtype)


def _same(a, b, what):
    a, b = np.asarray(a), np.asarray(b)
    if np.array_equal(a, b):
        return
    if a.dtype.kind == "f":
        same = np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
        assert same, f"{what}: {a} and {b}"
    elif np.all(np.abs(b) < np.iinfo(a.dtype).max if a.dtype.kind in "iu" else np.isfinite(b)):
        far = np.abs(b) >= 2.0**53          # where float64 leaves whole numbers out
        assert np.array_equal(a[~far], b[~far].astype(a.dtype)), f"{what}: {a} and {b}"
        assert np.allclose(a[far].astype(float), b[far], rtol=1e-9, atol=0), f"{what}: {a} and {b}"


def whole_values(t):
    """integers and booleans, narrow ones too, give what float64 gives, or an error; where NumPy's are whole, its"""
    if not (t.op.native and any(t.real)) or "dtype" in t.params:
        return                              # in an op of one's own whole numbers do as NumPy's, which may wrap
    for first, *others in (WHOLE[:1], WHOLE[1:]):           # each holds the same numbers
        whole = [_cast(x, first) if r else x for x, r in zip(t.inputs, t.real)]
        right = _unless_refused(t, whole, float)
        for dtype in (first, *others) if right is not None else ():
            y = _unless_refused(t, whole, dtype)
            if y is not None:
                _same(y, right, f"value in {np.dtype(dtype)} and in float64")


def _unless_refused(t, whole, dtype):
    try:
        return t(*(x.astype(dtype) if r else x for x, r in zip(whole, t.real)))
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def whole_indices(t):
    """an index counts in every integer type: a narrow one, in a long row too, reads and adds where intp does"""
    places = [i for i, x in enumerate(t.inputs) if x.dtype.kind in "iu"]
    named = [k for k, v in t.params.items() if isinstance(v, np.ndarray) and v.dtype.kind in "iu"]
    if not (places or named) or not t.real[0] or t.inputs[0].ndim < 2:
        return
    trials = [t.inputs[0], np.repeat(t.inputs[0], 200, axis=-1)]
    for x in trials:
        right = _looked_up(t, x, places, named, np.intp)
        for dtype in WHOLE[1:] if right else ():
            found = _looked_up(t, x, places, named, dtype)
            if found is not None:
                for a, b, what in zip(found, right, ("value", "gradient")):
                    assert np.array_equal(a, b), f"{what} with indices in {np.dtype(dtype)} and in intp"


def _looked_up(t, x, places, named, dtype):
    """(value, gradient) with the indices in a dtype; None where they don't fit into it, or x isn't one for the op."""
    numbers = [t.inputs[i] for i in places] + [t.params[k] for k in named]
    if any((n.astype(dtype) != n).any() for n in numbers):
        return None
    others = [v.astype(dtype) if i in places else v for i, v in enumerate(t.inputs)][1:]
    params = {k: v.astype(dtype) if k in named else v for k, v in t.params.items()}
    leaf = Tensor(x, requires_grad=True)
    try:
        y = t.op(leaf, *others, **params)
    except TypeError:                       # refused, as NumPy does for some that are 64 bits wide
        return None
    except (ValueError, IndexError):        # the longer row isn't what this op takes
        assert x is not t.inputs[0], f"indices in {np.dtype(dtype)} are refused"
        return None
    return y._data, backpropagate(y, np.ones(y.shape))[leaf]
