"""Numbers from a domain: ordinary ones, wide ones up to its ends, zeros and ties."""
import math

import numpy as np

from ...engine.ops.domains import REAL
from ..arrays import MARGIN, matrix


def numbers(rng, domain, shape, kind="ordinary"):
    """An array of a shape from a domain; of a kind: ordinary, wide, or with zeros and ties."""
    structure = domain.structure if domain else None
    if structure == "boolean":
        return np.asarray(rng.random(shape) < 0.5)
    if structure == "indices":
        return np.asarray(rng.integers(0, 2, shape), np.int64 if kind == "ordinary" else np.int32)
    if structure:
        return matrix(rng.integers(-250, 250, shape) / 100, structure)
    domain = domain or REAL
    low, high = max(domain.low, -3) + MARGIN, min(domain.high, 3) - MARGIN
    drawn = np.round(rng.uniform(low, high, shape), 2)
    if kind == "wide" and drawn.size:
        ends = [x for x in (1e3, -1e3, 1e-3, -1e-3, 30.0, -30.0) if domain.low < x < domain.high]
        ends += [domain.low + 1e-3] * math.isfinite(domain.low) + [domain.high - 1e-3] * math.isfinite(domain.high)
        drawn.flat[:len(ends)] = ends[:drawn.size]
    elif kind == "equal" and drawn.size:
        other = 0.0 if domain.low < 0 < domain.high else 1.0 if high > 1 else low
        drawn = np.where(rng.random(shape) < 0.5, other, 0.5)
    return off_points(drawn, domain)


def off_points(x, domain):
    """x moved off the points that a domain leaves out."""
    for p in domain.avoid:
        off = (x - p + domain.period / 2) % domain.period - domain.period / 2 if domain.period else x - p
        x = np.where(np.abs(off) < min(MARGIN, 1e-3), x + 2 * MARGIN, x)
    return np.asarray(x)
