"""Buttons that open a notebook where nothing need be installed: in the browser itself, on Colab, on Binder.

What they open are the notebooks that `minigrad learn --lite` makes, in both languages.  The first needs the address of
its pages; Colab and Binder take notebooks from GitHub, from the branch in which the pages are published.
"""
import re
from dataclasses import dataclass
from urllib.parse import quote

from ..support.errors import UsageError
from .translating import say

ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)/tree/([\w.-]+)((?:/[\w.-]+)*)/?")


@dataclass(frozen=True)
class Published:
    """Where on GitHub the folder of a lite site lies: https://github.com/OWNER/NAME/tree/BRANCH/FOLDER."""
    owner: str
    name: str
    branch: str
    folder: str = ""

    @classmethod
    def at(cls, address):
        """From the address of the folder; UsageError for any other."""
        if not (found := ADDRESS.fullmatch(address)):
            raise UsageError(f"--published {address}: not of the form https://github.com/OWNER/NAME/tree/BRANCH/FOLDER")
        return cls(*found.groups()[:3], found[4].strip("/"))

    def file(self, notebook):
        """The path of a notebook in the branch."""
        return "/".join(filter(None, [self.folder, "files", notebook]))

    def colab(self, notebook):
        return (f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{self.branch}/"
                f"{quote(self.file(notebook))}")

    def binder(self, notebook):
        return (f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{self.branch}"
                f"?labpath={quote(self.file(notebook), safe='')}")

    @property
    def requirement(self):
        """minigrad for pip, from the repository."""
        return f"@ git+https://github.com/{self.owner}/{self.name}"


def row(notebook, lite=None, published=None, language="en"):
    """A line of Markdown with the buttons of a notebook such as "zh/03_the_derivative_table.ipynb"; "" without any.

    lite        the address of a lite site, as seen from the page on which the buttons are
    published   where that site lies on GitHub: a Published
    """
    found = {}
    if lite is not None:
        page = f"{lite.rstrip('/')}/lab/index.html?path={quote(notebook, safe='')}"
        found[say("Open in the browser", language=language)] = page
    if published:
        found[say("Open on Colab", language=language)] = published.colab(notebook)
        found[say("Open on Binder", language=language)] = published.binder(notebook)
    return " · ".join(f"[{words}]({address})" for words, address in found.items())
