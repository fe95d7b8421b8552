"""A small GPT: one training step, forward, backward and AdamW, and the memory that training takes.

(B, T, C) = (16, 64, 128), 4 layers of 4 heads, 65 tokens: 818k parameters, as for learning Shakespeare by character.
"""
import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .dense import B1, B2, EPSILON, FlatAdam, jax_adam, pass_over
from .harness import ROOT, Workload

LR, DECAY, EPS = 1e-3, 0.1, 1e-5


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
                           count=3)


# -- minigrad --------------------------------------------------------------------------------------------------------
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


def minigrad(p):
    import minigrad as mg
    from minigrad import optimizers
    arrays = p.weights | {name.replace("qkv", letter): part for name, array in p.weights.items() if "qkv" in name
                          for letter, part in zip("qkv", np.split(array, 3, axis=-1))}      # as three weights
    w = {name: mg.tensor(array, requires_grad=True) for name, array in arrays.items() if "qkv" not in name}
    optimizer, weights = optimizers.AdamW(LR, weight_decay=DECAY, epsilon=EPSILON), list(w.values())

    def step(tokens, targets):
        loss = mg.sparse_softmax_cross_entropy(gpt(w, tokens, p.layers, p.heads), targets).mean()
        loss.backward()
        optimizer.step(weights)
        return loss
    return pass_over(step, p.batches)


# -- the floor -------------------------------------------------------------------------------------------------------
def normalize(x, gamma, beta):
    """LayerNorm of the rows of x (N, C), and what its derivative needs."""
    x = x - x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("nc,nc->n", x, x)[:, None] / x.shape[1] + EPS)
    x *= scale
    return x * gamma + beta, (x, scale, gamma)


def normalize_back(g, kept, dgamma, dbeta):
    x, scale, gamma = kept
    np.einsum("nc,nc->c", g, x, out=dgamma)
    g.sum(axis=0, out=dbeta)
    g = g * gamma
    centre = g.mean(axis=1, keepdims=True)
    along = np.einsum("nc,nc->n", g, x)[:, None] / x.shape[1]
    g -= centre
    g -= x * along
    g *= scale
    return g


ROOT_2_PI = math.sqrt(2 / math.pi)


def gelu(x):
    t = x * x
    t *= 0.044715 * ROOT_2_PI
    t += ROOT_2_PI
    t *= x
    np.tanh(t, out=t)                                       # tanh(√(2/π) (x + 0.044715 x³))
    y = t + 1
    y *= x
    y *= 0.5
    return y, (x, t)


def gelu_back(g, kept):
    x, t = kept
    slope = x * x
    slope *= 3 * 0.044715 * ROOT_2_PI
    slope += ROOT_2_PI
    slope *= x
    slope *= 1 - t * t
    slope += t
    slope += 1
    slope *= g
    slope *= 0.5
    return slope


def numpy(p):
    adam = FlatAdam(list(p.weights.values()), LR, DECAY)
    w, dw = (dict(zip(p.weights, arrays)) for arrays in (adam.weights, adam.gradients))
    b, t = p.batches[0][0].shape
    c, heads = w["wte"].shape[1], p.heads
    n, d = b * t, c // heads
    future = np.triu(np.full((t, t), -np.inf, np.float32), 1)

    def linear(x, name):
        y = x @ w[f"{name}.w"]
        y += w[f"{name}.b"]
        return y

    def linear_back(g, x, name):
        np.matmul(x.T, g, out=dw[f"{name}.w"])
        g.sum(axis=0, out=dw[f"{name}.b"])
        return g @ w[f"{name}.w"].T

    def attention(qkv):
        q, k, v = np.ascontiguousarray(qkv.reshape(b, t, 3, heads, d).transpose(2, 0, 3, 1, 4))
        q *= 1 / math.sqrt(d)
        a = q @ k.swapaxes(2, 3)                            # (B, H, T, T)
        a += future
        a -= a.max(axis=3, keepdims=True)
        np.exp(a, out=a)
        a /= a.sum(axis=3, keepdims=True)
        return (a @ v).transpose(0, 2, 1, 3).reshape(n, c), (q, k, v, a)

    def attention_back(g, kept):
        q, k, v, a = kept
        g = np.ascontiguousarray(g.reshape(b, t, heads, d).transpose(0, 2, 1, 3))
        out = np.empty((3, b, heads, t, d), np.float32)
        np.matmul(a.swapaxes(2, 3), g, out=out[2])
        da = g @ v.swapaxes(2, 3)
        da -= np.einsum("bhts,bhts->bht", da, a)[..., None]
        da *= a
        np.matmul(da, k, out=out[0])
        out[0] *= 1 / math.sqrt(d)
        np.matmul(da.swapaxes(2, 3), q, out=out[1])
        return out.transpose(1, 3, 0, 2, 4).reshape(n, 3 * c)

    def step(tokens, targets):
        x, kept = (w["wte"][tokens] + w["wpe"]).reshape(n, c), []
        for i in range(p.layers):
            h1, norm1 = normalize(x, w[f"{i}.ln1.g"], w[f"{i}.ln1.b"])
            y, heads_ = attention(linear(h1, f"{i}.qkv"))
            x = x + linear(y, f"{i}.proj")
            h2, norm2 = normalize(x, w[f"{i}.ln2.g"], w[f"{i}.ln2.b"])
            h, bent = gelu(linear(h2, f"{i}.up"))
            x = x + linear(h, f"{i}.down")
            kept.append((h1, norm1, y, heads_, h2, norm2, h, bent))
        last, normf = normalize(x, w["lnf.g"], w["lnf.b"])
        z = last @ w["head"]
        z -= z.max(axis=1, keepdims=True)
        rows, labels = np.arange(n), targets.ravel()
        chosen = z[rows, labels]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        loss = (np.log(total) - chosen).mean()

        z /= total[:, None]
        z[rows, labels] -= 1
        z *= 1 / n
        np.matmul(last.T, z, out=dw["head"])
        g = normalize_back(z @ w["head"].T, normf, dw["lnf.g"], dw["lnf.b"])
        for i in reversed(range(p.layers)):
            h1, norm1, y, heads_, h2, norm2, h, bent = kept.pop()
            dh = gelu_back(linear_back(g, h, f"{i}.down"), bent)
            g = g + normalize_back(linear_back(dh, h2, f"{i}.up"), norm2, dw[f"{i}.ln2.g"], dw[f"{i}.ln2.b"])
            dh = attention_back(linear_back(g, y, f"{i}.proj"), heads_)
            g = g + normalize_back(linear_back(dh, h1, f"{i}.qkv"), norm1, dw[f"{i}.ln1.g"], dw[f"{i}.ln1.b"])
        g.reshape(b, t, c).sum(axis=0, out=dw["wpe"])
        dw["wte"][...] = 0
        np.add.at(dw["wte"], tokens.ravel(), g)
        adam.step()
        return loss
    return pass_over(step, p.batches)


