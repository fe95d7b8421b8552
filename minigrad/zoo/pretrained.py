"""Reading pretrained LLaMA models: GGUF files, and folders in the form of Hugging Face's transformers.

Both end in what zoo/llama.py takes: the model's sizes, float32 weights, a Tokenizer.  Folders may also hold a Qwen2, a
Qwen3 or a Llama 3.1.  What a file asks for that is not done here (other scaled positions, other biases, another
tokenizer) is an error, rather than a model that talks nonsense.
"""
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..support.arguments import one_line
from ..support.errors import Failure, UsageError
from ..support.reading import form, opened, positive, read_bytes, read_json, size
from .bpe import Tokenizer

# our name in a block: (GGUF's name, Hugging Face's name)
BLOCK = {"attention_norm": ("attn_norm", "input_layernorm"), "query": ("attn_q", "self_attn.q_proj"),
         "key": ("attn_k", "self_attn.k_proj"), "value": ("attn_v", "self_attn.v_proj"),
         "out": ("attn_output", "self_attn.o_proj"), "mlp_norm": ("ffn_norm", "post_attention_layernorm"),
         "gate": ("ffn_gate", "mlp.gate_proj"), "up": ("ffn_up", "mlp.up_proj"), "down": ("ffn_down", "mlp.down_proj")}

EXTRA = {"qwen2": {f"{name}_bias": f"self_attn.{name[0]}_proj.bias" for name in ("query", "key", "value")},
         "qwen3": {f"{name}_norm": f"self_attn.{name[0]}_norm.weight" for name in ("query", "key")}, "llama": {}}
SCALING = dict.fromkeys(("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"), positive)

SIZES = dict.fromkeys(("vocab", "width", "layers", "heads", "kv_heads", "head_width", "hidden", "context"), size) | {
    "rope_base": positive, "eps": positive}
# the form of a config.json
CONFIG = {"model_type": str, "vocab_size": size, "hidden_size": size, "num_hidden_layers": size,
          "num_attention_heads": size, "num_key_value_heads?": (size, None), "head_dim?": (size, None),
          "intermediate_size": size, "max_position_embeddings": size, "rms_norm_eps": positive,
          "rope_theta?": (positive, None), "rope_parameters?": (dict, None), "rope_scaling?": (dict, None),
          "attention_bias?": (bool, None), "mlp_bias?": (bool, None), "hidden_act?": str,
          "use_sliding_window?": (bool, None), "tie_word_embeddings?": (bool, None)}


def read(path):
    """(sizes, weights, Tokenizer) of a GGUF file or a Hugging Face folder.

    sizes       a dict of what llama.Config holds: vocab, width, layers, heads, ...
    weights     as in llama.Llama, each of the shape that the sizes say
    UsageError where there is no such file, Failure where it is damaged or holds another architecture.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    try:
        sizes, weights, tokenizer = (_read_folder if path.is_dir() else _read_gguf)(path)
        _check_shapes(SimpleNamespace(**sizes), weights, len(tokenizer))
        return sizes, weights, tokenizer
    except (Failure, UsageError):
        raise
    except KeyError as error:
        raise Failure(f"{path}: not a whole LLaMA model: {error.args[0]} is missing") from error
    except Exception as error:              # libraries say what they like to a damaged file
        raise Failure(f"{path}: can't read this model: {one_line(error)}") from error


def _check_sizes(sizes, path):
    """The sizes, if they are of the kind, and divide each other, as a LLaMA's do; else Failure."""
    c = SimpleNamespace(**form(sizes, SIZES, path))
    for what, fits in ((f"{c.heads} heads can't share {c.kv_heads} keys and values", c.heads % c.kv_heads == 0),
                       (f"a head's width is {c.head_width}, and must be even", c.head_width % 2 == 0)):
        if not fits:
            raise Failure(f"{path}: {what}")
    return sizes


