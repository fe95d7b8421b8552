"""LLaMA in one file: the architecture of SmolLM2, and with other sizes of most open language models.

What it changes in a GPT (zoo/gpt.py): RMSNorm for layer norm, a gated SwiGLU for the two-layer MLP, several queries for
each key and value, and no biases.  (Touvron et al. 2023; SmolLM2: Ben Allal et al. 2025)
Qwen2 has biases in attention, Qwen3 norms of queries and keys instead, Llama 3.1 slower positions; all are read here.

Everything is a plain function.  With weights in plain arrays these compute in plain NumPy, which is how text is
generated; where some weights are tensors (LoRA adapters, say), the same lines record what backward needs.

    model = llama.load(corpora.smollm2())
    logits = model(model.tokenizer.encode("The capital of France is"))      # (T, V)
"""
from dataclasses import dataclass

import numpy as np

import minigrad as mg

from .pretrained import read
from .rotary import rotary, rotations


@dataclass(frozen=True)
class Config:
    """Sizes of a LLaMA, those of SmolLM2-135M unless told."""
    vocab: int = 49152          # V, tokens
    width: int = 576            # C
    layers: int = 30
    heads: int = 9              # H, of the queries
    kv_heads: int = 3           # G, of keys and values: each serves H / G queries
    head_width: int = 64        # d
    hidden: int = 1536          # width of the MLP
    context: int = 8192         # the most tokens
    rope_base: float = 100_000.0
    eps: float = 1e-5           # of RMSNorm
    rope_scaling: tuple = None  # of rotary positions: factor, low, high, original (rotary.stretched), as in Llama 3.1


def linear(x, w):
    """x Wᵀ for x (..., n) and W (m, n), as such weights are stored; or what an adapter in its place computes."""
    return w(x) if callable(w) else x @ w.T


def rms_norm(x, w, eps):
    """w x / √(mean x² + eps), over the last axis: layer norm without mean and bias.  (Zhang & Sennrich 2019)"""
    return x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + eps) * w


def swiglu(x, block):
    """down(silu(gate x) · up x).  (Shazeer 2020)"""
    return linear(mg.silu(linear(x, block["gate"])) * linear(x, block["up"]), block["down"])


class Llama:
    """A model: its Config, its weights, and its tokenizer where there is one.

    weights     {"embedding": (V, C), "blocks": [...], "norm": (C,), "output": (V, C)}, float32; each block holds
                attention_norm (C,), query (H d, C), key (G d, C), value (G d, C), out (C, H d),
                mlp_norm (C,), gate (hidden, C), up (hidden, C), down (C, hidden); and where the model has them
                query_bias, key_bias, value_bias (Qwen2), query_norm and key_norm (d,) (Qwen3)
    """

    def __init__(self, config, weights, tokenizer=None):
        self.config, self.weights, self.tokenizer, self.context = config, weights, tokenizer, config.context

    def __call__(self, tokens):
        """Integers (T,) or (B, T) -> logits (T, V) or (B, T, V)."""
        tokens = np.asarray(tokens)
        logits = self.logits(self.features(np.atleast_2d(tokens)))
        return logits if tokens.ndim == 2 else logits[0]

    def features(self, tokens, cache=None):
        """Integers (B, T), behind the tokens that are in the cache -> (B, T, C)."""
        config, start = self.config, cache.length if cache else 0
        end = start + tokens.shape[1]
        if end > config.context:
            raise ValueError(f"Llama: {end} tokens are more than its context of {config.context}")
        turn = rotations(start, end, config.head_width, config.rope_base, scaling=config.rope_scaling)
        x = mg.embedding(self.weights["embedding"], tokens)                            # (B, T, C)
        for layer, block in enumerate(self.weights["blocks"]):
            x = x + self.attend(rms_norm(x, block["attention_norm"], config.eps), layer, block, turn, cache)
            x = x + swiglu(rms_norm(x, block["mlp_norm"], config.eps), block)
        if cache:
            cache.length = end
        return rms_norm(x, self.weights["norm"], config.eps)

    def attend(self, x, layer, block, turn, cache):
        """Causal attention, (B, T, C) -> (B, T, C); each key and value serves H / G queries.  (Ainslie et al. 2023)"""
        c, (b, t, _) = self.config, x.shape
        q, k, v = (self.heads_of(x, name, block) for name in ("query", "key", "value"))         # (B, H or G, T, d)
        q, k = rotary(q, *turn), rotary(k, *turn)
        if cache:
            k, v = cache.extend(layer, k, v)                                        # (B, G, S, d)
        q = q.reshape(b, c.kv_heads, -1, t, c.head_width)                           # (B, G, H/G, T, d)
        k, v = (y.reshape(b, c.kv_heads, 1, -1, c.head_width) for y in (k, v))      # (B, G, 1, S, d)
        y = mg.attention(q, k, v, causal=True)                                         # (B, G, H/G, T, d)
        y = y.reshape(b, c.heads, t, -1).swapaxes(1, 2).reshape(b, t, -1)           # (B, T, H d)
        return linear(y, block["out"])

    def heads_of(self, x, name, block):
        """Queries, keys or values of x (B, T, C), head by head: (B, heads, T, d)."""
        y = linear(x, block[name])
        if f"{name}_bias" in block:
            y = y + block[f"{name}_bias"]
        y = y.reshape(*x.shape[:2], -1, self.config.head_width)
        if f"{name}_norm" in block:
            y = rms_norm(y, block[f"{name}_norm"], self.config.eps)
        return y.swapaxes(1, 2)

    def logits(self, features):
        """(..., C) -> (..., V)."""
        return linear(features, self.weights["output"])


def load(path):
    """A Llama with its tokenizer, from a GGUF file or from a Hugging Face folder (config.json, *.safetensors)."""
    sizes, weights, tokenizer = read(path)
    return Llama(Config(**sizes), weights, tokenizer)
