"""Single operations, forward and backward, against PyTorch: minigrad as it is, and unrolled.

Each framework keeps its arrays as it likes them: images (N, H, W, C) here are (N, C, H, W) in PyTorch, contiguous.
"""
import functools
from types import SimpleNamespace

import numpy as np

from ..workload import Workload


def functions(framework):
    """The same operations by the names of minigrad, or of PyTorch: {name: function of tensors}."""
    return OURS() if framework == "minigrad" else THEIRS()


def OURS():
    import minigrad as mg

    lstm, gru = Recurrent(mg.layers.LSTM), Recurrent(mg.layers.GRU)

    def tanh_chain(x):
        for _ in range(20):
            x = mg.tanh(x)
        return x
    return {
        "batch_norm": mg.batch_norm, "layer_norm": mg.layer_norm, "softmax": mg.softmax, "gelu": mg.gelu, "lstm": lstm,
        "gru": gru, "cumsum": lambda x: mg.cumsum(x, axis=-1), "sort": mg.sort,
        "concatenate": lambda *xs: mg.concatenate(xs, axis=-1), "solve": mg.solve,
        "einsum": lambda a, b: mg.einsum("bij,bjk->bik", a, b), "sum": mg.sum,
        "var": lambda x: mg.var(x, axis=-1), "tanh": tanh_chain, "max_pool": mg.max_pool2d, "conv": mg.conv2d,
        "conv/2": lambda x, w: mg.conv2d(x, w, strides=2),
        "attention": lambda q, k, v: mg.attention(q, k, v, causal=True)}


class Recurrent:
    """A recurrent layer, made once, with weights that are passed in."""

    def __init__(self, kind):
        self.kind, self.layer = kind, None

    def __call__(self, x, kernel, recurrent, *biases):
        if self.layer is None:
            self.layer = self.kind(recurrent.shape[0], return_sequences=True)
        layer = self.layer
        layer.kernel, layer.recurrent_kernel, layer.bias = kernel, recurrent, biases if biases[1:] else biases[0]
        return layer.call(x)


def THEIRS():
    import torch
    f = torch.nn.functional

    def lstm(x, kernel, recurrent, bias):
        zeros = torch.zeros(1, len(x), recurrent.shape[1])
        return torch.lstm(x, (zeros, zeros), [kernel, recurrent, bias, torch.zeros_like(bias)], True, 1, 0.0, True,
                          False, True)[0]

    def gru(x, kernel, recurrent, *biases):
        zeros = torch.zeros(1, len(x), recurrent.shape[1])
        return torch.gru(x, zeros, [kernel, recurrent, *biases], True, 1, 0.0, True, False, True)[0]

    def tanh_chain(x):
        for _ in range(20):
            x = torch.tanh(x)
        return x
    return {
        "batch_norm": lambda x, g, b: f.batch_norm(x, None, None, g, b, True, eps=1e-3),
        "layer_norm": lambda x, g, b: f.layer_norm(x, g.shape, g, b), "softmax": lambda x: torch.softmax(x, -1),
        "gelu": lambda x: f.gelu(x, approximate="tanh"), "lstm": lstm, "gru": gru,
        "cumsum": lambda x: torch.cumsum(x, -1), "sort": lambda x: torch.sort(x)[0],
        "concatenate": lambda *xs: torch.cat(xs, -1),
        "solve": torch.linalg.solve, "einsum": lambda a, b: torch.einsum("bij,bjk->bik", a, b), "sum": torch.sum,
        "var": lambda x: torch.var(x, -1, correction=0), "tanh": tanh_chain, "max_pool": lambda x: f.max_pool2d(x, 2),
        "conv": f.conv2d, "conv/2": functools.partial(f.conv2d, stride=2),
        "attention": lambda q, k, v: f.scaled_dot_product_attention(q, k, v, is_causal=True)}


# -- what of an array is another in PyTorch: (there, back again) -----------------------------------------------------
def moved(*axes):
    return (lambda a: np.ascontiguousarray(a.transpose(axes))), lambda a: a.transpose(np.argsort(axes))


def same(a):
    return a


def gates_moved(a):
    """z, r, h̃ side by side along the last axis, in PyTorch's order r, z, h̃; twice is the first order again."""
    z, r, h = np.split(a, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1)


SAME, IMAGES, FILTERS, TURNED = (same, same), moved(0, 3, 1, 2), moved(3, 2, 0, 1), moved(1, 0)
GATES = (gates_moved, gates_moved)
TURNED_GATES = (lambda a: TURNED[0](gates_moved(a)), lambda a: gates_moved(TURNED[1](a)))


# -- the steps -------------------------------------------------------------------------------------------------------
def ours(operation, unrolled, p):
    import minigrad as mg
    f = functions("minigrad")[operation]

    def step(*tensors):
        y = f(*tensors)
        y.backward(p.g if y.ndim else None)
        return y, *(t.grad for t in tensors)
    tensors = [mg.tensor(a, requires_grad=True) for a in p.arrays]
    if unrolled:
        step = mg.unroll(step)
        for _ in range(3):
            step(*tensors)
        if step.reason:
            raise RuntimeError(step.reason)
    return lambda: step(*tensors)


