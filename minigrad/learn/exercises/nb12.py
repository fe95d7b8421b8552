"""Exercises of notebook 12: a GPT from scratch."""
import numpy as np

import minigrad as mg

from ..checking import array, exercise
from ..comparing import several
from ..drawing import made, normal, one_of, whole

# -- bits ------------------------------------------------------------------------------------------------------------


def _each(logits, targets):
    """The cost of each place, in nats."""
    return -mg.log_softmax(logits)[np.arange(len(targets)), targets]


def _bits(logits, targets):
    return _each(logits, targets).mean() / np.log(2)


exercise(
    "12.bits", "the mean of -log₂ softmax(logits)[target]",
    "what probability did the model give to the character that came? Softmax makes probabilities of each row.",
    "p[np.arange(T), targets] is the probability of the right one at each place. A cost in bits is -log₂ of it.",
    "log₂ x = ln x / ln 2; take the mean of the logarithms. So that nothing overflows, subtract the largest logit of "
    "each row "
    "before np.exp.",
).equals(_bits, "the cost", made(
    lambda rng, places, characters: (normal(rng, places, characters, scale=2), rng.integers(0, characters, places)),
    places=whole(1, 4), characters=whole(2, 5)), [
    (lambda logits, targets: _each(logits, targets).mean(), "These are nats: one more division makes them bits."),
    (lambda logits, targets: _each(logits, targets).sum() / np.log(2),
     "That is the sum over the places; take the mean."),
    (lambda logits, targets: _each(logits, targets) / np.log(2), "One number is wanted, the mean over the places."),
    (lambda logits, targets: -_bits(logits, targets), "The sign is wrong: a cost is positive."),
    (lambda logits, targets: np.exp(_each(logits, targets)).mean(), "That is 1/p; its logarithm is wanted."),
    (lambda logits, targets: -np.log2(np.exp(-_each(logits, targets)).mean()),
     "You took the logarithm of the mean probability; it is the mean of the logarithms that is wanted.")],
).equals(_bits, "exp(1000) is too large for a computer: for large logits the cost", one_of(
    (np.array([[1000.0, 0.0]]), np.array([1])), (np.array([[0.0, 900.0], [-900.0, 1.0]]), np.array([0, 0]))))


# -- attention -------------------------------------------------------------------------------------------------------
def _attend(q, k, v, scale=None):
    return mg.attention(q, k, v, causal=True, scale=scale)


def _looking_ahead(q, k, v):
    return mg.attention(q, k, v)


def _cut_after(q, k, v):
    return np.tri(len(q)) * np.exp(mg.log_softmax(q @ k.T / np.sqrt(q.shape[1]))) @ v


exercise(
    "12.attend", "softmax of q kᵀ / √d over the places up to each one's own, times v",
    "the score of place j for place i is q[i] · k[j] / √d: all of them at once are a product of matrices. Which "
    "scores must "
    "not count?",
    "those of later places: where j > i. np.tri(T) has ones where j <= i. A score of -np.inf becomes a share of 0.",
    "softmax along each row (take out the largest first), then the shares times v.",
).equals(_attend, "the result", made(
    lambda rng, places, width: tuple(normal(rng, places, width) for _ in range(3)), places=whole(1, 4),
    width=whole(1, 4)), [
    (_looking_ahead, "Places look ahead, where the answer stands: changing the last one changes earlier results."),
    (lambda q, k, v: _attend(q, k, v, 1.0), "The scores are not divided by √d."),
    (lambda q, k, v: _attend(q, k, v, 1 / q.shape[1]), "You divided by d; it is √d."),
    (lambda q, k, v: _attend(k, q, v), "Queries and keys are exchanged."),
    (_cut_after, "The shares don't sum to 1: hide what is later before the softmax, not after."),
    (lambda q, k, v: mg.softmax(np.where(np.tri(len(q)).T, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v,
     "That sees itself and what comes later: the triangle is upside down."),
    (lambda q, k, v: mg.softmax(q @ k.T / np.sqrt(q.shape[1]) * np.tri(len(q))) @ v,
     "A score of 0 still has a share, e⁰: -np.inf has none.")],
).equals(_attend, "for large scores the result", one_of(
    (np.array([[900.0], [900.0]]), np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]))))


