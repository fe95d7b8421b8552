"""Comparing an answer's results with those expected, and finding words for how they differ.

One input seldom tells what went wrong: 4 instead of 2 is twice, the square, and 2 more.  So words are chosen on all the
inputs that were tried: a mistake is named only where the answer made it each time.
"""
import numpy as np

from ..engine.op import Op
from ..engine.tensor import Tensor
from ..support.explaining import explained
from .translating import say


class Wrong(AssertionError):
    """An answer is wrong: what was expected and what came, and why, where the mistake is known."""

    def __init__(self, what, why=""):
        super().__init__(f"{what} {why}".strip())
        self.what, self.why = what, why


# -- what came -------------------------------------------------------------------------------------------------------
def number(value, what="the result"):
    """An answer's number as a float; numbers, arrays and tensors without axes are alike."""
    return float(array(value, what, ()))


def array(value, what="the result", shape=None):
    """An answer's array of real numbers; lists, tuples, tensors and numbers are alike."""
    if isinstance(value, Tensor):
        value = value.numpy()
    elif isinstance(value, (list, tuple)):
        value = [v.numpy() if isinstance(v, Tensor) else v for v in value]
    try:
        found = np.asarray(value)
        if found.dtype.kind not in "biuf":
            raise ValueError
    except ValueError:
        wanted = "a number" if shape == () else "numbers" if shape is None else f"an array of shape {shape}"
        raise Wrong(f"{what}: expected {wanted}, got {kind(value)}.") from None
    if shape is not None and found.shape != shape:
        wanted = "one number" if shape == () else f"shape {shape}"
        raise Wrong(f"{what}: expected {wanted}, got "
                    f"{f'shape {found.shape}' if found.shape else f'one number, {show(found)}'}.")
    return found


def several(value, what):
    """As many results as there are names in what, which may come as a tuple, a list or the rows of an array."""
    if isinstance(value, (tuple, list, np.ndarray)) and len(value) == len(what):
        return tuple(value)
    got = f"{len(value)}" if isinstance(value, (tuple, list)) else kind(value)
    count = {2: "two", 3: "three"}.get(len(what), len(what))
    raise Wrong(f"{count} things are wanted, {' and '.join(what)}; got {got}.")


def operation(value, name):
    """Wrong unless it is an operation that has a rule."""
    if not isinstance(value, Op):
        raise Wrong(f"{name} must be an operation made with mg.op, this is a {type(value).__name__}.")
    if value.vjp is None:
        raise Wrong("it has no vjp: @mg.op(vjp=...).")


def kind(value):
    """A value in words: what sort of thing it is."""
    if callable(value):
        return f"the function {getattr(value, '__name__', 'without a name')}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    article = {"str": "the string", "list": "the list", "dict": "the dictionary", "set": "the set",
               "tuple": "the tuple"}
    name = type(value).__name__
    return f"{article.get(name, f'a value of type {name},')} {str(value) if name not in article else repr(value)[:60]}"


def show(value, digits=4):
    """A value in one short line."""
    if isinstance(value, Tensor):
        value = value.numpy()
    if isinstance(value, (tuple, list)) and all(isinstance(v, (int, float, np.generic, np.ndarray)) for v in value):
        return f"({', '.join(show(v, digits) for v in value)})"
    if hasattr(value, "shape"):
        if value.shape == () and value.dtype.kind in "fiu":
            return f"{float(value):.{digits}g}" if value.dtype.kind == "f" else str(int(value))
        return np.array2string(np.asarray(value), separator=", ", precision=digits, threshold=40).replace("\n", "")
    if callable(value):
        return getattr(value, "__name__", "a function")
    return f"{value:.{digits}g}" if isinstance(value, float) else repr(value)


# -- the same, or not ------------------------------------------------------------------------------------------------
def close(got, expected, tolerance=1e-6):
    """Whether arrays of one shape agree, to a tolerance relative to the largest number; more for short floats."""
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return False
    for a in (got, expected):
        if a.dtype.kind == "f" and a.dtype.itemsize < 8:
            tolerance = max(tolerance, 1e3 * float(np.finfo(a.dtype).eps) if a.dtype.itemsize == 4 else 1e-2)
    finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else np.abs(expected.astype(float))
    largest = float(finite.max()) if finite.size else 0.0
    with np.errstate(all="ignore"):
        return bool(np.isclose(got, expected, rtol=tolerance, atol=tolerance * min(1.0, largest) + 1e-11,
                               equal_nan=True).all())


def is_same(a, b):
    """Whether two results are equal, tuples part by part."""
    try:
        if isinstance(a, (tuple, list)) and not all(np.ndim(v) == 0 for v in a):
            return len(a) == len(b) and all(map(is_same, a, b))
        return close(array(a), array(b), 1e-12)
    except (Wrong, TypeError):
        return a == b


