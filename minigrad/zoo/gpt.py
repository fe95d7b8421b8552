"""GPT in one file: a network that reads characters and says, at each place, which may come next.

    characters -> embedding -> [attention, MLP] x depth -> layer norm -> the embedding again -> logits

Attention is the only part in which places talk to each other: each looks back at those before it, and takes what it
finds there.  The MLPs then work on each place alone.  Both add to a stream of C numbers per place, which runs straight
through from bottom to top, so that gradients run straight back.  (Radford et al. 2019, GPT-2; Karpathy 2022, nanoGPT)
Where GPT-2 adds a learned vector to each place, queries and keys are turned here (zoo/rotary.py): it learns faster.

Shapes: B texts in a batch, T characters in each, C numbers per character, H heads of d = C / H, V characters to choose
among.  zoo/gpt_training.py trains it on Shakespeare's plays.
"""
import math
from pathlib import Path

import numpy as np

import minigrad as mg

from ..engine.ops.attending import attention_weights
from ..keras.initializers import RandomNormal
from ..keras.layers import Dense, Embedding, LayerNormalization
from ..keras.layers.base import Layer
from ..keras.models import Model, load_model
from ..support.arguments import shown, whole
from ..support.errors import UsageError
from .bpe import looked_up
from .rotary import rotary, rotations


