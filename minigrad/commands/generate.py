"""`minigrad generate` and `minigrad chat`: text from a trained GPT, answers from a pretrained model, as they come.

    minigrad generate "ROMEO:"                 the GPT that `minigrad train gpt` trained
    minigrad chat                              SmolLM2-135M-Instruct, a real though small language model
    minigrad chat "What is a derivative?"      one answer
"""
import itertools
import sys
from pathlib import Path

import numpy as np

from ..support.errors import UsageError
from .options import number, whole_number


def add_parser(subparsers):
    generate = subparsers.add_parser("generate", help="let a GPT trained here go on with a text")
    generate.add_argument("prompt", nargs="?", default="\n",
                          help='the beginning, such as "ROMEO:" (default: an empty line)')
    generate.add_argument("--model", type=Path, default=Path("runs/gpt"), metavar="DIR",
                          help="the folder that `minigrad train gpt` wrote (default: runs/gpt)")
    generate.add_argument("--length", type=whole_number(1), default=500, metavar="N", help="characters (default: 500)")
    _add_sampling(generate, temperature=0.8)
    generate.set_defaults(run=run_generate)

    chat = subparsers.add_parser("chat", help="talk with a small pretrained language model")
    chat.add_argument("message", nargs="?", help="one message to answer; without it, a conversation")
    chat.add_argument("--model", type=Path, metavar="PATH",
                      help="a LLaMA model: GGUF file or Hugging Face folder (default: SmolLM2-135M-Instruct, fetched)")
    chat.add_argument("--system", metavar="TEXT",
                      help="the instruction before the conversation (default: the model's own)")
    chat.add_argument("--length", type=whole_number(1), default=512, metavar="N",
                      help="the most tokens in an answer (default: 512)")
    _add_sampling(chat, temperature=0.2, top_p=0.9)         # what SmolLM2's authors use
    chat.set_defaults(run=run_chat)


def _add_sampling(parser, temperature, top_p=1.0):
    parser.add_argument("--temperature", type=number(0), default=temperature, metavar="X",
                        help=f"0: always the likeliest; 1: as the model believes (default: {temperature})")
    parser.add_argument("--top-k", type=whole_number(1), metavar="K", help="choose among the K likeliest")
    parser.add_argument("--top-p", type=number(0, 1, above=True), default=top_p, metavar="P",
                        help=f"choose among the likeliest that make up this probability (default: {top_p})")
    parser.add_argument("--seed", type=whole_number(0), help="repeat a text (default: another each time)")


def _sampling(args):
    return {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}


def run_generate(args):
    from ..zoo import gpt
    from ..zoo.decoding import generate
    model = gpt.load(args.model)
    tokens = generate(model, model.encode(args.prompt), rng=np.random.default_rng(args.seed), **_sampling(args))
    say(args.prompt)
    for token in itertools.islice(tokens, args.length):
        say(model.decode([token]))
    say("\n")
    return 0


def run_chat(args):
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
    for text in chat.answer(args.message, most=args.length, **_sampling(args)):
        say(text)
    say("\n")


def say(text):
    """Print at once, whatever the terminal can show of it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end="", flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)
