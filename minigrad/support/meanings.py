"""What an argument of a layer, a loss, an optimizer, ... may be: an argument of one name means one thing everywhere.

A class of minigrad that derives from Checked has its arguments looked at before its __init__ runs, by this table, and
so has a function that is @checked; what they ask for further (that minval is below maxval) they say themselves.
Classes of users are left alone.
"""
import inspect
import math
import os
import types
from functools import partial, wraps

import numpy as np

from .arguments import flag, function, number, share, shown, text, whole
from .explaining import explained

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


def dtype_of_numbers(name, value):
    value = "str" if isinstance(value, str) and value == "string" else value        # as Keras calls them
    dtype(name, value)
    if np.dtype(value).kind not in "biuf":
        raise ValueError(f"{name} is {shown(value)}, and tensors hold numbers: make numbers of texts before the "
                         'model, with TextVectorization or StringLookup, in Dataset.map say, and give Input "int64"')


def data_format(name, value):
    if not isinstance(value, str) or value not in ("channels_last", "channels_first"):
        raise ValueError(f'{name} must be "channels_last" or "channels_first", not {shown(value)}')


def verbosity(name, value):
    if value not in ("auto", True, False, 0, 1, 2) if isinstance(value, (str, int)) else True:
        raise ValueError(f'{name} must be 0, 1, 2 or "auto", not {shown(value)}')


def layer(name, value):
    if not hasattr(value, "get_config") or isinstance(value, type):
        raise TypeError(f"{name} must be a layer, not {shown(value)}")


def cell(name, value):
    if not all(hasattr(c, "state_size") for c in (value if isinstance(value, (list, tuple)) and value else [value])):
        raise TypeError(f"{name} must be a layer with state_size, or a list of such, not {shown(value)}")


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


def array(name, value, kinds="biuf", what="an array of numbers"):
    """What NumPy can take as an array of these kinds of numbers: tensors, lists of equal lengths, ..."""
    try:
        dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
        fits = np.dtype(dtype).kind in kinds and not isinstance(value, (np.ma.MaskedArray, type))
    except Exception:                       # lists of different lengths, an object that fails
        fits = False
    if not fits:
        raise TypeError(f"{name} must be {what}, not {shown(value)}")
    return value


def labels(name, value):
    """A list or array of numbers or texts, one for each example."""
    if not (isinstance(value, (list, tuple)) or getattr(value, "shape", ())):
        raise TypeError(f"{name} must be an array or a list, not {shown(value)}")
    return array(name, value, "biufUSO", "an array of numbers or texts")


def mapping(name, value):
    if not isinstance(value, dict):
        raise TypeError(f"{name} must be a dict, not {shown(value)}")
    return value


def arrays(name, value):
    """A dict or list of arrays."""
    if not isinstance(value, (dict, list, tuple)):
        raise TypeError(f"{name} must be a dict or a list of arrays, not {shown(value)}")
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        array(f"{name}[{key!r}]", part)
    return value


