"""The course in another language: nothing stale, nothing lost, and the code is the English course's."""
import json
import re

import pytest

from minigrad.commands.main import main
from minigrad.learn import check, companions, notebooks, proofreading, translating
from minigrad.learn.checking import EXERCISES
from minigrad.support.errors import UsageError

CATALOGUES = [(language, path.stem) for language in translating.languages()
              for path in sorted((notebooks.folder() / language).glob("*.json")) if path.stem != "terms"]
ALL = [*(p.name[:2] for p in notebooks.paths()), *sorted([*proofreading.SENTENCES, *companions.names()])]
WHOLE = ("zh",)
each = pytest.mark.parametrize(("language", "name"), CATALOGUES)


@each
def test_catalogues_are_whole_and_of_the_english_text(language, name):
    """Every text is translated, none is of a text that has changed, none has lost a formula, code span or link."""
    assert name in ALL
    left = proofreading.state(language, name)
    assert not any(left.values()), json.dumps(left, ensure_ascii=False, indent=1)


@pytest.mark.parametrize("language", WHOLE)
def test_every_notebook_is_translated(language):
    assert [name for tongue, name in CATALOGUES if tongue == language] == ALL


@each
def test_only_markdown_differs(language, name):
    if not name.isdigit():
        return
    english = notebooks.read(notebooks.paths([name])[0])
    other = translating.translated(english, language, name)
    changed = 0
    for a, b in zip(english["cells"], other["cells"], strict=True):
        if a["cell_type"] == "code":
            assert json.dumps(a) == json.dumps(b)
        else:
            assert {**a, "source": 0} == {**b, "source": 0}
            changed += a["source"] != b["source"]
    assert changed and other["metadata"] == english["metadata"]
    assert notebooks.fingerprint(notebooks.solved(other)) == notebooks.fingerprint(notebooks.solved(english))


@pytest.mark.parametrize("language", translating.languages())
def test_terms_are_used(language):
    """Each English term that a text explains in brackets, 导数（derivative）, has the glossary's word before it."""
    terms = json.loads((notebooks.folder() / language / "terms.json").read_text(encoding="utf-8"))
    assert len(terms) >= 150 and all(map(str.strip, terms.values()))
    for name in (n for tongue, n in CATALOGUES if tongue == language):
        for text in translating.catalogue(language, name).values():
            for word, term in re.findall(r"([^\s，。：；（]+)（([a-z][a-z -]+)）", text):
                if term in terms:
                    assert word.strip("*").endswith(terms[term]), f"{name}: {term} is {terms[term]}, not {word}"


@pytest.mark.parametrize(("broken", "told"), [
    ("见 $x^3$ 与 `exp`：[它](a.ipynb)", "formula '$x^2$' is missing"),
    ("见 $x^2$ 与 exp：[它](a.ipynb)", "code '`exp`' is missing"),
    ("见 $x^2$ 与 `exp`：[它](b.ipynb)", "link '](b.ipynb)' is not in the English"),
    ("## 见 $x^2$ 与 `exp`：[它](a.ipynb)", "heading '##' is not in the English"),
    ("**见：**这里 $x^2$ 与 `exp`：[它](a.ipynb)", "behind the stars"),
    ("见 $x^2$ 与 `exp`：[它](a.ipynb) <b>", "tag '<b>' is not"),
    ("[它](a.ipynb)：**见** `exp` 与 $x^2$", ""),
])
def test_what_a_translation_lost_is_told(broken, told):
    found = proofreading.differing("see $x^2$ and `exp`: [it](a.ipynb)", broken)
    assert told in found and bool(told) == bool(found)


def test_pages_beside_the_notebooks_are_the_english_ones_in_chinese():
    for name in companions.names():
        text = (notebooks.folder() / f"{name}.md").read_text(encoding="utf-8")
        other = companions.in_language(text, "zh", name)
        assert companions.in_language(text, "en", name) == text
        assert re.findall(r"\]\([^)]+\)|^```.*?^```|^\|", other, re.M | re.S) == \
            re.findall(r"\]\([^)]+\)|^```.*?^```|^\|", text, re.M | re.S)
        prose = re.sub(r"```.*?```|`[^`]*`|\([^)]*\)|（[^）]*）", "", other, flags=re.S)
        assert len(re.findall(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", prose)) == 0, name     # no line has stayed English
    assert "| [00 · 什么是导数](00_what_a_derivative_is.ipynb) | 15 |  | `cube`: x³ 的导数是 3x²; " in other


def test_words_in_formulas_may_be_translated():
    assert proofreading.differing(r"$2x \text{ as } h \to 0$", r"$2x \text{ 当 } h \to 0$") == ""


def test_a_changed_english_text_makes_its_translation_stale(monkeypatch):
    texts = proofreading.english("00")
    monkeypatch.setattr(proofreading, "english", lambda name: ["another", *texts[1:]])
    left = proofreading.state("zh", "00")
    assert list(left["missing"].values()) == ["another"] and left["stale"] == [translating.key(texts[0])]


def test_check_speaks_chinese(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))
    monkeypatch.setenv("MINIGRAD_LANGUAGE", "zh")
    assert check("00.cube", lambda x: 3 * x ** 2).message == "正确：x³ 的导数是 3x²。"
    wrong = check("00.cube", lambda x: x ** 3, hint=1).message
    assert wrong.startswith("还不对。那是 x³ 本身；要求的是它的斜率。\n当 x = ")
    assert "提示 1（共 3 条）：斜率就是" in wrong
    assert "符号反了" in check("00.cube", lambda x: -3 * x ** 2).message
    monkeypatch.setenv("MINIGRAD_LANGUAGE", "../..")        # no path is made of it
    assert "right: the derivative" in check("00.cube", lambda x: 3 * x ** 2).message
    assert EXERCISES["00.cube"].title == "the derivative of x³ is 3x²"


def test_the_command_builds_the_chinese_course(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MINIGRAD_LANGUAGE", "en")           # put back afterwards, as the command sets it
    monkeypatch.setattr("minigrad.commands.learn.find_spec", lambda name: True)
    monkeypatch.setattr("minigrad.commands.learn.os.execv", lambda *command: None)
    monkeypatch.setattr("minigrad.commands.learn.subprocess.call", lambda command: 0)
    monkeypatch.chdir(tmp_path)
    main(["learn", "--language", "zh"])
    book = notebooks.read(tmp_path / "minigrad-course-zh" / notebooks.paths()[0].name)
    assert notebooks.title(book) == "00 · 什么是导数"
    assert main(["learn", "--language", "zh", "--list", "00"]) == 0
    assert capsys.readouterr().out.strip() == "00 · 什么是导数"
    assert main(["learn", "--language", "zh", "--translate", "00"]) == 0
    assert main(["learn", "--language", "zh", "--translate", ""]) == 2
    assert main(["learn", "--language", "xx"]) == 2 and main(["learn", "--translate", "00"]) == 2
    with pytest.raises(UsageError, match="no course in 'xx'"):
        translating.known("xx")


def test_the_readme_in_chinese_has_the_commands_of_the_english_one():
    root = notebooks.folder().parent
    if not (root / "README.zh.md").exists():
        pytest.skip("no clone: the pages beside the package are not installed")
    english, chinese = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert english.startswith("[中文](README.zh.md)\n")
    blocks = re.findall(r"```\w*\n.*?```", chinese, re.S)
    assert len(blocks) >= 6 and [b for b in blocks if b not in english] == []
    assert [t for t in re.findall(r"\]\(([^)\s]+)\)", chinese) if not (root / t).exists()] == []
