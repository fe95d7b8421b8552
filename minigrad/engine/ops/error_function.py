"""Values of the error function and of 1 less it: three tables of numbers, no derivative.  Skip it at first."""
import math

import numpy as np

from ..backend import wide

# erf x = x P(x²)/Q(x²) near 0, 1 - exp(-x²) R(x)/S(x) up to 4, and 1 - exp(-x²)/x (1/√π - T(1/x²)/U(1/x²) / x²) beyond:
# coefficients, from the highest power down, of Cody 1969, "Rational Chebyshev approximations for the error function".
# For erf R and S serve up to 6, where it is 1 to the last digit, since exp(-x²) is so small.
NEAR = ((1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
         3.20937758913846947e3),
        (1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3))
FAR = ((2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3),
       (1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3))
FARTHER = ((1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
            1.60837851487422766e-2, 6.58749161529837803e-4),
           (1, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1, 6.05183413124413191e-2,
            2.33520497626869185e-3))


def _ratio(coefficients, x):
    """One polynomial in x over another, by Horner's rule."""
    over, under = (c[0] * x + c[1] for c in coefficients)
    for a, b in zip(coefficients[0][2:], coefficients[1][2:]):
        over *= x
        over += a
        under *= x
        under += b
    return over / under


def error_function(x):
    """2/√π ∫₀ˣ exp(-t²) dt, precise to 1e-15."""
    x = wide(x)
    size = np.minimum(np.abs(x), 6.0)
    square = size * size
    far = np.sign(x) * (1 - np.exp(-square) * _ratio(FAR, size))
    return np.where(size <= 0.46875, x * _ratio(NEAR, square), far)


def complementary_error_function(x):
    """1 - erf x, as precise where it is tiny."""
    x = wide(x)
    size = np.minimum(np.abs(x), 40.0)              # where it is 0 in float64 too; powers of x might overflow
    square, beyond = size * size, np.maximum(size, 4.0)
    under = 1 / (beyond * beyond)
    scaled = np.where(size <= 4, _ratio(FAR, np.minimum(size, 4.0)),
                      (1 / math.sqrt(math.pi) - under * _ratio(FARTHER, under)) / beyond)
    tail = np.exp(-square) * scaled
    return np.where(size <= 0.46875, 1 - x * _ratio(NEAR, np.minimum(square, 1.0)), np.where(x < 0, 2 - tail, tail))
