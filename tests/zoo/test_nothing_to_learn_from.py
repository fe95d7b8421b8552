"""Training functions of the zoo with nothing to learn from: one ValueError in words, not what NumPy stumbles over."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.zoo import (
    cartpole,
    diagnosis,
    diffusion,
    distogram,
    forecast,
    gpt_training,
    lenet,
    lora,
    ngram,
    posttraining,
    sorting,
)
from minigrad.zoo.evoformer import Evoformer
from minigrad.zoo.gpt import GPT
from minigrad.zoo.vae import VAE

PLAYS, NONE, NO_IMAGES = np.arange(400) % 20, np.empty(0, int), np.empty((0, 8, 8, 1), np.float32)
ONE = [("abcde", "abcde.\n")]


@pytest.fixture(scope="module")
def model():
    return GPT("abcdefghijklmnopqrstuvwxyz >.\n,", context=64, depth=1, heads=1, width=8)


@pytest.mark.parametrize("train, words", [
    (lambda m: sorting.sft(m, []), "sft: pairs: there are none, so there is nothing to learn from"),
    (lambda m: sorting.dpo(m, []), "dpo: preferences: there are none"),
    (lambda m: sorting.pretrain(m, NONE, most=1), "of a text of 0 characters there is no stretch of 65"),
    (lambda m: sorting.sft(m, ONE, replay=NONE), "of a text of 0 characters there is no stretch of 65"),
    (lambda m: sorting.sft(m, ONE, epochs=0), "epochs must be a whole number of at least 1"),
    (lambda m: sorting.sft(m, ONE, batch_size=0), "batch_size must be a whole number of at least 1"),
    (lambda m: sorting.grpo(m, sorting.right, prompts=0), "prompts must be a whole number of at least 1"),
    (lambda m: sorting.grpo(m, sorting.right, tries=0), "tries must be a whole number of at least 1"),
    (lambda m: posttraining.sft_loss(mg.tensor(np.empty((0, 3))), np.empty((0, 3))), "one answer at least"),
    (lambda m: gpt_training.train(m, [NONE], [PLAYS], 2), "longer than the context, 64, not 0"),
    (lambda m: gpt_training.train(m, [], [PLAYS], 2), "train: pieces of text: there are none"),
    (lambda m: gpt_training.train(m, [PLAYS], [], 2), "pieces of text: there are none"),
    (lambda m: gpt_training.train(m, [PLAYS], [PLAYS, NONE], 2), "longer than the context, 64, not 0"),
    (lambda m: gpt_training.divide(""), "the text has 0 characters"),
    (lambda m: list(lora.fine_tune(m, m.weights, NONE)), "0 tokens are no stretch"),
    (lambda m: ngram.bits_per_character(*[np.empty((0, 9), int)] * 3, 5, 2), "must have rows of 2 characters"),
    (lambda m: diagnosis.train(np.empty((0, 3)), NONE), "y must be"),
    (lambda m: forecast.least_squares(np.empty((0, 3)), np.empty(0)), "rows: there are none"),
    (lambda m: forecast.network(mg.losses.mean_squared_error)(np.empty((0, 3)), np.empty(0)), "no rows"),
    (lambda m: forecast.walk_forward(forecast.least_squares, np.empty((0, 1, 3)), np.empty((0, 1))), "0 days leave"),
    (lambda m: diffusion.train(diffusion.UNet(), NO_IMAGES, NONE, 1, verbose=0), "no rows"),
    (lambda m: diffusion.Judge(NO_IMAGES, NONE), "no images to learn from"),
    (lambda m: lenet.train(lenet.LeNet(), np.empty((0, 28, 28, 1)), NONE, 1, verbose=0), "no rows"),
    (lambda m: compiled(VAE((8, 8, 1))).fit({"x": NO_IMAGES, "y": NONE}, verbose=0), "no rows"),
    (lambda m: distogram.train(Evoformer(18), [], [], 1), "no rows"),
    (lambda m: cartpole.train(mg.keras.Sequential([mg.layers.Dense(2)]), count=0), "at least 1, not 0"),
])
def test_nothing_to_learn_from_is_one_error(train, words, model):
    with pytest.raises(ValueError, match=words):
        train(model)


def compiled(model):
    model.compile("adam")
    return model
