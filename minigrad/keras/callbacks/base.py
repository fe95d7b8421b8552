"""What a callback is, and the one that is always there: the history."""

from ...support.arguments import shown
from ...support.meanings import Checked
from ...support.reading import count, form


class Callback(Checked):
    """The base of all callbacks.

    model, params   set by fit: the model, and {"epochs": ..., "steps": batches in an epoch, "validation": bool}
    logs            {"loss": 0.1, "accuracy": 0.97, ..., "val_loss": ...}: of the epoch, or of its batches so far
    """
    model = run = params = None
    shows = False                           # True: it only shows something; of many processes only one needs it
    saves = True                            # False: it never asks for run.state()
    order = 0                               # lower ones come first; equal ones in the order of the list

    def on_train_begin(self, logs=None):
        """Before the first epoch."""

    def on_train_end(self, logs=None):
        """After the last epoch; not if an error or Ctrl-C ended the training."""

    def close(self):
        """When fit is left, however it ended."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation.  What a callback adds to logs appears in the history."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before a batch, counted from 0 in each epoch; on_batch_begin is another name."""

    def on_train_batch_end(self, batch, logs=None):
        """After a batch; on_batch_end is another name.  Reading logs makes a GPU wait, each time."""

    def on_test_begin(self, logs=None):
        """Before an evaluation, or the validation of an epoch."""

    def on_test_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_test_batch_end(self, batch, logs=None):
        """After a batch of it."""

    def on_test_end(self, logs=None):
        """After it, with its scores."""

    def on_predict_begin(self, logs=None):
        """Before predict."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_predict_batch_end(self, batch, logs=None):
        """After a batch of it; logs is {"outputs": arrays}."""

    def on_predict_end(self, logs=None):
        """After it."""

    def on_backward(self, loss, gradients):
        """Between backward and the step: the loss with its tape still whole, and {weight: gradient}.

        Setting model.stop_training here prevents the step.
        """

    def state(self):
        """What must be remembered in order to go on in another process: a tree of numbers, text and arrays, or None."""

    def load_state(self, state):
        """Go on from `state`."""

    def set_model(self, model):
        """Called first by fit, evaluate and predict."""
        self.model = model

    def set_params(self, params):
        """Called after set_model."""
        self.params = params

    def hook(self, name):
        """The method of this name, or None if the class has none of its own."""
        for alias in (name, name.replace("train_batch", "batch")):
            if getattr(type(self), alias, None) is not getattr(Callback, alias, None):
                return getattr(self, alias)
        return None


class LambdaCallback(Callback):
    """A callback made of functions: LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))."""

    def __init__(self, on_epoch_begin=None, on_epoch_end=None, on_train_begin=None, on_train_end=None,
                 on_train_batch_begin=None, on_train_batch_end=None, **others):
        given = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
                 "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
                 "on_train_batch_end": on_train_batch_end} | others
        for name, function in given.items():
            if not (name.startswith("on_") and hasattr(Callback, name)):
                raise TypeError(f"LambdaCallback: {name} is none of a callback's methods")
            if function is not None and not callable(function):
                raise TypeError(f"LambdaCallback: {name} must be a function, not {shown(function)}")
        self.functions = {name: function for name, function in given.items() if function is not None}

    def hook(self, name):
        function = self.functions.get(name)
        if function is None:
            return None
        if "_epoch_" in name or "_batch_" in name or name == "on_backward":
            return lambda first, logs=None: function(first, logs)
        return lambda logs=None: function(logs)


class History(Callback):
    """What fit returns: .epoch, the numbers of the epochs, and .history, {"loss": [...], "val_loss": [...], ...}."""
    saves = False
    order = 1                               # with what other callbacks have added to the logs

    def __init__(self):
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def state(self):
        return {"epoch": self.epoch, "history": self.history}

    def load_state(self, state):
        form(state, {"epoch": [count], "history": {str: list}}, "History")
        self.epoch, self.history = state["epoch"], state["history"]
