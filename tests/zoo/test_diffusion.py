"""Diffusion: the algebra of noise, velocity and image; the sampler against what it should reach; the measures."""
import dataclasses
import math
import re

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.commands.main import main
from minigrad.commands.train_diffusion import DATA
from minigrad.data import datasets
from minigrad.zoo import diffusion
from minigrad.zoo.diffusion import (
    Judge,
    Noised,
    UNet,
    depth_to_space,
    frechet_distance,
    mix,
    nearest,
    sample,
    space_to_depth,
    train,
)
from minigrad.zoo.vae import VAE


# -- noise -----------------------------------------------------------------------------------------------------------
@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_parts_of_image_and_noise_are_sides_of_a_right_triangle(times):
    alpha, sigma = mix(times)
    assert alpha.shape == (len(times), 1, 1, 1) and np.allclose(alpha ** 2 + sigma ** 2, 1)
    assert np.allclose(np.ravel(mix([0.0, 1.0])), [1, 0, 0, 1], atol=1e-7)


@given(seed=st.integers(0, 99), n=st.integers(1, 9))
def test_image_and_noise_come_back_from_a_batch(seed, n):
    rng = np.random.default_rng(seed)
    images, labels = rng.standard_normal((n, 4, 2, 1)).astype(np.float32), rng.integers(0, 3, n)
    loader = Noised(images, labels, classes=3, batch_size=n, seed=seed)
    inputs, v = next(iter(loader))
    alpha, sigma = mix(inputs["t"])
    image, noise = alpha * inputs["x"] - sigma * v, sigma * inputs["x"] + alpha * v
    order = [np.abs(images - x).sum(axis=(1, 2, 3)).argmin() for x in image]
    assert sorted(order) == list(range(n)) and np.allclose(image, images[order], atol=1e-5)
    assert np.allclose(alpha * image + sigma * noise, inputs["x"], atol=1e-5)
    assert all(label in (3, labels[i]) for label, i in zip(inputs["y"], order))
    assert sorted((inputs["t"] * n).astype(int).tolist()) == list(range(n))         # one time in each n-th of [0, 1]


def test_noise_and_times_are_new_in_each_epoch_and_the_same_again_from_the_seed():
    images = np.zeros((4, 2, 2, 1), np.float32)
    loader, again = (Noised(images, np.zeros(4, int), batch_size=4, seed=5) for _ in range(2))
    first, second = ([b[0]["x"] for b in loader][0] for _ in range(2))
    assert not np.allclose(first, second) and np.array_equal(first, [b[0]["x"] for b in again][0])


def test_labels_are_hidden_at_the_rate_that_is_asked_for():
    hidden = [np.mean(next(iter(Noised(np.zeros((2000, 1, 1, 1)), np.zeros(2000, int), unlabelled=part,
                                       batch_size=2000)))[0]["y"] == 10) for part in (0.0, 0.15, 1.0)]
    assert hidden == pytest.approx([0, 0.15, 1], abs=0.04) and hidden[0] == 0 and hidden[2] == 1


# -- making images ---------------------------------------------------------------------------------------------------
class Knowing:
    """The best answer where all images of a class are one: v follows from x_t, and the way back is exact."""
    classes = 2

    def __init__(self, images):
        self.images = np.concatenate([images, images.mean(axis=0, keepdims=True)])

    def __call__(self, inputs):
        alpha, sigma = mix(inputs["t"])
        image = self.images[inputs["y"]]
        noise = (inputs["x"] - alpha * image) / sigma
        return mg.tensor(alpha * noise - sigma * image)


@given(seed=st.integers(0, 99), steps=st.integers(1, 9))
def test_the_sampler_goes_back_to_what_the_model_knows(seed, steps):
    images = np.random.default_rng(seed).uniform(-1, 1, (2, 4, 4, 1)).astype(np.float32)
    labels = np.array([0, 1, 1])
    assert np.allclose(sample(Knowing(images), labels, (4, 4, 1), steps, seed=seed), images[labels], atol=1e-4)


