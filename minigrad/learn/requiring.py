"""A property of a right answer: tried on inputs of every kind, told on the smallest input that breaks it."""
import time
from contextlib import suppress
from dataclasses import dataclass, field

from ..support.explaining import explained
from .comparing import Wrong, show
from .translating import say
from .watching import NotDone, by_the_answer, raised

SHRINKING = 3.0                 # seconds for making a counterexample smaller


@dataclass
class Property:
    """holds(*answer, **inputs) raises Wrong (or AssertionError) if it does not hold for these inputs.

    inputs      {name: strategy}, or one strategy of tuples, in the order of names; none: it is tried once, as it stands
    examples    how many inputs are drawn; they are always the same
    also        inputs, [{name: value}], that are tried before
    explain     explain(*answer, cases) gives words for what went wrong, or ""
    """
    holds: object
    inputs: object = None
    examples: int = 60
    also: tuple = ()
    explain: object = None
    names: list = ()
    drawn: list = field(default=None, repr=False)

    def strategy(self):
        from hypothesis import strategies as st
        names = self.names or list(self.inputs)
        values = st.tuples(*self.inputs.values()) if isinstance(self.inputs, dict) else self.inputs
        return values.map(lambda values: dict(zip(names, values, strict=True)))

    def cases(self):
        """The inputs, drawn once."""
        if self.drawn is None:
            drawn = list(self.also)
            _hypothesis(self.strategy(), self.examples, drawn.append, shrink=False)
            self.drawn = drawn
        return self.drawn

    def require(self, answer, shrink=True):
        """Wrong, with words if any are known, and the smallest inputs, unless the property holds."""
        if self.inputs is None or self.inputs == {}:
            self.holds(*answer)
            return
        for case in self.cases():
            try:
                self.holds(*answer, **case)
            except NotDone:
                raise
            except Exception as fault:
                raise self._told(answer, case, fault, shrink) from None

    def _told(self, answer, case, fault, shrink):
        """What is wrong, why if that is known, and on which inputs: words first."""
        if not shrink:
            return Wrong(f"{fault}")
        case, fault = self._smallest(answer, case, fault)
        if isinstance(fault, Wrong):
            what, why = fault.what, fault.why
        elif isinstance(fault, AssertionError):
            what, why = str(fault), ""
        else:
            what = raised(fault) if by_the_answer(fault) else f"it can't be used ({type(fault).__name__}: {fault})."
            why = ""
        if not why and self.explain:
            why = self.explain(*answer, self.cases())
        where = say("For {}: {}", ", ".join(f"{name} = {show(value)}" for name, value in case.items()), what)
        return Wrong(f"{why}\n{where}".strip())

    def _smallest(self, answer, case, fault):
        found, until = [case, fault], time.monotonic() + SHRINKING

        def tried(case):
            if time.monotonic() < until:
                try:
                    self.holds(*answer, **case)
                except Exception as fault:
                    found[:] = case, fault
                    raise
        with suppress(Exception):           # what was found is what counts, also where time was up
            _hypothesis(self.strategy(), self.examples, tried, shrink=True)
        return found


def _hypothesis(strategy, examples, f, shrink):
    """f of inputs that are always the same; with shrink, of ever smaller ones once f has raised."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    kept = settings(max_examples=examples, deadline=None, database=None, print_blob=False,
                    phases=phases,
                    suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
    seed(0)(kept(given(strategy)(lambda case: f(case))))()


@explained
def for_all(holds, examples=60, **strategies):
    """Inside a property: holds(**inputs) for inputs of these strategies; else Wrong, with the smallest."""
    Property(lambda **inputs: holds(**inputs), strategies, examples).require(())


@explained
def call(answer, *inputs, **params):
    """The answer's result, or NotDone when its body is still empty."""
    result = answer(*inputs, **params)
    if result is None or result is ...:
        raise NotDone
    return result
