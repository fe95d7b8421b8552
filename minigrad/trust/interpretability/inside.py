"""Inside a network: what a layer returns, which places of it made the answer, and what can be read from it."""
from contextlib import contextmanager

import numpy as np

from ...engine import backend
from ...engine.recording import grad_mode, no_grad
from ...engine.tensor import Tensor, backpropagate
from ...support.meanings import checked
from .saliency import class_scores, classes_of, floats


@contextmanager
def tapped(layer, pass_on=lambda y: y):
    """A list of what the layer returns while the block runs; pass_on makes of it what the model goes on with."""
    outputs, call = [], layer.call

    def through(*args, **kwargs):
        outputs.append(pass_on(call(*args, **kwargs)))
        return outputs[-1]
    layer.call = through
    try:
        yield outputs
    finally:
        del layer.call                      # the class's own is found again


def _only(outputs, layer, who):
    if len(outputs) != 1:
        raise ValueError(f"{who}: the model calls {layer._label} {len(outputs)} times for one input, not once")
    return outputs[0]


@checked
def activations(model, x, layer, batch_size=256):
    """What a layer of the model returns for each example of x (n, ...): an array (n, ...)."""
    parts = []
    for start in range(0, len(x), batch_size):
        with tapped(layer) as outputs, no_grad():
            model(x[start:start + batch_size])
        parts.append(_only(outputs, layer, "activations").numpy())
    return np.concatenate(parts)


@checked
def grad_cam(model, x, layer, target=None):
    """relu(Σ_k a_k A_k), a_k = mean over places of ∂S_c / ∂A_k: where a convolution sees class c.

    x (B, H, W, C), A the output (B, h, w, K) of `layer` -> (B, h, w), zero or more, in units of the score S_c.
    Where the mean of each channel goes straight into a dense layer of weights w, it is relu(Σ_k w_kc A_k) / (h w): the
    class activation map of Zhou et al. 2016, of which it is the generalisation.            (Selvaraju et al. 2017)

    layer       an object among the model's layers, usually the last convolution; `overlay` draws the result
    target      the class of each example, an integer or (B,); None: the class of the highest score
    Raises ValueError if the layer's output isn't images, or the model doesn't call it exactly once.
    """
    x = floats(x)
    target = classes_of(model, x, target)
    with tapped(layer, lambda y: Tensor(y._data, requires_grad=True)) as outputs, grad_mode(True):
        score = class_scores(model, Tensor(backend.asarray(x)), target).sum()   # its tape starts at the layer's output
    maps = _only(outputs, layer, "grad_cam")
    if maps.ndim != 4:
        raise ValueError(f"grad_cam: {layer._label} returns shape {maps.shape}, "
                         "and images (batch, h, w, channels) are needed")
    slopes = backpropagate(score, wrt={maps})[maps]                                                 # (B, h, w, K)
    weights = slopes.mean(axis=(1, 2), keepdims=True)                                               # (B, 1, 1, K)
    return np.maximum(backend.to_numpy((weights * maps._data).sum(axis=-1)), 0)                     # (B, h, w)


@checked
def linear_probe(features, labels, test_features, test_labels, epochs=30, seed=0):
    """The share of test_labels that a softmax regression on the features gets right.     (Alain and Bengio 2016)

    argmax_k (W h + b)_k with W, b that minimise the mean cross-entropy over (features, labels).  A probe is linear so
    that it can only read off what the features lay out; a property that must be computed first, such as an exclusive
    or, it does not find.  Compare with a probe of the raw inputs and of an untrained network.

    features (n, ...), flattened and standardised by their own mean and deviation; labels (n,) integers from 0
    """
    from ...data.loading import standardize
    from ...keras.layers import Dense
    from ...keras.losses import SparseCategoricalCrossentropy
    from ...keras.models import Sequential
    from ...keras.optimizers import Adam
    from ...keras.optimizers.schedules import CosineDecay
    labels, test_labels = np.asarray(labels), np.asarray(test_labels)
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(f"linear_probe: labels must be integers from 0, not {labels.dtype} such as {labels.flat[0]}")
    train, mean, deviation = standardize(floats(features).reshape(len(features), -1))
    test, *_ = standardize(floats(test_features).reshape(len(test_features), -1), mean, deviation)
    model = Sequential([Dense(int(labels.max()) + 1, kernel_initializer="zeros")])
    steps = epochs * -(-len(train) // 64)
    model.compile(Adam(CosineDecay(0.02, steps)), SparseCategoricalCrossentropy(from_logits=True))
    before = backend.rng_state()
    backend.seed(seed)
    try:
        model.fit(train, labels, batch_size=64, epochs=epochs, verbose=0)
    finally:
        backend.set_rng_state(before)
    return float((model.predict(test, verbose=0).argmax(axis=1) == test_labels).mean())
