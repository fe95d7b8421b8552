"""Ranks that don't train the same are told at the start; one that a callback stops, stops all."""
import subprocess

import pytest

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
print("rank", rank, "epochs", history.epoch, flush=True)
"""


def run(tmp_path, how):
    (tmp_path / "script.py").write_text(SCRIPT)
    words, environment = command(2, tmp_path / "script.py", how)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("how", ["data", "learning_rate", "epochs", "callbacks"])
def test_ranks_that_differ_are_told_so_at_the_start(tmp_path, how):
    done = run(tmp_path, how)
    assert done.returncode and f"the ranks don't train the same: {'compile' if how == 'learning_rate' else how}" in (
        done.stdout + done.stderr)


def test_a_rank_that_a_callback_stops_stops_all(tmp_path):
    done = run(tmp_path, "stop")
    assert done.returncode == 0 and done.stdout.count("epochs [0, 1]\n") == 2, done.stderr
