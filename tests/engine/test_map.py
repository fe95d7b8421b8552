"""The map of the source, minigrad/engine/README.md: its code runs and prints what the page says, its links lead on."""
import contextlib
import io
import re
from pathlib import Path

import pytest

import minigrad.engine
from minigrad.engine.ops import REGISTRY

FOLDER = Path(minigrad.engine.__file__).parent
PAGE = (FOLDER / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
ENGINE = BLOCKS[0][1]                       # the forty lines


def printed(code, names):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "minigrad/engine/README.md", "exec"), names)
    return out.getvalue()


@pytest.fixture
def registry():
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def test_every_block_prints_what_the_page_says(registry):
    names = {"__name__": "page"}
    checked = 0
    for (kind, code), (after, expected) in zip(BLOCKS, BLOCKS[1:]):
        if kind == "python":
            assert after == "text"
            assert printed(code, names) == expected, code
            checked += 1
    assert checked == 7


def edited(diff):
    """The forty lines after a change."""
    (old,), (new,) = (re.findall(rf"^\{sign}(.*\n)", diff, re.M) for sign in "-+")
    assert ENGINE.count(old) == 1
    return ENGINE.replace(old, new)


def test_broken_engines_do_what_the_page_says():
    (first, adding), (second, error) = [(code, expected) for (kind, code), (_, expected) in zip(BLOCKS, BLOCKS[1:])
                                        if kind == "diff"]
    assert printed(edited(first), {}) == adding
    with pytest.raises(Exception) as caught:
        printed(edited(second), {})
    assert type(caught.value).__name__ == error.strip()


def test_what_step_4_says_of_a_sine():
    ending = "\ns = backpropagate(sin(x * w))\nprint(s[x], s[w])\n"
    right, broken = (printed(code + ending, {}) for code in (ENGINE, edited(next(c for k, c in BLOCKS if k == "diff"))))
    assert right.splitlines()[-1] == broken.splitlines()[-1]


def test_forty_lines():
    assert len([line for line in ENGINE.splitlines() if line.strip()]) <= 40


def test_links_and_names():
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (FOLDER / link).exists(), link
    for name in FOLDER.glob("*.py"):
        assert name.name == "__init__.py" or f"({name.name})" in PAGE or name.name == "unroll.py", name


def test_the_example_on_top_of_the_engines_page():
    """The numbers in tensor.py's docstring."""
    import minigrad as mg
    from minigrad.engine.tensor import backpropagate
    x, w = mg.tensor(2.0, requires_grad=True), mg.tensor(3.0, requires_grad=True)
    p = x * w
    d = p - 5
    L = d * d
    found = [backpropagate(L, wrt={t}, retain_graph=True)[t].item() for t in (w, x, p, d, L)]
    assert found == [4, 6, 2, 2, 1]
    head = (FOLDER / "tensor.py").read_text()
    for t, value in zip(("dw", "dx", "dp", "dd", "dL"), found):
        assert re.search(rf"dL/{t} = [^=,]*\b{value:g}\b|dL/{t} = .*= {value:g}", head), t


def test_the_engines_page_is_one_page():
    assert len((FOLDER / "tensor.py").read_text().splitlines()) <= 200
