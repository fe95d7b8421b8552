"""The derivative table, elementwise part: one entry per function.

Read an entry as: forward, vjp (g is the cotangent of y), where it holds, and the formula in words.  Inputs of
different shapes broadcast as in NumPy; the engine sums the cotangents of what was stretched.
"""
import math

import numpy as np

from ..backend import all_above, narrow, times, wide
from ..op import Op, of_numbers, op
from .domains import (
    ABOVE_1,
    ABOVE_MINUS_1,
    BOOLEAN,
    KINK_AT_0,
    NONZERO,
    NOT_POLES_OF_TAN,
    POSITIVE,
    REAL,
    STEPS,
    UNIT,
)
from .nonlinear import sigmoid

# -- arithmetic ------------------------------------------------------------------------------------------------------
add = op(np.add, (lambda g, y, a, b: g, lambda g, y, a, b: g),
         doc="y = a + b      da = g,  db = g")
subtract = op(np.subtract, (lambda g, y, a, b: g, lambda g, y, a, b: -g),
              doc="y = a - b      da = g,  db = -g")
multiply = op(np.multiply, (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
              doc="y = a b      da = g b,  db = g a")
divide = op(np.divide, (lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b), domain=(REAL, NONZERO),
            doc="y = a / b      da = g / b,  db = -g y / b")
negative = op(np.negative, lambda g, y, x: -g, doc="y = -x      dx = -g")
positive = op(np.positive, lambda g, y, x: g, doc="y = +x, a copy      dx = g")
reciprocal = op(np.reciprocal, lambda g, y, x: -g * y * y, domain=NONZERO, doc="y = 1 / x      dx = -g y²")
square = op(np.square, lambda g, y, x: 2 * g * x, doc="y = x²      dx = 2 g x")
sqrt = op(np.sqrt, lambda g, y, x: 0.5 * g / y, domain=POSITIVE, doc="y = √x      dx = g / 2y")


def _less_1(a, b):
    """b - 1, but 1 where a and b are 0: the derivative of a⁰ is 0, also at a = 0, where a⁻¹ is infinite."""
    return (b - 1 if b else 1) if isinstance(b, (int, float)) else np.where((a == 0) & (b == 0), 1, b - 1)


def _ln(a):
    """ln a, but 0 where a is 0: 0ᵇ is 0 for every b > 0, without slope in b."""
    return math.log(a or 1) if isinstance(a, (int, float)) and a >= 0 else np.log(np.where(a == 0, 1, a))


power = op(lambda a, b, /: a ** b, (
    lambda g, y, a, b: g * b * a ** _less_1(a, b),
    lambda g, y, a, b: g * y * _ln(a)),
    domain=(POSITIVE, REAL), name="power", doc="y = aᵇ      da = g b aᵇ⁻¹,  db = g y ln a")

# -- exponentials and logarithms -------------------------------------------------------------------------------------
exp = op(np.exp, lambda g, y, x: g * y, doc="y = eˣ      dx = g y")
expm1 = op(np.expm1, lambda g, y, x: g * np.exp(x), doc="y = eˣ - 1, precise near 0      dx = g eˣ")
log = op(np.log, lambda g, y, x: g / x, domain=POSITIVE, doc="y = ln x      dx = g / x")
log2 = op(np.log2, lambda g, y, x: g * (1 / math.log(2)) / x, domain=POSITIVE, doc="y = log₂ x      dx = g / (x ln 2)")
log10 = op(np.log10, lambda g, y, x: g * (1 / math.log(10)) / x, domain=POSITIVE,
           doc="y = log₁₀ x      dx = g / (x ln 10)")
log1p = op(np.log1p, lambda g, y, x: g / (1 + x), domain=ABOVE_MINUS_1,
           doc="y = ln(1 + x), precise near 0      dx = g / (1 + x)")
logaddexp = op(np.logaddexp, (lambda g, y, a, b: g * sigmoid(a - b), lambda g, y, a, b: g * sigmoid(b - a)),
               doc="y = ln(eᵃ + eᵇ)      da = g σ(a - b),  db = g σ(b - a),  σ(d) = eᵈ / (1 + eᵈ)")

exp2 = op(np.exp2, lambda g, y, x: g * y * math.log(2), doc="y = 2ˣ      dx = g y ln 2")
logaddexp2 = op(np.logaddexp2, (lambda g, y, a, b: g * sigmoid((a - b) * math.log(2)),
                                lambda g, y, a, b: g * sigmoid((b - a) * math.log(2))),
                doc="y = log₂(2ᵃ + 2ᵇ)      da = g 2ᵃ / (2ᵃ + 2ᵇ),  db = g 2ᵇ / (2ᵃ + 2ᵇ)")

# -- trigonometric and hyperbolic (angles in radians) ----------------------------------------------------------------
sin = op(np.sin, lambda g, y, x: g * np.cos(x), doc="y = sin x      dx = g cos x")
cos = op(np.cos, lambda g, y, x: -g * np.sin(x), doc="y = cos x      dx = -g sin x")
tan = op(np.tan, lambda g, y, x: g * (1 + y * y), domain=NOT_POLES_OF_TAN, doc="y = tan x      dx = g (1 + y²)")
arcsin = op(np.arcsin, lambda g, y, x: g / np.sqrt((1 - x) * (1 + x)), domain=UNIT,
            doc="y = arcsin x      dx = g / √(1 - x²)")
arccos = op(np.arccos, lambda g, y, x: -g / np.sqrt((1 - x) * (1 + x)), domain=UNIT,
            doc="y = arccos x      dx = -g / √(1 - x²)")
arctan = op(np.arctan, lambda g, y, x: g / (1 + x * x), doc="y = arctan x      dx = g / (1 + x²)")
arctan2 = op(np.arctan2, (lambda g, y, a, b: g * _over(b, a), lambda g, y, a, b: -g * _over(a, b)),
             domain=(REAL, NONZERO),
             doc="y = the angle of the point (b, a)      da = g b / (a² + b²),  db = -g a / (a² + b²)")
hypot = op(np.hypot, (lambda g, y, a, b: g * _cosine(a, y), lambda g, y, a, b: g * _cosine(b, y)),
           domain=(REAL, NONZERO), doc="y = √(a² + b²)      da = g a / y,  db = g b / y,  and 0 where y = 0")
sinh = op(np.sinh, lambda g, y, x: g * np.cosh(x), doc="y = sinh x      dx = g cosh x")
cosh = op(np.cosh, lambda g, y, x: g * np.sinh(x), doc="y = cosh x      dx = g sinh x")
arcsinh = op(np.arcsinh, lambda g, y, x: g / np.hypot(x, 1), doc="y = arcsinh x      dx = g / √(x² + 1)")
arccosh = op(np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)), domain=ABOVE_1,
             doc="y = arccosh x      dx = g / √(x² - 1)")
