"""Plausible wrong answers to notebook 08, and a word that the reply must contain."""
import numpy as np

import minigrad as mg


def step(model, optimizer, x, labels, reduce="mean", apply=True, number=True, sign=1):
    loss = getattr(mg.softmax_cross_entropy(model(x), labels), reduce)()
    loss.backward()
    weights = model.trainable_weights
    if apply:
        optimizer.apply_gradients(zip([w.grad * sign for w in weights], weights))
    return loss.item() if number else loss


WRONG = {
    "08.count_weights": [
        (lambda i, h, c: i * h + h * h + h * c, "biases"),
        (lambda i, h, c: (i + 1) * h + (h + 1) * c, "layer is missing"),
        (lambda i, h, c: i + h + h + c, "expected"),
    ],
    "08.train_step": [
        (lambda *a: step(*a, apply=False), "not changed"),
        (lambda *a: step(*a, reduce="sum"), "not the sum"),
        (lambda *a: step(*a, number=False), "as a number"),
        (lambda *a: step(*a, sign=-1), "uphill"),
    ],
    "08.dropout": [
        (lambda h, rate, rng: h * (rng.random(h.shape) < rate) / rate, "to be kept"),
        (lambda h, rate, rng: h * (rng.random(h.shape) >= rate), "mean stays"),
        (lambda h, rate, rng: h * (rng.random() >= rate) / (1 - rate), "share"),
        (lambda h, rate, rng: h * (1 - rate), "share"),
    ],
    "08.interval": [
        (lambda p, n: (p - np.sqrt(p * (1 - p) / n), p + np.sqrt(p * (1 - p) / n)), "expected"),
        (lambda p, n: (p - 2 * p * (1 - p) / n, p + 2 * p * (1 - p) / n), "expected"),
        (lambda p, n: 2 * np.sqrt(p * (1 - p) / n), "low and high"),
    ],
}
