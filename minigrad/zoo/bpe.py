"""Byte-level byte-pair encoding: text to the numbers that a language model reads, and back without loss.

The text's UTF-8 bytes are the first pieces; then neighbours are merged, the pair that was most frequent in the
training text first, until no pair is in the list of merges.  (Gage 1994; Sennrich et al. 2016; Radford et al. 2019)

    "hello"  ->  h e l l o  ->  he l l o  ->  he ll o  ->  hell o  ->  hello  ->  28120
"""
import codecs
import functools

# Merges stay inside a word, as these patterns cut them: contractions, letters, numbers, other signs, blanks.  A blank
# before letters or signs belongs to them.  SmolLM takes each digit alone.
PATTERNS = {"gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            "smollm": r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"}


def _letters_of_bytes():
    """GPT-2's way to write any byte as a visible letter: itself where it is one, else the next letter from 256 on."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [b for b in range(256) if b not in visible]
    return {chr(b): b for b in visible} | {chr(256 + i): b for i, b in enumerate(hidden)}


BYTE_OF = _letters_of_bytes()


class Tokenizer:
    """Text <-> token numbers.

    tokens      the vocabulary in order, each written in GPT-2's letters for bytes; special ones as they are
    merges      pairs "left right" in the order of their training: the first has the highest priority
    special     names of tokens that stand for no text, such as "<|im_start|>"
    pattern     how text is cut into words before merging: "smollm" or "gpt-2"
    """

    def __init__(self, tokens, merges, special=(), pattern="smollm"):
        if pattern not in PATTERNS:
            raise ValueError(f"Tokenizer: unknown way to cut words, {pattern!r}; known are {', '.join(PATTERNS)}")
        import regex  # the standard library's re doesn't know \p{L}, the letters of all scripts
        self.cut = regex.compile(PATTERNS[pattern]).findall
        self.special = {name: number for number, name in enumerate(tokens) if name in set(special)}
        self.bytes_of = [b"" if name in self.special else _bytes(name) for name in tokens]
        self.number_of = {text: number for number, text in enumerate(self.bytes_of) if text}
        self.rank = {tuple(map(_bytes, merge.split(" "))): rank for rank, merge in enumerate(merges)}
        self.encode_word = functools.lru_cache(100_000)(self._encode_word)

    def __len__(self):
        return len(self.bytes_of)

    def encode(self, text):
        """The numbers of a text's tokens.  Names of special tokens in it are text like any other.

        ValueError for text that UTF-8 cannot hold (half of a surrogate pair), or with bytes the vocabulary lacks.
        """
        return [number for word in self.cut(text) for number in self.encode_word(word)]

    def _encode_word(self, word):
        pieces = [bytes([b]) for b in word.encode("utf-8")]
        while len(pieces) > 1:
            best = min(zip(pieces, pieces[1:]), key=lambda pair: self.rank.get(pair, len(self.rank)))
            if best not in self.rank:
                break
            merged, i = [], 0
            while i < len(pieces):
                pair = tuple(pieces[i:i + 2])
                merged.append(b"".join(pair) if pair == best else pieces[i])
                i += 2 if pair == best else 1
            pieces = merged
        unknown = [piece for piece in pieces if piece not in self.number_of]
        if unknown:
            raise ValueError(f"Tokenizer: the vocabulary has no token for {unknown[0]!r}, in {word!r}")
        return [self.number_of[piece] for piece in pieces]

    def decode(self, numbers):
        """The text of tokens; special ones are left out, and bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.bytes_of[n] for n in numbers).decode("utf-8", errors="replace")

    def stream(self, numbers):
        """Yield the text of tokens as they come; a character whose bytes are spread over several waits for the last."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for n in numbers:
            if text := decoder.decode(self.bytes_of[n]):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text


def _bytes(letters):
    return bytes(BYTE_OF[letter] for letter in letters)