arctanh = op(np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)), domain=UNIT,
             doc="y = arctanh x      dx = g / (1 - x²)")
deg2rad = op(np.deg2rad, lambda g, y, x: g * (math.pi / 180),
             doc="y = π x / 180, degrees in radians      dx = π g / 180")
rad2deg = op(np.rad2deg, lambda g, y, x: g * (180 / math.pi),
             doc="y = 180 x / π, radians in degrees      dx = 180 g / π")
tanh = op(np.tanh, lambda g, y, x: _tanh_vjp(g, y, x), doc="y = tanh x      dx = g (1 - y²)")


def _tanh_vjp(g, y, x):
    slope = y * y
    slope = np.subtract(1, slope, out=slope) if isinstance(slope, np.ndarray) else 1 - slope
    if not all_above(slope, 0.01):                  # 1 - y² would be 0 where y is almost 1 or -1
        slope = _tanh_slope(x)
    return times(slope, g)


def _tanh_slope(x, /):
    with np.errstate(over="ignore", divide="ignore"):
        e = np.exp(wide(x))
        y = np.reciprocal(e)
        y += e
        y = 2 / y
    y *= y
    return narrow(y, x)


_tanh_slope = Op(_tanh_slope, lambda g, y, x: -2 * g * y * np.tanh(x), name="tanh_slope",
                 doc="y = 1 - tanh² x = (2 / (eˣ + e⁻ˣ))², precise also where tanh x is almost 1")


