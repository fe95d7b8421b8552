"""The engine: recording, the walk back, and everything it must refuse."""
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.engine.tensor import backpropagate, unbroadcast


def leaf(*values):
    return mg.tensor(values or (1.0, 2.0, 3.0), dtype=float, requires_grad=True)


# -- gradients -------------------------------------------------------------------------------------------------------
def test_neuron_by_hand():
    w, x, b = leaf(2, -1), np.array([3.0, 5.0]), mg.tensor(0.5, requires_grad=True)
    y = mg.tanh((w * x).sum() + b)                         # y = f(Σ w x + b)
    y.backward()
    slope = 1 - np.tanh(6 - 5 + 0.5) ** 2
    assert_allclose(w.grad, slope * x)
    assert_allclose(b.grad, slope)


def test_a_chain_of_20000_operations():
    x = y = leaf(1.0)
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    assert_array_equal(x.grad, [1.0])


def test_10000_diamonds_are_walked_once_each():
    calls = 0

    def rule(g, y, x):
        nonlocal calls
        calls += 1
        return g

    same = mg.op(lambda x, /: x + 0, vjp=rule, name="counted_identity")
    x = y = mg.tensor(1.0, requires_grad=True)
    for _ in range(10_000):
        y = same(y)
        y = y * 0.5 + y * 0.5
    y.backward()
    assert (calls, x.grad.item()) == (10_000, 1.0)


def test_recursion_order_would_be_wrong_here():
    a = leaf(3.0)
    b = a + a
    c = b + b                                  # depth-first recursion visits b before its gradient is complete
    c.backward()
    assert_array_equal(a.grad, [4.0])


def test_backward_is_idempotent():
    x = leaf()
    y = (x * x).sum()
    y.backward(retain_graph=True)
    first = x.grad.numpy()
    y.backward()
    assert_array_equal(x.grad, first)
    (x * 3).sum().backward()                               # a new result: its own gradient, nothing to zero
    assert_array_equal(x.grad, [3, 3, 3])


def test_only_leaves_keep_grad():
    x = leaf()
    y = x * 2
    y.sum().backward()
    assert y.grad is None and x.grad is not None


def test_leaves_do_not_share_gradients():
    a, b, g = leaf(), leaf(), np.ones(3)
    (a + b).backward(g)
    assert not np.shares_memory(a.grad._data, b.grad._data) and not np.shares_memory(a.grad._data, g)


def test_create_graph_gives_all_orders():
    x = mg.tensor(2.0, requires_grad=True)
    y, expected = x ** 5, [80.0, 160.0, 240.0, 240.0, 120.0]
    for value in expected:
        y.backward(create_graph=True)
        y = x.grad
        assert_allclose(y.numpy(), value)


def test_create_graph_records_also_under_no_grad():
    x = mg.tensor(2.0, requires_grad=True)
    y = x ** 3
    with mg.no_grad():
        y.backward(create_graph=True)
    x.grad.backward()
    assert_allclose(x.grad, 12.0)


def test_wrt_an_intermediate_leaves_the_rest_of_the_tape():
    x = leaf()
    h = x * 2
    y = (h * h).sum()
    assert_allclose(backpropagate(y, wrt={h})[h], 2 * h.numpy())
    h.sum().backward()                                     # h's own tape was not consumed
    assert_array_equal(x.grad, [2, 2, 2])


def test_detach_and_no_grad_cut_the_tape():
    x = leaf()
    (x * x.detach()).sum().backward()
    assert_array_equal(x.grad, x.numpy())
    with mg.no_grad():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_decorates():
    @mg.no_grad()
    def double(x):
        return x * 2
    assert not double(leaf()).requires_grad and not double(leaf()).requires_grad


def test_memory_is_freed_as_the_tape_is_consumed():
    x = leaf()
    y = x * 2
    seen = weakref.ref(y)
    z = mg.exp(y).sum()
    del y
    assert seen() is not None
    z.backward()
    assert seen() is None, "the intermediate outlived backward"


