"""Models: layers that train.  Sequential is a chain of layers; a subclass of Model has a `call` of its own.

    model = Sequential([Dense(64, activation="relu"), Dense(10)])
    model.compile("adam", CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, y, epochs=10, validation_data=(x_val, y_val))

    class Twice(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(8)

        def call(self, x, training=False):
            return self.dense(self.dense(x))

What compile, fit, evaluate and predict do is in training.py, what save and load do in saving.py.
"""
from ..engine import backend
from ..engine.trees import tree_leaves, tree_map
from ..support.arguments import shown
from ..support.explaining import explained
from . import saving
from .cloning import InUse, clone_model as clone_model, model_from_json as model_from_json, to_json
from .functional import Graph, from_plain
from .layers.base import Layer
from .layers.core import InputLayer
from .layers.inputs import dry_run, kind_of, kind_of_shape
from .layers.lacking import SetByInit
from .saving import load_model, save_model as save_model
from .summaries import summary as table
from .symbols import Symbolic
from .training import Training


class Model(Training, Layer):
    """A layer with compile, fit, evaluate, predict, summary, save and load.

    Subclass it: make the layers in __init__ and use them in call(self, x, training=False).  The weights of its layers
    come into being when the model first meets data, or by build(input_shape).

    Or give it inputs and outputs, what Input and the layers called on it return (functional.py): one symbolic tensor,
    or a list or dict of them.  Then it has its weights at once, and needs no call of its own.
    """
    _input_kind = None          # shapes and dtypes of the input, once it has been seen
    _graph = None               # what leads from inputs to outputs, if it was made of them

    def __init__(self, inputs=None, outputs=None, *, name=None, trainable=True, **kwargs):
        if isinstance(inputs, str) or (inputs is None) != (outputs is None):
            raise TypeError("Model takes inputs and outputs together, and its name as name=...")
        super().__init__(name=name, trainable=trainable, **kwargs)
        if inputs is not None:              # one in a list is one, as in Keras
            inputs, outputs = (tree[0] if isinstance(tree, (list, tuple)) and len(tree) == 1 else tree
                               for tree in (inputs, outputs))
            self._graph = Graph(inputs, outputs)
            self._layers, self._input_kind, self.built = self._graph.layers, self._graph.input_kind(), True
            self.input_shape = tree_map(lambda symbol: symbol.shape, inputs)
            self.output_shape = tree_map(lambda symbol: symbol.shape, outputs)

    def call(self, x):
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} needs a method call(self, x), or inputs and outputs")
        return self._graph(x)

    inputs = property(lambda self: self._graph and self._graph.given, doc="The symbols that it was made of, as a list.")
    outputs = property(lambda self: self._graph and tree_leaves(self._graph.outputs), doc="Its symbolic outputs.")

    def _ends(self):
        return (self._graph.inputs, self._graph.outputs) if self._graph else super()._ends()

    @explained
    def get_layer(self, name=None, index=None):
        """The layer with this name, or at this place among .layers; ValueError if there is none."""
        if index is not None:
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self.name} has no layer {name!r}; it has {', '.join(layer.name for layer in self.layers)}")

    def get_config(self):
        config = super().get_config()
        if self._graph:
            config = {"name": self.name, "trainable": self._trainable, "layers": InUse(self._graph.layers),
                      "graph": self._graph.to_plain()}
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A new model, with new weights, from what get_config returned; custom_objects are there for Keras' sake."""
        config = dict(config)
        if isinstance(config.get("layers"), InUse):
            config["layers"] = config["layers"].others()
        if "graph" not in config:
            return super().from_config(config)
        inputs, outputs = from_plain(config.pop("graph"), config.pop("layers"))
        return cls(inputs=inputs, outputs=outputs, **config)

    def build(self, input_shape):
        """Give the model its weights before it meets data: build((None, 64)), None being the batch."""
        dry_run(self, kind_of_shape(input_shape))

    def _build_for(self, x):
        self._input_kind = kind_of(x)
        if type(self).build is Model.build:         # the layers get their weights as `call` uses them
            self.built = True
        super()._build_for(x)

    @property
    def layers(self):
        """The layers that the model holds directly."""
        return [part for _, part in self._children()
                if isinstance(part, Layer) and (self._graph or not isinstance(part, InputLayer))]

    @property
    def device(self):
        """Where the weights are: "cpu", "gpu", "gpu:1"."""
        weights = self.weights
        return weights[0].device if weights else backend.default_device()

    @explained
    def to(self, device):
        """Move the weights, and what the optimizer remembers, to a device; batches follow them.  Returns the model."""
        if not self.built:
            raise ValueError(f"{self.name} has no weights yet: build(input_shape) first, or mg.set_device({device!r})")
        for w in self.weights:              # the optimizer's slots follow at its next step
            w._data = backend.asarray(w._data, device=device)
            w.touch()
        return self

    @explained
    def summary(self, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False,
                layer_range=None):
        """Print a table: each layer, the shape of its output, the number of its parameters, and if they are trained.

        line_length     letters in a line; by default as many as it takes
        positions       where the columns end, as parts of the line, (0.4, 0.8, 1), or in letters; what is longer than
                        its column goes on in the next line
        print_fn        what the whole text is given to, instead of print
        expand_nested   the layers of models within the model, too
        show_trainable  say of which layers nothing is trained
        layer_range     (first, last) of the layers to be shown, by their names or by regular expressions of them
        """
        (print_fn or print)(table(self, line_length, positions, expand_nested, show_trainable, layer_range))

    @explained
    def save(self, filepath, overwrite=True):
        """Write the architecture (model.json), the weights (safetensors) and the optimizer's state to a folder.

        Or as one file, a zip of what the folder would hold, if the name ends in .keras.  Atomic: there is the old
        model or the new one.  What load needs to know about classes that are not minigrad's it gets as custom_objects.
        """
        saving.save_model(self, filepath, overwrite)

    def to_json(self, **kwargs):
        """Its form as JSON, without weights, for keras.models.model_from_json; kwargs are those of json.dumps."""
        return to_json(self, **kwargs)

    load = staticmethod(load_model)

    @explained
    def save_weights(self, filepath, overwrite=True):
        """Write the weights alone: as one safetensors file, or, if the name ends in .h5, as Keras does (hdf5.py)."""
        saving.save_weights(self, filepath, overwrite)

    @explained
    def load_weights(self, filepath, skip_mismatch=False):
        """Read weights that save or save_weights wrote, here or in Keras (hdf5.py); the model must have the same form.

        skip_mismatch   True: weights that the file hasn't, or has in another shape, stay as they are, with a warning

        Raises errors.Failure, which names the file and the weight, for a damaged or foreign file and for weights that
        are missing, left over or of another shape; the model is then as before.
        """
        saving.load_weights(self, filepath, skip_mismatch)


