"""Where arrays live: NumPy on the CPU, CuPy on the GPU.  The only file that imports cupy.

Formulas elsewhere are written once, in NumPy's names (`np.exp(x)`, `x.sum(axis=0)`): NumPy itself hands the
call to CuPy when x is a CuPy array.  What cannot be dispatched that way, because no array is there yet to ask,
is here: making arrays, moving them, and drawing random numbers.
"""
import functools
import math
import os
import sys
import threading
from contextvars import ContextVar

import numpy as np

from ..support.arguments import shown, whole
from .unrolling.current import StandIn, recorder

when_gpu_is_first_used = []                 # functions to call then: on a GPU whole formulas become single kernels


def _keep_freed_memory():
    """Tell Linux' malloc to keep what arrays free for the next arrays, instead of giving it back to the system.

    A training step wants the same memory as the one before.  Memory that comes anew from the system costs a page fault
    for each 4 KB, in which the system zeroes it: a fifth of the time of a small GPT's step.
    """
    import ctypes  # not in a browser, where nothing needs it
    malloc = ctypes.CDLL(None)
    if hasattr(malloc, "mallopt"):              # musl has none
        malloc.mallopt(M_TRIM_THRESHOLD, 2**30)
        malloc.mallopt(M_MMAP_THRESHOLD, 2**25)


def _may_set_malloc(environ):
    """Not where MINIGRAD_MALLOC=0 forbids it, nor where the user has set malloc's thresholds."""
    return environ.get("MINIGRAD_MALLOC") != "0" and not any(
        name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in environ)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3     # of <malloc.h>
if sys.platform == "linux" and _may_set_malloc(os.environ):
    _keep_freed_memory()


def cupy():
    """The cupy module, or one clear line on why there is no GPU to use (RuntimeError)."""
    try:
        import cupy as module
    except ImportError as error:
        raise RuntimeError('no GPU: CuPy is not installed; run pip install "minigrad[gpu]"') from error
    if not module.is_available():        # the import works without a driver: it proves nothing
        raise RuntimeError("no GPU: CuPy is installed but finds no CUDA device; check the driver with nvidia-smi")
    while when_gpu_is_first_used:
        when_gpu_is_first_used.pop()()
    return module


def nccl():
    """The module cupy.cuda.nccl, which sends from GPU to GPU; None without NCCL (CuPy says what to install)."""
    cupy()
    try:
        from cupy.cuda import nccl as module
    except ImportError:
        return None
    return module if module.available else None


def parse_device(name):
    """"cpu", "gpu" or "gpu:1" -> (kind, index); anything else is a ValueError."""
    kind, colon, index = str(name).partition(":")
    if kind not in ("cpu", "gpu") or colon and not (kind == "gpu" and index.isdecimal()):
        raise ValueError(f'unknown device {name!r}: use "cpu", "gpu" or "gpu:1"')
    return kind, int(index or 0)


# -- settings: the default device and the random generators ----------------------------------------------------------
class _Random:
    """A seed, and the generators made from it, one for each device; for one thread alone."""

    def __init__(self, seed):
        self.seed, self.generators, self.thread = seed, {}, threading.get_ident()


# Each thread and each asyncio task has its own.  A thread that has set nothing has what the main thread set last.
_FIRST = _Random(0)
_device, _random = ContextVar("device"), ContextVar("random", default=_FIRST)
_main_thread = {"device": "cpu", "seed": 0}


def _note(**setting):
    if threading.current_thread() is threading.main_thread():
        _main_thread.update(setting)


def set_device(name: str) -> None:
    """Make new tensors, weights and random numbers on this device from now on ("cpu", "gpu", "gpu:1").

    In this thread or asyncio task; new tasks take it over, and new threads what the main thread set.
    """
    kind, index = parse_device(name)
    if kind == "gpu":
        cupy().cuda.Device(index).use()
    _device.set(name)
    _note(device=name)


def default_device():
    """The device that set_device chose: "cpu" at first."""
    return _device.get(None) or _main_thread["device"]


def device_of(array):
    """The name of the device that holds an array; Python numbers and NumPy scalars are on the CPU."""
    index = getattr(getattr(array, "device", None), "id", None)     # NumPy's .device is the string "cpu"
    return "cpu" if index is None else f"gpu:{index}" if index else "gpu"


def array_module(array):
    """numpy or cupy, whichever made the array (or a Tensor's): for np.zeros and such, which have no array to ask."""
    array = getattr(array, "_data", array)
    if isinstance(array, StandIn):
        return array.array_module
    return np if isinstance(array, (np.ndarray, np.generic, int, float, list, tuple)) else sys.modules["cupy"]


def from_lists(data, dtype=None):
    """np.asarray, which says of what can't be one what it is."""
    try:
        return np.asarray(data, dtype=dtype)
    except (ValueError, TypeError) as error:
        why = "its lists should be of one length" if "inhomogeneous" in str(error) else error
        wanted = "" if dtype is None else f" of {shown(dtype)}"
        raise type(error)(f"{shown(data)} is no array{wanted}: {why}") from error


