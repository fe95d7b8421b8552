"""What is public, and where it stands: its name for users, its file and line, its page of the reference."""
import ast
import functools
import importlib
import inspect
import pkgutil
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

import minigrad

from ...engine.op import Op
from ...engine.ops import FUNCTIONS, MODULES
from ..notebooks import PACKAGE


@dataclass
class Page:
    """A page of the reference: the names of one public module, or the ops of one file of the table."""

    module: object                          # what its docstring says opens the page
    title: str
    prefix: str                             # minigrad.layers: what users write before the names
    names: dict = field(default_factory=dict)       # name -> function, class or op

    @property
    def place(self):
        return "api/" + self.title.replace("minigrad.", "").replace("minigrad", "engine")


def _is_ours(thing):
    return (isinstance(thing, (Op, type, types.FunctionType)) and str(thing.__module__).startswith("minigrad.")
            and bool(thing.__doc__))


def _offered(module):
    """{name: thing} of what a public module offers: its __all__, or what is defined in it without an underscore."""
    inside = lambda thing: thing.__module__ == module.__name__ or (     # noqa: E731
        hasattr(module, "__path__") and thing.__module__.startswith(module.__name__ + "."))
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    found = {name: getattr(module, name) for name in names}
    return {name: thing for name, thing in found.items()
            if _is_ours(thing) and (hasattr(module, "__all__") or inside(thing))}


@functools.cache
def pages():
    """All pages of the reference, in order: the engine, the ops, then the public modules and what lies in zoo."""
    face = {n: getattr(minigrad, n) for n in [*vars(minigrad), *minigrad.LATER] if n[0] != "_" and n not in FUNCTIONS}
    face = {n: f for n, f in face.items() if _is_ours(f) and f.__module__.startswith("minigrad.engine.")}
    face.pop("pow")                         # power, by Python's name
    made = [Page(minigrad, "minigrad", "minigrad", face)]
    for path in dict.fromkeys([*(m.__name__ for m in MODULES), *(f.__module__ for f in FUNCTIONS.values())]):
        own = {name: f for name, f in FUNCTIONS.items() if f.__module__ == path}
        made.append(Page(sys.modules[path], f"minigrad.ops.{path.rpartition('.')[2]}", "minigrad", own))
    for name in sorted(minigrad.PUBLIC):
        module = getattr(minigrad, name)
        if name == "ops":
            continue
        if hasattr(module, "__path__") and not _offered(module):        # zoo, planning: a page for each file
            for entry in pkgutil.iter_modules(module.__path__):
                inner = importlib.import_module(f"{module.__name__}.{entry.name}")
                made.append(Page(inner, f"minigrad.{name}.{entry.name}", f"minigrad.{name}.{entry.name}",
                                 _offered(inner)))
        else:
            made.append(Page(module, f"minigrad.{name}", f"minigrad.{name}", _offered(module)))
    return [page for page in made if page.names]


@functools.cache
def address_of():
    """{id of a function, class or op: (place of its page, its full name)}; the first place counts."""
    found = {}
    for page in pages():
        for name, thing in page.names.items():
            found.setdefault(id(thing), (page.place, f"{page.prefix}.{name}"))
    return found


@functools.cache
def _definitions(path):
    """{name: line} of what a file defines at its top, of methods as "Class.method", and of names in quotes."""
    found = {}

    def note(body, before=""):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found[before + node.name] = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                if isinstance(node, ast.ClassDef):
                    note(node.body, f"{before}{node.name}.")
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                for target in getattr(node, "targets", None) or [node.target]:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            found.setdefault(before + name.id, node.lineno)
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    note(tree.body)
    for node in ast.walk(tree):             # made in a loop over names: where the name is written
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.setdefault(node.value, node.lineno)
    return found


def file_of(module):
    """The file of a module of ours, below the package's parent: minigrad/engine/tensor.py."""
    return Path(module.__file__).relative_to(PACKAGE.parent).as_posix()


def source_of(thing, name=""):
    """(file below the package's parent, line) of a function, class or op; line 1 where only the file is known."""
    module = inspect.getmodule(thing) if not isinstance(thing, Op) else None
    module = module or importlib.import_module(thing.__module__)
    known = _definitions(module.__file__)
    wanted = (getattr(thing, "__qualname__", ""), getattr(thing, "__name__", ""), name)
    line = next((known[n] for n in wanted if n in known), 1)
    return file_of(module), line


def signature_of(thing):
    """Its arguments as one writes them, defaults included; those that have no short form are dots."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    plain = (bool, int, float, str, type(None))

    def short(p):
        if p.default is p.empty or isinstance(p.default, plain):
            return p.replace(annotation=p.empty)
        return p.replace(annotation=p.empty, default=Ellipsis if not _is_plain_tuple(p.default) else p.default)

    def _is_plain_tuple(value):
        return isinstance(value, (tuple, list)) and all(isinstance(v, plain) for v in value)
    shown = [short(p) for p in signature.parameters.values()]
    return str(inspect.Signature(shown)).replace("Ellipsis", "...")
