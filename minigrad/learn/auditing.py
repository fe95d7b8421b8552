"""Can the checks of the course be fooled?  Break each exercise's own solution in every small way, and check what comes.

A mutant is a solution with one change: an operand dropped, another operator, a constant off by a tenth or by one, an
argument ignored or edited in place, the first element everywhere, ...  Each must be rejected; those that are no mistake
are listed in harmless.py, with the reason.
"""
import ast
import copy
import itertools
import re
from dataclasses import dataclass

import numpy as np

from ..engine.op import Op
from .checking import find, first_fault
from .harmless import reason
from .solutions import answer, solutions

LIMIT = 4.0                     # seconds for a mutant: loops that never end are among them


@dataclass
class ChangedAnswer:
    """A solution with one change, and how its check took it."""
    exercise: str
    change: str
    rejected: bool

    @property
    def harmless(self):
        """The reason why it is no mistake, or None."""
        return reason(self.exercise, self.change)


EINSUM = re.compile("([a-z]{2,},?)+->[a-z]+")


# -- changes of the source -------------------------------------------------------------------------------------------
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
             ast.FloorDiv: ast.Div, ast.BitAnd: ast.BitOr}
COMPARISONS = {ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
               ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}
OTHERS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "any": "all", "all": "any", "cos": "sin",
          "sin": "cos",
          "log": "log2", "rint": "floor", "cbrt": "sqrt", "ceil": "floor", "median": "mean", "maximum": "minimum",
          "minimum": "maximum", "zeros": "ones", "zeros_like": "ones_like", "vstack": "hstack", "empty": "zeros",
          "normal": "uniform", "standard_normal": "random", "random": "standard_normal", "integers": "permutation"}


def changed_sources(code):
    """(words, source) for each small change of a solution's source."""
    tree, seen = ast.parse(code), {ast.unparse(ast.parse(code))}
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    names = list(dict.fromkeys(a.arg for f in functions for a in [*f.args.posonlyargs, *f.args.args]))
    for holder, field, index, node in list(_places(tree)):
        for replacement in _changes(node, names):
            _put(holder, field, index, replacement)
            try:
                source = ast.unparse(ast.fix_missing_locations(tree))
                compile(source, "<answer>", "exec")
            except (SyntaxError, ValueError):
                continue
            finally:
                _put(holder, field, index, node)
            if source not in seen:
                seen.add(source)
                new = "nothing" if isinstance(replacement, ast.Pass) else ast.unparse(replacement)
                yield f"{_short(ast.unparse(node))}  →  {_short(new)}", source


def _short(text):
    return " ".join(text.split())[:70]


def _places(node):
    for field, value in ast.iter_fields(node):
        if isinstance(node, ast.FunctionDef) and field == "args":
            continue                        # the first line is the notebook's
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield node, field, index, child
                yield from _places(child)


def _put(holder, field, index, node):
    if index is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


def _changes(node, names):
    """What a node may become."""
    return CHANGES[type(node)](node, names) if type(node) in CHANGES else ()


def _of_operation(node, names):
    yield from (node.left, node.right)
    yield ast.BinOp(node.left, OPERATORS.get(type(node.op), type(node.op))(), node.right)
    if isinstance(node.op, (ast.MatMult, ast.Div, ast.Sub)):
        yield ast.BinOp(node.right, node.op, node.left)


def _of_constant(node, names):
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield from (ast.Constant(v) for v in (value + 1, value - 1, value * 1.1, value * 0.9) if v != value)
    elif isinstance(value, str) and EINSUM.fullmatch(value):
        inputs, output = value.split("->")
        yield ast.Constant(f"{inputs}->{output[::-1]}")
        yield ast.Constant(f"{','.join(part[1] + part[0] + part[2:] for part in inputs.split(','))}->{output}")


def _of_comparison(node, names):
    if len(node.ops) == 1:
        yield from (ast.Compare(node.left, [op()], node.comparators) for op in COMPARISONS.get(type(node.ops[0]), ()))


def _of_name(node, names):
    if isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (ast.Name(other, ast.Load()) for other in names if other != node.id)