def having(attribute, what):
    """Any object with this attribute, which makes it one of the kind."""
    def check(name, value):
        if isinstance(value, type) or not hasattr(value, attribute):
            raise TypeError(f"{name} must be {what}, not {shown(value)}")
        return value
    return check


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
    "dtype": optional(dtype), "InputLayer.dtype": dtype_of_numbers,
    "verbose": verbosity, "exclude": optional(name_or_function),
    **dict.fromkeys(("from_logits", "use_bias", "return_sequences", "return_state", "go_backwards",
                     "unit_forget_bias", "reset_after", "stateful", "mask_zero", "unroll", "zero_output_for_mask",
                     "use_scale", "invert", "center", "keepdims", "nesterov", "centered", "staircase", "trainable",
                     "save_best_only", "save_weights_only", "restore_best_weights", "delete_checkpoint", "append",
                     "use_ema"), flag),
    **dict.fromkeys(("bias_initializer", "kernel_initializer", "recurrent_initializer", "embeddings_initializer",
                     "beta_initializer", "gamma_initializer", "moving_mean_initializer",
                     "moving_variance_initializer", "depthwise_initializer", "pointwise_initializer"),
                     name_or_function),
    **dict.fromkeys(("activation", "recurrent_activation",
                     *(f"{option}_{kind}" for kind in ("regularizer", "constraint") for option in (
                         "kernel", "bias", "recurrent", "embeddings", "depthwise", "pointwise", "beta", "gamma",
                         "activity"))), optional(name_or_function)),
    **dict.fromkeys(("function", "schedule"), function),
    **dict.fromkeys(("mean", "minval", "maxval", "gain", "min_delta"), number),
    **dict.fromkeys(("epsilon", "alpha", "initial_learning_rate", "max_learning_rate", "min_lr",
                     "initial_accumulator_value", "l1", "l2", "ConstantRate.learning_rate"), at_least_0),
    **dict.fromkeys(("delta", "decay_rate", "decay_steps", "total_steps", "stddev", "div_factor",
                     "final_div_factor"), above_0),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "warmup_target"),
                    optional(at_least_0)),
    **dict.fromkeys(("momentum", "rho", "beta_1", "beta_2", "rate", "dropout", "recurrent_dropout"), share),
    **dict.fromkeys(("patience", "cooldown", "warmup_steps", "start_from_epoch"), count_from_0),
    **dict.fromkeys(("k", "num_heads", "key_dim"), whole),
    **dict.fromkeys(("value_dim", "output_shape", "ema_overwrite_frequency"), optional(whole)),
    "BatchNormalization.momentum": probability, "ema_momentum": probability, "pct_start": probability,
    "label_smoothing": probability,
    "learning_rate": number_or_function, "baseline": optional(number), "axis": axes, "axes": axes,
    "dims": sequence(whole), "layer": layer, "normalize": flag, "groups": whole_axis,
    "save_freq": either(whole, text, str), "layers": several,
    "seed": optional(count_from_0), "noise_shape": optional(sequence(optional(whole))),
    "data_format": optional(data_format), "mask_value": number,
    "ReLU.max_value": optional(number), "ReLU.threshold": number, "negative_slope": at_least_0,
    "threshold": optional(probability),
    "thresholds": optional(either(probability, sequence(probability), (list, tuple))),
    "Constant.value": number_or_array, "values": sequence(at_least_0),
    "boundaries": sequence(number), "input_shape": optional(lengths), "shape": lengths,
    "target_shape": sequence(whole_axis), "scale": number_or_array, "offset": number_or_array,
    "VarianceScaling.scale": above_0, "ZeroPadding2D.padding": lambda name, value: value,
    **dict.fromkeys((f"{kind}Normalization.scale" for kind in ("Batch", "Layer", "Group")), flag),
    "factor": at_least_0, "fill_value": number, "Normalization.axis": optional(axes),
    **dict.fromkeys(("apply_class_balancing", "amsgrad", "cycle"), flag),
    **dict.fromkeys(("gamma", "beta", "power", "end_learning_rate", "t_mul", "m_mul"), at_least_0),
    **dict.fromkeys(("Dice.axis", "Tversky.axis"), optional(axes)), "ignore_class": optional(whole_axis),
    **dict.fromkeys(("num_thresholds", "top_k"), optional(whole)), "class_id": optional(count_from_0),
    **dict.fromkeys(("precision", "recall", "specificity", "sensitivity"), probability), "num_classes": whole,
    **dict.fromkeys(("sparse_y_true", "sparse_y_pred", "multi_label"), flag), "num_regressors": count_from_0,
    **dict.fromkeys(("curve", "summation_method"), text), "fn": function, "q": at_least_0,
    "target_class_ids": either(sequence(count_from_0), several, range), "label_weights": optional(sequence(at_least_0)),
    "log_dir": path, "update_freq": either(whole, text, str), "initial_value_threshold": optional(number),
    **dict.fromkeys(("histogram_freq", "profile_batch", "embeddings_freq"), count_from_0),
    **dict.fromkeys(("write_graph", "write_images", "write_steps_per_second"), flag),
    "embeddings_metadata": optional(mapping), "class_aggregation": optional(text), "num_labels": optional(whole),
    "first_decay_steps": above_0, "gradient_accumulation_steps": optional(whole),
    **dict.fromkeys(("Normalization.mean", "Normalization.variance"), optional(number_or_array)),
    "RandomRotation.factor": either(number, sequence(number), (list, tuple)),
    "height_factor": either(number, sequence(number), (list, tuple)),
    "width_factor": optional(either(number, sequence(number), (list, tuple))),
    **dict.fromkeys(("crop_to_aspect_ratio", "pad_to_aspect_ratio", "pad_to_max_tokens"), flag),
    "use_cudnn": lambda name, value: value if isinstance(value, str) and value == "auto" else flag(name, value),
    "backward_layer": optional(layer), "cell": cell, "input_length": optional(whole), "arguments": optional(mapping),
    "equation": text, "bias_axes": optional(text),
    "output_padding": optional(either(count_from_0, sequence(count_from_0), (list, tuple))),
    "EinsumDense.output_shape": optional(either(whole, sequence(optional(whole)), (list, tuple))),
    "Lambda.output_shape": optional(either(lengths, function, types.FunctionType)),
    "Lambda.mask": optional(either(array, function, types.FunctionType)),
    "Embedding.weights": optional(either(array, sequence(array), (list, tuple))),
    **dict.fromkeys(("standardize", "split"), optional(name_or_function)), "vocabulary": optional(
        either(text, sequence(text), (list, tuple, np.ndarray))),
    "IntegerLookup.vocabulary": optional(either(text, sequence(whole_axis), (list, tuple, np.ndarray))),
    "mask_token": optional(text), "IntegerLookup.mask_token": optional(whole_axis), "oov_token": text,
    "IntegerLookup.oov_token": whole_axis, "vocabulary_dtype": dtype,
    "num_oov_indices": count_from_0, "num_tokens": whole,
    **dict.fromkeys(("RandomContrast.factor", "RandomBrightness.factor"),
                    either(number, sequence(number), (list, tuple))), "value_range": sequence(number),
    **dict.fromkeys(("output_sequence_length", "max_tokens"), optional(whole)),
    "ngrams": optional(either(whole, sequence(whole), (list, tuple))), "idf_weights": optional(sequence(at_least_0)),
}

