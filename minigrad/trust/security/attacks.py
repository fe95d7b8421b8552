"""Adversarial examples: max over ‖d‖ ≤ ε of loss(f(x + d), y), the worst change of an input too small to matter.

    model       a model, or any function from a Tensor (B, ...) to logits (B, K)
    x           (B, ...) floats within `bounds`
    y           (B,) classes or (B, K) one-hot: the right answers
    epsilon     the size of the change, in units of x
    norm        how it is measured: np.inf, the largest change of any input, or 2, the length of the whole change
    bounds      what a valid input is: pixels from 0 to 1, say; None: any number
Returned are changed inputs, float32 of x's shape, where new tensors are made (mg.set_device).  The examples of a batch
must not act on each other.
"""
import math

import numpy as np

from ...engine import backend
from ...engine.ops.neural import softmax_cross_entropy, sparse_softmax_cross_entropy
from ...engine.recording import no_grad
from ...engine.tensor import Tensor
from ...engine.transforms import value_and_grad
from ...keras.layers.inputs import as_array
from ...support.arguments import shown
from ...support.meanings import checked


def _length(d):
    """‖d‖₂ of each example, (B, 1, ..., 1)."""
    return (d * d).sum(axis=tuple(range(1, d.ndim)), keepdims=True) ** 0.5


def _check(norm, epsilon):
    if norm not in (2, np.inf):
        raise ValueError(f"norm must be 2 or np.inf, not {shown(norm)}")
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be 0 or more, not {shown(epsilon)}")


@checked
def steepest(g, norm=np.inf):
    """The d with ‖d‖ = 1 for which g · d is largest: sign g for np.inf, g / ‖g‖₂ for 2; 0 where g is 0."""
    if norm == np.inf:
        return backend.array_module(g).sign(g)
    length = _length(g)
    return g / (length + (length == 0))


@checked
def project(d, epsilon, norm=np.inf):
    """The point of the ball ‖d‖ ≤ ε that is nearest to d: cut off to ±ε for np.inf, shortened for 2."""
    _check(norm, epsilon)
    if norm == np.inf:
        return d.clip(-epsilon, epsilon)
    length = _length(d)
    return d * (epsilon / length.clip(max(epsilon, 1e-30), None))


def _within(bounds, x):
    return x if bounds is None else x.clip(*bounds)


def losses(logits, y):
    """The cross-entropy of each example, (B,), for classes or one-hot labels."""
    return (sparse_softmax_cross_entropy if y.ndim == 1 else softmax_cross_entropy)(logits, y)


def _loss_and_gradient(model, x, y):
    """The loss of each example, and its gradient with respect to that example."""
    def total(x):
        each = losses(model(x), y)
        return each.sum(), each
    with no_grad():                         # the gradient itself need not be differentiable with respect to the weights
        (_, each), gradient = value_and_grad(total, has_aux=True)(x)
    return each._data, gradient


@checked
def fgsm(model, x, y, epsilon, norm=np.inf, bounds=(0, 1)):
    """x + ε sign(∂loss/∂x): one step of the fast gradient sign method.     (Goodfellow, Shlens and Szegedy 2015)

    For a linear model of two classes nothing within the ball has a higher loss.
    """
    _check(norm, epsilon)
    x, y = as_array(x), as_array(y)
    _, gradient = _loss_and_gradient(model, x, y)
    return _within(bounds, x + epsilon * steepest(gradient, norm))


@checked
def pgd(model, x, y, epsilon, norm=np.inf, bounds=(0, 1), steps=20, step=None, restarts=1):
    """x_{t+1} = P(x_t + a steepest(∂loss/∂x_t)): projected gradient ascent in the ball.     (Madry et al. 2018)

    P is the projection onto the ball around x and into the bounds.  Of all points visited each example keeps the one
    with the highest loss, x itself among them: the loss is never lower than that of x.

    step        a, by default 2.5 ε / steps: enough to reach the border from anywhere
    restarts    from how many random points of the ball to climb; 0: once, from x itself
    """
    _check(norm, epsilon)
    x, y = as_array(x), as_array(y)
    xp, step = backend.array_module(x), 2.5 * epsilon / steps if step is None else step
    spread = (-1,) + (1,) * (x.ndim - 1)
    best, highest = x, None
    for _restart in range(max(restarts, 1)):
        d = _random_in_ball(x, epsilon, norm) if restarts else 0 * x
        for _ in range(steps + 1):
            point = _within(bounds, x + d)
            each, gradient = _loss_and_gradient(model, point, y)
            if highest is None:
                highest = _loss_and_gradient(model, x, y)[0]
            better = each > highest
            best, highest = xp.where(better.reshape(spread), point, best), xp.where(better, each, highest)
            d = project(point - x + step * steepest(gradient, norm), epsilon, norm)
    return best


def _random_in_ball(x, epsilon, norm):
    """Uniform in the ball."""
    device = backend.device_of(x)
    if norm == np.inf:
        return epsilon * (2 * backend.random(x.shape, x.dtype, device) - 1)
    radius = backend.random((len(x),) + (1,) * (x.ndim - 1), x.dtype, device) ** (1 / math.prod(x.shape[1:]))
    return epsilon * radius * steepest(backend.normal(x.shape, x.dtype, device), 2)


@checked
def robust_accuracy(model, x, y, epsilons, attack=pgd, batch_size=256, **options):
    """The share of examples that the model still gets right when attacked within ε, for each of epsilons.

    0 stands for the plain accuracy.  A change that fools the model within one ε is within every larger one too, so the
    curve only falls.  It is an upper bound: a better attack may find more.

    y (n,) classes; options go to the attack.  Returns an array like epsilons.
    """
    x, y = as_array(x), as_array(y)
    robust, shares = np.ones(len(x), bool), {}
    for epsilon in sorted(set(map(float, epsilons))):
        for start in range(0, len(x), batch_size):
            part = slice(start, start + batch_size)
            standing = np.flatnonzero(robust[part]) + start             # the others have fallen already
            if len(standing):
                worst = attack(model, x[standing], y[standing], epsilon, **options) if epsilon else x[standing]
                with no_grad():
                    answer = backend.to_numpy(model(Tensor(worst))._data).argmax(axis=1)
                robust[standing] = answer == backend.to_numpy(y[standing])
        shares[epsilon] = robust.mean()
    return np.array([shares[float(epsilon)] for epsilon in epsilons])
