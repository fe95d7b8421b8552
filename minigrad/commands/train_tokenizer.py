"""`minigrad train tokenizer`: byte-level BPE learns from Shakespeare's plays which tokens to cut them into.

    minigrad train tokenizer                    1,024 tokens, in a few seconds
    minigrad train tokenizer --size 4096        longer ones too
    minigrad train gpt --tokenizer runs/tokenizer       then a GPT reads them
"""
from pathlib import Path

from .options import a_path, whole_number, writable


def add_arguments(parser):
    parser.add_argument("--size", type=whole_number(256), default=1024, metavar="V",
                        help="tokens, of which the first 256 are the bytes (default: 1024)")
    parser.add_argument("--out", type=a_path, default=Path("runs/tokenizer"), metavar="DIR",
                        help="where tokenizer.json goes (default: runs/tokenizer)")


def run(args):
    from ..data import corpora
    from ..zoo import bpe
    from ..zoo.gpt_training import divide
    writable(args.out)
    alphabet, training, _, test = divide(corpora.shakespeare())
    learned, unseen = ("".join(alphabet[n] for n in text.ravel()) for text in (training, test))
    print(f"Shakespeare's plays: {len(learned):,} characters to learn from, {len(unseen):,} held out", flush=True)
    whole = bpe.learn(learned, args.size)
    print("\ntokens    bytes in each, of the text held out")
    for size in [*(2 ** k for k in range(8, 30) if 2 ** k < len(whole)), len(whole)]:
        smaller = bpe.Tokenizer(whole.tokens[:size], whole.merges[:size - 256], pattern=whole.pattern)
        print(f"{size:6,}    {len(unseen.encode()) / len(smaller.encode(unseen)):.2f}")
    if len(whole) < args.size:
        print(f"there are no more than these {len(whole):,}: every word of the text is a token")
    merged = [repr(whole.decode([n])) for n in range(256, len(whole))]
    print(f"\nthe first that were merged: {' '.join(merged[:10])}\nthe last: {' '.join(merged[-10:])}" if merged else
          "\nno more than the bytes: nothing was merged")
    whole.save(args.out / "tokenizer.json")
    print(f"wrote tokenizer.json to {args.out}")
    return 0
