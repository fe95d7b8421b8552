"""compile, fit, evaluate, predict: what a model does with data.  Training is the same four lines everywhere:

    y_pred = self(x, training=True)                 forward
    loss = self.compute_loss(x, y, y_pred)          how wrong
    gradients = backpropagate(loss)                 which way is better
    self.optimizer.apply_gradients(...)             a step there

`Training` holds them as train_step, for a model to override; run.py holds the loop around them.
"""
import inspect
from contextlib import nullcontext
from functools import cache, cached_property, partial
from operator import attrgetter

import numpy as np

from ..data.loading import DataLoader
from ..engine import backend
from ..engine.recording import no_grad
from ..engine.tensor import Tensor, backpropagate
from ..engine.trees import tree_leaves, tree_map
from ..engine.unroll import Unrolled
from ..engine.unrolling.arena import Arena
from ..engine.unrolling.current import recorder
from ..engine.unrolling.turns import Turns
from ..support.arguments import share, shown, whole
from ..support.explaining import explained
from . import losses, metrics as _metrics, optimizers
from .callbacks import Callback, History, ProgressBar
from .callbacks.logs import bar
from .feeding import batches, loader_of, loaders, named, unpack
from .layers.inputs import as_tensors
from .layers.penalties import collected, collecting_losses
from .outputs import CONTAINERS, entries, loss_for, losses_of, names_of
from .run import Events, Scores, run_of
from .streams import is_stream, length_of


class Targets:
    """What a step of training changes: gathered once for all steps of a fit."""

    def __init__(self, model):
        self.model = model

    @cached_property
    def weights(self):
        return self.model.trainable_weights

    @cached_property
    def wrt(self):
        """The weights as a set for backpropagate, if others are frozen and need no gradient; None if all need one."""
        wanted = set(self.weights)
        return wanted if any(w.requires_grad and w not in wanted for w in self.model.weights) else None

    @cached_property
    def penalties(self):
        return [penalty for layer in (self.model, *self.model.sublayers()) for penalty in layer._penalties]

    @cached_property
    def key(self):
        """By what a step of training differs from one with other targets."""
        return tuple(map(id, (*self.weights, *self.penalties))), self.wrt and frozenset(map(id, self.wrt))

    @cached_property
    def watchers(self):
        return self.model._run.hooks("on_backward") if self.model._run else []


