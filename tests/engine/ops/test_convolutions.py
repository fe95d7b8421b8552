"""Convolutions of every kind, poolings and sizes: adjoint, differentiable, and (mark peers) as PyTorch has them."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.testing import check_gradients

from .gradients import as_pytorch


def drawn(rng):
    """Random settings: (shape of x, shape of w, keywords)."""
    axes, groups = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    size, dilation = rng.integers(1, 4, axes).tolist(), int(rng.integers(1, 3))
    x = (2, *rng.integers(6, 9, axes).tolist(), groups * int(rng.integers(1, 3)))
    w = (*size, x[-1] // groups, groups * int(rng.integers(1, 3)))
    border = int(rng.integers(0, 2))
    return x, w, dict(strides=int(rng.integers(1, 4)), padding=border if axes == 2 else (border, border),
                      dilation=dilation, groups=groups)


@pytest.mark.parametrize("seed", range(4))
def test_gradients(seed):
    rng = np.random.default_rng(seed)
    x, w, how = drawn(rng)
    x, w = rng.standard_normal(x), rng.standard_normal(w)
    check_gradients(lambda x, w: mg.conv(x, w, **how), x, w)


@pytest.mark.parametrize("padding", ["valid", "same", 1, ((0, 2), (1, 1))])
@pytest.mark.parametrize("dilation", [1, 2])
def test_a_transposed_convolution_is_the_adjoint(padding, dilation):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 9, 7, 3)), rng.standard_normal((3, 3, 3, 4))
    y = mg.conv(x, w, 2, padding, dilation)
    v = rng.standard_normal(y.shape)
    back = mg.conv_transpose(v, w, 2, padding, dilation)
    if padding != "same":                   # which has a row more here: 2 · 5
        assert_allclose((back * x).sum(), (y * v).sum())
    check_gradients(lambda v, w: mg.conv_transpose(v, w, 2, padding, dilation), v[:1, :2, :2], w)


def test_sequences_that_see_no_later_places():
    x, w = np.random.default_rng(0).standard_normal((1, 6, 2)), np.ones((3, 2, 1))
    slope = mg.grad(lambda x: mg.conv(x, w, padding="causal", dilation=2)[0, 3].sum())(x)
    assert not slope[0, 4:].any() and slope[0, [1, 3]].all()


def test_poolings_with_borders():
    x = np.random.default_rng(0).standard_normal((1, 5, 5, 2))
    for pool in (mg.max_pool2d, mg.avg_pool2d, mg.lp_pool2d):
        y = pool(x, pool_size=3, strides=2, padding=1)
        assert y.shape == (1, 3, 3, 2)
        check_gradients(lambda x: pool(x, pool_size=3, strides=2, padding=((1, 0), (0, 2))), x)        # noqa: B023
    with pytest.raises(ValueError, match="windows without a pixel"):
        mg.max_pool2d(x, 2, padding=2)
    assert_allclose(mg.lp_pool2d(x, 2, 2), np.sqrt(4 * mg.avg_pool2d(x * x, 2)))


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear"])
def test_interpolate(mode):
    x = np.random.default_rng(0).standard_normal((1, 3, 4, 2))
    assert_allclose(mg.interpolate(x, size=(3, 4), mode=mode), x)
    assert mg.interpolate(x[:, 0], scale=1.5, mode=mode).shape == (1, 6, 2)
    check_gradients(lambda x: mg.interpolate(x, size=(5, 3), mode=mode), x)


@pytest.mark.parametrize("make, message", [
    (lambda x, w: mg.conv(x, w[0]), "filters of three axes"),
    (lambda x, w: mg.conv(x, w, groups=2), "don't go together in 2 groups"),
    (lambda x, w: mg.conv(x, w, padding=-1), "padding must be"),
    (lambda x, w: mg.conv(x, w, dilation=4), "does not fit"),
    (lambda x, w: mg.conv_transpose(x, w.swapaxes(2, 3), padding=6), "leaves nothing"),
    (lambda x, w: mg.interpolate(x), "either size= or scale="),
    (lambda x, w: mg.interpolate(x, 0), "size"),
    (lambda x, w: mg.interpolate(x, 3, mode="cubic"), "mode must be"),
    (lambda x, w: mg.interpolate(x, scale=0.1), "leaves nothing"),
])
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.ones((1, 5, 5, 3)), np.ones((3, 3, 3, 2)))


# -- PyTorch ---------------------------------------------------------------------------------------------------------
def channels_first(torch, x):
    return torch.movedim(x, -1, 1).contiguous()


def filters_first(w):
    n = w.ndim - 2
    return w.permute(n + 1, n, *range(n)).contiguous()


def same(ours, theirs, arrays):
    as_pytorch(ours, lambda torch, *rest: torch.movedim(theirs(torch, *rest), 1, -1), arrays, np.random.default_rng(1))


@pytest.mark.peers
@pytest.mark.parametrize("seed", range(20))
def test_convolutions_as_pytorch(seed):
    rng = np.random.default_rng(seed)
    shape, filters, how = drawn(rng)
    x, w, n = rng.standard_normal(shape), rng.standard_normal(filters), len(shape) - 2
    border = how["padding"] if n == 2 else how["padding"][0]

    def theirs(t, F, x, w):
        f = F.conv1d if n == 1 else F.conv2d
        return f(channels_first(t, x), filters_first(w), None, how["strides"], border, how["dilation"], how["groups"])
    same(lambda x, w: mg.conv(x, w, **how), theirs, [x, w])
    back = np.random.default_rng(2).standard_normal((*filters[:n], filters[-1] // how["groups"], shape[-1]))

    def transposed(t, F, x, w):
        f = F.conv_transpose1d if n == 1 else F.conv_transpose2d
        return f(channels_first(t, x), filters_first(w), None, how["strides"], border, 0, how["groups"],
                 how["dilation"])
    same(lambda x, w: mg.conv_transpose(x, w, **how), transposed, [x, back])


@pytest.mark.peers
@pytest.mark.parametrize("seed", range(10))
def test_poolings_and_sizes_as_pytorch(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, *rng.integers(5, 9, 2).tolist(), 2))
    size, stride, border = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(0, 2))
    new = tuple(rng.integers(1, 14, 2).tolist())
    scale = float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.3, 1.9)]))      # PyTorch forgets those near 1, 2
    same(lambda x: mg.max_pool2d(x, size, stride, border),
         lambda t, F, x: F.max_pool2d(channels_first(t, x), size, stride, border), [x])
    same(lambda x: mg.avg_pool2d(x, size, stride, border),
         lambda t, F, x: F.avg_pool2d(channels_first(t, x), size, stride, border, count_include_pad=False), [x])
    same(lambda x: mg.lp_pool2d(x, 2, size, stride),
         lambda t, F, x: F.lp_pool2d(channels_first(t, x), 2, size, stride), [x])
    for mode in ("nearest", "nearest-exact", "bilinear"):
        for how in ({"size": new}, {"scale_factor": scale}):
            ours = {"size": new} if "size" in how else {"scale": scale}
            same(lambda x: mg.interpolate(x, mode=mode, **ours),                                      # noqa: B023
                 lambda t, F, x: F.interpolate(channels_first(t, x), mode=mode, **how), [x])           # noqa: B023
    same(lambda x: mg.interpolate(x, new, mode="bilinear", align_corners=True),
         lambda t, F, x: F.interpolate(channels_first(t, x), new, mode="bilinear", align_corners=True), [x])
