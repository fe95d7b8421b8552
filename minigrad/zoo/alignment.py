"""Which proteins are relatives, by their sequences: the check that a test set holds none of what was learned from.

Relatives have like structures.  A network that has seen one has seen the answer, and its figures on the other say how
well it remembers, not what it has understood.
"""
import json
from importlib.resources import files

import numpy as np

from .evoformer import ALPHABET, encode

# How often two amino acids replace each other in related proteins: 2 log2 of the ratio to chance.  (Henikoff & Henikoff
# 1992, BLOSUM62; below the diagonal, in the order of ALPHABET)
TRIANGLE = """
 4
 0  9
-2 -3  6
-1 -4  2  5
-2 -2 -3 -3  6
 0 -3 -1 -2 -3  6
-2 -3 -1  0 -1 -2  8
-1 -1 -3 -3  0 -4 -3  4
-1 -3 -1  1 -3 -2 -1 -3  5
-1 -1 -4 -3  0 -4 -3  2 -2  4
-1 -1 -3 -2  0 -3 -2  1 -1  2  5
-2 -3  1  0 -3  0  1 -3  0 -3 -2  6
-1 -3 -1 -1 -4 -2 -2 -3 -1 -3 -2 -2  7
-1 -3  0  2 -3 -2  0 -3  1 -2  0  0 -1  5
-1 -3 -2  0 -3 -2  0 -3  2 -2 -1  0 -2  1  5
 1 -1  0  0 -2  0 -1 -2  0 -2 -1  1 -1  0 -1  4
 0 -1 -1 -1 -2 -2 -2 -1 -1 -1 -1  0 -1 -1 -1  1  5
 0 -1 -3 -2 -1 -3 -3  3 -2  1  1 -3 -2 -2 -3 -2  0  4
-3 -2 -4 -3  1 -2 -2 -3 -3 -2 -1 -4 -4 -2 -3 -3 -2 -3 11
-2 -2 -3 -2  3 -3  2 -1 -2 -1 -1 -2 -3 -1 -2 -2 -2 -1  2  7
"""
OPEN, EXTEND = 11, 1                    # what a gap costs: for its first letter, and for each further one
LAMBDA, K = 0.267, 0.041                # of the scores of unrelated sequences, with this matrix and these gaps (BLAST)


def _blosum62():
    matrix = np.full((len(ALPHABET) + 1,) * 2, -1)              # letters that are no amino acid fit badly to all
    for row, line in enumerate(TRIANGLE.split("\n")[1:-1]):
        matrix[row, :row + 1] = matrix[:row + 1, row] = [int(score) for score in line.split()]
    return matrix


BLOSUM62 = _blosum62()


def alignment_scores(sequence, others):
    """The scores (n,) of the best local alignments of a sequence with n others.  (Smith & Waterman 1981; Gotoh 1982)

    Of all ways to write a stretch of one under a stretch of the other, with gaps, the highest sum of BLOSUM62 scores
    less the costs of gaps.  All others advance together, row by row of the table

        H[i, j] = max(0, H[i-1, j-1] + score of letters i and j, best with a gap that ends in i, best with one in j)

    Gaps within the row are a running maximum: over k < j of H[i, k] - OPEN - (j - k - 1) EXTEND.
    """
    codes = [encode(other) for other in others]
    longest = max(map(len, codes))
    letters = np.stack([np.pad(c, (0, longest - len(c)), constant_values=-1) for c in codes])
    fits = np.where(letters >= 0, BLOSUM62[:, letters], -1000).astype(np.int32)     # (21, n, longest)
    along = (EXTEND * np.arange(longest + 1)).astype(np.int32)
    h = np.zeros((len(others), longest + 1), np.int32)
    gap, best = np.full_like(h, -1000), np.zeros(len(others), np.int32)
    for letter in encode(sequence):
        gap = np.maximum(h - OPEN, gap - EXTEND)                # letters of the sequence opposite to none
        diagonal = h[:, :-1] + fits[letter]
        h = np.maximum(gap, 0)
        h[:, 1:] = np.maximum(h[:, 1:], diagonal)
        opposite = np.maximum.accumulate(h + along, axis=1) - along - OPEN      # letters of the other opposite to none
        h[:, 1:] = np.maximum(h[:, 1:], opposite[:, :-1])
        best = np.maximum(best, h.max(axis=1))
    return best


def expected_by_chance(scores, length, letters):
    """E-values: how many alignments this good a sequence of some length finds by chance among so many letters.

        E = K · length · letters · e^(-λ score)         (Karlin & Altschul 1990)
    """
    return K * length * letters * np.exp(-LAMBDA * np.asarray(scores, float))


def relatives(proteins, others, below=0.01, progress=iter):
    """{name: names of its relatives among others} for those proteins that have any: E-value below 0.01."""
    sequences = [other.sequence for other in others]
    letters = sum(map(len, sequences))
    found = {}
    for protein in progress(proteins):
        scores = alignment_scores(protein.sequence, sequences)
        close = expected_by_chance(scores, len(protein.sequence), letters) < below
        if close.any():
            found[protein.name] = [others[k].name for k in np.flatnonzero(close)]
    return found


def known_relatives():
    """What `relatives` finds for crambin and the 200 validation proteins among the 2,004 to train on: {name: names}.

    89 of the 200 have some, and crambin is there itself; 249 chains are concerned.  Finding them takes a minute, so
    relatives.json holds the result.
    """
    return json.loads(files(__package__).joinpath("relatives.json").read_text(encoding="utf-8"))


def unrelated(proteins):
    """Those of the proteins to train on that are no relatives of crambin or of a validation protein: 1,755 of 2,004."""
    close = {name for names in known_relatives().values() for name in names}
    return [protein for protein in proteins if protein.name not in close]
