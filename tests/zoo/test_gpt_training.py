"""Training a GPT: how the text is divided, fed and judged; and the command, killed and stopped on the way."""
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad import corpora
from minigrad.commands.main import main
from minigrad.keras.saving import read_arrays
from minigrad.support.errors import UsageError
from minigrad.zoo import bpe, gpt_training as t
from minigrad.zoo.gpt import GPT

from .. import PATIENCE

# A text of 24,000 characters with something to learn in it, cut into pieces of 500.
WORDS = "to be or not that is the question whether tis nobler in mind".split()
SCRIPT = '''
import sys
import numpy as np
from minigrad import corpora
from minigrad.commands.main import main
from minigrad.zoo import gpt_training
words = np.random.default_rng(0).choice(%r, 5000)
corpora.shakespeare = lambda: "ROMEO:" + " ".join(words)
gpt_training.PIECE = 500
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
''' % WORDS


@pytest.fixture
def small_corpus(monkeypatch):
    words = np.random.default_rng(0).choice(WORDS, 5000)
    monkeypatch.setattr(corpora, "shakespeare", lambda: "ROMEO:" + " ".join(words))
    monkeypatch.setattr(t, "PIECE", 500)


# -- the text --------------------------------------------------------------------------------------------------------
def test_the_pieces_are_the_text(monkeypatch):
    monkeypatch.setattr(t, "PIECE", 10)
    text = "".join(np.random.default_rng(0).choice(list("abc d\n"), 1007))
    alphabet, training, validation, test = t.divide(text)
    assert alphabet == "\n abcd" and (training.shape, validation.shape, test.shape) == ((90, 10), (5, 10), (5, 10))
    pieces = ["".join(alphabet[n] for n in piece) for piece in (*training, *validation, *test)]
    assert sorted(pieces) == sorted(text[i:i + 10] for i in range(0, 1000, 10))
    with pytest.raises(ValueError, match="199 characters, and must have 200 at least"):
        t.divide(text[:199])
    assert "".join(pieces[:9]) == text[:90] and "".join(alphabet[n] for n in test[0]) == text[190:200]


def test_stretches_are_random_parts_of_the_text_and_y_is_what_comes_next():
    text = np.arange(1000)
    loader = t.Stretches(text, context=8, batch_size=5, steps=7, seed=0)
    epochs = [list(loader) for _ in range(2)]
    assert [len(epoch) for epoch in epochs] == [7, 7]
    for x, y in epochs[0] + epochs[1]:
        assert x.shape == (5, 8) and (np.diff(x) == 1).all() and (y == x + 1).all()
    assert len({int(x[0, 0]) for x, _ in epochs[0] + epochs[1]}) > 10


def test_stretches_go_on_from_their_state():
    loader, other = (t.Stretches(np.arange(1000), context=8, batch_size=5, steps=7, seed=3) for _ in range(2))
    iterator = iter(loader)
    next(iterator), next(iterator)
    other.load_state(json.loads(json.dumps(loader.state())))
    for (x, _), (again, _) in zip(iterator, other, strict=True):
        np.testing.assert_array_equal(x, again)


