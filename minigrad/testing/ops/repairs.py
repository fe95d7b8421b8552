"""Say the edit: which small change of a wrong rule would make it right?

The mutation operators run backwards.  Each expression of the rule is changed in every way that people get wrong; what
then gives the measured gradients on a few ordinary cases, and holds on cases that were not looked at yet, is suggested.
"""
import ast
import inspect
import re
import time

import numpy as np

from ...engine.tensor import unbroadcast
from ..gradients.compare import CannotTell
from ..gradients.explain import Evidence, measured_gradient
from ..gradients.functions import argument_names, of_arrays
from ..mutations import changes, compiled, put, source_of, with_rule
from .properties import SPOILING, Trial, Undefined, gradients
from .varied import oddness

# Seconds of processor time to search, and as many to try what was found; elements of a case; cases; edits to try.
SECONDS, LARGEST, CASES, TRIED = 3.0, 40, 3, 6
QUOTED = 40                                         # an expression of so many letters is quoted whole
ALIKE = (("sin", "cos", "tan", "sinh", "cosh", "tanh"), ("exp", "expm1", "log", "log1p"),
         ("sqrt", "square", "abs", "sign"),
         ("maximum", "minimum"), ("sum", "mean", "cumsum", "prod"), ("argsort", "sort"), ("zeros_like", "ones_like"),
         ("floor", "ceil"), ("triu", "tril"), ("arcsin", "arccos", "arctan"))
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)
COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq)
NAMED = {"2": 2, "3": 3, "4": 4, "0.5": 0.5, "np.log(2)": np.log(2), "np.log(10)": np.log(10), "np.pi": np.pi}


def suggestion(op, failed, fresh, how):
    """A line that suggests an edit, or ""; failed: cases on which the op fails; fresh(): others."""
    deadline = time.process_time() + SECONDS
    cases = sorted((c for c in failed if sum(x.size for x in c[0]) <= LARGEST), key=oddness)[:CASES]
    trials = [t for t in (Evidently.of(op, c, how) for c in cases) if t]
    if not trials:
        return ""
    names, edits, cases = argument_names(op, op.arity), [], [*fresh(), *failed]
    wrong = [i for i, rule in enumerate(op.rules)
             if rule and (trials[0].higher or not all(t.is_right(op, i, rule) for t in trials))]
    for i in wrong:
        for _, words, rule in sorted(search(op, i, op.rules[i], trials, deadline), key=lambda e: e[0])[:TRIED]:
            repaired = with_rule(op, i, rule)
            if i != wrong[-1] or holds(repaired, cases, how):       # of several that are wrong, all must be repaired
                op = repaired
                edits.append(words + (f" in the rule of {names[i]}" if not op.joint and op.arity > 1 else ""))
                break
    if not edits or not holds(op, cases, how):
        return ""
    return f"  suggestion: with {', and '.join(edits)} it holds on fresh cases\n"


def holds(op, cases, how):
    """Are the gradients right on these cases, as far as can be told in time, and nothing spoiled that comes after?"""
    told, deadline = 0, time.process_time() + SECONDS
    for case in cases[:30]:
        if time.process_time() > deadline:
            return False
        try:
            for property in (*SPOILING, gradients):
                property(Trial(op, *case, **{**how, "explain": False}))
            told += 1
        except (CannotTell, Undefined):
            continue
        except Exception:
            return False
    return told > 0


class Evidently:
    """A case with a random cotangent, and the measured gradient of each input."""

    def __init__(self, op, case, cotangent, y, saved, expected, higher):
        self.inputs, self.params = case
        self.g, self.y, self.expected, self.higher = cotangent, y, expected, higher
        self.saved = {"saved": saved} if op.saves else {}

    @classmethod
    def of(cls, op, case, how):
        """Measured; None where that can't be done."""
        inputs, params = case
        try:
            f, xs = of_arrays(op, inputs, params)
            ys = f.values(xs)
            us = [np.random.default_rng(1).standard_normal(y.shape) for y in ys]
            evidence = Evidence(f, xs, us, 0, np.zeros(1), np.zeros(1), None)
            real = iter(range(len(xs)))
            wanted = [r is not None for r in (op.rules * len(inputs) if op.joint else op.rules)]
            expected = [measured_gradient(evidence, next(real), xs) if w and x.dtype.kind == "f" else None
                        for x, w in zip(inputs, wanted)]
        except Exception:
            return None
        if len(ys) != 1 or any(e is not None and not np.isfinite(e).all() for e in expected):
            return None
        made = op.forward(*inputs, **params)
        first = True
        trial = cls(op, case, us[0], ys[0], made[1] if op.saves else None, expected, False)
        for i, rule in enumerate(op.rules):
            first = first and (rule is None or trial.is_right(op, i, rule))
        trial.higher = first                # so the mistake is in the second order
        return trial

    def result(self, rule, scale):
        """What a rule returns for this case and so many times its cotangent."""
        return rule(scale * self.g, self.y.copy(), *(x.copy() for x in self.inputs), **self.params, **self.saved)

    def is_right(self, op, i, rule):
        """Does a rule give the measured gradient?"""
        try:
            with np.errstate(all="ignore"):
                for scale in (1.0, -50.0):
                    result = self.result(rule, scale)
                    pairs = zip(result, self.expected) if op.joint else [(result, self.expected[i])]
                    if not all(fits(g, scale * e) for g, e in pairs if e is not None):
                        return False
                return True
        except Exception:
            return False


