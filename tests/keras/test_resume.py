"""A killed training goes on as if it had not been: bit for bit, whenever it was killed, and however often."""
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import minigrad as mg
from minigrad import backend, losses, optimizers
from minigrad.data.loading import DataLoader
from minigrad.keras.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from minigrad.keras.layers import BatchNormalization, Dense, Dropout
from minigrad.keras.models import Sequential
from minigrad.keras.saving import pack
from minigrad.support import errors

X = np.random.default_rng(0).standard_normal((70, 4)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int64)
EPOCHS, STEPS = 4, 7                        # of 10 rows


class Crash(Exception):
    pass


class CrashAt(Callback):
    """Raises at the n-th event, of whatever kind: the process might die anywhere."""
    order = 9

    def __init__(self, at):
        self.left = at

    def _count(self, *args):
        self.left -= 1
        if self.left < 0:
            raise Crash
    on_train_begin = on_epoch_begin = on_train_batch_begin = on_train_batch_end = on_backward = on_epoch_end = _count


def scripted(folder, **backup):
    """A model and its callbacks, all with something random in them or to remember."""
    model = Sequential([Dense(8, "relu"), BatchNormalization(), Dropout(0.4), Dense(2)])
    model.compile(optimizers.Adam(0.02), losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, [
        BackupAndRestore(folder / "backup", **backup), EarlyStopping(patience=2, restore_best_weights=True),
        CSVLogger(folder / "history.csv"), LearningRateScheduler(lambda epoch, rate: rate * 0.8),
        ReduceLROnPlateau("loss", factor=0.5, patience=1)]


def run(folder, crash_at=10**9, loader=False, **backup):
    """One process's life: a new model, everything random in it, the same script each time."""
    mg.seed(0)
    model, callbacks = scripted(folder, **backup)
    data = (DataLoader(X, Y, batch_size=10, seed=5),) if loader else (X, Y, 10)
    model.fit(*data, epochs=EPOCHS, validation_data=(X, Y), callbacks=[*callbacks, CrashAt(crash_at)], verbose=0)
    return model


def whole_state(model, folder):
    arrays = {}
    numbers = pack({"optimizer": model.optimizer.state(), "random": backend.rng_state(),
                    "history": model.history.state(), "weights": model.get_weights()}, arrays)
    return numbers, {name: a.tobytes() for name, a in arrays.items()}, (folder / "history.csv").read_text()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    def make(loader):
        folder = tmp_path_factory.mktemp("whole")
        model = run(folder, loader=loader)
        return whole_state(model, folder)
    return {loader: make(loader) for loader in (False, True)}


@given(crashes=st.lists(st.integers(0, 40), max_size=5), save_freq=st.sampled_from(["epoch", 1, 2, 3, 7, 10]),
       loader=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_crashes_anywhere_leave_no_trace(tmp_path_factory, uninterrupted, crashes, save_freq, loader):
    folder = tmp_path_factory.mktemp("crashing")
    for at in (*crashes, 10**9):
        try:
            model = run(folder, at, loader, save_freq=save_freq)
        except Crash:
            continue
        break
    assert whole_state(model, folder) == uninterrupted[loader]
    assert not (folder / "backup").exists()


def test_it_really_resumes(tmp_path, uninterrupted):
    """Not by starting afresh: a second life has fewer batches to do."""
    with pytest.raises(Crash):
        run(tmp_path, crash_at=80, save_freq=1)
    counter = CrashAt(10**9)
    mg.seed(9)                              # the backup knows better than this seed
    backend.normal((3,))
    model, callbacks = scripted(tmp_path)
    model.fit(X, Y, epochs=EPOCHS, batch_size=10, validation_data=(X, Y), verbose=0, callbacks=[*callbacks, counter])
    assert 10**9 - counter.left < 60
    assert whole_state(model, tmp_path) == uninterrupted[False]


def test_a_finished_run_that_keeps_its_backup_does_nothing_more(tmp_path):
    first = run(tmp_path, delete_checkpoint=False)
    again = run(tmp_path, crash_at=1, delete_checkpoint=False)         # on_train_begin alone
    assert [w.tobytes() for w in first.get_weights()] == [w.tobytes() for w in again.get_weights()]
    assert again.history.history == first.history.history


@pytest.mark.parametrize("how, message", [
    ("layers", "units was 2 and is 3"),
    ("callbacks", "was written with the callbacks EarlyStopping, ReduceLROnPlateau"),
    ("rows", "data.0 was .*70, 4.* and is .*60, 4"), ("batches", "saved with batch_size=10"),
    ("damaged", "backup.json is damaged"), ("truncated", r"state-.*safetensors is damaged")])
def test_a_backup_of_another_run_is_refused(tmp_path, how, message):
    with pytest.raises(Crash):
        run(tmp_path, crash_at=30, save_freq=1)
    if how == "damaged":
        (tmp_path / "backup" / "backup.json").write_text("{")
    if how == "truncated":
        (path,) = (tmp_path / "backup").glob("*.safetensors")
        path.write_bytes(path.read_bytes()[:100])
    model, callbacks = scripted(tmp_path)
    if how == "layers":
        model.pop()
        model.add(Dense(3))
    if how == "callbacks":
        del callbacks[1:]
    n = 60 if how == "rows" else 70
    with pytest.raises(errors.Failure, match=message) as caught:
        model.fit(X[:n], Y[:n], epochs=EPOCHS, batch_size=20 if how == "batches" else 10, validation_data=(X, Y),
                  callbacks=callbacks, verbose=0)
    assert "backup" in str(caught.value)


# -- kill -9 -----------------------------------------------------------------------------------------------------------
SCRIPT = textwrap.dedent("""
    import sys
    import minigrad as mg
    from minigrad import datasets, losses, optimizers
    from minigrad.callbacks import BackupAndRestore
    from minigrad.layers import Dense, Dropout
    from minigrad.models import Sequential
    folder = sys.argv[1]
    digits = datasets.load_digits()
    mg.seed(3)
    model = Sequential([Dense(64, "relu"), Dropout(0.2), Dense(64, "relu"), Dense(10)])
    model.compile(optimizers.Adam(0.01), losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    print("ready", flush=True)
    history = model.fit(digits.x, digits.y, epochs=5, validation_split=0.2, verbose=0,
                        callbacks=[BackupAndRestore(folder + "/backup", save_freq=4)])
    model.save(folder + "/model")
    print(repr(history.history), flush=True)
""")


def start(script, folder):
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, script, str(folder)], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def test_kill_9(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    begun = time.monotonic()
    process = start(script, tmp_path / "whole")
    assert process.stdout.readline() == "ready\n"
    whole = process.communicate()[0]
    duration, seed = time.monotonic() - begun, random.SystemRandom().randrange(10**9)
    moments, kills = random.Random(seed), 0
    while True:
        process = start(script, tmp_path / "killed")
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(moments.uniform(0, duration / 2 if kills < 8 else 10 * duration))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        out = process.communicate()[0]
        if process.returncode == 0 and not kills:          # the machine was slow when the duration was taken
            duration /= 2
            shutil.rmtree(tmp_path / "killed", ignore_errors=True)
            continue
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, f"seed {seed}, after {kills} kills"
    assert kills >= 1 and out == whole, f"seed {seed}, after {kills} kills"
    weights = [next((tmp_path / name / "model").glob("weights-*")) for name in ("whole", "killed")]
    assert weights[0].name == weights[1].name and weights[0].read_bytes() == weights[1].read_bytes(), f"seed {seed}"


def test_random_generators_go_on_from_a_state():
    mg.seed(4)
    backend.normal((3,))
    state = backend.rng_state()
    expected = backend.normal((5,)), backend.random((5,))
    mg.seed(5)
    backend.set_rng_state(state)
    assert np.array_equal(backend.normal((5,)), expected[0]) and np.array_equal(backend.random((5,)), expected[1])


def test_another_experiment_is_not_gone_on_with_unless_told(tmp_path):
    """Each thing that may change between two runs is named; the same run goes on."""
    from minigrad import callbacks, layers, losses, optimizers
    from minigrad.keras.models import Sequential
    from minigrad.support.errors import Failure
    x = np.random.default_rng(0).random((20, 3)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)

    def fit(epochs=2, activation="tanh", rate=0.2, beta=0.9, lr=0.01, loss="mse", data=x, resume=True):
        model = Sequential([layers.Dense(4, activation), layers.Dropout(rate), layers.Dense(1)])
        model.compile(optimizers.Adam(lr, beta_1=beta), losses.get(loss))
        backup = callbacks.BackupAndRestore(tmp_path / "b", delete_checkpoint=False, resume=resume)
        return model.fit(data, y, epochs=epochs, verbose=0, callbacks=[backup])
    fit(1)
    for change, said in (({"activation": "relu"}, "activation"), ({"rate": 0.3}, "rate was 0.2 and is 0.3"),
                         ({"beta": 0.8}, "beta_1 was 0.9 and is 0.8"),
                         ({"lr": 0.1}, "learning_rate was 0.01 and is 0.1"),
                         ({"loss": "mae"}, "compile.loss"), ({"data": x + 1}, "data.0 was")):
        with pytest.raises(Failure, match=f"of another run: .*{said}.*resume=\"anyway\""):
            fit(2, **change)
    assert fit(2, rate=0.3, resume="anyway").epoch == [0, 1]
    assert fit(3, rate=0.3).epoch == [0, 1, 2]
    with pytest.raises(ValueError, match='resume must be True or "anyway"'):
        fit(2, resume="no")
