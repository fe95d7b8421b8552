"""One process at a time in a folder: a lock that says who has it, and that dies with its owner.

The lock is the operating system's (flock), on a file .lock in the folder; so a process that was killed leaves none
behind, only the file, which the next owner takes over.  The file holds the owner's name, for the others' message.
Where the system has no such locks (Windows), nothing is locked.
"""
import os
import platform
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from .errors import Failure

try:
    import fcntl
except ImportError:                         # Windows
    fcntl = None

_held = {}                  # {path of the lock file: [file number, how often it is held]}, by this process
_guard = threading.RLock()


def acquire(folder, wait=0.0):
    """Take the lock of a folder, which is made if missing; Failure, with the owner's name, after so many seconds.

    The same process may take it several times, and must release it as often.
    """
    path, until = Path(os.path.realpath(folder)) / ".lock", time.monotonic() + wait
    if fcntl is None:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with _guard:
            if path in _held:
                _held[path][1] += 1
                return path
            number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _same(number, path):     # else its last owner has removed it in the meantime
                    os.ftruncate(number, 0)
                    os.write(number, f"process {os.getpid()} on {platform.node()}, since {time.ctime()}".encode())
                    _held[path] = [number, 1]
                    return path
            except BlockingIOError:
                owner = os.read(number, 200).decode("utf-8", "replace") or "another process"
                if time.monotonic() > until:
                    os.close(number)
                    raise Failure(f"{path.parent} is in use by {owner}: wait for it, or take another folder") from None
            os.close(number)
        time.sleep(0.01)


def release(path):
    """Give back what acquire returned."""
    with _guard:
        if path in _held:
            _held[path][1] -= 1
            if not _held[path][1]:
                number, _ = _held.pop(path)
                path.unlink(missing_ok=True)
                os.close(number)


@contextmanager
def locked(folder, wait=0.0):
    """A block in which no other process is in such a block for this folder."""
    path = acquire(folder, wait)
    try:
        yield
    finally:
        release(path)


def _same(number, path):
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except FileNotFoundError:
        return False
