"""Settings belong to one thread or one asyncio task: recording, the default device, the random generators."""
import asyncio
import contextlib
import contextvars
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad.engine import backend
from minigrad.engine.recording import grad_mode, is_recording

from .. import PATIENCE


def in_threads(*functions):
    """What the functions return, each run in a thread of its own, all at once."""
    together = threading.Barrier(len(functions), timeout=PATIENCE)     # else a thread that is done may take two of them

    def run(f):
        together.wait()
        return f()
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, f) for f in functions]]


def in_tasks(*coroutines):
    async def main():
        return await asyncio.gather(*(c() for c in coroutines))
    return asyncio.run(main())


# -- recording -------------------------------------------------------------------------------------------------------
def test_no_grad_in_one_thread_does_not_stop_another():
    entered, done = threading.Event(), threading.Event()

    def predicts():
        with mg.no_grad():
            entered.set()
            assert done.wait(PATIENCE) and not is_recording()
        return is_recording()

    def trains():
        assert entered.wait(PATIENCE)
        try:
            x = mg.tensor(3.0, requires_grad=True)
            for _ in range(100):
                (x * x).backward()
            return x.grad.item()
        finally:
            done.set()
    assert in_threads(predicts, trains) == [True, 6.0]


def test_no_grad_in_one_task_does_not_stop_another():
    async def predicts():
        with mg.no_grad():
            for _ in range(5):
                await asyncio.sleep(0)
                assert not is_recording()
        return is_recording()

    async def trains():
        x = mg.tensor(3.0, requires_grad=True)
        for _ in range(5):
            y = x * x
            await asyncio.sleep(0)
            y.backward()
        return x.grad.item()
    assert in_tasks(predicts, trains, predicts) == [True, 6.0, True]


def test_a_task_takes_over_the_switch_and_leaves_its_parents_alone():
    async def child():
        before = is_recording()
        with grad_mode(True):
            await asyncio.sleep(0)
            return before, is_recording()

    async def parent():
        with mg.no_grad():
            found = await asyncio.create_task(child())
            return found, is_recording()
    assert asyncio.run(parent()) == ((False, True), False)


@pytest.mark.parametrize("leave_first", [0, 1, 2])
def test_interleaved_blocks_leave_recording_as_it_was(leave_first):
    blocks = [grad_mode(False), grad_mode(True), grad_mode(False)]
    for block in blocks:
        block.__enter__()
    first = blocks.pop(leave_first)
    first.__exit__(None, None, None)
    assert is_recording() is (leave_first == 2)             # the one entered last decides
    for block in blocks:                                    # and now in the order of entering
        block.__exit__(None, None, None)
    assert is_recording()


def test_generators_that_stop_inside_a_block():
    def predictions():
        with mg.no_grad():
            yield 1
            yield 2
    a, b = predictions(), predictions()
    next(a), next(b), next(a), next(b)
    assert not is_recording()
    a.close()
    b.close()
    assert is_recording()


def test_an_error_inside_a_block_ends_it():
    with contextlib.suppress(ValueError), mg.no_grad():
        raise ValueError
    assert is_recording()


# -- the default device ----------------------------------------------------------------------------------------------
@pytest.fixture
def gpu(monkeypatch):
    """As if there were GPUs: only the name is looked at."""
    class Device:
        def __init__(self, index):
            pass

        def use(self):
            pass
    monkeypatch.setattr(backend, "cupy", lambda: type("cupy", (), {"cuda": type("cuda", (), {"Device": Device})}))
    yield
    mg.set_device("cpu")


def test_each_thread_and_task_has_a_default_device(gpu):
    def chooses():
        mg.set_device("gpu:1")
        return backend.default_device()

    async def chooses_too():
        mg.set_device("gpu:2")
        await asyncio.sleep(0)
        return backend.default_device()

    async def looks():
        await asyncio.sleep(0)
        return backend.default_device()
    assert in_threads(chooses, chooses) == ["gpu:1", "gpu:1"]
    assert backend.default_device() == "cpu"
    mg.set_device("cpu")
    assert in_tasks(chooses_too, looks) == ["gpu:2", "cpu"]
    assert backend.default_device() == "cpu"


def test_a_new_thread_has_the_main_threads_device(gpu):
    mg.set_device("gpu")
    assert in_threads(backend.default_device) == ["gpu"]


# -- random numbers --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_draws_does_not_depend_on_those_before(turn):
    """As tests/conftest.py sees to: which tests a process runs, and in which order, changes from run to run."""
    assert_array_equal(backend.random(3), np.random.default_rng(0).random(3, np.float32))


