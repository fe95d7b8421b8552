"""The switch: are operations recorded on the tape?  Each thread and each asyncio task has a switch of its own."""
import contextlib
import inspect
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


class _Switch(contextlib._GeneratorContextManager):
    """A with block, or a decorator of functions that run when they are called."""

    def __call__(self, f):
        if inspect.isgeneratorfunction(f) or inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f):
            raise TypeError(f"no_grad: {f.__name__} is a generator or a coroutine, whose body runs after the call that "
                            "the decorator sees: write `with mg.no_grad():` inside it")
        return super().__call__(f)


def no_grad() -> contextlib._GeneratorContextManager:
    """Inside `with no_grad():` operations are computed but not recorded."""
    return _Switch(grad_mode.__wrapped__, (False,), {})
