"""Damaged and hostile language models: Hugging Face folders, tokenizers and GGUF files end in one Failure, or load.

`pytest -m deep` mutates each 10,000 times.
"""
import json
import os
import random

import pytest

from minigrad.support.errors import Failure
from minigrad.zoo import llama
from minigrad.zoo.bpe import Tokenizer

from ..keras.test_hostile import counts, mutated
from . import tiny
from .test_llama import save_huggingface


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@counts(150)
def test_a_mutated_folder_loads_or_is_one_failure_that_names_its_file(tmp_path, name, count):
    save_huggingface(tmp_path, tiny.weights())
    content, failures = json.loads((tmp_path / name).read_text()), 0
    for seed in range(count):
        (tmp_path / name).write_text(json.dumps(mutated(content, random.Random(seed))))
        try:
            llama.load(tmp_path)
        except Failure as error:
            failures += 1
            assert str(tmp_path) in str(error) and "\n" not in str(error) and len(str(error)) < 500, (seed, error)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
    assert failures > count / 20


@pytest.mark.parametrize("change, said", [
    ({"num_attention_heads": 0}, "config.json: num_attention_heads is 0"),
    ({"num_key_value_heads": 4}, "can't share 4"),
    ({"head_dim": 3}, "must be even"), ({"max_position_embeddings": 1 << 32}, "max_position_embeddings is 4294967296"),
    ({"vocab_size": "263"}, "vocab_size is '263', and should be"), ({"rms_norm_eps": None}, "rms_norm_eps is None"),
    ({"rope_theta": -1}, "rope_theta is -1"), ({"rope_scaling": 5}, "rope_scaling is 5"),
    ({"hidden_size": True}, "hidden_size is True"),
])
def test_a_field_that_is_wrong_is_named(tmp_path, change, said):
    save_huggingface(tmp_path, tiny.weights(), **change)
    with pytest.raises(Failure, match=said):
        llama.load(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_pipes_and_devices_are_not_read(tmp_path, name):
    save_huggingface(tmp_path, tiny.weights())
    path = tmp_path / name
    for put in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero")):
        path.unlink()
        put()
        with pytest.raises(Failure, match=f"{name}: it is not a file"):
            llama.load(tmp_path)
    with pytest.raises(Failure, match="not a file"):
        llama.load("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Failure, match="not a file"):
        Tokenizer.load(tmp_path / "pipe")


def gguf_file(path, **settings):
    """The tiny LLaMA as a GGUF file, with other settings: names with _ for the dots."""
    gguf, c, w = pytest.importorskip("gguf"), tiny.CONFIG, tiny.weights()
    known = {"embedding_length": c.width, "block_count": c.layers, "attention.head_count": c.heads,
             "attention.head_count_kv": c.kv_heads, "rope.dimension_count": c.head_width,
             "feed_forward_length": c.hidden, "context_length": c.context} | settings
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in known.items():
        writer.add_uint32(f"llama.{name}", value) if value < 1 << 32 else writer.add_uint64(f"llama.{name}", value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", c.eps)
    writer.add_float32("llama.rope.freq_base", c.rope_base)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tiny.TOKENS)
    writer.add_token_types([3] * len(tiny.SPECIAL) + [1] * (len(tiny.TOKENS) - len(tiny.SPECIAL)))
    writer.add_token_merges(tiny.MERGES)
    from minigrad.zoo import pretrained
    tensors = {"token_embd": w["embedding"], "output_norm": w["norm"], "output": w["output"]} | {
        f"blk.{n}.{theirs}": block[name] for n, block in enumerate(w["blocks"])
        for name, (theirs, _) in pretrained.BLOCK.items()}
    for name, array in tensors.items():
        writer.add_tensor(f"{name}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("settings, said", [
    ({"attention.head_count": 0}, "llama.attention.head_count is 0"), ({"attention.head_count_kv": 0}, "kv_heads is 0"),
    ({"context_length": 1 << 32}, "context is 4294967296"), ({"attention.head_count_kv": 4}, "can't share"),
    ({"block_count": 0}, "layers is 0"), ({"block_count": 1 << 30}, "blk.2.* is missing"),
    ({"feed_forward_length": 7}, "has shape"),
    ({"rope.dimension_count": 0}, "head_width is 0")])
def test_headers_of_gguf_files_are_checked(tmp_path, settings, said):
    with pytest.raises(Failure, match=said):
        llama.load(gguf_file(tmp_path / "tiny.gguf", **settings))


def test_a_gguf_header_that_promises_more_than_the_file_holds_takes_no_memory(tmp_path):
    data = bytearray(gguf_file(tmp_path / "tiny.gguf").read_bytes())
    place = data.index(b"tokenizer.ggml.token_type") + len(b"tokenizer.ggml.token_type") + 8    # kind, kind of items
    for count in (1 << 20, 1 << 40, (1 << 64) - 1):
        data[place:place + 8] = count.to_bytes(8, "little")
        (tmp_path / "bad.gguf").write_bytes(data)
        with pytest.raises(Failure, match="bad.gguf: can't read this model: it ends before what its header says"):
            llama.load(tmp_path / "bad.gguf")


@counts(100)
def test_a_damaged_gguf_file_loads_or_is_one_failure(tmp_path, count):
    whole = gguf_file(tmp_path / "tiny.gguf").read_bytes()
    assert llama.load(tmp_path / "tiny.gguf").config.head_width == tiny.CONFIG.head_width
    for seed in range(count):
        rng, data = random.Random(seed), bytearray(whole)
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(rng.choice((64, 4000, len(data))))] = rng.randrange(256)
        if rng.random() < 0.2:
            data = data[:rng.randrange(len(data))]
        (tmp_path / "bad.gguf").write_bytes(data)
        try:
            llama.load(tmp_path / "bad.gguf")
        except Failure as error:
            assert "bad.gguf" in str(error) and "\n" not in str(error), (seed, error)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
