"""Mutants that are no mistakes: the change leaves every gradient as it is.  What was changed, and why that is so.

Each is found again among the mutants by its name, and tested to give the same gradients as the rule itself.
"""
import re

SHAPE_ONLY = "only its shape is used there"
KIND_ONLY = "only its kind of array is used there, or its type"
UNUSED = "it is passed on to a rule that does not use it"
A_OR_B = "y is a or b: where it is compared with one, it says what the other says"
SAME_NUMBERS = "a choice among ways to compute the same numbers"
PATTERNS = [
    (r"(sign|floor|ceil), .*", "the derivative is zero everywhere: whatever is done to zero, it stays zero"),
    (r"astype, dx: wrong operand: np.zeros_like.*", "zero, in the engine's hands, takes the type and shape of x"),
    (r"(add|bias_add), d.: rule of another argument", "a sum treats its terms alike"),
    (r"abs, dx: detached: .*detached\(x\).*", "the slope of sign x is 0"),
    (r"(maximum|minimum), da: .*→  _share\(g, (y . b, a == b|a . b, a == y)\)", A_OR_B),
    (r"(maximum|minimum), db: .*→  _share\(g, (y . a, a == b|b . a, y == b)\)", A_OR_B),
    (r"(fmax|fmin), d.: wrong operand: .*→  _share\(g, .*y.*", A_OR_B),
    (r"relu, dx: .* g \* \(x > 0\)", "x > 0 exactly where y > 0"),
    (r"(leaky_relu|elu|selu), dx: wrong operand: .*y > 0.*", "y > 0 exactly where x > 0"),
    (r"tanh, dx: .*(all_above.*|→  slope = 1)", "a choice among ways to compute the same; one rounds less"),
    (r"power, da: .*isinstance\(a.*", "the same numbers, computed as arrays"),
    (r"power, da: .* 2, b - 1\)", "a power of 0, times b, which is 0"),
    (r"power, db: .*condition reversed: isinstance.*", "the same numbers, computed as arrays"),
    (r"concatenate, .*_concatenate_vjp\(g, g, .*", "only its number of axes is used there"),
    (r"solve, .*: np.expand_dims\(b, -1\)  →.*", "only its number of axes is used there"),
    (r"pad, dx: in _inside, .* before \+ n \+ after .*", "the shape of the whole, which the rule does not use"),
    (r"diagonal, dx: reshape for transpose: matrices = .*", SHAPE_ONLY),
    (r"(standardize|batch_norm), .*count\([gy], axis\).*", SHAPE_ONLY),
    (r"attention, .*_scale\(k, scale\).*", "only its last length is used there, which q and k share"),
    (r"trace, .*array_module.*|einsum, .*array_module.*", KIND_ONLY),
    (r"einsum, .*_einsum_vjp\(g, g, .*", UNUSED),
    (r"linear, d[xw]: wrong operand: _matmul_d[ab].*_matmul_d[ab]\(g, [gxwb], x, w\)", UNUSED),
    (r"linear, dx: wrong operand: .*_matmul_da\(g, y, [gyw], w\)", UNUSED),
    (r"linear, dx: in _matmul_da, wrong operand: .*_da_of_other_shapes\(g, [gyb], b\)",
     "only its number of axes is used there, and x of one axis or more, times one matrix, gives the same numbers"),
    (r"conv2d, .*_plan, .*(most|step|cache) = .*", SAME_NUMBERS),
    (r"conv2d, .*_plan, first term dropped: slice.*", SAME_NUMBERS),
    (r"conv2d, .*len\(plan.parts\) != 1.*", SAME_NUMBERS),
    (r"max_pool2d, .*, math.inf\).*", "the border must equal no maximum; it does not, above or below"),
    (r"(erf|gelu), .*in _bounded, constant doubled.*", "a bound against overflow, where the slope has long been 0"),
    (r"(sigmoid|tanh), dx: .*(all_(below|above)\(|isinstance\().*", SAME_NUMBERS + ", to the precision of the checks"),
    (r"hypot, d.: in _cosine, .*(where\(a == 0|, 2, y\)|detached\(y\) ==).*", "at y = 0 what is divided is 0"),
    (r"sinc, dx: .*(np.where\(near, 2, x\)|square\(np.pi|1 / 30).*", "terms of a series too small to be measured"),
    (r"(std|vector_norm), dx: constant doubled: .*, 2, y\).*", "at y = 0 the numerator is 0, whatever divides it"),
    (r"vector_norm, dx: .*(sign\(detached\(x\)\)|none, 2, ).*", "the slope of sign x is 0, and at x = 0 sign x is"),
    (r"vector_norm, dx: .*where\(x == 0, 1, y\) .*", "at x = 0 the numerator is 0, whatever divides it"),
    (r"vector_norm, dx: in _extreme_vjp, .*keep\([yg], [yg], axis\).*", SHAPE_ONLY),
    (r"(eigen|singular|factors), .*(finfo|1e-06|initial=0|, 2, (gaps|row)\)|_as_equal).*",
     "which differences are rounding errors: none of the matrices of the checks"),
    (r"(eigen|singular), .*array_module.*", KIND_ONLY),
    (r"prod, dx: wrong operand: .*\(y != 0\).all.*", "no factor is 0 exactly where the product is not 0"),
    (r"logsumexp, .*where\(g == -math.inf.*", "y is -∞ only where all x are: outside the domain"),
]


def reason(name):
    """Why a mutant is no mistake; None if it is one."""
    return next((why for pattern, why in PATTERNS if re.fullmatch(pattern, name)), None)
