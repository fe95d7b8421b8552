"""What went wrong elsewhere, and more: a stale program, a result that changes later, an edit that is lost."""
import warnings

import numpy as np
import pytest

import minigrad as mg

from .same import assert_same, settle

X, Y = np.arange(6.0).reshape(2, 3), np.ones((2, 3))


def test_results_are_never_overwritten():
    g = settle(mg.unroll(lambda x: (x * 2, x.T)), (X,))
    kept, (later, view) = g(X), g(X + 1)
    assert_same(kept, (X * 2, X.T))
    assert_same((later, view), ((X + 1) * 2, (X + 1).T))
    later[...] = 0
    assert_same(g(X), (X * 2, X.T))


def test_a_result_fed_back_then_a_fresh_input():
    g = settle(mg.unroll(lambda x: x * 2 + 1), (X,))
    y = g(X)
    for _ in range(3):
        expected = y * 2 + 1
        y = g(y)
        assert_same(y, expected)
    assert_same(g(X), X * 2 + 1)


def test_two_results_of_one_intermediate_and_a_result_that_is_an_argument():
    def f(x):
        h = np.exp(x)
        return h, h.T, h[0], x, h
    g = settle(mg.unroll(f), (X,))
    results = g(X)
    results[0][...] = 7
    assert_same(results[1:], f(X)[1:])


def test_the_same_array_twice_and_views_of_one_base():
    base = np.arange(8.0)
    g = settle(mg.unroll(lambda a, b: a * b - a), (base[:4], base[2:6]))
    for a, b in ((base[:4], base[2:6]), (base[1:5], base[1:5]), (base[:4], base[:4]), (X[0, :], X[0, :])):
        assert_same(g(a, b), a * b - a)


def test_an_argument_that_is_closed_over_as_well():
    w = np.arange(3.0)
    g = mg.unroll(lambda x: x * w + w)
    for x in (w, w, w, X, X, X, X, w):
        assert_same(g(x), x * w + w)
    settle(g, (w + 2,))
    assert_same(g(w), w * w + w)
    assert_same(g(w + 1), (w + 1) * w + w)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda x: x[::-1, ::2], lambda x: np.broadcast_to(x[0], (2, 3)),
                                  lambda x: np.repeat(x, 2, axis=1)[:, ::2], lambda x: x[:, :0], lambda x: x[0, 0]])
def test_layouts_of_arguments(make):
    x = make(X)
    if isinstance(x, np.ndarray):
        x.flags.writeable = False
    f = mg.value_and_grad(lambda a: (a @ a.T if a.ndim == 2 else a * a).sum())
    g = mg.unroll(f)
    for _ in range(5):
        assert_same(g(x), f(x))


def test_an_argument_edited_in_place():
    def step(params, x):
        gradient = mg.grad(lambda w: ((x * w) ** 2).sum())(params["w"])
        params["w"] -= 0.1 * gradient
        return gradient
    ours, theirs = {"w": np.ones(3)}, {"w": np.ones(3)}
    g = mg.unroll(step)
    for _ in range(7):
        assert_same(g(ours, X), step(theirs, X))
        assert_same(ours, theirs)
    assert ours["w"][1] != 1


def test_an_edited_argument_that_overlaps_another():
    def f(a, b):
        a += 1
        return a * b
    g = mg.unroll(f)
    for _ in range(5):
        g(np.ones(3), np.ones(3))
    a, b = np.ones(4), np.ones(4)
    assert_same(g(a[:3], a[1:]), f(b[:3], b[1:]))
    assert_same(a, b)


def test_numbers_of_closures_attributes_globals_defaults_and_lists():
    class Scale:
        factor = 2.0

        def __init__(self):
            self.offset, self.list, self.dict = 1, [1.0, 2.0], {"a": 3.0}

        def __call__(self, x, more=[1.0]):       # noqa: B006
            return x * self.factor + self.offset * number + self.list[1] + self.dict["a"] + GLOBAL * more[0]
    number, scale = 5.0, Scale()
    global GLOBAL
    GLOBAL = 1.0

    def f(x):
        return scale(x) * (2 if flag else 3)
    flag, g = True, None
    g = settle(mg.unroll(f), (X,))

    def changed():
        for _ in range(5):
            assert_same(g(X), f(X))
        assert g.reason is None, g.reason
    number = 6.0
    changed()
    scale.offset = 2
    changed()
    scale.offset = 2.0
    changed()
    scale.list[1] = 7.0
    changed()
    scale.list.append(0)
    changed()
    scale.dict = {"a": 4.0}
    changed()
    Scale.factor = 3.0
    changed()
    GLOBAL = 9.0
    changed()
    Scale.__call__.__defaults__[0][0] = 4.0
    changed()
    flag = False
    changed()
    number = -0.0
    changed()


