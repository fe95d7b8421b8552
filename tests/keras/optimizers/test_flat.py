"""Variables in one buffer stay what they were: any may lack a gradient, join later, be replaced or cast."""
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.keras.optimizers import SGD, Adam, base

from .cases import SHAPES, VARIANTS, fresh, gradients, variables


@settings(max_examples=40)
@given(present=st.lists(st.lists(st.booleans(), min_size=5, max_size=5).filter(any), min_size=1, max_size=6),
       order=st.permutations(range(5)))
def test_any_variables_may_lack_gradients_and_come_in_any_order(present, order):
    """What has no gradient keeps its value and its slots; all else is as if it were alone."""
    vs, together = variables(), Adam(0.1)
    alone, optimizers_alone = variables(), [Adam(0.1) for _ in SHAPES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for t, some in enumerate(present):
            gs = gradients(vs, t)
            together.apply_gradients([(gs[i] if some[i] else None, vs[i]) for i in (order if t % 2 else range(5))])
            for i in range(5):
                optimizers_alone[i].iterations = t
                if some[i]:
                    optimizers_alone[i].apply_gradients([(gs[i], alone[i])])
    for v, a in zip(vs, alone):
        assert np.array_equal(v.numpy(), a.numpy())


def test_variables_may_join_later():
    vs, together = variables(), Adam(0.1)
    alone, separate = variables(), [Adam(0.1) for _ in SHAPES]
    for t in range(6):
        n = min(t + 1, 5)
        together.apply_gradients(zip(gradients(vs[:n], t), vs))
        for i in range(n):
            separate[i].iterations = t
            separate[i].apply_gradients([(gradients(alone[:n], t)[i], alone[i])])
    for v, a in zip(vs, alone):
        assert np.array_equal(v.numpy(), a.numpy())


def test_both_precisions_at_once():
    vs = [mg.tensor([1.0, 2.0], dtype=d, requires_grad=True) for d in ("float32", "float64", "float32", "float16")]
    optimizer = SGD(0.5)
    for _ in range(2):
        optimizer.apply_gradients([(np.ones(2, v.dtype), v) for v in vs])
    for v, d in zip(vs, ("float32", "float64", "float32", "float16")):
        assert v.dtype == d and v.tolist() == [0.0, 1.0]


def test_replaced_arrays_are_taken_in():
    vs, optimizer = variables(shapes=[(3,), (2,)]), SGD(1.0, momentum=0.5)
    optimizer.apply_gradients([(np.ones(3), vs[0]), (np.ones(2), vs[1])])
    vs[0].data = np.array([10.0, 20.0, 30.0])
    vs[1]._data = np.array([5.0, 6.0])
    optimizer.apply_gradients([(np.ones(3), vs[0]), (np.ones(2), vs[1])])
    assert vs[0].tolist() == [8.5, 18.5, 28.5] and vs[1].tolist() == [3.5, 4.5]       # m = -0.5 - 1
    vs[0]._data = vs[0]._data.astype("float32")                                        # cast: its slot is cast with it
    optimizer.apply_gradients([(np.ones(3, "float32"), vs[0]), (np.ones(2), vs[1])])
    assert vs[0].dtype == np.float32 and vs[0].tolist() == [6.75, 16.75, 26.75] and vs[1].tolist() == [1.75, 2.75]


def test_two_optimizers_can_share_variables():
    vs, a, b = variables(shapes=[(3,)]), SGD(1.0), SGD(1.0)
    start = vs[0].numpy()
    for _ in range(3):
        a.apply_gradients([(np.ones(3), vs[0])])
        b.apply_gradients([(np.ones(3), vs[0])])
    assert_allclose(vs[0].numpy(), start - 6)


def test_gradients_in_any_memory_order():
    rng = np.random.default_rng(0)
    for g in (rng.standard_normal((4, 3)).T, np.broadcast_to(2.0, (3, 4)), rng.standard_normal((6, 8))[::2, ::-2]):
        v = mg.tensor(np.zeros((3, 4)), requires_grad=True)
        SGD(1.0).apply_gradients([(g, v)])
        assert np.array_equal(v.numpy(), -g)


def test_steps_are_edits_that_the_tape_sees():
    for steps_before in (0, 1):             # the first one moves the arrays, the others change them in place
        v, optimizer = mg.tensor([1.0, 2.0], requires_grad=True), SGD(0.1)
        for _ in range(steps_before):
            optimizer.apply_gradients([(np.ones(2), v)])
        y = (v * v).sum()
        optimizer.apply_gradients([(np.ones(2), v)])
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_a_missing_gradient_is_named_once():
    vs, optimizer = variables(shapes=[(3,), (2,)]), SGD(0.1)
    before = vs[1].numpy()
    with pytest.warns(UserWarning, match=r"no gradient for variable 1 of shape \(2,\)"):
        optimizer.apply_gradients([(np.ones(3), vs[0]), (None, vs[1])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply_gradients([(np.ones(3), vs[0]), (None, vs[1])])
    assert np.array_equal(vs[1].numpy(), before)


@pytest.mark.parametrize("optimizer", [*VARIANTS, Adam(0.01, epsilon=0)], ids=repr)
def test_what_fades_is_0_before_it_makes_steps_slow(optimizer, monkeypatch):
    """Behind a dead relu gradients stay 0: slots shrink, below what a CPU calculates with at full speed, and are 0."""
    def train(v, o):
        o.apply_gradients([(np.ones(3, "float32"), v)])
        faded = {name: slot for name, slot in o._buffers.slots(v).items() if name in o.fading}
        for slot in faded.values():
            slot *= np.float32(1e-36)                               # as after some hundred steps
        for _ in range(67):
            o.apply_gradients([(np.zeros(3, "float32"), v)])
        return faded
    v, w = (mg.tensor([1.0, -2.0, 3.0], dtype="float32", requires_grad=True) for _ in range(2))
    slots, tiny = train(v, o := fresh(optimizer)), np.finfo("float32").tiny
    monkeypatch.setattr(base, "FADED", 1000)
    kept = train(w, fresh(optimizer))
    assert o.iterations == 68 and v.tolist() == w.tolist()          # weights never notice, nor four steps later
    for name, slot in slots.items():
        if name == "m" or o.epsilon:
            assert np.array_equal(slot, np.where(abs(kept[name]) < tiny, 0, kept[name]))
            assert not ((0 < abs(slot)) & (abs(slot) < tiny)).any()
        else:                                                       # m / √v: a v of 0 would be no small change
            assert np.array_equal(slot, kept[name])
