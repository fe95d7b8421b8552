"""A small process that sees which rank dies.  Run as a file, with the pairs rank:process of one machine's ranks.

A rank that is killed (kill -9, or by the system for want of memory) can say nothing, and mpiexec, which ends the
others, knows no ranks.  The kernel tells whoever holds a *pidfd* when its process ends; the first to end is the one
that died.  A job that ends well ends its watcher first, with SIGTERM.
"""
import os
import select
import socket
import sys
import time
from pathlib import Path


def main(pairs):
    ranks, poll, terminal = {}, select.poll(), stderr_of_mpiexec()
    for pair in pairs:
        rank, process = map(int, pair.split(":"))
        try:
            descriptor = os.pidfd_open(process)
        except OSError:                     # it is dead already, or this system has no pidfds
            return
        ranks[descriptor] = rank, process
        poll.register(descriptor, select.POLLIN)
    print("watching", flush=True)
    poll.poll()
    time.sleep(0.01)                        # of a rank with threads all must have gone before the kernel says so
    died = [ranks[descriptor] for descriptor, _ in poll.poll()]
    # Usually one; several where this process was slow to wake, and mpiexec quick to end the others.
    who = " or ".join(f"rank {rank} (process {process} on {socket.gethostname()})" for rank, process in sorted(died))
    with terminal as file:
        file.write(f"minigrad: {who} was killed or crashed, so mpiexec ends the job.  What was saved last is whole: "
                   "start the job again to go on from there\n")


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