def test_arrays_of_lists_and_dicts_replaced_and_edited():
    table, rows = {"a": np.ones(3)}, [np.ones(3), np.zeros(3)]

    def f(x):
        return x * table["a"] + rows[0] * np.exp(rows[1])
    g = settle(mg.unroll(f), (X,))
    for change in (lambda: table.update(a=np.arange(3.0)), lambda: rows.__setitem__(1, np.ones(3)),
                   lambda: rows[0].__imul__(3), lambda: table["a"].__iadd__(1), lambda: rows.reverse()):
        change()
        for _ in range(4):
            assert_same(g(X), f(X))


def test_a_counter_in_a_closure_is_never_frozen():
    def make():
        count = 0

        def f(x):
            nonlocal count
            count += 1
            return x * count
        return f
    f, g = make(), mg.unroll(make())
    with pytest.warns(UserWarning, match="changes what it reads"):
        for _ in range(8):
            assert_same(g(X), f(X))


def test_side_effects_happen_in_each_call():
    log, g = [], None
    g = mg.unroll(lambda x: (log.append(1), x * 2)[1])
    with pytest.warns(UserWarning):
        for _ in range(6):
            g(X)
    assert len(log) == 6


@pytest.mark.parametrize("look", [lambda y: float(y.sum()), lambda y: y.sum().item(), lambda y: y.tolist() and 1,
                                  lambda y: len(str(y)), lambda y: y[y > 1].sum(), lambda y: len(np.unique(y)),
                                  lambda y: int(y[0, 0]), lambda y: [1, 2, 3][y.argmax() % 2], lambda y: np.asarray(y),
                                  lambda y: memoryview(np.ascontiguousarray(y))[0, 0]])
