"""LLaMA against the same computed number by number, its cache against the full pass, and reading it from files."""
import json
import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.engine.trees import tree_leaves, tree_map
from minigrad.support.errors import Failure, UsageError
from minigrad.zoo import llama, lora, pretrained
from minigrad.zoo.decoding import KVCache
from minigrad.zoo.rotary import rotary, rotations

from . import tiny

TEXT = np.random.default_rng(1).integers(0, tiny.CONFIG.vocab, 13)


@pytest.fixture(scope="module")
def model():
    return tiny.model()


def test_logits_equal_those_computed_number_by_number(model):
    np.testing.assert_allclose(model(TEXT), tiny.naive_logits(model.weights, TEXT), rtol=1e-4, atol=1e-5)


def test_float32_stays_float32(model):
    assert model(TEXT).dtype == np.float32


def test_a_batch_is_its_rows(model):
    batch = np.stack([TEXT, TEXT[::-1]])
    np.testing.assert_allclose(model(batch), [model(row) for row in batch], rtol=1e-5, atol=1e-6)


def test_what_comes_later_changes_nothing_before(model):
    other = TEXT.copy()
    other[8:] = 0
    np.testing.assert_array_equal(model(TEXT)[:8], model(other)[:8])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_with_a_cache_pieces_of_any_length_give_the_logits_of_the_whole(lengths, seed):
    model, tokens = tiny.model(), np.random.default_rng(seed).integers(0, tiny.CONFIG.vocab, (2, sum(lengths)))
    cache, ends = KVCache(sum(lengths)), np.cumsum(lengths)
    pieces = [model.logits(model.features(tokens[:, end - n:end], cache)) for n, end in zip(lengths, ends)]
    assert cache.length == tokens.shape[1]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), model(tokens), rtol=1e-4, atol=1e-5)


def test_more_tokens_than_the_context_are_an_error(model):
    with pytest.raises(ValueError, match="33 tokens are more than its context of 32"):
        model(np.zeros(33, int))


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 2**32 - 1))
def test_rotary_products_depend_on_the_distance_alone(s, t, shift, seed):
    q, k = np.random.default_rng(seed).standard_normal((2, 1, 8)).astype(np.float32)

    def at(x, place):
        return rotary(x, *rotations(place, place + 1, 8, 100.0))[0]

    assert at(q, t + shift) @ at(k, s + shift) == pytest.approx(at(q, t) @ at(k, s), abs=1e-4)
    assert np.linalg.norm(at(q, t)) == pytest.approx(np.linalg.norm(q), rel=1e-5)


def test_weights_may_be_tensors_and_their_gradients_are_slopes():
    weights = tiny.weights(dtype=np.float64)

    def value(w):
        return lora.loss(llama.Llama(tiny.CONFIG, w), TEXT[None])

    tensors = tree_map(lambda w: mg.tensor(w, requires_grad=True), weights)
    value(tensors).backward()
    rng = np.random.default_rng(0)
    direction = tree_map(lambda w: rng.standard_normal(w.shape), weights)
    h = 1e-5
    up, down = (tree_map(lambda w, d, s=s: w + s * h * d, weights, direction) for s in (1, -1))
    slope = sum(tree_leaves(tree_map(lambda t, d: float((t.grad._data * d).sum()), tensors, direction)))
    assert slope == pytest.approx((value(up) - value(down)) / (2 * h), rel=1e-4)


# -- LoRA ------------------------------------------------------------------------------------------------------------
def test_adapters_start_as_nothing_learn_and_can_be_merged(model):
    adapted, tensors = lora.adapt(model, rank=3)
    np.testing.assert_array_equal(adapted(TEXT).numpy(), model(TEXT))
    text = np.tile(tiny.tokenizer().encode("hello, yellow! "), 20)
    before = [w.copy() for w in tree_leaves(model.weights)]
    losses = list(lora.fine_tune(adapted, tensors, text, steps=40, length=16, learning_rate=0.03))
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    for w, old in zip(tree_leaves(model.weights), before):
        np.testing.assert_array_equal(w, old)
    merged = lora.merge(adapted)
    assert all(isinstance(w, np.ndarray) for w in tree_leaves(merged.weights))
    np.testing.assert_allclose(merged(TEXT), adapted(TEXT).numpy(), rtol=1e-4, atol=1e-5)


