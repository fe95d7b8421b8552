"""Byte-level byte-pair encoding: text to the numbers that a language model reads, and back without loss.

The text's UTF-8 bytes are the first pieces; then neighbours are merged, the pair that was most frequent in the
training text first, until no pair is in the list of merges.  (Gage 1994; Sennrich et al. 2016; Radford et al. 2019)

    "hello"  ->  h e l l o  ->  he l l o  ->  he ll o  ->  hell o  ->  hello  ->  28120

    tokenizer = learn(text, size=1024)          # 256 bytes, and 768 merges
    tokenizer.save("tokenizer.json")            # in Hugging Face's form

Numbers of tokens: special ones come first, then the bytes, then what each merge made.
"""
import codecs
import functools
import heapq
import json
import operator
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from ..support.arguments import text as a_text, whole as whole_number
from ..support.errors import Failure, UsageError
from ..support.files import atomic_write
from ..support.reading import form, read_json

# Merges stay inside a word, as these patterns cut them: contractions, letters, numbers, other signs, blanks.  A blank
# before letters or signs belongs to them.  SmolLM and Qwen take each digit alone, Llama 3 three at once.
_NEWER = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")
PATTERNS = {"gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            "smollm": r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+",
            "qwen2": _NEWER.replace("DIGITS", ""), "llama-3": _NEWER.replace("DIGITS", "{1,3}")}


def _letters_of_bytes():
    """GPT-2's way to write any byte as a visible letter: itself where it is one, else the next letter from 256 on."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [b for b in range(256) if b not in visible]
    return {chr(b): b for b in visible} | {chr(256 + i): b for i, b in enumerate(hidden)}


BYTE_OF = _letters_of_bytes()
LETTER_OF = {b: letter for letter, b in BYTE_OF.items()}


class Tokenizer:
    """Text <-> token numbers.

    tokens      the vocabulary in order, each written in GPT-2's letters for bytes; special ones as they are
    merges      pairs "left right" in the order of their training: the first has the highest priority
    special     names of tokens that stand for no text, such as "<|im_start|>"
    pattern     how text is cut into words before merging: "smollm", "gpt-2", "qwen2" or "llama-3"
    """

    def __init__(self, tokens, merges, special=(), pattern="smollm"):
        self.cut, self.tokens, self.merges, self.pattern = _cutter(pattern), list(tokens), list(merges), pattern
        _check_vocabulary(self.tokens, self.merges)
        self.special = {name: number for number, name in enumerate(tokens) if name in set(special)}
        self.bytes_of = [b"" if name in self.special else _bytes(name) for name in tokens]
        self.number_of = {text: number for number, text in enumerate(self.bytes_of) if text}
        self.rank = {tuple(map(_bytes, merge.split(" "))): rank for rank, merge in enumerate(merges)}
        self.encode_word = functools.lru_cache(100_000)(self._encode_word)

    def __len__(self):
        return len(self.bytes_of)

    def __contains__(self, text):
        return all(bytes([b]) in self.number_of for b in text.encode("utf-8"))

    @functools.cached_property
    def lengths(self):
        """How many characters each token stands for, (V,): those that begin in it, where UTF-8 takes several bytes."""
        return np.array([sum(b & 0xC0 != 0x80 for b in text) for text in self.bytes_of])

    def encode(self, text):
        """The numbers of a text's tokens.  Names of special tokens in it are text like any other.

        ValueError for text that UTF-8 cannot hold (half of a surrogate pair), or with bytes the vocabulary lacks.
        """
        a_text("Tokenizer.encode: text", text)
        if self.pattern == "qwen2":
            text = unicodedata.normalize("NFC", text)       # é is one character, however it was typed
        return [number for word in self.cut(text) for number in self.encode_word(word)]

    def _encode_word(self, word):
        whole = word.encode("utf-8")
        pieces = [bytes([b]) for b in whole]
        if self.pattern == "llama-3" and whole in self.number_of:       # without looking for the merges that lead there
            pieces = [whole]
        while len(pieces) > 1:
            best = min(zip(pieces, pieces[1:]), key=lambda pair: self.rank.get(pair, len(self.rank)))
            if best not in self.rank:
                break
            pieces = _merged(pieces, best, best[0] + best[1])
        unknown = [piece for piece in pieces if piece not in self.number_of]
        if unknown:
            raise ValueError(f"Tokenizer: the vocabulary has no token for {unknown[0]!r}, in {word!r}")
        return [self.number_of[piece] for piece in pieces]

    def decode(self, numbers):
        """The text of tokens; special ones are left out, and bytes that are no UTF-8 become U+FFFD."""
        return b"".join(looked_up(self.bytes_of, numbers)).decode("utf-8", errors="replace")

    def stream(self, numbers):
        """Yield the text of tokens as they come; a character whose bytes are spread over several waits for the last."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for piece in looked_up(self.bytes_of, numbers):
            if text := decoder.decode(piece):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text


    # -- files -------------------------------------------------------------------------------------------------------
    def get_config(self):
        return {"tokens": self.tokens, "merges": self.merges, "special": list(self.special), "pattern": self.pattern}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def save(self, path):
        """Write it as the tokenizer.json of Hugging Face's tokenizers, which reads it and gives the same numbers."""
        added = [{"id": number, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
                  "normalized": False, "special": True} for name, number in self.special.items()]
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        digits = {"type": "Digits", "individual_digits": True}
        split = {"type": "Split", "pattern": {"Regex": PATTERNS[self.pattern]}, "behavior": "Isolated",
                 "invert": False}
        before = [digits, level] if self.pattern == "smollm" else [split, level | {"use_regex": False}]
        cut = level if self.pattern == "gpt-2" else {"type": "Sequence", "pretokenizers": before}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                 "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                 "ignore_merges": self.pattern == "llama-3",
                 "vocab": {name: number for number, name in enumerate(self.tokens)}, "merges": self.merges}
        with atomic_write(path, "w") as file:
            json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
                       "normalizer": {"type": "NFC"} if self.pattern == "qwen2" else None,
                       "pre_tokenizer": cut, "post_processor": None, "decoder": level, "model": model}, file, indent=1)

    @classmethod
    def load(cls, path):
        """The Tokenizer of a tokenizer.json, or of the folder that it is in.

        UsageError where there is none, Failure where it is damaged or is no byte-level BPE of the kind that this is.
        """
        path = Path(path)
        path = path / "tokenizer.json" if path.is_dir() else path
        if not path.exists():
            raise UsageError(f"there is no tokenizer {path}")
        try:
            return cls(*_read(form(read_json(path), FORM, path)))
        except KeyError as error:
            raise Failure(f"{path}: can't read this tokenizer: {error.args[0]!r} is missing or unknown") from error
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise Failure(f"{path}: can't read this tokenizer: {error}") from error


