"""Data parallelism with a sharded optimizer: each of n ranks remembers, and updates, 1/n of the numbers.

    reduce-scatter      rank r gets the sum of its n-th of each bucket of gradients
    update              the optimizer's rule, on that n-th alone: Adam's m and v are 1/n as large
    all-gather          all ranks get all updated n-ths

An all-reduce is a reduce-scatter and an all-gather, so nothing more is sent than without sharding.  (Rajbhandari et al.
2020, ZeRO, stage 1)
"""
import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...support.explaining import explained
from .buckets import DataParallel


class Sharded(DataParallel):
    """DataParallel, with each rank keeping 1/n of the optimizer's slots.

    state() has the same form as the optimizer's own, so that a run can go on with another number of ranks, or sharded
    no more; all ranks must call it, and it is whole on rank 0 alone.  ValueError for an optimizer with clipnorm: the
    norm of one variable's gradient is on no rank.  Every variable needs a gradient in every step.
    Slots and buckets are in the host's memory, also where the weights are on a GPU.
    """
    kind, device = "sharded", "cpu"

    @explained
    def __init__(self, optimizer, group=None, **options):
        if optimizer.clipnorm is not None:
            raise ValueError("Sharded: clipnorm needs each variable's gradient whole; use global_clipnorm or clipvalue")
        if optimizer.use_ema:
            raise ValueError("Sharded: use_ema's averages would lie in parts on all ranks; use distribute=True")
        super().__init__(optimizer, group, **options)
        self.parts = self.group.size
        self.shards, self._decaying = [], {}
        optimizer.squares = self.group.sum
        self._decays = optimizer._decays    # of whole variables
        optimizer._decays = lambda shard: self._decaying[id(shard)]

    def _alike(self, a, b):
        return super()._alike(a, b) and self._decays(a) == self._decays(b)

    def plan(self, variables):
        before = self.buckets
        super().plan(variables)
        if self.buckets is before:
            return
        if self.optimizer.variables:
            raise ValueError("Sharded: the optimizer has stepped, or its variables have changed; make a new one")
        self.shards, self.parts_of_gradient = [], []
        for bucket in self.buckets:
            own = self._own(bucket.buffer)
            self.shards.append(Tensor(own.copy(), requires_grad=True))
            self.parts_of_gradient.append(np.zeros_like(own))
            self._decaying[id(self.shards[-1])] = self._decays(bucket.variables[0])
        self.optimizer.build(self.shards)

    def _own(self, buffer):
        """This rank's n-th."""
        size = len(buffer) // self.parts
        return buffer[self.group.rank * size:(self.group.rank + 1) * size]

    def _send(self, bucket):
        bucket.request = self.group.start_reduce_scatter(bucket.buffer, self.parts_of_gradient[self.sent])

    def apply_gradients(self, grads_and_vars):
        rows, present = self.collect(grads_and_vars)
        if len(present) < len(self.variables):
            missing = ", ".join(self._name(v) for v in self.variables if v not in present)
            raise ValueError(f"Sharded: no gradient for {missing}, on any rank")
        for part in self.parts_of_gradient:
            part *= 1 / max(rows, 1)
        for bucket, shard in zip(self.buckets, self.shards):    # the weights may have been changed since the last step
            for v, view in bucket.views():
                view[...] = backend.to_numpy(v._data)
            shard._data[...] = self._own(bucket.buffer)
        self.optimizer.apply_gradients(list(zip(self.parts_of_gradient, self.shards)))
        self.gather([shard._data for shard in self.shards])
        for bucket in self.buckets:
            for v, view in bucket.views():
                v._data[...] = backend.asarray(view, v.dtype, v.device)
                v.touch()

    def gather(self, parts):
        """Fill the buckets' buffers with what all ranks have: one part for each bucket."""
        requests = [self.group.start_all_gather(np.ascontiguousarray(part), bucket.buffer)
                    for part, bucket in zip(parts, self.buckets)]
        for request in requests:
            request.Wait()

    # -- stopping and going on -----------------------------------------------------------------------------------------
    def state(self):
        own, settings = self.optimizer.state()
        number, whole = {v: i for i, v in enumerate(self.variables)}, {}
        for name in self.optimizer.slots:
            self.gather([own[f"{name}.{b}"] for b in range(len(self.buckets))])
            if self.group.rank == 0:
                whole |= {f"{name}.{number[v]}": view.astype(v.dtype) for bucket in self.buckets
                          for v, view in bucket.views()}
        return whole, settings

    def load_state(self, state):
        """Go on from what state() returned on rank 0, here or with other ranks, or what the optimizer's own did."""
        arrays, settings = state
        own = {}
        for b, bucket in enumerate(self.buckets):
            for name in self.optimizer.slots if arrays else ():
                for v, view in bucket.views():
                    i = next(i for i, w in enumerate(self.variables) if w is v)
                    if np.shape(arrays[f"{name}.{i}"]) != v.shape:
                        raise ValueError(f"Sharded: slot {name} of {self._name(v)} has shape "
                                         f"{np.shape(arrays[f'{name}.{i}'])}, the variable has {v.shape}")
                    view[...] = arrays[f"{name}.{i}"]
                own[f"{name}.{b}"] = self._own(bucket.buffer).copy()
        self.optimizer.load_state((own, settings))
