"""Which inputs matter for an answer: attributions by gradients.

Every function takes a model, a batch x (B, ...) of floats and the class to explain, and returns a NumPy array of x's
shape.

    model       a model, or any function from a Tensor (B, ...) to scores (B, K), or (B,): explain logits rather than
                probabilities, which are flat where the model is sure
    target      the class of each example: an integer, (B,) integers, or None for the class of the highest score

The examples of a batch must not act on each other, as they don't in prediction.
"""
from contextlib import contextmanager

import numpy as np

from ...engine import backend
from ...engine.op import Op
from ...engine.ops.indexing import take_along_axis
from ...engine.ops.nonlinear import relu
from ...engine.recording import no_grad
from ...engine.tensor import Tensor
from ...engine.transforms import grad
from ...support.arguments import shown
from ...support.meanings import checked


def class_scores(model, x, target):
    """model(x)[i, target[i]] for each example i: a Tensor (B,)."""
    scores = model(x)
    scores = scores.reshape(scores.shape[0], -1)                                # (B, K), or (B,) as (B, 1)
    if target.max(initial=0) >= scores.shape[1] or target.min(initial=0) < 0:
        raise ValueError(f"target must be a class from 0 to {scores.shape[1] - 1}, not {target.tolist()}")
    return take_along_axis(scores, backend.asarray(target[:, None], device=scores.device), axis=1)[:, 0]


def classes_of(model, x, target=None):
    """(B,) integers: the class to explain of each example, the likeliest unless target names one."""
    if target is None:
        with no_grad():
            scores = model(Tensor(backend.asarray(x)))
        return backend.to_numpy(scores._data).reshape(len(x), -1).argmax(axis=1)
    target = np.asarray(target)
    if target.dtype.kind not in "iu" or target.shape not in ((), (len(x),)):
        raise ValueError(f"target must be a class, or one for each of {len(x)} examples, not {shown(target)}")
    return np.broadcast_to(target, len(x))


def floats(x):
    """x as a NumPy array of floats, float32 unless it is of another precision."""
    x = backend.to_numpy(getattr(x, "_data", x))
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def score_gradient(model, x, target):
    """∂ model(x)[i, target[i]] / ∂ x[i] for each example i."""
    with no_grad():                         # the gradient itself need not be differentiable with respect to the weights
        return backend.to_numpy(grad(lambda x: class_scores(model, x, target).sum())(x))


@checked
def saliency(model, x, target=None):
    """|∂S_c / ∂x|: how fast the score S of class c would change with each input.     (Simonyan et al. 2014)

    For a linear model S = w · x + b it is |w|, whatever x.
    """
    x = floats(x)
    return np.abs(score_gradient(model, x, classes_of(model, x, target)))


@checked
def integrated_gradients(model, x, target=None, baseline=0.0, steps=64):
    """(x - x') ∫₀¹ ∂S_c(x' + a (x - x')) / ∂x da: gradients along the straight way from a baseline x'.

    The axiom of completeness: the attributions of an example add up to S_c(x) - S_c(x').  An input that equals the
    baseline's, or that the model doesn't use, gets 0.  The integral is a sum at the midpoints of `steps` pieces; how
    far completeness is missed says how good that is.                                       (Sundararajan et al. 2017)

    baseline    a number, or an array that broadcasts to x: an input that says nothing, such as a white page
    """
    if steps < 1:
        raise ValueError(f"integrated_gradients: steps must be at least 1, not {steps}")
    x = floats(x)
    start = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
    target = classes_of(model, x, target)
    total = sum(score_gradient(model, start + ((k + 0.5) / steps) * (x - start), target) for k in range(steps))
    return (x - start) * total / steps


@checked
def smooth_grad(model, x, target=None, noise=0.15, samples=32, seed=0, method=score_gradient):
    """The mean of an explanation over noisy copies of x: (1/n) Σ M(x + ε), ε ~ N(0, σ²).     (Smilkov et al. 2017)

    With gradients as M it estimates the gradient of S_c smoothed by a Gaussian of width σ, so it equals the gradient
    where S_c is linear, and has a standard error that falls as 1/√n.

    noise       σ, as a share of each example's range, max x - min x
    method      M(model, x, target); the signed gradient by default
    """
    if noise < 0 or samples < 1:
        raise ValueError(f"smooth_grad: noise must not be negative and samples at least 1, not {noise} and {samples}")
    x, rng = floats(x), np.random.default_rng(seed)
    target = classes_of(model, x, target)
    inner = tuple(range(1, x.ndim))
    width = noise * (x.max(axis=inner, keepdims=True) - x.min(axis=inner, keepdims=True))
    return sum(method(model, x + width * rng.standard_normal(x.shape).astype(x.dtype), target)
               for _ in range(samples)) / samples


# Not in the table of derivatives: the rule is no derivative, it drops what would lower the score.
guided_relu = Op(lambda x, /: backend.array_module(x).maximum(x, 0), lambda g, y, x: g * (y > 0) * (g > 0),
                 name="guided_relu", doc="y = max(x, 0)      dx = g where y > 0 and g > 0, which is not the derivative")


@contextmanager
def guided(model):
    """While the block runs, each relu among the activations of the model's layers passes positive gradients alone."""
    changed = [layer for layer in model.sublayers() if getattr(layer, "activation", None) is relu]
    if not changed:
        raise ValueError("guided_backpropagation changes how relu passes gradients back, and no layer of this model "
                         'has activation="relu"')
    for layer in changed:
        layer.activation = guided_relu
    try:
        yield
    finally:
        for layer in changed:
            layer.activation = relu


@checked
def guided_backpropagation(model, x, target=None):
    """The gradient with every negative cotangent cut off at each relu: sharp pictures.     (Springenberg et al. 2015)

    They look convincing and say little about the model: see `sanity`.  It partly recovers the input, whatever the
    weights (Nie et al. 2018).  The model must have layers with activation="relu".
    """
    x = floats(x)
    target = classes_of(model, x, target)
    with guided(model):
        return score_gradient(model, x, target)