def fit(seed=None):
    """The weights after training a small network with dropout, from one seed."""
    if seed is not None:
        mg.seed(seed)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)).astype(np.float32), rng.integers(0, 3, 64)
    layers = mg.keras.layers
    model = mg.keras.Sequential([layers.Dense(8, activation="relu"), layers.Dropout(0.3), layers.Dense(3)])
    model.compile("adam", mg.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, epochs=3, batch_size=16, verbose=0)
    return np.concatenate([w.numpy().ravel() for w in model.weights])


def test_fits_in_threads_give_the_bits_that_they_give_alone():
    alone = [fit(1), fit(2)]
    assert (alone[0] != alone[1]).any()
    for together, expected in zip(in_threads(*(lambda s=s: fit(s) for s in (1, 2, 1, 2))), alone * 2):
        assert_array_equal(together, expected)


def test_threads_that_do_not_seed_start_from_the_main_threads_seed():
    mg.seed(1)
    backend.random(10)                                      # what the main thread has drawn does not matter
    for weights in in_threads(fit, fit):
        assert_array_equal(weights, fit(1))


def test_fits_in_tasks_give_the_bits_that_they_give_alone():
    def task(seed):
        async def draws():
            mg.seed(seed)
            drawn = []
            for _ in range(5):
                drawn.append(backend.normal(3))
                await asyncio.sleep(0)
            return np.concatenate([*drawn, fit()])
        return draws

    async def careless():
        for _ in range(5):                                  # draws without a seed of its own
            backend.normal(2)
            await asyncio.sleep(0)
    alone = [asyncio.run(task(s)()) for s in (1, 2)]
    one, _, two = in_tasks(task(1), careless, task(2))
    assert_array_equal(one, alone[0])
    assert_array_equal(two, alone[1])


def test_work_that_a_task_hands_to_threads():
    async def main():
        mg.seed(3)
        backend.random(4)
        return await asyncio.gather(*(asyncio.to_thread(fit) for _ in range(2)))
    for weights in asyncio.run(main()):
        assert_array_equal(weights, fit(3))


def test_a_thread_does_not_move_the_main_threads_generator():
    mg.seed(5)
    expected = backend.random(3)
    mg.seed(5)
    in_threads(lambda: fit(9), lambda: backend.random(100))
    assert_array_equal(backend.random(3), expected)


def test_a_copied_context_in_the_same_thread_goes_on():
    mg.seed(6)
    both = backend.random(4)
    mg.seed(6)
    first = backend.random(2)
    assert_array_equal(np.concatenate([first, contextvars.copy_context().run(backend.random, 2)]), both)


# -- what import does to the process ---------------------------------------------------------------------------------
@pytest.mark.parametrize("environment, expected", [
    ({}, True), ({"MINIGRAD_MALLOC": "0"}, False), ({"MINIGRAD_MALLOC": "1"}, True),
    ({"MALLOC_ARENA_MAX": "1"}, False), ({"GLIBC_TUNABLES": ""}, False)])
def test_when_mallocs_thresholds_are_set(environment, expected):
    assert backend._may_set_malloc(environment) is expected


@pytest.mark.skipif(sys.platform != "linux", reason="malloc's thresholds are set on Linux alone")
@pytest.mark.parametrize("switch, expected", [("0", "0"), ("1", "2")])
def test_the_switch_at_import(switch, expected):
    code = """if True:
        import ctypes
        calls = []
        class Library:
            def __init__(self, name): pass
            def mallopt(self, *setting): calls.append(setting)
        ctypes.CDLL = Library
        import minigrad.engine.backend
        print(len(calls))"""
    done = subprocess.run([sys.executable, "-c", code], env={"PATH": "", "PYTHONPATH": ":".join(sys.path),
                          "MINIGRAD_MALLOC": switch}, capture_output=True, text=True)
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_draw_numbers_of_their_own():
    def drawn_in_a_child(*seeds):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            for n in seeds:
                mg.seed(n)
            os.write(write, np.concatenate([backend.random(4), fit()]).tobytes())
            os._exit(0)
        os.waitpid(child, 0)
        found = os.read(read, 10_000)
        os.close(read)
        os.close(write)
        return found
    mg.seed(1)
    mine = np.concatenate([backend.random(4), fit()]).tobytes()
    mg.seed(1)
    assert len({mine, *(drawn_in_a_child() for _ in range(3))}) == 4
    assert drawn_in_a_child(1) == mine and np.concatenate([backend.random(4), fit()]).tobytes() == mine
