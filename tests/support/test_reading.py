"""Reading with suspicion: regular files that memory can hold, of the form that is wanted."""
import json
import os

import pytest

from minigrad.support import reading
from minigrad.support.errors import Failure


def test_only_regular_files_of_a_size_that_fits_are_read(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("hello")
    assert reading.read_bytes(tmp_path / "a") == b"hello" and reading.read_text(tmp_path / "a") == "hello"
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert reading.read_text(tmp_path / "link") == "hello"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 30)              # a hole: it takes no room on the disk
    monkeypatch.setattr(reading, "available_memory", lambda: 1 << 29)
    for name, said in {"pipe": "not a file", "zero": "not a file", "loop": "symbolic links", "huge": "1,073,741,824",
                       ".": "a folder", "absent": "No such file", "zero\0byte": "null"}.items():
        with pytest.raises(Failure, match=said):
            reading.read_bytes(tmp_path / name)
    with pytest.raises(Failure, match="it has 5 bytes, and 4 is the most"):
        reading.read_bytes(tmp_path / "a", 4)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"a": \x00}', b"[" * 100_000, b"1" * 100_000, b"nul"])
def test_damaged_json_is_said_to_be_so(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(Failure, match="a.json is damaged"):
        reading.read_json(tmp_path / "a.json")


@pytest.mark.parametrize("value, wanted, said", [
    ({"a": 1}, {"a": str}, "a is 1, and should be text"),
    ({"a": {"b": [1, "x"]}}, {"a": {"b": [int]}}, r"a.b\[1\] is 'x', and should be a whole number"),
    ({}, {"a": int}, "a is missing"), ([], {"a": int}, r"the whole is \[\], and should be a dict"),
    ({"a": True}, {"a": int}, "a is True"), ({"a": True}, {"a": float}, "a is True"),
    ({"a": 1}, {"a": bool}, "should be true or false"), ({"a": {"x": 1}}, {"a": {str: str}}, "a.x is 1"),
    ({"a": "x"}, {"a": (int, None)}, "a is 'x', and should be a whole number or null"),
    ({"a": -1}, {"a": reading.count}, "a is -1, and should be a whole number of at least 0"),
    ({"a": float("nan")}, {"a": reading.positive}, "a number above 0"), ({"a": 1 << 32}, {"a": reading.size}, "2.31"),
])
def test_what_has_another_form_is_named_by_file_and_field(value, wanted, said):
    with pytest.raises(Failure, match=f"^some.json: .*{said}"):
        reading.form(json.loads(json.dumps(value)), wanted, "some.json")


def test_what_has_the_form_is_returned():
    value = {"a": 1, "b": [0.5, 2], "c": None, "more": "ignored", "d": {"x": [True]}}
    wanted = {"a": int, "b": [float], "c": (None, str), "d": {str: [bool]}, "e?": int}
    assert reading.form(value, wanted, "some.json") is value
