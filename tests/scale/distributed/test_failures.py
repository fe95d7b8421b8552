"""Ranks that fail, are killed or meet nan: the job ends, says why, and goes on from its last backup."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from minigrad.keras.saving import read_arrays
from minigrad.scale.distributed import group

from ... import PATIENCE
from ...zoo.test_gpt_training import SCRIPT
from .conftest import command

TRAIN = """
    import os, signal, sys, time
    import numpy as np
    import minigrad as mg
    from minigrad import losses, optimizers
    from minigrad.callbacks import BackupAndRestore, Callback, TerminateOnNaN
    from minigrad.keras import saving
    from minigrad.layers import Dense, Dropout
    from minigrad.models import Sequential
    folder, distribute, how = sys.argv[1], {"no": False, "yes": True}.get(sys.argv[2], sys.argv[2]), sys.argv[3]
    rank = 0
    if distribute:
        from minigrad.distributed import world
        rank = world().rank

    class Event(Callback):
        steps = 0
        def on_train_begin(self, logs=None):    # after the ranks have compared their data: memory goes bad in one
            if how.startswith("nan") and rank == 1:
                self.run.loader.arrays["x"][:, 3] = np.nan
        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            if how == "slow":
                time.sleep(0.005)
            if self.steps == 17 and rank == 1 and how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.steps == 17 and rank == 1 and how == "raises":
                raise ValueError("what a day")
            if self.steps == 17 and rank == 1 and how == "leaves":
                sys.exit(3)

    rng = np.random.default_rng(1)
    x = rng.standard_normal((83, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    mg.seed(3)
    model = Sequential([Dense(32, "relu"), *([Dropout(0.3)] if how == "slow" else []), Dense(2)])
    model.compile(optimizers.AdamW(0.01, weight_decay=0.1), losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    print(f"ready {os.getpid()}\\n", end="", flush=True)
    history = model.fit(x, y, batch_size=10, epochs=8, validation_split=0.2, verbose=0, distribute=distribute,
                        callbacks=[BackupAndRestore(folder + "/backup", save_freq=5), Event(),
                                   *([TerminateOnNaN()] if how == "nan watched" else [])])
    weights = model.named_weights()
    saving.write_arrays(folder + "/weights", weights)
    assert not how.startswith("nan") or all(np.isfinite(w).all() for w in weights.values())
    if rank == 0:
        print(repr(history.history), flush=True)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("failures") / "train.py"
    path.write_text(textwrap.dedent(TRAIN))
    return path


def train(script, folder, n, *words):
    folder.mkdir(exist_ok=True)
    line, environment = command(n, script, folder, *words)
    line = line[3:] if n == 0 else line     # 0: without mpiexec
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def alone(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    done = train(script, folder, 0, "no", "plain")
    assert done.returncode == 0, done.stderr
    return read_arrays(folder / "weights"), done.stdout.splitlines()[-1]


@pytest.mark.parametrize("n, first, then, second", [
    (2, "yes", 0, "no"), (2, "sharded", 3, "yes"), (3, "yes", 2, "sharded")])
def test_other_ranks_go_on_where_a_killed_job_stood(script, alone, tmp_path, n, first, then, second):
    killed = train(script, tmp_path / "run", n, first, "killed")
    assert killed.returncode == signal.SIGKILL and (tmp_path / "run" / "backup").exists()
    (line,) = [line for line in killed.stderr.splitlines() if line.startswith("minigrad: ")]
    assert line.startswith("minigrad: rank 1 (process ") and ") was killed or crashed" in line, line
    done = train(script, tmp_path / "run", then, second, "plain")
    assert done.returncode == 0, done.stderr
    weights, history = alone
    for name, w in read_arrays(tmp_path / "run" / "weights").items():
        np.testing.assert_allclose(w, weights[name], rtol=1e-5, atol=1e-5)
    found, expected = (json.loads(text.replace("'", '"')) for text in (done.stdout.splitlines()[-1], history))
    assert len(found["loss"]) == 8
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


@pytest.mark.parametrize("how, code, message", [
    ("raises", 1, "rank 1 of 2: ValueError: what a day"),
    ("leaves", 1, "rank 1 of 2: left the training with exit code 3"),
    ("nan", 1, "minigrad: rank 0 of 2: rank 1: the gradient of layers.1.kernel, of shape (32, 2), "
               "isn't finite at step 1, which no rank has made")])
def test_a_rank_that_fails_ends_the_job(script, tmp_path, how, code, message):
    done = train(script, tmp_path / "run", 2, "yes", how)
    assert done.returncode == code and message in done.stderr.splitlines()[-1], done.stderr
    assert done.stderr.count("rank 1") == 1 and "killed" not in done.stderr


def test_terminate_on_nan_names_the_rank_and_stops_all(script, tmp_path):
    done = train(script, tmp_path / "run", 3, "yes", "nan watched")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "TerminateOnNaN" in line]
    assert line.startswith("TerminateOnNaN: rank 1, epoch 1, batch 1: linear, in the forward pass"), line


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no pidfds here")
@pytest.mark.parametrize("ended", [True, False])
def test_who_dies_first_is_named_however_late_the_watcher_looks_without_mpi(ended):
    """Two die while it is stopped; not ended: the first has lost its files already, and its process ends last."""
    ranks = [subprocess.Popen(["sleep", "600"], stdin=subprocess.PIPE) for _ in range(5)]
    words = [f"{rank}:{process.pid}:0" for rank, process in enumerate(ranks)]
    watcher = subprocess.Popen([sys.executable, "-S", Path(group.__file__).with_name("watch.py"), *words], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first, second = random.sample(range(5), 2)
    try:
        assert watcher.stdout.readline() == "watching\n"
        watcher.send_signal(signal.SIGSTOP)
        if not ended:
            ranks[first].stdin.close()      # the writing end, which a rank itself would hold
        for rank in (first, second) if ended else (second, first):
            ranks[rank].kill()
            ranks[rank].wait()
        watcher.send_signal(signal.SIGCONT)
        said = watcher.communicate(timeout=PATIENCE)[1]
        assert f": rank {first} (process {ranks[first].pid} on {socket.gethostname()}) was killed" in said, second
    finally:
        for process in (watcher, *ranks):
            process.kill()
            process.communicate()


def kill_at_random(script, folder, n, distribute, kills, seed):
    """Train, with kill -9 of a random rank at random moments; the output of the life that came to the end."""
    moments, begun = random.Random(seed), time.monotonic()
    whole = train(script, folder / "whole", n, distribute, "slow")
    assert whole.returncode == 0, whole.stderr
    duration, done = time.monotonic() - begun, 0
    (folder / "killed").mkdir()
    while True:
        line, environment = command(n, script, folder / "killed", distribute, "slow")
        job = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes = [int(job.stdout.readline().split()[1]) for _ in range(n)]
        try:
            job.wait(moments.uniform(0, duration / 2) if done < kills else PATIENCE)
        except subprocess.TimeoutExpired:
            try:
                os.kill(moments.choice(processes), signal.SIGKILL)
                done += 1
            except ProcessLookupError:
                pass                        # it has ended meanwhile
        out, err = job.communicate(timeout=PATIENCE)
        if job.returncode == 0 and done:
            break
        if job.returncode == 0:             # too fast to be killed: from the start again, and sooner
            duration /= 2
            shutil.rmtree(folder / "killed")
            (folder / "killed").mkdir()
            continue
        assert job.returncode == signal.SIGKILL, f"seed {seed}, after {done} kills: {err}"
    where = f"seed {seed}, after {done} kills"
    assert out.splitlines()[-1] == whole.stdout.splitlines()[-1], where
    for name, w in read_arrays(folder / "whole" / "weights").items():
        assert w.tobytes() == read_arrays(folder / "killed" / "weights")[name].tobytes(), (where, name)


def test_kill_9_of_a_rank(script, tmp_path):
    kill_at_random(script, tmp_path, 2, "sharded", 2, random.SystemRandom().randrange(10**9))


@pytest.mark.slow
@pytest.mark.parametrize("n, distribute", [(2, "yes"), (3, "sharded"), (4, "yes")])
def test_kill_9_of_a_rank_twenty_times(script, tmp_path, n, distribute):
    kill_at_random(script, tmp_path, n, distribute, 20, random.SystemRandom().randrange(10**9))


# -- the command -------------------------------------------------------------------------------------------------------
def test_the_command_trains_on_many_ranks_and_resumes_on_others(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(SCRIPT)

    def gpt(n, *words):
        line, environment = command(n, path, "train", "gpt", "--out", tmp_path / "gpt", *words)
        return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    job = gpt(3, "--size", "tiny", "--steps", "240")
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "gpt" / "backup" / "backup.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    job.send_signal(signal.SIGINT)          # mpiexec passes it on to all ranks
    out, err = job.communicate(timeout=PATIENCE)
    assert out.count("To go on: minigrad train gpt --resume") == 1, out + err
    again = gpt(2, "--size", "tiny")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 2 and err.count("holds an unfinished run") == 1 and "rank 0 of 2" in err
    settings = json.loads((tmp_path / "gpt" / "settings.json").read_text())
    assert settings["steps"] == 240
    again = gpt(2, "--resume")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert out.count("this GPT") == 1 and json.loads((tmp_path / "gpt" / "figures.json").read_text())["bits"][-1] < 3


@pytest.mark.parametrize("words, message", [
    (["train", "gpt", "--steps", "0"], "'0' is not a whole number of at least 1"),
    (["train", "gpt", "--device", "gpu:x"], "--device"),
    (["estimate"], "this command is for one process")])
def test_all_ranks_used_wrongly_speak_with_one_voice(words, message):
    line, environment = command(2, "-m", "minigrad.commands.main", *words)
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and done.stderr.count(message) == 1 and len(done.stderr.strip().splitlines()) == 1
