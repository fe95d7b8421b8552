"""Find an operation by what a person types: a name of the registry, path/to/file.py:my_op, or package.module:my_op."""
import difflib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path

from ...engine.op import REGISTRY, Op
from ...support.errors import UsageError
from ..adapters import adapted, framework_of, home


def load_op(target):
    """The op that target names; UsageError with a hint if there is none.

    The folder of a file, or the current folder for a module, is importable meanwhile, as it is for Python itself.
    """
    place, _, name = target.rpartition(":")
    if not place:
        if target not in REGISTRY:
            near = difflib.get_close_matches(target, REGISTRY, 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(f"no operation {target!r} is registered{hint or '.'} To check your own, name its place: "
                             "path/to/file.py:my_op or package.module:my_op")
        return REGISTRY[target]
    module = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
    op = getattr(module, name, None)
    try:
        op = adapted(op)
    except TypeError:
        ops = [n for n, v in vars(module).items() if is_operation(v)]
        what = f"{name!r} is no operation" if hasattr(module, name) else f"there is no {name!r}"
        raise UsageError(f"{target}: {what} in {place}; " + (f"its operations are {', '.join(ops)}" if ops else
                         "declare one with @mg.op(vjp=...)")) from None
    op.loaded_from = target
    return op


def is_operation(value):
    """An op, or what other frameworks call one; plain functions must be named to be checked."""
    return isinstance(value, Op) or not inspect.isfunction(value) and framework_of(value) is not None or \
        getattr(value, "_is_autograd_primitive", False)


def targets_in(target):
    """(targets, plain functions) of a whole file, path/to/file.py: each operation that it defines, and the functions of
    other frameworks, which may be anything and are checked where they are named; of any other target itself."""
    if not target.endswith(".py"):
        return [target], []
    module = _from_file(Path(target))
    own = {n: v for n, v in vars(module).items() if getattr(home(v), "__module__", None) == module.__name__}
    found = [f"{target}:{name}" for name, value in own.items() if is_operation(value)]
    plain = [f"{target}:{name}" for name, value in own.items()
             if inspect.isfunction(value) and not is_operation(value) and framework_of(value)]
    if not found:
        raise UsageError(f"{target} defines no operation: declare one with @mg.op(vjp=...)"
                         + (f"; name its plain functions to have them checked: {' '.join(plain)}" if plain else ""))
    return found, plain


def _from_file(path):
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)

    def execute():
        sys.modules.setdefault(name, module)
        spec.loader.exec_module(module)
        return module
    return _run(path, path.parent, execute)


def _from_module(name):
    return _run(name, Path.cwd(), lambda: importlib.import_module(name))


def _run(what, folder, load):
    sys.path.insert(0, str(folder.resolve()))
    try:
        return load()
    except Exception as error:
        raise UsageError(f"{what} can't be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
