"""Declaring an operation: its forward, its vjp and its domain, side by side.  Calling it records it on the tape."""
import inspect
from functools import partial

import numpy as np

from ..support.arguments import shown
from ..support.explaining import STUMBLES, explained
from . import backend
from .edits import clock, share_with_any
from .recording import is_recording
from .tensor import Node, Tensor
from .trees import tree_leaves

REGISTRY = {}                               # name -> Op: the table of derivatives
DEFERRED = {}                               # type of a placeholder -> what takes over a call of an op with it
NUMPY = {}                                  # NumPy's function -> the Op that it means when given a Tensor


class _Signature:
    """An op's __signature__, for inspect and help: made when it is first asked for, since there are many ops."""

    def __get__(self, op, kind=None):
        if op is None:                      # Op.__signature__: the class has none
            raise AttributeError("__signature__")
        op.__signature__ = _signature(op.forward)
        return op.__signature__


class Op:
    """One entry of the table of derivatives, and the function that users call.

    forward     forward(*inputs, **params) -> y, written in NumPy.  Inputs, the arguments before the slash in
                `def f(a, b, /, axis=None)`, may be tensors; the params after it may not.  `*inputs` may be many.
    vjp         the rule: vjp(g, y, *inputs, **params) -> the cotangent of the input.  With several inputs either a
                tuple of rules, one per input (None: no derivative), or one rule that returns a tuple.
                A rule may leave broadcasting to the engine: it may return the shape of y where an input was stretched.
    domain      where an input may lie, one set for all or a tuple with one for each (minigrad/engine/ops/domains.py)
    shapes      how input shapes go together, as a NumPy gufunc signature: "(m,n),(n,p)->(m,p)" with batch axes before;
                None for an elementwise op, whose inputs broadcast; "" where only the op itself can tell
    saves       forward returns (y, saved); the rule gets saved= back at first order and None at higher orders, where
                it must compute it again in order to differentiate through it
    selects     True for an op like where, whose rules give cotangent 0 to what it did not take: on the tape behind it
                elementwise ops keep such a 0, also where their slope is infinite
    What else can be said of an op, for pictures, profiles and checks, stands at `describe`.
    """
    flops = cases = reference = order = rtol = None     # see describe
    symbol, numpy, conventions, slack, mixes = "", (), (), 1.0, False
    further = frozenset()                   # NumPy's keywords that with_further expresses by other ops
    __signature__ = _Signature()

    @explained
    def __init__(self, forward, vjp=None, domain=None, shapes=None, name=None, doc=None, saves=False, selects=False,
                 **description):
        self.forward, self.vjp, self.domain, self.shapes = forward, vjp, domain, shapes
        self.saves, self.selects = saves, selects
        self.elementwise = shapes is None
        self.__name__ = self.name = name or forward.__name__
        self.__doc__, self.__wrapped__ = doc or forward.__doc__, forward
        rules = vjp if isinstance(vjp, tuple) else (vjp,)
        self.__module__ = next((r.__module__ for r in (*rules, forward) if hasattr(r, "__module__")), None)
        self._read_arguments(forward)
        self.joint = callable(vjp) and (self.variadic or self.arity > 1)
        self.rules = (vjp,) if callable(vjp) else vjp
        if not self.joint and vjp is not None and len(self.rules) != self.arity:
            raise TypeError(f"{self.name}: {len(self.rules)} vjp rules for {self.arity} inputs")
        for rule in filter(inspect.isfunction, rules):
            by_position, by_name, *_, any_param = _arguments(rule)
            missing = [p for p in self.param_names if p not in (*by_position, *by_name)]
            if missing and not any_param:
                raise TypeError(f"{self.name}: its vjp takes no {', '.join(missing)}, which its forward takes: a rule "
                                "is called with all params, vjp(g, y, *inputs, **params)")
        self.plain = not (saves or selects or self.joint)       # its rules are called with arrays as they stand
        self.describe(**description)

    def __call__(self, *inputs, **params):
        if len(inputs) != self._count or params and not self.param_names:
            inputs, params = self.bind(inputs, params)
        args, tensors, records = [], False, False
        for x in inputs:
            if isinstance(x, Tensor):
                if x._memory is not None:
                    x.last_edit()           # notes edits until now: they came before this use
                tensors, records = True, records or x.requires_grad
                x = x._data
            elif type(x) in DEFERRED:
                return DEFERRED[type(x)](self, inputs, params)
            elif isinstance(x, self._made_arrays):
                return self(*(as_array(i) if isinstance(i, self._made_arrays) else i for i in inputs), **params)
            args.append(x)
        try:
            y = self.forward(*args, **params)
        except STUMBLES as error:
            return self._otherwise(inputs, args, params, error)
        y, saved = y if self.saves else (y, None)
        if params and isinstance(y, Tensor):        # a param is a tensor: record what forward is made of
            y = self.forward(*inputs, **params)
            return y[0] if self.saves else y
        if not (records and is_recording() and self.vjp is not None):
            if getattr(y, "dtype", FLOAT) is not FLOAT and y.dtype.kind == "f" and _all_whole(args):
                return self(*map(as_real, inputs), **params)        # NumPy has eˣ of int8 in float16: 12 overflows
            if not tensors:
                return y                    # ops called on plain arrays return plain arrays
            t = Tensor(y)
            return share_with_any(t, inputs) if t._data.base is not None or y is args[0] else t
        return Tensor(y, True, Node(self, inputs, args, params, saved, clock()))

    def _otherwise(self, inputs, args, params, error):
        """What forward refused, computed with other ops, if NumPy's further keywords were the reason; or an error."""
        self.refuse_unknown(params)
        if params and self.further & params.keys():
            return self.with_further(self, *inputs, **params)
        if (explained := _explain(self, args, params, error)) is None:
            raise error
        raise explained from error

    def separate(self, g, y, args, params):
        """What a joint rule gives, as a rule for each input, or None; TypeError if there are more or fewer."""
        found = self.vjp(g, y, *args, **params)
        found = [found] if hasattr(found, "shape") else list(found)
        if len(found) != len(args):
            raise TypeError(f"{self.name}: its vjp returned {len(found)} cotangents for {len(args)} inputs")
        return [s if s is None else partial(_given, s if hasattr(s, "shape") else np.asarray(s)) for s in found]

    def bind(self, inputs, params):
        """Sort positional arguments into inputs and params: sum(x, 0) is sum(x, axis=0), stack([a, b]) stack(a, b)."""
        if not self.variadic:
            inputs, values = inputs[:self.arity], inputs[self.arity:]
        elif inputs and isinstance(inputs[0], (list, tuple)):
            inputs, values = tuple(inputs[0]), inputs[1:]
        else:
            values = ()
        if len(inputs) < self.arity or len(values) > len(self.positional):
            takes = "inputs" if self.variadic else f"{self.arity} input{'s' * (self.arity != 1)}"
            then = f", then {', '.join(self.positional)}" if self.positional else ""
            raise TypeError(f"{self.name} takes {takes}{then}, got {len(inputs) + len(values)} arguments; it is "
                            f"{self.name}{self.__signature__}")
        self.refuse_unknown(params)
        if not values:
            return inputs, params
        named = dict(zip(self.positional, values))
        if twice := named.keys() & params.keys():
            raise TypeError(f"{self.name}: {', '.join(sorted(twice))} given twice, by position and by name")
        return inputs, {**named, **params}

    def refuse_unknown(self, params):
        """An error unless the op takes these params: dtype=, out= and where= too, which NumPy's functions take."""
        if params and not (self._takes_any_param or params.keys() <= {*self.param_names, *self.further}):
            unknown = ", ".join(f"{name}=" for name in params if name not in self.param_names)
            raise TypeError(f"{self.name} takes no {unknown}; its arguments are {self.__signature__}")

    def _read_arguments(self, forward):
        """Which arguments are inputs and which are params, and which params may be given by position."""
        by_position, by_name, before_the_slash, required, many, any_param = _arguments(forward)
        self.variadic = many                                                    # def f(*inputs, axis=0)
        self.arity = before_the_slash or required
        self.param_names = (*by_position[self.arity:], *by_name)
        self.positional = self.param_names if many else tuple(by_position[self.arity:])
        self._takes_any_param = any_param
        self._count = None if self.variadic else self.arity     # how many inputs need no binding
        self._made_arrays = (list, tuple) if self.elementwise else (list, tuple, int, float, complex)

    def describe(self, **facts):
        """Say more of the op, what other rooms want to know; also as keywords of mg.op.  Returns the op.

        symbol       what drawings of graphs write before its name: "+"
        flops        FLOPs of one forward call: a function (y, *inputs, **params) of a product, whose cotangents cost a
                     product each; 0 where elements only move; None: one for each element of the largest array
        numpy        NumPy's function, or several: np.f(tensor) then calls this op, and `reference` is the first
        reference    a function of arrays, called as the op is, that gives the same value: what check_op compares with
        cases        what the checks feed it: a list of ([inputs], {params}), or a function of a `draw` (see
                     mg.testing.strategies.Draw) that returns one; None: drawn from domain and shapes
        conventions  what holds where calculus has no answer, at kinks and ties: a list of
                     ([inputs], {params}, [gradients for a cotangent of ones])
        slack        how far the inputs of its cases may be moved and remain good ones, beside 1: a little (0.02) where
                     ties or kinks are near, 0 where they have a structure that any change breaks
        order        the highest derivatives that its rule gives: 1 for one that can't be differentiated again
        rtol         how far its gradients may be off measured slopes, relative to their size, where its forward itself
                     is no more precise (default: 1e-9)
        mixes        True where a row of the result depends on other rows of the input, as in batch normalization: then
                     no example has a gradient of its own, and minigrad.privacy refuses the op
        """
        for fact, value in facts.items():
            if fact not in FACTS:
                raise TypeError(f"{self.name}: an op has no {fact!r}; what can be said of it: {', '.join(FACTS)}")
            if fact == "numpy":
                value = value if isinstance(value, tuple) else (value,)
                self.reference = self.reference or value[0]
                NUMPY.update((f, self) for f in value if f not in NUMPY or not NUMPY[f].native)
            setattr(self, fact, value)
        return self

    native = property(lambda self: self.__module__.startswith("minigrad."), doc="Is it minigrad's own, not a user's?")

    def __copy__(self):                     # a copy to change: to give another rule, say
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __reduce__(self):                   # for pickle and deepcopy: an op is one of a kind, found by its name
        return (_registered, (self.name,)) if REGISTRY.get(self.name) is self and self.native else self.__name__

    def __repr__(self):
        return f"<op {self.name}: {(self.__doc__ or '').strip().splitlines()[0] if self.__doc__ else ''}>"


