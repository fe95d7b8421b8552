"""mg.unroll: a function that is run, written down, and from then on replayed as a straight line of NumPy calls.

One step of a network makes the same list of NumPy calls each time.  The first call runs the function as it is, so that
layers get their weights; the second and the third write the calls down (unrolling/), and if both lists agree, further
calls run the list: no tape, no walk back, no allocation, the same bits.  Before each of them all that the function can
read is compared with what it was (unrolling/state.py); where something else holds now, it is written down anew.
"""
import functools
import math
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..support.files import atomic_write
from .backend import default_device
from .recording import is_recording
from .tensor import Tensor
from .unrolling.arena import Arena
from .unrolling.calls import Part
from .unrolling.current import pauses, recorder as at_work
from .unrolling.entrance import entrance, exit_of
from .unrolling.forms import (
    Alive,
    Eager,
    argument_names,
    array_leaves,
    flatten,
    give_back,
    put_together,
    replace,
    take_apart,
)
from .unrolling.locations import may_share, on_gpu, owner_of
from .unrolling.program import StraightLine, difference, is_gpus
from .unrolling.recorder import Overlap, Recorder
from .unrolling.stand_in import Recorded, strip
from .unrolling.state import State, TooLarge, randomness, released

FLAGS = [is_recording, default_device]      # functions of what a with block or a setting may change; others append
PROGRAMS = 8                                # how many a function keeps: for shapes, flags, branches
REPEATS = {"first": "what it reads changes from call to call, so that it is recorded again and again",
           "branch": "it branches on values, in ways that change from call to call"}
LISTS = "a list or a dict that it is given"
ANEW, OFTEN = Counter(), 50                 # how often functions of one text were unrolled since one was replayed
PATIENCE = 6                                # recordings in a row that lead to no program
AFTER = 40                                  # calls; two recordings take as long as 30 to 60 of them
AUTO_BYTES = 2**28                          # of arrays that a program holds at once