@op(vjp=lambda g, y, x: wide(g) * _sinc_slope(wide(x)))
def sinc(x, /):
    """y = sin πx / πx, and 1 at 0      dx = g (cos πx - y) / x, and 0 at 0."""
    return np.sinc(x)


def _sinc_slope(x):
    near = np.abs(x) < 0.02                         # there the terms cancel: its series, -π²x/3 + π⁴x³/30 - ...
    far, t = np.where(near, 1, x), np.square(np.pi * np.where(near, x, 0))
    series = math.pi**2 * x * (-1 / 3 + t * (1 / 30 + t * (-1 / 840 + t / 45360)))
    return np.where(near, series, (np.cos(math.pi * far) - np.sinc(far)) / far)


def _cosine(a, y):
    return a / np.where(y == 0, 1, y)


def _over(a, b):
    """a / (a² + b²), whose squares might overflow or vanish: (a / r) / r, r = √(a² + b²)."""
    r = np.hypot(a, b)
    return a / r / r


# -- kinks and steps: the derivative is what is right on either side, and by convention at the kink itself -----------
abs = op(np.abs, lambda g, y, x: g * np.sign(x), domain=KINK_AT_0, name="abs",
         doc="y = |x|      dx = g sign x,  and 0 at x = 0")
sign = op(np.sign, lambda g, y, x: np.zeros_like(g), domain=KINK_AT_0, doc="y = -1, 0 or 1, the sign of x      dx = 0")
floor = op(np.floor, lambda g, y, x: np.zeros_like(g), domain=STEPS, doc="y = the integer below x      dx = 0")
ceil = op(np.ceil, lambda g, y, x: np.zeros_like(g), domain=STEPS, doc="y = the integer above x      dx = 0")
maximum = op(np.maximum, (lambda g, y, a, b: _share(g, a > b, a == b), lambda g, y, a, b: _share(g, b > a, a == b)),
             doc="y = the larger of a and b      g goes to the larger; equals share it")
minimum = op(np.minimum, (lambda g, y, a, b: _share(g, a < b, a == b), lambda g, y, a, b: _share(g, b < a, a == b)),
             doc="y = the smaller of a and b      g goes to the smaller; equals share it")


fmax = op(np.fmax, (lambda g, y, a, b: _share(g, (a > b) | (b != b), a == b),
                    lambda g, y, a, b: _share(g, (b > a) | (a != a), a == b)),
          doc="y = the larger of a and b, where one is nan the other      g goes to it; equals share it")
fmin = op(np.fmin, (lambda g, y, a, b: _share(g, (a < b) | (b != b), a == b),
                    lambda g, y, a, b: _share(g, (b < a) | (a != a), a == b)),
          doc="y = the smaller of a and b, where one is nan the other      g goes to it; equals share it")


def _share(g, mine, tie):
    return np.where(mine, g, np.where(tie, 0.5 * g, 0))


@op(vjp=lambda g, y, x, min=None, max=None: np.where(y == x, g, 0))
def clip(x, /, min=None, max=None):
    """y = x limited to [min, max]      dx = g inside (limits included), 0 outside."""
    y = np.positive(x) if min is None else np.maximum(x, min)
    return y if max is None else np.minimum(y, max)


where = op(lambda condition, a, b, /: of_numbers(np.where(condition, a, b), (a, b)), (
    None,
    lambda g, y, condition, a, b: np.where(condition, g, 0),
    lambda g, y, condition, a, b: np.where(condition, 0, g)),
    domain=(BOOLEAN, REAL, REAL), name="where", selects=True,
    doc="y = a where the condition holds, else b      g goes to the one taken; no nan comes back from the other\n\n"
        "What was not taken gets cotangent 0, and on the tape behind where that 0 stays 0: through elementwise ops,\n"
        "even of infinite slope, and through ops that move or add up elements (reshape, indexing, sum, mean).\n"
        "Ops that mix elements (softmax, matmul, norm, prod) compute 0 · nan as arithmetic has it: for these, choose\n"
        "before as well, where(ok, f(where(ok, x, safe)), 0).  An op of your own promises the same with selects=True.")

