"""The whole site in a headless Chromium: nothing fails, formulas are set, search finds, links lead somewhere.

`pytest -m browser`; MINIGRAD_SITE names a folder with a site that is built already, MINIGRAD_CHROMIUM the browser.  The
site that is built here has eight entries of the gallery: running its checks takes most of the time of a whole one.
"""
import contextlib
import io
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest

from minigrad.commands.main import main
from minigrad.learn import notebooks, translating
from minigrad.learn.site import builder

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("MINIGRAD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
LOOKS = [(scheme, size) for size in (DESK, PHONE) for scheme in ("light", "dark")]
ONE_SOURCE = "source/minigrad/engine/tensor.py.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site."""
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt-get install chromium, or name one in MINIGRAD_CHROMIUM")
    pytest.importorskip("playwright.sync_api", reason='pip install "minigrad[browser]"')
    if built := os.environ.get("MINIGRAD_SITE"):
        return Path(built)
    folder = tmp_path_factory.mktemp("site") / "site"
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(builder, "GALLERY", dict(list(builder.GALLERY.items())[:8]))
        assert main(["learn", "--site", str(folder)]) == 0
    assert "minigrad: " not in said.getvalue()      # no warning of Sphinx, no page missing
    assert list(folder.parent.iterdir()) == [folder] and not list(folder.rglob("jupyter_execute"))
    return folder


@pytest.fixture(scope="module")
def browser(site):
    from playwright.sync_api import sync_playwright
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def places(site):
    """All pages but those that are many and alike: of source files there is one, of the reference in Chinese two."""
    found = sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html"))
    alike = re.compile(r"source/|\w\w/api/(?!index|layers)")
    return [p for p in found if not alike.match(p) or p == ONE_SOURCE]


@pytest.fixture(scope="module")
def seen(site, browser):
    """{(page, colours, width): what was found on it}: each is opened once, and looked at in four ways."""
    found, noise, page = {}, [], browser.new_page()
    page.on("console", lambda said: noise.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("requestfailed", lambda request: noise.append(f"not there: {request.url}"))
    page.on("request", lambda request: noise.append(f"from the network: {request.url}")
            if not request.url.startswith(("file:", "data:", "blob:")) else None)
    for place in places(site):
        noise.clear()
        page.goto((site / place).as_uri())
        page.add_style_tag(content="* { transition: none !important }")     # colours are what they will be
        page.evaluate("""async () => {
            for (const image of document.images) image.loading = "eager";
            if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
            await Promise.all([...document.images].map(i => i.decode().catch(() => null)));
        }""")
        for scheme, size in LOOKS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            found[place, scheme, size["width"]] = page.evaluate(LOOK) | {"noise": list(noise)}
    page.close()
    return found


LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")


def faults(seen, of):
    """{(page, colours, width): what is wrong} of all pages that have such a fault."""
    return {page: wrong for page, what in seen.items() if (wrong := of(what))}


def test_no_errors_and_no_request_beyond_the_site(seen):
    assert len(seen) > 500 and faults(seen, lambda page: page["noise"]) == {}


def test_formulas_are_set(seen):
    assert sum(page["formulas"] for page in seen.values()) > 1000
    assert faults(seen, lambda page: page["unset"]) == {}


def test_every_picture_is_there_and_has_words(seen):
    assert sum(page["pictures"] for page in seen.values()) > 300
    assert faults(seen, lambda page: page["broken"] + page["wordless"]) == {}


def test_contrast_in_both_themes_and_widths(seen):
    """At least 4.5:1, and 3:1 of large letters, as WCAG 2.2 has it."""
    assert faults(seen, lambda page: page["faint"]) == {}


def test_nobody_need_scroll_sideways(seen):
    assert faults(seen, lambda page: page["wide"]) == {}


def test_no_dead_links(site):
    pages = {p.relative_to(site).as_posix(): p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    names = {place: set(re.findall(r'\bid="([^"]+)"', text)) | {""} for place, text in pages.items()}
    dead = set()
    for place, text in pages.items():
        for link in set(re.findall(r'<(?:a|link|img|script)\b[^>]*?\b(?:href|src)="([^"]+)"', text)):
            target, anchor = urldefrag(urljoin("http://site/" + place, link.replace("&amp;", "&")))
            target = unquote(target.partition("?")[0])
            if target.startswith("http://site/"):
                target = target.removeprefix("http://site/")
                if not (site / target).is_file() or target in names and unquote(anchor) not in names[target]:
                    dead.add((place, link))
    assert not dead


def test_what_is_looked_for_is_seen(browser):
    """A page with one fault of each kind."""
    page = browser.new_page(viewport=PHONE)
    page.set_content("""<article style="background: white"><p style="color: #777">ratio 4.48</p>
        <p style="color: #767676">ratio 4.54</p><h1 style="color: #949494">large, 3.03</h1><img src="data:,nothing">
        <span class="math">\\(x\\)</span><div style="width: 500px">too wide</div></article>""")
    found = page.evaluate(LOOK)
    page.close()
    assert [text.partition(" ")[0] for text in found["faint"]] == ["4.48"] and len(found["broken"]) == 1
    assert len(found["wordless"]) == 1 and len(found["unset"]) == 1 and "DIV too wide" in found["wide"]


@pytest.mark.parametrize("where, words, wanted", [
    ("", "tanh", "minigrad.tanh"), ("", "MultiHeadAttention", "minigrad.layers.MultiHeadAttention"),
    ("", "proteins alphafold", "14 · Proteins"), ("", "derivative table", "The derivative table"),
    ("zh/", "反向传播", "神经元"), ("zh/", "公平", "公平"), ("zh/", "tanh", "minigrad.tanh")])
def test_search_finds(site, browser, where, words, wanted):
    page = browser.new_page()
    page.goto((site / where / "search.html").as_uri() + f"?q={words}")
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 0", timeout=20_000)
    page.wait_for_timeout(1000)
    assert wanted in page.inner_text("#search-results")
    page.close()


def test_the_theme_that_is_chosen_is_that_of_the_figures(site, browser):
    context = browser.new_context(color_scheme="light", viewport=DESK)
    page = context.new_page()
    page.goto((site / "course" / f"{notebooks.paths(['00'])[0].stem}.html").as_uri())
    look = """() => [getComputedStyle(document.querySelector('.mg .mg-page')).fill,
                     getComputedStyle(document.querySelector('img.mg-lines')).filter]"""
    before = page.evaluate(look)
    page.evaluate("document.body.dataset.theme = 'dark'")
    after = page.evaluate(look)
    assert before == ["rgb(255, 255, 255)", "none"] and after[0] == "rgb(20, 24, 29)" and "invert" in after[1]
    context.close()


def test_each_page_leads_to_its_other_languages(site, browser):
    page = browser.new_page()
    for path in notebooks.paths(["00", "25"]):
        for language in translating.languages():
            page.goto((site / "course" / f"{path.stem}.html").as_uri())
            for tongue, folder in ((language, f"{language}/"), ("en", "")):
                with page.expect_navigation():
                    page.click(f"a[hreflang={tongue}]")
                assert page.url == (site / folder / "course" / f"{path.stem}.html").as_uri()
                assert page.get_attribute("html", "lang").startswith(tongue)
    page.close()
