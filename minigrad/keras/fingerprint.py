"""What an experiment is, so that a backup isn't gone on with by another one: model, compilation, data."""
import hashlib
import json

import numpy as np

from ..engine import backend
from ..engine.trees import tree_leaves
from .serialization import to_config

ROWS = 2000                 # that are looked at, evenly spread over the data


def fingerprint(model, loader):
    """{"model": ..., "compile": ..., "data": ...}, which JSON can hold.

    Of the data that is the shape, the type and a hash of up to 2000 rows; of what has no configuration, its class.
    """
    compiled = {name: _described(value) for name, value in model.compile_arguments.items()}
    return {"model": _described(model), "compile": compiled, "data": [_digest(a) for a in tree_leaves(loader.arrays)]}


def differences(before, now, path=""):
    """["compile.optimizer.config.beta_1 was 0.9 and is 0.8", ...]."""
    if type(before) is type(now) and isinstance(now, (dict, list)):
        keys = range(max(len(before), len(now))) if isinstance(now, list) else dict.fromkeys((*before, *now))
        if not isinstance(now, list) or len(before) == len(now):
            return [found for key in keys
                    for found in differences(_at(before, key), _at(now, key), f"{path}.{key}".lstrip("."))]
    return [] if before == now else [f"{path} was {_short(before)} and is {_short(now)}"]


def _at(tree, key):
    return tree.get(key) if isinstance(tree, dict) else tree[key]


def _short(value):
    text = json.dumps(value)
    return text if len(text) < 60 else f"{text[:57]}..."


def _described(value):
    try:
        return json.loads(json.dumps(to_config(value)))
    except TypeError:                       # a function without a name, say
        return type(value).__name__


def _digest(array):
    rows = np.linspace(0, len(array) - 1, min(len(array), ROWS)).astype(int)
    sample = np.ascontiguousarray(backend.to_numpy(array[rows]))
    return f"{array.dtype}{list(array.shape)} {hashlib.sha256(sample.tobytes()).hexdigest()[:16]}"
