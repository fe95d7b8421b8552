"""Whole random programs: chains of registered operations, each fed from its own domain and from what came before.

A step takes a case of its op, as drawn for the op alone, and adds to the inputs what an earlier value says, reshaped to
fit: all of it where the op is smooth on all reals, a small part where a domain, a tie or a condition number is to be
kept.  So any op that can be fed can be part of a program, and gradients flow through all of them.
"""
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from ...engine.op import REGISTRY
from ...engine.ops.domains import REAL
from ..ops.cases import cases
from ..ops.snippets import literal

LARGEST, LIMIT = 200, 1e3                   # elements of a value; its largest number


@dataclass
class Step:
    """One operation: the positions of its inputs among the values so far, and its params."""
    name: str
    positions: tuple
    params: dict = field(default_factory=dict)


@dataclass
class Program:
    """Inputs and steps; call it with other inputs of the same shapes to run it again."""
    inputs: list
    steps: list = field(default_factory=list)

    def __call__(self, *inputs, functions=REGISTRY):
        """The last value.  functions: name -> function(*inputs, **params), the registry's or another framework's."""
        values = list(inputs)
        for step in self.steps:
            values.append(functions[step.name](*(values[p] for p in step.positions), **step.params))
        return values[-1]

    @property
    def names(self):
        return [step.name for step in self.steps]

    def __repr__(self):
        """The program as Python source."""
        lines = [f"v{i} = {literal(x)}" for i, x in enumerate(self.inputs)]
        for i, s in enumerate(self.steps, len(self.inputs)):
            params = "".join(f", {k}={literal(v)}" for k, v in s.params.items())
            lines.append(f"v{i} = op[{s.name!r}]({', '.join(f'v{p}' for p in s.positions)}{params})")
        return "\n".join(lines) + "\n"


class _Builder:
    """A program in the making: the inputs and steps in the order in which they were drawn, and their values."""

    def __init__(self):
        self.entries, self.values = [], []          # an entry is an array (an input) or a Step

    def input(self, array):
        return self.enter(array, array)

    def step(self, name, *positions, **params):
        return self.enter(Step(name, positions, params), REGISTRY[name](*(self.values[p] for p in positions), **params))

    def enter(self, entry, value):
        self.entries.append(entry)
        self.values.append(np.asarray(value))
        return len(self.values) - 1

    def fitted(self, position, shape):
        """An earlier value, bounded and brought into a shape: repeated or cut as needed."""
        value, size = self.values[position], int(np.prod(shape))
        flat = self.step("reshape", self.step("tanh", position), shape=(-1,))
        if value.size != size:
            flat = self.step("getitem", flat, index=np.arange(size) % value.size)
        return self.step("reshape", flat, shape=tuple(shape))

    def program(self):
        """The inputs first, then the steps, with their positions in the new order."""
        order = sorted(range(len(self.entries)), key=lambda i: isinstance(self.entries[i], Step))
        new, entries = {old: new for new, old in enumerate(order)}, [self.entries[i] for i in order]
        return Program([e for e in entries if not isinstance(e, Step)],
                       [Step(e.name, tuple(new[p] for p in e.positions), e.params)
                        for e in entries if isinstance(e, Step)])


@st.composite
def programs(draw, max_steps=6, ops=None):
    """A random Program of up to max_steps operations and what connects them, of those named, or with a derivative."""
    names = ops or [name for name, op in REGISTRY.items() if op.native and op.vjp is not None]
    build = _Builder()
    last = None
    for _ in range(draw(st.integers(1, max_steps))):
        op = REGISTRY[draw(st.sampled_from(names))]
        arrays, params = draw(cases(op, layouts=("C",)))
        domains = op.domain if isinstance(op.domain, tuple) else (op.domain,) * len(arrays)
        with np.errstate(all="ignore"):
            y = np.asarray(op(*arrays, **params))
        if y.size > LARGEST or not y.size or y.dtype.kind != "f" or not np.isfinite(y).all() or np.abs(y).max() > LIMIT:
            continue
        positions = []
        for x, domain in zip(arrays, domains):
            p = build.input(np.array(x))
            flows = last is not None and x.dtype.kind == "f" and x.size and op.slack > 0
            if flows and draw(st.sampled_from([True, True, False])):
                scale = build.input(np.array(min(op.slack, 1.0 if domain in (None, REAL) else 0.02)))
                p = build.step("add", p, build.step("multiply", build.fitted(last, x.shape), scale))
            positions.append(p)
        last = build.step(op.name, *positions, **params)
    if last is None:
        last = build.step("tanh", build.input(np.array([0.5, -0.25])))
    return build.program()
