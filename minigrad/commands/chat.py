"""`minigrad chat`: answers from a pretrained language model, as they come.

    minigrad chat                              SmolLM2-135M-Instruct, a real though small language model
    minigrad chat "What is a derivative?"      one answer
"""
import sys

import numpy as np

from ..support.errors import UsageError
from .options import a_path, add_sampling_arguments, sampling_from, say, whole_number, written


def add_arguments(parser):
    parser.add_argument("message", nargs="?", type=written, help="one message to answer; without it, a conversation")
    parser.add_argument("--model", type=a_path, metavar="PATH",
                      help="a model tuned for ChatML: the GGUF file of a LLaMA, or the Hugging Face folder of a LLaMA, "
                           "Qwen2 or Qwen3 (default: SmolLM2-135M-Instruct, fetched)")
    parser.add_argument("--system", metavar="TEXT", type=written,
                      help="the instruction before the conversation (default: the model's own)")
    parser.add_argument("--length", type=whole_number(1), default=512, metavar="N",
                      help="the most tokens in an answer (default: 512)")
    add_sampling_arguments(parser, temperature=0.2, top_p=0.9)         # what SmolLM2's authors use


def run(args):
    from ..data import corpora
    from ..zoo import llama
    from ..zoo.chat import SYSTEM, Chat
    path = args.model or corpora.smollm2()
    note(f"reading {path.name} ...")
    chat = Chat(llama.load(path), SYSTEM if args.system is None else args.system, np.random.default_rng(args.seed))
    if args.message is not None:
        try:
            _answer(chat, args)
        except ValueError as error:
            raise UsageError(f"can't answer this message: {error}") from None
        return 0
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")         # bytes that are no text don't end a conversation
    terminal = sys.stdin.isatty()
    if terminal:
        note("Write a message and press Enter.  Ctrl-C stops an answer, Ctrl-D ends the conversation.\n"
             "This model is small: it speaks well and knows little.")
    while True:
        try:
            args.message = input("> " if terminal else "").strip()
            if args.message:
                _answer(chat, args)
        except EOFError:
            return 0
        except ValueError as error:
            note(f"can't answer this message: {error}")
        except KeyboardInterrupt:
            say("\n")
            if not terminal:
                raise


def _answer(chat, args):
    for text in chat.answer(args.message, most=args.length, **sampling_from(args)):
        say(text)
    say("\n")


def note(text):
    print(text, file=sys.stderr, flush=True)
