"""`minigrad learn`: open the course, list it, show progress, put an exercise back, build it as pages."""
import argparse
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ..learn import companions, notebooks, progress, translating
from ..support.errors import Failure, UsageError
from .options import a_path, filled


def add_arguments(parser):
    parser.epilog = "What follows -- goes to JupyterLab: minigrad learn 03 -- --ip=0.0.0.0"
    parser.add_argument("number", nargs="?", help="start with this notebook, such as 03 (default: the first)")
    parser.add_argument("jupyter", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help="the port of JupyterLab (default: 8888 or the next that is free)")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    parser.add_argument("--list", action="store_true", help="the notebooks, with their titles")
    parser.add_argument("--progress", action="store_true", help="the exercises solved so far")
    parser.add_argument("--reset", metavar="EXERCISE",
                        help="empty the blank of one exercise, such as 03.hypot1, again")
    parser.add_argument("--folder", type=a_path,
                        help="where your copy is kept (default: minigrad-course, in Chinese minigrad-course-zh); "
                             "notebooks already there stay as they are")
    parser.add_argument("--language", default="en",
                        help="the language of the texts, and of what check says: en (default) or zh; what is not "
                             "translated yet is English")
    parser.add_argument("--lite", type=a_path, metavar="DIR",
                        help="build pages that run the course in the browser, without an installation: any web server "
                             "shows them (python -m http.server -d DIR)")
    parser.add_argument("--pyodide", type=filled, metavar="PLACE",
                        help="of --lite: Python for the browser, a folder with Pyodide's full distribution or the "
                             "address of its pyodide.mjs (default: Pyodide's own pages)")
    parser.add_argument("--published", type=filled, metavar="ADDRESS",
                        help="of --lite: where on GitHub DIR will lie, "
                             "https://github.com/OWNER/NAME/tree/BRANCH/FOLDER; then each notebook gets buttons that "
                             "open it on Colab and Binder")
    parser.add_argument("--audit", action="store_true",
                        help="for authors: break each solution in every small way, and see whether its check notices")
    parser.add_argument("--rebuild", action="store_true",
                        help="for authors: run the notebooks again and save their outputs")
    parser.add_argument("--site", metavar="DIR", type=a_path,
                        help="build a site of the course, the derivative table and the reference, in all languages, in "
                             'a folder that is new, empty or an earlier site (pip install "minigrad[site]"); with '
                             "--lite DIR/lite its notebooks have buttons that open them in the browser")
    parser.add_argument("--translate", metavar="NAME",
                        help="for translators: what is left to do in a catalogue, such as 03 or check, as JSON")


def run(args):
    """Do what an option asks for; if none does, open the course."""
    arrange(args)
    wanted = {"translate": show_what_is_left, "list": show_titles, "progress": show_progress, "reset": reset,
              "site": make_site, "lite": build_lite, "audit": show_audit, "rebuild": rebuild}
    for option, do in wanted.items():
        if getattr(args, option) not in (None, False):
            return do(args)
    return open_course(args)


def arrange(args):
    """args.names, the notebooks meant; args.jupyter, what goes to JupyterLab; the folder; or a UsageError."""
    if args.number and args.number.startswith("-"):     # minigrad learn -- --ip=0.0.0.0
        args.number, args.jupyter = None, [args.number, *args.jupyter]
    if args.jupyter and not args.jupyter[0].startswith("-"):
        raise UsageError(f"one notebook is opened at a time; what {args.jupyter[0]!r} means is not known")
    args.names = [args.number] if args.number else []
    english = args.language == "en"
    if not english:
        translating.known(args.language)
        os.environ["MINIGRAD_LANGUAGE"] = args.language     # for the kernels, where check speaks
    elif args.translate is not None:
        raise UsageError("a translation is into a language: add --language zh")
    args.folder = args.folder or Path("minigrad-course" if english else f"minigrad-course-{args.language}")
    if args.site is not None and (args.names or not english):
        raise UsageError("--site makes all notebooks, in all languages: leave out the number and --language")
    if (args.pyodide or args.published) and args.site is None and args.lite is None:
        raise UsageError("--pyodide and --published belong to --lite DIR, with --site DIR or without")


def show_what_is_left(args):
    """What a catalogue lacks, as JSON; 1 if it lacks anything."""
    from ..learn.proofreading import state
    left = state(args.language, args.translate)
    print(json.dumps(left, ensure_ascii=False, indent=1))
    return 1 if any(left.values()) else 0


def show_titles(args):
    for path in notebooks.paths(args.names):
        print(notebooks.title(in_language(args.language)(notebooks.read(path), path.name[:2])))
    return 0


def rebuild(args):
    from tqdm import tqdm
    for path in tqdm(notebooks.paths(args.names), unit="notebook"):
        notebooks.rebuild(path)
    return 0


