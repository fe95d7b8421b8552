"""Texts as numbers: which words there are, and which of them, or how many of each, a text has."""
import re
import string
from collections import Counter

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


class TextVectorization(Layer):
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

    def __init__(self, max_tokens=None, standardize="lower_and_strip_punctuation", split="whitespace", ngrams=None,
                 output_mode="int", output_sequence_length=None, pad_to_max_tokens=False, vocabulary=None,
                 idf_weights=None, **kwargs):
        super().__init__(**kwargs)
        self.max_tokens = None if max_tokens is None else whole("TextVectorization: max_tokens", max_tokens, 3)
        self.output_mode = one_of("TextVectorization: output_mode", output_mode, MODES)
        self._prepare = _function("standardize", standardize, STANDARDIZE)
        self._words = _function("split", split, SPLIT)
        self.ngrams = ngrams if ngrams is None or isinstance(ngrams, (tuple, list)) else range(1, whole(
            "TextVectorization: ngrams", ngrams) + 1)
        self.output_sequence_length, self.pad_to_max_tokens = output_sequence_length, pad_to_max_tokens
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError("TextVectorization: pad_to_max_tokens needs max_tokens")
        self.words, self.idf, self.numbers, self.built = [], None, {}, True
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def tokens(self, text):
        """The words of a text."""
        text = text.decode() if isinstance(text, bytes) else text
        if not isinstance(text, str):
            raise TypeError(f"{self._label} takes texts, not {shown(text)}")
        words = list(self._words(self._prepare(text)))
        if self.ngrams is None:
            return words
        return [" ".join(words[i:i + n]) for n in self.ngrams for i in range(len(words) - n + 1)]

    def adapt(self, data, batch_size=None, steps=None):
        """Gather the vocabulary of data: a list or array of texts, or batches of them; of (x, y) it takes x."""
        counts, texts, within = Counter(), 0, Counter()
        for number, batch in enumerate([data] if isinstance(data, (list, np.ndarray, str)) else data):
            if number == steps:
                break
            for text in _flat(batch[0] if isinstance(batch, tuple) else batch):
                words = self.tokens(text)
                counts.update(words)
                within.update(set(words))
                texts += 1
        counts.pop("", None)
        room = None if self.max_tokens is None else self.max_tokens - (2 if self.output_mode == "int" else 1)
        words = sorted(counts, key=lambda word: (counts[word], word), reverse=True)[:room]
        idf = [float(np.log1p(texts / (1 + within[word]))) for word in words] if self.output_mode == "tf_idf" else None
        self.set_vocabulary(words, idf)

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Words in order; "" and "[UNK]" at their head may be there or not.  idf_weights: a number for each word."""
        words = [str(word) for word in vocabulary]
        special = next((n for n in (2, 1) if words[:n] == ["", UNKNOWN][-n:]), 0)
        words = words[special:]
        if len(set(words)) < len(words):
            raise ValueError(f"{self._label}: a word comes twice in the vocabulary: "
                             f"{next(word for word, n in Counter(words).items() if n > 1)!r}")
        if self.max_tokens is not None and len(words) > self.max_tokens - (2 if self.output_mode == "int" else 1):
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
            self.idf = np.array([np.mean(idf) if idf else 0, *idf], np.float32)
        self.words, first = words, 2 if self.output_mode == "int" else 1
        self.numbers = {word: i for i, word in enumerate(words, first)}

    def get_vocabulary(self, include_special_tokens=True):
        """The words, by their numbers."""
        special = (["", UNKNOWN] if self.output_mode == "int" else [UNKNOWN]) if include_special_tokens else []
        return [*special, *self.words]

    def vocabulary_size(self):
        return len(self.get_vocabulary())

    def __call__(self, *args, **kwargs):
        texts, = args or kwargs.values()
        if symbols_in(texts) or isinstance(texts, Tensor):
            raise TypeError(f"{self._label} takes texts, which are no tensors: call it on a list or array of texts, "
                            "before the model")
        return self.call(texts)

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
        width = self.max_tokens if self.pad_to_max_tokens else len(self.words) + 1
        y = np.zeros((len(rows), width), np.float32)
        for row, numbers in zip(y, rows):
            row += np.bincount(numbers, minlength=width)
        if self.output_mode == "tf_idf":
            y[:, :len(self.idf)] *= self.idf
        return np.minimum(y, 1) if self.output_mode == "multi_hot" else y

    def get_config(self):
        config = super().get_config()
        if self.words:
            config |= {"vocabulary": self.words, "idf_weights": None if self.idf is None else self.idf[1:].tolist()}
        return config


def _function(name, given, table):
    return given if callable(given) else table[one_of(f"TextVectorization: {name}", given, tuple(table))]


def _flat(texts):
    """The texts of a list or array of them, (n,) or (n, 1), or one."""
    array = np.asarray(texts.numpy() if isinstance(texts, Tensor) else texts, object)
    if array.ndim > 2 or array.ndim == 2 and array.shape[1] != 1:
        raise ValueError(f"texts come in (n,) or (n, 1), not in {array.shape}")
    return array.reshape(-1)
