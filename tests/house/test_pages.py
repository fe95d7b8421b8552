"""What README and CONTRIBUTING point at exists: links, folders of tests, commands, markers, and versions in step."""
import configparser
import contextlib
import importlib.util
import io
import re
import shlex

import pytest

import minigrad
from minigrad.commands.main import parser

from .rooms import ROOT

PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", "benchmarks/README.md")]
TEXT = {page.relative_to(ROOT): page.read_text(encoding="utf-8") for page in PAGES}
LINKS = [(page, link) for page, text in TEXT.items() for link in re.findall(r"\]\((?!http)([^)]+)\)", text)]
COMMANDS = sorted({code for text in TEXT.values() for code in
                   re.findall(r"`((?:minigrad|pytest|python -m) [^`]+)`", text.replace("\n", " "))})


@pytest.mark.parametrize("page, link", LINKS, ids=str)
def test_links_lead_somewhere(page, link):
    path, _, heading = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    if heading:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
        assert heading in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_there(command):
    program, *words = shlex.split(command)
    if program == "minigrad":
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                parser().parse_args(words)
            except SystemExit as end:
                assert end.code in (0, None), f"{command}: not a way to use the command"
    elif program == "pytest":
        config = configparser.ConfigParser()
        config.read(ROOT / "setup.cfg", encoding="utf-8")
        markers = {line.partition(":")[0] for line in config["tool:pytest"]["markers"].split("\n")}
        for option, value in zip(words, words[1:]):
            assert option != "-m" or value in markers
        for place in (w for w in words if w.startswith("tests/") and w != "tests/ROOM"):
            assert (ROOT / place).exists()
    else:
        assert importlib.util.find_spec(words[1]), words[1]


def test_there_are_commands_to_look_at():
    assert len(COMMANDS) > 20 and {c.split()[0] for c in COMMANDS} == {"minigrad", "pytest", "python"}


def test_the_changelog_knows_this_version():
    assert f"## [{minigrad.__version__}]" in TEXT[PAGES[1].relative_to(ROOT)]
