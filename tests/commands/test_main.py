"""The command as a person meets it: the main job from start to finish, Ctrl-C, and wrong arguments."""
import argparse
import ast
import csv
import importlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minigrad import datasets, models
from minigrad.commands import main as cli, train
from minigrad.commands.parsing import Parser
from minigrad.data.loading import split

from .. import PATIENCE

COMMAND = [sys.executable, "-m", "minigrad.commands.main"]


def run(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return folder, run("train", "digits", "--out", folder)


def test_the_main_job_reads_digits(trained):
    folder, done = trained
    assert done.returncode == 0, done.stderr
    accuracy = float(re.search(r"test accuracy ([\d.]+)", done.stdout)[1])
    assert accuracy >= 0.97
    assert "epoch 10/10" in done.stderr and "val_accuracy" in done.stderr


def test_it_leaves_model_history_and_picture(trained):
    folder, done = trained
    assert (folder / "report.png").read_bytes()[:4] == b"\x89PNG"
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert len(rows) == 10 and {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(rows[0])
    model = models.load_model(folder / "model")
    digits = datasets.load_digits()
    _, (x, y) = split(digits.x, digits.y, fraction=0.2, seed=0, stratify=digits.y)
    accuracy = (model.predict(x, verbose=0).argmax(axis=1) == y).mean()
    assert f"{accuracy:.4f}" in done.stdout


def test_the_same_figure_on_each_run(trained, tmp_path):
    again = run("train", "digits", "--out", tmp_path)
    assert [line for line in again.stdout.splitlines() if "test accuracy" in line] == \
        [line for line in trained[1].stdout.splitlines() if "test accuracy" in line]


@pytest.mark.parametrize("words, command", [
    ("train gpt --stpes 3", "minigrad train gpt"), ("estimate --params 1e9 --colour 3", "minigrad estimate"),
    ("train digits 3", "minigrad train digits"), ("--versoin", "minigrad")])
def test_an_unknown_option_points_to_the_commands_own_help(words, command, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words.split())
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"{command}: ") and complaint.endswith(f"(see {command} --help)\n")


def test_other_data_and_settings(tmp_path):
    done = run("train", "digits", "--data", "mnist", "--epochs", 1, "--seed", 3, "--out", tmp_path / "a" / "b")
    assert done.returncode == 0 and "5,000 MNIST digits" in done.stdout, done.stderr
    assert (tmp_path / "a" / "b" / "report.png").exists()


def test_ctrl_c_keeps_what_was_trained(tmp_path):
    process = subprocess.Popen([*COMMAND, "train", "digits", "--epochs", "100000", "--out", tmp_path],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    history = tmp_path / "history.csv"
    while time.monotonic() < deadline and not (history.exists() and history.stat().st_size > 200):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "what was trained is saved" in out and "Traceback" not in err
    assert models.load_model(tmp_path / "model").predict(np.zeros((1, 64), np.float32), verbose=0).shape == (1, 10)


@pytest.mark.parametrize("arguments, words", [
    (["train", "digits", "--epochs", "0"], "at least 1"),
    (["train", "digits", "--epochs", "many"], "whole number"),
    (["train", "digits", "--data", "letters"], "mnist"),
    (["train", "digits", "--device", "cuda"], "unknown device"),
    (["train", "digits", "--seed", "-1"], "at least 0"),
    (["train", "gpt", "--steps", "9" * 20], "at most 2147483648"),
    (["train", "gpt", "--steps", "9" * 5000], "whole number"),
    (["generate", "\udcff", "--model", "absent"], "not UTF-8"),
    (["train"], "JOB"),
    (["trian"], "train"),
    ([], "COMMAND"),
    (["learn", "77"], "no notebook"),
    (["train", "digits", "--out", ""], "argument --out: '' names nothing"),
    (["data", "fetch", "everything"], "shakespeare"),
])
def test_wrong_use_is_one_line_and_exit_code_2(arguments, words, capsys):
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2 and words in err and len(err.strip().splitlines()) == 1, err


@pytest.mark.parametrize("module", [name for name in cli.COMMANDS if name not in ("train", "data")]
                         + [f"train_{job}" for job in train.JOBS])
def test_an_empty_name_of_a_file_or_folder_is_refused(module):
    """What "$FOLDER" is where FOLDER isn't set would be the current directory, or the default."""
    of_command = Parser()
    importlib.import_module(f"minigrad.commands.{module}").add_arguments(of_command)
    for action in of_command._actions:
        assert action.type is not Path, f"{action.dest}: options.a_path"
        if action.metavar in ("DIR", "FILE", "PATH", "PLACE") or action.dest in ("folder", "script"):
            for nothing in ("", " ", "a\0b"):
                with pytest.raises(argparse.ArgumentTypeError, match="names nothing"):
                    action.type(nothing)


def test_a_gpu_where_there_is_none_is_one_line(capsys):
    cupy = sys.modules.get("cupy")
    sys.modules["cupy"] = None
    try:
        assert cli.main(["train", "digits", "--device", "gpu"]) == 2
    finally:
        sys.modules.pop("cupy")
        if cupy:
            sys.modules["cupy"] = cupy
    assert "pip install" in capsys.readouterr().err


def test_an_unwritable_folder_is_named_before_training(capsys):
    assert cli.main(["train", "digits", "--out", "/proc/nowhere/runs"]) == 2
    assert "/proc/nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("job", ["digits", "diffusion", "distogram", "gpt", "tokenizer"])
def test_what_another_job_left_in_a_folder_is_not_overwritten(job, tmp_path, capsys):
    """An unfinished run, and a model of another class."""
    for part, content in (("backup", {}), ("model", {"model": {"class": "zoo.Another"}})):
        folder = tmp_path / part
        (folder / part).mkdir(parents=True)
        (folder / part / f"{part}.json").write_text(json.dumps(content))
        if (job, part) != ("tokenizer", "model"):           # which writes no model
            assert cli.main(["train", job, "--out", str(folder)]) == 2
            assert ("unfinished run" if part == "backup" else "holds a trained Another") in capsys.readouterr().err
        assert [path.name for path in folder.iterdir()] == [part]


def test_help_names_every_command_and_what_it_does():
    done = run("--help")
    assert done.returncode == 0
    told = " ".join(done.stdout.split())
    assert all(f"{name} {summary}" in told for name, summary in cli.COMMANDS.items())


@pytest.mark.parametrize("name", [*cli.COMMANDS, *(f"train {job}" for job in train.JOBS), "data list", "data fetch"])
def test_every_command_has_help_of_its_own(name, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*name.split(), "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and out.startswith(f"usage: minigrad {name} ")


def test_help_imports_no_command():
    """Only what is asked for is imported: --help is there at once."""
    code = ("import sys; from minigrad.commands.main import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: print([m for m in sys.modules if m.startswith('minigrad.')], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stderr))
    assert {m for m in loaded if ".commands." in m} == {"minigrad.commands.main", "minigrad.commands.parsing"}
    assert not {m for m in loaded if m.split(".")[1] in ("keras", "data", "viz", "testing", "zoo", "trust", "learn")}


def test_import_loads_nothing_heavy():
    code = ("import sys, minigrad; heavy = [m for m in ('matplotlib', 'hypothesis', 'cupy', 'tqdm', 'safetensors', "
            "'sklearn', 'scipy', 'pandas') if m in sys.modules]; print(heavy)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
