"""All pages of the site, written as Markdown and notebooks into a temporary folder, and set by Sphinx from there."""
import gettext
import io
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import minigrad

from ...support.errors import Failure
from ...support.files import replaced_folder
from ...testing.gallery import GALLERY
from ...testing.survey import workers
from ...viz.svg import COLOURS, STROKES
from .. import buttons, translating
from . import course, pages, reference, sources, table
from .edition import Edition

NEEDED = ("hypothesis", "sphinx", "myst_nb", "furo", "sphinx-mathjax-offline")
MARK = "minigrad-site.txt"                  # in the folder of a site: by it a folder that may be replaced is known
MATHJAX = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts")


def build(target, progress=lambda total, words: lambda: None, languages=None, lite=None,
          published=None):
    """Build the site in the folder `target`, which must be new, empty or an earlier site; remarks, a list of lines.

    progress    progress(how many steps, words) -> what is called after each
    languages   beside English (default: all that there are)
    lite        the way from the site to the pages of --lite; with it the notebooks have a button that opens them there
    published   the address on GitHub where those lie; with it there are buttons for Colab and Binder
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Failure(f'the site needs {", ".join(missing)}; run pip install "minigrad[site]"')
    target, place = Path(target), buttons.Published.at(published) if published else None
    languages = translating.languages() if languages is None else languages
    with replaced_folder(target, MARK) as new, tempfile.TemporaryDirectory() as work:
        editions, remarks = editions_of(["en", *languages], progress, lite, place)
        for edition in editions:
            remarks += _typeset(edition, editions, Path(work) / edition.language, new, progress)
        for name, data in editions[0].files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(data)
        _mathjax(new / "_static" / "mathjax")
        (new / MARK).write_text(f"The site of minigrad {minigrad.__version__}, made by minigrad learn --site\n",
                                encoding="utf-8")
    return remarks


def editions_of(languages, progress, lite=None, published=None):
    """The editions with all their pages as text; and remarks: which pages of the repository are not there."""
    with workers(min(4, os.cpu_count() or 1), len(GALLERY)) as mapped:
        verdicts = mapped(pages.verdict, GALLERY)               # begun here, and waited for at the end
        english, remarks = Edition("en", lite=lite, published=published), []
        editions = [english, *(Edition(language, home=english, lite=lite, published=published)
                               for language in languages if language != "en")]
        for edition in editions:
            made, missing = pages.repository(edition)
            remarks += [f"without {name}, which is not installed" for name in missing]
            made |= course.chapters(edition)
            edition.here = "table"
            made["table"] = table.page(edition)
            made |= reference.written(edition)
            if edition is not english:
                edition.here = "terms"
                made["terms"] = pages.terms(edition)
            edition.pages = made
        tick, said = progress(len(GALLERY), "gallery"), {}
        for name, verdict in zip(GALLERY, verdicts):
            said[name] = verdict
            tick()
    for edition in editions:
        edition.pages["gallery"] = pages.wrong(said, edition)
        edition.here = "index"
        edition.pages["index"] = pages.start(edition)
    return editions, remarks


# -- Sphinx ------------------------------------------------------------------------------------------------------------
BAR = ["sidebar/brand.html", "sidebar/search.html", "language.html", "sidebar/scroll-start.html",
       "sidebar/navigation.html", "sidebar/scroll-end.html"]


def settings(edition):
    """What conf.py says."""
    here, abroad = Path(__file__).parent, edition.home is not None
    return {
        "project": "minigrad", "html_title": "minigrad", "release": minigrad.__version__,
        "language": {"zh": "zh_CN"}.get(edition.language, edition.language),
        "html_search_language": {"zh": "pairs"}.get(edition.language, "en"),
        "extensions": ["myst_nb", "sphinx.ext.mathjax"], "suppress_warnings": ["myst.header"],
        "nb_execution_mode": "off", "nb_merge_streams": True, "highlight_language": "text",
        "myst_enable_extensions": ["dollarmath", "amsmath"], "myst_heading_anchors": 3,
        "mathjax_path": "../../_static/mathjax/tex-chtml.js" if abroad else "mathjax/tex-chtml.js",
        "mathjax3_config": {"options": {"enableMenu": False}},
        "html_theme": "furo", "html_theme_options": {"navigation_with_keys": True, "top_of_page_buttons": []},
        "pygments_style": "a11y-high-contrast-light", "pygments_dark_style": "a11y-high-contrast-dark",
        "templates_path": [str(here / "templates")], "html_static_path": [str(here / "static")],
        "html_css_files": ["site.css", "drawings.css"],
        "html_sidebars": {"**": BAR},
        "html_use_index": not abroad, "html_domain_indices": False, "html_show_copyright": False,
        "html_show_sourcelink": False, "html_copy_source": False, "toc_object_entries_show_parents": "hide",
    }


def _typeset(edition, editions, work, new, progress):
    """Write the pages of an edition to `work`, and let Sphinx set them."""
    from sphinx import locale
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.search import languages
    from sphinx.util.console import nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils
    for place, text in edition.pages.items():
        path = work / "source" / f"{place}{'.ipynb' if text.startswith('{') else '.md'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    conf = "".join(f"{name} = {value!r}\n" for name, value in settings(edition).items())
    (work / "source" / "conf.py").write_text(conf, encoding="utf-8")
    out = work / "html"                     # beside it MyST leaves a folder of its own
    more = len(sources.files()) if edition.home is None else 0
    tick = progress(2 * len(edition.pages) + more, edition.language)
    warnings = io.StringIO()
    nocolor()
    languages["pairs"] = "minigrad.learn.site.searching.Pairs"
    with docutils_namespace(), patch_docutils():
        app = Sphinx(work / "source", work / "source", out, work / "doctrees", "html", status=None, warning=warnings)
        if edition.home is not None:
            locale.translators["general", "sphinx"].add_fallback(FromCatalogue(edition.say))
        for event in ("source-read", "html-page-context"):
            app.connect(event, lambda *_: None if tick() else None)     # a page's event would take True for a template
        app.connect("html-page-context", lambda app, name, template, context, doctree: context.update(
            counterpart=counterparts(edition, name, editions)))
        if edition.home is None:
            app.connect("html-collect-pages", sources.collected)
        try:
            app.build()
        except SphinxError as error:
            raise Failure(f"Sphinx could not make the site: {' '.join(str(error).split())}") from error
    (out / "_static" / "drawings.css").write_text(drawings(), encoding="utf-8")
    shutil.copytree(out, new if edition.home is None else new / edition.language, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("_sources", ".buildinfo", "objects.inv"))
    return [f"Sphinx: {line}" for line in warnings.getvalue().splitlines() if line.strip()]


class FromCatalogue(gettext.NullTranslations):
    """The theme's few words in a language that it does not have."""

    def __init__(self, say):
        super().__init__()
        self.words = {"Next": say("Next"), "Previous": say("Previous"), "Home": say("Home"),
                      "On this page": say("On this page"), "Back to top": say("Back to top"),
                      "Skip to content": say("Skip to content")}

    def gettext(self, message):
        return self.words.get(message, message)


