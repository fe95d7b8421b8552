"""Weights in Keras' own files, name.weights.h5, read and written; and read from Keras' name.keras.  Needs h5py.

    layers/dense/vars/0             the kernel of the first Dense of a Sequential or of a graph of layers
    layers/dense_1/vars/1           the bias of the second
    encoder/vars/0                  a weight of the layer that a model of one's own keeps as self.encoder
    layers/lstm/cell/vars/2         recurrent layers keep theirs in a cell

Layers in lists are called by their class, and numbered; those of a graph stand in the order of their distance from the
outputs, in which Keras goes through them.  Known are the layers that minigrad shares with Keras.
"""
import io
import re
from itertools import count

import numpy as np

from ..engine.tensor import Tensor
from ..support.arguments import shown
from ..support.errors import Failure
from ..support.files import atomic_write
from .layers.attention import MultiHeadAttention
from .layers.base import Layer
from .layers.wrapping import Bidirectional
from .symbols import symbols_in

# The order in which Keras' layers make their weights; and their names for the parts of some.
ORDER = ("gamma", "beta", "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "bias", "moving_mean",
         "moving_variance", "mean", "variance", "count")
PARTS = {MultiHeadAttention: {"query": "query_dense", "key": "key_dense", "value": "value_dense",
                              "attention_output": "output_dense"},
         Bidirectional: {"forward": "forward_layer", "backward": "backward_layer"}}
MAGIC = b"\x89HDF\r\n\x1a\n"


def library():
    try:
        import h5py
    except ImportError:
        raise Failure("Keras' weight files are HDF5, which the package h5py reads and writes: pip install h5py; or "
                      "give the weights a name that ends in .safetensors") from None
    return h5py


def snake(kind):
    """A class as Keras calls layers in lists: "conv2d", "batch_normalization"; a graph is "functional"."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind.__name__)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def places(layer, path="", seen=None):
    """{place in the file: (Tensor, the shape there)} of all weights of a layer and of what it holds, each once."""
    seen = set() if seen is None else seen
    if id(layer) in seen:
        return {}
    seen.add(id(layer))
    found, lists, own = {}, {}, []
    names = next((names for kind, names in PARTS.items() if isinstance(layer, kind)), {})
    for place, part in sorted(_children(layer), key=lambda item: item[0].partition(".")[0]):    # as dir() has them
        if isinstance(part, Tensor):
            own.append((place.split(".")[-1], part))
        elif "." in place:                  # in a list, or a dict
            lists.setdefault(place.split(".")[0], []).append(part)
        else:
            found |= places(part, f"{path}{names.get(place, place)}/", seen)
    for name, parts in lists.items():
        numbers = {}
        for part in parts:
            kind = "functional" if getattr(part, "_graph", None) else snake(type(part))
            number = next(numbers.setdefault(kind, count()))
            found |= places(part, f"{path}{name}/{kind}{f'_{number}' if number else ''}/", seen)
    own.sort(key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else len(ORDER))
    recurrent = any(name == "recurrent_kernel" for name, _ in own) and not type(layer).__name__.endswith("Cell")
    cell = "cell/" if recurrent else ""
    found |= {f"{path}{cell}vars/{i}": (w, w.shape) for i, (_, w) in enumerate(own)}
    return _with_heads(layer, path, found) if isinstance(layer, MultiHeadAttention) else found


def _children(layer):
    if not getattr(layer, "_graph", None):
        return layer._children()
    return [(f"layers.{i}", part) for i, part in enumerate(in_keras_order(layer._graph))]


def _with_heads(layer, path, found):
    """Keras keeps heads and their lengths apart: (features, heads, d) for (features, heads · d)."""
    def shape(place, w):
        name, index = place.removeprefix(path).split("/vars/")
        if name == "output_dense":
            return (layer.num_heads, w.shape[0] // layer.num_heads, w.shape[1]) if index == "0" else w.shape
        return (*w.shape[:-1], layer.num_heads, w.shape[-1] // layer.num_heads)
    return {place: (w, shape(place, w)) for place, (w, _) in found.items()}


def in_keras_order(graph):
    """The layers of a graph as Keras lists them: those farthest from the outputs first, then as met from there."""
    met, done, order = {}, set(), []

    def visit(symbol):
        call = symbol.call
        if call in done:
            return
        met.setdefault(call.function, len(met))
        if not any(symbol is given for given in graph.given):
            for source in call.inputs:
                visit(source)
        done.add(call)
        order.append(call)
    for output in symbols_in(graph.outputs):
        visit(output)
    far, distance = {}, {}                  # of calls, and of what is called
    for call in reversed(order):
        steps = distance[call.function] = far[call] = max(far.get(call, 0), distance.get(call.function, 0))
        for source in call.inputs:
            far[source.call] = max(steps + 1, far.get(source.call, 0))
    layers = [f for f in distance if isinstance(f, Layer)]
    return sorted(layers, key=lambda f: (-distance[f], met[f]))


def read(data, model, source, partly=False):
    """{name of a weight: array} for model.assign, from the bytes of an HDF5 file; Failure for what doesn't fit, which
    is left out if partly."""
    h5py, names = library(), {id(w): name for name, w in model.named_weights().items()}
    wanted, arrays = places(model), {}
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            there = {place for place in _datasets(file, h5py, source) if not place.startswith("optimizer/")}
            missing = sorted(wanted.keys() - there)
            left = sorted(place for place in there - wanted.keys() if "seed_generator" not in place)
            if (missing or left) and not partly:
                problems = [f"{place} is missing" for place in missing[:2]]
                problems += [f"{shown(place)} is left over" for place in left[:2]]
                raise Failure(f"{source}: it is of another model: {'; '.join(problems)}")
            for place, (w, shape) in wanted.items():
                array = file[place] if place in there else None
                if partly and (array is None or array.shape != shape):
                    continue
                if array.shape != shape or array.dtype.kind not in "fiu":
                    raise Failure(f"{source}: {place} is {array.dtype} {array.shape}, and should be numbers {shape}")
                arrays[names[id(w)]] = np.asarray(array[()], w.dtype).reshape(w.shape)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:     # TypeError: a type that NumPy lacks
        raise Failure(f"{source} is damaged, or no file of weights ({error})") from error
    return arrays


def _datasets(file, h5py, source):
    """The places of all arrays; Failure for links, what has two places, and arrays that lead out of the file."""
    found, stack, met = [], [""], {h5py.h5o.get_info(file.id).addr}
    while stack:
        place = stack.pop()
        group = file[place] if place else file
        for name in group:
            path = f"{place}/{name}".lstrip("/")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or path.count("/") > 40:
                raise Failure(f"{source}: {shown(path)} is a link, not an array")
            part = group[name]
            if (address := h5py.h5o.get_info(part.id).addr) in met:     # a few such make endless many paths
                raise Failure(f"{source}: {shown(path)} is a link to what has a place already")
            met.add(address)
            if isinstance(part, h5py.Group):
                stack.append(path)
            elif not isinstance(part, h5py.Dataset):
                raise Failure(f"{source}: {shown(path)} is a type, not an array")
            elif part.external or part.is_virtual:
                raise Failure(f"{source}: {shown(path)} lies in another file")
            else:
                found.append(path)
    return found


def write(path, model):
    """Write the weights of a model as Keras' save_weights does: a model of the same layers there reads them."""
    h5py, buffer = library(), io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for place, (w, shape) in places(model).items():
            file.create_dataset(place, data=w.numpy().reshape(shape))
    with atomic_write(path) as target:
        target.write(buffer.getvalue())
