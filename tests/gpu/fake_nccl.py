"""CuPy's streams, events and NCCL on the stand-in, made of MPI, for ranks that each play at having a GPU of their own.

What is begun is MPI's request, and stays under way until a stream waits for the event behind it: who forgets to wait
computes with what is half sent.  NCCL may only be called on a stream that waits for the one that computes.
"""
import ctypes
import sys
import types

import numpy as np
from mpi4py import MPI

KINDS = {f"NCCL_{name.upper()}": number for number, name in
         enumerate(("int8", "uint8", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"))}
CALLS = []


class Event:
    def __init__(self, requests):
        self.requests = requests

    @property
    def done(self):
        return MPI.Request.Testall(self.requests)


class Stream:
    everyone, ptr = {}, 0

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.requests, self.ordered, self.ptr = [], False, 1 + len(Stream.everyone)
        self.everyone[self.ptr] = self

    def record(self, event=None):
        return Event(list(self.requests))

    def wait_event(self, event):
        MPI.Request.Waitall(event.requests)
        self.ordered = True


def get_unique_id():
    return bytes(range(128))


class NcclCommunicator:
    def __init__(self, ndev, commId, rank, config=None):
        assert (ndev, rank) == (MPI.COMM_WORLD.size, MPI.COMM_WORLD.rank) and commId == get_unique_id()

    def allReduce(self, sendbuf, recvbuf, count, datatype, op, stream):
        assert sendbuf == recvbuf and op == NCCL_SUM
        begin("allReduce", stream, MPI.COMM_WORLD.Iallreduce, MPI.IN_PLACE, memory(recvbuf, count, datatype))

    def reduceScatter(self, sendbuf, recvbuf, recvcount, datatype, op, stream):
        assert op == NCCL_SUM
        begin("reduceScatter", stream, MPI.COMM_WORLD.Ireduce_scatter_block,
              memory(sendbuf, recvcount * MPI.COMM_WORLD.size, datatype), memory(recvbuf, recvcount, datatype))

    def allGather(self, sendbuf, recvbuf, count, datatype, stream):
        begin("allGather", stream, MPI.COMM_WORLD.Iallgather, memory(sendbuf, count, datatype),
              memory(recvbuf, count * MPI.COMM_WORLD.size, datatype))


NCCL_SUM = 0


def begin(name, stream, call, *buffers):
    stream = Stream.everyone[stream]
    assert stream.ordered, f"{name} on a stream that doesn't wait for what computes its array"
    stream.ordered = False
    stream.requests.append(call(*buffers))
    CALLS.append(name)


def memory(pointer, count, datatype):
    dtype = np.dtype(next(name for name, number in KINDS.items() if number == datatype)[5:].lower())
    return np.frombuffer((ctypes.c_char * (count * dtype.itemsize)).from_address(pointer), dtype)


def install(cupy, gpu):
    """Give the stand-in's module NCCL, and this process the GPU of this number."""
    null = Stream(null=True)
    nccl = types.ModuleType("cupy.cuda.nccl")
    vars(nccl).update(KINDS, available=True, NCCL_SUM=NCCL_SUM, get_unique_id=get_unique_id,
                      NcclCommunicator=NcclCommunicator)
    cupy.cuda.Device.pci_bus_id = f"0000:{gpu:02x}:00.0"
    cupy.cuda.Stream, cupy.cuda.Event, cupy.cuda.get_current_stream, cupy.cuda.nccl = Stream, Event, lambda: null, nccl
    sys.modules["cupy.cuda"], sys.modules["cupy.cuda.nccl"] = cupy.cuda, nccl
