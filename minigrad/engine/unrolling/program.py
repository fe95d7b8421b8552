"""From a recording to a program: which calls are needed, what shares memory, and the lines that run.

A call that results, edits of living arrays and guards depend on is kept; of the others nothing remains.  A temporary
array gets a buffer from its first call to its last; then the buffer serves the next array of as many bytes, or, if it
is large, of fewer or more, for which it is made larger.  Large results lie in new arrays each time.  An elementwise
call writes into the buffer of an operand that nothing needs any more.
"""
import functools
import sys
from collections import Counter, defaultdict

import numpy as np

from .alone import module
from .calls import Number, Part
from .followed import EXACT
from .graphs import Captured, in_words
from .locations import same_bits
from .naming import Names
from .sooner import bound
from .spared import without_needless
from .writing import Text

LARGE, MUCH = 2**16, 2                      # bytes; so many times as large is too large
FOLDED = {np.add, np.subtract, np.multiply, np.divide}      # computed once, where all operands are known


class StraightLine:
    """What a recording became.  run(*arrays) returns the results, or None: a guard says that it is another program's.

    source      its text
    arena       where its buffers are taken from; a program on a GPU has buffers of its own
    stretches   on a GPU: what is captured as CUDA graphs (graphs.py)
    """

    def __init__(self, recorder, inputs, results, name, about, arena):
        self.recorder, self.inputs, self.results = recorder, inputs, results
        self.calls, self.placed, self.gpu = self._needed(recorder.calls), {}, is_gpus(recorder.calls)
        self.calls = without_needless(self.calls, {r.memory for r in results if type(r) is Part} | self.fixed)
        self._gather_at_once()
        self.direct = self._used_where_they_lie()
        self._find_what_guards_look_at()
        self._assign_buffers()
        self.handed = self._handed_out()
        self.names = Names(self)
        writer = Text(self, name, about)
        self.name, self.writer, self.alone = name, writer, functools.partial(module, writer)
        self.space = writer.bound | writer.sooner.space | writer.library
        self.space["empty"] = sys.modules["cupy"].empty if self.gpu else arena.taker()
        self.space["Captured"] = Captured
        self.run = bound(writer.function, writer.declared, writer.preparation, writer.step, self.space)
        self.stretches, self.reasons = [x for x in self.space.values() if type(x) is Captured], writer.reasons
        anew = {self.buffer[m] for m in self.handed}
        self.bytes = sum(span(m) for m, owner in self.buffer.items() if owner is m and m not in {*self.placed, *anew})
        recorder.calls, self.calls = [], []
        self.inlined.clear()

    @property
    def source(self):
        head, rest = self.writer.text.split("\n", 1)
        return "\n".join([head, *in_words(self), rest]) if self.gpu else self.writer.text

    def _needed(self, calls):
        """The calls that something depends on, backwards from the results."""
        needed = {r.memory for r in self.results if isinstance(r, Part)}
        edited = {out.memory for c in calls if c.kind in ("edit", "out") for out in c.outs}
        self.edited = {m for m in edited if m.kind in ("live", "input")}
        self.fixed = set()                  # memory that is made once: what shapes and numbers alone decide
        kept, numbers = [], {id(r) for r in self.results if type(r) is Number}
        for call in reversed(calls):
            memories = {out.memory for out in call.outs if type(out) is Part}
            if call.kind == "number":
                if not numbers & {id(n) for n in call.outs}:
                    continue
            elif call.kind in ("call", "edit", "out") and not memories & (needed | self.edited):
                continue
            kept.append(call)
            needed |= {x.memory for x in call.operands} | memories
            numbers |= {id(n) for n in call.numbers}
            if call.kind == "call" and not call.operands and not memories & edited and not call.numbers:
                self.fixed |= memories
        kept.reverse()
        for call in kept:                   # and what is computed from such alone
            memories = {out.memory for out in call.outs if type(out) is Part}
            if call.kind == "call" and call.function in FOLDED and call.errstate is None and not memories & edited and (
                    all(type(x) is Part and x.memory in self.fixed or type(x) in (int, float) and 0 < abs(x) < np.inf
                        for x in call.args)):
                self.fixed |= memories
        return kept

    def _gather_at_once(self):
        """Where concatenate gathers whole arrays in memory that is there, they are made there at once.

        placed: {memory: a stand-in for its place}.
        """
        for i, call in enumerate(self.calls):
            if not (call.kind == "out" and call.function is np.concatenate and call.kwargs == {"axis": None}
                    and len(call.args) == 1 and call.outs[0].contiguous):
                continue
            target, parts, at = call.outs[0], call.args[0], 0
            makers = {out.memory: n for n, c in enumerate(self.calls[:i]) if c.kind == "call" for out in c.outs
                      if type(out) is Part}
            if not all(type(x) is Part and x.memory.kind == "temporary" and x.memory in makers and x.is_whole()
                       and x.contiguous and x.dtype == target.dtype and x.size
                       and x.memory not in self.fixed for x in parts) or len({x.memory for x in parts}) < len(parts):
                continue
            first, memories = min(makers[x.memory] for x in parts), {x.memory for x in parts}
            between, after = self.calls[first:i], self.calls[i + 1:]
            used = set().union(*map(touched, after), ())
            if any(c.kind in ("guard", "effect") or target.memory in touched(c) for c in between) or (
                    target.memory not in used or any(c.kind == "guard" for c in after)):
                continue                    # another value could be seen there, or left behind
            later = used | {r.memory for r in self.results if type(r) is Part}
            changed = {o.memory for c in after for o in c.outs if type(o) is Part}
            if later & memories and target.memory in changed:
                continue                    # it changes there while the part is still needed as it is
            for x in parts:
                self.placed[x.memory] = Part(target.memory, x, target.offset + at)
                at += x.nbytes
            self.calls.pop(i)
            return

    def _used_where_they_lie(self):
        """The arguments that need no buffer: they are read whole, transposed or in another shape, and nothing else."""
        if self.gpu:                        # a graph reads and writes at the same addresses always
            return set()
        direct = {r.memory for r in self.inputs} - self.edited
        for parts in (*(call.parts for call in self.calls), [r for r in self.results if type(r) is Part]):
            for x in parts:
                if x.memory in direct and not (x.is_whole() or x.is_transposed() or x.is_reshaped()):
                    direct.discard(x.memory)
        return direct

    def _find_what_guards_look_at(self):
        """Numbers that one guard alone looks at, and what they are made of: written within it, not into buffers."""
        calls, uses, self.inlined = self.calls, Counter(), {}
        for call in calls:
            uses.update(x.memory for x in call.parts)
        uses.update(r.memory for r in self.results if type(r) is Part)
        wanted = set()
        for before, call in zip(calls[-2::-1], calls[:0:-1]):       # from the end: what the next line alone needs
            if call.kind == "guard" or wanted & {o.memory for o in call.outs if type(o) is Part}:
                wanted = {x.memory for x in call.operands}
            made = before.outs[0].memory if before.kind == "call" and len(before.outs) == 1 else None
            if made in wanted and made.whole.size == 1 and uses[made] == 2 and before.errstate is None and (
                    made.kind == "temporary" and made not in self.fixed):
                self.inlined[made] = before
            else:
                wanted = set()

    def _assign_buffers(self):
        """buffer: {memory: the memory whose buffer it uses}."""
        first, last = {}, {}
        lasting = {r.memory for r in self.results if isinstance(r, Part)} | self.fixed | {
            *self.placed, *self.inlined}
        for i, call in enumerate(self.calls):
            for x in call.parts:
                first.setdefault(x.memory, i)
                last[x.memory] = i
        ending = defaultdict(list)
        for memory, i in last.items():
            if memory.kind == "temporary" and memory not in lasting:
                ending[i].append(memory)
        self.buffer, free, taken = {}, defaultdict(list), set()
        for i, call in enumerate(self.calls):
            for out in call.outs:
                memory = out.memory if type(out) is Part else None
                if memory is None or memory.kind != "temporary" or memory in self.buffer or memory in self.inlined:
                    continue
                over = self._operand_to_write_over(call, out, ending[i], taken)
                if memory in self.placed or memory in self.fixed:
                    self.buffer[memory] = memory
                elif over is not None:
                    taken.add(over)
                    self.buffer[memory] = self.buffer[over]
                else:
                    self.buffer[memory] = self._free_buffer(free, memory, memory in lasting)
            for memory in ending[i]:
                if memory not in taken:
                    free[span(self.buffer[memory])].append(self.buffer[memory])

    def _free_buffer(self, free, memory, exactly):
        """A buffer that serves memory: a free one of its size; of large ones another, which may grow; or its own.

        free        {bytes: free buffers of that size}, of which the last is most likely in the cache
        """
        size = span(memory)
        if free[size] and size:
            return free[size].pop()
        if size >= LARGE and not exactly:
            sizes = [other for other in free if free[other] and LARGE <= other <= MUCH * size]
            if larger := [other for other in sizes if other > size]:
                return free[min(larger)].pop()
            if sizes:
                small = free[max(sizes)].pop()
                self.buffer.update((m, memory) for m, owner in self.buffer.items() if owner is small)
        return memory

    def _handed_out(self):
        """Large results in buffers that are made anew in each replay, so that they are handed out without a copy."""
        return {r.memory for r in self.results if type(r) is Part and r.memory in self.buffer and not self.gpu
                and r.memory not in self.fixed and r.memory not in self.placed and r.nbytes >= LARGE
                and r.contiguous and r.is_whole() and r.laid_as(self.buffer[r.memory].whole)}

    def _operand_to_write_over(self, call, out, ending, taken):
        if call.kind != "call" or call.function not in EXACT or len(call.outs) > 1:
            return None
        for x in call.operands:
            if (x.memory in ending and x.memory not in taken and x.is_whole() and out.is_whole() and x.laid_as(out)
                    and sum(o.memory is x.memory for o in call.operands) == 1):
                return x.memory
        return None


