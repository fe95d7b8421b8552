"""Arguments as they should be: each function returns its value, or says in one sentence what is wrong with it.

    self.rate = share("Dropout: rate", rate)            # ValueError: Dropout: rate must be in [0, 1), not 1.5

Constructors call them, so that a bad value is refused where it is given and not somewhere in a training, and so that a
file that names a class can't bring one that its author didn't mean (minigrad/keras/serialization.py).  A wrong kind of
thing is a TypeError, a number out of range a ValueError.  NumPy's numbers become Python's, which JSON can hold.
"""
import math
import numbers
import operator


def number(name, value, low=-math.inf, high=math.inf, above=None, below=None):
    """A finite number with low <= value <= high, above < value, value < below."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        if (found := _from_array(value)) is None:
            raise TypeError(f"{name} must be a number, not {shown(value)}")
        value = found
    value = value.item() if hasattr(value, "item") else value
    low, high = (low if above is None else above), (high if below is None else below)
    fits = (value >= low if above is None else value > low) and (value <= high if below is None else value < high)
    if not fits or not math.isfinite(value):
        raise ValueError(f"{name} must be {_range(low, high, above is not None, below is not None)}, not {value!r}")
    return value


def whole(name, value, low=1, high=math.inf):
    """A whole number with low <= value <= high, as an int; 3.0 is none."""
    try:
        found = None if isinstance(value, bool) or _kind(value) == "b" else operator.index(value)
    except TypeError:
        found = None
    if found is None or not low <= found <= high:
        limits = f" of at least {low}" if high == math.inf else f" from {low} to {high}"
        kind = TypeError if found is None and not isinstance(value, numbers.Real) else ValueError
        raise kind(f"{name} must be a whole number{limits if low > -math.inf else ''}, not {shown(value)}")
    return found


def some(name, values):
    """values, if there is at least one; ValueError if there is nothing to learn from."""
    if not len(values):
        raise ValueError(f"{name}: there are none, so there is nothing to learn from")
    return values


def share(name, value, one=False):
    """A number from 0 up to, but not including, 1; with `one`, 1 too."""
    return number(name, value, 0, 1) if one else number(name, value, 0, below=1)


def flag(name, value):
    """True or False (or NumPy's)."""
    if isinstance(value, bool) or _kind(value) == "b" and getattr(value, "shape", ()) == ():
        return bool(value)
    raise TypeError(f"{name} must be True or False, not {shown(value)}")


def text(name, value):
    """A str."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {shown(value)}")
    return value


def one_of(name, value, choices):
    """One of the choices, of which each is a text or None."""
    if not (value is None or isinstance(value, str)) or value not in choices:
        raise ValueError(f"{name} must be {' or '.join(repr(choice) for choice in choices)}, not {shown(value)}")
    return value


def function(name, value):
    """Anything that can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, not {shown(value)}")
    return value


def shown(value, most=60):
    """repr(value) on one line, cut to a length that a message can hold."""
    try:
        found = " ".join(repr(value).split())
    except Exception:                       # an object of another library may fail at anything
        found = f"a {type(value).__name__}"
    return found if len(found) <= most else f"{found[:most - 3]}..."


def one_line(error, most=800):
    """What an error says, or else its type, on one line and cut to a length: it may quote a file or an array whole."""
    found = " ".join((str(error) or type(error).__name__).split())
    return found if len(found) <= most else f"{found[:most - 3]}..."


def _from_array(value):
    """The number in an array or tensor of one, of no axes; None where there is none."""
    single = getattr(value, "shape", None) == () and _kind(value) in tuple("fiu")
    return value.item() if single and hasattr(value, "item") else None


def _kind(value):
    """The kind of an array's dtype, such as "f" for floats; "" for what is no array."""
    return getattr(getattr(value, "dtype", None), "kind", "")


def _range(low, high, above, below):
    if low == -math.inf and high == math.inf:
        return "a finite number"
    if high == math.inf:
        return f"a number {'above' if above else 'of at least'} {low:g}"
    if low == -math.inf:
        return f"a number {'below' if below else 'of at most'} {high:g}"
    return f"in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"
