"""Several outputs: which loss, which labels, which metrics and which weight belong to which.

compile and fit take them in the order of the outputs, in lists, or by the outputs' names, in dicts:

    Model(x, {"price": p, "kind": k}).compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"},
                                              loss_weights={"price": 0.1}, metrics={"kind": "accuracy"})
"""
from collections.abc import Mapping

from ..engine.trees import tree_leaves

CONTAINERS = (list, tuple, dict)


def names_of(model, y_pred):
    """The names of a model's outputs: the keys of a dict, the names of the layers that make them, or output_1, ..."""
    if isinstance(y_pred, dict):
        return list(y_pred)
    count = len(tree_leaves(y_pred))
    names = model._graph.output_names if model._graph else []
    return names if len(names) == count == len(set(names)) else [f"output_{i + 1}" for i in range(count)]


def by_output(what, given, names, shared=True):
    """{output: its part of what was given}: a dict by name, a list in the order of names, or one thing for all.

    ValueError for a name that no output has, for a list of another length, and for one thing if it can't be shared.
    """
    if isinstance(given, Mapping):
        if unknown := [name for name in given if name not in names]:
            raise ValueError(f"{what} names the output {unknown[0]!r}; the model's are {', '.join(names)}")
        return {name: given.get(name) for name in names}
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(f"{what} has {len(given)} entries, but the model has {len(names)} outputs, "
                             f"{', '.join(names)}")
        return dict(zip(names, given))
    if not shared and given is not None and len(names) > 1:
        raise ValueError(f"{what} is one for {len(names)} outputs, {', '.join(names)}; give a list or a dict")
    return dict.fromkeys(names, given)


def losses_of(model, y, y_pred, sample_weight):
    """{output: (weight, loss)}: the loss of each output that has one, a scalar Tensor, and its weight in the sum."""
    names = names_of(model, y_pred)
    losses = by_output("loss", model.loss, names)
    weights = by_output("loss_weights", model.loss_weights, names)
    labels = by_output("y", y, names, shared=False)
    each = by_output("sample_weight", sample_weight, names)
    return {name: (1.0 if weights[name] is None else weights[name], losses[name](labels[name], p, each[name]))
            for name, p in zip(names, tree_leaves(y_pred)) if losses[name] is not None}


def entries(metrics):
    """[(output, metric)] of what compile was given: the output's name or place; None where metrics come in one list."""
    if metrics is None:
        return []
    if isinstance(metrics, dict):
        return [(name, m) for name, some in metrics.items() for m in _several(some)]
    metrics = _several(metrics)
    if any(isinstance(some, (list, tuple)) for some in metrics):
        return [(i, m) for i, some in enumerate(metrics) for m in _several(some)]
    return [(None, m) for m in metrics]


def _several(some):
    return [] if some is None else list(some) if isinstance(some, (list, tuple)) else [some]


def loss_for(loss, output):
    """The loss that belongs to an output, by which "accuracy" is chosen; None where that can't be told."""
    if not isinstance(loss, CONTAINERS):
        return loss
    known = loss.keys() if isinstance(loss, dict) else range(len(loss))
    return loss[output] if output in known else None
