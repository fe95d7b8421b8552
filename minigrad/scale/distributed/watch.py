"""A small process that sees which rank dies.  Run as a file, with rank:process:pipe of each of one machine's ranks.

A rank that is killed (kill -9, or by the system for want of memory) can say nothing, and mpiexec, which ends the
others, knows no ranks.  The kernel tells whoever holds a *pidfd* when its process ends; the first to end is the one
that died.  A job that ends well ends its watcher first, with SIGTERM.

On a busy machine it may look late, when mpiexec has ended the others too.  So it asks by epoll, which lists what has
happened in the order in which it happened.  And a process that dies loses its files, by which mpiexec sees its death,
a little before its pidfd says so: mpiexec may be quick enough to end another one in between.  So each rank also holds
the writing end of a pipe, opened after all that mpiexec holds the other end of: the kernel closes the last one first.
"""
import os
import select
import socket
import sys
from pathlib import Path


def main(words):
    ranks, epoll, terminal = {}, select.epoll(), stderr_of_mpiexec()
    for word in words:
        rank, process, pipe = map(int, word.split(":"))
        try:
            ended = os.pidfd_open(process)
            closed = os.open(f"/proc/{process}/fd/{pipe}", os.O_RDONLY)
        except OSError:                     # it is dead already, or this system has no pidfds
            return
        ranks[ended] = ranks[closed] = rank, process
        epoll.register(closed, 0)           # 0: nothing but that its other end was closed
        epoll.register(ended, select.EPOLLIN)
    print("watching", flush=True)
    (descriptor, _), = epoll.poll(maxevents=1)
    rank, process = ranks[descriptor]
    with terminal as file:
        file.write(f"minigrad: rank {rank} (process {process} on {socket.gethostname()}) was killed or crashed, so "
                   "mpiexec ends the job.  What was saved last is whole: start the job again to go on from there\n")


def stderr_of_mpiexec():
    """Where to write: mpiexec's stderr (it ends soon, and loses what it has not passed on by then); else our own."""
    process = os.getppid()
    try:
        while process > 1:
            name, _, rest = Path(f"/proc/{process}/stat").read_text().partition("(")[2].rpartition(")")
            if name.startswith(("mpiexec", "mpirun")):
                return open(f"/proc/{process}/fd/2", "a")
            process = int(rest.split()[1])
    except (OSError, ValueError):
        pass
    return sys.stderr


if __name__ == "__main__":
    main(sys.argv[1:])
