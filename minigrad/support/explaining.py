"""An error from the inside, said in the words of the call: which function, with which arguments, and then the cause.

What minigrad itself raises passes as it is, and so does an error in a function of the user's.  But where NumPy, or
Python, stumbles over an argument three calls further down ("'int' object has no attribute 'ndim'"), it says nothing of
what the user has written.  The first error remains as the cause of the second, with its traceback.
"""
import sysconfig
from dis import opmap
from functools import cache, wraps
from pathlib import Path
from typing import TypeVar

from .arguments import one_line, shown

HOME = str(Path(__file__).parents[1])
STUMBLES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
F = TypeVar("F")


def explained(f: F) -> F:
    """A decorator: f, whose errors from the inside become a TypeError or ValueError that names f and its arguments."""
    @wraps(f)
    def call(*args, **kwargs):
        __tracebackhide__ = True            # pytest's word for: show the line that called
        try:
            return f(*args, **kwargs)
        except STUMBLES as error:
            if not from_inside(error, call.__code__):
                raise
            raise in_the_words_of(f.__qualname__, args, kwargs, error) from error
    return call


@cache
def ours():
    """How the names of files begin that are minigrad's, Python's own or other packages'."""
    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return HOME, "<frozen", "<__array_function__", "numpy/", *places


def from_inside(error, caller=None):
    """Whether an error is an accident inside minigrad or NumPy.

    It is not if a `raise` of minigrad's raised it, if it comes from a function of the user's that was called, or if the
    call of f itself failed, by a missing argument.
    """
    trace, code = error.__traceback__, None
    while trace:
        code, at = trace.tb_frame.f_code, trace.tb_lasti
        if code is not caller and not code.co_filename.startswith(ours()):
            return False
        trace = trace.tb_next
    if code.co_filename.startswith(HOME) and not isinstance(error, (AttributeError, KeyError, ArithmeticError)):
        return code is not caller and code.co_code[at] != opmap["RAISE_VARARGS"]
    return True


def in_the_words_of(label, args, kwargs, error):
    """The error to raise instead."""
    kind, _, method = label.rpartition(".")
    if kind:                                # a method: the object itself says nothing
        args, label = args[1:], kind if method == "__init__" else method
    given = ", ".join([*map(described, args), *(f"{name}={described(value)}" for name, value in kwargs.items())])
    kind = TypeError if isinstance(error, (TypeError, AttributeError)) else ValueError
    return kind(f"{label}({given if len(given) < 200 else f'{given[:200]}...'}): {one_line(error, 300)}")


def described(value):
    """An array by its type and shape, anything else as it is shown."""
    if getattr(value, "shape", None) and hasattr(value, "dtype"):
        return f"{value.dtype}{list(value.shape)}"
    return shown(value, 40)
