"""Plausible wrong answers to notebook 21, and a word that the reply must contain."""
import numpy as np

ALLOWED = {"numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"}
FORBIDDEN = {"os.system", "builtins.eval", "builtins.exec", "subprocess.Popen"}


def index(s, centre=np.median, spread=lambda s: np.median(np.abs(s - np.median(s))), factor=1.4826, sign=1):
    return sign * (centre(s) - s) / (factor * spread(s))


WRONG = {
    "21.fgsm": [
        (lambda x, g, e: x + e * np.sign(g), "between 0 and 1"),
        (lambda x, g, e: np.clip(x - e * np.sign(g), 0, 1), "down the loss"),
        (lambda x, g, e: np.clip(x + e * g, 0, 1), "sign of g"),
        (lambda x, g, e: e * np.sign(g), "change alone"),
    ],
    "21.project": [
        (lambda d, e: np.clip(d, -e, e), "whole"),
        (lambda d, e: d * (e / np.sqrt((d * d).sum())), "must stay"),
        (lambda d, e: d * min(1, e / (d * d).sum()), "length"),
        (lambda d, e: d * min(1, e / np.abs(d).sum()), "length"),
        (lambda d, e: d if (d * d).sum() <= e * e else np.full(d.shape, e / np.sqrt(d.size)), "direction"),
    ],
    "21.stamp": [
        (lambda x, p, m: x + m * p, "make way"),
        (lambda x, p, m: m * x + (1 - m) * p, "exchanged"),
        (lambda x, p, m: np.where(m > 0.5, p, x), "mixes"),
    ],
    "21.anomaly": [
        (lambda s: (s.mean() - s) / s.std(), "medians"),
        (lambda s: index(s, factor=1), "1.4826 is missing"),
        (lambda s: np.abs(index(s)), "Keep the sign"),
        (lambda s: index(s, spread=lambda s: np.abs(s - np.median(s)).mean()), "not their mean"),
        (lambda s: index(s, sign=-1), "sign is wrong"),
    ],
    "21.may_load": [
        (lambda names: not FORBIDDEN & set(names), "never complete"),
        (lambda names: all(name.startswith("numpy") for name in names), "begins like numpy"),
        (lambda names: all(name.startswith("numpy.") for name in names), "only begins"),
        (lambda names: any(name in ALLOWED for name in names), "names nothing"),
        (lambda names: bool(names) and set(names) <= ALLOWED, "names nothing"),
        (lambda names: set(names) & ALLOWED, "True or False"),
    ],
}
