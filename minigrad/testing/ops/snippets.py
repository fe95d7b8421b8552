"""Python source of a case, so that a failure can be reproduced by pasting it."""
import sys
from pathlib import Path

import numpy as np


def snippet(op, inputs, params, seed=0):
    """Lines of Python that check the op on one case."""
    names = "abcdefgh"[:len(inputs)]
    where = getattr(op, "loaded_from", None) or in_main(op)
    load = (f"op = mg.testing.load_op({where!r})" if where else
            f"op = mg.ops.REGISTRY[{op.name!r}]" if op.native else
            f"op = {op.__name__}          # yours: paste this below its definition" if op.__module__ == "__main__" else
            f"from {op.__module__} import {op.__name__} as op")
    pair = getattr(op, "pair", None)
    if pair:
        load = f"# {pair[0]} and {pair[1]} are yours"
    lines = ["import numpy as np", "from numpy import array, bool, float64, int64", "import minigrad as mg", load]
    lines += [f"{n} = {literal(x)}" for n, x in zip(names, inputs)]
    arguments = "{" + ", ".join(f"{k!r}: {literal(v)}" for k, v in params.items()) + "}"
    if pair:
        return [*"\n".join(lines).splitlines(), f"mg.testing.check_vjp({', '.join([*pair, *names])})"]
    return [*"\n".join(lines).splitlines(),
            f"mg.testing.check_op(op, inputs=[([{', '.join(names)}], {arguments})]{f', seed={seed}' if seed else ''})"]


def in_main(op):
    """path/to/file.py:my_op of an op of the file that is run, if it can be imported: it does nothing else then."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    if op.__module__ == "__main__" and path and "__main__" in Path(path).read_text(encoding="utf-8", errors="ignore"):
        return f"{path}:{op.__name__}"
    return None


def literal(value):
    """Python source for a value of a case; of an array, its shape and type too, where an empty list would lose them."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, separator=", ", threshold=value.size + 1, floatmode="unique")
        return f"array({text}, {value.dtype}).reshape({value.shape})"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(literal, value))
        return f"({inner}{',' * (len(value) == 1)})" if isinstance(value, tuple) else f"[{inner}]"
    return "..." if value is ... else value.__name__ if isinstance(value, type) else repr(value)
