"""The validators: what they take, what they refuse, and in which words."""
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.support import arguments as values

NUMBERS = (3, 0.5, np.float32(0.5), np.int64(3), np.array(0.25), mg.tensor(0.25))
STRANGERS = (None, "x", "3", b"3", [1], (1,), {}, {1}, object(), len, 1j, np.array([1.0, 2.0]), np.datetime64("2020"),
             True)


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_numbers_of_any_kind_become_pythons(value):
    found = values.number("f: x", value, 0)
    assert type(found) in (int, float) and found == float(value)


@pytest.mark.parametrize("check", [values.number, values.whole, values.share], ids=lambda f: f.__name__)
@pytest.mark.parametrize("value", STRANGERS, ids=lambda v: type(v).__name__ if "object at" in repr(v) else repr(v))
def test_what_is_no_number_is_a_type_error_that_names_it(check, value):
    with pytest.raises((TypeError, ValueError), match="^f: x must be ") as caught:
        check("f: x", value)
    assert len(str(caught.value)) < 140


@pytest.mark.parametrize("options, good, bad", [
    ({}, [-1e300, 0, 5], [math.nan, math.inf, -math.inf]),
    ({"low": 0}, [0, 1], [-1e-9, math.nan, math.inf]), ({"above": 0}, [1e-300], [0, -1, math.nan]),
    ({"low": 0, "high": 1}, [0, 1], [-0.1, 1.1, math.nan]), ({"low": 0, "below": 1}, [0, 0.99], [1, math.nan]),
    ({"above": 1, "below": 2}, [1.5], [1, 2]), ({"high": 3}, [-10, 3], [3.1, -math.inf]),
])
def test_ranges(options, good, bad):
    for value in good:
        assert values.number("x", value, **options) == value
    for value in bad:
        with pytest.raises(ValueError, match="^x must be "):
            values.number("x", value, **options)


def test_whole_numbers_flags_texts_and_choices():
    assert values.whole("n", np.uint8(7)) == 7 and values.whole("n", 0, 0) == 0
    for bad in (0, -3, 2.0, 2.5, math.nan, 11):
        with pytest.raises(ValueError, match="^n must be a whole number from 1 to 10, not "):
            values.whole("n", bad, 1, 10)
    assert values.flag("f", np.True_) is True and values.flag("f", False) is False
    for bad in (0, 1, "no", None, [], np.array([True])):
        with pytest.raises(TypeError, match="^f must be True or False"):
            values.flag("f", bad)
    assert values.one_of("p", "a", ("a", None)) == "a" and values.one_of("p", None, ("a", None)) is None
    for bad in ("b", ["a"], 1, {}, np.array(["a", "b"])):
        with pytest.raises(ValueError, match="^p must be 'a' or None, not "):
            values.one_of("p", bad, ("a", None))
    with pytest.raises(TypeError, match="t must be text, not 5"):
        values.text("t", 5)


def test_a_message_holds_even_what_cannot_be_shown():
    class Hostile:
        def __repr__(self):
            raise RuntimeError("no")
    with pytest.raises(TypeError, match="x must be a number, not a Hostile"):
        values.number("x", Hostile())
    assert len(values.shown(list(range(10_000)))) == 60
