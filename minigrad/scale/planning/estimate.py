"""How much compute, memory, time, money and energy does it take to train a language model?

    minigrad estimate --params 175e9 --tokens 300e9 --gpus 1024 --gpu a100      one line per figure, formula and source
    minigrad estimate --params 70e9 --optimal                                   how many tokens suit this model
    minigrad estimate --params 671B --active 37B --tokens 14.8T --gpu h800 --precision fp8      a mixture of experts
    minigrad estimate --params 7B --tokens 10M --qlora 16                       tuning a few small matrices
    minigrad estimate --check                                                   the formulas against published runs

The formulas are in costs.py; this file adds time, cost, energy, the scaling laws, and the published figures.
    Hoffmann 2022   Training compute-optimal large language models (Chinchilla), arXiv:2203.15556
    Besiroglu 2024  Chinchilla scaling: a replication attempt, arXiv:2404.10102
    Touvron 2023    LLaMA, arXiv:2302.13971;  DeepSeek-AI 2024  DeepSeek-V3 technical report, arXiv:2412.19437
"""

import math
from typing import NamedTuple

from . import costs, runs
from .costs import quantity

MFU = 0.40  # Llama Team 2024, table 4: 0.38 to 0.43 on 8,192 and 16,384 H100s; run --check for other runs' shares
PUE = 1.1  # Touvron 2023, table 15
PRICE = 2.0  # dollars an hour for one GPU, the rent that DeepSeek-AI 2024, table 1, assumes for an H800


def estimate(model, tokens, gpus, chip, precision="bf16", mfu=None, batch=1, recompute="none", price=PRICE, pue=PUE,
             adapters=None, rank=8):
    """All figures of one training run as a dict: name -> number.

    flops            6 N D, N what a token meets          attention_flops  12 L h s D
    recomputed_flops what is computed twice to save memory, which takes time and is not counted in MFU
    weights, gradients, optimizer, activations, memory    bytes, the whole model and `batch` sequences at once
    gpu_hours        FLOPs / (peak * MFU) / 3600          days             GPU-hours / (24 GPUs)
    cost             GPU-hours * price                    energy           GPU-hours * watts * PUE, in joules
    gpus_for_memory  the fewest chips that could hold `memory`
    gpu_hours_low, gpu_hours_high   between which four of five published trainings would lie (runs.py)

    mfu         default: MFU, less for a mixture of experts and for FP8 (runs.factor)
    adapters    "lora" or "qlora": the weights are frozen, in 16 or 4 bit, and small matrices of this rank are trained.
                Then 4 N D, as no gradient of the weights is formed.
    """
    peak, factor = costs.peak_flops(chip, precision), runs.factor(model, precision)
    mfu = mfu or MFU * factor
    trained = costs.adapter_parameters(model, rank) if adapters else model.params
    weight, gradient, optimizer = (size * trained for size in costs.state_bytes(precision))
    if adapters:
        weight += costs.ADAPTERS[adapters] * model.params
    activations = model.layers * costs.layer_activations(model, batch * model.context, recompute, precision)
    memory = weight + gradient + optimizer + activations
    flops = (4 if adapters else 6) * model.used * tokens
    attention = costs.attention_flops(model) * tokens
    again = costs.recompute_flops(model, recompute) * tokens
    seconds = (flops + attention + again) / (peak * mfu)
    low, _, high = (seconds * mfu / (share * factor) / 3600 for share in reversed(runs.interval()))
    return {
        "flops": flops, "attention_flops": attention, "recomputed_flops": again, "trained": trained, "mfu": mfu,
        "weights": weight, "gradients": gradient, "optimizer": optimizer, "activations": activations, "memory": memory,
        "gpus_for_memory": math.ceil(memory / chip.memory),
        "gpu_hours": seconds / 3600, "gpu_hours_low": low, "gpu_hours_high": high,
        "days": seconds / gpus / 86400, "tokens_per_second": tokens * gpus / seconds,
        "cost": seconds / 3600 * price, "energy": chip.power and seconds * chip.power * pue,
    }


