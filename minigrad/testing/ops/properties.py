"""The properties that every operation must have: each a function of a Trial that raises AssertionError with words."""
import functools
import itertools
import warnings

import numpy as np

from ...engine.recording import no_grad
from ...engine.tensor import Tensor, backpropagate
from ...engine.transforms import jvp, vjp
from ..arrays import LAYOUTS, close, lay_out
from ..gradients.compare import GradientError, check_gradients
from ..gradients.numerical import derivative, displaced
from .cases import core_axes
from .edges import (
    declared_rules_are_used,
    edits_are_seen,
    half_precision,
    lists_of_tensors,
    numbers_along_an_axis,
    one_tensor_twice,
    precise_far_out,
    results_unused,
    tensors_as_params,
)
from .whole import whole_indices, whole_values


class Trial:
    """An op with one case: inputs (arrays) and params; and what several properties need of it."""

    def __init__(self, op, inputs, params, reference=None, order=2, seed=0, explain=True, rtol=1e-9):
        self.explain, self.rtol = explain, rtol
        self.op, self.inputs, self.params, self.reference, self.order = op, inputs, params, reference, order
        self.real = [x.dtype.kind == "f" and rule is not None for x, rule in zip(inputs, rules_of(op, len(inputs)))]
        self.rng, self.seed, self.worst = np.random.default_rng(seed), seed, 0.0

    def __call__(self, *inputs):
        return self.op(*inputs, **self.params)

    def of_real(self, *real):
        """The op as a function of the inputs that have derivatives, the others fixed."""
        rest = iter(real)
        return self(*(next(rest) if r else x for x, r in zip(self.inputs, self.real)))

    @functools.cached_property
    def y(self):
        """The value for these inputs, for properties that start from it; those about calls call."""
        return np.asarray(self(*self.inputs))

    @functools.cached_property
    def finite(self):
        """Is the value finite for these inputs?"""
        return self.y.dtype.kind != "f" or bool(np.isfinite(self.y).all())

    @property
    def real_inputs(self):
        return [x for x, r in zip(self.inputs, self.real) if r]

    def leaves(self, inputs=None):
        inputs = inputs or self.inputs
        return [Tensor(x, requires_grad=r) if x.dtype.kind == "f" else x for x, r in zip(inputs, self.real)]

    def recorded(self, inputs=None):
        """(leaves, the result, a random cotangent for it)."""
        leaves = self.leaves(inputs)
        y = self(*leaves)
        return leaves, y, np.asarray(self.rng.standard_normal(np.shape(y))).astype(y.dtype)

    def backward(self, inputs=None, g=None):
        """(value, cotangents of the real inputs) for a cotangent g of the result."""
        leaves, y, drawn = self.recorded(inputs)
        found = backpropagate(y, drawn if g is None else g) if getattr(y, "requires_grad", False) else {}
        return getattr(y, "_data", y), [found.get(x) for x, r in zip(leaves, self.real) if r]


class Undefined(ValueError):
    """The op has no finite value for a case, which then tells nothing of its derivative."""


def rules_of(op, count):
    """A rule or None for each input; ops without a vjp have none."""
    if op.vjp is None:
        return (None,) * count
    return (op.vjp,) * count if op.joint else op.rules


def differentiable(property):
    """Mark a property as one of derivatives, void where an op has none; Undefined where it has no finite value."""
    def held(t):
        if any(t.real):
            if not t.finite:
                raise Undefined
            property(t)
    held.__name__, held.__doc__ = property.__name__, property.__doc__
    return held


# -- values ----------------------------------------------------------------------------------------------------------
def value(t):
    """the value is that of the reference"""
    if t.reference is not None:
        close(t(*t.inputs), t.reference(*t.inputs, **t.params), "value and reference")


