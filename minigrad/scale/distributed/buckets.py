"""Data parallelism: each rank computes the gradient of its rows, and all step by the mean over all rows.

    g = Σ_r b_r g_r / Σ_r b_r           b_r rows on rank r, g_r the gradient of the mean loss over them

which is the gradient of the mean loss over the whole batch, however unevenly its rows are dealt out.  Where a mask of
padding goes along with the predictions, b_r is the number of steps that it leaves in, over which the mean is.  The
sums are all-reduces.  Gradients travel in buckets of about a megabyte, as many small messages would cost a latency
each; and a bucket sets out as soon as backward has passed the last use of its weights, while the walk goes on (Li et
al. 2020, PyTorch Distributed).  The last layers' gradients are complete first, so buckets are filled from the end.
"""
import math
from collections import Counter

import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor, backpropagate, tape_of
from ...keras.masks import mask_of, masks_of
from ...support.errors import Failure
from ...support.explaining import explained
from .group import world

BUCKET = 1 << 20            # bytes


class Bucket:
    """Some variables' gradients end to end: `buffer`, padded to a multiple of `parts` numbers.

    device      where the buffer is: with the variables, unless said otherwise
    waiting     how many gradients are still missing;  request: what MPI or NCCL is doing with the buffer
    """

    def __init__(self, variables, parts=1, device=None):
        self.variables, self.spans, end = variables, [], 0
        for v in variables:
            self.spans.append(slice(end, end + v.size))
            end += v.size
        dtype = np.promote_types(variables[0].dtype, np.float32)
        self.device = device or variables[0].device
        self.buffer = backend.asarray(np.zeros(-(-end // parts) * parts, dtype), device=self.device)
        self.waiting, self.request = len(variables), None

    def views(self):
        """(variable, its part of the buffer in its shape)."""
        return ((v, self.buffer[span].reshape(v.shape)) for v, span in zip(self.variables, self.spans))


class Gathering(dict):
    """{tensor: cotangent}: what backpropagate gathers in.  It counts, and hands on each gradient that is complete.

    A weight's gradient is complete when each of its uses has been added: as many as the tape shows.
    """

    def __init__(self, seed, parallel):
        super().__init__(seed)
        (loss,) = seed
        self.parallel = parallel
        self.left = Counter(x for t in tape_of(loss) if t.node for x in t.node.inputs
                            if isinstance(x, Tensor) and x in parallel.place)

    def __setitem__(self, x, g):
        super().__setitem__(x, g)
        if x in self.left:
            self.left[x] -= 1
            if not self.left[x]:
                self.parallel.deposit(x, g)


class DataParallel:
    """An optimizer whose steps are those of `optimizer` for the mean gradient over all ranks' rows.

        optimizer = DataParallel(optimizers.Adam(0.01))
        optimizer.rows = len(x)                         # this rank's, at each step, where they differ
        optimizer.minimize(loss, variables)             # backward and step; the variables the same on all ranks

    bucket      bytes after which a new bucket is begun
    names       {id(variable): name}, for messages
    Everything else is the optimizer's own: learning_rate, iterations, state().  Raises Failure, on all ranks, where a
    gradient is nan or infinite; it names the rank and the variable, and no rank makes the step.
    """
    kind, parts, device = "data parallel", 1, None      # the device of the buckets, as Bucket takes it

    @explained
    def __init__(self, optimizer, group=None, bucket=BUCKET, names=None):
        self.optimizer, self.group, self.bucket_bytes = optimizer, group or world(), bucket
        self.names, self.rows, self.variables, self.buckets, self.place = names or {}, 1, [], [], {}
        self._begin()

    def __getattr__(self, name):            # what isn't found here
        if name == "optimizer":
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    @property
    def learning_rate(self):
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        self.optimizer.learning_rate = rate

    # -- the plan ------------------------------------------------------------------------------------------------------
    def plan(self, variables):
        """Deal the variables out to buckets, from the last to the first; the same on all ranks."""
        if len(variables) == len(self.variables) and all(a is b for a, b in zip(variables, self.variables)):
            return
        self.variables, groups, size = list(variables), [], 0
        for v in reversed(self.variables):
            if not groups or size + v._data.nbytes > self.bucket_bytes or not self._alike(groups[-1][0], v):
                groups.append([])
                size = 0
            groups[-1].append(v)
            size += v._data.nbytes
        self.buckets = [Bucket(group, self.parts, self.device) for group in groups]
        self.group.connect({bucket.device for bucket in self.buckets})
        self.place = {v: (b, i) for b, bucket in enumerate(self.buckets) for i, v in enumerate(bucket.variables)}
        self._begin()

    def _alike(self, a, b):
        """Whether two variables may share a bucket."""
        return a.dtype == b.dtype and a.device == b.device

    def _begin(self):
        """Make ready for the next step."""
        self.deposited, self.present, self.bad, self.checks, self.sent = set(), set(), None, {}, 0
        for bucket in self.buckets:
            bucket.waiting, bucket.request = len(bucket.variables), None

    # -- one step ------------------------------------------------------------------------------------------------------
    def into(self, seed):
        """For backpropagate(loss, into=...): gradients then set out during the walk."""
        return Gathering(seed, self)

    def minimize(self, loss, variables):
        """Backward from loss, and a step."""
        self.plan(variables)
        gradients = backpropagate(loss, into=self.into)
        self.apply_gradients([(gradients.get(v), v) for v in variables])

    def weigh(self, y_pred):
        """Before backward: where predictions have a mask, the loss is a mean over what it leaves in, so that counts."""
        if isinstance(y_pred, (list, tuple, dict)):
            if masks_of(y_pred) is not None:
                raise ValueError("fit(distribute=...): the losses of several outputs are means over as many counts as "
                                 "there are masks; train such a model in one process, or without masks")
        elif (mask := mask_of(y_pred)) is not None:
            self.rows = float(backend.to_numpy(mask._data).sum())

    def deposit(self, v, g):
        """Put a complete gradient, or None, into its bucket, times the rows it stands for; send what is full."""
        if v in self.deposited:
            return
        b, i = self.place[v]
        bucket = self.buckets[b]
        part = bucket.buffer[bucket.spans[i]]
        if g is None or not self.rows:
            part[...] = 0
        else:
            g = backend.asarray(getattr(g, "_data", g), device=bucket.device)
            np.multiply(g.reshape(-1), self.rows, out=part)
            self.present.add(v)
            if bucket.device != "cpu":
                self.checks[v] = np.isfinite(part).all()    # on the GPU, until finish asks
            elif not _finite(part):
                self.bad = v if self.bad is None else self.bad
        self.deposited.add(v)
        bucket.waiting -= 1
        while self.sent < len(self.buckets) and not self.buckets[self.sent].waiting:
            self._send(self.buckets[self.sent])         # in one order on all ranks, whatever is complete first
            self.sent += 1
        for bucket in self.buckets[:self.sent]:         # MPI moves data on when it is called, and only then
            bucket.request.Test()

    def _send(self, bucket):
        bucket.request = self.group.start_all_reduce(bucket.buffer)

    def finish(self):
        """Send what is left and wait for all: (rows on all ranks, the variables that have a gradient on any rank).

        Failure, on all ranks, if a gradient isn't finite on one of them.
        """
        for v in self.variables:
            self.deposit(v, None)
        if self.checks:                     # the only time in a step that the host waits for the GPU
            fine = backend.to_numpy(np.stack(list(self.checks.values())))
            self.bad = next((v for v, ok in zip(self.checks, fine) if not ok), self.bad)
        note = np.array([self.rows, self.bad is not None, *(v in self.present for v in self.variables)], np.float64)
        self.group.all_reduce(note)
        for bucket in self.buckets:
            bucket.request.Wait()
        bad = self.bad
        self._begin()
        if note[1]:
            raise Failure(self._report(bad))
        return note[0], {v for v, n in zip(self.variables, note[2:]) if n}

    def collect(self, grads_and_vars):
        """Deposit the gradients of pairs (gradient, variable) that backward has not handed on; what finish returns."""
        pairs = list(grads_and_vars)
        self.plan([v for _, v in pairs])
        for g, v in reversed(pairs):
            self.deposit(v, g)
        return self.finish()

    def _report(self, bad):
        found = bad is not None and f"the gradient of {self._name(bad)}, of shape {bad.shape},"
        where = [f"rank {rank}: {text}" for rank, text in enumerate(self.group.all_gather(found)) if text]
        return f"{'; '.join(where)} isn't finite at step {self.iterations + 1}, which no rank has made"

    def _name(self, v):
        return self.names.get(id(v)) or f"variable {next(i for i, w in enumerate(self.variables) if w is v)}"

    def apply_gradients(self, grads_and_vars):
        """A step by pairs (this rank's gradient, variable); those that backward has handed on are on their way."""
        rows, present = self.collect(grads_and_vars)
        means = {}
        for bucket in self.buckets:
            bucket.buffer *= 1 / max(rows, 1)           # 0: all is padding
            means.update(bucket.views())
        self.optimizer.apply_gradients([
            (backend.asarray(means[v], v.dtype, v.device) if v in present else None, v) for v in self.variables])

    def abandon(self):
        """End what is under way without a step: all ranks must."""
        try:
            self.finish()
        except Failure:
            pass


def _finite(array):
    with np.errstate(all="ignore"):
        return math.isfinite(array.sum()) or bool(np.isfinite(array).all())
