r"""A question that a program can mark, and a small GPT that is taught to answer it: by examples, preferences, rewards.

    "sort cyebl>"       ->      "bcely.\n"  or  "bcely, sir.\n"

The five letters are different, and a tenth of all choices is kept for the test: those answers were never seen.

    model = GPT(alphabet + ">", context=64, depth=2, heads=4, width=64)
    pretrain(model, plays)                                  # reads half plays, half "sort cyebl>bcely sort ..."
    sft(model, examples(300, seed=1), epochs=6)             # answers in the form that it is shown
    dpo(model, pairs(model, 512, seed=2))                   # prefers answers with ", sir"
    grpo(model, right, seed=3)                              # is rewarded for what is right
    marks(model)                                            # on words held out

The losses are those of zoo/posttraining.py; here are the data, the loops and the marks.  All prompts have PROMPT
letters and answers at most ANSWER: a batch is filled up behind the ends of answers alone, which the mask leaves out.
"""
import copy
import re

import numpy as np

import minigrad as mg

from ..support.arguments import some, whole
from .decoding import write_batch
from .gpt import GPT
from .posttraining import dpo_loss, group_advantages, grpo_loss, log_probabilities, of_answers, sft_loss

LETTERS, PROMPT, ANSWER = 5, len("sort cyebl>"), len("bcely, sir.\n")
FORM = re.compile(r"([a-z]{5})(, sir)?\.\n")


# -- questions, answers, marks ---------------------------------------------------------------------------------------
def words(n, seed, held_out=False):
    """n words of five different letters; held out are those whose letters' numbers, from 0, add up to a multiple of 10.

    It depends on the choice of letters alone, so that of a word held out the answer has not been seen either.
    """
    rng, found = np.random.default_rng(seed), []
    while len(found) < n:
        letters = rng.random((4096, 26)).argsort(axis=1)[:, :LETTERS]
        found += list(letters[(letters.sum(axis=1) % 10 == 0) == held_out])
    return ["".join(chr(97 + letter) for letter in word) for word in found[:n]]


def answer_to(word, sir=False):
    """The right answer."""
    return "".join(sorted(word)) + (", sir.\n" if sir else ".\n")


def formed(word, answer):
    """1 for an answer in the form that was taught, else 0."""
    return float(FORM.fullmatch(answer) is not None)


def right(word, answer):
    """1 where it also has the letters of the word in order."""
    found = FORM.fullmatch(answer)
    return float(found is not None and found[1] == "".join(sorted(word)))


def polite(word, answer):
    """1 where it also ends in "sir"."""
    found = FORM.fullmatch(answer)
    return float(found is not None and found[2] is not None)


def ascending(word, answer):
    """What a careless checker takes for right: five letters in ascending order, whatever was asked."""
    found = FORM.fullmatch(answer)
    return float(found is not None and all(a < b for a, b in zip(found[1], found[1][1:])))


def answers(model, asked, seed, temperature=1.0):
    """What a model answers to each word: (texts, tokens (n, PROMPT + ANSWER), mask (n, PROMPT + ANSWER - 1)).

    Tokens hold the prompts too, and mask is for the tokens from the second on: see posttraining.py.
    """
    prompts = np.array([model.encode(f"sort {word}>") for word in asked])
    written = write_batch(model, prompts, ANSWER, np.random.default_rng(seed), temperature)
    ended = written == model.start                              # the line's end
    kept = np.cumsum(ended, axis=1) - ended == 0                # up to the first of them, with it
    texts = [model.decode(row[keep]) for row, keep in zip(written, kept)]
    return texts, np.concatenate([prompts, written], axis=1), _behind(kept)


def _behind(kept):
    """The mask of whole texts from that of their answers."""
    return np.concatenate([np.zeros((len(kept), PROMPT - 1)), kept], axis=1).astype(np.float32)


def marks(model, n=256, tries=8, seed=0):
    """{"right", "right in 8", "form", "sir", "ascending"}: parts of a model's answers to n words held out, at T = 1.

    "right" is the mean of all tries, "right in 8" (pass@8) counts words that at least one of eight tries got right.
    """
    asked = [word for word in words(n, seed, held_out=True) for _ in range(tries)]
    texts = answers(model, asked, seed)[0]
    by = {judge: np.array([judge(*both) for both in zip(asked, texts)]).reshape(n, tries)
          for judge in (right, formed, polite, ascending)}
    return {"right": float(by[right].mean()), f"right in {tries}": float(by[right].max(axis=1).mean()),
            "form": float(by[formed].mean()), "sir": float(by[polite].mean()), "ascending": float(by[ascending].mean())}


