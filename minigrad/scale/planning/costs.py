"""What transformers and chips cost: the formulas and the hardware table of `minigrad estimate` and `minigrad simulate`.

Everything here is a pure function in SI units (bytes, seconds, FLOP/s, watts). A FLOP is one addition or one
multiplication, so a multiply-accumulate counts as two. Symbols are those of the papers:

    N  parameters      L  layers        h  width (hidden size)     a  attention heads
    D  tokens          s  context (sequence length)                V  vocabulary     e  bytes per 16-bit number = 2

Sources, named by the short form used in the text:
    Brown 2020        Language models are few-shot learners (GPT-3), arXiv:2005.14165
    Rajbhandari 2020  ZeRO: memory optimizations toward training trillion parameter models, arXiv:1910.02054
    Narayanan 2021    Efficient large-scale language model training on GPU clusters using Megatron-LM, arXiv:2104.04473
    Korthikanti 2022  Reducing activation recomputation in large transformer models, arXiv:2205.05198
    Chowdhery 2022    PaLM: scaling language modeling with Pathways, arXiv:2204.02311
    Dao 2022          FlashAttention, arXiv:2205.14135
    Jouppi 2023       TPU v4, arXiv:2304.01433
"""

import math
from typing import NamedTuple

from ...support.errors import UsageError

# -- hardware ------------------------------------------------------------------------------------------------------


class Chip(NamedTuple):
    """One accelerator, as its data sheet gives it.

    flops: peak dense FLOP/s by precision (half of the sheet's figure where that counts 2:4 sparsity).
    memory: bytes, in the sheet's decimal gigabytes. bandwidth: bytes/s of that memory. power: watts (TDP), None if not
    published.
    node: accelerators that share the fast links; link: bytes/s per direction of one of them within the node;
    network: bytes/s per direction between nodes, per accelerator. link is None where no such figures apply.
    source: a short name, and behind the first semicolon what else there is to know.
    """

    name: str
    flops: dict
    memory: float
    bandwidth: float
    power: float
    node: int
    link: float
    network: float
    source: str


CHIPS = {chip.name: chip for chip in (
    Chip("v100", {"fp16": 125e12, "fp32": 15.7e12}, 32e9, 900e9, 300, 8, 150e9, 12.5e9,
         "NVIDIA V100 SXM2 32 GB data sheet; DGX-1/2 network of 100 Gb/s a GPU"),
    Chip("a100", {"bf16": 312e12, "fp16": 312e12, "tf32": 156e12, "fp32": 19.5e12}, 80e9, 2039e9, 400, 8, 300e9, 25e9,
         "NVIDIA A100 SXM 80 GB data sheet; eight 200 Gb/s adapters a node (Narayanan 2021)"),
    Chip("h100", {"fp8": 1979e12, "bf16": 989.5e12, "fp16": 989.5e12, "tf32": 494.5e12, "fp32": 67e12},
         80e9, 3350e9, 700, 8, 450e9, 50e9,
         "NVIDIA H100 SXM data sheet; 400 Gb/s between GPUs (Llama Team 2024, arXiv:2407.21783)"),
    Chip("h200", {"fp8": 1979e12, "bf16": 989.5e12, "fp16": 989.5e12, "tf32": 494.5e12, "fp32": 67e12},
         141e9, 4800e9, 700, 8, 450e9, 50e9, "NVIDIA H200 SXM data sheet; network as for the H100"),
    Chip("h800", {"fp8": 1979e12, "bf16": 989.5e12, "fp16": 989.5e12, "tf32": 494.5e12, "fp32": 67e12},
         80e9, 3350e9, 700, 8, 200e9, 50e9,
         "Zhao et al. 2025, arXiv:2505.09343; an H100 with 400 GB/s of NVLink, both ways together, and eight 400 Gb/s "
         "adapters a node; the rest is the H100's (its own data sheet was not looked up)"),
    Chip("b200", {"fp8": 4500e12, "bf16": 2250e12, "fp16": 2250e12, "tf32": 1100e12},
         180e9, 7700e9, 1000, 8, 900e9, 50e9,
         "NVIDIA HGX B200, individual GPU specifications (half of the sparse rates); 400 Gb/s between nodes"),
    Chip("mi300x", {"fp8": 2614.9e12, "bf16": 1307.4e12, "fp16": 1307.4e12, "tf32": 653.7e12, "fp32": 163.4e12},
         192e9, 5300e9, 750, 8, 448e9, 50e9,
         "AMD Instinct MI300X data sheet, seven links of 64 GB/s each way; 400 Gb/s between nodes assumed"),
    Chip("tpuv4", {"bf16": 275e12}, 32e9, 1200e9, 192, 1, None, None,
         "Jouppi 2023; 192 W is the highest power measured there; a torus, so no node and no network"),
    Chip("tpuv5e", {"bf16": 197e12}, 16e9, 819e9, None, 1, None, None,
         "Google Cloud documentation, TPU v5e; a torus, and no power is given"),
    Chip("tpuv5p", {"bf16": 459e12}, 95e9, 2765e9, None, 1, None, None,
         "Google Cloud documentation, TPU v5p; a torus, and no power is given"),
)}