# the form of a tokenizer.json: what is read of it
FORM = {"model": {"type": str, "vocab": {str: int}, "merges": [(str, [str])]}, "pre_tokenizer?": (dict, None),
        "added_tokens?": [{"id": int, "content": str}], "normalizer?": (dict, None)}


def looked_up(vocabulary, numbers):
    """Yield what tokens of these numbers stand for; IndexError for one that there is none of, -1 among them."""
    for n in numbers:
        if not 0 <= operator.index(n) < len(vocabulary):
            raise IndexError(f"there is no token {n}: their numbers are 0 to {len(vocabulary) - 1}")
        yield vocabulary[n]


def _check_vocabulary(tokens, merges):
    """ValueError unless each token is another, and each merge makes one of two."""
    known = set(tokens)
    if len(known) < len(tokens):
        raise ValueError(f"Tokenizer: {len(tokens) - len(known)} of {len(tokens)} tokens stand twice in the vocabulary")
    for merge in merges:
        parts = merge.split(" ")
        if len(parts) != 2 or not {*parts, "".join(parts)} <= known:
            raise ValueError(f"Tokenizer: the merge {merge!r} is not of two tokens that make a third")


def _bytes(letters):
    return bytes(BYTE_OF[letter] for letter in letters)


def _cutter(pattern):
    if pattern not in PATTERNS:
        raise ValueError(f"Tokenizer: unknown way to cut words, {pattern!r}; known are {', '.join(PATTERNS)}")
    import regex  # the standard library's re doesn't know \p{L}, the letters of all scripts
    return regex.compile(PATTERNS[pattern]).findall


def _read(settings):
    """(tokens, merges, special, pattern) of a tokenizer.json."""
    model, cut = settings["model"], json.dumps(settings.get("pre_tokenizer"))
    pattern = "smollm" if '"Digits"' in cut else "gpt-2"
    if '"Split"' in cut:
        pattern = next((name for name in ("qwen2", "llama-3") if json.dumps(PATTERNS[name]) in cut), None)
    normal = {"qwen2": "NFC"}.get(pattern)
    if (model["type"] != "BPE" or '"ByteLevel"' not in cut or pattern is None
            or (settings.get("normalizer") or {}).get("type") != normal):
        raise ValueError("it is not a byte-level BPE that cuts words as GPT-2, SmolLM, Qwen2 or Llama 3 does")
    names = {number: name for name, number in model["vocab"].items()}
    if len(names) < len(model["vocab"]):
        raise ValueError("two tokens of its vocabulary have one number")
    added = {token["id"]: token["content"] for token in settings.get("added_tokens", ())}
    names |= added
    if not names or sorted(names) != list(range(len(names))):
        raise ValueError("its vocabulary has gaps, or nothing in it")
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return [names[n] for n in range(len(names))], merges, added.values(), pattern


