"""What published trainings took in GPU-hours, and what follows for an estimate: an interval instead of one number.

Each run implies a share of the chips' peak (MFU), restarts and all that was booked included where the source counts
them: the hours of Pythia and TinyLlama are computed from the speed measured.  Every second run of the list fits the
interval; the others test it.  It is meant for runs like these: by people who do it for a living, on dense models;
mixtures of experts and FP8 have a factor each.

The figures are those of the papers and model cards named; shapes that these leave out are those of the published
configurations.  Of "days on so many GPUs" all hours are counted, of "15T+" tokens 15T.  A comment says where the source
of a figure is weaker than that.
"""
import math
import statistics
from typing import NamedTuple

from . import costs


class TrainingRun(NamedTuple):
    """GPU-hours of a training, and what it computed; precision and active parameters where they are not the usual."""

    name: str
    chip: str
    params: float
    tokens: float
    layers: int
    width: int
    context: int
    hours: float
    source: str
    active: float = None
    precision: str = "bf16"


TOUVRON, LLAMA2 = "Touvron et al. 2023, arXiv:2302.13971, table 15", "Touvron et al. 2023, arXiv:2307.09288, table 2"
LLAMA3, LLAMA31, LLAMA4 = "Llama 3 model card", "Llama 3.1 model card", "Llama 4 model card"
PYTHIA = "Biderman et al. 2023, arXiv:2304.01373, table 5"
LUCCIONI = "Luccioni et al. 2022, arXiv:2211.02001"
PALM = "Chowdhery et al. 2022, arXiv:2204.02311, appendix B"
PATTERSON = "Patterson et al. 2021, arXiv:2104.10350, table 4"  # 10,000 GPUs for 14.8 days: the number is assumed there
DEEPSEEK2 = "DeepSeek-AI 2024, arXiv:2405.04434, section 3.2.3"  # hours for a trillion tokens
RUNS = [TrainingRun(*row) for row in (
    ("LLaMA 7B", "a100", 6.7e9, 1e12, 32, 4096, 2048, 82_432, TOUVRON),
    ("LLaMA 13B", "a100", 13e9, 1e12, 40, 5120, 2048, 135_168, TOUVRON),
    ("LLaMA 33B", "a100", 32.5e9, 1.4e12, 60, 6656, 2048, 530_432, TOUVRON),
    ("LLaMA 65B", "a100", 65.2e9, 1.4e12, 80, 8192, 2048, 1_022_362, TOUVRON),
    ("Llama 2 7B", "a100", 6.74e9, 2e12, 32, 4096, 4096, 184_320, LLAMA2),
    ("Llama 2 13B", "a100", 13.02e9, 2e12, 40, 5120, 4096, 368_640, LLAMA2),
    ("Llama 2 34B", "a100", 33.74e9, 2e12, 48, 8192, 4096, 1_038_336, LLAMA2),     # never released: Code Llama's shape
    ("Llama 2 70B", "a100", 68.98e9, 2e12, 80, 8192, 4096, 1_720_320, LLAMA2),
    ("Llama 3 8B", "h100", 8.03e9, 15e12, 32, 4096, 8192, 1.3e6, LLAMA3),
    ("Llama 3 70B", "h100", 70.6e9, 15e12, 80, 8192, 8192, 6.4e6, LLAMA3),
    ("Llama 3.1 8B", "h100", 8.03e9, 15e12, 32, 4096, 8192, 1.46e6, LLAMA31),
    ("Llama 3.1 70B", "h100", 70.6e9, 15e12, 80, 8192, 8192, 7.0e6, LLAMA31),
    ("Llama 3.1 405B", "h100", 405e9, 15.6e12, 126, 16384, 8192, 30.84e6, LLAMA31),
    ("BLOOM 176B", "a100", 176.247e9, 366e9, 70, 14336, 2048, 1_082_990, f"{LUCCIONI}, table 1"),
    ("PaLM 540B", "tpuv4", 540.35e9, 780e9, 118, 18432, 2048, 6144 * 1200 + 3072 * 336, PALM),
    ("GPT-3 175B", "v100", 174.6e9, 300e9, 96, 12288, 2048, 10_000 * 14.8 * 24, PATTERSON),
    ("StarCoderBase 15B", "a100", 15.5e9, 1e12, 40, 6144, 8192, 320_256,
     "Li et al. 2023, arXiv:2305.06161, section 5.7"),
    ("SmolLM3 3B", "h100", 3.08e9, 11.2e12, 36, 2048, 4096, 384 * 24 * 24, "Hugging Face 2025, SmolLM3"),
    ("TinyLlama 1.1B", "a100", 1.1e9, 300e9, 22, 2048, 2048, 3456, "Zhang et al. 2023, README of TinyLlama"),
    ("MPT 7B", "a100", 6.65e9, 1e12, 32, 4096, 2048, 440 * 9.5 * 24, "MosaicML 2023, Introducing MPT-7B"),
    ("GLM 130B", "a100", 130e9, 400e9, 70, 12288, 2048, 768 * 60 * 24,      # the 60 days of access: at most these hours
     "Zeng et al. 2022, arXiv:2210.02414"),
    ("DeepSeek 67B", "h800", 67e9, 1e12, 95, 8192, 4096, 300_600, DEEPSEEK2),
    ("Pythia 1B", "a100", 1.01e9, 300e9, 16, 2048, 2048, 4830, PYTHIA),
    ("Pythia 1.4B", "a100", 1.41e9, 300e9, 24, 2048, 2048, 7120, PYTHIA),
    ("Pythia 2.8B", "a100", 2.78e9, 300e9, 32, 2560, 2048, 14_240, PYTHIA),
    ("Pythia 6.9B", "a100", 6.86e9, 300e9, 32, 4096, 2048, 33_500, PYTHIA),
    ("Pythia 12B", "a100", 11.85e9, 300e9, 36, 5120, 2048, 72_300, PYTHIA),
    ("GPT-NeoX 20B", "a100", 20.55e9, 472e9, 44, 6144, 2048, 96 * 1830,
     "Black et al. 2022, arXiv:2204.06745"))]  # the 1,830 hours: not looked up; its card: "around three months"
