"""The source files as pages, with a name for every line: what the course and the reference link to."""
from ..notebooks import PACKAGE


def page_of(name):
    """The page of a source file, minigrad/engine/tensor.py, without its ending."""
    return f"source/{name}"


def link_to(name, line=None):
    """Its address below the site's root."""
    return page_of(name) + ".html" + (f"#L-{line}" if line and line > 1 else "")


def files():
    """The names of all source files of the package."""
    return sorted(path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*.py"))


# without the list of all pages, which takes a second and 30 kB on each of some 300 files
BARE = {"parents": [], "display_toc": False, "toctree": lambda **options: "",
        "sidebars": ["sidebar/brand.html", "sidebar/search.html"]}


def collected(app):
    """For Sphinx' html-collect-pages: (page, context, template) of each file."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer
    look = HtmlFormatter(linenos="inline", linespans="L", cssclass="highlight mg-source")
    for name in files():
        code = (PACKAGE.parent / name).read_text(encoding="utf-8")
        body = f"<h1>{name}</h1>\n{highlight(code, PythonLexer(), look)}"
        yield page_of(name), {"title": name, "body": body, **BARE}, "page.html"