@given(st.integers(2, 9), st.integers(30, 60), st.integers(1, 3))
def test_each_character_is_judged_once_with_half_a_context_before_it(context, length, pieces):
    text = np.arange(pieces * length).reshape(pieces, length)
    counted = np.zeros(text.size)
    for x, y, weight in t.judged(text, context, batch_size=4):
        counted[y[weight > 0]] += 1
        assert weight.mean() == pytest.approx(1)
        assert (y[:, 0] == x[:, 0] + 1).all() and (x[:, 0] // length == y[:, -1] // length).all()
    counted, half = counted.reshape(pieces, length), context // 2
    assert counted.max() == 1 and (counted[:, :half + 1] == 0).all()
    reached = (length - context - 1) // (context - half) * (context - half) + context      # where the last stretch ends
    assert (counted[:, half + 1:reached + 1] == 1).all() and length - reached <= context


def test_a_model_that_believes_nothing_needs_log2_v_bits():
    model = GPT("abcdefgh", context=8, depth=1, heads=1, width=4)
    model(np.zeros((1, 1), int))
    model.set_weights([np.zeros(w.shape, np.float32) for w in model.weights])
    assert t.bits(model, np.random.default_rng(0).integers(0, 8, (2, 100))) == pytest.approx(3)


def test_tokens_are_judged_by_the_characters_that_they_spell(small_corpus):
    alphabet, training, validation, test = t.divide(corpora.shakespeare())
    text = "".join(alphabet[n] for n in training.ravel())
    tokenizer = bpe.learn(text, 300)
    tokens = t.tokenized(tokenizer, alphabet, test)
    assert [tokenizer.decode(piece) for piece in tokens] == ["".join(alphabet[n] for n in piece) for piece in test]
    model = GPT(tokenizer, context=8, depth=1, heads=1, width=4)
    model(np.zeros((1, 1), int))
    model.set_weights([np.zeros(w.shape, np.float32) for w in model.weights])       # believes nothing: log2 300 bits
    counted = np.concatenate([y[weight > 0] for _, y, weight in t.judged(tokens, 8)])
    expected = np.log2(300) * len(counted) / tokenizer.lengths[counted].sum()
    assert t.bits(model, tokens) == pytest.approx(expected)
    history = t.train(model, t.tokenized(tokenizer, alphabet, training), tokens, steps=20, rounds=2)
    length = t.mean_length(tokenizer, tokens)
    assert history["val_bits"] == pytest.approx([loss * t.BITS / length for loss in history["val_loss"]])
    assert 1 < length < 8


# -- the command -----------------------------------------------------------------------------------------------------
TINY = ["--size", "tiny", "--steps", "120", "--seed", "1"]


def start(script, out, *arguments):
    return subprocess.Popen([sys.executable, script, "train", "gpt", "--out", out, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def weights(folder):
    path, = (folder / "model").glob("weights-*.safetensors")
    return read_arrays(path)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "small.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture(scope="module")
def uninterrupted(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "gpt"
    process = start(script, folder, *TINY)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return folder, out, err


def test_it_learns_shows_how_and_compares(uninterrupted):
    folder, out, err = uninterrupted
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["bits"][-1] < figures["bits"][0] - 0.5 and len(figures["val_bits"]) == 20
    assert f"this GPT                {figures['bits_per_character']:.3f}" in out and "9-gram counts" in out
    assert ("not better" in out) == (figures["bits_per_character"] >= min(figures["ngrams"]))
    assert "120/120" in err and "bits per character" in err and "\n\nROMEO:" in out
    assert (folder / "learning.png").read_bytes()[:4] == b"\x89PNG"
    assert (folder / "history.csv").read_text().startswith("epoch,loss,val_loss,bits,val_bits")
    assert not (folder / "backup").exists()


def interrupted(script, folder, sign, *arguments):
    """Start a run, send it a signal when it is under way, and the exit code."""
    process = start(script, folder, *TINY, *arguments)
    deadline = time.monotonic() + PATIENCE
    while not (folder / "backup" / "backup.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sign)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_by_tokens_stopped_and_resumed(script, tmp_path):
    """The tokenizer's folder may be gone when the run goes on: the run has its own."""
    tokens, folders = tmp_path / "tokens", (tmp_path / "whole", tmp_path / "stopped")
    made = subprocess.run([sys.executable, script, "train", "tokenizer", "--size", "300", "--out", tokens],
                          capture_output=True, text=True, check=True)
    assert "   300    " in made.stdout and "tokenizer.json" in made.stdout
    process = start(script, folders[0], *TINY, "--tokenizer", tokens)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "9-gram counts" in out, err
    assert interrupted(script, folders[1], signal.SIGKILL, "--tokenizer", tokens)[0] == -signal.SIGKILL
    (tokens / "tokenizer.json").unlink()
    process = start(script, folders[1], "--resume")
    assert (process.communicate(timeout=PATIENCE), process.returncode)[1] == 0
    assert (folders[0] / "figures.json").read_text() == (folders[1] / "figures.json").read_text()
    figures = json.loads((folders[0] / "figures.json").read_text())
    assert figures["bits_per_character"] < 2 < figures["loss"][0]
    assert main(["generate", "to be", "--model", str(folders[0]), "--length", "9"]) == 0
    assert main(["train", "gpt", "--tokenizer", str(tokens), "--out", str(tmp_path / "new")]) == 2


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_or_killed_goes_on_as_if_nothing_had_been(script, uninterrupted, tmp_path, sign):
    folder = tmp_path / "gpt"
    code, out, err = interrupted(script, folder, sign)
    assert code == (130 if sign == signal.SIGINT else -signal.SIGKILL), err
    assert (folder / "backup" / "backup.json").exists()
    if sign == signal.SIGINT:
        assert f"To go on: minigrad train gpt --resume --out {folder}" in out and (folder / "model").is_dir()
    process = start(script, folder, "--resume")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    for name, w in weights(uninterrupted[0]).items():
        np.testing.assert_array_equal(weights(folder)[name], w)
    assert (folder / "figures.json").read_text() == (uninterrupted[0] / "figures.json").read_text()


def test_generate_goes_on_from_a_prompt(uninterrupted, capsys):
    ask = ["generate", "to be", "--model", str(uninterrupted[0]), "--length", "30", "--seed", "4"]
    texts = [(main(ask), capsys.readouterr().out)[1] for _ in range(2)]
    assert texts[0] == texts[1] and texts[0].startswith("to be") and len(texts[0]) == 5 + 30 + 1
    assert (main([*ask[:1], "", *ask[2:]]), main([*ask[:1], " ", *ask[2:]])) == (0, 0)
    out = capsys.readouterr().out           # this one knows no line's end, so it writes what comes after its first, " "
    assert len(out) == 31 + 32 and out[:31] == out[32:]
    assert main(["generate", "to ß", "--model", str(uninterrupted[0])]) == 2
    assert "never seen 'ß'" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "reason"), [
    (["--resume"], "there is no unfinished run in"),
    (["--resume", "--steps", "5", "--batch", "2"], "leave out --steps, --batch"),
    (["--device", "gpu:x"], "--device"), (["--steps", "0"], "'0' is not a whole number of at least 1"),
    (["--learning-rate", "0"], "'0' is not a number above 0"),
    (["--learning-rate", "nan"], "'nan' is not a number above 0"), (["--tokenizer", ""], "'' names nothing")])
def test_wrong_options_are_one_clear_line(small_corpus, tmp_path, capsys, arguments, reason):
    try:
        code = main(["train", "gpt", "--out", str(tmp_path / "gpt"), *arguments])
    except SystemExit as end:               # argparse's own way
        code = end.code
    error = capsys.readouterr().err
    assert code == 2 and reason in error and len(error.strip().splitlines()) == 1


def test_a_tokenizer_that_can_not_read_the_plays(small_corpus, tmp_path, capsys):
    path = tmp_path / "tokenizer.json"
    whole = bpe.learn("", 256)
    bpe.Tokenizer([letter for letter in whole.tokens if letter not in "ab"], []).save(path)
    for folder, words in ((tmp_path, "has no tokens for 'ab'"), (tmp_path / "absent", "there is no tokenizer")):
        assert main(["train", "gpt", "--tokenizer", str(folder), "--out", str(tmp_path / "out")]) == 2
        assert words in capsys.readouterr().err and not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="can't read 'cab'"):
        GPT(bpe.Tokenizer.load(path), 8, 1, 2, 8).encode("cab")


def test_an_unfinished_run_is_not_overwritten(small_corpus, tmp_path, capsys):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "backup.json").write_text("{}")
    assert main(["train", "gpt", "--out", str(tmp_path)]) == 2
    assert "holds an unfinished run: go on with --resume" in capsys.readouterr().err
    assert main(["train", "gpt", "--out", str(tmp_path), "--resume"]) == 1       # it isn't a backup at all
