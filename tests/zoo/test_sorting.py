"""The sorting question: who is right, who is held out, what batches hold, and that each way of teaching teaches."""
import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad.zoo import sorting
from minigrad.zoo.decoding import generate, sampling_probabilities, write_batch
from minigrad.zoo.gpt import GPT

ALPHABET = "\n ,.>" + "abcdefghijklmnopqrstuvwxyz"
PLAYS = np.random.default_rng(0).integers(0, len(ALPHABET), 2000)


@pytest.fixture(scope="module")
def tuned():
    """A GPT that has been shown examples until it keeps the form, mostly; it sorts badly."""
    mg.seed(0)
    model = GPT(ALPHABET, context=34, depth=1, heads=2, width=32)
    sorting.sft(model, sorting.examples(200, 1), epochs=12, learning_rate=1e-2)
    return model


# -- questions and marks -----------------------------------------------------------------------------------------------
def test_words_have_five_different_letters_and_none_is_on_both_sides():
    learned, kept = sorting.words(3000, 0), sorting.words(3000, 1, held_out=True)
    assert all(len(set(word)) == len(word) == 5 for word in learned + kept)
    assert not {"".join(sorted(word)) for word in learned} & {"".join(sorted(word)) for word in kept}
    assert sorting.words(5, 0) == learned[:5] != sorting.words(5, 2)


@pytest.mark.parametrize("answer, form, right, sir, ascends", [
    ("bcely.\n", 1, 1, 0, 1), ("bcely, sir.\n", 1, 1, 1, 1), ("bceyl.\n", 1, 0, 0, 0), ("abcde, sir.\n", 1, 0, 1, 1),
    ("bcely\n", 0, 0, 0, 0), ("bcely.", 0, 0, 0, 0), ("bcely.\n\n", 0, 0, 0, 0), ("bcely , sir.\n", 0, 0, 0, 0),
    ("bbcel.\n", 1, 0, 0, 0), ("", 0, 0, 0, 0)])
def test_marks_of_an_answer(answer, form, right, sir, ascends):
    judges = (sorting.formed, sorting.right, sorting.polite, sorting.ascending)
    assert [judge("cyebl", answer) for judge in judges] == [form, right, sir, ascends]


@given(st.integers(0, 99), st.booleans())
def test_the_right_answer_is_right(seed, sir):
    word, = sorting.words(1, seed)
    answer = sorting.answer_to(word, sir)
    assert sorting.right(word, answer) == sorting.formed(word, answer) == 1 and sorting.polite(word, answer) == sir


# -- writing many at once ----------------------------------------------------------------------------------------------
def test_many_rows_are_written_as_one_by_one(tuned):
    prompts = np.array([tuned.encode(f"sort {word}>") for word in sorting.words(4, 5)])
    together = write_batch(tuned, prompts, 8, np.random.default_rng(0), temperature=0)
    alone = [list(itertools.islice(generate(tuned, list(row), temperature=0), 8)) for row in prompts]
    assert together.tolist() == alone


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_from_the_softmax(tuned, temperature):
    """4,000 draws: each of the frequencies within five standard deviations of its probability."""
    prompt, n = tuned.encode("sort cyebl>b"), 4000
    drawn = write_batch(tuned, np.tile(prompt, (n, 1)), 1, np.random.default_rng(0), temperature)[:, 0]
    with mg.no_grad():
        logits = tuned(np.array([prompt])).numpy()[0, -1]
    p = sampling_probabilities(logits, temperature)
    found = np.bincount(drawn, minlength=len(p)) / n
    assert (abs(found - p) <= 5 * np.sqrt(p * (1 - p) / n) + 1e-3).all()


def test_diverged_logits_are_an_error(tuned):
    broken = copy.deepcopy(tuned)
    broken.norm.gamma.data[:] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        write_batch(broken, np.zeros((1, 3), int), 2, np.random.default_rng(0))


def test_answers_and_their_batch_agree(tuned):
    """What `answers` returns is what `batched` makes of its texts: the same mask, and tokens up to the line's end."""
    asked = sorting.words(16, 3)
    texts, tokens, mask = sorting.answers(tuned, asked, 0)
    again, of_texts = sorting.batched(tuned, asked, texts)
    assert (mask == of_texts).all() and ((tokens == again)[:, 1:] | (mask == 0)).all()
    assert mask.sum(axis=1).tolist() == [len(text) for text in texts]
    assert all("\n" not in text[:-1] for text in texts)


# -- teaching ----------------------------------------------------------------------------------------------------------
def test_examples_teach_the_form(tuned):
    found = sorting.marks(tuned, n=16)
    assert found["form"] > 0.6 and 0.1 < found["sir"] < 0.8 and found["right in 8"] >= found["right"]


def test_preferences_are_followed(tuned):
    preferences = sorting.pairs(tuned, 96, 2)
    assert all(sorting.polite(word, chosen) > sorting.polite(word, other) for word, chosen, other in preferences)
    model, before = copy.deepcopy(tuned), sorting.marks(tuned, n=32)
    history = sorting.dpo(model, preferences, learning_rate=3e-3, batch_size=16)
    assert len(history) == 6 and sorting.marks(model, n=32)["sir"] > before["sir"] + 0.1


def test_rewards_are_sought(tuned):
    model = copy.deepcopy(tuned)
    rewards = sorting.grpo(model, lambda word, answer: float("a" in answer), steps=12, learning_rate=3e-3, beta=0.0)
    assert np.mean(rewards[-3:]) > np.mean(rewards[:3]) + 0.15


def test_a_preference_that_no_answer_has_is_an_error(tuned):
    with pytest.raises(ValueError, match="different worth"):
        sorting.pairs(tuned, 1, 0, prefer=lambda word, answer: 0.0)


def test_replay_reads_on(tuned):
    def bits(model):
        return float(sorting._reading(model, sorting.stretches(PLAYS, np.random.default_rng(1), 32, 35)).item())
    forgot, kept = copy.deepcopy(tuned), copy.deepcopy(tuned)
    sorting.sft(forgot, sorting.examples(320, 3))
    sorting.sft(kept, sorting.examples(320, 3), replay=PLAYS)
    assert bits(kept) < bits(forgot) - 0.3


@settings(max_examples=3)
@given(st.integers(0, 9))
def test_what_is_read(seed):
    mg.seed(0)
    model = GPT(ALPHABET, context=34, depth=1, heads=2, width=8)
    text = model.decode(sorting.exercises(model, np.random.default_rng(seed), 3, 35)[seed % 3])
    word, answer = text[5:10], text[11:16]
    assert text.startswith("sort ") and text[10] == ">" and answer == "".join(sorted(word)) and len(text) == 35
    assert [step for step, _ in sorting.pretrain(model, PLAYS, most=4, each=2, batch_size=4)] == [2, 4]


@pytest.mark.slow
def test_all_ways_of_one_trial():
    seen = []
    models = sorting.trial(PLAYS, ALPHABET.replace(">", ""), watch=lambda name, model: seen.append(name), small=True)
    assert seen == list(models) and {"read", "SFT", "SFT, DPO", "SFT, GRPO", "SFT, 4,000 more"} <= models.keys()
