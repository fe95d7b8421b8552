"""Further ways in which a replay could differ from the function: settings, containers, errors, threads, lifetimes."""
import contextvars
import gc
import re
import runpy
import threading
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import minigrad as mg

from .same import assert_same, settle

X = np.arange(6.0).reshape(2, 3)
VARIABLE = contextvars.ContextVar("VARIABLE", default=2.0)


def helper(x):
    return x * 2


def alike(f, *calls, quiet=True):
    """f and its unrolled twin on calls, each three times over; the twin."""
    g = mg.unroll(f)
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
        for _ in range(3):
            for args in calls:
                assert_same(g(*args), f(*args))
    return g


def test_a_context_variable():
    def f(x):
        return x * VARIABLE.get()
    g = settle(mg.unroll(f), (X,))
    for value in (3.0, 2.0, 4.0):
        token = VARIABLE.set(value)
        for _ in range(4):
            assert_same(g(X), f(X))
        VARIABLE.reset(token)
    assert_same(g(X), f(X))
    assert g.program is not None


def test_a_function_that_is_called_is_replaced_or_its_code(monkeypatch):
    def f(x):
        return helper(x) + 1
    g = settle(mg.unroll(f), (X,))
    monkeypatch.setitem(globals(), "helper", lambda x: x * 5)
    assert_same(g(X), X * 5 + 1)
    monkeypatch.undo()
    settle(g, (X,))
    before = helper.__code__
    helper.__code__ = (lambda x: x * 7).__code__
    assert_same(g(X), X * 7 + 1)
    helper.__code__ = before
    assert_same(g(X), X * 2 + 1)


def test_an_attribute_shadows_its_class_and_another_order_of_a_dict():
    class Scale:
        factor = 2.0
    scale, table = Scale(), {"a": np.ones(3), "b": np.full(3, 1e-17), "c": -np.ones(3)}

    def f(x):
        return x * scale.factor + sum(table.values())
    g = settle(mg.unroll(f), (X,))
    scale.factor = 3.0
    for _ in range(4):
        assert_same(g(X), f(X))
    del scale.factor
    for _ in range(4):
        assert_same(g(X), f(X))
    table["a"] = table.pop("a")
    for _ in range(4):
        assert_same(g(X), f(X))


