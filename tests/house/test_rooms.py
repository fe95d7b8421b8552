"""The house: each room is for one kind of visitor, and imports run one way, from a floor to those below it."""
import ast
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from . import rooms
from .imports import ROOT, arrows, circles, imports, modules, sources, tree
from .rooms import FLOOR, UP, room

# Names that several modules may have, and why.
SEVERAL = {
    "datasets": "data/datasets; keras.datasets has Keras' names for them",
    "base": "what the others of a package are kinds of: keras' layers, metrics, optimizers and callbacks have one each",
    "ops": "engine/ops: the table of derivatives; testing/ops: how they are checked",
    "indexing": "testing/ops/cases has the cases of engine/ops' file of the same name", "reductions": "likewise",
    "shapes": "likewise",
}
TESTED_ELSE = {"house", "benchmarks", "gpu"}        # what tests/ holds beside the rooms


def lines(faults):
    return "\n" + "\n".join(faults)


# -- where code stands -----------------------------------------------------------------------------------------------
def test_every_module_has_a_room():
    assert {room(m) for m in modules()} == set(FLOOR)


def test_nothing_lies_about():
    """In minigrad/ itself there is its face alone."""
    flat = {p.name for p in (ROOT / "minigrad").iterdir() if p.is_file()}
    assert flat == {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}


def test_tests_stand_where_the_code_stands():
    tests = ROOT / "tests"
    folders = {p.parent.relative_to(tests) for p in sources() if tests in p.parent.parents}
    assert {f.parts[0] for f in folders} <= set(FLOOR) | TESTED_ELSE
    strange = [str(f) for f in folders if f.parts[0] in FLOOR and not (ROOT / "minigrad" / f).is_dir()
               and f.parts != ("learn", "wrong") and f.parts[0] != "benchmarks"]        # wrong answers to exercises
    assert not strange, lines(strange)
    flat = {p.name for p in tests.glob("*.py")}
    assert flat <= {"__init__.py", "conftest.py"}


# -- who imports whom ------------------------------------------------------------------------------------------------
def test_imports_run_down():
    """A module imports its own room and the floors below: no room on its own floor, none above."""
    faults = {(a, b): f"{a}, line {line}, imports {b}: floor {FLOOR[room(a)]:g} imports floor {FLOOR[room(b)]:g}"
              for a, found in arrows().items() for b, line in found.items()
              if room(a) != room(b) and FLOOR[room(b)] >= FLOOR[room(a)]}
    assert set(faults) >= set(UP)           # an exception that nothing needs any more is none
    assert set(faults) == set(UP), lines(faults[pair] for pair in set(faults) - set(UP))


def test_no_files_import_each_other_in_a_circle():
    found = circles(rooms.graph())
    assert not found, lines(" <-> ".join(circle) for circle in found)


def test_no_rooms_import_each_other_in_a_circle():
    assert not circles(rooms.rooms_of(rooms.graph()))


def test_the_picture_shows_what_is_so():
    """The same rooms and the same arrows; how wide an arrow is may have changed since it was drawn."""
    def told(picture):
        return set(re.findall(r"<title>(\w+ imports \w+)|class=\"name\".*>(\w+)</text>", picture))
    shown, now = rooms.PICTURE.read_text(encoding="utf-8"), rooms.picture(rooms.between(rooms.graph()))
    assert told(shown) == told(now), "python -m tests.house.rooms draws the picture anew; look at it"
    assert len(told(now)) > 40


def test_the_floor_and_the_peers_of_the_benchmarks_know_no_workload():
    for module in ("benchmarks.floor", "benchmarks.peers"):
        assert set(arrows()[module]) <= {"benchmarks.floor"}
    assert not arrows()["benchmarks.workload"]


# -- names -----------------------------------------------------------------------------------------------------------
def test_no_two_modules_have_one_name():
    """Of minigrad.  A command may have the name of what it commands: commands/profile.py and engine/profile.py."""
    named = defaultdict(list)
    for module in modules("minigrad"):
        if room(module) != "commands" and module.rpartition(".")[2] not in SEVERAL:
            named[module.rpartition(".")[2]].append(module)
    assert not [found for found in named.values() if len(found) > 1]


def test_faces_tell_of_modules_that_exist():
    """The map in a package's docstring, "    name    what it is", names modules of that package."""
    faults, known = [], modules()
    for module, path in known.items():
        if path.name == "__init__.py":
            for line in (ast.get_docstring(tree(path), clean=False) or "").splitlines():
                if row := re.fullmatch(r" {4}([a-z_0-9]+(?:, [a-z_0-9]+)*) {2,}\S.*", line):
                    faults += [f"{module}: {name}" for name in row[1].split(", ") if f"{module}.{name}" not in known]
    assert not faults, lines(faults)


# -- size ------------------------------------------------------------------------------------------------------------
def test_no_file_is_long():
    """Lines of 120 columns at most are ruff's to check; minigrad/__init__.pyi is written by a program, so not here."""
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert not {path: count for path, count in long.items() if count > 400}


# -- the reader of imports itself ------------------------------------------------------------------------------------
@pytest.mark.parametrize("source, expected", [
    ("import minigrad", set()),
    ("import minigrad as mg\nmg.exp(1)", {"minigrad"}),
    ("import minigrad as mg\nmg.layers.Dense(2)", {"minigrad.keras.layers"}),
    ("import minigrad as mg\nmg.keras.layers.core.Dense(2)", {"minigrad.keras.layers.core"}),
    ("from minigrad import losses as l\nl.x", {"minigrad.keras.losses"}),
    ("from minigrad.layers import Dense", {"minigrad.keras.layers"}),
    ("from .. import viz", {"minigrad.viz"}),
    ("from ..viz import style, save", {"minigrad.viz", "minigrad.viz.style"}),
    ("from ..engine.tensor import Tensor", {"minigrad.engine.tensor"}),
    ("from . import ngram", {"minigrad.zoo.ngram"}),
    ("from .ngram import x", {"minigrad.zoo.ngram"}),
    ("def f():\n    if 1:\n        from ..support import errors", {"minigrad.support.errors"}),
    ("import importlib\nimportlib.import_module('minigrad.zoo.bpe')", {"minigrad.zoo.bpe"}),
    ("import importlib\nimportlib.import_module('..engine.op', __package__)", {"minigrad.engine.op"}),
    ("public('layers')", {"minigrad.keras.layers"}),
    ("import numpy as np\nfrom os import path", set()),
])
def test_imports_are_found(tmp_path, source, expected):
    path = tmp_path / "made_up.py"
    path.write_text(source)
    known = {**modules(), "minigrad.zoo.made_up": path}
    assert set(imports("minigrad.zoo.made_up", known)) == expected


def test_circles_are_found():
    graph = {"a": "b", "b": "cd", "c": "a", "d": "e", "e": "", "f": "f"}
    assert circles(graph) == [["a", "b", "c"]]


def test_import_minigrad_loads_what_every_program_needs():
    """The engine, but neither what unroll writes programs with nor a room above: those load when first used."""
    code = "import sys, minigrad; print(*(n for n in sys.modules if n.startswith('minigrad.')))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    unused = [name for name in loaded.split() if name.split(".")[1] not in ("engine", "support") or
              re.match(r"minigrad\.engine\.(unroll$|unrolling\.(?!current$)|profile)|minigrad\.support\.files", name)]
    assert not unused
