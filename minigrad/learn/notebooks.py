"""The course's notebooks as files: where they are, what blanks they have, how they are run and kept clean.

An exercise is three cells: a code cell with the blank, tagged "exercise"; a code cell that calls `check`; and a
Markdown cell with the folded solution, <details> ... ```python ... ``` ... </details>.
"""
import copy
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

from ..support.errors import Failure, UsageError
from ..support.files import atomic_write

SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.S)


def folder():
    """The folder of the course: beside the package in a clone, under share/ in an installation.

    In a browser it may still lie as the wheel has it.
    """
    packages, share = Path(__file__).parents[2], "share/minigrad/notebooks"
    for place in (packages / "notebooks", Path(sys.prefix) / share, *packages.glob(f"minigrad-*.data/data/{share}")):
        if any(place.glob("[0-9][0-9]_*.ipynb")):
            return place
    raise Failure("the course's notebooks are not installed; run from a clone of the repository")


def paths(names=()):
    """The notebooks in order, or those whose numbers are named ("03")."""
    found = sorted(folder().glob("[0-9][0-9]_*.ipynb"))
    if unknown := [n for n in names if not any(p.name.startswith(f"{n}_") for p in found)]:
        raise UsageError(f"no notebook {', '.join(unknown)}; there are {', '.join(p.name[:2] for p in found)}")
    return [p for p in found if not names or p.name[:2] in names]


LINK = re.compile(r"\]\(\.\./(minigrad/[\w/]+\.\w+)\)")         # to a file of the source, in Markdown
PACKAGE = Path(__file__).parents[1]


def copy_to(target, translate=lambda notebook, number: notebook, beside=lambda text, name: text):
    """Copy the notebooks to a folder where they can be edited; those that are there already stay as they are.

    translate   translate(notebook, "03") gives the notebook to write, in another language
    beside      beside(text, "glossary") gives the Markdown of a page beside the notebooks

    The files of the source that they link to go to source/ beside them: JupyterLab opens nothing from outside.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in [*paths(), *folder().glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        for name in sorted(set(LINK.findall(text))):
            here, there = PACKAGE.parent / name, target / "source" / name
            if here.exists() and not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(here, there)
        if not (target / path.name).exists():
            if path.suffix == ".ipynb":
                text = as_text(translate(json.loads(text), path.name[:2]))
            else:
                text = beside(text, path.stem)
            with atomic_write(target / path.name, "w") as file:     # half a page would stay as it is
                file.write(LINK.sub(r"](source/\1)", text))


def read(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def title(notebook):
    """The first heading."""
    return next(line.lstrip("# ").strip() for c in notebook["cells"] if c["cell_type"] == "markdown"
                for line in source(c).splitlines() if line.startswith("# "))


def source(cell):
    return "".join(cell["source"])


def is_blank(cell):
    return "exercise" in cell["metadata"].get("tags", [])


CHECK = re.compile(r'\bcheck\(\s*"([^"]+)"')


def exercises(notebook):
    """The names of the exercises that it checks, in order."""
    return [name for cell in notebook["cells"] if cell["cell_type"] == "code" for name in CHECK.findall(source(cell))]


def with_blank(notebook, original, name):
    """The notebook with the blank of one exercise as it is in the original."""
    def blank(book):
        cell = None
        for one in book["cells"]:
            if is_blank(one):
                cell = one
            elif one["cell_type"] == "code" and name in CHECK.findall(source(one)):
                return cell
    if (cell := blank(notebook)) is None:
        raise UsageError(f"your notebook has no blank for {name} any more; delete it to begin again with a whole one")
    cell.update(source=blank(original)["source"], outputs=[])
    return notebook


def solved(notebook):
    """A copy with each blank filled in from the folded solution that follows it."""
    notebook = copy.deepcopy(notebook)
    blanks = []
    for cell in notebook["cells"]:
        if is_blank(cell):
            blanks.append(cell)
        elif blanks and (answer := SOLUTION.search(source(cell))):
            blanks.pop(0)["source"] = answer[1]
    if blanks:
        raise Failure(f"a blank without a solution: {source(blanks[0])[:60]!r}")
    return notebook


def execute(notebook, path, timeout=600, shortened=False):
    """Run all cells in a fresh kernel, in the notebook's folder; a copy with the outputs.

    timeout     seconds for the kernel to start, for each cell, and for its outputs, none of which may be lost
    shortened   set MINIGRAD_SHORT=1, by which a notebook's long training runs are cut down for tests; what is left is
                too small to be worth a second thread
    """
    import os

    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    environment = {**os.environ, "MINIGRAD_SHORT": "1" if shortened else "0", "PYTHONWARNINGS": "default",
                   **({"OPENBLAS_NUM_THREADS": "1"} if shortened else {})}
    client = NotebookClient(node, timeout=timeout, startup_timeout=timeout, iopub_timeout=timeout,
                            raise_on_iopub_timeout=True, kernel_name="python3",
                            resources={"metadata": {"path": str(Path(path).parent)}})
    try:
        client.execute(env=environment)
    except (CellExecutionError, CellTimeoutError) as error:
        raise Failure(f"{Path(path).name}: {error}") from None
    return json.loads(nbformat.writes(node))


def clean(notebook):
    """Without noise: stable cell ids, no execution counts or times, one kernel name; the mark of what was run."""
    notebook = copy.deepcopy(notebook)
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"c{number:03d}"
        cell["source"] = source(cell).splitlines(keepends=True)
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k in ("tags", "jupyter")}
        if cell["cell_type"] == "code":
            cell["execution_count"] = None
            outputs = []
            for output in cell["outputs"]:
                output.pop("execution_count", None)
                if output["output_type"] == "execute_result":
                    output["execution_count"] = None
                if output.get("name") == "stderr":
                    continue                # progress bars and warnings are not part of the lesson
                outputs.append(output)
            cell["outputs"] = outputs
    notebook["metadata"] = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                            "language_info": {"name": "python"}, "minigrad": {"ran": fingerprint(notebook)}}
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def fingerprint(notebook):
    """Of the code cells: outputs made by other code are stale."""
    code = "\0".join(source(c).strip() for c in notebook["cells"] if c["cell_type"] == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def as_text(notebook):
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(notebook, path):
    with atomic_write(path, "w") as file:
        file.write(as_text(notebook))


def rebuild(path):
    """Run a notebook as a newcomer finds it, blanks empty, and save it with clean outputs."""
    write(clean(execute(read(path), path, timeout=3600)), path)