# -- sampling --------------------------------------------------------------------------------------------------------
def _nucleus(p, top):
    order = np.argsort(-p, kind="stable")
    kept = order[np.cumsum(p[order]) - p[order] < top - 1e-12]
    cut = np.zeros_like(p)
    cut[kept] = p[kept]
    return cut / cut.sum()


def _fewer(p, top):
    order = np.argsort(-p, kind="stable")
    kept = order[np.cumsum(p[order]) <= top]
    cut = np.zeros_like(p)
    cut[kept] = p[kept]
    return cut / max(cut.sum(), 1e-300)


def _not_renormed(p, top):
    return np.where(_nucleus(p, top) > 0, p, 0)


exercise(
    "12.nucleus", "the fewest of the likeliest that reach the probability, made to sum to 1",
    "sort the characters, likeliest first: np.argsort(-p). How far do the first k of them reach together?",
    "np.cumsum of p in that order tells. Kept is each one before which `top` was not yet reached: the one that "
    "crosses the line "
    "is kept, too.",
    "put what is kept back in its own places, in an array of zeros, and divide by the sum.",
).equals(_nucleus, "the result", made(
    lambda rng, n, top: ((w := rng.permutation(30)[:n] + 1.0) / w.sum(), top), n=whole(1, 6),
    top=whole(1, 99).map(lambda n: n / 100 + 0.00123)), [
    (_fewer, "What you keep falls short of it: the one that crosses the line is kept too."),
    (_not_renormed, "The result does not sum to 1: divide by the sum."),
    (lambda p, top: p, "Nothing is cut."), (lambda p, top: _nucleus(p, 1.0), "Nothing is cut."),
    (lambda p, top: np.where(p >= 1 - top, p, 0) / max(p[p >= 1 - top].sum(), 1e-300),
     "It is not each one's own probability that counts, but that of all likelier ones together."),
    (lambda p, top: np.sort(_nucleus(p, top))[::-1], "Each character keeps its own place.")], examples=150,
    also=[(np.array([0.25, 0.5, 0.25]), 1.0)])


# -- the cache -------------------------------------------------------------------------------------------------------
def _by_place(answer, q, k, v):
    """An answer fed with one place after another: all results, and the caches at the end."""
    rows, K, V = [], np.zeros((0, k.shape[1])), np.zeros((0, v.shape[1]))
    for i in range(len(q)):
        y, K, V = several(answer(q[i].copy(), k[i].copy(), v[i].copy(), K, V), ("y", "the new K", "the new V"))
        rows.append(array(y, f"y at place {i}", v[i].shape))
        K, V = array(K, f"after {i + 1} places K", (i + 1, k.shape[1])), array(V, f"after {i + 1} places V",
                                                                               (i + 1, v.shape[1]))
    return np.stack(rows), K, V


def _one(scale=True, first=True):
    def attend_cached(q, k, v, K, V):
        new_K, new_V = np.vstack([K, k]), np.vstack([V, v])
        K, V = (new_K, new_V) if first or not len(K) else (K, V)
        return mg.softmax(K @ q / (np.sqrt(len(q)) if scale else 1)) @ V, new_K, new_V
    return attend_cached


exercise(
    "12.attend_cached", "attention of one new place over the cache, itself included",
    "the new place sees itself, too. So what comes first: looking, or putting its key and value into the cache?",
    "np.vstack([K, k]) puts a row below. The scores of one query with all keys are K @ q / √d.",
    "softmax of the scores (the largest taken out), the shares times V; return y and both grown caches.",
).equals(lambda q, k, v: (mg.attention(q, k, v, causal=True), k, v),
         ("y of each place", "K at the end", "V at the end"), made(
    lambda rng, places, width: tuple(normal(rng, places, width) for _ in range(3)), places=whole(1, 4),
    width=whole(1, 3)), [
    (lambda q, k, v: _by_place(_one(scale=False), q, k, v), "The scores are not divided by √d."),
    (lambda q, k, v: _by_place(_one(first=False), q, k, v),
     "The new place doesn't see itself: put its key and value into the cache before you look.")], through=_by_place,
    also=[(np.array([[900.0], [900.0]]), np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]))])
