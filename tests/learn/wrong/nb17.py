"""Plausible wrong answers to notebook 17, and a word that the reply must contain."""
import numpy as np


def line(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)


WRONG = {
    "17.flops": [
        (lambda N, D: 2 * N * D, "forward pass alone"), (lambda N, D: 3 * N * D, "two operations"),
        (lambda N, D: N * D, "multiplication and an addition"), (lambda N, D: 6 * N + D, "expected"),
    ],
    "17.memory": [
        (lambda N, chip: (4 * N, int(np.ceil(4 * N / chip))), "Weight and gradient alone"),
        (lambda N, chip: (12 * N, int(np.ceil(12 * N / chip))), "optimizer alone"),
        (lambda N, chip: (16 * N, 16 * N // chip), "whole one"),
        (lambda N, chip: (16 * N, 16 * N / chip), "whole one"),
        (lambda N, chip: 16 * N, "two things"),
    ],
    "17.fit_power_law": [
        (lambda x, y: (np.exp(line(x, y)[1]), line(x, y)[0]), "opposite"),
        (lambda x, y: (line(x, y)[1], -line(x, y)[0]), "logarithm of a"),
        (lambda x, y: (-line(x, y)[0], np.exp(line(x, y)[1])), "exchanged"),
        (lambda x, y: tuple(np.polyfit(x, y, 1)), "a: expected"),
    ],
    "17.optimal": [
        (lambda C: (C / 120, C / 6), "operations"),
        (lambda C: ((C / 6) ** 0.5, (C / 6) ** 0.5), "tokens for each weight"),
        (lambda C: ((C / 20) ** 0.5, 20 * (C / 20) ** 0.5), "operations"), (lambda C: (C / 120) ** 0.5, "two things"),
    ],
}
