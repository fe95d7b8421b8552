"""The rooms of the house and the imports between them, measured from the source; and their picture.

    python -m tests.house.rooms         draw .github/rooms.svg anew
"""
import ast
import collections
from pathlib import Path

from minigrad import PUBLIC

ROOT = Path(__file__).parents[2]
FLOORS = (("support",), ("engine",), ("data", "viz", "testing"), ("keras",), ("zoo", "trust"), ("learn", "scale"),
          ("commands", "benchmarks"))
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS, 1) for room in rooms}
FOR = {"support": "errors, files, names", "engine": "read first: gradients", "data": "data to learn from",
       "viz": "pictures", "testing": "gradient checks", "keras": "layers, losses, fit", "zoo": "whole models",
       "trust": "fairness, privacy ...", "learn": "the course", "scale": "many processes", "commands": "minigrad ...",
       "benchmarks": "how fast"}
PICTURE = ROOT / ".github" / "rooms.svg"


# -- what imports what -------------------------------------------------------------------------------------------------
def modules():
    """{dotted name: file} of the package and the benchmarks."""
    files = [f for top in ("minigrad", "benchmarks") for f in sorted((ROOT / top).rglob("*.py"))]
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for f in files]
    return dict(zip(names, files))


def imports(name, known):
    """(line, module) for each import in a module, also inside functions; mg.layers counts as an import of layers."""
    tree, package = ast.parse(known[name].read_text(encoding="utf-8")), name
    if known[name].name != "__init__.py":
        package = name.rpartition(".")[0]
    faces = {"minigrad"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            faces |= {alias.asname for alias in node.names if alias.name == "minigrad" and alias.asname}
    for node in ast.walk(tree):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[:package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*around, *filter(None, [node.module])])
            found = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in faces:
            found = [f"minigrad.{node.attr}"]
        for module in found:
            first, _, rest = module.removeprefix("minigrad.").partition(".")
            if module.startswith("minigrad.") and first in PUBLIC:
                module = ".".join(filter(None, ["minigrad", PUBLIC[first], rest]))
            while module and module not in known:       # from .tensor import Tensor: the module, not the name in it
                module = module.rpartition(".")[0]
            if module and module != name:
                yield node.lineno, module


def room(module):
    """minigrad.keras.layers.core stands in keras; the face itself in no room."""
    top, _, rest = module.partition(".")
    return rest.partition(".")[0] if top == "minigrad" else top


def graph():
    """{module: {module it imports: line}}; the face, which all may import, stands aside."""
    known = modules()
    return {name: {module: line for line, module in imports(name, known) if module != "minigrad"}
            for name in known if room(name) and room(name) != "__main__"}


def arrows(graph):
    """{(room, room): number of imports} between different rooms."""
    return collections.Counter((room(a), room(b)) for a, targets in graph.items() for b in targets
                               if room(a) != room(b))


def circle(graph):
    """A circle of imports as a list of modules, or None."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return path[path.index(module):] + [module]
        if module not in done:
            path.append(module)
            found = next(filter(None, map(visit, graph.get(module, ()))), None)
            if found:
                return found
            done.add(path.pop())
    return next(filter(None, map(visit, graph)), None)


# -- the picture -------------------------------------------------------------------------------------------------------
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
  .name { font-weight: 600; font-size: 15px }
  .floor { fill: #656d76; text-anchor: start }
  .room { fill: #ffffff; stroke: #656d76; stroke-width: 1.5 }
  .arrow { fill: none; stroke: #0969da; stroke-opacity: 0.38; stroke-linecap: round }
  .up { stroke: #cf222e; stroke-opacity: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }  .floor { fill: #9198a1 }
    .room { fill: #161b22; stroke: #9198a1 }
    .arrow { stroke: #58a6ff; stroke-opacity: 0.5 }  .up { stroke: #ff7b72; stroke-opacity: 1 }
  }"""
WIDTH, HIGH, WIDE, STEP = 860, 48, 200, 104         # of the picture, of a room, and from floor to floor


def corners():
    """{room: (x of its middle, y of its top)}: the first floor at the bottom, rooms spread over the width."""
    return {name: (90 + (WIDTH - 90) * (i + 0.5) / len(rooms), 20 + STEP * (len(FLOORS) - 1 - floor))
            for floor, rooms in enumerate(FLOORS) for i, name in enumerate(rooms)}


def picture(arrows):
    """The house as SVG text, for light and dark: rooms on their floors, and a line for each arrow, wider for each
    doubling of the imports."""
    places, height = corners(), STEP * len(FLOORS) - 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" width="{WIDTH}">',
           "<title>The rooms of minigrad: imports run from upper floors to lower ones</title>",
           f"<style>{STYLE}\n</style>"]
    for (a, b), n in sorted(arrows.items()):
        (xa, ya), (xb, yb) = places[a], places[b]
        down = yb > ya
        # Lines leave spread along a room's lower edge and bend, so that those of one column stay apart.
        shift, bend = max(-80, min(80, (xb - xa) / 4)), 34 * (FLOOR[a] - FLOOR[b] - 1) * (1 if a < b else -1)
        start, end = (ya + HIGH, yb) if down else (ya, yb + HIGH)
        middle = (xa + shift + xb - shift) / 2 + bend
        toward = 40 if down else -40
        out.append(f'<path class="arrow{"" if down else " up"}" stroke-width="{1 + 0.6 * n.bit_length():.1f}" '
                   f'd="M{xa + shift:.0f} {start} C{middle:.0f} {start + toward} {middle:.0f} {end - toward} '
                   f'{xb - shift:.0f} {end}"><title>{a} imports {b}</title></path>')
    for name, (x, y) in places.items():
        out += [f'<rect class="room" x="{x - WIDE / 2:.0f}" y="{y}" width="{WIDE}" height="{HIGH}" rx="7"/>',
                f'<text class="name" x="{x:.0f}" y="{y + 21}">{name}</text>',
                f'<text x="{x:.0f}" y="{y + 39}">{FOR[name]}</text>']
    out += [f'<text class="floor" x="8" y="{20 + STEP * (len(FLOORS) - floor) + 29}">floor {floor}</text>'
            for floor in range(1, len(FLOORS) + 1)]
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(arrows(graph())), encoding="utf-8")
    print(PICTURE)
