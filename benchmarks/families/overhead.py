"""What the engine itself costs: one op on a tiny array, and the import."""
import subprocess
import sys
from types import SimpleNamespace

import numpy as np

from .. import floor, peers
from ..workload import ROOT, Workload


# -- one op ----------------------------------------------------------------------------------------------------------
def chain_problem(toy):
    rng = np.random.default_rng(0)
    layers = 2 if toy else 33
    return SimpleNamespace(x=rng.standard_normal(4), w=rng.uniform(0.5, 1.5, 4), b=rng.standard_normal(4),
                           layers=layers, count=3 * layers)


def chain_minigrad(p):
    import minigrad as mg
    x, ones = mg.tensor(p.x, requires_grad=True), np.ones(4)

    def step():
        y = floor.chain(mg.tanh, x, p.w, p.b, p.layers)
        y.backward(ones)
        return y, x.grad
    return step


# -- the import ------------------------------------------------------------------------------------------------------
def importing(module):
    """Milliseconds that a fresh interpreter spends in `import module`."""
    program = f"import time; start = time.perf_counter(); import {module}; print(1e3 * (time.perf_counter() - start))"
    return lambda problem: lambda: float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT))


WORKLOADS = [
    Workload("op", "one op on (4,) arrays, forward and backward; the floor is NumPy's forward alone", chain_problem,
             {"minigrad": chain_minigrad, "numpy": floor.chain_of_ops, "torch": peers.torch_chain,
              "autograd": peers.autograd_chain, "mygrad": peers.mygrad_chain, "dezero": peers.dezero_chain},
             targets={1: {"numpy": 13, "autograd": 0.5}}, unit="op"),
    Workload("import", "import minigrad, in a fresh interpreter; the floor is import numpy", lambda toy: None,
             {"minigrad": importing("minigrad"), "numpy": importing("numpy"), "torch": importing("torch"),
              "jax": importing("jax"), "autograd": importing("autograd.numpy"), "mygrad": importing("mygrad")},
             targets={1: {"numpy": 1.5}}, unit="ms", measured=True),
]
