"""The loader gives every row once an epoch and resumes exactly; splits, codes and scales are what they say."""
import itertools
import json
import threading

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.data.loading import DataLoader, one_hot, split, standardize

rows, batch_sizes, seeds = st.integers(1, 60), st.integers(1, 70), st.integers(0, 2**130)
prefetches = st.integers(0, 3)


@given(n=rows, batch_size=batch_sizes, seed=seeds, prefetch=prefetches, shuffle=st.booleans())
def test_each_epoch_is_a_permutation(n, batch_size, seed, prefetch, shuffle):
    loader = DataLoader(np.arange(n), batch_size=batch_size, seed=seed, prefetch=prefetch, shuffle=shuffle)
    epochs = [np.concatenate(list(loader)) for _ in range(3)]
    assert all(np.array_equal(np.sort(epoch), np.arange(n)) for epoch in epochs)
    if n > 30:      # three equal shuffles of 31 rows: once in 1e67
        assert np.array_equal(epochs[0], epochs[1]) == (not shuffle)


@given(n=rows, batch_size=batch_sizes, drop_last=st.booleans())
def test_batch_sizes(n, batch_size, drop_last):
    if drop_last and batch_size > n:
        with pytest.raises(ValueError, match="nothing would be left"):
            DataLoader(np.arange(n), batch_size=batch_size, drop_last=True)
        return
    loader = DataLoader(np.arange(n), batch_size=batch_size, drop_last=drop_last)
    sizes = [len(batch) for batch in loader]
    assert len(sizes) == len(loader) and set(sizes[:-1]) <= {batch_size}
    assert sum(sizes) == (n - n % batch_size if drop_last else n)


@given(data=st.data(), n=rows, batch_size=batch_sizes, seed=seeds, prefetch=prefetches)
def test_resumes_at_any_batch(data, n, batch_size, seed, prefetch):
    def fresh(seed):
        return DataLoader(np.arange(n), batch_size=batch_size, seed=seed, prefetch=prefetch)
    loader, history, states = fresh(seed), [], []
    for _ in range(2):
        for batch in loader:
            history.append(batch)
            states.append(json.dumps(loader.state()))       # as a checkpoint in the loop would
    at = data.draw(st.integers(0, len(states) - 1))
    resumed = fresh(seed + 1)
    resumed.load_state(json.loads(states[at]))
    rest = [batch for _ in range(2 - resumed.epoch) for batch in resumed]
    assert len(rest) == len(history) - at - 1
    assert all(map(np.array_equal, rest, history[at + 1:]))
    assert resumed.state() == loader.state()


def test_a_loop_left_early_ends_its_epoch():
    loader, same = (DataLoader(np.arange(50), batch_size=8, seed=3) for _ in range(2))
    first = next(iter(loader))
    full = list(same), list(same)
    assert np.array_equal(first, full[0][0])
    assert all(map(np.array_equal, loader, full[1]))


def test_after_resuming_too():
    loader, same = (DataLoader(np.arange(50), batch_size=8, seed=3) for _ in range(2))
    loader.load_state(loader.state() | {"batch": 2})
    assert np.array_equal(next(iter(loader)), list(same)[2])
    assert all(map(np.array_equal, loader, same))       # the second epoch, from its start


def test_same_seed_same_order_and_none_differs():
    def order(seed):
        return next(iter(DataLoader(np.arange(100), batch_size=100, seed=seed))).tolist()
    assert order(5) == order(5) != order(6)
    assert order(None) != order(None)


def test_structure_is_kept_and_rows_stay_together():
    x = np.arange(12.0).reshape(6, 2)
    tree = {"image": x, "more": [x[:, 0], {"y": np.arange(6)}]}
    for batch, label in DataLoader(tree, np.arange(6), batch_size=4, seed=1):
        assert np.array_equal(batch["image"], x[label]) and np.array_equal(batch["more"][0], x[label, 0])
        assert np.array_equal(batch["more"][1]["y"], label)
    assert isinstance(next(iter(DataLoader(x))), np.ndarray)
    assert isinstance(next(iter(DataLoader(x, x))), tuple)