def same_value_however_called(t):
    """the same value recorded, under no_grad, and on plain arrays, and the same each time"""
    leaves = [x if isinstance(x, Tensor) else Tensor(x) for x in t.leaves()]
    recorded = t(*leaves)
    with no_grad():
        free = t(*leaves)
    plain = t(*t.inputs)
    assert not isinstance(plain, Tensor), "plain arrays must give plain arrays"
    assert not free.requires_grad and free.node is None, "under no_grad the result must not be recorded"
    for other, how in ((free._data, "under no_grad"), (plain, "on plain arrays"), (t(*t.inputs), "the second time")):
        assert np.array_equal(recorded._data, other, equal_nan=recorded.dtype.kind == "f"), f"another value {how}"


def elementwise(t):
    """the op does what its declaration says: each element, or each matrix of a batch, by itself"""
    if t.op.elementwise and t.op.native and not t.op.variadic and t.y.size:
        core = [0] * len(t.inputs)
    elif t.op.shapes and "?" not in t.op.shapes and t.y.size:
        core = [len(term) for term in core_axes(t.op.shapes)]
    else:
        return                              # an op that declares no shapes is fed what it takes (covering.py)
    lead = np.broadcast_shapes(*(x.shape[:x.ndim - n] for x, n in zip(t.inputs, core)))
    spread = [np.broadcast_to(x, lead + x.shape[x.ndim - n:]) for x, n in zip(t.inputs, core)]
    place = tuple(int(t.rng.integers(n)) for n in lead)
    close(t(*(x[place] for x in spread)), t.y[place], f"at {place}, value alone and among others")


# -- derivatives -----------------------------------------------------------------------------------------------------
@differentiable
def gradients(t):
    """first and higher derivatives equal measured slopes"""
    if t.y.dtype.kind != "f":
        for g in t.backward()[1]:
            close(g, np.zeros(np.shape(g)), "gradient of an integer and 0")
        return
    report = check_gradients(t.op, *t.inputs, params=t.params, order=t.order, rtol=t.rtol, seed=t.seed,
                             explain=t.explain)
    t.worst = max(t.worst, report.worst)
    for alone in small_beside_others(t):
        check_gradients(t.op, *alone, params=t.params, order=1, rtol=t.rtol, seed=t.seed, explain=t.explain)


def small_beside_others(t):
    """Elements, as inputs of their own, whose slope seems wrong but is too small beside the others to show there."""
    x, y = t.inputs[0], t.y
    if not t.op.elementwise or not 1 < y.size <= 64 or any(v.shape != y.shape for v in t.inputs) or abs(x).max() < 20:
        return
    gradients = iter(t.backward(g=np.ones(y.shape))[1])
    for k in np.flatnonzero(t.real):
        step, found = np.where(t.inputs[k] == 0, 1.0, np.abs(t.inputs[k])), next(gradients)
        slope, doubt = derivative(lambda h, k=k, step=step: np.asarray(
            t(*t.inputs[:k], displaced(t.inputs[k], h * step), *t.inputs[k + 1:])))
        off = np.abs(step * (0 if found is None else found) - slope)
        for i in zip(*np.nonzero(off > 1e-6 * np.abs(slope) + 20 * doubt)):
            alone = [v[i] for v in t.inputs]
            if np.array_equal(t(*alone), y[i]):         # an op that declares nothing need not be elementwise
                yield alone


@differentiable
def ties_share(t):
    """where inputs or elements are equal, their gradients add up to the slope of moving them together"""
    values = np.concatenate([x.ravel() for x in t.real_inputs])
    if len(np.unique(values)) < len(values) <= 64 and t.y.dtype.kind == "f":
        def together(c):
            return t.of_real(*(x + c for x in t.real_inputs))
        try:
            check_gradients(together, 0.0, order=1, rtol=t.rtol, seed=t.seed, explain=False)
        except GradientError as error:
            rounding = 1e-9 * sum(np.abs(g).sum() for g in t.backward()[1] if g is not None)
            if error.got is not None and abs(error.got - error.expected) <= rounding:
                return
            raise AssertionError(f"moved together, all inputs have the slope {error.expected:.6g}, but their gradients "
                                 f"add up to {error.got:.6g}: do equals share?") from error


