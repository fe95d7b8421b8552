"""Whatever a public function is called with, it returns, or says in minigrad's own words what is wrong with it.

`pytest -m deep` makes 30 calls of each, some 17,000 in all.
"""
import pytest

from . import battery


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Where files are written; and no package index is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")


@pytest.mark.parametrize("seeds", [pytest.param(range(1), id="seed"),
                                   pytest.param(range(30), id="deep", marks=pytest.mark.deep)])
def test_bad_calls_of_every_public_function_end_in_words_of_our_own(seeds, capsys):
    functions, faults = battery.functions(), []
    for path, f in functions.items():
        faults += [f"{path} {seed}: {fault}" for seed in seeds if (fault := battery.fault_of(path, f, seed))]
    battery.forget_pictures()
    assert len(functions) > 500 and not faults, "\n".join([
        f"{len(faults)} of {len(functions) * len(seeds)} calls; to see one: python -m tests.house.battery NAME SEED",
        *faults[:40]])


def test_the_battery_tells_a_stumble_from_a_word():
    def fault(f):
        return battery.fault_of("a.b", f, 0)
    from minigrad.support.arguments import whole
    assert fault(lambda x: whole("x", object())) is None
    assert "AttributeError" in fault(lambda x: battery.mg.keras.losses.like(3, 4))