def test_unshuffled_batches_are_views():
    x = np.arange(10)
    assert all(np.shares_memory(batch, x) for batch in DataLoader(x, batch_size=3, shuffle=False))


class Failing(np.ndarray):
    """Rows on a disk that fails at the second batch."""
    reads = 0

    def __getitem__(self, index):
        self.reads += 1
        if self.reads == 2:
            raise OSError("disk failed")
        return super().__getitem__(index)


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_prefetch_raises_the_threads_error_at_its_batch_and_ends():
    loader = iter(DataLoader(np.zeros(9).view(Failing), batch_size=3, prefetch=2, seed=0))
    assert next(loader).shape == (3,)
    with pytest.raises(OSError, match="disk failed"):
        next(loader)
    assert not prefetch_threads()


def test_prefetch_thread_ends_when_the_loop_is_left():
    loader = DataLoader(np.zeros(1000), batch_size=1, prefetch=4)
    for _ in itertools.islice(loader, 5):
        assert len(prefetch_threads()) == 1
    assert not prefetch_threads()


def test_prefetch_reads_ahead_no_more_than_told():
    class Counting(np.ndarray):
        taken = 0

        def __getitem__(self, index):
            Counting.taken += 1
            return np.asarray(self)[index]
    for consumed, _ in enumerate(DataLoader(np.zeros(100).view(Counting), batch_size=1, prefetch=3), 1):
        assert Counting.taken <= consumed + 3


@pytest.mark.parametrize("arguments, settings, error, message", [
    ((), {}, ValueError, "at least one array"),
    (({},), {}, ValueError, "array has no rows"),
    ((np.zeros((0, 3)),), {}, ValueError, "array has no rows"),
    (([1, 2],), {}, TypeError, r"array\[0\] is a int, not an array"),
    (("text",), {}, TypeError, "array is a str, not an array"),
    ((np.zeros(3), np.zeros(4)), {}, ValueError, r"arrays\[0\] has 3 rows but arrays\[1\] has 4"),
    (({"x": np.zeros(3), "y": (np.zeros(2),)},), {}, ValueError,
     r"array\['x'\] has 3 rows but array\['y'\]\[0\] has 2"),
    ((np.float64(3),), {}, ValueError, "array is a single number"),
    ((np.zeros(3),), {"batch_size": 0}, ValueError, "batch_size must be at least 1, not 0"),
    ((np.zeros(3),), {"batch_size": 2.0}, TypeError, "batch_size must be an integer, not 2.0"),
    ((np.zeros(3),), {"prefetch": -1}, ValueError, "prefetch must be at least 0"),
    ((np.zeros(3),), {"seed": -1}, ValueError, "seed must be at least 0"),
])
def test_loader_refuses(arguments, settings, error, message):
    with pytest.raises(error, match=message):
        DataLoader(*arguments, **settings)


@pytest.mark.parametrize("change, message", [
    ({"batch_size": 4}, "saved with batch_size=4, this loader has batch_size=3"),
    ({"rows": 9}, "saved with rows=9, this loader has rows=10"),
    ({"shuffle": False}, "shuffle=False"),
    ({"batch": 5}, "batch 5 of an epoch of 4"),
    ({"epoch": -1}, "epoch must be at least 0"),
    ({"seed": "x"}, "not a state"),
])
def test_load_state_refuses_and_changes_nothing(change, message):
    loader = DataLoader(np.arange(10), batch_size=3, seed=7)
    before = loader.state()
    with pytest.raises(ValueError, match=message):
        loader.load_state(before | change)
    with pytest.raises(ValueError, match="not a state of a DataLoader"):
        loader.load_state({})
    assert loader.state() == before


