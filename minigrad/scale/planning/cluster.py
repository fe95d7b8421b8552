"""How long is a training step on a cluster, and what memory does it need? A cost model of compute, links and bubbles.

A layout splits n = d t p devices into d data-parallel copies of a model that is cut t ways inside each layer (tensor)
and p ways across layers (pipeline); ZeRO shards optimizer state (1), gradients (2) and weights (3) over the d copies.
Neighbouring devices share a layer's tensors first, then a copy's gradients, and pipeline stages lie farthest apart.

    step = (compute + tensor all-reduces + stage transfers) * m (1 + (p-1)/(m v)) + exposed gradient traffic + update

Every term is linear in the cluster's seconds per FLOP, per byte and per message, so `calibrate` can fit those to
measured runs. Symbols and sources are those of costs.py; m is micro-batches per step and v chunks per stage.
The command `minigrad simulate` (simulate.py) searches the layouts with this model.
"""

import math
from typing import NamedTuple

import numpy as np

from ...support.errors import Failure, UsageError
from . import costs


class Cluster(NamedTuple):
    """What one device does in a second. Built from a data sheet by `cluster_of`, or from measurements by `calibrate`.

    flops: FLOP/s that large matrix products reach; attention: that flash attention reaches, if it is another number:
    its kernels are less even, and compute in 16 bit whatever the products do. bandwidth: bytes/s of its memory.
    memory: bytes.
    link, network: bytes/s that a ring reaches within a node of `node` devices, and beyond. latency: s per message.
    devices: how many there are; more ranks than devices share them, so that compute takes longer.
    precision: of products and of what is stored and sent. Infinite speed (or zero latency) switches a term off.
    """

    devices: int
    flops: float
    bandwidth: float = math.inf
    memory: float = math.inf
    link: float = math.inf
    network: float = math.inf
    latency: float = 0.0
    node: int = 8
    precision: str = "bf16"
    attention: float = None


class Layout(NamedTuple):
    """How a step of `batch` sequences is spread over data * tensor * pipeline devices.

    micro: sequences per micro-batch. chunks: parts of the model per pipeline stage (interleaved schedule).
    overlap: gradients travel while the backward pass still runs.
    """

    batch: int
    data: int = 1
    tensor: int = 1
    pipeline: int = 1
    zero: int = 0
    micro: int = 1
    recompute: str = "none"
    chunks: int = 1
    overlap: bool = True

    @property
    def devices(self):
        return self.data * self.tensor * self.pipeline

    def unevenness(self, layers):
        """How much more than its share the fullest of the pipeline's stages has, where they don't divide the layers."""
        return math.ceil(layers / self.pipeline) * self.pipeline / layers

    @property
    def micro_batches(self):
        """m = B / (d b), rounded up: the last micro-batch may be short."""
        return math.ceil(self.batch / (self.data * self.micro))


# -- the terms -----------------------------------------------------------------------------------------------------


def ring_all_reduce(payload, ranks, speed, latency=0.0):
    """Seconds to sum `payload` bytes over n ranks in a ring: 2 (n-1)/n payload / speed + 2 (n-1) latency.

    A reduce-scatter, then an all-gather, each half of it. Patarasuk and Yuan 2009, bandwidth optimal all-reduce.
    """
    return 2 * (ranks - 1) * (payload / ranks / speed + latency)


def bubble(stages, micro_batches, chunks=1):
    """Share of the time that a pipeline idles: (p-1)/(m v + p-1), v chunks a stage. Narayanan 2021, section 2.2."""
    return (stages - 1) / (micro_batches * chunks + stages - 1)


TOUCHES = 5  # a stored activation is written and read forward, read backward, and its gradient is written and read
REPEATED = 2  # a recomputed one is written and read once more


def micro_batch_compute(model, layout, cluster):
    """Seconds that one device computes for one micro-batch: matrix products, and the memory traffic between them.

    Products: FLOPs / (t p) / flops.  Traffic: TOUCHES * activation bytes / bandwidth, so narrow models run slower.
    Under flash attention its FLOPs, which at long context are most, have a speed of their own.  A pipeline waits for
    its fullest stage.
    """
    tokens = layout.micro * model.context
    flops = tokens * (costs.model_flops(model) + costs.recompute_flops(model, layout.recompute))
    within = 0.0
    if model.flash and cluster.attention:
        within = tokens * costs.attention_flops(model) * (4 / 3 if layout.recompute == "full" else 1)
        flops, within = flops - within, within / cluster.attention
    all_kept = costs.layer_activations(model, tokens, "none", cluster.precision)
    repeated = {"none": 0, "full": all_kept,
                "selective": all_kept - costs.layer_activations(model, tokens, "selective", cluster.precision)}
    traffic = model.layers * (TOUCHES * all_kept + REPEATED * repeated[layout.recompute])
    sharing = max(1, layout.devices / cluster.devices)
    seconds = flops / cluster.flops + within + traffic / cluster.bandwidth
    return seconds / (layout.tensor * layout.pipeline) * layout.unevenness(model.layers) * sharing


