"""A value and its gradient, two functions of plain NumPy: do they belong together?"""
import numpy as np

from .adapters import foreign, signature_of
from .ops.runner import check_op


class PlainNumPy:
    """f with the vjp that a user wrote for it; first order only, since nothing records the vjp."""
    highest_order, left_out = 1, ("precision_kept", "python_numbers", "results_unused")
    enter = leave = staticmethod(np.asarray)

    def __init__(self, vjp):
        self.vjp = vjp

    def join(self, ys):
        return np.concatenate([np.ravel(y) for y in ys])

    def pullback(self, f):
        return self.vjp


def check_vjp(f, vjp, *inputs, domain=None, shapes=None, cases=None, **options):
    """Check a plain NumPy function against its vjp; a Verdict, or Failed with the smallest counterexample.

    f           f(*inputs) -> an array, a number, or a tuple of arrays
    vjp         vjp(g, *inputs) -> the gradient of Σ g f, or a tuple of one for each input; of a tuple of results g is
                all of them in one vector.  Or, for a scalar f, gradient(*inputs), as scipy.optimize takes it.
    inputs      arrays to check it at; without them they are drawn from domain and shapes, as for check_op
    options     those of check_op: examples, seed, rtol, skip

        mg.testing.check_vjp(rosen, rosen_der, np.array([1.3, 0.7, 0.8]))
    """
    __tracebackhide__ = True
    for what, function in (("f", f), ("vjp", vjp)):
        if not callable(function):
            raise TypeError(f"check_vjp: {what} must be a function, got {type(function).__name__}")
    signature = [p for p in signature_of(f) if p.default is p.empty][:len(inputs) or None]
    taken = len([p for p in signature_of(vjp) if p.default is p.empty])
    if taken not in (len(signature), len(signature) + 1):
        raise TypeError(f"check_vjp: f takes {len(signature)} inputs, so vjp must take g and those, or, as the "
                        f"gradient of a scalar, those alone; it takes {taken} arguments")
    back = vjp if taken > len(signature) else (lambda g, *xs: scaled(g, vjp(*xs)))
    op = foreign(PlainNumPy(back), f, getattr(f, "__name__", "f"), signature, f.__module__)
    op.domain, op.shapes, op.elementwise = domain, shapes, shapes is None and not inputs
    op.cases = cases or ([([np.asarray(x, float) for x in inputs], {})] if inputs else None)
    op.pair = [n if n.isidentifier() else other for n, other in ((op.name, "f"), (getattr(vjp, "__name__", ""), "vjp"))]
    return check_op(op, **options)


def scaled(g, gradients):
    """The gradients of a scalar function times its cotangent."""
    if np.ndim(g):
        raise TypeError(f"check_vjp: f gives {np.size(g)} numbers, no scalar, so its vjp must take the cotangent g "
                        "first: vjp(g, *inputs)")
    if gradients is None:
        raise TypeError("the gradient is None: return is missing")
    return [g * np.asarray(d) for d in gradients] if isinstance(gradients, tuple) else g * np.asarray(gradients)
