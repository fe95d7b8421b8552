"""LoRA: fine-tuning a large model by training a few small matrices beside its large ones.

    y = x Wᵀ + (alpha / rank) x A B        W (m, n) fixed, A (n, rank) and B (rank, m) trained, B = 0 at the start

The gradient of W is never formed and the optimizer keeps its averages for A and B alone: for SmolLM2 0.3 % of the
weights.  Afterwards A B can be added to W, and the model is as fast as before.  (Hu et al. 2022)
"""
import math

import numpy as np

import minigrad as mg

from ..engine.trees import tree_map
from .llama import Llama


class Adapter:
    """A weight W and the low-rank change that is learned for it; stands in W's place in a model's weights."""

    def __init__(self, w, rank, alpha, rng):
        m, n = w.shape
        self.w, self.scale = w, alpha / rank
        self.a = mg.Tensor(rng.standard_normal((n, rank), np.float32) * (1 / math.sqrt(n)), requires_grad=True)
        self.b = mg.Tensor(np.zeros((rank, m), np.float32), requires_grad=True)

    def __call__(self, x):
        return x @ self.w.T + self.scale * (x @ self.a @ self.b)

    def merged(self):
        """W + (alpha / rank) (A B)ᵀ, a new array."""
        return self.w + self.scale * (self.a._data @ self.b._data).T


def adapt(model, rank=8, alpha=16, names=("query", "value"), seed=0):
    """(a Llama with adapters on the weights of these names in each block, the adapters' tensors).

    It shares all other memory with `model`, which stays as it is, and at first computes the same.
    """
    rng = np.random.default_rng(seed)
    blocks = [block | {name: Adapter(block[name], rank, alpha, rng) for name in names}
              for block in model.weights["blocks"]]
    tensors = [t for block in blocks for name in names for t in (block[name].a, block[name].b)]
    return Llama(model.config, model.weights | {"blocks": blocks}, model.tokenizer), tensors


def merge(model):
    """A Llama of plain arrays again, with every adapter added to its weight."""
    weights = tree_map(lambda w: w.merged() if isinstance(w, Adapter) else w, model.weights)
    return Llama(model.config, weights, model.tokenizer)


def loss(model, tokens):
    """The mean of -ln p(token | those before it) over tokens (B, T) but the first of each row; a scalar, in nats."""
    logits = model(tokens[:, :-1])                                          # (B, T-1, V)
    return mg.sparse_softmax_cross_entropy(logits, tokens[:, 1:]).mean()


def fine_tune(model, tensors, tokens, steps=100, length=128, batch_size=2, learning_rate=1e-3, seed=0):
    """Train an adapted model on a text; yields the loss of each step, in nats per token.

    tokens      (n,) the text; each step takes batch_size random stretches of `length` tokens
    """
    rng, tokens = np.random.default_rng(seed), np.asarray(tokens)
    if len(tokens) <= length:
        raise ValueError(f"fine_tune: {len(tokens)} tokens are no stretch of {length} and one more")
    optimizer = mg.optimizers.AdamW(learning_rate)
    for _ in range(steps):
        starts = rng.integers(0, len(tokens) - length, batch_size)
        value = loss(model, tokens[starts[:, None] + np.arange(length + 1)])
        value.backward()
        optimizer.step(tensors)
        yield value.item()