def convention(t):
    """at kinks, ties and zeros the gradient is what the op's convention says"""
    for inputs, params, expected in t.op.conventions:
        inputs = [np.asarray(x) for x in inputs]
        g = np.full(np.shape(t.op(*inputs, **params)), 2.5)
        there = Trial(t.op, inputs, params, t.reference)
        with warnings.catch_warnings():     # of NumPy's own: a mean of nothing, say
            warnings.simplefilter("ignore")
            value(there)
        for got, right in zip(there.backward(g=g)[1], expected):
            close(got, g.flat[0] * np.array(right), f"gradient at {[x.tolist() for x in inputs]} {params or ''}")
        if there.finite:
            adjoint(there)


@differentiable
def linear_in_the_cotangent(t):
    """the vjp is linear in its cotangent"""
    u, v = t.rng.standard_normal((2, *t.y.shape))
    for a, b, c in zip(*(t.backward(g=g)[1] for g in (2 * u - 3 * v, u, v))):
        if a is not None:
            close(a, 2 * b - 3 * c, "vjp(2u - 3v) and 2 vjp(u) - 3 vjp(v)")


@differentiable
def adjoint(t):
    """vjp and jvp are adjoint: u · (J v) = (Jᵀ u) · v"""
    if t.order < 2:
        return
    directions = [t.rng.standard_normal(x.shape) for x in t.real_inputs]
    y, tangent = jvp(t.of_real, t.real_inputs, directions)
    u = t.rng.standard_normal(np.shape(y))
    pulled = vjp(t.of_real, *t.real_inputs)[1](u)
    close(np.sum(u * tangent), sum(np.sum(p * v) for p, v in zip(pulled, directions)), "u · J v and Jᵀ u · v", 1e-8)


@differentiable
def each_input_alone(t):
    """the gradient of an input is the same whether or not the other inputs want theirs"""
    g = t.rng.standard_normal(t.y.shape)
    together, numbers = t.backward(g=g)[1], [k for k, r in enumerate(t.real) if r]
    for k, expected in zip(numbers, together if len(numbers) > 1 else ()):
        leaves = [Tensor(x, requires_grad=j == k) if x.dtype.kind == "f" else x for j, x in enumerate(t.inputs)]
        found = backpropagate(t(*leaves), g).get(leaves[k])
        assert (found is None) == (expected is None)
        if found is not None:
            close(found, expected, f"gradient of input {k} alone and with the others")


@differentiable
def no_hidden_state(t):
    """a backward pass uses its own forward pass: calls in between change nothing"""
    g = t.rng.standard_normal(t.y.shape)
    fresh = t.backward(g=g)[1]
    leaves, y, _ = t.recorded()
    t(*(np.flip(x) if x.dtype.kind == "f" and x.shape == np.flip(x).shape else x for x in t.inputs))
    found = backpropagate(y, g)
    for x, expected in zip([x for x, r in zip(leaves, t.real) if r], fresh):
        if expected is not None:
            close(found[x], expected, "gradient with another call in between and without")


# -- shapes, types and memory ----------------------------------------------------------------------------------------
@differentiable
def backward_again(t):
    """backward twice through one tape gives the same"""
    leaves, y, g = t.recorded()
    if not getattr(y, "requires_grad", False):
        return
    first = backpropagate(y, g.copy(), retain_graph=True)
    first = {x: np.array(d) for x, d in first.items()}
    again = backpropagate(y, g.copy(), retain_graph=True)
    for x, expected in first.items():
        close(again[x], expected, "gradient the second time, when the rule has run once and may have drawn random "
              "numbers or edited what it was given, and the first")


