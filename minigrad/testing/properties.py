"""check_op: the properties that every operation must have, on inputs that Hypothesis draws from its domain.

A property is a function of a Trial (the op with one drawn case) that raises AssertionError with words.  The first case that
breaks one is shrunk to the smallest that does, and shown as a few lines that reproduce it.
"""
import time
from dataclasses import dataclass

import numpy as np

from ..tensor import Tensor, backpropagate, grad_mode, no_grad
from ..transforms import jvp, vjp
from .cases import cases
from .conventions import CONVENTIONS
from .gradients import GradientError, check_gradients
from .strategies import lay_out


@dataclass
class Result:
    """What check_op found of one op."""
    name: str
    properties: int = 0
    examples: int = 0
    worst: float = 0.0          # the largest relative error of a gradient
    seconds: float = 0.0
    failure: str = ""           # "" if every property held

    @property
    def passed(self):
        return not self.failure


class Failed(AssertionError):
    """An operation lacks a property; the message names it and shows the smallest case."""


class Trial:
    """An op with one case: inputs (arrays) and params; and what several properties need of it."""

    def __init__(self, op, inputs, params, reference=None, order=2, seed=0):
        self.op, self.inputs, self.params, self.reference, self.order = op, inputs, params, reference, order
        self.real = [x.dtype.kind == "f" and rule is not None for x, rule in zip(inputs, _rules(op, len(inputs)))]
        self.rng, self.worst = np.random.default_rng(seed), 0.0

    def __call__(self, *inputs):
        return self.op(*inputs, **self.params)

    def leaves(self, inputs=None):
        return [Tensor(x, requires_grad=r) if x.dtype.kind == "f" else x for x, r in zip(inputs or self.inputs, self.real)]

    def backward(self, inputs=None, g=None):
        """(value, cotangents of the real inputs) for a cotangent g of the result."""
        leaves = self.leaves(inputs)
        y = self(*leaves)
        g = np.asarray(self.rng.standard_normal(y.shape)).astype(y.dtype) if g is None else g
        found = backpropagate(y, g) if getattr(y, "requires_grad", False) else {}
        return getattr(y, "_data", y), [found.get(x) for x, r in zip(leaves, self.real) if r]


def _rules(op, count):
    """A rule or None for each input; ops without a vjp have none."""
    if op.vjp is None:
        return (None,) * count
    return (op.vjp,) * count if op.joint else op.rules


def _close(a, b, what, tolerance=1e-9):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    scale = np.abs(b[np.isfinite(b)]).max(initial=1.0)
    assert np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True), f"{what}: {a} and {b}"


# -- the properties --------------------------------------------------------------------------------------------------
def value(t):
    """the value is that of the reference (NumPy's function of the same name, or the one given)"""
    if t.reference is not None:
        with np.errstate(all="ignore"):
            _close(t(*t.inputs), t.reference(*t.inputs, **t.params), "value and reference")


def gradients(t):
    """first (and second) derivatives equal measured slopes"""
    if any(t.real):
        fixed = [x if r else None for x, r in zip(t.inputs, t.real)]

        def f(*real):
            rest = iter(real)
            return t(*(next(rest) if r else x for x, r in zip(t.inputs, t.real)))
        report = check_gradients(f, *(x for x in fixed if x is not None), order=t.order, name=t.op.name,
                                 seed=int(t.rng.integers(1 << 30)))
        t.worst = max(t.worst, report.worst)


def convention(t):
    """at kinks, ties and zeros the gradient is what minigrad's convention says"""
    if t.op.__module__.startswith(("minigrad.", "numpy")):
        for inputs, params, expected in CONVENTIONS.get(t.op.name, ()):
            there = Trial(t.op, inputs, params)
            y = t.op(*inputs, **params)
            for got, right in zip(there.backward(g=np.full(np.shape(y), 2.5))[1], expected):
                _close(got, 2.5 * np.array(right), f"gradient of {t.op.name} at {[x.tolist() for x in inputs]} {params or ''}")


def linear_in_the_cotangent(t):
    """the vjp is linear in its cotangent"""
    if any(t.real):
        y = np.asarray(t(*t.inputs))
        u, v = t.rng.standard_normal((2, *y.shape))
        both, one, two = (t.backward(g=g)[1] for g in (2 * u - 3 * v, u, v))
        for a, b, c in zip(both, one, two):
            if a is not None:
                _close(a, 2 * b - 3 * c, "vjp(2u - 3v) and 2 vjp(u) - 3 vjp(v)")


