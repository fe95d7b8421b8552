"""Who waits for whom: ranks that wait for each other, which would be for ever, are told apart from slow ones.

Each rank notes in memory that the ranks of a machine share in which collective call it waits, and since when.  A thread
in each looks at it.  If all wait, and nothing has moved for SURE seconds, then they have called different things (one
trains an epoch more, say, or one alone calls a function that all must), and the job ends with a line that says who
waits where.  If one is busy for more than SAY seconds while others wait for it, a line names it, and all goes on: a
rank may well read, or save, for a while.
"""
import mmap
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager

import numpy as np

SURE, SAY = 20.0, 30.0      # seconds
ROW = np.dtype([("rank", "i4"), ("calls", "i8"), ("since", "f8"), ("last", "i4"), ("what", "S80")])
_mine = _rows = None        # this rank's row of the table, and the whole


def start(here, rank, ranks, fail):
    """Share a table among the ranks of this machine, a Group, and look at it from now on.

    ranks   how many there are on all machines;  fail(message)  ends the job
    """
    global _mine, _rows
    path = None
    if here.rank == 0:
        file, path = tempfile.mkstemp(prefix="minigrad-ranks-")
        os.ftruncate(file, ROW.itemsize * here.size)
    path = here.share(path)
    if here.rank:
        file = os.open(path, os.O_RDWR)
    _rows = np.frombuffer(mmap.mmap(file, ROW.itemsize * here.size), ROW)
    os.close(file)
    here.meet()
    if here.rank == 0:
        os.unlink(path)
    _mine = _rows[here.rank:here.rank + 1]
    _mine["rank"] = rank
    threading.Thread(target=_look, args=(here.size == ranks, fail), daemon=True, name="waiting").start()


@contextmanager
def waiting(what, last=False):
    """A block in which this rank waits for others; `last` when it has nothing else to do, ever."""
    if _mine is None or _mine["since"][0]:
        yield                               # a rank alone, or a call within another
        return
    caller = sys._getframe(3).f_code.co_name
    _mine["what"], _mine["last"] = f"{what} ({caller})".encode("ascii", "replace")[:80], last
    _mine["calls"] += 1
    _mine["since"] = time.monotonic()
    try:
        yield
    finally:
        _mine["since"] = 0


def _look(alone, fail):
    """Once a second; alone: there are no ranks on other machines."""
    before, still, said, pause = None, 0.0, 0.0, min(1.0, SURE / 4)
    while True:
        time.sleep(pause)
        rows, now = _rows.copy(), time.monotonic()
        still += pause                      # by the looks, not by the clock: the whole job may have been stopped
        if before is None or (rows["calls"] != before["calls"]).any() or (rows["since"] != before["since"]).any():
            before, still = rows, 0.0
        own, waits = rows[rows["rank"] == _mine["rank"][0]][0], rows["since"] > 0
        if not waits.all() and own["since"] and not own["last"] and now - max(own["since"], said) > SAY:
            said = now
            busy = ", ".join(str(rank) for rank in rows["rank"][~waits])
            print(f"minigrad: rank {_told(own, now)} for rank {busy}, which is busy", file=sys.stderr, flush=True)
        if alone and waits.all() and not rows["last"].all() and still > SURE:
            if own["rank"] == rows["rank"][0]:
                who = "; ".join(f"rank {_told(row, now)}" for row in rows)
                fail(f"minigrad: the ranks wait for each other: {who}.  All ranks must make the same calls in the same "
                     "order")
            return


def _told(row, now):
    return f"{row['rank']} has waited for {now - row['since']:.0f} s in {row['what'].decode()}"
