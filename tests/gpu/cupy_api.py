"""What CuPy offers under NumPy's names: cupy_api.json, read off an installed CuPy (no GPU needed to look).

    python tests/gpu/cupy_api.py        write the file anew from the CuPy that is installed
"""
import json
from pathlib import Path

FILE = Path(__file__).with_name("cupy_api.json")


def read():
    """{"version", "functions": {name: parameter names, or null where they can't be told}, "ufuncs", "methods"}."""
    return json.loads(FILE.read_text())


def look():
    """The same, from the installed CuPy."""
    import inspect

    import cupy
    import numpy as np

    functions, ufuncs = {}, []
    for name in sorted(set(dir(np)) & set(dir(cupy))):
        f = getattr(cupy, name)
        if name.startswith("_") or not callable(f) or isinstance(f, type):
            continue
        if isinstance(f, cupy.ufunc) or isinstance(f, cupy._core._gufuncs._GUFunc):
            ufuncs.append(name)
            continue
        try:
            functions[name] = list(inspect.signature(f).parameters)
        except (TypeError, ValueError):
            functions[name] = None
    linalg = [n for n in dir(cupy.linalg) if not n.startswith("_") and callable(getattr(cupy.linalg, n))
              and n[0].islower()]
    methods = [n for n in dir(cupy.ndarray) if not n.startswith("__")]
    return {"version": cupy.__version__, "functions": functions, "ufuncs": ufuncs, "linalg": linalg, "methods": methods,
            "ufunc_at": ["add", "maximum", "minimum"],
            "generator": [n for n in dir(cupy.random.Generator) if n[0] != "_"]}


if __name__ == "__main__":
    FILE.write_text(json.dumps(look(), indent=0) + "\n")
