"""Writes minigrad/keras/README.md from both signatures: python -m tests.keras.pages

A test holds the page to what this makes of minigrad as it is, and of keras_signatures.json.
"""
import json
from pathlib import Path

from tests.keras.keras_signatures import TABLE, parameters
from tests.keras.test_signatures import DIFFER, ours

PAGE = Path(__file__).parents[2] / "minigrad" / "keras" / "README.md"
HEAD = """# Keras' names here

A Keras program that keeps to what is listed here runs with its imports changed: `import minigrad as tf`, then
`tf.keras`, or `from minigrad import keras`. The tables name what minigrad shares with Keras {version}, and which of
Keras' arguments each thing does not take. What can be given by position has Keras' order and defaults; all else goes by
name only. "As in Keras" speaks of arguments; where a meaning differs, the docstring says so. All others are missing.

Written by `python -m tests.keras.pages`; a test holds it to both signatures.
"""

def missing(path):
    """The arguments that Keras has and minigrad has not."""
    found = ours(path)
    mine = _names(found.__init__ if isinstance(found, type) else found)
    for base in (found.__mro__[1:] if isinstance(found, type) else ()):
        if "**kwargs" in mine or "**common" in mine:
            mine = mine | _names(base.__init__)
    mine |= {f"{weight}_{kind}" for weight in getattr(found, "weight_options", {}).values()
             for kind in ("regularizer", "constraint")}
    theirs = [entry[0] for entry in KERAS["names"][path]]
    return [name for name in theirs if name not in mine and not name.startswith("*")]


def _names(function):
    return {entry[0] for entry in parameters(function)}


KERAS = json.loads(TABLE.read_text(encoding="utf-8"))


def page():
    sections = {}
    for path in KERAS["names"]:
        if callable(ours(path)) and not path.startswith(("ops.", "activations.")):
            home, _, name = path.rpartition(".")
            absent = ", ".join(f"`{m}`" for m in missing(path))
            difference = "; ".join(filter(None, [DIFFER.get(path), absent and f"not here: {absent}"]))
            sections.setdefault(home or "keras", []).append(f"| `{name}` | {difference or 'as in Keras'} |")
    for home in ("activations", "ops"):
        names = [path.partition(".")[2] for path in KERAS["names"]
                 if path.startswith(f"{home}.") and callable(ours(path))]
        sections[home] = ["| " + ", ".join(f"`{name}`" for name in names) + " | functions of tensors, of symbols too |"]
    text = HEAD.format(version=KERAS["keras"])
    for home, rows in sections.items():
        text += f"\n## {home}\n\n| Keras' name | difference |\n|---|---|\n" + "\n".join(rows) + "\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
