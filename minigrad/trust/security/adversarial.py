"""Training on the worst inputs near the real ones."""
from ...engine.tensor import Tensor
from ...keras.models import Model


class AdversarialTraining(Model):
    """min over weights of E max over ‖d‖ ≤ ε of loss(f(x + d), y): each step first attacks, then learns.

        robust = AdversarialTraining(model, lambda m, x, y: pgd(m, x, y, epsilon=0.1, steps=7))
        robust.compile("adam", SparseCategoricalCrossentropy(from_logits=True))
        robust.fit(x, y)                    # trains `model` itself

    The gradient at the attacked point is that of the inner maximum (Danskin's theorem), as far as the attack finds it.
    A step costs as much as the attack's passes and its own.                                       (Madry et al. 2018)

    attack      attack(model, x, y) -> changed x, arrays; evaluate and predict see the inputs as they are
    """

    def __init__(self, model, attack, **kwargs):
        super().__init__(**kwargs)
        self.model, self.attack = model, attack

    def call(self, x):
        return self.model(x)

    def train_step(self, x, y, sample_weight=None):
        if not self.built:
            self(x)                         # the attack needs the weights
        worst = self.attack(self.model, x._data, y._data)
        return super().train_step(Tensor(worst), y, sample_weight)
