"""Batches that are made elsewhere: Datasets, generators, PyDatasets, steps_per_epoch."""
import numpy as np
import pytest

from minigrad import data
from minigrad.keras import callbacks, utils

from .networks import network, points

X, Y = points(50)


def batches(size=10, times=1):
    for _ in range(times):
        for i in range(0, len(X), size):
            yield X[i:i + size], Y[i:i + size]


class Numbered(utils.PyDataset):
    ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[10 * i:10 * i + 10], Y[10 * i:10 * i + 10]

    def on_epoch_end(self):
        self.ended += 1


class Lists:
    """As PyTorch's DataLoader: lists, one after the other."""

    def __iter__(self):
        return ([x, y] for x, y in batches())

    def __len__(self):
        return 5


@pytest.mark.parametrize("source, how", [
    (lambda: data.Dataset.from_tensor_slices((X, Y)).batch(10), {}),
    (lambda: data.Dataset.from_generator(batches), {}),
    (lambda: data.Dataset.from_tensor_slices((X, Y)).batch(10).repeat(), {"steps_per_epoch": 5}),
    (lambda: batches(times=3), {"steps_per_epoch": 5}), (Numbered, {}), (Lists, {}),
])
def test_all_give_what_the_arrays_give(source, how):
    expected, model = network(3, 1, loss="mse"), None
    first = expected.fit(X, Y, batch_size=10, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y)).history
    model = network(3, 1, loss="mse")
    history = model.fit(source(), epochs=3, verbose=2, validation_data=Lists(), **how).history
    assert history["loss"] == first["loss"] and history["val_loss"] == pytest.approx(first["val_loss"], rel=1e-5)
    assert all(map(np.array_equal, model.get_weights(), expected.get_weights()))
    assert np.array_equal(model.predict(Lists(), verbose=0), model.predict(X, batch_size=10, verbose=0))
    assert model.evaluate(Lists(), steps=2, verbose=0) == pytest.approx(model.evaluate(X[:20], Y[:20], verbose=0))


def test_an_epoch_of_steps_goes_on_where_the_last_one_ended():
    seen = []

    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)
    network(1, loss="mse").fit(Lists(), epochs=2, steps_per_epoch=3, verbose=0, callbacks=[Watch()])
    assert seen == [0, 1, 2] * 2
    with pytest.raises(ValueError, match="ended after 1 batches of epoch 3"):
        network(1, loss="mse").fit(batches(), epochs=3, steps_per_epoch=2, verbose=0)
    numbered = Numbered()
    network(1, loss="mse").fit(numbered, epochs=2)                 # with a bar
    assert numbered.ended == 2
    with pytest.raises(ValueError, match="makes batches of its own: batch_size"):
        network(1, loss="mse").fit(numbered, batch_size=3)


def test_a_dataset_in_the_words_of_tf_data():
    ds = data.Dataset.range(10).filter(lambda n: n % 2 == 0).map(lambda n: n * n)
    assert list(ds) == [0, 4, 16, 36, 64] and list(ds.skip(1).take(2)) == [4, 16]
    assert [b.tolist() for b in data.Dataset.range(5).batch(2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in data.Dataset.range(5).batch(2, drop_remainder=True)] == [[0, 1], [2, 3]]
    pairs = data.Dataset.zip(data.Dataset.range(3), data.Dataset.range(5, 9))
    assert [tuple(map(int, p)) for p in pairs] == [(0, 5), (1, 6), (2, 7)] and len(pairs) == 3
    rows = data.Dataset.from_tensor_slices({"a": np.arange(4), "b": np.eye(4)}).batch(3)
    assert {k: v.shape for k, v in next(iter(rows)).items()} == {"a": (3,), "b": (3, 4)} and len(rows) == 2
    made = []
    cached = data.Dataset.range(3).map(lambda n: made.append(n) or n).cache().prefetch(2)
    assert list(cached) == list(cached) == [0, 1, 2] and len(made) == 3
    with pytest.raises(TypeError, match="doesn't know how many"):
        len(ds)


def test_a_dataset_goes_on_where_it_stood():
    def new():
        return data.Dataset.range(20).shuffle(7, seed=3).batch(3)
    whole = [[b.tolist() for b in ds] for ds in [new()] for _ in range(2)]
    assert whole[0] != whole[1] and sorted(sum(whole[0], [])) == list(range(20))
    one = new()
    list(one)
    begun = iter(one)
    seen = [next(begun).tolist() for _ in range(3)]
    other = new()
    other.load_state(one.state())
    assert seen + [b.tolist() for b in other] == whole[1]


def test_sequences_padded_as_in_keras():
    rows = [[1, 2, 3], [4], []]
    assert utils.pad_sequences(rows).tolist() == [[1, 2, 3], [0, 0, 4], [0, 0, 0]]
    assert utils.pad_sequences(rows, 2, padding="post", truncating="post", value=9).tolist() == [[1, 2], [4, 9], [9, 9]]
    assert np.allclose(utils.normalize(np.array([[3.0, 4.0], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_small_names_of_keras():
    import minigrad as mg
    assert mg.losses.mean_squared_error(Y, 0 * Y).numpy() == pytest.approx(np.square(Y[:, 0]))
    assert mg.losses.binary_crossentropy([[1.0]], [[0.0]], from_logits=True).item() == pytest.approx(np.log(2))
    assert isinstance(mg.losses.get(mg.losses.mse), mg.losses.MeanSquaredError)
    assert mg.regularizers.l2(0.5).l2 == 0.5
    assert mg.schedules.InverseTimeDecay(1.0, 10, 0.5)(20) == 0.5
    seen = []
    told = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))),
                                    on_train_begin=lambda logs: seen.append("begin"),
                                    on_test_batch_end=lambda batch, logs: seen.append(batch))
    network(1, loss=mg.losses.mse).fit(X, Y, verbose=0, callbacks=[told], validation_data=(X, Y))
    assert seen == ["begin", 0, 1, (0, ["loss", "val_loss"])]
    with pytest.raises(TypeError, match="none of a callback's methods"):
        callbacks.LambdaCallback(on_epoch=print)
