"""Ranks that talk to each other, a thin layer over MPI: they send arrays; and a rank that fails ends all of them.

Every method is *collective*: all ranks of the group must call it, in the same order.  A rank that calls another one, or
none because it has failed, would leave the others waiting for ever; so a rank that fails says so and ends the job.
"""
import atexit
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from ...engine import backend
from ...support import files
from ...support.browser import not_in_browser
from ...support.errors import Failure
from ...support.explaining import explained
from . import nccl
from .launch import first, launched
from .waiting import start as start_looking, waiting

_world = _watcher = None    # the group of all, and the process that watches this machine's ranks
_life = None                # the writing end of a pipe, which the kernel closes when this process dies (watch.py)


def mpi():
    """mpi4py's MPI module; RuntimeError (in a browser, Failure), in one line, where there is none."""
    not_in_browser("training by several processes")
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:        # RuntimeError: mpi4py is there, and no MPI library
        raise RuntimeError(f'no MPI ({error}): run pip install "minigrad[distributed]"') from error
    return MPI


def world():
    """The Group of all ranks of this job; of this process alone where no mpiexec started it.

    From the first call on, rank 0 alone writes models, backups and histories, and an exception that nothing catches
    ends the job on all ranks.
    """
    global _world
    if _world is None:
        _world = Group(mpi().COMM_WORLD)
        files.writes = _world.rank == 0
        if _world.size > 1:
            sys.excepthook = _end_all
            _watch(_world)
    return _world


class Group:
    """Ranks 0 ... size-1; `rank` is this process's own number among them.

    comm    an mpi4py communicator; group.split(color) makes smaller groups
    nccl    what takes device arrays from GPU to GPU, once `connect` has found that it can (nccl.py); else None
    """

    @explained
    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.nccl = self._addresses = None

    def split(self, color):
        """The group of those ranks that pass the same number, in the same order."""
        return Group(self.comm.Split(color, self.rank))

    def connect(self, devices):
        """Let the start_... methods go from GPU to GPU, if each rank has a GPU of its own, and NCCL.

        devices     the set of names of those on which this rank has the arrays that it will send
        """
        addresses = self.all_gather(nccl.address(devices))
        if addresses != self._addresses:
            apart = None not in addresses and len(set(addresses)) == self.size > 1
            self.nccl, self._addresses = nccl.Communicator(self, *devices) if apart else None, addresses

    # -- arrays, which stay where they are -----------------------------------------------------------------------------
    def all_reduce(self, array):
        """array <- Σ over ranks of array, in place; returns it."""
        with waiting("all_reduce"):
            self.comm.Allreduce(mpi().IN_PLACE, array)
        return array

    def start_all_reduce(self, array):
        """The same, begun: a request whose Wait() ends it.  The array must be left alone until then.

        Arrays on a GPU are sent by NCCL where it is connected; else a copy of them in the host's memory is.
        """
        if backend.device_of(array) == "cpu":
            return Begun(self.comm.Iallreduce(mpi().IN_PLACE, array), "all_reduce")
        if self.nccl:
            return self.nccl.start_all_reduce(array)
        copy = backend.to_numpy(array)
        return Staged(self.start_all_reduce(copy), copy, array)

    def start_reduce_scatter(self, array, part):
        """part <- the rank-th 1/size of Σ over ranks of array; begun.  len(array) = size · len(part)."""
        if backend.device_of(array) == "cpu":
            return Begun(self.comm.Ireduce_scatter_block(array, part), "reduce_scatter")
        if self.nccl:
            return self.nccl.start_reduce_scatter(array, part)
        copy = np.empty(part.shape, part.dtype)
        return Staged(self.start_reduce_scatter(backend.to_numpy(array), copy), copy, part)

    def start_all_gather(self, part, array):
        """array <- the parts of all ranks, end to end; begun."""
        if backend.device_of(array) == "cpu":
            return Begun(self.comm.Iallgather(part, array), "all_gather")
        if self.nccl:
            return self.nccl.start_all_gather(part, array)
        copy = np.empty(array.shape, array.dtype)
        return Staged(self.start_all_gather(backend.to_numpy(part), copy), copy, array)

    def broadcast(self, array, root=0):
        """array <- rank root's array, in place; returns it."""
        with waiting("broadcast"):
            self.comm.Bcast(array, root)
        return array

    # -- Python values, which should be small --------------------------------------------------------------------------
    def sum(self, number):
        """Σ over ranks of a number, in double precision."""
        return float(self.all_reduce(np.array([number], np.float64))[0])

    def any(self, flag):
        """Whether a flag is set on any rank."""
        return self.size > 1 and bool(self.all_reduce(np.array([bool(flag)], np.int32))[0]) or bool(flag)

    def all_gather(self, value):
        """The list of all ranks' values."""
        with waiting("all_gather"):
            return self.comm.allgather(value)

    def share(self, value):
        """Rank 0's value."""
        with waiting("share"):
            return self.comm.bcast(value)

    def once(self, function):
        """What function() returns on rank 0, where alone it is called; an exception is raised on all ranks."""
        result = error = None
        if self.rank == 0:
            try:
                result = function()
            except Exception as exception:
                error = exception
        result, error = self.share((result, error))
        if error is not None:
            raise error
        return result

    def meet(self, last=False):
        """Wait for all ranks, asleep: what goes before may take one of them seconds, and waiting awake takes a core.

        last    this rank has nothing else to do, however long the others may take
        """
        request = self.comm.Ibarrier()
        with waiting("the end of its script" if last else "meet", last):
            while not request.Test():
                time.sleep(0.002)


