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
    FLOPs   one addition or multiplication each.  Products of matrices by the formula in their declaration (a product
            of (m, k) and (k, n) is 2 m k n); others one per element of the largest array; moving elements is free.
    bytes   every array read (a rule is taken to read g and all inputs) or written counted once, as if caches were
            large: about the least that memory must deliver.  Views move nothing.
"""
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..support.files import atomic_write
from . import backend
from .op import REGISTRY
from .unrolling.current import pauses


# -- counting --------------------------------------------------------------------------------------------------------
def _arrays(values):
    """The arrays in a result that may be an array, a tensor, None, or a tuple or list of them."""
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [a for a in (getattr(v, "_data", v) for v in values) if hasattr(a, "nbytes") and hasattr(a, "shape")]


def forward_flops(op, y, inputs, params):
    """FLOPs of one call of an op's forward, as its declaration says."""
    if callable(op.flops):
        return op.flops(y, *inputs, **{k: v for k, v in params.items() if k != "saved"})
    return max((a.size for a in _arrays((y, *inputs))), default=0) if op.flops is None else op.flops


def backward_flops(op, index, result, y, inputs, params):
    """FLOPs of one call of a rule.  A product's cotangents cost a product each, as much as its forward."""
    forward = forward_flops(op, y, inputs, params)
    if callable(op.flops) and (index is None or index < 2):
        several = max(2, len(inputs)) if op.variadic else 2
        return forward * (several if index is None else 1)
    return sum(a.size for a in _arrays(result)) if forward else 0


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
        seconds, share = max(t.seconds, 1e-9), 100 * t.seconds / max(self.seconds, 1e-9)
        line = f"{name:30}{direction:10}{t.calls or '':>8}{t.seconds * 1e3:10.2f}{share:7.1f}"
        if not t.calls:
            return line
        giga_flops, megabytes = t.flops / 1e9, t.bytes / 1e6
        return line + (f"{giga_flops:10.3f}{giga_flops / seconds:9.1f}"
                       f"{megabytes:10.1f}{megabytes / seconds / 1e3:7.1f}")

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
            speed = both.flops / max(both.seconds, 1e-9) / 1e9
            axes.text(both.seconds * 1e3, i, f"  {both.calls:,} calls, {speed:.3g} GFLOP/s", va="center", fontsize=8)
        axes.barh(len(shown), outside, color="#bbbbbb")
        axes.set(yticks=[*place, len(shown)], yticklabels=[*(r[0] for r in shown), "outside the ops"],
                 xlabel="time (ms)", title=f"{self.total().seconds * 1e3:.4g} ms in {len(rows)} ops, "
                                           f"of {self.seconds * 1e3:.4g} ms in all")
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
    pauses.append(counted)                  # what unroll.py replays would not be seen
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
        pauses[:] = [p for p in pauses if p is not counted]
