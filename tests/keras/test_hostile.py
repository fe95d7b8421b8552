"""Model folders that were made to do harm, or damaged: loading makes what is on the list, or ends in one Failure.

`pytest -m deep` mutates each kind of file 10,000 times.
"""
import copy
import json
import os
import random
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers
from minigrad.engine.ops import FUNCTIONS
from minigrad.keras import callbacks, saving, serialization
from minigrad.keras.activations import ACTIVATIONS
from minigrad.keras.models import Model, Sequential, load_model
from minigrad.support import names
from minigrad.support.errors import Failure

X = np.random.default_rng(0).random((8, 6, 4)).astype(np.float32)
Y = X[:, 0, :1]
HARM = ("open", "exec", "import", "os.", "subprocess.", "socket.", "shutil.", "ctypes.", "compile", "pickle.")


def small():
    """A model with layers, initializers, a regularizer, a schedule and metrics, fitted for a step."""
    model = Sequential([layers.Input((6, 4)),
                        layers.LSTM(3, return_sequences=True, bias_initializer=mg.initializers.Ones()),
                        layers.MultiHeadAttention(1, 2), layers.BatchNormalization(), layers.Flatten(),
                        layers.Dense(4, "relu", kernel_regularizer=mg.regularizers.L2(0.1)),
                        layers.Residual([layers.Dropout(0.2), layers.Activation("gelu")]), layers.Dense(1)])
    model.compile(mg.optimizers.AdamW(mg.schedules.CosineDecay(0.1, 100), clipnorm=1.0), mg.losses.Huber(0.5),
                  metrics=["mae", mg.metrics.RootMeanSquaredError()])
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "model"
    model = small()
    model.fit(X, Y, verbose=0)
    model.save(folder)
    return folder


# -- the list --------------------------------------------------------------------------------------------------------
def reachable():
    """All that a file can name: {"class keras.layers.Dense": what it leads to, ...}."""
    found = {}
    for home in serialization.HOMES:
        for name in dir(serialization.importlib.import_module(f"minigrad.{serialization.HOMES[home]}")):
            try:
                found[f"{home}.{name}"] = serialization.class_of(f"{home}.{name}", {})
            except ValueError:
                continue
    return found


def test_what_a_file_can_name_is_a_class_of_one_of_the_kinds_or_a_pure_function():
    """Of every public module all names are tried; what can be made belongs to a kind, where a field wants it."""
    bases = [serialization._named(base) for kinds in serialization.KINDS.values()
             for base in kinds if base != "function"]
    for path, kind in reachable().items():
        assert isinstance(kind, type) and kind.__module__.startswith("minigrad."), path
        fits = [base for base in bases if issubclass(kind, base)]
        if not fits:
            for wanted in serialization.KINDS:
                with pytest.raises(ValueError, match="is wanted"):
                    serialization.from_config({"class": path, "config": {}}, wanted=wanted)
    assert len(reachable()) > 90 and all(map(callable, (*FUNCTIONS.values(), *ACTIVATIONS.values())))


def test_making_what_a_file_can_name_touches_nothing_outside():
    """Under Python's audit hooks: no file, process, socket, import or compilation by any name, with any field."""
    seen, watching = [], []
    for home in serialization.HOMES.values():
        serialization.importlib.import_module(f"minigrad.{home}")

    def watch(event, args):
        if watching and event.startswith(HARM):
            seen.append((event, args, *watching))
    sys.addaudithook(watch)
    objects = [{"class": "keras.layers.Dense", "config": {"units": 2}}, {"op": "exp"}, "/etc/passwd", "os:system",
               {"function": "keras.activations.relu6"}, -1, 0.5, [2, 2], None, True,
               {"class": "os.system", "config": {}}]
    made = 0
    for path, kind in reachable().items():
        if path.startswith("distributed."):
            continue                        # they ask for the ranks, which starts MPI where it is there
        fields = names.defaults_of(kind)
        configs = [{}, *({n: v for n in fields} for v in objects), *({n: v} for n in fields for v in objects)]
        for config in configs:
            watching.append((path, config))
            try:
                serialization.from_config({"class": path, "config": config})
                made += 1
            except (ValueError, Failure):
                pass
            finally:
                watching.clear()
    assert made > 300
    assert not [s for s in seen if not (s[0] == "open" and str(s[1][0]).endswith((".py", ".pyc")))], seen[:3]


