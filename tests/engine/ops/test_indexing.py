"""Reading at indices and adding back, for any index that NumPy takes."""
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


@st.composite
def indexed(draw):
    """A shape, and an index into it: basic, integers with repeats, a mask, or a mixture."""
    shape = draw(SHAPES)
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    rows = hnp.integer_array_indices(shape[:1], result_shape=hnp.array_shapes(max_dims=2, max_side=5))
    every = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=5))
    mixed = st.tuples(st.slices(shape[0]), st.lists(st.integers(0, shape[-1] - 1))) if len(shape) == 2 else basic
    index = draw(st.one_of(basic, rows, rows.map(lambda t: t[0]), rows.map(lambda t: t[0].tolist()), every, mixed,
                           hnp.arrays(bool, shape), hnp.arrays(bool, shape[:1])))
    return shape, index


@given(indexed())
def test_every_element_gets_as_much_as_it_was_read(case):
    shape, index = case
    x = mg.tensor(np.arange(float(np.prod(shape))).reshape(shape), requires_grad=True)
    y = x[index]
    assert_array_equal(y.numpy(), x.numpy()[index])
    g = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(g)
    expected = np.zeros(shape)
    np.add.at(expected, index, g)
    assert_allclose(x.grad, expected, atol=1e-12)


@given(indexed())
def test_scatter_add_and_getitem_are_adjoint(case):
    shape, index = case
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    v = rng.standard_normal(x[index].shape)
    y = mg.scatter_add(v, index=index, shape=shape)
    assert_allclose((x[index] * v).sum(), (x * y).sum(), atol=1e-10)


def test_a_tensor_is_an_index_too():
    x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x[mg.tensor([2, 2])] * x[x > 1.5]).sum().backward()
    assert_array_equal(x.grad, [0, 3, 5 + 3])


@pytest.mark.parametrize("sections, axis", [(2, 0), (3, -1), ([1, 3], 0), ([], 1), ([5, 2], 0), (np.int64(2), 0)])
def test_split_as_numpy_does(sections, axis):
    x = np.arange(24.0).reshape(4, 6)
    pieces = mg.split(mg.tensor(x, requires_grad=True), sections, axis)
    for a, b in zip(pieces, np.split(x, sections, axis), strict=True):
        assert_array_equal(a.numpy(), b)


def test_pieces_of_nothing():
    assert [p.shape for p in mg.split(np.ones((0, 2)), 3)] == [(0, 2)] * 3


def test_assignment_is_not_recorded_and_says_so():
    x, w = mg.tensor(np.zeros(3)), mg.tensor(1.0, requires_grad=True)
    x[mg.tensor([0, 2])] = 5.0
    assert_array_equal(x.numpy(), [5, 0, 5])
    with pytest.raises(RuntimeError, match="isn't recorded"):
        x[0] = w