FACTS = ("symbol", "flops", "numpy", "reference", "cases", "conventions", "slack", "order", "rtol", "mixes")


def _given(share, *_, **__):
    return share


def as_array(x):
    """x as ops take it: a tensor or an array as it is, numbers and lists as arrays, lists of tensors stacked."""
    if not (isinstance(x, (list, tuple)) and _holds_tensors(x)):
        return x if hasattr(x, "shape") and not isinstance(x, np.generic) else of_numbers(backend.from_lists(x), x)
    dtype = np.result_type(*(t.dtype for t in tree_leaves(x) if isinstance(t, Tensor)))     # for numbers beside them
    return np.stack([np.asarray(v, dtype) if isinstance(v, (int, float)) else as_array(v) for v in x])


def of_numbers(array, given):
    """The array, if it holds numbers: NumPy makes one of None and of words, too."""
    if array.dtype.kind not in "fiubc":
        raise TypeError(f"{shown(given)} is no array of numbers")
    return array


def _holds_tensors(x):
    return any(isinstance(v, Tensor) or isinstance(v, (list, tuple)) and _holds_tensors(v) for v in x)


def as_real(x, dtype=float):
    """x, in floating point if it is whole numbers or booleans: as these, small ones would wrap around."""
    x = x if hasattr(x, "dtype") else as_array(x)       # what fusion.py traces has a dtype, but no shape
    return x if x.dtype.kind == "f" else x.astype(dtype)


