"""The course's exercises: `check` tells whether an answer is right, and if not, on which smallest input and why.

    from minigrad.learn import check
    check("02.matmul_vjp", my_vjp)

An exercise is declared beside the others of its notebook (exercises/nb02.py, ...) with its title, its hint and its
properties; a property is a function that asserts something about an answer, for inputs that Hypothesis chooses.
"""
import html
import importlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from ..support.errors import UsageError
from ..support.files import atomic_write, cache_folder

EXERCISES = {}                              # "02.matmul_vjp" -> Exercise


class Wrong(AssertionError):
    """An answer is wrong; the message says on which input, what was expected and what came."""


@dataclass
class Exercise:
    """One blank of a notebook: what to fill in, a hint, and the properties that a right answer has."""
    name: str
    title: str
    hint: str
    properties: list = field(default_factory=list)

    def property(self, f):
        """Add a property: f(answer) raises Wrong (or AssertionError) if it fails.  The first failure is told."""
        self.properties.append(f)
        return f


@dataclass
class Result:
    """What `check` found; in a notebook it shows itself as a coloured line."""
    name: str
    passed: bool
    message: str

    def __repr__(self):
        return f"{'✓' if self.passed else '✗'} {self.name}: {self.message}"

    def _repr_html_(self):
        colour, mark = ("#009E73", "✓") if self.passed else ("#D55E00", "✗")
        return (f'<div style="border-left: 4px solid {colour}; padding: 4px 10px; white-space: pre-wrap">'
                f"<b>{mark} {html.escape(self.name)}</b>: {html.escape(self.message)}</div>")


def exercise(name, title, hint):
    """Declare an exercise; add its properties with @its.property."""
    EXERCISES[name] = Exercise(name, title, hint)
    return EXERCISES[name]


def find(name):
    """The exercise of this name, from the module of its notebook."""
    number = name.partition(".")[0]
    if name not in EXERCISES:
        try:
            importlib.import_module(f".exercises.nb{number}", __package__)
        except ModuleNotFoundError as missing:
            if missing.name != f"{__package__}.exercises.nb{number}":
                raise
    if name not in EXERCISES:
        raise UsageError(f"no exercise is called {name!r}; those of this notebook: "
                         f"{', '.join(n for n in EXERCISES if n.startswith(number + '.')) or 'none'}")
    return EXERCISES[name]


def check(name, *answer):
    """Check an answer (a function, a number, an array; several for some exercises) and remember if it is right."""
    task = find(name)
    message = _first_fault(task, answer)
    if message is None:
        remember(name)
    return Result(name, message is None, message or f"right. {task.title[0].upper()}{task.title[1:]}.")


def _first_fault(task, answer):
    if any(a is None or a is ... for a in answer):
        return f"not done yet.\nHint: {task.hint}"
    for f in task.properties:
        try:
            f(*answer)
        except NotDone:
            return f"not done yet.\nHint: {task.hint}"
        except AssertionError as wrong:
            return f"not yet right. {wrong}\nHint: {task.hint}"
        except Exception as error:          # the answer itself failed: that, too, is an answer to explain
            return f"not yet right: your code raised {type(error).__name__}: {error}\nHint: {task.hint}"
    return None


class NotDone(Exception):
    """The blank is still blank: the function returned None or the Ellipsis."""


def call(answer, *inputs, **params):
    """The answer's result, or NotDone when its body is still empty."""
    result = answer(*inputs, **params)
    if result is None or result is ...:
        raise NotDone
    return result


def for_all(property, examples=60, **strategies):
    """Hypothesis: the property holds for inputs of these strategies; else Wrong, with the smallest that break it."""
    from hypothesis import HealthCheck, Phase, given, settings
    smallest = {}

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, print_blob=False,
              phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
              report_multiple_bugs=False)
    @given(**strategies)
    def holds(**inputs):
        try:
            property(**inputs)
        except (AssertionError, Exception) as fault:
            smallest["inputs"], smallest["fault"] = inputs, fault
            raise
    try:
        holds()
    except NotDone:
        raise
    except Exception:
        fault = smallest["fault"]
        where = ", ".join(f"{k} = {show(v)}" for k, v in smallest["inputs"].items())
        what = str(fault) if isinstance(fault, AssertionError) else f"your code raised {type(fault).__name__}: {fault}"
        raise Wrong(f"For {where}: {what}") from None


def show(value):
    """A value in one short line."""
    import numpy as np
    if hasattr(value, "shape"):
        return np.array2string(np.asarray(value), separator=", ", precision=4, threshold=20).replace("\n", "")
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def same(got, expected, what="the result", tolerance=1e-6, guesses=()):
    """Wrong, unless got has the shape and the values of expected.

    guesses     (value, words) for mistakes that are likely: words are added for the first whose value was given
    """
    import numpy as np
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        raise Wrong(f"{what} has shape {got.shape}, expected {expected.shape}.")
    if not np.allclose(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
        words = next((f" {words}" for value, words in guesses
                      if np.shape(value) == got.shape and np.allclose(got, value)), "")
        raise Wrong(f"{what} is {show(got)}, expected {show(expected)}.{_likely(got, expected)}{words}")


def _likely(got, expected):
    """The classic mistakes, recognised by what they do to the result."""
    import numpy as np
    if np.allclose(got, -expected):
        return " The sign is wrong."
    if got.ndim == 2 and got.shape == expected.T.shape and np.allclose(got, expected.T):
        return " It is transposed."
    with np.errstate(all="ignore"):
        ratio = got / expected
    ratio = ratio[np.isfinite(ratio)]
    if ratio.size and np.allclose(ratio, ratio[0]) and not np.allclose(ratio[0], 1):
        return f" It is {ratio[0]:.4g} times what it should be."
    return ""


# -- progress --------------------------------------------------------------------------------------------------------
def _progress_file():
    """$MINIGRAD_PROGRESS/progress.json, or in the cache folder."""
    return Path(os.environ.get("MINIGRAD_PROGRESS") or cache_folder()) / "progress.json"


def progress():
    """The names of the exercises solved so far, on this machine."""
    try:
        return set(json.loads(_progress_file().read_text()))
    except (FileNotFoundError, ValueError):
        return set()


def remember(name):
    solved = progress()
    if name not in solved:
        with atomic_write(_progress_file(), "w") as file:
            json.dump(sorted(solved | {name}), file)
