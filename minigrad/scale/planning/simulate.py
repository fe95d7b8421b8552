"""Which layouts of a large training run fit, and which is the fastest?

    minigrad simulate --model 175e9 --gpus 1024 --gpu a100      the best of each kind of layout
    minigrad simulate --model 175e9 --gpus 1024 --top 10        the ten fastest
    minigrad simulate --check                                   the cost model against published runs
    minigrad simulate --here                                    and against 1, 2 and 4 ranks on this machine

The cost model is in cluster.py; this file searches the layouts and holds the published runs. d t p are the data-,
tensor- and pipeline-parallel sizes, v the chunks per stage, b the sequences per micro-batch.
    Smith 2022  Megatron-Turing NLG 530B, arXiv:2201.11990;  Zhao 2023  PyTorch FSDP, arXiv:2304.11277
    Llama Team 2024  The Llama 3 herd of models, arXiv:2407.21783;  the others are named in costs.py
"""

import math
from typing import NamedTuple

from . import costs, foundry
from .cluster import Layout, cluster_of, memory, step_time


def divisors(n):
    return [k for k in range(1, n + 1) if n % k == 0]


def stages(layers):
    """Sizes of a pipeline whose fullest stage has at most a tenth more than its share of the layers."""
    return [p for p in range(1, layers + 1) if Layout(1, pipeline=p).unevenness(layers) <= 1.1]


def layouts(model, devices, node, batch, **fixed):
    """Every layout worth trying on `devices`: tensor within a node, nothing that doesn't divide evenly, or nearly so.

    ZeRO 2 and 3 are left out with a pipeline, where they send gradients or weights once per micro-batch and stage.
    fixed: values that fields of the layout must have.
    """
    for tensor in divisors(math.gcd(node, model.heads)):
        for pipeline in stages(model.layers):
            data, rest = divmod(devices, tensor * pipeline)
            if rest or batch % data:
                continue
            for micro in (b for b in (1, 2, 4, 8) if batch % (data * b) == 0):
                interleaves = pipeline > 1 and batch // (data * micro) % pipeline == 0
                for chunks in divisors(math.ceil(model.layers / pipeline))[:3] if interleaves else [1]:
                    for zero in (0,) if data == 1 else (0, 1) if pipeline > 1 else (0, 1, 2, 3):
                        for recompute in ("none", "full") if model.flash else costs.RECOMPUTE:
                            layout = Layout(batch, data, tensor, pipeline, zero, micro, recompute, chunks)
                            if all(getattr(layout, name) == value for name, value in fixed.items()):
                                yield layout


class Candidate(NamedTuple):
    """A layout with what it takes."""

    layout: Layout
    seconds: dict  # of a step, by part
    bytes: dict  # on the fullest device, by part
    mfu: float  # the model's FLOPs / (seconds * devices * peak)
    fits: bool


def search(model, cluster, batch, peak, **fixed):
    """Every layout as a Candidate: those that fit, fastest first, then the others, smallest first.

    A layout fits if it stays within the decimal gigabytes of the data sheet; the 7 percent by which the device's
    binary gigabytes exceed those is left to the allocator.
    """
    results = []
    for layout in layouts(model, cluster.devices, cluster.node, batch, **fixed):
        seconds, needed = step_time(model, layout, cluster), memory(model, layout, cluster)
        flops = batch * model.context * costs.model_flops(model)
        mfu = flops / (seconds["total"] * cluster.devices * peak)
        results.append(Candidate(layout, seconds, needed, mfu, needed["total"] <= cluster.memory))
    return sorted(results, key=lambda r: (not r.fits, r.seconds["total"] if r.fits else r.bytes["total"]))


def kind(layout):
    """The family that a layout belongs to, such as 'data + ZeRO-3' or 'tensor + pipeline + data'."""
    names = [name for name in ("tensor", "pipeline", "data") if getattr(layout, name) > 1]
    return " + ".join(names + [f"ZeRO-{layout.zero}"] * (layout.zero > 0)) or "one device"


# -- published runs ------------------------------------------------------------------------------------------------


class PublishedRun(NamedTuple):
    """A step that was timed: `fitted` if cluster.REACHED was fitted to it, `note` if it needs one."""

    model: costs.Transformer
    layout: Layout
    chip: str
    seconds: float
    source: str
    fitted: bool = False
    note: str = ""
    precision: str = "bf16"


GPT3 = costs.transformer(layers=96, width=12288, heads=96, flash=False)
MT_NLG = costs.transformer(layers=105, width=20480, heads=128, flash=False)
LLAMA3 = costs.transformer(405e9, 126, 16384, 128, context=8192, vocab=128256, kv_heads=8)


def from_flops(model, layout, teraflops, source, chip="a100", **rest):
    """A run published as teraFLOP/s per GPU, repeated forward work counted in (Narayanan 2021, eq. 3)."""
    flops = costs.model_flops(model) + costs.recompute_flops(model, layout.recompute)
    seconds = flops * layout.batch * model.context / (layout.devices * teraflops * 1e12)
    return PublishedRun(model, layout, chip, seconds, source, **rest)


