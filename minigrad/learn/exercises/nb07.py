"""Exercises of notebook 07: descent."""
import numpy as np

from ..checking import exercise
from ..drawing import made, normal, numbers, one_of, shapes, whole

exercise(
    "07.after", "x₀ (1 - ηλ)ⁿ",
    "what does one step do? The slope of curvature · x²/2 is curvature · x.",
    "x - rate · curvature · x is x times a number. Which?",
    "and n steps multiply by that number n times.",
).equals(lambda x0, curvature, rate, steps: x0 * (1 - rate * curvature) ** steps, "x", dict(
    x0=numbers(-3, 3), curvature=numbers(0.5, 4), rate=numbers(0.05, 0.6, 2), steps=whole(0, 8)), [
    (lambda x0, curvature, rate, steps: x0 * (1 - rate * curvature), "That is one step."),
    (lambda x0, curvature, rate, steps: x0 * (1 - steps * rate * curvature),
     "Each step multiplies: a power, not a product."),
    (lambda x0, curvature, rate, steps: x0 * (1 - rate) ** steps, "The slope has the curvature in it."),
    (lambda x0, curvature, rate, steps: x0 * (1 + rate * curvature) ** steps, "That goes uphill.")])


# -- optimizers with a memory ----------------------------------------------------------------------------------------
def _gradient_and_squares(rng, shape, **others):
    return normal(rng, *shape, scale=2), rng.exponential(1, shape).round(1), *others.values()


def _rmsprop(g, s, rate, rho, epsilon):
    s = rho * s + (1 - rho) * g ** 2
    return -rate * g / (np.sqrt(s) + epsilon), s


EPSILON = one_of(1e-7, 1e-3, 0.1, 0.5)

exercise(
    "07.rmsprop", "-η g / (√s + ε), with s the average of g²",
    "two things happen, in this order: s follows the squares of g, then the move is made with the new s.",
    "a running average keeps a share rho of the old and takes the rest, 1 - rho, of the new.",
    "the move goes against g, scaled by the rate, and divided by the root of the new s (epsilon keeps that from being "
    "0).",
).equals(_rmsprop, ("the move", "the new s"), made(
    _gradient_and_squares, shape=shapes(0, 1, 2), rate=one_of(0.05, 0.01, 0.3), rho=one_of(0.9, 0.99, 0.5),
    epsilon=EPSILON), [
    (lambda g, s, rate, rho,
     epsilon: (-rate * g / (np.sqrt(rho * s + (1 - rho) * g) + epsilon), rho * s + (1 - rho) * g),
     "s averages the squares of g, not g."),
    (lambda g, s, rate, rho, epsilon: (-_rmsprop(g, s, rate, rho, epsilon)[0], _rmsprop(g, s, rate, rho, epsilon)[1]),
     "The sign is wrong: a move goes downhill, against g."),
    (lambda g, s, rate, rho, epsilon: (-rate * g / (np.sqrt(s) + epsilon), _rmsprop(g, s, rate, rho, epsilon)[1]),
     "The move is made with the new s."),
    (lambda g, s, rate, rho, epsilon: (-rate * g / (_rmsprop(g, s, rate, rho, epsilon)[1] + epsilon),
                                       _rmsprop(g, s, rate, rho, epsilon)[1]), "The root of s is missing."),
    (lambda g, s, rate, rho, epsilon: (-rate * g / np.sqrt(_rmsprop(g, s, rate, rho, epsilon)[1] + epsilon),
                                       _rmsprop(g, s, rate, rho, epsilon)[1]), "epsilon stands outside the root."),
    (lambda g, s, rate, rho, epsilon: _rmsprop(g, s, rate, 1 - rho, epsilon),
     "rho goes with the old, 1 - rho with the new.")])


def _adam(g, m, v, t, rate, beta_1, beta_2, epsilon, corrected=True):
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
    m_hat, v_hat = (m / (1 - beta_1 ** t), v / (1 - beta_2 ** t)) if corrected else (m, v)
    return -rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def _kept_corrected(g, m, v, t, rate, beta_1, beta_2, epsilon):
    move, m, v = _adam(g, m, v, t, rate, beta_1, beta_2, epsilon)
    return move, m / (1 - beta_1 ** t), v / (1 - beta_2 ** t)


exercise(
    "07.adam", "-η m̂ / (√v̂ + ε)",
    "there are two running averages: m of the gradients, v of their squares. Update both first.",
    "both started at 0 and are too small at first: by 1 minus their beta to the power t.",
    "use the corrected ones for the move, which is like RMSprop's with m in the place of g; return the plain ones, or "
    "the "
    "correction piles up.",
).equals(_adam, ("the move", "the new m", "the new v"), made(
    lambda rng, shape,
    **others: (normal(rng, *shape, scale=2), normal(rng, *shape), rng.exponential(1, shape).round(1) + 0.1,
                                  *others.values()),
    shape=shapes(0, 1, 2), t=whole(1, 20), rate=one_of(0.05, 0.01, 0.3), beta_1=one_of(0.9, 0.5, 0.99),
    beta_2=one_of(0.999, 0.9, 0.7), epsilon=EPSILON), [
    (lambda *a: _adam(*a, corrected=False), "The averages started at 0 and are too small: divide them by 1 - beta ** "
                                            "t."),
    (_kept_corrected, "The m and v you return have been corrected; keep the plain averages, and correct copies at "
                      "each step."),
    (lambda *a: (-_adam(*a)[0], *_adam(*a)[1:]), "The sign is wrong: a move goes downhill, against m."),
    (lambda g, m, v, t, rate, b1, b2, e: (-rate * g / (np.sqrt(_kept_corrected(g, m, v, t, rate, b1, b2, e)[2]) + e),
                                          *_adam(g, m, v, t, rate, b1, b2, e)[1:]),
     "The move is made with the average m, not with g.")])


# -- a schedule ------------------------------------------------------------------------------------------------------
def _schedule(rng, t, peak, warmup, rest):
    return min(t, warmup + rest), peak, warmup, warmup + rest


def _warmup_cosine(t, peak, warmup, total):
    return peak * t / warmup if t < warmup else peak * 0.5 * (1 + np.cos(np.pi * (t - warmup) / (total - warmup)))


exercise(
    "07.warmup_cosine", "up in a line, down in half a cosine",
    "two cases. Before `warmup`: a straight line from 0 to peak. Which share of peak has it reached at step t?",
    "after it: the cosine goes from 1 to -1 while its angle goes from 0 to π. Move and shrink it to go from peak to 0.",
    "the angle is π times the share of the way from warmup to total that is done; (1 + cos) / 2 goes from 1 to 0.",
).equals(_warmup_cosine, "the rate", made(
    _schedule, t=whole(0, 40), peak=numbers(0.1, 2, 2), warmup=whole(1, 10), rest=whole(1, 30)), [
    (lambda t, peak, warmup, total: peak * t / warmup if t < warmup else peak * 0.5 * (1 + np.cos(np.pi * t / total)),
     "The cosine begins at warmup, not at 0."),
    (lambda t, peak, warmup, total: peak * t / warmup if t < warmup else peak * np.cos(
        np.pi * (t - warmup) / (total - warmup)), "The cosine ends at -1: move it up by 1 and take half."),
    (lambda t, peak, warmup, total: peak * t / warmup if t < warmup else peak * (
        1 - (t - warmup) / (total - warmup)), "That goes down in a line.")], examples=150)
