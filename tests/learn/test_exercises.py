"""Each exercise: wrong answers are rejected, and get the right words; right ones of any style pass; the blank fails."""
import importlib

import pytest

from minigrad.learn import check, notebooks
from minigrad.learn.checking import find, first_fault
from minigrad.learn.notebooks import exercises
from minigrad.learn.solutions import answer, solutions

from .wrong.named import WRONG as NAMED

BOOKS = {path.name[:2]: notebooks.read(path) for path in notebooks.paths()}
SOLUTIONS = solutions()
NAMES = [name for book in BOOKS.values() for name in exercises(book)]
each = pytest.mark.parametrize("name", NAMES)


def wrong_answers():
    for number in BOOKS:
        table = importlib.import_module(f".wrong.nb{number}", __package__).WRONG
        for name, answers in table.items():
            for k, (wrong, words) in enumerate(answers):
                yield pytest.param(name, wrong if isinstance(wrong, tuple) else (wrong,), words, id=f"{name}-{k}")


@pytest.fixture(autouse=True)
def own_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))


@pytest.mark.parametrize("name, wrong, words", list(wrong_answers()))
def test_a_wrong_answer_gets_the_right_words(name, wrong, words):
    result = check(name, *wrong)
    assert not result.passed and words in result.message, result.message


@pytest.mark.parametrize("number", BOOKS)
def test_three_wrong_answers_for_each_exercise(number):
    table = importlib.import_module(f".wrong.nb{number}", __package__).WRONG
    assert set(table) == set(exercises(BOOKS[number])) and all(len(answers) >= 3 for answers in table.values())


@each
def test_three_hints_and_a_title(name):
    task = find(name)
    assert len(task.hints) == 3 and task.title and len(set(task.hints)) == 3


@pytest.mark.parametrize("name, broken, words", NAMED, ids=[f"{name}-{k}" for k, (name, _, _) in enumerate(NAMED)])
def test_what_once_slipped_through(name, broken, words):
    others = answer(*SOLUTIONS[name], name)[1:]
    fault = first_fault(find(name), (broken, *others), limit=2)
    assert fault and words in fault