def weak_scaling(layers, width, heads, tensor, pipeline, devices, batch, teraflops):
    """A row of Narayanan 2021, table 1. v and b are not printed there: the smallest interleaving and 1 are assumed."""
    model = costs.transformer(layers=layers, width=width, heads=heads, flash=False)
    chunks = divisors(layers // pipeline)[1] if pipeline > 1 else 1
    layout = Layout(batch, devices // (tensor * pipeline), tensor, pipeline, 0, 1, "full", chunks, overlap=False)
    return from_flops(model, layout, teraflops, "Narayanan 2021, table 1", fitted=True)


def published():
    """All runs, the fitted ones first."""
    runs = [weak_scaling(*row) for row in (
        # L, h, a, t, p, GPUs, batch, teraFLOP/s per GPU
        (24, 2304, 24, 1, 1, 32, 512, 137), (30, 3072, 32, 2, 1, 64, 512, 138), (36, 4096, 32, 4, 1, 128, 512, 142),
        (40, 6144, 48, 8, 1, 256, 1024, 135), (48, 8192, 64, 8, 2, 512, 1536, 138),
        (60, 10240, 80, 8, 4, 1024, 1792, 140), (80, 12288, 96, 8, 8, 1536, 2304, 148),
        (96, 16384, 128, 8, 16, 1920, 2160, 155), (105, 20480, 128, 8, 35, 2520, 2520, 163),
        (128, 25600, 160, 8, 64, 3072, 3072, 163))]
    for model, pipeline, chunks, batch, rows in ((GPT3, 12, 2, 1536, ((4, 153), (8, 149), (16, 141))),
                                                 (MT_NLG, 35, 3, 2240, ((2, 171), (4, 167), (8, 159)))):
        for data, teraflops in rows:
            layout = Layout(batch, data, 8, pipeline, 0, 1, "full", chunks, overlap=False)
            runs.append(from_flops(model, layout, teraflops, "Narayanan 2021, table 2", note="v assumed"))
    for data, seconds in ((8, 60.1), (10, 50.2), (12, 44.4)):
        layout = Layout(1920, data, 8, 35, 0, 1, "full", overlap=False)
        runs.append(PublishedRun(MT_NLG, layout, "a100", seconds, "Smith 2022, section 2.4", note="v assumed"))
    for shape, batch, micro, pipeline, chunks, full, selective in (
            ((48, 6144, 64), 4, 4, 1, 1, 1.42, 1.10), ((96, 12288, 96), 64, 1, 8, 3, 18.13, 13.75),
            ((105, 20480, 128), 280, 1, 35, 3, 49.05, 37.83), ((128, 25600, 160), 512, 1, 64, 1, 94.42, 71.49)):
        model = costs.transformer(None, *shape, flash=False)
        for recompute, seconds in (("full", full), ("selective", selective)):
            layout = Layout(batch, 1, 8, pipeline, 0, micro, recompute, chunks, overlap=False)
            runs.append(PublishedRun(model, layout, "a100", seconds, "Korthikanti 2022, table 5"))
    layout = Layout(2240, 8, 8, 35, 0, 1, "selective", 3, overlap=False)
    runs.append(PublishedRun(MT_NLG, layout, "a100", 39.15, "Korthikanti 2022, section 6.3"))
    for micro, teraflops in ((1, 173), (2, 186)):
        layout = Layout(512 * micro, 512, zero=3, micro=micro, recompute="full")
        runs.append(from_flops(GPT3, layout, teraflops, "Zhao 2023, section 5.4"))
    for data, teraflops in ((64, 430), (128, 400)):
        layout = Layout(2048, data, 8, 16, zero=2, chunks=8)
        runs.append(from_flops(LLAMA3, layout, teraflops, "Llama Team 2024, table 4", "h100", note="v assumed"))
    for model, batch, devices, micro, teraflops in (
            (GPT3, 1536, 384, 4, 144), (GPT3, 1536, 768, 2, 88), (GPT3, 1536, 1536, 1, 44),
            (MT_NLG, 2560, 640, 4, 138), (MT_NLG, 2240, 1120, 2, 98), (MT_NLG, 2240, 2240, 1, 48)):
        layout = Layout(batch, devices, zero=3, micro=micro, recompute="full")
        runs.append(from_flops(model, layout, teraflops, "Narayanan 2021, table 2", note="ZeRO-3 of 2021"))
    return runs + [PublishedRun(model, layout, chip, seconds, foundry.SOURCE, number % 2 == 0, "", precision)
                   for number, (model, layout, chip, precision, seconds) in enumerate(foundry.rows())]


def check():
    """[(run, predicted seconds, ratio, bytes on the fullest device)] for every published run."""
    rows = []
    for run in published():
        cluster = cluster_of(costs.find_chip(run.chip), run.layout.devices, run.precision)
        seconds = step_time(run.model, run.layout, cluster)["total"]
        rows.append((run, seconds, seconds / run.seconds, memory(run.model, run.layout, cluster)["total"]))
    return rows
