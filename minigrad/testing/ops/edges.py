"""Properties at the edges: tensors where numbers are usual, edits in place, far tails, half precision, odd shapes.

Where a gradient can't be given, an error is as good an answer: never a number that is wrong.
"""
import itertools
from functools import partial

import numpy as np

from ...engine.recording import no_grad
from ...engine.tensor import Tensor, backpropagate
from ..arrays import close
from ..mutations import with_rule

REFUSALS = TypeError, ValueError, IndexError, NotImplementedError, np.linalg.LinAlgError
FAR = np.array([0.0, 0.3, 1, 3, 5, 8, 11, 14, 17, 20, 30, 36, 40, 60, 80, 100, 600, 1e4])
FAR = np.unique(np.concatenate([FAR, -FAR]))
_near = partial(close, tolerance=1e-8)


# -- tensors where arrays and numbers are usual -----------------------------------------------------------------------
def lists_of_tensors(t):
    """a list of tensors in the place of an array is stacked, and each of them gets its gradient; or it is refused"""
    for k, x in enumerate(t.inputs):
        if t.op.variadic or not t.real[k] or not x.size or not x.ndim:
            continue
        rows = [Tensor(row, requires_grad=True) for row in x]
        y = _unless_refused(t, *(rows if i == k else v for i, v in enumerate(t.inputs)))
        if y is None:
            continue
        assert getattr(y, "requires_grad", False), f"of a list of tensors as input {k} the gradient is lost"
        leaf = Tensor(x, requires_grad=True)
        right = t(*(leaf if i == k else v for i, v in enumerate(t.inputs)))
        _near(y._data, right._data, "value of a list of tensors and of an array")
        g = np.asarray(t.rng.standard_normal(y.shape))
        found, expected = backpropagate(y, g), backpropagate(right, g)
        if leaf in expected:
            _near([found[row] for row in rows], expected[leaf], "gradients of a list of tensors and of an array")


def tensors_as_params(t):
    """a tensor in the place of a number among the params is differentiated, rightly; or it is refused"""
    params = {p.name: p.default for p in t.op.__signature__.parameters.values() if p.name in t.op.param_names}
    for name, value in (params | t.params).items():
        number = isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"
        if not number or not any(t.real) or not np.isfinite(value).all():
            continue
        p = Tensor(np.array(value), requires_grad=True)
        y = _unless_refused(t, *t.inputs, **{name: p})
        if y is None:
            continue
        assert getattr(y, "requires_grad", False), f"of a tensor as {name}= the gradient is lost"
        _near(y._data, t(*t.inputs) if name in t.params else t.op(*t.inputs, **t.params), f"value for a tensor {name}=")
        g, h = np.asarray(t.rng.standard_normal(y.shape)), 1e-6
        ends = [np.sum(g * t.op(*t.inputs, **{**t.params, name: value + step})) for step in (h, -h)]
        found = backpropagate(y, g).get(p, np.zeros(p.shape))
        close(np.sum(found), (ends[0] - ends[1]) / (2 * h), f"gradient of {name}= and its measured slope", 1e-5)


def _unless_refused(t, *inputs, **more):
    try:
        return t.op(*inputs, **{**t.params, **more})
    except REFUSALS:
        return None


# -- edits in place ----------------------------------------------------------------------------------------------------
def edits_are_seen(t):
    """edits in place, also through views, make backward refuse, or make no difference"""
    right = None
    for k, x in enumerate(t.inputs):
        if not t.real[k] or not x.size:
            continue
        leaves, y, g = t.recorded([np.array(v) for v in t.inputs])
        if not getattr(y, "requires_grad", False):
            return
        if right is None:
            g = np.asarray(t.rng.standard_normal(y.shape))
            right = backpropagate(y, g, retain_graph=True)
            right = [right.get(v) if isinstance(v, Tensor) else None for v in leaves]
        with no_grad():
            _edit(leaves[k].T)
        for found, expected in zip(_unless_seen(y, g, leaves), right):
            assert found is None or expected is None or np.array_equal(found, expected, equal_nan=True), \
                f"input {k} was edited through a view after use: backward gives {found}, before it gave {expected}"
    _results_that_are_views(t)


