"""A strict stand-in for CuPy, made of NumPy, for machines without a GPU.

It refuses what CuPy refuses (turning into a NumPy array by itself, meeting NumPy arrays or lists in an operation), it
lacks what CuPy lacks (cupy_api.json: functions, keywords, ufunc methods), and it counts what costs time on a GPU:
kernel launches (nominally one per function), synchronisations, and transfers.  It proves nothing about CuPy's own
kernels.

    with standin.installed() as gpu:        # sys.modules["cupy"] is the stand-in
        mg.set_device("gpu")
        ...
        assert gpu.counts["sync"] == 0
"""
import collections
import contextlib
import functools
import sys
import types
import weakref

import numpy as np

from minigrad.engine import fusion

from . import capturing, cupy_api
from .capturing import address

API = cupy_api.read()
COUNTS = collections.Counter()
FREE = {"reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "broadcast_to", "ravel",
        "shape", "ndim", "flip", "diagonal", "size", "may_share_memory", "shares_memory", "result_type"}        # views
SENDING = {"concatenate", "stack", "choose", "pad", "repeat", "histogram"}
SYNCING = {"nonzero", "unique", "bincount", "argwhere", "flatnonzero", "extract", "allclose", "array_equal"}
OWNERS = weakref.WeakValueDictionary()      # id of NumPy's array, no view: the device array that stands for it


class ndarray:
    """A device array: `_a` is its memory, which only this file may touch."""
    __array_priority__ = 100

    def __init__(self, array, dtype=float, memptr=None, strides=None):
        """Of NumPy's array; or cupy.ndarray(shape, dtype, memptr, strides)."""
        if memptr is not None:
            array = np.ndarray(array, dtype, memptr.root, memptr.ptr - address(memptr.root), strides)
        self._a = np.asarray(array)
        root = self._a                      # views know the array whose memory they lie in
        while isinstance(root.base, np.ndarray):
            root = root.base
        self.base = None
        if root is self._a:
            OWNERS[id(root)] = self
            capturing.take(self)
        elif isinstance(root, np.ndarray):
            known = OWNERS.get(id(root))
            self.base = ndarray(root) if known is None else known

    class _Device:
        id = 0

        def synchronize(self):
            capturing.refuse("synchronize()")
            COUNTS["sync"] += 1

    device = _Device()
    shape = property(lambda self: self._a.shape)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    dtype = property(lambda self: self._a.dtype)
    strides = property(lambda self: self._a.strides)
    nbytes = property(lambda self: self._a.nbytes)
    itemsize = property(lambda self: self._a.itemsize)
    T = property(lambda self: ndarray(self._a.T))
    data = property(lambda self: capturing.Pointer((self if self.base is None else self.base)._a, address(self._a)))

    # -- refused: CuPy never turns into a NumPy array by itself ------------------------------------------------------
    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. "
                        "Please use `.get()` to construct a NumPy array explicitly.")

    def _sync(self):
        capturing.refuse("a look at a value")
        COUNTS["sync"] += 1
        return self._a

    def get(self, out=None):
        capturing.refuse("a copy to the host")
        COUNTS["d2h"] += 1
        COUNTS["sync"] += 1
        return self._a.copy()

    def item(self):
        return self._sync().item()

    def tolist(self):
        return self._sync().tolist()

    def __bool__(self):
        return bool(self._sync())

    def __float__(self):
        return float(self._sync())

    def __int__(self):
        return int(self._sync())

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self._a)))

    def __format__(self, spec):
        return format(self._sync().item(), spec)

    def __repr__(self):
        return f"standin({self._sync()!r})"

    # -- operators, indexing, methods --------------------------------------------------------------------------------
    def __getitem__(self, index):
        bare = _indices(index)
        if _has_mask(bare):
            COUNTS["sync"] += 1             # how many are true decides the result's shape
        if any(isinstance(i, np.ndarray) for i in _tuple(bare)):
            COUNTS["launch"] += 1
            return ndarray(capturing.launch(lambda: self._a[bare]))
        return ndarray(self._a[bare])

    def __setitem__(self, index, value):
        bare = _indices(index)
        if _has_mask(bare):
            COUNTS["sync"] += 1
        COUNTS["launch"] += 1
        capturing.launch(functools.partial(self._a.__setitem__, bare, _bare(value)), into=self._a)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        if ufunc.__name__ not in API["ufuncs"]:
            raise TypeError(f"CuPy has no ufunc {ufunc.__name__}")
        if method != "__call__" and not (method == "reduce" and ufunc.__name__ in ("add", "multiply")):
            raise NotImplementedError(f"CuPy's {ufunc.__name__} has no .{method}")
        if extra := set(kwargs) - {"dtype", "casting", "axis", "keepdims"}:
            raise TypeError(f"Wrong arguments {extra}: CuPy's ufuncs don't take them")
        COUNTS["launch"] += 1
        out = out[0] if isinstance(out, tuple) else out
        into = None if out is None else out._a
        compute = functools.partial(getattr(ufunc, method), *map(_bare, inputs), **kwargs,
                                    **({} if out is None else {"out": into}))
        result = capturing.launch(compute, ufunc.__name__, into)
        return out if out is not None else _device(result)

    def __array_function__(self, function, kinds, args, kwargs):
        return _call(function, args, kwargs)

    def astype(self, dtype, copy=True):
        COUNTS["launch"] += 1
        return ndarray(capturing.launch(lambda: self._a.astype(dtype, copy=copy)))

    def view(self, *args):
        return ndarray(self._a.view(*args))

    def fill(self, value):
        COUNTS["launch"] += 1
        capturing.launch(functools.partial(self._a.fill, _bare(value)), into=self._a)