def lines(model, gpus, chip, precision, mfu, batch, recompute, price, pue, figures, adapters=None, rank=8):
    """The printed report: (name, value, formula, source) per figure."""
    met = "the active N" if model.active else "half of N" if model.encoder_decoder else "N"
    peak = quantity(costs.peak_flops(chip, precision), "FLOP/s")
    all_kept = f"{30 + 4 * model.shared:.3g}"           # 4 of 34 for keys and values, less where queries share them
    kept = {"full": "2 s b h L", "selective": f"{all_kept} s b h L",
            "none": f"s b h L ({all_kept} + 5 a s/h)"}[recompute]
    if model.flash and recompute == "none":
        kept = f"{all_kept} s b h L, flash attention"
    f = figures
    return [
        ("FLOPs", f"{f['flops']:.3g}", f"{4 if adapters else 6} N D{met != 'N' and f', N = {met}' or ''}",
         "Brown 2020, appendix D" if not adapters else "no gradient of frozen weights"),
        ("  attention", f"{f['attention_flops']:.3g}", "12 L h s D", "Chowdhery 2022, appendix B"),
        *([("  recomputed", f"{f['recomputed_flops']:.3g}", f"{recompute} recomputing", "Korthikanti 2022")]
          if f["recomputed_flops"] else []),
        *_state_lines(model, precision, adapters, f),
        ("activations", quantity(f["activations"], "B"), f"{kept}; b = {batch}", "Korthikanti 2022, eqs. 1-6"),
        ("memory", quantity(f["memory"], "B"), "sum of the four", f"at least {f['gpus_for_memory']:,} x {chip.name}"),
        ("GPU-hours", _whole(f["gpu_hours"]), f"FLOPs / ({peak} * MFU {f['mfu']:.3g}) / 3600",
         chip.source.split(";")[0]),
        ("  from", _whole(f["gpu_hours_low"]), "four of five published trainings lie", "runs.py, see --check"),
        ("  to", _whole(f["gpu_hours_high"]), "between this and that", "-"),
        ("days", f"{f['days']:,.3g}", f"GPU-hours / (24 * {gpus:,})", "MFU as given" if mfu else
         "MFU as in Llama Team 2024, table 4" if f["mfu"] == MFU else f"MFU {MFU} * {f['mfu'] / MFU:.2g}, see --check"),
        ("tokens/s", f"{f['tokens_per_second']:,.0f}", "D / time", "-"),
        ("cost", f"${_whole(f['cost'])}", f"GPU-hours * ${price:g}", "rent as in DeepSeek-AI 2024, table 1"
         if price == PRICE else "price as given"),
        ("energy", quantity(f["energy"] / 3600, "Wh") if chip.power else "not known",
         f"GPU-hours * {chip.power or '?'} W * PUE {pue:g}", "method of Touvron 2023, table 15"),
    ]


def _whole(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _state_lines(model, precision, adapters, figures):
    """Of weights, gradients and optimizer, as in `lines`."""
    sizes = dict(zip(("weights", "gradients", "optimizer"), costs.state_bytes(precision)))
    of = "N" if not adapters else f"of {figures['trained'] / model.params:.2g} N"
    rows = {name: f"{size} {of}{' (Adam)' * (name == 'optimizer')}" for name, size in sizes.items()}
    source = "Rajbhandari 2020, section 3.1"
    if adapters:
        rows["weights"] = f"{costs.ADAPTERS[adapters]:.3g} N, and {rows['weights']}"
        source = {"lora": "Hu et al. 2022", "qlora": "Dettmers et al. 2023"}[adapters]
    return [(name, quantity(figures[name], "B"), formula, source) for name, formula in rows.items()]


# -- how many tokens? ----------------------------------------------------------------------------------------------


class Law(NamedTuple):
    """L(N, D) = E + A / N^alpha + B / D^beta: the loss in nats per token that a model and a text size allow."""

    name: str
    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, params, tokens):
        return self.E + self.A / params**self.alpha + self.B / tokens**self.beta

    def optimal_tokens(self, params):
        """D where a FLOP buys as much in tokens as in parameters: alpha A / N^alpha = beta B / D^beta."""
        return (self.beta * self.B * params**self.alpha / (self.alpha * self.A)) ** (1 / self.beta)


HOFFMANN = Law("Hoffmann 2022, appendix D.3 (as printed)", 1.69, 406.4, 410.7, 0.34, 0.28)
BESIROGLU = Law("Besiroglu 2024 (the fit corrected)", 1.8172, 482.01, 2085.43, 0.3478, 0.3658)
TOKENS_PER_PARAMETER = 20  # Hoffmann 2022, table 3: 1e9 parameters to 20.2e9 tokens, 67e9 to 1.5e12


