"""The derivative table's operations said in PyTorch, for whole random programs; each takes the params of minigrad's."""
import numpy as np
import torch
from torch.nn import functional as F

SAME = """add subtract multiply divide negative positive reciprocal square sqrt exp expm1 log log2 log10 log1p logaddexp
sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh abs sign floor ceil maximum minimum where matmul sigmoid
erf""".split()


def axes(x, axis):
    """Axes as PyTorch takes them: a tuple, all of them for None."""
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def over(f):
    """A reduction: f(x, dim=axes, keepdim=keepdims); of a 0-d array there is nothing to reduce."""
    def call(x, axis=None, keepdims=False, **params):
        if not x.ndim:
            return f(x.reshape(1), dim=(0,), keepdim=False, **params)
        return f(x, dim=axes(x, axis), keepdim=keepdims, **params)
    return call


def product(x, axis=None, keepdims=False):
    """torch.prod takes one axis."""
    for a in sorted((a % x.ndim for a in axes(x, axis)), reverse=True):
        x = x.prod(dim=a, keepdim=keepdims)
    return x


def index(x, index):
    """Slices with negative steps PyTorch lacks: they are flips."""
    array = np.arange(x.numel()).reshape(tuple(x.shape))[index]
    return x.reshape(-1)[torch.from_numpy(np.array(array))]


def padded(x, pad_width, mode="constant", constant_values=0):
    if mode != "constant":
        where = np.pad(np.arange(x.numel()).reshape(tuple(x.shape)), pad_width, mode=mode)
        return x.reshape(-1)[torch.from_numpy(where)]
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))
    return F.pad(x, [int(n) for pair in pairs[::-1] for n in pair], value=constant_values)


def layer_norm(x, gamma, beta, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], gamma, beta, eps)


def standardized(x, axis=-1, eps=1e-5):
    where = axes(x, axis)
    return (x - x.mean(where, keepdim=True)) / (x.var(where, correction=0, keepdim=True) + eps).sqrt()


FUNCTIONS = {name: getattr(torch, name) for name in SAME} | {
    "outer": lambda a, b: torch.outer(a.reshape(-1), b.reshape(-1)),
    "power": torch.pow,
    "clip": lambda x, min=None, max=None: x if min is max is None else torch.clip(x, min, max),
    "getitem": index,
    "embedding": lambda table, ids: table[ids.long()],
    "take_along_axis": lambda x, i, axis: torch.take_along_dim(x, i.long(), axis),
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes=None: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "swapaxes": lambda x, axis1, axis2: x.swapaxes(axis1, axis2),
    "moveaxis": lambda x, source, destination: torch.movedim(x, source, destination),
    "broadcast_to": lambda x, shape: x.broadcast_to(shape),
    "concatenate": lambda *xs, axis=0: torch.cat([x.reshape(-1) for x in xs] if axis is None else xs, axis or 0),
    "stack": lambda *xs, axis=0: torch.stack(xs, axis),
    "pad": padded,
    "flip": lambda x, axis=None: torch.flip(x, axes(x, axis)),
    "roll": lambda x, shift, axis=None: torch.roll(x, shift, axis),
    "tile": lambda x, reps: torch.tile(x, (reps,) if isinstance(reps, int) else reps),
    "repeat": lambda x, repeats, axis=None: torch.repeat_interleave(x, torch.as_tensor(repeats), axis),
    "tril": lambda x, k=0: torch.tril(x, k),
    "triu": lambda x, k=0: torch.triu(x, k),
    "diagonal": lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
    "trace": lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2).sum(-1),
    "linear": lambda x, w, b: x @ w + b,
    "bias_add": torch.add,
    "tensordot": lambda a, b, axes=2: torch.tensordot(a, b, axes),
    "einsum": lambda *xs, subscripts: torch.einsum(subscripts, *xs),
    "inv": torch.linalg.inv,
    "det": torch.linalg.det,
    "logabsdet": lambda a: torch.linalg.slogdet(a)[1],
    "relu": F.relu,
    "leaky_relu": lambda x, slope=0.2: F.leaky_relu(x, slope),
    "elu": lambda x, alpha=1.0: F.elu(x, alpha),
    "selu": F.selu,
    "silu": F.silu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "gelu": lambda x, approximate=True: F.gelu(x, approximate="tanh" if approximate else "none"),
    "sum": over(torch.sum),
    "mean": over(torch.mean),
    "max": over(torch.amax),
    "min": over(torch.amin),
    "prod": product,
    "var": over(lambda x, dim, keepdim, ddof=0: torch.var(x, dim, correction=ddof, keepdim=keepdim)),
    "logsumexp": over(torch.logsumexp),
    "cumsum": lambda x, axis=None: torch.cumsum(x.reshape(-1) if axis is None else x, 0 if axis is None else axis),
    "sort": lambda x, axis=-1: torch.sort(x.reshape(-1) if axis is None else x, dim=0 if axis is None else axis)[0],
    "log_softmax": lambda z, axis=-1: F.log_softmax(z, axis),
    "softmax_cross_entropy": lambda z, p: -(p * F.log_softmax(z, -1)).sum(-1),
    "sigmoid_cross_entropy": lambda z, p: F.binary_cross_entropy_with_logits(
        *torch.broadcast_tensors(z, p), reduction="none"),
    "standardize": standardized,
    "layer_norm": layer_norm,
}
