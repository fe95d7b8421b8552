"""Calls that a program can spare: zeros that are written over before anybody reads them, copies of what was just made.

    y = zeros(...)                                          multiply(x[0:2], phi, out=y[0:2])
    t = multiply(x[0:2], phi)           becomes             multiply(x[2:4], phi, out=y[2:4])
    y[0:2] = t
    t = multiply(x[2:4], phi)
    y[2:4] = t
"""
import copy
import math
from collections import defaultdict

from .calls import Part, sort
from .followed import EXACT
from .recorder import setitem


def without_needless(calls, lasting):
    """The calls, less those that can be spared; lasting: memories that are results, or made once for all replays."""
    touches = defaultdict(list)             # {memory: the numbers of the calls that read or write it}
    for i, call in enumerate(calls):
        for memory in dict.fromkeys(x.memory for x in call.parts):
            touches[memory].append(i)
    kept = dict(enumerate(calls))
    for i, call in enumerate(calls):
        made = _only_result(call)
        if made is not None and made.memory not in lasting and (at := _copied_at(calls, touches[made.memory])):
            target = calls[at].outs[0]
            if call.function in EXACT and made.laid_as(calls[at].args[2]) and made.laid_as(target) and (
                    not any(i <= n < at for n in touches[target.memory])):
                kept[i] = copy.copy(call)
                kept[i].kind, kept[i].outs = "out", [target]
                del kept[at]
        elif made is not None and _written_over(calls, touches[made.memory][1:], made):
            del kept[i]
    return [*kept.values()]


def _only_result(call):
    """What a call makes that does nothing else, in memory of its own; or None."""
    out = call.outs[0] if call.kind == "call" and len(call.outs) == 1 else None
    return out if type(out) is Part and out.memory.kind == "temporary" and out.is_whole() else None


def _copied_at(calls, touches):
    """The number of the call that copies an array to its place, if nothing else reads it."""
    if len(touches) != 2:
        return None
    call = calls[touches[1]]
    return touches[1] if _fills(call) and call.function is setitem and type(call.args[2]) is Part and (
        call.outs[0].memory.kind == "temporary" and call.outs[0].memory is not call.args[2].memory) else None


def _fills(call):
    """Whether a call writes into all of what it changes."""
    return call.kind == "out" and "where" not in call.kwargs or (
        call.kind == "edit" and call.function is setitem and call.args[1] is ...)


def _written_over(calls, touches, made):
    """Whether all of an array is written by calls, in this order, before one of them reads it."""
    pieces = []
    for i in touches:
        call = calls[i]
        read = call.operands
        if call.function is setitem:
            sort(call.args[2:], read := [], [])
        if not _fills(call) or any(x.memory is made.memory for x in read):
            return False
        x = call.outs[0]
        if x.dtype == made.dtype and x.size == made.size and _apart(x):
            return True
        if not x.contiguous:
            return False
        pieces.append((x.offset, x.offset + x.nbytes))
        end = 0
        for start, stop in sorted(pieces):
            end = max(end, stop) if start <= end else -math.inf
        if end >= made.nbytes and made.contiguous:
            return True
    return False


def _apart(x):
    """Whether no two elements lie in one place."""
    step = x.itemsize
    for stride, n in sorted((abs(stride), n) for stride, n in zip(x.strides, x.shape) if n > 1):
        if stride < step:
            return False
        step = stride * n
    return True
