"""The alignment of many sequences at once against the textbook's table, cell by cell, and against another program."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.data.corpora import Protein, crambin, proteins
from minigrad.zoo import alignment as a
from minigrad.zoo.evoformer import ALPHABET, encode

from .test_structure import CRAMBIN

sequences = st.text("ACDWY", min_size=1, max_size=12)


def table(one, other):
    """Each cell from all cells that a gap can come from."""
    one, other = encode(one), encode(other)
    h = np.zeros((len(one) + 1, len(other) + 1), int)
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            h[i, j] = max([0, h[i - 1, j - 1] + a.BLOSUM62[one[i - 1], other[j - 1]]]
                          + [h[k, j] - a.OPEN - (i - k - 1) * a.EXTEND for k in range(i)]
                          + [h[i, k] - a.OPEN - (j - k - 1) * a.EXTEND for k in range(j)])
    return h.max()


@given(sequences, st.lists(sequences, min_size=1, max_size=4))
def test_equals_the_table(one, others):
    assert a.alignment_scores(one, others).tolist() == [table(one, other) for other in others]


@given(sequences, sequences)
def test_is_symmetric_and_highest_for_itself(one, other):
    assert a.alignment_scores(one, [other]) == a.alignment_scores(other, [one])
    itself = a.alignment_scores(one, [one])
    assert itself == sum(a.BLOSUM62[n, n] for n in encode(one)) and itself >= a.alignment_scores(one, [other])


@pytest.mark.parametrize("other, score", [
    ("KSCCRSTLARNCYNLCRARGAQKLCAGVCRCKISSGLSCPKGFPK", 83),         # a thionin: a relative
    ("MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG", 17),      # ubiquitin: none
    ("TTCCPSIVARSNFNVCRWWWLPGTPEAICATYTGCIIIPGATCPGDYAN", 249)])     # three letters more
def test_scores_of_biopython(other, score):
    """PairwiseAligner of Biopython 1.88: local, BLOSUM62, gaps 11 and 1."""
    assert a.alignment_scores(CRAMBIN.sequence, [other]) == score


def test_expected_by_chance():
    """By hand: 0.041 · 46 · 1000 · e^(-0.267 · 50)."""
    assert a.expected_by_chance([50], 46, 1000)[0] == pytest.approx(0.041 * 46000 * 1.5939e-6, rel=1e-3)


def test_relatives_are_found_among_the_unrelated():
    rng = np.random.default_rng(0)
    unrelated = [Protein(f"S{n}", "".join(rng.choice(list(ALPHABET), 46)), "", None) for n in range(20)]
    near = Protein("near", CRAMBIN.sequence[3:40].replace("I", "V"), "", None)
    assert a.relatives([CRAMBIN], unrelated + [near]) == {CRAMBIN.name: ["near"]}
    assert a.relatives([CRAMBIN], unrelated) == {}


def test_unrelated_leaves_out_the_relatives():
    some = [Protein(name, "A", "C", None) for name in ("3NIR_A", "none", "1CSE_I")]
    assert [p.name for p in a.unrelated(some)] == ["none"]


@pytest.mark.slow
def test_the_relatives_on_file_are_those_that_are_found():
    """For crambin and twelve of the validation proteins; needs the proteins."""
    training, validation = proteins()
    asked = [crambin(), *validation[::17]]
    known = a.known_relatives()
    assert a.relatives(asked, training) == {p.name: known[p.name] for p in asked if p.name in known}
    names = {p.name for p in training}
    assert len(known) == 90 and all(set(found) <= names for found in known.values())
    assert len(a.unrelated(training)) == 1755