def _results_that_are_views(t):
    leaves = t.leaves([np.array(v) for v in t.inputs])
    with no_grad():
        y = t(*leaves)
    for leaf in leaves:
        if isinstance(leaf, Tensor) and leaf.requires_grad and np.may_share_memory(leaf._data, y._data) and y.size:
            square, before = leaf * leaf, leaf.numpy()
            with no_grad():
                _edit(y)
            found, = _unless_seen(square, np.ones(leaf.shape), [leaf])
            assert found is None or np.array_equal(before, leaf._data, equal_nan=True), \
                "the result is a view of an input; an edit of it, which changes the input too, goes unseen"


def _edit(x):
    try:
        x *= -3.0
        x += 1.5
    except (RuntimeError, ValueError) as error:
        assert "read-only" in str(error), error


def _unless_seen(y, g, leaves):
    try:
        found = backpropagate(y, g)
    except RuntimeError as error:
        assert "changed in place" in str(error), error
        return [None] * len(leaves)
    return [found.get(v) if isinstance(v, Tensor) else None for v in leaves]


# -- precision ---------------------------------------------------------------------------------------------------------
def precise_far_out(t):
    """values and slopes in float32 are those of float64, also far out, where they are small"""
    if not (t.op.native and t.op.elementwise and t.op.arity == 1 and all(t.real)):
        return                              # minigrad's own; `accurate` looks at others
    low, high = (getattr(t.op.domain, end, limit) for end, limit in (("low", -np.inf), ("high", np.inf)))
    x = FAR[(FAR > low) & (FAR < high)].astype(np.float32)
    (y, slope), (right, steep), (near, nearly) = (_value_and_slope(t.op, v) for v in (
        x, x.astype(float), x.astype(float) * (1 + 2e-7)))
    for found, exact, moved, what in ((y, right, near, "value"), (slope, steep, nearly, "slope")):
        told = np.isfinite(exact) & (np.abs(exact) < 1e38) & (np.abs(exact) > 1e-37)
        off = np.abs(np.where(told, found - exact, 0))
        wrong = ~(off <= 1e-4 * np.abs(exact) + 20 * np.abs(np.where(told, moved - exact, 0)))
        wrong |= np.isnan(found) & ~np.isnan(exact)
        assert not wrong.any(), (f"the {what} at {x[wrong][0]} in float32 is {found[wrong][0]:.6g}, in float64 "
                                 f"{exact[wrong][0]:.6g}: it loses its digits there")


def _value_and_slope(op, x):
    leaf = Tensor(x, requires_grad=True)
    y = op(leaf)
    slope = backpropagate(y, np.ones(y.shape, y.dtype)).get(leaf, np.zeros(x.shape))
    return y._data.astype(float), np.asarray(slope, float)


def half_precision(t):
    """in float16 nothing overflows on the way: value and gradients are those of float64, as far as float16 goes"""
    if not t.op.native or not any(t.real) or "dtype" in t.params:
        return
    large = 1 if t.op.elementwise or t.op.domain is not None else 300
    half = [(x * large).astype(np.float16) if r else x for x, r in zip(t.inputs, t.real)]
    g = np.asarray(t.rng.standard_normal(t.y.shape)).astype(np.float16)
    runs, arrays = [], any(isinstance(v, np.ndarray) for v in t.params.values())
    for dtype, step in ((np.float16, 0), (float, 0), (float, 1e-3), (np.float32, 0)):
        inputs = [x.astype(dtype) * dtype(1 + step) if r else x for x, r in zip(half, t.real)]
        try:
            y, shares = t.backward(inputs, g.astype(dtype))
        except TypeError:
            return                          # refused, as NumPy's linalg does
        assert arrays or y.dtype == dtype, f"{np.dtype(dtype)} inputs gave a {y.dtype} result"
        runs.append([y, *(np.zeros(1) if s is None else s for s in shares)])
    for found, right, near, single in zip(*runs):
        told = np.isfinite(right) & (np.abs(right) < 6e4) & np.isfinite(near) & np.isfinite(single)
        if np.abs(right[np.isfinite(right)]).max(initial=0) > 1e30:
            return                          # which float32 would not hold, either
        size = np.abs(right[told]).max(initial=1.0)
        off = np.abs(np.where(told, np.asarray(found, float) - right, 0))
        assert (off <= 0.02 * size + 20 * np.abs(np.where(told, near - right, 0))).all(), \
            f"in float16 {found}, in float64 {right}"
        if not told.all():                  # a value beyond float16: of its gradient nothing can be expected
            return


