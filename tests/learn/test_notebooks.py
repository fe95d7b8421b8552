"""The course runs: as a newcomer finds it, and with the solutions filled in."""
import re
from importlib.util import find_spec

import pytest

from minigrad.data import fetch
from minigrad.learn import notebooks
from minigrad.learn.notebooks import exercises

PATHS = notebooks.paths()
each = pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)


def data_needed(book):
    """The data sets that its text asks the reader to fetch: "minigrad data fetch shakespeare"."""
    text = "\n".join(map(notebooks.source, book["cells"]))
    return [name for names in re.findall(r"minigrad data fetch ([a-z0-9 ]+)", text) for name in names.split()]


def run(book, path):
    """The notebook, executed; skipped where the data that it asks for have not been fetched."""
    if missing := [name for name in data_needed(book) if not fetch.folder_of(name).is_dir()]:
        pytest.skip(f"needs data: minigrad data fetch {' '.join(missing)}")
    if any("minigrad[distributed]" in notebooks.source(cell) for cell in book["cells"]) and not find_spec("mpi4py"):
        pytest.skip('needs MPI: pip install "minigrad[distributed]"')
    return notebooks.execute(book, path, shortened=True)


def checks(book):
    """(exercise, what check answered) for every call of check, in order."""
    for cell in book["cells"]:
        if cell["cell_type"] == "code" and (names := re.findall(r'\bcheck\(\s*"([^"]+)"', notebooks.source(cell))):
            texts = ["".join(o["data"]["text/plain"]) for o in cell["outputs"] if o["output_type"] == "execute_result"]
            yield names[-1], texts[-1] if texts else ""


@each
def test_outputs_are_not_stale(path):
    book = notebooks.read(path)
    assert book["metadata"]["minigrad"]["ran"] == notebooks.fingerprint(book), \
        f"{path.name}: its code has changed; run minigrad learn --rebuild"


def links(path):
    """[(text, target)] of a page's links to other files."""
    text = path.read_text(encoding="utf-8")
    return [(words, target) for words, target in re.findall(r"\[([^]\n]*)\]\(([^)\s]+)\)", text)
            if re.match(r"[\w./]+\.(py|md|ipynb|png)$", target)]


@pytest.mark.parametrize("path", [*PATHS, *notebooks.folder().glob("*.md")], ids=lambda p: p.stem)
def test_links_lead_to_what_they_name(path):
    for words, target in links(path):
        file = path.parent / target
        assert file.is_file(), f"{path.name}: no {target}"
        if target.endswith(".py") and (name := words.strip("`")) not in target:
            defined = rf"^\s*(def|class) {name}\b|^{name} = "
            assert re.search(defined, file.read_text(encoding="utf-8"), re.M), f"{path.name}: no {name} in {target}"


def test_a_copy_brings_the_source_that_it_links_to(tmp_path):
    notebooks.copy_to(tmp_path)
    for path in tmp_path.glob("*.ipynb"):
        assert [target for _, target in links(path) if not (path.parent / target).is_file()] == []
        assert notebooks.exercises(notebooks.read(path))
    edited = tmp_path / PATHS[0].name
    edited.write_text("mine")
    notebooks.copy_to(tmp_path)
    assert edited.read_text() == "mine"


@each
def test_files_are_clean(path):
    book = notebooks.read(path)
    assert notebooks.clean(book) == book, f"{path.name} has noise in it; run minigrad learn --rebuild {path.name[:2]}"
    assert not any(o["output_type"] == "error" for c in book["cells"] for o in c.get("outputs", []))


@each
def test_two_questions_to_predict(path):
    """Each folded answer stands with its question, in the same cell."""
    texts = [notebooks.source(c) for c in notebooks.read(path)["cells"] if c["cell_type"] == "markdown"]
    asked = sum(text.count("**Predict first:**") for text in texts)
    assert asked >= 2
    for text in texts:
        questions = text.count("**Predict first:**") + text.count("**From before:**")
        assert text.count("<summary>Answer</summary>") == questions
        assert text.count("<details>") == text.count("</details>")


@each
def test_a_blank_stands_behind_its_text(path):
    cells = notebooks.read(path)["cells"]
    for k, cell in enumerate(cells):
        if notebooks.is_blank(cell):
            assert cells[k + 1]["cell_type"] == "code", f"{path.name}: text between the blank and its check"


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
    assert answers and all("not done yet" in text and "hint=1" in text for _, text in answers), answers


@each
def test_with_the_solutions_all_checks_pass(path, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))
    book = run(notebooks.solved(notebooks.read(path)), path)
    answers = list(checks(book))
    assert answers and all(text.startswith("✓") for _, text in answers), answers


# Those that train for long are run once here, solved (above); the run with blanks empty differs in little else.
@pytest.mark.parametrize("path", [pytest.param(path, marks=[pytest.mark.slow] * (path.name[:2] > "10"), id=path.stem)
                                  for path in PATHS])
def test_a_fresh_run_with_blanks_empty(path):
    book = run(notebooks.read(path), path)
    assert all("not done yet" in text for _, text in checks(book))


def test_the_folder_is_small():
    assert sum(p.stat().st_size for p in PATHS) < 10e6
