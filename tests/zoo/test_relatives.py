"""LLaMA's relatives: Qwen2 (biases), Qwen3 (norms of queries and keys), Llama 3.1 (slower positions); tokenizers."""
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.zoo import bpe, llama
from minigrad.zoo.rotary import rotations, stretched

from . import tiny

TEXTS = ["Hello, hello!  It's 12345 o'clock.\n\n  x = y+1;", "naïve cafe\u0301 \U0001f642\r\n\t", " 'S 'll don'T",
         "ABC'DEF \u00b2\u0663"]
SCALING = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
           "original_max_position_embeddings": 16}


# -- by hand -----------------------------------------------------------------------------------------------------------
def test_biases_and_norms_of_heads():
    rng, c = np.random.default_rng(0), tiny.CONFIG
    x, block = rng.standard_normal((2, 3, c.width), np.float32), tiny.weights()["blocks"][0]
    block |= {"key_bias": rng.standard_normal(8, np.float32), "query_norm": rng.standard_normal(4, np.float32)}
    model = llama.Llama(c, tiny.weights())
    key, query = (model.heads_of(x, name, block) for name in ("key", "query"))
    for b, h, t in np.ndindex(2, 2, 3):
        rows = slice(4 * h, 4 * h + 4)
        k, q = (block[name][rows] @ x[b, t] for name in ("key", "query"))
        np.testing.assert_allclose(key[b, h, t], k + block["key_bias"][rows], rtol=1e-4, atol=1e-5)
        normed = q / math.sqrt((q * q).mean() + c.eps) * block["query_norm"]
        np.testing.assert_allclose(query[b, h, t], normed, rtol=1e-4, atol=1e-5)


@given(st.floats(1.5, 32), st.integers(16, 8192))
def test_slow_pairs_are_slowed_and_fast_ones_stay(factor, original):
    speeds = np.geomspace(1, 1e-6, 40)
    found, turns = stretched(speeds, factor, 1.0, 4.0, original), original * speeds / (2 * math.pi)
    np.testing.assert_allclose(found[turns <= 1], speeds[turns <= 1] / factor)
    np.testing.assert_array_equal(found[turns >= 4], speeds[turns >= 4])
    assert (np.diff(found) < 0).all()


def test_positions_are_scaled_where_the_model_says_so():
    plain, scaled = (llama.Llama(replace(tiny.CONFIG, rope_scaling=s), tiny.weights())
                     for s in (None, (8.0, 1.0, 4.0, 16)))
    assert np.abs(np.asarray(plain(np.arange(20))) - np.asarray(scaled(np.arange(20)))).max() > 1e-3
    assert np.array_equal(rotations(0, 9, 8, 100.0)[0], rotations(0, 9, 8, 100.0, scaling=(1.0, 1.0, 4.0, 16))[0])


@pytest.mark.parametrize("pattern", ["gpt-2", "smollm", "qwen2", "llama-3"])
def test_a_tokenizer_that_is_saved_reads_as_before(pattern, tmp_path):
    made = bpe.learn(" ".join(TEXTS) * 3, 300, ["<|im_start|>"], pattern)
    made.save(tmp_path / "tokenizer.json")
    loaded = bpe.Tokenizer.load(tmp_path)
    assert loaded.pattern == pattern
    assert all(loaded.encode(text) == made.encode(text) for text in TEXTS)


# -- against the originals ---------------------------------------------------------------------------------------------
@pytest.mark.peers
@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_logits_are_those_of_transformers(kind, tmp_path):
    """Of small random models; for Llama with the positions of 3.1, and more places than it was first trained on."""
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    sizes = dict(vocab_size=len(tiny.TOKENS), hidden_size=24, num_hidden_layers=2, num_attention_heads=6,
                 num_key_value_heads=2, head_dim=8, intermediate_size=40, max_position_embeddings=128,
                 rms_norm_eps=1e-6, initializer_range=0.3)
    torch.manual_seed(0)
    if kind == "llama":
        config = transformers.LlamaConfig(**sizes, rope_parameters=SCALING | {"rope_theta": 500.0})
        model = transformers.LlamaForCausalLM(config)
    elif kind == "qwen2":
        config = transformers.Qwen2Config(**sizes | {"hidden_size": 48})
        model = transformers.Qwen2ForCausalLM(config)
    else:
        model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**sizes, tie_word_embeddings=True))
    with torch.no_grad():                   # biases and gains begin as 0 and 1: give them something to do
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "norm" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path)
    tiny.tokenizer().save(tmp_path / "tokenizer.json")
    tokens = np.random.default_rng(0).integers(0, sizes["vocab_size"], (2, 60))
    expected = model(torch.tensor(tokens)).logits.detach().numpy()
    np.testing.assert_allclose(np.asarray(llama.load(tmp_path)(tokens)), expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.peers
@pytest.mark.parametrize("pattern", ["qwen2", "llama-3"])
@given(st.sampled_from(TEXTS) | st.text(max_size=30).filter(lambda text: text.isprintable()))
def test_tokens_are_those_of_tokenizers(pattern, text):
    tokenizers = pytest.importorskip("tokenizers")
    if pattern not in TOKENIZERS:
        import tempfile
        made = bpe.learn(" ".join(TEXTS) * 3, 330, [], pattern)
        with tempfile.TemporaryDirectory() as folder:
            made.save(f"{folder}/tokenizer.json")
            TOKENIZERS[pattern] = made, tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    made, theirs = TOKENIZERS[pattern]
    assert made.encode(text) == theirs.encode(text).ids


TOKENIZERS = {}