# -- peers -----------------------------------------------------------------------------------------------------------
def torch_adamw(**options):
    """PyTorch, eager, with its fused attention (scaled_dot_product_attention)."""
    def make(p):
        import torch
        from torch.nn import functional as F
        w = {name: torch.tensor(a, requires_grad=True) for name, a in p.weights.items()}
        for name in [name for name in w if name.endswith(".w")]:     # as torch.nn.Linear stores them: (out, in)
            w[name] = torch.tensor(p.weights[name].T.copy(), requires_grad=True)
        adam = torch.optim.AdamW(w.values(), LR, betas=(B1, B2), eps=EPSILON, weight_decay=DECAY, **options)

        def norm(x, name):
            return F.layer_norm(x, x.shape[-1:], w[f"{name}.g"], w[f"{name}.b"], EPS)

        def linear(x, name):
            return F.linear(x, w[f"{name}.w"], w[f"{name}.b"])

        def step(tokens, targets):
            (b, t), c = tokens.shape, w["wte"].shape[1]
            x = F.embedding(tokens, w["wte"]) + w["wpe"]
            for i in range(p.layers):
                qkv = linear(norm(x, f"{i}.ln1"), f"{i}.qkv")
                q, k, v = (a.view(b, t, p.heads, -1).transpose(1, 2) for a in qkv.split(c, -1))
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, c)
                x = x + linear(y, f"{i}.proj")
                x = x + linear(F.gelu(linear(norm(x, f"{i}.ln2"), f"{i}.up"), approximate="tanh"), f"{i}.down")
            z = norm(x, "lnf") @ w["head"]
            loss = F.cross_entropy(z.view(-1, z.shape[-1]), targets.reshape(-1))
            adam.zero_grad()
            loss.backward()
            adam.step()
            return loss.detach()
        return pass_over(step, [tuple(torch.tensor(a) for a in batch) for batch in p.batches])
    return make


def jax(p):
    import jax
    from jax import numpy as jnp

    def norm(w, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + EPS) * w[f"{name}.g"] + w[f"{name}.b"]

    def loss(w, tokens, targets):
        b, t = tokens.shape
        x = w["wte"][tokens] + w["wpe"]
        past = jnp.tril(jnp.ones((t, t), bool))
        for i in range(p.layers):
            def linear(x, name, i=i):
                return x @ w[f"{i}.{name}.w"] + w[f"{i}.{name}.b"]
            q, k, v = linear(norm(w, x, f"{i}.ln1"), "qkv").reshape(b, t, 3, p.heads, -1).transpose(2, 0, 3, 1, 4)
            a = jnp.where(past, q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1]), -jnp.inf)
            y = (jax.nn.softmax(a) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
            x = x + linear(y, "proj")
            x = x + linear(jax.nn.gelu(linear(norm(w, x, f"{i}.ln2"), "up"), approximate=True), "down")
        logp = jax.nn.log_softmax(norm(w, x, "lnf") @ w["head"])
        return -jnp.take_along_axis(logp, targets[..., None], -1).mean()

    step, state = jax_adam(loss, p.weights, LR, DECAY)
    batches = [tuple(map(jnp.asarray, batch)) for batch in p.batches]

    def run():
        nonlocal state
        losses = []
        for batch in batches:
            state, value = step(state, *batch)
            losses.append(jax.block_until_ready(value))
        return losses
    return run


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
        program = ("from benchmarks.gpt import CONTENDERS, peak, problem; "
                   f"step = CONTENDERS[{name!r}](problem({p.toy})); [step() for _ in range(3)]; print(peak())")
        return lambda: float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT).split()[-1])
    return make


CONTENDERS = {"minigrad": minigrad, "numpy": numpy, "torch": torch_adamw(), "torch fused": torch_adamw(fused=True),
              "jax": jax}
WORKLOADS = [
    Workload("gpt", "a step of a GPT of 818k parameters: B 16, T 64, C 128, 4 layers, 4 heads, AdamW", problem,
             CONTENDERS, targets={1: {"torch fused": 0.95}, 2: {"torch fused": 1.1}}, unit="step"),
    Workload("memory", "peak memory of a process that trains this GPT", lambda toy: SimpleNamespace(toy=toy),
             {name: peak_memory(name) for name in ("minigrad", "numpy", "torch fused", "jax")},
             targets={1: {"torch fused": 1.0}}, unit="MB", measured=True),
]
