"""Functions of other frameworks as operations that check_op can check.

    mg.testing.check_op(MyFunction)         a torch.autograd.Function
    mg.testing.check_op(f)                  a jax.custom_vjp, a primitive of autograd, or a function that
                                            uses torch, jax.numpy or autograd.numpy

A framework must say four things: how arrays enter and leave it, how to join several results to one, and what the
pullback of a function is, (g, *inputs) -> gradients, as a function of its own, so that it can be differentiated again.
"""
import inspect
import math
import sys

import numpy as np

from ..engine.op import Op
from ..engine.tensor import Tensor


class Torch:
    """Functions of torch tensors; which integers it takes as indices is torch's choice."""
    highest_order, left_out = 2, ("python_numbers", "whole_indices")

    def enter(self, x):
        import torch
        return torch.from_numpy(np.array(x, order="C"))

    def leave(self, y):
        return y.detach().numpy()

    def join(self, ys):
        import torch
        return torch.cat([y.reshape(-1) for y in ys])

    def pullback(self, f):
        import torch

        def back(g, *xs):
            with torch.enable_grad():
                xs = [x.view_as(x) if x.requires_grad else x.detach().requires_grad_(x.is_floating_point()) for x in xs]
                real, y = [x for x in xs if x.requires_grad], f(*xs)
                found = torch.autograd.grad(y, real, g, create_graph=True, allow_unused=True) if y.requires_grad else ()
                found = [torch.zeros_like(x) if d is None else d for x, d in zip(real, found or [None] * len(real))]
            rest = iter(found)
            return [next(rest) if x.requires_grad else None for x in xs]
        return back


class Jax:
    """Functions of JAX arrays, in double precision where the inputs are."""
    highest_order, left_out = 2, ("python_numbers",)

    def enter(self, x):
        import jax
        jax.config.update("jax_enable_x64", True)
        return jax.numpy.asarray(x)

    leave = staticmethod(np.array)

    def join(self, ys):
        import jax.numpy
        return jax.numpy.concatenate([y.reshape(-1) for y in ys])

    def pullback(self, f):
        import jax
        return lambda g, *xs: [d if np.dtype(x.dtype).kind == "f" else None
                               for d, x in zip(jax.vjp(f, *xs)[1](g), xs)]


class Autograd:
    """Functions and primitives of HIPS autograd."""
    highest_order, left_out = 2, ("python_numbers",)
    enter = staticmethod(np.asarray)
    leave = staticmethod(np.asarray)

    def join(self, ys):
        import autograd.numpy
        return autograd.numpy.concatenate([autograd.numpy.ravel(y) for y in ys])

    def pullback(self, f):
        import autograd
        return lambda g, *xs: [autograd.make_vjp(f, k)(*xs)[0](g) if autograd.numpy.array(x).dtype.kind == "f" else None
                               for k, x in enumerate(xs)]


