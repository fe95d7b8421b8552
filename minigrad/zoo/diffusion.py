"""Images from noise: a diffusion model, which learns to undo a little noise at a time.

An image x is mixed with noise ε ~ N(0, 1), more and more of it as the time t goes from 0 to 1; the two parts are the
sides of a right triangle, so that the variance stays 1 if the images have variance 1:

    x_t = α x + σ ε,    α = cos(π t / 2),  σ = sin(π t / 2)             the cosine schedule (Nichol & Dhariwal 2021)

The network sees x_t and t, and is asked for the direction in which x_t moves as t grows,

    v = α ε - σ x,      from which     x = α x_t - σ v,   ε = σ x_t + α v           (Salimans & Ho 2022)

At t near 0 that is to ask for the noise, near 1 for the image: a sensible question at every t.  Its best answer is a
mean over all images that x_t may have come from.  To make an image, begin with noise at t = 1 and go back in steps:
from the network's x and ε, mix x_s for an s a little smaller than t.  (DDIM: Song et al. 2021)

    model = UNet()
    train(model, images, labels, epochs=30)                             # images (n, 8, 8, 1), from -1 to 1
    sample(model, labels=np.arange(10))                                 # (10, 8, 8, 1)

Larger images are taken apart first: `space_to_depth`.  `minigrad train diffusion` does all of it.

Shapes: B images (H, W, channels) in a batch; C features.
"""
import math

import numpy as np

import minigrad as mg

from ..data.loading import DataLoader
from ..engine import backend
from ..keras.layers import Conv2D, Dense, Embedding, Flatten, GroupNormalization, TimeEmbedding, UpSampling2D
from ..keras.layers.base import Layer
from ..keras.losses import SparseCategoricalCrossentropy
from ..keras.models import Model, Sequential
from ..keras.optimizers import Adam, AdamW
from ..keras.optimizers.schedules import CosineDecay
from ..support.arguments import number, share, whole


# -- noise -----------------------------------------------------------------------------------------------------------
def mix(t):
    """(α, σ) at times t (B,), with axes for images: (B, 1, 1, 1) float32 each; α² + σ² = 1."""
    angle = np.asarray(t, np.float64)[:, None, None, None] * (math.pi / 2)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


class Noised(DataLoader):
    """Batches ({"x": x_t, "t": t, "y": labels}, v): images mixed with noise, at times that are spread over [0, 1].

    unlabelled      the part of the labels that is hidden, by the label `classes`: so the network learns, beside the
                    images of each class, images as such, which guidance needs.  (Ho & Salimans 2022)
    The times of a batch are (u + i / B) mod 1 for one random u: as random as others, and more even.
    """

    def __init__(self, images, labels, classes=10, unlabelled=0.15, **kwargs):
        super().__init__(np.asarray(images, np.float32), np.asarray(labels), **kwargs)
        self.classes, self.unlabelled = classes, share("Noised: unlabelled", unlabelled, one=True)

    def _take(self, order, number):
        x, y = super()._take(order, number)
        rng = np.random.default_rng([self.seed, self.epoch, number])
        t = rng.permutation((rng.random() + np.arange(len(x)) / len(x)) % 1)
        noise = rng.standard_normal(x.shape, np.float32)
        alpha, sigma = mix(t)
        y = np.where(rng.random(len(y)) < self.unlabelled, self.classes, y)
        return {"x": alpha * x + sigma * noise, "t": t.astype(np.float32), "y": y}, alpha * noise - sigma * x


# -- the network -----------------------------------------------------------------------------------------------------
class ResidualBlock(Layer):
    """x + conv(silu(norm(conv(silu(norm x)) + a vector for time and class))): (B, H, W, m) to (B, H, W, C)."""

    def __init__(self, features, **kwargs):
        super().__init__(**kwargs)
        self.norm1, self.norm2 = GroupNormalization(8, epsilon=1e-5), GroupNormalization(8, epsilon=1e-5)
        self.conv1 = Conv2D(features, 3, padding="same")
        self.conv2 = Conv2D(features, 3, padding="same", kernel_initializer="zeros")    # at first it adds nothing
        self.condition = Dense(features)
        self.skip, self.width = Dense(features, use_bias=False), features

    def call(self, x, condition):
        h = self.conv1(mg.silu(self.norm1(x)))                              # (B, H, W, C)
        h = h + self.condition(condition).reshape(len(x), 1, 1, self.width)
        h = self.conv2(mg.silu(self.norm2(h)))
        return h + (x if x.shape[-1] == self.width else self.skip(x))


