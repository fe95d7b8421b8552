"""Optimizers: the flat rules equal the plain formulas, variable by variable; layouts, clipping, decay, going on from a state."""
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import flat, optimizers
from minigrad.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from minigrad.schedules import ExponentialDecay

SHAPES = [(3, 4), (4,), (), (0,), (2, 1, 3)]
VARIANTS = [SGD(0.1), SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, nesterov=True), RMSprop(0.01), RMSprop(0.01, momentum=0.9),
            RMSprop(0.01, centered=True), RMSprop(0.01, centered=True, momentum=0.5), Adagrad(0.1), Adam(0.01),
            Adam(ExponentialDecay(0.1, 2, 0.5), beta_1=0.5, beta_2=0.9, epsilon=1e-3), AdamW(0.1), Lion(0.01)]


def fresh(optimizer):
    return type(optimizer).from_config(optimizer.get_config())


def variables(seed=0, dtype="float64", shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [mg.tensor(rng.standard_normal(shape), dtype=dtype, requires_grad=True) for shape in shapes]


def gradients(vs, seed):
    rng = np.random.default_rng([seed, 1])
    return [mg.tensor(rng.standard_normal(v.shape), dtype=v.dtype) for v in vs]


def values(vs):
    return [v.numpy() for v in vs]


# -- the twin: each formula as a beginner writes it, for one variable --------------------------------------------------
def plain(o, theta, g, t, lr, slot):
    """The new theta.  slot is a dict that this variable keeps from step to step."""
    if o.weight_decay:
        theta = theta - lr * o.weight_decay * theta
    if isinstance(o, SGD):
        slot["m"] = m = o.momentum * slot.get("m", 0) - lr * g
        return theta + (o.momentum * m - lr * g if o.nesterov else m)
    if isinstance(o, RMSprop):
        slot["v"] = v = o.rho * slot.get("v", 0) + (1 - o.rho) * g**2
        slot["a"] = a = o.rho * slot.get("a", 0) + (1 - o.rho) * g
        slot["m"] = m = o.momentum * slot.get("m", 0) + lr * g / np.sqrt((v - a**2 if o.centered else v) + o.epsilon)
        return theta - m
    if isinstance(o, Adagrad):
        slot["a"] = a = slot.get("a", 0.1) + g**2
        return theta - lr * g / np.sqrt(a + o.epsilon)
    if isinstance(o, Adam):
        slot["m"] = m = o.beta_1 * slot.get("m", 0) + (1 - o.beta_1) * g
        slot["v"] = v = o.beta_2 * slot.get("v", 0) + (1 - o.beta_2) * g**2
        return theta - lr * np.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t) * m / (np.sqrt(v) + o.epsilon)
    if isinstance(o, Lion):
        m = slot.get("m", 0)
        slot["m"] = o.beta_2 * m + (1 - o.beta_2) * g
        return theta - lr * np.sign(o.beta_1 * m + (1 - o.beta_1) * g)
    raise NotImplementedError(o)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), block=st.sampled_from([1, 5, 1 << 18]))
@pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)
def test_equals_the_plain_formula(optimizer, seed, block):
    """Also where the buffers are worked through in blocks that cut variables in two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flat, "BLOCK", block)
        optimizer, vs = fresh(optimizer), variables(seed)
        expected, slots = values(vs), [{} for _ in vs]
        for t in range(1, 6):
            lr, gs = optimizer.learning_rate, gradients(vs, seed + t)
            optimizer.apply_gradients(zip(gs, vs))
            expected = [plain(optimizer, theta, g.numpy(), t, lr, slot) for theta, g, slot in zip(expected, gs, slots)]
            for v, e in zip(vs, expected):
                assert_allclose(v.numpy(), e, rtol=1e-12, atol=1e-12)
    assert optimizer.iterations == 5


@pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)
def test_float32_stays_float32_and_allocates_no_buffers(optimizer):
    optimizer, vs, exact = fresh(optimizer), variables(dtype="float32"), variables()
    twin = fresh(optimizer)
    for t in range(4):
        optimizer.apply_gradients(zip(gradients(vs, t), vs))
        twin.apply_gradients(zip(gradients(exact, t), exact))
        places = [v._data.__array_interface__["data"] for v in vs]
        assert t == 0 or places == before
        before = places
    for v, e in zip(vs, exact):
        assert v.dtype == np.float32
        assert_allclose(v.numpy(), e.numpy(), rtol=1e-3, atol=1e-4)
    assert all(a.dtype == np.float32 for a in optimizer.state()[0].values())


def test_gradients_stay_as_they_are():
    for optimizer in map(fresh, [*VARIANTS, Adam(0.1, clipvalue=0.1), SGD(0.1, global_clipnorm=0.1)]):
        vs = variables()
        gs = gradients(vs, 1)
        before = values(gs)
        optimizer.apply_gradients(zip(gs, vs))
        assert all(map(np.array_equal, values(gs), before)), optimizer


# -- it gets there -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("optimizer, steps", [
    (SGD(0.1), 300), (SGD(0.02, momentum=0.9), 500), (SGD(0.02, momentum=0.9, nesterov=True), 400), (Adagrad(1.0), 500),
    (RMSprop(ExponentialDecay(0.1, 20, 0.7)), 500), (Adam(ExponentialDecay(0.3, 50, 0.7)), 800),
    (Lion(ExponentialDecay(0.3, 20, 0.7)), 800)], ids=repr)
def test_quadratic(optimizer, steps):
    """The minimum of Σ aᵢ (xᵢ - cᵢ)² is c."""
    optimizer, a, c = fresh(optimizer), np.array([0.5, 1.0, 4.0]), np.array([1.0, -2.0, 3.0])
    x = mg.tensor(np.zeros(3), requires_grad=True)
    for _ in range(steps):
        (a * (x - c)**2).sum().backward()
        optimizer.step([x])
    assert_allclose(x.numpy(), c, atol=1e-3)


@pytest.mark.parametrize("optimizer, steps", [(Adam(0.03), 4000), (SGD(0.0005, momentum=0.95, nesterov=True), 6000),
                                              (RMSprop(ExponentialDecay(0.02, 500, 0.7)), 6000)], ids=repr)
def test_rosenbrock(optimizer, steps):
    """A curved valley, (1 - x)² + 100 (y - x²)²: its minimum is at (1, 1)."""
    optimizer, x, y = fresh(optimizer), mg.tensor(-1.2, requires_grad=True), mg.tensor(1.0, requires_grad=True)
    for _ in range(steps):
        ((1 - x)**2 + 100 * (y - x**2)**2).backward()
        optimizer.step([x, y])
    assert (x.item(), y.item()) == pytest.approx((1, 1), abs=0.01)


def test_lion_and_adam_do_not_depend_on_the_scale_of_the_loss():
    for optimizer in (Lion(0.01), Adam(0.01, epsilon=0)):
        ends = []
        for scale in (1, 1e4):
            vs, o = variables(), fresh(optimizer)
            for t in range(5):
                o.apply_gradients([(g * scale, v) for g, v in zip(gradients(vs, t), vs)])
            ends.append(values(vs))
        for a, b in zip(*ends):
            assert_allclose(a, b, rtol=1e-10)


def test_centered_rmsprop_survives_rounding():
    """A constant gradient has variance 0, which in single precision may come out below."""
    v, optimizer = mg.tensor(np.zeros(50), dtype="float32", requires_grad=True), RMSprop(1e-3, centered=True, epsilon=1e-10)
    g = mg.tensor(np.linspace(1, 1000, 50), dtype="float32")
    for _ in range(300):
        optimizer.apply_gradients([(g, v)])
    assert np.isfinite(v.numpy()).all()


# -- clipping and decay ------------------------------------------------------------------------------------------------
def moved(optimizer, gs):
    vs = [mg.tensor(np.zeros(g.shape), requires_grad=True) for g in gs]
    optimizer.apply_gradients(zip(gs, vs))
    return [-v.numpy() for v in vs]


@settings(max_examples=50, deadline=None)
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


# -- the layout --------------------------------------------------------------------------------------------------------
@settings(max_examples=40, deadline=None)
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


# -- stopping and going on ---------------------------------------------------------------------------------------------
@settings(max_examples=5, deadline=None)
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


W = mg.tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize("call, error, message", [
    (lambda: optimizers.get("adamm"), ValueError, "did you mean 'adam'"),
    (lambda: Adam(-0.1), ValueError, "learning_rate must not be negative"),
    (lambda: Adam(math.nan), ValueError, "learning_rate must not be negative"),
    (lambda: Adam(beta_1=1.0), ValueError, r"Adam: beta_1 must be in \[0, 1\)"),
    (lambda: Adam(beta1=0.9), TypeError, "beta1"),
    (lambda: SGD(momentum=2), ValueError, "momentum must be in"),
    (lambda: Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "only one of clipnorm"),
    (lambda: Adam(clipnorm=-1.0), ValueError, "clipnorm must not be negative"),
    (lambda: AdamW(exclude="biases"), ValueError, 'exclude must be "vectors"'),
    (lambda: Adam().step([]), ValueError, "no variable has a gradient"),
    (lambda: Adam().step([mg.tensor([1.0], requires_grad=True)]), ValueError, "did backward run"),
    (lambda: Adam().apply_gradients([(np.ones(3), W)]), ValueError, r"variable 0 has shape \(2,\), its gradient \(3,\)"),
    (lambda: Adam().apply_gradients([(np.ones(2), W), (np.ones(2), W)]), ValueError, "comes twice"),
    (lambda: Adam().apply_gradients([(np.ones(2), np.ones(2))]), TypeError, "pairs are"),
    (lambda: Adam().apply_gradients([([1.0, 1.0], W)]), TypeError, "pairs are"),
    (lambda: Adam().apply_gradients([(np.ones(2), mg.tensor([1, 2]))]), TypeError, "no floating-point tensor"),
])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert W.tolist() == [1.0, 2.0]


# -- other frameworks --------------------------------------------------------------------------------------------------
@pytest.mark.peers
@pytest.mark.parametrize("ours, name, options", [
    (SGD(0.1), "SGD", dict(lr=0.1)),
    (SGD(0.1, momentum=0.9), "SGD", dict(lr=0.1, momentum=0.9)),
    (SGD(0.1, momentum=0.9, nesterov=True), "SGD", dict(lr=0.1, momentum=0.9, nesterov=True)),
    (RMSprop(0.01, epsilon=0), "RMSprop", dict(lr=0.01, alpha=0.9, eps=0)),
    (RMSprop(0.01, epsilon=0, momentum=0.9), "RMSprop", dict(lr=0.01, alpha=0.9, eps=0, momentum=0.9)),
    (RMSprop(0.01, epsilon=0, centered=True), "RMSprop", dict(lr=0.01, alpha=0.9, eps=0, centered=True)),
    (Adagrad(0.1, epsilon=0), "Adagrad", dict(lr=0.1, initial_accumulator_value=0.1, eps=0)),
    (Adam(0.01, epsilon=0), "Adam", dict(lr=0.01, eps=0)),
    (AdamW(0.01, epsilon=0, weight_decay=0.1), "AdamW", dict(lr=0.01, eps=0, weight_decay=0.1))], ids=repr)
def test_torch_takes_the_same_steps(ours, name, options):
    """With epsilon 0: torch adds it outside of the root or after the correction, Keras (and minigrad) elsewhere."""
    torch = pytest.importorskip("torch")
    vs = variables(shapes=[(3, 4), (4,), (2, 1, 3)])
    theirs = [torch.nn.Parameter(torch.tensor(v.tolist(), dtype=torch.float64)) for v in vs]
    optimizer, peer = fresh(ours), getattr(torch.optim, name)(theirs, **options)
    for t in range(20):
        gs = gradients(vs, t)
        optimizer.apply_gradients(zip(gs, vs))
        for p, g in zip(theirs, gs):
            p.grad = torch.tensor(g.tolist(), dtype=torch.float64)
        peer.step()
        for v, p in zip(vs, theirs):
            assert_allclose(v.numpy(), p.detach().tolist(), rtol=1e-10, atol=1e-12)
