"""Without threads, processes and ctypes, as in a browser, the course imports and checks answers."""
import os
import subprocess
import sys
import threading

import pytest

from minigrad.learn.checking import find, first_fault

BARE = """
import _thread, sys, threading
for name in ("ctypes", "fcntl", "multiprocessing", "resource", "subprocess"):
    assert name not in sys.modules, name
    sys.modules[name] = None

def start(*args, **kwargs):
    raise RuntimeError("can't start new thread")
for name in ("start_new_thread", "start_joinable_thread"):
    for module, place in (_thread, name), (threading, f"_{name}"):
        if hasattr(module, place):
            setattr(module, place, start)
"""
COURSE = """
import minigrad as mg
for name in mg.PUBLIC:
    getattr(mg, name)

del sys.modules["subprocess"]
import subprocess               # Hypothesis imports it, and starts none
subprocess.Popen.__init__ = start
from minigrad.learn import check
assert check("00.cube", lambda x: 3 * x**2).passed
wrong = check("00.cube", lambda x: 2 * x**2)
assert not wrong.passed and "0.6667 times" in wrong.message, wrong
mg.testing.check_op(mg.exp)
x, y = mg.data.one_hot([0, 1, 2, 0], 3), [0, 1, 2, 0]
model = mg.keras.Sequential([mg.layers.Dense(3)])
model.compile(optimizer="sgd", loss="mse")
model.fit(x, x, epochs=2, verbose=0)
"""


def test_the_course_needs_neither_threads_nor_processes_nor_ctypes(tmp_path):
    done = subprocess.run([sys.executable, "-c", BARE + COURSE], capture_output=True, text=True,
                          env={**os.environ, "MINIGRAD_MALLOC": "0", "MINIGRAD_PROGRESS": str(tmp_path)})
    assert done.returncode == 0, done.stderr


@pytest.fixture
def no_threads(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")
    monkeypatch.setattr(threading.Thread, "start", start)


def forever(x):
    while True:
        pass


def stubborn(x):
    while True:
        try:
            x += 1
        except:  # noqa: E722  what people write
            continue


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="before Python 3.12 lines can't look at the clock")
@pytest.mark.parametrize("answer", [forever, stubborn, lambda x: next(0 for n in iter(int, 1) if n)])
def test_a_loop_without_end_is_stopped(answer, no_threads):
    assert "had not come back after 0.5 s" in first_fault(find("00.cube"), (answer,), limit=0.5)
    assert first_fault(find("00.cube"), (lambda x: 3 * x**2,)) is None


def test_answers_are_judged_as_elsewhere(no_threads):
    def raises(x):
        return [][1]
    assert first_fault(find("00.cube"), (lambda x: 3 * x**2,)) is None
    assert "0.6667 times" in first_fault(find("00.cube"), (lambda x: 2 * x**2,))
    assert "IndexError" in first_fault(find("00.cube"), (raises,))
    assert first_fault(find("00.cube"), (lambda x: None,)) == "not done yet."
