"""The benchmarks: every workload runs and agrees with its floor; the harness counts, compares and refuses rightly."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command, hardware, harness, report, roofline
from benchmarks.families import WORKLOADS
from benchmarks.harness import measure
from benchmarks.workload import Workload

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload_at_toy_size(name):
    workload = WORKLOADS[name]
    result = measure(workload, toy=True)                    # raises where the floor's results differ
    assert list(result["samples"]) == [c for c in harness.OWN if c in workload.contenders]
    assert all(value > 0 for values in result["samples"].values() for value in values)
    if not workload.measured:
        assert result["work"]["all"][name == "op-concatenate"] > 0          # FLOPs; bytes, where elements only move
    assert "skipped" not in report.text(result)


@pytest.mark.peers
@pytest.mark.parametrize("name", [name for name, w in WORKLOADS.items() if not w.measured and not w.environment])
def test_peers_agree_with_minigrad(name):
    result = measure(WORKLOADS[name], toy=True, peers=True)
    assert all(why == "not installed" for why in result["skipped"].values()), result["skipped"]


# -- the harness -----------------------------------------------------------------------------------------------------
def workload(**contenders):
    made = {name: (lambda problem, step=step: step) for name, step in contenders.items()}
    return Workload("tiny", "nothing", lambda toy: None, made, {1: {"numpy": 2.0}})


def test_a_floor_that_computes_something_else_is_refused():
    with pytest.raises(AssertionError, match="result 1 differs from minigrad's by 0.0001"):
        measure(workload(minigrad=lambda: (2.0, 1.0), numpy=lambda: (2.0, 1.0001)), toy=True)
    with pytest.raises(AssertionError, match="shape"):
        measure(workload(minigrad=lambda: np.ones(3), numpy=lambda: np.ones((3, 1))), toy=True)
    with pytest.raises(AssertionError, match="2 results, minigrad 1"):
        measure(workload(minigrad=lambda: 1.0, numpy=lambda: (1.0, 2.0)), toy=True)


def test_peers_that_fail_are_named():
    def missing(problem):
        import there_is_no_such_package  # noqa: F401

    tiny = workload(minigrad=lambda: 1.0, other=lambda: 2.0, broken=lambda: 1 / 0)
    tiny.contenders["missing"] = missing
    _, skipped, _ = harness.make_steps(tiny, toy=True, peers=True)
    assert skipped["missing"] == "not installed" and skipped["broken"].startswith("ZeroDivisionError")
    assert "differs from minigrad's by" in skipped["other"]
    assert harness.make_steps(tiny, toy=True, peers=False)[1] == {}


def test_contenders_take_turns():
    calls = []
    steps = {name: lambda name=name: calls.append(name) for name in "abc"}
    samples = harness.interleave(steps, budget=0, block=0, rounds=(3, 3))
    assert calls == list("abc" + "abc" + "bca" + "cab")     # warming up, then three rounds
    assert [len(s) for s in samples.values()] == [3, 3, 3]


# -- reports ---------------------------------------------------------------------------------------------------------
def result(minigrad, numpy, **more):
    return {"workload": "op", "threads": 1, "unit": "op", "measured": False, "toy": False,
            "skipped": {"jax": "not installed"}, "samples": {"minigrad": minigrad, "numpy": numpy},
            "work": {"all": [8.0, 16.0, 1.0]}} | more


def test_ratio_is_of_neighbouring_turns():
    busy = result([2.0, 20.0, 2.2], [1.0, 10.0, 1.0])       # a busy moment in the second round hits both
    assert report.ratio(busy, "numpy")[1] == 2.0
    assert report.verdict(busy, "numpy") == ("13", True)
    assert report.verdict(result([14.0] * 3, [1.0] * 3), "numpy") == ("13", False)
    assert report.verdict(result([14.0] * 3, [1.0] * 3, toy=True), "numpy") == ("", None)


def test_differences_can_have_a_limit():
    small = result([20e-6, 21e-6], [16e-6, 17e-6], workload="matmul-small")
    assert report.verdict(small, "numpy") == ("+4 us, at most +3 us", False)


@pytest.mark.parametrize("seconds, words", [(3e-7, "0.3 us"), (8.31e-5, "83.1 us"), (0.0123, "12.3 ms"), (2.0, "2 s")])
def test_amounts(seconds, words):
    assert report.amount(seconds, result([], [])) == words


def test_the_table_names_medians_ratios_and_who_was_skipped():
    text = report.text(result([2e-6, 2e-6], [1e-6, 1e-6]))
    assert "2 us" in text and "jax skipped: not installed" in text
    assert text.splitlines()[3].split() == ["1", "numpy", "1", "us", "0", "%", "2", "2", "...", "2", "13", "yes"]


def test_compare():
    before = {"results": [result([1.0, 1.1, 1.2], [1.0, 1.0, 1.0])]}
    after = {"results": [result([2.0, 2.1, 2.2], [1.0, 1.0, 1.0])]}
    _, minigrad, numpy = report.compare(before, after).splitlines()
    assert minigrad.split()[-2:] == ["1.909", "slower"] and numpy.split()[-1] == "1.000"


def test_readme_and_plot(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    run = {"machine": hardware.describe(), "roof": [1e11, 1e10], "results": [result([2e-6] * 2, [1e-6] * 2)]}
    report.readme(run)
    text = report.README.read_text()
    assert "| 1 | numpy | 1 us | 0 % | 2 | 2 ... 2 | 13 | yes |" in text and "jax in op: not installed" in text
    roofline.draw(run["results"], run["roof"], tmp_path / "roofline.png")
    assert (tmp_path / "roofline.png").read_bytes().startswith(b"\x89PNG")


def test_a_panel_is_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    rows = [result([3.0, 4.0], [1.0, 1.0], workload=name, samples={"minigrad": [3e-3, 4e-3], "unrolled": [1e-3, 2e-3],
                                                                     "torch": [1e-3, 2e-3]}, skipped={})
            for name in ("op-softmax", "op-sort")]
    report.readme({"machine": hardware.describe(), "results": [result([2e-6] * 2, [1e-6] * 2), *rows]})
    text = report.README.read_text()
    assert "| softmax | (4096, 128), over the last axis | 3.5 ms | 1.5 ms | 1.5 ms | 2.50 | 1.00 | yes |" in text
    assert text.count("| minigrad / torch | unrolled / torch |") == 1 and "### op-softmax" not in text
    del rows[0]["samples"]["torch"]
    assert report.panel_row(rows[0])[-3:] == ["", "", ""]


# -- the command -----------------------------------------------------------------------------------------------------
def test_command_from_start_to_finish(tmp_path):
    run = subprocess.run([sys.executable, "-m", "benchmarks", "matmul-small", "--toy", "--json", tmp_path / "run.json",
                          "--plot", tmp_path / "roof.svg"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "BLAS" in run.stdout and "matmul-small" in run.stdout and (tmp_path / "roof.svg").stat().st_size > 1000
    kept = json.loads((tmp_path / "run.json").read_text())
    assert [r["workload"] for r in kept["results"]] == ["matmul-small"]
    assert command.main(["compare", str(tmp_path / "run.json"), str(tmp_path / "run.json")]) == 0


@pytest.mark.parametrize("arguments", [["no-such-workload"], ["compare", "nowhere.json", "nowhere.json"],
                                       ["--from", "nowhere.json"], ["--threads", "3"]])
def test_wrong_use(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2 and capsys.readouterr().err


def test_list(capsys):
    assert command.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(WORKLOADS)


def test_a_run_that_fails_says_so(monkeypatch, capsys):
    def fail(*args, **options):
        raise RuntimeError("seed: no memory")
    monkeypatch.setattr(command, "run_apart", fail)
    assert command.main(["seed"]) == 1
    assert capsys.readouterr().err == "benchmarks: seed: no memory\n"