def micro_batch_transfers(model, layout, cluster):
    """Seconds of one micro-batch's own traffic on one device: tensor all-reduces, and sends between stages.

    Tensor: 2 all-reduces of s b h numbers per layer forward, 2 backward, 2 more if the layer is recomputed.
    Stages: s b h / t numbers each way per chunk, scattered over the t senders. Narayanan 2021, sections 2.3 and 4.1.
    """
    payload = costs.BYTES[cluster.precision] * layout.micro * model.context * model.width
    rounds = (6 if layout.recompute == "full" else 4) * model.layers / layout.pipeline
    seconds = rounds * ring_all_reduce(payload, layout.tensor, ring_speed(cluster, layout.tensor, 1), cluster.latency)
    if layout.pipeline > 1:
        between = cluster.link if layout.devices <= cluster.node else cluster.network
        seconds += 2 * layout.chunks * (payload / layout.tensor / between + cluster.latency)
    return seconds


def ring_speed(cluster, ranks, stride):
    """Bytes/s of a ring over every `stride`-th of `ranks` devices: the links', or the network's once it leaves a node.

    Each device owns a network adapter, so a ring with k members in a node crosses the network k adapters wide.
    """
    if ranks * stride <= cluster.node:
        return cluster.link
    return min(cluster.link, cluster.network * max(1, cluster.node // stride))


def shard(model, layout):
    """Parameters on one device before ZeRO: N / (t p)."""
    return model.params / (layout.tensor * layout.pipeline)


def gradient_traffic(model, layout, cluster):
    """Seconds per step of the data-parallel copies' traffic. Rajbhandari 2020, section 7.

    ZeRO 0 and 1: one all-reduce (or its two halves) of the gradients. 2: the gradients are scattered after each
    micro-batch, the weights gathered once. 3: the weights are gathered forward and backward in each, too.
    """
    payload = costs.BYTES[cluster.precision] * shard(model, layout)
    half = ring_all_reduce(payload, layout.data, ring_speed(cluster, layout.data, layout.tensor), cluster.latency) / 2
    m = layout.micro_batches
    return half * {0: 2, 1: 2, 2: m + 1, 3: 3 * m}[layout.zero]


def update_time(model, layout, cluster):
    """Seconds of the optimizer: each state byte is read and written once; ZeRO gives each device its share."""
    state = sum(costs.state_bytes(cluster.precision)) * shard(model, layout)
    return 2 * state / (layout.data if layout.zero else 1) / cluster.bandwidth


def step_time(model, layout, cluster):
    """Seconds per optimizer step: a dict of compute, transfers, bubble, gradients (what is not hidden), update, total.

    Gradient traffic hides behind the backward pass that runs meanwhile, two thirds of a micro-batch's compute: of the
    last micro-batch in ZeRO 0 and 1, of every one in 2; in 3 it hides behind all compute.
    """
    m = layout.micro_batches
    compute = m * micro_batch_compute(model, layout, cluster)
    transfers = m * micro_batch_transfers(model, layout, cluster)
    share = bubble(layout.pipeline, m, layout.chunks)
    idle = (compute + transfers) * share / (1 - share)
    gradients = gradient_traffic(model, layout, cluster)
    if layout.overlap:
        cover = {0: 2 / 3 / m, 1: 2 / 3 / m, 2: 2 / 3, 3: 1}[layout.zero] * compute
        gradients = max(0.0, gradients - cover)
    parts = {"compute": compute, "transfers": transfers, "bubble": idle, "gradients": gradients,
             "update": update_time(model, layout, cluster)}
    return parts | {"total": sum(parts.values())}


def memory(model, layout, cluster):
    """Bytes on the fullest device, the first stage: a dict of weights, gradients, optimizer, activations, total.

    Activations: L layers' worth for one micro-batch whatever p is, since stage one keeps min(m, p) of them, and
    (1 + (p-1)/(p v)) times that if interleaved (Korthikanti 2022, section 4.2.3); one whole layer while it is
    recomputed; without a pipeline also the logits, 4 s b (h + V)/t (section 4.3); under ZeRO 3 one layer's weights.
    """
    size = costs.BYTES[cluster.precision]
    sharded = [layout.data if layout.zero >= stage else 1 for stage in (3, 2, 1)]
    weights, gradients, optimizer = (bytes_each * shard(model, layout) / ranks for bytes_each, ranks
                                     in zip(costs.state_bytes(cluster.precision), sharded))
    tokens = layout.micro * model.context
    kept = costs.layer_activations(model, tokens, layout.recompute, cluster.precision, layout.tensor)
    whole = costs.layer_activations(model, tokens, "none", cluster.precision, layout.tensor)
    in_flight = math.ceil(model.layers / layout.pipeline) * min(layout.micro_batches, layout.pipeline)
    if layout.chunks > 1:
        in_flight *= 1 + (layout.pipeline - 1) / (layout.pipeline * layout.chunks)
    activations = in_flight * kept + (whole if layout.recompute != "none" else 0)
    if layout.pipeline == 1:
        activations += 4 * tokens * (model.width + model.vocab) / layout.tensor
    if layout.zero == 3:
        weights += size * 12 * model.width**2 / layout.tensor
    parts = {"weights": weights, "gradients": gradients, "optimizer": optimizer, "activations": activations}
    return parts | {"total": sum(parts.values())}


# -- clusters, from data sheets and from measurements --------------------------------------------------------------

# The shares of a data sheet's figures that real kernels and rings reach. flops and link are what `calibrate` finds from
# the ten runs of Narayanan 2021, table 1 (the tests fit them again); network and latency were measured on the same
# machine: 24 of 25 GB/s per adapter and 3.4 us (NVIDIA 2020, Accelerating IO in the modern data center: network IO).
# An H100, whose power is short, reaches less of its peak, at FP8 less again, and with the flash attention of 2023 less.
# These three, and attention on the A100, are fitted to every second row of foundry.py.  Other chips are taken for the
# H100, but the V100 for the A100.
REACHED = {"flops": 0.60, "attention": 0.60, "link": 0.87, "network": 0.96}
HOPPER = {"flops": 0.53, "fp8": 0.335, "attention": 0.30}
LATENCY = 3.4e-6


def cluster_of(chip, devices, precision="bf16"):
    """The Cluster of `devices` chips of one kind, at REACHED shares of the data sheet's figures."""
    if chip.link is None:
        known = ", ".join(name for name, other in costs.CHIPS.items() if other.link)
        raise UsageError(f"the links of {chip.name} do not fit this model (nodes on a network); known: {known}")
    reached = REACHED if chip.name in ("v100", "a100") else REACHED | HOPPER
    peak, of_attention = costs.peak_flops(chip, precision), costs.peak_flops(chip, "bf16")
    return Cluster(devices, reached["fp8" if precision == "fp8" else "flops"] * peak, chip.bandwidth, chip.memory,
                   reached["link"] * chip.link, reached["network"] * chip.network, LATENCY, chip.node, precision,
                   reached["attention"] * min(of_attention, peak))


def calibrate(measurements, guess, fit=("flops", "link", "latency")):
    """The Cluster that explains measured step times best; `fit` names what is fitted, the rest is kept from `guess`.

    measurements: [(model, layout, seconds)], at least as many as there are names in `fit`. Minimises the sum of
    squared relative errors over nonnegative x = (1/flops, 1/link, latency, ...). step_time is piecewise linear in
    these, so each round is a linear least-squares problem, and without overlapped traffic the first is exact. A speed
    that the runs do not show comes out infinite. Failure if they do not even fix the FLOP/s.
    """
    if len(measurements) < len(fit):
        raise Failure(f"{len(measurements)} measurements cannot fix {len(fit)} unknowns ({', '.join(fit)}): time more")
    measured = np.array([seconds for _, _, seconds in measurements])

    def ratios(x):
        trial = guess._replace(**{name: invert(name, value) for name, value in zip(fit, x)})
        return np.array([step_time(model, layout, trial)["total"] for model, layout, _ in measurements]) / measured

    x = best = np.array([invert(name, getattr(guess, name)) for name in fit])
    for _ in range(20):
        here = ratios(x)
        slopes = np.zeros((len(measured), len(fit)))
        for column, unit in enumerate(np.eye(len(fit))):
            reach = (ratios(x + unit) - here).mean()
            if reach > 0:
                step = 1e-3 / reach  # changes the ratios by a thousandth on average, small against any kink
                slopes[:, column] = (ratios(x + step * unit) - here) / step
        x = nonnegative_least_squares(slopes, 1 - here + slopes @ x)
        x[(slopes * x).max(axis=0) < 1e-6] = 0  # rounding: no run spends a millionth of its time on it
        if np.linalg.norm(ratios(x) - 1) >= np.linalg.norm(ratios(best) - 1) * (1 - 1e-12):
            break
        best = x
    found = {name: invert(name, float(value)) for name, value in zip(fit, best)}
    if not math.isfinite(found.get("flops", 1)):
        raise Failure("the measurements do not show how fast the devices compute: time larger models")
    return guess._replace(**found)


def invert(name, value):
    """Speeds are fitted as seconds per unit, the latency as it is."""
    return value if name == "latency" else 1 / value if value else math.inf


def nonnegative_least_squares(matrix, target):
    """argmin |matrix x - target|^2 over x >= 0, by trying every set of nonzero entries: exact, for a few columns."""
    scale = np.linalg.norm(matrix, axis=0)
    scale[scale == 0] = 1
    best, least = np.zeros(matrix.shape[1]), np.inf
    for chosen in range(1, 2 ** matrix.shape[1]):
        columns = [k for k in range(matrix.shape[1]) if chosen >> k & 1]
        x = np.linalg.lstsq(matrix[:, columns] / scale[columns], target, rcond=None)[0] / scale[columns]
        error = np.linalg.norm(matrix[:, columns] @ x - target)
        if (x >= 0).all() and error < least:
            best, least = np.zeros(matrix.shape[1]), error
            best[columns] = x
    return best
