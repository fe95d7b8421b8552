"""What holds for every op of the derivative table, case by case."""
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from minigrad.engine.ops.in_small_steps import FORMULAS
from minigrad.engine.tensor import Tensor
from minigrad.testing.ops.runner import reference_of

from .cases import ALL, CASES, DIFFERENTIABLE, OPS
from .gradients import differences, gradients, inputs_of, is_real

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

def of(pairs):
    return pytest.mark.parametrize("op, case", pairs, ids=[f"{op.name}: {case}" for op, case in pairs])


def call(op, case):
    return lambda *xs: op(*xs, **case.params)


def cotangent(y, seed=1):
    return np.array(np.random.default_rng(seed).standard_normal(y.shape))


def backwards(x):
    """The same numbers, with negative strides."""
    return np.flip(np.flip(x).copy()) if x.ndim else x


def halves(x):
    """x in half the precision of float64, if it is real."""
    return x.astype(np.float32) if is_real(x) else x


def test_every_op_has_a_case():
    assert not [name for name, op in OPS.items() if not op.elementwise and name not in CASES]
    assert not set(CASES) - set(OPS)


@of(ALL)
def test_value(op, case):
    xs = inputs_of(op, case)
    y = op(*xs, **case.params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # a formula's ln 0
        assert_allclose(y, reference_of(op)(*xs, **case.params), rtol=1e-10, atol=1e-12)


@of(ALL)
def test_tensors_in_tensors_out_and_arrays_in_arrays_out(op, case):
    xs = inputs_of(op, case)
    y = op(*xs, **case.params)
    t = op(*[Tensor(x, requires_grad=is_real(x)) for x in xs], **case.params)
    assert not isinstance(y, Tensor) and isinstance(t, Tensor)
    assert_array_equal(t.numpy(), y)
    assert t.requires_grad == bool(op.vjp) and t.dtype == y.dtype


@of(DIFFERENTIABLE)
def test_first_order(op, case):
    xs = inputs_of(op, case)
    g = cotangent(op(*xs, **case.params))
    found, leaves = gradients(call(op, case), xs, g)
    real = [i for i, x in enumerate(xs) if is_real(x)]
    for i, gradient in zip(real, found, strict=True):
        expected = differences(lambda *xs: (g * op(*xs, **case.params)).sum(), xs, i)
        assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7, err_msg=f"input {i}")


@of(DIFFERENTIABLE)
def test_second_order(op, case):
    xs = inputs_of(op, case)
    if sum(x.size for x in xs) > 200:
        pytest.skip("central differences of this many inputs take long")
    g = cotangent(op(*xs, **case.params))
    real = [i for i, x in enumerate(xs) if is_real(x)]
    directions = [cotangent(xs[i], i + 2) for i in real]

    def along(*xs):                         # Σ gradient · direction: a scalar, to be differentiated again
        return sum((gx.numpy() * v).sum() for gx, v in zip(gradients(call(op, case), xs, g)[0], directions))

    first, leaves = gradients(call(op, case), xs, g, create_graph=True)
    total = sum((gx * v).sum() for gx, v in zip(first, directions))
    for leaf in leaves:
        leaf.grad = None
    if total.requires_grad:
        total.backward()
    for i, leaf in zip(real, leaves):
        found = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
        assert_allclose(found, differences(along, xs, i), rtol=1e-4, atol=1e-6, err_msg=f"input {i}")


@of(DIFFERENTIABLE)
@pytest.mark.parametrize("of_constants", [np.asarray, Tensor], ids=["arrays", "tensors"])
def test_a_rule_is_recorded_for_its_cotangent_alone(op, case, of_constants):
    """As second derivatives need it where inputs are constant.  A rule is linear in g: its slope in g is the rule."""
    xs = inputs_of(op, case)
    y = op(*xs, **case.params)
    g, other = Tensor(cotangent(y), requires_grad=True), cotangent(y, 2)
    found = rules_at(op, g, of_constants(y), [of_constants(x) for x in xs], case.params)
    expected, of_other = (rules_at(op, one, y, xs, case.params) for one in (cotangent(y), other))
    for i, x in enumerate(xs):
        if is_real(x) and found[i] is not None:
            assert_allclose(getattr(found[i], "_data", found[i]), expected[i], rtol=1e-10, atol=1e-12)
            direction, g.grad = cotangent(found[i], 3), None
            if np.any(of_other[i]):
                (found[i] * direction).sum().backward(retain_graph=True)
                assert_allclose((g.grad * other).numpy().sum(), (of_other[i] * direction).sum(), rtol=1e-9, atol=1e-10)


