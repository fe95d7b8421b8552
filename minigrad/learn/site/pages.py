"""The pages that are no notebook and no table: the start, pages of the repository, terms, the gallery."""
import ast
import functools
import inspect
import posixpath

from ...support.errors import Failure
from ...testing import gallery
from .. import companions
from ..translating import catalogue
from .edition import PAGES, found
from .wording import escaped

# the pages as the side bar lists them
ORDER = ("course/index", "table", "terms", "about", "map", "step", "keras", "gallery", "api/index", "benchmarks",
         "contributing", "changelog")


def start(edition):
    """The first page: what minigrad is, and a door for each kind of visitor."""
    say, to = edition.say, edition.to
    doors = [
        (say("Learn"), say("Follow the course"), to("course/index"),
         say("From what a derivative is to a GPT, in 26 notebooks with exercises that are answered in words.")),
        (say("Read"), say("Read the source"), to("map"),
         say("The engine is one page of Python, every derivative stands in one table. A map and a path of eight "
             "steps.")),
        (say("Check"), say("Check your own operation"), to("gallery"),
         say("Write a formula and its derivative side by side; the checks say whether they belong together, and if "
             "not, what is wrong.")),
    ]
    cards = "\n".join(f'<a class="mg-door" href="{address}"><span class="mg-kind">{kind}</span>'
                      f'<strong>{title}</strong><span>{words}</span></a>' for kind, title, address, words in doors)
    lead, example = _opening(edition)
    further = [("table", say("The derivative table")), ("api/index", say("The API")),
               ("about", say("What is measured")),
               ("benchmarks", say("Benchmarks")), ("contributing", say("How to add an operation")),
               ("changelog", say("Changelog"))]
    links = " · ".join(f'<a href="{to(page)}">{words}</a>' for page, words in further if _there(edition, page))
    hidden = [page for page in ORDER if page in edition.pages]
    doors = f'<div class="mg-doors">\n{cards}\n</div>'
    return "\n\n".join(["# minigrad", lead, doors, example, links,
                        "\n".join(["```{toctree}", ":hidden:", "", *hidden, "```", ""])])


def _there(edition, page):
    return page in edition.pages or edition.home is not None and page in edition.home.pages


def _opening(edition):
    """The first paragraph of the README in this language, and its first example in Python."""
    name = "README.md" if edition.home is None else f"README.{edition.language}.md"
    if not found(name).exists():
        name = "README.md"
    text = found(name).read_text(encoding="utf-8") if found(name).exists() else "# minigrad\n\n"
    lead = text.partition("# minigrad\n\n")[2].partition("\n\n")[0]
    example = text.partition("```python\n")[2].partition("\n```")[0]
    return edition.rewritten(lead, ""), f"```python\n{example}\n```" if example else ""


def repository(edition):
    """{place: Markdown} of the pages of the repository in this language, and the names of those that are not there."""
    made, absent, say = {}, [], edition.say
    files = PAGES if edition.home is None else edition.known()
    for name, place in files.items():
        if not name.endswith(".md"):
            continue
        if not found(name).exists():
            absent.append(name)
            continue
        edition.here = place
        text = found(name).read_text(encoding="utf-8")
        if text.startswith("["):            # the link to the README in the other language: every page has one
            text = text.partition("\n")[2]
        text = companions.in_language(text, edition.language, posixpath.basename(name)[:-3])
        made[place] = edition.rewritten(text.replace("\n# minigrad\n", f"\n# {say('About minigrad')}\n", 1),
                                        posixpath.dirname(name))
    return made, absent


def terms(edition):
    """The words of the course in this language beside the English ones."""
    say = edition.say
    words = catalogue(edition.language, "terms")
    rows = [f"| {escaped(english)} | {escaped(other)} |" for english, other in words.items()]
    return "\n".join(["# " + say("Terms"), "", f"| {say('English')} | {say('here')} |", "|---|---|", *rows, ""])


# -- the gallery of wrong gradients ------------------------------------------------------------------------------------
@functools.cache
def _rules():
    """{name of an entry: (its forward, its rules), as they are written in the gallery}."""
    calls = next(node.value for node in ast.parse(inspect.getsource(gallery)).body
                 if isinstance(node, ast.Assign) and node.targets[0].id == "GALLERY")
    written = {}
    for key, call in zip(calls.keys, calls.values):
        code = [ast.unparse(a) for a in call.args if not isinstance(a, ast.Constant)]
        options = {k.arg: ast.unparse(k.value) for k in call.keywords}
        written[key.value] = [*code, *(options[k] for k in ("forward", "rule") if k in options)]
    return written


def verdict(name):
    """What `check_op` says of one entry, without the example that it ends with."""
    from ...testing.ops.runner import run  # loads Hypothesis, which `build` looks for first
    found = run(gallery.GALLERY[name].op("f"), examples=25, shrink=False)
    if not found.lacks:
        raise Failure(f"the gallery's {name!r} is not found any more")
    return found.failure.split("\nThe smallest case")[0].rstrip()


def wrong(verdicts, edition):
    """The gallery: each wrong rule, and what `check_op` says of it now, {name: text}."""
    say = edition.say
    lines = ["# " + say("The gallery of wrong gradients"), "",
             say("{} rules with one mistake each, as people make them, from a missing factor to a branch taken for "
                 "large inputs alone. Under each is what `mg.testing.check_op` says of it, by running it when this "
                 "page was made.", len(verdicts)), ""]
    if edition.home is not None:
        lines += [say("What the checks say, and the mistakes, are in English."), ""]
    for name, said in verdicts.items():
        code = "\n".join(f"{what:<10}{text}" for what, text in zip(("forward", "rule", "rule"), _rules()[name]))
        lines += [f"## {escaped(name)}", "", escaped(say("What is wrong: {}.", gallery.GALLERY[name].wrong)), "",
                  "```text", code, "```", "", "```{code-block} text", ":class: mg-said", "", said, "```",
                  ""]
    return "\n".join(lines)