# -- a foreign function as an op -------------------------------------------------------------------------------------
def foreign(framework, f, name, signature, module):
    """An Op whose forward and rule are a framework's; signature: its inputs, and its params with their defaults."""
    inputs = [p.name for p in signature if p.default is p.empty]
    params = {p.name: p.default for p in signature if p.default is not p.empty}

    sizes = []                              # of several results, which are joined to one

    def single(xs, values):
        ys = f(*xs, *(values.get(n, d) for n, d in params.items()))
        several = isinstance(ys, (tuple, list))
        sizes[:] = [math.prod(np.shape(y)) for y in ys] if several else []
        return framework.join(ys) if several else ys

    def forward(xs, values):
        return np.asarray(framework.leave(single([framework.enter(x) for x in xs], values)))

    def rule(g, y, *xs, **values):
        back = framework.pullback(lambda *inputs: single(inputs, values))
        if any(isinstance(x, Tensor) for x in (g, *xs)):
            return recorded(back, g, xs)
        found = back(*(framework.enter(x) for x in (g, *xs)))
        found = found if isinstance(found, (tuple, list)) else [found]
        found = [None if d is None else np.asarray(framework.leave(d)) for d in found]
        return found if len(inputs) > 1 else found[0]

    def recorded(back, g, xs):
        """The rule as an op of its own, so that it can be differentiated; its results in one vector, cut again."""
        shapes = [np.shape(x) if x.dtype.kind == "f" else None for x in xs]
        every = foreign(framework, lambda *inputs: [d for d in back(*inputs) if d is not None], f"gradient of {name}",
                        [inspect.Parameter("g", inspect.Parameter.POSITIONAL_ONLY),
                         *(p for p in signature if p.default is p.empty)], module)(g, *xs)
        found, start = [], 0
        for shape in shapes:
            size = 0 if shape is None else int(np.prod(shape))
            found.append(None if shape is None else every[start:start + size].reshape(shape))
            start += size
        return found if len(inputs) > 1 else found[0]

    named = "".join(f"{n}, " for n in inputs) + "/" + "".join(f", {n}=_defaults[{n!r}]" for n in params)
    call = eval(f"lambda {named}: _forward([{', '.join(inputs)}], dict({', '.join(f'{n}={n}' for n in params)}))",
                {"_forward": forward, "_defaults": params})
    op = Op(call, rule, name=name)
    op.sizes, op.__module__, op.framework = sizes, module, framework
    op.result = lambda k: foreign(framework, lambda *given: f(*given)[k], f"result {k} of {name}", signature, module)
    op.highest_order, op.left_out = framework.highest_order, framework.left_out
    return op


def adapted(target):
    """An Op for what check_op is given; TypeError where it is none, nor can be made one."""
    if isinstance(target, Op):
        return target
    kind = framework_of(target)
    name = getattr(target, "__name__", type(target).__name__)
    if kind is None:
        raise TypeError(f"check_op: {name} is a {type(target).__name__}, not an operation: declare one with "
                        "@mg.op(vjp=...); or use check_gradients(f, *inputs) for a function made of minigrad's "
                        "operations, check_vjp(f, vjp, *inputs) for plain NumPy")
    f, signature, once = target, signature_of(getattr(target, "forward", home(target))), False
    if isinstance(target, type):            # a torch.autograd.Function
        written = sys.modules["torch"].autograd.Function
        f, signature = target.apply, signature[target.setup_context is written.setup_context:]
        once = getattr(target.backward, "__globals__", {}).get("__name__") == "torch.autograd.function"
    op = foreign(kind(), f, name, signature, home(target).__module__)
    for fact in ("domain", "shapes", "cases", "reference"):         # as an Op declares them
        setattr(op, fact, getattr(target, fact, getattr(op, fact)))
    op.elementwise = op.shapes is None
    if once:                                # marked with once_differentiable
        op.highest_order = 1
    return op


def signature_of(f):
    arguments = inspect.signature(f).parameters.values()
    return [p for p in arguments if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def framework_of(target):
    """The framework of a function, by what it is, or by the modules that it uses; None: none that is known."""
    torch = sys.modules.get("torch")
    if torch and isinstance(target, type) and issubclass(target, torch.autograd.Function):
        return Torch
    if type(target).__module__.startswith("jax.") or type(target).__module__.startswith("jaxlib."):
        return Jax
    if getattr(target, "_is_autograd_primitive", False):
        return Autograd
    if not inspect.isfunction(target):
        return None
    used = inspect.getclosurevars(target)
    values = [*used.globals.values(), *used.nonlocals.values()]
    roots = {(getattr(v, "__name__" if inspect.ismodule(v) else "__module__", None) or "").partition(".")[0]
             for v in values}
    known = {"jax": Jax, "autograd": Autograd, "torch": Torch}
    return next((known[root] for root in known if root in roots), None)


def home(target):
    """Where a function of a framework is written: of a primitive of autograd or a custom_vjp, what it wraps."""
    return getattr(target, "fun", target)