def _all_whole(args):
    """Are all of these integers or booleans?"""
    return all(isinstance(a, int) or getattr(a, "dtype", FLOAT).kind in "iub" for a in args)


FLOAT = np.dtype(float)


def _registered(name):
    return REGISTRY[name]


def op(forward=None, vjp=None, **declaration):
    """Declare an operation and enter it in the REGISTRY; a decorator, or a constructor when forward is given.

        @mg.op(vjp=lambda g, y, x: g * 3 * x**2)
        def cube(x, /):
            "y = x³      dx = 3 g x²"
            return x**3

    The declaration's keywords are those of Op (domain, shapes, name, doc, saves, selects) and of Op.describe (symbol,
    flops, numpy, reference, cases, conventions, slack, order, rtol, mixes).
    A name that minigrad itself uses stays minigrad's: yours is then entered as "module.name".
    """
    if forward is None:
        return lambda f: op(f, vjp, **declaration)
    entry = Op(forward, vjp, **declaration)
    taken = entry.name in REGISTRY and REGISTRY[entry.name].native
    REGISTRY[f"{entry.__module__}.{entry.name}" if taken else entry.name] = entry
    return entry


def _arguments(forward):
    """(arguments by position, by name alone, how many before the slash, how many required, *args?, **kwargs?)."""
    # Ops are many and mostly plain functions, whose code says it at once; signature() takes four times as long.
    if inspect.isfunction(forward) and not {"__wrapped__", "__signature__"} & vars(forward).keys():
        code = forward.__code__
        names, many, any_param = inspect.getargs(code)
        by_position, by_name = names[:code.co_argcount], names[code.co_argcount:]
        required = len(by_position) - len(forward.__defaults__ or ())
        return by_position, by_name, code.co_posonlyargcount, required, many is not None, any_param is not None
    arguments = list(_signature(forward).parameters.values())
    by_position = [p for p in arguments if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return ([p.name for p in by_position], [p.name for p in arguments if p.kind is p.KEYWORD_ONLY],
            sum(p.kind is p.POSITIONAL_ONLY for p in arguments), sum(p.default is p.empty for p in by_position),
            any(p.kind is p.VAR_POSITIONAL for p in arguments), any(p.kind is p.VAR_KEYWORD for p in arguments))


def _signature(forward):
    """The signature of forward; NumPy's own functions take more than a rule could follow: of them, the inputs alone."""
    ufunc = inspect.unwrap(forward)                 # behind a kernel, too: see fusion.fuse
    if isinstance(ufunc, np.ufunc):
        names = ("a", "b", "c")[:ufunc.nin] if ufunc.nin > 1 else ("x",)
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in names])
    return inspect.signature(forward)