def rules_at(op, g, y, xs, params):
    """What the rules of op give for the cotangent g, a share for each input, nothing saved."""
    params = {**params, "saved": None} if op.saves else params
    rules = op.separate(g, y, xs, params) if op.joint else op.rules
    return [rule and rule(g, y, *xs, **params) for rule in rules]


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.elementwise and op.vjp], ids=lambda op: op.name)
def test_a_number_is_treated_as_in_an_array(op):
    """Also where a rule takes another way: NumPy computes scalars of 0-d arrays, and none is written into."""
    places = np.array([-800.0, -30, -6, -0.9, 0.5, 0.9, 1.5, 6, 30, 800])
    xs = [np.full(len(places), 0.75)] * (op.arity - 1) + [places]
    if op.name == "where":
        xs[0] = places > 0

    def derivatives(xs):
        """The value, and as far as there are any the first three derivatives, each off the tape and on it."""
        *others, x = [Tensor(x, requires_grad=is_real(x)) for x in xs]
        y = op(*others, x)
        found = [y.numpy()]
        for _ in range(3 if y.requires_grad else 0):
            for on_tape in (False, True):
                total, x.grad = y.sum(), None
                if total.requires_grad:
                    total.backward(create_graph=on_tape, retain_graph=True)
                    found.append(0.0 if x.grad is None else x.grad.numpy())
            y = x.grad if x.grad is not None else Tensor(0.0)
        return found

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = derivatives(xs)
        for i in range(len(places)):
            for alone, one in zip(derivatives([x[i, ...] for x in xs]), together, strict=True):
                assert_allclose(alone, one[i] if np.ndim(one) else one, rtol=1e-12, atol=1e-300)


@of(DIFFERENTIABLE)
def test_float32_stays_float32(op, case):
    xs = [halves(x) for x in inputs_of(op, case)]
    y = op(*xs, **case.params)
    real = op.name != "astype"
    assert not real or y.dtype == np.float32
    y, saved = op.forward(*xs, **case.params) if op.saves else (y, None)
    params = {**case.params, "saved": saved} if op.saves else case.params
    y, g = np.asarray(y), cotangent(y).astype(y.dtype)
    found = list(op.vjp(g, y, *xs, **params)) if op.joint else [rule and rule(g, y, *xs, **params) for rule in op.rules]
    for i, x in enumerate(xs):
        if is_real(x) and real and found[i] is not None:
            assert found[i].dtype == np.float32, f"the rule of input {i} leaves float32"


@of(DIFFERENTIABLE)
def test_memory_order_does_not_matter(op, case):
    xs = inputs_of(op, case)
    g = cotangent(op(*xs, **case.params))
    for other in ([backwards(x) for x in xs], [x.copy(order="F") for x in xs]):
        assert_allclose(op(*other, **case.params), op(*xs, **case.params), rtol=1e-12, atol=1e-12)
        for a, b in zip(gradients(call(op, case), other, backwards(g))[0], gradients(call(op, case), xs, g)[0]):
            assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@of(DIFFERENTIABLE)
@pytest.mark.parametrize("create_graph", [False, True])
def test_nothing_given_is_changed(op, case, create_graph):
    xs = inputs_of(op, case)
    g = cotangent(op(*xs, **case.params))
    before = [x.copy() for x in xs]
    for x in (*xs, g):
        x.flags.writeable = False
    gradients(call(op, case), xs, g, create_graph)
    for x, b in zip(xs, before):
        assert_array_equal(x, b)


@of([(op, case) for op, case in DIFFERENTIABLE if op.name in FORMULAS])
def test_one_op_equals_the_same_formula_in_small_ones(op, case):
    xs = inputs_of(op, case)
    g = cotangent(op(*xs, **case.params))
    if all(x.size for x in xs):
        simple = gradients(lambda *xs: FORMULAS[op.name](*xs, **case.params), xs, g)[0]
        for a, b in zip(gradients(call(op, case), xs, g)[0], simple, strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@of([(op, case) for op, case in ALL if not op.vjp])
def test_without_derivative_there_is_no_gradient(op, case):
    leaves = [Tensor(np.array(x, float), requires_grad=True) for x in inputs_of(op, case)]
    if op.name in ("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"):
        # real numbers have no bits
        with pytest.raises(TypeError, match=op.name):
            op(*leaves, **case.params)
    else:
        assert not op(*leaves, **case.params).requires_grad