class Unrolled:
    """What unroll returns: call it as the function.  source: the text of the program that ran last.

    auto        record in silence, only what is minigrad's own code, which has no effects that can't be seen (a print,
                a file), only up to AUTO_BYTES, and only after so many calls that it will have been worth it: AFTER of a
                kind, and twice as many after each program
    key         a function, with no arguments, of something else that makes calls calls of one kind
    turns       the Turns of threads within which all calls are made (unrolling/turns.py)
    arena       the Arena that its programs share with other functions, of which one runs at a time
    """

    # To itself: what no function reads.
    _changes = ("cases", "program", "recordings", "reason", "evicted", "foreign", "last", "key", "turns", "arena",
                "ready")

    def __init__(self, function, auto=False, key=None, turns=None, arena=None):
        self.function, self.auto, self.key, self.turns, self.arena = function, auto, key, turns, arena or Arena()
        self._forget()

    def _forget(self):
        self.cases, self.program, self.recordings = {}, None, 0
        self.reason, self.foreign, self.last, self.ready = None, None, None, None
        functools.update_wrapper(self, self.function, updated=())

    def __call__(self, *args, **kwargs):
        if at_work() or pauses or self.foreign or not self.arena.lock.acquire(False):
            return self.function(*args, **kwargs)       # part of a recording; profiled; not to be recorded; busy
        try:
            tried, ready, self.ready = None, self.ready, None
            if ready is not None:           # all as in the last call, most likely
                enter, unchanged, program = ready
                arrays = enter(args, kwargs)
                if arrays is not None and unchanged() and (not program.guarded or program.apart(arrays)):
                    found = program.run(*arrays)
                    if found is not None:
                        self.ready, self.program = ready, program
                        return program.leave(found)
                    tried = program
            leaves, key = [], [flag() for flag in self._flags]
            flatten((args, kwargs), leaves, key)
            case = self.last                # a comparison with it costs less than the hash of a key
            if case is None or case.key != key:
                case = self.cases.get(hashed := tuple(key))
                if case is None:
                    case = self.cases[hashed] = _Case(key, AFTER if self.auto else 1)
                self.last = case
                if len(self.cases) > PROGRAMS:
                    del self.cases[next(iter(self.cases))]
                    self._complain_of_repeats()
            if case.reason is None:
                return self._run(case, leaves, args, kwargs, tried)
        except Eager:
            pass
        except _Mixed:                      # not this time; and not for ever
            case.mixed += 1
            case.reason = "arguments overlap" if case.mixed > PATIENCE else None
        finally:
            self.arena.lock.release()
        return self.function(*args, **kwargs)

    def _run(self, case, leaves, args, kwargs, tried):
        arrays = [getattr(x, "_data", x) for x in leaves]
        if case.programs and not case.state.unchanged():
            case.forget()
            case.calls = 0                  # run it as it is first: a new layer makes its weights
        for i, program in enumerate(case.programs):
            if program.guarded and not program.apart(arrays):
                raise Eager
            found = program.run(*arrays) if program is not tried else None
            if found is not None:
                case.waste, self.program = 0, program
                if i:                       # the next call takes the same branches, most likely
                    case.programs.insert(0, case.programs.pop(i))
                case.enter = case.enter or entrance(args, kwargs, [
                    (FLAGS.__len__, len(FLAGS)), *zip(self._flags, case.key)])
                self.ready = case.enter, case.state.unchanged, program
                return program.leave(found)
        if case.calls < case.wait:
            case.calls += 1
            return self._first(case, args, kwargs)
        if self.turns is not None and not self.turns.take():
            raise Eager
        try:
            return self._record(case, leaves, arrays, args, kwargs)
        finally:
            if self.turns is not None:
                self.turns.give_back()

    def _first(self, case, args, kwargs):
        result = self.function(*args, **kwargs)
        if any(map(released, array_leaves(result))):
            self._refuse(case, "a result carries a tape, by which it could be differentiated; unroll the function that "
                               "also computes the gradient (mg.value_and_grad), or call it inside no_grad")
        return result

    def _record(self, case, leaves, arrays, args, kwargs):
        """Run the function and write it down.  What it returns; a program is made once two recordings agree."""
        state = self._state_of(case, arrays)
        if len({*map(id, leaves)}) < len(leaves):
            raise _Mixed                    # an array that comes twice is a case that need not be one next time
        self.recordings += 1
        again = case.candidate is not None and case.state is state
        recorder = Recorder(state, AUTO_BYTES if self.auto else math.inf, origins=again)
        before, grads = randomness(), state.grads()
        try:
            apart = recorder.apart(arrays)
        except Overlap:
            raise _Mixed from None
        inputs = [recorder.stand_in(a, "input", name)
                  for a, name in zip(apart, argument_names(self.function, args, kwargs))]
        result, changes = self._watched(case, state, recorder, leaves, inputs, args, kwargs)
        handles = []
        tree = take_apart(result, handles)
        for t in state.tensors:
            if t.grad is not grads[t] and isinstance(t.grad, Tensor) and type(t.grad._data) is Recorded:
                recorder.assigned.append((t, t.grad._data.part))
                t.grad._data = strip(t.grad._data)
        found = put_together(tree, [strip(h) for h in handles])
        drew = state.drew() or randomness() != before
        reason = recorder.reason or changes or _why_not(recorder.calls, drew, found)
        if not reason:                      # what depends on no argument is a constant
            handles = [recorder.operand(h) for h in handles]
        inputs = [x.part for x in inputs]
        recorder.close()
        if not reason and not all(type(h) is Part for h in handles):
            reason = "a result is no array"
        if not reason and is_gpus(recorder.calls) is None:
            reason = "some of its arrays are on a GPU and some are not"
        if reason:
            case.waste += 1
            if case.waste > 2 or recorder.reason is None:
                self._refuse(case, reason)
            case.candidate = None
            return found
        self._compare(case, state, recorder, inputs, handles, tree)
        return found

    def _state_of(self, case, arrays):
        """What the function reads by itself, watched from now on; Eager where it is not to be recorded."""
        try:
            state = case.state if case.state and case.state.unchanged() else State(self.function, *case.others)
        except TooLarge as error:
            self._refuse(case, str(error))
            raise Eager from None
        if self.auto and any(map(on_gpu, arrays)):
            self._refuse(case, 'on a GPU steps are replayed where it is asked for: jit_compile=True')
            raise Eager
        if self.auto and state.foreign:
            self.foreign = f"{state.foreign} is not minigrad's own, and might do what can't be seen"
            self._refuse(case, self.foreign)
            raise Eager
        state.errors = np.geterr()
        state.watch()
        return state

    def _watched(self, case, state, recorder, leaves, inputs, args, kwargs):
        """(what the function returns, given the stand-ins `inputs`; what it changes besides, in words, or "")."""
        stand_ins = dict(zip(map(id, leaves), inputs))
        kept = [(t, t._data) for t in leaves if isinstance(t, Tensor)]
        swapped, copies = state.swap(recorder), []
        try:
            if recorder.mixed:              # an argument is also what the function reads by itself: likewise
                raise _Mixed
            for t, _ in kept:
                t._data = stand_ins[id(t)]
            put = replace((args, kwargs), stand_ins, copies)
            with recorder:
                result = self.function(*put[0], **put[1])
                recorder.end()
        finally:
            recorder.ended = True
            for t, array in kept:
                t._data = real_of(t._data) if t._data is not stand_ins[id(t)] else array
            state.restore(swapped)
            edited, changed = give_back(copies), not state.unchanged()
            if changed:
                self._scrub(case)
        what = "what it reads: a counter, an attribute, or a list" if changed else LISTS if edited else ""
        return result, what and f"it changes {what}"

    def _scrub(self, case):
        """Leave no stand-ins in what the function has made."""
        try:
            State(self.function, *case.others).scrub()
        except TooLarge:
            pass

    def _compare(self, case, state, recorder, inputs, handles, tree):
        before = case.candidate if case.state is state else None
        case.state = state
        recorder.form = repr(tree)
        differs = difference(before, recorder) if before is not None else "first"
        if not differs and before.form != recorder.form:
            differs = "its results differ in form from call to call"
        if differs:
            case.candidate, case.waste = recorder, case.waste + 1
            if case.waste > PATIENCE:
                self._refuse(case, REPEATS.get(differs, differs))
            return
        case.candidate = None
        handles = [*handles, *(h for _, h in recorder.assigned)]
        name = getattr(self.function, "__name__", "step")
        name = name if name.isidentifier() else "step"
        program = StraightLine(recorder, inputs, handles, name, f"{name}, unrolled by minigrad.", self.arena)
        program.leave = exit_of(tree, [t for t, _ in recorder.assigned], [getattr(h, "scalar", True) for h in handles])
        program.live = {id(m.array) for m in program.edited if m.kind == "live"}
        program.guarded, program.edits_arguments = bool(program.edited), any(m.kind == "input" for m in program.edited)
        program.apart = functools.partial(_apart, program)
        case.programs.insert(0, program)
        self.program = program
        ANEW.pop(getattr(self.function, "__code__", None), None)
        del case.programs[PROGRAMS:]
        if self.auto:                       # however often things change, most calls run as they are or are replayed
            case.calls, case.wait = 0, 2 * case.wait

    def _refuse(self, case, reason):
        case.reason, self.reason = reason, reason
        case.forget()
        if not self.auto:
            warnings.warn(f"unroll: {getattr(self.function, '__name__', self.function)} runs as it is, without "
                          f"recording: {reason}", stacklevel=4)

    def _complain_of_repeats(self):
        self.evicted = getattr(self, "evicted", 0) + 1
        if self.evicted == 2 * PROGRAMS and not self.auto:
            warnings.warn(f"unroll: {getattr(self.function, '__name__', self.function)} was called with more than "
                          f"{3 * PROGRAMS} combinations of shapes and settings; each is recorded anew", stacklevel=4)

    def __getstate__(self):                 # for pickle and copy: programs are written anew
        return {"function": self.function, "auto": self.auto, "key": self.key, "turns": self.turns, "arena": self.arena}

    def __setstate__(self, state):
        vars(self).update(state)
        self._forget()

    @property
    def _flags(self):
        return FLAGS if self.key is None else [*FLAGS, self.key]

    @property
    def source(self):
        """The program as text; "" as long as nothing has been recorded twice."""
        return self.program.source if self.program else ""

    def __str__(self):
        return self.source or f"<unrolled {getattr(self.function, '__name__', 'function')}, not recorded yet>"

    def save(self, path):
        """Write the program as a module that runs with NumPy alone; arrays that live, such as weights, go to path.npz.

        They are those of this moment, and go on living in that module.  ValueError if something in it is no NumPy.
        """
        if self.program is None:
            raise ValueError("save: nothing has been recorded yet; call the function three times first")
        path = Path(path)
        text, arrays = self.program.alone(f"{self.program.name}, unrolled by minigrad; needs NumPy alone.",
                                          path.with_suffix(".npz").name)
        if arrays:
            with atomic_write(path.with_suffix(".npz")) as file:
                np.savez(file, **arrays)
        with atomic_write(path, "w") as file:
            file.write(text)


