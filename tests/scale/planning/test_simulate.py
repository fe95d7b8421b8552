"""minigrad simulate and the cost model of a cluster: closed forms, published runs, calibration, bad input."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.commands.main import parser
from minigrad.scale.planning import cluster, costs, foundry, simulate
from minigrad.scale.planning.cluster import (
    REACHED,
    Cluster,
    Layout,
    bubble,
    calibrate,
    cluster_of,
    memory,
    ring_all_reduce,
    ring_speed,
    step_time,
)
from minigrad.support.errors import Failure, UsageError

A100 = costs.CHIPS["a100"]
GPT3 = simulate.GPT3
powers = st.sampled_from([1, 2, 4, 8, 16])


def total(model, layout, cluster):
    return step_time(model, layout, cluster)["total"]


def command(*words):
    """The exit code of `minigrad simulate WORDS`; UsageError passes through, for main() to print."""
    args = parser().parse_args(["simulate", *words])
    return args.run(args)


@st.composite
def some_layout(draw):
    data, micro = draw(powers), draw(st.sampled_from([1, 2, 4]))
    batch = data * micro * draw(st.integers(1, 8))
    return Layout(batch, data, draw(st.sampled_from([1, 2, 4, 8])), draw(powers), draw(st.integers(0, 3)), micro,
                  draw(st.sampled_from(costs.RECOMPUTE)), draw(st.integers(1, 3)), draw(st.booleans()))


# -- closed forms --------------------------------------------------------------------------------------------------


@given(st.integers(1, 1000), st.floats(1, 1e12), st.floats(1e6, 1e12), st.floats(0, 1e-3))
def test_ring_all_reduce(ranks, payload, speed, latency):
    assert ring_all_reduce(payload, ranks, speed) == pytest.approx(2 * (ranks - 1) / ranks * payload / speed)
    assert ring_all_reduce(0, ranks, speed, latency) == pytest.approx(2 * (ranks - 1) * latency)
    assert ring_all_reduce(payload, 1, speed, latency) == 0


def test_bubble_by_drawing_the_schedule():
    """Micro-batches march through equal stages one after the other; count the idle cells of the drawing."""
    for stages in range(1, 9):
        for micro_batches in range(1, 12):
            drawing = np.zeros((stages, micro_batches + stages - 1), bool)
            for stage in range(stages):
                drawing[stage, stage:stage + micro_batches] = True
            assert bubble(stages, micro_batches) == pytest.approx(1 - drawing.mean())


@given(some_layout())
def test_bubble_share_of_a_step(layout):
    parts = step_time(GPT3, layout, cluster_of(A100, layout.devices))
    busy = parts["compute"] + parts["transfers"]
    share = parts["bubble"] / (busy + parts["bubble"])
    assert share == pytest.approx(bubble(layout.pipeline, layout.micro_batches, layout.chunks))


@given(some_layout())
def test_compute_is_conserved(layout):
    """Splitting work does not change it: devices * seconds is the FLOPs over the speed."""
    seconds = step_time(GPT3, layout, Cluster(layout.devices, 1e12))
    flops = costs.model_flops(GPT3) + costs.recompute_flops(GPT3, layout.recompute)
    assert seconds["compute"] * layout.devices == pytest.approx(layout.batch * GPT3.context * flops / 1e12)
    assert seconds["transfers"] == seconds["update"] == 0


def test_tensor_traffic_per_layer():
    """Narayanan 2021, section 3.2: 8 b s h (t-1)/t numbers a layer, micro-batch and device."""
    cluster = Cluster(8, math.inf, link=1.0)
    seconds = step_time(GPT3, Layout(3, tensor=8, micro=1), cluster)["total"]
    assert seconds == pytest.approx(3 * GPT3.layers * 2 * 8 * GPT3.context * GPT3.width * 7 / 8)


def test_gradient_traffic_by_zero_stage():
    """Rajbhandari 2020, section 7: stages 0 to 2 move 2 N numbers per step, stage 3 moves 3 N (one micro-batch)."""
    cluster = Cluster(64, math.inf, link=1.0, node=64)
    moved = [total(GPT3, Layout(64, 64, zero=zero, overlap=False), cluster) / (2 * GPT3.params) for zero in range(4)]
    assert moved == pytest.approx([2 * 63 / 64] * 3 + [3 * 63 / 64])


def test_rings_use_the_links_within_a_node_and_every_adapter_beyond():
    cluster = Cluster(64, 1e12, link=300.0, network=25.0, node=8)
    assert ring_speed(cluster, 8, 1) == ring_speed(cluster, 2, 4) == 300
    assert ring_speed(cluster, 64, 1) == 8 * 25 and ring_speed(cluster, 8, 8) == 25
    assert ring_speed(cluster._replace(network=100.0), 64, 1) == 300


def test_zero_divides_the_state():
    """Rajbhandari 2020, figure 1: 7.5e9 parameters on 64 devices need 120, 31.4, 16.6 and 1.9 GB of model state."""
    model = costs.transformer(7.5e9)
    for zero, gigabytes in enumerate((120, 31.4, 16.6, 1.9)):
        parts = memory(model, Layout(64, 64, zero=zero), Cluster(64, 1e12))
        state = parts["weights"] + parts["gradients"] + parts["optimizer"]
        gathered = 2 * 12 * model.width**2 if zero == 3 else 0  # the layer at work, whole
        assert (state - gathered) / 1e9 == pytest.approx(gigabytes, abs=0.05)


def test_first_stage_keeps_all_layers_in_flight():
    cluster = Cluster(64, 1e12)
    flat, deep = (memory(GPT3, Layout(64, 1, 8, p), cluster)["activations"] for p in (1, 8))
    logits = 4 * GPT3.context * (GPT3.width + GPT3.vocab) / 8
    assert deep == pytest.approx(flat - logits)
    chunked = memory(GPT3, Layout(64, 1, 8, 8, chunks=3), cluster)["activations"]
    assert chunked / deep == pytest.approx(1 + 7 / 24)  # Korthikanti 2022, section 4.2.3


def test_ranks_share_the_devices_there_are():
    model, two = costs.transformer(1e6), Cluster(2, 1e9)
    one, pair, four = (total(model, Layout(8, data), two) for data in (1, 2, 4))
    assert one == pytest.approx(2 * pair) and four == pytest.approx(pair)


# -- laws ----------------------------------------------------------------------------------------------------------


@given(some_layout(), st.sampled_from(["flops", "bandwidth", "link", "network"]), st.floats(1, 100))
def test_a_faster_cluster_is_never_slower(layout, name, factor):
    cluster = cluster_of(A100, layout.devices)
    faster = cluster._replace(**{name: factor * getattr(cluster, name)})
    assert total(GPT3, layout, faster) <= total(GPT3, layout, cluster) * (1 + 1e-12)


@given(some_layout(), st.floats(0.01, 100))
def test_step_time_is_homogeneous(layout, factor):
    cluster = cluster_of(A100, layout.devices)
    slower = cluster._replace(latency=factor * cluster.latency, **{
        name: getattr(cluster, name) / factor for name in ("flops", "bandwidth", "link", "network")})
    assert total(GPT3, layout, slower) == pytest.approx(factor * total(GPT3, layout, cluster))


@given(some_layout())
def test_more_sharding_needs_less_memory(layout):
    cluster = cluster_of(A100, layout.devices)
    needed = [memory(GPT3, layout._replace(zero=zero), cluster)["total"] for zero in range(3)]
    assert needed == sorted(needed, reverse=True)
    wider = memory(GPT3, layout._replace(tensor=2 * layout.tensor), cluster)
    assert all(wider[part] <= value for part, value in memory(GPT3, layout, cluster).items())


@given(some_layout())
def test_overlap_only_helps(layout):
    cluster = cluster_of(A100, layout.devices)
    shown, hidden = (step_time(GPT3, layout._replace(overlap=overlap), cluster) for overlap in (False, True))
    assert hidden["gradients"] <= shown["gradients"] and hidden["compute"] == shown["compute"]


@pytest.mark.parametrize("devices, batch", [(1, 4), (8, 32), (96, 96), (128, 1536)])
def test_search(devices, batch):
    cluster = cluster_of(A100, devices)
    results = simulate.search(GPT3, cluster, batch, 312e12)
    assert len({r.layout for r in results}) == len(results) > 0
    for r in results:
        assert r.layout.devices == devices and batch % (r.layout.data * r.layout.micro) == 0
        assert r.fits == (r.bytes["total"] <= A100.memory) and 0 < r.mfu < REACHED["flops"]
    fitting = [r.seconds["total"] for r in results if r.fits]
    assert fitting == sorted(fitting) and [r.fits for r in results] == [True] * len(fitting) + [False] * (
        len(results) - len(fitting))
    assert all(r.layout.zero == 3 for r in simulate.search(GPT3, cluster, batch, 312e12, zero=3))


# -- published runs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run, seconds, ratio, needed", simulate.check(), ids=lambda v: getattr(v, "source", ""))
def test_published(run, seconds, ratio, needed):
    """Within 5 percent of the ten fitted runs and 20 percent of the others, and all fit where they ran.

    Not the ZeRO-3 of 2021, far slower than its links.  FSDP of 2023, whose kernels were many and small, 0.76 to 1.38.
    """
    if "2021" in run.note:
        assert ratio < 1
    elif run.source == foundry.SOURCE:
        assert 0.76 < ratio < 1.38
    else:
        assert ratio == pytest.approx(1, abs=0.05 if run.fitted else 0.2)
    assert needed < costs.CHIPS[run.chip].memory or run.source == foundry.SOURCE


def ratios(chosen):
    return np.array([ratio for run, _, ratio, _ in simulate.check() if run.source == foundry.SOURCE and chosen(run)])


@pytest.mark.parametrize("chip, precision, low, high", [
    ("a100", "bf16", 0.82, 1.36), ("h100", "bf16", 0.83, 1.21), ("h100", "fp8", 0.75, 1.10)])
def test_runs_of_2023_that_were_not_fitted(chip, precision, low, high):
    """Long contexts, small models and FP8 among them; four of five are within a fifth."""
    found = ratios(lambda run: (run.chip, run.precision, run.fitted) == (chip, precision, False))
    assert low < found.min() and found.max() < high and 0.9 < np.median(found) < 1.1
    assert (abs(np.log(found)) < np.log(1.2)).mean() >= 0.8


@pytest.mark.parametrize("name", ["flops", "fp8", "attention"])
@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_no_other_share_fits_the_fitted_half_better(name, factor, monkeypatch):
    def error():
        return np.square(np.log(ratios(lambda run: run.fitted and run.chip == "h100"))).sum()
    best = error()
    monkeypatch.setitem(cluster.HOPPER, name, factor * cluster.HOPPER[name])
    assert error() > best


def test_stages_may_be_a_little_uneven():
    """126 layers on 16 stages, as Llama 3 405B: the fullest has 8, and all wait for it."""
    assert Layout(1, pipeline=16).unevenness(126) == pytest.approx(128 / 126)
    assert 16 in simulate.stages(126) and 5 not in simulate.stages(6)
    even, uneven = (total(costs.transformer(layers=layers, width=4096), Layout(64, pipeline=4), Cluster(4, 1e14))
                    for layers in (8, 7))
    assert uneven == pytest.approx(even, rel=0.02)


def test_the_shares_reached_are_those_that_the_fitted_runs_give():
    runs = [(run.model, run.layout, run.seconds) for run in simulate.published()
            if run.fitted and run.source != foundry.SOURCE]
    found = calibrate(runs, cluster_of(A100, 3072), ("flops", "link"))
    assert found.flops / 312e12 == pytest.approx(REACHED["flops"], abs=0.005)
    assert found.link / A100.link == pytest.approx(REACHED["link"], abs=0.005)


# -- calibration ---------------------------------------------------------------------------------------------------

TRUTH = Cluster(4, 3e10, link=2e9, latency=3e-5, node=64, precision="fp32")
RUNS = [(costs.transformer(layers=layers, width=width, heads=4, context=128, vocab=128), Layout(16, data, tensor))
        for layers, width in ((2, 64), (4, 128), (6, 256)) for data, tensor in ((1, 1), (2, 1), (4, 1), (1, 2), (2, 2))]
GUESS = TRUTH._replace(flops=1e12, link=1e12, latency=0.0)


def timed(noise=0.0, seed=0, overlap=False):
    random = np.random.default_rng(seed)
    runs = [(model, layout._replace(overlap=overlap)) for model, layout in RUNS]
    return [(*run, total(*run, TRUTH) * (1 + noise * random.standard_normal())) for run in runs]


@pytest.mark.parametrize("overlap", [False, True])
def test_calibrate_recovers_the_cluster(overlap):
    found = calibrate(timed(overlap=overlap), GUESS)
    assert (found.flops, found.link, found.latency) == pytest.approx((TRUTH.flops, TRUTH.link, TRUTH.latency), rel=1e-6)
    assert found._replace(flops=0, link=0, latency=0) == TRUTH._replace(flops=0, link=0, latency=0)


@given(st.integers(0, 2**32 - 1))
def test_calibrate_under_noise_predicts_within_it(seed):
    found = calibrate(timed(0.05, seed), GUESS)
    errors = [total(model, layout, found) / total(model, layout, TRUTH) - 1 for model, layout in RUNS]
    assert np.abs(errors).max() < 0.15, errors
    assert found.flops == pytest.approx(TRUTH.flops, rel=0.15)


def test_calibrate_finds_no_latency_where_there_is_none():
    runs = [(*run, total(*run, TRUTH._replace(latency=0.0))) for run in RUNS]
    assert calibrate(runs, GUESS).latency == 0


def test_calibrate_needs_enough_runs():
    with pytest.raises(Failure, match="2 measurements cannot fix 3 unknowns"):
        calibrate(timed()[:2], GUESS)
    with pytest.raises(Failure, match="how fast the devices compute"):
        calibrate([(*run, total(*run, TRUTH._replace(flops=math.inf))) for run in RUNS if run[1].devices > 1], GUESS)


# -- the command ---------------------------------------------------------------------------------------------------


def test_prints_which_fit_and_the_fastest(capsys):
    assert command("--model", "175e9", "--gpus", "1024", "--gpu", "a100") == 0
    out = capsys.readouterr().out
    rows = {line.split("  ")[0]: line.split()[-1] for line in out.splitlines() if line}
    assert rows["data"] == "no" and rows["data + ZeRO-3"] == rows["tensor + pipeline + data"] == "yes"
    assert "Fastest: " in out and "MFU 0.58" in out and "four in five reach 0.21 to 0.55" in out


def test_json_lists_what_the_search_finds(capsys):
    assert command("--model", "13e9", "--gpus", "16", "--batch", "64", "--json", "--top", "3") == 0
    report = json.loads(capsys.readouterr().out)
    first = simulate.search(costs.transformer(13e9), cluster_of(A100, 16), 64, 312e12)[0]
    assert len(report["layouts"]) == 3 and report["layouts"][0]["seconds"] == first.seconds


def test_says_when_nothing_fits(capsys):
    for how in ((), ("--json",)):
        with pytest.raises(Failure, match="none of .* layouts fits in 80 GB: the smallest needs .*; take more GPUs"):
            command("--model", "1e12", "--gpus", "8", *how)
        assert "no" in (out := capsys.readouterr().out) and (not how or not json.loads(out)["layouts"][0]["fits"])


def test_check_prints_every_run(capsys):
    assert command("--check") == 0
    out = capsys.readouterr().out
    assert all(run.source in out for run in simulate.published()) and out.count("(fitted)") == 10 + 57


@pytest.mark.parametrize("words", ["--gpus 0", "--model -3", "--batch 0", "--zero many", "--zero 7", "--tensor -1",
                                   "--data 0"])
def test_bad_values_exit_2(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        command("--model", "1e9", *words.split())
    assert stopped.value.code == 2 and words.split()[0] in capsys.readouterr().err


@pytest.mark.parametrize("words, says", [
    ("--model 1e9 --gpu abacus", "known: v100, a100, h100, h200"), ("--model 1e9 --gpu tpuv4", "links"),
    ("", "parameters"), ("--model 1e29", "too many"),
    ("--model 1e9 --tensor 3", "no layout divides .* tensor 3"),
    ("--model 1e9 --gpus 7 --batch 3 --tensor 1 --pipeline 1", "no layout divides 7 GPUs")])
def test_bad_requests_are_usage_errors(words, says):
    with pytest.raises(UsageError, match=says) as error:
        command(*words.split())
    assert "\n" not in str(error.value)
