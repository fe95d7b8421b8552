"""N-gram language models: what counting alone can predict, the baseline that a neural one has to beat.

    p_n(c | h) = w C(hc) / C(h) + (1 - w) p_{n-1}(c | h without its first character),      p_0 = 1 / V

h is the n-1 characters before c, C counts in the training text, and the weight w = w_n(h) says how far to trust the
counts of h: it depends on how often h was seen and on how many different characters came after it.  The weights are
those that make a text likeliest that was not counted, found by EM.  (Jelinek & Mercer 1980; Chen & Goodman 1999)
"""
import numpy as np

SIZES, VARIETIES = 20, 24           # classes of h: log2 C(h), and 3 log2 of the mean count of a character after h


class Counts:
    """How often each n-gram stands in the rows of an integer array (rows, length), and each h, and what came after it.

    An n-gram is one integer, its characters being digits of base V: V^n must be less than 2^63.
    """

    def __init__(self, rows, n, vocab):
        self.grams, self.times = np.unique(grams(rows, n, vocab), return_counts=True)
        self.contexts, first = np.unique(self.grams // vocab, return_index=True)
        self.totals = np.add.reduceat(self.times, first)
        self.varieties = np.diff(np.append(first, len(self.grams)))
        self.vocab = vocab

    def of(self, queries):
        """(C(hc), C(h), the class of h) for n-grams hc."""
        where = _find(self.contexts, queries // self.vocab)
        totals = np.where(where < 0, 0, self.totals[where])
        sizes = np.log2(np.maximum(totals, 1)).astype(int)
        varieties = (3 * np.log2(np.maximum(totals, 1) / self.varieties[where])).clip(0).astype(int)
        found = _find(self.grams, queries)
        return (np.where(found < 0, 0, self.times[found]), totals,
                np.minimum(sizes, SIZES - 1) * VARIETIES + np.minimum(varieties, VARIETIES - 1))


def grams(rows, n, vocab):
    """The n-grams that end at each place from n - 1 on, as integers (rows, length - n + 1)."""
    length = rows.shape[1] - n + 1
    codes = np.zeros((len(rows), length), np.int64)
    for i in range(n):
        codes = codes * vocab + rows[:, i:i + length]
    return codes


def _find(keys, queries):
    """The index in sorted keys of each query, -1 where it is none of them."""
    where = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    return np.where(keys[where] == queries, where, -1)


def bits_per_character(train, held_out, test, vocab, largest=8, each=iter):
    """The mean of -log2 p(character) in `test`, of the unigram, the bigram, ..., the `largest`-gram model: a list.

    train, held_out, test   integers (rows, length), each row a stretch of text: for counting, for the weights, and for
                            the figures.  The first largest - 1 characters of a row are context alone.
    each                    goes over 1, 2, ..., largest; tqdm, say, to see how far it is
    """
    if vocab ** largest >= 2**63:
        raise ValueError(f"bits_per_character: {largest}-grams of {vocab} characters don't fit into 64 bits")
    for rows in (train, held_out, test):
        if largest < 1 or rows.ndim != 2 or rows.shape[1] < largest or not len(rows):
            raise ValueError(f"bits_per_character: train, held_out and test must have rows of {largest} characters at "
                             f"least, largest be 1 at least; one has shape {rows.shape}")
    p_held_out = p_test = 1 / vocab
    figures = []
    for n in each(range(1, largest + 1)):
        counts = Counts(train, n, vocab)
        held, tested = (counts.of(grams(rows, n, vocab)[:, largest - n:].ravel()) for rows in (held_out, test))
        weights = _fit_weights(held, p_held_out)
        p_held_out, p_test = _mixed(weights, held, p_held_out), _mixed(weights, tested, p_test)
        figures.append(float(-np.log2(p_test).mean()))
    return figures


def _mixed(weights, counted, shorter):
    """p_n of each character, given what was counted and its p_{n-1}."""
    times, totals, classes = counted
    w = np.where(totals > 0, weights[classes], 0)               # of an h never seen, nothing can be trusted
    return w * times / np.maximum(totals, 1) + (1 - w) * shorter


def _fit_weights(counted, shorter, rounds=40):
    """The weight of each class of h that makes the counted characters likeliest, by EM.

    E: the share of each character's probability that came from C(hc) / C(h).  M: w = the mean share in its class.
    """
    times, totals, classes = counted
    seen, size = totals > 0, SIZES * VARIETIES
    count = np.bincount(classes[seen], minlength=size)
    weights = np.full(size, 0.5)
    for _ in range(rounds):
        share = weights[classes] * times / np.maximum(totals, 1)
        share = share / (share + (1 - weights[classes]) * shorter)
        weights = (np.bincount(classes[seen], share[seen], size) + 0.5) / (count + 1)       # + 1: no class is empty
    return weights
