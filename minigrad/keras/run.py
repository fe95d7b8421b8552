"""The loop of fit: epochs of batches, callbacks around them, and a state from which a killed run goes on."""
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property, partial

import numpy as np

from ..engine import backend
from ..engine.recording import no_grad
from ..engine.tensor import Tensor
from ..engine.trees import tree_leaves, tree_map
from ..support.names import public
from ..support.reading import count, form
from .feeding import batches
from .fingerprint import differences, fingerprint
from .layers.inputs import dry_run
from .outputs import CONTAINERS, by_output
from .streams import length_of

# the form of Run.state(); 0.1.0 wrote a "total" instead of "sums"
SCORES = {"sums?": {str: float}, "total?": float, "count": count, "metrics": [dict]}
STATE = {"epoch": count, "stopped": bool, "loader": dict, "random": dict, "scores": SCORES,
         "optimizer": (list, tuple), "weights": dict, "carried?": dict, "callbacks": [list]}


def rows(x):
    """The length of a batch: of a tensor, or of a tree of them."""
    return len((x if isinstance(x, Tensor) else tree_leaves(x)[0])._data)


class Scores(Mapping):
    """The loss and the metrics over the batches so far: {"loss": ..., "accuracy": ...}.

    Batches are only noted, and summed up when a score is read: so a GPU need not wait for its host at each batch.
    """

    def __init__(self, metrics, weighted_metrics, own):
        """Both: [(the output it is of, metric), ...]; None for the output where the model has one.  own() returns the
        metrics that the model updates itself."""
        self.find_own, self._own = own, []
        self.metrics, self.weighted = ([metric for _, metric in some] for some in (metrics, weighted_metrics))
        self.outputs = [output for output, _ in (*metrics, *weighted_metrics)]
        self.labels = [metric.name for _, metric in (*metrics, *weighted_metrics)]      # its name in the logs
        self._tell_apart()
        self.sums, self.parts = {"loss": 0.0}, {}
        self.reset()

    def reset(self):
        # Σ loss · examples, for all and for each output, Σ examples, and batches that are not yet in them
        self.sums, self.count, self.noted, self.reported = dict.fromkeys(self.sums, 0.0), 0, [], None
        self._own = None                    # layers may make some when they are built
        for metric in (*self.metrics, *self.weighted, *self.find_own()):
            metric.reset_state()

    @property
    def own(self):
        """{name: metric} of those that the model updates itself; a score of the same name gives way."""
        if self._own is None:
            self._own = {metric.name: metric for metric in self.find_own()}
        return self._own

    def add(self, x, y, y_pred, sample_weight, loss, names):
        """Note one batch.  names(y_pred) are the names of the outputs; parts, set by compute_loss, their losses."""
        self.noted.append(({"loss": loss._data, **{name: part._data for name, part in self.parts.items()}}, rows(x)))
        self.parts = {}
        if self.outputs and isinstance(y_pred, CONTAINERS):
            y, y_pred, sample_weight = self._by_output(y, y_pred, sample_weight, names(y_pred))
        else:
            y, y_pred, sample_weight = {None: y}, {None: y_pred}, {None: sample_weight}
        for i, metric in enumerate((*self.metrics, *self.weighted)):
            output = self.outputs[i] if self.outputs[i] in y_pred else None
            weights = (sample_weight[output],) if i >= len(self.metrics) else ()
            metric.update_state(y[output], y_pred[output], *weights)

    def _by_output(self, y, y_pred, sample_weight, names):
        """The three by the names of the outputs, and under None as they are; settles whose metrics are whose."""
        if len(names) > 1 and len(self.outputs) == len(names) and not any(o is not None for o in self.outputs):
            if not any(hasattr(metric, "function") for metric in self.metrics):     # a function may take the whole tree
                self.outputs = list(names)
        for i, (output, metric) in enumerate(zip(self.outputs, (*self.metrics, *self.weighted))):
            self.outputs[i] = output = names[output] if isinstance(output, int) else output
            if output is None and len(names) > 1 and not hasattr(metric, "function"):
                raise ValueError(f"metrics: {metric.name} is for one output, but the model has {', '.join(names)}: "
                                 "give a dict {output: metric}, or a list with an entry for each")
            if output is not None and output not in names:
                raise ValueError(f"metrics names the output {output!r}; the model's are {', '.join(names)}")
            self.labels[i] = metric.name if output is None or len(names) == 1 else f"{output}_{metric.name}"
        self._tell_apart()
        leaves = tree_leaves(y_pred)
        labels = by_output("y", y, names, shared=False) if any(o is not None for o in self.outputs) else {}
        return ({None: y} | labels, {None: y_pred} | dict(zip(names, leaves)),
                {None: sample_weight} | by_output("sample_weight", sample_weight, names))

    def _tell_apart(self):
        """A weighted metric of the same name as one that isn't is called weighted_accuracy."""
        taken = set(self.labels[:len(self.metrics)])
        for i in range(len(self.metrics), len(self.labels)):
            if self.labels[i] in taken:
                self.labels[i] = f"weighted_{self.labels[i]}"

    def report(self, logs):
        """Take what a train_step in Keras' form returned as the scores."""
        self.reported = {name: getattr(value, "_data", value) for name, value in logs.items()}

    def _sum_up(self):
        if self.noted:
            values, counts = zip(*self.noted)
            for name in values[0]:
                array = backend.to_numpy(np.stack([value[name] for value in values])).tolist()
                self.sums[name] = self.sums.get(name, 0.0) + sum(value * n for value, n in zip(array, counts))
            self.count, self.noted = self.count + sum(counts), []

    def __getitem__(self, name):
        if self.reported is not None:
            return float(self.reported[name])
        self._sum_up()
        if name in self.sums and name not in self.own:
            return self.sums[name] / max(self.count, 1)
        for label, metric in (*self.own.items(), *zip(self.labels, (*self.metrics, *self.weighted))):
            if label == name:
                result = metric.result()
                return np.asarray(result) if np.ndim(result) else float(result)
        raise KeyError(name)

    def __iter__(self):
        self._sum_up()
        return iter(dict.fromkeys([*self.sums, *self.labels, *self.own]) if self.reported is None else self.reported)

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        return repr(dict(self))

    @contextmanager
    def set_aside(self):
        """Inside the block other batches may be counted; after it, all is as before."""
        before = self.state()
        try:
            yield
        finally:
            self.load_state(before)

    def of(self, model, loader, events):
        """The scores of a model on a loader's batches, as a dict; events (see below) says so to callbacks."""
        self.reset()
        events.tell("on_test_begin", {})
        begin, end = events.hooks("on_test_batch_begin"), events.hooks("on_test_batch_end")
        with no_grad():
            for number, (x, y, sample_weight) in enumerate(batches(loader, model.device)):
                for hook in begin:
                    hook(number, {})
                if rows(x):
                    model.step_on("test_step", x, y, sample_weight)
                for hook in end:
                    hook(number, self)
        events.tell("on_test_end", dict(self))
        return dict(self)

    def state(self):
        self._sum_up()
        metrics = [metric.state() for metric in (*self.metrics, *self.weighted, *self.own.values())]
        return {"sums": self.sums, "count": self.count, "metrics": metrics}

    def load_state(self, state):
        # A run that was interrupted before outputs had losses of their own kept the sum of one loss alone.
        self.sums, self.count, self.noted = state.get("sums") or {"loss": state["total"]}, state["count"], []
        self.reported = None
        for metric, values in zip((*self.metrics, *self.weighted, *self.own.values()), state["metrics"], strict=True):
            metric.load_state(values)


