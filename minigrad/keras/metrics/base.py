"""What all metrics have in common, and the mean that most of them are."""
import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...support.arguments import shown
from ...support.names import Configured, snake_case
from ..losses import weights_like
from ..masks import counted


def arrays(y_true, y_pred):
    """Both as arrays, on the device of y_pred."""
    y_true, y_pred = getattr(y_true, "_data", y_true), getattr(y_pred, "_data", y_pred)
    if isinstance(y_true, np.ndarray) and isinstance(y_pred, np.ndarray):
        return y_true, y_pred
    y_pred = backend.asarray(y_pred)
    return backend.asarray(y_true, device=backend.device_of(y_pred)), y_pred


def column(name, class_id, *each):
    """The column class_id of arrays (batch, ..., columns)."""
    shape = each[0].shape
    if len(shape) < 2 or not 0 <= class_id < shape[-1]:
        raise ValueError(f"{name}: class_id {class_id} is none of {shape[-1] if shape[1:] else 'no'} columns, in "
                         f"predictions of shape {shape}")
    return [array[..., class_id] for array in each]


def ratio(a, b):
    """a / b as a Python number; 0 where there is nothing to divide by, as in Keras."""
    a, b = float(a), float(b)
    return a / b if b else 0.0


class Metric(Configured):
    """update_state(y_true, y_pred, sample_weight=None), result() -> float, reset_state().

    What a mask of y_pred leaves out (masks.py) counts nowhere.
    A subclass says in `zero` what it counts and with what it begins; each count is an attribute.  Or, as in Keras, it
    makes variables, tensors of zeros: self.hits = self.add_variable(()), and self.hits.assign(self.hits + n).
    state() and load_state(...) carry the counts over to another run.  dtype is there for Keras' sake: sums are kept in
    double precision.  Called, a metric takes a batch and says the result so far.
    """
    zero = {}

    def __init__(self, *, name=None, dtype=None):
        self.name, self.dtype, self.variables = name or snake_case(type(self).__name__), dtype, []
        Metric.reset_state(self)            # a subclass's own may need what its __init__ makes after this

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def add_variable(self, shape=(), initializer=None, dtype=None, aggregation="sum", name=None):
        """A tensor of zeros to count in; reset_state makes it zero again.  (The rest is there for Keras' sake.)"""
        self.variables.append(Tensor(backend.asarray(np.zeros(shape, dtype or self.dtype or np.float32))))
        return self.variables[-1]

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None):
        """add_variable, by its older name."""
        return self.add_variable(*([] if isinstance(shape, str) else [shape]), initializer, dtype)

    def reset_state(self):
        """Forget all batches."""
        vars(self).update(self.zero)
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def state(self):
        """The counts so far: {name: number, or NumPy array}."""
        counts = {name: getattr(self, name) for name in self.zero}
        return {name: v if isinstance(v, (int, float)) else v.item() if v.ndim == 0 else backend.to_numpy(v)
                for name, v in counts.items()} | {f"variable {i}": v.numpy() for i, v in enumerate(self.variables)}

    def load_state(self, state):
        """Go on from what state() returned."""
        if state.keys() != self.state().keys():
            raise ValueError(f"metric {self.name} counts {', '.join(self.state())}; the state has {', '.join(state)}")
        for name, value in state.items():
            if isinstance(value, bool) or not isinstance(value, (int, float, np.ndarray)):
                raise ValueError(f"metric {self.name}: {name} is {shown(value)}, and should be a number or an array")
        for i, variable in enumerate(self.variables):
            variable.assign(state[f"variable {i}"])
        vars(self).update({name: backend.asarray(v) if isinstance(v, np.ndarray) else v
                           for name, v in state.items() if name in self.zero})


class Mean(Metric):
    """Σ weight · value / Σ weight over all values so far: update_state(values, sample_weight=None)."""
    zero = {"total": 0.0, "count": 0}

    def __init__(self, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, values, sample_weight=None):
        values = getattr(values, "_data", values)
        self.add(values if isinstance(values, np.ndarray) else backend.asarray(values), sample_weight)

    def add(self, values, sample_weight):
        if sample_weight is not None:
            values = values.astype(float)
            weights = np.broadcast_to(weights_like(self.name, sample_weight, values), values.shape)
            self.total = self.total + (values * weights).sum()
            self.count = self.count + weights.sum()
        else:                               # right or wrong, counted exactly; or numbers, added in double precision
            self.total = self.total + (np.count_nonzero(values) if values.dtype == bool else values.sum(dtype=float))
            self.count = self.count + values.size

    def result(self):
        return ratio(self.total, self.count)


class Sum(Metric):
    """Σ weight · value over all values so far: update_state(values, sample_weight=None)."""
    zero = {"total": 0.0}

    def __init__(self, name="sum", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, values, sample_weight=None):
        values = backend.asarray(getattr(values, "_data", values)).astype(float)
        weights = 1 if sample_weight is None else weights_like(self.name, sample_weight, values)
        self.total = self.total + (values * weights).sum()

    def result(self):
        return float(self.total)


class MeanOf(Mean):
    """The mean of a value per sample: a subclass writes values(y_true, y_pred), arrays to an array."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.add(self.values(*arrays(y_true, y_pred)), counted(y_pred, sample_weight))