def adjoint(t):
    """vjp and jvp are adjoint: u · (J v) = (Jᵀ u) · v"""
    if not any(t.real) or t.order < 2:
        return
    real = [x for x, r in zip(t.inputs, t.real) if r]

    def f(*xs):
        rest = iter(xs)
        return t(*(next(rest) if r else x for x, r in zip(t.inputs, t.real)))
    directions = [t.rng.standard_normal(x.shape) for x in real]
    y, tangent = jvp(f, real, directions)
    u = t.rng.standard_normal(np.shape(y))
    pulled = vjp(f, *real)[1](u)
    _close(np.sum(u * tangent), sum(np.sum(p * v) for p, v in zip(pulled, directions)), "u · J v and Jᵀ u · v", 1e-8)


def inputs_unmodified(t):
    """neither forward nor vjp modifies the inputs, the result or the cotangent"""
    before = [x.copy() for x in t.inputs]
    leaves = t.leaves()
    y = t(*leaves)
    if getattr(y, "requires_grad", False):
        value_before, g = y.numpy(), t.rng.standard_normal(y.shape)
        g_before = g.copy()
        backpropagate(y, g)
        assert np.array_equal(y._data, value_before, equal_nan=True), "the vjp modified the result"
        assert np.array_equal(g, g_before), "the vjp modified its cotangent"
    for k, (x, old) in enumerate(zip(t.inputs, before)):
        assert np.array_equal(x, old, equal_nan=x.dtype.kind == "f"), f"input {k} was modified"


def precision_kept(t):
    """float32 in, float32 out, and so its gradients; float16 and Python numbers don't change it"""
    if not any(t.real) or "dtype" in t.params:
        return
    params = {k: v.astype(np.float32) if isinstance(v, (np.ndarray, np.generic)) and v.dtype.kind == "f" else v
              for k, v in t.params.items()}
    small = Trial(t.op, [x.astype(np.float32) if x.dtype.kind == "f" else x for x in t.inputs], params)
    y, cotangents = small.backward()
    assert y.dtype == np.float32, f"float32 inputs gave a {y.dtype} result"
    for k, g in enumerate(cotangents):
        assert g is None or g.dtype == np.float32, f"the gradient of real input {k} is {g.dtype}, not float32"


def python_numbers(t):
    """a Python number in place of an input keeps float32 and gives the same value"""
    if not t.op.elementwise or t.op.arity < 2 or not all(t.real):
        return
    for k in range(0 if isinstance(t.op.__wrapped__, np.ufunc) else 1, t.op.arity):    # the first input is the subject
        scalar, array = 0.75, np.full((2,), 0.5, np.float32)
        mixed, plain = [[Tensor(array, True) if j != k else number for j in range(t.op.arity)]
                        for number in (scalar, Tensor(np.full((2,), scalar, np.float32)))]
        y, expected = t(*mixed), t(*plain)
        assert y.dtype == np.float32, f"with the number {scalar} as input {k} float32 became {y.dtype}"
        _close(y._data, expected._data, "value with a number and with an array", 1e-5)
        if y.requires_grad:
            g = np.array([1.0, -2.0], np.float32)
            found, right = backpropagate(y, g), backpropagate(expected, g)
            for a, b in zip(mixed, plain):
                if isinstance(a, Tensor) and a.requires_grad and a in found:
                    _close(found[a], right[b], "gradient with a number and with an array", 1e-5)


def same_without_tape(t):
    """the same value recorded, under no_grad, and on plain arrays"""
    leaves = [x if isinstance(x, Tensor) else Tensor(x) for x in t.leaves()]
    recorded = t(*leaves)
    with no_grad():
        free = t(*leaves)
    plain = t(*t.inputs)
    assert not isinstance(plain, Tensor), "plain arrays must give plain arrays"
    assert not free.requires_grad, "under no_grad the result must not require gradients"
    for other, what in ((free._data, "under no_grad"), (plain, "on plain arrays")):
        assert np.array_equal(np.asarray(recorded._data), np.asarray(other), equal_nan=recorded.dtype.kind == "f"), \
            f"another value {what}"


def layout_does_not_matter(t):
    """the same value and gradients whatever the memory layout: Fortran, strided, reversed, read-only"""
    g = t.rng.standard_normal(np.shape(t(*t.inputs)))
    base = t.backward([np.array(x, order="C") for x in t.inputs], g)
    for layout in ("Fortran", "strided", "reversed", "read-only"):
        y, cotangents = t.backward([lay_out(x, layout) for x in t.inputs], g)
        _close(y, base[0], f"value with {layout} and contiguous inputs")
        for a, b in zip(cotangents, base[1]):
            if a is not None:
                _close(a, b, f"gradient with {layout} and contiguous inputs")


