"""Where the time goes: per op and direction, the time, the calls, the FLOPs and the bytes moved.

    with mg.profile.profile() as p:
        model.fit(x, y)
    print(p)                    # a table, the most expensive op first
    p.draw("profile.png")       # the same as a chart

    minigrad profile train.py   # the same for a whole script

While the block runs, the forward and the vjp of every op in the REGISTRY stand behind a stopwatch; before and after,
nothing does, so that profiling costs nothing when it is off.

What is counted, per call
    time    wall-clock seconds inside the op's NumPy code; what an op calls within itself is its own time.  On a GPU
            the stopwatch waits for the device.  The rest, "outside", is Python: the tape, your own code, the optimizer.
    FLOPs   one addition or multiplication each.  Products of matrices by their formula in PRODUCTS (a product of
            (m, k) and (k, n) is 2 m k n); others one per element of the largest array; moving elements is free.
    bytes   every array read (a rule is taken to read g and all inputs) or written counted once, as if caches were
            large: about the least that memory must deliver.  Views move nothing.
"""
import contextlib
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..support.files import atomic_write
from . import backend
from .op import REGISTRY


# -- counting --------------------------------------------------------------------------------------------------------
def _einsum_flops(y, *operands, subscripts):
    """2 FLOPs for each combination of all letters (pairwise contraction of three or more needs fewer)."""
    from .ops.matmul import _parse
    terms, _ = _parse(subscripts, operands)
    lengths = {letter: n for term, x in zip(terms, operands) for letter, n in zip(term, x.shape)}
    return len(operands) * math.prod(lengths.values())


def _attention_flops(y, q, k, v, **params):
    """q kᵀ and P v: 2 T S (d + e) for each of the leading axes."""
    return 2 * math.prod(q.shape[:-1]) * k.shape[-2] * (q.shape[-1] + v.shape[-1])


def _convolution_flops(y, x, w, *bias, **params):
    """2 per output number and weight that goes into it; w (height, width, channels in, channels out)."""
    return 2 * y.size * math.prod(w.shape[:-1])


PRODUCTS = {                                # op name -> FLOPs of its forward, from the output, the inputs and params
    "matmul": lambda y, a, b: 2 * y.size * a.shape[-1],
    "linear": lambda y, x, w, b: 2 * y.size * x.shape[-1],
    "outer": lambda y, a, b: y.size,
    "tensordot": lambda y, a, b, axes=2: 2 * math.isqrt(a.size * b.size * max(y.size, 1)),
    "einsum": _einsum_flops,
    "attention": _attention_flops,
    "conv2d": _convolution_flops,
}


def _arrays(values):
    """The arrays in a result that may be an array, a tensor, None, or a tuple or list of them."""
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [a for a in (getattr(v, "_data", v) for v in values) if hasattr(a, "nbytes") and hasattr(a, "shape")]


def forward_flops(op, y, inputs, params):
    """FLOPs of one call of an op's forward."""
    if op.name in PRODUCTS:
        return PRODUCTS[op.name](y, *inputs, **{k: v for k, v in params.items() if k != "saved"})
    moves = op.__module__.rpartition(".")[2] in ("shapes", "indexing")
    return 0 if moves else max((a.size for a in _arrays((y, *inputs))), default=0)


def backward_flops(op, index, result, y, inputs, params):
    """FLOPs of one call of a rule.  A product's cotangents cost a product each, as much as its forward."""
    if op.name in PRODUCTS and (index is None or index < 2):
        products = 1 if index is not None else max(2, len(inputs)) if op.variadic else 2
        return products * forward_flops(op, y, inputs, params)
    return 0 if forward_flops(op, y, inputs, params) == 0 else sum(a.size for a in _arrays(result))


def bytes_moved(read, written):
    """Bytes read and written; nothing where the result is a view of what was read."""
    read, written = _arrays(list(read)), _arrays(written)
    if any(np.may_share_memory(a, b) for a in written for b in read):
        return 0
    return sum(a.nbytes for a in read + written)


# -- the stopwatch ---------------------------------------------------------------------------------------------------
@dataclass
class Tally:
    seconds: float = 0.0
    calls: int = 0
    flops: int = 0
    bytes: int = 0

    def __add__(self, other):
        return Tally(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))


