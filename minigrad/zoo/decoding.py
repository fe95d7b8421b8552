"""Writing with a language model, one token at a time: the cache of keys and values, sampling, and the loop.

A model here has `features(tokens, cache)`: integers (B, T) -> (B, T, C), `logits(features)`: (..., C) -> (..., V), and
`context`, the most tokens that it can look back on.
"""
import numpy as np

from ..engine import backend
from ..engine.recording import no_grad
from ..engine.tensor import Tensor
from ..support.arguments import whole


class KVCache:
    """The keys and values of the tokens read so far, layer by layer, so that a new token costs one position's work.

    room        the most tokens it can hold
    length      how many it holds
    """

    def __init__(self, room):
        self.room, self.length, self.layers = room, 0, {}

    def extend(self, layer, k, v):
        """Put k and v (..., T, d) of new tokens behind those of `layer`; return all of them, (..., length + T, d).

        `length` counts the tokens that went through every layer: the model adds T to it at the end.
        """
        end = self.length + k.shape[-2]
        if end > self.room:
            raise ValueError(f"KVCache: {end} tokens in a cache with room for {self.room}")
        whole = []
        for name, new in (("k", k), ("v", v)):
            array = new._data if isinstance(new, Tensor) else new
            room = self.layers[layer, name].shape[-2] if (layer, name) in self.layers else 0
            if end > room:                  # twice as much: a model's context says nothing of what will be read
                shape = (*array.shape[:-2], min(max(2 * end, 256), self.room), array.shape[-1])
                larger = backend.array_module(array).empty(shape, array.dtype)
                if room:
                    larger[..., :self.length, :] = self.layers[layer, name][..., :self.length, :]
                self.layers[layer, name] = larger
            held = self.layers[layer, name][..., :end, :]
            held[..., self.length:, :] = array
            whole.append(held)
        return whole


def sampling_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """p = softmax(logits / temperature), cut to the likeliest tokens and normalised again; logits and p (V,), float64.

    temperature     below 1 prefers likely tokens, above 1 flattens; 0 takes the likeliest alone
    top_k           keep the k likeliest, and normalise  (Fan et al. 2018)
    top_p           of those keep the fewest, the likeliest first, that are likely enough together, top_p, and normalise
                    (Holtzman et al. 2020)

    Of equally likely tokens the first ones are kept.  Both together mean what they mean in Hugging Face's transformers.
    """
    logits = _checked(np.asarray(logits, np.float64), temperature, top_k, top_p)
    if temperature == 0:
        return np.eye(1, len(logits), int(logits.argmax()))[0]
    p = np.exp((logits - logits.max()) / temperature)
    p /= p.sum()
    if top_k is not None and top_k < len(p):
        p = _only(p, _largest(p, top_k))
    if top_p is not None and top_p < 1:
        p = _only(p, _nucleus(p, top_p))
    return p


def _checked(logits, temperature, top_k=None, top_p=None):
    """The logits (..., V), if they and the settings are such that a token can be drawn; else ValueError."""
    if not (temperature >= 0 and (top_k is None or top_k >= 1) and (top_p is None or 0 < top_p <= 1)):
        raise ValueError(f"sampling: temperature {temperature} must be at least 0, top_k {top_k} at least 1 "
                         f"and top_p {top_p} above 0 and at most 1")
    if not np.isfinite(logits.max(axis=-1)).all() or np.isnan(logits).any():
        raise ValueError("sampling: the logits are not finite: did the training diverge?")
    return logits


def _only(p, kept):
    """p with all but the kept ones 0, normalised."""
    cut = np.zeros_like(p)
    cut[kept] = p[kept] / p[kept].sum()
    return cut


def _largest(p, k):
    """Where the k largest of p are, the largest first.  Few of many are to be sorted: a partition finds them, O(V)."""
    candidates = np.flatnonzero(p >= np.partition(p, -k)[-k])
    return candidates[np.argsort(-p[candidates], kind="stable")][:k]


def _nucleus(p, top_p):
    """Where the fewest of p are, the largest first, that make up top_p: among the 64 largest, or 512, or ..."""
    k = min(64, len(p))
    while True:
        order = _largest(p, k)
        reached = np.cumsum(p[order])
        if reached[-1] >= top_p - 1e-12 or k == len(p):
            return order[:1 + int(np.searchsorted(reached, top_p - 1e-12))]
        k = min(8 * k, len(p))


class Writer:
    """A model and the text it has before it, read and written: `read` adds tokens, `write` lets the model go on.

        writer = Writer(model)
        writer.read(tokens)
        for token in writer.write(temperature=0.8, top_p=0.9, stop={end}): ...

    tokens      all of them so far, of which the cache holds the first cache.length.  When they are more than the
                model's context, the older half of it is forgotten, and the newer one read again as a beginning.
    rng         a numpy Generator
    """

    def __init__(self, model, rng=None):
        self.model, self.rng = model, rng or np.random.default_rng()
        self.tokens, self.cache = [], KVCache(model.context)

    def read(self, tokens):
        self.tokens += tokens

    def write(self, temperature=1.0, top_k=None, top_p=None, stop=()):
        """Yield token after token, without end or until one of `stop`; see sampling_probabilities for the rest."""
        if not self.tokens:
            raise ValueError("Writer.write: read at least one token first")
        while True:
            p = sampling_probabilities(self.next_logits(), temperature, top_k, top_p)
            token = int(self.rng.choice(len(p), p=p))
            if token in stop:
                return
            self.tokens.append(token)
            yield token

    def next_logits(self):
        """The logits (V,) of the token that comes next."""
        if len(self.tokens) > self.model.context:
            half = (self.model.context + 1) // 2
            self.tokens, self.cache.length = self.tokens[-half:], 0
        with no_grad():
            features = self.model.features(np.array([self.tokens[self.cache.length:]]), self.cache)
            return np.asarray(self.model.logits(features[:, -1]))[0]


def generate(model, tokens, rng=None, **sampling):
    """Yield what a model writes after `tokens`; the keywords are those of Writer.write."""
    writer = Writer(model, rng)
    writer.read(list(tokens))
    return writer.write(**sampling)


def write_batch(model, tokens, count, rng, temperature=1.0):
    """What a model writes after each row of tokens (B, T), so many tokens of it: integers (B, count).

    Tokens are drawn from softmax(logits / temperature), the likeliest taken at temperature 0: the largest of z + g with
    g = -ln(-ln u) is z's softmax drawn from.  (Gumbel 1954)
    """
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or not tokens.size:
        raise ValueError(f"write_batch: tokens must be (B, T), with one row and one token at least, not {tokens.shape}")
    cache, written = KVCache(model.context), np.zeros((len(tokens), whole("write_batch: count", count, 0)), int)
    for place in range(count):
        with no_grad():
            logits = np.asarray(model.logits(model.features(tokens, cache)[:, -1]), np.float64)        # (B, V)
        logits = _checked(logits, temperature)
        if temperature > 0:
            logits = logits / temperature + rng.gumbel(size=logits.shape)
        written[:, place] = logits.argmax(axis=1)
        tokens = written[:, place:place + 1]
    return written
