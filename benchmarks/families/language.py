"""A small GPT: one training step, forward, backward and AdamW, and the memory that training takes.

(B, T, C) = (16, 64, 128), 4 layers of 4 heads, 65 tokens: 818k parameters, as for learning Shakespeare by character.
"""
import functools
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .. import floor, peers
from ..workload import ROOT, Workload


def problem(toy):
    """Random tokens (what they say takes no time) and first weights: normal (deviation 0.02), zeros and ones."""
    b, t, c, layers, heads, vocab = (2, 8, 16, 1, 2, 13) if toy else (16, 64, 128, 4, 4, 65)
    rng = np.random.default_rng(0)
    tokens = rng.integers(vocab, size=(3, b, t + 1))
    norm, linear = {"g": [0], "b": [0]}, {"w": [0, 1], "b": [1]}     # each array's lengths, of those in the next lines
    block = {"ln1": (norm, c), "qkv": (linear, c, 3 * c), "proj": (linear, c, c),
             "ln2": (norm, c), "up": (linear, c, 4 * c), "down": (linear, 4 * c, c)}
    shapes = {"wte": (vocab, c), "wpe": (t, c)}
    for name, (arrays, *lengths) in ({f"{i}.{n}": spec for i in range(layers) for n, spec in block.items()}
                                     | {"lnf": (norm, c)}).items():
        shapes |= {f"{name}.{a}": tuple(lengths[j] for j in axes) for a, axes in arrays.items()}
    shapes["head"] = (c, vocab)
    first = {"g": np.ones, "b": np.zeros}
    weights = {name: first[name[-1]](shape, np.float32) if name[-2:] in (".g", ".b") else
               rng.standard_normal(shape, np.float32) * np.float32(0.02) for name, shape in shapes.items()}
    return SimpleNamespace(batches=[(x[:, :-1], x[:, 1:]) for x in tokens], weights=weights, layers=layers, heads=heads,
                           count=3, lr=1e-3, decay=0.1)


def gpt(w, tokens, layers, heads):
    """Logits (B, T, V) from tokens (B, T) and a dict of Tensors."""
    import minigrad as mg
    b, t = tokens.shape
    x = mg.embedding(w["wte"], tokens) + w["wpe"]                               # (B, T, C)
    for i in range(layers):
        h = mg.layer_norm(x, w[f"{i}.ln1.g"], w[f"{i}.ln1.b"])
        q, k, v = (mg.linear(h, w[f"{i}.{a}.w"], w[f"{i}.{a}.b"]).reshape(b, t, heads, -1).swapaxes(1, 2)
                   for a in "qkv")
        y = mg.attention(q, k, v, causal=True).swapaxes(1, 2).reshape(x.shape)  # (B, H, T, C/H) to (B, T, C)
        x = x + mg.linear(y, w[f"{i}.proj.w"], w[f"{i}.proj.b"])
        h = mg.layer_norm(x, w[f"{i}.ln2.g"], w[f"{i}.ln2.b"])
        h = mg.gelu(mg.linear(h, w[f"{i}.up.w"], w[f"{i}.up.b"]))               # (B, T, 4C)
        x = x + mg.linear(h, w[f"{i}.down.w"], w[f"{i}.down.b"])
    return mg.layer_norm(x, w["lnf.g"], w["lnf.b"]) @ w["head"]


def minigrad(p, unrolled=False):
    import minigrad as mg
    from minigrad import optimizers
    arrays = p.weights | {name.replace("qkv", letter): part for name, array in p.weights.items() if "qkv" in name
                          for letter, part in zip("qkv", np.split(array, 3, axis=-1))}      # as three weights
    w = {name: mg.tensor(array, requires_grad=True) for name, array in arrays.items() if "qkv" not in name}
    optimizer, weights = optimizers.AdamW(p.lr, weight_decay=p.decay, epsilon=floor.EPSILON), list(w.values())

    def step(tokens, targets):
        loss = mg.sparse_softmax_cross_entropy(gpt(w, tokens, p.layers, p.heads), targets).mean()
        loss.backward()
        optimizer.step(weights)
        return loss
    return floor.pass_over(mg.unroll(step) if unrolled else step, p.batches)


# -- memory ----------------------------------------------------------------------------------------------------------
def peak():
    """Megabytes: the largest resident set of this process so far."""
    try:                                        # getrusage's maximum begins with that of the process that started this
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    except (OSError, StopIteration):
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def peak_memory(name):
    """The peak memory of a process that trains the GPT with one contender."""
    def make(p):
        if importlib.util.find_spec(name.split()[0]) is None:
            raise ModuleNotFoundError(name)
        program = ("from benchmarks.families.language import CONTENDERS, peak, problem; "
                   f"step = CONTENDERS[{name!r}](problem({p.toy})); [step() for _ in range(3)]; print(peak())")
        return lambda: float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT).split()[-1])
    return make


CONTENDERS = {"minigrad": minigrad, "numpy": floor.gpt, "torch": peers.torch_gpt(),
              "torch fused": peers.torch_gpt(fused=True), "jax": peers.jax_gpt}
WORKLOADS = [
    Workload("gpt", "a step of a GPT of 818k parameters: B 16, T 64, C 128, 4 layers, 4 heads, AdamW", problem,
             CONTENDERS, targets={1: {"torch fused": 0.95}, 2: {"torch fused": 1.1}}, unit="step"),
    Workload("gpt-unrolled", "the same step of the GPT by mg.unroll", problem,
             {"minigrad": functools.partial(minigrad, unrolled=True), "numpy": floor.gpt,
              "torch fused": peers.torch_gpt(fused=True)}, targets={1: {"torch fused": 0.9}, 2: {"torch fused": 1.0}},
             unit="step"),
    Workload("memory", "peak memory of a process that trains this GPT", lambda toy: SimpleNamespace(toy=toy),
             {name: peak_memory(name) for name in ("minigrad", "numpy", "torch fused", "jax")},
             targets={1: {"torch fused": 1.0}}, unit="MB", measured=True),
]