@pytest.mark.parametrize("field, value", [
    ("learning_rate", {"op": "exp"}), ("learning_rate", {"function": "minigrad.testing.loading.load_op"}),
    ("learning_rate", {"class": "keras.layers.Dense", "config": {"units": 1}}), ("learning_rate", "x.py:y"),
    ("clipnorm", {"op": "exp"}), ("exclude", {"class": "keras.losses.Huber", "config": {}})])
def test_an_optimizer_gets_no_stranger_from_a_file(saved, tmp_path, field, value):
    description = json.loads((saved / "model.json").read_text())
    description["compile"]["optimizer"]["config"][field] = value
    with pytest.raises((Failure, ValueError)):
        load_model(rewritten(saved, tmp_path / "m", description))


@pytest.mark.parametrize("iterations", ["folder/x.py:y", None, 1.5, -1, True, [1], {"a": 1}, 1e400])
def test_the_state_of_an_optimizer_is_checked(saved, tmp_path, iterations):
    description = json.loads((saved / "model.json").read_text())
    description["compile"]["state"][1]["iterations"] = iterations
    with pytest.raises(Failure, match="model.json: AdamW: iterations must be a whole number"):
        load_model(rewritten(saved, tmp_path / "m", description))


def field(description, layer, **fields):
    description["model"]["config"]["layers"][layer]["config"].update(fields)


# -- sizes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("change, said", [
    (lambda d: field(d, 5, units=10 ** 12), "more than the file of the weights holds"),
    (lambda d: field(d, 5, units=10 ** 4), "more than the file of the weights holds"),
    (lambda d: field(d, 1, units=10 ** 5), "more than the file of the weights holds"),
    (lambda d: field(d, 0, shape=[10 ** 6, 10 ** 6]), "has more than"),
    (lambda d: d.update(input="float32[1000000, 1000000]"), "has more than"),
    (lambda d: d.update(input="float32[99999999999999999999]"), "input is"),
    (lambda d: d["model"].update({"class": "zoo.gpt.GPT", "config": {"alphabet": "ab", "depth": 10 ** 9, "width": 8}}),
     "more than 100,000 layers"),
    (lambda d: d["files"]["weights"].update(sha256=None), "sha256 is None, and should be a SHA-256"),
    (lambda d: d["files"]["weights"].pop("sha256"), "files.weights.sha256 is missing"),
    (lambda d: d["files"].clear(), "files.weights is missing"), (lambda d: d["files"].pop("training"), "model.json: "),
    (lambda d: d.update(files=[]), "files is"), (lambda d: d.pop("model"), "model is missing"),
    (lambda d: d["files"]["weights"].update(file="model.json"), "should be the name of a safetensors file"),
])
def test_a_file_that_asks_for_too_much_or_says_too_little_is_refused_at_once(saved, tmp_path, change, said):
    description = json.loads((saved / "model.json").read_text())
    change(description)
    with pytest.raises(Failure, match=said) as caught:
        load_model(rewritten(saved, tmp_path / "m", description))
    assert "model.json" in str(caught.value)


@pytest.mark.parametrize("name", ["model.json", "weights", "training"])
def test_pipes_and_devices_are_not_read(saved, tmp_path, name):
    folder = rewritten(saved, tmp_path / "m")
    path = next(folder.glob(f"{name}*"))
    for put in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), path.mkdir):
        path.unlink()
        put()
        with pytest.raises(Failure, match=f"can't read .*{path.name}: it is (not a file|a folder)"):
            load_model(folder)
        if path.is_dir():
            path.rmdir()
            path.touch()