def test_a_text_too_short_to_tune_on_is_an_error(model):
    with pytest.raises(ValueError, match="16 tokens are no stretch of 16"):
        next(lora.fine_tune(*lora.adapt(model), TEXT[:16].repeat(2)[:16], length=16))


# -- files -----------------------------------------------------------------------------------------------------------
def half_by_half(w):
    """Hugging Face's order of rows within a head: first of each pair, then second of each pair."""
    d = tiny.CONFIG.head_width
    return np.concatenate([w[h * d + part:h * d + d:2] for h in range(len(w) // d) for part in (0, 1)])


def huggingface_names(weights):
    names = {"model.embed_tokens": weights["embedding"], "model.norm": weights["norm"], "lm_head": weights["output"]}
    for n, block in enumerate(weights["blocks"]):
        for name, (_, theirs) in pretrained.BLOCK.items():
            w = half_by_half(block[name]) if name in ("query", "key") else block[name]
            names[f"model.layers.{n}.{theirs}"] = w
    return {f"{name}.weight": w for name, w in names.items()}


def save_huggingface(folder, weights, as_bfloat16=False, **settings):
    c, tensors = tiny.CONFIG, huggingface_names(weights)
    config = {"model_type": "llama", "vocab_size": c.vocab, "hidden_size": c.width, "num_hidden_layers": c.layers,
              "num_attention_heads": c.heads, "num_key_value_heads": c.kv_heads, "head_dim": c.head_width,
              "intermediate_size": c.hidden, "max_position_embeddings": c.context, "rope_theta": c.rope_base,
              "rms_norm_eps": c.eps, "hidden_act": "silu", "tie_word_embeddings": False, **settings}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps({
        "normalizer": None, "added_tokens": [{"id": i, "content": s} for i, s in enumerate(tiny.SPECIAL)],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "ByteLevel"}]},
        "model": {"type": "BPE", "vocab": {name: n for n, name in enumerate(tiny.TOKENS)},
                  "merges": [merge.split(" ") for merge in tiny.MERGES]}}))
    header, body = {}, b""
    for name, w in tensors.items():
        data = (w.view(np.uint32) >> 16).astype("<u2").tobytes() if as_bfloat16 else w.tobytes()
        header[name] = {"dtype": "BF16" if as_bfloat16 else "F32", "shape": w.shape,
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


def test_a_huggingface_folder_gives_the_same_model(model, tmp_path):
    save_huggingface(tmp_path, model.weights)
    loaded = llama.load(tmp_path)
    assert loaded.config == model.config
    np.testing.assert_array_equal(loaded(TEXT), model(TEXT))
    assert loaded.tokenizer.encode("hello 12") == model.tokenizer.encode("hello 12")


def test_bfloat16_is_the_upper_half_of_float32(model, tmp_path):
    save_huggingface(tmp_path, model.weights, as_bfloat16=True)
    cut = tree_map(lambda w: (w.view(np.uint32) & 0xFFFF0000).view(np.float32), model.weights)
    np.testing.assert_array_equal(llama.load(tmp_path)(TEXT), llama.Llama(tiny.CONFIG, cut)(TEXT))


@pytest.mark.parametrize(("setting", "reason"), [
    ({"model_type": "mistral"}, "its architecture is 'mistral'"), ({"attention_bias": True}, "it has biases"),
    ({"rope_scaling": {"rope_type": "yarn"}}, "rotary positions by 'yarn'"), ({"hidden_act": "gelu"}, "'gelu'"),
    ({"rope_scaling": {"rope_type": "llama3"}}, "rope_parameters.factor is missing"),
    ({"model_type": "qwen2"}, "q_proj.bias is missing"), ({"model_type": "qwen3"}, "q_norm.weight is missing"),
    ({"use_sliding_window": True}, "sliding window"),
    ({"hidden_size": 16}, "attention_norm has shape"), ({"num_hidden_layers": 3}, "layers.2.* is missing")])
def test_a_folder_that_asks_for_something_else_is_refused(model, tmp_path, setting, reason):
    save_huggingface(tmp_path, model.weights, **setting)
    with pytest.raises(Failure, match=reason):
        llama.load(tmp_path)


def test_damaged_folders_are_clear_errors(model, tmp_path):
    with pytest.raises(UsageError, match="there is no such file"):
        llama.load(tmp_path / "nothing")
    save_huggingface(tmp_path, model.weights)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(Failure, match="model.safetensors is damaged"):
        llama.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(Failure, match="config.json is damaged"):
        llama.load(tmp_path)


def save_gguf(path, weights, leave_out=(), **settings):
    gguf = pytest.importorskip("gguf")
    c, writer = tiny.CONFIG, gguf.GGUFWriter(path, settings.pop("arch", "llama"))
    writer.add_block_count(c.layers), writer.add_context_length(c.context), writer.add_embedding_length(c.width)
    writer.add_feed_forward_length(c.hidden), writer.add_head_count(c.heads), writer.add_head_count_kv(c.kv_heads)
    writer.add_rope_dimension_count(c.head_width), writer.add_rope_freq_base(c.rope_base)
    writer.add_layer_norm_rms_eps(c.eps), writer.add_tokenizer_model(settings.pop("tokenizer", "gpt2"))
    writer.add_tokenizer_pre("smollm"), writer.add_token_list(tiny.TOKENS), writer.add_token_merges(tiny.MERGES)
    writer.add_token_types([3] * len(tiny.SPECIAL) + [1] * (len(tiny.TOKENS) - len(tiny.SPECIAL)))
    tensors = {"token_embd": weights["embedding"], "output_norm": weights["norm"], "output": weights["output"]}
    tensors |= {f"blk.{n}.{theirs}": block[name] for n, block in enumerate(weights["blocks"])
                for name, (theirs, _) in pretrained.BLOCK.items()}
    for name, w in tensors.items():
        if name not in leave_out:
            writer.add_tensor(f"{name}.weight", w)
    writer.write_header_to_file(), writer.write_kv_data_to_file(), writer.write_tensors_to_file(), writer.close()


def test_a_gguf_file_gives_the_same_model(model, tmp_path):
    save_gguf(tmp_path / "tiny.gguf", model.weights)
    loaded = llama.load(tmp_path / "tiny.gguf")
    assert (loaded.config.heads, loaded.config.kv_heads, loaded.config.rope_base) == (6, 2, 100.0)
    np.testing.assert_allclose(loaded(TEXT), model(TEXT), rtol=1e-5, atol=1e-6)
    assert loaded.tokenizer.special == model.tokenizer.special


def test_a_gguf_file_without_an_output_matrix_reads_out_with_the_embedding(model, tmp_path):
    save_gguf(tmp_path / "tiny.gguf", model.weights, leave_out=["output"])
    loaded = llama.load(tmp_path / "tiny.gguf")
    assert loaded.weights["output"] is loaded.weights["embedding"]


def test_gguf_files_of_other_kinds_and_damaged_ones_are_clear_errors(model, tmp_path):
    path = tmp_path / "tiny.gguf"
    save_gguf(path, model.weights, arch="gemma")
    with pytest.raises(Failure, match="its architecture is 'gemma'"):
        llama.load(path)
    save_gguf(path, model.weights, tokenizer="llama")
    with pytest.raises(Failure, match="its tokenizer is 'llama'"):
        llama.load(path)
    save_gguf(path, model.weights, leave_out=["blk.1.ffn_up"])
    with pytest.raises(Failure, match="blk.1.ffn_up.weight is missing"):
        llama.load(path)
    whole = path.read_bytes()
    for length in (0, 3, 100, 5000, len(whole) - 200):
        path.write_bytes(whole[:length])
        with pytest.raises(Failure, match="tiny.gguf"):
            llama.load(path)
    path.write_bytes(b"not a model at all" * 100)
    with pytest.raises(Failure, match="tiny.gguf"):
        llama.load(path)