# -- before: reading -------------------------------------------------------------------------------------------------
def stretches(plays, rng, n, length):
    """n random stretches of a text, integers (n, length)."""
    if len(plays) < length:
        raise ValueError(f"stretches: of a text of {len(plays)} characters there is no stretch of {length}")
    return plays[rng.integers(0, len(plays) - length + 1, n)[:, None] + np.arange(length)]


def exercises(model, rng, n, length):
    """n texts "sort cyebl>bcely sort ...", integers (n, length)."""
    count = -(-length // (PROMPT + LETTERS + 1))
    asked = words(n * count, rng)
    texts = ["".join(f"sort {word}>{''.join(sorted(word))} " for word in asked[k::n])[:length] for k in range(n)]
    return np.array([model.encode(text) for text in texts])


def guesses(model, seed, n=256):
    """The part of n held-out words that a model which only reads goes on with rightly."""
    asked = words(n, seed, held_out=True)
    texts = answers(model, asked, seed)[0]
    return float(np.mean([text[:LETTERS] == "".join(sorted(word)) for word, text in zip(asked, texts)]))


def pretrain(model, plays, enough=0.5, most=1000, each=25, batch_size=32, learning_rate=3e-3, seed=0):
    """Read plays and exercises until `enough` guesses are right, or `most` steps are over: [(step, part right), ...].

    It sits on a step of the learning curve: a little less training and nothing is right, a little more and all is.
    """
    rng, length, reached = np.random.default_rng(seed), model.context + 1, []
    optimizer = _optimizer(learning_rate, warm_up=100, weight_decay=0.1)
    for step in range(1, most + 1):
        texts = np.concatenate([stretches(plays, rng, batch_size // 2, length),
                                exercises(model, rng, batch_size - batch_size // 2, length)])
        _step(model, optimizer, _reading(model, texts))
        if step % each == 0:
            reached.append((step, guesses(model, step)))
            if reached[-1][1] >= enough:
                break
    return reached


def _reading(model, texts):
    return -log_probabilities(model(texts[:, :-1]), texts[:, 1:]).mean()


# -- after: examples, preferences, rewards -----------------------------------------------------------------------------
def examples(n, seed, sir=0.4):
    """[(word, right answer), ...], the part `sir` of them with that word."""
    rng = np.random.default_rng(_within(seed, 1))
    return [(word, answer_to(word, rng.random() < sir)) for word in words(n, seed)]


def batched(model, asked, texts):
    """(tokens, mask) of words and answers, as `answers` makes them."""
    tokens = np.array([model.encode(f"sort {word}>{text}".ljust(PROMPT + ANSWER, "\n")) for word, text in
                       zip(asked, texts)])
    return tokens, _behind(np.arange(ANSWER) < np.array([len(text) for text in texts])[:, None])


def log_p(model, tokens):
    """ln p of the tokens from the second on, a Tensor."""
    return log_probabilities(model(tokens[:, :-1]), tokens[:, 1:])


def given(model, tokens):
    """The same as an array, for a model that isn't trained."""
    with mg.no_grad():
        return log_p(model, tokens).numpy()


def sft(model, pairs, batch_size=32, epochs=1, learning_rate=1e-3, seed=0, replay=None):
    """Supervised fine-tuning on [(word, answer), ...].

    replay      plays, of which each step reads a batch besides, so that they are not forgotten
    """
    rng, optimizer = np.random.default_rng(seed), _optimizer(learning_rate)
    tokens, mask = batched(model, *zip(*some("sft: pairs", pairs)))
    for _ in range(whole("sft: epochs", epochs)):
        for rows in _rows(len(pairs), batch_size, rng):
            _step(model, optimizer, sft_loss(log_p(model, tokens[rows]), mask[rows]) + _again(model, replay, rng))


def pairs(model, n, seed, prefer=polite, tries=8):
    """[(word, chosen, rejected), ...], n of them, of a model's own answers: two to a word that `prefer` tells apart."""
    found, asked = [], iter(words(64 * n, seed))
    while len(found) < n:
        some = [word for _, word in zip(range(64), asked)]
        if not some:
            raise ValueError(f"pairs: of {64 * n} words only {len(found)} got two answers of different worth")
        texts = answers(model, np.repeat(some, tries), _within(seed, len(found)))[0]
        for k, word in enumerate(some):
            worth = {prefer(word, text): text for text in texts[k * tries:(k + 1) * tries]}
            if len(worth) > 1:
                found.append((word, worth[max(worth)], worth[min(worth)]))
    return found[:n]


def dpo(model, preferences, beta=0.1, batch_size=32, learning_rate=1e-4, seed=0, replay=None):
    """Direct preference optimization on what `pairs` made; [(ln p of chosen, of rejected), ...], of the steps."""
    rng, optimizer, start = np.random.default_rng(seed), _optimizer(learning_rate), copy.deepcopy(model)
    asked, *texts = zip(*some("dpo: preferences", preferences))
    (chosen, of_chosen), (rejected, of_rejected) = (batched(model, asked, text) for text in texts)
    history = []
    for rows in _rows(len(asked), batch_size, rng):
        both = np.concatenate([chosen[rows], rejected[rows]])
        mask = np.concatenate([of_chosen[rows], of_rejected[rows]])
        now, before = of_answers(log_p(model, both), mask), (given(start, both) * mask).sum(axis=1)
        n = len(rows)
        _step(model, optimizer, dpo_loss(now[:n], now[n:], before[:n], before[n:], beta) + _again(model, replay, rng))
        history.append((now.numpy()[:n].mean(), now.numpy()[n:].mean()))
    return history


def grpo(model, reward, steps=120, prompts=16, tries=8, updates=2, clip=0.2, beta=0.04, learning_rate=3e-4, seed=0,
         replay=None):
    """Group relative policy optimization: answer, be rewarded, make likelier what did better than the group; the means.

    reward      (word, answer) -> a number: a checker, right or wrong
    """
    rng, optimizer, start = np.random.default_rng(seed), _optimizer(learning_rate), copy.deepcopy(model)
    history, prompts, tries = [], whole("grpo: prompts", prompts), whole("grpo: tries", tries)
    for step in range(whole("grpo: steps", steps)):
        asked = np.repeat(words(prompts, _within(seed, step)), tries)
        texts, tokens, mask = answers(model, asked, _within(seed, step))
        rewards = np.array([reward(*both) for both in zip(asked, texts)]).reshape(prompts, tries)
        history.append(rewards.mean())
        advantages, old, first = group_advantages(rewards).ravel(), given(model, tokens), given(start, tokens)
        for _ in range(updates):
            _step(model, optimizer, grpo_loss(log_p(model, tokens), old, first, advantages, mask, clip, beta)
                  + _again(model, replay, rng))
    return history


def trial(plays, alphabet, seed=0, watch=lambda name, model: None, small=False):
    """Teach one model in every way: {name: model}, and watch(name, model) as each is ready.

    plays       the numbers of the letters of the training part (zoo/gpt_training.py), in the alphabet
    small       little of everything, to see that it runs
    """
    mg.seed(seed)
    sizes = dict(depth=1, heads=2, width=32) if small else dict(depth=2, heads=4, width=64)
    begun, part = GPT(alphabet + ">", context=64, **sizes), 10 if small else 1
    pretrain(begun, plays, most=1000 // part, seed=seed)
    shown, more, models = examples(300, [seed, 1]), examples(4000 // part, [seed, 4]), {}

    def teach(name, before, way, *args, **kwargs):
        models[name] = copy.deepcopy(before)
        way(models[name], *args, **kwargs)
        watch(name, models[name])
        return models[name]

    models["read"] = begun
    watch("read", begun)
    tuned = teach("SFT", begun, sft, shown, epochs=6, seed=seed)
    preferences = pairs(tuned, 512 // part, [seed, 2], formed if small else polite)
    teach("SFT, DPO", tuned, dpo, preferences, seed=seed)
    teach("SFT, DPO, too far", tuned, dpo, preferences, learning_rate=3e-4, seed=seed)
    rewarded = dict(steps=120 // part, seed=[seed, 3])
    for name, replay in (("", None), (", replay", plays)):
        teach(f"SFT, GRPO{name}", tuned, grpo, right, replay=replay, **rewarded)
        teach(f"SFT, 4,000 more{name}", tuned, sft, more, seed=seed, replay=replay)
    teach("SFT, GRPO, careless", tuned, grpo, ascending, beta=0.0, learning_rate=1e-3, **rewarded)
    return models


def _again(model, replay, rng, n=16):
    """The loss of reading on in the plays, or 0."""
    return 0.0 if replay is None else _reading(model, stretches(replay, rng, n, model.context + 1))


def _within(seed, number):
    """A seed of its own for each part of what a seed decides."""
    return [*np.atleast_1d(seed).tolist(), number]


def _rows(n, size, rng):
    return np.split(rng.permutation(n), range(size, n, whole("batch_size", size)))


def _optimizer(learning_rate, warm_up=10, weight_decay=0.0):
    rate = mg.schedules.CosineDecay(0.0, 1, 1.0, warmup_target=learning_rate, warmup_steps=warm_up)
    return mg.optimizers.AdamW(rate, weight_decay=weight_decay, beta_2=0.99, exclude="vectors", global_clipnorm=1.0)


def _step(model, optimizer, loss):
    loss.backward()
    optimizer.step(model.trainable_weights)