# The same of functions that are @checked.
IN_FUNCTIONS = {
    **dict.fromkeys(("f", "classify", "score", "method", "attack", "statistic", "holds"), function),
    **dict.fromkeys(("x", "y", "s", "d", "p", "points", "maps", "features", "test_features", "image", "images",
                     "trigger", "mask", "g", "losses", "member_losses", "other_losses", "shadow_losses", "was_in",
                     "weights", "probabilities", "sizes", "gaps", "accuracies", "divergences"), array),
    **dict.fromkeys(("labels", "predicted", "group", "test_labels"), labels),
    "depth_histograms.layers": arrays, "gradients": optional(arrays), "depth_histograms.label": text,
    **dict.fromkeys(("paths", "found", "methods", "attacks", "learning_curves.labels",
                     "decide.thresholds"), optional(mapping)),
    "learning_curves.history": having("keys", "a dict {name: values}, as fit's history is"),
    "training_report.history": having("keys", "a dict {name: values}, as fit's history is"),
    **dict.fromkeys(("fig",), having("savefig", "a figure of matplotlib's")),
    **dict.fromkeys(("ax",), optional(having("imshow", "an axes of matplotlib's"))),
    **dict.fromkeys(("class_names", "names", "titles", "image_shape", "axis_names", "bounds"),
                    optional(several)), "names": either(several, text, str),
    **dict.fromkeys(("title", "xlabel", "ylabel", "alt"), optional(text)),
    **dict.fromkeys(("columns", "count", "most", "frames", "bins", "samples", "repeats"), whole),
    **dict.fromkeys(("size", "pace", "dpi"), above_0), "log": flag,
    **dict.fromkeys(("path", "folder"), path), "training_report.path": optional(path),
    "model": function, "seed": optional(count_from_0),
    "target": optional(either(array, whole_axis, int)), "confidence": share,
}


class Checked:
    """Its constructor's arguments are what MEANINGS says, or it isn't made: ValueError or TypeError."""

    def __new__(cls, *args, **kwargs):
        check_arguments(cls, args, kwargs)
        return super().__new__(cls)


def checked(f):
    """A decorator: f's arguments are what MEANINGS says, by their names, or it isn't called; and it is @explained."""
    signature, label, table, f = inspect.signature(f), f.__qualname__, IN_FUNCTIONS, explained(f)

    @wraps(f)
    def call(*args, **kwargs):
        _look_at(label, signature, args, kwargs, table)
        return f(*args, **kwargs)
    return call


def check_arguments(cls, args, kwargs):
    """Look at the arguments that a class is called with, if it is one of minigrad's."""
    if not getattr(cls.__init__, "__module__", "").startswith("minigrad."):
        return
    if cls not in _signatures:
        _signatures[cls] = inspect.signature(cls.__init__)
    _look_at(cls.__name__, _signatures[cls], (None, *args), kwargs)


def _look_at(label, signature, args, kwargs, table=MEANINGS):
    try:
        given = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError:
        return                              # the call that follows says it better
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= given.pop(parameter.name, {})
    for name, value in given.items():
        check = table.get(f"{label}.{name}", table.get(name))
        if check is not None:
            check(f"{label}: {name}", value)
