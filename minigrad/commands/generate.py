"""`minigrad generate "ROMEO:"`: the GPT that `minigrad train gpt` trained goes on with a text, as it comes."""
import itertools
from pathlib import Path

import numpy as np

from .options import a_path, add_sampling_arguments, sampling_from, say, whole_number, written


def add_arguments(parser):
    parser.add_argument("prompt", nargs="?", default="", type=written,
                        help='the beginning, such as "ROMEO:" (default: none, as at the start of a line)')
    parser.add_argument("--model", type=a_path, default=Path("runs/gpt"), metavar="DIR",
                          help="the folder that `minigrad train gpt` wrote (default: runs/gpt)")
    parser.add_argument("--length", type=whole_number(1), default=500, metavar="N",
                        help="characters, or tokens (default: 500)")
    add_sampling_arguments(parser, temperature=0.8)


def run(args):
    from ..zoo import gpt
    from ..zoo.decoding import generate
    model = gpt.load(args.model)
    beginning = model.encode(args.prompt) or [model.start]
    tokens = generate(model, beginning, rng=np.random.default_rng(args.seed), **sampling_from(args))
    say(args.prompt)
    for text in model.tokenizer.stream(itertools.islice(tokens, args.length)):
        say(text)
    say("\n")
    return 0
