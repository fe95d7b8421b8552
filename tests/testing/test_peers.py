"""Beside other frameworks: their functions are checked as ours are, and their own checkers look at the gallery.

    python -m tests.testing.test_peers        the table of the README
"""
import numpy as np
import pytest

from minigrad.engine.tensor import unbroadcast
from minigrad.testing import check_op
from minigrad.testing.gallery import GALLERY
from minigrad.testing.ops.runner import run

pytestmark = pytest.mark.peers
FIRST_ORDER = {name: entry for name, entry in GALLERY.items() if not entry.second_order_only}


def drawn(entry):
    """Ordinary inputs, as a user would choose them."""
    rng = np.random.default_rng(0)
    return [rng.uniform(entry.low, entry.high, shape) for shape in entry.shapes]


def cotangents(entry, g, *xs):
    """What the entry's rules say, summed over what was broadcast."""
    rules = entry.rule if isinstance(entry.rule, tuple) else (entry.rule,)
    found = [np.asarray(rule(np.array(g), entry.forward(*xs), *xs)) for rule in rules]
    return tuple(d if d.shape == x.shape else unbroadcast(d, x.shape) for d, x in zip(found, xs))


def by_torch(entry):
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *xs):
            ctx.save_for_backward(*xs)
            return torch.from_numpy(np.array(entry.forward(*(x.numpy() for x in xs))))

        @staticmethod
        def backward(ctx, g):
            found = cotangents(entry, g.numpy(), *(x.detach().numpy() for x in ctx.saved_tensors))
            return tuple(torch.from_numpy(np.array(d)) for d in found)
    torch.autograd.gradcheck(Wrapped.apply, [torch.from_numpy(x).requires_grad_() for x in drawn(entry)])


def by_jax(entry):
    import jax
    from jax.test_util import check_grads
    jax.config.update("jax_enable_x64", True)

    def like(x):
        return jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype)

    @jax.custom_vjp
    def wrapped(*xs):
        numbers = [np.zeros(x.shape) + 0.5 for x in xs]
        shape = like(entry.forward(*numbers))
        return jax.pure_callback(lambda *a: np.asarray(entry.forward(*map(np.asarray, a))), shape, *xs)
    wrapped.defvjp(lambda *xs: (wrapped(*xs), xs), lambda xs, g: jax.pure_callback(
        lambda g, *a: cotangents(entry, g, *map(np.asarray, a)), tuple(map(like, xs)), g, *xs))
    check_grads(wrapped, tuple(drawn(entry)), order=1, modes=["rev"])


def by_autograd(entry):
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads
    wrapped = primitive(lambda *xs: entry.forward(*xs))
    defvjp(wrapped, *(lambda y, *xs, k=k: lambda g: cotangents(entry, g, *xs)[k] for k in range(len(entry.shapes))))
    for k in range(len(entry.shapes)):
        check_grads(wrapped, k, modes=["rev"], order=1)(*drawn(entry))


CHECKERS = {"torch.autograd.gradcheck": by_torch, "jax.test_util.check_grads": by_jax,
            "autograd.test_util.check_grads": by_autograd}


def finds(checker, entry):
    """Does another framework's checker object?"""
    try:
        with np.errstate(all="ignore"):
            checker(entry)
    except Exception:
        return True
    return False


def table():
    """{checker: names of the wrong rules that it finds}, of those that can be said in every framework."""
    ours = {name for name, e in FIRST_ORDER.items() if not run(e.op(name), shrink=False, explain=False).passed}
    return {"minigrad": ours} | {name: {n for n, e in FIRST_ORDER.items() if finds(checker, e)}
                                 for name, checker in CHECKERS.items()}


def test_no_other_checker_finds_what_ours_does_not():
    for module in ("torch", "jax", "autograd"):
        pytest.importorskip(module)
    found = table()
    assert not set.union(*found.values()) - found["minigrad"]


# -- functions of other frameworks -----------------------------------------------------------------------------------
def test_functions_of_torch():
    torch = pytest.importorskip("torch")
    from .cubes_in_torch import Cube, Wrong
    assert check_op(Cube, examples=15).passed
    assert check_op(lambda x: torch.sin(x) * x, examples=15).passed
    with pytest.raises(AssertionError, match="Wrong: the gradient of x(.|\n)*the factor 3 is missing"):
        check_op(Wrong, examples=5)


def test_functions_of_jax():
    pytest.importorskip("jax")
    from .cubes_in_jax import right, wrong
    one = [np.array([[0.5, -1.0, 2.0]])]
    assert check_op(right, inputs=one).passed
    with pytest.raises(AssertionError, match="the factor 3 is missing"):
        check_op(wrong, inputs=one)


def test_primitives_of_autograd():
    pytest.importorskip("autograd")
    from autograd.extend import defvjp, primitive
    right, wrong = primitive(lambda x: x * x), primitive(lambda x: x * x)
    defvjp(right, lambda y, x: lambda g: 2 * g * x)
    defvjp(wrong, lambda y, x: lambda g: -2 * g * x)
    assert check_op(right, examples=15).passed
    with pytest.raises(AssertionError, match="the sign is wrong"):
        check_op(wrong, examples=5)


def test_tuples_of_results():
    torch = pytest.importorskip("torch")

    class Parts(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x, 3 * x

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g * ctx.saved_tensors[0] + 3 * h

    class Forgetful(Parts):
        @staticmethod
        def backward(ctx, g, h):
            return 2 * g * ctx.saved_tensors[0]
    assert check_op(Parts, examples=5).passed
    with pytest.raises(AssertionError, match="Forgetful: the gradient of x"):
        check_op(Forgetful, examples=5)


if __name__ == "__main__":
    results = table()
    for checker, names in results.items():
        print(f"{checker:32} {len(names)} of {len(FIRST_ORDER)}   misses {', '.join(sorted(set(FIRST_ORDER) - names))}")