def _check_shapes(c, weights, tokens):
    """ValueError unless each weight has the shape that the sizes say."""
    queries, keys = c.heads * c.head_width, c.kv_heads * c.head_width
    expected = {"attention_norm": (c.width,), "query": (queries, c.width), "key": (keys, c.width),
                "value": (keys, c.width), "out": (c.width, queries), "mlp_norm": (c.width,),
                "gate": (c.hidden, c.width), "up": (c.hidden, c.width), "down": (c.width, c.hidden)}
    named = [(f"block {n}: {name}", block[name], shape)
             for n, block in enumerate(weights["blocks"]) for name, shape in expected.items()]
    named += [("embedding", weights["embedding"], (c.vocab, c.width)), ("norm", weights["norm"], (c.width,)),
              ("output", weights["output"], (c.vocab, c.width))]
    of_extra = {"query_bias": (queries,), "key_bias": (keys,), "value_bias": (keys,),
                "query_norm": (c.head_width,), "key_norm": (c.head_width,)}
    named += [(f"block {n}: {name}", block[name], shape) for n, block in enumerate(weights["blocks"])
              for name, shape in of_extra.items() if name in block]
    for name, array, shape in named:
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, the sizes given for the model ask for {shape}")
    if tokens > c.vocab:
        raise ValueError(f"the tokenizer has {tokens} tokens, the model {c.vocab}")


def _refuse(what):
    raise ValueError(f"{what}, which this LLaMA does not do")


