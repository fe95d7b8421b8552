"""The gallery: every wrong rule is found, within ten cases, and what is said first of it is right for nearly all."""
import functools

import pytest

from minigrad.testing.gallery import GALLERY
from minigrad.testing.ops.runner import run

FEW = ("cube without 3", "power", "softmax, axis 0", "matmul without T", "bias of the first row", "maximum",
       "half detached")


def first_line(failure):
    """The first line of advice; without advice, what the failed property says."""
    lines = failure.splitlines()
    advice = [line for line in lines if line.startswith(("  suggestion:", "  likely:"))]
    return (advice or lines[1:])[0]


@functools.cache
def quickly(name):
    return run(GALLERY[name].op(name), examples=25, shrink=False, explain=False)


@pytest.mark.parametrize("name", GALLERY)
def test_it_is_found(name):
    assert quickly(name).lacks and quickly(name).examples <= 10


def test_half_of_them_are_found_by_the_first_two_cases():
    assert sorted(quickly(name).examples for name in GALLERY)[len(GALLERY) // 2] <= 2


@pytest.mark.parametrize("name", FEW)
def test_what_is_said_first_is_right(name):
    assert GALLERY[name].says in first_line(run(GALLERY[name].op(name), examples=25).failure)


@pytest.mark.slow
def test_what_is_said_first_is_right_for_nearly_all():
    said = {name: first_line(run(entry.op(name), examples=25).failure) for name, entry in GALLERY.items()}
    right = [name for name, line in said.items() if GALLERY[name].says and GALLERY[name].says in line]
    assert len(right) >= 74, {name: line for name, line in said.items() if name not in right}
