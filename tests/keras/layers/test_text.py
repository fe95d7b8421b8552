"""TextVectorization: its vocabulary and what it makes of texts, as Keras has them."""
import json

import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import layers
from minigrad.keras.serialization import from_config, to_config

TEXTS = ["The cat sat.", "the CAT, the dog!", "a dog ran"]


def test_numbers_of_words():
    layer = layers.TextVectorization()
    layer.adapt(TEXTS)
    # by frequency, and among equals from z to a
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "dog", "cat", "sat", "ran", "a"]
    y = layer(["the bird sat", "dog"])
    assert y.numpy().tolist() == [[2, 1, 5], [3, 0, 0]] and y.dtype == np.int64
    assert layer("cat the").numpy().tolist() == [4, 2]
    assert layers.TextVectorization(output_sequence_length=2, vocabulary=["the", "dog"])(
        np.array([["the dog ran"], ["dog"]])).numpy().tolist() == [[2, 3], [3, 0]]


@pytest.mark.parametrize("mode, rows", [
    ("multi_hot", [[0, 1, 1, 0, 0], [1, 0, 0, 0, 0]]), ("count", [[0, 2, 1, 0, 0], [1, 0, 0, 0, 0]])])
def test_whole_vocabularies(mode, rows):
    layer = layers.TextVectorization(5, output_mode=mode)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["[UNK]", "the", "dog", "cat", "sat"]
    assert layer(["the dog the", "bird"]).numpy().tolist() == rows
    wide = layers.TextVectorization(9, output_mode=mode, pad_to_max_tokens=True, vocabulary=["the"])
    assert wide(["the"]).shape == (1, 9)


def test_rare_words_weigh_more():
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(TEXTS)
    weights = dict(zip(layer.get_vocabulary(), layer(["the dog cat sat ran a bird"]).numpy()[0]))
    assert weights["the"] == pytest.approx(np.log(1 + 3 / 3)) and weights["sat"] == pytest.approx(np.log(1 + 3 / 2))
    assert weights["[UNK]"] == pytest.approx(layer.idf[1:].mean())


@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf"])
def test_no_texts_have_no_rows(mode):
    layer = layers.TextVectorization(output_mode=mode)
    layer.adapt(TEXTS)
    some, none = layer(TEXTS), layer([])
    assert none.shape == (0, some.shape[1] if mode != "int" else 0) and none.dtype == some.dtype


def test_other_ways_to_cut():
    pairs = layers.TextVectorization(ngrams=2, vocabulary=["the cat", "cat"])
    assert pairs(["The cat"]).numpy().tolist() == [[1, 3, 2]]
    letters = layers.TextVectorization(standardize=None, split="character", vocabulary=["A", "b"])
    assert letters(["Aab"]).numpy().tolist() == [[2, 1, 3]]
    own = layers.TextVectorization(standardize=lambda text: text.replace("-", " "), split=lambda text: text.split("x"),
                                   vocabulary=["a b"])
    assert own([b"a-bxc"]).numpy().tolist() == [[2, 1]]


def test_batches_and_saving():
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(mg.data.Dataset.from_tensor_slices(np.array(TEXTS)).batch(2))
    again = layers.TextVectorization.from_config(layer.get_config())
    assert again.get_vocabulary() == layer.get_vocabulary()
    assert np.allclose(again(TEXTS).numpy(), layer(TEXTS).numpy())
    written = json.loads(json.dumps(to_config(layer)))
    assert from_config(written).get_vocabulary() == layer.get_vocabulary()


