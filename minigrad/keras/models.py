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
from ..engine.recording import no_grad
from ..engine.tensor import Tensor
from . import saving
from .layers.base import Layer
from .layers.core import InputLayer
from .layers.inputs import dry_run, kind_of, kind_of_shape
from .saving import load_model
from .training import Training


class Model(Training, Layer):
    """A layer with compile, fit, evaluate, predict, summary, save and load.

    Subclass it: make the layers in __init__ and use them in call(self, x, training=False).  The weights of its layers
    come into being when the model first meets data, or by build(input_shape).
    """
    input_kind = None           # shapes and dtypes of the input, once it has been seen

    def build(self, input_shape):
        """Give the model its weights before it meets data: build((None, 64)), None being the batch."""
        dry_run(self, kind_of_shape(input_shape))

    def _build_for(self, x):
        self.input_kind = kind_of(x)
        if type(self).build is Model.build:         # the layers get their weights as `call` uses them
            self.built = True
        super()._build_for(x)

    @property
    def layers(self):
        """The layers that the model holds directly."""
        return [part for _, part in self.children() if isinstance(part, Layer) and not isinstance(part, InputLayer)]

    @property
    def device(self):
        """Where the weights are: "cpu", "gpu", "gpu:1"."""
        weights = self.weights
        return weights[0].device if weights else backend.default_device()

    def to(self, device):
        """Move the weights, and what the optimizer remembers, to a device; batches follow them.  Returns the model."""
        if not self.built:
            raise ValueError(f"{self.name} has no weights yet: build(input_shape) first, or mg.set_device({device!r})")
        for w in self.weights:              # the optimizer's slots follow at its next step
            w._data = backend.asarray(w._data, device=device)
            w.touch()
        return self

    def summary(self, *, print_fn=print):
        """Print a table: each layer, the shape of its output, the number of its parameters."""
        if not self.built:
            raise ValueError(f"{self.name} has no weights yet: fit it, call it, or build(input_shape) first")
        rows = [("Layer (type)", "Output shape", "Parameters")]
        rows += [(f"{layer.name} ({type(layer).__name__})", _shape_text(layer.output_shape),
                  f"{layer.count_params():,}") for layer in self.layers]
        widths = [max(len(row[i]) for row in rows) + 3 for i in range(2)]
        lines = [f"{a:<{widths[0]}}{b:<{widths[1]}}{c:>12}" for a, b, c in rows]
        rule = "-" * max(map(len, lines))
        trained, size = sum(w.size for w in self.trainable_weights), sum(w._data.nbytes for w in self.weights) / 1024
        total = f"Parameters: {self.count_params():,} ({size:,.1f} KiB), of which trained: {trained:,}"
        print_fn("\n".join([f'Model "{self.name}"', rule, lines[0], rule, *lines[1:], rule, total]))

    def save(self, folder):
        """Write the architecture (model.json), the weights (safetensors) and the optimizer's state to a folder.

        Atomic: the folder holds the old model or the new one.  What load needs to know about classes that are not
        minigrad's it gets as custom_objects.
        """
        saving.save_model(self, folder)

    load = staticmethod(load_model)

    def save_weights(self, path):
        """Write the weights alone, as one safetensors file."""
        if not self.built:
            raise ValueError(f"{self.name} has no weights to save yet")
        saving.write_arrays(path, self.named_weights())

    def load_weights(self, path):
        """Read weights from a safetensors file, or from a folder that save wrote; the model must have the same form.

        Raises errors.Failure, which names the file and the weight, for a damaged or foreign file and for weights that
        are missing, left over or of another shape; the model is then as before.
        """
        saving.load_weights(self, path)


def _shape_text(shape):
    if shape is None:
        return "not called yet"
    return str(shape) if not isinstance(shape, (list, dict)) else ", ".join(map(str, shape))


class Sequential(Model):
    """Layers one after the other: each takes what the one before returned.

    layers  a list; it may start with Input(shape), and then the model has its weights at once, otherwise when it first
            meets data
    """

    def __init__(self, layers=(), **kwargs):
        super().__init__(**kwargs)
        self._input, self._layers = None, []
        self._example = None                # what has flowed through so far, if the input's shape is known
        for layer in layers or ():
            self.add(layer)

    def add(self, layer):
        """Append a layer.  TypeError for what is none; ValueError if it can't follow the one before."""
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: add takes a layer, not {layer!r}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input:
                raise ValueError(f"{self.name}: Input can only come first")
            self._input = layer
            self._start(layer.input_shape, layer.dtype)
            return
        if not self._layers and not self._input and layer.input_shape and not layer.built:
            self._start(layer.input_shape)          # Dense(64, input_shape=(784,))
        if self._example is not None:
            with no_grad():
                self._example = layer(Tensor(self._example), training=False)._data
        self._layers.append(layer)

    def _start(self, shape, dtype="float32"):
        self.input_kind, self.input_shape, self.built = kind_of_shape(shape, dtype), shape, True
        self._example = dry_run(InputLayer(shape[1:], name="example"), self.input_kind)._data

    def pop(self):
        """Remove the last layer and return it."""
        if not self._layers:
            raise ValueError(f"{self.name} has no layer to remove")
        layer = self._layers.pop()
        if self._example is not None:
            self._example = dry_run(self, self.input_kind)._data
        return layer

    def call(self, x):
        for layer in self._layers:
            x = layer(x)
        return x

    def get_config(self):
        first = [self._input] if self._input else []
        return {**super().get_config(), "layers": first + self._layers}
