"""Exercises of notebook 23: a tokenizer."""
from collections import Counter

import numpy as np
from hypothesis import strategies as st

from ..checking import Wrong, exercise, kind
from ..drawing import made, whole

LETTERS = st.sampled_from("ab")
WORDS = st.dictionaries(st.lists(LETTERS, min_size=1, max_size=5).map(tuple), st.integers(1, 3), max_size=4)


def _pairs(words):
    counts = Counter()
    for word, times in words.items():
        for pair in zip(word, word[1:]):
            counts[pair] += times
    return dict(counts)


def _merged(word, pair):
    merged, i = [], 0
    while i < len(word):
        here = word[i:i + 2] == pair
        merged.append("".join(pair) if here else word[i])
        i += 2 if here else 1
    return tuple(merged)


def _counts(got):
    if not isinstance(got, dict):
        raise Wrong(f"expected a dictionary, {{pair: number}}, got {kind(got)}.")
    if any(isinstance(pair, str) for pair in got):
        raise Wrong("the keys should be pairs, tuples of two pieces, not strings.")
    return dict(got)


# -- pairs -----------------------------------------------------------------------------------------------------------
pairs = exercise(
    "23.pairs", "each pair of neighbours counts as often as its word stands in the text",
    "go through the words, and in each through its neighbours. How often does a pair of this word stand in the text?",
    "zip(word, word[1:]) gives the pairs of neighbours; a Counter begins each count at 0.",
    "for word, times in words.items(): for pair in zip(word, word[1:]): counts[pair] += times")


@pairs.property(examples=150, words=WORDS, also=[{"words": {("ab", "c", "ab", "c"): 2}}])
def as_often_as_its_word(answer, words):
    got, expected = _counts(answer(words)), _pairs(words)
    if {pair: n for pair, n in got.items() if n} != expected:
        raise Wrong(f"you return {got}, expected {expected}.",
                    "Each word counts as often as it stands in the text."
                    if got == dict(Counter(pair for word in words for pair in zip(word, word[1:]))) else
                    "The pieces are the elements of the tuple, however long."
                    if ("ab", "c") in expected and not {("ab", "c"), ("c", "ab")} & set(got) else "")


# -- learning --------------------------------------------------------------------------------------------------------
learn = exercise(
    "23.learn", "count, merge the most frequent pair everywhere, and count again",
    "a loop: count the pairs, choose one, note it, rewrite all words. When does it end?",
    "min(counts, key=lambda pair: (-counts[pair], pair)) is the most frequent pair, of equals the first.",
    "words = {merged(word, best): times for word, times in words.items()}; stop when there are no pairs, too.")


def _by_count(counts):
    return lambda pair: (-counts[pair], pair)


def _learned(words, count, key=_by_count, again=True):
    found, counts = [], _pairs(words)
    while len(found) < count and counts:
        best = min(counts, key=key(counts))
        found.append(best)
        words = {_merged(word, best): times for word, times in words.items()}
        if again:
            counts = _pairs(words)
        else:
            del counts[best]
    return found


@learn.property(examples=150, words=WORDS, count=whole(0, 5), mistakes=[
    (lambda words, count: _learned(words, count, again=False), "After a merge the counts are others: count again."),
    (lambda words, count: _learned(words, count, lambda counts: lambda pair: (-counts[pair],
                                                                              [-ord(p[0]) for p in pair])),
     "Of pairs equally frequent, take the one that sorts first."),
    (lambda words, count: _learned(words, count, lambda counts: lambda pair: (counts[pair], pair)),
     "The rarest pair is merged; the most frequent one is wanted."),
    (lambda words, count: _learned({word: 1 for word in words}, count),
     "Each word counts as often as it stands in the text.")])
def merge_by_merge(answer, words, count):
    got, expected = answer(words, count), _learned(words, count)
    if not isinstance(got, (list, tuple)):
        raise Wrong(f"expected a list of pairs, got {kind(got)}.")
    if len(got) > count:
        raise Wrong(f"you return {len(got)} merges; {count} were asked for.")
    got = [tuple(pair) for pair in got]
    if got != expected:
        raise Wrong(f"you return {got}, expected {expected}.")


# -- what a merge changes --------------------------------------------------------------------------------------------
change = exercise(
    "23.change", "the pairs after the merge, less the pairs before it",
    "which pairs does the word have before the merge, and which after it?",
    "merged(word, pair) is the word after it; Counter.subtract takes one count from another, also below zero.",
    "`pairs({word: 1})` counts one word.  At the end leave out what is 0.")


@change.property(examples=200, word=st.lists(LETTERS, min_size=1, max_size=6).map(tuple),
                 pair=st.tuples(LETTERS, LETTERS))
def after_less_before(answer, word, pair):
    got, expected = _counts(answer(word, pair)), Counter(_pairs({_merged(word, pair): 1}))
    expected.subtract(_pairs({word: 1}))
    expected = {p: n for p, n in expected.items() if n}
    if any(n == 0 for n in got.values()):
        raise Wrong(f"you return {got}: leave out what doesn't change.")
    if got != expected:
        raise Wrong(f"you return {got}, expected {expected}.",
                    "The signs are the wrong way round: what is lost counts negative."
                    if got == {p: -n for p, n in expected.items()} else
                    "What is lost is missing: Counter's own minus keeps only what is above zero."
                    if got == {p: n for p, n in expected.items() if n > 0} else
                    "Other pairs change too: mind the neighbours." if got.keys() < expected.keys() else "")


# -- bits per character ----------------------------------------------------------------------------------------------
exercise("23.bits", "all bits over all characters",
         "how many bits does the whole text cost? How many characters does it have?",
         "a nat is 1 / ln 2 bits.",
         "sums first, one division at the end: nats.sum() / np.log(2) / lengths.sum()").equals(
    lambda nats, lengths: nats.sum() / np.log(2) / lengths.sum(), "the result",
    made(lambda rng, n: (np.abs(rng.normal(size=n)).round(1) + 0.1, rng.integers(1, 6, n)), n=whole(1, 4)), [
        (lambda nats, lengths: nats.mean() / np.log(2), "These are bits per token."),
        (lambda nats, lengths: (nats / lengths).mean() / np.log(2),
         "A mean of quotients: long tokens must count for more."),
        (lambda nats, lengths: nats.sum() / lengths.sum(), "These are nats: a bit has ln 2 of them."),
        (lambda nats, lengths: nats.sum() * np.log(2) / lengths.sum(), "A nat is 1 / ln 2 bits, so divide by ln 2.")])
