"""Is a change that no check noticed a mistake at all?  Measured: what it does beside what the op as it is does.

Many changes leave everything as it is: what is done to a zero, an operand of which only the shape is used, another way
to the same numbers.  No list of them is kept, which would excuse real mistakes some day.  A mutant is no mistake where
value, first and second derivatives agree with those of the op to nine digits on eight times as many cases as are
checked, of another seed, some of them far out and close to 0; and value and first derivatives where calculus ends or
digits are few, at infinities, zeros and conventions, in single and half precision.  As far as the op is finite there.
"""
import numpy as np

from ...engine.tensor import Tensor, backpropagate
from ..arrays import alike
from ..ops.choose import choose
from ..ops.properties import Trial

TIMES = 8                                   # as many cases as are checked
SCALES = (1e6, 1e-6)                        # and some of them so much larger and smaller
SPECIAL = (np.inf, -np.inf, 0.0)            # or with one element like this
TYPES = (np.float32, np.float16)            # or in this precision


def wide_cases(op, examples, seed=0):
    """(case, up to which order): cases that the checks do not look at, larger and smaller ones too, and the edges."""
    cases = choose(op, None, TIMES * examples, seed + 1).cases
    few = cases[:examples]
    smooth = cases + [_changed(case, np.multiply, factor) for factor in SCALES for case in few]
    edges = [_changed(case, _with_one, value) for value in SPECIAL for case in few]
    edges += [_changed(case, np.ndarray.astype, dtype) for dtype in TYPES for case in few]
    edges += [([np.asarray(x) for x in inputs], params) for inputs, params, _ in op.conventions]
    return [(case, 2) for case in smooth] + [(case, 1) for case in edges]


def _changed(case, f, value):
    return [np.asarray(f(x, value)) if x.dtype.kind == "f" else x for x in case[0]], case[1]


def _with_one(x, value):
    x = np.array(x)
    if x.size:
        x.flat[x.size // 2] = value
    return x


class Wider:
    """What an op does on more and wider cases, to compare a mutant with."""

    def __init__(self, op, examples, seed=0):
        self.op, self.examples, self.seed, self.known = op, examples, seed, None

    def prepare(self):
        """Note what the op does; while no function of it is changed."""
        if self.known is None:
            done = [(n, case, order, _done(self.op, case, n, order))
                    for n, (case, order) in enumerate(wide_cases(self.op, self.examples, self.seed))]
            self.known = [noted for noted in done if noted[-1]]

    def same(self, broken):
        """On how many cases a mutant does what the op does; 0 if it does not on one of them."""
        alike = all(_same(_done(broken, case, n, order), right, order) for n, case, order, right in self.known)
        return len(self.known) if alike else 0


def _done(op, case, number, order):
    """(value, first, second derivatives) as lists; None where the op does not go there, or has no finite gradient."""
    try:
        value, first, second = derivatives(Trial(op, *case), number, order)
    except Exception:
        return None
    return (value, first, second) if _finite(first) else None


def _finite(arrays):
    return all(a is None or np.isfinite(a).all() for a in arrays)


def _same(found, right, order):
    if found is None:
        return False
    order = order if _finite(right[2]) else 1
    return all(len(a) == len(b) and all(map(_equal, a, b)) for a, b in zip(found[:order + 1], right))


def _equal(a, b):
    if a is None or b is None:
        return a is b
    rounding = 50 * float(np.finfo(b.dtype).eps) if b.dtype.kind == "f" else 0
    return a.dtype == b.dtype and alike(a, b, max(1e-9, rounding))


def derivatives(trial, seed, order=2):
    """The value, the gradients for a random cotangent, and the slopes of a function of them: the second order."""
    leaves, y, _ = trial.recorded()
    if not getattr(y, "requires_grad", False):
        return [np.asarray(getattr(y, "_data", y))], [], []
    wanted = [x for x, r in zip(leaves, trial.real) if r]
    drawn = np.random.default_rng(seed).standard_normal(y.shape)
    cotangent = Tensor(np.asarray(drawn, y.dtype), requires_grad=True)
    found = backpropagate(y, cotangent, create_graph=order > 1)
    first = [d if d is None or isinstance(d, Tensor) else Tensor(d) for d in map(found.get, wanted)]
    if order == 1:
        return [y._data], [None if d is None else d._data for d in first], []
    slope = sum(((d * d * 0.5 + d).sum() for d in first if d is not None), start=Tensor(np.zeros(())))
    second = backpropagate(slope) if slope.requires_grad else {}
    return ([y._data], [None if d is None else d._data for d in first],
            [np.asarray(second.get(x, np.zeros(x.shape))) for x in (*wanted, cotangent)])
