"""Exercises of notebook 08: compile and fit, opened up."""
import numpy as np

import minigrad as mg

from ..checking import NotDone, Wrong, array, exercise, number, same
from ..drawing import made, normal, one_of, whole
from ..watching import uses_generator

exercise(
    "08.count_weights", "(inputs + 1) × outputs for each layer, added up",
    "there are three layers. Between which sizes does each go?",
    "a layer has inputs × outputs weights, and a bias for each output.",
    "inputs → hidden → hidden → classes: three products and three rows of biases.",
).equals(lambda inputs, hidden, classes: (inputs + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * classes,
         "the number",
         dict(inputs=whole(1, 100), hidden=whole(1, 100), classes=whole(1, 100)), [
    (lambda inputs, hidden, classes: inputs * hidden + hidden * hidden + hidden * classes, "The biases are missing."),
    (lambda inputs, hidden, classes: (inputs + 1) * hidden + (hidden + 1) * classes, "A layer is missing."),
    (lambda inputs, hidden, classes: (inputs + 1) * hidden + (hidden + 1) * hidden + hidden * classes,
     "The last layer has biases, too.")])

# -- a step of training ----------------------------------------------------------------------------------------------
step = exercise(
    "08.train_step", "forward, loss, backward, update",
    "four things in this order: what the network says, how wrong that is, the slopes, the step.",
    "mg.softmax_cross_entropy(logits, labels) gives a loss for each row: take the mean, then .backward() on that.",
    "after backward each weight of model.trainable_weights has its .grad; optimizer.apply_gradients takes pairs "
    "(gradient, weight). A tensor's .item() is its number.", edits=True)


def _model(seed, rows):
    """A small network that nothing has been computed with, and a batch for it."""
    rng = np.random.default_rng(seed)
    model = mg.keras.Sequential([mg.keras.layers.Dense(4, activation="relu"), mg.keras.layers.Dense(3)])
    model.build((None, 5))
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    labels = np.eye(3, dtype=np.float32)[rng.integers(0, 3, rows)]
    return model, rng.normal(size=(rows, 5)).astype(np.float32), labels


@step.property(examples=8, seed=whole(0, 999), rows=whole(2, 6), rate=one_of(0.5, 0.1))
def one_step_down_the_mean_loss(answer, seed, rows, rate):
    """Two steps, so that gradients left over from the first would show; the right ones are taken on another network."""
    model, x, labels = _model(seed, rows)
    twin, _, _ = _model(seed, rows)
    optimizer = mg.keras.optimizers.SGD(rate)
    for number_of_step in ("first", "second"):
        before = model.get_weights()
        twin.set_weights(before)
        loss = mg.softmax_cross_entropy(twin(x), labels).mean()
        loss.backward()
        expected = [w.grad.numpy() for w in twin.trainable_weights]
        got = answer(model, optimizer, x.copy(), labels.copy())
        moves = [(a - b) / rate for a, b in zip(before, model.get_weights())]
        if not any(m.any() for m in moves):
            if got is None or got is ...:
                raise NotDone
            raise Wrong("the weights have not changed: apply the gradients with optimizer.apply_gradients.")
        for place, (move, right) in enumerate(zip(moves, expected)):
            if not np.allclose(move, right, rtol=1e-2, atol=1e-3):
                why = "The mean over the batch, not the sum?" if np.allclose(move, rows * right, rtol=1e-2,
                                                                             atol=1e-3) else \
                    "It goes uphill." if np.allclose(move, -right, rtol=1e-2, atol=1e-3) else \
                    "It has not moved." if not move.any() else ""
                raise Wrong(f"in the {number_of_step} step weight array {place} of {len(moves)} did not move by the "
                            "rate times "
                            "the gradient of the mean loss.", why)
        if isinstance(got, mg.Tensor) or got is None:
            raise Wrong("return the loss as a number: loss.item().")
        same(number(got, "the loss"), loss.item(), "the returned loss (that before the step)", 1e-4)


@step.property
def with_the_optimizer_it_is_given(answer):
    model, x, labels = _model(0, 4)
    optimizer, twin = mg.keras.optimizers.Adam(0.1), _model(0, 4)[0]
    twin.compile(optimizer=mg.keras.optimizers.Adam(0.1),
                 loss=mg.keras.losses.CategoricalCrossentropy(from_logits=True))
    for _ in range(3):
        answer(model, optimizer, x.copy(), labels.copy())
        twin.train_on_batch(x, labels)
    if not all(np.allclose(a, b, atol=1e-3) for a, b in zip(model.get_weights(), twin.get_weights())):
        raise Wrong("three steps with Adam end elsewhere than fit does: let the optimizer that is given make the step.")


# -- dropout ---------------------------------------------------------------------------------------------------------
drop = exercise(
    "08.dropout", "0 with probability rate, else divided by 1 - rate",
    "each number of h has its own draw: rng.random(h.shape) gives as many, evenly between 0 and 1.",
    "a number is kept where its draw is at least `rate`. What becomes of the others?",
    "so that the mean of the result stays that of h, what is kept must grow: only a share 1 - rate of it is left.")


@drop.property(examples=20, h=made(lambda rng, m, n: normal(rng, m, n) + 0.05, m=one_of(60, 150), n=one_of(80, 200)),
               rate=one_of(0.2, 0.4, 0.7), seed=whole(0, 99))
def kept_or_not(answer, h, rate, seed):
    got = array(answer(h, rate, np.random.default_rng(seed)), "the result", h.shape)
    zero = got == 0
    room = 5 * np.sqrt(rate * (1 - rate))
    if abs(zero.mean() - rate) > room / np.sqrt(h.size):
        raise Wrong(f"a share of {zero.mean():.3f} became 0, expected {rate}.",
                    "That is the share to be kept." if abs(zero.mean() - (1 - rate)) < 0.02 else "")
    for axis, name in ((1, "row"), (0, "column")):
        if np.abs(zero.mean(axis=axis) - rate).max() > room / np.sqrt(h.shape[axis]) + 1e-9:
            raise Wrong(f"some {name}s lose far more than others: each number has its own draw, rng.random(h.shape).")
        if (zero == zero.take([0], axis=1 - axis)).all():
            raise Wrong(f"every {name} loses the same places: each number has its own draw, rng.random(h.shape).")
    expected = np.where(zero, 0, h / (1 - rate))
    same(got, expected, "what was kept", guesses=[
        (np.where(zero, 0, h), "Divide by 1 - rate, so that the mean stays."),
        (np.where(zero, 0, h / rate), "A share 1 - rate is kept: divide by that."),
        (np.where(zero, 0, h * (1 - rate)), "Divide by 1 - rate: what is left must grow.")])


@drop.property
def from_the_generator(answer):
    uses_generator(answer, np.ones((5, 6)), 0.5)
    h = np.arange(1.0, 7)
    same(answer(h, 0.0, np.random.default_rng(0)), h, "with rate 0 the result")


# -- an interval -----------------------------------------------------------------------------------------------------
exercise(
    "08.interval", "p ± 2 √(p (1 - p) / n)",
    "each of n digits is right or wrong. How much does the share of right ones vary from one set of n digits to "
    "another?",
    "the variance of one draw that is 1 with probability p is p (1 - p); that of a mean of n draws is n times smaller.",
    "the standard error is the root of that; the interval goes two of them to either side.",
).equals(lambda p, n: (p - 2 * np.sqrt(p * (1 - p) / n), p + 2 * np.sqrt(p * (1 - p) / n)), ("low", "high"),
         dict(p=one_of(0.0, 0.3, 0.5, 0.8, 0.97, 1.0), n=whole(10, 1000)), [
    (lambda p, n: (p - np.sqrt(p * (1 - p) / n), p + np.sqrt(p * (1 - p) / n)), "Two standard errors to either side."),
    (lambda p, n: (p - 2 * p * (1 - p) / n, p + 2 * p * (1 - p) / n), "The root is missing."),
    (lambda p, n: (p - 2 * np.sqrt(p * (1 - p)), p + 2 * np.sqrt(p * (1 - p))),
     "That is the spread of one; a mean of n varies less."),
    (lambda p, n: (p - 2 * np.sqrt(p * (1 - p)) / n, p + 2 * np.sqrt(p * (1 - p)) / n),
     "n stands under the root, too."),
    (lambda p, n: (p + 2 * np.sqrt(p * (1 - p) / n), p - 2 * np.sqrt(p * (1 - p) / n)), "The lower end comes first.")])
