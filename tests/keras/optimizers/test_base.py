"""Clipping, weight decay, going on from a saved state, names and bad arguments."""
import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import optimizers
from minigrad.keras.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from minigrad.keras.optimizers.schedules import ExponentialDecay

from .cases import SHAPES, VARIANTS, fresh, gradients, values, variables


# -- clipping and decay ------------------------------------------------------------------------------------------------
def moved(optimizer, gs):
    vs = [mg.tensor(np.zeros(g.shape), requires_grad=True) for g in gs]
    optimizer.apply_gradients(zip(gs, vs))
    return [-v.numpy() for v in vs]


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), limit=st.floats(0.01, 20))
def test_clipping(seed, limit):
    rng = np.random.default_rng(seed)
    gs = [rng.standard_normal(shape) for shape in SHAPES]
    flat = np.concatenate([g.ravel() for g in gs])
    for got, g in zip(moved(SGD(1.0, clipvalue=limit), gs), gs):
        assert_allclose(got, g.clip(-limit, limit))
    for got, g in zip(moved(SGD(1.0, clipnorm=limit), gs), gs):
        assert_allclose(got, g * min(1, limit / max(np.linalg.norm(g.ravel()), 1e-300)))
    for got, g in zip(moved(SGD(1.0, global_clipnorm=limit), gs), gs):
        assert_allclose(got, g * min(1, limit / np.linalg.norm(flat)))


def test_global_norm_over_two_precisions():
    a, b = mg.tensor(np.zeros(4), dtype="float32", requires_grad=True), mg.tensor(np.zeros(2), requires_grad=True)
    SGD(1.0, global_clipnorm=1.0).apply_gradients([(np.full(4, 3.0, "float32"), a), (np.full(2, 4.0), b)])
    norm = math.sqrt(4 * 9 + 2 * 16)
    assert_allclose(a.numpy(), -3 / norm, rtol=1e-6)
    assert_allclose(b.numpy(), -4 / norm, rtol=1e-6)
    assert (a.dtype, b.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("exclude, decayed", [
    (None, [True, True, True]), ("vectors", [True, False, False]), (lambda v: v.ndim == 2, [False, True, True])])
def test_weight_decay_is_apart_from_the_gradient(exclude, decayed):
    shapes = [(2, 3), (3,), ()]
    vs, same = variables(shapes=shapes), variables(shapes=shapes)
    start = values(vs)
    AdamW(0.1, weight_decay=0.5, exclude=exclude).apply_gradients(zip(gradients(vs, 3), vs))
    Adam(0.1).apply_gradients(zip(gradients(same, 3), same))
    for v, s, w, d in zip(vs, same, start, decayed):
        assert_allclose(v.numpy(), s.numpy() - 0.1 * 0.5 * w * d, atol=1e-14)


# -- averages ----------------------------------------------------------------------------------------------------------
@given(steps=st.integers(1, 6), momentum=st.floats(0, 1), every=st.one_of(st.none(), st.integers(1, 3)))
def test_averages_against_a_loop(steps, momentum, every):
    """As in Keras: after the first step the average is the variable; then it follows."""
    vs, optimizer = variables(), Adam(0.1, use_ema=True, ema_momentum=momentum, ema_overwrite_frequency=every)
    plain, expected = variables(), None
    without = Adam(0.1)
    for t in range(steps):
        optimizer.apply_gradients(zip(gradients(vs, t), vs))
        without.apply_gradients(zip(gradients(plain, t), plain))
        now = values(plain)
        expected = now if t == 0 else [momentum * a + (1 - momentum) * v for a, v in zip(expected, now)]
        if every and (t + 1) % every == 0:
            for v, a in zip(plain, expected):
                v._data[...] = a
        for v, w in zip(vs, plain):
            assert_allclose(v.numpy(), w.numpy(), atol=1e-12)
    optimizer.finalize_variable_values(vs)
    without.finalize_variable_values(plain)                 # which keeps none: nothing changes
    for v, a in zip(vs, expected):
        assert_allclose(v.numpy(), a, atol=1e-12)


def test_a_variable_that_comes_late_begins_its_average_where_it_is():
    first, late = variables(shapes=[(2,), (3,)])
    optimizer, start = SGD(0.1, use_ema=True, ema_momentum=0.75), late.numpy()
    optimizer.apply_gradients(zip(gradients([first], 0), [first]))
    optimizer.apply_gradients(zip(gradients([first, late], 1), [first, late]))
    moved_to = late.numpy()
    optimizer.finalize_variable_values([late])
    assert_allclose(late.numpy(), 0.75 * start + 0.25 * moved_to)


def test_fit_ends_with_the_averages():
    def trained(**options):
        mg.seed(0)
        model = mg.models.Sequential([mg.layers.Dense(1)])
        model.compile(SGD(0.1, **options), "mse")
        x = np.random.default_rng(0).standard_normal((40, 3))
        model.fit(x, x.sum(axis=1, keepdims=True), batch_size=4, epochs=1, verbose=0)
        return model
    last, averaged = trained(), trained(use_ema=True, ema_momentum=0.9)
    assert not np.allclose(last.get_weights()[0], averaged.get_weights()[0])
    state = averaged.optimizer.state()[0]
    assert np.array_equal(state["average.0"], averaged.get_weights()[0])


@pytest.mark.parametrize("options", [{"ema_momentum": 1.5}, {"ema_momentum": math.nan}, {"ema_overwrite_frequency": 0}])
def test_averages_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="ema_(momentum must be in|overwrite_frequency must be a whole)"):
        SGD(0.1, use_ema=True, **options)


