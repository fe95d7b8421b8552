"""No small change of a solution survives its check, but those listed as harmless, with a reason."""
import pytest

from minigrad.learn import notebooks
from minigrad.learn.auditing import audit, changed_sources
from minigrad.learn.harmless import reason
from minigrad.learn.solutions import solutions

NUMBERS = [path.name[:2] for path in notebooks.paths()]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.deep)])
@pytest.mark.parametrize("number", NUMBERS)
def test_mutants_are_rejected_or_harmless(number, every):
    for name, (code, names) in solutions((number,)).items():
        found = list(audit(name, code, names, every))
        accepted = [m.change for m in found if not m.rejected]
        surviving = [change for change in accepted if reason(name, change) is None]
        assert not surviving, f"{name} accepts: {'; '.join(surviving)}"
        assert every > 1 or len(found) >= (3 if "def " not in code and "lambda" not in code else 7)


def test_changes_are_small_and_each_comes_once():
    sources = dict(changed_sources("def f(x, n):\n    return 2 * x ** n"))
    assert "2 * x ** n  →  2 / x ** n" in sources and "x  →  n" in sources and "2  →  3" in sources
    assert len(set(sources.values())) == len(sources)
