"""fit(distribute=True): the loop of fit on all ranks at once, with one set of weights, of scores and of files.

    at the start        rank 0's weights, optimizer and order of the data go to all
    each batch          rank r learns from the r-th part of its rows; all make the same step (buckets.py, sharded.py)
    each epoch          what the ranks have counted is added up: all see the same logs, and decide alike; within an
                        epoch on_train_batch_end sees the scores of its own rank's rows
    files               all ranks call the callbacks, rank 0 alone writes (files.writes) and shows

Dropout draws from a stream of its own on each rank.  Normalisation over the batch sees a rank's own rows, as is usual;
its moving statistics are averaged after each epoch.
"""
from ...engine import backend
from ...engine.trees import tree_leaves, tree_map
from ...keras import losses
from ...keras.callbacks.base import Callback
from ...keras.callbacks.safety import BackupAndRestore
from ...keras.feeding import unpack
from ...keras.fingerprint import differences, fingerprint
from ...keras.layers.inputs import dry_run, kind_of
from ...keras.run import Run, rows
from ...support.arguments import shown
from ...support.explaining import explained
from .buckets import DataParallel
from .group import Group, fail, world
from .sharded import Sharded


class Agreement(Callback):
    """The last to look at a step's gradients: if a rank wants to stop before the step, all do."""
    order = 99

    def on_backward(self, loss=None, gradients=None):
        if self.run.any(self.model.stop_training):
            self.model.stop_training = True
            self.model.optimizer.abandon()


