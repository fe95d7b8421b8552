"""`minigrad learn`: open the course, list it, show progress, or run all of it again."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..learn import notebooks, progress
from ..support.errors import Failure


def add_arguments(parser):
    parser.add_argument("number", nargs="?", help="start with this notebook, such as 03")
    parser.add_argument("--list", action="store_true", help="the notebooks, with their titles")
    parser.add_argument("--progress", action="store_true", help="the exercises solved so far")
    parser.add_argument("--folder", type=Path, default=Path("minigrad-course"),
                        help="where your copy is kept (default: minigrad-course); notebooks already there stay as "
                             "they are")
    parser.add_argument("--rebuild", action="store_true",
                        help="for authors: run the notebooks again and save their outputs")


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
        tasks = notebooks.exercises(book)
        done = [t for t in tasks if t in solved]
        print(f"{len(done)}/{len(tasks)}  {notebooks.title(book)}")
        for task in tasks:
            print(f"      {'✓' if task in solved else '·'} {task}")
    return 0


def open_course(names, folder):
    """Copy the notebooks to where they can be edited, and start JupyterLab there."""
    start = notebooks.paths(names)[0] if names else None
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which("jupyter-lab", path=places) is None:
        raise Failure('JupyterLab is not installed; run pip install "minigrad[notebooks]"')
    notebooks.copy_to(folder)
    target = folder / start.name if start else folder
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(target)])
