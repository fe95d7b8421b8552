"""In-place edits, through views, of operands, inside transforms: an error in backward, or no effect; never a number."""
import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad.engine.edits import UNKNOWN

VIEWS = {
    "rows": lambda w: w[:2], "transpose": lambda w: w.T, "reshape": lambda w: w.reshape(-1), "element": lambda w: w[0],
    "detach": lambda w: w.detach(), "itself": lambda w: w, "swapped": lambda w: w.swapaxes(0, 1),
    "more": lambda w: w[None, ..., ::-1], "squeezed": lambda w: w.squeeze(),
    "spread": lambda w: mg.broadcast_to(w, (2, *w.shape)).detach()[0],
}
EDITS = {
    "item": lambda v: v.__setitem__(0, 10.0), "+=": lambda v: v.__iadd__(10.0), "*=": lambda v: v.__imul__(3.0),
    "data": lambda v: v.data.fill(7.0), "out": lambda v: np.add(v.data, 1, out=v.data),
}


def used(w, x):
    """A result whose gradient with respect to x needs w."""
    return (x * w * w).sum()


@given(st.sampled_from(sorted(VIEWS)), st.sampled_from(sorted(VIEWS)), st.sampled_from(sorted(EDITS)),
       st.booleans(), st.booleans(), st.booleans())
def test_an_edit_through_any_view_is_seen(first, second, edit, weight, early, recorded):
    """w, or a view of it, is used; then it is edited through another view of w, made before or after."""
    w, x = mg.tensor(np.arange(1.0, 10).reshape(3, 3), requires_grad=weight), mg.tensor(2.0, requires_grad=True)

    def view(name):
        if recorded:
            return VIEWS[name](w)
        with mg.no_grad():
            return VIEWS[name](w)
    before = view(second)
    y = used(view(first), x)
    v = before if early else view(second)
    was = w.numpy()
    try:
        with mg.no_grad():
            EDITS[edit](v)
    except (RuntimeError, ValueError) as error:
        assert "read-only" in str(error)                   # what broadcast_to makes
    if not np.array_equal(was, w.numpy()):
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()
    else:
        y.backward()
    y = used(VIEWS[first](w.detach()), x)                  # what is recorded after the edit is right
    y.backward()
    assert x.grad.item() == np.square(VIEWS[first](w.detach()).numpy()).sum()


def test_by_hand():
    w, x = mg.tensor([1.0, 2, 3]), mg.tensor([1.0, 1, 1], requires_grad=True)
    for edit in (lambda: w[:2].__iadd__(10), lambda: w.T.__setitem__(0, 10.0),
                 lambda: w.reshape(3, 1).__setitem__(0, 11.0)):
        y = (x * w).sum()
        edit()
        with pytest.raises(RuntimeError, match="multiply"):
            y.backward()


def test_the_caller_s_array_is_not_edited_inside_a_transform():
    def edits(x):
        x[1] = 3.0
        return x.sum()

    def adds(x):
        with mg.no_grad():
            x += 1
        return x.sum()

    def through_data(x):
        x.data[1] = 3
        return x.sum()
    a = np.array([1.0, 2])
    for f, x in itertools.product((edits, adds, through_data), (a, mg.tensor(a), {"w": a}, [a])):
        for transform in (mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian):
            with pytest.raises((RuntimeError, ValueError), match="read-only"):
                transform(lambda x, f=f: f(x["w"] if isinstance(x, dict) else x[0] if isinstance(x, list) else x))(x)
    assert_array_equal(a, [1, 2])


def test_a_detached_tensor_keeps_no_tape_alive():
    import gc
    import weakref
    x = mg.tensor([1.0], requires_grad=True)
    y = x * 2
    kept, gone = y.detach(), weakref.ref(y)
    del y
    gc.collect()
    assert gone() is None and kept.item() == 2


