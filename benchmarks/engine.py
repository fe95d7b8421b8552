"""What the engine itself costs: one op on a tiny array, and the import."""
import subprocess
import sys
from types import SimpleNamespace

import numpy as np

from .harness import ROOT, Workload


# -- one op ----------------------------------------------------------------------------------------------------------
def chain_problem(toy):
    rng = np.random.default_rng(0)
    layers = 2 if toy else 33
    return SimpleNamespace(x=rng.standard_normal(4), w=rng.uniform(0.5, 1.5, 4), b=rng.standard_normal(4),
                           layers=layers, count=3 * layers)


def chain(tanh, x, w, b, layers):
    """tanh(... tanh(x w + b) w + b ...): three ops a layer."""
    for _ in range(layers):
        x = tanh(x * w + b)
    return x


def chain_minigrad(p):
    import minigrad as mg
    x, ones = mg.tensor(p.x, requires_grad=True), np.ones(4)

    def step():
        y = chain(mg.tanh, x, p.w, p.b, p.layers)
        y.backward(ones)
        return y, x.grad
    return step


def chain_numpy(p):
    return lambda: chain(np.tanh, p.x, p.w, p.b, p.layers)


def chain_torch(p):
    import torch
    x, w, b = map(torch.tensor, (p.x, p.w, p.b))
    x, ones = x.requires_grad_(), torch.ones(4, dtype=torch.float64)

    def step():
        y = chain(torch.tanh, x, w, b, p.layers)
        dx, = torch.autograd.grad(y, x, ones)
        return y.detach(), dx
    return step


def chain_autograd(p):
    import autograd
    import autograd.numpy as anp
    ones, pullback = np.ones(4), autograd.make_vjp(lambda x: chain(anp.tanh, x, p.w, p.b, p.layers))

    def step():
        vjp, y = pullback(p.x)
        return y, vjp(ones)
    return step


def chain_mygrad(p):
    import mygrad
    x, ones = mygrad.tensor(p.x), np.ones(4)

    def step():
        y = chain(mygrad.tanh, x, p.w, p.b, p.layers)
        y.backward(ones)
        return y.data, x.grad
    return step


def import_dezero():
    np.int = int                                # DeZero 0.0.13 asks for this old alias, which NumPy 1.24 dropped
    import dezero
    import dezero.functions
    return dezero


def chain_dezero(p):
    dezero = import_dezero()
    x, ones = dezero.Variable(p.x), dezero.Variable(np.ones(4))

    def step():
        x.cleargrad()
        y = chain(dezero.functions.tanh, x, p.w, p.b, p.layers)
        y.grad = ones
        y.backward()
        return y.data, x.grad.data
    return step




# -- the import ------------------------------------------------------------------------------------------------------
def importing(module):
    """Milliseconds that a fresh interpreter spends in `import module`."""
    program = f"import time; start = time.perf_counter(); import {module}; print(1e3 * (time.perf_counter() - start))"
    return lambda problem: lambda: float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT))


WORKLOADS = [
    Workload("op", "one op on (4,) arrays, forward and backward; the floor is NumPy's forward alone", chain_problem,
             {"minigrad": chain_minigrad, "numpy": chain_numpy, "torch": chain_torch, "autograd": chain_autograd,
              "mygrad": chain_mygrad, "dezero": chain_dezero},
             targets={1: {"numpy": 13, "autograd": 0.5}}, unit="op"),
    Workload("import", "import minigrad, in a fresh interpreter; the floor is import numpy", lambda toy: None,
             {"minigrad": importing("minigrad"), "numpy": importing("numpy"), "torch": importing("torch"),
              "jax": importing("jax"), "autograd": importing("autograd.numpy"), "mygrad": importing("mygrad")},
             targets={1: {"numpy": 1.5}}, unit="ms", measured=True),
]
