"""Writes smollm2_reference.json: what other software computes with the same weights, for test_smollm2.py to agree with.

    pip install torch transformers accelerate gguf
    python make_smollm2_reference.py SmolLM2-135M-Instruct.Q4_1.gguf

Logits come from transformers (PyTorch, float32, the weights dequantised), token numbers from tokenizers, with the
word cutting of the published SmolLM2 tokenizer: single digits, then GPT-2's.
"""
import json
import random
import sys
from pathlib import Path

import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import pre_tokenizers

PROMPTS = {"chat": None, "sonnet": "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:",
           "code": "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n\nassert fib"}
TEXTS = ["", "hello", "Hello, world!", "  two  spaces 12 3  4\n\n\n x", "I'll don't we'VE they'd", "naïve café ½ Ⅷ ²",
         "日本語のテキスト", "🙂👩‍👩‍👧🏳️‍🌈", "def f(x):\n\treturn x**2  # π", "\n", "   ",
         "a\u00a0b\u3000c", "e\u0301 or \u00e9",
         "٣٤٥ १२३ 123456", "<|im_end|> is text here", "ROMEO:\nWherefore art thou?", "\r\n\t\r", "  9", "𝒳 ﷺ 𐍈 ǅ ﬁ"]
PARTS = [*"abcXYZ  \n\t'’.,;:!?-0123456789", "'s", "'ll", "  ", "\u3000", "é", "ß", "ж", "你", "世界", "한", "ع", "ש",
         "ा", "्", "🙂", "👩‍👩‍👧", "½", "²", "Ⅷ", "٣", "e\u0301", "\u200b", "\r\n", "_", "№"]


def main(path):
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    rng, numbers = random.Random(0), np.random.default_rng(0)
    conversation = [{"role": "user", "content": "What is the capital of France?"},
                    {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "And of Italy?"}]
    rendered = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)

    logits = {}
    for name, text in {**PROMPTS, "chat": rendered, "random": None}.items():
        ids = numbers.integers(0, 49152, 160).tolist() if text is None else tokenizer(text)["input_ids"]
        with torch.no_grad():
            y = model(torch.tensor([ids])).logits[0].numpy()
            greedy = model.generate(torch.tensor([ids]), max_new_tokens=24, do_sample=False)[0, len(ids):].tolist()
        positions = sorted({0, 1, 2, len(ids) // 3, len(ids) // 2, len(ids) - 2, len(ids) - 1})
        columns = [[*np.argsort(-y[p])[:6].tolist(), *numbers.integers(0, 49152, 12).tolist()] for p in positions]
        logits[name] = {"tokens": ids, "positions": positions, "columns": columns, "greedy": greedy,
                        "logits": [[round(float(v), 5) for v in y[p, c]] for p, c in zip(positions, columns)]}

    bpe = tokenizers.Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    bpe.encode_special_tokens = True        # their names in a text are text
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    texts = TEXTS + ["".join(rng.choices(PARTS, k=rng.randint(5, 30))) for _ in range(60)]
    reference = {"software": {m.__name__: m.__version__ for m in (torch, transformers, tokenizers)},
                 "conversation": conversation, "rendered": rendered, "logits": logits,
                 "texts": [[text, bpe.encode(text, add_special_tokens=False).ids] for text in texts]}
    with open(Path(__file__).parent / "smollm2_reference.json", "w", encoding="utf-8") as file:
        json.dump(reference, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
