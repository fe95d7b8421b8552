"""Exercises of notebook 08: compile and fit, opened up."""
import numpy as np

import minigrad as mg

from ..checking import NotDone, Wrong, call, exercise, for_all, same

count = exercise("08.count_weights", "(inputs + 1) × outputs for each layer, added up",
                 "three layers; each has inputs × outputs weights and a bias for each output.")


@count.property
def _(answer):
    from hypothesis import strategies as st
    size = st.integers(1, 100)

    def property(inputs, hidden, classes):
        right = (inputs + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * classes
        got = call(answer, inputs, hidden, classes)
        why = {right - 2 * hidden - classes: " The biases are missing.",
               right - (hidden + 1) * hidden: " A layer is missing."}
        if got != right:
            raise Wrong(f"got {got}, expected {right}.{why.get(got, '')}")
    for_all(property, inputs=size, hidden=size, classes=size)


step = exercise("08.train_step", "forward, loss, backward, update",
                "loss = mg.softmax_cross_entropy(model(x_batch), labels_batch).mean(); loss.backward(); then "
                "optimizer.apply_gradients(zip([w.grad ...], weights)); return loss.item().")


def _small_model():
    mg.seed(0)
    model = mg.keras.Sequential([mg.keras.layers.Dense(4, activation="relu"), mg.keras.layers.Dense(3)])
    x = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    model(x)
    return model, x, labels


@step.property
def _(answer):
    model, x, labels = _small_model()
    before = model.get_weights()
    loss = mg.softmax_cross_entropy(model(x), labels).mean()
    loss.backward()
    gradients = [w.grad.numpy() for w in model.trainable_weights]
    rate = 0.5
    got = answer(model, mg.keras.optimizers.SGD(rate), x, labels)
    after = model.get_weights()
    moved = any(not np.array_equal(a, b) for a, b in zip(before, after))
    if (got is None or got is ...) and not moved:
        raise NotDone
    if not moved:
        raise Wrong("the weights have not changed: apply the gradients with "
                    "optimizer.apply_gradients(zip(gradients, weights)).")
    factor = np.median(np.concatenate([((b - a) / (rate * g))[np.abs(g) > 1e-4].ravel()
                                       for a, b, g in zip(after, before, gradients)]))
    if not np.isclose(factor, 1, rtol=1e-3):
        why = " The mean over the batch, not the sum?" if np.isclose(factor, 6, rtol=1e-3) else ""
        raise Wrong(f"the weights moved by {factor:.3g} times the learning rate times "
                    f"the gradient of the mean loss.{why}")
    if got is None or isinstance(got, mg.Tensor):
        raise Wrong("return the loss as a number: loss.item().")
    same(got, loss.item(), "the returned loss", 1e-4)


dropout = exercise("08.dropout", "0 with probability rate, else divided by 1 - rate",
                   "keep = rng.random(h.shape) >= rate; the kept ones are divided by 1 - rate.")


@dropout.property
def _(answer):
    from hypothesis import strategies as st

    def property(rate, value):
        h = np.full(20_000, value)
        got = np.asarray(call(answer, h, rate, np.random.default_rng(0)))
        if got.shape != h.shape:
            raise Wrong(f"the shape is {got.shape}, expected {h.shape}.")
        zeros = (got == 0).mean()
        kept = np.unique(got[got != 0])
        if abs(zeros - rate) > 5 * np.sqrt(rate * (1 - rate) / h.size):
            swapped = " That is the share to be kept." if abs(zeros - (1 - rate)) < 0.02 else ""
            raise Wrong(f"a share of {zeros:.3f} became 0, expected {rate}.{swapped}")
        if kept.size != 1 or not np.isclose(kept[0], value / (1 - rate)):
            why = " Divide by 1 - rate, so that the mean stays." if np.allclose(kept, value) else ""
            raise Wrong(f"what was kept became {kept[0] if kept.size else 'nothing'}, "
                        f"expected {value / (1 - rate):.4g}.{why}")
    for_all(property, 20, rate=st.sampled_from([0.2, 0.4, 0.7]), value=st.sampled_from([1.0, -2.0]))


interval = exercise("08.interval", "p ± 2 √(p (1 - p) / n)",
                    "the standard error is √(p (1 - p) / n); return p minus and plus two of it.")


@interval.property
def _(answer):
    from hypothesis import strategies as st

    def property(p, n):
        error = np.sqrt(p * (1 - p) / n)
        got = call(answer, p, n)
        same(got, (p - 2 * error, p + 2 * error), "the interval")
    for_all(property, p=st.sampled_from([0.5, 0.8, 0.9, 0.97]), n=st.integers(10, 1000))