def find_chip(name):
    """The Chip called `name` (case ignored); UsageError that lists the known ones."""
    try:
        return CHIPS[name.lower()]
    except KeyError:
        raise UsageError(f"no GPU called {name!r} is known; known: {', '.join(CHIPS)}") from None


def peak_flops(chip, precision):
    """Peak dense FLOP/s of `chip` at `precision`; UsageError that lists what the chip has.

    The two 16-bit formats run at the same speed wherever both exist, so bf16 on a V100 means its fp16.
    """
    if precision == "bf16" and "bf16" not in chip.flops:
        precision = "fp16"
    try:
        return chip.flops[precision]
    except KeyError:
        raise UsageError(f"{chip.name} has no {precision} rate; it has: {', '.join(chip.flops)}") from None


# -- the transformer -----------------------------------------------------------------------------------------------


class Transformer(NamedTuple):
    """A transformer, decoder-only unless told.

    flash: attention scores are never stored (Dao 2022). active: the parameters that a token meets, of all of them, in a
    mixture of experts. kv_heads: heads of keys and values, fewer than `heads` where several queries share them (Ainslie
    et al. 2023). encoder_decoder: a token goes through the encoder or the decoder, about half of the parameters.
    """

    params: float
    layers: int
    width: int
    heads: int
    context: int = 2048
    vocab: int = 51200
    flash: bool = True
    active: float = None
    kv_heads: int = None
    encoder_decoder: bool = False

    @property
    def used(self):
        """The parameters that a token meets."""
        return (self.active or self.params) / (2 if self.encoder_decoder else 1)

    @property
    def shared(self):
        """Heads of keys and values over heads of queries, at most 1."""
        return (self.kv_heads or self.heads) / self.heads


def parameters(layers, width, context, vocab, shared=1.0):
    """N = 12 L h^2 (1 + 13/(12 h) + (V + s)/(12 L h)).  Narayanan 2021, eq. 2 (input and output embeddings tied).

    2 L h^2 of them make keys and values: `shared` of these, where queries share their heads.
    """
    return (10 + 2 * shared) * layers * width**2 + 13 * layers * width + (vocab + context) * width


