"""The rooms of the house and the floors they stand on; what imports what between them, and its picture.

    python -m tests.house.rooms         draw .github/rooms.svg anew
"""
from collections import Counter, defaultdict

from . import imports
from .imports import ROOT

FLOORS = (("support",), ("engine",), ("data", "viz", "testing"), ("keras",), ("zoo", "trust"), ("learn", "scale"),
          ("commands", "benchmarks"))
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS, 1) for room in rooms}
FLOOR[""] = 2.5                             # minigrad/__init__.py shows the engine to the rooms above it
FOR = {"support": "errors, files, names", "engine": "read first: gradients", "data": "data to learn from",
       "viz": "pictures", "testing": "gradient checks", "keras": "layers, losses, fit", "zoo": "whole models",
       "trust": "fairness, privacy ...", "learn": "the course", "scale": "many processes", "commands": "minigrad ...",
       "benchmarks": "how fast"}
PICTURE = ROOT / ".github" / "rooms.svg"

# The way up, where a room hands over to one above it, which it finds by its public name.
UP = {("minigrad.keras.run", "minigrad.scale.distributed"): "fit(distribute=True): the same loop, on many processes"}


def room(module):
    """minigrad.keras.layers.core stands in keras, minigrad.__main__ in commands, and the face itself in no room: ""."""
    top, _, rest = module.partition(".")
    return rest.partition(".")[0].replace("__main__", "commands") if top == "minigrad" else top


def graph():
    """{module: {module that it imports: line}}, but for the ways UP."""
    return {module: {other: line for other, line in found.items() if (module, other) not in UP}
            for module, found in imports.arrows().items()}


def between(graph):
    """{(room, room): number of imports} between different rooms; what is imported from the face is the engine's."""
    return Counter((room(a), room(b) or "engine") for a, found in graph.items() for b in found
                   if room(a) and room(a) != room(b))


def rooms_of(graph):
    """{room: rooms that it imports}."""
    found = defaultdict(set)
    for a, others in graph.items():
        found[room(a)] |= {room(b) for b in others} - {room(a)}
    return found


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
    PICTURE.write_text(picture(between(graph())), encoding="utf-8")
    print(PICTURE)