def fits(gradient, expected):
    gradient = np.asarray(gradient)
    if gradient.dtype.kind not in "fi":
        return False
    gradient = unbroadcast(gradient, expected.shape) if gradient.shape != expected.shape else gradient
    return np.allclose(gradient, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max(initial=1e-3))


# -- the search ------------------------------------------------------------------------------------------------------
def search(op, i, rule, trials, deadline):
    """(how large, words, repaired rule) for each edit of a rule that fits all trials."""
    rule, higher = inspect.unwrap(rule), trials[0].higher
    try:
        tree = source_of(rule)
    except (LookupError, OSError, TypeError, ValueError):
        return
    names = [a.arg for a in [*tree.args.posonlyargs, *tree.args.args]]
    arrays = [n for n in names if n not in op.param_names and n != "saved"]
    parts = [n for n in op.param_names if isinstance(op.__signature__.parameters[n].default, float)]
    places, around = list(expressions(tree)), {}
    for holder, *_, node in places:
        around[node] = holder
    for depth, (holder, field, index, node) in enumerate(places):
        shown = node                        # the largest expression around that can be read at a glance
        while isinstance(around.get(shown), ast.expr) and len(ast.unparse(around[shown])) <= QUOTED:
            shown = around[shown]
        before = ast.unparse(node), ast.unparse(shown)
        for kind, replacement in repairs(node, arrays, names, parts, higher, field):
            if time.process_time() > deadline:
                return
            put(holder, field, index, replacement)
            try:
                repaired = compiled(tree, rule)
            except Exception:
                continue
            finally:
                after = ast.unparse(replacement), ast.unparse(replacement if shown is node else shown)
                put(holder, field, index, node)
            if after != before and all(t.is_right(op, i, repaired) for t in trials):
                rank = kind, depth if kind > 1 else 0, len(after[1])
                yield rank, f"`{after[1]}` in place of `{before[1]}`", repaired


def expressions(tree):
    """(holder, field, index, node) of every expression in the body of a function, the outermost first."""
    body = [tree.body] if isinstance(tree, ast.Lambda) else tree.body
    if isinstance(tree, ast.Lambda):
        yield tree, "body", None, tree.body
    for statement in body:
        for holder in ast.walk(statement):
            for field, value in ast.iter_fields(holder):
                for index, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                    stored = isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))
                    if isinstance(node, ast.expr) and not stored and field != "func":
                        yield holder, field, index, node


