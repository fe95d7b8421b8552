"""What a pickle names is told without running it; what minigrad loads can't name anything."""
import json
import os
import pickle
from collections import Counter, OrderedDict

import numpy as np
import pytest

import minigrad as mg
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential
from minigrad.trust.security import imports_of


class Marker:
    """Pickled, it is a call: loading it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


EVERY_PROTOCOL = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


@EVERY_PROTOCOL
def test_loading_runs_code_and_looking_does_not(protocol, tmp_path):
    data = pickle.dumps({"weights": [1.0, 2.0], "name": Marker(tmp_path / "was here")}, protocol)
    assert imports_of(data) == [f"{os.name}.mkdir"]
    assert not (tmp_path / "was here").exists()
    pickle.loads(data)                      # what everyone does with a file from the internet
    assert (tmp_path / "was here").is_dir()


@EVERY_PROTOCOL
def test_numbers_and_text_name_nothing(protocol):
    assert imports_of(pickle.dumps({"a": [1, 2.5, "text", None, True, b"bytes"], "b": (3,)}, protocol)) in (
        [], ["_codecs.encode"])             # the way of old protocols to write bytes


@EVERY_PROTOCOL
def test_arrays_name_numpys_own(protocol):
    names = imports_of(pickle.dumps(np.arange(6.0).reshape(2, 3), protocol))
    assert names and all(name.startswith("numpy.") or name == "_codecs.encode" for name in names), names


@EVERY_PROTOCOL
def test_objects_within_objects(protocol):
    value = OrderedDict(a=Counter("abca"), b=[{1, 2}, complex(1, 2), range(3)], c=np.float32(1))
    found = set(imports_of(pickle.dumps(value, protocol)))
    assert {"collections.OrderedDict", "collections.Counter"} <= found and any("complex" in name for name in found)


def test_the_names_are_read_though_the_things_do_not_exist():
    assert imports_of(b"cnowhere.at_all\nanything\n(S'x'\ntR.") == ["nowhere.at_all.anything"]
    assert imports_of(b"(inowhere\nanything\n.") == ["nowhere.anything"]


@pytest.mark.parametrize("data", [b"", b"not a pickle", pickle.dumps([1, 2, 3])[:-1]])
def test_what_is_no_pickle(data):
    with pytest.raises(ValueError, match="not a pickle"):
        imports_of(data)


def test_what_it_had_named_before_the_damage_is_told(tmp_path):
    data = pickle.dumps(Marker(tmp_path / "x"))[:-1] + b"\xff"
    with pytest.raises(ValueError, match="mkdir"):
        imports_of(data)


def test_minigrads_own_format_refuses_to_name_what_is_not_its_own(tmp_path):
    model = Sequential([Dense(2)])
    model(np.ones((1, 3), np.float32))
    model.save(tmp_path / "model")
    description = json.loads((tmp_path / "model" / "model.json").read_text())
    for foreign in ("os.system", "subprocess.Popen", "builtins.eval"):
        dense = {"class": "keras.layers.Dense", "config": {"units": 2, "activation": {"function": foreign}}}
        for value, words in (({"class": foreign, "config": {}}, "not part of minigrad"),
                             ({"function": foreign}, "model.class is missing"),
                             ({"class": "keras.models.Sequential", "config": {"layers": [dense]}}, foreign)):
            (tmp_path / "model" / "model.json").write_text(json.dumps({**description, "model": value}))
            with pytest.raises((ValueError, mg.errors.Failure), match=words):
                mg.models.load_model(tmp_path / "model")


def test_a_pickle_in_the_place_of_the_weights_is_refused_unread(tmp_path):
    model = Sequential([Dense(2)])
    model(np.ones((1, 3), np.float32))
    (tmp_path / "weights.safetensors").write_bytes(pickle.dumps(Marker(tmp_path / "was here")))
    with pytest.raises(mg.errors.Failure, match="not a safetensors file"):
        model.load_weights(tmp_path / "weights.safetensors")
    assert not (tmp_path / "was here").exists()
