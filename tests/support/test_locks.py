"""One process at a time, and what others see meanwhile."""
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from minigrad.keras import saving
from minigrad.support import locks
from minigrad.support.errors import Failure

HOLD = """import sys, time
from minigrad.support.locks import acquire
acquire(sys.argv[1])
print("held", flush=True)
time.sleep(600)"""
WRITE = """import sys, numpy as np
from minigrad.keras import saving
for n in range(int(sys.argv[2])):
    saving.write_folder(sys.argv[1], "model", {"n": n, "who": sys.argv[3]}, weights={"w": np.full(2000, n + 0.5)})"""


def start(code, *words):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True)


def test_who_has_the_lock_is_said_and_a_killed_owner_leaves_none(tmp_path):
    other = start(HOLD, tmp_path)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Failure, match=f"is in use by process {other.pid} on .*, since .*: wait for it"):
            locks.acquire(tmp_path)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert (tmp_path / ".lock").exists()
    with locks.locked(tmp_path), locks.locked(tmp_path):        # the same process, twice
        pass
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("rounds", [pytest.param(15, id="seed"), pytest.param(400, id="deep", marks=pytest.mark.deep)])
def test_racing_writers_and_a_reader_always_find_a_whole_model(tmp_path, rounds):
    saving.write_folder(tmp_path, "model", {"n": 0, "who": "me"}, weights={"w": np.full(2000, 0.5)})
    writers, reads = [start(WRITE, tmp_path, rounds, who) for who in "ab"], 0
    while any(w.poll() is None for w in writers):
        description, groups = saving.read_folder(tmp_path, "model", {"n": int}, ("weights",))
        assert (groups["weights"]["w"] == description["n"] + 0.5).all()
        reads += 1
        time.sleep(0.001)
    for writer in writers:
        writer.stdout.close()
    assert [w.returncode for w in writers] == [0, 0] and reads > 3
    saving.read_folder(tmp_path, "model", {}, ("weights",))
    assert len(os.listdir(tmp_path)) == 2


def test_what_a_killed_writer_left_is_collected_and_nothing_else(tmp_path):
    for name in (".model.json.0123abcd.tmp", ".weights-00ff.safetensors.0123abcd.tmp",
                 ".notes.txt.0123abcd.tmp", "a.tmp"):
        (tmp_path / name).touch()
    saving.write_folder(tmp_path, "model", {}, weights={"w": np.ones(3)})
    assert {".notes.txt.0123abcd.tmp", "a.tmp"} == {name for name in os.listdir(tmp_path) if name.endswith(".tmp")}
