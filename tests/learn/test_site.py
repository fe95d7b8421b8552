"""The site's pages as text, without Sphinx: all that is public is there, each link leads somewhere."""
import ast
import contextlib
import json
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg
from minigrad.commands.main import main
from minigrad.engine.op import REGISTRY
from minigrad.engine.ops.domains import NONZERO, POSITIVE, REAL, in_words
from minigrad.learn import buttons, lite, notebooks, translating
from minigrad.learn.site import builder, course, pages, places, reference, sources, table, wording
from minigrad.learn.site.edition import PAGES, Edition, found
from minigrad.support.errors import UsageError
from minigrad.testing.gallery import GALLERY


@pytest.fixture(scope="module")
def english():
    return Edition("en")


@pytest.fixture
def chinese(english):
    return Edition("zh", home=english)


# -- the reference -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def written(english):
    return reference.written(english)


def test_every_public_name_has_an_entry(written):
    text = "\n".join(written.values())
    entries = set(re.findall(r"\{py:\w+\} (minigrad[\w.]*)", text))
    wanted = {f"minigrad.{name}" for name in mg.FUNCTIONS} | {"minigrad.Tensor", "minigrad.grad", "minigrad.op"}
    for name in mg.PUBLIC:
        wanted |= {f"minigrad.{name}.{n}" for n in getattr(getattr(mg, name), "__all__", ())
                   if places._is_ours(getattr(getattr(mg, name), n))}
    assert wanted - entries == set() and len(entries) > 1000


def test_entries_say_what_docstrings_say(written):
    text = written["api/layers"]
    entry = text[text.index("minigrad.layers.Dense("):].partition("{py:")[0]
    assert "y = f(x W + b)" in entry and "Weights: kernel W (n, units), bias b (units,)." in entry
    text = written["api/ops.arithmetic"]
    entry = text[text.index("minigrad.divide("):].partition("{py:")[0]
    assert "a: all reals; b: all reals without 0" in entry and "da = g / b,  db = -g y / b" in entry


@pytest.mark.parametrize("page", places.pages(), ids=lambda page: page.title)
def test_sources_are_where_the_links_lead(page):
    for name, thing in page.names.items():
        path, line = places.source_of(thing, name)
        text = (notebooks.PACKAGE.parent / path).read_text(encoding="utf-8").splitlines()
        own = {name, getattr(thing, "__name__", name)}
        near = "\n".join(text[line - 1:line + 6])
        assert any(re.search(rf"\b{re.escape(n)}\b", near) for n in own), (name, path, line)


def test_docstrings_become_markdown():
    text = wording.markdown("""y = a*b_c, of <x>

    name        what it means, in
                two lines
    other       more

        mg.exp(x)      # an example

    1. is no list, `code` stays `a_b`
    """)
    assert text.startswith(r"y = a\*b\_c, of \<x\>")
    assert "* - name\n  - what it means, in two lines\n* - other\n  - more" in text
    assert "```python\nmg.exp(x)      # an example\n```" in text
    assert r"\1. is no list" in text and "`code` stays `a_b`" in text
    prose = wording.markdown("one.\n\nThe digits lie beside this.  The others are read.\nx: (n,) ink.  y: (n,).")
    assert "list-table" not in prose
    assert wording.formula("y = eˣ      dx = g y.") == ("y = eˣ", "dx = g y")


# -- the table ---------------------------------------------------------------------------------------------------------
def test_the_table_has_every_operation(english):
    english.here = "table"
    text = table.page(english)
    assert all(f"<code>{op.name}</code>" in text or f"`{op.name}`" in text for op in REGISTRY.values() if op.native)
    assert "Domain" not in text and f"{len([op for op in REGISTRY.values() if op.native])} in all" in text
    row = next(line for line in text.splitlines() if "<code>abs</code>" in line)
    assert r"| y = \|x\| | dx = g sign x<br>and 0 at x = 0 | all reals without 0 | 1 per element |" in row
    assert "gradient" in row


def test_domains_of_several_inputs_read_as_words():
    assert in_words(None, ["x"]) == "all reals" and in_words(POSITIVE, ["x"]) == "(0, inf)"
    assert in_words((REAL, NONZERO), ["a", "b"]) == "a: all reals; b: all reals without 0"
    assert in_words((REAL, REAL), ["a", "b"]) == "all reals"
    for op in REGISTRY.values():
        assert "Domain" not in in_words(op.domain, table.inputs_of(op))


def test_the_table_in_chinese(chinese):
    chinese.here = "table"
    text = table.page(chinese)
    assert "a: 全体实数; b: 全体实数 除去 0" in text and "all reals" not in text
    assert 'href="api/ops.arithmetic.html#minigrad.divide"' in text


# -- the course --------------------------------------------------------------------------------------------------------
def test_notebooks_name_what_they_use(english):
    book = notebooks.read(notebooks.paths(["03"])[0])
    names = course.used(book)
    assert names["check"] is mg.learn.check and names["mg.tensor"] is mg.tensor
    english.here = "course/03"
    text = course.read_on(book, english)
    path, line = places.source_of(mg.tensor, "tensor")
    assert f'href="../source/{path}.html#L-{line}"' in text and 'href="../api/engine.html#minigrad.tensor"' in text


