"""Layer: a function with weights.  A model is a plain tree of layers: what one holds as attributes is part of it.

    class Scale(Layer):
        def build(self, input_shape):               # once, when the first input shows its shape
            self.factor = self.add_weight("factor", (input_shape[-1],), "ones")

        def call(self, x):                          # every time: Tensors in, Tensors out
            return x * self.factor

Weights are the Tensors, and sublayers the Layers, among a layer's attributes and in its lists, tuples and dicts.  A
weight's name is the way to it, "layers.0.kernel", whatever else was made before in the same process.
"""
import inspect
import threading
import warnings
from contextvars import ContextVar

import numpy as np

from ...engine import backend
from ...engine.tensor import Tensor
from ...engine.trees import tree_leaves
from ...engine.unroll import FLAGS
from ...support.explaining import explained
from ...support.meanings import check_arguments
from .. import constraints, initializers, regularizers
from ..masks import attach, masks_of
from ..symbols import is_trying, record, symbols_in
from .budget import is_limited, spend_layer, spend_weight
from .inputs import as_tensors, batch_shape, in_precision, output_shape
from .lacking import End, SetByInit
from .layer_names import automatic, check_free, name_weight
from .penalties import Added, Penalty, add, added_below, collected

_training = ContextVar("training", default=False)       # in this thread or task: is the outermost call a training step?
FLAGS.append(_training.get)                 # another program where it is set otherwise
_building = threading.RLock()               # so that two threads that call a new layer don't both make its weights