def _operator(name):
    def method(self, *others):
        COUNTS["launch"] += 1
        others = [_bare(o) for o in others]
        result = capturing.launch(functools.partial(getattr(self._a, name), *others), name.strip("_r"),
                                  self._a if name.startswith("__i") and name != "__invert__" else None)
        if result is NotImplemented:
            return NotImplemented
        return self if name.startswith("__i") and name != "__invert__" else _device(result)
    return method


for _name in ("add sub mul truediv floordiv mod pow matmul".split()):
    for _form in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        setattr(ndarray, _form, _operator(_form))
del ndarray.__imatmul__                     # CuPy has none
for _name in ("neg pos abs invert and or xor eq ne lt le gt ge".split()):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))
ndarray.__hash__ = None


def _method(name):
    def method(self, *args, **kwargs):
        if refused := {"where", "initial"} & set(kwargs):
            raise TypeError(f"CuPy's ndarray.{name} takes no {refused}")
        return _run(name, getattr(self._a, name), args, kwargs)
    return method


for _name in ("sum mean var std max min prod any all argmax argmin argsort cumsum cumprod clip dot take repeat trace "
              "diagonal reshape transpose swapaxes squeeze ravel flatten copy nonzero").split():
    assert _name in API["methods"], _name
    setattr(ndarray, _name, _method(_name))


def _bare(value):
    """The memory behind device arrays; NumPy arrays and lists holding numbers are refused as CuPy refuses them."""
    if type(value) is ndarray:
        return value._a
    if isinstance(value, np.ndarray) or isinstance(value, ndarray):     # or a recording's stand-in, of which CuPy knows
        raise TypeError(f"Unsupported type {type(value)}: a NumPy array meets a device array")     # nothing
    if isinstance(value, (list, tuple)) and any(isinstance(v, (ndarray, np.ndarray)) for v in value):
        return type(value)(map(_bare, value))
    return value


def _device(result):
    if isinstance(result, (tuple, list)):
        return type(result)(*map(_device, result)) if hasattr(result, "_fields") else type(result)(map(_device, result))
    return ndarray(result) if isinstance(result, (np.ndarray, np.generic)) else result


def _tuple(index):
    return index if isinstance(index, tuple) else (index,)


def _indices(index):
    """CuPy indexes with NumPy integer arrays and lists too, after copying them to the device."""
    def one(i):
        if isinstance(i, (list, np.ndarray)):
            capturing.refuse("a copy from the host")
            COUNTS["h2d"] += 1
            COUNTS["h2d_bytes"] += np.asarray(i).nbytes
            return np.asarray(i)
        return i._a if isinstance(i, ndarray) else i
    return tuple(map(one, index)) if isinstance(index, tuple) else one(index)


def _has_mask(index):
    return any(isinstance(i, np.ndarray) and i.dtype == bool for i in _tuple(index))


def _call(function, args, kwargs):
    """A NumPy function on device arrays, if CuPy has it, with keywords that CuPy takes."""
    name = function.__name__
    linalg = getattr(function, "__module__", "").startswith("numpy.linalg")
    if name not in (API["linalg"] if linalg else API["functions"]) and name not in API["ufuncs"]:
        raise TypeError(f"CuPy has no function {function.__module__}.{name}")
    known = None if linalg else API["functions"].get(name)
    if known and "kwargs" not in known and (extra := set(kwargs) - set(known)):
        raise TypeError(f"CuPy's {name} takes no {', '.join(sorted(extra))}")
    return _run(name, function, args, kwargs)


def _linear_algebra(function, *args, **kwargs):
    capturing.refuse("cuSOLVER's memory")
    return _call(function, args, kwargs)


def _run(name, function, args, kwargs):
    """A function or a method, counted; a view is launched by nobody."""
    compute = functools.partial(function, *map(_bare, args), **{k: _bare(v) for k, v in kwargs.items()})
    if name in FREE:
        return _device(compute())
    COUNTS["launch"] += 1
    if name in SYNCING:
        capturing.refuse(name)
        COUNTS["sync"] += 1
    if name in SENDING:
        capturing.refuse(f"{name}, which sends addresses to the device,")
    out = args[0] if name == "copyto" else kwargs.get("out")
    result = capturing.launch(compute, name, None if out is None else out._a)
    return out if out is not None else _device(result)


