"""Do the checks notice?  Break every derivative rule in every way we can think of, and require that each break is found.

A mutant is a rule with one small change in its source: a term or a factor dropped, a sign flipped, the wrong operand, a
reshape in place of a transpose, another axis; or a rule whose result is treated wrongly: detached, without its cotangent,
zero at second order, overwriting instead of adding.  What survives is either a hole in the checks or a change that changes
nothing; those are listed in equivalent.py, each with its reason.
"""
import ast
import copy
import functools
import inspect
import time
import types
from dataclasses import dataclass

import numpy as np

from ..op import REGISTRY
from ..tensor import Tensor
from .cases import cases
from .equivalent import reason
from .checking import run
from .properties import convention, gradients, linear_in_the_cotangent, precision_kept, python_numbers

PROPERTIES = (convention, gradients, linear_in_the_cotangent, precision_kept, python_numbers)  # the telling ones


@dataclass
class Mutant:
    """A broken op: what was changed, and how the checks took it."""
    op: str
    change: str
    broken: object
    place: tuple = ()           # the function that was changed, and how: the same change may be met through several ops
    killed: bool = False

    @property
    def name(self):
        return f"{self.op}: {self.change}"

    @property
    def equivalent(self):
        """The reason why it is no mistake, or None."""
        return reason(self.op, self.change.partition(", ")[2] if self.change.startswith("rule ") else self.change)


# -- changing the source ---------------------------------------------------------------------------------------------
@functools.cache
def _tree(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def _source(f):
    """The syntax tree of a function, found by the place where its code begins."""
    code = f.__code__
    start = min((line, column) for line, _, column, _ in code.co_positions() if line and column is not None and line > 0
                and (line, column) > (code.co_firstlineno, 0))
    for node in ast.walk(_tree(inspect.getsourcefile(f))):
        if isinstance(node, ast.FunctionDef) and node.name == f.__name__ and node.lineno == code.co_firstlineno:
            return node
        if isinstance(node, ast.Lambda) and (node.body.lineno, node.body.col_offset) == start:
            return node
    raise LookupError(f"no source found for {f}")


def _compile(node, f, names=()):
    """A function of the same module made from a syntax tree, with some global names given other meanings."""
    scope = {**f.__globals__, **dict(names)}
    if isinstance(node, ast.Lambda):
        return eval(compile(ast.fix_missing_locations(ast.Expression(copy.deepcopy(node))), "<mutant>", "eval"), scope)
    node = copy.deepcopy(node)
    node.decorator_list = []
    exec(compile(ast.fix_missing_locations(ast.Module([node], [])), "<mutant>", "exec"), scope)
    return scope[node.name]


def _changes(node, names):
    """(words, replacement) for one node of a rule's source."""
    text = ast.unparse(node)
    if isinstance(node, ast.BinOp):
        left, right, sign = node.left, node.right, {ast.Add: ast.Sub, ast.Sub: ast.Add}.get(type(node.op))
        if sign:
            yield f"{text}: second term dropped", left
            yield f"{text}: first term dropped", right
            yield f"{text}: sign flipped", ast.BinOp(left, sign(), right)
        elif isinstance(node.op, ast.Mult):
            yield f"{text}: second factor dropped", left
            yield f"{text}: first factor dropped", right
        elif isinstance(node.op, ast.Div):
            yield f"{text}: divisor dropped", left
        elif isinstance(node.op, ast.MatMult):
            yield f"{text}: factors exchanged", ast.BinOp(right, node.op, left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield f"{text}: sign flipped", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, -1):
        yield f"{text} changed to {node.value * 2}", ast.Constant(node.value * 2)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield f"{other} in place of {text} (column {node.col_offset})", ast.Name(other, ast.Load())
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield f"{text}: reshape in place of transpose", _reshaped(node.value, node)
    elif isinstance(node, ast.Call):
        function = ast.unparse(node.func)
        if function.endswith((".swapaxes", ".transpose", ".moveaxis")):
            whole = node.func.value if not function.startswith("np.") else node.args[0]
            yield f"{text}: reshape in place of transpose", _reshaped(whole, node)
        elif function == "np.where":
            yield f"{text}: mask dropped", node.args[1]
            yield f"{text}: mask reversed", ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], [])
        elif function.endswith(".sum") and isinstance(node.func, ast.Attribute):
            yield f"{text}: mean in place of sum", ast.Call(ast.Attribute(node.func.value, "mean", ast.Load()), node.args, node.keywords)
        elif function == "np.flip":
            yield f"{text}: not reversed", node.args[0]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Gt, ast.Lt, ast.Eq)):
        opposite = {ast.Gt: ast.LtE, ast.Lt: ast.GtE, ast.Eq: ast.NotEq}[type(node.ops[0])]()
        yield f"{text}: condition reversed", ast.Compare(node.left, [opposite], node.comparators)
    elif isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, (ast.Constant, ast.UnaryOp)):
        yield f"{text}: axis 0", ast.keyword("axis", ast.Constant(0))


