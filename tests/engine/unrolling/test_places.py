"""Where a program keeps its arrays: arguments where they lie, parts where they are gathered, numbers within guards."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras.optimizers import SGD

from .same import assert_same, settle

X = np.arange(6.0).reshape(2, 3)


def gathering(after):
    """f(x): two products, gathered in an array that lives on; then what `after` does."""
    flat = np.zeros(6 + 4)

    def f(x):
        a, b = np.multiply(x, 2), np.matmul(x, x.T)
        np.concatenate([a, b], axis=None, out=flat)
        return after(flat, a, b)
    return f, flat


def edited(flat, a, b):
    flat *= 3
    return a + 1, b


def look(flat, a, b):
    return a * 2 if flat.sum() > 40 else a * 3


@pytest.mark.parametrize("after", [lambda flat, a, b: flat.sum(), lambda flat, a, b: (flat * 2, a, b.T),
                                   lambda flat, a, b: a.sum(), edited, look])
def test_what_is_gathered(after):
    (f, ours), (g, theirs) = gathering(after), gathering(after)
    g = mg.unroll(g)
    for x in (X, X, X, X, X * 0.5, X + 1, X * 0, X):
        assert_same(g(x), f(x), g.source)
        assert_same(theirs, ours)
    assert g.program is not None, g.reason


def test_parts_made_where_they_are_gathered():
    def after(flat, a, b):
        return flat * 2, a
    g = settle(mg.unroll(gathering(after)[0]), (X,))
    assert "concatenate" not in g.source and g.program.placed


def test_gradients_stay_what_they_were_when_the_optimizer_clips_them():
    def run(unrolled):
        w, optimizer = mg.tensor([1.0, -2.0, 3.0], requires_grad=True), SGD(0.1, clipvalue=0.5)

        def step(x):
            loss = ((x * w) ** 2).sum()
            loss.backward()
            optimizer.step([w])
            return loss
        step, seen = mg.unroll(step) if unrolled else step, []
        for i in range(8):
            step(X + i)
            seen += [w.grad.numpy().copy(), w.numpy().copy()]
        return seen
    assert_same(run(True), run(False))


@pytest.mark.parametrize("f", [lambda x: x @ x.T, lambda x: x.reshape(3, 2) @ x, lambda x: x[::-1] * x[:, :1],
                               lambda x: (x.T, x.reshape(-1), x), lambda x: np.broadcast_to(x, (2, 2, 3)) + x])
@pytest.mark.parametrize("make", [np.array, np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_views_of_arguments(f, make):
    x = make(X)
    g = settle(mg.unroll(f), (x,))
    for k in (1, 2, -3):
        x = make(X * k)
        assert_same(g(x), f(x))


def test_a_result_is_never_the_argument_itself():
    g = settle(mg.unroll(lambda x: (x, x.T, x * 2)), (X,))
    mine = X.copy()
    same, turned, _ = g(mine)
    mine += 1
    assert_same((same, turned), (X, X.T))


def test_a_guard_is_one_line():
    def f(x):
        return x * 2 if x.sum() > 0 and (x * x).max() < 100 else x * 3
    g = settle(mg.unroll(f), (X,))
    assert sum(line.strip().startswith("if ") for line in g.source.splitlines()) == 2
    for k in (1, 10, -1, 1, -5, 3):
        assert_same(g(X * k), f(X * k))


def overlapping(x):
    return x[:, :-1], x[:, 1:]


def test_arguments_that_share_memory_and_are_read_only_are_replayed():
    def f(tokens, targets):
        return (tokens * 2 + targets).sum(axis=1), tokens.reshape(-1) + 1, targets.T
    g = settle(mg.unroll(f), overlapping(X))
    assert g.reason is None
    for k in (1, 2, 5):
        assert_same(g(*overlapping(X * k)), f(*overlapping(X * k)))
    assert_same(g(X[:, 1:].copy(), X[:, 1:].copy()), f(X[:, 1:], X[:, 1:]))


def test_an_edit_of_shared_memory_is_seen_by_all_at_once():
    def f(a, b):
        c = b * 1
        a += 1
        d = b * 10
        b[...] = c
        return d, a * 2
    g = mg.unroll(f)
    with pytest.warns(UserWarning, match="overlap"):
        for _ in range(9):
            x, y = X.copy(), X.copy()
            assert_same(g(*overlapping(x)), f(*overlapping(y)))
            assert_same(x, y)


@pytest.mark.parametrize("make", [np.array, mg.tensor])
def test_one_array_twice_at_first_and_then_two(make):
    def f(a, b):
        return a * 2 - b
    g, x = mg.unroll(f), make(X)
    for _ in range(4):
        assert_same(g(x, x), f(x, x))
    for _ in range(4):
        assert_same(g(x, make(X + 1)), f(x, make(X + 1)))
        assert_same(g(x, x), f(x, x))
    assert g.program is not None


def test_code_that_says_it_is_pythons_own_is_watched_too():
    space = {"factor": 2.0}
    exec("class Scale:\n    k = 1.0\ns = Scale()\ndef f(x):\n    return x * factor + s.k", space)
    f = space["f"]
    f.__module__ = "math"
    g = settle(mg.unroll(f), (X,))
    for change in (lambda: space.update(factor=3.0), lambda: setattr(space["Scale"], "k", 5.0)):
        change()
        for _ in range(4):
            assert_same(g(X), f(X))


def test_names_of_what_runs_sooner_are_nobody_elses():
    def f(clip_, number):
        clip_at_once = np.clip(clip_, 0.0, 1.0) * 0.5
        return (mg.relu(clip_at_once - 0.25) + number) * 0.5, mg.clip(clip_, 0, 4).clip(1, 2)
    g = settle(mg.unroll(f), (X, X + 1))
    assert_same(g(X, X + 1), f(X, X + 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_have_the_bits_of_matmul_whatever_runs_them(dtype):
    rng = np.random.default_rng(0)
    for m, k, n in ((1, 5, 3), (5, 1, 3), (5, 3, 1), (7, 70, 9), (33, 17, 64), (2, 2, 2)):
        x, y = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        for a in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
            for b in (y, np.asfortranarray(y), y[:, 0].copy(), y[::-1]):
                def f(a, b):
                    h = a @ (b * 1)
                    return h, (a * 1).T @ (a * 1), (a[0] * 1) @ (b * 1), a @ a.T, h.T
                assert_same(settle(mg.unroll(f), (a, b))(a, b), f(a, b), (m, k, n))


def _over(write):
    """A function that makes zeros of twice the shape of its argument, and then does write(zeros, argument)."""
    def f(x):
        y = np.zeros_like(np.concatenate([x, x]))
        return write(y, x)
    return f


def _halves(y, x):
    y[:2][...], y[2:][...] = x * 2, x + 3
    return y


def _half(y, x):
    y[2:][...] = x * 2
    return y


def _read_first(y, x):
    total = (y + 1).sum()
    return total, _halves(y, x)


def _read_between(y, x):
    y[:2][...] = x * 2
    z = y * 1
    y[2:][...] = x + 3
    return y, z


def _every_second(y, x):
    y[::2][...], y[1::2][...] = x * 2, x + 3
    return y


def _with_a_gap(y, x):
    y[::2][...], y[2:][...] = x * 2, x + 3
    return y


def _turned(y, x):
    y.T[...] = np.concatenate([x, x]).T
    return y


def _where(y, x):
    np.add(np.concatenate([x, x]), 1, out=y, where=np.array([True, False, True]))
    return y


def _used_again(y, x):
    double = x * 2
    y[:2][...] = double
    y[2:][...] = double
    return y, double + 1


def _edited_between(y, x):
    double = x * 2
    y[:2] += 1
    z = y * 1
    y[:2][...] = double
    y[2:][...] = x + 3
    return y, z


def _from_itself(y, x):
    y[2:][...] = x + 3
    y[:2][...] = y[2:] * 2
    return y


def _twice(y, x):
    y[:2][...], y[:2][...] = x * 2, x + 3
    return y


@pytest.mark.parametrize("write, spared", [
    (_halves, True), (_half, False), (_read_first, False), (_read_between, False), (_every_second, False),
    (_with_a_gap, False), (_turned, True), (_where, False), (_used_again, True), (_edited_between, False),
    (_from_itself, False), (_twice, False)], ids=lambda x: getattr(x, "__name__", str(x)))
def test_zeros_that_nobody_reads_are_not_made_and_copies_only_where_they_are_needed(write, spared):
    f, x = _over(write), np.random.default_rng(0).normal(size=(2, 3))
    g = settle(mg.unroll(f), (x,))
    for i in range(3):                      # what an earlier call left in the buffers must not come through
        assert_same(g(x + i), f(x + i), g.source)
    assert (".fill(0)" not in g.source) is spared, g.source
    copied = g.source.count("[...] = ")
    assert copied == {"_turned": 1, "_used_again": 2}.get(write.__name__, copied)
    assert copied or write is not _halves or "out=" in g.source


@pytest.mark.parametrize("f", [lambda x: np.tile(x, 3), lambda x: np.tile(x, 1), lambda x: np.tile(x * 2, 2) + 1,
                               lambda x: np.full_like(x, 2.5) * x, lambda x: np.tile(x, (2, 2))])
def test_tiles_and_fills_are_written_where_they_belong(f):
    x = np.arange(4, dtype=np.float32)
    assert_same(settle(mg.unroll(f), (x,))(x + 1), f(x + 1))
