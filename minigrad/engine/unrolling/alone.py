"""A saved program: what it calls besides NumPy is written down as functions of Python alone: rates, a schedule.

A method becomes a function in which self.beta_1 is the number that it is, self.rates(...) a function likewise, and
self.iterations, which the optimizer counts on, a variable of the module.
"""
import ast
import inspect
import textwrap
from types import FunctionType, MethodType, ModuleType

import numpy as np

from .naming import is_ones

FEW = 8                                     # numbers of an array that are written out
PLAIN = (int, float, str, bool, type(None))


def module(writer, about, file):
    """(text, arrays): a program as a module that needs NumPy alone; arrays are loaded from `file` beside it."""
    if writer.gpu:
        raise ValueError("save: the program runs on a GPU; a program that was recorded on the CPU needs NumPy alone")
    held, kept, alone = ["from pathlib import Path", "import numpy"], {}, Alone(writer.fresh, writer.bound)
    for name, x in writer.bound.items():
        if isinstance(x, np.ndarray):
            if x.size <= FEW and x.flags.c_contiguous:
                held.append(f"{name} = numpy.array({x.tolist()!r}, {x.dtype.name!r})")
            elif is_ones(x):
                held.append(f"{name} = numpy.ones({x.shape}, {x.dtype.name!r})")
            else:
                kept[name] = x
        elif name.startswith("generator"):
            held.append(f"{name} = (lambda rng: lambda: rng)(numpy.random.default_rng(0))")
        elif isinstance(x, MethodType):
            alone.method(x, name)
        else:
            note = next((f": {note}" for line, note in writer.body if f"{name}(" in line), "")
            raise ValueError(f"save: the program calls {name}, which is no NumPy function; it can't run alone{note}")
    if kept:
        held.append(f"_arrays = numpy.load(Path(__file__).with_name({file!r}))")
        held += [f"{name} = _arrays[{name!r}]" for name in kept]
    return writer.written([*held, *alone.lines], about, alone=True), kept


class Alone:
    """lines: the text of all that was asked for so far.  fresh: a function that finds names which nobody has.

    bound   {name: what the program has under it}
    """

    def __init__(self, fresh, bound):
        self.fresh, self.bound, self.lines, self.names, self.counters = fresh, bound, [], {}, {}

    def method(self, bound, name):
        """Define `name` as a bound method.  ValueError if it needs more than numbers and functions."""
        owner, kind = bound.__self__, type(bound.__self__)
        counted = getattr(kind, "_counts", {}).get(bound.__name__)
        if counted == "":                   # nothing that a program alone could see
            self.lines.append(f"def {name}():\n    pass")
        elif counted is not None:
            if reason := owner._more_than_counts():
                raise ValueError(f"save: {kind.__name__} {reason} after each step, which is no NumPy")
            self.lines.append(f"def {name}():\n    global {(n := self._counter(owner, counted))}\n    {n} += 1"
                              + self._dropped(*owner._every_few_steps(), n))
        else:
            self._function(bound.__func__, owner, name)

    def _dropped(self, every, arrays, count):
        """The further lines of a function that counts: now and then the smallest numbers of some arrays become 0."""
        names = [name for name, x in self.bound.items() if any(x is a for a in arrays)]
        return (f"\n    for slot in ({', '.join(names)},) if {count} % {every} == 0 else ():\n"
                "        slot[abs(slot) < numpy.finfo(slot.dtype).tiny] = 0") if names else ""

    def _counter(self, owner, attribute):
        key = id(owner), attribute
        if key not in self.counters:
            self.counters[key] = self.fresh(attribute)
            self.lines.insert(0, f"{self.counters[key]} = {getattr(owner, attribute)!r}")
        return self.counters[key]

    def _function(self, function, owner=None, name=None):
        """The name of a function that does the same, written down if it was not yet."""
        function = inspect.unwrap(function)
        key = id(function), id(owner)
        if key not in self.names:
            self.names[key] = name = name or self.fresh(function.__name__.strip("_"))
            try:
                tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
            except (OSError, SyntaxError, TypeError):
                tree = None
            if not isinstance(tree, ast.FunctionDef) or function.__closure__:
                raise ValueError(f"save: the program calls {function.__qualname__}, which can't be written down as "
                                 "Python alone")
            if ast.get_docstring(tree) is not None:
                tree.body = tree.body[1:] or [ast.Pass()]
            tree.name, tree.decorator_list, tree.returns = name, [], None
            if owner is not None:
                tree.args.args = tree.args.args[1:]
            tree = _Words(self, function, owner).visit(tree)
            self.lines.append(ast.unparse(ast.fix_missing_locations(tree)))
        return self.names[key]

    def word(self, value, what):
        """An expression for a value."""
        if isinstance(value, PLAIN) or isinstance(value, (list, tuple)) and all(isinstance(v, PLAIN) for v in value):
            return ast.parse(repr(value), mode="eval").body
        if isinstance(value, ModuleType):
            self.lines.insert(0, f"import {value.__name__}")
            return ast.Name(value.__name__)
        if isinstance(value, MethodType):
            return ast.Name(self._function(value.__func__, value.__self__))
        if isinstance(value, FunctionType):
            return ast.Name(self._function(value))
        if isinstance(inspect.getattr_static(type(value), "__call__", None), FunctionType):
            return ast.Name(self._function(type(value).__call__, value))
        raise ValueError(f"save: the program needs {what}, which is no number and no function of numbers")


class _Words(ast.NodeTransformer):
    """Puts what self and the module hold in the place of their names."""

    def __init__(self, alone, function, owner):
        self.alone, self.function, self.owner = alone, function, owner

    def visit_Attribute(self, node):        # noqa: N802  the name is ast's
        if not (isinstance(node.value, ast.Name) and node.value.id == "self" and self.owner is not None):
            return self.generic_visit(node)
        kind, name = type(self.owner), node.attr
        if name in getattr(kind, "_counts", {}).values():
            return ast.Name(self.alone._counter(self.owner, name))
        if isinstance(found := inspect.getattr_static(kind, name, None), property):
            return ast.Call(ast.Name(self.alone._function(found.fget, self.owner)), [], [])
        return self.alone.word(getattr(self.owner, name), f"{kind.__name__}.{name}")

    def visit_Compare(self, node):          # noqa: N802
        """None is None, of which Python warns, is True."""
        node = self.generic_visit(node)
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and isinstance(node.left, ast.Constant) and isinstance(
                node.comparators[0], ast.Constant) and len(node.ops) == 1:
            same = node.left.value is node.comparators[0].value
            return ast.Constant(same == isinstance(node.ops[0], ast.Is))
        return node

    def visit_Name(self, node):             # noqa: N802
        known = self.function.__globals__
        if isinstance(node.ctx, ast.Load) and node.id in known and node.id not in self.function.__code__.co_varnames:
            return self.alone.word(known[node.id], node.id)
        return node