def test_guidance_goes_from_any_class_through_the_class_and_beyond():
    images = np.array([-0.4, 0.2], np.float32).reshape(2, 1, 1, 1) * np.ones((1, 2, 2, 1), np.float32)
    for w, expected in ((0, -0.1), (1, 0.2), (2, 0.5)):
        assert np.allclose(sample(Knowing(images), [1], (2, 2, 1), 4, guidance=w), expected, atol=1e-5), w
    seen = []
    sample(Knowing(images), [1], (2, 2, 1), 4, watch=lambda t, x, image: seen.append((t, image)))
    assert [t for t, _ in seen] == [1, 0.75, 0.5, 0.25] and np.allclose(seen[0][1], 0.2, atol=1e-5)


def test_the_way_back_tends_to_the_true_flow_as_steps_grow():
    """Of normal data N(0, s²) the best v is linear in x_t and the flow takes x_1 to s x_1; the steps' error shrinks."""
    s = 0.5

    class Normal:
        classes = 1

        def __call__(self, inputs):
            alpha, sigma = mix(inputs["t"])
            x = inputs["x"]
            return mg.tensor(x * alpha * sigma * (1 - s * s) / (alpha ** 2 * s * s + sigma ** 2))
    start = np.random.default_rng(3).standard_normal((1, 2, 2, 1), np.float32)
    errors = [np.abs(sample(Normal(), [0], (2, 2, 1), steps, seed=3) - (s * start).clip(-1, 1)).max()
              for steps in (4, 16, 64)]
    assert errors[1] < errors[0] / 2 and errors[2] < errors[1] / 2, errors


# -- the network -----------------------------------------------------------------------------------------------------
def test_shapes_and_that_it_sees_image_time_and_class():
    mg.seed(0)
    model, rng = UNet(channels=2, width=8, classes=3), np.random.default_rng(0)
    inputs = {"x": rng.standard_normal((3, 4, 6, 2)).astype(np.float32), "t": np.float32([0.1, 0.5, 0.9]),
              "y": np.array([0, 2, 3])}
    y = model(inputs).numpy()
    assert y.shape == (3, 4, 6, 2) and y.dtype == np.float32
    for w in model.weights:                         # the last convolutions begin at zero; let all matter
        w._data = w._data + 0.1 * rng.standard_normal(w.shape).astype(np.float32)
    y = model(inputs).numpy()
    for name, other in (("t", inputs["t"] + 0.05), ("y", np.array([1, 2, 3])), ("x", inputs["x"] + 0.1)):
        changed = np.abs(model(inputs | {name: other}).numpy() - y).max(axis=(1, 2, 3)) > 1e-4
        assert changed.tolist() == ([True, False, False] if name == "y" else [True] * 3), name


