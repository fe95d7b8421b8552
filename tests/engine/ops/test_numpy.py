"""NumPy functions called on tensors: the same parameters in the same places, the same values; or a clear refusal."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import Tensor

X = np.random.default_rng(0).standard_normal((3, 3, 4))
Y = np.random.default_rng(1).standard_normal((3, 3, 4))
NAMED_LIMITS = [lambda x: np.clip(x, min=0), lambda x: np.clip(x, max=0)]
if np.lib.NumpyVersion(np.__version__) < "2.1.0":
    NAMED_LIMITS = []                       # NumPy doesn't know min= and max= yet
SAME = {
    "reductions": [
        lambda x: np.sum(x, 1), lambda x: np.sum(x, axis=(0, -1), keepdims=True), lambda x: np.mean(x, -1),
        lambda x: np.max(x, 1), lambda x: np.amin(x, axis=0), lambda x: np.prod(x, 2), lambda x: np.std(x, ddof=1),
        lambda x: np.var(x, axis=0, ddof=1), lambda x: np.cumsum(x, 1), lambda x: np.cumsum(x),
        lambda x: np.argmax(x, 1), lambda x: np.argmin(x), lambda x: np.sort(x, 0), lambda x: np.sort(x, axis=None),
        lambda x: np.argsort(x), lambda x: np.any(x > 1, axis=0), lambda x: np.all(x > -9), lambda x: np.linalg.norm(x),
        lambda x: np.linalg.norm(x, axis=1), lambda x: np.linalg.norm(x[0], "fro"),
        lambda x: np.linalg.norm(x, None, -1, True), lambda x: np.linalg.norm(x, 2, 1),
        lambda x: np.linalg.norm(x, 1, axis=-1), lambda x: np.linalg.norm(x[0, 0], np.inf), lambda x: np.linalg.norm(
            x, 3, axis=0, keepdims=True), lambda x: np.linalg.norm(x[0, 0], -np.inf),
        lambda x: np.linalg.norm(x, axis=(1, 2))],
    "elementwise": [
        lambda x: np.exp(x), lambda x: np.absolute(x), lambda x: np.clip(x, -1, 1), lambda x: np.clip(x, None, 0.5),
        *NAMED_LIMITS, lambda x: np.power(x, 2),
        lambda x: np.where(x > 0, x, 0), lambda x: np.maximum(x, Y), lambda x: np.arctan2(Y, x),
        lambda x: np.logaddexp(x, 1), lambda x: np.isnan(x), lambda x: np.multiply(Y, x), lambda x: Y - x,
        lambda x: Y / x, lambda x: np.float64(2) * x, lambda x: 2 ** x, lambda x: Y > x, lambda x: -abs(x),
        lambda x: ~(x > 0), lambda x: (x > 0) & (x < 1), lambda x: (x > 0) | (Y > 0)],
    "shapes": [
        lambda x: np.reshape(x, (9, 4)), lambda x: np.ravel(x), lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 2, 0)), lambda x: np.swapaxes(x, 0, 2), lambda x: np.moveaxis(x, 0, -1),
        lambda x: np.expand_dims(x, 1), lambda x: np.squeeze(x[:1], axis=0), lambda x: np.broadcast_to(x, (2, 3, 3, 4)),
        lambda x: np.concatenate([x, Y]), lambda x: np.concatenate((x, Y), axis=-1),
        lambda x: np.concatenate([x, Y], axis=None), lambda x: np.stack([Y, x], axis=1), lambda x: np.split(x, 3)[1],
        lambda x: np.split(x, [1, 2], axis=-1)[2], lambda x: np.pad(x, 1), lambda x: np.flip(x, 1),
        lambda x: np.pad(x, ((0, 0), (1, 2), (0, 1)), mode="constant", constant_values=3),
        lambda x: np.pad(x, (1, 2), "constant"),
        lambda x: np.pad(x, (1, 2), "reflect"), lambda x: np.pad(x, 2, mode="edge"), lambda x: np.pad(x, 4, "wrap"),
        lambda x: np.pad(x, ((0, 5), (1, 0), (2, 2)), mode="symmetric"),
        lambda x: np.roll(x, 2), lambda x: np.roll(x, (1, -1), (0, 2)),
        lambda x: np.tile(x, (2, 1)), lambda x: np.repeat(x, 2), lambda x: np.repeat(x, [1, 0, 2], axis=1),
        lambda x: np.tril(x, -1), lambda x: np.triu(x), lambda x: np.diagonal(x), lambda x: np.diagonal(x, 1, 1, 2),
        lambda x: np.trace(x), lambda x: np.linalg.trace(x), lambda x: np.linalg.diagonal(x),
        lambda x: np.linalg.trace(x, offset=1), lambda x: np.take(x, [0, 5]), lambda x: np.take(x, [0, -1], 1),
        lambda x: np.take(x, 1, axis=0), lambda x: np.take_along_axis(x, np.argsort(Y, 1), 1),
        lambda x: np.take_along_axis(x, np.argsort(Y, None), None), lambda x: np.astype(x, np.float32)],
    "products": [
        lambda x: np.matmul(x, Y.swapaxes(1, 2)), lambda x: Y.swapaxes(1, 2) @ x, lambda x: np.dot(x, np.ones(4)),
        lambda x: np.dot(x, Y.swapaxes(1, 2)), lambda x: np.dot(x, 2.0), lambda x: np.dot([1.0, 2, 3], x[0]),
        lambda x: np.einsum("ijk,ilk->jl", x, Y), lambda x: np.tensordot(x, Y, ([0, 1], [0, 1])),
        lambda x: np.outer(x[0], Y[1]), lambda x: np.tensordot(x, Y[0]), lambda x: np.linalg.inv(x[..., :3]),
        lambda x: np.linalg.det(x[..., :3]), lambda x: np.linalg.solve(x[..., :3], Y),
        lambda x: np.linalg.slogdet(x[..., :3]).logabsdet, lambda x: np.linalg.slogdet(x[..., :3])[0],
        lambda x: np.linalg.cholesky(x[0, :, :2].T @ x[0, :, :2])],
    "methods": [
        lambda x: x.sum(1), lambda x: x.mean((0, 1)), lambda x: x.max(-1), lambda x: x.reshape(9, -1),
        lambda x: x.reshape((9, -1)), lambda x: x.reshape(-1), lambda x: x.transpose(), lambda x: x.transpose(2, 0, 1),
        lambda x: x.transpose((2, 0, 1)), lambda x: x.T, lambda x: x.swapaxes(0, 1), lambda x: x.clip(0, 1),
        lambda x: x.flatten(), lambda x: x.ravel(), lambda x: x.std(axis=1, ddof=1), lambda x: x.argmax(1),
        lambda x: x.cumsum(0), lambda x: x.prod(), lambda x: x.repeat(2, 1), lambda x: x.diagonal(),
        lambda x: x.trace(), lambda x: x.take([1, 0], 2), lambda x: x.dot(np.ones(4)), lambda x: x.squeeze(),
        lambda x: x.astype("float32"), lambda x: x[1, ..., ::-2], lambda x: x[x > 0], lambda x: x[:, [0, 0], 1],
        lambda x: x[None, -1]],
}


@pytest.mark.parametrize("f", [f for fs in SAME.values() for f in fs])
def test_the_same_as_numpy_on_arrays(f):
    y, expected = f(mg.tensor(X, requires_grad=True)), f(X)
    assert isinstance(y, Tensor) and y.dtype == expected.dtype
    assert_allclose(y.numpy(), expected, rtol=1e-12)


T = mg.tensor(X, requires_grad=True)


@pytest.mark.parametrize("f, words", [
    (lambda: np.sort(T, order="x"), "takes no order="),
    (lambda: np.sum(T, 0, np.float32), "sum takes 1 input, then axis, got 3"),           # NumPy's third is the dtype
    (lambda: np.max(T, 0, np.zeros(3)), "max takes 1 input"),
    (lambda: np.std(T, 0, None, None, 1), "std takes 1 input"),
    (lambda: np.sort(T, kind="stable"), "takes no kind="),
    (lambda: np.median(T), "np.median has no derivative rule"),
    (lambda: np.nextafter(T, 0), "np.nextafter has no derivative rule"),
    (lambda: np.add.reduce(T), r"np.add.reduce has no derivative rule"),
    (lambda: np.multiply.outer(T, X), r"np.multiply.outer has no derivative rule"),
    (lambda: np.exp(T, where=X > 0), "where= can't be used"),
    (lambda: np.exp(T, out=np.zeros_like(X)), "isn't recorded"),
    (lambda: np.exp(X, out=mg.tensor(X)), "isn't recorded"),
    (lambda: np.zeros_like(X).__iadd__(T), "y = y \\+ x"),
])
def test_refused(f, words):
    with pytest.raises(TypeError, match=words):
        f()


def test_arrays_may_be_edited_by_tensors_that_need_no_gradient():
    a = np.zeros(3)
    a += mg.tensor([1.0, 2, 3])
    with mg.no_grad():
        a += mg.tensor([1.0, 1, 1], requires_grad=True)
    assert a.tolist() == [2, 3, 4]


def test_functions_that_only_look_get_the_array():
    assert np.allclose(T, X) and np.shape(T) == (3, 3, 4) and np.array_equal(T, X)
    assert np.count_nonzero(T > 0) == (X > 0).sum()


def test_filled_like_a_tensor_is_a_tensor_without_gradient():
    for y in (np.zeros_like(T), np.ones_like(T), np.full_like(T, 2.0)):
        assert isinstance(y, Tensor) and y.shape == T.shape and not y.requires_grad
