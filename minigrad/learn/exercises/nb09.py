"""Exercises of notebook 09: speed."""
import sys

import numpy as np

from ..checking import Wrong, call, exercise, for_all, same

flops = exercise("09.flops", "3 · 2 · 32 · 64 · 128",
                 "forward 2 m k n; the backward pass needs two products of the same size.")


@flops.property
def _(answer):
    right = 3 * 2 * 32 * 64 * 128
    if answer != right:
        why = {right // 3: " That is the forward pass alone.", right // 2: " Count multiplications and additions.",
               right // 6: " That counts the products of one pass only.",
               right * 2 // 3: " The backward pass needs two products."
               }.get(answer, "")
        raise Wrong(f"{answer:,} is not the number of FLOPs.{why}")


intensity = exercise("09.intensity", "2mkn / 4(mk + kn + mn)", "FLOPs over bytes; three matrices of 4-byte numbers.")


@intensity.property
def _(answer):
    from hypothesis import strategies as st
    size = st.integers(1, 50)
    for_all(lambda m, k, n: same(call(answer, m, k, n), 2 * m * k * n / (4 * (m * k + k * n + m * n)), "the intensity"),
            m=size, k=size, n=size)


distances = exercise("09.distances", "‖a‖² - 2 a·b + ‖b‖², one product of matrices",
                     "(a ** 2).sum(axis=1) as a column, minus 2 a @ b.T, plus (b ** 2).sum(axis=1) as a row.")


@distances.property
def _(answer):
    from hypothesis import strategies as st

    def property(m, n, seed):
        rng = np.random.default_rng(seed)
        a, b = rng.integers(-3, 4, (m, 2)) * 1.0, rng.integers(-3, 4, (n, 2)) * 1.0
        expected = ((a[:, None] - b) ** 2).sum(axis=-1)
        got = call(answer, a, b)
        root = np.shape(got) == expected.shape and np.allclose(np.square(got), expected)
        try:
            same(got, expected, "the distances")
        except Wrong as wrong:
            raise Wrong(f"{wrong}{' Squared distances: no root.' if root else ''}") from None
    for_all(property, m=st.integers(1, 3), n=st.integers(1, 3), seed=st.integers(0, 200))


@distances.property
def _(answer):
    """No loops: counted in function calls, of which the loops need tens of thousands."""
    a, b = np.random.default_rng(0).normal(size=(2, 60, 8))
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer(a, b)
    finally:
        sys.setprofile(before)
    if calls > 300:
        raise Wrong(f"right, but it makes {calls:,} function calls for 60 points: let one matrix product do the work.")
