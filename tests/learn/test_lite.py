"""The course for browsers: buttons, wheels, what is refused; and the whole of it, built."""
import base64
import csv
import hashlib
import json
import re
import zipfile
from email.parser import Parser
from urllib.parse import unquote

import pytest
from packaging.requirements import Requirement

from minigrad.commands.main import main
from minigrad.learn import buttons, lite, notebooks, translating
from minigrad.support.errors import Failure, UsageError
from minigrad.support.files import replaced_folder

PLACE = buttons.Published("someone", "minigrad", "gh-pages", "lite")
PATHS = notebooks.paths()


# -- buttons -----------------------------------------------------------------------------------------------------------
def test_the_address_of_what_is_published():
    assert buttons.Published.at("https://github.com/someone/minigrad/tree/gh-pages/lite") == PLACE
    assert buttons.Published.at("https://github.com/a/b.c/tree/main/") == buttons.Published("a", "b.c", "main")


@pytest.mark.parametrize("address", [
    "", "minigrad", "https://github.com/someone/minigrad", "http://github.com/a/b/tree/main", "https://github.com/a/b/tree/",
    "https://gitlab.com/a/b/tree/main", "https://github.com/a/b/tree/main/x y", "https://github.com/a/b/tree/main)](x",
    "https://github.com/a/b/tree/main?x=1", "https://github.com/a/b/tree/main\n"])
def test_other_addresses_are_refused(address):
    with pytest.raises(UsageError, match="not of the form https://github.com/OWNER/NAME/tree/BRANCH/FOLDER"):
        buttons.Published.at(address)


def test_a_row_of_buttons():
    row = buttons.row("zh/03_a.ipynb", "../lite/", PLACE)
    addresses = re.findall(r"\[([^]]+)\]\(([^)]+)\)", row)
    assert [unquote(address) for _, address in addresses] == [
        "../lite/lab/index.html?path=zh/03_a.ipynb",
        "https://colab.research.google.com/github/someone/minigrad/blob/gh-pages/lite/files/zh/03_a.ipynb",
        "https://mybinder.org/v2/gh/someone/minigrad/gh-pages?labpath=lite/files/zh/03_a.ipynb"]
    assert buttons.row("a.ipynb") == "" and buttons.row("a.ipynb", ".").count("](") == 1


# -- notebooks ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("published", [None, PLACE])
def test_only_the_start_is_new(published):
    book = notebooks.read(PATHS[5])
    made = lite.with_start(book, "[a](b)" if published else "", published)
    kept = [cell for cell in made["cells"] if cell["id"] not in ("buttons", "install")]
    assert [(c["id"], c["source"]) for c in kept] == [(c["id"], notebooks.source(c)) for c in book["cells"]]
    new = [cell for cell in made["cells"] if cell not in kept]
    assert [c["id"] for c in new] == ["buttons", "install"] if published else ["install"]
    assert ("git+https://github.com/someone/minigrad" in new[-1]["source"]) == bool(published)
    assert made["cells"][0]["id"] == book["cells"][0]["id"] and book == notebooks.read(PATHS[5])
    texts = [o.get("text", o.get("data", {}).get("text/plain", "")) for c in kept for o in c.get("outputs", ())]
    assert texts and all(isinstance(text, str) for text in texts)


def test_what_cannot_run_in_a_browser_is_said_in_its_notebook():
    said = {path.name[:2] for path in PATHS if lite.not_here(notebooks.read(path))}
    assert {"13", "22"} <= said and not said & {f"{n:02}" for n in range(12)}


# -- wheels ------------------------------------------------------------------------------------------------------------
def check_wheel(path):
    """A wheel is pure Python, and its files are those that its record names, with their hashes."""
    assert path.name.endswith("-none-any.whl")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        assert "Root-Is-Purelib: true" in archive.read(f"{info}/WHEEL").decode()
        record = {row[0]: row[1] for row in csv.reader(archive.read(f"{info}/RECORD").decode().splitlines())}
        assert set(record) == names
        for name, digest in record.items():
            if name != f"{info}/RECORD":
                found = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                assert digest == f"sha256={found}", name
        return names, Parser().parsestr(archive.read(f"{info}/METADATA").decode())


