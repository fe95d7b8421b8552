"""One GPU kernel for a whole formula, made from the formula itself.

On a GPU every NumPy call is a kernel launch of some ten microseconds, however small the array.  An elementwise
formula such as `lambda g, y, x: g * (1 - y * y)` is therefore run once on symbols, which write down what happens to
them; the record, as C code, becomes a single kernel.  The formula stays the only text: nothing to keep in step.

    g * (1 - y * y)     ->      float t1 = y * y;  float t2 = 1.0f - t1;  out0 = g * t2;

In-place steps are recorded too: `np.multiply(m, 0.9, out=m)` gives m a new value, and the kernel writes m back.
"""
import functools

import numpy as np

from . import backend
from .tensor import Tensor
from .unrolling.current import recorder

KERNELS = {}                                # kernel name -> the formula it was made from, its NumPy twin

C_TYPES = {"float16": "float16", "float32": "float", "float64": "double", "bool": "bool", "int64": "long long",
           "int32": "int", "uint8": "unsigned char"}
C_FUNCTIONS = {     # ufunc -> C expression of its inputs, all of one type
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}", "negative": "-{}",
    "positive": "{}", "square": "{0} * {0}", "reciprocal": "1 / {}", "power": "pow({}, {})",
    "absolute": "({0} < 0 ? -{0} : {0})",
    "sign": "({0} > 0) - ({0} < 0) + ({0} != {0} ? {0} : 0)", "floor": "floor({})", "ceil": "ceil({})",
    "sqrt": "sqrt({})", "exp": "exp({})", "expm1": "expm1({})",
    "log": "log({})", "log1p": "log1p({})", "log2": "log2({})", "log10": "log10({})",
    "sin": "sin({})", "cos": "cos({})", "tan": "tan({})", "arcsin": "asin({})", "arccos": "acos({})",
    "arctan": "atan({})", "arctan2": "atan2({}, {})", "sinh": "sinh({})", "cosh": "cosh({})", "tanh": "tanh({})",
    "hypot": "hypot({}, {})",
    "logaddexp": "({0} == {1} ? {0} + log({0} / {0} + 1) : fmax({0}, {1}) + log1p(exp(-fabs({0} - {1}))))",
    "maximum": "({0} >= {1} || {0} != {0} ? {0} : {1})", "minimum": "({0} <= {1} || {0} != {0} ? {0} : {1})",
    "equal": "{} == {}", "not_equal": "{} != {}", "less": "{} < {}", "less_equal": "{} <= {}", "greater": "{} > {}",
    "greater_equal": "{} >= {}", "logical_and": "{} && {}", "logical_or": "{} || {}", "logical_not": "!{}",
    "logical_xor": "!{} != !{}", "isnan": "{0} != {0}", "isfinite": "{0} - {0} == 0",
    "isinf": "{0} == {0} && {0} - {0} != 0",
}


class Untraceable(TypeError):
    """The formula does something that is not elementwise: it runs as it is, one launch per NumPy call."""


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array, or a number that varies: its name in the C code, and a sample that tells dtypes.

    The sample is a one-element array, or a Python float for a number: NumPy's own promotion rules then apply.
    """

    def __init__(self, trace, name, sample):
        self.trace, self.name, self.sample = trace, name, sample

    dtype = property(lambda self: np.result_type(self.sample))
    is_number = property(lambda self: isinstance(self.sample, float))

    def astype(self, dtype, copy=True):
        return self.trace.record("{}", np.ones(1, dtype), [self])

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        if method != "__call__" or kwargs or ufunc.__name__ not in C_FUNCTIONS:
            raise Untraceable(f"{ufunc.__name__}.{method} {kwargs or ''}")
        result = self.trace.record(C_FUNCTIONS[ufunc.__name__], _samples(ufunc, inputs), inputs)
        if out is None:
            return result
        target = out[0]                     # in place: the symbol has a new value
        target.name = self.trace.record("{}", target.sample, [result]).name
        return target

    def __array_function__(self, function, types, args, kwargs):
        if function is np.where and len(args) == 3 and not kwargs:
            return self.trace.record("{} ? {} : {}", _samples(np.where, args), args, first="bool")
        if function in (np.zeros_like, np.ones_like) and not kwargs:
            return self.trace.record(str(int(function is np.ones_like)), self.sample, [])
        raise Untraceable(function.__name__)

    def _refuse(self, *args, **kwargs):
        raise Untraceable("a branch on a value, an index or a shape")
    __bool__ = __float__ = __iter__ = __getitem__ = _refuse

    def __getattr__(self, name):
        raise Untraceable(name)


def _samples(function, operands):
    """What NumPy makes of the samples; from numbers alone, a number."""
    samples = [o.sample if isinstance(o, Symbol) else o for o in operands]
    result = function(*samples)
    return float(result) if all(isinstance(s, (bool, int, float)) for s in samples) and result.dtype != bool else result


class Trace:
    """The C statements of one run of a formula on symbols."""

    def __init__(self):
        self.lines = []

    def record(self, template, sample, operands, first=None):
        name, kind = f"t{len(self.lines)}", _work_type(sample)
        if _is_bool(sample) and operands:   # a comparison happens in the type of what it compares
            samples = [o.sample if isinstance(o, Symbol) else o for o in operands]
            operand_kind = _work_type(np.result_type(*samples))
        else:
            operand_kind = kind
        kinds = [first or operand_kind] + [operand_kind] * len(operands)
        code = template.format(*(_cast(o, k) for o, k in zip(operands, kinds)))
        self.lines.append(f"{kind} {name} = {code};")
        return Symbol(self, name, sample)


def _is_bool(sample):
    return np.result_type(sample).kind == "b"


def _work_type(sample):
    """The C type to compute in; half precision computes in single, as CuPy's own kernels do."""
    name = str(np.result_type(sample))
    if name not in C_TYPES:
        raise Untraceable(name)
    return "float" if name == "float16" else C_TYPES[name]