# Llama 4: that it was trained in FP8 is from Meta's announcement of the family; the context in training is not
# published, so the chunk of its local attention stands here.
SPARSE = [TrainingRun(*row) for row in (
    ("DeepSeek-V2", "h800", 236e9, 8.1e12, 60, 5120, 4096, 172_800 * 8.1, DEEPSEEK2, 21e9),
    ("DeepSeek-V3", "h800", 671e9, 14.8e12, 61, 7168, 4096, 2.664e6,
     "DeepSeek-AI 2024, arXiv:2412.19437, table 1", 37e9, "fp8"),
    ("Llama 4 Scout", "h100", 109e9, 40e12, 48, 5120, 8192, 5.0e6, LLAMA4, 17e9, "fp8"),
    ("Llama 4 Maverick", "h100", 400e9, 22e12, 48, 5120, 8192, 2.38e6, LLAMA4, 17e9, "fp8"))]

# Of the peak at FP8 a run reaches this share of what it reaches of that at BF16: only the products are twice as fast
# (3 and 1 billion parameters, 512 to 8,192 tokens: 0.55 to 0.67; llm-foundry, see simulate.py).
FP8 = 0.6
# A mixture of experts reaches this share of a dense model's: its tokens travel to the experts and back.  DeepSeek-V2
# against the median below.  The three others of SPARSE were seen when both factors were chosen: no clean test.
EXPERTS = 0.6


def implied(run):
    """The MFU that a run's hours imply."""
    model = costs.transformer(run.params, run.layers, run.width, context=run.context, active=run.active)
    peak = costs.peak_flops(costs.find_chip(run.chip), run.precision)
    return costs.model_flops(model) * run.tokens / (run.hours * 3600 * peak)


def factor(model, precision):
    """What an MFU of dense models at 16 bit is to be multiplied with; model: a Transformer, or a TrainingRun."""
    return (EXPERTS if model.active and model.active < model.params else 1) * (FP8 if precision == "fp8" else 1)


def interval(part=slice(0, None, 2)):
    """(low, median, high): the MFUs between which four of five further runs are expected, from every second run.

    ln MFU is taken as normal, with mean and deviation s of these n runs: mean ± t s √(1 + 1/n), Student's t of 80 %.
    """
    logs = [math.log(implied(run)) for run in RUNS[part]]
    n, mean = len(logs), statistics.mean(logs)
    reach = 1.35 * statistics.stdev(logs) * math.sqrt(1 + 1 / n)        # t of 13 degrees of freedom: 1.350
    return math.exp(mean - reach), math.exp(mean), math.exp(mean + reach)


def inside(runs, low, high):
    """Of these runs, those whose MFU is between low and high, each times its factor."""
    return [run for run in runs if low <= implied(run) / factor(run, run.precision) <= high]