def test_a_dict_or_list_among_the_arguments_is_changed():
    def f(state, rows):
        state["y"] = state["x"] * 2
        rows.append(state["y"] + 1)
        rows[0] = rows[0] * 3
        del state["z"]
        return state["x"] + 1
    g = mg.unroll(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(6):
            ours, theirs = (({"x": X + k, "z": X * 2}, [X * 3]) for _ in range(2))
            assert_same(g(*ours), f(*theirs))
            assert ours[0].keys() == theirs[0].keys() and len(ours[1]) == len(theirs[1])
            assert_same(ours, theirs)
            assert all(type(a) is np.ndarray for a in (*ours[0].values(), *ours[1]))


@pytest.mark.parametrize("when", range(1, 5))
def test_an_error_in_the_middle(when):
    """Whichever call fails, weights are weights afterwards, and the next call is right."""
    w, fail = mg.tensor([1.0, 2, 3], requires_grad=True), SimpleNamespace(now=False)

    def f(x):
        loss = (x * w * w).sum()
        if fail.now:
            raise RuntimeError("stop")
        loss.backward()
        return loss.detach()
    g = mg.unroll(f)
    for i in range(8):
        fail.now = i == when
        if fail.now:
            with pytest.raises(RuntimeError, match="stop"):
                g(X)
        else:
            assert_same(g(X + i), ((X + i) * np.array([1.0, 4, 9])).sum())
            assert_same(w.grad, 2 * np.array([1.0, 2, 3]) * (X + i).sum(axis=0))
        assert type(w._data) is np.ndarray


def test_recursion():
    def f(x, n):
        return x + 1 if n == 0 else g(x * 2, n - 1) - x

    def plain(x, n):
        return x + 1 if n == 0 else plain(x * 2, n - 1) - x
    g = mg.unroll(f)
    for k in range(6):
        assert_same(g(X + k, 3), plain(X + k, 3))
        assert_same(g(X + k, 0), plain(X + k, 0))


def test_generators_and_coroutines_run_as_they_are():
    def f(x):
        yield x * 2
        yield x * 3
    g = mg.unroll(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(5):
            assert_same(list(g(X + k)), [(X + k) * 2, (X + k) * 3])


def test_two_backwards_and_losses_by_example():
    w = mg.tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)

    def f(x):
        h = mg.tanh(mg.matmul(x, w.T))
        h.sum().backward(retain_graph=True)
        first = w.grad.numpy() * 1
        (h * h).mean(axis=1)[1].backward()
        return first, w.grad.numpy() * 1, h.T.numpy() * 1, (h.detach() ** 2).mean(axis=1)
    g = alike(f, (X * 0.1,), (X * 0.2,), (X * 0.3,))
    assert g.reason is None or "asked for" in g.reason


def test_edits_that_overlap_what_they_read():
    def f(x):
        y = x @ x.T
        y += y.T
        z = np.concatenate([y, y])
        z[1:] = z[:-1]
        np.add(z[::-1], z, out=z)
        np.multiply(z[:, :1], z, out=z)
        return y, z, z.T @ z
    g = alike(f, (X,), (X + 1,), (X * 3,))
    assert g.program is not None, g.reason


def test_settings_of_errors_are_those_of_the_call():
    def f(x):
        return 1 / x
    g = settle(mg.unroll(f), (X + 1,))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        g(X)
    with np.errstate(divide="ignore"):
        assert_same(g(X), f(X))


def test_weights_of_another_type_and_shape():
    w = mg.tensor([1.0, 2, 3], requires_grad=True)
    f = mg.no_grad()(mg.value_and_grad(lambda x: (x * w).sum()))
    g = settle(mg.unroll(f), (X,))
    for other in (np.ones(3, np.float32), np.ones((2, 3)), np.ones(1)):
        w.data = other
        for _ in range(4):
            assert_same(g(X), f(X))


def test_dropout_on_and_off_and_a_layer_put_in_the_place_of_another():
    model = mg.keras.Sequential([mg.layers.Dense(4), mg.layers.Dropout(0.5), mg.layers.Dense(2)])
    model.build((None, 3))

    def f(x, training):
        return model(x, training=training).numpy()
    with mg.no_grad():
        g, x = mg.unroll(f), mg.tensor(X.astype(np.float32))

        def same():
            for i in range(4):
                for training in (True, False):
                    mg.seed(i)
                    a = g(x, training)
                    mg.seed(i)
                    assert_same(a, f(x, training))
        same()
        model.layers[1].rate = 0.0
        same()
        model.pop()
        same()
        model.add(mg.layers.Dense(5))
        same()


def test_another_thread_computes_with_the_weights_while_they_are_recorded():
    w = mg.tensor(np.ones((64, 64)), requires_grad=True)
    f = mg.no_grad()(mg.value_and_grad(lambda x: (mg.tanh(x @ w) ** 2).sum()))
    expected, wrong, stop = f(np.ones((4, 64))), [], threading.Event()

    def other():
        while not stop.is_set():
            try:
                assert_same(f(np.ones((4, 64))), expected)
            except Exception as error:
                wrong.append(error)
    thread = threading.Thread(target=other)
    thread.start()
    try:
        for i in range(20):
            g = mg.unroll(lambda x, i=i: f(x))
            for _ in range(4):
                assert_same(g(np.ones((4, 64))), expected)
    finally:
        stop.set()
        thread.join()
    assert not wrong


def test_a_result_and_a_weight_die_before_the_next_call():
    """Memory that is given back is given out again: by an address alone nothing is known."""
    g = settle(mg.unroll(lambda x: np.exp(x) * 2), (X,))
    for k in range(5):
        y = X + k
        expected = np.exp(y) * 2
        found = g(y)
        del y
        gc.collect()
        assert_same(found, expected)
        del found


def test_a_function_that_is_unrolled_anew_in_each_turn_of_a_loop_is_noticed():
    with pytest.warns(UserWarning, match="anew"):
        for k in range(60):
            mg.unroll(lambda x, k=k: x * k)(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(60):
            settle(mg.unroll(lambda x, k=k: x * k), (X,))


def test_what_is_equal_but_another_kind_of_number():
    number = SimpleNamespace(value=1)

    def f(x):
        return x * number.value, np.full(2, number.value)
    g = mg.unroll(f)
    for value in (1, 1.0, True, np.float32(1), np.int64(1), -0.0, 0.0, 0, False):
        number.value = value
        for _ in range(4):
            assert_same(g(X.astype(np.float32)), f(X.astype(np.float32)))


def test_devices_are_flags(monkeypatch):
    """Elsewhere by default: not the program of here.  (No GPU is needed to ask.)"""
    from minigrad.engine import unroll
    place = SimpleNamespace(name="cpu")
    monkeypatch.setattr(unroll, "FLAGS", [*unroll.FLAGS, lambda: place.name])
    calls = []

    def f(x):
        calls.append(place.name)
        return x * 2
    g = mg.unroll(lambda x: np.exp(x))
    settle(g, (X,))
    first = g.program
    place.name = "gpu"
    assert_same(g(X), np.exp(X))
    assert len(g.cases) == 2 and not g.last.programs
    place.name = "cpu"
    g(X)
    assert g.program is first


def norm(x):
    return np.linalg.norm(x)


def mean(mean):
    return mg.mean(mean ** 2)


def _(x):
    return np.exp(x) + x.sum()


@pytest.mark.parametrize("f", [np.tanh, mg.softmax, np.linalg.norm, norm, mean, _], ids=lambda f: f.__name__)
def test_a_function_may_be_called_as_what_it_calls(f, tmp_path):
    """Its name in the program is nobody else's; alone too."""
    x, g = np.arange(6.0).reshape(2, 3), mg.unroll(f)
    for k in range(4):
        assert_same(g(x + k), f(x + k))
    assert g.program is not None, g.reason
    g.save(tmp_path / "alone.py")
    name = re.findall(r"^def (\w+)", g.source, re.M)[-1]
    assert_same(runpy.run_path(tmp_path / "alone.py")[name](x), (np.asarray(f(x)),))
