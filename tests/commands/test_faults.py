"""What surrounds a command may be broken: it ends with one line and 1 or 2, or does its work; no traceback."""
import os
import subprocess
import sys

import pytest

from .. import PATIENCE

DIGITS = ("train", "digits", "--epochs", "1", "--out")


def minigrad(*words, shell="", **environment):
    """(exit code, stdout and stderr) of a command; shell: redirections behind it."""
    done = subprocess.run(["sh", "-c", f'exec "$0" -m minigrad "$@" {shell}', sys.executable, *map(str, words)],
                          capture_output=True, text=True, errors="replace", timeout=PATIENCE,
                          env=os.environ | environment)
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words, said", [
    (("check", "exp", "--order", "5"), "--order"), (("check", "exp", "--seed", "-1"), "--seed"),
    (("train", "gpt", "--size", "tiny", "--context", "999999999"), "--context 999999999"),
    (("train", "gpt", "--size", "tiny", "--batch", "99999999"), "--batch 99999999"),
    (("train", "gpt", "--learning-rate", "1e30"), "--learning-rate"),
    (("train", "gpt", "--learning-rate", "nan"), "--lear"),
    (("generate", "", "--model", "absent"), "absent"), (("generate", "x", "--length", "0"), "--length")])
def test_a_request_that_makes_no_sense_is_refused_before_the_work(words, said, tmp_path):
    out = ("--out", tmp_path / "out") if words[0] == "train" else ()
    code, _, err = minigrad(*words, *out)
    assert code == 2 and said in err and len(err.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_a_terminal_without_letters_a_bad_backend_and_no_stderr(tmp_path):
    out = tmp_path / "结果"
    code, said, _ = minigrad(*DIGITS, out, shell="2>&-", PYTHONIOENCODING="ascii", MPLBACKEND="no_such_backend")
    assert code == 0 and "wrote model" in said and "??" in said and (out / "report.png").exists()


def test_a_full_disk_is_one_line(tmp_path):
    code, _, err = minigrad("data", "list", shell="> /dev/full") if os.path.exists("/dev/full") else (1, "", "x\n")
    assert code in (0, 1) and len(err.splitlines()) <= 1


def test_without_any_stream_it_trains(tmp_path):
    code, _, _ = minigrad(*DIGITS, tmp_path / "out", shell=">&- 2>&-")
    assert code == 0 and (tmp_path / "out" / "report.png").exists()


def test_a_model_larger_than_files_may_be_is_one_line(tmp_path):
    """As a disk that is full when the training is over: nothing half-written stays."""
    done = subprocess.run(["sh", "-c", f'ulimit -f 16; exec "{sys.executable}" -m minigrad "$@"', "sh", *DIGITS,
                           str(tmp_path / "out")], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "File too large" in done.stderr.splitlines()[-1], done.stderr
    assert not list(tmp_path.rglob("*.safetensors")) + list(tmp_path.rglob("*.tmp"))


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_noticed_at_once(tmp_path):
    tmp_path.chmod(0o500)
    code, said, err = minigrad(*DIGITS, tmp_path)
    assert code == 2 and not said and "can't write in this folder" in err


def test_two_trainings_in_one_folder_are_kept_apart(tmp_path):
    from minigrad.support.locks import locked
    with locked(tmp_path):
        code, _, err = minigrad(*DIGITS, tmp_path)
    assert code == 1 and f"is in use by process {os.getpid()} on" in err and len(err.splitlines()) == 1
