"""Small changes of a function's source: a term or factor dropped, a sign flipped, the wrong operand, another axis, ...

A rule is found in its file by the place where its code begins, changed as a syntax tree, and compiled again in its
module.
"""
import ast
import functools
import inspect
import itertools
import linecache
import types
from contextlib import contextmanager

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
    """A function as f, with its globals, defaults and what it closes over, made from a syntax tree.

    names: other meanings of some global names.
    """
    cells, scope = dict(zip(f.__code__.co_freevars, f.__closure__ or ())), {**f.__globals__}
    name = getattr(node, "name", "made")
    if isinstance(node, ast.Lambda):
        body = [ast.Assign([ast.Name(name, ast.Store())], node)]
    else:
        body = [ast.FunctionDef(**{field: getattr(node, field) for field in node._fields if hasattr(node, field)})]
        body[0].decorator_list = []
    if cells:                               # within a function whose arguments it closes over
        around = ast.parse(f"def around({', '.join(cells)}): pass").body[0]
        body = [ast.FunctionDef(**{**vars(around), "body": [*body, ast.Return(ast.Name(name, ast.Load()))]})]
    exec(compile(ast.fix_missing_locations(ast.Module(body, [])), "<mutant>", "exec"), scope)
    code = (scope["around"](*cells) if cells else scope[name]).__code__
    made = types.FunctionType(code, {**f.__globals__, **dict(names)} if names else f.__globals__, f.__name__,
                              f.__defaults__, tuple(cells[free] for free in code.co_freevars))
    made.__kwdefaults__ = f.__kwdefaults__
    return made


@contextmanager
def exchanged(f, g):
    """f does what g does, wherever it is called."""
    own, f.__code__ = f.__code__, g.__code__
    try:
        yield
    finally:
        f.__code__ = own


def with_rule(op, i, rule):
    """A twin of the op with another i-th rule; not copy.copy, which takes an op for what its name says."""
    twin = object.__new__(type(op))
    twin.__dict__.update(vars(op))
    twin.rules = (rule,) if op.joint else tuple(rule if j == i else r for j, r in enumerate(op.rules))
    twin.vjp = rule if callable(op.vjp) else twin.rules
    return twin


def called(f):
    """What a function calls or reads by name: functions, ops, constants of its module."""
    todo, found = [f.__code__], {}
    while todo:
        code = todo.pop()
        found |= {name: f.__globals__[name] for name in code.co_names if name in f.__globals__}
        todo += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return list(found.values())


def variants(f):
    """(words, changed function) for each change of each place of a source."""
    for words, node in _changed_trees(source_of(f)):
        yield words, compiled(node, f)


def _changed_trees(node):
    """(words, tree) for each change; the tree is changed in place and restored after the next."""
    arguments = [*node.args.posonlyargs, *node.args.args, *([node.args.vararg] if node.args.vararg else [])]
    names = [a.arg for a in arguments if a.arg in ARRAYS]
    for holder, field, index, place, context in list(_places(node, "body", None)):
        before = ast.unparse(context)
        for kind, replacement in itertools.chain(changes(place, names), slips(place, holder, field)):
            if not hasattr(replacement, "lineno"):
                ast.copy_location(replacement, place)
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
        if isinstance(node, ast.Attribute) and node.attr in LOOKS or isinstance(node, ast.Raise):
            continue
        for name in node._fields:
            if not _skipped(node, name):
                for found in _places(node, name, quote):
                    if not _bookkeeping(node, found[3]) or found[0] is not node:
                        yield found