# -- stopping and going on ---------------------------------------------------------------------------------------------
@settings(max_examples=5)
@given(stop=st.integers(0, 4), built=st.booleans())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)
def test_goes_on_bit_for_bit(optimizer, dtype, stop, built):
    """The state goes through JSON and a fresh optimizer, with or without its variables laid out before."""
    whole, first, second = fresh(optimizer), fresh(optimizer), fresh(optimizer)
    vs, halves = variables(dtype=dtype), variables(dtype=dtype)
    for t in range(5):
        whole.apply_gradients(zip(gradients(vs, t), vs))
    for t in range(stop):
        first.apply_gradients(zip(gradients(halves, t), halves))
    arrays, settings_ = first.state()
    resumed = [mg.tensor(v, requires_grad=True) for v in halves]
    if built:
        second.build(resumed)
    second.load_state([arrays, json.loads(json.dumps(settings_))])
    assert second.iterations == stop
    assert second.state()[0].keys() == arrays.keys() or not stop
    for t in range(stop, 5):
        second.apply_gradients(zip(gradients(resumed, t), resumed))
    for v, r in zip(vs, resumed):
        assert v.numpy().tobytes() == r.numpy().tobytes()
    for name, array in whole.state()[0].items():
        assert array.tobytes() == second.state()[0][name].tobytes()


def test_state_is_a_copy_and_holds_the_learning_rate():
    vs, optimizer = variables(), Adam(0.1)
    optimizer.apply_gradients(zip(gradients(vs, 0), vs))
    optimizer.learning_rate = 0.02
    arrays, settings_ = optimizer.state()
    before = arrays["m.0"].copy()
    optimizer.apply_gradients(zip(gradients(vs, 1), vs))
    assert np.array_equal(arrays["m.0"], before) and arrays["v.4"].shape == SHAPES[4]
    other = Adam(0.5)
    other.load_state((arrays, settings_))
    assert other.learning_rate == 0.02 and other.iterations == 1
    scheduled = Adam(ExponentialDecay(0.1, 1, 0.5))
    scheduled.load_state((arrays, {**settings_, "learning_rate": None}))
    assert scheduled.learning_rate == 0.05


def adam_state(shapes=SHAPES):
    vs, optimizer = variables(shapes=shapes), Adam(0.1)
    optimizer.apply_gradients(zip(gradients(vs, 0), vs))
    return optimizer.state()


