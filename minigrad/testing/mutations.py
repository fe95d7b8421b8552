"""Small changes of a function's source: a term or factor dropped, a sign flipped, the wrong operand, another axis, ...

A rule is found in its file by the place where its code begins, changed as a syntax tree, and compiled again in its
module.
"""
import ast
import functools
import inspect
import linecache
import types

from ..engine.op import Op
from ..engine.tensor import Tensor

ARRAYS = ("g", "y", "x", "a", "b", "q", "k", "v", "w", "z", "t", "table", "gamma", "xhat")     # what rules call arrays


@functools.cache
def _tree(path):
    lines = linecache.getlines(path)        # it knows a notebook's cells as well as files
    try:
        return ast.parse("".join(lines))
    except SyntaxError:                     # code that was run from a page of text, say
        raise LookupError(f"{path} is not Python code") from None


def source_of(f):
    """The syntax tree of a function: of a def, or of one lambda among those on its lines."""
    code = f.__code__
    start = min((line, column) for line, _, column, _ in code.co_positions() if line and column is not None and line > 0
                and (line, column) > (code.co_firstlineno, 0))
    for node in ast.walk(_tree(inspect.getsourcefile(f))):
        if isinstance(node, ast.FunctionDef) and node.name == f.__name__ and code.co_firstlineno in (
                node.lineno, *(d.lineno for d in node.decorator_list)):
            return node
        if isinstance(node, ast.Lambda) and (node.body.lineno, node.body.col_offset) == start:
            return node
    raise LookupError(f"no source found for {f}")


def compiled(node, f, names=()):
    """A function of the module of f made from a syntax tree, with some global names given other meanings."""
    scope = {**f.__globals__, "detached": detached, **dict(names)}
    if isinstance(node, ast.Lambda):
        return eval(compile(ast.fix_missing_locations(ast.Expression(node)), "<mutant>", "eval"), scope)
    bare = ast.FunctionDef(**{**{field: getattr(node, field) for field in node._fields if hasattr(node, field)},
                              "decorator_list": []})
    exec(compile(ast.fix_missing_locations(ast.Module([bare], [])), "<mutant>", "exec"), scope)
    return scope[node.name]


def with_rule(op, i, rule):
    """A twin of the op with another i-th rule; not copy.copy, which takes an op for what its name says."""
    twin = object.__new__(type(op))
    twin.__dict__.update(vars(op))
    twin.rules = (rule,) if op.joint else tuple(rule if j == i else r for j, r in enumerate(op.rules))
    twin.vjp = rule if callable(op.vjp) else twin.rules
    return twin


def detached(x):
    """x as a constant: the mistake of a rule that cuts the tape."""
    return x.detach() if isinstance(x, Tensor) else x


mark = Op(lambda x, /: +x, lambda g, y, x: g, name="mark")


def marked(x):
    """In place of detached: leaves a mark on the tape where the derivative would go through."""
    return mark(x) if isinstance(x, Tensor) else x


def helpers(f):
    """The private functions of its own module that a rule calls by name."""
    found = (f.__globals__.get(name) for name in f.__code__.co_names)
    return [h for h in found if isinstance(h, types.FunctionType)
            and h.__module__ == f.__module__ and h.__name__.startswith("_")]


def variants(f):
    """(words, changed function, the same with marks for what it detaches) for each change of each place of a source."""
    for words, node in _changed_trees(source_of(f)):
        with_marks = compiled(node, f, {"detached": marked}) if words.startswith("detached") else None
        yield words, compiled(node, f), with_marks


def _changed_trees(node):
    """(words, tree) for each change; the tree is changed in place and restored after the next."""
    arguments = [*node.args.posonlyargs, *node.args.args, *([node.args.vararg] if node.args.vararg else [])]
    names = [a.arg for a in arguments if a.arg in ARRAYS]
    for holder, field, index, place, context in list(_places(node, "body", None)):
        before = ast.unparse(context)
        for kind, replacement in changes(place, names):
            put(holder, field, index, replacement)
            try:
                after = ast.unparse(context if context is not place else replacement)
                yield f"{kind}: {_one_line(before)}  →  {_one_line(after)}", node
            finally:                        # also where the caller stops in the middle
                put(holder, field, index, place)


def _one_line(text):
    return " ".join(text.split())


def put(holder, field, index, node):
    if index is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


# -- where -----------------------------------------------------------------------------------------------------------
SHAPED = ("reshape", "zeros", "ones", "eye", "arange", "moveaxis", "range", "swapaxes", "broadcast_to", "tri", "roll",
          "repeat")
