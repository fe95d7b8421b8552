"""Names of arrays in the program: a weight's or an argument's own, else the op's that made it; d_ for a cotangent."""
import builtins
import functools
import keyword
import re
from collections import Counter

import numpy as np

from .locations import same_bits


class Names:
    """A Python identifier for each memory: a weight's or an argument's own, else the op's that made it."""

    def __init__(self, program):
        self.used, self.of = Counter(), {}
        for r in program.inputs:
            self.give(r.memory, r.memory.name)
        for call in program.calls:
            for x in call.parts:
                m = x.memory
                if m in self.of or m in program.inlined:
                    continue
                if m.kind in ("live", "input"):
                    self.give(m, m.name)
                elif m.kind == "constant":
                    self.give(m, "_".join(["ones", *map(str, m.whole.shape)]) if is_ones(m.array) else "constant")
                else:
                    origin = m.origin
                    word = brief(origin.op if origin and origin.op else getattr(call.function, "__name__", "t"))
                    target = origin.target if origin else ""
                    back = origin is not None and origin.backward
                    self.give(m, f"d_{identifier(target or word)}" if back else word)

        for r in program.results:
            if r.memory not in self.of:
                self.give(r.memory, r.memory.name or "result")

    def give(self, memory, wish):
        word = word_for(wish, "t")
        word = f"t_{word}" if word[0].isdigit() else word
        self.used[word] += 1
        name = word if self.used[word] == 1 else f"{word}_{self.used[word]}"
        while name != word and self.used[name]:
            self.used[word] += 1
            name = f"{word}_{self.used[word]}"
        self.used[name] += name != word
        self.of[memory] = name


@functools.cache
def taken():
    """Names that mean something else to Python or NumPy."""
    return {*keyword.kwlist, *dir(builtins), *dir(np)}


def word_for(wish, otherwise):
    """The wish as a name, or otherwise; with _ behind what means something else already."""
    word = identifier(wish) or otherwise
    return f"{word}_" if word in taken() else word


@functools.cache
def kind_of(dtype):
    """A dtype's name, which NumPy puts together anew each time."""
    return dtype.name


def brief(word):
    """The initials of the long name of an op: sce for softmax_cross_entropy."""
    return word if len(word) <= 12 or word.count("_") < 2 else "".join(part[0] for part in word.split("_") if part)


def is_ones(array):
    return array.size > 0 and same_bits(array, np.ones_like(array))


def identifier(path):
    """The end of a way to an array, model.layers.0.kernel, as a name: layers_0_kernel."""
    return re.sub(r"\W+", "_", "_".join(path.split(".")[-3:])).strip("_")
