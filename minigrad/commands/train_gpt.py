"""`minigrad train gpt`: a GPT learns to write like Shakespeare, by characters, and is measured against counting.

    minigrad train gpt                      about twenty minutes on two cores
    minigrad train gpt --size medium        better, and several times as long
    minigrad train gpt --tokenizer runs/tokenizer       by tokens that `minigrad train tokenizer` learned
    minigrad train gpt --resume             go on after Ctrl-C, a crash or kill -9, as if nothing had happened
    mpiexec -n 4 minigrad train gpt         by four processes, on one machine or on several (minigrad/scale/distributed)
"""
import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..engine import backend
from ..scale.distributed.launch import launched
from ..support.errors import UsageError
from ..support.files import atomic_write
from ..support.reading import available_memory
from .options import a_path, filled, number, seed, settings_of, use, whole_number, writable

SIZES = {       # of the model, and of its training
    "tiny": dict(depth=2, heads=2, width=32, context=32, steps=300, batch=8, learning_rate=1e-2),
    "small": dict(depth=4, heads=4, width=96, context=64, steps=14_000, batch=16, learning_rate=5e-3),
    "medium": dict(depth=6, heads=6, width=192, context=128, steps=20_000, batch=16, learning_rate=2e-3),
}
OWN = ("steps", "batch", "context", "learning_rate", "tokenizer")        # what options can change


def add_arguments(parser):
    parser.add_argument("--size", choices=SIZES, help="small: some twenty minutes on two cores (the default); "
                                                      "medium: hours; tiny: seconds, to try the command out")
    parser.add_argument("--steps", type=whole_number(1), metavar="N", help="steps of training")
    parser.add_argument("--batch", type=whole_number(1), metavar="N", help="stretches of text in a step")
    parser.add_argument("--context", type=whole_number(2), metavar="N",
                        help="characters, or tokens, that it can look back on")
    parser.add_argument("--tokenizer", metavar="DIR", type=filled,
                        help="read tokens instead of characters: the folder that `minigrad train tokenizer` wrote")
    parser.add_argument("--learning-rate", type=number(0, 10, above=True), metavar="X",
                        help="the highest, after the warm-up")
    parser.add_argument("--out", type=a_path, default=Path("runs/gpt"), metavar="DIR",
                     help="where model, history and picture go (default: runs/gpt)")
    parser.add_argument("--seed", type=seed, help="of weights and batches (default: 0)")
    parser.add_argument("--resume", action="store_true", help="go on with the unfinished run in --out")
    parser.add_argument("--device", default="cpu", help='"cpu", "gpu" or "gpu:1" (default: cpu)')
    parser.set_defaults(together=True)        # mpiexec may start it as one of several


def run(args):
    from ..data import corpora
    from ..keras.callbacks import BackupAndRestore, CSVLogger
    from ..keras.saving import remove_folder
    from ..zoo import gpt_training as t
    from ..zoo.gpt import GPT
    from ..zoo.ngram import bits_per_character
    use(args.device)
    group = _together()
    settings = group.once(lambda: settings_of(args, SIZES, OWN)) if group else settings_of(args, SIZES, OWN)
    first = group is None or group.rank == 0            # the one that writes and speaks
    backend.seed(settings["seed"])
    alphabet, training, validation, test = t.divide(corpora.shakespeare())
    vocabulary = _vocabulary(args, settings, alphabet)
    by_tokens = vocabulary is not alphabet
    model = GPT(vocabulary, settings["context"], settings["depth"], settings["heads"], settings["width"])
    _check_sizes(settings, min(len(pieces[0]) for pieces in (training, validation, test)))
    if first:
        writable(args.out, "GPT", args.resume)
        if by_tokens:
            vocabulary.save(args.out / "tokenizer.json")
        with atomic_write(args.out / "settings.json", "w") as file:
            json.dump(settings, file, indent=1)
        print(f"Shakespeare's plays: {training.size:,} characters to learn from, {test.size:,} held out for the test")
        counted = bits_per_character(training, validation, test, len(alphabet), largest=9, each=t.counting)
        print(f"to beat: {min(counted):.3f} bits per character, by counting what came after which {len(counted) - 1}",
              flush=True)
    if by_tokens:
        training, validation, test = (t.tokenized(vocabulary, alphabet, text) for text in (training, validation, test))
    backup = BackupAndRestore(args.out / "backup", save_freq=100, delete_checkpoint=False)
    stop, interrupted = t.StopBetweenSteps(backup), False
    callbacks = [t.Bar(t.mean_length(model.tokenizer, training)), CSVLogger(args.out / "history.csv"), backup, stop]
    with stop.listening():
        try:
            history = t.train(model, training, validation, settings["steps"], settings["batch"],
                              settings["learning_rate"], seed=settings["seed"], callbacks=callbacks,
                              distribute=group or False)
        except KeyboardInterrupt:
            interrupted = True
            if not model.built:
                raise
    model.save(args.out / "model")
    if interrupted and first:
        print("\nstopped by Ctrl-C; what was trained is saved.  To go on: "
              f"minigrad train gpt --resume --out {args.out}")
    elif first:
        _report(args.out, model, history, counted, t.bits(model, test))
        remove_folder(args.out / "backup", "backup")
    if group:
        group.meet()                        # asleep, so that the first has the processor
    return 130 if interrupted else 0


