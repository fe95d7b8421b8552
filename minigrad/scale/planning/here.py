"""`minigrad simulate --here`: the cost model against training on this machine, by 1, 2 and 4 ranks.

GPTs of several sizes are trained for a few steps under mpiexec, data-parallel.  The cost model (cluster.py) is
calibrated on all sizes but one, and must say how long a step of that one takes; and so for each size in turn.

    python -m minigrad.scale.planning.here JOBS     what each of the ranks runs
"""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ...support.browser import not_in_browser
from ...support.errors import Failure
from . import costs
from .cluster import Cluster, Layout, calibrate, step_time

RANKS = (1, 2, 4)
SHAPES = ((2, 128, 4, 64, 8), (4, 128, 4, 128, 8), (2, 256, 4, 64, 8), (4, 256, 8, 64, 16), (8, 192, 6, 64, 8))
FIELDS = ("layers", "width", "heads", "context", "batch")
FITTED = ("flops", "bandwidth", "link", "latency")
VOCAB = 64


def mpiexec(ranks, *words):
    """Run Python with these words on so many ranks, each with one thread; what they print.  Failure if they fail."""
    not_in_browser("training by several processes")
    launcher = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if launcher is None:
        raise Failure('no mpiexec here: run pip install "minigrad[distributed]"')
    done = subprocess.run([launcher, "-n", str(ranks), sys.executable, *words], capture_output=True, text=True,
                          env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode:
        raise Failure(f"mpiexec -n {ranks} failed:\n{done.stderr}")
    return done.stdout


def time_steps(shape, kind="data parallel", overlap=True, steps=4):
    """Seconds of a step of a GPT of this shape (the fastest), on the ranks that call it; and bytes on this rank.

    kind        "data parallel" or "sharded";  overlap  gradients set out during backward, not all behind it
    Returns {"seconds": ..., "slots": bytes that the optimizer remembers, "peak": of the process so far}.
    """
    import resource  # not on Windows, nor in a browser

    from ...engine import backend
    from ...engine.tensor import Tensor, backpropagate
    from ...keras import losses, optimizers
    from ...zoo.gpt import GPT
    from ..distributed.buckets import DataParallel
    from ..distributed.group import world
    from ..distributed.sharded import Sharded
    layers, width, heads, context, batch = shape
    group, rng = world(), np.random.default_rng(0)
    backend.seed(0)
    model = GPT("".join(map(chr, range(64, 64 + VOCAB))), context, layers, heads, width)
    model.build((None, None))
    part = slice(-(-group.rank * batch // group.size), -(-(group.rank + 1) * batch // group.size))
    x, y = (Tensor(tokens[part]) for tokens in rng.integers(0, VOCAB, (2, batch, context)))
    weights, loss = model.trainable_weights, losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = {"data parallel": DataParallel, "sharded": Sharded}[kind](optimizers.Adam(1e-3))
    optimizer.rows, times = len(x), []
    optimizer.plan(weights)
    for _ in range(steps + 1):              # the first makes room
        group.sum(0)
        begun = time.perf_counter()
        gradients = backpropagate(loss(y, model(x)), into=optimizer.into if overlap else dict)
        optimizer.apply_gradients([(gradients[w], w) for w in weights])
        group.sum(0)
        times.append(time.perf_counter() - begun)
        del gradients
    slots = sum(slot.nbytes for flat in optimizer._buffers.flats for slot in flat.slots.values())
    return {"seconds": min(times[1:]), "slots": slots,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)}


def main():
    """What each rank does: time the jobs that the argument names; rank 0 prints the results as JSON."""
    from ..distributed.group import world
    jobs = json.loads(sys.argv[1])
    found = [world().all_gather(time_steps(**job)) for job in jobs]
    if world().rank == 0:
        print(json.dumps(found))


def measure(jobs, ranks):
    """time_steps(**job) for each job, on so many ranks; a list of results for each, one for each rank."""
    return json.loads(mpiexec(ranks, "-m", __name__, json.dumps(jobs)))


def time_all():
    """[(shape, ranks, seconds of a step)] of every size, on every number of ranks; the slowest rank's."""
    return [(shape, n, max(rank["seconds"] for rank in found))
            for n in RANKS for shape, found in zip(SHAPES, measure([{"shape": shape} for shape in SHAPES], n))]


def model_of(shape):
    """The cost model's idea of a GPT: 12 L h² + 13 L h + (V + 1) h parameters, scores stored."""
    layers, width, heads, context, _ = shape
    params = costs.parameters(layers, width, 0, VOCAB)
    return costs.transformer(params, layers, width, heads, context, VOCAB, flash=False)


def layout_of(shape, ranks):
    """Rows dealt out evenly; on processors nothing sends while they compute, so nothing is hidden."""
    batch = shape[-1]
    return Layout(batch, data=ranks, micro=-(-batch // ranks), overlap=False)


def here():
    """A first guess at this machine, for calibrate to correct: its processors, and round numbers."""
    devices = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Cluster(devices, 3e10, 1e10, link=1e9, network=1e9, latency=1e-4, node=max(RANKS), precision="fp32")


def fitted(runs):
    """The Cluster that explains such runs best."""
    return calibrate([(model_of(s), layout_of(s, n), seconds) for s, n, seconds in runs], here(), FITTED)


def left_out(runs):
    """[(shape, ranks, measured, predicted seconds)]: each size as predicted by a calibration on the other sizes."""
    rows = []
    for shape in SHAPES:
        cluster = fitted([run for run in runs if run[0] != shape])
        rows += [(s, n, seconds, step_time(model_of(s), layout_of(s, n), cluster)["total"])
                 for s, n, seconds in runs if s == shape]
    return rows


if __name__ == "__main__":
    main()