def _explain(op, args, params, error):
    """What to raise instead of an error in an op's forward; None: the error itself."""
    if error.__cause__ is not None and str(error).startswith(f"{op.name}: "):
        return None                         # explained already, in a call of the op by itself
    if tensors := [name for name, value in params.items() if isinstance(value, Tensor)]:
        return TypeError(f"{op.name}: {tensors[0]} must be a plain number or array, not a tensor ({error})")
    for i, a in enumerate(args):
        known = hasattr(a, "dtype") or isinstance(a, (int, float, complex))
        if not known and (a is not None or op.native or "None" in str(error)):     # a user's op may take None
            return TypeError(f"{op.name}: input {i + 1} must be a tensor, an array or a number, not {shown(a)}")
    if not (op.native or isinstance(error, (ValueError, TypeError, IndexError))):
        return None
    shapes = ", ".join(str(np.shape(a)) for a in args if not isinstance(a, (int, float)))
    devices = {backend.device_of(a) for a in args if hasattr(a, "shape")}
    if len(devices) > 1:
        places = " and ".join(sorted(devices))
        return ValueError(f"{op.name}: inputs on different devices, {places}; move one with .to()")
    kind = type(error) if type(error) in (ValueError, TypeError, IndexError) else ValueError
    return kind(f"{op.name}: input shapes {shapes}: {error}")
