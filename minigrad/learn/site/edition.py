"""One language of the site: its words, where its pages lie, and what a link of the repository becomes on it."""
import posixpath
import re
from dataclasses import dataclass, field

from .. import buttons, notebooks, translating
from ..notebooks import PACKAGE
from .sources import link_to

# pages of the repository that are pages of the site as they stand: file -> page
PAGES = {"README.md": "about", "CHANGELOG.md": "changelog", ".github/CONTRIBUTING.md": "contributing",
         "benchmarks/README.md": "benchmarks", "minigrad/engine/README.md": "map", "minigrad/keras/README.md": "keras",
         "minigrad/engine/unrolling/README.md": "step", "minigrad/testing/gallery.py": "gallery",
         "notebooks": "course/index", "notebooks/glossary.md": "course/glossary",
         "notebooks/teachers.md": "course/teachers"}
OWN = ("index", "table", "terms", "gallery", "api/")     # pages that every language makes, or how their names begin
# code as it is, between fences or backticks; or a link or a picture: !, words, address
MARKED = re.compile(r"^```.*?^```[^\S\n]*$|(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)|`[^`\n]*`", re.M | re.S)


@dataclass
class Edition:
    """language "en" at the root of the site, any other in a folder of that name."""

    language: str
    pages: dict = field(default_factory=dict)       # place -> text of all pages
    files: dict = field(default_factory=dict)       # place -> bytes of pictures
    home: "Edition | None" = None                   # the English edition, of another one
    here: str = "index"                             # the page that is being written
    lite: str | None = None                         # from the site's root to the pages that run the course
    published: "buttons.Published | None" = None    # where on GitHub those lie

    @property
    def depth(self):
        """How many folders up the site's root is from the page that is being written."""
        return self.here.count("/") + (self.home is not None)

    def say(self, sentence, *values):
        """The sentence in this language, with the values in its {}."""
        return translating.say(sentence, *values, of="site", language=self.language)

    def to(self, page):
        """The address of a page from the one that is being written: of this language, or else of the English."""
        if self.home is None or page in self.known().values() or page.startswith(OWN):
            return posixpath.relpath(page + ".html", posixpath.dirname(self.here) or ".")
        return "../" * self.depth + page + ".html"

    def source(self, name, line=None):
        """The address of a source file's page."""
        return "../" * self.depth + link_to(name, line)

    def known(self):
        """{file of the repository: page} of this language."""
        course = {f"notebooks/{p.name}": f"course/{p.stem}" for p in notebooks.paths()}
        if self.home is None:
            return {**PAGES, **course}
        shared = {name: page for name, page in PAGES.items() if page == "gallery" or page.startswith("course/")}
        return {f"README.{self.language}.md": "about", **shared, **course}

    def rewritten(self, text, folder):
        """Markdown of the repository, from a file in `folder`, with its links and pictures as those of the site."""
        return MARKED.sub(lambda m: self._link(folder, *m.groups()) if m[3] else m[0], _joined(text))

    def _link(self, folder, picture, words, address):
        if re.match(r"[a-z]+:|#", address):
            return f"{picture}[{words}]({address})"
        path, _, anchor = address.partition("#")
        name = posixpath.normpath(posixpath.join(folder, path))
        if picture:
            return self._picture(name, words)
        if page := self.page_of(name):
            return f'<a href="{self.to(page)}{"#" + anchor if anchor else ""}">{words}</a>'
        if name.startswith("minigrad/"):
            name = next((n for n in (name, f"{name}.py", f"{name}/__init__.py") if n.endswith(".py")
                         and found(n).exists()), None)
            return f'<a href="{self.source(name)}">{words}</a>' if name else words
        return words                        # the tests, say, which are no part of the site

    def buttons(self, notebook):
        """A line of HTML that opens a notebook where it runs; "" without a place for it."""
        lite = None if self.lite is None else "../" * self.depth + self.lite
        below = "" if self.home is None else f"{self.language}/"
        row = buttons.row(below + notebook, lite, self.published, self.language)
        return re.sub(r"\[(.*?)\]\((.*?)\)", r'<a class="mg-button" href="\2">\1</a>', row)

    def page_of(self, name):
        """The page that a file of the repository is: in this language, or else in English."""
        own = self.known().get(name)
        return own or (self.home.page_of(name) if self.home else None)

    def _picture(self, name, words):
        path = found(name)
        if not path.exists():
            return f"*{words}*"
        data = path.read_bytes()
        kind = "mg-themed" if b"prefers-color-scheme" in data else "mg-lines"
        words = re.sub(r"\s+", " ", words).replace('"', "&quot;")
        return f'<img class="{kind}" alt="{words}" src="{self.keep(path.name, data)}">'

    def keep(self, name, data):
        """Keep a picture for the site; its address from the page that is being written.  All languages share them."""
        (self.home or self).files["figures/" + name] = data
        return "../" * self.depth + "figures/" + name


def _joined(text):
    """Lines that break between Chinese characters as one, but in code: a browser would show the break as a space."""
    return re.sub(r"(^```.*?^```|^#[^\n]*\n)|(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3400-\u9fff])",
                  lambda m: m[1] or "", text, flags=re.M | re.S)


def found(name):
    """Where a file of the repository lies: in a clone there, in an installation under share/minigrad or the package."""
    base = PACKAGE.parent if name.startswith("minigrad/") else notebooks.folder().parent
    return base / name