def asarray(data, dtype=None, device=None):
    """data as an array on a device (default: where it is, or the default device for lists and numbers)."""
    if type(data) is np.ndarray and (device or default_device()) == "cpu":
        return np.asarray(data, dtype)          # as below, the usual case, in a tenth of the time
    if isinstance(data, StandIn):
        if device in (None, device_of(data)):
            return data._asarray(dtype)
        data = data.moved()
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError("a masked array's mask would be lost: fill it (array.filled(0)), or give weights")
    on_gpu = device_of(data) != "cpu"
    kind, index = parse_device(device or (device_of(data) if on_gpu else default_device()))
    if kind == "cpu":
        return from_lists(data.get() if on_gpu else data, dtype)
    module = cupy()
    with module.cuda.Device(index):
        made = module.asarray(data, dtype=dtype)
    return recorder().constant(made) if recorder() else made


def from_number(x):
    """NumPy's single number as an array of no axes, on the CPU."""
    return x._asarray() if isinstance(x, StandIn) else np.asarray(x)


def to_numpy(array):
    """A NumPy copy of an array: with `scalar`, the only transfer from a GPU to the host."""
    if isinstance(array, StandIn):
        return array.copy() if device_of(array) == "cpu" else array.moved().get()
    return array.get() if device_of(array) != "cpu" else np.array(array)


def synchronize(arrays):
    """Wait until the GPU has computed these arrays: it works on while Python goes ahead.  On the CPU they are there."""
    for array in arrays:
        if device_of(array) != "cpu":
            array.device.synchronize()


@functools.lru_cache(64)
def _kept_ones(n, dtype, device):
    ones = asarray(np.ones(n, dtype), device=device)
    if device == "cpu":
        ones.flags.writeable = False
    return ones


def _ones(n, like):
    ones = _kept_ones(n, like.dtype, device_of(like))
    return recorder().constant(ones) if isinstance(like, StandIn) and recorder() else ones


HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)


def wide(x):
    """x, in float32 if it is in float16: what adds up, adds up in float32, as PyTorch does on a CPU.

    A float16 ends at 65504, and above 2048 adding 1 to it changes nothing: 70,000 ones would add up to 2048, or to ∞.
    """
    return x.astype(SINGLE) if getattr(x, "dtype", None) is HALF else x


def narrow(y, x):
    """y as computed from wide(x), back in float16 if x is."""
    return y.astype(HALF) if getattr(x, "dtype", None) is HALF else y


def times(x, g):
    """x · g, in the place of x, an array that nobody else has, where the result fits in there (a Tensor does not)."""
    if isinstance(x, np.ndarray) and isinstance(g, np.ndarray) and x.dtype == g.dtype and x.shape == g.shape:
        return np.multiply(x, g, out=x)
    return x * g


BLOCK = 1024                                # rows


def row_sum(x):
    """The sum of the rows of x (..., n) -> (n,), as a product with ones: BLAS adds faster than np.sum.

    Many rows in blocks, whose sums are then added in double precision: so that rounding errors don't add up as well.
    """
    x = wide(x)
    if x.ndim > 2 and x.shape[-1] < 32:     # short rows: several side by side as one
        y = row_sum(x.reshape(math.prod(x.shape[:-2]), x.shape[-2] * x.shape[-1])).reshape(x.shape[-2:])
        return y.sum(axis=0, dtype=float).astype(x.dtype) if isinstance(y, np.ndarray) else y.sum(axis=0)
    rows = x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    if len(rows) < 4 * BLOCK or not isinstance(rows, np.ndarray):
        return _ones(rows.shape[0], x) @ rows
    return _by_blocks(lambda rows: _ones(rows.shape[-2], x) @ rows, rows)