def test_code_and_outputs_are_the_committed_ones(english, chinese):
    for edition in (english, chinese):
        edition.here = "course/00"
        book = notebooks.read(notebooks.paths(["00"])[0])
        page = course.as_page(book, edition)
        code = [notebooks.source(c) for c in page["cells"] if c["cell_type"] == "code"]
        assert code == [notebooks.source(c) for c in book["cells"] if c["cell_type"] == "code"]
        outputs = "".join(str(o) for c in page["cells"] for o in c.get("outputs", ()))
        assert "data:image/png" not in outputs and 'src="' + "../" * edition.depth + "figures/" in outputs
    assert english.files and chinese.files == {}        # both languages show the same files
    assert any(data[:4] == b"\x89PNG" for data in english.files.values())


def test_films_have_words_and_a_theme(english, chinese):
    book = notebooks.read(notebooks.paths(["25"])[0])
    for edition, words in ((english, "What the code above draws, as a film"), (chinese, "上面的代码画出的动画")):
        edition.here = "course/25"
        outputs = "".join(str(o) for c in course.as_page(book, edition)["cells"] for o in c.get("outputs", ()))
        assert f'<img class="mg-lines" alt="{words}" src="' in outputs and "Image object" not in outputs.replace(
            "<IPython.core.display.Image object>", "")


def test_links_of_the_repository_become_those_of_the_site(english, chinese):
    english.here = chinese.here = "course/03"
    name = notebooks.paths(["04"])[0].name
    text = f"[next]({name}) [words](glossary.md) [`tensor`](../minigrad/engine/tensor.py) [out](https://a.org) `[a](b)`"
    assert english.rewritten(text, "notebooks") == (
        f'<a href="{Path(name).stem}.html">next</a> <a href="glossary.html">words</a> '
        '<a href="../source/minigrad/engine/tensor.py.html">`tensor`</a> [out](https://a.org) `[a](b)`')
    assert f'<a href="{Path(name).stem}.html">next</a> <a href="glossary.html">' in chinese.rewritten(
        text, "notebooks") and '"../../source/minigrad/engine/tensor.py.html"' in chinese.rewritten(text, "notebooks")
    fenced = "```\n[a](b.md)\n```\n"
    assert english.rewritten(fenced + "[t](../tests/house/rooms.py)", "notebooks") == fenced + "t"


def test_lines_of_chinese_are_joined_in_prose_alone(chinese):
    rest = "\n\n# 标题\n文字\n```\n甲\n乙\n```\n| 表 |\n"
    assert chinese.rewritten("一行，\n二行\nthree\n四" + rest, "") == "一行，二行\nthree\n四" + rest


def test_every_link_of_the_repositorys_pages_is_known(english):
    made, absent = pages.repository(english)
    assert absent == [] and len(made) == sum(name.endswith('.md') for name in PAGES)
    known = {*made, *reference.written(english), *english.known().values(), "table", "index"}
    for place, text in made.items():
        for address in re.findall(r'href="([^"#]+)', re.sub(r"```.*?```", "", text, flags=re.S)):
            if not address.startswith("http"):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(place), address)).removesuffix(".html")
                assert target in known or target.removeprefix("source/") in sources.files(), (place, address)


def test_the_start_has_a_door_for_each_visitor(english, chinese):
    for edition, words in ((english, ("Follow the course", "Read the source", "Check your own")),
                           (chinese, ("跟着课程学", "读源代码", "检验你自己的"))):
        edition.here = "index"
        edition.pages = dict.fromkeys(["course/index", "table"], "")
        text = pages.start(edition)
        assert text.count('class="mg-door"') == 3 and all(w in text for w in words) and "import minigrad as mg" in text


# -- the gallery -------------------------------------------------------------------------------------------------------
def test_the_gallery_shows_each_rule_as_it_is_written():
    rules = pages._rules()
    assert rules.keys() == GALLERY.keys() and all(2 <= len(code) <= 3 for code in rules.values())
    for code in rules.values():
        assert all(ast.parse(part) for part in code)
    assert rules["cube without 3"] == ["lambda x, /: x ** 3", "lambda g, y, x: g * x ** 2"]
    page = pages.wrong({"cube without 3": "what is said"}, Edition("en"))
    assert "the factor 3 is missing" in page and "lambda g, y, x: g * x ** 2\n" in page and "\nwhat is said\n" in page


# -- the command -------------------------------------------------------------------------------------------------------
def test_what_is_missing_is_said_in_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(builder, "find_spec", lambda name: None if name == "furo" else name)
    assert main(["learn", "--site", str(tmp_path / "site")]) == 1
    assert capsys.readouterr().err.strip().splitlines()[-1] == \
        'minigrad: the site needs furo; run pip install "minigrad[site]"'
    assert not (tmp_path / "site").exists()


