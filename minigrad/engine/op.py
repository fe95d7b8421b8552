"""Declaring an operation: its forward, its vjp and its domain, side by side.  Calling it records it on the tape."""
import numpy as np

from . import backend
from .tensor import Node, Tensor, clock, is_recording

REGISTRY = {}                               # name -> Op: the table of derivatives


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
    """

    def __init__(self, forward, vjp=None, domain=None, shapes=None, name=None, doc=None, saves=False):
        self.forward, self.vjp, self.domain, self.shapes, self.saves = forward, vjp, domain, shapes, saves
        self.elementwise = shapes is None
        self.__name__ = self.name = name or forward.__name__
        self.__doc__, self.__wrapped__ = doc or forward.__doc__, forward
        rules = vjp if isinstance(vjp, tuple) else (vjp,)
        self.__module__ = next((r.__module__ for r in rules if r), forward.__module__)
        code = getattr(forward, "__code__", None)               # NumPy's own functions have none, only inputs
        names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount] if code else ()
        self.variadic = bool(code and code.co_flags & 0x04)                     # def f(*inputs, axis=0)
        required = code.co_argcount - len(forward.__defaults__ or ()) if code else 0
        self.arity = (code.co_posonlyargcount or required) if code else getattr(forward, "nin", 1)
        self.param_names = names[self.arity:]
        self.positional = names[self.arity:code.co_argcount if code and not self.variadic else None]    # the others by name
        self.joint = callable(vjp) and (self.variadic or self.arity > 1)
        self.rules = (vjp,) if callable(vjp) else vjp
        if not self.joint and vjp is not None and len(self.rules) != self.arity:
            raise TypeError(f"{self.name}: {len(self.rules)} vjp rules for {self.arity} inputs")

    def __call__(self, *inputs, **params):
        if len(inputs) != self.arity or self.variadic:
            inputs, params = self.bind(inputs, params)
        args, tensors, records = [], False, False
        for x in inputs:
            if isinstance(x, Tensor):
                if x._checksum is not None:
                    x.last_edit()           # an edit before this moment is no edit of what the tape needs
                tensors, records = True, records or x.requires_grad
                x = x._data
            elif isinstance(x, (list, tuple)):
                x = np.asarray(x)
                inputs = (*inputs[:len(args)], x, *inputs[len(args) + 1:])
            args.append(x)
        try:
            y = self.forward(*args, **params)
        except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
            raise _explain(self, args, error) from error
        saved = None
        if self.saves:
            y, saved = y
        if not tensors:
            return y                        # ops called on plain arrays return plain arrays
        if not (records and is_recording() and self.vjp is not None):
            return Tensor(y)
        return Tensor(y, True, Node(self, inputs, args, params, saved, clock()))

    def bind(self, inputs, params):
        """Sort positional arguments into inputs and params: sum(x, 0) is sum(x, axis=0); stack([a, b]) is stack(a, b)."""
        if not self.variadic:
            inputs, values = inputs[:self.arity], inputs[self.arity:]
        elif inputs and isinstance(inputs[0], (list, tuple)):
            inputs, values = tuple(inputs[0]), inputs[1:]
        else:
            values = ()
        if len(inputs) < self.arity or len(values) > len(self.positional):
            raise TypeError(f"{self.name} takes {self.arity} inputs and then params {self.positional}, "
                            f"got {len(inputs) + len(values)} arguments")
        twice = set(self.positional[:len(values)]).intersection(params)
        if twice:
            raise TypeError(f"{self.name}: {', '.join(twice)} given twice, by position and by name")
        return inputs, {**dict(zip(self.positional, values)), **params}

    native = property(lambda self: self.__module__.startswith("minigrad."), doc="Is it minigrad's own, not a user's?")

    def __repr__(self):
        return f"<op {self.name}: {(self.__doc__ or '').strip().splitlines()[0] if self.__doc__ else ''}>"


def op(forward=None, vjp=None, **declaration):
    """Declare an operation and enter it in the REGISTRY; a decorator, or a constructor when forward is given.

        @mg.op(vjp=lambda g, y, x: g * 3 * x**2)
        def cube(x, /):
            "y = x³      dx = 3 g x²"
            return x**3

    The declaration's keywords are those of Op: domain, shapes, name, doc, saves.
    A name that minigrad itself uses stays minigrad's: yours is then entered as "module.name".
    """
    if forward is None:
        return lambda f: op(f, vjp, **declaration)
    entry = Op(forward, vjp, **declaration)
    taken = entry.name in REGISTRY and REGISTRY[entry.name].__module__.startswith(("minigrad.", "numpy"))
    REGISTRY[f"{entry.__module__}.{entry.name}" if taken else entry.name] = entry
    return entry


def _explain(op, args, error):
    shapes = ", ".join(str(np.shape(a)) for a in args if not isinstance(a, (int, float)))
    devices = {backend.device_of(a) for a in args if hasattr(a, "shape")}
    if len(devices) > 1:
        return ValueError(f"{op.name}: inputs on different devices, {' and '.join(sorted(devices))}; move one with .to()")
    kind = type(error) if type(error) in (ValueError, TypeError, IndexError) else ValueError
    return kind(f"{op.name}: input shapes {shapes}: {error}")
