"""Is a recording going on in this thread?  What the rest of the engine asks; it imports nothing."""
from contextvars import ContextVar

_recorder = ContextVar("recorder", default=None)
recorder = _recorder.get                    # the Recorder at work in this thread or task, or None


pauses = []                                 # what wants functions to run as they are written, such as a profile


class StandIn:
    """The base of what stands for an array while a function is recorded (recorder.py)."""
    __slots__ = ()


def real(array):
    """The array itself, if a stand-in for it is given."""
    return array.value if isinstance(array, StandIn) else array
