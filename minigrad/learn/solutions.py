"""The course's own answers: the code of each blank, run after the definitions that stand before it in its notebook."""
import ast
import contextlib
import functools
import re

from . import notebooks

KEPT = ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef


@functools.cache
def solutions(numbers=()):
    """{exercise: (code of its solution, the names passed to check)} of the notebooks named, in order."""
    return {name: found[:2] for path in notebooks.paths(numbers) for name, found in _read(path).items()}


def answer(code, names, exercise):
    """The objects of these names after the code, a solution of the exercise or what became of it, has run."""
    scope = names_after(code, exercise)
    return tuple(scope[name] for name in names)


def names_after(code, exercise):
    """{name: object}, of all that there is after the code has run where the exercise stands in its notebook."""
    scope = {"__name__": "answer"}
    for definition in _read(notebooks.paths([exercise.partition(".")[0]])[0])[exercise][2]:
        with contextlib.suppress(NameError):            # a default that the notebook computes
            exec(definition, scope)
    exec(compile(code, "<answer>", "exec"), scope)
    return scope


@functools.cache
def _read(path):
    """{exercise: (code of its solution, the names passed to check, the compiled definitions before it)}."""
    found, before, code = {}, [], None
    for cell in notebooks.solved(notebooks.read(path))["cells"]:
        text = re.sub("^[!%].*", "", notebooks.source(cell), flags=re.M)        # what is for the shell
        if cell["cell_type"] != "code":
            continue
        if notebooks.is_blank(cell):
            code, given = text, list(before)
        elif name := notebooks.CHECK.search(text):
            call = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
                        and getattr(node.func, "id", "") == "check")
            found[name[1]] = code, [argument.id for argument in call.args[1:]], given
        before += [compile(ast.Module([node], []), "<notebook>", "exec") for node in ast.parse(text).body
                   if isinstance(node, KEPT)]
    return found