@explained
def same(got, expected, what="the result", tolerance=1e-6, guesses=()):
    """Wrong, unless got has the shape and the values of expected.

    guesses     (value, words) for mistakes that are likely: words are added for the first whose value was given
    """
    expected = np.asarray(expected)
    got = array(got, what, expected.shape)
    if not close(got, expected, tolerance):
        words = next((words for value, words in guesses if close(got, value)), "")
        raise Wrong(f"{what}: {differing(expected, got)}.", words)


def differing(expected, got):
    """"expected 2, got 3", with as many digits as it takes to see the difference."""
    digits = next((d for d in (4, 8, 12) if show(got, d) != show(expected, d)), 17)
    return say("expected {}, got {}", show(expected, digits), show(got, digits))


# -- words -----------------------------------------------------------------------------------------------------------
def words_for(trials, mistakes=()):
    """Words for a mistake that was made on every input, or "".

    trials      [(inputs, expected, got)], of arrays, or tuples of arrays for several results
    mistakes    [(function of the inputs that computes what a mistaken answer does, words)]
    """
    trials = [t for t in trials if t[2] is not None]
    telling = [t for t in trials if not _alike(t[2], t[1])]
    if len(trials) < 2 or not telling:
        return ""
    for mistake, words in mistakes:
        if _made(mistake, trials):
            return words
    if isinstance(telling[0][1], tuple):
        if all(_alike(got, expected[::-1]) for _, expected, got in trials):
            return say("They are exchanged.") if len(telling[0][1]) == 2 else ""
        for part in range(len(telling[0][1])):
            if any(not close(got[part], expected[part]) for _, expected, got in trials):
                return _generic([(i, e[part], g[part]) for i, e, g in trials])
    return _generic(trials)


def _alike(a, b):
    if isinstance(b, tuple):
        return isinstance(a, tuple) and len(a) == len(b) and all(map(close, a, b))
    return not isinstance(a, tuple) and close(a, b)


def _made(mistake, trials):
    """Whether a mistake explains every result, and differs from the right answer somewhere."""
    differs = False
    for inputs, expected, got in trials:
        try:
            value = mistake(*inputs)
            value = tuple(map(np.asarray, value)) if isinstance(expected, tuple) else np.asarray(value)
            if not _alike(got, value):
                return False
            differs = differs or not _alike(value, expected)
        except Exception:                   # the mistake can't be made on this input
            return False
    return differs


def _generic(trials):
    """The classic mistakes, which any formula invites."""
    if all(np.shape(got) != np.shape(expected) for _, expected, got in trials):
        if all(np.ndim(got) == 2 and close(got.T, expected) for _, expected, got in trials):
            return say("It is transposed.")
        return ""
    expected = [np.ravel(np.asarray(e, float)) for _, e, g in trials if np.shape(e) == np.shape(g)]
    got = [np.ravel(np.asarray(g, float)) for _, e, g in trials if np.shape(e) == np.shape(g)]
    if len(got) != len(trials):
        square = [(g.T, e) for _, e, g in trials if np.ndim(g) == 2]
        return say("It is transposed.") if len(square) == len(trials) and all(close(*pair) for pair in square) else ""
    expected, got = np.concatenate(expected), np.concatenate(got)
    if not np.isfinite(got[np.isfinite(expected)]).all():
        return say("It is not finite where it should be: an exponential overflowed, or it was divided by 0.")
    finite = np.isfinite(expected) & np.isfinite(got)
    expected, got = expected[finite], got[finite]
    if len(np.unique(expected.round(9))) < 3:
        return ""
    if close(got, -expected):
        return say("The sign is wrong.")
    if all(np.ndim(g) == 2 and close(np.asarray(g).T, e) for _, e, g in trials):
        return say("It is transposed.")
    if len(got) > 2 and np.ptp(got) < 1e-9:
        return say("It is the same whatever comes in.")
    seen = np.abs(expected) > 1e-9
    ratio = got[seen] / expected[seen]
    if ratio.size > 2 and np.ptp(ratio) < 1e-6 * abs(ratio[0]) and abs(ratio[0] - 1) > 1e-5 and not got[~seen].any():
        return say("It is {} times what it should be.", f"{ratio[0]:.4g}")
    off = got - expected
    if np.ptp(off) < 1e-6 * abs(off[0]) and abs(off[0]) > 1e-5:
        much = f"{abs(off[0]):.4g}"
        return say("It is {} too large each time.", much) if off[0] > 0 else say("It is {} too small each time.", much)
    return ""