def _check_sizes(settings, piece):
    """UsageError where no piece of the text is so long, or memory can't hold what a step computes."""
    s = SimpleNamespace(**settings)
    if s.context >= piece // 2:
        raise UsageError(f"--context {s.context}: pieces of the text have {piece:,} characters, take less than half")
    numbers = s.batch * s.context * s.depth * (20 * s.width + s.heads * s.context)      # of activations, about
    if 4 * numbers > available_memory():
        raise UsageError(f"--batch {s.batch} with a context of {s.context} takes some {4 * numbers / 2**30:,.0f} GiB "
                         f"for a step, and {available_memory() / 2**30:,.0f} are free: take smaller ones")


def _vocabulary(args, settings, alphabet):
    """What this run reads: the alphabet, or a tokenizer, its own copy where it goes on."""
    from ..zoo.bpe import Tokenizer
    if settings.get("tokenizer") is None:
        return alphabet
    path = args.out if args.resume else settings["tokenizer"]
    tokenizer = Tokenizer.load(path)
    if lacking := "".join(character for character in alphabet if character not in tokenizer):
        raise UsageError(f"{path}: this tokenizer has no tokens for {lacking!r}, which the plays hold")
    return tokenizer


def _together():
    """The Group of all processes that mpiexec started, or None."""
    if not launched():
        return None
    from ..scale.distributed.group import world
    try:
        return world()
    except RuntimeError as error:
        raise UsageError(str(error)) from None


def _report(folder, model, history, counted, reached):
    """Write figures.json and learning.png, print what was reached, and a text of the model's."""
    from ..viz import style
    from ..zoo.decoding import generate
    best = min(counted)
    figures = {"parameters": model.count_params(), "bits_per_character": reached, "ngrams": counted} | history
    with atomic_write(folder / "figures.json", "w") as file:
        json.dump(figures, file, indent=1)
    style.save(_picture(history, counted, reached), folder / "learning.png")

    print("\nbits per character of the test text, less is better")
    for n, figure in enumerate(counted, 1):
        print(f"  {n}-gram counts           {figure:.3f}")
    print(f"  this GPT                {reached:.3f}   {'better' if reached < best else 'not better'} than counting, "
          f"with {model.count_params():,} parameters")
    print(f"wrote model, history.csv, figures.json and learning.png to {folder}; it goes on:\n\nROMEO:", end="")
    rng = np.random.default_rng(0)
    print(model.decode(itertools.islice(generate(model, model.encode("ROMEO:"), rng, temperature=0.8), 400)))


def _picture(history, counted, reached):
    """The learning curve, in bits per character, among the figures of counting."""
    from ..viz import style
    fig, ax = style.figure(6.5, 4)
    rounds = np.arange(1, len(history["bits"]) + 1) / len(history["bits"])
    ax.plot(rounds, history["bits"], color=style.BLUE, label="training")
    ax.plot(rounds, history["val_bits"], "--", color=style.ORANGE, label="validation")
    for n, figure in enumerate(counted, 1):
        if n in (2, 3, 4, 5, len(counted)):
            ax.axhline(figure, color="0.6", lw=0.8, ls=":")
            ax.annotate(f"{n}-grams", (1.01, figure), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    ax.set(xlabel="part of the training", ylabel="bits per character", xlim=(0, 1))
    ax.legend(loc="upper right")
    first, last = history["val_bits"][0], history["val_bits"][-1]
    fig.alt = (f"Validation falls from {first:.2f} to {last:.2f} bits per character.  "
               f"The test text needs {reached:.2f}, and by counting {min(counted):.2f}.")
    return fig