class Sequential(Model):
    """Layers one after the other: each takes what the one before returned.

    layers  a list; it may start with Input(shape), and then the model has its weights at once, otherwise when it first
            meets data
    """

    _input = _layers = _flow = SetByInit()

    def __init__(self, layers=None, **kwargs):
        super().__init__(**kwargs)
        self._input, self._layers = None, []
        self._flow = None                   # the Symbolic that the layers so far make of Input, if its shape is known
        for layer in () if layers is None else layers:
            self.add(layer)

    @explained
    def add(self, layer):
        """Append a layer.  TypeError for what is none; ValueError if it can't follow the one before."""
        if isinstance(layer, Symbolic) and isinstance(layer.call.function, InputLayer):
            layer = layer.call.function
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: add takes a layer, not {shown(layer)}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input:
                raise ValueError(f"{self.name}: Input can only come first")
            self._input = layer
            self._start(layer)
            return
        if not self._layers and not self._input and layer.input_shape and not layer.built:
            self._start(InputLayer(layer.input_shape[1:], name="input"))        # Dense(64, input_shape=(784,))
        if self._flow is not None:
            self._flow = layer(self._flow)
        self._layers.append(layer)
        self.output_shape = None if self._flow is None else self._flow.shape

    def _start(self, layer):
        self.input_shape, self.built, self._first = layer.input_shape, True, layer.symbol()
        self._flow, self._input_kind = self._first, kind_of(self._first.examples[0])

    def pop(self):
        """Remove the last layer and return it."""
        if not self._layers:
            raise ValueError(f"{self.name} has no layer to remove")
        layer = self._layers.pop()
        if self._flow is not None:
            self._flow = self._layers[-1].output if self._layers else self._first
        self.output_shape = None if self._flow is None else self._flow.shape
        return layer

    @property
    def inputs(self):
        return None if self._flow is None else [self._first]

    @property
    def outputs(self):
        return None if self._flow is None else [self._flow]

    def _ends(self):
        return super()._ends() if vars(self).get("_flow") is None else (self._first, self._flow)

    def call(self, x):
        for layer in self._layers:
            x = layer(x)
        return x

    def get_config(self):
        first = [self._input] if self._input else []
        return {**super().get_config(), "layers": InUse(first + self._layers)}


Model._base, Sequential._base = Model, Sequential       # whose names are taken: base.py
