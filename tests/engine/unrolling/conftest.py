import pytest

from minigrad.engine.unrolling import state


@pytest.fixture(autouse=True)
def looks_quickly(monkeypatch):
    """From the first replay on, let what a function reads be compared by the expression that is made for it."""
    monkeypatch.setattr(state, "OFTEN", 1)