def test_minigrads_own_wheel(tmp_path):
    pytest.importorskip("wheel.wheelfile", reason='pip install "minigrad[lite]"')
    path = lite.write_own_wheel(tmp_path)
    names, about = check_wheel(path)
    files = {f"minigrad/{p.relative_to(notebooks.PACKAGE).as_posix()}" for p in notebooks.PACKAGE.rglob("*")
             if p.is_file() and p.suffix != ".pyc"}
    share = {name.rpartition("/notebooks/")[2] for name in names if ".data/" in name}
    assert files == {name for name in names if name.startswith("minigrad/")}
    assert {p.name for p in PATHS} | {"zh/check.json", "zh/terms.json", "zh/00.json"} <= share
    assert about["Name"] == "minigrad" and path.stat().st_size < 2e6


# -- what is refused ---------------------------------------------------------------------------------------------------
def distribution(folder, lacking=(), damaged=()):
    """A folder that looks like a distribution of Pyodide."""
    packages = {}
    for name in [*lite.FROM_PYODIDE, "pure_eval"]:
        data = name.encode()
        packages[name] = {"file_name": f"{name}.whl", "sha256": hashlib.sha256(data).hexdigest(),
                          "depends": ["pure-eval"] if name == "ipython" else []}
        if name not in lacking:
            (folder / f"{name}.whl").write_bytes(data + b"x" * (name in damaged))
    (folder / "pyodide.mjs").touch()
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    return str(folder)


def test_pyodide_is_taken_whole_or_not_at_all(tmp_path):
    (folder := tmp_path / "pyodide").mkdir()
    with pytest.raises(UsageError, match="has no pyodide.mjs and no pyodide-lock.json"):
        lite.bring(str(folder), tmp_path)
    with pytest.raises(Failure, match="lacks numpy, pure-eval: take the full one"):
        lite.bring(distribution(folder, lacking=("numpy", "pure_eval")), tmp_path)
    with pytest.raises(Failure, match="numpy.whl is damaged"):
        lite.bring(distribution(folder, damaged=("numpy",)), tmp_path)
    assert lite.bring(distribution(folder), tmp_path) == "./static/pyodide/pyodide.mjs"
    assert (tmp_path / "static/pyodide/pure_eval.whl").is_file()
    (folder / "pyodide-lock.json").write_text("[1")
    with pytest.raises(Failure, match="pyodide-lock.json"):
        lite.bring(str(folder), tmp_path)


def test_pyodide_from_an_address(tmp_path):
    address = "https://example.org/pyodide/v1/full/pyodide.mjs"
    assert lite.bring(address, tmp_path) == address
    with pytest.raises(UsageError, match="must end in /pyodide.mjs"):
        lite.bring("https://example.org/pyodide/", tmp_path)


def test_a_folder_of_other_things_stays(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("a life's work")
    with pytest.raises(UsageError, match="holds other files"), replaced_folder(tmp_path / "other", "mark"):
        pass
    with pytest.raises(UsageError, match="not a folder"), replaced_folder(tmp_path / "other" / "thesis.tex", "mark"):
        pass
    with pytest.raises(ZeroDivisionError), replaced_folder(tmp_path / "new", "mark") as new:
        (new / "half").write_text("a page")
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["other"]
    def full_disk(*_):
        raise OSError(28, "No space left on device")
    for number in "12":
        with replaced_folder(tmp_path / "new", "mark") as new:
            (new / number).touch()
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"mark", "2"}
    monkeypatch.setattr("minigrad.support.files._flush_to_disk", full_disk)
    with pytest.raises(OSError, match="No space"), replaced_folder(tmp_path / "new", "mark"):
        pass
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"mark", "2"}              # as it was
    assert {p.name for p in tmp_path.iterdir()} == {"other", "new"}


@pytest.mark.parametrize("arguments, code, words", [
    (["--pyodide", "x"], 2, "belong to --lite"), (["--published", "x"], 2, "belong to --lite"),
    (["--lite", "DIR", "--published", "x"], 2, "not of the form")])