def test_looking_at_values(look):
    def f(x):
        return x * look(np.exp(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        g = mg.unroll(f)
        for x in (X, X, X, X, X[::-1] * 0.5, X + 1, X):
            assert_same(g(x), f(x))


def test_a_value_that_is_asked_for_names_the_line():
    g = mg.unroll(lambda x: x * float(x.sum()))
    with pytest.warns(UserWarning, match=r"test_pitfalls.py:\d+"):
        for _ in range(4):
            g(X)


def test_branches_on_values():
    def f(x):
        y = x * 2 if x.sum() > 0 else x * 3
        return y + 1 if (y > 4).any() else y - 1
    g = settle(mg.unroll(f), (X,))
    for x in (X, -X, X * 0.1, -X, X, -X * 0.1, X * 0.1, -X, X):
        assert_same(g(x), f(x))
    assert g.reason is None


def test_an_edit_before_a_branch_is_done_once():
    total = np.zeros(3)

    def f(x):
        total[...] += x.sum(axis=0)
        return x * 2 if total.sum() < 100 else x * 3
    g = mg.unroll(f)
    for i in range(20):
        result = g(X)
        assert total.sum() == (i + 1) * X.sum()
        assert_same(result, X * 2 if total.sum() < 100 else X * 3)


@pytest.mark.parametrize("draw", ["minigrad", "numpy", "generator", "python"])
def test_random_numbers_go_on(draw):
    import random
    rng = np.random.default_rng(0)
    f = {"minigrad": lambda x: mg.dropout(x, 0.5),
         "numpy": lambda x: x * np.random.rand(), "generator": lambda x: x * rng.random(),
         "python": lambda x: x * random.random()}[draw]

    def seed():
        nonlocal rng
        mg.seed(3), np.random.seed(3), random.seed(3)
        rng.bit_generator.state = np.random.default_rng(3).bit_generator.state
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seed()
        expected = [f(X) for _ in range(10)]
        seed()
        g = mg.unroll(f)
        for y in expected:
            assert_same(g(X), y)
        mg.seed(5)
        a = f(X)
        mg.seed(5)
        if draw == "minigrad":
            assert_same(g(X), a)
            assert g.program is not None


def test_shapes_and_types_have_programs_of_their_own():
    def f(x):
        return (x * x).sum(axis=0) / len(x)
    g = mg.unroll(f)
    for _ in range(4):
        for x in (X, X[:1], X.astype(np.float32), X.astype(int), X[:, :2], mg.tensor(X)):
            assert_same(g(x), f(x))
    assert g.reason is None and len(g.cases) <= 8


def test_a_python_number_as_argument():
    g = mg.unroll(lambda x, a, flag=True: x * a if flag else x)
    for _ in range(4):
        for a in (1, 1.0, True, 2, 0.0, -0.0):
            assert_same(g(X, a), X * a)
            assert_same(g(X, a=a), X * a)
            assert_same(g(X, a, flag=False), X)


def test_inside_each_other_and_gradients():
    inner = mg.unroll(lambda x: x * x)
    outer = mg.unroll(lambda x: inner(x) + 1)
    cubed = mg.unroll(lambda x: (x ** 3).sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(5):
            assert_same(outer(X), X * X + 1)
            assert_same(mg.grad(cubed)(X), 3 * X ** 2)
            assert_same(mg.grad(mg.grad(lambda x: x ** 3))(2.0), np.asarray(12.0))
    slope = settle(mg.unroll(mg.grad(lambda x: cubed(x))), (X,))
    assert_same(slope(X + 1), mg.grad(lambda x: (x ** 3).sum())(X + 1))


def test_a_result_with_a_tape_keeps_it():
    w = mg.tensor([1.0, 2, 3], requires_grad=True)
    g = mg.unroll(lambda x: (x * w).sum())
    with pytest.warns(UserWarning, match="tape"):
        for _ in range(5):
            g(X).backward()
            assert_same(w.grad, X.sum(axis=0))


def test_weights_stay_live():
    w = mg.tensor([1.0, 2, 3], requires_grad=True)
    f = mg.value_and_grad(lambda x: (x * w * w).sum())
    with mg.no_grad():
        g = settle(mg.unroll(f), (X,))
        w._data += 1
        assert_same(g(X), f(X))
        w.data = np.arange(3.0)
        for _ in range(4):
            assert_same(g(X), f(X))


def test_backward_leaves_grad_on_leaves():
    w, v = (mg.tensor([1.0, 2, 3], requires_grad=True) for _ in range(2))

    def step(w, x):
        loss = (x * w * w).sum()
        loss.backward()
        return loss.detach()
    g = mg.unroll(lambda x: step(w, x))
    kept = []
    for i in range(7):
        assert_same(g(X + i), step(v, X + i))
        assert_same(w.grad, v.grad)
        kept.append((w.grad, v.grad.numpy().copy()))
    assert g.program is not None, g.reason
    assert all((a.numpy() == b).all() for a, b in kept)


def test_flags():
    layer = mg.layers.Dropout(0.5)
    w = mg.tensor(2.0, requires_grad=True)

    def f(x):
        return layer(mg.tensor(x), training=False).numpy() * (2 if (w * 1).requires_grad else 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        g = mg.unroll(f)
        for _ in range(5):
            assert_same(g(X), f(X))
            with mg.no_grad():
                assert_same(g(X), f(X))


def test_a_lambda_made_anew_is_a_function_of_its_own():
    for k in range(6):
        assert_same(mg.unroll(lambda x, k=k: x * k)(X), X * k)


def test_a_method_of_two_instances():
    class Scale:
        def __init__(self, a):
            self.a = a

        def apply(self, x):
            return x * self.a

        fast = None
    one, two = Scale(1.0), Scale(2.0)
    Scale.fast = mg.unroll(Scale.apply)
    for _ in range(5):
        assert_same(Scale.fast(one, X), X)
        assert_same(Scale.fast(two, X), X * 2)


def test_warnings_settings_are_kept():
    def f(x):
        with np.errstate(divide="ignore"):
            return np.log(x * 0)
    g = settle(mg.unroll(f), (X,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(g(X), f(X))


def test_errors_come_as_they_do_without():
    table = np.eye(3)

    def f(i):
        return mg.embedding(table, i)
    g = settle(mg.unroll(f), (np.array([0, 1]),))
    with pytest.raises(IndexError, match="indices"):
        g(np.array([0, 7]))
    assert_same(g(np.array([2, 1])), table[[2, 1]])


def test_threads_share_an_unrolled_function():
    from concurrent.futures import ThreadPoolExecutor
    g = settle(mg.unroll(lambda x: np.exp(x) * 2 + x), (X,))
    with ThreadPoolExecutor(4) as pool:
        for x, y in zip([X + i for i in range(40)], pool.map(g, [X + i for i in range(40)])):
            assert_same(y, np.exp(x) * 2 + x)


def test_a_single_number_is_no_array():
    def f(x):
        y = x.sum()
        return x * (2 if isinstance(y, np.ndarray) else 3 if isinstance(y, np.floating) else 4)
    assert_same(settle(mg.unroll(f), (X,))(X), X * 3)
