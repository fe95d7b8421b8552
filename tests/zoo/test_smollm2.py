"""SmolLM2-135M-Instruct against transformers and tokenizers: smollm2_reference.json, by make_smollm2_reference.py.

These tests need the model, 93 MB: minigrad data fetch smollm2.
"""
import json
from pathlib import Path

import numpy as np
import pytest

from minigrad.commands.main import main
from minigrad.data import fetch

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not fetch.folder_of("smollm2").is_dir(),
                                                   reason="no model in the cache: run minigrad data fetch smollm2")]
REFERENCE = json.loads((Path(__file__).parent / "smollm2_reference.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("gguf")
    from minigrad import corpora
    from minigrad.zoo import llama
    return llama.load(corpora.smollm2())


@pytest.mark.parametrize("name", REFERENCE["logits"])
def test_logits_agree_to_a_thousandth(model, name):
    """Logits reach 40; float32 sums in another order differ by 1e-4 or so."""
    expected = REFERENCE["logits"][name]
    logits = model(expected["tokens"])
    got = [logits[p, c] for p, c in zip(expected["positions"], expected["columns"])]
    np.testing.assert_allclose(got, expected["logits"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", REFERENCE["logits"])
def test_the_likeliest_continuation_is_the_same(model, name):
    from minigrad.zoo.decoding import generate
    expected = REFERENCE["logits"][name]
    tokens = generate(model, expected["tokens"], temperature=0, stop={model.tokenizer.special["<|im_end|>"]})
    stop = [*expected["greedy"], model.tokenizer.special["<|im_end|>"]].index(model.tokenizer.special["<|im_end|>"])
    assert [token for token, _ in zip(tokens, range(stop))] == expected["greedy"][:stop]


def test_token_numbers_are_the_same_and_text_comes_back(model):
    for text, numbers in REFERENCE["texts"]:
        assert model.tokenizer.encode(text) == numbers, repr(text)
        assert model.tokenizer.decode(numbers) == text


def test_a_conversation_has_the_form_it_was_tuned_with(model):
    from minigrad.zoo.chat import Chat
    chat, rendered = Chat(model), ""
    names = {number: name for name, number in model.tokenizer.special.items()}
    user, assistant, second = REFERENCE["conversation"]
    chat.writer.read(chat.turn(**renamed(user)) + chat.turn(**renamed(assistant)))
    list(chat.answer(second["content"], most=0))
    for n in chat.writer.tokens[:-2]:       # without the end of the answer
        rendered += names.get(n) or model.tokenizer.decode([n])
    assert rendered == REFERENCE["rendered"]


def renamed(message):
    return {"role": message["role"], "text": message["content"]}


def test_chat_answers_at_the_command_line(model, capsys):
    assert main(["chat", "--temperature", "0", "--length", "20", "What is the capital of France?"]) == 0
    assert capsys.readouterr().out == "The capital of France is Paris.\n"
