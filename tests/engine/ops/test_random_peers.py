"""Convolution, pooling and attention beside PyTorch's, at settings drawn by chance: the same values and gradients."""
import numpy as np
import pytest

import minigrad as mg

from .gradients import as_pytorch

pytestmark = pytest.mark.peers
SEEDS = pytest.mark.parametrize("seed", range(40))


def windows_of(rng):
    """(images, size, strides, padding): also windows of one number, strides longer than a window, flat images."""
    size, strides = (tuple(int(n) for n in rng.integers(1, 5, 2)) for _ in range(2))
    padding = ("valid", "same")[rng.integers(2)]
    least = size if padding == "valid" else (1, 1)
    shape = rng.integers(1, 4), *(n + rng.integers(0, 9) for n in least), rng.choice([1, 2, 3, 5])
    return rng.standard_normal([int(n) for n in shape]), size, strides, padding


def padded(torch, F, x, size, strides, padding, value=0.0):
    """Images (N, H, W, C) as PyTorch's (N, C, H, W), with the borders that "same" puts there."""
    x = x.permute(0, 3, 1, 2)
    if padding == "valid":
        return x
    borders = []
    for n, k, s in reversed(list(zip(x.shape[2:], size, strides))):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        borders += [total // 2, total - total // 2]
    return F.pad(x, borders, value=value)


@SEEDS
def test_conv2d(seed):
    rng = np.random.default_rng(seed)
    x, size, strides, padding = windows_of(rng)
    w = rng.standard_normal((*size, x.shape[3], int(rng.integers(1, 5))))

    def theirs(torch, F, x, w):
        y = F.conv2d(padded(torch, F, x, size, strides, padding), w.permute(3, 2, 0, 1).contiguous(), stride=strides)
        return y.permute(0, 2, 3, 1)
    as_pytorch(lambda x, w: mg.conv2d(x, w, strides, padding), theirs, [x, w], rng)


@SEEDS
def test_max_pool2d(seed):
    rng = np.random.default_rng(seed)
    x, size, strides, padding = windows_of(rng)
    as_pytorch(lambda x: mg.max_pool2d(x, size, strides, padding), lambda torch, F, x: F.max_pool2d(
        padded(torch, F, x, size, strides, padding, -float("inf")), size, strides).permute(0, 2, 3, 1), [x], rng)


@SEEDS
def test_avg_pool2d(seed):
    rng = np.random.default_rng(seed)
    x, size, strides, padding = windows_of(rng)

    def theirs(torch, F, x):
        def summed(x):
            return F.avg_pool2d(padded(torch, F, x, size, strides, padding), size, strides)
        return (summed(x) / summed(torch.ones_like(x))).permute(0, 2, 3, 1)     # of the pixels, not of the border
    as_pytorch(lambda x: mg.avg_pool2d(x, size, strides=strides, padding=padding), theirs, [x], rng)


@SEEDS
def test_attention(seed):
    rng = np.random.default_rng(seed)
    lead = [(), (2,), (2, 3)][rng.integers(3)]
    t, s, d, e = (int(n) for n in rng.integers(1, 7, 4))
    q, k, v = (rng.standard_normal((*lead, n, m)) for n, m in ((t, d), (s, d), (s, e)))
    causal, scale = bool(rng.integers(2)) and s >= t, [None, 0.7][rng.integers(2)]
    mask = [None, rng.random((t, s)) < 0.6, rng.random((*lead, t, s)) < 0.3][rng.integers(3)]     # with empty rows, too
    allowed = np.ones((t, s), bool) if mask is None else mask
    allowed = allowed & np.tri(t, s, s - t, dtype=bool) if causal else allowed
    as_pytorch(lambda q, k, v: mg.attention(q, k, v, causal=causal, mask=mask, scale=scale),
            lambda torch, F, q, k, v: F.scaled_dot_product_attention(
                q, k, v, attn_mask=torch.tensor(allowed), scale=scale), [q, k, v], rng)
