"""Exercises of notebook 23: a tokenizer."""
from collections import Counter

import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import drawn, seeds


def _words():
    """Counts of words of few letters, so that pairs repeat and tie."""
    from hypothesis import strategies as st
    word = st.text("ab", min_size=1, max_size=5).map(tuple)
    return st.dictionaries(word, st.integers(1, 3), max_size=4)


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


def _as_dict(got, what):
    if not isinstance(got, dict):
        raise Wrong(f"{what} should be a dictionary, {{pair: number}}, not {type(got).__name__}.")
    return {pair: n for pair, n in got.items() if n}


# -- pairs -----------------------------------------------------------------------------------------------------------
pairs = exercise("23.pairs", "each pair of neighbours, as often as its word stands in the text",
                 "for word, times in words.items(): for pair in zip(word, word[1:]): counts[pair] += times")


@pairs.property
def _(answer):
    def property(words):
        before = dict(words)
        got, expected = _as_dict(call(answer, words), "the result"), _pairs(before)
        if words != before:
            raise Wrong("you changed the words that were given.")
        if got != expected:
            if got == dict(Counter(pair for word in words for pair in zip(word, word[1:]))):
                raise Wrong(f"you return {got}, expected {expected}. "
                            "Each word counts as often as it stands in the text.")
            if got and all(isinstance(pair, str) for pair in got):
                raise Wrong("the keys should be pairs, tuples of two pieces, not strings.")
            raise Wrong(f"you return {got}, expected {expected}.")
    for_all(property, examples=150, words=_words())


@pairs.property
def _(answer):
    """Pieces may be longer than one letter."""
    if _as_dict(call(answer, {("ab", "c", "ab", "c"): 2}), "the result") != {("ab", "c"): 4, ("c", "ab"): 2}:
        raise Wrong("for {('ab', 'c', 'ab', 'c'): 2}, expected {('ab', 'c'): 4, ('c', 'ab'): 2}: "
                    "the pieces are the elements of the tuple, however long.")


# -- learning --------------------------------------------------------------------------------------------------------
learn = exercise("23.learn", "count, merge the most frequent pair everywhere, and count again",
                 "best = min(counts, key=lambda pair: (-counts[pair], pair)); then rewrite each word with `merged`.")


def _learned(words, count, key=lambda counts: lambda pair: (-counts[pair], pair), again=True):
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


@learn.property
def _(answer):
    from hypothesis import strategies as st

    def property(words, count):
        before = dict(words)
        got, expected = call(answer, words, count), _learned(before, count)
        if words != before:
            raise Wrong("you changed the words that were given; make new ones.")
        got = [tuple(pair) for pair in got]
        if got != expected:
            if len(got) > count:
                raise Wrong(f"you return {len(got)} merges; {count} were asked for.")
            first = next((n for n, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
            words_for = ((_learned(before, count, again=False), "After a merge the counts are others: count again."),
                         (_learned(before, count,
                                   lambda counts: lambda pair: (-counts[pair], [-ord(p[0]) for p in pair])),
                          "Of pairs equally frequent, take the one that sorts first."),
                         (_learned(before, count, lambda counts: lambda pair: (counts[pair], pair)),
                          "That is the rarest pair; the most frequent one is wanted."))
            why = next((f" {text}" for guess, text in words_for if got == guess), "")
            raise Wrong(f"merge {first + 1} of {expected}: you have {got}.{why}")
    for_all(property, examples=150, words=_words(), count=st.integers(0, 5))


# -- what a merge changes --------------------------------------------------------------------------------------------
change = exercise("23.change", "the pairs after the merge, less the pairs before it",
                  "count the pairs of the word before and of merged(word, pair) after; leave out what stays the same.")


@change.property
def _(answer):
    from hypothesis import strategies as st

    def property(word, pair):
        got = call(answer, word, pair)
        expected = Counter(_pairs({_merged(word, pair): 1}))
        expected.subtract(_pairs({word: 1}))
        expected = {p: n for p, n in expected.items() if n}
        if isinstance(got, dict) and any(n == 0 for n in got.values()):
            raise Wrong(f"you return {dict(got)}: leave out what doesn't change.")
        got = _as_dict(got, "the result")
        if got != expected:
            why = ""
            if got == {p: -n for p, n in expected.items()}:
                why = " The signs are the wrong way round: what is lost counts negative."
            elif got == {p: n for p, n in expected.items() if n > 0}:
                why = " What is lost is missing: Counter's own minus keeps only what is above zero."
            elif expected.keys() - got.keys() and got.keys() <= expected.keys():
                why = f" {sorted(expected.keys() - got.keys())[0]} changes too: mind the neighbours."
            raise Wrong(f"you return {got}, expected {expected}.{why}")
    letters = st.sampled_from("ab")
    for_all(property, examples=200, word=st.lists(letters, min_size=1, max_size=6).map(tuple),
            pair=st.tuples(letters, letters))


# -- bits per character ----------------------------------------------------------------------------------------------
bits = exercise("23.bits", "all bits over all characters",
                "nats.sum() / np.log(2) are the bits of the whole text; divide by the characters of the whole text.")


@bits.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, tokens):
        rng = np.random.default_rng(seed)
        nats, lengths = np.abs(drawn(seed, tokens)) + 0.1, rng.integers(1, 6, tokens)
        expected = nats.sum() / np.log(2) / lengths.sum()
        same(call(answer, nats.copy(), lengths.copy()), expected, "the result", guesses=(
            (nats.mean() / np.log(2), "These are bits per token."),
            ((nats / lengths).mean() / np.log(2), "A mean of quotients: long tokens must count for more."),
            (nats.sum() / lengths.sum(), "These are nats: a bit has ln 2 of them."),
            (nats.sum() * np.log(2) / lengths.sum(), "A nat is 1 / ln 2 bits, so divide by ln 2."),
            (nats.mean() / np.log(2) * lengths.mean(), "Divide by the characters, don't multiply.")))
    for_all(property, seed=seeds(), tokens=st.integers(1, 4))
