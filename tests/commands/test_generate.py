"""`minigrad chat` and `minigrad generate` at the command line, with models of a few thousand random weights."""
import io
import os
import signal
import subprocess
import sys

import pytest

from minigrad.commands.main import main
from minigrad.zoo import llama
from minigrad.zoo.chat import SYSTEM, Chat

from .. import PATIENCE
from ..zoo import tiny
from ..zoo.test_llama import save_huggingface


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("llama")
    save_huggingface(path, tiny.weights(seed=3), max_position_embeddings=4096)
    return path


def answers(folder, *messages, system=SYSTEM):
    chat = Chat(llama.load(folder), system)
    return ["".join(chat.answer(message, most=12, temperature=0)) for message in messages]


def ask(folder, *arguments):
    return main(["chat", "--model", str(folder), "--length", "12", "--temperature", "0", *arguments])


def test_one_message_gets_one_answer(folder, capsys):
    assert ask(folder, "hello") == 0
    out, err = capsys.readouterr()
    assert [out] == [answers(folder, "hello")[0] + "\n"] and f"reading {folder.name}" in err


def test_a_conversation_from_a_pipe(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n\n  \nand again\n"))
    assert ask(folder) == 0
    assert capsys.readouterr().out == "".join(f"{text}\n" for text in answers(folder, "hello", "and again"))


def test_the_instruction_can_be_another_or_none(folder, capsys):
    for system in ("Be brief.", ""):
        assert ask(folder, "--system", system, "hello") == 0
        assert capsys.readouterr().out == answers(folder, "hello", system=system)[0] + "\n"


def test_a_seed_repeats_an_answer(folder, capsys):
    texts = []
    for seed in ("1", "1", "2"):
        assert ask(folder, "--temperature", "1", "--seed", seed, "hello") == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(("arguments", "reason"), [
    (["--temperature", "-1"], "'-1' is not a number at least 0"), (["--top-p", "0"], "above 0 and at most 1"),
    (["--top-p", "1.5"], "above 0 and at most 1"), (["--top-k", "0"], "'0' is not a whole number of at least 1"),
    (["--temperature", "inf"], "'inf' is not a number"), (["--model", "nowhere"], "nowhere: there is no such file"),
    (["\udc80"], "not UTF-8 text, at character 1"), (["--system", "a\udc80"], "not UTF-8 text, at character 2"),
    (["--length", str(2**64)], "at most 2147483648")])
def test_wrong_requests_are_one_clear_line(folder, capsys, arguments, reason):
    try:
        code = ask(folder, *arguments, *([] if arguments[0][0] != "-" else ["hello"]))
    except SystemExit as end:
        code = end.code
    error = capsys.readouterr().err.splitlines()
    assert code == 2 and reason in error[-1]


def test_bytes_that_are_no_text_do_not_end_the_conversation(folder):
    command = [sys.executable, "-m", "minigrad.commands.main", "chat", "--model", folder, "--length", "12",
               "--temperature", "0"]
    done = subprocess.run(command, input=b"hello\n\xff\nand again\n", capture_output=True, timeout=PATIENCE,
                          check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == "".join(f"{text}\n" for text in answers(folder, "hello", "\ufffd", "and again"))


def test_ctrl_c_ends_it(folder):
    command = [sys.executable, "-m", "minigrad.commands.main", "chat", "--model", folder, "--length", "1000000"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    assert process.stdout.read(1)           # it is writing
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and b"Traceback" not in error


def test_generate_without_a_model_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "ROMEO:"]) == 2
    assert "there is no trained GPT in runs/gpt: minigrad train gpt makes one" in capsys.readouterr().err
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    assert main(["chat", "--model", str(tmp_path), "hello"]) == 2
    assert "has a config.json, and this one has none: a GPT that was trained here" in capsys.readouterr().err
