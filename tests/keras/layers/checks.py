"""What the tests of layers share: gradients through a layer against finite differences."""
import numpy as np

from minigrad import Tensor, no_grad
from minigrad.engine.tensor import backpropagate


def check_layer(layer, *shapes, seed=0, inputs=None, still=None, **call):
    """Check d(cotangent · layer(x)) along random directions of the inputs and of all trainable weights, in float64.

    shapes: of the inputs, drawn normal; still: where the first one stays as it is.  A layer with random or moving parts
    must be called as in prediction.
    """
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(s) for s in shapes] if inputs is None else inputs
    tensors = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    with no_grad():
        layer(*tensors, **call)
    for w in layer.weights:
        noise = 0.1 * rng.standard_normal(w.shape) * w.requires_grad        # no weights all zeros or ones
        w._data = w._data.astype(np.float64) + noise
    y = layer(*tensors, **call)
    cotangent = rng.standard_normal(y.shape)
    assert y.dtype == np.float64
    variables = [t for t in (*tensors, *layer.trainable_weights) if t.requires_grad]
    gradients = backpropagate(y, cotangent)
    assert all(v in gradients for v in variables), f"seed {seed}: no gradient for some input or weight of {layer}"
    for trial in range(3):
        directions = [rng.standard_normal(v.shape) for v in variables]
        if still is not None:
            directions[0][still] = 0
        slope = sum((gradients[v] * d).sum() for v, d in zip(variables, directions))
        h, values = 1e-5, []
        for sign in (1, -1):
            for v, d in zip(variables, directions):
                v._data = v._data + sign * h * d
            with no_grad():
                values.append((layer(*tensors, **call)._data * cotangent).sum())
            for v, d in zip(variables, directions):
                v._data = v._data - sign * h * d
        numeric = (values[0] - values[1]) / (2 * h)
        assert abs(slope - numeric) <= 1e-6 * max(1, abs(numeric), abs(slope)), \
            f"{layer}, seed {seed}, direction {trial}: backward gives {slope}, finite differences {numeric}"