def theirs(operation, layouts, p):
    import torch
    f = functions("torch")[operation]
    tensors = [torch.tensor(there(a), requires_grad=True) for a, (there, _) in zip(p.arrays, layouts)]
    g = torch.tensor(layouts[-1][0](p.g)) if p.g.ndim else None
    backs = [back for _, back in (layouts[-1], *layouts[:-1])]

    def step():
        for t in tensors:
            t.grad = None
        y = f(*tensors)
        y.backward(g)
        return y.detach(), *(t.grad for t in tensors)
    return Converted(step, backs)


class Converted:
    """A step whose results are converted to minigrad's form only where they are compared, the first time."""

    def __init__(self, step, backs):
        self.step, self.backs = step, backs

    def __call__(self):
        results, backs = self.step(), self.backs
        if backs is None:
            return results
        self.backs = None
        return tuple(back(r.numpy()) for back, r in zip(backs, results))


def problem(operation, shapes, make):
    def setup(toy):
        import minigrad as mg
        rng = np.random.default_rng(0)
        arrays = make(*(rng.standard_normal([smaller(n) if toy else n for n in s], np.float32) for s in shapes))
        y = functions("minigrad")[operation](*map(mg.tensor, arrays))
        return SimpleNamespace(arrays=arrays, g=rng.standard_normal(y.shape, np.float32))
    return setup


def smaller(n):
    return min(n // 8, 32) if n >= 32 else n


def workload(name, about, shapes, layouts=None, make=lambda *arrays: arrays, operation=None):
    """layouts: of each input, and of the result.  make: from random arrays to the inputs."""
    operation = operation or name
    layouts = layouts or [SAME] * (len(shapes) + 1)
    return Workload(f"op-{name}", about, problem(operation, shapes, make), {
        "minigrad": functools.partial(ours, operation, False), "unrolled": functools.partial(ours, operation, True),
        "torch": functools.partial(theirs, operation, layouts)}, targets={1: {"torch": 1.5}}, panel="panel", seconds=4)


def image(name, operation, images, *filters):
    about = f"{images}" + "".join(f", filters {w}" for w in filters)
    return workload(name, about, [images, *filters], [IMAGES, *[FILTERS] * len(filters), IMAGES], operation=operation,
                    make=lambda x, *w: [x, *(f / np.float32(f[..., 0].size ** 0.5) for f in w)])


ROWS = (4096, 128)
SEQUENCE, WEIGHTS = (32, 32, 64), lambda gates: [(64, 64 * gates), (64, 64 * gates)]


def recurrent(name, gates, biases, turned, bias):
    return workload(name, f"64 units, all states of {SEQUENCE}", [SEQUENCE, *WEIGHTS(gates), *[(64 * gates,)] * biases],
                    [SAME, turned, turned, *[bias] * biases, SAME],
                    make=lambda x, *w: [x, *(a / np.float32(8) for a in w)])


WORKLOADS = [
    workload("batch_norm", "(32, 16, 16, 64), over all axes but the last", [(32, 16, 16, 64), (64,), (64,)],
             [IMAGES, SAME, SAME, IMAGES]),
    workload("layer_norm", f"{ROWS}, over the last axis", [ROWS, ROWS[1:], ROWS[1:]]),
    recurrent("lstm", 4, 1, TURNED, SAME),
    recurrent("gru", 3, 2, TURNED_GATES, GATES),
    workload("cumsum", f"{ROWS}, along the last axis", [ROWS]),
    workload("sort", f"{ROWS}, along the last axis", [ROWS]),
    workload("softmax", f"{ROWS}, over the last axis", [ROWS]),
    workload("gelu", f"{ROWS}", [ROWS]),
    workload("tanh", "20 times on (32, 64)", [(32, 64)]),
    workload("sum", "(1024, 1024), all of it", [(1024, 1024)]),
    workload("var", "(1024, 1024), over the last axis", [(1024, 1024)]),
    workload("concatenate", "three of (1024, 256), side by side", [(1024, 256)] * 3),
    workload("einsum", "bij,bjk->bik of (32, 64, 64) each", [(32, 64, 64)] * 2),
    workload("solve", "64 systems (32, 32), 8 right-hand sides", [(64, 32, 32), (64, 32, 8)],
             make=lambda a, b: [a + np.float32(16) * np.eye(a.shape[-1], dtype=a.dtype), b]),
    image("max_pool", "max_pool", (32, 32, 32, 16)),
    image("conv1x1", "conv", (16, 32, 32, 32), (1, 1, 32, 32)),
    image("conv3x3", "conv", (16, 32, 32, 16), (3, 3, 16, 16)),
    image("conv3x3/2", "conv/2", (16, 32, 32, 16), (3, 3, 16, 16)),
    image("conv5x5", "conv", (64, 28, 28, 1), (5, 5, 1, 6)),
    *(workload(f"attention-{t}", f"causal, (1, 4, {t}, 32)", [(1, 4, t, 32)] * 3, operation="attention")
      for t in (64, 256, 1024, 4096)),
]
