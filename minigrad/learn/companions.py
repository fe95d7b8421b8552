"""The pages beside the notebooks, glossary.md and teachers.md, in another language.

As a notebook is, such a page is made from the English one: each paragraph and each row of a table is replaced by what
the catalogue has for it, notebooks/zh/glossary.json.  In the rows about notebooks only titles are words; those are in
the notebooks' own catalogues.
"""
import re

from . import notebooks
from .checking import find
from .translating import catalogue, key, translated

BLOCK = re.compile(r"^\|.*|^(?!\|).*\S.*(?:\n(?!\|).*\S.*)*", re.M)
ROW = re.compile(r"\| \[(\d\d) · ")                 # of a notebook, in a table
ALIKE = re.compile(r"\s*```|\|[-|]+$")              # code, the line below a table's head


def names():
    """"glossary", "teachers": the pages there are."""
    return sorted(path.stem for path in notebooks.folder().glob("*.md"))


def english(name):
    """The blocks of a page that belong into its catalogue, in order."""
    text = (notebooks.folder() / f"{name}.md").read_text(encoding="utf-8")
    return [block for block in BLOCK.findall(text) if not ALIKE.match(block) and not ROW.match(block)]


def in_language(text, language, name):
    """The Markdown of a page in a language; what is not translated stays English."""
    texts = catalogue(language, name)

    def block(found):
        row = ROW.match(found[0])
        return _row(found[0], language, row[1]) if row else texts.get(key(found[0]), found[0])
    return text if language == "en" else BLOCK.sub(block, text)


def _row(row, language, number):
    """The row of a notebook with the titles of the notebook and of its exercises in the language."""
    book, texts = notebooks.read(notebooks.paths([number])[0]), catalogue(language, number)
    row = row.replace(notebooks.title(book), notebooks.title(translated(book, language, number)), 1)
    for task in notebooks.exercises(book):
        title = find(task).title
        before, after = (f"`{task.partition('.')[2]}`: " + words.replace("|", r"\|")
                         for words in (title, texts.get(key(title), title)))
        row = row.replace(before, after)
    return row
