"""Callbacks that show and write down how the training goes."""
import csv
import os
import sys
import time
from pathlib import Path

import numpy as np

from ...support import files
from ...support.arguments import whole
from ...support.errors import Failure
from ...support.files import atomic_write
from ...support.reading import form, read_text
from .base import Callback


def bar(batches, verbose, label):
    """batches with a progress bar around them, or without if verbose is 0."""
    if not verbose or sys.stderr is None:   # where stderr was closed
        return batches
    from tqdm import tqdm
    return tqdm(batches, label, leave=False, delay=0.5, **_size())      # none for what is done in half a second


def _size():
    """The size of the terminal that stderr is, if it is one.  Some say 0 and mean unknown; tqdm would show nothing."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return {}
    return {"ncols": columns or 120, "nrows": rows or 24}


class ProgressBar(Callback):
    """A bar for each epoch with its scores, on stderr; with verbose=2 a line for each epoch instead, on stdout."""
    saves = False
    order, shows = 2, True

    def __init__(self, verbose=1):
        self.verbose, self.bar, self.shown = verbose, None, 0.0
        self.last = -1                          # the last batch, which ends an epoch of unknown length
        self.begun, self.first = 0.0, None      # when the epoch began, and with which batch, if it was resumed
        self.pause = 0.1 if sys.stderr and sys.stderr.isatty() else 5          # seconds between two updates of the bar

    def on_epoch_begin(self, epoch, logs=None):
        self.begun, self.first = time.time(), None

    def on_train_batch_begin(self, batch, logs=None):
        if self.first is None:
            self.first = batch

    def on_train_batch_end(self, batch, logs=None):
        now, self.last = time.monotonic(), batch
        if now - self.shown > self.pause and self.verbose != 2 and sys.stderr is not None:
            self.shown = now
            self._show(batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        if self.verbose == 2:
            print(f"{self._label(epoch)}: {_text(logs)}", flush=True)
            return
        if sys.stderr is None:
            return
        self._show(self.params["steps"] or self.last + 1, logs, epoch)
        self.bar = None

    def _show(self, done, logs, epoch=None):
        if self.bar is None:
            self.bar = _opened(self.params["steps"], self.begun, self.first or 0,
                               desc=self._label(self.run.epoch if epoch is None else epoch))
        if epoch is not None or done != self.params["steps"]:   # the last batch of an epoch: its end draws it
            _draw(self.bar, done, _text(logs), last=epoch is not None)

    def _label(self, epoch):
        return f"epoch {epoch + 1}/{self.params['epochs']}"


class Progbar:
    """A bar for a loop of your own, on stderr; with verbose=2 one line at its end, on stdout; with 0 nothing.

        bar = Progbar(100)
        for step in range(100):
            bar.update(step + 1, [("loss", loss)])          # or bar.add(1, [("loss", loss)])

    target              the number of steps, with which the bar ends; None: not known, update(n, finalize=True) ends it
    width               letters for the bar itself; interval: seconds between two drawings; unit_name: what it counts
    stateful_metrics    values that are shown as they come, and not as the mean over all steps so far; or, the other
                        way round, stateless_metrics: only these are shown as the mean
    """

    def __init__(self, target, width=20, verbose=1, interval=0.05, stateful_metrics=None, stateless_metrics=None,
                 unit_name="step"):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: Only one of stateful_metrics and stateless_metrics can be given")
        self.target = None if target is None else whole("Progbar: target", target, 0)
        self.width, self.verbose, self.interval = width, verbose, interval
        self.unit_name, self.stateful_metrics, self.stateless_metrics = unit_name, stateful_metrics, stateless_metrics
        self.sums, self.done, self.bar, self.shown, self.begun = {}, 0, None, 0.0, time.time()

    def update(self, current, values=None, finalize=None):
        """So many steps are done, and the newest gave these values, pairs (name, number)."""
        last = self.target is not None and current >= self.target if finalize is None else finalize
        for name, value in values or ():
            total, count = self.sums.get(name, (0.0, 0)) if self._averaged(name) else (0.0, 0)
            steps = max(current - self.done, 1)
            self.sums[name] = total + steps * float(np.mean(np.asarray(value))), count + steps
        self.done = current
        text = _text({name: total / count for name, (total, count) in self.sums.items()})
        if self.verbose == 2 and last:
            print(f"{current}/{self.target or current}: {text}", flush=True)
        now = time.monotonic()
        if self.verbose == 1 and sys.stderr is not None and (last or now - self.shown >= self.interval):
            self.shown = now
            if self.bar is None:
                self.bar = _opened(self.target, self.begun, 0, self.unit_name,
                                   bar_format=f"{{l_bar}}{{bar:{self.width}}}{{r_bar}}")
            _draw(self.bar, current, text, last)
            self.bar = None if last else self.bar

    def add(self, n, values=None):
        """n more steps are done."""
        self.update(self.done + n, values)

    def _averaged(self, name):
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())


def _opened(total, begun, initial, unit="step", **how):
    from tqdm import tqdm
    bar = tqdm(total=total, unit=unit, initial=initial, **how, **_size())
    bar.start_t = begun                     # not when it is first drawn: its rate is that of all steps
    return bar


def _draw(bar, done, text, last):
    bar.n = done
    bar.set_postfix_str(text, refresh=not last)
    if last:
        if not (line := _whole(bar)).endswith(f"{text}]"):
            bar.ncols = None                # all figures of the last one, however long the line
            line = _whole(bar)
        bar.bar_format = line.replace("{", "{{").replace("}", "}}")     # later it would be another rate, perhaps longer
        bar.close()                         # which draws it


def _whole(bar):
    """The bar as a line of text, with the rate of all its steps."""
    return bar.format_meter(**{**bar.format_dict, "rate": None})


def _text(logs):
    return ", ".join(f"{name} {np.array2string(np.asarray(value), formatter={'float': '{:.4g}'.format})}"
                     for name, value in logs.items())


class CSVLogger(Callback):
    """Writes the history to a CSV file after each epoch: epoch, loss, accuracy, val_loss, ...

    append      keep the rows that are there.  The file is always whole: each time it is written anew, and replaced.
    """

    order = 2                               # after History

    def __init__(self, filename, separator=",", append=False):
        self.path, self.separator, self.append = Path(filename), separator, append
        self.earlier = []

    def on_train_begin(self, logs=None):
        if self.append and self.path.exists():
            lines = read_text(self.path).splitlines(keepends=True)
            try:
                self.earlier = list(csv.DictReader(lines, delimiter=self.separator))
            except csv.Error as error:
                raise Failure(f"can't append to {self.path}: it is no CSV file ({error})") from None
            if any(None in row or None in row.values() for row in self.earlier):
                raise Failure(f"can't append to {self.path}: its rows have not as many fields as its first line says")

    def on_epoch_end(self, epoch, logs=None):
        history = self.model.history
        rows = [{"epoch": e, **{name: values[i] for name, values in history.history.items()}}
                for i, e in enumerate(history.epoch)]
        names = list(dict.fromkeys(name for row in (*self.earlier, *rows) for name in row))
        if files.writes:
            with atomic_write(self.path, "w", newline="") as file:
                writer = csv.DictWriter(file, names, delimiter=self.separator)
                writer.writeheader()
                writer.writerows(self.earlier + rows)

    def state(self):
        return {"earlier": self.earlier}

    def load_state(self, state):
        self.earlier = form(state, {"earlier": [{str: str}]}, "CSVLogger")["earlier"]


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch: schedule(epoch, the rate now) -> the new rate; verbose prints it."""

    def __init__(self, schedule, verbose=0):
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs=None):
        rate = float(self.schedule(epoch, float(self.model.optimizer.learning_rate)))
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"LearningRateScheduler: epoch {epoch + 1} learns at {rate:.4g}", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
