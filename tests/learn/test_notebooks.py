"""The course runs: as a newcomer finds it, and with the solutions filled in; wrong answers get the right words."""
import re

import pytest

from minigrad.learn import EXERCISES, check, notebooks
from minigrad.learn.main import exercises

PATHS = notebooks.paths()
each = pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)


def checks(book):
    """(exercise, what check answered) for every call of check, in order."""
    for cell in book["cells"]:
        if cell["cell_type"] == "code" and (names := re.findall(r'\bcheck\(\s*"([^"]+)"', notebooks.source(cell))):
            texts = ["".join(o["data"]["text/plain"]) for o in cell["outputs"] if o["output_type"] == "execute_result"]
            yield names[-1], texts[-1] if texts else ""


@each
def test_outputs_are_not_stale(path):
    assert not notebooks.is_stale(notebooks.read(path)), f"{path.name}: its code has changed; run minigrad learn --rebuild"


@each
def test_files_are_clean(path):
    book = notebooks.read(path)
    assert notebooks.clean(book) == book, f"{path.name} has noise in it; run minigrad learn --rebuild {path.name[:2]}"
    assert not any(o["output_type"] == "error" for c in book["cells"] for o in c.get("outputs", []))


@each
def test_exercises_are_declared_and_solved(path):
    book = notebooks.read(path)
    names, blanks = exercises(book), sum(map(notebooks.is_blank, book["cells"]))
    assert 2 <= len(names) <= 5 and len(names) == len(set(names)) == blanks
    notebooks.solved(book)


@each
def test_with_blanks_empty_each_check_says_so_and_nothing_else_fails(path):
    """Shown by the committed outputs, which are those of a run with the blanks empty."""
    answers = list(checks(notebooks.read(path)))
    assert answers and all("not done yet" in text and "Hint" in text for _, text in answers), answers


@each
def test_with_the_solutions_all_checks_pass(path, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))
    book = notebooks.execute(notebooks.solved(notebooks.read(path)), path, shortened=True)
    answers = list(checks(book))
    assert answers and all(text.startswith("✓") for _, text in answers), answers


@pytest.mark.slow
@each
def test_a_fresh_run_with_blanks_empty(path):
    book = notebooks.execute(notebooks.read(path), path, shortened=True)
    assert all("not done yet" in text for _, text in checks(book))


def test_the_folder_is_small():
    assert sum(p.stat().st_size for p in PATHS) < 10e6
