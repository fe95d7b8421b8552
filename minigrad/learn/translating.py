"""The course in another language: catalogues of its text cells, and of what `check` says.

A catalogue, notebooks/zh/03.json, is {key of an English text: the text in Chinese}.  "03" holds the Markdown cells of
notebook 03 and the titles, hints and words of its exercises; "check" the sentences that all exercises share.
Notebooks are made from the English ones with only Markdown replaced, so their code can't drift; a text without a
translation stays English.
"""
import copy
import hashlib
import os
import re
from functools import cache

from ..support.errors import UsageError
from ..support.reading import form, read_json
from . import notebooks


def key(text):
    """Twelve hexadecimal digits of the SHA-256 of a text: it changes when the English does."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:12]


def languages():
    """The languages beside English: folders of the course's folder with a list of terms."""
    return sorted(p.parent.name for p in notebooks.folder().glob("*/terms.json"))


def known(language):
    """The language, if there are catalogues for it."""
    if language not in languages():
        raise UsageError(f"no course in {language!r}; there is {', '.join(['en', *languages()])}")
    return language


@cache
def catalogue(language, name):
    """{key: text} of a notebook ("03") or of what `check` says ("check"); empty if nobody has written it yet."""
    path = notebooks.folder() / language / f"{name}.json"
    return form(read_json(path), {str: str}, path) if path.exists() else {}


def translated(notebook, language, number):
    """A copy of a notebook, each Markdown cell replaced by its translation where there is one."""
    texts, notebook = catalogue(language, number), copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (text := texts.get(key(notebooks.source(cell)))):
            cell["source"] = text.splitlines(keepends=True)
    return notebook


def say(sentence, *values, of="check", language=None):
    """A sentence, with the values in its {}, in the language of the environment, MINIGRAD_LANGUAGE, or the one named.

    A sentence that is not translated stays English.
    """
    language = os.environ.get("MINIGRAD_LANGUAGE", "") if language is None else language
    if re.fullmatch("[a-z]{2}", language):
        sentence = catalogue(language, of).get(key(sentence), sentence)
    return sentence.format(*values) if values else sentence
