"""The switch: are operations recorded on the tape?  Each thread and each asyncio task has a switch of its own."""
import contextlib
from contextvars import ContextVar

_recording = ContextVar("recording", default=True)
_blocks = ContextVar("blocks", default=())         # the with blocks that we are in, the one entered last at the end

AS_IT_IS = contextlib.nullcontext()         # a with block that leaves the switch alone
is_recording = _recording.get               # called by every operation: a Python function around it would cost as much


@contextlib.contextmanager
def grad_mode(on):
    """Switch recording on or off in a with block, or for a decorated function."""
    block = [on]                            # a list, because two lists are never the same one
    _blocks.set((*_blocks.get(), block))
    _recording.set(on)
    try:
        yield
    finally:                                # blocks may end in another order than they began: in generators, say
        left = tuple(b for b in _blocks.get() if b is not block)
        _blocks.set(left)
        _recording.set(left[-1][0] if left else True)


def no_grad() -> contextlib._GeneratorContextManager:
    """Inside `with no_grad():` operations are computed but not recorded."""
    return grad_mode(False)
