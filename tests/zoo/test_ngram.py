"""N-gram models against the same counted with dictionaries."""
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from minigrad.zoo import ngram

rows = arrays.arrays(np.uint8, (3, 30), elements=st.integers(0, 3))


@given(rows, st.integers(1, 4))
def test_counts_equal_those_of_a_dictionary(text, n):
    counts = ngram.Counts(text, n, 4)
    long, short = Counter(), Counter()
    for row in text.tolist():
        for i in range(len(row) - n + 1):
            long[tuple(row[i:i + n])] += 1
            short[tuple(row[i:i + n - 1])] += 1
    every = np.array(np.meshgrid(*[range(4)] * n, indexing="ij")).reshape(n, -1).T
    times, totals, _ = counts.of(ngram.grams(every, n, 4).ravel())
    assert times.tolist() == [long[tuple(g)] for g in every.tolist()]
    assert totals.tolist() == [short[tuple(g[:-1])] for g in every.tolist()]


@given(rows, rows, st.integers(1, 4))
def test_probabilities_of_all_characters_add_up_to_1(train, held_out, n):
    """p(c | h) for each c after the same h: mixtures with the same weight, because it depends on h alone."""
    context = np.tile(held_out[0, :n - 1], (4, 1))
    every = np.concatenate([context, np.arange(4)[:, None]], axis=1)
    p_held_out = p = 1 / 4
    for order in range(1, n + 1):
        counts = ngram.Counts(train, order, 4)
        held, asked = (counts.of(ngram.grams(r, order, 4)[:, n - order:].ravel()) for r in (held_out, every))
        weights = ngram._fit_weights(held, p_held_out)
        p_held_out, p = ngram._mixed(weights, held, p_held_out), ngram._mixed(weights, asked, p)
    assert p.sum() == pytest.approx(1) and (p > 0).all()


def test_the_unigram_of_random_text_needs_its_entropy():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    train, held_out, test = np.random.default_rng(0).choice(4, p=p, size=(3, 10, 20_000))
    figures = ngram.bits_per_character(train, held_out, test, 4, largest=4)
    np.testing.assert_allclose(figures, 1.75, atol=0.02)        # longer contexts are no help, and do no harm


def test_of_a_text_that_repeats_itself_nothing_is_left_to_say():
    text = np.tile(np.array([0, 1, 2, 0, 2, 1], np.uint8), 1000)[None]
    unigram, bigram, trigram = ngram.bits_per_character(text, text, text, 3, largest=3)
    assert unigram == pytest.approx(math.log2(3), abs=1e-3)
    assert 0.9 < bigram < 1.1 and trigram < 0.01


def test_n_grams_that_do_not_fit_into_an_integer_are_an_error():
    rows = np.zeros((2, 9), int)
    for short in (rows[:0], rows[:, :2], rows[0]):
        with pytest.raises(ValueError, match="rows of 3 characters at .* one has shape"):
            ngram.bits_per_character(rows, rows, short, 4, largest=3)
    with pytest.raises(ValueError, match="10-grams of 79 characters don't fit"):
        ngram.bits_per_character(*np.zeros((3, 2, 20), np.uint8), 79, largest=10)