def optimal(params):
    """[(rule, tokens, loss under the corrected law)]: the compute-optimal number of tokens for a model size.

    The printed constants of Hoffmann's parametric fit are off: the fit stopped early and was rounded (Besiroglu 2024),
    so it asks for several times the tokens that the paper's two other methods do. The corrected fit agrees with them.
    """
    rules = [(f"{TOKENS_PER_PARAMETER} tokens per parameter (Hoffmann 2022, table 3)", TOKENS_PER_PARAMETER * params)]
    rules += [(law.name, law.optimal_tokens(params)) for law in (BESIROGLU, HOFFMANN)]
    return [(rule, tokens, BESIROGLU.loss(params, tokens)) for rule, tokens in rules]


# -- published runs ------------------------------------------------------------------------------------------------


class PublishedFigure(NamedTuple):
    """A figure that a paper gives, with what estimate() needs to arrive at the same figure."""

    run: str
    figure: str  # a key of estimate(), or "all_flops" for 6 N D and attention together
    value: float
    source: str
    params: float
    tokens: float
    layers: int
    width: int
    context: int = 2048
    chip: str = "a100"  # FLOPs do not depend on it


GPT3 = (174.6e9, 300e9, 96, 12288)
GPTJ = (6.053e9, 402e9, 28, 4096)
CHINCHILLA = (70e9, 1.4e12, 80, 8192)
PALM = (540.35e9, 780e9, 118, 18432)
LLAMA = (65.2e9, 1.4e12, 80, 8192)
LLAMA2 = (68.98e9, 2e12, 80, 8192, 4096)
LLAMA3 = (405e9, 15.6e12, 126, 16384, 8192)
BLOOM = (176.247e9, 366e9, 70, 14336)
PUBLISHED = [
    PublishedFigure("GPT-3 175B", "flops", 3.14e23, "Brown 2020, table D.1", *GPT3),
    PublishedFigure("GPT-J 6B", "flops", 1.5e22, "Wang and Komatsuzaki 2021, README of mesh-transformer-jax", *GPTJ),
    PublishedFigure("Chinchilla 70B", "flops", 5.76e23, "Hoffmann 2022, figure 2 (Gopher's budget)", *CHINCHILLA),
    PublishedFigure("PaLM 540B", "flops", 2.5272e24, "Chowdhery 2022, table 21", *PALM),
    PublishedFigure("PaLM 540B", "all_flops", 2.56e24, "Chowdhery 2022", *PALM),
    PublishedFigure("Llama 3 405B", "flops", 3.8e25, "Llama Team 2024, section 1", *LLAMA3),
    PublishedFigure("LLaMA 65B", "gpu_hours", 1_022_362, runs.TOUVRON, *LLAMA),
    PublishedFigure("Llama 2 70B", "gpu_hours", 1_720_320, runs.LLAMA2, *LLAMA2),
    PublishedFigure("BLOOM 176B", "gpu_hours", 1_082_990, f"{runs.LUCCIONI}, table 1", *BLOOM),
    PublishedFigure("PaLM 540B", "gpu_hours", 6144 * 1200 + 3072 * 336, runs.PALM, *PALM, chip="tpuv4"),
    PublishedFigure("Llama 3 405B", "gpu_hours", 30.84e6, runs.LLAMA31, *LLAMA3, chip="h100"),
    PublishedFigure("GPT-3 175B", "gpu_hours", 10_000 * 14.8 * 24, runs.PATTERSON, *GPT3, chip="v100"),
    PublishedFigure("LLaMA 65B", "energy", 449e6 * 3600, runs.TOUVRON, *LLAMA),
    PublishedFigure("BLOOM 176B", "energy", 433.196e6 * 3600, f"{runs.LUCCIONI}, section 4.2 (PUE 1)", *BLOOM),
    PublishedFigure("GPT-3 175B", "energy", 1287e6 * 3600, runs.PATTERSON, *GPT3, chip="v100"),
]


def check(published=PUBLISHED):
    """[(published, estimated, ratio, MFU)] under the default MFU and PUE; MFU is what the published hours imply."""
    rows = []
    for run in published:
        chip = costs.find_chip(run.chip)
        model = costs.transformer(run.params, run.layers, run.width, context=run.context)
        figures = estimate(model, run.tokens, 1, chip)
        figures["all_flops"] = figures["flops"] + figures["attention_flops"]
        value = figures[run.figure]
        implied = MFU * value / run.value if run.figure == "gpu_hours" else None
        rows.append((run, value, value / run.value, implied))
    return rows
