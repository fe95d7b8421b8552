"""`minigrad train distogram`: a small Evoformer learns to predict distances between residues from a protein's sequence.

    minigrad train distogram                    ten minutes on an idle core, the figures of the README
    minigrad train distogram --size medium      half an hour or more
    minigrad train distogram --resume           go on after Ctrl-C, a crash or kill -9, as if nothing had happened
"""
import json
from pathlib import Path

import numpy as np

from ..engine import backend
from ..support.files import atomic_write
from .options import a_path, seed, settings_of, use, whole_number, writable

SIZES = {       # of the network, and of its training
    "tiny": dict(single=16, pair=8, blocks=1, epochs=1, crop=16, proteins=40, learning_rate=5e-3),
    "small": dict(single=64, pair=24, blocks=2, epochs=6, crop=64, proteins=None, learning_rate=2e-3),
    "medium": dict(single=64, pair=24, blocks=3, epochs=25, crop=64, proteins=None, learning_rate=2e-3),
}


def add_arguments(parser):
    parser.add_argument("--size", choices=SIZES, help="small: some minutes on two cores (the default); medium: half an "
                                                   "hour; tiny: seconds, to try the command out")
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="passes over the proteins")
    parser.add_argument("--out", type=a_path, default=Path("runs/distogram"), metavar="DIR",
                     help="where model, history and pictures go (default: runs/distogram)")
    parser.add_argument("--seed", type=seed, help="of weights, batches and crops (default: 0)")
    parser.add_argument("--resume", action="store_true", help="go on with the unfinished run in --out")
    parser.add_argument("--device", default="cpu", help='"cpu", "gpu" or "gpu:1" (default: cpu)')


def run(args):
    from ..data import corpora
    from ..keras.callbacks import BackupAndRestore, CSVLogger
    from ..keras.saving import remove_folder
    from ..zoo import distogram
    from ..zoo.alignment import unrelated
    from ..zoo.evoformer import Evoformer
    from ..zoo.gpt_training import StopBetweenSteps
    use(args.device)
    settings = settings_of(args, SIZES, ("epochs",))
    backend.seed(settings["seed"])
    everything, held_out = corpora.proteins()
    training = unrelated(everything)
    relatives = len(everything) - len(training)
    training, held_out = training[:settings["proteins"]], held_out[:settings["proteins"]]
    model = Evoformer(distogram.BINS, settings["single"], settings["pair"], settings["blocks"])
    writable(args.out, "Evoformer", args.resume)
    with atomic_write(args.out / "settings.json", "w") as file:
        json.dump(settings, file, indent=1)
    print(f"{len(training):,} proteins to learn from, {len(held_out)} held out; "
          f"{relatives} relatives of these are left out")

    backup = BackupAndRestore(args.out / "backup", save_freq=100, delete_checkpoint=False)
    stop, interrupted = StopBetweenSteps(backup), False
    with stop.listening():
        try:
            history = distogram.train(model, training, held_out, settings["epochs"], settings["crop"],
                                      settings["learning_rate"], seed=settings["seed"],
                                      callbacks=[CSVLogger(args.out / "history.csv"), backup, stop])
        except KeyboardInterrupt:
            interrupted = True
            if not model.built:
                raise
    model.save(args.out / "model")
    if interrupted:
        print("\nstopped by Ctrl-C; what was trained is saved.  To go on: "
              f"minigrad train distogram --resume --out {args.out}")
        return 130
    remove_folder(args.out / "backup", "backup")
    _report(args.out, model, history, training, held_out)
    return 0


def _report(folder, model, history, training, held_out):
    """Write figures.json and learning.png; print what the predictions for held-out proteins are worth."""
    from tqdm import tqdm

    from ..viz import save
    from ..zoo import distogram, structure

    def true_secondary(protein):
        return structure.secondary(structure.torsions(structure.backbone(protein)))
    predictors = {
        "separation": distogram.Frequencies(training),
        "separation, amino acids": distogram.Frequencies(training, distogram.by_residues, 400, strength=500),
        "separation, predicted helix or strand":
            distogram.Frequencies(training, *distogram.by_secondary(lambda p: p.secondary)),
        "separation, true helix or strand": distogram.Frequencies(training, *distogram.by_secondary(true_secondary)),
        "the network, from the sequence": lambda protein: model.distogram(protein.sequence)}
    rows = {name: distogram.scores(predict, tqdm(held_out, name, leave=False, delay=1))
            for name, predict in predictors.items()}
    table = {name: {measure: distogram.interval(row[:, 2 * k], row[:, 2 * k + 1])
                    for k, measure in enumerate(("nats", "nats_long", "precision_long"))} for name, row in rows.items()}
    network = rows["the network, from the sequence"]
    better = {name: distogram.interval(network[:, 0] - row[:, 0], row[:, 1]) for name, row in rows.items()}
    with atomic_write(folder / "figures.json", "w") as file:
        figures = {"parameters": model.count_params(), "held_out": table, "network_minus": better} | history
        json.dump(figures, file, indent=1)
    save(_picture(history, table), folder / "learning.png")

    print(f"\n{len(held_out)} held-out proteins, with 95 % intervals over proteins")
    print(f"{'predicted from':<38} {'nats per pair':^22} {'of long range':^22} {'precision at L/5':^22}")
    for name, measures in table.items():
        columns = (f"{value:6.3f} ({low:.3f}-{high:.3f})".center(22) for value, low, high in measures.values())
        print(f"{name:<38} {' '.join(columns)}")
    for name, (value, low, high) in better.items():
        if name.startswith("separation"):
            verdict = "better" if high < 0 else "worse" if low > 0 else "not told apart"
            print(f"the network against {name}: {value:+.3f} nats ({low:+.3f} to {high:+.3f}): {verdict}")
    print(f"wrote model, history.csv, figures.json and learning.png to {folder}")


def _picture(history, table):
    """The learning curve among the baselines."""
    from ..viz import style
    fig, ax = style.figure(6.5, 3.8)
    epochs = np.arange(1, len(history["loss"]) + 1)
    ax.plot(epochs, history["loss"], color=style.BLUE, marker="o", ms=3, label="training")
    ax.plot(epochs, history["val_loss"], "--", color=style.RED, marker="s", ms=3, label="held out")
    ax.set(xlabel="epoch", ylabel="cross-entropy (nats per pair)")
    ax.legend(loc="upper right")
    last = table["the network, from the sequence"]["nats"][0]
    fig.alt = (f"Cross-entropy of held-out proteins falls to {history['val_loss'][-1]:.3f} nats per pair, a mean over "
               f"proteins; over all their pairs it is {last:.3f}.")
    return fig
