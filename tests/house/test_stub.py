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


PROGRAM = """\
import numpy as np
import minigrad as mg
from minigrad import Tensor, keras, layers, losses, optimizers, viz

x = mg.tensor([[1.0, 2.0]], requires_grad=True)
a = np.ones((1, 2))
y: mg.Tensor = 1 - x + a * x - x / 2 + x ** 2 @ np.ones((2, 2)) + (a @ x.T)
y += 1
z: mg.Tensor = -x[0, ::2] + x[x > 0].sum() + abs(x).max(axis=1, keepdims=True)
for row in x:
    row.tolist()
u: mg.Tensor = mg.where(x > 0, x, 0)
c = mg.concatenate([x, x], axis=0).sum()
d = mg.stack([x, x]).reshape(2, -1).reshape((4,)).transpose()
g = mg.grad(lambda t: (t ** 2).sum())(a)
v, pull = mg.vjp(mg.exp, a)
with mg.no_grad():
    x.data[0] = 1
    x.data = a
@mg.no_grad()
def f(t: Tensor) -> float:
    return float(t.sum()) + t.item() + len(t)
q: np.ndarray = mg.exp(a) + mg.matmul(a, a.T)
mg.pow(x, 2).sum().backward(create_graph=True)
r = mg.ops.REGISTRY["exp"](x), mg.__version__.upper()
mg.set_device("cpu"); mg.seed(0)
m = mg.max_pool2d(mg.tensor(np.ones((1, 4, 4, 1))), pool_size=2, padding="valid")
s = mg.sum(x, 0), mg.sum(x, axis=(0, 1)), np.exp(x), ~(x > 1) & (x == x), x.shape[0], x.dtype.kind
e = mg.einsum("ij,jk->ik", x, a), mg.split(x, 2, axis=1)[0], mg.take(x, [0], axis=1).mean()
@mg.op(vjp=lambda g, y, x: g * 3 * x**2)
def cube(x, /):
    return x**3
mg.testing.check_op(cube)
w = mg.clip(x, 0, 1), mg.softmax(x, axis=-1), mg.norm(x), mg.dropout(x, 0.1)
mg.conv2d(np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)), strides=(1, 1))
mg.hvp(lambda t: t.sum(), a, a), mg.tensor(3, dtype=float), mg.tensor(3, dtype="float32")
x.max(1), x.argmax(-1), x.to("cpu").numpy().sum(), x.dot(a.T)
"""


def test_a_type_checker_accepts_what_people_write(tmp_path):
    try:
        exec(compile(PROGRAM, "program", "exec"), {"__name__": "program"})     # and it runs
    finally:
        mg.ops.REGISTRY.pop("cube", None)
    code, said = checked(PROGRAM, tmp_path)
    assert code == 0, said


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
