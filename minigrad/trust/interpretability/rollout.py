"""Which words an answer rests on, through all layers of attention."""
import numpy as np

from ...support.meanings import checked


@checked
def attention_rollout(maps, residual=0.5):
    """R = Ã_L ... Ã_2 Ã_1 with Ã_l = (1 - r) mean over heads of A_l + r I.     (Abnar and Zuidema 2020)

    R[i, j] is the share of place i, at the top, that flows from place j, at the bottom, if each block passes on a
    mixture of what attention gathers and of what was there (r, the residual connection).  Rows of R add up to 1.
    It is exact, the Jacobian, for x <- (1 - r) A x + r x; it knows nothing of values, signs and MLPs.

    maps        for each layer, lowest first, attention weights (B, H, T, T) or (H, T, T) whose rows add up to 1
    Returns (B, T, T) or (T, T).
    """
    if not len(maps):
        raise ValueError("attention_rollout: no attention weights, one array is needed for each layer")
    if not 0 <= residual <= 1:
        raise ValueError(f"attention_rollout: residual must be from 0 to 1, not {residual}")
    rollout = None
    for number, weights in enumerate(maps):
        weights = np.asarray(weights)
        if weights.ndim not in (3, 4) or weights.shape[-1] != weights.shape[-2]:
            raise ValueError(f"attention_rollout: layer {number} must have weights (B, H, T, T) or (H, T, T), "
                             f"not {weights.shape}")
        if not np.allclose(weights.sum(axis=-1), 1, atol=1e-3):
            raise ValueError(f"attention_rollout: the rows of layer {number} do not add up to 1")
        mixed = (1 - residual) * weights.mean(axis=-3) + residual * np.eye(weights.shape[-1], dtype=weights.dtype)
        rollout = mixed if rollout is None else mixed @ rollout
    return rollout
