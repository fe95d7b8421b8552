"""Symbolic tensors: what Input() returns, and what layers, ops and operators make of it.

    x = Input((4,))                 # a Symbolic: a shape and a dtype, no values
    y = Dense(3)(x) * 2             # recorded: a SymbolicCall of the layer, then a SymbolicCall of the method __mul__
    Model(x, y)                     # runs these calls again, on real tensors

A symbol carries an example, a tensor of zeros with a batch of one; calling a layer or an op on symbols runs it on
their examples, as any call would, and notes who was called with what.  So shapes are what the code does, and weights
come into being as they always do.  Where lengths are left open (None) there are two examples, of different lengths.
"""
import itertools
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from ..engine import op as ops
from ..engine.interop import COMPARISONS, METHODS, NUMPY, OPERATORS, UNARY
from ..engine.ops import FUNCTIONS
from ..engine.recording import no_grad
from ..engine.tensor import Tensor
from ..engine.trees import tree_leaves, tree_map

_trying = ContextVar("trying", default=False)
_order = itertools.count()                  # calls are numbered: what a call needs has lower numbers


@contextmanager
def trying():
    """A block in which layers are called on examples, to see shapes: nothing is kept from call to call."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


is_trying = _trying.get                     # whether it is an example that a layer is called on


class Symbolic:
    """A tensor without values: shape, with None for the batch and for lengths left open, and dtype.

    examples    one Tensor of this kind, or two where lengths are open
    call        the SymbolicCall that makes it
    """
    __hash__ = object.__hash__              # == makes another Symbolic

    def __init__(self, examples, call):
        self.examples, self.call = examples, call

    @property
    def shape(self):
        lengths = zip(*(example.shape for example in self.examples))
        return tuple(None if i == 0 or len(set(n)) > 1 else n[0] for i, n in enumerate(lengths))

    dtype = property(lambda self: str(self.examples[0].dtype))
    ndim = property(lambda self: self.examples[0].ndim)
    name = property(lambda self: self.call.name)

    def __bool__(self):
        raise TypeError(f"{self!r} has no values yet, so no if and no while can depend on it: write a Layer that does")

    def __iter__(self):
        raise TypeError(f"{self!r} has no values yet to go through; index it, or use split")

    def __array__(self, dtype=None, copy=None):
        raise TypeError(f"{self!r} has no values yet; a Model of it has, when it is called")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return self.__array_function__(ufunc, (), inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        found = FUNCTIONS.get(function.__name__) or NUMPY.get(function)
        if found is None:
            raise TypeError(f"np.{function.__name__} has no derivative rule in minigrad: it can't be used on {self!r}")
        return call(found, args, kwargs)

    def __repr__(self):
        return f"<Symbolic shape={self.shape}, dtype={self.dtype}, of {self.name}>"


class Method:
    """A method or operator of Tensor, as a function: Method("__add__")(x, y) is x + y."""

    def __init__(self, name):
        self.name = name

    def __call__(self, x, *args, **kwargs):
        return getattr(x, self.name)(*args, **kwargs)


def _names():
    for name in (*OPERATORS, *UNARY, *COMPARISONS, "getitem", *(f"r{name}" for name in OPERATORS)):
        yield f"__{name}__"
    yield from METHODS


METHOD_TABLE = {name: Method(name) for name in _names() if hasattr(Tensor, name)}


class SymbolicCall:
    """function(*args, **kwargs), with symbols among the arguments; and what it gave, symbols too."""

    def __init__(self, function, args=(), kwargs=None):
        self.function, self.args, self.kwargs, self.order = function, args, kwargs or {}, next(_order)
        self.outputs = None

    name = property(lambda self: getattr(self.function, "name", None) or self.function.__name__)

    @property
    def inputs(self):
        return symbols_in((self.args, self.kwargs))


def symbols_in(tree):
    """The symbols of a tree of arguments, in order."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Symbolic)]


def with_values(tree, value):
    """The tree with value(symbol) in the place of each Symbolic."""
    return tree_map(lambda leaf: value(leaf) if isinstance(leaf, Symbolic) else leaf, tree)


def record(function, args, kwargs):
    """The SymbolicCall of a layer or another function with symbols among its arguments; its outputs are symbols."""
    noted, results = SymbolicCall(function, args, kwargs), []
    how = {"training": False} if hasattr(function, "sublayers") else {}         # a layer: nothing random, nothing moves
    with no_grad(), trying():
        for k in range(max(len(symbol.examples) for symbol in noted.inputs)):
            a, kw = with_values((args, kwargs), lambda symbol, k=k: symbol.examples[min(k, len(symbol.examples) - 1)])
            results.append(function(*a, **{**kw, **how}))
    noted.outputs = tree_map(lambda *ys: Symbolic([y if isinstance(y, Tensor) else Tensor(y) for y in ys], noted)
                             if isinstance(ys[0], (Tensor, np.ndarray)) else ys[0], *results)
    return noted


def call(function, args, kwargs):
    """What a function of tensors gives for symbols."""
    return record(function, args, kwargs).outputs


def defers(function):
    """A function of tensors that takes symbols too."""
    def deferring(*args, **kwargs):
        return call(deferring, args, kwargs) if symbols_in((args, kwargs)) else function(*args, **kwargs)
    deferring.__name__, deferring.__doc__, deferring.__wrapped__ = function.__name__, function.__doc__, function
    return deferring


def _method(name):
    return lambda self, *args, **kwargs: call(METHOD_TABLE[name], (self, *args), kwargs)


for _name in METHOD_TABLE:
    setattr(Symbolic, _name, _method(_name))
ops.DEFERRED[Symbolic] = call                 # mg.exp(symbol), and tensor + symbol
