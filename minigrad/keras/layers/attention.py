"""Attention: every position of a sequence takes a weighted mean of others, the weights being learned likenesses."""
import numpy as np

from ...engine import backend
from ...engine.ops.arithmetic import where
from ...engine.ops.attending import attention, attention_weights, boolean
from ...engine.ops.neural import dropout
from .base import Layer
from .core import Dense, at_least_1
from .inputs import as_tensors


class MultiHeadAttention(Layer):
    """Attention of num_heads heads side by side: softmax(q kᵀ / √key_dim) v in each, then a Dense over all.

        y = MultiHeadAttention(num_heads=4, key_dim=32)(x, x, use_causal_mask=True)

    query (B, T, n), value (B, S, m), key (B, S, l) or the value itself; y (B, T, n), or output_shape features.  With
    the query alone, value and key are the query: self-attention.  (Vaswani et al. 2017)
    attention_mask      boolean, (B, T, S) or (B, 1, T, S) or what broadcasts to it: True where a query may look; one
                        that may look nowhere, because it is padding say, takes the plain mean, as in Keras
    use_causal_mask     each position sees itself and earlier ones
    dropout             the rate, in training, at which attention weights are dropped
    Sublayers query, key, value (Dense to heads · dim features, heads one after the other) and attention_output.
    """
    input_axes = "batch, time, features"

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None, *,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.key_dim = at_least_1("num_heads", num_heads), at_least_1("key_dim", key_dim)
        self.value_dim, self.dropout, self.output_dim = value_dim or key_dim, dropout, output_shape
        self.dense = dict(use_bias=use_bias, kernel_initializer=kernel_initializer, bias_initializer=bias_initializer)
        self.query = Dense(self.num_heads * self.key_dim, **self.dense)
        self.key = Dense(self.num_heads * self.key_dim, **self.dense)
        self.value = Dense(self.num_heads * self.value_dim, **self.dense)

    def build(self, input_shape):
        self.features = input_shape[-1]
        self.attention_output = Dense(self.output_dim or self.features, **self.dense)

    def call(self, query, value=None, key=None, attention_mask=None, use_causal_mask=False,
             return_attention_scores=False, training=False):
        value = query if value is None else as_tensors(value)
        key = value if key is None else as_tensors(key)
        q, k, v = self._heads(self.query(query)), self._heads(self.key(key)), self._heads(self.value(value))
        if attention_mask is not None:
            attention_mask, blind = _for_heads(attention_mask, q.shape[2], k.shape[2], use_causal_mask)
            if blind.any():
                q = where(np.broadcast_to(blind, (*q.shape[:-1], 1)), 0, q)     # all scores 0, all weights equal
            use_causal_mask = False         # it is in the mask
        if return_attention_scores or training and self.dropout:
            weights = attention_weights(q, k, use_causal_mask, attention_mask)
            y = (dropout(weights, self.dropout) if training else weights) @ v
        else:
            y = attention(q, k, v, causal=use_causal_mask, mask=attention_mask)
        B, _, T, _ = y.shape
        y = self.attention_output(y.swapaxes(1, 2).reshape(B, T, self.num_heads * self.value_dim))
        return (y, weights) if return_attention_scores else y

    def _heads(self, x):
        """(B, T, heads · d) to (B, heads, T, d)."""
        B, T, n = x.shape
        return x.reshape(B, T, self.num_heads, n // self.num_heads).swapaxes(1, 2)


def _for_heads(mask, T, S, causal):
    """(mask, blind): a boolean array whose last three axes are heads, T and S, and the queries that may look nowhere.

    One mask for all heads gets an axis for them; in the mask the blind look everywhere.
    """
    mask = boolean(mask, "MultiHeadAttention: attention_mask")
    mask = mask[:, None] if mask.ndim == 3 else mask
    if causal:
        mask = mask & backend.array_module(mask).tri(T, S, S - T, dtype=bool)
    blind = ~mask.any(axis=-1, keepdims=True)
    return mask | blind, blind
