"""Options and their types that several commands share."""
import argparse
import atexit
import math
import sys
from pathlib import Path

from ..support.errors import Failure, UsageError
from ..support.locks import acquire, release
from ..support.reading import count as a_count, form, positive as a_positive, read_json, size

UNITS = {"K": "e3", "M": "e6", "B": "e9", "T": "e12"}      # 7B is 7 billion, 7e9; 1T a trillion, 1e12


def positive(text):
    """argparse type: a number above zero, such as 175e9 or 175B, and below 1e30, beyond which nothing makes sense."""
    unit = UNITS.get(text[-1:].upper())
    try:
        value = float(text[:-1] + unit if unit else text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1e30:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero and below 1e30 (write 175e9 or 175B)")
    return value


def count(text):
    """argparse type: a whole number above zero; 1e3 is one, and 1K."""
    value = positive(text)
    if value != int(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(value)


def add_model_arguments(parser):
    """The options that `estimate` and `simulate` share."""
    from ..scale.planning.costs import BYTES, CHIPS
    parser.add_argument("--gpu", default="a100", metavar="NAME", help=f"{', '.join(CHIPS)} (default: a100)")
    parser.add_argument("--precision", default="bf16", choices=list(BYTES), help="of the products (default: bf16)")
    parser.add_argument("--layers", type=count, help="default: derived from the parameters by GPT-3's proportions")
    parser.add_argument("--width", type=count, help="default: derived likewise")
    parser.add_argument("--heads", type=count, help="default: width / 128")
    parser.add_argument("--kv-heads", type=count, metavar="N", help="of keys and values, fewer than --heads where "
                                                                   "several queries share them")
    parser.add_argument("--active", type=positive, metavar="N", help="parameters that a token meets, of all: a mixture "
                                                                    "of experts")
    parser.add_argument("--encoder-decoder", action="store_true", help="a token meets half of the parameters")
    parser.add_argument("--context", type=count, default=2048, help="tokens in a sequence (default: 2048)")
    parser.add_argument("--vocab", type=count, default=51200, help="default: 51200")
    parser.add_argument("--no-flash", dest="flash", action="store_false", help="attention scores are stored")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="compare with published runs and stop")


def model_from(args, params):
    """The Transformer that the options of add_model_arguments describe."""
    from ..scale.planning.costs import transformer
    return transformer(params, args.layers, args.width, args.heads, args.context, args.vocab, args.flash, args.active,
                       args.kv_heads, args.encoder_decoder)


def whole_number(minimum, most=1 << 31):
    """An argparse type: an integer from minimum to most, by default what a setting may be (reading.size)."""
    def convert(text):
        digits = text.strip()
        value = int(digits) if digits.lstrip("+-").isdecimal() and len(digits) < 1000 else None
        if value is None or not minimum <= value <= most:
            upto = f" and at most {most}" if value is not None and value > most else ""
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {minimum}{upto}")
        return value
    return convert


seed = whole_number(0, math.inf)            # any will do


def written(text):
    """An argparse type: text that UTF-8 can hold; what a terminal sent as other bytes is refused here."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8 text, at character {error.start + 1}") from None
    return text


def filled(text):
    """An argparse type: text that is not empty, as "$FOLDER" is where FOLDER isn't set."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return written(text)


def a_path(text):
    """An argparse type: a path that is not empty, which would be the current directory without a word."""
    return Path(filled(text))


def use(device):
    """Make it the default device: --device."""
    from ..engine import backend
    try:
        backend.set_device(device)
    except ValueError as error:
        raise UsageError(f"--device: {error}") from None
    except RuntimeError as error:
        raise UsageError(f"--device {device}: {error}") from None


def writable(folder, makes=None, resume=False):
    """Make the output folder now, and lock it until the end: better to fail before the training than after it.

    makes       the name of the class of the model that will be saved there: one of another class is not overwritten
    resume      an unfinished run in it is to go on; else it is not to be spoiled
    """
    if (folder / "backup" / "backup.json").exists() and not resume:
        raise UsageError(f"{folder} holds an unfinished run: take another --out, "
                         f"or remove {folder / 'backup'} to give it up")
    if makes and (other := _class_of(folder / "model" / "model.json")) not in (None, makes):
        raise UsageError(f"{folder} holds a trained {other}, which this would overwrite: take another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder}: can't make this folder: {error.strerror}") from None
    try:
        atexit.register(release, acquire(folder))
    except OSError as error:
        raise UsageError(f"--out {folder}: can't write in this folder: {error.strerror}") from None


def _class_of(path):
    """The name of the class of a model that was saved, without its room; None where there is none that can be read."""
    try:
        return read_json(path)["model"]["class"].rpartition(".")[2]
    except (Failure, KeyError, TypeError, AttributeError):
        return None


def number(low, high=math.inf, above=False):
    """An argparse type: a number from low (or above it) to high."""
    def convert(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low <= value <= high) or above and value == low or math.isinf(value):
            least = f"{'above' if above else 'at least'} {low:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {least}" +
                                             (f" and at most {high:g}" if high < math.inf else ""))
        return value
    return convert


def settings_of(args, sizes, options):
    """What to train and how, a dict: of the options given, or for --resume of the run that is to go on.

    sizes       {"small": {...}, ...}: what --size stands for;  options  the names of those that can change it
    Raises UsageError where --resume finds no unfinished run, or without it there is one.
    """
    path, unfinished = args.out / "settings.json", (args.out / "backup" / "backup.json").exists()
    given = {name: value for name in ("size", *options, "seed") if (value := getattr(args, name)) is not None}
    if args.resume:
        if given:
            raise UsageError(f"--resume goes on with the settings of the run: leave out "
                             f"{', '.join('--' + name.replace('_', '-') for name in given)}")
        if not unfinished:
            raise UsageError(f"there is no unfinished run in {args.out}")
        known = dict.fromkeys(options) | sizes["small"] | {"seed": 0}
        kinds = {name if name in sizes["small"] | {"seed": 0} else f"{name}?": _kind(known[name]) for name in known}
        return form(read_json(path), kinds, path)
    if unfinished:
        raise UsageError(f"{args.out} holds an unfinished run: go on with --resume, take another --out, "
                         f"or remove {args.out / 'backup'} to give it up")
    return sizes[given.pop("size", "small")] | {"seed": 0} | given


def _kind(value):
    """What a setting may be, in settings.json, given one that it has been."""
    if value is None:
        return (None, str, size, a_positive)
    if isinstance(value, float):
        return a_positive
    return a_count if value == 0 else size if isinstance(value, int) else str


def add_sampling_arguments(parser, temperature, top_p=1.0):
    """The options that `generate` and `chat` share."""
    parser.add_argument("--temperature", type=number(0), default=temperature, metavar="X",
                        help=f"0: always the likeliest; 1: as the model believes (default: {temperature})")
    parser.add_argument("--top-k", type=whole_number(1), metavar="K", help="choose among the K likeliest")
    parser.add_argument("--top-p", type=number(0, 1, above=True), default=top_p, metavar="P",
                        help=f"choose among the likeliest that make up this probability (default: {top_p})")
    parser.add_argument("--seed", type=seed, help="repeat a text (default: another each time)")


def sampling_from(args):
    """What they say, as decoding.generate takes it."""
    return {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}


def say(text):
    """Print at once, whatever the terminal can show of it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end="", flush=True)