def test_it_learns_two_images_is_saved_and_loaded(tmp_path):
    images = np.stack([np.full((4, 4, 1), -0.6), np.full((4, 4, 1), 0.7)]).astype(np.float32)
    labels = np.arange(64) % 2
    mg.seed(0)
    model = UNet(width=8, classes=2)
    history = train(model, images[labels], labels, epochs=200, batch_size=32, learning_rate=1e-2, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    made = sample(model, [0, 1], (4, 4, 1), steps=10)
    assert np.abs(made[0].mean() + 0.6) < 0.25 and np.abs(made[1].mean() - 0.7) < 0.25, made.mean(axis=(1, 2, 3))
    model.save(tmp_path / "model")
    again = mg.models.load_model(tmp_path / "model")
    assert np.array_equal(sample(again, [0, 1], (4, 4, 1), steps=3), sample(model, [0, 1], (4, 4, 1), steps=3))


@given(n=st.integers(1, 3), h=st.integers(1, 3), w=st.integers(1, 3), c=st.integers(1, 2))
def test_pixels_become_channels_and_come_back(n, h, w, c):
    images = np.arange(2 * h * n * w * n * c).reshape(2, h * n, w * n, c)
    small = space_to_depth(images, n)
    assert small.shape == (2, h, w, n * n * c) and np.array_equal(depth_to_space(small, n), images)
    for i, j in np.ndindex(h, w):                                   # a pixel holds its square, row by row
        square = images[:, n * i:n * (i + 1), n * j:n * (j + 1)]
        assert np.array_equal(small[:, i, j], square.reshape(2, -1))


def test_an_autoencoder_learns_two_images_is_saved_and_loaded(tmp_path):
    images = np.stack([np.full((4, 4, 1), -0.6), np.full((4, 4, 1), 0.7)]).astype(np.float32)
    labels = np.arange(64) % 2
    mg.seed(0)
    model = VAE((4, 4, 1), size=2, width=16, classes=2)
    model.compile(mg.keras.optimizers.Adam(1e-2))
    history = model.fit({"x": images[labels], "y": labels}, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.3 < history[0]                           # the images are known by their labels: no nats left
    made = model.sample([0, 1])
    assert np.abs(made[0] + 0.6).max() < 0.25 and np.abs(made[1] - 0.7).max() < 0.25
    model.save(tmp_path / "model")
    assert np.array_equal(mg.models.load_model(tmp_path / "model").sample([0, 1]), made)


# -- judging ---------------------------------------------------------------------------------------------------------
@given(seed=st.integers(0, 99), size=st.integers(1, 5))
def test_frechet_distance(seed, size):
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal((40, size)) @ rng.standard_normal((size, size)) + rng.standard_normal(size)
            for _ in range(2))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-7)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6, abs=1e-8)
    assert frechet_distance(a, a + 2) == pytest.approx(4 * size, abs=1e-6)          # moved: |μ - μ'|² alone
    a = a[:, :1]
    b = b[:, :1]                                                                     # one axis: (μ - μ')² + (s - s')²
    assert frechet_distance(np.hstack([a, 0 * a]), np.hstack([b, 0 * b])) == pytest.approx(
        (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2)


def test_frechet_distance_against_the_root_of_the_product():
    linalg = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((50, 6)) @ rng.standard_normal((6, 6)) for _ in range(2))
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)
    assert frechet_distance(a, b) == pytest.approx(expected)


@given(seed=st.integers(0, 99), n=st.integers(1, 5), m=st.integers(1, 5))
def test_nearest_against_a_loop(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, 2, 3)), rng.standard_normal((m, 2, 3))
    assert np.allclose(nearest(a, b), [min(np.linalg.norm(x - y) for y in b) for x in a])
    assert np.allclose(nearest(a, np.concatenate([b, a])), 0, atol=1e-6)


def test_the_judge_is_fooled_by_means_and_its_distance_is_not():
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = (0.3 * rng.standard_normal((300, 4, 4, 1)) + np.eye(16)[4 * y].reshape(-1, 4, 4, 1)).astype(np.float32)
    judge, means = Judge(x[:200], y[:200], epochs=10), np.stack([x[y == k].mean(axis=0) for k in range(3)])
    assert judge.right(x[200:], y[200:]) > 0.8 and judge.right(means[y], y) == 1
    assert judge.features(x).shape == (300, 32)
    assert judge.distance(x[:100], x[200:]) < 0.2 * judge.distance(means[y], x[200:])


