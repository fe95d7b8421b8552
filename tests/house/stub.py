"""minigrad/__init__.pyi, which tells editors and type checkers what `import minigrad` brings.

    python -m tests.house.stub          write it anew

The names come from the face itself: the ops of the table with their signatures, formulas and shapes, the functions and
their annotations, Tensor with the methods that the ops give it, and the public modules.
"""
import inspect
import re
import textwrap
import types
from pathlib import Path

import minigrad
from minigrad import Tensor
from minigrad.engine.op import Op

PLACE = Path(minigrad.__file__).with_name("__init__.pyi")
HEAD = '''\
# ruff: noqa: I001
# Written by `python -m tests.house.stub` from minigrad's table of derivatives and public names; not by hand.
from collections.abc import Callable, Iterator, Sequence
from contextlib import _GeneratorContextManager
from typing import Any, TypeAlias, overload

import numpy as np

'''
ALIASES = '''\
__version__: str
Numbers: TypeAlias = np.ndarray | np.generic | float | Sequence[Any]
Operand: TypeAlias = Tensor | Numbers
'''
# What a parameter of an op may be, by its name; others have the type of their default, or any.
PARAMETERS = {"axis": "int | tuple[int, ...] | None", "axes": "Any", "shape": "int | Sequence[int]", "ord": "Any",
              "axis1": "int", "axis2": "int", "min": "Any", "max": "Any", "mask": "Any", "where": "Any",
              "approximate": "bool", "k": "int", "strides": "int | tuple[int, int] | None",
              "pool_size": "int | tuple[int, int]", "scale": "float | None"}
TENSOR = {"data": "np.ndarray", "grad": "Tensor | None", "requires_grad": "bool", "node": "Any"}
PROPERTIES = {"shape": "tuple[int, ...]", "ndim": "int", "size": "int", "dtype": "np.dtype", "device": "str",
              "T": "Tensor", "value": "Tensor", "mT": "Tensor"}
HIDDEN = {"__init__", "__hash__", "__repr__", "__module__", "__slots__", "__doc__", "__array_ufunc__",
          "__array_function__", "__weakref__"}


# -- one function ------------------------------------------------------------------------------------------------------
def annotation(value):
    """A type as it is written in the stub."""
    text = inspect.formatannotation(value)
    return re.sub(r"\b(?:minigrad|collections|contextlib|typing|numpy)(?:\.\w+)*\.(?=\w)",
                  lambda m: "np." if m.group().startswith("numpy") else "", text).strip("'\"")


def parameter(p, inputs=()):
    """One parameter of a signature, with its type and its default."""
    star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    if p.annotation is not p.empty:
        kind = annotation(p.annotation)
    elif p.name in inputs:
        kind = inputs[p.name]
    elif p.default is not p.empty and type(p.default) in (bool, float, str):
        kind = type(p.default).__name__
    else:
        kind = PARAMETERS.get(p.name, "Any")
    default = "" if p.default is p.empty else f" = {p.default!r}" if isinstance(
        p.default, (bool, int, float, str, type(None))) else " = ..."
    return f"{star}{p.name}: {kind}{default}" if p.name != "self" else "self"


def parameters(signature, inputs=()):
    """The parameters between their parentheses, with the marks / and *."""
    parts, before = [], None
    for p in signature.parameters.values():
        if before is not None and before.kind == p.POSITIONAL_ONLY != p.kind:
            parts.append("/")
        if p.kind == p.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        parts.append(parameter(p, inputs))
        before = p
    if before is not None and before.kind == before.POSITIONAL_ONLY and before.name != "self":
        parts.append("/")
    return ", ".join(parts)


def function(name, arguments, result, doc="", indent="", overloaded=False):
    """A definition, in lines of 120 columns, with its docstring."""
    whole = f"def {name}({arguments}) -> {result}:"     # broken after commas alone, which is between parentheses
    head = [line.replace("\0", " ") for line in textwrap.wrap(re.sub("(?<!,) ", "\0", whole), 112,
            subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False)]
    lines = ["@overload"] * overloaded + head
    lines[-1:] = [f"{lines[-1]} ..."] if not doc else [lines[-1], *textwrap.indent(docstring(doc), " " * 4).split("\n")]
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)


def docstring(text):
    text = re.sub('"$', '" ', inspect.cleandoc(text).replace("\\", "\\\\"))
    return f'"""{text}"""' if "\n" not in text and len(text) < 102 else f'"""{textwrap.fill(text, 108)}\n"""' \
        if "\n" not in text else f'"""{text}\n"""'


