"""The course's exercises: `check` tells whether an answer is right, and if not, on which smallest input and why.

    from minigrad.learn import check
    check("02.matmul_vjp", my_vjp)
    check("02.matmul_vjp", my_vjp, hint=1)          # of three

An exercise is declared beside the others of its notebook (exercises/nb02.py, ...) with its title, three hints and its
properties.  Most have one property, equals(reference, ...): the same results as a reference, for inputs of every kind.
"""
import html
import importlib
import inspect
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..engine.op import Op
from ..support.errors import Failure, UsageError
from ..support.files import atomic_write, cache_folder
from ..support.reading import form, read_json
from .comparing import Wrong, array, close, kind, number, operation, same, several, words_for
from .requiring import Property, call, for_all
from .translating import say
from .watching import LIMIT, Clock, Guarded, NotDone, TimeUp, by_the_answer, copied, is_blank, raised, within

__all__ = ["NotDone", "Wrong", "array", "call", "check", "close", "exercise", "find", "for_all", "number", "operation",
           "same"]

EXERCISES = {}                              # "02.matmul_vjp" -> Exercise
TELLING = 40                                # the inputs on which words for a mistake are looked for


@dataclass
class Exercise:
    """One blank of a notebook: what to fill in, hints, and the properties that a right answer has.

    wants       what the answer is: "a function", "a number", "an operation" or "" for anything else
    edits       the answer writes into its arguments: it is called on them, not on copies
    """
    name: str
    title: str
    hints: tuple
    wants: str = "a function"
    edits: bool = False
    properties: list = field(default_factory=list)
    words: list = field(default_factory=list)           # all that it may say about a mistake

    def said(self, text):
        """A text of its own in the reader's language."""
        return say(text, of=self.name.partition(".")[0])

    def _explained_by(self, told):
        """told, [(how a mistake is recognised, words)], whose words the translators are shown."""
        self.words += [words for _, words in told if words not in self.words]

    def property(self, holds=None, /, examples=60, also=(), mistakes=(), **inputs):
        """Add a property, tried in order: holds(*answer, **inputs) raises Wrong (or AssertionError) if it fails.

        inputs      a strategy for each; without any, @its.property stands without brackets
        also        further inputs, (dict, ...), that must be tried
        mistakes    [(function that returns what a mistaken answer does, words)], said if they agree on many inputs
        """
        if holds is None:
            return lambda f: self.property(f, examples, also, mistakes, **inputs)
        self._explained_by(mistakes)

        def explain(answer, *given):
            return next((self.said(words) for mistake, words in mistakes if all(
                _or_none(answer, *case.values()) == mistake(*case.values()) for case in given[-1][:TELLING])), "")
        self.properties.append(Property(holds, inputs, examples, also, explain if mistakes else None))
        return holds

    def equals(self, reference, what, inputs, mistakes=(), examples=60, also=(), tolerance=1e-6, through=None):
        """Add the property that the answer's results are those of reference.

        what        what the result is called, or a tuple of names for a tuple of results
        inputs      a strategy for each argument (dict), or one of tuples of all arguments
        mistakes    [(function with the arguments of reference that computes what a mistaken answer does, words)]
        also        further inputs, tuples of arguments, that must be tried
        through     through(*answer, *inputs) makes of an answer what is compared; without it, answer(*inputs)
        """
        names = [p.name for p in inspect.signature(reference).parameters.values() if p.default is p.empty]
        many = isinstance(what, tuple)
        self._explained_by(mistakes)

        def right(values):
            return reference(*copied(values))

        def results(answer, values):
            found = through(*answer, *values) if through else answer[0](*values)
            return several(found, what) if many else found

        def holds(*answer, **case):
            values = tuple(case.values())
            got = results(answer, values)   # first: memory of the right result might come to the answer in np.empty
            expected = right(values)
            for one in zip(got, expected, what) if many else [(got, expected, what)]:
                same(*one, tolerance)

        def arrays(answer, values):
            got = results(answer, values)
            return tuple(map(array, got)) if many else array(got)

        def explain(*given):
            answer, cases = given[:-1], [tuple(case.values()) for case in given[-1][:TELLING]]
            trials = [(values, right(values), _or_none(arrays, answer, values)) for values in cases]
            return self.said(words_for(trials, mistakes)) or _without_influence(
                lambda *values: arrays(answer, values), reference, names, cases)

        self.properties.append(Property(holds, inputs, examples, [dict(zip(names, values)) for values in also], explain,
                                        names))
        return self

    def number(self, right, what="it", guesses=(), tolerance=1e-9):
        """Add the property that the answer is this number; guesses are (number, words) for likely mistakes."""
        self.wants = "a number"
        self._explained_by(guesses)

        def is_the_number(answer):
            got = number(answer, what)
            if not close(got, right, tolerance):
                words = next((words for value, words in guesses if close(got, value, tolerance)), "")
                raise Wrong(f"{what} is not {got:,.10g}.", words)
        self.properties.append(Property(is_the_number))
        return self


def _or_none(f, *inputs):
    try:
        return f(*inputs)
    except Exception:                       # told by another input
        return None


