"""Images in one go: a variational autoencoder, the rival of diffusion.  (Kingma & Welling 2014)

The encoder turns an image into a small cloud, of mean μ and deviation s in a few dimensions; the decoder turns a point
of the cloud back into the image.  The loss, in nats up to a constant, asks that the image x comes back, and that all
clouds together look like one round cloud N(0, 1), so that later a point of that can be decoded:

    |x - decoded|² / 2 noise²  +  ½ Σ (s² + μ² - 1 - ln s²)

    model = VAE()
    model.compile("adam")
    model.fit({"x": images, "y": labels}, epochs=30)                    # images (n, H, W, 1), from -1 to 1
    model.sample(np.arange(10))                                         # (10, H, W, 1)

Notebook 25 writes one out by hand, with plain arrays for the class and a loop of its own, to be read beside this.
"""
import math

import numpy as np

import minigrad as mg

from ..engine import backend
from ..keras.layers import Dense, Embedding
from ..keras.models import Model, Sequential
from ..support.arguments import number, whole


class VAE(Model):
    """Dense layers there and back; both halves are told the class.

    shape       of an image
    size        dimensions of the code
    noise       how far a pixel may be off for 1/2 nat: where larger, the code is simpler and the images softer
    """

    def __init__(self, shape=(28, 28, 1), size=16, width=256, noise=1.0, classes=10, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.size, self.classes = tuple(shape), whole("VAE: size", size), classes
        self.noise = number("VAE: noise", noise, above=0)
        self.of_class = Embedding(classes, 16)
        self.encoder = Sequential([Dense(width, "relu"), Dense(2 * size)])
        self.decoder = Sequential([Dense(width, "relu"), Dense(math.prod(self.shape), "tanh")])

    def call(self, inputs):
        """The images {"x": (B, *shape), "y": labels (B,)} there and back; the loss goes to add_loss."""
        flat, label = inputs["x"].reshape(len(inputs["x"]), -1), self.of_class(inputs["y"])
        code = self.encoder(mg.concatenate([flat, label], axis=1))
        mean, log_variance = code[:, :self.size], code[:, self.size:]                       # (B, size): μ, ln s²
        z = mean + mg.exp(log_variance / 2) * backend.normal(mean.shape, mean.dtype)
        decoded = self.decoder(mg.concatenate([z, label], axis=1))                          # (B, pixels)
        back = ((decoded - flat) ** 2).sum(axis=1) / (2 * self.noise ** 2)
        round_cloud = (mg.exp(log_variance) + mean ** 2 - 1 - log_variance).sum(axis=1) / 2
        self.add_loss((back + round_cloud).mean())
        return decoded.reshape(-1, *self.shape)

    def sample(self, labels, seed=0):
        """Images (n, *shape) of these classes (n,), each decoded from a point of N(0, 1)."""
        z = np.random.default_rng(seed).standard_normal((len(labels), self.size), np.float32)
        with mg.no_grad():
            return backend.to_numpy(self.decoder(mg.concatenate([z, self.of_class(labels)], axis=1))._data).reshape(
                -1, *self.shape)