def is_gpus(calls):
    """Whether a program is that of a GPU: True, False, or None if some of its arrays are there and some are not."""
    places = {x.memory.gpu for call in calls for x in call.parts}
    return None if len(places) > 1 else True in places


def difference(a, b):
    """Where two recordings differ, in words; "" if they are the same program; "branch": a guard was taken otherwise."""
    number, numbers = {}, {}

    def same(x, y):
        if type(x) is not type(y):
            return False
        if type(x) is Part:
            if (x.shape, x.strides, x.dtype, x.scalar) != (y.shape, y.strides, y.dtype, y.scalar):
                return False
            m, n = x.memory, y.memory
            if m.kind != n.kind or x.offset != y.offset:
                return False
            if m.kind == "live":
                return m.array is n.array
            if m.kind == "constant" and m not in number:
                number[m] = n
                return m.array is n.array or same_bits(m.array, n.array)
            return number.setdefault(m, n) is n
        if type(x) is Number:
            return numbers.setdefault(id(x), id(y)) == id(y)
        if type(x) in (tuple, list):
            return len(x) == len(y) and all(map(same, x, y))
        if type(x) is dict:
            return x.keys() == y.keys() and all(same(x[k], y[k]) for k in x)
        if type(x) is slice:
            return same((x.start, x.stop, x.step), (y.start, y.stop, y.step))
        if isinstance(x, float):
            return x.hex() == y.hex()
        if callable(x):
            return x is y or getattr(x, "__name__", 0) == getattr(y, "__name__", 1) or x == y
        return x is y or x == y
    for x, y in zip(a.calls, b.calls):
        if x.kind == y.kind == "guard" and x.expected != y.expected:
            return "branch"
        if not (x.kind == y.kind and same(x.function, y.function) and same((x.args, x.kwargs), (y.args, y.kwargs))
                and same(x.outs, y.outs)):
            return f"two calls of it differ at {y.origin or 'a call'}: something changes that can't be seen"
    return "" if len(a.calls) == len(b.calls) else "two calls of it differ in length"


def touched(call):
    """The memories that a call reads or writes."""
    return {x.memory for x in call.parts}


def span(memory):
    """How many bytes a buffer for it has."""
    return memory.stop - memory.start
