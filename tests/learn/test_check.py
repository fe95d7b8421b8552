"""check itself: what it says of blanks, of errors, of answers of the wrong kind, and of those that never end."""
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

import minigrad as mg
from minigrad.learn import check, checking, notebooks, progress, watching
from minigrad.learn.checking import Exercise, find, first_fault
from minigrad.learn.comparing import Wrong, close, same, show, words_for
from minigrad.learn.drawing import numbers, one_of, vectors
from minigrad.learn.solutions import answer, solutions
from minigrad.support.errors import UsageError

from .. import PATIENCE

SOLUTIONS = solutions()
each = pytest.mark.parametrize("name", SOLUTIONS)


@pytest.fixture(autouse=True)
def own_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))


def power():
    """An exercise of our own."""
    return Exercise("00.power", "x to the n", ("a", "b", "c")).equals(
        lambda x, n: x ** n, "the power", dict(x=vectors(-3, 3), n=one_of(1, 2, 3)),
        [(lambda x, n: x * n, "That is x n.")])


# -- right answers ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("style", [
    lambda x, n: (x ** n).tolist(), lambda x, n: tuple(x ** n), lambda x, n: mg.tensor(x ** n), lambda x,
    n: np.float32(x ** n),
    lambda x, n: np.prod([x] * n, axis=0), lambda x, n: [mg.tensor(v ** n) for v in x],
    lambda *both: both[0] ** both[1],
    lambda values, exponent=2: values ** exponent])
def test_right_answers_of_any_style(style):
    assert first_fault(power(), (style,)) is None


@each
def test_solutions_are_right_and_shorter_floats_too(name):
    code, names = SOLUTIONS[name]
    right = answer(code, names, name)
    assert first_fault(find(name), right) is None
    if find(name).wants == "a number":
        assert first_fault(find(name), (np.array(right[0]),)) is None
        assert first_fault(find(name), (mg.tensor(float(right[0])),)) is None


# -- blanks ----------------------------------------------------------------------------------------------------------
@each
def test_the_blank_is_not_done(name):
    others = answer(*SOLUTIONS[name], name)[1:]
    for blank in (None, ..., lambda *a, **k: None, lambda *a, **k: ...):
        if callable(blank) and find(name).wants != "a function":
            continue
        result = check(name, blank, *others)
        assert not result.passed and "not done yet" in result.message and "hint=1" in result.message
    assert progress() == set()


def test_progress_is_remembered_and_an_exercise_can_be_forgotten():
    assert check("00.cube", lambda x: 3 * x ** 2).passed
    assert progress() == {"00.cube"}
    checking.forget("00.cube")
    assert progress() == set()


def test_the_blank_of_one_exercise_is_put_back():
    original = notebooks.read(notebooks.paths(["03"])[0])
    worked = notebooks.solved(original)
    again = notebooks.with_blank(worked, original, "03.softsign")
    blanks = [notebooks.source(cell) for cell in again["cells"] if notebooks.is_blank(cell)]
    fresh = [notebooks.source(cell) for cell in original["cells"] if notebooks.is_blank(cell)]
    assert blanks[1] == fresh[1] and blanks[0] != fresh[0] and blanks[2:] != fresh[2:]


# -- what is said ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("broken, words", [
    (lambda x, n: -x ** n, "The sign is wrong."), (lambda x, n: 3 * x ** n, "It is 3 times what it should be."),
    (lambda x, n: x * n, "That is x n."), (lambda x, n: x ** n + 2, "It is 2 too large each time."),
    (lambda x, n: x ** 2, "`n` has no influence on it."), (lambda x, n: "six", "expected an array of shape (1,), got "
                                                                               "the string 'six'"),
    (lambda x, n: x[:, None] ** n, "expected shape"), (lambda x, n: print, "got the function print"),
    (lambda x, n: {}, "got the dictionary {}"), (lambda x: x, "your function takes (x)"),
    (lambda x, n: x ** n / np.zeros(2)[5], "your code raised IndexError"), (3, "expected a function"),
    (lambda x, n: x ** n if n < 3 else None, "it returns nothing here"),
    (lambda x, n: x ** n * 1j, "got an array of complex128")])
def test_words(broken, words):
    fault = first_fault(power(), (broken,))
    assert fault.startswith("not yet right") and words in fault