def repairs(node, arrays, names, parts, higher, field):
    """(rank, replacement) of one expression: what people forget, exchange or add too much; parts: params, fractions."""
    if isinstance(node, (ast.Call, ast.Attribute)):
        inside = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & set(arrays)
        yield from ((0, ast.Name(n, ast.Load())) for n in inside if len(inside) == 1)       # np.asarray(x._data)
    if higher:                              # the values are right: something takes them past the tape
        yield from ((0, part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        return
    for _, replacement in changes(node, arrays):
        yield 0, replacement
    if isinstance(node, ast.Call) and len(node.args) >= 1:
        yield 0, node.args[0]               # a wrapper too many: np.asarray(x), abs(x)
        yield from ((0, r) for r in changed_calls(node, names))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield 0, node.func.value            # x.numpy(), x.detach()
        yield from ((0, r) for r in changed_calls(node, names))
    elif isinstance(node, ast.Attribute):
        yield 0, node.value                 # x._data, x.T
    elif isinstance(node, ast.BinOp):
        for other in OPERATORS:
            if not isinstance(node.op, other):
                yield 0, ast.BinOp(node.left, other(), node.right)
        yield 0, ast.BinOp(node.right, node.op, node.left)
        yield 0, node.right
    elif isinstance(node, ast.UnaryOp):
        yield 0, node.operand
    elif isinstance(node, ast.Subscript) and not ast.unparse(node.value).endswith(".shape"):
        yield 0, node.value                 # one slice where the sum of all belongs
        yield from ((0, parsed(f"{ast.unparse(node.value)}.sum(axis={a})")) for a in (0, -2, -1))
    elif isinstance(node, ast.Slice):       # one place off
        yield from ((0, slice) for slice in moved(node))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in dict.fromkeys((-node.value, node.value + 1, node.value - 1, 2 * node.value, node.value / 2,
                                    1 / (node.value or 1), 0, 1, 2, 0.5)):
            yield 1, ast.Constant(value)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS:
            yield 0, ast.Compare(node.left, [other()], node.comparators)
    if isinstance(node, ast.Name):
        yield from ((0, ast.Name(n, ast.Load())) for n in names if n != node.id)
    if field in ("slice", "func") or isinstance(node, (ast.Constant, ast.Slice, ast.Tuple, ast.Starred)):
        return
    yield 1, ast.UnaryOp(ast.USub(), node)
    for name in names[1:]:
        for other in (name, f"(1 - {name})") if name in parts else (name,):
            yield 2, ast.BinOp(node, ast.Mult(), parsed(other))
            yield 2, ast.BinOp(node, ast.Div(), parsed(other))
    if re.fullmatch(r"\w+\.(size|shape\[-?\d\])", ast.unparse(node)):
        yield from ((2, ast.BinOp(node, by(), ast.Constant(1))) for by in (ast.Sub, ast.Add))
    for text, _ in NAMED.items():
        yield 3, ast.BinOp(parsed(text), ast.Mult(), node)
        yield 3, ast.BinOp(node, ast.Div(), parsed(text))
    for text in ("{} ** 2", "1 - {}", "1 + {}", "1 - {} ** 2", "1 / {}", "np.sqrt({})", "abs({})",
                 "np.swapaxes({}, -1, -2)", "np.flip({}, -1)", "np.flip({}, 0)", "np.expand_dims({}, -1)",
                 "np.expand_dims({}, 0)",
                 "{}.sum(axis=0)", "{}.sum(axis=-1)", "{}.sum(axis=-1, keepdims=True)", "{}.sum()", "{} / x.size",
                 "{} * x.size", "{} / x.shape[-1]", "{} / x.shape[0]", "{} - {}.mean(axis=-1, keepdims=True)",
                 "{} * np.sign(x)", "{} * (x > 0)", "{} / np.expand_dims(y, -1)", "np.exp({})", "np.log({})"):
        if "x" in names or "x." not in text and "(x" not in text:
            yield 4, parsed(text.replace("{}", f"({ast.unparse(node)})"))


def changed_calls(node, names):
    """A call with another function of its kind, another axis, or keepdims=True."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for group in ALIKE:
        for other in group if name in group else ():
            if other != name:
                func = ast.Attribute(node.func.value, other, ast.Load()) if isinstance(node.func, ast.Attribute) else \
                    ast.Name(other, ast.Load())
                yield ast.Call(func, node.args, node.keywords)
    if name == "cumsum" and node.args:      # its adjoint runs from the other end
        yield parsed(f"np.flip(np.cumsum(np.flip({ast.unparse(node.args[0])}, -1), -1), -1)")
    if name == "where" and len(node.args) == 3:
        yield ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords)
        yield node.args[2]
    axes = [parsed(text) for text in ("0", "1", "-1", *(n for n in names if n in ("axis", "dim")))]
    kept = [k for k in node.keywords if k.arg != "axis"]
    if any(k.arg == "axis" for k in node.keywords):
        yield from (ast.Call(node.func, node.args, [*kept, ast.keyword("axis", a)]) for a in axes)
    if name in ("sum", "mean", "max", "min") and not any(k.arg == "keepdims" for k in node.keywords):
        yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("keepdims", ast.Constant(True))])
    for k, argument in enumerate(node.args):
        if ast.unparse(argument) in ("0", "1", "-1", "axis", "dim"):
            yield from (ast.Call(node.func, [*node.args[:k], a, *node.args[k + 1:]], node.keywords) for a in axes)


def moved(node):
    """A slice with both its ends one place on, and one back."""
    try:
        lower, upper = (ast.literal_eval(end) if end else 0 for end in (node.lower, node.upper))
    except ValueError:
        return
    for by in (1, -1):
        ends = max(lower + by, 0) if lower >= 0 else lower + by, upper + by if upper > 0 else min(upper + by, 0)
        yield ast.Slice(*(ast.Constant(end) if end else None for end in ends), node.step)


def parsed(text):
    return ast.parse(text, mode="eval").body