@differentiable
def precision_kept(t):
    """float32 in, float32 out, and so its gradients; beside float64, each gradient in the precision of its input"""
    if "dtype" in t.params:
        return
    params = {k: v.astype(np.float32) if isinstance(v, (np.ndarray, np.generic)) and v.dtype.kind == "f" else v
              for k, v in t.params.items()}
    small = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in t.inputs]
    there = Trial(t.op, small, params)
    g = t.rng.standard_normal(t.y.shape).astype(np.float32)
    y, cotangents = there.backward(g=g)
    assert y.dtype == np.float32, f"float32 inputs gave a {y.dtype} result; cast what is computed to x.dtype"
    for k, found in enumerate(cotangents):
        assert found is None or found.dtype == np.float32, f"gradient of real input {k} is {found.dtype}, not float32"
    exact, right = t.backward([x.astype(float) if x.dtype.kind == "f" else x for x in small], g.astype(float))
    moved = [x.astype(float) * (1 + 1e-6) if x.dtype.kind == "f" else x for x in small]
    near, nearly = t.backward(moved, g.astype(float))
    ordinary = all(((x == 0) | (np.abs(x) > 0.01) & (np.abs(x) < 50)).all() for x in t.real_inputs)
    if ordinary:                            # elsewhere float32 may lose every digit, rightly
        as_in_double(y, exact, near, "value")
    for a, b, c in zip(cotangents, right, nearly):
        if ordinary and a is not None and np.isfinite(b).all():
            as_in_double(a, b, c, "gradient")
    if len(t.real_inputs) > 1 and not params and not hasattr(t.op, "framework"):      # others have rules of their own
        last = max(k for k, r in enumerate(t.real) if r)
        mixed = [x.astype(float) if k == last else x for k, x in enumerate(small)]
        _, cotangents = Trial(t.op, mixed, params).backward()
        for found, x in zip(cotangents, [x for x, r in zip(mixed, t.real) if r]):
            assert found is None or found.dtype == x.dtype, f"the gradient of a {x.dtype} input is {found.dtype}"


def as_in_double(found, exact, near, what):
    """Is a float32 array that of double precision, as well as its inputs are known?  near: for inputs a bit larger."""
    if np.isfinite(exact).all() and np.abs(exact).max(initial=0) < 1e30:
        usual = (1e-3 if what == "value" else 0.05) * np.abs(exact).max(initial=1.0)
        slack = usual + 100 * np.nan_to_num(np.abs(near - exact), nan=np.inf)
        off = np.abs(found.astype(float) - exact)
        assert found.shape == exact.shape and (off <= slack).all(), f"{what} in float32 {found} and in float64 {exact}"


def accurate(t):
    """values are as precise as their inputs, by comparison with extended precision"""
    y = t.y
    if any(x.shape != y.shape for x in t.inputs):
        return
    if not t.op.elementwise or t.op.native or y.dtype != np.float64 or np.finfo(np.longdouble).eps > 1e-18:
        return                              # minigrad's own ops have tests of their own
    try:
        wide, near = (np.asarray(t(*(x.astype(np.longdouble) * (1 + step) for x in t.inputs)))
                      for step in (0, np.longdouble(2) ** -53))
    except Exception:
        return                              # made for doubles alone
    if wide.dtype != np.longdouble:
        return
    told = np.isfinite(wide) & (np.abs(wide) < 1e300)
    off, cancelled = np.abs(np.where(told, y - wide, 0)), np.abs(np.where(told, near - wide, 0))
    wrong = told & ~(off <= 1e-6 * np.abs(wide) + 1e3 * cancelled + 1e-300)
    if wrong.any():
        i = tuple(np.argwhere(wrong)[0])
        x = ", ".join(f"{np.broadcast_to(x, y.shape)[i]:.6g}" for x in t.inputs)
        raise AssertionError(f"at {x} the value is {y[i]:.9g}, in extended precision {float(wide[i]):.9g}: it "
                             + ("overflows on the way" if not np.isfinite(y[i]) else "loses digits"))


