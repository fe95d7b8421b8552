"""Byte-level BPE: round trips of any text, the order of merges, and words as GPT-2 and SmolLM cut them."""
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from minigrad.support.errors import Failure, UsageError
from minigrad.zoo.bpe import BYTE_OF, PATTERNS, Tokenizer, learn, merge_frequent, merge_frequent_simple

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
    for no_text in (None, b"a", ["a"]):
        with pytest.raises(TypeError, match="text must be text"):
            TOKENIZER.encode(no_text)


@pytest.mark.parametrize("number", [-1, len(TOKENIZER), 2**70])
def test_there_is_no_token_of_another_number(number):
    for read in (TOKENIZER.decode, lambda numbers: list(TOKENIZER.stream(numbers))):
        with pytest.raises(IndexError, match=f"there is no token {number}"):
            read([1, number])


@pytest.mark.parametrize(("tokens", "merges", "words"), [
    (["a", "b", "a"], [], "1 of 3 tokens stand twice"), (["a", "b"], ["a b"], "'a b' is not of two"),
    (["a", "b", "ab"], ["a  b"], "not of two"), (["a", "ab"], ["a b"], "not of two"), (["a"], ["a"], "not of two")])
def test_vocabularies_that_can_not_be(tokens, merges, words):
    with pytest.raises(ValueError, match=words):
        Tokenizer(tokens, merges)


# -- learning --------------------------------------------------------------------------------------------------------
few = st.lists(st.text("ab", max_size=9), max_size=12)      # of two letters: full of repetitions and ties


@given(few, st.integers(0, 25))
@example(["aaaaaaaaa", "aaaaaaa", "aaaaa"], 25)             # where pairs overlap
def test_counts_kept_up_to_date_find_what_counting_anew_finds(words, more):
    words, tokens = Counter(tuple("ab".index(letter) for letter in word) for word in words), ["a", "b"]
    assert merge_frequent(words, tokens, 2 + more) == merge_frequent_simple(words, tokens, 2 + more)


@given(st.lists(st.text("abc ", max_size=12), max_size=12).map(" ".join), st.integers(256, 280))
def test_each_merge_is_of_the_most_frequent_pair(text, size):
    """By hand: with the merges so far, no pair of neighbours within words is more frequent than the next."""
    whole = learn(text, size)
    for n, merge in enumerate(whole.merges):
        before = Tokenizer(whole.tokens[:256 + n], whole.merges[:n], pattern="gpt-2")
        counts = Counter()
        for word in before.cut(text):
            numbers = before.encode(word)
            counts.update(zip(numbers, numbers[1:]))
        left, right = merge.split(" ")
        assert counts[before.tokens.index(left), before.tokens.index(right)] == max(counts.values())


@given(st.lists(texts, max_size=3).map(" ".join), st.integers(256, 300), st.sampled_from(list(PATTERNS)), texts)
def test_what_was_learned_from_one_text_reads_any(text, size, pattern, other):
    tokenizer = learn(text, size + 2, ("<|end|>", "<|pad|>"), pattern)
    assert len(tokenizer) <= size + 2 and tokenizer.special == {"<|end|>": 0, "<|pad|>": 1}
    assert tokenizer.decode(tokenizer.encode(other)) == other
    assert tokenizer.lengths[tokenizer.encode(other)].sum() == len(other)
    assert len(tokenizer.encode(text)) <= len(text.encode())


def test_a_text_with_nothing_to_merge_gives_the_bytes():
    for text in ("", "a", "a b c"):
        assert len(learn(text, 300, pattern="smollm")) == 256 + (" b" in text) * 2       # " b" and " c"
    with pytest.raises(ValueError, match="255 tokens are less than the 256"):
        learn("text", 255)
    with pytest.raises(ValueError, match="whole number"):
        learn("text", 300.5)
    with pytest.raises(ValueError, match="1 of 260 tokens stand twice"):
        learn("text", 300, ["a"])


# -- files -----------------------------------------------------------------------------------------------------------
@given(text=texts, pattern=st.sampled_from(list(PATTERNS)), other=texts)
def test_saved_and_loaded_it_is_the_same(text, pattern, other, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer = learn(text, 280, ("<|end|>",), pattern)
    tokenizer.save(folder / "tokenizer.json")
    for again in (Tokenizer.load(folder), Tokenizer.from_config(json.loads(json.dumps(tokenizer.get_config())))):
        assert again.get_config() == tokenizer.get_config() and again.encode(other) == tokenizer.encode(other)


def test_bad_files_are_one_clear_error(tmp_path):
    path = tmp_path / "tokenizer.json"
    with pytest.raises(UsageError, match="there is no tokenizer"):
        Tokenizer.load(tmp_path)
    learn("some text", 260).save(path)
    good = json.loads(path.read_text())
    for change, words in (({"model": good["model"] | {"type": "WordPiece"}}, "not a byte-level BPE"),
                          ({"normalizer": {"type": "NFC"}}, "not a byte-level BPE"),
                          ({"pre_tokenizer": None}, "not a byte-level BPE"),
                          ({"model": {"type": "BPE"}}, "model.vocab is missing"),
                          ({"model": good["model"] | {"vocab": {"a": 7}}}, "gaps"), ({"model": 3}, "model is 3"),
                          ({"model": good["model"] | {"vocab": {}, "merges": []}}, "nothing in it"),
                          ({"model": good["model"] | {"vocab": good["model"]["vocab"] | {"a": 0}}}, "have one number"),
                          *(({"model": good["model"] | {"merges": [merge]}}, "not of two tokens that make a third")
                            for merge in ("s o m", "so", "Ġ ė", "x x", ["s", "o m"])),
                          ({"model": good["model"] | {"vocab": {"\u4e16": 0}, "merges": []}}, "can't read")):
        path.write_text(json.dumps(good | change))
        with pytest.raises(Failure, match=words):
            Tokenizer.load(path)
    path.write_text("{")
    with pytest.raises(Failure, match="is damaged"):
        Tokenizer.load(path)


@pytest.mark.peers
@pytest.mark.parametrize("seed", range(5))
def test_the_same_merges_and_numbers_as_hugging_face(seed, tmp_path):
    peer = pytest.importorskip("tokenizers")
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdé'1 \n"), rng.integers(1, 9))) for _ in range(300)]
    text = " ".join(rng.choice(words, 2000))
    theirs = peer.Tokenizer(peer.models.BPE())
    theirs.pre_tokenizer = peer.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.train_from_iterator([text], peer.trainers.BpeTrainer(
        vocab_size=500, special_tokens=["<|end|>"], show_progress=False,
        initial_alphabet=peer.pre_tokenizers.ByteLevel.alphabet()))
    ours = learn(text, 500, ("<|end|>",))
    theirs.save(str(tmp_path / "theirs.json"))
    assert Tokenizer.load(tmp_path / "theirs.json").get_config() == ours.get_config()
    ours.save(tmp_path / "ours.json")
    sample = " ".join(rng.choice(words, 50)) + " 世界 \u0301"
    assert peer.Tokenizer.from_file(str(tmp_path / "ours.json")).encode(sample).ids == ours.encode(sample)
