"""Everything that must be seen once on a real GPU, in one command of under ten minutes.

    python -m benchmarks.gpu                on the GPU
    python -m benchmarks.gpu --dry          the same walk on the CPU, at small sizes: that this file works
    python -m benchmarks.gpu --json FILE    keep every figure

What is looked at: each op against NumPy in float32, float16 and TF32, value and gradient; whether a gradient is the
same bit for bit when computed again; step times of the seed network, LeNet and the GPT, as they are and unrolled, with
CUDA graphs between products, beside PyTorch on the same GPU where it is installed; matmul TFLOP/s against the card's
peak; memory over a thousand steps.  Exit code 1 if something is wrong.
"""
import argparse
import json
import os
import statistics
import sys
import time
from functools import partial
from operator import matmul
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import backend
from minigrad.engine.op import REGISTRY
from minigrad.engine.tensor import Tensor
from minigrad.scale.planning.costs import CHIPS
from minigrad.support.files import atomic_write
from minigrad.testing.ops.cases import cases

FLOAT32_ONLY = ("inv", "solve", "det", "logabsdet", "cholesky", "eigen", "singular", "factors", "astype")
TOLERANCES = {"float32": 2e-5, "tf32": 5e-3, "float16": 2e-2}       # of the largest number in a result


class Walk:
    """What was found: lines to read, and figures by name."""

    def __init__(self, dry):
        self.device, self.dry, self.figures, self.faults = "cpu" if dry else "gpu", dry, {}, []

    def tell(self, section, **figures):
        self.figures.setdefault(section, []).append(figures)
        words = (f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
        print(f"{section:<12} " + "  ".join(words), flush=True)

    def fault(self, words):
        self.faults.append(words)
        print(f"WRONG        {words}", flush=True)

    def wait(self, *tensors):
        backend.synchronize([t._data for t in tensors])


# -- parity ----------------------------------------------------------------------------------------------------------
def drawn(op, count):
    """The first cases that Hypothesis draws for an op, the same each time."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    found = []

    @seed(0)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(cases(op, layouts=("C",)))
    def collect(case):
        found.append(case)
    collect()
    return found


def run_case(op, inputs, params, dtype, device):
    """[value, gradients...] of one case as float64 NumPy arrays."""
    def cast(x):
        return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
    leaves = [Tensor(backend.asarray(cast(x), device=device), x.dtype.kind == "f") for x in inputs]
    params = {k: backend.asarray(cast(v), device=device) if isinstance(v, np.ndarray) and k != "index" else v
              for k, v in params.items()}
    y = op(*leaves, **params)
    results = [y]
    if y.requires_grad:
        g = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
        y.backward(backend.asarray(g, device=device))
        results += [x.grad for x in leaves if x.requires_grad and x.grad is not None]
    return [r.numpy().astype(np.float64) for r in results]


def parity(walk, kind):
    """Every op against NumPy: worst error by op; those out of tolerance are faults."""
    dtype = np.dtype("float16" if kind == "float16" else "float32")
    before = os.environ.get("CUPY_TF32")
    os.environ["CUPY_TF32"] = "1" if kind == "tf32" else "0"            # read by CuPy at each product
    worst, tried = {}, 0
    for op in REGISTRY.values():
        if not op.native or op.vjp is None or kind != "float32" and op.name in FLOAT32_ONLY:
            continue
        for inputs, params in drawn(op, 3 if walk.dry else 12):
            with np.errstate(all="ignore"):
                try:
                    expected = run_case(op, inputs, params, np.dtype("float32") if kind != "float32" else dtype, "cpu")
                    got = run_case(op, inputs, params, dtype, walk.device)
                except Exception as error:
                    walk.fault(f"{op.name} in {kind}: {type(error).__name__}: {error}")
                    break
            tried += 1
            too_large = kind == "float16" and any(b.size and np.abs(b).max() > 65_504 for b in expected)
            for a, b in zip(got, expected):
                if b.size and not too_large:
                    error = np.abs(a - b).max() / max(np.abs(b).max(), 1.0)
                    worst[op.name] = max(worst.get(op.name, 0.0), float(error) if np.isfinite(b).all() else 0.0)
    tolerance = TOLERANCES[kind]
    for name, error in worst.items():
        if not error <= tolerance:
            walk.fault(f"{name} in {kind}: off by {error:.2e} of its largest number, tolerance {tolerance:.0e}")
    name, error = max(worst.items(), key=lambda item: item[1])
    walk.tell("parity", kind=kind, ops=len(worst), cases=tried, worst=error, of=name)
    os.environ.pop("CUPY_TF32") if before is None else os.environ.update(CUPY_TF32=before)


def determinism(walk):
    """Are gradients the same bit for bit?  Adding at repeated indices uses atomic additions, in no fixed order."""
    table = backend.normal((1000, 64), device=walk.device)
    indices = backend.asarray(np.random.default_rng(0).integers(0, 50, 20_000), device=walk.device)
    weight = backend.normal((64, 64), device=walk.device)

    def gradients():
        leaf, w = Tensor(table, True), Tensor(weight, True)
        (mg.embedding(leaf, Tensor(indices)) @ w).sum().backward()
        return leaf.grad.numpy(), w.grad.numpy()
    runs = [gradients() for _ in range(3)]
    walk.tell("determinism", embedding=all(np.array_equal(runs[0][0], r[0]) for r in runs),
              matmul=all(np.array_equal(runs[0][1], r[1]) for r in runs))


# -- speed -----------------------------------------------------------------------------------------------------------
def seconds(walk, step, rounds=20):
    """The median time of a step, the device waited for after each round of several."""
    for _ in range(3):
        last = step()
    walk.wait(last)
    times = []
    for _ in range(2 if walk.dry else rounds):
        start = time.perf_counter()
        for _ in range(1 if walk.dry else 10):
            last = step()
        walk.wait(last)
        times.append((time.perf_counter() - start) / (1 if walk.dry else 10))
    return statistics.median(times)


def products(walk):
    """Square products in float32, TF32 and float16 against the card's peak."""
    chip = None
    if not walk.dry:
        name = backend.cupy().cuda.runtime.getDeviceProperties(0)["name"].decode()
        chip = next((c for key, c in CHIPS.items() if key in name.lower()), None)
        walk.tell("card", name=name, known=chip is not None)
    for kind in ("float32", "tf32", "float16"):
        os.environ["CUPY_TF32"] = "1" if kind == "tf32" else "0"
        dtype = np.float16 if kind == "float16" else np.float32
        for n in (64, 128) if walk.dry else (1024, 4096, 8192):
            a, b = (Tensor(backend.asarray(np.ones((n, n), dtype), device=walk.device)) for _ in range(2))
            rate = 2 * n ** 3 / seconds(walk, partial(matmul, a, b)) / 1e12
            peak = chip and chip.flops.get({"float32": "fp32", "float16": "fp16"}.get(kind, kind))
            walk.tell("matmul", kind=kind, n=n, tflops=rate, **({"of_peak": rate * 1e12 / peak} if peak else {}))
    os.environ.pop("CUPY_TF32", None)


def network(name, dry):
    """A compiled model and a batch on the default device."""
    from minigrad import datasets, keras
    from minigrad.zoo.gpt import GPT
    from minigrad.zoo.lenet import LeNet
    rng = np.random.default_rng(0)
    dense = keras.layers.Dense
    if name == "GPT":
        context, width, batch = (16, 32, 2) if dry else (64, 128, 16)
        model = GPT("".join(map(chr, range(32, 97))), context=context, depth=4, heads=4, width=width)
        tokens = rng.integers(0, 65, (batch, context))
        x = y = tokens
        model.compile("adamw", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    elif name == "LeNet":
        model = LeNet()
        n = 8 if dry else 64
        x, y = rng.random((n, 28, 28, 1), np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, n)]
        model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    else:
        model = keras.Sequential([dense(64, activation="relu"), dense(64, activation="relu"), dense(10)])
        digits = datasets.load_digits()
        x, y = digits.x[:32], np.eye(10, dtype=np.float32)[digits.y[:32]]
        model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    return model, mg.tensor(x), mg.tensor(y)


def torch_step(name, dry):
    """The same step in PyTorch on the same GPU, with its fused optimizer; None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    from torch import nn
    torch.manual_seed(0)
    if name == "GPT":
        layer = nn.TransformerEncoderLayer(128, 4, 512, 0.0, "gelu", batch_first=True, norm_first=True)
        body, table = nn.TransformerEncoder(layer, 4).cuda(), nn.Embedding(65, 128).cuda()
        head = nn.Linear(128, 65).cuda()
        mask = nn.Transformer.generate_square_subsequent_mask(64).cuda()
        x = torch.randint(0, 65, (16, 64)).cuda()
        parameters = [*body.parameters(), *table.parameters(), *head.parameters()]
        optimizer = torch.optim.AdamW(parameters, fused=True)

        def loss():
            logits = head(body(table(x), mask=mask, is_causal=True))
            return nn.functional.cross_entropy(logits.flatten(0, 1), x.flatten())
    else:
        if name == "LeNet":
            net = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                                nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                                nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)).cuda()
            x, y = torch.rand(64, 1, 28, 28).cuda(), torch.randint(0, 10, (64,)).cuda()
        else:
            net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).cuda()
            x, y = torch.rand(32, 64).cuda(), torch.randint(0, 10, (32,)).cuda()
        optimizer = torch.optim.Adam(net.parameters(), fused=True)

        def loss():
            return nn.functional.cross_entropy(net(x), y)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()
    start = time.perf_counter()
    for _ in range(20):
        step()
    torch.cuda.synchronize()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        for _ in range(10):
            step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / 10)
    return statistics.median(times)


def unrolled(walk, name):
    """Figures of the same step unrolled: its time, and what is captured.  A fault if it learns something else."""
    (model, x, y), (twin, *_) = network(name, walk.dry), network(name, walk.dry)
    model(x)
    twin(x)
    twin.set_weights(model.get_weights())
    replay = mg.unroll(model.train_step)
    for _ in range(8):
        replay(x, y)
        twin.train_step(x, y)
    if replay.program is None:
        walk.fault(f"{name} can't be unrolled: {replay.reason}")
        return {}
    off = max(np.abs(a - b).max() for a, b in zip(model.get_weights(), twin.get_weights()))
    if not off < 1e-2:                      # steps of Adam are 1e-2 to 1e-3 long
        walk.fault(f"{name} unrolled: weights are off by {off:.2e} after 8 steps")
    for stretch in replay.program.stretches:
        if stretch.reason is not None:
            walk.fault(f"{name} unrolled: a stretch was not captured: {stretch.reason}")

    def step():
        replay(x, y)
        return model.trainable_weights[0]
    return {"unrolled_ms": seconds(walk, step) * 1e3, "graphs": len(replay.program.stretches), "off": float(off)}


def steps(walk):
    for name in ("seed network", "LeNet", "GPT"):
        model, x, y = network(name, walk.dry)

        def step(model=model, x=x, y=y):
            model.train_step(x, y)
            return model.trainable_weights[0]
        ours = seconds(walk, step)
        theirs = None if walk.dry else torch_step(name, walk.dry)
        beside = ({"torch_ms": theirs * 1e3, "ratio": ours / theirs} if theirs else
                  {"torch": "not installed, or without a GPU"})
        walk.tell("step", network=name, ms=ours * 1e3, **unrolled(walk, name), **beside)


def memory(walk):
    """Bytes in use over a thousand steps of the seed network: flat after the first few."""
    model, x, y = network("seed network", walk.dry)
    used = []
    for k in range(20 if walk.dry else 1000):
        model.train_step(x, y)
        if k % (5 if walk.dry else 100) == 0:
            walk.wait(model.trainable_weights[0])
            used.append(0 if walk.dry else backend.cupy().get_default_memory_pool().used_bytes())
    walk.tell("memory", first=used[1], last=used[-1])
    if used[-1] > used[1] * 1.01:
        walk.fault(f"memory in use grew from {used[1]} to {used[-1]} bytes over the steps")


def main(arguments=None):
    p = argparse.ArgumentParser(prog="python -m benchmarks.gpu",
                                description="See minigrad on a real GPU, once and whole.")
    p.add_argument("--dry", action="store_true", help="walk through all of it on the CPU, at small sizes")
    p.add_argument("--json", type=Path, metavar="FILE", help="keep every figure")
    args = p.parse_args(arguments)
    walk = Walk(args.dry)
    try:
        mg.set_device(walk.device)
    except RuntimeError as error:
        print(f"benchmarks.gpu: {error}; --dry walks through it without one", file=sys.stderr)
        return 1
    start = time.perf_counter()
    for kind in TOLERANCES:
        if not (walk.dry and kind == "tf32"):
            parity(walk, kind)
    determinism(walk)
    products(walk)
    steps(walk)
    memory(walk)
    walk.tell("total", minutes=(time.perf_counter() - start) / 60, faults=len(walk.faults), device=walk.device)
    if args.json:
        with atomic_write(args.json, "w") as file:
            json.dump({"figures": walk.figures, "faults": walk.faults}, file, indent=1)
    return 1 if walk.faults else 0


if __name__ == "__main__":
    sys.exit(main())
