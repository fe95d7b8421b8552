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