def _of_tuple(node, names):
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield ast.Tuple(node.elts[::-1], ast.Load())


def _of_branch(node, names):
    yield from (ast.If(ast.Constant(v), node.body, node.orelse) for v in (True, False))
    yield ast.Pass()


def _of_loop(node, names):
    for each in ("list({})[:-1]", "list({})[1:]", "list({})[::-1]"):
        changed = copy.copy(node)
        changed.iter = ast.parse(each.format(ast.unparse(node.iter)), mode="eval").body
        yield changed


def _of_step(node, names):
    yield ast.AugAssign(node.target, OPERATORS.get(type(node.op), ast.Add)(), node.value)
    yield ast.parse(f"{ast.unparse(node.target)} = {ast.unparse(node.value)}").body[0]
    yield ast.Pass()


def _of_statement(node, names):
    if not isinstance(node.value, ast.Constant):
        yield ast.Pass()


def _changed_calls(node):
    function = node.func
    for i in range(len(node.keywords)):
        yield ast.Call(function, node.args, node.keywords[:i] + node.keywords[i + 1:])
    if isinstance(function, ast.Attribute):
        if function.attr in OTHERS:
            yield ast.Call(ast.Attribute(function.value, OTHERS[function.attr], ast.Load()), node.args, node.keywords)
        module = isinstance(function.value, ast.Name) and function.value.id in ("np", "mg", "math")
        if not module and not isinstance(function.value, ast.Attribute):
            yield function.value
    elif isinstance(function, ast.Name) and function.id in OTHERS:
        yield ast.Call(ast.Name(OTHERS[function.id], ast.Load()), node.args, node.keywords)
    yield from node.args[:2]
    if len(node.args) == 2:
        yield ast.Call(function, node.args[::-1], node.keywords)
    if len(node.args) == 3:
        yield ast.Call(function, [node.args[0], node.args[2], node.args[1]], node.keywords)


CHANGES = {                                 # kind of node -> what it may become
    ast.BinOp: _of_operation, ast.Constant: _of_constant, ast.Compare: _of_comparison, ast.Name: _of_name,
    ast.UnaryOp: lambda node, names: [node.operand],
    ast.IfExp: lambda node, names: [node.body, node.orelse, ast.IfExp(node.test, node.orelse, node.body)],
    ast.Attribute: lambda node, names: [node.value] if node.attr == "T" else [],
    ast.Call: lambda node, names: _changed_calls(node),
    ast.Subscript: lambda node, names: [node.value],
    ast.Slice: lambda node, names: [ast.Slice(None, None, None)],
    ast.Tuple: _of_tuple, ast.If: _of_branch, ast.For: _of_loop,
    ast.While: lambda node, names: [ast.If(node.test, node.body, node.orelse)],
    ast.AugAssign: _of_step, ast.Assign: _of_statement, ast.Expr: _of_statement,
}


# -- changes of what goes in and comes out ---------------------------------------------------------------------------
class Spy:
    """A solution that notes what it is called with and what it returns."""

    def __init__(self, solution):
        self.solution, self.arguments, self.results = solution, [], []

    def __call__(self, *inputs, **params):
        result = self.solution(*inputs, **params)
        self.arguments.append(tuple(inputs))
        self.results.append(result)
        return result


def changed_behaviour(solution, spy, edits):
    """(words, function) for what may be done wrongly around a solution: before it runs, and after."""
    for place in range(max(map(len, spy.arguments))):
        values = [inputs[place] for inputs in spy.arguments if place < len(inputs)]
        for words, change in _changed_arguments(values, edits):
            yield f"argument {place} {words}", _before(solution, place, change)
        if isinstance(values[0], (np.ndarray, list)) and not edits:
            yield f"argument {place} edited in place", _editing(solution, place)
    for words, change in _changed_results(spy.results, edits):
        yield words, _after(solution, change)


def _before(solution, place, change):
    return lambda *inputs: solution(*inputs[:place], change(inputs[place]), *inputs[place + 1:]) \
        if place < len(inputs) else solution(*inputs)