# -- learning --------------------------------------------------------------------------------------------------------
def learn(text, size, special=(), pattern="gpt-2"):
    """A Tokenizer of `size` tokens for texts like this one: special ones, 256 bytes, and the rest by merging.

    Fewer, if the text has not that many pairs.  Of pairs that are equally frequent, the one of lower numbers is merged,
    as in Hugging Face's trainer.
    """
    special = list(special)
    tokens, text, size = [*special, *sorted(BYTE_OF)], a_text("learn: text", text), whole_number("learn: size", size)
    if size < len(tokens):
        raise ValueError(f"learn: {size} tokens are less than the {len(tokens)} of all bytes and special ones")
    number_of = {name: number for number, name in enumerate(tokens)}
    words = {tuple(number_of[LETTER_OF[b]] for b in word.encode("utf-8")): times
             for word, times in Counter(_cutter(pattern)(text)).items()}
    tokens, pairs = merge_frequent(words, tokens, size)
    return Tokenizer(tokens, [f"{tokens[left]} {tokens[right]}" for left, right in pairs], special, pattern)


def count_pairs(words):
    """{pair of neighbours: how often it stands in the text}, for words {tuple of pieces: how often}: a Counter."""
    counts = Counter()
    for word, times in words.items():
        for pair in zip(word, word[1:]):
            counts[pair] += times
    return counts


def merge_frequent_simple(words, tokens, size):
    """(tokens, pairs): the pairs to merge, the most frequent one first, each counted anew after the merge before it.

    words       {the numbers of a word's tokens, a tuple: how often the word stands in the text}
    tokens      the tokens to begin with; each merge adds its own, until there are `size` or nothing is left to merge
    """
    pieces, pairs = Pieces(tokens), []
    while len(pieces.tokens) < size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        new = pieces.made_of(best)
        words = {_merged(word, best, new): times for word, times in words.items()}
        pairs.append(best)
    return pieces.tokens, pairs


def merge_frequent(words, tokens, size):
    """What merge_frequent_simple finds, without counting anew: a merge changes only the words that hold its pair.

    The heap holds each pair with a count that is its own or, where merges have taken some away since, too high: then it
    is put back with its own.  What a merge adds to are pairs with the new piece, and those are put on the heap at once.
    """
    pieces, pairs = Pieces(tokens), []
    words, times = list(words), list(words.values())
    counts, holders = Counter(), defaultdict(set)           # of each pair: how often it stands, and in which words
    for n, word in enumerate(words):
        for pair in zip(word, word[1:]):
            counts[pair] += times[n]
            holders[pair].add(n)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    while heap and len(pieces.tokens) < size:
        supposed, best = heapq.heappop(heap)
        if -supposed != counts[best]:
            if counts[best]:
                heapq.heappush(heap, (-counts[best], best))
            continue
        new, found = pieces.made_of(best), set()
        for n in holders.pop(best):
            before, words[n] = words[n], _merged(words[n], best, new)
            for pair in zip(before, before[1:]):
                counts[pair] -= times[n]
            for pair in zip(words[n], words[n][1:]):
                counts[pair] += times[n]
                if new in pair:
                    holders[pair].add(n)
                    found.add(pair)
        for pair in found:
            heapq.heappush(heap, (-counts[pair], pair))
        pairs.append(best)
    return pieces.tokens, pairs


class Pieces:
    """The tokens so far, and the number of the one that a pair makes: two pairs may spell the same."""

    def __init__(self, tokens):
        self.tokens, self.number_of = list(tokens), {name: number for number, name in enumerate(tokens)}

    def made_of(self, pair):
        name = self.tokens[pair[0]] + self.tokens[pair[1]]
        if name not in self.number_of:
            self.number_of[name] = len(self.tokens)
            self.tokens.append(name)
        return self.number_of[name]


def _merged(word, pair, new):
    """A word's pieces with each occurrence of a pair, from the left, made one: a list, or a tuple of a tuple."""
    merged, i = [], 0
    while i < len(word):
        here = i + 1 < len(word) and (word[i], word[i + 1]) == pair
        merged.append(new if here else word[i])
        i += 2 if here else 1
    return type(word)(merged)
