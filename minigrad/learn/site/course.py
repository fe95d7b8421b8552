"""The notebooks as pages: with their committed outputs, pictures as files, and what of minigrad each one uses."""
import ast
import base64
import copy
import hashlib
import html
import importlib
import json
import re
import types

import minigrad

from .. import notebooks, translating
from .places import address_of, source_of
from .wording import escaped

IMAGE = re.compile(r'<img ([^>]*?)src="data:image/(png|gif);base64,([A-Za-z0-9+/=]+)"([^>]*)>')
THEMES = re.compile(r"<style>\[data-jp-theme-light=false\].*?</style>", re.S)


def chapters(edition):
    """{place: notebook as JSON}, and the page that lists them."""
    made, titles = {}, []
    for path in notebooks.paths():
        edition.here = f"course/{path.stem}"
        english = notebooks.read(path)
        book = english if edition.language == "en" else translating.translated(english, edition.language, path.name[:2])
        titles.append((path.stem, notebooks.title(book)))
        page = as_page(book, edition)
        if row := edition.buttons(path.name):
            first = page["cells"][0]            # below the title
            title, _, rest = first["source"].partition("\n")
            first["source"] = f"{title}\n\n{row}\n{rest}"
        made[edition.here] = json.dumps(page, ensure_ascii=False)
    edition.here = "course/index"
    made["course/index"] = _contents(edition, titles)
    return made


def _contents(edition, titles):
    say = edition.say
    return "\n".join([
        "# " + say("The course"), "",
        say("Eleven notebooks from what a derivative is to second order, fifteen more on what is built with them. Here "
            "they are to be read, with the results that they gave; their exercises are answered where they run: "
            "`minigrad learn` opens them in JupyterLab, and says what is wrong in words."), "",
        *[f"- <a href=\"{stem}.html\">{title}</a>" for stem, title in titles], "",
        f'<a href="{edition.to("course/glossary")}">{say("The words of the course")}</a> · '
        f'<a href="{edition.to("course/teachers")}">{say("For teachers")}</a>', "",
        "```{toctree}", ":hidden:", "", *[stem for stem, _ in titles], "glossary", "teachers", "```",
        ""])


def as_page(book, edition):
    """A copy of a notebook for the site."""
    book = copy.deepcopy(book)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = edition.rewritten(_open_folds(notebooks.source(cell)), "notebooks")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/gif" in data:
                words, say = "".join(data.get("text/plain", "")).strip("<>"), edition.say
                if words.startswith("IPython."):        # only what kind of thing it is
                    words = say("What the code above draws, as a film")
                film = "".join(data.pop("image/gif")).replace("\n", "")
                data["text/html"] = (f'<img alt="{html.escape(words, True)}" '
                                     f'src="data:image/gif;base64,{film}">')
            if "text/html" in data:
                data["text/html"] = as_files(THEMES.sub("", "".join(data["text/html"])), edition)
    book["metadata"]["language_info"]["pygments_lexer"] = "ipython3"
    book["cells"].append({"cell_type": "markdown", "metadata": {}, "source": read_on(book, edition), "id": "read-on"})
    return book


def _open_folds(text):
    """With a blank line before what a folded solution folds, so that it is Markdown inside of HTML."""
    return text.replace("</summary>\n```", "</summary>\n\n```")


def as_files(output, edition):
    """HTML with its PNG and GIF images as files beside the page, named by what is in them."""
    def moved(match):
        before, kind, data, after = match.groups()
        data = base64.b64decode(data)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{kind}"
        if kind == "gif" and "class=" not in before + after:        # a film on white, which the dark theme turns round
            before = f'class="mg-lines" {before}'
        return f'<img {before}src="{edition.keep(name, data)}" loading="lazy"{after}>'
    return IMAGE.sub(moved, output)


# -- what a notebook uses ----------------------------------------------------------------------------------------------
def used(book):
    """{"mg.tanh": function, class or op}: the names of minigrad in its code, in the order of their first use."""
    known, found = {"mg": minigrad}, {}
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        try:
            tree = ast.parse(re.sub(r"^[%!].*$", "", notebooks.source(cell), flags=re.M))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                known |= _imported(node)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Attribute, ast.Name)) and (words := dotted(node)) and words[0] in known:
                thing = known[words[0]]
                for word in words[1:]:
                    thing = getattr(thing, word, None)
                if id(thing) in address_of():
                    found.setdefault(".".join(words), thing)
    return found


def _imported(node):
    """{name: what it stands for}, of an import of minigrad."""
    names = {}
    for alias in node.names:
        if isinstance(node, ast.Import) and alias.name.split(".")[0] == "minigrad":
            names[alias.asname or "minigrad"] = importlib.import_module(alias.name) if alias.asname else minigrad
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "minigrad":
            module = importlib.import_module(node.module)
            thing = getattr(module, alias.name, None)
            if thing is None:
                thing = importlib.import_module(f"{node.module}.{alias.name}")
            names[alias.asname or alias.name] = thing
    return names


def dotted(node):
    """["mg", "tanh"] of mg.tanh; [] of anything else."""
    words = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return [node.id, *reversed(words)] if isinstance(node, ast.Name) else []


def read_on(book, edition):
    """The last cell: for each name that the notebook uses its entry in the reference, and its line in the source."""
    rows, seen, say = [], set(), edition.say
    for name, thing in used(book).items():
        if id(thing) in seen or isinstance(thing, types.ModuleType):
            continue
        seen.add(id(thing))
        place, full = address_of()[id(thing)]
        path, line = source_of(thing, name.rpartition(".")[2])
        rows.append(f'| <a href="{edition.to(place)}#{full}"><code>{html.escape(full)}</code></a> | '
                    f'<a href="{edition.source(path, line)}">{escaped(path.removeprefix("minigrad/"))}, '
                    f'{say("line {}", line)}</a> |')
    if not rows:
        return ""
    return "\n".join([f"## {say('What this notebook uses')}", "",
                      f"| {say('in the reference')} | {say('in the source')} |", "|---|---|", *rows])