def transformer(params=None, layers=None, width=None, heads=None, context=2048, vocab=51200, flash=True, active=None,
                kv_heads=None, encoder_decoder=False):
    """A Transformer from whatever is known of it; what is missing is derived.

    Layers and width come from N = 12 L h^2 and GPT-3's aspect ratio h = 128 L (Brown 2020, table 2.1), so
    L = (N / (12 * 128^2))^(1/3), rounded as `tidy` does so that devices can share them; heads have 128 dimensions,
    as GPT-3's do. 175e9 gives 96 layers of width 12,288 with 96 heads: GPT-3 itself; 13e9 gives 40 and 5,120.
    Of a mixture of experts the shape is that of its active parameters, for which it would have to be given better.
    UsageError if neither the parameters nor both layers and width are given, or numbers don't fit one another.
    """
    given = params and (layers or width)
    if params is None:
        if layers is None or width is None:
            raise UsageError("give the number of parameters, or both layers and width")
        heads = heads or max(1, width // 128)
        params = parameters(layers, width, context, vocab, (kv_heads or heads) / heads)
    if active is not None and active > params:
        raise UsageError(f"of {params:.4g} parameters no {active:.4g} can be active")
    met = active or params
    if layers is None:
        layers = tidy(met / (12 * width**2) if width else (met / (12 * 128**2)) ** (1 / 3), 8, 4, 2)
    if width is None:
        width = tidy(math.sqrt(met / (12 * layers)), 1024, 128)
    if given and 12 * layers * width**2 > 4 * params:
        raise UsageError(f"{layers:,} layers of width {width:,} have some {12 * layers * width**2:.4g} parameters, "
                         f"and not {params:.4g}")
    heads = heads or max(1, width // 128)
    if kv_heads and heads % kv_heads:
        raise UsageError(f"{heads} heads can't share {kv_heads} heads of keys and values evenly")
    return Transformer(params, layers, width, heads, context, vocab, flash, active, kv_heads, encoder_decoder)


def tidy(value, *steps):
    """The multiple nearest to `value` of the first step that is at most a quarter of it; else the nearest integer."""
    step = next((step for step in steps if value >= 4 * step), 1)
    return max(1, step * round(value / step))


def attention_flops(model):
    """12 L h s FLOPs per token, forward and backward: scores and weighted sum.  Chowdhery 2022, appendix B.

    Counted without the factor 1/2 a causal mask could save, as the papers do.
    """
    return 12 * model.layers * model.width * model.context


def model_flops(model):
    """6 N + 12 L h s FLOPs per token: 2 N forward, 4 N backward, and attention.  Chowdhery 2022, appendix B.

    N are the parameters that a token meets: the active ones of a mixture of experts, half of an encoder-decoder's.
    """
    return 6 * model.used + attention_flops(model)


RECOMPUTE = ("none", "selective", "full")


ADAPTERS = {"lora": 2, "qlora": (4 + 0.127) / 8}       # bytes of a frozen weight: 16 bit, or 4 and 0.127 for constants


def adapter_parameters(model, rank):
    """16 r h L, less where keys and values are shared: A and B of rank r for the four square matrices of attention.

    Hu et al. 2022, arXiv:2106.09685; QLoRA: Dettmers et al. 2023, arXiv:2305.14314.
    """
    return (12 + 4 * model.shared) * rank * model.width * model.layers


def recompute_flops(model, recompute):
    """FLOPs per token of the forward work repeated in the backward pass.  Narayanan 2021, appendix; Korthikanti 2022.

    full: each layer again, L (24 h^2 + 4 h s); selective: only scores and weighted sum, 4 L h s (their two products
    counted; Korthikanti's appendix A books 12 L h s), and nothing if flash attention repeats them in its own kernel.
    """
    attention = attention_flops(model) / 3
    if recompute == "full":
        return min(24 * model.layers * model.width**2, 2 * model.used) + attention
    return attention if recompute == "selective" and not model.flash else 0


# -- memory --------------------------------------------------------------------------------------------------------

BYTES = {"fp8": 2, "bf16": 2, "fp16": 2, "tf32": 4, "fp32": 4}  # of a stored weight; fp8 speeds up products alone


def state_bytes(precision):
    """(weight, gradient, optimizer) bytes per parameter under Adam.  Rajbhandari 2020, section 3.1.

    16-bit: 2 + 2 + 12 (a float32 master copy and two moments); 32-bit: 4 + 4 + 8 (two moments).
    """
    size = BYTES[precision]
    return size, size, 12 if size == 2 else 8


def layer_activations(model, tokens, recompute="none", precision="bf16", tensor=1):
    """Bytes that one layer keeps for the backward pass on one of `tensor` devices.  Korthikanti 2022, eqs. 1 to 6.

    In 16 bit, with tokens = s b:   none  s b h (34 + 5 a s/h) / t     selective  34 s b h / t     full  2 s b h
    34 is sixteen stored numbers and two one-byte dropout masks; 5 a s/h is two numbers and a mask per score, which
    flash attention never stores. Divided by t under tensor and sequence parallelism, but for full recomputation.
    Two of the sixteen are keys and values, fewer where queries share them.
    """
    size, width = BYTES[precision], model.width
    if recompute == "full":
        return size * tokens * width
    scores = 0 if recompute == "selective" or model.flash else (2 * size + 1) * model.heads * model.context
    return tokens * (((14 + 2 * model.shared) * size + 2) * width + scores) / tensor


def quantity(value, unit):
    """`value` with an SI prefix: quantity(3.5e12, 'B') -> '3.5 TB'."""
    for exponent, prefix in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if value >= 0.9995 * 10**exponent:
            return f"{value / 10**exponent:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"