@given(n=st.integers(2, 200), fraction=st.floats(0.01, 0.99), seed=seeds)
def test_split_is_a_partition(n, fraction, seed):
    held_out = round(fraction * n)
    if not 0 < held_out < n:
        with pytest.raises(ValueError, match="leaves one part empty"):
            split(np.arange(n), fraction=fraction, seed=seed)
        return
    (x, y), (x_test, y_test) = split(np.arange(n), -np.arange(n), fraction=fraction, seed=seed)
    assert len(x_test) == held_out
    assert np.array_equal(np.sort(np.concatenate([x, x_test])), np.arange(n))
    assert np.array_equal(x, -y) and np.array_equal(x_test, -y_test)
    again = split(np.arange(n), fraction=fraction, seed=seed)
    assert np.array_equal(x, again[0]) and np.array_equal(x_test, again[1])


@given(labels=hnp.arrays(np.int64, st.integers(5, 200), elements=st.integers(0, 4)), seed=seeds,
       fraction=st.floats(0.2, 0.8))
def test_stratified_split_keeps_shares(labels, seed, fraction):
    train, test = split(np.arange(len(labels)), fraction=fraction, seed=seed, stratify=labels)
    assert len(test) == round(fraction * len(labels))
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
    for label in range(5):
        share = np.count_nonzero(labels == label) * len(test) / len(labels)
        assert abs(np.count_nonzero(labels[test] == label) - share) <= 1


def test_split_draws_every_row_alike():
    counts, draws = np.zeros(10), 2000
    for seed in range(draws):
        counts[split(np.arange(10), fraction=0.3, seed=seed)[1]] += 1
    assert np.all(abs(counts / draws - 0.3) < 0.06)      # six standard deviations of sqrt(0.3 * 0.7 / 2000)


def test_split_refuses():
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(np.arange(10), fraction=1.0)
    with pytest.raises(ValueError, match=r"one label for each of the 10 rows, its shape is \(9,\)"):
        split(np.arange(10), stratify=np.zeros(9))
    with pytest.raises(ValueError, match="at least one array"):
        split()


@given(labels=hnp.arrays(st.sampled_from([np.int8, np.int64, np.uint8]), hnp.array_shapes(min_dims=0, min_side=0),
                         elements=st.integers(0, 6)), extra=st.integers(0, 3))
def test_one_hot(labels, extra):
    coded = one_hot(labels, 7 + extra)
    assert coded.dtype == np.float32 and coded.shape == labels.shape + (7 + extra,)
    assert np.array_equal(coded, (labels[..., None] == np.arange(7 + extra)))


def test_one_hot_refuses():
    with pytest.raises(ValueError, match=r"label 3 at \[1, 0\] is not one of 0 ... 2"):
        one_hot([[0, 2], [3, 1]], 3)
    with pytest.raises(ValueError, match=r"label -1 at \[0\]"):
        one_hot([-1], 3)
    with pytest.raises(TypeError, match="integers, not float64"):
        one_hot([0.0], 3)
    with pytest.raises(ValueError, match="num_classes must be at least 1"):
        one_hot([0], 0)


@given(x=hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 4)),
                    elements=st.floats(-1000, 1000, width=32)))
def test_standardize(x):
    z, mean, std = standardize(x)
    assert z.dtype == mean.dtype == std.dtype == np.float32
    assert np.all(np.isfinite(z)) and np.all(std > 0) and np.all(std[np.ptp(x, axis=0) == 0] == 1)
    assert np.all(abs(mean - x.mean(axis=0, dtype=np.float64)) <= 1e-4)
    wide = np.ptp(x, axis=0) > 1e-2
    assert np.allclose(z[:, wide].std(axis=0, dtype=np.float64), 1, atol=1e-3)
    assert np.array_equal(standardize(x, mean, std)[0], z)


def test_standardize_of_equal_numbers_and_bad_input():
    z, _, std = standardize(np.full((3, 1), 0.1))
    assert std[0] == 1 and np.all(abs(z) < 1e-15)
    with pytest.raises(TypeError, match="floating point, not int64"):
        standardize(np.arange(3))
    with pytest.raises(ValueError, match="no rows"):
        standardize(np.zeros((0, 2)))