def _skipped(node, field):
    """The arguments of x.reshape(...), np.zeros(...) are shapes; assignments name what is not computed.

    Nor what refuses bad input, and what would make a loop endless.
    """
    if field == "test" and (isinstance(node, ast.While)
                            or isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)):
        return True
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
        yield from _changed_operations(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign flipped", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, -1):
        yield "constant doubled", ast.Constant(node.value * 2)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (("wrong operand", ast.Name(other, ast.Load())) for other in names if other != node.id)
        yield "detached", ast.Call(ast.Name("getattr", ast.Load()), [node, ast.Constant("_data"), node], [])
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "reshape for transpose", _reshaped(node.value, node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPPOSITE:
        yield "condition reversed", ast.Compare(node.left, [OPPOSITE[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.keyword) and node.arg == "axis" and ast.unparse(node.value) in ("-1", "1", "axis"):
        yield "wrong axis", ast.keyword("axis", ast.Constant(0))
    elif isinstance(node, ast.Call):
        yield from _changed_calls(node)


def _changed_operations(node):
    left, right = node.left, node.right
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield "second term dropped", left
        yield "first term dropped", right
        yield "sign flipped", ast.BinOp(left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), right)
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


def _changed_calls(node):
    name, whole, method = _subject(node)
    for i, argument in enumerate(node.args):
        if ast.unparse(argument) in ("axis", "-1") and name not in SHAPED:
            arguments = [*node.args[:i], ast.Constant(0), *node.args[i + 1:]]
            yield "wrong axis", ast.Call(node.func, arguments, node.keywords)
    if name in ("swapaxes", "transpose", "moveaxis"):
        yield "reshape for transpose", _reshaped(whole, node)
    elif name == "where" and len(node.args) == 3:
        yield "mask dropped", node.args[1]
        yield "mask reversed", ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], [])
    elif name == "sum" and method:
        yield "mean for sum", ast.Call(ast.Attribute(whole, "mean", ast.Load()), node.args, node.keywords)
    elif name in LEFT_OUT:
        yield f"{name} left out", whole


# -- slips beside the formula ------------------------------------------------------------------------------------------
MOVED = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
FORGOTTEN = ("abs", "square", "astype", "copy", "wide", "as_real", "narrow", "reshape", "transpose", "swapaxes",
             "moveaxis", "expand_dims", "broadcast_to", "asarray", "keep")
MODULES = ("np", "np.linalg", "xp", "math", "builtins", "backend")
LIMITS = ("max", "min", "maximum", "minimum")


def slips(node, holder, field):
    """(kind of slip, replacement): what is easily overlooked, of axes, bounds, ties, types, copies, masks, branches."""
    if field == "test" and isinstance(holder, (ast.If, ast.IfExp)):
        yield "branch always taken", ast.Constant(True)
        yield "branch never taken", ast.Constant(False)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        yield "% left out", node.left
    elif isinstance(node, (ast.BinOp, ast.BoolOp)):
        yield from (("half of a condition dropped", half) for half in _halves(node))
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in MOVED:
        yield "ties on the other side", ast.Compare(node.left, [MOVED[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.Slice):
        yield from _other_bounds(node)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".shape"):
        other = {"-1": 0, "0": -1, "1": 0, "-2": -1}.get(ast.unparse(node.slice))
        if other is not None:
            yield "length of another axis", ast.Subscript(node.value, ast.Constant(other), ast.Load())
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
        first, second, *rest = node.targets[0].elts
        yield "values swapped", ast.Assign([ast.Tuple([second, first, *rest], ast.Store())], node.value)
    elif isinstance(node, ast.AugAssign) and not (isinstance(holder, ast.While)):
        yield "step left out", ast.Pass()
    elif isinstance(node, ast.Call):
        yield from _overlooked_in_calls(node)


def _halves(node):
    """What is left of a & b, a | b, a and b and ..., a or b or ... without one of its parts."""
    if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield from (node.left, node.right)
    elif isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1:]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _other_bounds(node):
    for bound, step in (("lower", ast.Add()), ("upper", ast.Sub())):
        if (value := getattr(node, bound)) is not None:
            yield "slice without a bound", ast.Slice(**{**vars(node), bound: None})
            yield "slice one shorter", ast.Slice(**{**vars(node), bound: ast.BinOp(value, step, ast.Constant(1))})
    if node.step is not None:
        yield "slice without its step", ast.Slice(node.lower, node.upper, None)


def _overlooked_in_calls(node):
    name, whole, method = _subject(node)
    if name in FORGOTTEN:
        yield f"{name} left out", whole
    if name in LIMITS and not method and any(isinstance(a, ast.Constant) for a in node.args):
        yield from (("limit left out", a) for a in node.args if not isinstance(a, ast.Constant))
    if name == "where" and len(node.args) == 3:
        yield "mask dropped", node.args[2]
    if name == "sorted":
        yield "order reversed", ast.Call(node.func, node.args, [ast.keyword("reverse", ast.Constant(True))])
    for k in node.keywords:
        if k.arg in ("dtype", "keepdims", "where"):
            yield f"{k.arg}= left out", ast.Call(node.func, node.args, [o for o in node.keywords if o is not k])


def _subject(node):
    """(name of what is called, what it is called with first, is it a method) of np.f(x, ...), f(x, ...) or x.f(...)."""
    module, _, name = ast.unparse(node.func).rpartition(".")
    method = isinstance(node.func, ast.Attribute) and module not in MODULES
    return name, node.func.value if method else node.args[0] if node.args else None, method


def _reshaped(whole, moved):
    return ast.Call(ast.Attribute(whole, "reshape", ast.Load()), [ast.Attribute(moved, "shape", ast.Load())], [])
