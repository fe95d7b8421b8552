"""Data parallelism with weights on GPUs, on the stand-in for CuPy: by NCCL, made of MPI here, and through the host."""
import inspect
import re

import pytest

TRAIN = """
    import numpy as np
    import minigrad as mg
    from minigrad import losses, optimizers
    from minigrad.backend import asarray
    from minigrad.distributed import DataParallel, Sharded, world
    from minigrad.support.errors import Failure
    from minigrad.engine.tensor import Tensor
    from tests.gpu import fake_nccl, standin

    g, rng = world(), np.random.default_rng(0)
    x, first = rng.standard_normal((7, 5)).astype("f"), rng.standard_normal((6, 5, 5)).astype("f")
    mine = slice(0, 4) if g.rank == 0 else slice(4, 7)

    def trained(kind, device="gpu", bucket=300, steps=5, x=x):
        weights = [Tensor(asarray(w.copy(), device=device), requires_grad=True) for w in first]
        optimizer, inputs = kind(optimizers.Adam(0.01), bucket=bucket), Tensor(asarray(x[mine], device=device))
        optimizer.rows = len(x[mine])
        for step in range(steps):
            y = inputs
            for w in weights:
                y = mg.tanh(y @ w)
            loss = (y * y).mean()
            standin.COUNTS.clear()
            fake_nccl.CALLS.clear()
            optimizer.minimize(loss, weights)
            counts = dict(standin.COUNTS)
        on_host = device == "cpu" or kind is Sharded
        assert type(optimizer.buckets[0].buffer) is (np.ndarray if on_host else standin.ndarray)
        return [w.numpy() for w in weights], counts

    def same(a, b):
        return all(np.allclose(v, w, rtol=1e-6, atol=1e-6) for v, w in zip(a, b))
"""


@pytest.mark.parametrize("bucket, messages", [(1, 6), (300, 2), (1 << 20, 1)])     # six variables of 100 bytes
def test_gpus_of_their_own_talk_directly(mpirun, bucket, messages):
    mpirun(2, TRAIN + f"""
    expected, _ = trained(DataParallel, "cpu")
    with standin.installed() as gpu:
        fake_nccl.install(gpu, g.rank)
        weights, counts = trained(DataParallel, bucket={bucket})
        assert g.nccl and same(weights, expected)
        assert counts["d2h"] == counts["sync"] == 1 and not counts.get("h2d"), counts   # whether all is finite
        assert fake_nccl.CALLS == ["allReduce"] * {messages}, fake_nccl.CALLS
    """)


@pytest.mark.parametrize("install",
                         ["fake_nccl.install(gpu, 0)", "pass", "fake_nccl.install(gpu, 0) if g.rank else None"],
                         ids=["one GPU for all", "no NCCL", "NCCL on one rank"])
def test_else_gradients_go_through_the_host(mpirun, install):
    mpirun(2, TRAIN + f"""
    expected, _ = trained(DataParallel, "cpu")
    with standin.installed() as gpu:
        {install}
        weights, counts = trained(DataParallel)
        assert g.nccl is None and same(weights, expected) and not fake_nccl.CALLS
        assert counts["d2h"] == 2 + 1, counts           # two buckets; and whether all is finite
    """)


def test_sharded_goes_through_the_host(mpirun):
    mpirun(2, TRAIN + """
    expected, _ = trained(Sharded, "cpu")
    with standin.installed() as gpu:
        fake_nccl.install(gpu, g.rank)
        assert same(trained(Sharded)[0], expected) and not fake_nccl.CALLS
    """)


def test_what_is_said_arrives(mpirun):
    """Each of the three, by NCCL and through the host; what NCCL can't send is refused."""
    mpirun(2, TRAIN + """
    with standin.installed() as gpu:
        for number in 0, g.rank:
            fake_nccl.install(gpu, number)
            g.connect({"gpu"})
            assert bool(g.nccl) == g.any(number)
            for dtype in "float32", "float64", "int64":     # MPI, which plays NCCL here, can't add float16
                a, part, whole = (asarray(np.arange(n).astype(dtype), device="gpu") for n in (6, 3, 6))
                request = g.start_all_reduce(a)
                request.Test()
                request.Wait()
                assert a.get().tolist() == [0, 2, 4, 6, 8, 10]
                g.start_reduce_scatter(a, part).Wait()
                assert part.get().tolist() == ([12, 16, 20] if g.rank else [0, 4, 8])
                g.start_all_gather(part, whole).Wait()
                assert whole.get().tolist() == [0, 4, 8, 12, 16, 20]
        try:
            g.start_all_reduce(asarray(np.zeros((4, 4), "f"), device="gpu")[:, 0])
        except ValueError as error:
            assert "flat, contiguous" in str(error)
        else:
            assert False
    """)


def test_a_gradient_that_is_not_finite_is_named(mpirun):
    mpirun(2, TRAIN + """
    with standin.installed() as gpu:
        fake_nccl.install(gpu, g.rank)
        weights = [Tensor(asarray(w.copy(), device="gpu"), requires_grad=True) for w in first]
        optimizer = DataParallel(optimizers.SGD(0.1), bucket=300, names={id(weights[3]): "the fourth"})
        gradients = [asarray(np.full((5, 5), np.nan if g.rank == 1 and i in (1, 3) else 1, "f"), device="gpu")
                     for i in range(6)]
        try:
            optimizer.apply_gradients(zip(gradients, weights))
        except Failure as error:
            assert "rank 1: the gradient of the fourth, of shape (5, 5)" in str(error) and "rank 0" not in str(error)
        else:
            assert False
        assert all(np.array_equal(w.numpy(), v) for w, v in zip(weights, first))
    """)


@pytest.mark.cupy_on_cpu
def test_the_fake_takes_what_cupy_takes():
    """Names and parameters of CuPy's NCCL, streams and events, where CuPy and NCCL are installed; no GPU is needed."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    for kind, names in {cupy.cuda.Event: ["done"], cupy.cuda.Stream: ["record", "wait_event"],
                        cupy.cuda.Device: ["pci_bus_id"], cupy.cuda: ["get_current_stream"]}.items():
        assert all(hasattr(kind, name) for name in names), kind
    from cupy.cuda import nccl
    if not nccl.available:
        pytest.skip("NCCL is not installed: pip install nvidia-nccl-cu13")
    from tests.gpu import fake_nccl
    assert isinstance(nccl.get_unique_id(), bytes)
    assert all(hasattr(nccl, name) for name in [*fake_nccl.KINDS, "NCCL_SUM"])
    for name in "allReduce", "reduceScatter", "allGather":
        words = re.search(r"\((.*?)\)", getattr(nccl.NcclCommunicator, name).__doc__).group(1).split(", ")
        ours = inspect.signature(getattr(fake_nccl.NcclCommunicator, name)).parameters
        assert [w.split()[-1] for w in words] == list(ours)
