"""The command for a real GPU: walked through without one everywhere, and run in earnest where there is one (-m gpu)."""
import itertools
import json
import types

import numpy as np
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


@pytest.mark.gpu
def test_one_rank_sends_to_itself_by_nccl():
    """What one GPU can show of distributed/nccl.py: CuPy and NCCL take the calls, and streams wait for each other."""
    from minigrad import backend
    from minigrad.scale.distributed import nccl
    if backend.nccl() is None:
        pytest.skip("NCCL is not installed: pip install nvidia-nccl-cu13")
    assert nccl.address({"gpu"})
    alone = nccl.Communicator(types.SimpleNamespace(size=1, rank=0, once=lambda function: function()), "gpu")
    for dtype in "float16", "float32", "float64":
        a, part, whole = (backend.asarray(np.zeros(1 << 22, dtype), device="gpu") for _ in range(3))
        for _ in range(20):
            a += 1                          # NCCL must wait for this, and what follows for NCCL
            alone.start_all_reduce(a).Wait()
            alone.start_reduce_scatter(a, part).Wait()
            alone.start_all_gather(part, whole).Wait()
        assert (backend.to_numpy(whole) == 20).all()