class Training:
    """The part of Model that learns from data and is judged by it."""
    optimizer = loss = loss_weights = compile_arguments = _scores = _run = history = loss_tracker = None
    _turns = nullcontext()                  # threads that use this model at once
    _replayed = {}                          # name of a step -> its twin by mg.unroll, if compile allows it
    # To unroll.py: what no step reads (of run only the targets, which Targets.key stands for).
    _changes = ("_scores", "history", "stop_training", "compile_arguments", "loss_tracker", "_replayed", "_arguments",
                "_added", "output_shape", "_run", "_turns")
    stop_training = False                   # a callback that sets it ends the training

    @explained
    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True):
        """Say how to train: by which optimizer, to make which loss small, and what else to measure.

        optimizer           a name or an object of minigrad.optimizers
        loss                a name or an object of minigrad.losses, or a function loss(y_true, y_pred) that returns a
                            number for each example; for a model with several outputs one for all, a list of them in
                            the outputs' order or a dict by the outputs' names (None: no loss): their sum is made small
        loss_weights        numbers to multiply the losses of several outputs by, in a list or dict
        metrics             a name or object of minigrad.metrics, or a list of them; every example counts alike
                            for several outputs a list of lists, or a dict {output: metric or list}
        weighted_metrics    the same, but examples count by their sample_weight
        run_eagerly         True: everything runs as it is written, as with jit_compile=False
        steps_per_execution, auto_scale_loss    for Keras' sake: callbacks hear of every batch, float32 needs no scaling
        jit_compile         True: fit, evaluate and predict record a step once and replay it (mg.unroll), to the same
                            bits, and warn where they can't.  "auto": where it is worth it, after some 40 steps, and
                            where all code of the step is minigrad's own, so that it can't do what a recording doesn't
                            see, such as print; without warnings; not on a GPU.  A train_step or compute_loss of one's
                            own, callbacks that watch gradients, the training of several outputs and several processes
                            run as they are.  `call` may not depend on model.history and model.stop_training
        """
        if any(not isinstance(w, (int, float, type(None))) for w in tree_leaves(loss_weights)):
            raise TypeError(f"compile: loss_weights are numbers, not {shown(loss_weights)}; "
                            "give metrics as metrics=...")
        self.optimizer, self.loss_weights = optimizers.get(optimizer), loss_weights
        self.loss = None if loss is None else tree_map(lambda part: part and losses.get(part), loss)
        if steps_per_execution != "auto":
            whole("compile: steps_per_execution", steps_per_execution)
        if jit_compile not in (True, False, "auto"):
            raise ValueError(f'compile: jit_compile is True, False or "auto", not {shown(jit_compile)}')
        self._turns = Turns()
        arena = Arena()
        self._replayed = {step: Unrolled(getattr(self, step), jit_compile == "auto", partial(_key, self), self._turns,
                                         arena) for step in STEPS} if jit_compile and not run_eagerly else {}
        self.compile_arguments = {"optimizer": self.optimizer, "loss": loss, "loss_weights": loss_weights,
                                  "metrics": metrics, "weighted_metrics": weighted_metrics}
        self.loss_tracker = _metrics.Mean("loss")
        self._scores = Scores(*([(output, _metrics.get(metric, loss=loss_for(self.loss, output)))
                                for output, metric in entries(chosen)] for chosen in (metrics, weighted_metrics)),
                              self._own_metrics)

    compiled = property(lambda self: self.optimizer is not None, doc="Whether compile was called.")

    @property
    def metrics(self):
        """The mean of the loss, the metrics that compile was given, and those that the model and its layers keep."""
        known = self._known_metrics()
        held = (value for layer in (self, *self.sublayers()) for attribute in list(vars(layer).values())
                for value in (attribute if isinstance(attribute, (list, tuple)) else [attribute]))
        return list(dict.fromkeys([*known, *(value for value in held if isinstance(value, _metrics.Metric))]))

    def _known_metrics(self):
        return [] if self._scores is None else [self.loss_tracker, *self._scores.metrics, *self._scores.weighted]

    def _own_metrics(self):
        """Those that are nobody's but the model's own to update."""
        known = self._known_metrics()
        return [metric for metric in self.metrics if not any(metric is one for one in known)]

    def get_metrics_result(self):
        """{name: value} of all metrics, for a train_step to return."""
        return {metric.name: metric.result() for metric in self.metrics}

    def reset_metrics(self):
        """Let all metrics begin anew."""
        for metric in self.metrics:
            metric.reset_state()

    @property
    def metrics_names(self):
        """What evaluate returns, in order."""
        return [] if self._scores is None else list(self._scores)

    @property
    def losses(self):
        """Scalar Tensors: the penalties of regularizers, and what add_loss was given in this step, or the last call."""
        if (added := collected.get()) is None:
            return super().losses
        return [*(penalty() for penalty in self._targets().penalties), *(loss for _, loss in added.each)]

    # -- one step ----------------------------------------------------------------------------------------------------
    def train_step(self, x, y, sample_weight=None):
        """One step of training on a batch of Tensors; (loss, y_pred).  Override it to train in a way of your own.

        Keras' form is taken too: train_step(self, data), data being (x, y) or (x, y, sample_weight), or x alone, which
        returns {name: value} for the logs.  test_step likewise.
        """
        y_pred = self(x, training=True)
        loss = self._loss_of(x, y, y_pred, sample_weight)
        self.minimize(loss)
        return loss, y_pred

    def test_step(self, x, y, sample_weight=None):
        """The loss and the predictions for a batch, without learning from it."""
        y_pred = self(x, training=False)
        return self._loss_of(x, y, y_pred, sample_weight, training=False), y_pred

    def predict_step(self, data):
        """The outputs for a batch."""
        return self(data, training=False)

    def _loss_of(self, x, y, y_pred, sample_weight, training=True):
        """compute_loss with those of Keras' arguments that the model's own one takes."""
        given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight, "training": training}
        takes = _arguments_of(type(self).compute_loss)
        if "y_pred" not in takes:           # it has names of its own
            return self.compute_loss(y, y_pred, *([] if sample_weight is None else [sample_weight]))
        return self.compute_loss(**{name: value for name, value in given.items() if name in takes})

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a batch, a scalar Tensor: compile's, penalties of regularizers, and what add_loss was given."""
        if y_pred is None and y is not None:
            raise TypeError("compute_loss: y_pred is missing; its arguments are (x, y, y_pred, sample_weight), as in "
                            "Keras: compute_loss(y=labels, y_pred=outputs)")
        parts, weigh = [], getattr(self.optimizer, "weigh", None)           # of many processes'
        if weigh:
            weigh(y_pred)
        if isinstance(y_pred, CONTAINERS) and self.loss is not None:
            if recorder():
                recorder().give_up("the losses of several outputs are noted one by one")
            each = losses_of(self, y, y_pred, sample_weight)
            parts += [weight * loss for weight, loss in each.values()]
            self._scores.parts = {f"{name}_loss": loss for name, (_, loss) in each.items()} if len(each) > 1 else {}
        elif self.loss is not None:
            parts.append(loss_for(self.loss, 0)(y, y_pred, sample_weight))
        parts += self.losses
        if not parts:
            raise RuntimeError(f"{self.name} was compiled without a loss, and add_loss gave none; "
                               "call compile(optimizer, loss)")
        return sum(parts[1:], start=parts[0])

    def step_on(self, step, x, y, sample_weight):
        """Call train_step or test_step, by its name, in its form or Keras', and count what it returns."""
        function, scores = self._fastest(step), self._scores
        with self._turns, collecting_losses():
            if _takes_data(type(self), step):
                logs = function(tuple(part for part in (x, y, sample_weight) if part is not None) if y is not None
                                else (x,) if isinstance(x, (list, tuple)) else x)
                if not isinstance(logs, dict):
                    raise TypeError(f"{self.name}.{step}(self, data) must return a dict for the logs, not {logs!r}")
                scores.report(logs)
                return
            loss, y_pred = function(x, y, sample_weight)
        scores.add(x, y, y_pred, sample_weight, loss, partial(names_of, self))

    def _fastest(self, step):
        """A step, by its name: as it is written, or replayed where it is minigrad's own and compile allows it."""
        plain, methods = step in self._replayed and vars(self).keys().isdisjoint(STEPS), STEPS[step]
        plain = plain and methods(type(self)) == methods(Training)
        if plain and step == "train_step":
            plain = not (self._run and self._targets().watchers) and self.optimizer.into is dict
        return self._replayed[step] if plain else getattr(self, step)

    def minimize(self, loss):
        """Move the trainable weights a step of the optimizer against the gradient of loss."""
        targets = self._targets()
        gradients = backpropagate(loss, wrt=targets.wrt, retain_graph=bool(targets.watchers), into=self.optimizer.into)
        for watch in targets.watchers:
            watch(loss, gradients)
        if not (targets.watchers and self.stop_training):       # a watcher may see that this step would do harm
            self.optimizer.apply_gradients([(gradients.get(w), w) for w in targets.weights])

    def _targets(self):
        if self._run is None:               # outside fit anything may change from step to step
            return Targets(self)
        self._run.targets = self._run.targets or Targets(self)
        return self._run.targets

    # -- loops over data ---------------------------------------------------------------------------------------------
    @explained
    def fit(self, x, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0,
            validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0,
            steps_per_epoch=None, validation_steps=None, validation_batch_size=None, validation_freq=1, *,
            distribute=False):
        """Train for `epochs` passes over the data; a History, with .history = {"loss": [...], "val_loss": [...], ...}.

        x, y                arrays with an example in each row, or dicts, lists or tuples of such; floats are taken as
                            float32.  Or x gives batches (x, y) or (x, y, sample_weight): a data.DataLoader or
                            data.Dataset, a generator, a utils.PyDataset, or any iterable, such as PyTorch's loader
        batch_size          examples in a step (default 32); the last one of an epoch has what is left
        verbose             0: silent; 1 or "auto": a progress bar per epoch; 2: a line per epoch
        callbacks           a list of minigrad.callbacks, or one
        validation_data     (x, y) or (x, y, sample_weight), or a DataLoader, to evaluate after each epoch
        validation_freq     after every so many epochs; or a list of the epochs, 1, 2, ..., after which
        validation_split    or the fraction of the rows, the last ones, to be kept for that
        shuffle             whether the rows come in a new order each epoch; mg.seed fixes it
        class_weight        {class: weight}, or the weights of classes 0, 1, ... in order, multiplied into the loss of
                            examples of that class; validation counts all alike
        sample_weight       a weight for each row, multiplied into its loss
        steps_per_epoch     how many batches make an epoch, which goes on where the last one ended; validation_steps
                            likewise
        initial_epoch       the number of the first epoch: epochs - initial_epoch are trained
        distribute          True: share the work with the other processes of this mpiexec, each of which calls fit with
                            the same data; "sharded": with the optimizer's memory divided too (see mg.distributed)
        """
        self._need_compile("fit", x, y)
        if self._run:
            raise RuntimeError(f"fit: {self.name} is in the middle of a fit, which called this one or runs in a thread")
        epochs, initial_epoch = whole("fit: epochs", epochs, 0), whole("fit: initial_epoch", initial_epoch, 0)
        share("fit: validation_split", validation_split)
        for name, size in (("batch_size", batch_size), ("validation_batch_size", validation_batch_size),
                           ("validation_freq", validation_freq)):
            if size is not None and not (size is validation_freq and isinstance(size, (list, tuple))):
                whole(f"fit: {name}", size)
        callbacks = [callbacks] if isinstance(callbacks, Callback) else callbacks
        if not (isinstance(callbacks, (list, tuple, type(None)))
                and all(isinstance(c, Callback) for c in callbacks or ())):
            raise TypeError(f"fit: callbacks must be a list of minigrad.callbacks, not {shown(callbacks)}")
        seed = int(backend.generator("cpu").integers(2**62))
        loader, validation = loaders(x, y, sample_weight, class_weight, batch_size, shuffle, seed,
                                     validation_split, validation_data, validation_batch_size, steps_per_epoch,
                                     validation_steps)
        self.history = History()
        callbacks = [self.history, *(callbacks or []), *([ProgressBar(verbose)] if verbose else [])]
        self._run = run_of(distribute)(self, loader, validation, epochs, initial_epoch, callbacks)
        self._run.validation_freq = validation_freq
        try:
            self._run.train()
        finally:
            self._run = None
            for callback in callbacks:
                callback.close()
        return self.history

    @explained
    def evaluate(self, x, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None, callbacks=None,
                 return_dict=False):
        """The loss on data, or with metrics the list [loss, metric, ...]; as {name: value} with return_dict.

        Data as in fit; nothing is learned from it.  Of callbacks the methods on_test_... are called.
        """
        self._need_compile("evaluate", x, y)
        loader = loader_of(x, y, sample_weight, batch_size, steps)
        events = Events(self, callbacks, steps=length_of(loader))
        with self._apart_from_fit():
            return _as_keras(self._scores.of(self, bar(loader, verbose, "evaluate"), events), return_dict)

    @explained
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The outputs for all rows of x, as a NumPy array, or as a tree of them if the model returns one."""
        loader, outputs = loader_of(x, batch_size=batch_size, steps=steps), []
        events = Events(self, callbacks, steps=length_of(loader))
        events.tell("on_predict_begin", {})
        with no_grad():
            for number, (x, *_) in enumerate(batches(bar(loader, verbose, "predict"), self.device)):
                events.tell("on_predict_batch_begin", number, {})
                with self._turns:
                    y = self._fastest("predict_step")(x)
                outputs.append(tree_map(Tensor.numpy, y))
                events.tell("on_predict_batch_end", number, {"outputs": outputs[-1]})
        events.tell("on_predict_end", {})
        return tree_map(lambda *parts: np.concatenate(parts), *outputs)

    @explained
    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step on one batch; its loss and metrics, as evaluate returns them."""
        return self._on_batch("train_step", named(x, y, sample_weight, class_weight), return_dict)

    @explained
    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """The loss and metrics of one batch, as evaluate returns them."""
        with no_grad():
            return self._on_batch("test_step", named(x, y, sample_weight), return_dict)

    @explained
    def predict_on_batch(self, x):
        """The outputs for one batch, as a NumPy array."""
        with no_grad():
            return tree_map(Tensor.numpy, self(as_tensors(x), training=False))

    def _on_batch(self, step, data, return_dict):
        self._need_compile(step)
        x, y, sample_weight = unpack(data, self.device)
        with self._apart_from_fit():
            self._scores.reset()
            self.step_on(step, x, y, sample_weight)
            return _as_keras(dict(self._scores), return_dict)

    def _apart_from_fit(self):
        """A block in which a callback may evaluate the model without changing what the epoch has counted."""
        return self._scores.set_aside() if self._run else nullcontext()

    def _need_compile(self, name, x=None, y=None):
        if self.optimizer is None:
            raise RuntimeError(f"{name}: {self.name} isn't compiled; call compile(optimizer, loss, metrics) first")
        own = type(self).compute_loss is not Training.compute_loss or type(self).train_step is not Training.train_step
        arrays = x is not None and not (isinstance(x, DataLoader) or is_stream(x))
        if self.loss is not None and not own and arrays and y is None:
            raise ValueError(f"{name}: the loss of {self.name} compares outputs with y, and there is no y: "
                             f"{name}(x, y), with x and y apart")


# A step, and what it calls that a model may override, too.
STEPS = {"train_step": attrgetter("train_step", "compute_loss", "minimize"),
         "test_step": attrgetter("test_step", "compute_loss"), "predict_step": attrgetter("predict_step")}


def _key(model):
    """What a replayed step depends on besides what it reads: which weights a fit trains."""
    targets = model._run and model._run.targets
    return targets.key if targets and "weights" in vars(targets) else None      # before the first step there are none


@cache
def _arguments_of(function):
    """The names that a method takes; all of Keras' if it has **kwargs."""
    parameters = inspect.signature(function).parameters.values()
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return ("x", "y", "y_pred", "sample_weight", "training") if everything else {p.name for p in parameters}


@cache
def _takes_data(kind, step):
    """Whether a model's train_step or test_step is written as Keras': step(self, data)."""
    required = [p for p in inspect.signature(getattr(kind, step)).parameters.values() if p.default is p.empty]
    return len(required) == 2


def _as_keras(scores, return_dict):
    """One number, or a list of them, or a dict."""
    return scores if return_dict else list(scores.values()) if len(scores) > 1 else scores["loss"]