def python_numbers(t):
    """a Python number in place of an input keeps float32, and gives the same value and gradients as an array of it"""
    if not t.op.elementwise or t.op.arity < 2 or not all(t.real):
        return
    array = np.array([0.5, 0.0], np.float32)
    try:                                    # an op that declares no shapes need not be elementwise
        alone = [t.op(*[array[i]] * t.op.arity) for i in range(2)]
        both = t.op(*[array] * t.op.arity)
        if both.shape != (2,) or not np.allclose(both, alone, rtol=1e-3, equal_nan=True):
            return
    except Exception:
        return
    for k, number in itertools.product(range(t.op.arity), (0.75, 0.0, -0.75)):
        mixed, plain = [[Tensor(array, True) if j != k else other for j in range(t.op.arity)]
                        for other in (number, Tensor(np.full((2,), number, np.float32)))]
        y, expected = t(*mixed), t(*plain)
        if k or isinstance(t.op.__wrapped__, np.ufunc):     # the first input of other ops is their subject: an array
            assert y.dtype == np.float32, (
                f"with the number {number} as input {k} float32 became {y.dtype}: of a Python number NumPy's functions "
                "make a float64; cast it to the others' dtype first")
        close(y._data, expected._data, "value with a number and with an array", 1e-5)
        g = np.array([1.0, -2.0], np.float32)
        found, right = backpropagate(y, g), backpropagate(expected, g)
        for a, b in zip(mixed, plain):
            if isinstance(a, Tensor) and a in found:
                close(found[a], right[b], "gradient with a number and with an array", 1e-5)


def inputs_unmodified(t):
    """neither forward nor vjp modifies the inputs, the result or the cotangent"""
    before = [x.copy() for x in t.inputs]
    leaves, y, g = t.recorded()
    if getattr(y, "requires_grad", False):
        value_before, g_before = y.numpy(), g.copy()
        backpropagate(y, g)
        assert np.array_equal(y._data, value_before, equal_nan=True), "the vjp modified the result"
        assert np.array_equal(g, g_before), "the vjp modified its cotangent"
    for k, (x, old) in enumerate(zip(t.inputs, before)):
        assert np.array_equal(x, old, equal_nan=x.dtype.kind == "f"), f"input {k} was modified"


def layout_does_not_matter(t):
    """the same value and gradients whatever the memory layout: Fortran, strided, reversed, read-only"""
    g = t.rng.standard_normal(t.y.shape)
    base = t.backward([np.array(x, order="C") for x in t.inputs], g)
    for layout in LAYOUTS[1:]:
        y, cotangents = t.backward([lay_out(x, layout) for x in t.inputs], lay_out(g, layout))
        close(y, base[0], f"value with {layout} and contiguous inputs")
        for a, b in zip(cotangents, base[1]):
            if a is not None:
                close(a, b, f"gradient with {layout} and contiguous inputs")


@differentiable
def nothing_shared(t):
    """gradients have their inputs' shapes, and share no memory with inputs, result, cotangent or each other"""
    leaves, y, g = t.recorded()
    y.backward(g)
    grads = [x.grad._data for x in leaves if isinstance(x, Tensor) and x.grad is not None]
    others = [(y._data, "the result"), (g, "the cotangent"), *((x, "an input") for x in t.inputs)]
    for k, found in enumerate(grads):
        for other, what in [*others, *((h, "another") for h in grads[:k])]:
            assert not np.shares_memory(found, other), f"gradient {k} shares memory with {what}: edits show in both"
    for x in leaves:
        assert not isinstance(x, Tensor) or x.grad is None or x.grad.shape == x.shape, "a gradient has another shape"


PROPERTIES = (value, gradients, ties_share, convention, linear_in_the_cotangent, adjoint, each_input_alone,
              no_hidden_state, backward_again, same_value_however_called, elementwise, precision_kept, python_numbers,
              inputs_unmodified, layout_does_not_matter, nothing_shared, accurate, whole_values, whole_indices,
              lists_of_tensors, tensors_as_params, edits_are_seen, precise_far_out, half_precision,
              numbers_along_an_axis, declared_rules_are_used, one_tensor_twice, results_unused)
ONCE = (convention, python_numbers, declared_rules_are_used, one_tensor_twice, lists_of_tensors, tensors_as_params,
        precise_far_out, numbers_along_an_axis, results_unused)
# These look at the op, or at one case of it alone.
SPOILING = (inputs_unmodified, backward_again)      # a rule that lacks these spoils all that is measured after it
