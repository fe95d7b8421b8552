"""Callbacks: called when they say, and doing what they say."""
import csv
import io
import itertools
import math
import os
import re

import numpy as np
import pytest
from tqdm import tqdm

import minigrad as mg
from minigrad import callbacks, models, optimizers
from minigrad.keras.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
    logs,
)
from minigrad.keras.layers import Dense, Layer
from minigrad.keras.models import Sequential
from minigrad.keras.utils import Progbar
from minigrad.support.errors import Failure

X = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


def model(rate=0.01, metrics=(), parts=None):
    mg.seed(0)
    new = Sequential(parts or [Dense(4, activation="tanh"), Dense(1)])
    new.compile(optimizers.Adam(rate), "mse", metrics=list(metrics))
    return new


class Scripted(Callback):
    """Puts given values for val_loss into the logs, whatever the training does."""
    order = -1

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]


class Notes(Callback):
    """Writes down what happens."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, logs=None):
        self.events.append("train")

    def on_train_end(self, logs=None):
        self.events.append("end")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"epoch {epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(f"{epoch} done: {sorted(logs)}")

    def on_batch_begin(self, batch, logs=None):
        self.events.append(f"batch {batch}")

    def on_train_batch_end(self, batch, logs=None):
        self.events.append(f"batch {batch} done: {'loss' in logs}, {math.isfinite(logs['loss'])}, {logs.get('x')}")


def test_the_order_of_events():
    notes = Notes()
    model().fit(X, Y, epochs=2, batch_size=25, validation_data=(X, Y), callbacks=[notes], verbose=0)
    batches = ["batch 0", "batch 0 done: True, True, None", "batch 1", "batch 1 done: True, True, None"]
    assert notes.events == ["train", "epoch 0", *batches, "0 done: ['loss', 'val_loss']",
                            "epoch 1", *batches, "1 done: ['loss', 'val_loss']", "end"]
    assert notes.params == {"epochs": 2, "steps": 2, "validation": True}


def test_batch_logs_are_the_running_means():
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(dict(logs))
    history = model(metrics=["mae"]).fit(X, Y, batch_size=20, callbacks=[Watch()], verbose=0).history
    assert [list(logs) for logs in seen] == [["loss", "mae"]] * 3
    assert seen[-1] == {name: values[0] for name, values in history.items()}
    assert seen[0]["loss"] != seen[-1]["loss"]


@pytest.mark.parametrize("values, settings, epochs, best", [
    ([5, 4, 3, 4, 4, 1], {"patience": 2}, 5, 2),
    ([5, 4, 3, 4, 2, 1], {"patience": 2}, 6, 5),
    ([5, 6, 1, 1, 1, 1], {}, 2, 0),
    ([5, 4.95, 4.9, 4.85, 1, 1], {"patience": 2, "min_delta": 0.2}, 3, 0),
    ([1, 2, 3, 2, 2, 9], {"patience": 2, "mode": "max"}, 5, 2),
    ([9, 1, 2, 3, 4, 5], {"start_from_epoch": 2, "patience": 2}, 5, 2),
    ([5, 4, 3, 2, 2, 2], {"baseline": 1, "patience": 3}, 5, 3),         # better, but not than the baseline: it waits
    ([5, 0.5, 3, 2, 2, 2], {"baseline": 1, "patience": 3}, 5, 1),
    ([math.nan, 2, math.nan, math.nan, 1, 1], {"patience": 2}, 4, 1),
])
def test_early_stopping(values, settings, epochs, best):
    weights = []

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights())
    stop, trained = EarlyStopping(restore_best_weights=True, **settings), model()
    history = trained.fit(X, Y, epochs=len(values), callbacks=[Scripted(values), Keep(), stop], verbose=0)
    assert len(history.epoch) == epochs and stop.best_epoch == best
    expected = weights[-1 if best is None else best]
    assert all(map(np.array_equal, trained.get_weights(), expected))


def test_a_monitored_name_that_is_not_there():
    with pytest.raises(ValueError, match="monitors 'val_loss', but the logs have only loss; fit needs validation_data"):
        model().fit(X, Y, callbacks=[EarlyStopping()], verbose=0)
    with pytest.raises(ValueError, match='mode must be "auto", "min" or "max"'):
        EarlyStopping(mode="least")
    assert EarlyStopping("val_accuracy").sign == 1 and EarlyStopping("val_loss").sign == -1


def test_checkpoints_of_the_best_and_of_all(tmp_path):
    values, trained = [3, 1, 2, 0.5], model()
    every = tmp_path / "all-{epoch:02d}-{val_loss:.1f}.safetensors"
    trained.fit(X, Y, epochs=4, verbose=0, callbacks=[
        Scripted(values), ModelCheckpoint(every, save_weights_only=True),
        ModelCheckpoint(tmp_path / "best-{epoch}", save_best_only=True), ModelCheckpoint(tmp_path / "last")])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "all-01-3.0.safetensors", "all-02-1.0.safetensors", "all-03-2.0.safetensors", "all-04-0.5.safetensors",
        "best-1", "best-2", "best-4", "last"]
    for loaded in (models.load_model(tmp_path / "last"), models.load_model(tmp_path / "best-4")):
        assert all(map(np.array_equal, loaded.get_weights(), trained.get_weights()))
    with pytest.raises(ValueError, match="uses 'val_mae', but the logs have only"):
        model().fit(X, Y, callbacks=[ModelCheckpoint("{val_mae}")], verbose=0)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_csv_of_the_history(tmp_path):
    path, trained = tmp_path / "new" / "history.csv", model(metrics=["mae"])
    history = trained.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=[CSVLogger(path)], verbose=0).history
    written = rows(path)
    assert list(written[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [int(row["epoch"]) for row in written] == [0, 1, 2]
    assert all([float(row[name]) for row in written] == history[name] for name in history)
    trained.fit(X, Y, epochs=5, initial_epoch=3, callbacks=[CSVLogger(path, append=True)], verbose=0)
    assert [int(row["epoch"]) for row in rows(path)] == [0, 1, 2, 3, 4] and rows(path)[4]["val_loss"] == ""
    trained.fit(X, Y, epochs=1, callbacks=[CSVLogger(path)], verbose=0)
    assert len(rows(path)) == 1


def test_learning_rates_by_schedule_and_by_plateau():
    trained = model(rate=0.08)
    history = trained.fit(X, Y, epochs=3, verbose=0, callbacks=[
        LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)]).history
    assert history["learning_rate"] == pytest.approx([0.08, 0.04, 0.02])
    assert float(trained.optimizer.learning_rate) == pytest.approx(0.02)
    trained = model(rate=1.0)
    history = trained.fit(X, Y, epochs=8, verbose=0, callbacks=[
        Scripted([5, 5, 5, 5, 5, 5, 1, 1]), ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.3)]).history
    # Better at 0; not at 1 and 2: half.  As in Keras the last epoch of rest, 3, counts; so 3 and 4: 0.3, the least.
    assert history["learning_rate"] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.3, 0.3, 0.3])


def test_lines_and_bars(capsys):
    model(metrics=["mae"]).fit(X, Y, epochs=2, validation_data=(X, Y), verbose=2)
    out = capsys.readouterr()
    assert out.out.count("\n") == 2 and out.out.startswith("epoch 1/2: loss ") and "val_mae" in out.out and not out.err
    model(metrics=["mae"]).fit(X, Y, epochs=2, validation_data=(X, Y))
    err = capsys.readouterr().err
    assert all(text in err for text in ("epoch 1/2: 100%", "epoch 2/2: 100%", "2/2 [", "mae", "val_loss"))
    silent = model()
    silent.fit(X, Y, verbose=0)
    silent.evaluate(X, Y)
    silent.predict(X)
    out = capsys.readouterr()
    assert not out.out and not out.err                  # what is quick shows no bar


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudoterminal")
@pytest.mark.parametrize("rows, columns", [(0, 0), (24, 60), (50, 200)])
def test_the_bar_in_a_terminal_of_any_size(rows, columns, monkeypatch):
    import fcntl
    import struct
    import termios
    end = "that was all"
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with open(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        model().fit(X, Y, epochs=1)
        print(end, file=terminal, flush=True)
        shown = b""
        while end.encode() not in shown:
            shown += os.read(ours, 1000)
    os.close(ours)
    last = shown.decode().partition("\r\n")[0].rpartition("\r")[2]
    assert "epoch 1/1: 100%" in last and re.search(r", loss \d\.\d+\]$", last.rstrip())
    assert len(last) <= max(columns or 120, 80)         # the figures are whole, also in a narrow terminal


def test_the_figures_of_the_last_line_are_whole_at_any_width_and_rate():
    for columns, seconds in itertools.product(range(50, 72), [0.00123, 0.0123, 0.11, 1.07, 17.0, 200.0]):
        out = io.StringIO()
        bar = tqdm(total=2, unit="step", file=out, ncols=columns, desc="epoch 1/1")
        bar.start_t -= seconds
        logs._draw(bar, 2, "loss 5.466", last=True)
        assert out.getvalue().rstrip().endswith(", loss 5.466]"), (columns, seconds, out.getvalue())


# -- numbers that are none ---------------------------------------------------------------------------------------------
class Log(Layer):
    def call(self, x):
        return mg.log(x)


def nan_report(parts, x, y=Y, capsys=None, **how):
    stop, trained = TerminateOnNaN(), model(parts=parts)
    history = trained.fit(x, y, callbacks=[stop], epochs=3, batch_size=10, verbose=0, **how)
    assert stop.report and len(history.epoch) == 1
    assert all(np.isfinite(w).all() for w in trained.get_weights()), "the harmful step was done"
    return stop.report


def test_the_first_op_that_made_a_nan_is_named(capsys):
    x = np.abs(X) + 1
    x[25] = -1
    report = nan_report([Log(), Dense(1)], x, shuffle=False)
    # log works on data alone, which no tape records: the first recorded op is the product that got its nan
    assert "epoch 1, batch 3: linear, in the forward pass" in report and "with values that are not finite" in report
    assert report in capsys.readouterr().out
    report = nan_report([Dense(3, kernel_initializer="ones", use_bias=False), Log(), Dense(1)], x, shuffle=False)
    assert "batch 3: log, in the forward pass, is the first operation with a result that isn't finite: 3 nan" in report
    assert "the result of matmul (forward) between" in report


def test_a_gradient_that_is_not_finite_is_found_before_the_step():
    class Root(Layer):
        def call(self, x):
            return mg.sqrt(x * 0.0) if (x._data == 0).any() else mg.sqrt(x * x)
    x = X.copy()
    x[25] = 0
    report = nan_report([Dense(3, use_bias=False), Root(), Dense(1)], x, shuffle=False)
    assert "batch 3: divide, in the backward pass" in report and "the result of sqrt (forward)" in report


def test_a_weight_that_is_not_finite_is_named():
    trained, stop = model(), TerminateOnNaN()
    trained(X)
    trained.layers[1].kernel._data[0] = np.inf
    before = trained.get_weights()
    trained.fit(X, Y, callbacks=[stop], verbose=0)
    assert "layers.1.kernel, of shape (4, 1), holds 0 nan and 1 infinite of 4 numbers before" in stop.report
    assert all(map(np.array_equal, trained.get_weights(), before))


def test_nothing_is_reported_where_all_is_well():
    plain, stop = model(), TerminateOnNaN()
    plain.fit(X, Y, epochs=2, verbose=0)
    watched = model()
    watched.fit(X, Y, epochs=2, callbacks=[stop], verbose=0)
    assert stop.report is None and all(map(np.array_equal, plain.get_weights(), watched.get_weights()))


def test_arguments():
    with pytest.raises(ValueError, match='save_freq must be "epoch" or a number of batches'):
        BackupAndRestore("x", save_freq="batch")
    with pytest.raises(ValueError, match="factor must lie between 0 and 1"):
        ReduceLROnPlateau(factor=2)
    assert callbacks.History().history == {}


@pytest.mark.parametrize("content, said", [
    (b"\xff\xfe\x00", "not UTF-8"),
    (b"epoch,loss\n0,1,2\n", "not as many fields"), (b"epoch,loss\n0\n", "not as many")])
def test_appending_to_what_is_no_history_is_refused_before_the_training(tmp_path, content, said):
    (tmp_path / "h.csv").write_bytes(content)
    new = model()
    with pytest.raises(Failure, match=f"h.csv.*{said}"):
        new.fit(X, Y, verbose=0, callbacks=[CSVLogger(tmp_path / "h.csv", append=True)])
    assert not new.built and (tmp_path / "h.csv").read_bytes() == content


@pytest.mark.parametrize("options, last", [({}, "loss 1.5, acc 2"), ({"stateful_metrics": ["loss"]}, "loss 3, acc 2"),
                                           ({"stateless_metrics": ["acc"]}, "loss 3, acc 2")])
def test_a_bar_of_ones_own(options, last, capsys):
    for verbose in (0, 1, 2):
        bar = Progbar(4, verbose=verbose, interval=0, unit_name="image", **options)
        for step in range(4):
            bar.update(step + 1, [("loss", step), ("acc", np.array([1.0, 3.0]))])
        out, err = capsys.readouterr()
        assert out == (f"4/4: {last}\n" if verbose == 2 else "")
        assert (last in err and "4/4" in err and "image/s" in err and err.endswith("\n")) if verbose == 1 else not err


def test_a_bar_of_an_unknown_length(capsys):
    bar = Progbar(None)
    bar.add(3, [("a", 1)])
    bar.add(1, [("a", 5)])                  # the mean counts steps
    bar.update(4, finalize=True)
    assert "4/? " in (err := capsys.readouterr().err) and "a 2]" in err
    Progbar(0).update(0)
    with pytest.raises(ValueError, match="Only one of"):
        Progbar(1, stateful_metrics=[], stateless_metrics=[])
