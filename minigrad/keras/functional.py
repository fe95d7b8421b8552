"""The functional API: a graph of calls, from symbolic inputs to symbolic outputs, that runs on tensors.

    x = Input((28, 28, 1))
    h = Conv2D(8, 3, activation="relu")(x)
    y = Dense(10)(Flatten()(h))
    model = Model(x, y)

Model(inputs, outputs) finds the calls between them (symbols.py says what is recorded) and does them again, in their
order, with what it is called with.  The derivative is the engine's: the graph only says which layers to call.
"""
from ..engine.ops import FUNCTIONS
from ..engine.tensor import Tensor
from ..engine.trees import tree_leaves, tree_map
from . import ops
from .layers.base import Layer
from .layers.inputs import kind_of
from .symbols import METHOD_TABLE, Method, Symbolic, call as call_of, symbols_in, with_values


class Graph:
    """What leads from inputs to outputs, both trees of symbols: .calls in order, .layers each once.

    Called with tensors in a tree like inputs, or a dict of them by the names of the inputs, it returns a tree like
    outputs.  TypeError where inputs or outputs are no symbols, ValueError where an output needs an input that is not
    among the inputs.
    """

    def __init__(self, inputs, outputs):
        for kind, tree in (("inputs", inputs), ("outputs", outputs)):
            if wrong := [leaf for leaf in tree_leaves(tree) if not isinstance(leaf, Symbolic)]:
                raise TypeError(f"Model: {kind} are what Input and layers called on it return, not {wrong[0]!r}")
        self.inputs, self.outputs = inputs, outputs
        self.given = tree_leaves(inputs)
        self.calls = self._between()
        sources = [symbol.call.function for symbol in self.given if isinstance(symbol.call.function, Layer)
                   and not symbol.call.inputs]
        self.layers = list(dict.fromkeys([*sources, *(call.function for call in self.calls
                                                      if isinstance(call.function, Layer))]))

    def _between(self):
        given, found = set(map(id, self.given)), {}
        stack = [symbol for symbol in tree_leaves(self.outputs) if id(symbol) not in given]
        while stack:
            call = stack.pop().call
            if call.order in found:
                continue
            if not call.inputs:
                raise ValueError(f"Model: the outputs depend on the input {call.name}, which is not among the inputs")
            found[call.order] = call
            stack += [symbol for symbol in call.inputs if id(symbol) not in given]
        return [found[order] for order in sorted(found)]

    @property
    def input_names(self):
        """The keys of a dict of inputs, or the names of the layers they come from."""
        return list(self.inputs) if isinstance(self.inputs, dict) else [symbol.name for symbol in self.given]

    @property
    def output_names(self):
        if isinstance(self.outputs, dict):
            return list(self.outputs)
        return [symbol.name for symbol in tree_leaves(self.outputs)]

    def __call__(self, x):
        values = dict(zip(map(id, self.given), self._leaves(x)))
        for call in self.calls:
            args, kwargs = with_values((call.args, call.kwargs), lambda symbol: values[id(symbol)])
            y = call.function(*args, **kwargs)
            values.update((id(symbol), part) for symbol, part in zip(tree_leaves(call.outputs), tree_leaves(y))
                          if isinstance(symbol, Symbolic))
        return with_values(self.outputs, lambda symbol: values[id(symbol)])

    def _leaves(self, x):
        """What the model was called with, in the order of its inputs."""
        names = self.input_names
        if isinstance(x, dict):
            by_layer = [symbol.name for symbol in self.given]
            keys = by_layer if all(name in x for name in by_layer) else names
            if missing := [key for key in keys if key not in x]:
                raise ValueError(f"the model's inputs are {', '.join(keys)}; {', '.join(missing)} is missing")
            return [x[key] for key in keys]
        leaves = tree_leaves(x)
        if len(leaves) != len(names):
            raise ValueError(f"the model has {len(names)} inputs, {', '.join(names)}; it was called with {len(leaves)}")
        return leaves

    def input_kind(self):
        """What dry_run needs to make an input."""
        return tree_map(lambda symbol: kind_of(symbol.examples[0]), self.inputs)

    def sources_of(self, layer):
        """The names of what a layer is called with, for summary."""
        return ", ".join(dict.fromkeys(symbol.name for call in self.calls if call.function is layer
                                       for symbol in call.inputs))

    # -- written down ------------------------------------------------------------------------------------------------
    def to_plain(self):
        """The graph as lists, dicts, numbers and text; layers by their number in .layers, symbols by theirs."""
        numbers = {}
        for symbol in self.given:
            numbers.setdefault(id(symbol), len(numbers))

        def plain(value):
            if isinstance(value, Symbolic):
                return {"symbol": numbers[id(value)]}
            if isinstance(value, slice):
                return {"slice": [plain(value.start), plain(value.stop), plain(value.step)]}
            if isinstance(value, tuple):
                return {"tuple": list(map(plain, value))}
            if isinstance(value, list):
                return list(map(plain, value))
            if isinstance(value, dict):
                return {"dict": {key: plain(v) for key, v in value.items()}}
            if isinstance(value, Tensor):
                return value.numpy()
            return {"ellipsis": 1} if value is ... else value
        calls = []
        for call in self.calls:
            args, kwargs = plain(list(call.args)), plain(call.kwargs)
            for symbol in symbols_in(call.outputs):
                numbers.setdefault(id(symbol), len(numbers))
            calls.append({"call": self._name(call.function), "args": args, "kwargs": kwargs})
        inputs = [{"layer": self.layers.index(s.call.function)} if s.call.function in self.layers and not s.call.inputs
                  else _refuse(s) for s in self.given]
        return {"names": [layer.name for layer in self.layers], "sources": inputs, "calls": calls,
                "inputs": plain(self.inputs), "outputs": plain(self.outputs)}

    def _name(self, function):
        if isinstance(function, Layer):
            return self.layers.index(function)
        if isinstance(function, Method):
            return f"method {function.name}"
        for home, table in (("op", FUNCTIONS), ("keras.ops", ops.FUNCTIONS)):
            if table.get(function.__name__) is function:
                return f"{home} {function.__name__}"
        raise TypeError(f"{function!r} on a symbolic tensor can't be written down: make it a Layer")


