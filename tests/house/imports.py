"""Who imports whom, read from the source: nothing is run.

Every import counts, those inside functions too.  `import minigrad as mg` with `mg.keras.layers` counts as an import of
keras/layers: where a public name lives is what the table in minigrad/__init__.py says.

A package's face, its __init__.py, is a file like the others.  `from ..viz import style` imports viz/style.py, and
`from ..viz import save`, which is no module, the face viz/__init__.py.  That Python runs the faces of the packages on
the way to a module is not counted: it asks nothing of them.  Of minigrad/__init__.py only what is imported with it
counts; what its table loads when it is used is a door to every room, by design.
"""
import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]


def module_name(path):
    """minigrad/zoo/gpt.py -> minigrad.zoo.gpt; minigrad/zoo/__init__.py -> minigrad.zoo."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def modules(*tops):
    """{module: its path} of everything under these folders."""
    return {module_name(p): p for top in tops or ("minigrad", "benchmarks") for p in sorted((ROOT / top).rglob("*.py"))}


@functools.cache
def sources():
    """Every Python file of the package, the tests and the benchmarks."""
    return [p for top in ("minigrad", "benchmarks", "tests") for p in sorted((ROOT / top).rglob("*.py"))]


@functools.cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def public():
    """{public name: module} from the one table in minigrad/__init__.py."""
    for node in tree(ROOT / "minigrad" / "__init__.py").body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "PUBLIC":
            return {name: f"minigrad.{where}" for name, where in ast.literal_eval(node.value).items()}
    raise AssertionError("minigrad/__init__.py has no table PUBLIC")


def found_at(words, known):
    """The module in which a dotted name such as minigrad.keras.layers.Dense is found, or None if it is not ours."""
    first, *rest = words.split(".")
    if first not in known:
        return None
    here = first
    for word in rest:
        inside = public().get(word) if here == "minigrad" else None
        inside = inside or f"{here}.{word}"
        if inside not in known:
            break
        here = inside
    return here


def imports(module, known):
    """{module of ours: the first line on which this one imports it}."""
    path, found, names = known[module], {}, {}
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    nodes = list(tree(path).body if module == "minigrad" else ast.walk(tree(path)))
    for words, line in [*said(nodes, package, known, names), *used(nodes, names)]:
        where = found_at(words, known)
        if where and where != module:
            found.setdefault(where, line)
    return found


def said(nodes, package, known, names):
    """(dotted name, line) of each import; and in names, what stands for one of our modules in this file."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "minigrad":                # counted where it is used: mg.keras is an import of keras
                    names[alias.asname or "minigrad"] = "minigrad"
                else:
                    yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.module, node.level, package)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full, node.lineno
                if found_at(full, known) not in (None, found_at(base, known)):
                    names[alias.asname or alias.name] = found_at(full, known)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name, called = node.args[0].value, ast.unparse(node.func)
            if called in ("importlib.import_module", "import_module"):
                level = len(name) - len(name.lstrip("."))
                yield absolute(name.lstrip("."), level, package), node.lineno
            elif called == "public":                        # support/names.py: a module by its public name
                yield f"minigrad.{name}", node.lineno


def absolute(name, level, package):
    """..engine.op, written in a module of this package, as minigrad.engine.op."""
    if not level:
        return name
    start = package.split(".")[:len(package.split(".")) - level + 1]
    return ".".join([*start, name] if name else start)


def used(nodes, names):
    """(dotted name, line) of what is reached through the modules in names: mg.keras.layers."""
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}       # mg.keras in mg.keras.layers
    for node in nodes:
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            words = ast.unparse(node)
            first, _, rest = words.partition(".")
            if first in names and set(rest) <= WORD:
                yield f"{names[first]}.{rest}", node.lineno


WORD = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")


@functools.cache
def arrows():
    """{module: {module that it imports: line}} of minigrad and the benchmarks."""
    known = modules()
    return {module: imports(module, known) for module in known}


def circles(graph):
    """The circles in {node: nodes}: a list of sorted lists.  (Strongly connected components: Tarjan 1972)"""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph[node]:
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))
    for node in graph:
        if node not in number:
            visit(node)
    return found
