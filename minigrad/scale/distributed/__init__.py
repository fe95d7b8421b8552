"""Beyond one process: the same training on many, which talk through MPI (mpi4py, pip install "minigrad[distributed]").

    mpiexec -n 4 minigrad train gpt                 a whole training
    mpiexec -n 4 python script.py                   with model.fit(x, y, distribute=True) in it

Each process, a *rank*, runs the same script from its first line, and is told apart by world().rank alone.  On one
machine share its processors out: with OPENBLAS_NUM_THREADS=1 (or as many as there are for each) ranks don't stand in
each other's way.  Where each rank has a GPU of its own, as after set_device(f"gpu:{world().rank}"), gradients travel
between them by NCCL (pip install nvidia-nccl-cu13); where ranks share one, or without NCCL, and always with "sharded",
through the host's memory.

    launch          launched: whether there is more than one process
    group           Group: ranks that talk to each other; what they say; how a rank that fails ends all
    nccl            Communicator: how arrays on GPUs get from one to the other
    buckets         DataParallel: each rank sees a part of every batch; gradients are added up during backward
    sharded         Sharded: the same, each rank keeping 1/n of what the optimizer remembers (ZeRO stage 1)
    strategy        fit(distribute=True): the loop around it, with one set of scores and one rank that writes
    tensor_parallel the layers themselves divided: each rank computes a part of every Dense and of the heads

Nothing here imports mpi4py before it is needed.
"""
import importlib

_FOUND_IN = {"Group": "group", "world": "group", "launched": "launch", "DataParallel": "buckets",
             "Sharded": "sharded", "DistributedRun": "strategy", "ColumnDense": "tensor_parallel",
             "RowDense": "tensor_parallel", "split_gpt": "tensor_parallel", "whole_weights": "tensor_parallel"}
__all__ = list(_FOUND_IN)


def __getattr__(name):
    """Each name loads its module when it is first used."""
    if name in _FOUND_IN:
        return getattr(importlib.import_module(f".{_FOUND_IN[name]}", __name__), name)
    raise AttributeError(f"minigrad.distributed has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_FOUND_IN])
