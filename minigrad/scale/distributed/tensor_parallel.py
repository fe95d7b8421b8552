"""Tensor parallelism: each of n ranks computes a part of every layer, for all rows.  (Shoeybi et al. 2019, Megatron-LM)

    ColumnDense     y_r = f(x W_r + b_r)            W = [W_1 ... W_n] cut by columns: each rank has some of the features
    RowDense        y = Σ_r x_r W_r + b             W cut by rows: each rank takes its features, the sum is the whole

A column layer, then a row layer, need one sum: of the row layer's outputs, forward, and of the column layer's input
gradients, backward.  Those are two ops, each the other's derivative:

    spread   y = x              dx = Σ_r g_r        the input that all ranks share
    join     y = Σ_r x_r        dx_r = g            the output that all ranks have a part of

Attention is such a pair: the heads are dealt out by the columns of query, key and value, and put together by the rows
of the output.  What isn't cut (norms, embeddings, the biases of row layers) all ranks have, and change alike.
"""
import numpy as np

from ...engine import backend
from ...engine.op import Op
from ...keras.layers.base import Layer
from ...keras.layers.core import Dense
from ...support.explaining import explained
from ...zoo.gpt import CausalSelfAttention
from .group import world


def _sum(x, group):
    """Σ over ranks of an array, a new array."""
    host = np.ascontiguousarray(backend.to_numpy(x))
    return backend.asarray(group.all_reduce(host), x.dtype, backend.device_of(x))


def _spread(x, /, group=None):
    """y = x, on every rank      dx = Σ over ranks of g"""
    return x.copy()


def _join(x, /, group=None):
    """y = Σ over ranks of x      dx = g, on every rank"""
    return _sum(x, group)


spread = Op(_spread, lambda g, y, x, group: join(g, group=group), name="spread")        # not in the REGISTRY, whose ops
join = Op(_join, lambda g, y, x, group: spread(g, group=group), name="join")            # can all be checked alone


class ColumnDense(Dense):
    """Dense of which this rank has units / n features: x (..., n), the same on all ranks -> y (..., units / n).

    ValueError if the features can't be dealt out evenly.
    """

    @explained
    def __init__(self, units, *args, group=None, **kwargs):
        self.group = group or world()
        super().__init__(even(units, self.group, "features"), *args, **kwargs)
        self.cut = {"kernel": 1, "bias": 0}

    def call(self, x):
        return super().call(spread(x, group=self.group))


class RowDense(Dense):
    """Dense for an input of which each rank has 1/n of the features: x (..., features / n) -> y (..., units), whole."""

    @explained
    def __init__(self, units, *args, group=None, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.group, self.cut = group or world(), {"kernel": 0}

    def call(self, x):
        y = join(x @ self.kernel, group=self.group)
        return self.activation(y + self.bias if self.use_bias else y)


class ParallelAttention(CausalSelfAttention):
    """The attention of a GPT, heads / n of them on this rank: x (B, T, C) -> (B, T, C), both the same on all ranks.

    whole       a CausalSelfAttention with weights, of which this takes its part
    """

    def __init__(self, whole, group=None, **kwargs):
        Layer.__init__(self, **kwargs)
        self.group = group = group or world()
        width, self.heads, self.built = whole.query.units, even(whole.heads, group, "heads"), True
        self.query, self.key, self.value = (_part(dense, Dense(even(width, group, "features")), 1, group)
                                            for dense in (whole.query, whole.key, whole.value))
        self.out = _part(whole.out, RowDense(width, group=group), 0, group)

    def call(self, x, *args):
        return super().call(spread(x, group=self.group), *args)

    def split(self, x):
        B, T, C = x.shape
        return x.reshape(B, T, self.heads, C // self.heads).swapaxes(1, 2)      # C / n of the features


def even(number, group, what):
    """The n-th part of a number; ValueError if there is a rest."""
    part, rest = divmod(number, group.size)
    if rest:
        raise ValueError(f"{number} {what} can't be dealt out evenly to {group.size} ranks")
    return part


# -- a GPT -------------------------------------------------------------------------------------------------------------
@explained
def split_gpt(model, group=None):
    """Cut the blocks of a GPT, in place: each rank keeps 1/n of heads and of the MLPs' features.  Returns the model.

    model       a GPT that has its weights; those of rank 0 are taken
    All ranks must then see the same batches: model.fit(loader, ...) with the same seed, or a loop of your own.  If it
    is compiled, global_clipnorm limits the norm of the whole gradient.  To save it, put whole_weights(model) into a GPT
    that isn't cut.  ValueError if heads or features can't be dealt out evenly, or the model is not built.
    """
    group = group or world()
    if not model.built:
        raise ValueError(f"split_gpt: {model.name} has no weights yet; call it, or model.build((None, None)), first")
    for w in model.weights:
        w._data = backend.asarray(group.broadcast(backend.to_numpy(w._data)), w.dtype, w.device)
        w.touch()
    for block in model.blocks:
        block.attention = ParallelAttention(block.attention, group)
        block.up = _part(block.up, ColumnDense(block.up.units, activation="gelu", group=group), 1, group)
        block.down = _part(block.down, RowDense(block.down.units, group=group), 0, group)
    model.save = model.save_weights = _refuse_to_save
    if model.optimizer is not None:
        model.optimizer.state = _refuse_to_save         # a backup would hold one rank's part
        _measure_whole_gradient(model, group)
    return model


def _refuse_to_save(*_):
    raise RuntimeError("a model that is cut can't be saved as it is, as each rank has a part of it: "
                       "put whole_weights(model) into one that isn't, and save that")


def _part(whole, part, axis, group):
    """A layer with this rank's part of another's weights: of the columns (axis 1) or rows (0) of its kernel."""
    part.cut = {"kernel": 1, "bias": 0} if axis == 1 else {"kernel": 0}
    for name in ("kernel", "bias"):
        w = getattr(whole, name)
        w._data = own(w._data, part.cut[name], group) if name in part.cut else w._data.copy()
        w.touch()
        setattr(part, name, w)
    part._features, part.input_shape, part.output_shape = part.kernel.shape[0], None, None
    part.built = True
    return part


def own(array, axis, group):
    """This rank's n-th of an array, cut along an axis."""
    size = even(array.shape[axis], group, "features")
    return array.take(range(group.rank * size, (group.rank + 1) * size), axis=axis)


def cuts(model):
    """{path: axis} of the weights that are cut."""
    layers = {path: part for path, part, _ in model.walk() if hasattr(part, "cut")}
    return {f"{path}.{name}": axis for path, layer in layers.items() for name, axis in layer.cut.items()}


@explained
def whole_weights(model, group=None):
    """{path: array} of the weights as a model that isn't cut has them; all ranks must call it."""
    group, axes = group or world(), cuts(model)
    return {path: np.concatenate(group.all_gather(w.numpy()), axis=axes[path]) if path in axes else w.numpy()
            for path, w in model.named_weights().items()}


def _measure_whole_gradient(model, group):
    """Let the optimizer's global_clipnorm see the parts on other ranks: what is cut adds up, the rest counts once."""
    optimizer, axes = model.optimizer, cuts(model)
    cut = {id(w) for path, w in model.named_weights().items() if path in axes}

    def squares(total):
        shared = sum(float(np.dot(g.ravel(), g.ravel()))
                     for stretch in optimizer._stretches for g, member in zip(stretch.gradients, stretch.members)
                     if id(optimizer._stepped[member]) not in cut)
        return group.sum(float(total) - shared) + shared
    optimizer.squares = squares
