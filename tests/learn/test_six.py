"""Six wrong answers more to each exercise (wrong/six.txt), none from the lists by which the checks were made."""
import math
from pathlib import Path

import numpy as np
import pytest

from minigrad.learn import notebooks
from minigrad.learn.checking import find, first_fault
from minigrad.learn.solutions import names_after, solutions

SOLUTIONS = solutions()


def six():
    """{exercise: [expression]}"""
    found = {}
    for line in (Path(__file__).parent / "wrong" / "six.txt").read_text(encoding="utf-8").splitlines():
        if line in SOLUTIONS:
            found[line] = answers = []
        elif line and not line.startswith("#"):
            answers.append(line)
    return found


def faults(name, most=6):
    """[(expression, what check says of it, None if it is accepted)] of the first answers."""
    code, names = SOLUTIONS[name]
    scope = {"np": np, "math": math, **names_after(code, name)}
    others = [scope[other] for other in names[1:]]
    scope["R"] = scope[names[0]]
    for expression in six()[name][:most]:
        yield expression, first_fault(find(name), (eval(expression, scope), *others), shrink=False, limit=60)


def test_each_exercise_has_six():
    assert {name: len(answers) for name, answers in six().items()} == dict.fromkeys(SOLUTIONS, 6)


@pytest.mark.parametrize("most", [1, pytest.param(6, marks=pytest.mark.deep)])
@pytest.mark.parametrize("number", [path.name[:2] for path in notebooks.paths()])
def test_they_are_rejected(number, most):
    for name in (name for name in six() if name.startswith(number)):
        answers = list(faults(name, most))
        accepted = [expression for expression, fault in answers if fault is None]
        assert not accepted, f"{name} accepts: {accepted}"
        crashed = [fault for _, fault in answers if "can't be used as" in fault]
        assert not crashed, f"{name}: {crashed}"
