"""A LLaMA of a few thousand random weights, and the same computed naively: number by number, in float64."""
import math
from dataclasses import replace

import numpy as np

from minigrad.zoo.bpe import BYTE_OF, Tokenizer
from minigrad.zoo.llama import Config, Llama

CONFIG = Config(vocab=263, width=12, layers=2, heads=6, kv_heads=2, head_width=4, hidden=20, context=32,
                rope_base=100.0, eps=1e-5)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LETTERS = sorted(BYTE_OF, key=BYTE_OF.get)
MERGES = ["h e", "l l", "he ll", "hell o"]
TOKENS = [*SPECIAL, *LETTERS, *(merge.replace(" ", "") for merge in MERGES)]


def tokenizer():
    return Tokenizer(TOKENS, MERGES, SPECIAL)


def weights(seed=0, dtype=np.float32, c=CONFIG):
    rng = np.random.default_rng(seed)

    def matrix(*shape):
        return (rng.standard_normal(shape) / math.sqrt(shape[-1])).astype(dtype)

    def gain():
        return (1 + 0.2 * rng.standard_normal(c.width)).astype(dtype)

    def block():
        queries, keys = c.heads * c.head_width, c.kv_heads * c.head_width
        return {"attention_norm": gain(), "query": 2 * matrix(queries, c.width), "key": 2 * matrix(keys, c.width),
                "value": matrix(keys, c.width), "out": matrix(c.width, queries), "mlp_norm": gain(),
                "gate": matrix(c.hidden, c.width), "up": matrix(c.hidden, c.width), "down": matrix(c.width, c.hidden)}

    return {"embedding": matrix(c.vocab, c.width), "blocks": [block() for _ in range(c.layers)], "norm": gain(),
            "output": matrix(c.vocab, c.width)}


def model(seed=0, **changes):
    return Llama(replace(CONFIG, **changes), weights(seed), tokenizer())


# -- the naive twin --------------------------------------------------------------------------------------------------
def product(w, x):
    return [sum(float(w[i, j]) * x[j] for j in range(len(x))) for i in range(len(w))]


def norm(x, gain):
    scale = math.sqrt(sum(v * v for v in x) / len(x) + CONFIG.eps)
    return [v / scale * float(g) for v, g in zip(x, gain)]


def turned(x, position):
    """The pairs of one head's numbers, as complex numbers, times e^(i angle)."""
    y = []
    for i in range(0, len(x), 2):
        angle = position / CONFIG.rope_base ** (i / len(x))
        z = complex(x[i], x[i + 1]) * complex(math.cos(angle), math.sin(angle))
        y += [z.real, z.imag]
    return y


def naive_logits(w, tokens):
    """The logits (T, V) of tokens, as lists."""
    c, d = CONFIG, CONFIG.head_width
    xs = [[float(v) for v in w["embedding"][t]] for t in tokens]
    for block in w["blocks"]:
        normed = [norm(x, block["attention_norm"]) for x in xs]
        q, k, v = ([product(block[name], x) for x in normed] for name in ("query", "key", "value"))
        for t in range(len(xs)):
            heads = []
            for h in range(c.heads):
                shared = h // (c.heads // c.kv_heads)           # the key and value that this query uses
                query = turned(q[t][h * d:h * d + d], t)
                scores = [sum(a * b for a, b in zip(query, turned(k[s][shared * d:shared * d + d], s))) / math.sqrt(d)
                          for s in range(t + 1)]
                p = [math.exp(score - max(scores)) for score in scores]
                heads += [sum(p[s] * v[s][shared * d + j] for s in range(t + 1)) / sum(p) for j in range(d)]
            xs[t] = [a + b for a, b in zip(xs[t], product(block["out"], heads))]
        for t, x in enumerate(xs):
            y = norm(x, block["mlp_norm"])
            gate, up = product(block["gate"], y), product(block["up"], y)
            hidden = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)]
            xs[t] = [a + b for a, b in zip(x, product(block["down"], hidden))]
    return [product(w["output"], norm(x, w["norm"])) for x in xs]
