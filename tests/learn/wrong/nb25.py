"""Plausible wrong answers to notebook 25, and a word that the reply must contain."""
import numpy as np


def mix(x, noise, t):
    return np.cos(np.pi * t / 2) * x + np.sin(np.pi * t / 2) * noise


def answers(x_t, v, t):
    alpha, sigma = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)
    return alpha * x_t - sigma * v, sigma * x_t + alpha * v


WRONG = {
    "25.mix": [
        (lambda x, noise, t: (1 - t) * x + t * noise, "variance"), (lambda x, noise, t: mix(noise, x, t), "exchanged"),
        (lambda x, noise, t: mix(x, noise, 2 * t), "π / 2"), (lambda x, noise, t: x, "x_t"),
    ],
    "25.answers": [
        (lambda x_t, v, t: answers(x_t, v, t)[::-1], "image first"), (lambda x_t, v, t: answers(x_t, -v, t), "signs"),
        (lambda x_t, v, t: (*answers(x_t, v, t), 1), "two things"),
        (lambda x_t, v, t: (x_t - v, x_t + v), "depend on t"),
    ],
    "25.step": [
        (lambda x_t, v, t, s: answers(x_t, v, t)[0], "the end"), (lambda x_t, v, t, s: x_t + (s - t) * v, "arc"),
        (lambda x_t, v, t, s: mix(*answers(x_t, v, s), t), "exchanged"), (lambda x_t, v, t, s: x_t, "x_s"),
    ],
    "25.guided": [
        (lambda v_class, v_any, w: v_class + w * (v_class - v_any), "beyond"),
        (lambda v_class, v_any, w: v_any + w * (v_any - v_class), "away"),
        (lambda v_class, v_any, w: w * v_class, "missing"),
    ],
    "25.frechet": [
        (lambda a, b: (a.mean() - b.mean()) ** 2, "width"),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var(), "0"),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2, "deviations"),
        (lambda a, b: np.sqrt((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2), "root"),
    ],
}
