"""Pickles as data: what they describe is built, what they would call is refused."""
import pickle

import numpy as np
import pytest

from minigrad.data import tokens
from minigrad.support.errors import Failure


class Evil:
    def __reduce__(self):
        return print, ("evil",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tokens_describe_data_and_call_nothing(protocol, capsys):
    objects = np.empty(2, object)
    objects[:] = [1], [2, 3]
    data = {"a": [1, -2.5, None, True, "ü", 2**70], "b": (np.arange(6, dtype=">i4").reshape(2, 3), (), {}, [[]]),
            "c": np.asfortranarray(np.random.default_rng(0).random((2, 3))), "d": objects}
    found = tokens.from_tokens(pickle.dumps(data, protocol), "x")
    assert found["a"] == data["a"] and found["b"][1:] == data["b"][1:] and found["d"].tolist() == [[1], [2, 3]]
    assert np.array_equal(found["b"][0], data["b"][0]) and np.array_equal(found["c"], data["c"])
    shared = [np.arange(3)]
    for _ in range(60):
        shared = [shared, shared]           # 2^60 lists, if each is made as often as it is named
    found, inside = tokens.from_tokens(pickle.dumps(shared, protocol), "x"), []
    inside.append(inside)
    assert found[0] is found[1]
    for evil in (pickle.dumps([Evil()], protocol), pickle.dumps(data, protocol)[:-20], b"", b"\x80\x05garbage",
                 pickle.dumps(inside, protocol)):
        with pytest.raises(Failure, match="x is damaged, or no data alone|x is damaged"):
            tokens.from_tokens(evil, "x")
    assert capsys.readouterr().out == ""
