"""Wrong answers that slipped through earlier checks, of kinds that recur, and a word that the reply must contain."""
import time

import numpy as np

import minigrad as mg


def no_backward(model, optimizer, x, labels):
    loss = mg.softmax_cross_entropy(model(x), labels).mean()
    weights = [w for w in model.trainable_weights if w.grad is not None]
    optimizer.apply_gradients(zip([w.grad for w in weights], weights))
    return loss.item()


def one_layer(model, optimizer, x, labels):
    loss = mg.softmax_cross_entropy(model(x), labels).mean()
    loss.backward()
    weights = model.trainable_weights[:2]
    optimizer.apply_gradients(zip([w.grad for w in weights], weights))
    return loss.item()


def adding_up(model, optimizer, x, labels, kept=None):
    """Gradients of all steps so far."""
    loss = mg.softmax_cross_entropy(model(x), labels).mean()
    loss.backward()
    weights = model.trainable_weights
    before = getattr(model, "_kept", [0] * len(weights))
    model._kept = [k + w.grad.numpy() for k, w in zip(before, weights)]
    optimizer.apply_gradients(zip(map(mg.tensor, model._kept), weights))
    return loss.item()


def destroying(g, table, indices):
    table[...] = 0
    np.add.at(table, indices, g)
    return table


def error(f, rule, x, rng, h=1e-5, summary=np.max):
    g = rng.normal(size=f(x).shape)
    measured = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        measured[i] = ((f(x + step) - f(x - step)) * g).sum() / (2 * h)
    return summary(np.abs(rule(g, x) - measured))


def rmsprop(g, s, rate=0.05, rho=0.9, epsilon=1e-7):
    s = 0.9 * s + 0.1 * g ** 2
    return -0.05 * g / (np.sqrt(s) + 1e-7), s


def rmsprop_without_epsilon(g, s, rate=0.05, rho=0.9, epsilon=1e-7):
    s = rho * s + (1 - rho) * g ** 2
    return -rate * g / np.sqrt(s + 1e-30), s


def adam(g, m, v, t, rate=0.05, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return -0.05 * m / (1 - 0.9 ** t) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-7), m, v


def clipped(g, C):
    return g * np.minimum(1, C / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-12))


def one_mask(h, rate, rng):
    return h * (rng.random(h.shape[-1]) >= rate) / (1 - rate)


def by_text(pieces, pair):
    text = "\0".join(pieces).replace("\0".join(pair), "".join(pair))
    return text.split("\0") if pieces else []


def through_two_points(x, y):
    b = -np.log(y[-1] / y[0]) / np.log(x[-1] / x[0])
    return y[0] * x[0] ** b, b


def naive(z, labels):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    p[np.arange(len(z)), labels] -= 1
    return p / len(z)


def absolute(score, X, y, column, rng):
    shuffled = X.copy()
    shuffled[:, column] = rng.permutation(X[:, column])
    return abs(score(X, y) - score(shuffled, y))


def oldest_first(result):
    listed = []

    def visit(value):
        if value not in listed:
            for parent in value.parents:
                visit(parent)
            listed.append(value)
    visit(result)
    for value in listed:
        value.grad = 0.0
    result.grad = 1.0
    for value in listed:
        for parent, local in zip(value.parents, value.slopes):
            parent.grad += value.grad * local
    return listed


def hundred_draws(statistic, values, draws, rng):
    results = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(100)]
    return tuple(np.percentile(results, [2.5, 97.5]))


def softmax_down(g, y, x):
    return y * (g - (g * y).sum(axis=0, keepdims=True))


WRONG = [
    ("08.train_step", no_backward, "no variable has a gradient"), ("08.train_step", one_layer, "weight array 2"),
    ("08.train_step", adding_up, "second step"),
    ("03.lookup_vjp", destroying, "changed `table`"),
    ("04.largest_error", lambda *a: error(*a, summary=np.mean), "the mean"),
    ("04.largest_error", lambda *a: error(*a, summary=np.linalg.norm), ""),
    ("04.largest_error", lambda *a: error(*a, summary=np.min), "the smallest"),
    ("07.rmsprop", rmsprop, "influence"), ("07.rmsprop", rmsprop_without_epsilon, "epsilon"),
    ("07.adam", adam, "influence"),
    ("20.privatize", lambda g, C, sigma, L, rng: (clipped(g, C).sum(axis=0) + sigma * C * rng.standard_normal()) / L,
     "one number for each"),
    ("20.privatize", lambda g, C, sigma, L, rng: (clipped(g, C).sum(axis=0)
                                                  + C / sigma * rng.standard_normal(g.shape[1])) / L
     if sigma else clipped(g, C).sum(axis=0) / L, "spread of the noise"),
    ("21.may_load", lambda names: all(n.startswith(("numpy.ndarray", "numpy.dtype", "numpy._core.multiarray._rec"))
                                      for n in names), "begins like"),
    ("08.dropout", one_mask, "same places"), ("13.merge", by_text, ""),
    ("17.fit_power_law", through_two_points, "first and"),
    ("18.importance", absolute, "sign is wrong"), ("06.cross_entropy_slope", naive, "overflowed"),
    ("00.cube", lambda x: time.sleep(60), "had not come back"), ("03.softmax_vjp", softmax_down, "down the columns"),
    ("01.backward", oldest_first, "oldest to the newest"), ("15.bootstrap", hundred_draws, "draws"),
    ("22.efficiency", lambda t1, tn, n: t1 / ((n - 1) * tn) if n > 1 else 1.0, ""),
    ("22.merge", lambda gradients, rows: sum(n * g for n, g in zip(rows, gradients)) / len(rows), "number of parts"),
    ("11.convolve", lambda image, kernel: (np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
                                           * kernel[:, ::-1]).sum(axis=(2, 3)), "left to right"),
    ("16.blocks", lambda days, first, every: [(np.arange(s), np.arange(s, min(s + every, days)) + None)
                                              for s in range(first, days, every)], "raised TypeError"),
]