def _after(solution, change):
    return lambda *inputs: change(solution(*inputs))


def _changed_arguments(values, edits):
    """(words, change) of an argument that had these values."""
    first = values[0]
    if isinstance(first, np.random.Generator):
        yield "ignored: always the same seed", lambda rng: np.random.default_rng(0)
        yield "ignored: no seed", lambda rng: np.random.default_rng()
    elif isinstance(first, (int, float)):
        for value in dict.fromkeys(v for v in values[:8] if isinstance(v, (int, float))):
            if any(np.size(v) != 1 or v != value for v in values):
                yield f"ignored: always {value:.4g}", lambda v, value=value: value
    elif isinstance(first, np.ndarray) and not edits:
        yield "ignored: ones", np.ones_like
        yield "ignored: zeros", np.zeros_like


def _changed_results(results, edits):
    """(words, change) of what was returned."""
    yield "result: as a string", str
    yield "result: nothing", lambda r: None
    numbers = [r for r in results if isinstance(r, (int, float, np.ndarray)) and not isinstance(r, bool)]
    if len(numbers) == len(results) and not edits:
        yield "result: the sign flipped", lambda r: ~r if np.asarray(r).dtype == np.bool_ else -r
        yield "result: a tenth more", lambda r: r * 1.1
        yield "result: a little more", lambda r: r + 0.01
        yield "result: always the first one", _always_the_first()
        if any(np.ndim(r) and np.size(r) > 1 for r in numbers):
            yield "result: the first element everywhere", lambda r: np.full_like(r, r.flat[0])
            yield "result: reversed", lambda r: r[::-1]
            yield "result: its mean", np.mean
        yield "result: one axis more", lambda r: np.asarray(r)[None]
    if all(isinstance(r, tuple) for r in results):
        yield "result: the first of them alone", lambda r: r[0]
        yield "result: the other way round", lambda r: r[::-1]
        for k in range(len(results[0])):
            yield f"result {k}: a tenth more", lambda r, k=k: (*r[:k], r[k] * 1.1 + 1, *r[k + 1:])


def _editing(solution, place):
    def edited(*inputs):
        result = copy.deepcopy(solution(*inputs))
        given = inputs[place]
        if isinstance(given, list):
            given.append(given[-1]) if given else given.append(0)
        elif given.dtype.kind in "US":
            given[...] = "z"
        else:
            given[...] = ~given if given.dtype == bool else given + 1
        return result
    return edited


def _always_the_first():
    kept = []

    def first(result):
        kept.append(result)
        return kept[0]
    return first


# -- the audit -------------------------------------------------------------------------------------------------------
def audit(name, code, names, every=1):
    """Every mutant of the solution of one exercise; or of those of its source only every third, fourth, ..."""
    task = find(name)
    right = answer(code, names, name)
    if fault := first_fault(task, right, shrink=False):
        raise AssertionError(f"the solution of {name} is rejected: {fault}")
    for words, source in itertools.islice(changed_sources(code), None, None, every):
        try:
            broken = answer(source, names, name)
        except Exception:                   # it does not even run
            yield ChangedAnswer(name, words, True)
            continue
        yield ChangedAnswer(name, words, _rejected(task, broken))
    if callable(right[0]) and not isinstance(right[0], (Op, type)):
        spy = Spy(right[0])
        first_fault(task, (spy, *right[1:]), shrink=False)
        for words, broken in changed_behaviour(right[0], spy, task.edits):
            yield ChangedAnswer(name, words, _rejected(task, (broken, *right[1:])))


def _rejected(task, broken):
    return first_fault(task, broken, shrink=False, limit=LIMIT) is not None


def table(numbers=(), report=None):
    """[(exercise, mutants, rejected, harmless, [surviving])] of the notebooks named."""
    rows = []
    for name, (code, names) in solutions(tuple(numbers)).items():
        found = list(audit(name, code, names))
        alive = [m for m in found if not m.rejected]
        rows.append((name, len(found), len(found) - len(alive), sum(m.harmless is not None for m in alive),
                     [m for m in alive if m.harmless is None]))
        if report:
            report(rows[-1])
    return rows
