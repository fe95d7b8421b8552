"""The cost model against this machine: what is timed, and what the calibration makes of it."""
import os

import pytest

from minigrad.commands.simulate import print_here
from minigrad.scale.planning import here as measure
from minigrad.scale.planning.cluster import Cluster, step_time
from minigrad.support.errors import Failure

TRUTH = Cluster(2, 5e10, 2e9, link=4e8, network=4e8, latency=3e-4, node=4, precision="fp32")


def timed(cluster):
    return [(shape, n, step_time(measure.model_of(shape), measure.layout_of(shape, n), cluster)["total"])
            for shape in measure.SHAPES for n in measure.RANKS]


def test_sizes_left_out_are_predicted_where_the_model_is_true_without_mpi(monkeypatch):
    monkeypatch.setattr(measure, "here", lambda: Cluster(2, 3e10, 1e10, link=1e9, network=1e9, latency=1e-4, node=4,
                                                         precision="fp32"))
    rows = measure.left_out(timed(TRUTH))
    assert len(rows) == len(measure.SHAPES) * len(measure.RANKS)
    for shape, n, seconds, predicted in rows:
        assert predicted == pytest.approx(seconds, rel=1e-3), (shape, n)


def test_a_table_is_printed_without_mpi(monkeypatch, capsys):
    times = {(shape, n): seconds for shape, n, seconds in timed(TRUTH)}
    monkeypatch.setattr(measure, "measure", lambda jobs, n: [[{"seconds": times[job["shape"], n]}] for job in jobs])
    print_here()
    out = capsys.readouterr().out
    assert "1 rank:" in out and "4 ranks:" in out and out.count(" ms ") == 2 * len(times)


def test_no_mpiexec_is_one_clear_line_without_mpi(monkeypatch, tmp_path):
    monkeypatch.setattr(measure.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(Failure, match='no mpiexec here: run pip install "minigrad.distributed."'):
        measure.mpiexec(2, "-c", "pass")


def test_parameters_are_counted_right_without_mpi():
    from minigrad.zoo.gpt import GPT
    for shape in measure.SHAPES:
        layers, width, heads, context, _ = shape
        model = GPT("".join(map(chr, range(64, 64 + measure.VOCAB))), context, layers, heads, width)
        model.build((None, None))
        assert measure.model_of(shape).params == pytest.approx(model.count_params(), rel=2e-3)


@pytest.mark.parametrize("n", [2, 3])
def test_each_rank_remembers_its_share(n):
    """Adam's two moments: whole on every rank, or 1/n of them, but for the padding of buckets."""
    shape = (2, 32, 2, 8, 4)
    jobs = [{"shape": shape, "kind": kind, "steps": 1} for kind in ("data parallel", "sharded")]
    whole, parts = measure.measure(jobs, n)
    size = whole[0]["slots"]
    assert size == pytest.approx(2 * 4 * measure.model_of(shape).params, rel=0.02)
    assert [rank["slots"] for rank in whole] == [size] * n
    for rank in parts:
        assert size / n <= rank["slots"] < size / n + 200 and rank["seconds"] > 0
