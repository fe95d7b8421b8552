"""Which memory does an array lie in?  An address book, from which freed memory is crossed out."""
import bisect
import weakref
from operator import attrgetter

from .locations import bounds

_start = attrgetter("start")


class Memories:
    """Pieces of memory, sorted by address."""

    def __init__(self):
        self.entries, self.freed, self.live_bytes = [], [], 0

    def __iter__(self):
        return iter(self.entries)

    def add(self, memory, owner=None):
        """Take it in; if owner is given, the array that it is freed with, until then."""
        self._cross_out()
        if owner is not None:
            memory.owner = weakref.ref(owner, lambda _: self.freed.append(memory))
            self.live_bytes += memory.stop - memory.start
        bisect.insort(self.entries, memory, key=_start)
        return memory

    def _cross_out(self):
        """Other arrays may lie there now."""
        while self.freed:
            memory = self.freed.pop()
            at = bisect.bisect_left(self.entries, memory.start, key=_start)
            self.entries.pop(next(i for i in range(at, len(self.entries)) if self.entries[i] is memory))
            self.live_bytes -= memory.stop - memory.start

    def find(self, array):
        """(the memory that an array lies in or None, whether it overlaps other memory in part)."""
        if not array.size:
            return None, False
        low, high = bounds(array)
        self._cross_out()
        at, overlaps = bisect.bisect(self.entries, low, key=_start), False
        for memory in self.entries[max(at - 1, 0):at + 1]:
            if (memory.owner is None or memory.owner() is not None) and memory.whole.size:
                if memory.holds(low, high):
                    return memory, overlaps
                overlaps = overlaps or memory.start < high and low < memory.stop
        return None, overlaps

    def close(self):
        """Forget them all, and no more ask when they are freed."""
        for memory in self.entries:
            memory.owner = None
        self.entries = []
