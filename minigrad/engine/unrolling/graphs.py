"""On a GPU: stretches of a program as CUDA graphs, so that many kernels cost one launch.

A kernel takes some ten microseconds of the processor to launch, however small it is.  A list of kernels on buffers that
never move can be captured once, as a graph, and launched whole.  What a graph can't hold stands between two graphs and
is called as before (why_not says which and why): most of all products of matrices, which CuPy refuses to capture.

    first replay        the calls run one by one, on a stream of their own, and take what memory they need on the way
                        from a pool of their own: no one else ever gets it
    second replay       the same calls are captured, which computes nothing, and the graph is launched
    from then on        the graph is launched

What fails to be captured, against expectation, is called as before from then on; Captured.reason says why.
"""
import sys
from collections import Counter

import numpy as np

from .locations import is_kernel

LEAST = 2                                   # calls: a graph of one saves nothing
PRODUCTS = {"matmul", "dot", "vdot", "inner", "outer", "tensordot", "einsum"}
KINDS = {"guard": "guards, which wait for a value", "number": "numbers asked for anew", "effect": "effects",
         "draw": "random draws, which cuRAND does"}
# What is nothing but kernels.  Others send addresses or sizes first, as concatenate does, or wait: a graph would keep
# what was sent when it was captured.
HELD = set("""sum prod max min amax amin any all mean var std argmax argmin where copyto clip astype copy reshape ravel
    flatten transpose swapaxes squeeze expand_dims broadcast_to zeros ones full zeros_like ones_like getitem setitem
    take""".split())


def why_not(call):
    """Why a CUDA graph can't hold a call, in a few words; "" if it can."""
    if call.kind in KINDS:
        return KINDS[call.kind]
    f = call.function
    name = getattr(f, "__name__", "")
    if name in PRODUCTS:
        return "products of matrices, which cuBLAS does"
    if call.numbers:
        return "calls with a number that changes"       # it would be written into the graph
    if not (is_kernel(f) or isinstance(f, np.ufunc) or name in HELD) or f is getattr(np.linalg, name, None):
        return f"calls of {name}"
    if name in ("getitem", "setitem"):
        index = call.args[1] if type(call.args[1]) is tuple else (call.args[1],)
        if not all(x is None or x is ... or type(x) in (int, slice) for x in index):
            return "calls with an index that is an array or a list"
    return ""


class Captured:
    """Calls in a row, as a function of none; call it in their place.

    graph       the CUDA graph, from the second call on; None if it could not be captured: reason says why
    """

    def __init__(self, function):
        self.function, self.graph, self.reason = function, None, None
        self._stream = self._pool = None

    def __call__(self):
        if self.graph is not None:
            self.graph.launch()
        elif self.reason is not None:
            self.function()
        elif self._pool is None:
            self._first()
        else:
            self._capture()

    def _first(self):
        cuda = sys.modules["cupy"].cuda
        if not hasattr(getattr(cuda, "Stream", None), "begin_capture"):
            self.reason = "this CuPy captures no graphs"
            return self.function()
        self._stream, self._pool = cuda.Stream(non_blocking=True), cuda.MemoryPool()
        cuda.get_current_stream().synchronize()         # what the calls read is there
        with cuda.using_allocator(self._pool.malloc), self._stream:
            self.function()
        self._stream.synchronize()
        return None

    def _capture(self):
        cuda = sys.modules["cupy"].cuda
        try:
            with cuda.using_allocator(self._pool.malloc), self._stream:
                self._stream.begin_capture()
                try:
                    self.function()
                finally:
                    self.graph = self._stream.end_capture()
        except Exception as error:          # of many types; nothing has been computed yet
            self.graph, self.reason = None, f"{type(error).__name__}: {error}"
            return self.function()
        return self.graph.launch()


def cut(body, reasons, fresh):
    """(lines before the function, lines of its body): those in a row that a graph can hold become a Captured each.

    reasons     for each line why no graph can hold it, or ""
    fresh       a function that finds names
    """
    before, lines, run = [], [], []

    def end():
        if len(run) >= LEAST:
            name = fresh("stretch")
            graph = fresh("graph")
            before.extend([f"def {name}():", *(f"    {line}" for line in run), f"{graph} = Captured({name})"])
            lines.append(f"{graph}()")
        else:
            lines.extend(run)
        run.clear()
    for line, reason in zip(body, reasons):
        if reason:
            end()
            lines.append(line)
        else:
            run.append(line)
    end()
    return before, lines


def in_words(program):
    """What a program on a GPU launches, for people."""
    stretches, reasons = program.stretches, Counter(reason for reason in program.reasons if reason)
    refused = Counter(s.reason for s in stretches if s.reason is not None)
    calls = sum(reason == "" for reason in program.reasons)
    words = f"CUDA graphs: {len(stretches)}, of {calls} calls at most" if stretches else "No CUDA graphs"
    return [f"# {words}.", *(f"# In no graph: {n} {reason}." for reason, n in reasons.most_common()),
            *(f"# Not captured, {n} times: {reason}." for reason, n in refused.items())]

