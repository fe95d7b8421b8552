"""What the package needs, and says, where there is no MPI; and what a Group does where there is."""
import subprocess
import sys
import textwrap

import pytest

from minigrad.scale.distributed import launch


def python(script):
    words = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_importing_needs_no_mpi_without_mpi():
    loaded = python("""
        import sys
        import minigrad.distributed
        from minigrad.distributed import DataParallel, Sharded, DistributedRun, Group, split_gpt
        print(any(name.startswith("mpi4py") for name in sys.modules))
    """)
    assert loaded == "False\n"


def test_a_missing_mpi4py_says_what_to_install_without_mpi():
    out = python("""
        import sys
        sys.modules["mpi4py"] = None        # import mpi4py: ImportError
        from minigrad.distributed import world
        try:
            world()
        except RuntimeError as error:
            print(error)
    """)
    assert 'pip install "minigrad[distributed]"' in out and out.count("\n") == 1


@pytest.mark.parametrize("name", launch.SIZES)
def test_launched_without_mpi(monkeypatch, name):
    for other in launch.SIZES:
        monkeypatch.delenv(other, raising=False)
    assert not launch.launched()
    for size in "1", "2":
        monkeypatch.setenv(name, size)
        assert launch.launched() == (size == "2")


def test_what_is_said_arrives(mpirun):
    mpirun(3, """
        import numpy as np
        from minigrad.distributed import world
        from minigrad.support.errors import Failure
        g = world()
        assert g.all_reduce(np.full(5, g.rank + 1.0)).tolist() == [6.0] * 5
        assert g.sum(0.1 * g.rank) == 0.1 + 0.2 and g.any(g.rank == 2) and not g.any(False)
        assert g.all_gather(g.rank) == [0, 1, 2] and g.share(g.rank) == 0
        part, whole = np.zeros(2), np.zeros(6)
        g.start_reduce_scatter(np.arange(6.0), part).Wait()
        assert part.tolist() == [6.0 * g.rank, 6.0 * g.rank + 3]
        g.start_all_gather(part, whole).Wait()
        assert whole.tolist() == [0, 3, 6, 9, 12, 15]
        pair = g.split(g.rank % 2)
        assert (pair.size, pair.rank) == ((2, g.rank // 2) if g.rank % 2 == 0 else (1, 0))
        called = []
        assert g.once(lambda: called.append(1) or "read") == "read" and len(called) == (g.rank == 0)
        def broken():
            raise Failure("no such file")
        try:
            g.once(broken)
        except Failure as error:
            assert str(error) == "no such file"
        else:
            assert False
        g.meet()
    """)
