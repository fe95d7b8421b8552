"""mg.set_threads: what the BLAS is told, and what is refused."""
import sys

import numpy as np
import pytest

import minigrad as mg

threadpoolctl = pytest.importorskip("threadpoolctl")


@pytest.fixture(autouse=True)
def as_before():
    with threadpoolctl.threadpool_limits():
        yield


def counts():
    return {library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize("n", [2, 1, np.int64(2)])
def test_the_blas_has_so_many(n):
    mg.set_threads(n)
    assert counts() == {n}
    x = np.random.default_rng(0).normal(size=(40, 50))
    assert np.allclose(mg.matmul(x, x.T), np.einsum("ik,jk->ij", x, x))


@pytest.mark.parametrize("n", [0, -1, 2.5, "2", True, None, np.ones(2), 10**6])
def test_no_number_of_threads(n):
    before = counts()
    with pytest.raises((ValueError, TypeError), match="set_threads"):
        mg.set_threads(n)
    assert counts() == before


def test_without_the_library_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.raises(RuntimeError, match=r"minigrad\[threads\]"):
        mg.set_threads(1)


def test_a_blas_that_nobody_knows(monkeypatch):
    monkeypatch.setattr(threadpoolctl.ThreadpoolController, "select", lambda self, **_: type("", (), {
        "lib_controllers": []})())
    with pytest.raises(RuntimeError, match="before Python starts"):
        mg.set_threads(1)