@pytest.mark.parametrize("make, message", [
    (lambda: layers.TextVectorization()(["a"]), "no vocabulary yet"),
    (lambda: layers.TextVectorization(vocabulary=["a", "a"]), "comes twice"),
    (lambda: layers.TextVectorization(3, vocabulary=["a", "b"]), "leaves room"),
    (lambda: layers.TextVectorization(vocabulary=["a"])(mg.tensor([1.0])), "takes texts"),
    (lambda: layers.TextVectorization(vocabulary=["a"])([3]), "takes texts"),
    (lambda: layers.TextVectorization(vocabulary=["a"])(mg.keras.Input((1,))), "takes texts"),
])
def test_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_categories_by_their_numbers(tmp_path):
    lookup = layers.StringLookup()
    lookup.adapt(np.array([["b"], ["a"], ["b"]]))
    assert lookup.get_vocabulary() == ["[UNK]", "b", "a"]
    assert lookup([["a", "c"], [b"b", "a"]]).numpy().tolist() == [[2, 0], [1, 2]]
    assert layers.StringLookup(vocabulary=lookup.get_vocabulary(), invert=True)(
        np.array([2, 0])).tolist() == ["a", "[UNK]"]
    padded = layers.StringLookup(vocabulary=["a", "b"], mask_token="")
    assert padded.get_vocabulary() == ["", "[UNK]", "a", "b"] and padded(["", "b", "z"]).numpy().tolist() == [0, 3, 1]
    (tmp_path / "words.txt").write_text("a\nb\n", encoding="utf-8")
    assert layers.StringLookup(vocabulary=str(tmp_path / "words.txt")).get_vocabulary() == ["[UNK]", "a", "b"]
    strict = layers.StringLookup(vocabulary=["a"], num_oov_indices=0)
    assert strict(["a"]).numpy().tolist() == [0]
    with pytest.raises(ValueError, match="'z' isn't in its vocabulary"):
        strict(["z"])
    numbers = layers.IntegerLookup(vocabulary=[7, -2], mask_token=0)
    assert numbers.get_vocabulary() == [0, -1, 7, -2]
    y = [[2, 0, 1]]
    assert numbers(np.array([[7, 0, 5]])).numpy().tolist() == numbers(mg.tensor([[7, 0, 5]])).numpy().tolist() == y
    for layer in (lookup, padded, strict, numbers):
        again = from_config(json.loads(json.dumps(to_config(layer))))
        assert again.get_vocabulary() == layer.get_vocabulary()


@pytest.mark.parametrize("mode, rows", [("one_hot", [[[0, 0, 1], [1, 0, 0]]]), ("multi_hot", [[1, 0, 1]]),
                                        ("count", [[1, 0, 1]])])
def test_categories_as_rows(mode, rows):
    assert layers.StringLookup(vocabulary=["a", "b"], output_mode=mode)([["b", "z"]]).numpy().tolist() == rows
    assert layers.CategoryEncoding(3, output_mode=mode)(np.array([[2, 0]])).numpy().tolist() == rows
    assert layers.StringLookup(vocabulary=["a"], output_mode="one_hot")([["a"]]).shape == (1, 2)
    weighed = layers.StringLookup(vocabulary=["a", "b"], output_mode="tf_idf", idf_weights=[1.0, 3.0])
    assert weighed([["a", "b", "b", "z"]]).numpy().tolist() == [[2, 1, 6]]
    counted = layers.CategoryEncoding(3, output_mode="count")
    assert counted(np.array([[2, 2]]), count_weights=np.array([[0.5, 1.0]])).numpy().tolist() == [[0, 0, 1.5]]


@pytest.mark.parametrize("make, message", [
    (lambda: layers.StringLookup(vocabulary=["a"])(mg.keras.Input((1,))), "takes texts, which are no tensors"),
    (lambda: layers.StringLookup(vocabulary=["a"])([3]), "takes texts, not 3"),
    (lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), "takes whole numbers"),
    (lambda: layers.StringLookup()(["a"]), "no vocabulary yet"),
    (lambda: layers.StringLookup(vocabulary=["a"], invert=True)([5]), "has entries 0 to 1"),
    (lambda: layers.StringLookup(num_oov_indices=2), "num_oov_indices must be 0 or 1"),
    (lambda: layers.CategoryEncoding(), "num_tokens"),
    (lambda: layers.CategoryEncoding(3)(np.array([[3]])), "whole numbers from 0 to 2"),
])
def test_errors_of_categories(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
