"""Linear algebra, beyond the table's tests: NumPy's rules for vectors, signs, and matrices that won't do."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg

A = np.random.default_rng(0).standard_normal((4, 3, 3)) + 2 * np.eye(3)


def test_slogdet_is_numpys_named_pair():
    pair, expected = mg.slogdet(mg.tensor(A, requires_grad=True)), np.linalg.slogdet(A)
    assert_allclose(pair.sign.numpy(), expected.sign)
    assert_allclose(pair.logabsdet.numpy(), expected.logabsdet)
    assert pair.logabsdet.requires_grad and not pair.sign.requires_grad
    for found, value in zip(mg.slogdet(A), expected, strict=True):
        assert_allclose(found, value)


def test_the_gradient_of_logabsdet_where_the_determinant_is_negative():
    a = np.diag([-2.0, 3.0])
    assert_allclose(mg.grad(lambda a: mg.slogdet(a).logabsdet)(a), np.diag([-1 / 2, 1 / 3]))


def test_b_is_a_vector_only_if_it_has_one_axis():
    b = np.ones((4, 3, 3))[..., :1]
    assert mg.solve(A, b[0, :, 0]).shape == (4, 3) and mg.solve(A, b).shape == (4, 3, 1)
    with pytest.raises(ValueError, match=r"solve: input shapes \(4, 3, 3\), \(4, 3\)"):
        mg.solve(A, b[..., 0])                              # not four vectors: in NumPy 2 a matrix (4, 3)


def test_cholesky_uses_the_symmetric_part_and_has_a_symmetric_gradient():
    s = A[0] @ A[0].T
    skewed = s + np.array([[0, 0.1, 0], [-0.1, 0, 0], [0, 0, 0]])
    assert_allclose(mg.cholesky(skewed), np.linalg.cholesky(s))
    gradient = mg.grad(lambda a: mg.cholesky(a).sum())(s)
    assert_allclose(gradient, gradient.T)


def test_the_normal_equations_have_the_gradient_of_least_squares():
    x, y = np.random.default_rng(1).standard_normal((8, 3)), np.arange(8.0)

    def residual(y):
        w = mg.solve(x.T @ x, x.T @ y)
        return ((x @ w - y) ** 2).sum()
    assert_allclose(mg.grad(residual)(y), 2 * (y - x @ np.linalg.lstsq(x, y)[0]), atol=1e-10)


# -- eigenvalues, pseudo-inverses and powers -------------------------------------------------------------------------
def symmetric(a):
    return a + a.swapaxes(-1, -2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3)])
def test_eigh(shape):
    a = symmetric(np.random.default_rng(0).standard_normal(shape))
    for f in (mg.eigh, np.linalg.eigh):
        values, vectors = f(mg.tensor(a, requires_grad=True))
        np.testing.assert_allclose(values.numpy(), np.linalg.eigh(a)[0])
        np.testing.assert_allclose((vectors * values[..., None, :] @ vectors.mT).numpy(), a, atol=1e-12)
    mg.testing.check_gradients(lambda a: (mg.eigvalsh(a) ** 3).sum(), a)
    weights = np.random.default_rng(1).standard_normal(shape)
    mg.testing.check_gradients(lambda a: (mg.eigh(a).eigenvectors ** 2 * weights).sum(), a)
    assert f(mg.tensor(a)).eigenvalues.shape == shape[:-1]


def test_equal_eigenvalues():
    a = np.diag([1.0, 2.0, 2.0])
    slope = mg.grad(lambda a: (mg.eigvalsh(a) ** 2).sum())(a)           # Σλ² = tr A²: smooth
    np.testing.assert_allclose(slope, 2 * a, atol=1e-12)
    with pytest.raises(ValueError, match="two eigenvalues are equal"):
        mg.grad(lambda a: mg.eigh(a).eigenvectors[0].sum() + mg.eigh(a).eigenvectors[1, 2] * 3)(a)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3), (2, 3, 2)])
def test_pinv(shape):
    a = np.random.default_rng(0).standard_normal(shape)
    for f in (mg.pinv, np.linalg.pinv):
        np.testing.assert_allclose(f(mg.tensor(a)).numpy(), np.linalg.pinv(a), atol=1e-10)
    mg.testing.check_gradients(lambda a: (mg.pinv(a) ** 2).sum(), a)
    with pytest.raises(ValueError, match="of lower rank"):
        mg.pinv(np.zeros(shape))


@pytest.mark.parametrize("n", range(-3, 7))
def test_matrix_power(n):
    a = np.random.default_rng(0).standard_normal((2, 3, 3)) + 2 * np.eye(3)
    for f in (mg.matrix_power, np.linalg.matrix_power):
        np.testing.assert_allclose(f(mg.tensor(a), n).numpy(), np.linalg.matrix_power(a, n), atol=1e-9)
    mg.testing.check_gradients(lambda a: mg.matrix_power(a, n).sum(), a)
    with pytest.raises(ValueError, match="of square matrices"):
        mg.matrix_power(a[0, :2], n)


@pytest.mark.parametrize("f, square", [(f, f not in (mg.svd, mg.svdvals, mg.qr, mg.pinv, mg.cond)) for f in (
    mg.eigh, mg.eigvalsh, mg.cholesky, mg.inv, mg.det, mg.slogdet, mg.svd, mg.svdvals, mg.qr, mg.pinv, mg.cond)])
def test_what_is_no_matrix_is_refused_as_by_numpy(f, square):
    for shape in [(), (3,), *[(2, 3), (0, 3)] * square]:
        with pytest.raises(ValueError, match="matrices|two-dimensional|square"):
            f(mg.tensor(np.ones(shape)))


# -- singular values, orthogonal factors, norms ----------------------------------------------------------------------
def random(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_svd(shape):
    a = random(shape)
    for f in (mg.svd, np.linalg.svd):
        u, s, vh = f(mg.tensor(a, requires_grad=True), full_matrices=False)
        assert_allclose(s.numpy(), np.linalg.svd(a, compute_uv=False))
        assert_allclose(((u * s[..., None, :]) @ vh).numpy(), a, atol=1e-12)
    wu, wv = random(u.shape, 1), random(vh.shape, 2)
    mg.testing.check_gradients(lambda a: (mg.svd(a, False).U ** 2 * wu).sum() + (mg.svd(a, False).Vh ** 2 * wv).sum()
                               + (mg.svdvals(a) ** 3).sum(), a)
    assert_allclose(np.linalg.svd(mg.tensor(a), compute_uv=False).numpy(), np.linalg.svd(a, compute_uv=False))


def test_equal_singular_values_and_zeros():
    a = np.diag([3.0, 2.0, 2.0])
    assert_allclose(mg.grad(lambda a: (mg.svdvals(a) ** 2).sum())(a), 2 * a, atol=1e-12)        # Σσ² = ΣA²
    with pytest.raises(ValueError, match="two singular values are equal"):
        mg.grad(lambda a: mg.svd(a).U[1, 1] + 2 * mg.svd(a).U[1, 2])(a)
    assert_allclose(mg.grad(lambda a: mg.norm(a, "nuc"))(np.zeros((3, 2))), 0)          # as |x| at 0
    with pytest.raises(ValueError, match="a singular value is 0"):
        mg.grad(lambda a: mg.svd(a, False).U[2, 0])(np.zeros((3, 1)))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_qr(shape):
    a = random(shape)
    for f in (mg.qr, np.linalg.qr):
        q, r = f(mg.tensor(a, requires_grad=True))
        for found, right in zip((q, r), np.linalg.qr(a)):
            assert_allclose(found.numpy(), right, atol=1e-12)
    wq, wr = random(q.shape, 1), random(r.shape, 2)
    mg.testing.check_gradients(lambda a: (mg.qr(a).Q * wq).sum() + (mg.qr(a).R ** 2 * wr).sum(), a)
    assert_allclose(mg.qr(a, "r"), np.linalg.qr(a, "r"), atol=1e-12)


def test_columns_that_depend_on_each_other_have_no_orthogonal_factor():
    with pytest.raises(ValueError, match="2 columns of a matrix depend on each other"):
        mg.grad(lambda a: mg.qr(a).Q.sum())(np.array([[1.0, 2], [2, 4], [3, 6]]))


def test_one_triangle_is_read_if_asked_for():
    a = random((3, 3))
    for UPLO in "LU":
        assert_allclose(mg.eigvalsh(a, UPLO), np.linalg.eigvalsh(a, UPLO))
        mg.testing.check_gradients(lambda a: (mg.eigh(a, UPLO).eigenvectors ** 2).sum(axis=1)[0], a)    # noqa: B023


ORDERS = [*((3, o) for o in (None, 2, -2, 1, -1, np.inf, -np.inf, 0, 3, 0.5, -1.5)),
          *(((3, 2), o) for o in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf))]


@pytest.mark.parametrize("shape, ord", ORDERS, ids=str)
def test_norms_of_every_order(shape, ord):
    a = random(shape)
    assert_allclose(np.linalg.norm(mg.tensor(a), ord).numpy(), np.linalg.norm(a, ord))
    mg.testing.check_gradients(lambda a: mg.norm(a, ord), a)
    if a.ndim == 2:
        b = random((2, 3, 4), 1)
        for keepdims in (False, True):
            assert_allclose(mg.norm(b, ord, (2, 0), keepdims), np.linalg.norm(b, ord, (2, 0), keepdims))
        mg.testing.check_gradients(lambda b: mg.norm(b, ord, (2, 0)) ** 2, b)
        assert_allclose(np.linalg.matrix_norm(mg.tensor(b), ord=ord or "fro").numpy(), mg.norm(b, ord, (1, 2)))


@pytest.mark.parametrize("p", [None, 2, -2, 1, -np.inf, "fro"])
def test_condition_numbers(p):
    a = random((2, 3, 3))
    assert_allclose(np.linalg.cond(mg.tensor(a), p).numpy(), np.linalg.cond(a, p))
    mg.testing.check_gradients(lambda a: mg.cond(a, p), a)


@pytest.mark.parametrize("UPLO", ["L", "U", None])
def test_numpys_eigh_of_a_tensor_reads_the_triangle_that_numpy_reads(UPLO):
    a, more = np.array([[2.0, 5, 1], [0.5, 1, -3], [0.2, 0.3, 4]]), {"UPLO": UPLO} if UPLO else {}
    for f in (np.linalg.eigvalsh, lambda a, **more: np.linalg.eigh(a, **more)[0]):
        np.testing.assert_allclose(f(mg.tensor(a), **more).numpy(), f(a, **more))
        mg.testing.check_gradients(lambda a, f=f: f(a, **more), a)