class UNet(Model):
    """v for {"x": x_t (B, H, W, channels), "t": (B,), "y": labels (B,)}: down to half the size and up again.

    The small image lets far places talk to each other; what was seen before the way down is handed across to the way
    up, so that nothing fine is lost.  (Ronneberger et al. 2015; Ho et al. 2020)
    H and W are even.  `classes` itself is the label for "any class".
    """

    def __init__(self, channels=1, width=32, classes=10, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.time, self.time_dense = TimeEmbedding(width, scale=1000.0), Dense(2 * width, activation="silu")
        self.class_embedding = Embedding(classes + 1, 2 * width)
        self.first = Conv2D(width, 3, padding="same")
        self.fine = ResidualBlock(width)
        self.down = Conv2D(2 * width, 3, strides=2, padding="same")
        self.coarse = [ResidualBlock(2 * width) for _ in range(2)]
        self.up = UpSampling2D()
        self.last = ResidualBlock(width)
        self.norm, self.out = GroupNormalization(8, epsilon=1e-5), Conv2D(channels, 3, padding="same")

    def call(self, inputs):
        x, t, y = inputs["x"], inputs["t"], inputs["y"]
        if x.ndim != 4 or x.shape[1] % 2 or x.shape[2] % 2:
            raise ValueError(f"UNet: images must be (B, H, W, channels) with even H and W, not {x.shape}")
        condition = mg.silu(self.time_dense(self.time(t)) + self.class_embedding(y))            # (B, 2C)
        fine = self.fine(self.first(x), condition)                                      # (B, H, W, C)
        h = self.down(fine)                                                             # (B, H/2, W/2, 2C)
        for block in self.coarse:
            h = block(h, condition)
        h = self.last(mg.concatenate([self.up(h), fine], axis=-1), condition)           # (B, H, W, 3C) to (B, H, W, C)
        return self.out(mg.silu(self.norm(h)))


def train(model, images, labels, epochs, batch_size=64, learning_rate=2e-3, seed=0, **fit):
    """Train with AdamW, its rate lowered along a half cosine, and averaged weights at the end; fit's `History`.

    images (n, H, W, channels) from -1 to 1, labels (n,).  What else is given goes to `fit`.
    """
    loader = Noised(images, labels, model.classes, batch_size=batch_size, seed=seed)
    steps = whole("train: epochs", epochs) * len(loader)
    rate = CosineDecay(0.0, steps, 0.05, warmup_target=learning_rate, warmup_steps=min(50, steps // 10))
    momentum = 1 - 1 / max(min(steps // 10, 500), 2)            # an average over the last tenth
    model.compile(AdamW(rate, weight_decay=0.01, exclude="vectors", global_clipnorm=1.0,
                        use_ema=True, ema_momentum=momentum), "mse")
    return model.fit(loader, epochs=epochs, **fit)


def space_to_depth(images, n=2):
    """Each square of n × n pixels becomes one pixel with n² times the channels: (B, H, W, C) to (B, H/n, W/n, n² C).

    Nothing is lost, and the network has n² times fewer places to look at: 28 × 28 pixels cost it what 14 × 14 do.
    (Shi et al. 2016, the other way)  H and W are multiples of n.
    """
    b, h, w, c = _four("space_to_depth", images)
    if n < 1 or h % n or w % n:
        raise ValueError(f"space_to_depth: {h} x {w} pixels don't divide into squares of {n} x {n}")
    return images.reshape(b, h // n, n, w // n, n, c).swapaxes(2, 3).reshape(b, h // n, w // n, n * n * c)


def depth_to_space(images, n=2):
    """The way back from `space_to_depth`: (B, H, W, n² C) to (B, n H, n W, C)."""
    b, h, w, c = _four("depth_to_space", images)
    if n < 1 or c % (n * n):
        raise ValueError(f"depth_to_space: {c} channels don't make squares of {n} x {n} pixels")
    return images.reshape(b, h, w, n, n, c // (n * n)).swapaxes(2, 3).reshape(b, h * n, w * n, c // (n * n))


def _four(who, images):
    if images.ndim != 4:
        raise ValueError(f"{who}: images must be (B, H, W, C), not {images.shape}")
    return images.shape


# -- making images ---------------------------------------------------------------------------------------------------
def sample(model, labels, shape=(8, 8, 1), steps=25, guidance=1.0, seed=0, watch=None):
    """Images (n, *shape) of these classes (n,), from noise, in so many steps.

    guidance    w: v = v(any) + w (v(class) - v(any)).  1 takes the class as it is; more goes further, towards images
                that are clearly of their class, and all alike
    watch       called as watch(t, x_t, x) at each step, with the network's guess x at the image
    """
    labels, rng = np.asarray(labels), np.random.default_rng(seed)
    steps, guidance = whole("sample: steps", steps), number("sample: guidance", guidance)
    if labels.ndim != 1:
        raise ValueError(f"sample: labels must be (n,), not {labels.shape}")
    x = rng.standard_normal((len(labels), *shape), np.float32)                          # t = 1: noise alone
    for t, s in zip(np.arange(steps, 0, -1) / steps, np.arange(steps - 1, -1, -1) / steps):
        (alpha, sigma), (alpha_s, sigma_s) = mix(np.array([t])), mix(np.array([s]))
        v = velocity(model, x, t, labels, guidance)
        image, noise = alpha * x - sigma * v, sigma * x + alpha * v
        if watch:
            watch(t, x, image)
        x = alpha_s * image + sigma_s * noise
    return x.clip(-1, 1)


def velocity(model, x, t, labels, guidance=1.0):
    """v at time t for images x_t and their labels, as an array; with guidance other than 1 two passes in one."""
    def passed(x, labels):
        with mg.no_grad():
            times = np.full(len(x), t, np.float32)
            return backend.to_numpy(model({"x": x, "t": times, "y": labels})._data)
    if guidance == 1:
        return passed(x, labels)
    of_class, of_any = np.split(passed(np.concatenate([x, x]),
                                       np.concatenate([labels, np.full_like(labels, model.classes)])), 2)
    return of_any + guidance * (of_class - of_any)


# -- judging them ----------------------------------------------------------------------------------------------------
def frechet_distance(a, b):
    """How far apart two clouds of features a (n, d) and b (m, d) are, as if each were normal:

        |μ_a - μ_b|² + tr(C_a + C_b - 2 (C_a C_b)^½)

    with means μ and covariances C.  (Dowson & Landau 1982; Heusel et al. 2017, who take the features of a classifier)
    It depends on n and m: fewer images are further apart.  So compare at one size only, and with real against real.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"frechet_distance: a and b must be (n, d) and (m, d), n and m at least 2, got {a.shape} and "
                         f"{b.shape}")
    for name, features in (("a", a), ("b", b)):
        if not (fine := np.isfinite(features).all(axis=1)).all():
            raise ValueError(f"frechet_distance: {name} has nan or inf in {(~fine).sum()} of {len(fine)} rows")
    (mean_a, cov_a), (mean_b, cov_b) = ((x.mean(axis=0), np.cov(x, rowvar=False).reshape(2 * x.shape[1:]))
                                        for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T              # C_a^½
    # The eigenvalues of C_a C_b are those of root C_b root, which is symmetric.
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


class Judge:
    """A classifier that was trained on real images x (n, H, W, channels) and labels y: it says how real others look."""

    def __init__(self, x, y, seed=0, epochs=30):
        if not len(x):
            raise ValueError("Judge: there are no images to learn from")
        backend.seed(seed)
        self.model = Sequential([Flatten(), Dense(64, "relu"), Dense(32, "relu"), Dense(int(np.max(y)) + 1)])
        self.model.compile(Adam(3e-3), SparseCategoricalCrossentropy(from_logits=True))
        self.model.fit(x, y, epochs=epochs, verbose=0)

    def right(self, images, labels):
        """The part of the images in which the judge sees what was asked for: weak, for class means pass it, too."""
        return float((self.model.predict(images, verbose=0).argmax(axis=1) == labels).mean())

    def features(self, images):
        """The 32 numbers before the judge's last layer (n, 32)."""
        h = np.asarray(images, np.float32)
        with mg.no_grad():
            for layer in self.model.layers[:-1]:
                h = layer(h)
        return backend.to_numpy(h._data)

    def distance(self, a, b):
        """The Fréchet distance between the features of two sets of images."""
        return frechet_distance(self.features(a), self.features(b))


def nearest(images, others):
    """The Euclidean distance of each image to the nearest of the others, (n,): 0 is a copy."""
    a, b = np.asarray(images, np.float64), np.asarray(others, np.float64)
    if a.shape[1:] != b.shape[1:] or not len(b):
        raise ValueError(f"nearest: images {a.shape} and others {b.shape} must be of one shape, and others not none")
    a, b = a.reshape(len(a), math.prod(a.shape[1:])), b.reshape(len(b), math.prod(b.shape[1:]))
    squared = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(squared.min(axis=1).clip(0))