LOOKS = ("shape", "ndim", "dtype", "size")
CONTEXT = 60                                # a name of a mutant quotes about so many letters


def _places(holder, field, context):
    """(holder, field, index, node, what to quote) of all that computes, not what asks for shapes or makes indices."""
    value = getattr(holder, field)
    for index, node in enumerate(value) if isinstance(value, list) else ((None, value),):
        if not isinstance(node, ast.AST):
            continue
        too_long = context is None or len(ast.unparse(context)) > CONTEXT
        quote = node if too_long or isinstance(node, ast.stmt) else context
        yield holder, field, index, node, quote
        if isinstance(node, ast.Attribute) and node.attr in LOOKS:
            continue
        for name in node._fields:
            if not _skipped(node, name):
                for found in _places(node, name, quote):
                    if not _bookkeeping(node, found[3]) or found[0] is not node:
                        yield found


def _skipped(node, field):
    """The arguments of x.reshape(...), np.zeros(...) are shapes; assignments name what is not computed."""
    if isinstance(node, ast.Call) and field == "args":
        function = ast.unparse(node.func)
        return function.rpartition(".")[2] in SHAPED and not function.startswith("np.")
    return field in ("targets", "target", "args") and not isinstance(node, ast.Call)


def _bookkeeping(node, child):
    """Of conditions, indices and lists, calls and names count, but no arithmetic with small numbers."""
    places = ast.Compare, ast.Tuple, ast.Subscript, ast.Slice, ast.keyword, ast.IfExp, ast.comprehension
    return isinstance(node, places) and isinstance(child, (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple))


# -- what ------------------------------------------------------------------------------------------------------------
OPPOSITE = {ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
LEFT_OUT = ("flip", "cumsum", "exp", "log", "cos", "sin", "sinh", "cosh", "sqrt", "sign", "tril", "triu", "sigmoid",
            "softmax")


def changes(node, names):
    """(kind of change, replacement) for one node."""
    if isinstance(node, ast.BinOp):
        left, right, swapped = node.left, node.right, {ast.Add: ast.Sub, ast.Sub: ast.Add}.get(type(node.op))
        if swapped:
            yield "second term dropped", left
            yield "first term dropped", right
            yield "sign flipped", ast.BinOp(left, swapped(), right)
        elif isinstance(node.op, ast.Mult):
            yield "second factor dropped", left
            yield "first factor dropped", right
        elif isinstance(node.op, ast.Div):
            yield "divisor dropped", left
            yield "fraction turned over", ast.BinOp(right, ast.Div(), left)
        elif isinstance(node.op, ast.Pow):
            yield "power dropped", left
        elif isinstance(node.op, ast.MatMult):
            yield "factors exchanged", ast.BinOp(right, node.op, left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign flipped", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, -1):
        yield "constant doubled", ast.Constant(node.value * 2)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield "wrong operand", ast.Name(other, ast.Load())
        yield "detached", ast.Call(ast.Name("detached", ast.Load()), [node], [])
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "reshape for transpose", _reshaped(node.value, node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        if opposite := OPPOSITE.get(type(node.ops[0])):
            yield "condition reversed", ast.Compare(node.left, [opposite()], node.comparators)
    elif isinstance(node, ast.keyword) and node.arg == "axis" and ast.unparse(node.value) in ("-1", "1", "axis"):
        yield "wrong axis", ast.keyword("axis", ast.Constant(0))
    elif isinstance(node, ast.Call):
        yield from _changed_calls(node)


def _changed_calls(node):
    function = ast.unparse(node.func)
    name, method = function.rpartition(".")[2], not function.startswith(("np.", "xp.")) and "." in function
    whole = node.func.value if method else node.args[0] if node.args else None
    for i, argument in enumerate(node.args):
        if ast.unparse(argument) in ("axis", "-1") and name not in SHAPED:
            arguments = [*node.args[:i], ast.Constant(0), *node.args[i + 1:]]
            yield "wrong axis", ast.Call(node.func, arguments, node.keywords)
    if name in ("swapaxes", "transpose", "moveaxis"):
        yield "reshape for transpose", _reshaped(whole, node)
    elif function == "np.where":
        yield "mask dropped", node.args[1]
        yield "mask reversed", ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], [])
    elif name == "sum" and method:
        yield "mean for sum", ast.Call(ast.Attribute(whole, "mean", ast.Load()), node.args, node.keywords)
    elif name in LEFT_OUT:
        yield f"{name} left out", whole


def _reshaped(whole, moved):
    return ast.Call(ast.Attribute(whole, "reshape", ast.Load()), [ast.Attribute(moved, "shape", ast.Load())], [])
