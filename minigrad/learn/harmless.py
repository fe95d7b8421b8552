"""Changes of solutions that are no mistakes, each with the reason: the other answer is right, too."""
import re

BACKWARDS = r"list\(.*\)\[::-1\]"             # a loop from the last to the first
ORDER = "the parts don't depend on one another, so their order is free"
FILLED = "all of it is written to afterwards"
EVEN = "the absolute value, the square or the cosine of it is taken"
LENGTH = "all of these have the same length"
BROADCASTING = "broadcasting does the same"
SYMMETRIC = "noise is as likely above 0 as below"
SAME_SHAPE = "only its shape is used"
NOT_USED = "the formula needs y or x, not both"
ANY_MUTANT = "every rule that is 3 at x = 1 and wrong elsewhere is an answer"
GIVEN = "the check is given my_rules alone; my_dense is the notebook's own"

# exercise: [(pattern of the change, reason)]
HARMLESS = {
    "00.logistic": [("^-x  →  x$", "the slope is the same on both sides of 0: e⁻ˣ/(1 + e⁻ˣ)² = eˣ/(1 + eˣ)²")],
    "01.backward": [
        (r"^for value in values: value.grad = 0.0  →  .*(\[:-1\]|\[::-1\])",
         "the last is the result, which is set to 1 next"),
        (r"list\(reversed\(values\)\)\[:-1\]", "the oldest value has no parents"), (BACKWARDS, ORDER)],
    "01.learn_once": [("^w @ x  →  x @ w$", "a product of two vectors has no order")],
    "02.unbroadcast": [(BACKWARDS, ORDER)],
    "02.dense": [(r"^(x @ w|x|w|b|x @ w \+ b)  →  [xwbgy @+-]+$", GIVEN), ("^(my_dense = )?mg.op", GIVEN)],
    "03.lookup_vjp": [("^argument 1 ignored", SAME_SHAPE)],
    "03.softmax_vjp": [("^-1  →  1$", "the last axis of two is axis 1"),
                       ("^argument 2 ignored", "the rule needs y, not x")],
    "04.largest_error": [("^np.zeros_like.x.  →  np.ones_like", FILLED), (BACKWARDS, ORDER),
                         ("→  measured - rule", EVEN)],
    "04.sneaky": [(".", ANY_MUTANT)],
    "05.he_normal": [("^result: (the sign flipped|reversed)", SYMMETRIC)],
    "05.leaky_relu_vjp": [("^x > 0  →  x >= 0$", "at the kink both slopes are right"), ("^x  →  y$", NOT_USED),
                          ("^argument 1 ignored", NOT_USED)],
    "06.mse_slope": [("^y  →  t$", LENGTH)],
    "06.cross_entropy_slope": [("^z  →  labels$", LENGTH)],
    "07.warmup_cosine": [("^t < warmup  →  t <= warmup$", "at the end of the warmup both branches give peak"),
                         ("warmup  →  warmup - t", EVEN)],
    "08.dropout": [(">= rate  →", "a draw is exactly rate once in 2⁵³ times")],
    "11.convolve": [("^np.zeros", FILLED), (BACKWARDS, ORDER)],
    "11.kernel_gradient": [(r"^np.array\(", "a list of lists is as good")],
    "11.grad_cam": [(r"^\(0, 1\)  →  \(1, 0\)$", ORDER), ("→  np.maximum.0, ", "the larger of two has no order")],
    "12.bits": [("^targets  →  logits$", LENGTH)],
    "12.attend": [("^q  →  [kv]$", LENGTH), ("^np.tri", "ones and zeros choose like True and False")],
    "12.nucleus": [("kind=.stable.", "equally likely ones may be kept in either order"),
                   ("1e-12|before <", "it is there against rounding, far below any probability")],
    "12.attend_cached": [("^q  →  [kv]$", LENGTH)],
    "13.merge": [(r"^tuple\(pair\)  →  pair$", "the pair comes as a tuple")],
    "13.quantise": [("^1  →  ", "where d is 0 so is what it divides")],
    "13.turn": [("^np.empty", FILLED)],
    "14.place_next": [("^c - b  →  b - c$", "both have the same length"),
                      ("^b  →  c$", "c - a differs from b - a along u, and its product with u is the same")],
    "14.tm_score": [("^1.24 .*→  1.8 - ", EVEN)],
    "14.precision": [("^p  →  contact$", LENGTH), ("kind=.stable.", "no two of them are alike"),
                     (r"^\(i, j\)", "p and contact are symmetric")],
    "15.area": [(r"^healthy\[", BROADCASTING)],
    "15.bootstrap": [("^tuple", "an array of two is as good")],
    "16.blocks": [("^min", "the smaller of two has no order")],
    "16.ewma": [("^(squared.1:.|1:|1)  →", "the first day averaged with itself is itself")],
    "17.flops": [("^result: a little more", "a hundredth of an operation")],
    "17.memory": [(r"^int\(", "a whole number is as good with a point")],
    "17.fit_power_law": [("^1  →  1.1$", "np.polyfit takes the whole part")],
    "18.rank": [(r"^\(a, b\)  →  \(b, a\)$|→  np.corrcoef\(b, a\)$|^\(0, 1\)  →  \(1, 0\)$",
                 "a correlation is the same the other way round")],
    "18.rollout": [("^(0|-1|1)  →  (-1|1|2)$", "the matrices are square, and all of one size")],
    "19.parity": [("^np.unique", "a group that comes twice has the same share twice")],
    "19.reweigh": [("^np.zeros", FILLED), ("^y  →  group$", LENGTH), (BACKWARDS, ORDER),
                   ("^np.unique", "a combination that comes twice gets the same weight twice"),
                   ("^if both.any", "nobody is given the weight of a combination that nobody has")],
    "19.reverse": [("^argument [12] ignored", "the rule needs g and strength alone")],
    "20.privatize": [("^np.m(in|ax)imum.*→  np.m", "the larger or smaller of two has no order"),
                     ("^np.maximum|^1e-12", "0 clipped is 0, whatever it is multiplied by"),
                     ("→  clipped.* - ", SYMMETRIC)],
    "21.project": [("<= epsilon  →", "at exactly epsilon both ways give the same")],
    "21.anomaly": [("^s - median", EVEN)],
    "22.merge": [("^zip", "a product has no order")],
    "23.pairs": [(BACKWARDS, ORDER)],
    "23.change": [("^Counter", "pairs gives a Counter already")],
    "22.ring_step": [(BACKWARDS, ORDER), ("^1  →  1.1$", "step is a whole number"),
                     ("^result: ", "what counts is written into chunks")],
    "24.returns": [("^np.zeros", FILLED)],
    "24.advantages": [("^1e-06", "it counts only where the deviation is 0, and there it divides 0")],
    "24.gain": [("→  np.minimum.np.clip", "the smaller of two has no order")],
    "25.frechet": [(r"→ +b\.(mean|std)\(\) - a", "a square forgets the sign")],
}


def reason(exercise, change):
    """Why a change of an exercise's solution is no mistake, or None."""
    return next((why for pattern, why in HARMLESS.get(exercise, ()) if re.search(pattern, change)), None)
