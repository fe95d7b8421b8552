"""Masks: of sequences padded to one length, which steps are real.

    x = Embedding(1000, 8, mask_zero=True)(tokens)      # index 0 is padding: x's mask is tokens != 0, (batch, time)
    h = LSTM(16)(x)                                     # steps over padding change no state

A mask is a Tensor of booleans, True where a step is real, that goes along with a tensor, as its _keras_mask.  A layer
whose `call` has a parameter mask is handed the mask of its first argument (query_mask: that of `query`); one that
supports_masking says in compute_mask what the mask of its output is, by default that of its input.  Losses and metrics
leave out what the mask of y_pred leaves out.  An op's result has no mask: masks go through layers.
"""
import numpy as np

from ..engine import backend
from ..engine.tensor import Tensor
from ..engine.trees import tree_map


def mask_of(x):
    """The mask that goes along with a tensor, or None."""
    return x._keras_mask if isinstance(x, Tensor) else getattr(x, "_keras_mask", None)


def masks_of(tree):
    """The masks of a tree of tensors, in a tree like it, or None if there are none at all."""
    if isinstance(tree, Tensor):
        return mask_of(tree)
    if not isinstance(tree, (list, tuple, dict)):
        return None
    found = []
    masks = tree_map(lambda x: found.append(mask_of(x)) or found[-1], tree)
    return masks if any(mask is not None for mask in found) else None


def attach(y, masks):
    """Let masks go along with a tensor, or with each of a list of them; one that has a mask keeps it, None is none."""
    if isinstance(y, (list, tuple)):
        masks = masks if isinstance(masks, (list, tuple)) else (masks,)
        for part, mask in zip(y, masks):
            attach(part, mask)
    elif isinstance(y, Tensor) and masks is not None and mask_of(y) is None:
        y._keras_mask = masks if isinstance(masks, Tensor) else Tensor(backend.asarray(masks))


def counted(y_pred, sample_weight=None):
    """What a sample, or a step, of y_pred counts: sample_weight (None: 1), and 0 for what its mask leaves out."""
    mask = mask_of(y_pred)
    if mask is None:
        return sample_weight
    mask = mask._data
    if sample_weight is None:
        return mask.astype(np.float32)
    weights = getattr(sample_weight, "_data", sample_weight)
    weights = backend.asarray(weights, device=backend.device_of(mask))
    if weights.ndim == mask.ndim + 1 and weights.shape[-1] == 1:
        weights = weights.reshape(weights.shape[:-1])
    more = max(mask.ndim - weights.ndim, 0)
    return weights.reshape(weights.shape + (1,) * more) * mask.reshape(mask.shape + (1,) * (weights.ndim - mask.ndim))