def test_without_the_extras_it_is_said_in_one_line(tmp_path):
    """Nothing that an extra brings is imported before it is known to be there."""
    names = "hypothesis", "sphinx", "myst_nb", "furo", "jupyterlite_core", "nbformat", "wheel"
    program = (f"import sys\nsys.modules.update(dict.fromkeys({names}))\nfrom minigrad.commands.main import main\n"
               "for option in ('--site', '--lite'):\n    assert main(['learn', option, 'pages']) == 1")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("minigrad: ")]
    assert len(lines) == 2 and "the site needs hypothesis, sphinx, " in lines[0] and '[site]"' in lines[0]
    assert "jupyterlite_core" in lines[1] and '[lite]"' in lines[1] and "Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["site", ".", "..", "site/../site/."])
def test_the_two_kinds_of_pages_lie_apart(place, monkeypatch, tmp_path, capsys):
    """It is told before the site is built, which takes minutes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lite, "NEEDED", ())
    assert main(["learn", "--site", "site", "--lite", place]) == 2
    assert f"--lite {Path(place)} holds --site site: give a folder inside" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_files_stays_as_it_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(builder, "find_spec", lambda name: name)
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["learn", "--site", str(tmp_path)]) == 2 and "holds other files" in capsys.readouterr().err
    assert main(["learn", "--site", str(tmp_path / "mine.txt")]) == 2 and "not a folder" in capsys.readouterr().err
    assert main(["learn", "--site", str(tmp_path / "mine.txt" / "site")]) == 2
    assert "can't write there" in capsys.readouterr().err
    assert main(["learn", "03", "--site", str(tmp_path / "new")]) == 2
    assert "leave out the number" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_notebooks_open_where_they_run():
    place = buttons.Published.at("https://github.com/me/pages/tree/main/lite")
    english = Edition("en", lite="lite", published=place)
    chinese = Edition("zh", home=english, lite="lite")
    english.here, chinese.here = "course/03", "course/03"
    row = english.buttons("03_a.ipynb")
    assert 'href="../lite/lab/index.html?path=03_a.ipynb">Open in the browser</a>' in row
    assert row.count("mg-button") == 3 and "colab" in row and "mybinder" in row
    row = chinese.buttons("03_a.ipynb")
    assert 'href="../../lite/lab/index.html?path=zh%2F03_a.ipynb">' in row and row.count("mg-button") == 1
    assert Edition("en").buttons("03_a.ipynb") == ""


def test_pages_that_are_not_installed_are_named(english, monkeypatch):
    monkeypatch.setattr(pages, "found", lambda name: found(name + "x" * (name == "CHANGELOG.md")))
    made, absent = pages.repository(english)
    assert absent == ["CHANGELOG.md"] and "changelog" not in made


def test_both_editions_are_made_with_a_bar_that_moves(monkeypatch):
    said = contextlib.nullcontext(lambda f, names: [f"said of {name}" for name in names])
    monkeypatch.setattr(builder, "workers", lambda jobs, count: said)
    few = notebooks.paths(["00", "03"])
    monkeypatch.setattr(notebooks, "paths", lambda names=(): few)
    monkeypatch.setattr(reference, "written", lambda edition: {"api/index": "# The API"})
    ticks, counts = [], []
    (english, chinese), remarks = builder.editions_of(
        ["en", "zh"], lambda count, words: counts.append(count) or (lambda: ticks.append(words) or True))
    assert counts == [len(GALLERY)] == [len(ticks)] and remarks == []
    assert "said of cube without 3" in english.pages["gallery"] and "said of cube without 3" in chinese.pages["gallery"]
    assert {"index", "about", "table", "terms", "course/index"} <= chinese.pages.keys()
    assert builder.counterparts(english, "table", [english, chinese]) == [("zh", "中文", "zh/table.html")]
    assert builder.counterparts(chinese, "course/index", [english, chinese])[0][2] == "../../course/index.html"


def test_languages_are_those_of_the_course():
    assert set(builder.LANGUAGES) >= {"en", *translating.languages()}
    with pytest.raises(UsageError):
        translating.known("xx")


# -- searching ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text, words", [
    ("反向传播", ["反向", "向传", "传播"]), ("公平", ["公平"]), ("用NumPy实现公平", ["NumPy", "实现", "现公", "公平"]),
    ("tanh的导数", ["tanh", "的导", "导数"]), ("x_1, 3 层", ["x_1"]), ("ab—c…", ["ab"]), ("", [])])
def test_chinese_words_are_found_also_beside_latin_letters(text, words):
    searching = pytest.importorskip("minigrad.learn.site.searching", reason='pip install "minigrad[site]"')
    assert searching.Pairs.split(None, text) == words
    if node := shutil.which("node"):        # what is searched for is split in the page
        program = f"{searching.SPLITTER}\nconsole.log(JSON.stringify(splitQuery({json.dumps(text)})))"
        assert json.loads(subprocess.run([node, "-e", program], capture_output=True, check=True).stdout) == words
