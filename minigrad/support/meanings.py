"""What an argument of a layer, a loss, an optimizer, ... may be: an argument of one name means one thing everywhere.

A class of minigrad that derives from Checked has its arguments looked at before its __init__ runs,
    by this table; what
its __init__ says further (that minval is below maxval) it says itself.  Classes of users are left alone.
"""
import inspect
import math
import os
from functools import partial

import numpy as np

from .arguments import flag, function, number, share, shown, text, whole

_signatures = {}


def optional(check):
    return lambda name, value: value if value is None else check(name, value)


def name_or_function(name, value):
    if not (isinstance(value, str) or callable(value)):
        raise TypeError(f"{name} must be a name or a function, not {shown(value)}")
    return value


def number_or_function(name, value):
    return value if callable(value) else number(name, value, 0)


def number_or_array(name, value):
    return value if isinstance(value, (list, tuple)) or getattr(value, "shape", ()) else number(name, value)


def path(name, value):
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path, not {shown(value)}")


def dtype(name, value):
    try:
        np.dtype(value)
    except Exception:
        raise TypeError(f"{name} must be a NumPy dtype such as \"float32\", not {shown(value)}") from None


def verbosity(name, value):
    if value not in ("auto", True, False, 0, 1, 2) if isinstance(value, (str, int)) else True:
        raise ValueError(f'{name} must be 0, 1, 2 or "auto", not {shown(value)}')


def layer(name, value):
    if not hasattr(value, "get_config") or isinstance(value, type):
        raise TypeError(f"{name} must be a layer, not {shown(value)}")


def sequence(check):
    """A list or tuple of what check takes."""
    def checked(name, value):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} must be a list or tuple, not {shown(value)}")
        return [check(f"{name}[{i}]", v) for i, v in enumerate(value)]
    return checked


def either(first, second, kinds):
    """What `second` takes for values of these kinds, for others what `first` takes."""
    return lambda name, value: second(name, value) if isinstance(value, kinds) else first(name, value)


def whole_axis(name, value):
    return whole(name, value, -math.inf)


def several(name, value):
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list, not {shown(value)}")


at_least_0 = partial(number, low=0)
above_0 = partial(number, above=0)
count_from_0 = partial(whole, low=0)
probability = partial(share, one=True)
axes = either(whole_axis, sequence(whole_axis), (list, tuple))
lengths = sequence(optional(count_from_0))

# by name, or by "Class.name" where a class means something else
MEANINGS = {
    "name": optional(text),
    **dict.fromkeys(("monitor", "separator"), text),
    **dict.fromkeys(("reduction", "average", "mode", "distribution", "padding", "interpolation"), optional(text)),
    **dict.fromkeys(("filename", "filepath", "backup_dir"), path),
    "dtype": optional(dtype), "verbose": verbosity, "exclude": optional(name_or_function),
    **dict.fromkeys(("from_logits", "use_bias", "return_sequences", "return_state", "go_backwards",
                     "unit_forget_bias",
                     "reset_after", "center", "keepdims", "nesterov", "centered", "staircase", "trainable",
                     "save_best_only", "save_weights_only", "restore_best_weights", "delete_checkpoint", "append",
                     "use_ema"), flag),
    **dict.fromkeys(("bias_initializer", "kernel_initializer", "recurrent_initializer", "embeddings_initializer",
                     "beta_initializer", "gamma_initializer", "moving_mean_initializer",
                     "moving_variance_initializer", "depthwise_initializer", "pointwise_initializer"),
                     name_or_function),
    **dict.fromkeys(("activation", "recurrent_activation", "kernel_regularizer"), optional(name_or_function)),
    **dict.fromkeys(("function", "schedule"), function),
    **dict.fromkeys(("mean", "minval", "maxval", "gain", "min_delta"), number),
    **dict.fromkeys(("epsilon", "alpha", "initial_learning_rate", "max_learning_rate", "min_lr",
                     "initial_accumulator_value", "l1", "l2", "ConstantRate.learning_rate"), at_least_0),
    **dict.fromkeys(("delta", "decay_rate", "decay_steps", "total_steps", "stddev", "div_factor",
                     "final_div_factor"), above_0),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "warmup_target"),
                    optional(at_least_0)),
    **dict.fromkeys(("momentum", "rho", "beta_1", "beta_2", "rate", "dropout"), share),
    **dict.fromkeys(("patience", "cooldown", "warmup_steps", "start_from_epoch"), count_from_0),
    **dict.fromkeys(("k", "num_heads", "key_dim"), whole),
    **dict.fromkeys(("value_dim", "output_shape", "ema_overwrite_frequency"), optional(whole)),
    "BatchNormalization.momentum": probability, "ema_momentum": probability, "pct_start": probability,
    "label_smoothing": probability,
    "learning_rate": number_or_function, "baseline": optional(number), "axis": axes, "axes": axes,
    "dims": sequence(whole), "layer": layer, "normalize": flag, "groups": whole_axis,
    "save_freq": either(whole, text, str), "layers": several,
    "threshold": optional(probability),
    "thresholds": optional(either(probability, sequence(probability), (list, tuple))),
    "Constant.value": number_or_array, "values": sequence(at_least_0),
    "boundaries": sequence(number), "input_shape": optional(lengths), "shape": lengths,
    "target_shape": sequence(whole_axis), "scale": number_or_array, "offset": number_or_array,
    "VarianceScaling.scale": above_0, "ZeroPadding2D.padding": lambda name, value: value,
    **dict.fromkeys((f"{kind}Normalization.scale" for kind in ("Batch", "Layer", "Group")), flag),
    "factor": at_least_0,
}


class Checked:
    """Its constructor's arguments are what MEANINGS says, or it isn't made: ValueError or TypeError."""

    def __new__(cls, *args, **kwargs):
        check_arguments(cls, args, kwargs)
        return super().__new__(cls)


def check_arguments(cls, args, kwargs):
    """Look at the arguments that a class is called with, if it is one of minigrad's."""
    if not getattr(cls.__init__, "__module__", "").startswith("minigrad."):
        return
    if cls not in _signatures:
        _signatures[cls] = inspect.signature(cls.__init__)
    try:
        given = dict(_signatures[cls].bind(None, *args, **kwargs).arguments)
    except TypeError:
        return                              # __init__ says it better
    for parameter in _signatures[cls].parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= given.pop(parameter.name, {})
    for name, value in given.items():
        check = MEANINGS.get(f"{cls.__name__}.{name}", MEANINGS.get(name))
        if check is not None:
            check(f"{cls.__name__}: {name}", value)
