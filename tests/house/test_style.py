"""One style everywhere: ruff's rules (pyproject.toml), and one kind of line between sections."""
import re
import subprocess
import sys

import pytest

from .imports import ROOT, sources

pytest.importorskip("ruff")


def ruff(*arguments):
    return subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", *arguments], cwd=ROOT,
                          capture_output=True, text=True)


def test_ruff_has_nothing_to_say():
    done = ruff("--output-format", "concise", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_would_say_it(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("import sys\nimport os\nx = " + " + ".join(["1"] * 40) + "\nfs = [lambda: i for i in range(3)]\n"
                    "def f():\n" + "    if x: pass\n" * 12)
    found = ruff("--config", str(ROOT / "pyproject.toml"), "--output-format", "concise", str(file)).stdout
    assert all(rule in found for rule in ("F401", "I001", "E501", "B023", "C901")), found


def test_sections_are_parted_by_one_kind_of_line():
    """# -- name --- to the end of the line."""
    wrong = [f"{f.relative_to(ROOT)}:{i}: {line.strip()}" for f in sources()
             for i, line in enumerate(f.read_text(encoding="utf-8").splitlines(), 1)
             if re.match(r"\s*#\s*[-=~*]{2,}", line) and not re.fullmatch(r"\s*# -- \S.*\S -{3,}", line)]
    assert not wrong, "\n".join(wrong)
