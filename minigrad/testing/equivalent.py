"""Mutants that are no mistakes: the change leaves every gradient as it is.  Patterns of op and change, with the reason."""
import re

PATTERNS = [
    (r"sign|floor|ceil", r".*", "the derivative is zero everywhere; whatever is done to zero, it stays zero"),
    (r"relu", r"x in place of y .*", "x > 0 exactly where y > 0"),
    (r"leaky_relu|elu|selu", r"y in place of x .*", "y > 0 exactly where x > 0"),
    (r"(maximum|minimum)", r".*y in place of [ab] .*", "y is one of a and b: comparing with it says the same"),
    (r"astype", r"[gy] in place of x .*", "in float64, as drawn here, all have the same dtype; precision is checked apart"),
    (r"conv2d", r".*in _plan, .*", "a choice between two ways to compute the same numbers"),
    (r"gelu", r".*in _bounded, 30 changed to 60.*", "a bound against overflow; tanh is 1 long before"),
    (r"std|norm", r"1 changed to 2", "at y = 0 the numerator is 0, whatever it is divided by"),
    (r"erf", r".*in _bounded, 30 changed to 60.*", "a bound against overflow; the slope is 0 long before"),
    (r"max_pool2d", r"axis=0: axis 0", "it was 0 already"),
    (r"max_pool2d", r"-math.inf: sign flipped", "the border must equal no maximum; it does not, above or below"),
    (r"prod", r"y in place of x \(column 8\)", "the product is 0 exactly where a factor is"),
    (r"linear", r".*[gxwb] in place of y .*|.*[gyw] in place of x .*", "passed on to the rules of matmul, which don't use it here"),
    (r"take_along_axis|concatenate|solve|einsum|attention|std|logsumexp|tensordot",
     r"(in _\w+, )?(y|x|g|a|b|k) in place of (g|y|b|q) .*", "only its shape, its type or its number of axes is used here"),
    (r"pad", r".*in _inside, before \+ n \+ after: .*", "only that the slice ends past the array's end counts"),
]


def reason(op, change):
    """Why a change of an op's rule is no mistake; None if it is one."""
    return next((why for ops, changes, why in PATTERNS if re.fullmatch(ops, op) and re.fullmatch(changes, change)), None)
