"""Callbacks that watch one number get better: stop early, keep the best, learn more slowly."""
import math

import numpy as np

from ...support.arguments import shown
from .base import Callback

HIGHER_IS_BETTER = ("acc", "auc", "f1", "precision", "recall", "score")


class _Monitor(Callback):
    """Watches one number of the logs get better.

    monitor     its name: "val_loss", "accuracy", ...
    mode        "min" or "max", which way is better; "auto" takes "max" for names that say accuracy, auc, f1, precision,
                recall or score, else "min"
    min_delta   how much better it must be to count
    verbose     1: print a line when something is done
    """

    def __init__(self, monitor, mode, min_delta=0.0, verbose=0):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'{type(self).__name__}: mode must be "auto", "min" or "max", not {shown(mode)}')
        if mode == "auto":
            mode = "max" if any(word in monitor for word in HIGHER_IS_BETTER) else "min"
        self.monitor, self.sign, self.min_delta = monitor, 1 if mode == "max" else -1, abs(min_delta)
        self.best, self.verbose = None, verbose

    def on_train_begin(self, logs=None):
        self.best = None

    def say(self, text):
        """Print a line, if verbose asks for it."""
        if self.verbose:
            print(f"{type(self).__name__}: {text}", flush=True)

    def better(self, value, reference):
        """Whether value is better than reference by min_delta; than None everything is, but for nan."""
        return not math.isnan(value) and (reference is None or self.sign * (value - reference) > self.min_delta)

    def improved(self, logs):
        """Whether the number is better than ever before; then it is the new best."""
        if self.monitor not in logs:
            hint = "; fit needs validation_data" if self.monitor.startswith("val_") else ""
            raise ValueError(f"{type(self).__name__} monitors {self.monitor!r}, "
                             f"but the logs have only {', '.join(logs)}{hint}")
        value = logs[self.monitor]
        if not self.better(value, self.best):
            return False
        self.best = value
        return True

    remembered = ("best",)

    def state(self):
        return {name: getattr(self, name) for name in self.remembered}

    def load_state(self, state):
        fresh = self.state()
        for name in self.remembered:
            value = state[name]
            if value is None:
                fits = fresh[name] is None          # what may be missing is missing at first
            elif name == "best_weights":
                fits = isinstance(value, list) and [*map(np.shape, value)] == [w.shape for w in self.model.weights]
            else:
                fits = isinstance(value, (int, float))
            if not fits:
                raise ValueError(f"{type(self).__name__}: {name} is {shown(value)}")
        vars(self).update({name: state[name] for name in self.remembered})


class EarlyStopping(_Monitor):
    """Ends training when the monitored number has not become better for `patience` epochs.

    restore_best_weights    leave the model with the weights of its best epoch
    start_from_epoch        don't count before this epoch
    baseline                epochs count as waited for until the number is better than this too
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto", baseline=None,
                 restore_best_weights=False, start_from_epoch=0):
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience, self.baseline, self.restore_best_weights = patience, baseline, restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs=None):
        self.best, self.waited = None, 0
        self.stopped_epoch = self.best_epoch = self.best_weights = None

    def on_epoch_end(self, epoch, logs=None):
        if epoch < self.start_from_epoch:
            return
        self.waited += 1
        if self.improved(logs):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(self.best, self.baseline):
                self.waited = 0
        elif self.waited >= max(self.patience, 1):
            self.model.stop_training, self.stopped_epoch = True, epoch
            self.say(f"{self.monitor} is no better, stopped after epoch {epoch + 1}")

    def on_train_end(self, logs=None):
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            self.say(f"the weights are those of epoch {self.best_epoch + 1}")

    remembered = ("best", "waited", "stopped_epoch", "best_epoch", "best_weights")

    def load_state(self, state):
        if state["best_weights"] is not None and state["best_epoch"] is None:
            raise ValueError("EarlyStopping: best_weights are there, but not best_epoch, whose weights they are")
        super().load_state(state)


class ModelCheckpoint(_Monitor):
    """Saves the model after each epoch, or, with save_best_only, when the monitored number is better than ever.

    filepath            what model.save takes or, with save_weights_only, model.save_weights; may hold fields such as
                        "run/{epoch:02d}-{val_loss:.2f}.keras", epochs counted from 1
    save_freq           "epoch", or after every so many batches, with the scores so far; without save_best_only then
    initial_value_threshold     the number that must be bettered first
    """

    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False, save_weights_only=False,
                 mode="auto", save_freq="epoch", initial_value_threshold=None):
        super().__init__(monitor, mode, verbose=verbose)
        if save_freq != "epoch" and not (type(save_freq) is int and save_freq > 0):
            raise ValueError('ModelCheckpoint: save_freq must be "epoch" or a number of batches, '
                             f"not {shown(save_freq)}")
        if save_freq != "epoch" and save_best_only:
            raise ValueError("ModelCheckpoint: save_best_only compares epochs: it can't go with a save_freq in batches")
        self.filepath, self.save_best_only, self.save_weights_only = str(filepath), save_best_only, save_weights_only
        self.save_freq, self.initial_value_threshold, self.batches = save_freq, initial_value_threshold, 0

    def on_train_begin(self, logs=None):
        self.best, self.batches = self.initial_value_threshold, 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.save_freq != "epoch" and self.batches % self.save_freq == 0:
            self._save(self.run.epoch, dict(logs))

    def hook(self, name):
        """Batches are not listened to for nothing."""
        return None if name == "on_train_batch_end" and self.save_freq == "epoch" else super().hook(name)

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch" and (not self.save_best_only or self.improved(logs)):
            self._save(epoch, logs)

    def _save(self, epoch, logs):
        try:
            path = self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise ValueError(f"ModelCheckpoint: {self.filepath!r} uses {error}, "
                             f"but the logs have only {', '.join(logs)}") from None
        self.model.save_weights(path) if self.save_weights_only else self.model.save(path)
        self.say(f"epoch {epoch + 1} saved to {path}")


class ReduceLROnPlateau(_Monitor):
    """Multiplies the learning rate by `factor` when the monitored number has not become better for `patience` epochs.

    cooldown    epochs of rest after that; the last of them is counted again
    min_lr      the rate does not go below this
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4,
                 cooldown=0, min_lr=0.0):
        super().__init__(monitor, mode, min_delta, verbose)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie between 0 and 1, not {shown(factor)}")
        self.factor, self.patience, self.cooldown, self.min_lr = factor, patience, cooldown, min_lr

    def on_train_begin(self, logs=None):
        self.best, self.waited, self.resting = None, 0, 0

    def on_epoch_end(self, epoch, logs=None):
        optimizer = self.model.optimizer
        logs["learning_rate"] = float(optimizer.learning_rate)
        self.resting = max(self.resting - 1, 0)
        if self.improved(logs) or self.resting:
            self.waited = 0
            return
        self.waited += 1
        if self.waited >= max(self.patience, 1) and float(optimizer.learning_rate) > self.min_lr:
            optimizer.learning_rate = max(float(optimizer.learning_rate) * self.factor, self.min_lr)
            self.resting, self.waited = self.cooldown, 0
            self.say(f"learning rate {optimizer.learning_rate:.4g} from epoch {epoch + 2} on")

    remembered = ("best", "waited", "resting")