class Begun:
    """A request of MPI; Wait() is watched, as other calls that wait are (waiting.py)."""

    def __init__(self, request, what):
        self.request, self.what = request, what

    def Test(self):
        return self.request.Test()

    def Wait(self):
        with waiting(self.what):
            self.request.Wait()


class Staged:
    """A request of MPI for a copy in the host's memory; Wait() takes the result to the GPU."""

    def __init__(self, request, copy, array):
        self.request, self.copy, self.array = request, copy, array

    def Test(self):
        return self.request.Test()

    def Wait(self):
        self.request.Wait()
        self.array[...] = backend.asarray(self.copy, device=backend.device_of(self.array))


# -- failures ----------------------------------------------------------------------------------------------------------
def _watch(group):
    """Start a process on each machine that says which rank died, if one does (watch.py)."""
    global _watcher, _life
    here = Group(group.comm.Split_type(mpi().COMM_TYPE_SHARED, group.rank))
    end, _life = os.pipe()
    rows = here.all_gather((group.rank, os.getpid(), end))
    if here.rank == 0 and hasattr(os, "pidfd_open"):
        words = [sys.executable, "-S", str(Path(__file__).with_name("watch.py")), *("%d:%d:%d" % row for row in rows)]
        process = subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        process.stdout.readline()           # it watches now
        process.stdout.close()
        process.returncode = 0              # as if waited for: only its end will matter
        _watcher = process.pid
    _watcher = here.share(_watcher)
    os.close(end)                           # the watcher has opened it by now
    start_looking(here, group.rank, group.size, fail)
    atexit.register(_part, group)


def _part(group):
    """The end of a job that ends well: when all have come so far, the watchers go, then the ranks."""
    group.meet(last=True)
    _dismiss()
    group.meet(last=True)


def _dismiss():
    if _watcher:
        try:
            os.kill(_watcher, signal.SIGTERM)
        except ProcessLookupError:
            pass


def fail(message, code=1):
    """Say what went wrong, on stderr, and end the job on all ranks; returns only where this process is alone."""
    if _world is None or _world.size == 1:
        if not launched() or first():
            print(message, file=sys.stderr)
        return
    if _world.rank:                         # where all ranks fail alike, rank 0 speaks for them
        time.sleep(0.5)
    lines = message.rstrip().splitlines()
    begin, name, reason = lines[-1].rpartition("minigrad: ")
    lines[-1] = f"{begin}{name}rank {_world.rank} of {_world.size}: {reason}"
    print("\n".join(lines), file=sys.stderr, flush=True)
    sys.stdout.flush()
    _dismiss()
    time.sleep(0.2)                         # until mpiexec has passed it on
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)        # MPI's own report of an abort says less
    _world.comm.Abort(code)


def _end_all(kind, error, trace):
    if issubclass(kind, KeyboardInterrupt):
        fail("minigrad: interrupted", 130)
    if issubclass(kind, Failure):           # its message is enough
        fail(f"minigrad: {error}")
    fail("".join(traceback.format_exception(kind, error, trace)))
