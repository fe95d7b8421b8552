"""LeNet: its shapes, what shifting does to an image, and that it learns to read real digits."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import datasets
from minigrad.data.loading import split
from minigrad.zoo.lenet import LeNet, Shifted, shift, trial

SOME = np.random.default_rng(0).random((3, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def digits():
    data = datasets.load_mnist5k()
    return split(data.images[..., None], data.y, fraction=0.2, seed=0, stratify=data.y)


@pytest.fixture(scope="module")
def model():
    mg.seed(0)
    model = LeNet()
    model.build((None, 28, 28, 1))
    return model


def test_it_has_the_weights_of_the_paper_s_layers_fully_connected(model):
    assert model.count_params() == (25 + 1) * 6 + (25 * 6 + 1) * 16 + 401 * 120 + 121 * 84 + 85 * 10 == 61_706


def test_feature_maps_are_what_the_logits_are_made_of(model):
    first, second = model.feature_maps(SOME)
    assert first.shape == (3, 28, 28, 6) and second.shape == (3, 10, 10, 16)
    np.testing.assert_array_equal(model.classify(second).numpy(), model(SOME).numpy())


@pytest.mark.parametrize("i, j", [(2, 2), (13, 20), (25, 25)])
def test_a_feature_map_is_the_filter_times_the_window_at_each_place(model, i, j):
    window = SOME[1, i - 2:i + 3, j - 2:j + 3, 0]
    expected = [np.maximum((window * kernel).sum(), 0)
                for kernel in np.moveaxis(model.conv1.kernel.numpy()[:, :, 0], -1, 0)]
    np.testing.assert_allclose(model.feature_maps(SOME)[0].numpy()[1, i, j], expected, rtol=1e-5, atol=1e-6)


def test_it_is_saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "lenet")
    np.testing.assert_array_equal(LeNet.load(tmp_path / "lenet")(SOME).numpy(), model(SOME).numpy())


# -- shifting --------------------------------------------------------------------------------------------------------
@given(seed=st.integers(0, 99), rows=st.lists(st.integers(-9, 9), min_size=2, max_size=2), columns=st.integers(-9, 9),
       channels=st.sampled_from([(), (1,), (3,)]))
def test_shift_against_a_loop(seed, rows, columns, channels):
    images = np.random.default_rng(seed).random((2, 6, 5, *channels))
    expected = np.zeros_like(images)
    for b, di in enumerate(rows):
        for i in range(6):
            for j in range(5):
                if 0 <= i - di < 6 and 0 <= j - columns < 5:
                    expected[b, i, j] = images[b, i - di, j - columns]
    np.testing.assert_array_equal(shift(images, rows, [columns] * 2), expected)


def test_shifting_keeps_float32():
    assert shift(SOME, [1, 0, -1], [0, 0, 2]).dtype == np.float32


def test_batches_are_new_in_each_epoch_and_the_same_when_resumed():
    loader = Shifted(SOME, np.arange(3), batch_size=3, seed=5)
    (first, labels), (second, others) = next(iter(loader)), next(iter(loader))
    assert not np.array_equal(first[np.argsort(labels)], second[np.argsort(others)])
    again = Shifted(SOME, np.arange(3), batch_size=3, seed=5)
    again.load_state(again.state() | {"epoch": 1})
    np.testing.assert_array_equal(next(iter(again))[0], second)


def test_no_shift_leaves_the_images_as_they_are():
    x, labels = next(iter(Shifted(SOME, np.arange(3), 0, batch_size=3)))
    np.testing.assert_array_equal(x, SOME[labels])


def test_a_negative_shift_is_refused():
    with pytest.raises(ValueError, match="0 or more, not -1"):
        Shifted(SOME, np.arange(3), -1)


# -- learning --------------------------------------------------------------------------------------------------------
def test_it_reads_digits_after_three_epochs():
    accuracy = trial(0, epochs=3)
    assert accuracy > 0.9, f"seed 0: {accuracy}"


@pytest.mark.slow
def test_it_reads_97_of_100_digits_in_its_default_settings():
    accuracy = trial(0)
    assert accuracy >= 0.97, f"seed 0: {accuracy}"
