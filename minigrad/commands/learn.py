"""`minigrad learn`: open the course, list it, show progress, or run all of it again."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..learn import notebooks, progress
from ..support.errors import Failure


def add_parser(subparsers):
    learn = subparsers.add_parser("learn", help="open the course in JupyterLab")
    learn.add_argument("number", nargs="?", help="start with this notebook, such as 03")
    learn.add_argument("--list", action="store_true", help="the notebooks, with their titles")
    learn.add_argument("--progress", action="store_true", help="the exercises solved so far")
    learn.add_argument("--folder", type=Path, default=Path("minigrad-course"),
                       help="where your copy is kept (default: minigrad-course); notebooks already there stay as they are")
    learn.add_argument("--rebuild", action="store_true", help="for authors: run the notebooks again and save their outputs")
    learn.set_defaults(run=run)


def run(args):
    names = [args.number] if args.number else []
    if args.list:
        for path in notebooks.paths(names):
            print(notebooks.title(notebooks.read(path)))
        return 0
    if args.progress:
        return show_progress(names)
    if args.rebuild:
        from tqdm import tqdm
        for path in tqdm(notebooks.paths(names), unit="notebook"):
            notebooks.rebuild(path)
        return 0
    return open_course(names, args.folder)


def show_progress(names):
    solved = progress()
    for path in notebooks.paths(names):
        book = notebooks.read(path)
        tasks = exercises(book)
        done = [t for t in tasks if t in solved]
        print(f"{len(done)}/{len(tasks)}  {notebooks.title(book)}")
        for task in tasks:
            print(f"      {'✓' if task in solved else '·'} {task}")
    return 0


def exercises(book):
    """The names that a notebook checks, in order."""
    import re
    return [name for cell in book["cells"] if cell["cell_type"] == "code"
            for name in re.findall(r'\bcheck\(\s*"([^"]+)"', notebooks.source(cell))]


def open_course(names, folder):
    """Copy the notebooks to where they can be edited, and start JupyterLab there."""
    start = notebooks.paths(names)[0] if names else None
    if shutil.which("jupyter-lab", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])) is None:
        raise Failure('JupyterLab is not installed; run pip install "minigrad[notebooks]"')
    folder.mkdir(parents=True, exist_ok=True)
    for path in notebooks.paths():
        if not (folder / path.name).exists():
            shutil.copy(path, folder / path.name)
    target = folder / start.name if start else folder
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(target)])