class _Ufunc:
    """cupy.add and its relatives, with .at where CuPy has it."""

    def __init__(self, ufunc):
        self.ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *inputs, **kwargs):
        return ndarray.__array_ufunc__(None, self.ufunc, "__call__", *inputs, **kwargs)

    def at(self, target, index, values):
        if self.__name__ not in API["ufunc_at"]:
            raise TypeError(f"CuPy's {self.__name__}.at does not take floats")
        COUNTS["launch"] += 1
        capturing.launch(functools.partial(self.ufunc.at, target._a, _indices(index), _bare(values)), into=target._a)


class _Generator:
    """cupy.random.Generator: no normal, permutation, shuffle or choice."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)

    def __getattr__(self, name):
        if name not in API["generator"]:
            raise AttributeError(f"cupy.random.Generator has no {name}")

        def draw(*args, **kwargs):
            if capturing.State.graph is not None:
                raise NotImplementedError("calling cuRAND API during stream capture is currently unsupported")
            COUNTS["launch"] += 1
            return _device(getattr(self._rng, name)(*args, **kwargs))
        return draw


class ElementwiseKernel:
    """Runs the formula that the kernel was made from; one launch however long it is."""

    def __init__(self, in_params, out_params, operation, name="kernel", **options):
        self.name, self.inputs = name, in_params.count(",") + 1

    def __call__(self, *args):
        COUNTS["launch"] += 1
        COUNTS[self.name] += 1
        given, outs = [*map(_bare, args[:self.inputs])], [*map(_bare, args[self.inputs:])]

        def compute():
            found = fusion.KERNELS[self.name](*given)
            if found is None:               # it has changed inputs, which are its outs
                return None
            for out, result in zip(outs, found if isinstance(found, tuple) else (found,)):
                out[...] = result
            return found
        result = capturing.launch(compute, into=outs[0] if outs else None)
        return None if outs else _device(result)


def asarray(data, dtype=None):
    if isinstance(data, ndarray):
        return data if dtype in (None, data.dtype) else data.astype(dtype)
    capturing.refuse("a copy from the host")
    array = np.array(data, dtype=dtype)
    COUNTS["h2d"] += 1
    COUNTS["h2d_bytes"] += array.nbytes
    return ndarray(array)


def module():
    """A fresh module object that answers as cupy."""
    cupy = types.ModuleType("cupy")
    cupy.__version__, cupy.__spec__ = API["version"] + " (stand-in)", types.SimpleNamespace(name="cupy")
    OWNERS.clear()
    cupy.ndarray, cupy.asarray, cupy.array, cupy.ElementwiseKernel = ndarray, asarray, asarray, ElementwiseKernel
    cupy.is_available, cupy.asnumpy, cupy.counts = lambda: True, lambda a: a.get(), COUNTS

    class Device(contextlib.nullcontext):
        def __init__(self, index=0):
            super().__init__()
            self.id = index

        def use(self):
            if self.id:
                raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")

        def synchronize(self):
            capturing.refuse("synchronize()")
            COUNTS["sync"] += 1

    stream, current = capturing.streams(COUNTS)
    cupy.cuda = types.SimpleNamespace(
        Device=Device, Stream=stream, get_current_stream=current, MemoryPool=capturing.MemoryPool,
        using_allocator=capturing.using_allocator)
    cupy.linalg = types.SimpleNamespace(**{
        name: functools.partial(_linear_algebra, getattr(np.linalg, name)) for name in API["linalg"]
        if hasattr(np.linalg, name)})
    cupy.random = types.SimpleNamespace(default_rng=_Generator)
    cupy.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(
        as_strided=lambda a, shape, strides: ndarray(np.lib.stride_tricks.as_strided(a._a, shape, strides))))
    for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool_", "newaxis", "pi",
                 "inf", "nan"):
        setattr(cupy, name, getattr(np, name))

    @functools.cache
    def lookup(name):
        if name in API["ufuncs"]:
            return _Ufunc(getattr(np, name))
        if name in API["functions"]:
            def function(*args, **kwargs):
                return _call(getattr(np, name), args, kwargs)
            function.__name__ = name
            return function
        raise AttributeError(f"module 'cupy' has no attribute {name!r}")

    cupy.__getattr__ = lookup
    return cupy


@contextlib.contextmanager
def installed():
    """Make `import cupy` find the stand-in, with counts from zero; afterwards everything is as before."""
    from minigrad import backend
    before = sys.modules.get("cupy")
    sys.modules["cupy"] = cupy = module()
    COUNTS.clear()
    try:
        yield cupy
    finally:
        backend.set_device("cpu")
        backend.seed(0)
        if before is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = before