def _reshaped(whole, moved):
    return ast.Call(ast.Attribute(whole, "reshape", ast.Load()), [ast.Attribute(moved, "shape", ast.Load())], [])


BOOKKEEPING = (ast.Compare, ast.Tuple, ast.Subscript, ast.Slice, ast.keyword, ast.IfExp, ast.comprehension)


def _places(body):
    """The nodes of a rule that compute: not those that only ask for shapes, count axes or make up indices."""
    for node in body:
        yield node
        if isinstance(node, ast.Attribute) and node.attr in ("shape", "ndim", "dtype", "size"):
            continue
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, BOOKKEEPING):   # of these, calls and names of arrays, but no arithmetic with small numbers
            children = [c for c in children if not isinstance(c, (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple))]
        if isinstance(node, ast.Call):      # x.reshape(...), np.zeros(...): their arguments are shapes
            shaped = ast.unparse(node.func).rpartition(".")[2] in ("reshape", "zeros", "ones", "eye", "arange", "moveaxis", "range",
                                                                   "swapaxes", "broadcast_to", "tri", "roll", "repeat")
            children = [node.func, *([a for a in node.args[:1] if not shaped or ast.unparse(node.func).startswith("np.")]
                                     if shaped else node.args), *node.keywords]
        yield from _places(children)


def _variants(node):
    """(words, changed tree) for every change of one place in the body of a function."""
    arguments = [a.arg for a in node.args.posonlyargs + node.args.args] + ([node.args.vararg.arg] if node.args.vararg else [])
    names = [n for n in arguments if n in ("g", "y", "x", "a", "b", "q", "k", "v", "w", "z", "t")]
    body = node.body if isinstance(node.body, list) else [node.body]
    places = list(_places(body))
    for number, place in enumerate(places):
        for words, _ in _changes(place, names):
            changed = copy.deepcopy(node)
            body_again = changed.body if isinstance(changed.body, list) else [changed.body]
            target = list(_places(body_again))[number]
            replacement = next(r for w, r in _changes(target, names) if w == words)
            yield words, _Replace(target, replacement).visit(changed)


class _Replace(ast.NodeTransformer):
    def __init__(self, target, replacement):
        self.target, self.replacement = target, replacement

    def visit(self, node):
        return self.replacement if node is self.target else self.generic_visit(node)


def _helpers(f):
    """The private functions of its own module that a rule calls by name."""
    found = (f.__globals__.get(name) for name in f.__code__.co_names)
    return [h for h in found if isinstance(h, types.FunctionType) and h.__module__ == f.__module__ and h.__name__.startswith("_")]


