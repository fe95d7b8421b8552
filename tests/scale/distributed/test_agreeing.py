"""Ranks that don't train the same are told at the start; one that a callback stops, stops all."""
import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad.scale.distributed import waiting

from ... import PATIENCE
from .conftest import command

SCRIPT = """
import sys, numpy as np, minigrad as mg
from minigrad.distributed import world
rank, how = world().rank, sys.argv[1]
class Stop(mg.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if rank and how == "stop" and epoch == 1:
            self.model.stop_training = True
x = np.random.default_rng(0).random((16, 3)).astype("f")
y = x.sum(1, keepdims=True)
if how == "data" and rank:
    x = x + 1
model = mg.keras.Sequential([mg.layers.Dense(1)])
model.compile(mg.optimizers.Adam(0.1 if how == "learning_rate" and rank else 0.01), "mse")
own = [mg.callbacks.TerminateOnNaN()] if how == "callbacks" and rank else [Stop()]
history = model.fit(x, y, epochs=4 + (how == "epochs" and rank), verbose=0, callbacks=own, distribute=True)
print(f"rank {rank} epochs {history.epoch}\\n", end="", flush=True)     # in one piece, or ranks mix
"""


def run(tmp_path, how):
    (tmp_path / "script.py").write_text(SCRIPT)
    words, environment = command(2, tmp_path / "script.py", how)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("how", ["data", "learning_rate", "epochs", "callbacks"])
def test_ranks_that_differ_are_told_so_at_the_start(tmp_path, how):
    done = run(tmp_path, how)
    assert done.returncode and f"the ranks don't train the same: {'compile' if how == 'learning_rate' else how}" in (
        done.stdout + done.stderr)


def test_a_rank_that_a_callback_stops_stops_all(tmp_path):
    done = run(tmp_path, "stop")
    assert done.returncode == 0 and done.stdout.count("epochs [0, 1]\n") == 2, done.stderr


WAIT = """
import sys, time
import numpy as np
from minigrad.distributed import world
from minigrad.scale.distributed import waiting
waiting.SURE, waiting.SAY = 0.8, 0.3
group, how = world(), sys.argv[1]
def one_more():
    group.all_reduce(np.ones(3))
if how == "busy" and group.rank == 1:
    time.sleep(1.5)
if how == "one more" and group.rank == 0 or how == "busy":
    one_more()
if how == "late" and group.rank == 1:
    time.sleep(1.5)
print("done", flush=True)
"""


def wait(tmp_path, how, n=2):
    (tmp_path / "script.py").write_text(WAIT)
    words, environment = command(n, tmp_path / "script.py", how)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=PATIENCE)


def test_ranks_that_wait_for_each_other_are_named_and_the_job_ends(tmp_path):
    done = wait(tmp_path, "one more", 3)
    said = [line for line in done.stderr.splitlines() if "wait for each other" in line]
    assert done.returncode and len(said) == 1, done.stderr
    assert re.search(r"rank 0 has waited for \d+ s in all_reduce \(one_more\); rank 1 has waited for \d+ s in the end "
                     r"of its script \(_part\); rank 2 .* must make the same calls in the same order", said[0]), said


def test_a_job_that_was_stopped_for_an_hour_and_goes_on_has_not_waited_without_mpi(monkeypatch):
    """Ctrl-Z, and later fg: the clock has gone on, and the ranks have not."""
    rows, pauses, said = np.zeros(2, waiting.ROW), [], []
    rows["rank"], rows["since"] = (0, 1), 1.0
    monkeypatch.setattr(waiting, "_rows", rows)
    monkeypatch.setattr(waiting, "_mine", rows[:1])
    monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=pauses.append, monotonic=lambda: 3600.0 * len(pauses)))
    waiting._look(True, said.append)
    assert waiting.SURE < sum(pauses) < waiting.SURE + 5 and "the ranks wait for each other" in said[0]


def test_a_busy_rank_is_named_and_waited_for_and_a_late_one_is_nobodys_concern(tmp_path):
    done = wait(tmp_path, "busy")
    assert done.returncode == 0 and done.stdout.count("done") == 2, done.stderr
    assert re.search(r"^minigrad: rank 0 has waited for \d s in all_reduce \(one_more\) for rank 1, which is busy$",
                     done.stderr, re.MULTILINE), done.stderr
    done = wait(tmp_path, "late")
    assert done.returncode == 0 and done.stderr == ""