def _refuse(symbol):
    raise TypeError(f"a model can only be written down if it begins with Input, not with what {symbol.name} makes")


def from_plain(plain, layers):
    """(inputs, outputs), trees of new symbols, from what to_plain returned and the layers."""
    for layer, name in zip(layers, plain["names"], strict=True):
        layer.name = name                   # it may have been an automatic one, and outputs are called after it
    symbols = [layers[source["layer"]].symbol() for source in plain["sources"]]

    def value(v):
        if isinstance(v, list):
            return list(map(value, v))
        if not isinstance(v, dict):
            return v
        (kind, content), = v.items()
        if kind == "symbol":
            return symbols[content]
        if kind == "ellipsis":
            return ...
        if kind == "dict":
            return {key: value(part) for key, part in content.items()}
        parts = tuple(map(value, content))
        return slice(*parts) if kind == "slice" else parts
    for call in plain["calls"]:
        function, args, kwargs = _function(call["call"], layers), value(call["args"]), value(call["kwargs"])
        outputs = function(*args, **kwargs) if isinstance(function, Layer) else call_of(function, tuple(args), kwargs)
        symbols += symbols_in(outputs)
    return value(plain["inputs"]), value(plain["outputs"])


def _function(name, layers):
    """A layer by its number, a method of Tensor, an op or a function of keras.ops by its name; nothing else."""
    if isinstance(name, int) and not isinstance(name, bool) and 0 <= name < len(layers):
        return layers[name]
    home, _, name = str(name).partition(" ")
    table = {"method": METHOD_TABLE, "op": FUNCTIONS, "keras.ops": ops.FUNCTIONS}.get(home, {})
    if name not in table:
        raise ValueError(f"a graph calls {home} {name}, which is not part of minigrad")
    return table[name]


