"""Who may record when threads share a model: a recording puts stand-ins in the place of its weights."""
import threading


class Turns:
    """With blocks of many threads run side by side; what take() begins and give_back() ends runs alone."""

    def __init__(self):
        self._lock, self._inside = threading.RLock(), 0

    def __enter__(self):
        with self._lock:                    # waits for the end of a recording
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1

    def take(self):
        """Whether the block that asks is the only one; if so, others wait before theirs until give_back()."""
        self._lock.acquire()
        if self._inside == 1:
            return True
        self._lock.release()
        return False

    def give_back(self):
        self._lock.release()

    def __reduce__(self):
        return Turns, ()