@dataclass
class Profile:
    """What was counted: ops maps each op's name to its (forward, backward) tallies; seconds is the whole block."""
    ops: dict = field(default_factory=dict)
    seconds: float = 0.0

    def rows(self):
        """(name, forward, backward), the most expensive first."""
        return sorted(((name, *both) for name, both in self.ops.items()), key=lambda r: -(r[1] + r[2]).seconds)

    def total(self):
        """The tally of all ops, both directions."""
        return sum((tally for both in self.ops.values() for tally in both), Tally())

    def __str__(self):
        lines = [f"{'op':30}{'direction':10}{'calls':>8}{'ms':>10}{'%':>7}"
                 f"{'GFLOP':>10}{'GFLOP/s':>9}{'MB':>10}{'GB/s':>7}"]
        for name, forward, backward in self.rows():
            lines += [self._line(name, direction, tally)
                      for direction, tally in (("forward", forward), ("backward", backward)) if tally.calls]
        outside = Tally(max(self.seconds - self.total().seconds, 0))
        return "\n".join(lines + [self._line("outside the ops", "", outside),
                                  self._line("total", "", self.total() + outside)])

    def _line(self, name, direction, t):
        share, giga = 100 * t.seconds / max(self.seconds, 1e-9), 1e9 * max(t.seconds, 1e-9)
        line = f"{name:30}{direction:10}{t.calls or '':>8}{t.seconds * 1e3:10.2f}{share:7.1f}"
        if not t.calls:
            return line
        return line + f"{t.flops / 1e9:10.3f}{t.flops / giga:9.1f}{t.bytes / 1e6:10.1f}{t.bytes / giga:7.1f}"

    def draw(self, path, most=16):
        """Write a bar chart of the time per op, forward and backward, as PNG or whatever the file's name ends in."""
        from matplotlib.figure import Figure
        rows = self.rows()
        shown = [r for r in rows[:most] if (r[1] + r[2]).seconds > 0]
        figure = Figure(figsize=(8, 1.9 + 0.32 * len(shown)), layout="constrained")
        axes = figure.subplots()
        place, outside = np.arange(len(shown)), 1e3 * (self.seconds - self.total().seconds)
        forward, backward = ([1e3 * r[i].seconds for r in shown] for i in (1, 2))
        axes.barh(place, forward, color="#4477aa", label="forward")
        axes.barh(place, backward, left=forward, color="#ee6677", label="backward")
        for i, (_, f, b) in enumerate(shown):
            both = f + b
            axes.text(both.seconds * 1e3, i,
                      f"  {both.calls:,} calls, {both.flops / max(both.seconds, 1e-9) / 1e9:.3g} GFLOP/s",
                      va="center", fontsize=8)
        axes.barh(len(shown), outside, color="#bbbbbb")
        axes.set(yticks=[*place, len(shown)], yticklabels=[*(r[0] for r in shown), "outside the ops"],
                 xlabel="time (ms)",
                 title=f"{self.total().seconds * 1e3:.4g} ms in {len(rows)} ops, of {self.seconds * 1e3:.4g} ms in all")
        axes.set_xlim(0, 1.4 * max(outside, *(f + b for f, b in zip(forward, backward))))
        axes.invert_yaxis()
        axes.legend(loc="lower right", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        with atomic_write(path) as file:
            figure.savefig(file, format=Path(path).suffix.lstrip(".") or "png", dpi=150)


@contextlib.contextmanager
def profile():
    """Count inside a with block; the Profile is complete when the block ends."""
    counted, inside = Profile(), False

    def timed(function, op, direction, index=None):
        def call(*args, **params):
            nonlocal inside
            if inside:                      # called by another op: that op's time
                return function(*args, **params)
            inside, start = True, time.perf_counter()
            try:
                result = function(*args, **params)
                backend.synchronize(_arrays(result))
            finally:
                inside, seconds = False, time.perf_counter() - start
            tally = counted.ops.setdefault(op.name, (Tally(), Tally()))[direction]
            tally.seconds, tally.calls = tally.seconds + seconds, tally.calls + 1
            if direction == 0:
                y = result[0] if op.saves else result
                tally.flops += forward_flops(op, y, args, params)
                tally.bytes += bytes_moved(args, y)
            else:
                _, y, *inputs = args
                tally.flops += backward_flops(op, index, result, y, inputs, params)
                tally.bytes += bytes_moved((args[0], *inputs), result)
            return result
        return call

    before = [(op, op.forward, op.vjp, op.rules) for op in set(REGISTRY.values())]
    start = time.perf_counter()
    try:
        for op, forward, vjp, rules in before:
            op.forward = timed(forward, op, 0)
            if op.joint:
                op.vjp = timed(vjp, op, 1)
            elif rules:
                op.rules = tuple(rule and timed(rule, op, 1, i) for i, rule in enumerate(rules))
        yield counted
    finally:
        counted.seconds += time.perf_counter() - start
        for op, forward, vjp, rules in before:
            op.forward, op.vjp, op.rules = forward, vjp, rules
