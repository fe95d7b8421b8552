"""The flat rules equal the plain formulas, variable by variable; they reach the minimum; torch takes the same steps."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.keras.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop, flat
from minigrad.keras.optimizers.schedules import ExponentialDecay

from .cases import VARIANTS, fresh, gradients, values, variables


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
    if isinstance(o, Adadelta):
        slot["a"] = a = o.rho * slot.get("a", 0) + (1 - o.rho) * g**2
        d, u = g * np.sqrt(slot.get("u", 0) + o.epsilon) / np.sqrt(a + o.epsilon), slot.get("u", 0)
        slot["u"] = o.rho * u + (1 - o.rho) * d**2
        return theta - lr * d
    if isinstance(o, Adamax):
        slot["m"] = m = o.beta_1 * slot.get("m", 0) + (1 - o.beta_1) * g
        slot["u"] = u = np.maximum(o.beta_2 * slot.get("u", 0), abs(g))
        return theta - lr / (1 - o.beta_1**t) * m / (u + o.epsilon)
    if isinstance(o, Nadam):
        now, ahead = (o.beta_1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
        slot["m"] = m = o.beta_1 * slot.get("m", 0) + (1 - o.beta_1) * g
        slot["v"] = v = o.beta_2 * slot.get("v", 0) + (1 - o.beta_2) * g**2
        slot["product"] = product = slot.get("product", 1) * now
        both = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
        return theta - lr * both / (np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon)
    if isinstance(o, Adam):
        slot["m"] = m = o.beta_1 * slot.get("m", 0) + (1 - o.beta_1) * g
        slot["v"] = v = o.beta_2 * slot.get("v", 0) + (1 - o.beta_2) * g**2
        slot["largest"] = largest = np.maximum(slot.get("largest", 0), v)
        v = largest if o.amsgrad else v
        return theta - lr * np.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t) * m / (np.sqrt(v) + o.epsilon)
    if isinstance(o, Lion):
        m = slot.get("m", 0)
        slot["m"] = o.beta_2 * m + (1 - o.beta_2) * g
        return theta - lr * np.sign(o.beta_1 * m + (1 - o.beta_1) * g)
    raise NotImplementedError(o)


@settings(max_examples=10)
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
    twin, before = fresh(optimizer), None
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


@pytest.mark.parametrize("make", [lambda **k: Adam(0.1, clipnorm=0.5, weight_decay=0.1, **k),
                                  lambda **k: SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.5, **k)])
def test_gradients_of_several_calls_make_one_step(make):
    """To the last bit as a step by their mean; also where it goes on from a state between two of them."""
    several, once = make(gradient_accumulation_steps=4), make()
    vs, expected = variables(), variables()
    for t in range(3):
        gs = [gradients(vs, 4 * t + i) for i in range(4)]
        for i, g in enumerate(gs):
            before = values(vs)
            several.apply_gradients(zip(g, vs))
            assert all(map(np.array_equal, values(vs), before)) == (i < 3)
            if i == t:
                state, several = several.state(), make(gradient_accumulation_steps=4)
                several.build(vs)
                several.load_state(state)
        total = [sum((g[k]._data for g in gs[1:]), start=0.0 + gs[0][k]._data) for k in range(len(vs))]
        once.apply_gradients([(s * 0.25, v) for s, v in zip(total, expected)])
        assert several.iterations == once.iterations == t + 1
        assert all(map(np.array_equal, values(vs), values(expected)))


def test_nadam_goes_on_after_thousands_of_steps():
    assert Nadam().rates(0.1, 3001) == pytest.approx(Nadam().rates(0.1, 2999), rel=1e-3)


@pytest.mark.parametrize("beta_1", [0.0, 1e-30, 0.9, 0.999])
def test_nadam_multiplies_all_its_factors(beta_1):
    o, product = Nadam(beta_1=beta_1), 1.0
    for t in range(1, 1200):
        product *= o.mu(t)
        expected = o.mu(t + 1) / (1 - product * o.mu(t + 1)), (1 - o.mu(t)) / (1 - product), 1 / (1 - o.beta_2 ** t)
        np.testing.assert_allclose(o.rates(1.0, t), expected, rtol=1e-13)


@pytest.mark.parametrize("kind", [Adamax, Nadam])
def test_what_adam_alone_has_is_refused(kind):
    with pytest.raises(TypeError, match="amsgrad"):
        kind(amsgrad=True)
    assert kind.from_config(kind(0.1, beta_2=0.5).get_config()).get_config() == kind(0.1, beta_2=0.5).get_config()


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
    v = mg.tensor(np.zeros(50), dtype="float32", requires_grad=True)
    optimizer = RMSprop(1e-3, centered=True, epsilon=1e-10)
    g = mg.tensor(np.linspace(1, 1000, 50), dtype="float32")
    for _ in range(300):
        optimizer.apply_gradients([(g, v)])
    assert np.isfinite(v.numpy()).all()


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
