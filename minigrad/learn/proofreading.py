"""For translators: what belongs into a catalogue, what is missing or stale, and what a translation has lost."""
import ast
import re
from collections import Counter
from pathlib import Path

from . import companions, notebooks
from .checking import find
from .translating import catalogue, key

SENTENCES = {"check": ".", "site": "site"}       # catalogue -> the folder in which say("...") takes from it


def english(name):
    """The English texts that belong into a catalogue, in order."""
    if name in SENTENCES:
        calls = [node for path in sorted((Path(__file__).parent / SENTENCES[name]).glob("*.py"))
                 for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        return [call.args[0].value for call in calls
                if getattr(call.func, "id", "") == "say" and isinstance(call.args[0], ast.Constant)]
    if name in companions.names():
        return companions.english(name)
    book = notebooks.read(notebooks.paths([name])[0])
    cells = [notebooks.source(c) for c in book["cells"] if c["cell_type"] == "markdown"]
    tasks = [find(task) for task in notebooks.exercises(book)]
    return cells + [text for task in tasks for text in (task.title, *task.hints, *task.words)]


def state(language, name):
    """What is left to do: {"missing": {key: English text}, "stale": [key], "faults": {key: what differs}}."""
    texts, wanted = catalogue(language, name), {key(text): text for text in english(name)}
    faults = {k: found for k, text in wanted.items() if k in texts and (found := differing(text, texts[k]))}
    return {"missing": {k: text for k, text in wanted.items() if k not in texts},
            "stale": [k for k in texts if k not in wanted], "faults": faults}


KEPT = {                                    # what a translation must have as often as the English text
    "block of code": re.compile(r"```.*?```", re.S),
    "formula": re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.S),
    "code": re.compile(r"`[^`\n]+`"),
    "link": re.compile(r"\]\([^)\s]+\)|https?://[^\s)>]+"),
    "tag": re.compile(r"</?\w+[^>]*>"),
    "heading": re.compile(r"^#+(?= )", re.M),
    "place": re.compile(r"\{\}"),
}
WORDS = re.compile(r"\\(?:text|textrm|mathrm|operatorname)\{[^}]*\}")   # words inside a formula are translated, too
GLUED = re.compile(r"\*\*[^*\n]*[，。：；！？）、”]\*\*(?=[^\s\W])")      # Markdown would show these stars as stars


def differing(text, other):
    """What a translation has lost, changed or made up of the things that stay as they are; "" if nothing."""
    found = []
    for what, pattern in KEPT.items():
        a, b = (Counter(re.sub(r"\s+", " ", WORDS.sub("", m)) for m in pattern.findall(t)) for t in (text, other))
        found += [f"{what} {m!r} is missing" for m in a - b]
        found += [f"{what} {m!r} is not in the English" for m in b - a]
        if what in ("block of code", "formula", "code"):    # what stands inside is compared already
            text, other = pattern.sub(" ", text), pattern.sub(" ", other)
    found += [f"{m!r}: put the punctuation behind the stars" for m in GLUED.findall(other)]
    return "; ".join(found)