def nothing_shared(t):
    """gradients share no memory with inputs, result or each other"""
    leaves = t.leaves()
    y = t(*leaves)
    if not getattr(y, "requires_grad", False):
        return
    y.backward(np.ones(y.shape), retain_graph=True)
    grads = [x.grad._data for x in leaves if isinstance(x, Tensor) and x.grad is not None]
    for k, g in enumerate(grads):
        for other, what in [(y._data, "the result"), *((x, "an input") for x in t.inputs), *((h, "another") for h in grads[:k])]:
            assert not np.shares_memory(g, other), f"gradient {k} shares memory with {what}: editing one would edit the other"


def gradients_have_their_shapes(t):
    """each gradient has the shape of its input, and recording the backward pass gives the same gradients"""
    if not any(t.real):
        return
    leaves = t.leaves()
    y = t(*leaves)
    if not y.requires_grad:
        return
    g = t.rng.standard_normal(y.shape)
    first = backpropagate(y, g, retain_graph=True)
    with grad_mode(True):
        recorded = backpropagate(y, g, create_graph=True)
    for x in leaves:
        if isinstance(x, Tensor) and x in first:
            assert first[x].shape == x.shape == recorded[x].shape
            _close(recorded[x]._data, first[x], "gradient with create_graph and without")


PROPERTIES = (value, convention, gradients, gradients_have_their_shapes, linear_in_the_cotangent, adjoint, inputs_unmodified, precision_kept,
              python_numbers, same_without_tape, layout_does_not_matter, nothing_shared)


# -- running them ----------------------------------------------------------------------------------------------------
def numpy_twin(op):
    """NumPy's function of the same name, if there is one."""
    aliases = {"norm": np.linalg.norm, "inv": np.linalg.inv, "solve": np.linalg.solve, "det": np.linalg.det,
               "cholesky": np.linalg.cholesky, "einsum": lambda *xs, subscripts: np.einsum(subscripts, *xs),
               "concatenate": lambda *xs, axis: np.concatenate(xs, axis), "stack": lambda *xs, axis: np.stack(xs, axis)}
    if not op.__module__.startswith(("minigrad.", "numpy")):
        return None
    return None if op.name == "astype" else aliases.get(op.name) or getattr(np, op.name, None)


def check_op(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, properties=PROPERTIES):
    """Check every property of an op on inputs from its domain; a Result, or Failed with the smallest counterexample.

    inputs      a Hypothesis strategy of (list of arrays, dict of params); default: from the op's own declaration
    reference   a NumPy function with the same value; default: NumPy's own of the same name, for minigrad's ops
    examples    how many cases to draw;  seed: of the draw, the same cases each time
    order       1: first derivatives only

        mg.testing.check_op(my_op)
    """
    result = run(op, inputs=inputs, reference=reference, examples=examples, seed=seed, order=order, properties=properties)
    if result.failure:
        raise Failed(result.failure)
    return result


def run(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, properties=PROPERTIES, shrink=True):
    """As check_op, but a failure comes back in the Result."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    strategy = inputs if inputs is not None else cases(op)
    reference = reference or numpy_twin(op)
    result, broken = Result(op.name, len(properties)), {}
    start = time.perf_counter()

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
              phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def holds(case):
        trial = Trial(op, *case, reference=reference, order=order, seed=seed)
        result.examples += not broken
        with np.errstate(all="ignore"):
            for property in properties:
                try:
                    property(trial)
                except Exception as error:
                    broken.update(property=property, case=case, error=error)
                    raise
        result.worst = max(result.worst, trial.worst)

    try:
        holds()
    except Exception:
        if not broken:
            raise
        result.failure = _explain(op, broken["property"], broken["case"], broken["error"], seed)
    result.seconds = time.perf_counter() - start
    return result


def _explain(op, property, case, error, seed):
    """Which property, the error, and lines that reproduce it."""
    inputs, params = case
    words = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    names = "abcdefgh"[:len(inputs)]
    lines = ["import numpy as np", "from numpy import array, float64", "import minigrad as mg"]
    module = op.__module__
    lines.append(f"op = mg.ops.REGISTRY[{op.name!r}]" if module.startswith(("minigrad.", "numpy")) else
                 f"from {module} import {op.__name__} as op")
    lines += [f"{n} = np.{np.array_repr(np.ascontiguousarray(x).reshape(x.shape))}" for n, x in zip(names, inputs)]
    arguments = ", ".join([*names, *(f"{k}={v!r}" for k, v in params.items())])
    real = [n for n, x in zip(names, inputs) if x.dtype.kind == "f"]
    lines.append(f"mg.testing.check_gradients(lambda {', '.join(real)}: op({arguments}), {', '.join(real)})"
                 if isinstance(error, GradientError) else f"op({arguments})")
    return (f"{op.name} lacks a property: {property.__doc__}.\n{words.rstrip()}\n"
            f"The smallest case that shows it (seed={seed}):\n\n    " + "\n    ".join("\n".join(lines).splitlines()) + "\n")
