"""Running an answer under watch: on copies of its arguments, within a time, its errors told apart from ours."""
import contextvars
import inspect
import linecache
import sys
import threading
import time
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..support.browser import IN_BROWSER
from .comparing import Wrong, is_same, show

LIMIT = 30.0 if IN_BROWSER else 10.0        # seconds that an answer may take, all its calls in one check together
OURS = tuple(str(Path(module.__file__).parent) for module in (sys.modules["minigrad"], np))


class NotDone(Exception):
    """The blank is still blank: the function returned None or the Ellipsis."""


class TimeUp(BaseException):
    """Raised in the thread of an answer that takes too long.  No Exception, lest the answer catch it."""


class Clock:
    """The seconds that an answer's calls have taken, on the wall and of the processor, the running one included."""

    def __init__(self):
        self.spent, self.since = (0.0, 0.0), None

    def call(self, f, *inputs, **params):
        outermost = self.since is None
        if outermost:
            self.since = time.monotonic(), time.process_time()
        try:
            return f(*inputs, **params)
        finally:
            if outermost:
                self.spent, self.since = self.total(), None

    def total(self):
        """(seconds on the wall, seconds of the processor)."""
        (wall, worked), since = self.spent, self.since
        if since is not None:
            wall, worked = wall + time.monotonic() - since[0], worked + time.process_time() - since[1]
        return wall, worked

    def over(self, seconds):
        """Whether an answer has had more than these: on the wall and, if it is at work, of the processor, too.

        On a busy machine it may get a tenth of a processor, which is no fault of it.  One that gets less than a
        twentieth sleeps, or waits for what does not come.
        """
        wall, worked = self.total()
        return wall > seconds and not wall / 20 < worked < seconds


class Guarded:
    """An answer that is a function: called on copies, which must come back unchanged, and timed."""

    def __init__(self, answer, clock, edits=False):
        self.answer, self.clock, self.edits, self.answered = answer, clock, edits, False

    def __call__(self, *inputs, **params):
        given = inputs if self.edits else copied(inputs)
        _fits(self.answer, given, params)
        try:
            result = self.clock.call(self.answer, *given, **params)
        except Wrong:                       # the answer called a function of ours, which had something to say
            raise
        except Exception as error:
            raise Wrong(raised(error)) from None
        if not self.edits:
            for name, before, after in zip(names(self.answer, len(given)), inputs, given):
                if not unchanged(before, after):
                    raise Wrong(f"your code changed `{name}`, which it was given: work on a copy.")
            if is_blank(result):
                if self.answered:
                    raise Wrong("it returns nothing here: is a `return` missing on one of the ways through?")
                raise NotDone
        self.answered = True
        return result


def is_blank(value):
    return value is None or value is ... or isinstance(value,
                                                       (tuple, list)) and any(v is None or v is ... for v in value)


def names(f, count):
    """What a function calls its first arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*found, *(f"argument {i + 1}" for i in range(len(found), count))]


def _fits(f, inputs, params):
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*inputs, **params)
    except TypeError:
        many = len(inputs) + len(params)
        raise Wrong(f"your function takes {signature}, and is called with {many} argument{'s' * (many != 1)}: "
                    "keep the first line of the blank as it was.") from None


def copied(value):
    """A copy of what an answer could edit: arrays, and lists and such of them; all else is handed on."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple, set):
        return type(value)(copied(v) for v in value)
    if type(value) is dict:
        return {k: copied(v) for k, v in value.items()}
    return value


def unchanged(before, after):
    """Whether two values are still equal, bit for bit."""
    if isinstance(before, np.ndarray):
        return isinstance(after, np.ndarray) and before.shape == after.shape and before.dtype == after.dtype \
            and before.tobytes() == after.tobytes()
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(unchanged(v, after[k]) for k, v in before.items())
    return before == after if isinstance(before, (set, str, int, float)) else True


# -- errors ----------------------------------------------------------------------------------------------------------
def raised(error):
    """What an exception in the answer says, and in which of its lines."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(OURS)]
    text = f"your code raised {type(error).__name__}: {error}".rstrip(": ")
    own = [f for f in frames if "site-packages" not in f.filename and f.filename != __file__]
    line = (own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno)).strip() if own else ""
    return f"{text}, in the line\n    {line}" if line else f"{text}."


def by_the_answer(error):
    """Whether an exception came out of code that is neither ours nor NumPy's nor Hypothesis'."""
    return any(map(_foreign, (f.filename for f in traceback.extract_tb(error.__traceback__))))


def _foreign(file):
    """Whether a file is neither ours nor NumPy's nor Hypothesis' nor Python's."""
    return not file.startswith(OURS) and "hypothesis" not in file and "/lib/python" not in file


# -- time ------------------------------------------------------------------------------------------------------------
def within(clock, seconds, f):
    """f(), in a thread of its own that is stopped when the clock shows more than these seconds; then TimeUp.

    A thread can be left behind whatever it does, also where signals are not at hand: in a notebook, in another thread.
    What it runs is asked to stop, and does so at its next line of Python.  In a browser there are no threads: there the
    lines of the answer look at the clock, and a call that never comes back to them ends with the kernel alone.
    """
    found, context = {}, contextvars.copy_context()

    def work():
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found["result"] = f()
        except BaseException as error:
            found["error"] = error
    thread = threading.Thread(target=context.run, args=(work,), daemon=True, name="answer")
    try:
        thread.start()
    except RuntimeError:                    # no threads here
        with _looking_at(clock, seconds):
            context.run(work)
    else:
        _wait(thread, clock, seconds)
    if "error" in found:
        raise found["error"]
    return found["result"]


def _wait(thread, clock, seconds):
    try:
        while thread.is_alive():
            thread.join(0.05)
            if thread.is_alive() and clock.over(seconds):
                raise TimeUp
    except BaseException:                   # time is up, or Ctrl-C
        _stop(thread)
        raise


def _stop(thread):
    """Raise TimeUp in a thread, again while it goes on: its code may catch everything."""
    import ctypes
    for _ in range(20):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp))
        thread.join(0.05)


@contextmanager
def _looking_at(clock, seconds):
    """A block in which the lines of the answer raise TimeUp when time is up (Python 3.12 and newer)."""
    monitoring = getattr(sys, "monitoring", None)
    tool = next((n for n in (3, 4) if monitoring and monitoring.get_tool(n) is None), None)
    if tool is None:                        # no way to look, or two who look already
        yield
        return

    def look(code, *where):
        if not _foreign(code.co_filename):
            return monitoring.DISABLE       # for good: not at this place again
        if clock.over(seconds):
            raise TimeUp
    events = monitoring.events.LINE, monitoring.events.JUMP     # a loop on one line jumps
    monitoring.use_tool_id(tool, "minigrad")
    try:
        for event in events:
            monitoring.register_callback(tool, event, look)
        monitoring.set_events(tool, sum(events))
        yield
    finally:
        monitoring.set_events(tool, 0)
        for event in events:
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)


# -- random numbers --------------------------------------------------------------------------------------------------
def uses_generator(answer, *inputs):
    """Wrong unless answer(*inputs, rng) depends on the generator it is given, and on nothing else that is random."""
    first, again, other = (answer(*inputs, np.random.default_rng(seed)) for seed in (1, 1, 2))
    if not is_same(first, again):
        raise Wrong("two runs with generators of the same seed differ: draw all that is random from the `rng` that is "
                    "given.")
    if is_same(first, other):
        raise Wrong(f"generators of different seeds give the same, {show(first)}: is `rng` used?")
