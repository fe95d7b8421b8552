"""Every NumPy function that minigrad calls on device data exists in CuPy, with the keywords used.

Read off the source, so that a name that CuPy lacks is found without running the line that calls it.
"""
import ast
from pathlib import Path

import pytest

import minigrad

from . import cupy_api

API = cupy_api.read()
ROOT = Path(minigrad.__file__).parent
PLACES = ("engine/ops", "engine/tensor.py", "engine/transforms.py", "keras/layers", "keras/optimizers", "keras/metrics",
          "keras/losses", "keras/activations.py", "keras/initializers.py", "keras/models.py", "keras/training.py",
          "scale/distributed/buckets.py")
FILES = [p for place in PLACES
         for p in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).glob("*.py")))
         if p.name != "in_small_steps.py"]                # what checks compare values with, on the CPU
UFUNC_KEYWORDS = {"out", "dtype", "casting"}
HOST = {        # these work on host data wherever they stand: shapes, indices, labels before they are uploaded
    "asarray", "array", "errstate", "broadcast_shapes", "array2string", "issubdtype", "dtype", "ndarray", "generic",
    "float32", "float64", "int64", "bool_", "iinfo", "finfo", "array_repr",
    "vecdot",   # asked of NumPy's arrays alone
}


def unknown_calls(source):
    """(line, complaint) for each call of np.name, xp.name or np.linalg.name that CuPy would refuse."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module, *path = ast.unparse(node.func).split(".")
            if not all(map(str.isidentifier, path)):        # np.exp(x).sum(): a method
                continue
            if module in ("np", "xp") and path[0] not in HOST and path != ["lib", "stride_tricks", "as_strided"]:
                if complaint := refusal(path, {k.arg for k in node.keywords if k.arg}):
                    yield node.lineno, f"{'.'.join(path)}: {complaint}"


def refusal(path, keywords):
    """Why CuPy would refuse a call, or None."""
    name = ".".join(path)
    if path[0] == "linalg":
        return None if path[1] in {*API["linalg"], "LinAlgError"} else "not in CuPy"
    if path[-1] in ("at", "reduce", "accumulate", "outer") and path[0] in API["ufuncs"]:
        return None if path[-1] == "at" and path[0] in API["ufunc_at"] else "CuPy's ufunc lacks the method"
    if name in API["ufuncs"]:
        unknown = keywords - UFUNC_KEYWORDS
        return f"CuPy's ufuncs don't take {unknown}" if unknown else None
    if name not in API["functions"]:
        return "not in CuPy"
    known = API["functions"][name]
    unknown = keywords - set(known) if known and "kwargs" not in known else set()
    return f"CuPy's takes no {unknown}" if unknown else None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_cupy_has_what_is_called(path):
    found = [f"{path.name}:{line}: {complaint}" for line, complaint in unknown_calls(path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source, complaint", [
    ("np.block([a, b])", "block: not in CuPy"),
    ("np.sum(x, where=mask)", "takes no {'where'}"),
    ("np.exp(x, where=mask)", "don't take {'where'}"),
    ("np.maximum.reduce(x)", "lacks the method"),
    ("xp.subtract.at(x, i, v)", "lacks the method"),
    ("np.linalg.multi_dot(xs)", "not in CuPy"),
    ("np.argsort(x, stable=True)", "takes no {'stable'}"),
])
def test_the_check_catches(source, complaint):
    assert any(complaint in words for _, words in unknown_calls(source))


@pytest.mark.cupy_on_cpu
def test_the_stored_list_is_that_of_the_installed_cupy():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if cupy.__version__ != API["version"]:
        pytest.skip(f"the list was read off CuPy {API['version']}, installed is {cupy.__version__}")
    assert cupy_api.look() == API


def test_only_the_backend_imports_cupy():
    for path in ROOT.rglob("*.py"):
        imports = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, (ast.Import, ast.ImportFrom))
                   and any("cupy" in (a.name or "") for a in n.names) | ("cupy" in (getattr(n, "module", "") or ""))]
        assert not imports or path == ROOT / "engine" / "backend.py", f"{path} imports cupy"
