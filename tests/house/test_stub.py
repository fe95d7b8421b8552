"""What editors see: the stub is fresh, a type checker accepts the README's code with it, and names complete."""
import inspect
import re
import subprocess
import sys

import pytest

import minigrad as mg

from . import stub
from .rooms import ROOT


def test_the_stub_is_fresh():
    assert stub.PLACE.read_text(encoding="utf-8") == stub.stub(), \
        "ops or public names have changed: python -m tests.house.stub writes the stub anew"


def test_the_package_says_that_it_has_types():
    assert stub.PLACE.with_name("py.typed").exists()


def checked(code, folder):
    """(exit code, what mypy says) about a program."""
    pytest.importorskip("mypy")
    (folder / "program.py").write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--follow-imports=silent",
                           "--cache-dir", folder.parent / "mypy",
                           "--config-file=", folder / "program.py"], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def readme_code():
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 3
    return "import numpy as np\ndata, labels = np.zeros((64, 64)), np.eye(10)[np.zeros(64, int)]\n" + "\n".join(blocks)


def test_a_type_checker_accepts_the_code_of_the_readme(tmp_path):
    code, said = checked(readme_code(), tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("line, complaint", [
    ("mg.exq(x)", "has no attribute"), ("x.summ()", "has no attribute"), ("mg.sum(x, axes=0)", "axes"),
    ("y: int = mg.tanh(x)", "Incompatible types"), ("mg.matmul(x)", "matmul"), ("x.reshape('a')", "reshape")])
def test_a_type_checker_finds_mistakes(tmp_path, line, complaint):
    code, said = checked(f"import minigrad as mg\nx = mg.tensor([1.0])\n{line}\n", tmp_path)
    assert code == 1 and complaint in said, said


def test_the_stub_itself_is_sound(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    out, errors, code = mypy.run(["--follow-imports=silent", "--cache-dir", str(tmp_path.parent / "mypy"),
                                  "--config-file=", str(stub.PLACE)])
    assert code == 0, out + errors


@pytest.mark.parametrize("code, names", [
    ("mg.ex", {"exp", "expm1", "expand_dims"}), ("mg.ten", {"tensor", "tensordot"}), ("mg.keras.layers.Den", {"Dense"}),
    ("mg.Tensor.su", {"sum"}), ("x = mg.tensor([1.0])\nx.su", {"sum"}), ("x = mg.tensor([1.0])\n(x * x).mea", {"mean"}),
    ("x = mg.tensor([1.0])\nmg.exp(x).backw", {"backward"}), ("mg.tensor([1.0]).sum(axis=0).resh", {"reshape"})])
def test_names_complete(code, names):
    jedi = pytest.importorskip("jedi")
    script = jedi.Script("import minigrad as mg\n" + code, project=jedi.Project(ROOT))
    assert names <= {c.name for c in script.complete()}


def test_an_editor_shows_the_formula():
    jedi = pytest.importorskip("jedi")
    script = jedi.Script("import minigrad as mg\nx = mg.tensor([1.0])\nx.tanh", project=jedi.Project(ROOT))
    assert any("1 - y²" in d.docstring() for d in script.help(3, 4))


@pytest.mark.parametrize("name", sorted(n for n, f in vars(mg.Tensor).items() if inspect.isfunction(f)))
def test_methods_have_names_and_signatures_of_their_own(name):
    method = vars(mg.Tensor)[name]
    assert method.__name__ == name and method.__qualname__ == f"Tensor.{name}"
    if not name.startswith("_"):
        assert method.__doc__


def test_help_on_a_method_says_its_formula():
    import pydoc
    for name in ("reshape", "transpose", "sum", "tanh", "__add__", "__matmul__"):
        text = pydoc.plain(pydoc.render_doc(getattr(mg.Tensor, name)))
        assert "lambda" not in text and "y = " in text.lower() and "self" in text, text