def _without_influence(f, reference, names, cases):
    """Words, if an argument that is one number changes the right result each time and the answer never."""
    for place, name in enumerate(names):
        changed = []
        for values, others in zip(cases, cases[1:] + cases[:1]):
            if all(isinstance(v[place], (int, float)) for v in (values, others)) and values[place] != others[place]:
                swapped = (*values[:place], others[place], *values[place + 1:])
                try:
                    right = reference(*copied(values))
                    if np.shape(f(*values)) == np.shape(right) and not close(right, reference(*copied(swapped))):
                        changed.append(not close(f(*values), f(*swapped), 1e-12))
                except Exception:           # inputs that can't be mixed, or several results
                    continue
        if len(changed) > 2 and not any(changed):
            return say("`{}` has no influence on it.", name)
    return ""


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


def exercise(name, title, *hints, wants="a function", edits=False):
    """Declare an exercise; add what it requires with .equals(...), .number(...) or @its.property."""
    EXERCISES[name] = Exercise(name, title, hints, wants, edits)
    return EXERCISES[name]


def find(name):
    """The exercise of this name, from the module of its notebook."""
    number = name.partition(".")[0]
    if name not in EXERCISES:
        try:
            importlib.import_module(f".exercises.nb{number}", __package__)
        except ModuleNotFoundError as missing:
            if missing.name == "hypothesis":
                raise UsageError('exercises are checked with Hypothesis: pip install "minigrad[notebooks]"') from None
            if missing.name != f"{__package__}.exercises.nb{number}":
                raise
    if name not in EXERCISES or not EXERCISES[name].properties:
        raise UsageError(f"no exercise is called {name!r}; those of this notebook: "
                         f"{', '.join(n for n in EXERCISES if n.startswith(number + '.')) or 'none'}")
    return EXERCISES[name]


def check(name, *answer, hint=None):
    """Check an answer (a function, a number, an array; several for some exercises) and remember if it is right.

    hint    1, 2 or 3: add this hint, each says more than the one before
    """
    task = find(name)
    if not answer:
        raise UsageError(f'what is your answer?  check("{name}", answer)')
    if hint is not None and hint not in range(1, len(task.hints) + 1):
        raise UsageError(f"{name} has {len(task.hints)} hints, hint=1 to hint={len(task.hints)}")
    fault = first_fault(task, answer)
    if fault is None:
        remember(name)
    message = say("right: {}.", task.said(task.title)) if fault is None else fault
    if hint:
        message += "\n" + say("Hint {} of {}: {}", hint, len(task.hints), task.said(task.hints[hint - 1]))
    elif fault:
        message += "\n" + say('Stuck? check("{}", ..., hint=1) gives the first of {} hints.', name, len(task.hints))
    return Result(name, fault is None, message)


def first_fault(task, answer, shrink=True, limit=LIMIT):
    """What is wrong with an answer, in words, or None.

    shrink      look for the smallest input that shows it
    limit       the seconds it may take
    """
    if any(map(is_blank, answer)):
        return say("not done yet.")
    if task.wants == "a function" and not callable(answer[0]):
        return say("not yet right: expected a function, got {}.", kind(answer[0]))
    clock = Clock()
    answer = tuple(Guarded(a, clock, task.edits) if callable(a) and not isinstance(a,
                                                                                   (Op, type)) else a for a in answer)
    whole = any(isinstance(a, Guarded) for a in answer)         # else the time of the properties themselves counts

    def judge():
        for held in task.properties:
            if whole:
                held.require(answer, shrink)
            else:
                clock.call(held.require, answer, shrink)
    try:
        within(clock, limit, judge)
    except NotDone:
        return say("not done yet.")
    except TimeUp:
        return say("not yet right: your code had not come back after {} s and was stopped. "
                   "Is there a loop that never ends, or one over far too much?", f"{limit:g}")
    except AssertionError as wrong:
        return say("not yet right. {}", wrong)
    except Exception as error:              # of an operation or a class: that, too, is an answer to explain
        if by_the_answer(error):
            return say("not yet right: {}", raised(error))
        wanted = task.wants or "an answer"
        return say("not yet right: what came can't be used as {} ({}: {}).", wanted, type(error).__name__, error)
    return None


# -- progress --------------------------------------------------------------------------------------------------------
def _progress_file():
    """$MINIGRAD_PROGRESS/progress.json, or in the cache folder."""
    return Path(os.environ.get("MINIGRAD_PROGRESS") or cache_folder()) / "progress.json"


def progress():
    """The names of the exercises solved so far, on this machine."""
    path = _progress_file()
    try:
        return set(form(read_json(path), [str], path))
    except Failure:                         # none yet, or damaged: the next exercise that is solved begins it anew
        return set()


def remember(name):
    solved = progress()
    if name not in solved:
        with atomic_write(_progress_file(), "w") as file:
            json.dump(sorted(solved | {name}), file)


def forget(name):
    """An exercise is open again."""
    if name in progress():
        with atomic_write(_progress_file(), "w") as file:
            json.dump(sorted(progress() - {name}), file)
