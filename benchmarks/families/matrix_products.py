"""Products of matrices, forward and backward: Y = A B, dA = G Bᵀ, dB = Aᵀ G."""
from types import SimpleNamespace

import numpy as np

from .. import floor, peers
from ..workload import Workload


def problem(a_shape, b_shape):
    def setup(toy):
        rng = np.random.default_rng(0)
        a, b = ([min(n, 8) for n in shape] if toy else shape for shape in (a_shape, b_shape))
        scale = a[-1] ** -0.5
        a, b, g = (rng.standard_normal(shape, np.float32) for shape in (a, b, (*a[:-1], b[-1])))
        return SimpleNamespace(a=a, b=b * np.float32(scale), g=g * np.float32(scale))
    return setup


def minigrad(p):
    import minigrad as mg
    a, b = mg.tensor(p.a, requires_grad=True), mg.tensor(p.b, requires_grad=True)

    def step():
        y = a @ b
        y.backward(p.g)
        return y, a.grad, b.grad
    return step


def workload(name, a, b, targets, **more):
    about = f"{a} @ {b}, float32, forward and backward"
    return Workload(name, about, problem(a, b), {
        "minigrad": minigrad, "numpy": floor.product, "torch": peers.torch_product, "jax": peers.jax_product},
        targets, **more)


AS_FAST = 1 / 0.97                              # at least 0.97 of the speed
WORKLOADS = [
    workload("matmul-small", (32, 64), (64, 64), {1: {}}, within={"numpy": 3e-6}),
    *(workload(f"matmul-{n}", (n, n), (n, n), {1: {"numpy": AS_FAST}, 2: {"numpy": AS_FAST}})
      for n in (256, 512, 1024, 2048)),
    workload("matmul-batched", (96, 128, 32), (96, 32, 128), {1: {"torch": 1 / 0.95}, 2: {"torch": 1 / 0.95}}),
]