def test_a_foreign_state_is_refused_and_changes_nothing():
    vs, optimizer = variables(), Adam(0.1)
    optimizer.apply_gradients(zip(gradients(vs, 0), vs))
    before = optimizer.state()
    arrays, settings_ = adam_state()
    lacking = {name: a for name, a in arrays.items() if name != "v.2"}
    for state, message in (
            (SGD(0.1).state(), "this is the state of SGD"), (adam_state(SHAPES[:2]), "missing from the state.*m.2"),
            (adam_state([(4, 3), *SHAPES[1:]]), r"slot m for variable 0 has shape \(4, 3\)"),
            ((lacking, settings_), "missing from the state, or left over: v.2")):
        with pytest.raises(ValueError, match=message):
            optimizer.load_state(state)
        arrays_now, settings_now = optimizer.state()
        assert settings_now == before[1] and all(np.array_equal(arrays_now[k], before[0][k]) for k in before[0])
    late = Adam(0.1)
    late.load_state(adam_state([(4, 3), *SHAPES[1:]]))
    with pytest.raises(ValueError, match=r"variable 0 has shape \(4, 3\), the variable has \(3, 4\)"):
        late.apply_gradients(zip(gradients(vs, 0), vs))


# -- by name, and bad arguments ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)
def test_config_round_trip(optimizer):
    assert repr(fresh(optimizer)) == repr(optimizer)
    assert fresh(optimizer).get_config().keys() == optimizer.get_config().keys() >= {"learning_rate", "clipnorm"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_get(name):
    kind = OPTIMIZERS[name]
    assert type(optimizers.get(name)) is type(optimizers.get(kind.__name__)) is type(optimizers.get(kind)) is kind
    optimizer = kind()
    assert optimizers.get(optimizer) is optimizer


def test_defaults_are_those_of_keras():
    assert (Adam().learning_rate, Adam().beta_1, Adam().beta_2, Adam().epsilon) == (0.001, 0.9, 0.999, 1e-7)
    assert (SGD().learning_rate, RMSprop().rho, Adagrad().initial_accumulator_value) == (0.01, 0.9, 0.1)
    assert (AdamW().weight_decay, Lion().beta_2) == (0.004, 0.99)


def test_a_learning_rate_can_be_assigned():
    for optimizer in (Adam(0.1), Adam(lambda step: 0.5)):
        rate = optimizer.learning_rate
        rate.assign(np.float32(0.25))
        assert optimizer.learning_rate == 0.25 == optimizer.learning_rate.numpy() and optimizer.get_config()[
            "learning_rate"] == 0.25
        assert type(copy.copy(rate)) is float
        for wrong, error in ((-1, ValueError), (math.nan, ValueError), ("fast", TypeError), (None, TypeError)):
            with pytest.raises(error, match="Adam: learning_rate must be a number"):
                rate.assign(wrong)


W = mg.tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize("call, error, message", [
    (lambda: optimizers.get("adamm"), ValueError, "did you mean 'adam'"),
    (lambda: Adam(-0.1), ValueError, "learning_rate must be a number of at least 0"),
    (lambda: Adam(math.nan), ValueError, "learning_rate must be a number of at least 0"),
    (lambda: Adam(beta_1=1.0), ValueError, r"Adam: beta_1 must be in \[0, 1\)"),
    (lambda: Adam(beta1=0.9), TypeError, "beta1"),
    (lambda: SGD(momentum=2), ValueError, "momentum must be in"),
    (lambda: Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "only one of clipnorm"),
    (lambda: Adam(clipnorm=-1.0), ValueError, "clipnorm must be a number of at least 0"),
    (lambda: AdamW(exclude="biases"), ValueError, 'exclude must be "vectors"'),
    (lambda: Adam().step([]), ValueError, "no variable has a gradient"),
    (lambda: Adam().step([mg.tensor([1.0], requires_grad=True)]), ValueError, "did backward run"),
    (lambda: Adam().apply_gradients([(np.ones(3), W)]), ValueError, r"variable 0 .* \(2,\), its gradient \(3,\)"),
    (lambda: Adam().apply_gradients([(np.ones(2), W), (np.ones(2), W)]), ValueError, "comes twice"),
    (lambda: Adam().apply_gradients([(np.ones(2), np.ones(2))]), TypeError, "pairs are"),
    (lambda: Adam().apply_gradients([([1.0, 1.0], W)]), TypeError, "pairs are"),
    (lambda: Adam().apply_gradients([(np.ones(2), mg.tensor([1, 2]))]), TypeError, "no floating-point tensor"),
])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert W.tolist() == [1.0, 2.0]