class Events:
    """Callbacks, and how they are told of what happens."""

    def __init__(self, model, callbacks, **params):
        self.callbacks = sorted(callbacks or [], key=lambda c: c.order)
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def hooks(self, name):
        """The callbacks' methods of this name, of those callbacks that have one of their own."""
        return [hook for c in self.callbacks if (hook := c.hook(name))]

    def tell(self, name, *args):
        for hook in self.hooks(name):
            hook(*args)


class Run(Events):
    """One call of fit: its data, its callbacks, and where it stands.

    epoch       the number of the epoch in progress, or of the next one
    state       all that a run of the same script needs in order to go on from here, bit for bit
    """

    validation_freq = 1
    label = ""                              # which of several processes this is, for messages

    def __init__(self, model, loader, validation, epochs, initial_epoch, callbacks):
        self.model, self.loader, self.validation = model, loader, validation
        self.epoch, self.epochs, self.scores = initial_epoch, epochs, model._scores
        self.within = False                 # resumed within an epoch: on_epoch_begin has been called already
        self.targets = None                 # what a step changes: known once the weights are
        super().__init__(model, callbacks, epochs=epochs, steps=length_of(loader), validation=validation is not None)
        for callback in self.callbacks:
            callback.run = self

    def train(self):
        """Train to the end, or until a callback sets model.stop_training."""
        model, logs = self.model, {}
        model.stop_training = False
        if any(callback.saves for callback in self.callbacks):
            self.setup                      # noqa: B018  as all was at the beginning
        self.tell("on_train_begin", {})
        while self.epoch < self.epochs and not model.stop_training:
            if not self.within:
                self.scores.reset()
                model.reset_metrics()
                self.tell("on_epoch_begin", self.epoch, {})
            self.within = False
            self._batches()
            logs = self.summary()
            if self.validation is not None and self._validates(self.epoch + 1):
                self.scores.of(model, self.validation, self)
                logs |= {f"val_{name}": value for name, value in self.summary().items()}
            self.epoch += 1
            self.tell("on_epoch_end", self.epoch - 1, logs)
        model.optimizer.finalize_variable_values(model.trainable_weights)
        self.tell("on_train_end", logs)

    def _validates(self, number):
        """Whether epoch 1, 2, ... is one after which fit's validation_freq asks for the validation."""
        every = self.validation_freq
        return number % every == 0 if isinstance(every, int) else number in every

    def _batches(self):
        model, loader, scores = self.model, self.loader, self.scores
        begin, end = self.hooks("on_train_batch_begin"), self.hooks("on_train_batch_end")
        for x, y, sample_weight in batches(loader, model.device):
            for hook in begin:
                hook(loader.batch - 1, {})
            self.step(x, y, sample_weight)
            for hook in end:
                hook(loader.batch - 1, scores)
            if self.any(model.stop_training):
                break

    def step(self, x, y, sample_weight):
        """Learn from one batch."""
        self.model.step_on("train_step", x, y, sample_weight)

    @cached_property
    def setup(self):
        """By what a run is known again: it is gone on with by no other."""
        return fingerprint(self.model, self.loader)

    # Where many processes train together, these differ (minigrad/scale/distributed/strategy.py):
    def summary(self):
        """The scores over all batches of the epoch, as a dict."""
        return dict(self.scores)

    def any(self, flag):
        """Whether a flag is set in any process."""
        return flag

    def once(self, function):
        """What function() returns, called in one process for all."""
        return function()

    def state(self):
        """A tree of numbers, text and arrays."""
        return {"setup": self.setup,
                "input": self.model._input_kind, "epoch": self.epoch, "stopped": bool(self.model.stop_training),
                "loader": self.loader.state(), "random": backend.rng_state(), "scores": self.scores.state(),
                "optimizer": self.model.optimizer.state(), "weights": self.model.named_weights(),
                "carried": self._carried(),
                "callbacks": [[type(c).__name__, state] for c in self.callbacks if (state := c.state()) is not None]}

    def _carried(self):
        """{"layers.0.states": ...}: what layers carry from call to call besides weights, where there is any."""
        found = {f"{path}.{name}": getattr(layer, name) for path, layer, _ in self.model.walk()
                 for name in getattr(layer, "carried", ())}
        return {path: tree_map(backend.to_numpy, value) if isinstance(value, list) else value
                for path, value in found.items() if value}

    def load_state(self, state, source="the state", anyway=False):
        """Go on from `state`; ValueError if it is of another model, other data or other callbacks.

        anyway      go on even if what the run was set up with has changed, where that is possible
        """
        form(state, STATE, source)
        changed = [] if anyway else differences(state.get("setup", self.setup), self.setup)     # 0.1.0 kept none
        if changed:
            raise ValueError(f"{'; '.join(changed[:3])}{f'; and {len(changed) - 3} more' if changed[3:] else ''}.  "
                             'To go on with what has changed: resume="anyway"')
        if not self.model.built:
            dry_run(self.model, state["input"])
        mine = [c for c in self.callbacks if c.state() is not None]
        theirs, names = [name for name, _ in state["callbacks"]], [type(c).__name__ for c in mine]
        if names != theirs:
            raise ValueError(f"{source} was written with the callbacks {', '.join(theirs)}; "
                             f"this fit has {', '.join(names)}")
        self.loader.load_state(state["loader"])
        self.model.assign(state["weights"], source)
        layers = {path: layer for path, layer, _ in self.model.walk()}
        for path, value in state.get("carried", {}).items():
            layer, _, name = path.rpartition(".")
            if name not in getattr(layers.get(layer), "carried", ()):
                raise ValueError(f"{source}: carries {path}, which the model has not")
            setattr(layers[layer], name, value)
        self.model.optimizer.load_state(state["optimizer"])
        self.scores.load_state(state["scores"])
        for callback, (_, values) in zip(mine, state["callbacks"]):
            callback.load_state(values)
        self.epoch, self.model.stop_training = state["epoch"], state["stopped"]
        self.within = self.loader.batch > 0
        backend.set_rng_state(state["random"])


def run_of(distribute):
    """What makes the Run of fit(distribute=...): Run itself, or for many processes mg.distributed.DistributedRun.

    That room lies above this one, which therefore does not import it but asks for it by its public name.
    """
    return partial(public("distributed").DistributedRun, distribute=distribute) if distribute else Run