# -- watching ends ---------------------------------------------------------------------------------------------------
def test_an_array_is_watched_while_someone_holds_it():
    x = mg.tensor(np.ones(3), requires_grad=True)
    held = x.data
    y = (x * x).sum()
    assert x._edited is UNKNOWN
    held[0] = 5
    with pytest.raises(RuntimeError):
        y.backward()
    row = held[1:]
    del held, y
    y = (x * x).sum()
    row[0] = 7                              # a view of it is enough
    with pytest.raises(RuntimeError):
        y.backward()
    del row, y
    mg.exp(x)
    assert x._memory is None and x._edited is not UNKNOWN
    y = (x * x).sum()
    y.backward()
    assert_array_equal(x.grad, [10, 14, 2])


@pytest.mark.parametrize("look", [lambda t: t.data[0], lambda t: t.data.sum(), lambda t: float(t.data.max()),
                                  lambda t: setattr(t, "data", np.ones(t.shape)), lambda t: t.data.__iadd__(1)])
def test_reading_once_does_not_cost_for_ever(look):
    table = mg.tensor(np.ones((1000, 10)), requires_grad=True)
    look(table)
    mg.embedding(table, np.array([3]))
    assert table._memory is None


def test_weights_in_the_buffer_of_an_optimizer_are_not_watched_for_ever_either():
    w = mg.tensor(np.ones(3), requires_grad=True)
    mg.optimizers.Adam(0.1).apply_gradients([(np.ones(3), w)])
    assert w._data.base is not None
    row = w.data[1:]
    y = (w * w).sum()
    row[0] = 7
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
    del row
    mg.exp(w)
    assert w._memory is None
    w.data -= 1
    assert w._data.base is not None and w._memory is not None
    mg.exp(w)
    assert w._memory is None


# -- arrays that are no tensors --------------------------------------------------------------------------------------
BARE = {
    "operand": (lambda x, a: x * a, np.ones(3)), "matmul": (lambda x, a: x @ a, np.ones((3, 2))),
    "index": (lambda x, a: x[a], np.array([0, 1, 1])), "mask": (lambda x, a: x[a], np.array([True, False, True])),
    "where": (lambda x, a: mg.where(a, x, 0), np.array([True, False, True])),
    "rows": (lambda x, a: mg.embedding(x.reshape(3, 1), a), np.array([2, 1])),
    "taken": (lambda x, a: mg.take(x, a), np.array([2, 1])),
    "masked": (lambda x, a: mg.ops.REGISTRY["masked"](x, mask=a), np.ones(3)),
    "tuple": (lambda x, a: x.reshape(3, 1)[a, 0], np.array([2, 1])),
}


@pytest.mark.parametrize("name", BARE)
def test_a_debug_switch_finds_arrays_that_are_filled_again(name):
    f, array = BARE[name]
    for edited in (True, False):
        a, x = array.copy(), mg.tensor([1.0, 2, 3], requires_grad=True)
        with mg.watch_arrays():
            y = f(x, a).sum()
            if edited:
                a[...] = a[::-1].copy() if a.dtype.kind != "f" else 5
                if np.array_equal(a, array):
                    a[0] = not a[0]
                with pytest.raises(RuntimeError, match="array.*changed in place"):
                    y.backward()
            else:
                y.backward()
    assert mg.Tensor is type(f(x, a))


def test_assign_writes_in_place_and_is_an_edit():
    w = mg.tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    held = w.data
    y = (w * w).sum()
    assert w.assign(mg.tensor([3.0, 4.0])) is w and held.tolist() == [3, 4] and w.dtype == np.float32
    with pytest.raises(RuntimeError, match="multiply"):
        y.backward()
    assert w.assign_add([1, 1]).numpy().tolist() == [4, 5] and w.assign_sub([4, 4]).numpy().tolist() == [0, 1]
    for wrong in (1.0, [1.0], None, [None, 1], "ab", [[1.0, 2.0]]):
        with pytest.raises((ValueError, TypeError), match="assign|numbers"):
            w.assign(wrong)
    assert w.numpy().tolist() == [0, 1]
