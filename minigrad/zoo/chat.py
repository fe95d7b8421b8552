"""A conversation with an instruction-tuned model, in the ChatML form that SmolLM2 was tuned on.

    <|im_start|>system
    You are a helpful AI assistant ...<|im_end|>
    <|im_start|>user
    What is the capital of France?<|im_end|>
    <|im_start|>assistant
    The capital of France is Paris.<|im_end|>
"""
import itertools

from ..support.errors import Failure
from .decoding import Writer

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"     # the one it was tuned with
START, END = "<|im_start|>", "<|im_end|>"


class Chat:
    """A conversation that a model remembers: each `answer` reads only what is new.

    model       a Llama with a tokenizer
    system      the instruction before the conversation, or "" for none
    """

    def __init__(self, model, system=SYSTEM, rng=None):
        self.model, self.tokenizer, self.writer = model, model.tokenizer, Writer(model, rng)
        if not {START, END} <= self.tokenizer.special.keys():
            raise Failure(f"this model wasn't tuned for conversations: its vocabulary lacks {START} and {END}")
        self.start, self.end = self.tokenizer.special[START], self.tokenizer.special[END]
        if system:
            self.writer.read(self.turn("system", system))

    def turn(self, role, text):
        """The tokens of one message.  What stands for special tokens in text stays text: nobody can forge a turn."""
        return [self.start, *self.tokenizer.encode(f"{role}\n{text}"), self.end, *self.tokenizer.encode("\n")]

    def answer(self, message, most=512, **sampling):
        """Yield the answer to a message, piece by piece, of `most` tokens at most.  Sampling as in Writer.write."""
        self.writer.read(self.turn("user", message) + [self.start] + self.tokenizer.encode("assistant\n"))
        tokens = self.writer.write(stop={self.end}, **sampling)
        try:
            yield from self.tokenizer.stream(itertools.islice(tokens, most))
        finally:                            # also after Ctrl-C: the conversation can go on
            self.writer.read([self.end, *self.tokenizer.encode("\n")])