# -- shapes ------------------------------------------------------------------------------------------------------------
def numbers_along_an_axis(t):
    """a number along axis 0, -1 or None has the gradient of an array of it, an empty axis an empty one; or a refusal"""
    if "axis" not in t.op.param_names or t.op.arity != 1 or t.op.variadic or not t.op.vjp or not t.real[0]:
        return
    others = {k: v for k, v in t.params.items() if k not in ("axis", "where")}
    told = t.op.native or t.op.__signature__.parameters["axis"].default is None      # that it may be None
    for axis in (0, -1, None) if told else (0, -1):
        for shape, alone in (((), (1,)), ((2, 0), (2, 0))):
            leaf, same = (Tensor(np.full(s, 0.7), requires_grad=True) for s in (shape, alone))
            try:
                y, right = (t.op(v, **others, axis=axis) for v in (leaf, same))
            except REFUSALS:
                continue
            g = np.asarray(t.rng.standard_normal(y.shape))
            found = backpropagate(y, g).get(leaf, np.zeros(shape))
            expected = backpropagate(right, g.reshape(right.shape)).get(same, np.zeros(alone))
            _near(found, np.reshape(expected, shape), f"gradient of shape {shape} along axis {axis}")


# -- how it is called --------------------------------------------------------------------------------------------------
def declared_rules_are_used(t):
    """backward calls the rule of each input that wants its gradient once, and no other"""
    if not any(t.real) or not t.finite:
        return
    calls, twin = [], t.op
    for i, rule in enumerate(t.op.rules):
        twin = with_rule(twin, i, _noting(rule, i, calls)) if rule else twin
    _, y, g = type(t)(twin, t.inputs, t.params).recorded()
    if not getattr(y, "requires_grad", False):
        return
    backpropagate(y, g)
    due = [0] if t.op.joint else [k for k, r in enumerate(t.real) if r]
    assert sorted(calls) == due, (f"backward has called rules {sorted(calls)}, not {due}, each once: the derivative is "
                                  "computed in another way than was declared")


def _noting(rule, i, calls):
    def noted(*args, **params):
        calls.append(i)
        return rule(*args, **params)
    return noted


def results_unused(t):
    """where one of several results is used and the others have no cotangent, the gradient is that of zeros for them"""
    sizes = getattr(t.op, "sizes", ())
    y, start = t.y, 0
    for k, size in enumerate(sizes[:] if any(t.real) else ()):
        g = np.zeros(y.shape)
        g[start:start + size] = t.rng.standard_normal(size)
        alone = type(t)(t.op.result(k), t.inputs, t.params)
        found, right = alone.backward(g=g[start:start + size].reshape(alone.y.shape))[1], t.backward(g=g)[1]
        for a, b in zip(found, right):
            if not (a is None and b is None):
                _near(0 if a is None else a, 0 if b is None else b, f"gradient of result {k} alone and with zeros")
        start += size


def one_tensor_twice(t):
    """one tensor in two places gets the sum of the gradients of two with the same numbers"""
    alike = ((i, j) for i, j in itertools.combinations([k for k, r in enumerate(t.real) if r], 2)
             if t.inputs[i].shape == t.inputs[j].shape and t.inputs[i].size)
    i, j = next(alike, (None, None))
    inputs = [t.inputs[i].copy() if k == j is not None else x for k, x in enumerate(t.inputs)]
    if j is None or not np.isfinite(t(*inputs)).all():
        return
    leaves, y, g = t.recorded(inputs)
    apart = backpropagate(y, g)
    shared = [leaves[i] if k == j else x for k, x in enumerate(leaves)]
    found = backpropagate(t(*shared), g)[leaves[i]]
    close(found, apart[leaves[i]] + apart[leaves[j]], "gradient of one tensor in two places and of two")
