"""The table's larger ops beside PyTorch's: the same values and the same gradients."""
import numpy as np
import pytest

import minigrad as mg

from .gradients import as_pytorch

pytestmark = pytest.mark.peers


def images(x):
    return x.permute(0, 3, 1, 2)


def back(y):
    return y.permute(0, 2, 3, 1)


CASES = {                                   # name: (minigrad's, PyTorch's, shapes)
    "conv2d": (lambda x, w: mg.conv2d(x, w, strides=(1, 2)),
               lambda t, F, x, w: back(F.conv2d(images(x), w.permute(3, 2, 0, 1), stride=(1, 2))),
               [(2, 9, 8, 3), (3, 2, 3, 4)]),
    "conv2d, same": (lambda x, w: mg.conv2d(x, w, padding="same"),
                     lambda t, F, x, w: back(F.conv2d(images(x), w.permute(3, 2, 0, 1), padding="same")),
                     [(2, 9, 8, 1), (5, 3, 1, 4)]),
    "max_pool2d": (lambda x: mg.max_pool2d(x, 3, 2),
                   lambda t, F, x: back(F.max_pool2d(images(x), 3, 2)), [(2, 9, 8, 3)]),
    "avg_pool2d, padded": (lambda x: mg.avg_pool2d(x, 3, padding="same", strides=1),
                           lambda t, F, x: back(F.avg_pool2d(images(x), 3, 1, 1, count_include_pad=False)),
                           [(2, 5, 6, 3)]),
    "gelu": (lambda x: mg.gelu(x, approximate=False), lambda t, F, x: F.gelu(x), [(30,)]),
    "gelu, tanh": (mg.gelu, lambda t, F, x: F.gelu(x, approximate="tanh"), [(30,)]),
    "selu": (mg.selu, lambda t, F, x: F.selu(x), [(30,)]),
    "erf": (mg.erf, lambda t, F, x: t.erf(x), [(30,)]),
    "layer_norm": (mg.layer_norm, lambda t, F, x, w, b: F.layer_norm(x, (5,), w, b), [(3, 4, 5), (5,), (5,)]),
    "attention": (lambda q, k, v: mg.attention(q, k, v, causal=True),
                  lambda t, F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), [(2, 3, 4, 5)] * 3),
    "softmax_cross_entropy": (mg.softmax_cross_entropy, lambda t, F, z, p: F.cross_entropy(z, p, reduction="none"),
                              [(4, 5), (4, 5)]),
    "sigmoid_cross_entropy": (mg.sigmoid_cross_entropy,
                              lambda t, F, z, p: F.binary_cross_entropy_with_logits(z, p, reduction="none"),
                              [(4, 5), (4, 5)]),
    "logabsdet": (mg.logabsdet, lambda t, F, a: t.linalg.slogdet(a)[1], [(3, 4, 4)]),
    "cholesky": (lambda a: mg.cholesky(a @ a.swapaxes(-1, -2) + np.eye(4)),
                 lambda t, F, a: t.linalg.cholesky(a @ a.mT + t.eye(4, dtype=a.dtype)), [(3, 4, 4)]),
    "solve": (mg.solve, lambda t, F, a, b: t.linalg.solve(a, b), [(3, 4, 4), (3, 4, 2)]),
    "prod": (lambda x: mg.prod(mg.where(x > 1, 0.0, x), axis=1),
             lambda t, F, x: t.where(x > 1, 0.0, x).prod(1), [(6, 5)]),
    "logsumexp": (lambda x: mg.logsumexp(x, axis=1), lambda t, F, x: t.logsumexp(x, 1), [(4, 5)]),
    "max of ties": (lambda x: mg.max(mg.clip(x, max=0.1), axis=1),
                    lambda t, F, x: t.amax(x.clip(max=0.1), 1), [(4, 9)]),
}


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name):
    ours, theirs, shapes = CASES[name]
    rng = np.random.default_rng(0)
    as_pytorch(ours, theirs, [rng.standard_normal(shape) for shape in shapes], rng)