LANGUAGES = {"en": "English", "zh": "中文"}


def counterparts(edition, name, editions):
    """[(language, its own name, address)] of a page in the other languages; the start where it has no such page."""
    up = "../" * (name.count("/") + (edition.home is not None))
    found, anywhere = [], name == "search"
    for other in editions:
        if other is not edition and (anywhere or name in other.pages or other.home is None or edition.pages.get(name)):
            page = name if anywhere or name in other.pages else "index"
            folder = "" if other.home is None else f"{other.language}/"
            found.append((other.language, LANGUAGES.get(other.language, other.language), f"{up}{folder}{page}.html"))
    return found


def drawings():
    """The colours of drawings, which otherwise follow the reader's system, as those of the theme that was chosen."""
    def rules(which):
        theme = ("light", "dark")[which]
        return "".join(f"body[data-theme={theme}] .mg .mg-{name}{{{'stroke' if name in STROKES else 'fill'}:"
                       f"{pair[which]}}}\n" for name, pair in COLOURS.items())
    return rules(0) + rules(1)


def _mathjax(place):
    """MathJax: what sets TeX in HTML, its fonts and the extensions that a formula may call for."""
    home = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for name in MATHJAX:
        if (home / name).is_dir():
            shutil.copytree(home / name, place / name)
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(home / name, place / name)
