"""DP-SGD: training that no single example can change by much.  (Abadi et al. 2016, "Deep Learning with Differential
Privacy", algorithm 1)

    g̃ = (Σᵢ gᵢ · min(1, C / ‖gᵢ‖) + N(0, σ² C²)) / L

gᵢ is the gradient of example i's own loss, C the clipping norm, σ the noise multiplier, L the expected batch.
"""
import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...support.arguments import number, whole
from ...support.explaining import explained
from .accountant import Accountant, noise_for
from .per_example import PerExample


class DPOptimizer:
    """An optimizer that sees only clipped and noisy gradients, and keeps account of what each step costs.

        private = DPOptimizer(SGD(0.5), clip=1.0, noise=1.1, rate=256 / 60000, people=60000)
        for rows in private.batches(steps=14_000):              # Poisson sampling: each row with probability `rate`
            losses = loss(y[rows], model(x[rows]))              # (B,)
            private.step(losses, model.trainable_weights)
        private.epsilon(delta=1e-5)

    optimizer   any optimizer; what it does with g̃ costs no more privacy
    clip        C, the norm to which an example's gradient over all weights is clipped
    noise       σ, the noise multiplier; 0 only clips, and epsilon is then infinite
    rate        q, the probability of each example to be in a batch
    people      N, the number of examples; L = q N
    seed        of sampling and noise.  A seed that others know undoes the protection: for a release leave it None; and
                NumPy's generator and rounding aren't made to withstand attack (Mironov 2012, on floating-point noise)
    """

    @explained
    def __init__(self, optimizer, clip, noise, rate, people, seed=None):
        self.clip, self.noise = number("DPOptimizer: clip", clip, above=0), number("DPOptimizer: noise", noise, 0)
        self.rate, self.people = number("DPOptimizer: rate", rate, 0, 1, above=0), whole("DPOptimizer: people", people)
        self.optimizer = optimizer
        self.accountant, self.rng, self.norms = Accountant(), np.random.default_rng(seed), None

    def batches(self, steps):
        """Row numbers of `steps` batches, each row in each batch with probability `rate`, whatever else is in it."""
        for _ in range(steps):
            yield np.flatnonzero(self.rng.random(self.people) < self.rate)

    def privatize(self, losses, weights):
        """g̃ for each weight, from losses (B,): a list of arrays.  B = 0 gives noise alone."""
        weights = list(weights)
        if len(losses):
            per_example = PerExample(losses, weights)
            self.norms = per_example.norms()
            sums = per_example.total(np.minimum(1, self.clip / np.maximum(self.norms, 1e-30)))
        else:
            sums = [backend.array_module(w).zeros_like(w._data) for w in weights]
        deviation, expected = self.noise * self.clip, self.rate * self.people

        def noisy(g):
            noise = deviation * self.rng.standard_normal(g.shape)
            return (g + backend.asarray(noise, g.dtype, backend.device_of(g))) / expected
        return [noisy(g) for g in sums]

    def step(self, losses, weights):
        """One private step, and its cost noted.  losses: a Tensor (B,), one for each example of one of `batches`."""
        if not isinstance(losses, Tensor):
            raise TypeError(f"DPOptimizer.step takes the losses as a Tensor, not {type(losses).__name__}")
        weights = list(weights)
        self.optimizer.apply_gradients(zip(self.privatize(losses, weights), weights))
        self.accountant.spend(self.rate, self.noise)

    def epsilon(self, delta):
        """The ε that all steps so far have spent, at this δ."""
        return self.accountant.epsilon(delta)


@explained
def fit_private(model, loss, x, y, optimizer, clip=1.0, noise=None, epsilon=None, delta=None, batch_size=256, epochs=10,
                seed=None):
    """Train a model with DP-SGD on arrays x, y of N rows; the DPOptimizer, whose epsilon(delta) tells the cost.

    loss        a loss with reduction=None: loss(y, model(x)) is (B,)
    noise       the noise multiplier σ, or give epsilon: then the least σ that keeps to (epsilon, delta) is taken
    delta       by default 1 / (10 N)
    batch_size  L, the expected one: each step draws each row with probability L / N;  epochs · N / L steps
    """
    people = len(x)
    delta, rate = delta or 0.1 / people, min(batch_size / people, 1.0)
    steps = round(epochs / rate)
    if (noise is None) == (epsilon is None):
        raise ValueError("fit_private: give either noise or epsilon")
    if noise is None:
        noise = noise_for(epsilon, delta, rate, steps)
    private = DPOptimizer(optimizer, clip, noise, rate, people, seed)
    if not model.built:
        model.build((None, *x.shape[1:]))
    for rows in private.batches(steps):
        if len(rows):
            private.step(loss(y[rows], model(x[rows], training=True)), model.trainable_weights)
        else:                               # an empty batch is a step too: nobody may learn that it was empty
            private.step(Tensor(np.zeros(0, np.float32)), model.trainable_weights)
    return private
