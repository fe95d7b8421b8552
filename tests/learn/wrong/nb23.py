"""Plausible wrong answers to notebook 23, and a word that the reply must contain."""
from collections import Counter

import numpy as np


def pairs(words):
    counts = Counter()
    for word, times in words.items():
        for pair in zip(word, word[1:]):
            counts[pair] += times
    return counts


def merged(word, pair):
    result, i = [], 0
    while i < len(word):
        here = word[i:i + 2] == pair
        result.append("".join(pair) if here else word[i])
        i += 2 if here else 1
    return tuple(result)


def learn(words, count, key=lambda counts: lambda pair: (-counts[pair], pair), again=True, more=0):
    found, counts = [], pairs(words)
    while len(found) < count + more and counts:
        best = min(counts, key=key(counts))
        found.append(best)
        words = {merged(word, best): times for word, times in words.items()}
        if again:
            counts = pairs(words)
        else:
            del counts[best]
    return found


def change(word, pair):
    after = Counter(pairs({merged(word, pair): 1}))
    after.subtract(pairs({word: 1}))
    return after


WRONG = {
    "23.pairs": [
        (lambda words: Counter(p for word in words for p in zip(word, word[1:])), "as often as it stands in the text"),
        (lambda words: {"".join(p): n for p, n in pairs(words).items()}, "tuples of two"),
        (lambda words: list(pairs(words)), "dictionary"),
        (lambda words: {p: n for p, n in pairs(words).items() if len(p[0]) == 1 == len(p[1])}, "however long"),
    ],
    "23.learn": [
        (lambda words, count: learn(words, count, again=False), "count again"),
        (lambda words, count: learn(words, count, lambda c: lambda p: (c[p], p)), "rarest"),
        (lambda words, count: learn(words, count, lambda c: lambda p: (-c[p], [-ord(x[0]) for x in p])), "sorts first"),
        (lambda words, count: learn(words, count, more=1), "were asked for"),
    ],
    "23.change": [
        (lambda word, pair: {p: -n for p, n in change(word, pair).items() if n}, "wrong way round"),
        (lambda word, pair: Counter(pairs({merged(word, pair): 1})) - pairs({word: 1}), "keeps only"),
        (change, "leave out"),
        (lambda word, pair: {p: n for p, n in change(word, pair).items() if n and p == pair}, "too"),
    ],
    "23.bits": [
        (lambda nats, lengths: nats.mean() / np.log(2), "per token"),
        (lambda nats, lengths: (nats / lengths).mean() / np.log(2), "quotients"),
        (lambda nats, lengths: nats.sum() / lengths.sum(), "nats"),
        (lambda nats, lengths: nats.sum() * np.log(2) / lengths.sum(), "divide by ln 2"),
    ],
}