class Layer:
    """The base of all layers and models.

    name            for messages and summary; by default the class in snake case, numbered: dense, dense_1, ...
    trainable       False freezes the layer and all within it: its weights are left out of trainable_weights
    input_shape     shape of one example, without the batch; only a Sequential's first layer needs it, and only to have
                    weights before the first data
    dtype           "float32"; another makes the weights of it, and inputs are brought to it
    activity_regularizer    what to add to the loss for the output, divided by the length of the batch
    kernel_regularizer, kernel_constraint, ...      for each of weight_options: what to add to the loss for it,
                    and what it is held to after each step of an optimizer (regularizers.py, constraints.py)
    """
    input_axes = None           # the axes an input must have, such as "batch, ..., features"; None: anything goes
    weight_options = {}         # weights that may have a regularizer and a constraint: {name: how the arguments begin}
    carried = ()                # attributes, besides weights, that go on from call to call: for a run that is resumed
    supports_masking = False    # whether the output has a mask where the input has one (masks.py)
    _changes = "_arguments", "output_shape", "_added"   # to unroll.py: what no call reads
    _added = None               # what add_loss was given in the last call (penalties.py)
    _of_weights = _penalties = _cast = _trainable = activity_regularizer = SetByInit()
    input, output = End(), End()
    _features = None            # set by build where weights fix the length of the last axis
    name = dtype = input_shape = output_shape = None
    built = False

    def __new__(cls, *args, **kwargs):
        spend_layer()
        check_arguments(cls, args, kwargs)
        layer = super().__new__(cls)
        try:                                # kept for get_config, so that no layer has to repeat its arguments there
            layer._arguments = inspect.signature(cls.__init__).bind(layer, *args, **kwargs)
        except TypeError:
            pass                            # __init__ says it better
        return layer

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        parameters = list(inspect.signature(cls.call).parameters)
        cls._takes_training, cls._first = "training" in parameters, (*parameters, "x", "x")[1]
        cls._masks = tuple(p for p in parameters if p == "mask" or p.endswith("_mask") and p[:-5] in parameters)
        cls._makes_mask = cls.compute_mask is not Layer.compute_mask
        cls.supports_masking = cls.supports_masking or "compute_mask" in vars(cls)
        axes = (cls.input_axes or "...").split(", ")
        cls._ndims = (len(axes) - axes.count("..."), len(axes) if "..." not in axes else None)
        if "build" in vars(cls):
            cls.build = _once(cls.build)

    def __init__(self, *, name=None, trainable=True, input_shape=None, dtype=None, activity_regularizer=None,
                 **of_weights):
        for option in of_weights:
            weight, _, kind = option.rpartition("_")
            if weight not in self.weight_options.values() or kind not in ("regularizer", "constraint"):
                raise TypeError(f"{type(self).__name__} takes no argument {option!r}")
        self._of_weights, self.activity_regularizer = of_weights, regularizers.get(activity_regularizer)
        self.dtype, self._cast = np.dtype(dtype or np.float32).name, None if dtype is None else np.dtype(dtype)
        self.name = name or automatic(type(self))
        self.built, self._trainable, self._penalties = False, trainable, []
        self.input_shape, self.output_shape = input_shape and (None, *input_shape), None

    def __setattr__(self, name, value):
        if hasattr(self._base, name):
            check_free(self, name, value, _parts)
        if isinstance(value, Tensor):
            name_weight(value, name, self)
        object.__setattr__(self, name, value)

    @property
    def _label(self):
        """Name and class, for messages."""
        return f"layer {self.name} ({type(self).__name__})"

    # -- what a subclass writes --------------------------------------------------------------------------------------
    def build(self, input_shape):
        """Make the weights that depend on the input's shape, (None, ...) with None for the batch."""

    def call(self, x):
        """The output for an input.  A second parameter, training=False, tells training steps from predictions."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, x)")

    def compute_mask(self, inputs, mask=None):
        """The mask of the output, or a list for several, given that of the input; None: it has none."""
        return mask

    @explained
    def add_weight(self, *args, shape=(), initializer=None, trainable=True, dtype=None, regularizer=None,
                   constraint=None, name=None):
        """A new weight: add_weight(shape), or add_weight(name, shape), and then initializer, as in Keras 2.

        Store it as an attribute, whose name is the weight's in files.  Its .name is the one given here, by default the
        attribute's too; its .path has the layer's before it: "dense/kernel".
        initializer     a name or an object of minigrad.initializers; "glorot_uniform", for a single number "zeros"
        regularizer     what to add to the loss for this weight: a name or an object of minigrad.regularizers
        constraint      what to hold it to after each step: a name or an object of keras.constraints
        """
        if args and (args[0] is None or isinstance(args[0], str)):
            name, *args = args
        if len(args) > 2:
            raise TypeError("add_weight takes at most name, shape and initializer by position")
        shape, initializer = (*args, *(shape, initializer)[len(args):])
        shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if initializer is None:
            initializer = "glorot_uniform" if shape else "zeros"
        initializer = initializers.get(initializer)
        spend_weight(self._label, shape)
        dtype = np.dtype(self.dtype if dtype is None else dtype)
        array = np.zeros(shape, dtype) if is_limited() else initializer(shape, dtype)       # a file brings the values
        weight = Tensor(backend.asarray(getattr(array, "_data", array), dtype), requires_grad=trainable)
        option = self.weight_options.get(name)
        regularizer = regularizer or self._of_weights.get(f"{option}_regularizer")
        if regularizer is not None:
            self._penalties.append(Penalty(regularizers.get(regularizer), weight))
        constraint = constraints.get(constraint or self._of_weights.get(f"{option}_constraint"))
        if constraint is not None:
            weight.constraint = constraint
        if name:
            name_weight(weight, name, self)
        return weight

    @explained
    def compute_output_shape(self, input_shape, *further):
        """The shape of the output for an input's shape, (batch, ...) with None for what is open; or for trees of them.

        Found by a call with zeros, as with Input(...), which makes the weights where there are none yet.
        """
        return output_shape(self, input_shape, *further)

    def add_loss(self, loss):
        """In call: add a scalar Tensor to the loss of this step, or several in a list."""
        if not is_trying():
            add(self, loss)

    @property
    def losses(self):
        """Scalar Tensors: the penalties of regularizers, here and below, and what add_loss was given in the last call.
        """
        layers = [self, *self.sublayers()]
        return [*(penalty() for layer in layers for penalty in layer._penalties), *added_below(layers)]

    # -- calling -----------------------------------------------------------------------------------------------------
    def __call__(self, *args, training=None, **kwargs):
        x, *args = args or (kwargs.pop(self._first, None),)
        if isinstance(x, Tensor):
            masks = x._keras_mask
        elif symbols_in((x, args, kwargs)):
            return self._record(x, *args, **kwargs, **({} if training is None else {"training": training}))
        else:
            masks = masks_of(x := as_tensors(x))
        if self._cast is not None:
            x = in_precision(x, self._cast)
        if self.input_axes is not None:
            x = self._checked(x)
        if self._masks and (masks is not None or any(masks_of(a) is not None for a in (*args, *kwargs.values()))):
            kwargs |= self._masks_for(x, masks, args, kwargs)
        first = not self.built
        if first:
            with _building:
                if not self.built:
                    self._build_for(x)
        token, added = None if training is None else _training.set(training), collected.get()
        outside = collected.set(added := Added()) if added is None else None
        self.__dict__["_added"] = added
        if self._takes_training:
            kwargs["training"] = _training.get()
        try:
            y = self.call(x, *args, **kwargs)
        except BaseException:
            self.built = not first          # a layer whose first call failed is to be built by the next
            raise
        finally:
            if token:
                _training.reset(token)
            if outside:
                collected.reset(outside)
        if self.output_shape is None:
            self.output_shape = batch_shape(y)
        if self.activity_regularizer is not None:
            self.add_loss([self.activity_regularizer(part) / max(len(part), 1) for part in tree_leaves(y)])
        if masks is not None or self._makes_mask or "mask" in kwargs:
            self._pass_on(x, y, masks if kwargs.get("mask") is None else kwargs["mask"])
        return y

    def _masks_for(self, x, masks, args, kwargs):
        """{"mask": ...}, and {"query_mask": ...}, of what is given without."""
        given = inspect.signature(self.call).bind_partial(x, *args, **kwargs).arguments
        return {name: masks if name in ("mask", f"{self._first}_mask") else masks_of(given.get(name[:-5]))
                for name in self._masks if given.get(name) is None}

    def _pass_on(self, x, y, masks):
        """Let the masks that the input had go along with the output."""
        if self.supports_masking:
            attach(y, self.compute_mask(x, masks))
        elif masks is not None and masks_of(y) is None:
            warnings.warn(f"{self._label} was called with a tensor that has a mask, and does not support masking: "
                          "what comes after it will not see the mask", stacklevel=3)

    def _record(self, x, *args, **kwargs):
        """What a call with symbols gives: more of them."""
        self._called = record(self, (x, *args), kwargs)
        return self._called.outputs

    def _ends(self):
        """(input, output): the symbols of the last call with symbols; None if there was none."""
        call = vars(self).get("_called")
        return call and (call.args[0] if call.args else call.outputs, call.outputs)

    def _build_for(self, x):
        self.input_shape = batch_shape(x)
        self.build(self.input_shape)
        self.built = True

    def _checked(self, x):
        """x, as floats, if it has the axes and features that this layer takes."""
        least, most = self._ndims
        shape = x._data.shape
        fits = least <= len(shape) and (most is None or len(shape) == most)
        if not fits:
            raise ValueError(f"{self._label} expected an input with the axes ({self.input_axes}), got shape {shape}")
        if self._features is not None and shape[-1] != self._features:
            raise ValueError(f"{self._label} expected an input of shape {self.input_shape}, got {shape}: "
                             f"its weights are for {self._features} features")
        return x if x._data.dtype.kind == "f" else Tensor(x._data.astype(np.float32))

    # -- the tree ----------------------------------------------------------------------------------------------------
    def _children(self):
        """(path, Layer or Tensor) for each one held directly, in the order of the attributes."""
        for name, value in list(vars(self).items()):        # a copy: another thread, in fit, may add an attribute
            if isinstance(value, (Layer, Tensor, list, tuple, dict)):
                yield from _parts(value, name.lstrip("_"))

    def walk(self, path="", trainable=True, seen=None):
        """(path, Layer or Tensor, trainable) for all in the tree below, each once, however often it is shared."""
        seen = {id(self)} if seen is None else seen
        trainable = trainable and self._trainable
        for name, part in self._children():
            if id(part) not in seen:
                seen.add(id(part))
                name = f"{path}.{name}" if path else name
                if isinstance(part, Layer):
                    yield name, part, trainable and part._trainable
                    yield from part.walk(name, trainable, seen)
                else:
                    yield name, part, trainable and part.requires_grad

    def named_weights(self):
        """{path: Tensor}, for example {"layers.0.kernel": ...}."""
        return {path: part for path, part, _ in self.walk() if isinstance(part, Tensor)}

    def sublayers(self):
        """All layers below this one, at any depth."""
        return [part for _, part, _ in self.walk() if isinstance(part, Layer)]

    @property
    def weights(self):
        """All weights, as Tensors."""
        return list(self.named_weights().values())

    @property
    def trainable_weights(self):
        """The weights that training changes."""
        return [part for _, part, trainable in self.walk() if trainable and isinstance(part, Tensor)]

    @property
    def non_trainable_weights(self):
        """The weights that training leaves alone: frozen ones, and statistics such as moving means."""
        return [part for _, part, trainable in self.walk() if not trainable and isinstance(part, Tensor)]

    variables = weights
    trainable_variables = trainable_weights

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = bool(value)
        for layer in self.sublayers():
            layer._trainable = self._trainable

    def count_params(self):
        """How many numbers the weights hold."""
        return sum(w.size for w in self.weights)

    def get_weights(self):
        """Copies of all weights, as NumPy arrays, in the order of `weights`."""
        return [w.numpy() for w in self.weights]

    @explained
    def set_weights(self, weights):
        """Write arrays into the weights, in the order of `weights`; ValueError, and no change, if they don't fit."""
        named = self.named_weights()
        if len(weights) != len(named):
            raise ValueError(f"{self.name}: {len(weights)} arrays for {len(named)} weights")
        self.assign(dict(zip(named, weights)))

    @explained
    def assign(self, arrays, source="set_weights"):
        """Write {path: array} into all weights; ValueError, and no change, if one is missing, left over or doesn't fit.

        source names where the arrays come from, for the message.
        """
        named = self.named_weights()
        for problem, paths in (("has no weight", named.keys() - arrays.keys()),
                               (f"has, and {self.name} has not, a weight", arrays.keys() - named.keys())):
            if paths:
                raise ValueError(f"{source}: {problem} {', '.join(sorted(paths))}")
        for path, w in named.items():
            if np.shape(arrays[path]) != w.shape:
                raise ValueError(f"{source}: weight {path} has shape {np.shape(arrays[path])}, but {w.shape} is needed")
        for path, w in named.items():       # in place: an optimizer may hold the same memory
            w._data[...] = backend.asarray(arrays[path], w.dtype, w.device)
            w.touch()

    # -- configuration -----------------------------------------------------------------------------------------------
    def get_config(self):
        """The arguments that this layer was made with; from_config makes another like it, with new weights."""
        config = {}
        for name, value in self._arguments.arguments.items():
            kind = self._arguments.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                raise TypeError(f"{type(self).__name__} takes *{name}: it needs get_config and from_config of its own")
            config |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        config.pop(next(iter(self._arguments.signature.parameters)))        # self
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        size = f"{self.count_params():,} parameters" if self.built else "not built"
        return f"<{type(self).__name__} {self.name}, {size}>"


Layer._takes_training, Layer._first, Layer._ndims, Layer._masks, Layer._makes_mask = False, "x", (0, None), (), False
Layer._base = Layer                         # the class whose names are taken; Model and Sequential have more


def _once(build):
    """build, but only for a layer that has no weights yet."""
    def build_once(self, input_shape):
        if not self.built:
            build(self, input_shape)
            if type(self).build is build_once:      # not the base's, called by it: more is to come
                self.built, self.input_shape = True, input_shape
    build_once.__doc__ = build.__doc__
    return build_once


def _parts(value, path):
    if isinstance(value, (Layer, Tensor)):
        yield path, value
    elif isinstance(value, (list, tuple, dict)):
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield from _parts(item, f"{path}.{key}")
