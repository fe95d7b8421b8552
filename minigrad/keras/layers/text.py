"""Texts and categories as numbers: which there are, and which of them, or how many of each, an example has."""
import re
import string
from collections import Counter
from pathlib import Path

import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...support.arguments import one_of, shown, whole
from ..symbols import symbols_in
from .base import Layer

PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
STANDARDIZE = {"lower_and_strip_punctuation": lambda text: PUNCTUATION.sub("", text.lower()),
               "lower": str.lower, "strip_punctuation": lambda text: PUNCTUATION.sub("", text), None: lambda text: text}
SPLIT = {"whitespace": str.split, "character": list, None: lambda text: [text]}
MODES = ("int", "multi_hot", "count", "tf_idf")
UNKNOWN = "[UNK]"


class _Vocabulary(Layer):
    """Entries in order, and the number of each; a subclass says in special() what stands before them.

    adapt(data) gathers them, the most frequent first, among equals from z to a; or vocabulary gives them, a list or the
    path of a file with one in each line.  They are no tensors: the layer stands before a model, in Dataset.map say.
    """
    kind = staticmethod(str)                # what an entry is

    def __init__(self, max_tokens, output_mode, modes, pad_to_max_tokens, vocabulary, idf_weights, **kwargs):
        super().__init__(**kwargs)
        name = type(self).__name__
        self.output_mode = one_of(f"{name}: output_mode", output_mode, modes)
        least = len(self.special()) + 1
        self.max_tokens = None if max_tokens is None else whole(f"{name}: max_tokens", max_tokens, least)
        self.pad_to_max_tokens = pad_to_max_tokens
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{name}: pad_to_max_tokens needs max_tokens")
        self.words, self.idf, self.numbers, self.built = [], None, {}, True
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def special(self, output_mode=None):
        """What has the first numbers, with this output_mode or the layer's own: padding, and what isn't known."""
        return ["", UNKNOWN] if (output_mode or self.output_mode) == "int" else [UNKNOWN]

    def tokens(self, entry):
        """The entries of the vocabulary that an entry of the data has."""
        return [self.kind(entry)]

    def adapt(self, data, batch_size=None, steps=None):
        """Gather the vocabulary of data: a list or array, or batches of such; of (x, y) it takes x."""
        counts, texts, within = Counter(), 0, Counter()
        for number, batch in enumerate([data] if isinstance(data, (list, np.ndarray, str)) else data):
            if number == steps:
                break
            for text in _flat(batch[0] if isinstance(batch, tuple) else batch, self.ndims):
                words = self.tokens(text)
                counts.update(words)
                within.update(set(words))
                texts += 1
        for word in self.special("int"):
            counts.pop(word, None)
        room = None if self.max_tokens is None else self.max_tokens - len(self.special())
        words = sorted(counts, key=lambda word: (counts[word], word), reverse=True)[:room]
        idf = [float(np.log1p(texts / (1 + within[word]))) for word in words] if self.output_mode == "tf_idf" else None
        self.set_vocabulary(words, idf)

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Entries in order; those of special() at their head may be there or not.  idf_weights: a number for each."""
        if isinstance(vocabulary, str):
            try:
                vocabulary = Path(vocabulary).read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError) as error:
                raise ValueError(f"{type(self).__name__}: vocabulary names a file, {shown(vocabulary)}, which can't be "
                                 f"read ({error})") from None
        words, both = [self.kind(word) for word in vocabulary], self.special("int")
        special = next((n for n in range(len(both), 0, -1) if words[:n] == both[-n:]), 0)
        words = words[special:]
        if len(set(words)) < len(words):
            raise ValueError(f"{self._label}: a word comes twice in the vocabulary: "
                             f"{next(word for word, n in Counter(words).items() if n > 1)!r}")
        if self.max_tokens is not None and len(words) > self.max_tokens - len(self.special()):
            raise ValueError(f"{self._label}: {len(words)} words are more than max_tokens={self.max_tokens} leaves "
                             "room for")
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(f'{self._label}: idf_weights go with output_mode="tf_idf", and only with it')
        if idf_weights is not None:
            idf = [float(w) for w in idf_weights]
            idf = idf[len(idf) - len(words):] if special else idf
            if len(idf) != len(words):
                raise ValueError(f"{self._label}: {len(idf)} idf_weights for {len(words)} words")
            # an unknown word weighs as the mean one
            self.idf = np.array([*[np.mean(idf) if idf else 0] * len(self.special()), *idf], np.float32)
        self.words = words
        self.numbers = {word: i for i, word in enumerate(words, len(self.special()))}

    def get_vocabulary(self, include_special_tokens=True):
        """The entries, by their numbers."""
        return [*(self.special() if include_special_tokens else []), *self.words]

    def vocabulary_size(self):
        return len(self.get_vocabulary())

    def __call__(self, *args, **kwargs):
        entries, = args or kwargs.values()
        if symbols_in(entries) or isinstance(entries, Tensor) and self.kind is str:
            raise TypeError(f"{self._label} takes {self.takes}, which are no tensors: call it on a list or array of "
                            "them, before the model")
        return self.call(entries)

    def width(self):
        """How many columns there are, one for each entry."""
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()

    def get_config(self):
        config = super().get_config()
        if self.words:
            weights = None if self.idf is None else self.idf[len(self.special()):].tolist()
            config |= {"vocabulary": self.words, "idf_weights": weights}
        return config

    @classmethod
    def from_config(cls, config):
        if isinstance(config.get("vocabulary"), str):       # a saved model may not say which files are opened
            raise ValueError(f"{cls.__name__}: a configuration holds the vocabulary itself, not a path")
        return super().from_config(config)


class StringLookup(_Vocabulary):
    """Categories, as texts, by their numbers in a vocabulary, which adapt(data) gathers.

        lookup = StringLookup(vocabulary=["cat", "dog"])
        lookup(["dog", "bird"])                 # [2, 0] int64: 0 is what isn't known

    max_tokens          the length of the vocabulary, with what is special
    num_oov_indices     1: what isn't known has a number, before the others; 0: it is an error
    mask_token          what has the number 0 (then 1 is what isn't known), for Embedding(mask_zero=True), say
    oov_token           the name of what isn't known
    invert              from numbers to texts, a NumPy array of them
    output_mode         "int"; "one_hot": a row (..., vocabulary) for each; of the last axis together one row,
                        "multi_hot", "count", "tf_idf", as in TextVectorization
    """
    ndims, takes = None, "texts"

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token=UNKNOWN, vocabulary=None,
                 idf_weights=None, invert=False, output_mode="int", pad_to_max_tokens=False, **kwargs):
        if num_oov_indices not in (0, 1):
            raise ValueError(f"{type(self).__name__}: num_oov_indices must be 0 or 1, not {shown(num_oov_indices)}")
        self.num_oov_indices, self.mask_token, self.oov_token = num_oov_indices, mask_token, oov_token
        self.invert = invert
        super().__init__(max_tokens, output_mode, ("int", "one_hot", *MODES[1:]), pad_to_max_tokens, vocabulary,
                         idf_weights, **kwargs)

    def special(self, output_mode=None):
        mask = [] if self.mask_token is None or (output_mode or self.output_mode) != "int" else [self.mask_token]
        return [*mask, *[self.oov_token] * self.num_oov_indices]

    def tokens(self, entry):
        entry = entry.decode() if isinstance(entry, bytes) else entry
        if not isinstance(entry, str if self.kind is str else (int, np.integer)):
            raise TypeError(f"{self._label} takes {self.takes}, not {shown(entry)}")
        return [self.kind(entry)]

    def call(self, entries):
        if not self.words:
            raise ValueError(f"{self._label} has no vocabulary yet: adapt(data) first")
        found = np.asarray(backend.to_numpy(entries._data) if isinstance(entries, Tensor) else entries)
        if self.invert:
            names = np.array(self.get_vocabulary(), object if self.kind is str else np.int64)
            if found.dtype.kind not in "iu" or found.size and not 0 <= found.min() <= found.max() < len(names):
                raise ValueError(f"{self._label} has entries 0 to {len(names) - 1}, got {shown(entries)}")
            return names[found]
        numbers = np.array([self._number(entry) for entry in found.reshape(-1).tolist()], np.int64).reshape(found.shape)
        if self.output_mode == "int":
            return Tensor(backend.asarray(numbers))
        return Tensor(backend.asarray(encoded(numbers, self.width(), self.output_mode, self.idf)))

    def _number(self, entry):
        entry, = self.tokens(entry)
        special = self.special()
        if self.output_mode == "int" and entry == self.mask_token:
            return 0
        if entry not in self.numbers and not self.num_oov_indices:
            raise ValueError(f"{self._label}: {shown(entry)} isn't in its vocabulary, and num_oov_indices is 0")
        return self.numbers.get(entry, len(special) - 1)


class IntegerLookup(StringLookup):
    """Categories, as whole numbers, by their numbers in a vocabulary: as StringLookup."""
    kind, takes = staticmethod(int), "whole numbers"

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token=-1, vocabulary=None,
                 vocabulary_dtype="int64", idf_weights=None, invert=False, output_mode="int", *,
                 pad_to_max_tokens=False, **kwargs):
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
                         output_mode, pad_to_max_tokens, **kwargs)


class CategoryEncoding(Layer):
    """Whole numbers below num_tokens as rows of num_tokens columns.

    output_mode     "multi_hot": one row for the numbers of the last axis, 1 for each that is there; "count": how often,
                    or the sum of their count_weights; "one_hot": a row for each number
    """

    def __init__(self, num_tokens=None, output_mode="multi_hot", **kwargs):
        super().__init__(**kwargs)
        self.num_tokens = whole("CategoryEncoding: num_tokens", num_tokens)
        self.output_mode = one_of("CategoryEncoding: output_mode", output_mode, ("multi_hot", "count", "one_hot"))

    def call(self, x, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f'{self._label}: count_weights go with output_mode="count"')
        numbers = x._data
        if backend.device_of(numbers) == "cpu" and numbers.size and not (
                0 <= numbers.min() <= numbers.max() < self.num_tokens):
            raise ValueError(f"{self._label} takes whole numbers from 0 to {self.num_tokens - 1}, got "
                             f"{numbers.min()} to {numbers.max()}")
        weights = getattr(count_weights, "_data", count_weights)
        return Tensor(encoded(numbers, self.num_tokens, self.output_mode, each=weights))


def encoded(numbers, width, mode, idf=None, each=None):
    """Whole numbers (..., n) as rows: "one_hot" (..., n, width), of n = 1 (..., width); the other modes (..., width).

    idf     a weight for each column;  each     a weight for each number
    """
    xp = backend.array_module(numbers)
    columns = (numbers[..., None] == xp.arange(width)).astype(np.float32)
    if mode == "one_hot":
        return columns[..., 0, :] if numbers.ndim > 1 and numbers.shape[-1] == 1 else columns
    counts = (columns if each is None else columns * each[..., None]).sum(axis=-2)
    return np.minimum(counts, 1) if mode == "multi_hot" else counts if idf is None else counts * idf


class TextVectorization(_Vocabulary):
    """Texts as numbers of the words of a vocabulary, which adapt(texts) gathers, the most frequent first.

        vectorize = TextVectorization(max_tokens=10_000, output_sequence_length=50)
        vectorize.adapt(texts)                  # a list of texts, an array, or a Dataset of batches of them
        vectorize(["the cat sat"])              # (1, 50) int64: 0 is padding, 1 a word that isn't known

    max_tokens      the length of the vocabulary, "" and "[UNK]" with it
    standardize     "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or a function of a text
    split           "whitespace", "character", None (the text is one word), or a function of a text
    ngrams          words up to so many in a row are words too; or a tuple of lengths
    output_mode     "int": the numbers of the words, (texts, words).  Of the whole vocabulary, "[UNK]" first, float32:
                    "multi_hot": 1 for words that a text has; "count": how often; "tf_idf": count · inverse frequency,
                    ln(1 + texts / (1 + texts with the word))
    output_sequence_length  of "int": texts are cut off or padded to it; by default the longest of a batch
    pad_to_max_tokens       the other modes have max_tokens columns, whatever the vocabulary
    vocabulary      words in order, without "" and "[UNK]", in the place of adapt; idf_weights with "tf_idf"
    Texts are no tensors: the layer stands before a model, in Dataset.map say.
    """

    ndims, takes = 2, "texts"

    def __init__(self, max_tokens=None, standardize="lower_and_strip_punctuation", split="whitespace", ngrams=None,
                 output_mode="int", output_sequence_length=None, pad_to_max_tokens=False, vocabulary=None,
                 idf_weights=None, **kwargs):
        self._prepare = _function("standardize", standardize, STANDARDIZE)
        self._words = _function("split", split, SPLIT)
        self.ngrams = ngrams if ngrams is None or isinstance(ngrams, (tuple, list)) else range(1, whole(
            "TextVectorization: ngrams", ngrams) + 1)
        self.output_sequence_length = output_sequence_length
        super().__init__(max_tokens, output_mode, MODES, pad_to_max_tokens, vocabulary, idf_weights, **kwargs)

    def tokens(self, text):
        """The words of a text."""
        text = text.decode() if isinstance(text, bytes) else text
        if not isinstance(text, str):
            raise TypeError(f"{self._label} takes texts, not {shown(text)}")
        words = list(self._words(self._prepare(text)))
        if self.ngrams is None:
            return words
        return [" ".join(words[i:i + n]) for n in self.ngrams for i in range(len(words) - n + 1)]

    def call(self, texts):
        if not self.words:
            raise ValueError(f"{self._label} has no vocabulary yet: adapt(texts) first")
        rows = [[self.numbers.get(word, 1 if self.output_mode == "int" else 0) for word in self.tokens(text)]
                for text in _flat(texts)]
        y = self._padded(rows) if self.output_mode == "int" else self._counted(rows)
        return Tensor(backend.asarray(y[0] if np.ndim(texts) == 0 else y))

    def _padded(self, rows):
        length = self.output_sequence_length or max(map(len, rows), default=0)
        y = np.zeros((len(rows), length), np.int64)
        for row, numbers in zip(y, rows):
            row[:len(numbers)] = numbers[:length]
        return y

    def _counted(self, rows):
        width = self.width()
        y = np.zeros((len(rows), width), np.float32)
        for row, numbers in zip(y, rows):
            row += np.bincount(numbers, minlength=width)
        if self.output_mode == "tf_idf":
            y[:, :len(self.idf)] *= self.idf
        return np.minimum(y, 1) if self.output_mode == "multi_hot" else y


def _function(name, given, table):
    return given if callable(given) else table[one_of(f"TextVectorization: {name}", given, tuple(table))]


def _flat(texts, ndims=2):
    """The entries of a list or array of them, or one; ndims=2: texts, (n,) or (n, 1)."""
    array = np.asarray(texts.numpy() if isinstance(texts, Tensor) else texts, object)
    if ndims and (array.ndim > 2 or array.ndim == 2 and array.shape[1] != 1):
        raise ValueError(f"texts come in (n,) or (n, 1), not in {array.shape}")
    return array.reshape(-1)