def shapes(f):
    """The docstring of an op: its formula, and how shapes go together where the op says it."""
    more = f"\n\nShapes: {f.shapes}, with batch axes in front." if getattr(f, "shapes", None) else ""
    return inspect.cleandoc(f.__doc__) + more


def operation(name, f):
    """An op, or a function made of ops: given any tensor it returns a tensor; given plain numbers only, an array."""
    signature = inspect.signature(f)
    names = list(signature.parameters)
    inputs = names[:f.arity] if isinstance(f, Op) else [n for n in names if n in ("x", "a", "b")]
    result = result_of(signature, "Tensor")
    if not inputs or result != "Tensor":        # tensors and arrays may be mixed, side by side or in one list
        return function(name, parameters(signature), result, shapes(f))
    kinds = [(dict.fromkeys(inputs, "Operand") | {one: "Tensor"}, "Tensor") for one in inputs]
    kinds.append((dict.fromkeys(inputs, "Numbers"), "np.ndarray"))
    last = len(kinds) - 1
    return "".join(function(name, parameters(signature, kind), result, shapes(f) if i == last else "", overloaded=True)
                   for i, (kind, result) in enumerate(kinds))


def plain(name, f):
    """A function of the engine, with the annotations of its own."""
    signature = inspect.signature(f)
    return function(name, parameters(signature), result_of(signature, "Any"), f.__doc__ or "")


def result_of(signature, otherwise):
    """The annotation of what is returned, or else otherwise."""
    found = signature.return_annotation
    return otherwise if found is signature.empty else annotation(found)


# -- the whole ---------------------------------------------------------------------------------------------------------
def tensor_class():
    """class Tensor: its fields, and the methods that the ops give it."""
    text = "class Tensor:\n" + textwrap.indent(docstring(Tensor.__doc__), "    ") + "\n"
    text += "".join(f"    {name}: {kind}\n" for name, kind in TENSOR.items())
    for name, member in sorted(inspect.getmembers_static(Tensor)):
        if name in TENSOR or name in HIDDEN or name.startswith("_") and not name.endswith("__"):
            continue
        if isinstance(member, property):
            text += "    @property\n" + function(name, "self", PROPERTIES[name], member.__doc__ or "", "    ")
        elif isinstance(member, Op | types.FunctionType) and name not in dir(types.SimpleNamespace) or name in (
                "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__format__"):
            text += method(name, member)
    signature = inspect.signature(Tensor.__init__)
    return text + function("__init__", parameters(signature), "None", "", "    ")


def method(name, member):
    """A method: self first, and what an op's method returns is a tensor."""
    signature = inspect.signature(member)
    first, *others = signature.parameters.values()
    if [*signature.parameters][1:] == ["other"]:
        others = [others[0].replace(annotation="Operand", kind=first.POSITIONAL_ONLY)]
    first = first.replace(name="self", kind=first.POSITIONAL_ONLY if name.startswith("__") else
                          first.POSITIONAL_OR_KEYWORD)
    others = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.kind == p.POSITIONAL_ONLY and name[0] != "_" else p
              for p in others]
    result = result_of(signature, "Tensor")
    ignored = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    text = function(name, parameters(signature.replace(parameters=[first, *others])), result,
                    "" if ignored else member.__doc__ or "", "    ")
    return text.replace(" ...\n", f" ...{ignored}\n")


def modules():
    """Import statements of the public modules, each `as` itself, which is how a stub makes a name public."""
    lines = []
    for name, path in sorted(minigrad.PUBLIC.items()):
        parent, _, module = path.rpartition(".")
        lines.append(f"from .{parent} import {module} as {name}\n")
    lines += [f"from .{path} import {name} as {name}\n" for name, path in minigrad.LATER.items()
              if isinstance(getattr(minigrad, name), type)]
    return "".join(sorted(set(lines)))


def stub():
    """The text of the file."""
    known = {name: getattr(minigrad, name) for name in dir(minigrad) if not name.startswith("_")}
    face = {name: f for name, f in known.items() if callable(f) and not isinstance(f, type)}
    text = HEAD + modules() + "\n" + ALIASES + "PUBLIC: dict[str, str]\n\n\n" + tensor_class()
    for name, f in sorted(face.items()):
        text += "\n\n" + (operation if isinstance(f, Op) or name in minigrad.FUNCTIONS else plain)(name, f)
    return text


if __name__ == "__main__":
    PLACE.write_text(stub(), encoding="utf-8")
    print(f"{PLACE}: {len(stub().splitlines())} lines")