class DistributedRun(Run):
    """One call of fit(distribute=True), as this rank lives it.

    distribute      True, "sharded", or a Group of ranks that train together where that isn't all
    """

    @explained
    def __init__(self, model, loader, validation, epochs, initial_epoch, callbacks, distribute=True):
        if not (distribute in (True, "sharded") or isinstance(distribute, Group)):
            raise ValueError(f'fit: distribute must be False, True, "sharded" or a Group, not {shown(distribute)}')
        if any(getattr(loss, "reduction", None) != "sum_over_batch_size" for loss in tree_leaves(model.loss)
               if isinstance(loss, losses.Loss)):
            raise ValueError("fit(distribute=...): the gradients of parts of a batch are averaged, so the loss must be "
                             'a mean; leave its reduction at "sum_over_batch_size"')
        self.group = distribute if isinstance(distribute, Group) else world()
        self.label = f"rank {self.group.rank}, "
        self.kind = Sharded if distribute == "sharded" else DataParallel
        callbacks = [c for c in callbacks if self.group.rank == 0 or not c.shows]
        super().__init__(model, loader, validation, epochs, initial_epoch, callbacks)
        if self.hooks("on_backward"):
            self.callbacks.append(Agreement())
            self.callbacks[-1].model, self.callbacks[-1].run = model, self
        self.watched = self.hooks("on_backward")

    # -- beginning and end ---------------------------------------------------------------------------------------------
    def train(self):
        loaders = [part for part in (self.loader, self.validation) if part is not None]
        own = self.model.optimizer
        self.group.meet()
        self._start_alike()
        try:
            for part in loaders:
                part.part = self.group.rank, self.group.size
            super().train()
        except SystemExit as error:         # the others would wait for ever
            fail(f"left the training with exit code {error.code}")
            raise
        finally:
            for part in loaders:
                part.part = 0, 1
            if self.kind is DataParallel:   # a sharded optimizer stays: only it holds the state
                self.model.optimizer = own

    def _start_alike(self):
        """Give all ranks rank 0's weights, optimizer, random numbers and order of the data."""
        model, group, loader = self.model, self.group, self.loader
        forms = group.all_gather({name: value for name, value in loader.state().items() if name != "seed"})
        for rank, form in enumerate(forms):
            if form != forms[0]:
                raise ValueError(f"fit: each rank must be given all of the data, but rank {rank} has {form}, "
                                 f"and rank 0 {forms[0]}")
        meeting = [type(c).__name__ for c in self.callbacks if c.hook("on_backward") or isinstance(c, BackupAndRestore)]
        setups = group.all_gather({"epochs": self.epochs, "callbacks that meet": meeting, **fingerprint(model, loader)})
        for rank, setup in enumerate(setups):
            if found := differences(setups[0], setup):
                where = found[0].replace(" was ", " is ").replace(" and is ", f" on rank 0 and on rank {rank} ")
                raise ValueError(f"fit: the ranks don't train the same: {where}")
        loader.seed = group.share(loader.seed)
        if not model.built:
            dry_run(model, group.share(self._input()))
        weights = model.weights
        shapes = group.all_gather([w.shape for w in weights])
        if any(other != shapes[0] for other in shapes):
            raise ValueError("fit: the ranks have models of different shapes; do they run the same script?")
        for w in weights:
            w._data[...] = backend.asarray(group.broadcast(backend.to_numpy(w._data)), w.dtype, w.device)
            w.touch()
        if not isinstance(model.optimizer, DataParallel):
            names = {id(w): name for name, w in model.named_weights().items()}
            if group.any(model.optimizer.iterations):           # it has stepped before
                state = group.share(model.optimizer.state())
                if group.rank:
                    model.optimizer.load_state(state)
            model.optimizer = self.kind(model.optimizer, group, names=names)
        model.optimizer.plan(model.trainable_weights)
        backend.set_rng_state(group.share(backend.rng_state()))
        self._own_stream()

    def _input(self):
        """What one example of the data is like, for a model that has not met any."""
        batch = self.loader._take(self.loader._order(self.loader.epoch), 0)
        return kind_of(unpack(batch, "cpu")[0])

    def _own_stream(self):
        """Move on to a part of the random numbers that no other rank draws from; rank 0 stays where it is."""
        bits = backend.generator("cpu").bit_generator
        if self.group.rank:
            bits.state = bits.jumped(self.group.rank).state

    # -- a step --------------------------------------------------------------------------------------------------------
    def step(self, x, y, sample_weight):
        optimizer = self.model.optimizer
        optimizer.rows = rows(x)
        if optimizer.rows:
            super().step(x, y, sample_weight)
            return
        for hook in self.watched[-1:]:      # the batch has fewer rows than there are ranks: this rank has none,
            hook()                          # but must take part in what all ranks do together
        if not (self.watched and self.model.stop_training):
            optimizer.apply_gradients([(None, w) for w in self.model.trainable_weights])

    def any(self, flag):
        return self.group.any(flag)

    def once(self, function):
        return self.group.once(function)

    # -- scores --------------------------------------------------------------------------------------------------------
    def summary(self):
        self.scores.load_state(total(self.group.all_gather(self.scores.state())))
        return super().summary()

    def tell(self, name, *args):
        if name == "on_epoch_end":
            self._average_statistics()
        super().tell(name, *args)
        if name == "on_epoch_end":          # a callback of one rank stops all: the others would wait for it
            self.model.stop_training = self.any(self.model.stop_training)

    def _average_statistics(self):
        for w in self.model.non_trainable_weights:
            if w.dtype.kind == "f":
                mean = self.group.all_reduce(backend.to_numpy(w._data)) / self.group.size
                w._data[...] = backend.asarray(mean, w.dtype, w.device)
                w.touch()

    # -- stopping and going on -----------------------------------------------------------------------------------------
    def state(self):
        """As Run's, and what each rank has of its own: all ranks must call it, and rank 0's is whole."""
        ranks = self.group.all_gather({"scores": self.scores.state(), "random": backend.rng_state()})
        return super().state() | {"scores": total([r["scores"] for r in ranks]), "random": ranks[0]["random"],
                                  "ranks": ranks}

    def load_state(self, state, source="the state", anyway=False):
        """Go on with as many ranks bit for bit, with more or fewer as near as rounding allows."""
        ranks = state.get("ranks", [])
        if len(ranks) == self.group.size:
            super().load_state(state | ranks[self.group.rank], source, anyway)
            return
        super().load_state(state, source, anyway)
        self._own_stream()
        if self.group.rank:                 # what was counted is rank 0's
            self.scores.reset()


def total(states):
    """The sum of the counts of several Scores."""
    return tree_map(lambda *counts: sum(counts), *states)