class CausalSelfAttention(Layer):
    """Every place asks with a query, and takes the values of those earlier places whose keys answer.

    deviation   the standard deviation of the output's first weights
    """

    def __init__(self, width, heads, deviation, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        small = RandomNormal(stddev=0.02)
        self.query, self.key, self.value = (Dense(width, kernel_initializer=small) for _ in range(3))
        self.out = Dense(width, kernel_initializer=RandomNormal(stddev=deviation))

    def call(self, x, turn, cache=None, block=0):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))     # 3 x (B, H, T, d)
        q, k = rotary(q, *turn), rotary(k, *turn)
        if cache is not None:
            k, v = cache.extend(block, k, v)                                # (B, H, S, d), S all places so far
        y = mg.attention(q, k, v, causal=True)                              # (B, H, T, d)
        return self.out(y.swapaxes(1, 2).reshape(*x.shape[:2], -1))         # (B, T, C), the heads side by side

    def split(self, x):
        """(B, T, C) to (B, H, T, d)."""
        B, T, C = x.shape
        return x.reshape(B, T, self.heads, C // self.heads).swapaxes(1, 2)

    def weights_of(self, x, turn):
        """Where each place looks: (B, H, T, T), rows that sum to 1."""
        q, k = rotary(self.split(self.query(x)), *turn), rotary(self.split(self.key(x)), *turn)
        return attention_weights(q, k, causal=True)


class Block(Layer):
    """x + attention(norm x), then x + MLP(norm x)."""

    def __init__(self, width, heads, deviation, **kwargs):
        super().__init__(**kwargs)
        self.norm1, self.norm2 = LayerNormalization(epsilon=1e-5), LayerNormalization(epsilon=1e-5)
        self.attention = CausalSelfAttention(width, heads, deviation)
        self.up = Dense(4 * width, activation="gelu", kernel_initializer=RandomNormal(stddev=0.02))
        self.down = Dense(width, kernel_initializer=RandomNormal(stddev=deviation))

    def call(self, x, turn, cache=None, block=0):
        x = x + self.attention(self.norm1(x), turn, cache, block)           # (B, T, C)
        return x + self.down(self.up(self.norm2(x)))                        # (B, T, C) -> (B, T, 4C) -> (B, T, C)


class GPT(Model):
    """A GPT over characters, or over the tokens of a tokenizer.

    alphabet    the V characters that it knows, as one string; or a Tokenizer (zoo/bpe.py) of V tokens
    context     the most characters, or tokens, that it can look back on
    depth, heads, width     blocks, heads in each, and C, a multiple of 2 heads
    """

    def __init__(self, alphabet, context=128, depth=4, heads=4, width=128, **kwargs):
        super().__init__(**kwargs)
        for name, size in (("context", context), ("depth", depth), ("heads", heads), ("width", width)):
            whole(f"GPT: {name}", size)
        if width % (2 * heads):
            raise ValueError(f"GPT: a width of {width} doesn't give each of {heads} heads an even number")
        self.context, self.head_width = context, width // heads
        self.tokenizer = Characters(alphabet) if isinstance(alphabet, str) else alphabet
        deviation = 0.02 / math.sqrt(2 * depth)             # so that the sum of all outputs has the variance of one
        self.characters = Embedding(len(self.tokenizer), width, RandomNormal(stddev=0.02))
        self.blocks = [Block(width, heads, deviation) for _ in range(depth)]
        self.norm = LayerNormalization(epsilon=1e-5)

    def call(self, tokens):
        """Integers (B, T) -> logits (B, T, V): at each place, of the character that comes next."""
        return self.logits(self.features(tokens))

    def features(self, tokens, cache=None):
        """Integers (B, T), behind those that are in the cache -> (B, T, C)."""
        begin = cache.length if cache is not None else 0
        x = self.characters(tokens)                                         # (B, T, C)
        turn = self.turn(begin, begin + tokens.shape[1], x.device)
        for n, block in enumerate(self.blocks):
            x = block(x, turn, cache, n)                                    # (B, T, C)
        if cache is not None:
            cache.length += tokens.shape[1]
        return self.norm(x)                                                 # (B, T, C)

    def turn(self, begin, end, device):
        """What marks the places from begin to end in queries and keys."""
        if end > self.context:
            raise ValueError(f"GPT: {end} characters are more than its context of {self.context}")
        return rotations(begin, end, self.head_width, 1000.0, device)    # 2 x (T, d/2)

    def logits(self, features):
        """(..., C) -> (..., V): how well each character's own vector fits.  The same vectors as at the input."""
        return features @ self.characters.embeddings.T

    def attention_maps(self, tokens):
        """Where each place looks: a list with an array (B, H, T, T) for each block."""
        with mg.no_grad():
            x, maps = self.characters(tokens), []
            turn = self.turn(0, tokens.shape[1], x.device)
            for block in self.blocks:
                maps.append(np.asarray(block.attention.weights_of(block.norm1(x), turn)))
                x = block(x, turn)
        return maps

    # -- text --------------------------------------------------------------------------------------------------------
    def encode(self, text):
        """The numbers of a text's characters or tokens, a list; UsageError for a character that it has never seen."""
        try:
            return self.tokenizer.encode(text)
        except ValueError as error:
            raise UsageError(f"this GPT can't read {shown(text)}: {error}") from None

    def decode(self, numbers):
        return self.tokenizer.decode(numbers)

    @property
    def start(self):
        """The number from which to write where there is no text yet: a line's end, if it knows one."""
        return self.encode("\n")[0] if "\n" in self.tokenizer else 0


class Characters:
    """The simplest tokenizer: each character of an alphabet is a token, numbered by its place."""

    def __init__(self, alphabet):
        if len(set(alphabet)) < len(alphabet):
            raise ValueError(f"GPT: a character stands twice in the alphabet {shown(alphabet)}")
        self.alphabet = alphabet
        self.number_of = {character: number for number, character in enumerate(alphabet)}
        self.lengths = np.ones(len(alphabet), int)      # in characters

    def __len__(self):
        return len(self.alphabet)

    def __contains__(self, text):
        return set(text) <= self.number_of.keys()

    def encode(self, text):
        if text not in self:
            unknown = sorted(set(text) - self.number_of.keys())
            raise UsageError(f"this GPT has never seen {' '.join(map(repr, unknown))}: it knows {self.alphabet!r}")
        return [self.number_of[character] for character in text]

    def decode(self, numbers):
        return "".join(self.stream(numbers))

    def stream(self, numbers):
        """Yield the text of numbers as they come."""
        yield from looked_up(self.alphabet, numbers)


def load(folder):
    """The GPT that `minigrad train gpt --out folder` wrote; UsageError if there is none."""
    folder = Path(folder)
    if not (folder / "model" / "model.json").exists():
        option = "" if folder == Path("runs/gpt") else f" --out {folder}"
        resume = " --resume" if (folder / "backup" / "backup.json").exists() else ""
        raise UsageError(f"there is no trained GPT in {folder}: minigrad train gpt{option}{resume} makes one")
    model = load_model(folder / "model", compile=False)
    if not isinstance(model, GPT):
        raise UsageError(f"the model in {folder} is not a GPT but a {type(model).__name__}")
    return model
