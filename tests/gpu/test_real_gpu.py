"""The command for a real GPU: walked through without one everywhere, and run in earnest where there is one (-m gpu)."""
import itertools
import json

import pytest

from benchmarks import gpu


def test_the_dry_walk_reaches_the_end(tmp_path, capsys):
    assert gpu.main(["--dry", "--json", str(tmp_path / "walk.json")]) == 0, capsys.readouterr().out
    figures = json.loads((tmp_path / "walk.json").read_text())["figures"]
    assert {"parity", "determinism", "matmul", "step", "memory", "total"} <= set(figures)


def test_without_a_gpu_one_line_says_what_to_do(capsys):
    try:
        import cupy
        if cupy.is_available():
            pytest.skip("there is a GPU")
    except ImportError:
        pass
    assert gpu.main([]) == 1
    assert "--dry" in capsys.readouterr().err


def test_a_wrong_op_is_a_fault(monkeypatch, capsys):
    """The parity check can fail: an op that computes something else on the second device."""
    walk, real, calls = gpu.Walk(dry=True), gpu.run_case, itertools.count()

    def wrong_every_other_time(op, *case):
        return [r + 0.01 * (next(calls) % 3) if op.name == "tanh" else r for r in real(op, *case)]
    monkeypatch.setattr(gpu, "run_case", wrong_every_other_time)
    gpu.parity(walk, "float32")
    assert any("tanh" in words for words in walk.faults), capsys.readouterr().out


@pytest.mark.gpu
def test_the_whole_walk_on_a_gpu():
    assert gpu.main([]) == 0