class _Mixed(Exception):
    """Run the function as it is: one array is two arguments, or also what the function reads by itself."""


def _why_not(calls, drew, found):
    """Why calls that were written down can't be replayed, or ""; drew: from another generator; found: the results."""
    if drew:
        return "it draws from a random generator that is not minigrad's"
    if any(map(released, array_leaves(found))):
        return "a result carries a tape"
    last = max((i for i, c in enumerate(calls) if c.kind == "guard"), default=-1)
    if any(c.kind == "effect" and c.function.__name__ != "_note_edit" for c in calls[:last]):
        return "it branches on a value after an optimizer's step"
    return ""


class _Case:
    """Calls of one kind: the same shapes, types and settings."""

    def __init__(self, key, wait):
        self.key, self.wait = key, wait                    # so many calls that are not replayed come before a recording
        self.others = [k.object for part in key if type(part) is tuple for k in part if type(k) is Alive]
        self.calls, self.waste, self.mixed, self.reason, self.enter = 0, 0, 0, None, None
        self.forget()

    def forget(self):
        self.state, self.candidate, self.programs = None, None, []


def unroll(function: Callable) -> Callable:
    """function, recorded once and replayed as a straight line of NumPy calls: the same results, to the bit, sooner.

    Arguments are trees (dicts, lists, tuples) of arrays and tensors, and anything else that can be compared.  What the
    function reads besides, through closures, globals and attributes, is watched: arrays stay live, other changes lead
    to a new recording.  Each shape, type and branch has a program of its own; 8 are kept.  Results are new arrays.
    What can't be followed (float(), printing, drawing from other generators, a tape in a result) is said once, in a
    warning that names the line; the function then runs as it is.
    On a GPU what lies between products of matrices is captured as CUDA graphs, each launched at once; the text says how
    many, and what is in none (unrolling/graphs.py).  Not yet run on a GPU: jit_compile="auto" leaves steps there alone.
    It pays where calls are many and small.  Of long sequences attention makes lines for each tile, which the text shows
    as loops: 280 lines for 1,024 places, 1,500 for 4,096 (causal, four heads, with backward).  They take the time of
    the function as it is, and writing them down that of eight calls.
    What is invisible stays so: files, the clock, printing through other libraries happens when it is recorded only.
    """
    if isinstance(function, Unrolled):
        return function
    code = getattr(function, "__code__", None)
    if code is not None:
        ANEW[code] += 1
        if ANEW[code] == OFTEN:
            warnings.warn(f"unroll: {function.__qualname__} was unrolled {OFTEN} times, in a loop perhaps, and never "
                          "called often enough to be replayed; each of them is recorded anew: unroll it once, outside",
                          stacklevel=2)
    return Unrolled(function)


def _apart(program, arrays):
    """Whether no argument overlaps memory that the program edits."""
    for i, a in enumerate(arrays):
        if id(owner_of(a)) in program.live:
            return False
        if program.edits_arguments and any(may_share(a, b) for b in arrays[i + 1:]):
            return False
    return True


def real_of(array):
    return array.value if type(array) is Recorded else array