def test_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        x = leaf()
        y = mg.tanh(x * 2).sum()
        gone = weakref.ref(y)
        del y
        assert gone() is None
    finally:
        gc.enable()


# -- types -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_dtype_is_kept(dtype):
    x = mg.tensor([0.5, 0.25], dtype=dtype, requires_grad=True)
    y = (2 * mg.exp(x) / 3 - x ** 2).mean()
    y.backward()
    assert y.dtype == x.grad.dtype == dtype


def test_mixed_precision_gradients_return_to_each_input():
    a, b = mg.tensor([1.0], dtype=np.float32, requires_grad=True), leaf(2.0)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_tensor_copies_its_data():
    a = np.ones(2)
    x = mg.tensor(a)
    a[0] = 5
    assert_array_equal(x, [1, 1])


def test_numpy_is_a_copy():
    x = leaf()
    x.numpy()[0] = 9
    assert_array_equal(x.numpy(), [1, 2, 3])


def test_numbers_and_conversions():
    x = mg.tensor([[3]])
    assert (x.item(), int(x), float(x), bool(x), len(x), x.tolist(),
            [10, 20, 30, 40][mg.tensor(3)]) == (3, 3, 3.0, True, 1, [[3]], 40)
    assert f"{mg.tensor(1.5):.2f}" == "1.50"
    assert [t.item() for t in leaf()] == [1, 2, 3]


def test_repr_says_what_it_is():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], dtype=float64, requires_grad=True)"
    assert "op=multiply" in repr(x * 2)


def test_ops_on_plain_arrays_return_plain_arrays():
    assert isinstance(mg.exp(np.ones(2)), np.ndarray) and isinstance(mg.sum([1.0, 2.0]), (np.ndarray, np.generic))


# -- NumPy on a Tensor -----------------------------------------------------------------------------------------------
def test_numpy_functions_dispatch_and_record():
    x = leaf()
    y = np.sum(np.exp(x) * np.float64(2) + np.ones(3) @ x)
    y.backward()
    assert_allclose(x.grad, 2 * np.exp([1, 2, 3]) + 3)


def test_an_array_on_the_left():
    assert isinstance(np.ones(3) * leaf(), mg.Tensor) and isinstance(np.float32(2) * leaf(), mg.Tensor)


def test_update_by_hand_in_both_idioms():
    w = leaf()
    (w * w).sum().backward()
    w.data -= 0.1 * w.grad
    assert_allclose(w.numpy(), [0.8, 1.6, 2.4])
    (w * w).sum().backward()
    with mg.no_grad():
        w -= 0.5 * w.grad
    assert_allclose(w.numpy(), 0, atol=1e-15)
    assert w.requires_grad and w.node is None


def test_functions_without_a_rule_refuse_to_lose_the_gradient():
    with pytest.raises(TypeError, match="np.nancumprod has no derivative rule"):
        np.nancumprod(leaf())
    with pytest.raises(TypeError, match="np.cbrt has no derivative rule"):
        np.cbrt(leaf())
    assert np.allclose(leaf(), [1, 2, 3]) and np.isfinite(leaf()).numpy().all()


# -- what must be refused --------------------------------------------------------------------------------------------
def refused(error, *words):
    return pytest.raises(error, match="(?s)" + ".*".join(map(__import__("re").escape, words)))


def test_a_non_scalar_needs_a_cotangent():
    with refused(RuntimeError, "(3,)", "grad="):
        (leaf() * 2).backward()
    with refused(ValueError, "(2,)", "(3,)"):
        (leaf() * 2).backward(np.ones(2))


def test_a_released_tape_is_named():
    y = (leaf() * 2).sum()
    y.backward()
    with refused(RuntimeError, "released", "retain_graph=True"):
        y.backward()


def test_nothing_to_differentiate():
    with refused(RuntimeError, "requires_grad=True"):
        mg.tensor(1.0).backward()


