"""Callbacks for when things go wrong: numbers that are none, and processes that are killed."""
from pathlib import Path

import numpy as np

from ...engine.tensor import Tensor, backpropagate, tape_of
from ...support import files
from ...support.arguments import one_line, shown
from ...support.errors import Failure
from ...support.locks import acquire, release
from .. import saving
from .base import Callback


class TerminateOnNaN(Callback):
    """Ends the training at the first loss or gradient that is nan or infinite, and says which operation made it.

    The step that would have spoiled the weights is not done.  The report is printed, and kept in .report.
    """
    report = None

    def on_backward(self, loss, gradients):
        if _finite(loss._data) and all(_finite(g) for g in gradients.values()):
            return
        names = {id(w): path for path, w in self.model.named_weights().items()}
        place = f"{self.run.label}epoch {self.run.epoch + 1}, batch {self.run.loader.batch}"
        self.report = f"TerminateOnNaN: {place}: {first_nonfinite(loss, names)}"
        self.model.stop_training = True
        print(self.report, flush=True)


def _finite(array):
    return bool(np.isfinite(array).all())


def first_nonfinite(loss, names=()):
    """A sentence on the first operation, in the order they were done, whose result is not finite; loss with its tape.

    names: {id(tensor): name} of leaves.  Looks through the forward pass; if all is finite there, through the backward
    pass, recorded for this purpose.
    """
    gradients = backpropagate(loss, create_graph=True).values() if _finite(loss._data) else ()
    tape = {t for root in (loss, *gradients) if root.requires_grad for t in tape_of(root)}
    for t in sorted(tape, key=lambda t: t.node.order if t.node else -1):
        if _finite(t._data):
            continue
        values = f"{int(np.isnan(t._data).sum())} nan and {int(np.isinf(t._data).sum())} infinite of {t.size} numbers"
        if t.node is None:
            return f"{names.get(id(t), 'a leaf')}, of shape {t.shape}, holds {values} before the forward pass"
        place = "forward" if t.node.order <= loss.node.order else "backward"
        inputs = ", ".join(_describe(x, loss, names) for x in t.node.inputs)
        return (f"{t.node.op.name}, in the {place} pass, is the first operation with a result that isn't finite: "
                f"{values}, of shape {t.shape}; its inputs were {inputs}")
    return "a gradient isn't finite, though each recorded operation's result is"


def _describe(x, loss, names):
    """A tensor by where it comes from, and its range."""
    array = getattr(x, "_data", x)
    if not isinstance(x, Tensor):
        source = "a constant"
    elif x.node is None:
        source = names.get(id(x), "data")
    else:
        source = f"the result of {x.node.op.name}" + (" (forward)" if x.node.order <= loss.node.order else "")
    if np.size(array) == 0:
        return source
    good = np.asarray(array)[np.isfinite(array)] if np.ndim(array) else np.asarray(array)
    span = f" between {good.min():.3g} and {good.max():.3g}" if good.size else ""
    return f"{source}{span}{'' if _finite(array) else ' with values that are not finite'}"


BACKUP = {"state": dict, "files": {"state": saving.ENTRY}, "sha256?": saving.digest}


class BackupAndRestore(Callback):
    """Saves the whole run as it goes; the same script, started again after a crash or kill -9, goes on from there.

    What follows is, bit for bit, what would have followed without the interruption: weights, optimizer, random numbers,
    order of the data, scores so far, history and the other callbacks are all restored.

    backup_dir          a folder for this run alone
    save_freq           "epoch", or a number of batches, and then after the first one too, so that a run can be resumed
                        from its beginning; at the end of an epoch it saves in any case
    resume              True: only if model, compilation and data are what they were, else a Failure says what has
                        changed; "anyway": also then
    delete_checkpoint   remove the backup when the training has ended: the next fit then starts afresh
    """
    order = 3                               # when all others are done with an epoch
    lock = None

    def __init__(self, backup_dir, save_freq="epoch", *, delete_checkpoint=True, resume=True):
        if resume is not True and not (isinstance(resume, str) and resume == "anyway"):
            raise ValueError(f'BackupAndRestore: resume must be True or "anyway", not {shown(resume)}')
        self.resume = resume
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ValueError(f'BackupAndRestore: save_freq must be "epoch" or a number of batches, not {save_freq!r}')
        self.folder, self.save_freq, self.delete_checkpoint = Path(backup_dir), save_freq, delete_checkpoint

    def on_train_begin(self, logs=None):
        if files.writes:
            self.close()
            self.lock = acquire(self.folder)        # two runs with one backup would each undo the other's
        state = self.run.once(self._read)
        if state is None:
            return
        try:
            self.run.load_state(state, "the backup", anyway=self.resume == "anyway")
        except Exception as error:          # a state that was made to do harm may be anything
            raise Failure(f"the backup in {self.folder} is of another run: {one_line(error)}; "
                          "to start afresh, remove it") from error

    def _read(self):
        """The state that was saved, or None."""
        if not (self.folder / "backup.json").exists():
            return None
        description, groups = saving.read_folder(self.folder, "backup", BACKUP, ("state",))
        if description["version"] > 1 and description.get("sha256") != saving.digest_of(description["state"]):
            raise Failure(f"{self.folder / 'backup.json'} is damaged: its content is not what was written")
        try:
            return saving.unpack(description["state"], groups["state"])
        except ValueError as error:
            raise Failure(f"{self.folder / 'backup.json'}: {error}") from error

    def on_train_batch_end(self, batch, logs=None):
        done = self.run.epoch * self.params["steps"] + batch + 1
        if self.save_freq != "epoch" and (done == 1 or done % self.save_freq == 0):
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self.save()

    def on_train_end(self, logs=None):
        self.close()
        if self.delete_checkpoint:
            saving.remove_folder(self.folder, "backup")

    def close(self):
        self.lock = self.lock and release(self.lock)

    def save(self):
        arrays = {}
        state = saving.pack(self.run.state(), arrays)
        saving.write_folder(self.folder, "backup", {"state": state, "sha256": saving.digest_of(state)}, state=arrays)
