"""Small files that minigrad goes on with, damaged: settings.json, a CSV history, the progress of the course, IDX files.

`pytest -m deep` mutates each 10,000 times.
"""
import argparse
import gzip
import json
import os
import random

import numpy as np

from minigrad import learn
from minigrad.commands.options import settings_of
from minigrad.commands.train_gpt import OWN, SIZES
from minigrad.data.datasets import read_idx
from minigrad.keras import callbacks, layers
from minigrad.keras.models import Sequential
from minigrad.support.errors import Failure, UsageError

from ..data.test_datasets import idx_bytes
from ..keras.test_hostile import counts, mutated


def damaged(data, rng):
    """Bytes of which some are others, and sometimes the end is cut off or doubled."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 20))):
        data[rng.randrange(min(len(data), rng.choice((8, 40, len(data)))))] = rng.randrange(256)
    kind = rng.random()
    return bytes(data[:rng.randrange(len(data))] if kind < 0.2 else data * 2 if kind < 0.25 else data)


def outcome(read, path, seed):
    """What read() returned; None where it was one Failure that names the file."""
    try:
        return read()
    except (Failure, UsageError) as error:
        assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 500, (seed, error)
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error!r}") from error


@counts(200)
def test_damaged_settings_are_one_failure_or_of_the_right_form(tmp_path, count):
    args = argparse.Namespace(out=tmp_path, resume=True, size=None, seed=None, **dict.fromkeys(OWN))
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "backup.json").touch()
    path, whole = tmp_path / "settings.json", SIZES["small"] | {"seed": 0}
    for seed in range(count):
        rng, text = random.Random(seed), json.dumps(whole)
        path.write_bytes(json.dumps(mutated(whole, rng)).encode() if seed % 2 else damaged(text.encode(), rng))
        found = outcome(lambda: settings_of(args, SIZES, OWN), path, seed)
        assert found is None or all(type(found[name]) in (int, float) and found[name] >= 0 for name in whole
                                    if not isinstance(whole[name], str)), (seed, found)


@counts(30)
def test_a_damaged_history_is_appended_to_or_one_failure_and_left_as_it_was(tmp_path, count):
    path, whole = tmp_path / "history.csv", b"epoch,loss,mae\r\n0,1.5,2.0\r\n1,\"1.25\",1.75\r\n"
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    for seed in range(count):
        path.write_bytes(data := damaged(whole, random.Random(seed)))
        fit = outcome(lambda: model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0,
                                        callbacks=[callbacks.CSVLogger(path, append=True)]), path, seed)
        assert fit or path.read_bytes() == data, seed


@counts(200)
def test_damaged_progress_is_no_progress(tmp_path, monkeypatch, count):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))
    path, whole = tmp_path / "progress.json", ["03.hypot1", "04.add", "05.chain"]
    for seed in range(count):
        rng = random.Random(seed)
        path.write_bytes(json.dumps(mutated(whole, rng)).encode() if seed % 2 else
                         damaged(json.dumps(whole).encode(), rng))
        found = learn.progress()
        assert isinstance(found, set) and all(isinstance(name, str) for name in found), seed
    path.unlink()
    os.mkfifo(path)
    assert learn.progress() == set()


@counts(200)
def test_a_damaged_idx_file_is_an_array_or_one_failure(tmp_path, count):
    array, path = np.arange(60, dtype=np.uint8).reshape(3, 4, 5), tmp_path / "images"
    for seed in range(count):
        rng, whole = random.Random(seed), idx_bytes(array)
        path.write_bytes(damaged(gzip.compress(whole) if seed % 3 == 0 else whole, rng) if seed % 3 < 2 else
                         gzip.compress(damaged(whole, rng)))
        found = outcome(lambda: read_idx(path), path, seed)
        assert found is None or found.size <= 10_000, seed