def test_shape_mismatch_names_op_and_shapes():
    with refused(ValueError, "matmul", "(2, 3)", "(4, 5)"):
        mg.tensor(np.ones((2, 3))) @ mg.tensor(np.ones((4, 5)))
    with refused(ValueError, "add", "(2,)", "(3,)"):
        mg.tensor(np.ones(2)) + mg.tensor(np.ones(3))


def test_integers_have_no_gradients():
    with refused(TypeError, "int", "dtype=float"):
        mg.tensor([1, 2], requires_grad=True)


def test_ragged_lists_are_refused():
    with pytest.raises((TypeError, ValueError)):
        mg.tensor([[1, 2], [3]])


@pytest.mark.parametrize("edit", [
    lambda x: x.data.__setitem__(0, 9.0),
    lambda x: x.__setitem__(0, 9.0),
    lambda x: setattr(x, "data", np.zeros(3)),
    lambda x: x.data.sort(),
    lambda x: np.random.default_rng(0).shuffle(x.data),
    lambda x: mg.no_grad()(lambda: x.__imul__(2.0))(),
    lambda x: x.detach().data.__setitem__(0, 9.0),
])
def test_editing_what_the_tape_needs_is_an_error_that_names_the_op(edit):
    x = leaf(3.0, 1.0, 2.0)
    y = mg.tanh(x).sum()
    edit(x)
    with refused(RuntimeError, "tanh", "changed in place"):
        y.backward()


def test_an_array_handed_out_before_is_watched_too():
    x = leaf()
    array = x.data
    array[0] = 7                                           # before anything was recorded: fine
    y = (x * x).sum()
    y.backward(retain_graph=True)
    assert_array_equal(x.grad, [14, 4, 6])
    array[0] = 8
    with refused(RuntimeError, "multiply"):
        y.backward()


def test_an_edit_through_a_view_is_seen():
    x = leaf()
    h = x * 1
    flat = h.reshape(3)
    y = mg.exp(h).sum()
    flat.data[0] = 9
    with refused(RuntimeError, "exp"):
        y.backward()


def test_editing_a_result():
    x = leaf()
    h = mg.exp(x)
    y = h.sum()
    h.data[0] = 5
    with refused(RuntimeError, "changed in place"):
        y.backward()


def test_in_place_on_a_leaf_while_recording():
    x = leaf()
    with refused(RuntimeError, "no_grad"):
        x += 1


def test_assigning_a_tensor_that_needs_gradients():
    with refused(RuntimeError, "no gradient"):
        mg.tensor(np.zeros(3))[0] = leaf(1.0)[0]


def test_a_rule_of_the_wrong_shape_is_named():
    wrong = mg.op(lambda x, /: x * 2, vjp=lambda g, y, x: g[:1], name="wrong_shape")
    with refused(ValueError, "wrong_shape", "(1,)", "(3,)"):
        wrong(leaf()).sum().backward()


def test_rules_must_match_inputs():
    with refused(TypeError, "three_rules", "3", "2"):
        mg.op(lambda a, b, /: a + b, vjp=(None, None, None), name="three_rules")


def test_a_users_name_does_not_replace_ours():
    mine = mg.op(lambda x, /: x, vjp=lambda g, y, x: g, name="tanh")
    assert mg.ops.REGISTRY["tanh"] is mg.tanh is not mine
    assert mg.ops.REGISTRY[f"{__name__}.tanh"] is mine


# -- un-broadcasting -------------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=4), st.integers(0, 4))
def test_unbroadcast_is_the_adjoint_of_broadcast(axes, dropped):
    full = tuple(n for n, _ in axes)
    small = tuple(1 if one else n for n, one in axes)[min(dropped, len(axes)):]
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=small), rng.normal(size=full)
    back = unbroadcast(g, small)
    assert back.shape == small
    assert_allclose((np.broadcast_to(x, full) * g).sum(), (x * back).sum(), atol=1e-12)
