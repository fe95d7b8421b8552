"""Attention: every position of a sequence takes a weighted mean of others, the weights being learned likenesses."""
import numpy as np

from ...engine import backend
from ...engine.ops.arithmetic import tanh, where
from ...engine.ops.attending import attention, attention_weights, boolean
from ...engine.ops.neural import softmax
from ...support.arguments import one_of
from .core import Dense, at_least_1
from .inputs import as_tensors
from .noise import Noisy


class MultiHeadAttention(Noisy):
    """Attention of num_heads heads side by side: softmax(q kᵀ / √key_dim) v in each, then a Dense over all.

        y = MultiHeadAttention(num_heads=4, key_dim=32)(x, x, use_causal_mask=True)

    query (B, T, n), value (B, S, m), key (B, S, l) or the value itself; y (B, T, n), or output_shape features.  With
    the query alone, value and key are the query: self-attention.  (Vaswani et al. 2017)
    attention_mask      boolean, (B, T, S) or (B, 1, T, S) or what broadcasts to it: True where a query may look; one
                        that may look nowhere, because it is padding say, takes the plain mean, as in Keras
    query_mask, value_mask, key_mask    (B, T), (B, S): which steps are no padding; the masks that query, value and key
                        have, where nothing else is given.  What is no padding looks at what is none
    use_causal_mask     each position sees itself and earlier ones
    dropout             the rate, in training, at which attention weights are dropped
    Sublayers query, key, value (Dense to heads · dim features, heads one after the other) and attention_output.
    """
    input_axes = "batch, time, features"
    supports_masking = True

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None, *,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.key_dim = at_least_1("num_heads", num_heads), at_least_1("key_dim", key_dim)
        self.value_dim, self.dropout, self.output_dim = value_dim or key_dim, dropout, output_shape
        self.dense = dict(use_bias=use_bias, kernel_initializer=kernel_initializer, bias_initializer=bias_initializer,
                          dtype=self._cast)
        self.query = Dense(self.num_heads * self.key_dim, **self.dense)
        self.key = Dense(self.num_heads * self.key_dim, **self.dense)
        self.value = Dense(self.num_heads * self.value_dim, **self.dense)

    def build(self, input_shape):
        self._features = input_shape[-1]
        self.attention_output = Dense(self.output_dim or self._features, **self.dense)

    def call(self, query, value=None, key=None, query_mask=None, value_mask=None, key_mask=None, attention_mask=None,
             return_attention_scores=False, training=False, use_causal_mask=False):
        if value is None:
            value, value_mask = query, query_mask
        value = as_tensors(value)
        key = value if key is None else as_tensors(key)
        q, k, v = self._heads(self.query(query)), self._heads(self.key(key)), self._heads(self.value(value))
        attention_mask = _no_padding(attention_mask, query_mask, value_mask, key_mask)
        if attention_mask is not None:
            attention_mask, blind = _for_heads(attention_mask, q.shape[2], k.shape[2], use_causal_mask)
            if blind.any():
                q = where(np.broadcast_to(blind, (*q.shape[:-1], 1)), 0, q)     # all scores 0, all weights equal
            use_causal_mask = False         # it is in the mask
        if return_attention_scores or training and self.dropout:
            weights = attention_weights(q, k, use_causal_mask, attention_mask)
            y = (self.dropped(weights, self.dropout) if training else weights) @ v
        else:
            y = attention(q, k, v, causal=use_causal_mask, mask=attention_mask)
        B, _, T, _ = y.shape
        y = self.attention_output(y.swapaxes(1, 2).reshape(B, T, self.num_heads * self.value_dim))
        return (y, weights) if return_attention_scores else y

    def _heads(self, x):
        """(B, T, heads · d) to (B, heads, T, d)."""
        B, T, n = x.shape
        return x.reshape(B, T, self.num_heads, n // self.num_heads).swapaxes(1, 2)


def _no_padding(attention_mask, query_mask, *of_values):
    """attention_mask, and that of (B, T) and (B, S) where no padding looks at no padding: (B, T, S); None: no mask."""
    of_queries = None if query_mask is None else boolean(query_mask, "query_mask")[:, :, None]
    masks = [of_queries] + [boolean(m, "value_mask")[:, None] for m in of_values if m is not None]
    masks = [m for m in masks if m is not None]
    if attention_mask is not None:
        attention_mask = boolean(attention_mask, "MultiHeadAttention: attention_mask")
        masks = [attention_mask] + [m[:, None] if attention_mask.ndim == 4 else m for m in masks]
    if not masks:
        return None
    for other in masks[1:]:
        masks[0] = masks[0] & other
    return masks[0]


def _for_heads(mask, T, S, causal):
    """(mask, blind): a boolean array whose last three axes are heads, T and S, and the queries that may look nowhere.

    One mask for all heads gets an axis for them; in the mask the blind look everywhere.
    """
    mask = mask[:, None] if mask.ndim == 3 else mask
    if causal:
        mask = mask & backend.array_module(mask).tri(T, S, S - T, dtype=bool)
    blind = ~mask.any(axis=-1, keepdims=True)
    return mask | blind, blind


class Attention(Noisy):
    """softmax(q kᵀ) v, of a list [query (B, T, d), value (B, S, e)] or [query, value, key (B, S, d)].

    use_scale       a learned number multiplies the scores
    score_mode      "dot": q · k; "concat": a learned number times Σ tanh(q + k)
    dropout         the rate, in training, at which weights are dropped
    call takes mask, [of the query, of the value], (B, T) and (B, S): no padding is looked at, and what a query of
    padding gets is 0; return_attention_scores: (y, the weights (B, T, S) that y was made with, in training what
    dropout left of them).  (Luong et al. 2015)
    """

    def __init__(self, use_scale=False, score_mode="dot", dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.use_scale, self.dropout = use_scale, dropout
        self.score_mode = one_of("Attention: score_mode", score_mode, ("dot", "concat"))

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (), "ones") if self.use_scale else None
        self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones") if self.score_mode == "concat" \
            else None

    def scores(self, q, k):
        if self.score_mode == "dot":
            y = q @ k.swapaxes(1, 2)
            return y if self.scale is None else y * self.scale
        y = q[:, :, None] + k[:, None]                                          # (B, T, S, d)
        return self.concat_score_weight * tanh(y if self.scale is None else self.scale * y).sum(axis=-1)

    def call(self, inputs, mask=None, training=False, return_attention_scores=False, use_causal_mask=False):
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ValueError(f"{self._label} takes a list [query, value] or [query, value, key]")
        q, v, k = inputs if len(inputs) == 3 else (*inputs, inputs[1])
        of_query, of_value = (None, None) if mask is None else mask[:2]
        scores = self.scores(q, k)
        allowed = _no_padding(None, None, of_value)
        if use_causal_mask:
            past = backend.array_module(scores._data).tri(q.shape[1], v.shape[1], dtype=bool)
            allowed = past if allowed is None else allowed & past
        if allowed is not None:
            least = -min(1e9, float(np.finfo(scores.dtype).max))       # one that may look nowhere takes the plain mean
            scores = where(allowed, scores, least)
        weights = softmax(scores)
        if training:
            weights = self.dropped(weights, self.dropout)
        y = weights @ v
        if of_query is not None:
            y = where(boolean(of_query, f"{self._label}: mask")[:, :, None], y, 0)
        return (y, weights) if return_attention_scores else y

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else mask[0]


class AdditiveAttention(Attention):
    """softmax(Σ s tanh(q + k)) v, s learned, one for each feature, or 1.  As Attention.  (Bahdanau et al. 2014)"""

    def __init__(self, use_scale=True, dropout=0.0, **kwargs):
        super().__init__(use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[0][-1],), "glorot_uniform") if self.use_scale else None

    def scores(self, q, k):
        y = tanh(q[:, :, None] + k[:, None])
        return (y if self.scale is None else y * self.scale).sum(axis=-1)
