"""The site: the course, the derivative table, the reference and the pages of the repository, for a browser.

    minigrad learn --site DIR

Everything on it is made from what is there anyway: committed notebooks and their catalogues, the registry, docstrings,
the Markdown of the repository.  Sphinx, MyST and Furo set it; what is minigrad's own is in these files:

    places      what is public, and where it stands        wording     docstrings as Markdown
    table       the derivative table, from the registry    reference   an entry for each public name
    course      the notebooks, and what they use           sources     the source files, line by line
    pages       the start, the gallery, the repository's   edition     a language: its words, its links
    builder     all of it, in both languages, by Sphinx
"""
from .builder import build

__all__ = ["build"]
