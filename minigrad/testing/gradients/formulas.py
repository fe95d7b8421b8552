"""Name a slope: which simple form of the inputs and the result is it, times a constant?"""
import itertools
import math

import numpy as np

CONSTANTS = {"ln 2": math.log(2), "ln 10": math.log(10), "π": math.pi, "π/180": math.pi / 180, "√2": math.sqrt(2)}
FUNCTIONS = "sin", "cos", "exp", "log", "sign", "abs", "sinh", "cosh"


@np.errstate(all="ignore")
def formula(slope, arrays):
    """What a slope is at each element, such as "2 x / y": the simplest product of a constant, powers of the arrays
    {name: array} and a function of one of them; or None."""
    used = np.all([np.isfinite(a) & (a != 0) for a in (slope, *arrays.values())], axis=0)
    plain = {name: a[used] for name, a in arrays.items()}
    if any(len(np.unique(a)) < 4 for a in plain.values()):
        return None                         # of few numbers anything can be said
    bases = {name: a for name, a in (plain | _functions(plain)).items() if np.isfinite(a).all() and a.all()}
    powers = _powers(len(plain), len(bases))
    apart = np.log(np.abs(slope[used])) - powers @ np.log(np.abs([*bases.values()]))       # a constant, if it fits
    for row in powers[np.ptp(apart, axis=1) < 1e-6]:
        over = slope[used] / np.prod([a ** p for a, p in zip(bases.values(), row)], axis=0)
        if np.allclose(over, np.median(over), rtol=1e-6):
            return in_words(float(np.median(over)), dict(zip(bases, map(int, row))))
    return None


def _functions(plain):
    found = {f"{name}({n})": getattr(np, name)(a) for n, a in plain.items() if n != "y" for name in FUNCTIONS}
    sums = {f"(1 {'+-'[s < 0]} {n}{'²' if p == 2 else ''})": 1 + s * a ** p
            for n, a in plain.items() for p in (1, 2) for s in (1, -1)}
    return found | sums | {"√" + n: np.sqrt(a) for n, a in sums.items()}


def _powers(plain, count):
    """Rows of exponents, the simplest first: up to 2 of the plain arrays, or 1 beside one function."""
    rows = [(*p, *[0] * (count - plain)) for p in itertools.product(range(-2, 3), repeat=plain)]
    for k, power in itertools.product(range(plain, count), (1, -1)):
        rows += [(*p, *(power if i == k else 0 for i in range(plain, count)))
                 for p in itertools.product(range(-1, 2), repeat=plain)]
    return np.array(sorted(rows, key=lambda r: sum(map(abs, r)) + 0.5 * any(r[plain:]) + 0.1 * sum(p < 0 for p in r)))


def in_words(constant, powers):
    over, under = ([n + "²" * (abs(p) == 2) for n, p in powers.items() if p * sign > 0] for sign in (1, -1))
    number = number_in_words(constant)
    first = {"1": "", "-1": "-"}.get(number, number + " ") if over else number + " "
    return (first + " ".join(over)).rstrip() + "".join(f" / {n}" for n in under)


def number_in_words(number):
    for text, value in CONSTANTS.items():
        for power, form in ((value, text), (1 / value, f"1/({text})")):
            if math.isclose(abs(number), power, rel_tol=1e-5):
                return "-" * (number < 0) + form
    if math.isclose(number, round(number), rel_tol=1e-5):
        return str(round(number))
    whole = round(1 / number) if 1e-4 < abs(number) < 1 else 0
    return f"1/{whole}" if whole and math.isclose(1 / number, whole, rel_tol=1e-5) else f"{number:.5g}"