def in_language(language):
    """What makes a notebook one of this language."""
    return lambda notebook, number: (notebook if language == "en"
                                     else translating.translated(notebook, language, number))


@contextmanager
def steps(unit):
    """A bar of what is built: progress(count, words) sets it to so many steps and returns what to call after each."""
    from tqdm import tqdm
    with tqdm(unit=unit, delay=0.5) as bar:     # none before what fails at once
        def progress(count, words):
            bar.reset(count)
            bar.set_description(words)
            return bar.update
        yield progress


def build_lite(args):
    """Build the pages for the browser."""
    from ..learn import lite
    with steps("step") as progress:
        lite.build(args.lite, progress, args.pyodide, args.published)
    print(f"{args.lite / 'lab' / 'index.html'}: show them with python -m http.server -d {args.lite}")
    return 0


def show_progress(args):
    solved = progress()
    for path in notebooks.paths(args.names):
        book = notebooks.read(path)
        tasks = notebooks.exercises(book)
        done = [t for t in tasks if t in solved]
        print(f"{len(done)}/{len(tasks)}  {notebooks.title(book)}")
        for task in tasks:
            print(f"      {'✓' if task in solved else '·'} {task}")
    return 0


def make_site(args):
    """Build the site, and with --lite what its buttons open; what is to be said of it goes to stderr."""
    from ..learn.site import build
    target, lite = args.site, None
    if args.lite is not None:
        from ..learn.lite import look_for_needed
        look_for_needed()
        lite = Path(os.path.relpath(args.lite, target)).as_posix()
        if set(lite.split("/")) <= {".", ".."}:
            raise UsageError(f"--lite {args.lite} holds --site {target}: give a folder inside, such as {target}/lite")
    with steps("page") as progress:
        remarks = build(target, progress, lite=lite, published=args.published)
    if args.lite is not None:
        build_lite(args)
        if args.published:                  # Binder looks for it at the top of the branch
            shutil.move(args.lite / "binder", target / "binder")
    for remark in remarks:
        print(f"minigrad: {remark}", file=sys.stderr)
    files = [path for path in target.rglob("*") if path.is_file()]
    print(f"{target / 'index.html'}: {sum(p.suffix == '.html' for p in files)} pages, "
          f"{sum(p.stat().st_size for p in files) / 1e6:.0f} MB")
    return 0


def show_audit(args):
    """The table of mutants; 1 if a check has been fooled."""
    from ..learn.auditing import table
    notebooks.paths(args.names)             # refuses those that there are not
    print(f"{'exercise':<26}{'mutants':>8}{'rejected':>10}{'harmless':>10}{'surviving':>11}")

    def show(name, mutants, rejected, harmless, surviving):
        print(f"{name:<26}{mutants:>8}{rejected:>10}{harmless:>10}{len(surviving):>11}", flush=True)
        for mutant in surviving:
            print(f"    {mutant.change}")
    rows = table(args.names, lambda row: show(*row))
    fooled = [mutant for row in rows for mutant in row[4]]
    print(f"{'all':<26}{sum(r[1] for r in rows):>8}{sum(r[2] for r in rows):>10}{sum(r[3] for r in rows):>10}"
          f"{len(fooled):>11}")
    return 1 if fooled else 0


def reset(args):
    """Put the blank of one exercise back into the learner's notebook, and forget that it was solved."""
    from ..learn.checking import find, forget
    name = args.reset
    find(name)
    original = notebooks.paths([name.partition(".")[0]])[0]
    copy = args.folder / original.name
    if copy.exists():
        notebooks.write(notebooks.with_blank(notebooks.read(copy), notebooks.read(original), name), copy)
        print(f"{name} is blank again in {copy}; if it is open, reload it from disk")
    forget(name)
    return 0


def open_course(args):
    """Copy the notebooks to where they can be edited, and become JupyterLab there, with the page that was asked for."""
    start = notebooks.paths(args.names)[0]
    if find_spec("jupyterlab") is None:
        raise Failure('JupyterLab is not installed; run pip install "minigrad[notebooks]"')
    notebooks.copy_to(args.folder, in_language(args.language),
                      lambda text, name: companions.in_language(text, args.language, name))
    command = [sys.executable, "-m", "jupyterlab", str(args.folder), f"--LabApp.default_url=/lab/tree/{start.name}",
               "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if args.port is not None:
        command.append(f"--port={args.port}")
    if args.no_browser:
        command.append("--no-browser")
    command += args.jupyter
    sys.stdout.flush()
    if os.name == "posix":                  # no second process: what ends this one ends JupyterLab
        os.execv(command[0], command)
    return subprocess.call(command)
