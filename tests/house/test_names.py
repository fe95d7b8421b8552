"""Names say one thing each, and each test asserts something."""
import ast
from collections import defaultdict

from . import imports

TREES = {path.relative_to(imports.ROOT).as_posix(): imports.tree(path) for path in imports.sources()}
# Keras has a loss and a metric of each of these names.
KERAS = {"CosineSimilarity", "MeanAbsoluteError", "MeanSquaredError", "MeanAbsolutePercentageError", "Poisson", "Hinge",
         "MeanSquaredLogarithmicError", "KLDivergence", "SquaredHinge", "CategoricalHinge", "BinaryCrossentropy",
         "CategoricalCrossentropy", "SparseCategoricalCrossentropy"}
ASSERTS = ("assert", "raises", "warns", "fail", "check")                    # so begin pytest's, NumPy's, minigrad's


def test_no_class_name_twice():
    places = defaultdict(list)
    for file, tree in TREES.items():
        if file.startswith("minigrad/"):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{file}:{node.lineno}")
    twice = {name: found for name, found in places.items() if len(found) > 1 and name not in KERAS}
    assert not twice, "\n".join(f"{name}: {', '.join(found)}" for name, found in twice.items())


def called(function):
    """The names that a function calls, and those of its parameters: a fixture may assert too."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    names = {getattr(f, "attr", None) or getattr(f, "id", "") for f in calls}
    return names | {argument.arg for argument in function.args.args}


def silent(trees):
    """The tests that assert nothing, neither themselves nor in a function of tests/ that they call."""
    functions = [(file, node, called(node)) for file, tree in trees.items() for node in ast.walk(tree)
                 if isinstance(node, ast.FunctionDef)]
    speaking, before = set(), None
    while before != len(speaking):
        before = len(speaking)
        speaking |= {node.name for _, node, names in functions
                     if names & speaking or any(name.startswith(ASSERTS) for name in names)
                     or any(isinstance(part, ast.Assert) for part in ast.walk(node))}
    return [f"{file}:{node.lineno} {node.name}" for file, node, _ in functions
            if node.name.startswith("test_") and node.name not in speaking]


def test_each_test_asserts_something():
    found = silent({file: tree for file, tree in TREES.items() if file.startswith("tests/")})
    assert not found, "\n".join(found)


def test_a_silent_test_is_noticed():
    source = ("def test_a():\n    load()\ndef load():\n    pass\n"
              "def test_b():\n    same(1)\ndef same(x):\n    assert x\n")
    assert silent({"tests/x.py": ast.parse(source)}) == ["tests/x.py:1 test_a"]


def asked_by_name(trees):
    """Where code compares the name of an op: what it wants to know stands in the op's declaration (Op.describe)."""
    return [f"{file}:{node.lineno} {ast.unparse(node)}" for file, tree in trees.items() for node in ast.walk(tree)
            if isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(("op.name", "op.__name__"))]


def test_no_room_asks_for_an_op_by_its_name():
    """A user's own op may have any name, minigrad's too."""
    found = asked_by_name({file: tree for file, tree in TREES.items() if file.startswith("minigrad/")
                           and not file.startswith("minigrad/engine/ops/")})
    assert not found, "\n".join(found)


def test_asking_by_name_is_noticed():
    assert asked_by_name({"x": ast.parse("if t.node.op.name in ('matmul', 'linear') and op.arity == 2: pass")}) == [
        "x:1 t.node.op.name in ('matmul', 'linear')"]