def test_the_command(arguments, code, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lite, "NEEDED", ())
    assert main(["learn", *arguments]) == code and words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lite, "NEEDED", ("no_such_package",))
    assert main(["learn", "--lite", str(tmp_path / "x")]) == 1
    assert 'need no_such_package; run pip install "minigrad[lite]"' in capsys.readouterr().err


# -- the whole ---------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def built(tmp_path_factory):
    for name in lite.NEEDED:
        pytest.importorskip(name, reason='pip install "minigrad[lite]"')
    folder = tmp_path_factory.mktemp("lite") / "pages"
    lite.build(folder, published="https://github.com/someone/minigrad/tree/gh-pages/lite")
    return folder


IN_PYODIDE = {"extra": "", "python_version": "3.14", "sys_platform": "emscripten", "platform_system": "Emscripten"}


@pytest.mark.slow
def test_every_wheel_is_there_pure_and_unharmed(built):
    settings = json.loads((built / "jupyter-lite.json").read_text())["jupyter-config-data"]["litePluginSettings"]
    settings = settings[f"{lite.KERNEL}:kernel"]
    assert settings["disablePyPIFallback"] and len(settings["pipliteUrls"]) == 2
    needed, brought = set(), {lite.canonical(name) for name in lite.FROM_PYODIDE}
    for address in settings["pipliteUrls"]:
        name, _, digest = address.partition("?sha256=")
        index = built / name
        assert hashlib.sha256(index.read_bytes()).hexdigest() == digest
        for package, about in json.loads(index.read_text()).items():
            brought.add(lite.canonical(package))
            for files in about["releases"].values():
                for file in files:
                    wheel = index.parent / file["url"]
                    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == file["digests"]["sha256"]
                    wanted = map(Requirement, check_wheel(wheel)[1].get_all("Requires-Dist", ()))
                    needed |= {lite.canonical(one.name) for one in wanted
                               if one.marker is None or one.marker.evaluate(IN_PYODIDE)}
    assert needed <= brought, needed - brought


@pytest.mark.slow
def test_the_notebooks_are_the_committed_ones(built):
    for language in ["en", *translating.languages()]:
        for path in PATHS:
            book = notebooks.read(path)
            if language != "en":
                book = translating.translated(book, language, path.name[:2])
            made = notebooks.read(built / "files" / ("" if language == "en" else language) / path.name)
            cells = [cell for cell in made["cells"] if cell["id"] not in ("buttons", "install")]
            assert [notebooks.source(c) for c in cells] == [
                notebooks.LINK.sub(r"](source/\1)", notebooks.source(c)) for c in book["cells"]]
            assert [c["id"] for c in made["cells"][1:3]] == ["buttons", "install"]


@pytest.mark.slow
def test_links_and_lists_lead_to_files(built):
    for listing in (built / "api" / "contents").rglob("all.json"):
        for item in json.loads(listing.read_text())["content"]:
            assert (built / "files" / item["path"]).exists(), item["path"]
            assert not (item["name"].endswith(".gz") and "text" in item["mimetype"])        # bytes stay bytes
    for page in (built / "files").rglob("*.ipynb"):
        for target in re.findall(r"\]\(([\w./]+\.(?:ipynb|md|py))\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


@pytest.mark.slow
def test_nothing_is_asked_of_other_places_but_pyodide(built):
    """What the pages load by themselves: addresses in the pages, their styles and settings."""
    for page in [*built.rglob("*.html"), *built.rglob("*.css"), *built.glob("*.json")]:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"(?:src|href)=.?https?://[^\"'> ]+\.(?:js|css|woff2?)|url\(.?https?://", text), page


@pytest.mark.slow
def test_binder_installs_what_the_notebooks_need(built):
    assert (built / "binder/requirements.txt").read_text() == \
        "minigrad[notebooks] @ git+https://github.com/someone/minigrad\n"
    assert (built / "binder/runtime.txt").read_text() == "python-3.12\n"


@pytest.mark.slow
def test_it_replaces_itself(built):
    (built / "stale").touch()
    lite.build(built)
    assert not (built / "stale").exists() and not (built / "binder").exists()
