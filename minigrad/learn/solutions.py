"""The course's own answers: the code of each blank, and what a learner's code turns it into."""
import ast
import contextlib
import functools
import io
import math

import numpy as np

import minigrad as mg

from . import notebooks

# How the cells begin that define what exercises of a notebook build on.
GIVEN = {"01": ("class Value", "def order"), "23": ("import itertools", "def merged")}


def solutions(numbers=()):
    """{exercise: (code of its solution, the names passed to check)} of the notebooks named, in order."""
    found = {}
    for path in notebooks.paths(numbers):
        code = None
        for cell in notebooks.solved(notebooks.read(path))["cells"]:
            text = notebooks.source(cell)
            if notebooks.is_blank(cell):
                code = text
            elif cell["cell_type"] == "code" and (name := notebooks.CHECK.search(text)):
                call = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
                            and getattr(node.func, "id", "") == "check")
                found[name[1]] = code, [argument.id for argument in call.args[1:]]
    return found


def answer(code, names, number):
    """The objects of these names after the code of an exercise of a notebook has run."""
    scope = {"np": np, "mg": mg, "math": math, "__name__": "answer"}
    scope.update(_given(number))
    exec(code if not isinstance(code, str) else compile(code, "<answer>", "exec"), scope)
    return tuple(scope[name] for name in names)


@functools.cache
def _given(number):
    """What the exercises of a notebook build on: of 01 the class Value and the order of values, of 23 `merged`."""
    if number not in GIVEN:
        return {}
    scope = {"math": math}
    for cell in notebooks.read(notebooks.paths([number])[0])["cells"]:
        text = notebooks.source(cell)
        if text.lstrip().startswith(GIVEN[number]) and not notebooks.is_blank(cell):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, "<notebook>", "exec"), scope)
    return scope
