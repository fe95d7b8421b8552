"""Byte-level BPE: round trips of any text, the order of merges, and words as GPT-2 and SmolLM cut them."""
import pytest
from hypothesis import given, strategies as st

from minigrad.zoo.bpe import BYTE_OF, Tokenizer

from . import tiny

TOKENIZER = tiny.tokenizer()
texts = st.text(st.characters(exclude_categories=("Cs",)))      # surrogates alone are no characters


def pieces(text, tokenizer=TOKENIZER):
    return [tokenizer.bytes_of[n] for n in tokenizer.encode(text)]


def test_every_byte_has_a_letter_of_its_own():
    assert sorted(BYTE_OF.values()) == list(range(256))
    assert (BYTE_OF["a"], BYTE_OF["Ġ"], BYTE_OF["Ċ"], BYTE_OF["ł"]) == (97, 32, 10, 0xA0)      # as GPT-2 writes them


@given(texts)
def test_decoding_undoes_encoding(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(texts)
def test_streaming_gives_the_text_in_whole_characters(text):
    parts = list(TOKENIZER.stream(TOKENIZER.encode(text)))
    assert "".join(parts) == text and "" not in parts


@given(st.lists(st.integers(0, len(tiny.TOKENS) - 1)))
def test_any_tokens_can_be_decoded_whole_or_streamed(numbers):
    assert "".join(TOKENIZER.stream(numbers)) == TOKENIZER.decode(numbers)


def test_merges_apply_in_their_order():
    assert pieces("hello") == [b"hello"]
    assert pieces("helol") == [b"he", b"l", b"o", b"l"]
    assert pieces("llll hell") == [b"ll", b"ll", b" ", b"hell"]
    assert pieces("lll") == [b"ll", b"l"]


def test_merges_stay_within_words():
    tokenizer = Tokenizer([*tiny.LETTERS, "1Ġ", "12"], ["1 Ġ", "1 2"], pattern="smollm")
    assert pieces("1 12", tokenizer) == [b"1", b" ", b"1", b"2"]
    assert pieces("12", Tokenizer([*tiny.LETTERS, "12"], ["1 2"], pattern="gpt-2")) == [b"12"]


@pytest.mark.parametrize(("text", "words"), [
    ("I'll go", ["I", "'ll", " go"]), ("a  b", ["a", " ", " b"]),
    ("a 12", ["a", " ", "1", "2"]), ("a  1", ["a", "  ", "1"]),
    ("x=½!?", ["x", "=", "½", "!?"]), ("end \n\n", ["end", " \n\n"]), ("été \u4e16\u754c", ["été", " 世界"])])
def test_words(text, words):
    assert TOKENIZER.cut(text) == words


@given(texts)
def test_words_make_up_the_text(text):
    assert "".join(TOKENIZER.cut(text)) == text


def test_names_of_special_tokens_are_text():
    assert set(TOKENIZER.special.values()).isdisjoint(TOKENIZER.encode("<|im_end|>"))
    assert TOKENIZER.decode(TOKENIZER.special.values()) == ""


def test_what_can_not_be_encoded_is_a_clear_error():
    with pytest.raises(ValueError, match=r"no token for b'b', in 'ab'"):
        Tokenizer(["a"], []).encode("ab")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        TOKENIZER.encode("\ud800")
    with pytest.raises(ValueError, match="unknown way to cut words, 'llama-bpe'"):
        Tokenizer(["a"], [], pattern="llama-bpe")
