"""Where the inputs of an op may lie: what the gradient checks draw from, and what the documentation shows."""
from math import inf, pi


class Domain:
    """The open interval (low, high), without the points to avoid; or a set of matrices or integers, by its name.

    avoid       points where f has a kink or a pole
    period      the points to avoid repeat with this period (tan: pi; floor: 1)
    structure   "invertible", "positive definite", "boolean", "indices", or None for plain real numbers
    """
    __slots__ = ("low", "high", "avoid", "period", "structure")     # a dataclass takes a sixth of minigrad's import

    def __init__(self, low=-inf, high=inf, avoid=(), period=None, structure=None):
        self.low, self.high, self.avoid, self.period, self.structure = low, high, tuple(avoid), period, structure

    def __eq__(self, other):
        return isinstance(other, Domain) and all(getattr(self, f) == getattr(other, f) for f in self.__slots__)

    def __hash__(self):
        return hash((self.low, self.high, self.avoid, self.period, self.structure))

    def __repr__(self):
        return f"<Domain: {self}>"

    def __str__(self):
        if self.structure:
            return self.structure
        without = f" without {', '.join(f'{p:g}' for p in self.avoid)}" if self.avoid else ""
        repeated = f" + k {self.period:.4g}" if self.period else ""
        interval = "all reals" if (self.low, self.high) == (-inf, inf) else f"({self.low:g}, {self.high:g})"
        return interval + without + repeated


REAL = Domain()
POSITIVE = Domain(low=0)
UNIT = Domain(low=-1, high=1)
NONZERO = Domain(avoid=(0,))
KINK_AT_0 = NONZERO
STEPS = Domain(avoid=(0,), period=1)
NOT_POLES_OF_TAN = Domain(avoid=(pi / 2,), period=pi)
ABOVE_1 = Domain(low=1)
ABOVE_MINUS_1 = Domain(low=-1)
INVERTIBLE = Domain(structure="invertible")
POSITIVE_DEFINITE = Domain(structure="positive definite")
BOOLEAN = Domain(structure="boolean")
INDICES = Domain(structure="indices")


def in_words(domain, names):
    """Where the inputs of these names may lie: "all reals", or, where they differ, "a: all reals; b: (0, inf)"."""
    if not isinstance(domain, tuple):
        return str(domain or REAL)
    if len({*domain}) == 1:
        return str(domain[0])
    return "; ".join(f"{name}: {one}" for name, one in zip(names, domain))
