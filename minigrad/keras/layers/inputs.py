"""What layers are called with: arrays, or trees of them (dicts, lists, tuples), as Tensors; and their shapes."""
import json

import numpy as np

from ...engine import backend
from ...engine.recording import no_grad
from ...engine.tensor import Tensor
from ...engine.trees import tree_leaves, tree_map
from ...support.arguments import shown, whole
from ..symbols import Symbolic, SymbolicCall, record, trying
from .budget import check_input


def as_tensors(tree):
    """Arrays, or trees of them, as Tensors: floats as float32, the precision of weights, whole numbers as they are."""
    return tree_map(lambda x: x if x is None or isinstance(x, Tensor) else Tensor(as_array(x)), as_tree(tree))


def as_tree(tree):
    """Lists and tuples of arrays are several inputs, to be kept apart; of numbers, one."""
    if isinstance(tree, dict):
        return {key: as_tree(branch) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)) and any(np.ndim(leaf) for leaf in tree_leaves(tree)):
        return type(tree)(map(as_tree, tree))
    return tree if hasattr(tree, "shape") or tree is None else np.asarray(tree)


def as_array(x, name="the input", device=None):
    """x as an array of float32, or of whole numbers or booleans; TypeError for text and objects."""
    if isinstance(x, np.ndarray) and x.dtype == np.float32 and device == "cpu":
        return x                            # the usual case, in every step of a training
    if hasattr(x, "tocsr"):                 # a sparse matrix of scipy's
        x = x.toarray()
    array = backend.asarray(getattr(x, "_data", x), device=device)
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} holds {array.dtype}, not numbers")
    return array


def in_precision(tree, dtype):
    """Floating-point tensors in another precision; all else as it is."""
    return tree_map(lambda x: x.astype(dtype) if isinstance(x, Tensor) and x.dtype.kind == "f" == dtype.kind
                    and x.dtype != dtype else x, tree)


def batch_shape(tree):
    """The shapes of a tree of tensors, with None for the length of the batch."""
    return tree_map(lambda x: x if x is None else (None, *np.shape(x)[1:]), tree)


def kind_of(tree):
    """What dry_run needs to make an input like this one: "float32[28, 28, 1]", in the same tree."""
    return tree_map(lambda x: x if x is None else f"{x.dtype}{list(x.shape[1:])}", tree)


def kind_of_shape(shapes, dtype="float32"):
    """The same from a shape with the batch first, (None, 28, 28, 1), or from a tree of shapes; None: it varies."""
    if isinstance(shapes, dict):
        return {key: kind_of_shape(shape, dtype) for key, shape in shapes.items()}
    if any(isinstance(n, (tuple, list, dict)) for n in shapes):
        return [kind_of_shape(shape, dtype) for shape in shapes]
    return f"{dtype}{[n or 1 for n in shapes[1:]]}"


def examples(lengths, dtype):
    """Tensors of zeros for a Symbolic, in a batch of one; where lengths are open two, with 16 and 17, or for images 32
    and 33."""
    least = 32 if lengths.count(None) > 1 else 16
    shapes = [[1, *(least + k if n is None else n for n in lengths)] for k in range(2 if None in lengths else 1)]
    for shape in shapes:
        check_input(shape)
    return [Tensor(backend.asarray(np.zeros(shape, dtype))) for shape in shapes]


def output_shape(layer, *shapes):
    """The shape of what a layer gives for inputs of these shapes, or trees of them, with None where lengths are open.

    The batch is that of the first.
    """
    batches = []

    def symbol(shape):
        if isinstance(shape, dict):
            return {key: symbol(part) for key, part in shape.items()}
        if not isinstance(shape, (tuple, list)) or not shape:
            raise TypeError(f"{layer.name}: a shape is a tuple (batch, ...), or a tree of them, not {shown(shape)}")
        if any(isinstance(n, (tuple, list, dict)) for n in shape):
            return [symbol(part) for part in shape]
        batches.append(shape[0])
        lengths = [n if n is None else whole(f"{layer.name}: shape[{i}]", n, 0) for i, n in enumerate(shape)]
        return Symbolic(examples(lengths[1:], np.float32), SymbolicCall(layer))
    outputs = record(layer, tuple(map(symbol, shapes)), {}).outputs
    return tree_map(lambda y: (batches[0], *y.shape[1:]) if isinstance(y, Symbolic) else y, outputs)


def dry_run(layer, kind):
    """Call a layer on one example of zeros, so that it and all layers below have weights and shapes.

    Draws what initializers draw, and nothing else.  Returns the output.
    """
    def zeros(kind):
        dtype, bracket, lengths = kind.partition("[")
        shape = [1, *json.loads(bracket + lengths)]
        check_input(shape)
        return Tensor(backend.asarray(np.zeros(shape, dtype)))
    with no_grad(), trying():
        return layer(tree_map(lambda k: None if k is None else zeros(k), kind), training=False)