def _by_blocks(sums, *arrays):
    """What sums(...) gives of blocks of rows of these arrays (m, n), added up in double precision."""
    (m, n), dtype = arrays[0].shape, arrays[0].dtype
    whole = m // BLOCK * BLOCK
    blocks = sums(*(a[:whole].reshape(whole // BLOCK, BLOCK, n) for a in arrays))
    return (blocks.sum(axis=0, dtype=float) + sums(*(a[whole:] for a in arrays))).astype(dtype)


def row_dot(x, y):
    """The sum of the rows of x · y, (..., n) -> (n,), as row_sum(x * y) is, without the array of the products."""
    rows, n = math.prod(x.shape[:-1]), x.shape[-1]
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.dtype == y.dtype) or rows < 4 * BLOCK:
        return row_sum(x * y)
    return _by_blocks(lambda x, y: np.einsum("...ij,...ij->...j", x, y), x.reshape(rows, n), y.reshape(rows, n))


def last_sum(x):
    """The sum over the last axis, x (..., n) -> (..., 1), as a product with ones: several times as fast as np.sum."""
    x = wide(x)
    rows = x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    return (rows @ _ones(x.shape[-1], x)).reshape(x.shape[:-1] + (1,))


FEW = 2**14                                 # elements


def all_below(x, limit):
    """Whether x is an array on the CPU of numbers below a limit: one look at it.  A GPU would have to be waited for."""
    if type(x) is np.ndarray and 0 < x.size < FEW:              # argmax takes half the time of max
        return x.item(x.argmax()) < limit
    return isinstance(x, np.ndarray) and bool(np.maximum.reduce(x, axis=None, initial=-np.inf) < limit)


def all_above(x, limit):
    """Whether x is an array on the CPU of numbers above a limit."""
    if type(x) is np.ndarray and 0 < x.size < FEW:
        return x.item(x.argmin()) > limit
    return isinstance(x, np.ndarray) and bool(np.minimum.reduce(x, axis=None, initial=np.inf) > limit)


def may_have_nan(x):
    """Whether an array has a nan: the smallest element tells, for the cost of reading it once.  On a GPU: perhaps.

    There the answer would have to be waited for.
    """
    return not isinstance(x, np.ndarray) or bool(np.isnan(x.min(initial=0)))


def seed(n: int) -> None:
    """Start all random numbers afresh: weights, dropout masks and shuffles repeat from run to run.

    Each thread has generators of its own, so what it draws does not depend on what others draw meanwhile: a fit in a
    thread gives the bits that it gives alone.  A thread that has not called seed starts from the main thread's seed;
    several such threads draw the same numbers, so give each a seed of its own where they must differ.  An asyncio task
    has generators of its own once it calls seed, and before that those of the task that started it.  A forked process
    draws numbers of its own, others in each run unless it calls seed.
    """
    _random.set(_Random(whole("seed", n, 0)))
    _note(seed=n)


def _after_fork():
    """A forked child goes on with numbers of its own, not with its parent's, which its siblings would draw too."""
    own = int(np.random.SeedSequence([_random.get().seed, os.getpid()]).generate_state(1, np.uint64)[0] >> 2)
    _random.set(_Random(own))
    _main_thread["seed"] = own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _own_random():
    """This thread's _Random; made afresh, from the seed, where the one at hand is another thread's."""
    own = _random.get()
    if own.thread != threading.get_ident():
        own = _Random(_main_thread["seed"] if own is _FIRST else own.seed)
        _random.set(own)
    return own


def generator(device=None):
    """The random generator of a device, made from the seed that `seed` set."""
    if recorder():
        recorder().give_up("numbers are drawn from minigrad's random generator itself")
    return _generator(device)


def _generator(device=None):
    kind, index = parse_device(device or default_device())
    own = _own_random()
    if (kind, index) not in own.generators:
        if kind == "cpu":
            own.generators[kind, index] = np.random.default_rng(own.seed)
        else:
            with cupy().cuda.Device(index):
                own.generators[kind, index] = cupy().random.default_rng(own.seed)
    return own.generators[kind, index]


def rng_state():
    """Where all random generators stand, for set_rng_state, also in another process; for GPUs it contains arrays."""
    def where(kind, bits):
        return bits.state if kind == "cpu" else to_numpy(bits._state)       # CuPy has no public name for it
    own = _own_random()
    return {"seed": own.seed, "generators": [
        [kind, index, where(kind, g.bit_generator)] for (kind, index), g in own.generators.items()]}


def set_rng_state(state):
    """Let all random generators go on from where rng_state found them."""
    seed(state["seed"])
    for kind, index, values in state["generators"]:
        bits = _generator(f"{kind}:{index}" if kind == "gpu" else kind).bit_generator
        if kind == "cpu":
            bits.state = values
        else:
            bits._state[...] = asarray(values, device=f"{kind}:{index}")


def random(shape, dtype=np.float32, device=None, seed=None):
    """Uniform numbers in [0, 1), drawn on the device; or, with a seed or a list of them, always the same ones."""
    return _draw("random", shape, dtype, device, seed)


def normal(shape, dtype=np.float32, device=None, seed=None):
    """Standard normal numbers; device and seed as in random."""
    return _draw("standard_normal", shape, dtype, device, seed)


@functools.lru_cache
def _asking_for(device):
    return functools.partial(_generator, device)


def _draw(method, shape, dtype, device, seed=None):
    if seed is not None:
        if recorder():
            recorder().give_up("numbers are drawn from a seed of their own")
        draw = getattr(np.random.default_rng(seed), method)
        return asarray(draw(shape, dtype=np.promote_types(dtype, np.float32)), dtype, device)
    if recorder():
        return recorder().draw(method, shape, dtype, _asking_for(device))
    return getattr(_generator(device), method)(shape, dtype=dtype)