@pytest.mark.parametrize("call, words", [
    (lambda: space_to_depth(np.ones((1, 5, 4, 1))), "5 x 4 pixels"),
    (lambda: depth_to_space(np.ones((1, 5, 4, 3))), "3 channels"),
    (lambda: space_to_depth(np.ones((4, 4))), r"\(B, H, W, C\), not \(4, 4\)"),
    (lambda: VAE(noise=0), "noise"), (lambda: VAE(size=0), "size"),
    (lambda: frechet_distance(np.ones((3, 2)), np.ones((3, 4))), r"got \(3, 2\) and \(3, 4\)"),
    (lambda: frechet_distance(np.ones(3), np.ones(3)), "must be"), (lambda: sample(None, [0], steps=0), "at least 1"),
    (lambda: sample(None, [0], guidance=math.nan), "guidance must be"),
    (lambda: sample(None, 3), r"labels must be \(n,"),
    (lambda: sample(UNet(width=8), [0], shape=(8, 7, 1)), r"even H and W, not \(1, 8, 7, 1\)"),
    (lambda: nearest(np.ones((2, 4)), np.ones((0, 4))), "others not none"),
    (lambda: nearest(np.ones((2, 4)), np.ones((2, 5))), "of one shape"),
    (lambda: Judge(np.ones((0, 4)), []), "no images"),
    (lambda: Noised(np.ones((2, 2)), [0, 1], unlabelled=1.5), "unlabelled")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# -- the command -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("data", ["digits", pytest.param("mnist", marks=pytest.mark.slow)])
def test_the_command_writes_a_model_and_a_picture_and_prints_a_table(data, tmp_path, monkeypatch, capsys):
    whole = getattr(datasets, DATA[data])()
    few = np.concatenate([np.flatnonzero(whole.y == k)[:5] for k in range(10)])
    monkeypatch.setattr(datasets, DATA[data], lambda: dataclasses.replace(whole, x=whole.x[few], y=whole.y[few]))
    assert main(["train", "diffusion", "--data", data, "--epochs", "1", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    figures = dict(re.findall(r"^(the mean of each class|autoencoder|diffusion) +(\S+) +\S+ +\S+$", said, re.M))
    assert len(figures) == 3 and all(0 <= float(share) <= 1 for share in figures.values()), said
    assert (tmp_path / "samples.png").read_bytes()[:4] == b"\x89PNG"
    side = 8 if data == "digits" else 14
    model = mg.models.load_model(tmp_path / "model")
    assert sample(model, [3], (side, side, 1 if data == "digits" else 4), steps=1).shape[1:3] == (side, side)


@pytest.mark.parametrize("network", ["autoencoder", "model"])
def test_what_was_trained_until_ctrl_c_is_kept(network, tmp_path, monkeypatch, capsys):
    def in_the_middle(*arguments, **options):
        if network == "autoencoder":
            vae_fit(*arguments, **options)
        else:
            model, images, labels, _ = arguments
            sample(model, labels[:2], images.shape[1:], steps=1)
        raise KeyboardInterrupt
    whole, vae_fit = datasets.load_digits(), VAE.fit
    few = np.concatenate([np.flatnonzero(whole.y == k)[:5] for k in range(10)])
    monkeypatch.setattr(datasets, "load_digits", lambda: dataclasses.replace(whole, x=whole.x[few], y=whole.y[few]))
    monkeypatch.setattr(*((VAE, "fit") if network == "autoencoder" else (diffusion, "train")), in_the_middle)
    assert main(["train", "diffusion", "--epochs", "1", "--out", str(tmp_path)]) == 130
    assert f"what was trained is saved to {tmp_path / network}" in capsys.readouterr().out
    assert mg.models.load_model(tmp_path / "autoencoder").sample(np.array([3])).shape == (1, 8, 8, 1)
    if network == "model":
        assert sample(mg.models.load_model(tmp_path / "model"), [3], steps=1).shape == (1, 8, 8, 1)


def test_features_that_are_no_numbers():
    features = np.random.default_rng(0).standard_normal((5, 3))
    features[1, 2] = np.nan
    with pytest.raises(ValueError, match="frechet_distance: b has nan or inf in 1 of 5 rows"):
        diffusion.frechet_distance(np.ones((5, 3)), features)
