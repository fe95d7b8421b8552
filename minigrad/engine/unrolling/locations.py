"""Where arrays lie: NumPy's in the computer's memory, CuPy's in that of a GPU."""
import sys

import numpy as np


def on_gpu(x):
    """Whether it is CuPy's: an array, nothing that stands for one."""
    if x is None or type(x) is np.ndarray:
        return False                        # as nearly always
    cupy = sys.modules.get("cupy")
    return cupy is not None and issubclass(type(x), getattr(cupy, "ndarray", ()))


def is_array(x):
    return isinstance(x, np.ndarray) or on_gpu(x)


def is_kernel(f):
    """Whether it is one of CuPy's elementwise kernels, which fusion.py makes: kernel(*inputs, *results)."""
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(f, getattr(cupy, "ElementwiseKernel", ()))


def bounds(array):
    """(the address of its first byte, that behind its last)."""
    if isinstance(array, np.ndarray):
        if array.flags.c_contiguous:
            low = array.__array_interface__["data"][0]
            return low, low + array.nbytes
        return np.lib.array_utils.byte_bounds(array)
    reach = [(n - 1) * stride for n, stride in zip(array.shape, array.strides)] if array.size else []
    low = array.data.ptr + sum(min(r, 0) for r in reach)
    return low, low + (sum(map(abs, reach)) + array.itemsize if array.size else 0)


def owner_of(array):
    """The array that it is a view of, at last, or itself: memory lives as long as that."""
    while is_array(array.base):
        array = array.base
    return array


def may_share(a, b):
    """Whether two arrays may lie in the same memory."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.may_share_memory(a, b)
    (low, high), (start, stop) = bounds(a), bounds(b)
    return low < stop and start < high


def bytes_of(array):
    """Its numbers, one after the other; from a GPU they are fetched."""
    return (array if isinstance(array, np.ndarray) else array.get()).tobytes()


def same_bits(a, b):
    """Whether two arrays agree to the bit, in shape, type and values."""
    if a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool((a == b).all()) if a.dtype.hasobject else bytes_of(a) == bytes_of(b)