def _rewritten(rule):
    """(words, mutated rule, place) by changes of its source and of the private helpers it calls."""
    for words, node in _variants(_source(rule)):
        yield words, _compile(node, rule), (rule.__qualname__, words)
    for helper in _helpers(rule):
        for words, node in _variants(_source(helper)):
            yield f"in {helper.__name__}, {words}", _compile(_source(rule), rule, {helper.__name__: _compile(node, helper)}), \
                (helper.__qualname__, words)


# -- treating the result wrongly -------------------------------------------------------------------------------------
def _each(result, f):
    """f of a cotangent, or of each of several."""
    return [r if r is None else f(r) for r in result] if isinstance(result, (tuple, list)) or inspect.isgenerator(result) else f(result)


def _overwriting(x, index, shape):
    """scatter_add as it is when wrong: a repeated index keeps the last value."""
    array = np.zeros(shape, x.dtype)
    array[index] = np.asarray(x)
    return Tensor(array) if isinstance(x, Tensor) else array


def _mistreated(rule):
    """(words, mutated rule) by what is done to its arguments and result."""
    def ones(g):
        return g * 0.0 + 1.0

    yield "sign of the result flipped", lambda *args, **kw: _each(rule(*args, **kw), lambda r: -r)
    yield "result doubled", lambda *args, **kw: _each(rule(*args, **kw), lambda r: 2 * r)
    yield "detached (result zero)", lambda *args, **kw: _each(rule(*args, **kw), lambda r: r * 0.0)
    yield "cotangent ignored", lambda g, *args, **kw: rule(ones(g), *args, **kw)
    yield "zero at second order", lambda *args, **kw: _each(rule(*args, **kw), lambda r: r.detach() if isinstance(r, Tensor) else r)
    if "scatter_add" in rule.__code__.co_names:
        yield "overwrites instead of adding", _compile(_source(rule), rule, {"scatter_add": _overwriting})


def mutants_of(op):
    """Every mutant of an op's rules."""
    for i, rule in enumerate((op.vjp,) if op.joint else op.rules or ()):
        if rule is None:
            continue
        rule = inspect.unwrap(rule)
        which = f"rule {i}, " if op.rules and len(op.rules) > 1 and not op.joint else ""
        seen = set()
        for words, broken_rule, *place in [*_mistreated(rule), *_rewritten(rule)]:
            if words in seen:
                words += f" ({sum(w.startswith(words) for w in seen) + 1})"
            seen.add(words)
            broken = copy.copy(op)
            if op.joint:
                broken.vjp = broken.rules = broken_rule
                broken.rules = (broken_rule,)
            else:
                broken.rules = tuple(broken_rule if j == i else r for j, r in enumerate(op.rules))
            named = place and "<lambda>" not in place[0][0]
            yield Mutant(op.name, which + words, broken, place[0] if named else (op.name, which + words))


def hunt(op, examples=40, seed=0):
    """All mutants of an op, each tried: killed if a property fails on some case."""
    found = []
    for mutant in mutants_of(op):
        result = run(mutant.broken, inputs=cases(op, layouts=("C",)), reference=None, examples=examples, seed=seed, order=2,
                     properties=PROPERTIES, shrink=False)
        mutant.killed = bool(result.failure)
        found.append(mutant)
    return found


@dataclass
class Hunt:
    """What the hunt through the registry found."""
    mutants: list
    seconds: float

    @property
    def survivors(self):
        noticed = {m.place for m in self.mutants if m.killed}
        return [m for m in self.mutants if m.place not in noticed and not m.equivalent]


def hunt_all(names=None, examples=40, seed=0, progress=lambda ops: ops):
    """The mutants of every op of the registry (or of those named)."""
    start = time.perf_counter()
    ops = [REGISTRY[n] for n in names] if names else [o for o in REGISTRY.values() if o.vjp is not None
                                                      and o.__module__.startswith("minigrad.")]
    return Hunt([m for op in progress(ops) for m in hunt(op, examples, seed)], time.perf_counter() - start)
