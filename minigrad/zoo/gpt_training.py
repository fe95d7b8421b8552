"""Training a GPT on Shakespeare's plays: how the text is divided, fed and judged, and the loop that can be stopped.

    alphabet, training, validation, test = divide(corpora.shakespeare())
    model = GPT(alphabet, context=64, depth=4, heads=4, width=96)
    history = train(model, training, validation, steps=1000)
    bits(model, test)                       # per character, to compare with ngram.bits_per_character

A model may read tokens instead; what it takes to say a *character* can still be compared:

    model = GPT(tokenizer, context=64, depth=4, heads=4, width=96)
    training, validation, test = (tokenized(tokenizer, alphabet, pieces) for pieces in (training, validation, test))

`minigrad train gpt` (minigrad/commands/train_gpt.py) does this with a folder to keep it in.
"""
import contextlib
import math
import signal
import threading

import numpy as np

import minigrad as mg

from ..data.loading import DataLoader
from ..keras.callbacks import Callback
from ..keras.callbacks.logs import _size
from ..support.arguments import some

PIECE = 20_000                              # characters: about a scene and a half
BITS = 1 / math.log(2)                      # in a nat


# -- the text --------------------------------------------------------------------------------------------------------
def divide(text):
    """(alphabet, training, validation, test): the numbers of the characters, uint8 (pieces, PIECE).

    Of every 20 pieces in a row one is kept for validation and one for the test, so that each holds some of every genre.
    What is less than a piece at the end is left out.
    """
    if len(text) < 20 * PIECE:
        raise ValueError(f"divide: the text has {len(text):,} characters, and must have {20 * PIECE:,} at least, "
                         "20 pieces")
    alphabet = "".join(sorted(set(text)))
    numbers = np.searchsorted(np.array(list(alphabet)), np.array(list(text))).astype(np.uint8)
    pieces = numbers[:len(numbers) // PIECE * PIECE].reshape(-1, PIECE)
    place = np.arange(len(pieces)) % 20
    return alphabet, pieces[(place != 9) & (place != 19)], pieces[place == 9], pieces[place == 19]


def tokenized(tokenizer, alphabet, pieces):
    """The numbers of the tokens of each piece that divide made: a list of arrays, of different lengths."""
    smallest = np.min_scalar_type(len(tokenizer) - 1)
    letters = np.array(list(alphabet))
    return [np.array(tokenizer.encode("".join(letters[piece])), smallest) for piece in pieces]


def mean_length(tokenizer, pieces):
    """Characters in a token, on average over a text."""
    return float(tokenizer.lengths[np.concatenate(some("mean_length: pieces of text", pieces))].mean())


def _longer(text, context):
    if len(text) <= context:
        raise ValueError(f"a text to train or judge with must be longer than the context, {context}, not {len(text)}")


class Stretches(DataLoader):
    """Batches (x, y) of random stretches of a text: y is x moved by one, the character that comes next.

    text (n,) integers, x and y (batch_size, context).  An epoch is `steps` batches.
    """

    def __init__(self, text, context, batch_size, steps, seed):
        self.steps = steps
        _longer(text, context)
        stretches = np.lib.stride_tricks.sliding_window_view(text, context + 1)     # all of them, a view: no copies
        super().__init__(stretches[:, :-1], stretches[:, 1:], batch_size=batch_size, seed=seed)

    def __len__(self):
        return self.steps

    def _order(self, epoch):
        return np.random.default_rng([self.seed, epoch]).integers(self.rows, size=self.steps * self.batch_size)


def judged(pieces, context, batch_size=32, most=None):
    """Batches (x, y, weight) of stretches that cover pieces of text, arrays (length,), or of `most` of them.

    They overlap by half, and only the second half of each counts: there the model has half its context or more, and
    each character counts once.  `most` are evenly spread.
    """
    half = context // 2
    _longer(min(some("judged: pieces of text", pieces), key=len), context)
    stretches = np.concatenate([np.lib.stride_tricks.sliding_window_view(piece, context + 1)[::context - half]
                                for piece in pieces])
    if most is not None:
        stretches = stretches[np.linspace(0, len(stretches) - 1, min(most, len(stretches))).astype(int)]
    weight = np.zeros((len(stretches), context), np.float32)
    weight[:, half:] = context / (context - half)           # the mean over all is that over these
    return DataLoader(stretches[:, :-1], stretches[:, 1:], weight, batch_size=batch_size, shuffle=False)


def bits(model, pieces):
    """-log2 p of each character, the mean: what it takes to say which one came, for one who has the model.

    pieces (n, length) of characters, or a list of arrays (length,) of tokens, whose bits are shared by the characters
    that they spell.  Each counts once, but the first context / 2 of a piece, which are context alone.
    """
    total = characters = 0
    with mg.no_grad():
        for x, y, weight in judged(pieces, model.context):
            nats = mg.sparse_softmax_cross_entropy(model(x), y)._data
            total += float((nats * (weight > 0)).sum())
            characters += int(model.tokenizer.lengths[y][weight > 0].sum())
    return total / characters * BITS


# -- the training ----------------------------------------------------------------------------------------------------
def compile(model, steps, learning_rate=4e-3):
    """AdamW, the rate warmed up and then lowered along a cosine to a fiftieth; gradients limited to norm 1."""
    warm_up = min(100, steps // 10)
    rate = mg.schedules.CosineDecay(0.0, max(steps - warm_up, 1), 0.02, warmup_target=learning_rate,
                                    warmup_steps=warm_up)
    model.compile(mg.optimizers.AdamW(rate, weight_decay=0.1, beta_2=0.99, exclude="vectors", global_clipnorm=1.0),
                  mg.losses.SparseCategoricalCrossentropy(from_logits=True))


def train(model, training, validation, steps, batch_size=16, learning_rate=4e-3, rounds=20, seed=0, callbacks=(),
          distribute=False):
    """Train for a number of steps; {"loss": [...], "val_loss": [...], "bits": [...], "val_bits": [...]} by rounds.

    training, validation    pieces of text, as divide or tokenized makes them
    rounds                  how often to judge the model on some of the validation text; steps are rounded down to a
                            multiple of it
    callbacks               of minigrad.callbacks;  distribute as in fit
    """
    each = max(steps // rounds, 1)
    compile(model, steps, learning_rate)
    loader = Stretches(np.concatenate(some("train: pieces of text", training)), model.context, batch_size, each, seed)
    judges = judged(validation, model.context, most=400)
    lengths = (mean_length(model.tokenizer, text) for text in (training, validation))
    history = model.fit(loader, epochs=max(steps // each, 1), validation_data=judges,
                        callbacks=[InBits(*lengths), *callbacks], verbose=0, distribute=distribute)
    return history.history


class InBits(Callback):
    """Adds the losses in bits per character to the history, given the mean lengths of tokens in the two texts."""

    def __init__(self, training, validation):
        self.lengths = {"loss": training, "val_loss": validation}

    def on_epoch_end(self, epoch, logs=None):
        logs |= {name.replace("loss", "bits"): logs[name] * BITS / n for name, n in self.lengths.items()}


class Bar(Callback):
    """One progress bar for the whole training, with the loss and what it means in bits per character."""
    order, shows = 2, True

    def __init__(self, length=1.0):
        self.bar, self.validation, self.length = None, "", length       # in characters, of a token

    def on_train_begin(self, logs=None):
        self.total = self.params["epochs"] * self.params["steps"]

    def on_train_batch_end(self, batch, logs=None):
        from tqdm import tqdm
        done = self.run.epoch * self.params["steps"] + batch + 1
        if self.bar is None:                # here, because a resumed run doesn't begin at 0
            self.bar = tqdm(total=self.total, initial=done - 1, unit="step", mininterval=0.5, **_size())
        self.bar.update(done - self.bar.n)
        if done % 10 == 0:
            loss = logs["loss"]
            text = f"loss {loss:.3f}, {loss * BITS / self.length:.3f} bits per character{self.validation}"
            self.bar.set_postfix_str(text, refresh=False)

    def on_epoch_end(self, epoch, logs=None):
        self.validation = f", validation {logs['val_bits']:.3f}"

    def on_train_end(self, logs=None):
        if self.bar is not None:
            self.bar.close()


def counting(sizes):
    """The sizes of n-grams, with a progress bar."""
    from tqdm import tqdm
    return tqdm(sizes, desc="counting n-grams", leave=False, **_size())


class StopBetweenSteps(Callback):
    """Ctrl-C ends the training after the step in progress, when `backup` has saved it whole; a second one, at once."""
    order = 4                               # after the backup's own turn

    def __init__(self, backup):
        self.backup, self.asked = backup, False

    @contextlib.contextmanager
    def listening(self):
        """Around fit: take over Ctrl-C, and give it back."""
        if threading.current_thread() is not threading.main_thread():
            yield                           # elsewhere there are no signals to take over
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ask(self, *_):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def on_train_batch_end(self, batch, logs=None):
        if self.run.any(self.asked):        # where many processes train, all of them stop after the same step
            self.backup.save()
            raise KeyboardInterrupt
