"""f as the checks see it: a function from a list of arrays to a list of arrays, its gradient, and that one's own."""
import inspect
from dataclasses import dataclass, field

import numpy as np

from ...engine.op import Op
from ...engine.ops.arithmetic import positive
from ...engine.recording import grad_mode, is_recording
from ...engine.tensor import Tensor, tape_of
from ...engine.transforms import _pullback
from ...engine.trees import tree_leaves, tree_unflatten


@dataclass
class Function:
    """A function of several arrays with several results, all floating-point."""
    call: object                            # list of Tensors -> list of Tensors
    name: str
    arguments: list                         # names of the tensors that it takes
    op: Op = None                           # if it is one, alone
    depth: int = 0                          # how many times it was differentiated
    params: dict = field(default_factory=dict)

    def values(self, xs):
        """f of arrays, as arrays; complex ones pass through, too."""
        with grad_mode(False):
            return [np.asarray(y._data) for y in self.call([Tensor(np.asarray(x)) for x in xs])]

    def gradients(self, xs, us, create_graph=False):
        """The gradients of Σ u f(x) as backward computes them, or as it records them."""
        leaves = [Tensor(x, requires_grad=True) for x in xs]
        with grad_mode(True):
            ys = self.call(leaves)
            if create_graph:
                us = [Tensor(u, requires_grad=True) for u in us]
            return _summed_pullback(ys, leaves, us, create_graph)

    def rounds(self, xs, us):
        """Does the rule compute in less than double precision?"""
        try:
            recorded = self.gradients(xs, us, create_graph=True)
        except Exception:
            return False
        return any(t.dtype.itemsize < 8 for g in recorded if isinstance(g, Tensor) and g.requires_grad
                   for t in tape_of(g) if t.dtype.kind == "f")

    def pullback(self):
        """The function (x, u) -> the gradients of Σ u f(x)."""
        n = len(self.arguments)

        def vjp(tensors):
            recording = is_recording()
            with grad_mode(True):           # the inputs under new names: they may depend on each other
                xs = [positive(x) if x.requires_grad else Tensor(x._data, True) for x in tensors[:n]]
                gradients = _summed_pullback(self.call(xs), xs, tensors[n:], recording)
            return [g if isinstance(g, Tensor) else Tensor(np.asarray(g)) for g in gradients]
        return Function(vjp, self.name, [*self.arguments, "the cotangent"], self.op, self.depth + 1, self.params)

    def derivative_in(self, k):
        orders = ("gradient of", "second derivative in", "third derivative in")
        what = orders[self.depth] if self.depth < len(orders) else f"{self.depth + 1}th derivative in"
        return f"{self.name}: the {what} {self.arguments[k]}"


def raw_shapes(y):
    """The shapes that the rules of the op behind y return, before the engine sums what was broadcast; None: none."""
    op, args, g = y.node.op, y.node.args, np.ones(y.shape)
    params = {**y.node.params, **({"saved": y.node.saved} if op.saves else {})}
    found = []
    for rule in (op.vjp,) if op.joint else op.rules:
        try:
            result = rule and rule(g, y._data, *args, **params)
        except Exception:
            result = (None,) * len(args) if op.joint else None
        found += result if op.joint else [result]
    return [None if d is None else np.shape(d) for d in found]


def _summed_pullback(ys, xs, us, create_graph):
    parts = [_pullback(y, xs, u, create_graph, retain_graph=True) for y, u in zip(ys, us, strict=True)]
    return [sum(along[1:], start=along[0]) for along in zip(*parts)]


def of_arrays(f, inputs, params=None, real=None):
    """(f as a Function of its floating-point inputs alone, or of those that are `real`; these, as float64 arrays)."""
    name, names = getattr(f, "__name__", type(f).__name__), argument_names(f, len(inputs))
    leaves = tree_leaves(list(inputs))
    arrays = [x._data if isinstance(x, Tensor) else np.asarray(x) for x in leaves]
    labels = [n for tree, n in zip(inputs, names) for n in _paths(tree, n)]
    real = real or [x.dtype.kind == "f" and not (isinstance(f, Op) and f.rules and not f.joint and f.rules[i] is None)
                    for i, x in enumerate(arrays)]

    flat = [*map(id, leaves)] == [*map(id, inputs)]          # as they are for an op: no tree to build and to walk

    def call(tensors):
        rest = iter(tensors)
        filled = [next(rest) if r else x for x, r in zip(leaves, real)]
        y = f(*(filled if flat else tree_unflatten(list(inputs), filled)), **(params or {}))
        ys = [y for y in tree_leaves(y) if not isinstance(y, Tensor) or y.dtype.kind in "fc"]
        if not ys:
            raise TypeError(f"check_gradients: {name} returns no floating-point tensor: nothing to differentiate")
        for y in ys:
            if not isinstance(y, Tensor):
                raise TypeError(f"check_gradients: {name} must return a tensor made of minigrad's operations, not "
                                f"{type(y).__name__}; np.asarray, .numpy() or float() inside it cut the tape")
            if y.dtype.itemsize < 8:
                raise TypeError(f"check_gradients: {name} returns {y.dtype} for float64 inputs; slopes can't be "
                                "measured through such rounding: leave out the conversion for the check")
        return ys
    function = Function(call, name, [n for n, r in zip(labels, real) if r], f if isinstance(f, Op) else None,
                        params=params or {})
    return function, [np.array(x, np.float64) for x, r in zip(arrays, real) if r]


def argument_names(f, count):
    """As f's own signature has them; NumPy's ufuncs have none, the rules of the ops made of them do."""
    if isinstance(f, Op):
        rule = f.vjp if callable(f.vjp) else next((inspect.unwrap(r) for r in f.rules or () if r), None)
        code = getattr(f.__wrapped__, "__code__", None)
        names = code.co_varnames[:f.arity] if code else rule.__code__.co_varnames[2:2 + f.arity] if rule else ()
        if f.variadic:
            names = [f"{code.co_varnames[code.co_argcount + code.co_kwonlyargcount]}[{i}]" for i in range(count)]
    else:
        try:
            names = [p.name for p in inspect.signature(f).parameters.values()
                     if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        except (TypeError, ValueError):
            names = ()
    return [*names[:count], *(f"argument {i}" for i in range(len(names), count))]


def _paths(tree, name):
    if isinstance(tree, dict):
        return [p for k, v in tree.items() for p in _paths(v, f"{name}[{k!r}]")]
    if isinstance(tree, (list, tuple)):
        return [p for i, v in enumerate(tree) for p in _paths(v, f"{name}[{i}]")]
    return [name]