# -- GGUF ------------------------------------------------------------------------------------------------------------
def _read_gguf(path):
    """GGUF, the format of llama.cpp: settings, vocabulary and (quantised) weights in one file."""
    try:
        import gguf
    except ModuleNotFoundError:
        raise Failure('reading GGUF files needs the gguf library: pip install "minigrad[gguf]"') from None
    class Reader(gguf.GGUFReader):
        """The library's, which behind the end of a damaged file goes on to read nothing, 2⁶⁴ times if told so."""
        def _get(self, offset, dtype, count=1, **order):
            if int(offset) + int(count) * np.dtype(dtype).itemsize > len(self.data):
                raise ValueError("it ends before what its header says")
            return super()._get(offset, dtype, count, **order)

    with opened(path):                      # a regular file: the library would wait for a pipe
        reader = Reader(path)

    def setting(name, default=None):
        if name not in reader.fields:
            if default is None:
                raise KeyError(name)
            return default
        return reader.fields[name].contents()

    if setting("general.architecture") != "llama":
        _refuse(f"its architecture is {setting('general.architecture')!r}")
    stored = {tensor.name: tensor for tensor in reader.tensors}
    if "rope_freqs.weight" in stored or setting("llama.rope.scaling.type", "none") != "none":
        _refuse("it scales its rotary positions")
    if any(name.endswith(".bias") for name in stored):
        _refuse("it has biases")
    if setting("tokenizer.ggml.model") != "gpt2":
        _refuse(f"its tokenizer is {setting('tokenizer.ggml.model')!r}, not a byte-level BPE")

    width, heads = setting("llama.embedding_length"), setting("llama.attention.head_count")
    tokens = setting("tokenizer.ggml.tokens")
    form({"llama.embedding_length": width, "llama.attention.head_count": heads, "tokenizer.ggml.tokens": tokens},
         {"llama.embedding_length": size, "llama.attention.head_count": size, "tokenizer.ggml.tokens": [str]}, path)
    sizes = _check_sizes(dict(
        vocab=len(tokens), width=width, layers=setting("llama.block_count"), heads=heads,
        kv_heads=setting("llama.attention.head_count_kv", heads),
        head_width=setting("llama.rope.dimension_count", width // heads), hidden=setting("llama.feed_forward_length"),
        context=setting("llama.context_length"), rope_base=float(setting("llama.rope.freq_base", 10_000.0)),
        eps=float(setting("llama.attention.layer_norm_rms_epsilon"))), path)

    def weight(name):
        tensor = stored[f"{name}.weight"]
        return np.ascontiguousarray(gguf.dequantize(tensor.data, tensor.tensor_type), np.float32)

    embedding = weight("token_embd")
    weights = {"embedding": embedding, "norm": weight("output_norm"),
               "output": weight("output") if "output.weight" in stored else embedding,
               "blocks": [{name: weight(f"blk.{n}.{theirs}") for name, (theirs, _) in BLOCK.items()}
                          for n in range(sizes["layers"])]}
    control = [name for name, kind in zip(tokens, setting("tokenizer.ggml.token_type"))
               if kind != gguf.TokenType.NORMAL]
    return sizes, weights, Tokenizer(tokens, setting("tokenizer.ggml.merges"), control,
                                      setting("tokenizer.ggml.pre", "gpt-2"))


# -- Hugging Face ----------------------------------------------------------------------------------------------------
def _read_folder(folder):
    """A folder with config.json, tokenizer.json and *.safetensors, as on huggingface.co."""
    path = folder / "config.json"
    if not path.exists():
        ours = (folder / "model" / "model.json").exists()
        raise UsageError(f"{folder}: a folder as on Hugging Face has a config.json, and this one has none"
                         + (": a GPT that was trained here is for minigrad generate" if ours else ""))
    settings = form(read_json(path), CONFIG, path)
    if settings["model_type"] not in EXTRA:
        _refuse(f"its architecture is {settings['model_type']!r}")
    rope = settings.get("rope_parameters") or settings.get("rope_scaling") or {}
    form(rope, {"rope_theta?": (positive, None)}, path, "rope_parameters")
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in ("default", "llama3"):
        _refuse(f"it scales its rotary positions by {kind!r}")
    scaling = None
    if kind == "llama3":
        scaling = tuple(form(rope, SCALING, path, "rope_parameters")[name] for name in SCALING)
    if settings.get("attention_bias") or settings.get("mlp_bias"):
        _refuse("it has biases")
    if settings.get("use_sliding_window"):
        _refuse("it looks back through a sliding window")
    if settings.get("hidden_act", "silu") != "silu":
        _refuse(f"its activation is {settings['hidden_act']!r}")
    heads = settings["num_attention_heads"]
    sizes = _check_sizes(dict(
        vocab=settings["vocab_size"], width=settings["hidden_size"], layers=settings["num_hidden_layers"], heads=heads,
        kv_heads=settings.get("num_key_value_heads") or heads,
        head_width=settings.get("head_dim") or settings["hidden_size"] // heads, hidden=settings["intermediate_size"],
        context=settings["max_position_embeddings"],
        rope_base=float(settings.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
        eps=settings["rms_norm_eps"]), path) | {"rope_scaling": scaling}

    stored = {name: array for file in sorted(folder.glob("*.safetensors")) for name, array in _safetensors(file)}

    def weight(name):
        return stored[f"{name}.weight"]

    def block(n):
        found = {name: weight(f"model.layers.{n}.{theirs}") for name, (_, theirs) in BLOCK.items()}
        found |= {name: stored[f"model.layers.{n}.{theirs}"] for name, theirs in EXTRA[settings["model_type"]].items()}
        turned = [name for name in found if name.startswith(("query", "key"))]
        return found | {name: _neighbours(found[name], sizes["head_width"]) for name in turned}

    embedding = weight("model.embed_tokens")
    tied = settings.get("tie_word_embeddings", False) or "lm_head.weight" not in stored
    weights = {"embedding": embedding, "norm": weight("model.norm"),
               "output": embedding if tied else weight("lm_head"),
               "blocks": [block(n) for n in range(sizes["layers"])]}
    return sizes, weights, Tokenizer.load(folder / "tokenizer.json")


def _neighbours(w, d):
    """W (H d, ...) with the pairs that rotary turns as neighbours: Hugging Face pairs row i with i + d/2 of a head."""
    return np.ascontiguousarray(w.reshape(-1, 2, d // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape))


def _safetensors(file):
    """(name, float32 array) of each tensor in a file; the library itself reads no bfloat16 into NumPy."""
    import safetensors
    try:
        tensors = safetensors.deserialize(read_bytes(file))
    except safetensors.SafetensorError as error:
        raise ValueError(f"{file.name} is damaged: {error}") from error
    for name, tensor in tensors:
        if tensor["dtype"] == "BF16":       # the upper half of a float32
            array = (np.frombuffer(tensor["data"], np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif tensor["dtype"] in ("F32", "F16"):
            array = np.frombuffer(tensor["data"], {"F32": "<f4", "F16": "<f2"}[tensor["dtype"]]).astype(np.float32)
        else:
            _refuse(f"{file.name}: {name} is stored as {tensor['dtype']}")
        yield name, array.reshape(tensor["shape"])