# -- comparison and logic: no derivative, so no vjp ------------------------------------------------------------------
def _without_derivative(function, domain=None):
    words = function.__name__.replace("_", " ")
    entry = op(function, domain=domain, doc=f"y = {words}, elementwise; whole numbers or truths, without derivative")
    entry.__module__ = __name__
    return entry


equal, not_equal = _without_derivative(np.equal), _without_derivative(np.not_equal)
less, less_equal = _without_derivative(np.less), _without_derivative(np.less_equal)
greater, greater_equal = _without_derivative(np.greater), _without_derivative(np.greater_equal)
logical_and, logical_or = _without_derivative(np.logical_and), _without_derivative(np.logical_or)
logical_not, logical_xor = _without_derivative(np.logical_not), _without_derivative(np.logical_xor)
bitwise_and, bitwise_or, bitwise_xor, invert, left_shift, right_shift = (
    _without_derivative(f, BOOLEAN)
    for f in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift))
isnan, isinf, isfinite = _without_derivative(np.isnan), _without_derivative(np.isinf), _without_derivative(np.isfinite)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _off_the_ends(draw):
    x = draw.distinct(draw.shape(), -1.0)
    return [x], {"min": draw.choice(-0.55, None), "max": draw.choice(0.75, None)}


def _nowhere_equal(draw):
    first, second = draw.shapes(2)
    return [draw.distinct(first), draw.distinct(second) + 0.15], {}


for _entry, _symbol in ((add, "+"), (subtract, "−"), (multiply, "×"), (divide, "÷"), (negative, "−")):
    _entry.describe(symbol=_symbol)
abs.describe(numpy=(np.abs, np.fabs))       # np.abs' own name is "absolute"
positive.describe(numpy=(np.positive, np.real, np.conjugate))      # the same for real numbers
deg2rad.describe(numpy=(np.deg2rad, np.radians))
rad2deg.describe(numpy=(np.rad2deg, np.degrees))
for _entry in (abs, sign, floor, ceil):
    _entry.describe(conventions=[([[-2.5, 0.0, 3.5]], {}, [[-1.0, 0, 1] if _entry is abs else [0.0, 0, 0]])])
maximum.describe(cases=_nowhere_equal, slack=0.02,
                 conventions=[([[1.0, 2, 5], [1.0, 3, 4]], {}, [[0.5, 0, 1], [0.5, 1, 0]])])
minimum.describe(cases=_nowhere_equal, slack=0.02,
                 conventions=[([[1.0, 2, 5], [1.0, 3, 4]], {}, [[0.5, 1, 0], [0.5, 0, 1]])])
for _entry, _right in ((fmax, [[0.5, 0, 1], [0.5, 1, 0]]), (fmin, [[0.5, 1, 1], [0.5, 0, 0]])):
    _entry.describe(cases=_nowhere_equal, slack=0.02,
                    conventions=[([[1.0, 2, 5], [1.0, 3, math.nan]], {}, _right)])
clip.describe(cases=_off_the_ends, slack=0.02, reference=lambda x, min=None, max=None: np.clip(x, min, max),
              conventions=[([[-1.0, 0.5, 1.0]], {"min": -1, "max": 0.75}, [[1.0, 1, 0]])])
tanh.describe(conventions=[([[-4.0, 4.0]], {}, [[0.0013409506830258969, 0.0013409506830258969]])])
sinc.describe(cases=lambda draw: ([draw.array(draw.shape()) * draw.choice(1, 0.006)], {}),
              conventions=[([[0.004, -0.0195]], {}, [[-0.013159264729896915, 0.0641283559593496]])])  # the series
hypot.describe(conventions=[([[0.0], [0.0]], {}, [[0.0], [0.0]])])
power.describe(slack=0.02, conventions=[([[0.0, 0, 0], [0.0, 1, 2]], {}, [[0.0, 1, 0], [0, 0, 0]]),
                                        ([[-2.0, -2], [3.0, -1]], {}, [[12.0, -0.25], [math.nan, math.nan]])])