def test_weights_of_a_folder_are_checked_too(saved, tmp_path):
    folder = rewritten(saved, tmp_path / "m")
    path = next(folder.glob("weights*"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Failure, match="its content is not what was written"):
        load_model(saved).load_weights(folder)


# -- mutations -------------------------------------------------------------------------------------------------------
STRANGE = [None, True, -1, 0, 2, 1.5, 1e308, float("nan"), 2 ** 70, "", "x", "relu", "keras.layers.Dense", [], [None],
           {}, {"op": "exp"}, {"op": "matmul"}, {"function": "keras.activations.relu"}, {"array": "state"},
           {"class": "keras.layers.Dense", "config": {}}, {"class": "zoo.gpt.GPT", "config": {"alphabet": "ab"}},
           {"array": [1, 2], "dtype": "float32"}]


def places(tree, path=()):
    yield path
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from places(value, (*path, key))


def mutated(tree, rng):
    """A copy of a tree in which one value is replaced, removed, renamed, or exchanged with another."""
    tree = copy.deepcopy(tree)
    every = [path for path in places(tree) if path]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        *way, last = rng.choice(every)
        holder = tree
        try:
            for key in way:
                holder = holder[key]
            kind = rng.randrange(4)
            if kind == 0:
                del holder[last]
            elif kind == 1 and isinstance(holder, dict):
                holder[rng.choice(["x", "0", "class", "config", "units", "name"])] = holder.pop(last)
            elif kind == 2:
                holder[last] = rng.choice(list(holder.values() if isinstance(holder, dict) else holder))
            else:
                holder[last] = rng.choice(STRANGE)
        except (KeyError, IndexError, TypeError):
            continue                        # an earlier change took this place away
    return tree


def rewritten(saved, folder, description=None):
    """A copy of a saved folder, its JSON file with another content."""
    folder.mkdir(exist_ok=True)
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    if description is not None:
        next(folder.glob("*.json")).write_text(json.dumps(description))
    return folder


def counts(few):
    return pytest.mark.parametrize("count", [pytest.param(few, id="seed"),
                                             pytest.param(10_000, id="deep", marks=pytest.mark.deep)])


@counts(300)
def test_a_mutated_description_loads_or_is_one_failure_that_names_its_file(saved, tmp_path, count):
    description = json.loads((saved / "model.json").read_text())
    folder, outcomes = rewritten(saved, tmp_path / "m"), {}
    for seed in range(count):
        text = json.dumps(mutated(description, random.Random(seed)))
        (folder / "model.json").write_text(text)
        try:
            assert isinstance(load_model(folder), Model)
            outcome = "loaded"
        except (Failure, serialization.Unlisted) as error:
            outcome = type(error).__name__
            assert str(folder) in str(error) or isinstance(error, serialization.Unlisted), (seed, error)
            assert "\n" not in str(error) and len(str(error)) < 1000, (seed, error)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}, for {text}") from error
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["Failure"] > count / 3 and outcomes["loaded"] > count / 100, outcomes


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "backup"
    small().fit(X, Y, epochs=2, verbose=0, callbacks=resumable(folder))
    return folder


def resumable(folder):
    return [callbacks.EarlyStopping("loss", restore_best_weights=True),
            callbacks.BackupAndRestore(folder, delete_checkpoint=False)]


@pytest.mark.parametrize("made", [False, True], ids=["damaged", "made"])
@counts(150)
def test_a_mutated_backup_is_gone_on_from_or_is_one_failure(backup, tmp_path, count, made):
    """made: by someone who knows how, with a digest that fits."""
    description = json.loads((backup / "backup.json").read_text())
    folder, outcomes, model = rewritten(backup, tmp_path / "b"), {}, small()
    for seed in range(count):
        changed = json.loads(json.dumps(mutated(description, random.Random(seed))))     # keys are text
        if made and "state" in changed:
            changed["sha256"] = saving.digest_of(changed["state"])
        text = json.dumps(changed)
        (folder / "backup.json").write_text(text)
        try:
            model.fit(X, Y, epochs=2, verbose=0, callbacks=resumable(folder))
            outcome = "resumed"
            assert made or changed["state"] == description["state"]
        except Failure as error:
            outcome = "Failure"
            assert str(folder) in str(error) and "\n" not in str(error), (seed, error)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}, for {text}") from error
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["Failure"] > count / 3, outcomes


@counts(300)
def test_a_damaged_file_of_weights_is_one_failure_and_changes_nothing(saved, tmp_path, count):
    whole = next(saved.glob("weights*")).read_bytes()
    model = load_model(saved)
    before = model.get_weights()
    for seed in range(count):
        rng, data = random.Random(seed), bytearray(whole)
        for _ in range(rng.choice((1, 1, 4))):
            place = rng.randrange(min(len(data), rng.choice((8, 1000, len(data)))))
            data[place] = rng.randrange(256)
        if rng.random() < 0.2:
            data = data[:rng.randrange(len(data))]
        (tmp_path / "w.safetensors").write_bytes(data)
        try:
            saving.read_arrays(tmp_path / "w.safetensors")
        except Failure as error:
            assert "w.safetensors" in str(error), (seed, error)
        try:
            model.load_weights(tmp_path / "w.safetensors")
            model.set_weights(before)
        except Failure as error:
            assert "w.safetensors" in str(error), (seed, error)
            assert all(map(np.array_equal, model.get_weights(), before)), seed