def _cast(operand, kind):
    if isinstance(operand, Symbol):
        same = operand.name[0] == "t" and _work_type(operand.sample) == kind
        return operand.name if same else f"({kind}){operand.name}"
    if not isinstance(operand, (bool, int, float, np.generic)):
        raise Untraceable(type(operand).__name__)
    value = float(operand)
    text = {np.inf: "INFINITY", -np.inf: "-INFINITY"}.get(value, "NAN" if value != value else repr(value))
    return f"(({kind}){text})"


def trace(formula, dtypes, params):
    """Run a formula on symbols: (inputs, outputs, C code, positions of the inputs changed in place).

    dtypes      for each positional argument the dtype of an array, or None for a number, which the kernel takes anew
                at each call; params are numbers that stay: they are written into the code
    """
    record = Trace()
    symbols = [Symbol(record, f"x{i}", 1.0 if d is None else np.ones(1, d)) for i, d in enumerate(dtypes)]
    with np.errstate(all="ignore"):
        results = formula(*symbols, **params)
    changed = [i for i, s in enumerate(symbols) if s.name != f"x{i}"]
    if results is None:                     # all in place
        results = tuple(symbols[i] for i in changed)
    elif changed:
        raise Untraceable("a formula either returns its results or changes its inputs")
    results = results if isinstance(results, tuple) else (results,)
    if len(record.lines) < 2:
        raise Untraceable("one step is one kernel already")
    if not all(isinstance(r, Symbol) for r in results):
        raise Untraceable("a result that doesn't depend on the inputs")
    inputs = ", ".join(f"{s.dtype} x{i}" for i, s in enumerate(symbols))
    outputs = ", ".join(f"{r.dtype} y{i}" for i, r in enumerate(results))
    return inputs, outputs, "\n".join(record.lines + [f"y{i} = {r.name};" for i, r in enumerate(results)]), changed


def fuse(formula, name):
    """The formula, but on GPU arrays as one kernel, where it can be traced; on NumPy arrays and Tensors as before."""
    kernel_for = functools.cache(functools.partial(_kernel, formula, name))

    @functools.wraps(formula)
    def call(*args, **params):
        if any(isinstance(a, (Tensor, Symbol)) for a in args) or all(backend.device_of(a) == "cpu" for a in args):
            return formula(*args, **params)
        kernel, changed = kernel_for(tuple(getattr(a, "dtype", None) for a in args), tuple(sorted(params.items())))
        if kernel is None:
            return formula(*args, **params)
        if recorder():
            return recorder().kernel(kernel, args, changed)
        result = kernel(*args, *(args[i] for i in changed))
        return None if changed else result
    return call


def _kernel(formula, name, dtypes, params):
    try:
        inputs, outputs, code, changed = trace(formula, dtypes, dict(params))
    except (Untraceable, AttributeError, TypeError):
        return None, ()
    name = f"mg_{name}_{'_'.join('number' if d is None else str(d) for d in dtypes)}"
    KERNELS[name] = lambda *args: formula(*args[:len(dtypes)], **dict(params))
    return backend.cupy().ElementwiseKernel(inputs, outputs, code, name), changed


def install(registry):
    """Fuse the elementwise ops of the derivative table, forward and vjp: done once, when a GPU is first used."""
    for op in registry.values():
        if op.elementwise:
            op.forward = fuse(op.forward, op.name)
            if op.vjp is not None:
                op.rules = tuple(r and fuse(r, f"{op.name}_vjp{i}") for i, r in enumerate(op.rules))
