"""What a workload is: one computation, and everyone who can do it."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).parent.parent             # where `benchmarks` and `minigrad` are imported from


@dataclass
class Workload:
    """One computation, and everyone who can do it.

    about       what is computed, for the table
    setup       setup(toy) -> the problem: the data that all contenders share, of toy size for tests.  problem.count, if
                there, is how many `unit`s one call does.
    contenders  name -> make(problem) -> step.  step() does the computation once and returns its result, arrays or
                losses, by which all are compared.  "minigrad" is the first, "unrolled" the same by mg.unroll, and
                "numpy" the floor; others are peers.
                make imports what it needs: a peer that is not installed, or fails, is skipped and named.
    targets     {threads: {contender: the largest good ratio of minigrad's time to that contender's}}
    within      {contender: how many seconds more than that contender are good}
    environment variables that must be set before anything is imported
    measured    step() returns the number to compare, in units of `unit`, instead of being timed
    """
    name: str
    about: str
    setup: Callable
    contenders: dict
    targets: dict
    within: dict = field(default_factory=dict)
    unit: str = "call"
    environment: dict = field(default_factory=dict)
    measured: bool = False
    tolerance: float = 1e-5                     # of the floor; of a peer, 100 times that: its Adam adds ε elsewhere
    panel: str = ""                             # workloads of one panel are rows of one table
    seconds: float = 12.0                       # for all turns together, but for the fewest
