"""The signatures of what minigrad shares with Keras: the same order and defaults, or by name alone.

keras_signatures.json holds Keras' signatures; keras_signatures.py says how it was made.
"""
import inspect
import json

import pytest

from minigrad import keras

from .keras_signatures import TABLE, parameters

KERAS = json.loads(TABLE.read_text(encoding="utf-8"))["names"]
# Where an argument by position, or a default, differs, and why.
DIFFER = {
    "losses.categorical_generalized_cross_entropy": "q may be left out, as with the class",
    "saving.serialize_keras_object": "minigrad's own form; the argument is called value",
    "saving.deserialize_keras_object": "minigrad's own form; the argument is called value",
    "models.Model": "inputs and outputs have names",
    "metrics.get": "more arguments, with which 'accuracy' is chosen",
    "activations.gelu": "the tanh form, Keras' with approximate=True",
    "activations.leaky_relu": "negative_slope is called slope",
    "initializers.truncated_normal": "the function that draws; Keras has the class under this name too",
    "layers.AveragePooling2D": "pool_size may be left out",
    "layers.AveragePooling1D": "pool_size may be left out",
    "layers.AvgPool1D": "pool_size may be left out",
    "layers.AvgPool2D": "pool_size may be left out",
}


def ours(path):
    """What minigrad calls by this name, or None."""
    found = keras
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def shared():
    return {path: found for path in KERAS if callable(found := ours(path))}


def by_position(signature):
    """The arguments that may be given by position, up to the first star."""
    names = [entry[0] for entry in signature]
    stars = [i for i, name in enumerate(names) if name.startswith("*")]
    return signature[:stars[0]] if stars else signature


def difference(path):
    """What a call by position would do otherwise than in Keras, or None."""
    function = ours(path)
    mine = by_position(parameters(function.__init__ if isinstance(function, type) else function))
    for i, (name, *default) in enumerate(mine):
        theirs = KERAS[path][i] if i < len(KERAS[path]) else ["nothing"]
        if theirs[0] != name and not path.startswith("ops."):      # there only places count
            return f"argument {i + 1} is {name}, and in Keras {theirs[0]}"
        if path.startswith("ops."):
            continue
        if default and default != theirs[1:] and not is_automatic(name, default[0], theirs):
            return f"{name} is {default[0]!r} by default, and in Keras {theirs[1:]}"


def is_automatic(name, mine, theirs):
    """Names that are made from the class, and functions such as print, written as None on one side."""
    return name in ("name", "print_fn", "dtype", "seed") and (mine is None or theirs[1:] == [None])


@pytest.mark.parametrize("path", shared())
def test_arguments_by_position_mean_what_they_mean_in_keras(path):
    found = difference(path)
    assert bool(found) == (path in DIFFER), found or f"{path} no longer differs: take it out of DIFFER"


def test_the_comparison_sees_what_shifts():
    assert len(shared()) > 90
    inspect.signature(keras.layers.LSTM.__init__).bind(None, 4, "tanh", "sigmoid", False)
    assert keras.layers.LSTM(4, "tanh", "sigmoid", False).use_bias is False
    assert keras.callbacks.ModelCheckpoint("x", "val_loss", 1, True).save_best_only is True


def test_the_page_says_what_is_so():
    from .pages import PAGE, page
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.keras.pages"