def test_words_come_before_arrays():
    fault = first_fault(power(), (lambda x, n: -x ** n,))
    assert fault.splitlines()[0] == "not yet right. The sign is wrong."
    assert fault.splitlines()[1].startswith("For x = ")


def test_an_argument_that_is_edited_is_named():
    def editing(x, n):
        x **= n
        return x
    assert "your code changed `x`" in first_fault(power(), (editing,))


def test_a_number_is_wanted():
    assert "expected a number, got the string '0.25'" in check("05.sigmoid_slope", "0.25").message
    assert "got the function" in check("05.sigmoid_slope", lambda: 0.25).message


def test_k_times_is_said_only_of_a_constant_ratio():
    x = np.arange(1.0, 5)
    trials = [((v,), np.asarray(v), np.asarray(v * v)) for v in x]
    assert words_for(trials) == ""
    assert words_for([((v,), np.asarray(v), np.asarray(2 * v)) for v in x]) == "It is 2 times what it should be."


def test_digits_until_the_difference_shows():
    with pytest.raises(Wrong, match="expected 6, got 6.0001"):
        same(6.0001, 6.0)


@pytest.mark.parametrize("value, text", [(1e-7, "1e-07"), ((1.0, 2.5), "(1, 2.5)"), (np.float64(3), "3"), (len, "len")])
def test_show(value, text):
    assert show(value) == text


def test_tolerance_follows_the_size():
    assert not close(1e-9, 1.05e-9) and not close(1e-3, 1.001e-3) and close(np.float32(0.1), 0.1)
    assert not close(np.array([1.0]), np.array(1.0)) and close(np.array([np.inf, np.nan]), np.array([np.inf, np.nan]))


# -- time ------------------------------------------------------------------------------------------------------------
def endless(x, n):
    while True:
        try:
            x = x + 0
        except Exception:
            pass


def test_what_never_ends_is_stopped():
    assert "had not come back after 0.3 s" in first_fault(power(), (endless,), limit=0.3)
    for thread in threading.enumerate():    # it was asked to stop, and does when the machine lets it
        if thread.name == "answer":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_what_sleeps_is_left_behind():
    woken = threading.Event()
    try:
        assert "had not come back after 0.3 s" in first_fault(power(), (lambda x, n: woken.wait(PATIENCE),), limit=0.3)
    finally:
        woken.set()


def test_on_a_busy_machine_an_answer_has_its_time(monkeypatch):
    """Here it gets an eighth of a processor: the clock on the wall runs eight times as fast as it works."""
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: 8 * time.process_time(),
                                                          process_time=time.process_time))
    begun = []

    def slow(x, n):                         # works for a fifth of a second
        begun.append(time.process_time())
        while time.process_time() - begun[0] < 0.2:
            pass
        return x**n
    assert first_fault(power(), (slow,), limit=0.4) is None
    assert "had not come back after 0.3 s" in first_fault(power(), (endless,), limit=0.3)


def test_in_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(first_fault(power(), (endless,), limit=0.3)))
    thread.start()
    thread.join(PATIENCE)
    assert found and "had not come back" in found[0]


# -- asking ----------------------------------------------------------------------------------------------------------
def test_hints_come_when_asked_for():
    first, last = (check("00.cube", lambda x: x, hint=k).message for k in (1, 3))
    assert "Hint 1 of 3" in first and "Hint 3 of 3" in last and find("00.cube").hints[2] not in first
    with pytest.raises(UsageError, match="hint=1 to hint=3"):
        check("00.cube", None, hint=4)


def test_an_unknown_exercise_names_the_known():
    with pytest.raises(UsageError, match="00.cube"):
        check("00.cubes", None)
    with pytest.raises(UsageError, match="what is your answer"):
        check("00.cube")


def test_numbers_have_whole_ones_among_them():
    drawn = [case["x"] for case in _drawn(numbers(-2, 2))]
    assert {0.0, 1.0, -1.0, -2.0, 2.0} <= set(drawn) and any(v % 1 for v in drawn)


def _drawn(strategy):
    task = Exercise("00.none", "", ())
    task.property(lambda answer, x: None, examples=200, x=strategy)
    return task.properties[0].cases()
