"""The tree of layers: weights found wherever they are held, frozen, shared, named by their place, and configured."""
import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers
from minigrad.keras.layers import Layer
from minigrad.keras.layers.layer_names import restart_names
from minigrad.keras.regularizers import L2


class Nest(Layer):
    """Weights as an attribute, sublayers in a list, a dict and a tuple, one of them twice."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        shared = layers.Dense(width, use_bias=False)
        self.blocks = [shared, layers.LayerNormalization()]
        self.heads = {"left": layers.Dense(width), "pair": (shared, layers.Dense(width))}

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), "ones")
        self.count = self.add_weight("count", (), "zeros", trainable=False)

    def call(self, x):
        for layer in (*self.blocks, self.heads["left"], *self.heads["pair"]):
            x = layer(x * self.scale)
        return x


def built(**kwargs):
    nest = Nest(**kwargs)
    nest(np.ones((2, 3)))
    return nest


def test_weights_are_found_once_and_named_by_their_place():
    assert list(built().named_weights()) == [
        "blocks.0.kernel", "blocks.1.gamma", "blocks.1.beta", "heads.left.kernel", "heads.left.bias",
        "heads.pair.1.kernel", "heads.pair.1.bias", "scale", "count"]
    assert len(built().sublayers()) == 4
    assert built().count_params() == 9 + 6 + 12 + 12 + 3 + 1


def test_trainable_and_frozen():
    nest = built()
    assert len(nest.trainable_weights) == 8 and len(nest.non_trainable_weights) == 1
    nest.heads["left"].trainable = False
    assert len(nest.trainable_weights) == 6
    nest.trainable = False
    assert nest.trainable_weights == [] and not nest.blocks[0].trainable
    nest.trainable = True
    assert len(nest.trainable_weights) == 8


def test_set_weights_and_what_it_refuses():
    nest, other = built(), built()
    nest.set_weights(other.get_weights())
    assert all(map(np.array_equal, nest.get_weights(), other.get_weights()))
    before = nest.get_weights()
    with pytest.raises(ValueError, match="8 arrays for 9 weights"):
        nest.set_weights(before[:-1])
    with pytest.raises(ValueError, match=r"weight heads.pair.1.bias has shape \(4,\), but \(3,\) is needed"):
        nest.set_weights([*(w + 1 for w in before[:6]), np.zeros(4), *before[7:]])
    assert all(map(np.array_equal, nest.get_weights(), before))
    with pytest.raises(ValueError, match="here: has no weight scale"):
        nest.assign({path: w for path, w in zip(nest.named_weights(), before) if path != "scale"}, "here")
    with pytest.raises(ValueError, match="here: has, and .* has not, a weight extra"):
        nest.assign({**dict(zip(nest.named_weights(), before)), "extra": 1}, "here")


def test_editing_a_weight_the_tape_needs_is_an_error():
    dense = layers.Dense(3)
    y = dense(mg.tensor(np.ones((2, 3), np.float32), requires_grad=True)).sum()
    dense.set_weights([np.zeros((3, 3)), np.zeros(3)])
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_config_is_the_constructors_arguments():
    assert layers.Dense(4, activation="relu", name="a").get_config() == {"units": 4, "activation": "relu", "name": "a"}
    assert Nest(width=5, trainable=False).get_config() == {"width": 5, "trainable": False}
    copied = layers.Conv2D.from_config(layers.Conv2D(4, kernel_size=3, padding="same").get_config())
    assert (copied.filters, copied.kernel_size, copied.padding) == (4, (3, 3), "same")


def test_names_are_numbered():
    restart_names()
    assert [layers.Conv2D(1, 1).name, layers.Conv2D(1, 1).name, layers.SimpleRNN(1).name, layers.MaxPooling2D().name,
            layers.Dense(1, name="mine").name, layers.Dense(1).name] == [
            "conv2d", "conv2d_1", "simple_rnn", "max_pooling2d", "mine", "dense"]


def test_weights_have_names():
    tied, kernel = Layer(name="tied"), layers.Dense(2, name="first")
    kernel.build((None, 3))
    tied.mine, tied.given = tied.add_weight((1,)), tied.add_weight((1,), name="called")
    tied.shared = kernel.kernel
    assert [w.path for w in (*kernel.weights, *tied.weights)] == [
        "first/kernel", "first/bias", "tied/mine", "tied/called", "first/kernel"]
    assert [w.name for w in copy.deepcopy(kernel).weights] == ["kernel", "bias"]


def test_the_shape_of_an_output():
    assert layers.Conv2D(3, 3).compute_output_shape((None, None, 8, 2)) == (None, None, 6, 3)
    assert layers.Dense(3).compute_output_shape([7, 2]) == (7, 3)
    assert layers.LSTM(3, return_state=True).compute_output_shape((2, 4, 5)) == ((2, 3),) * 3
    assert layers.MultiHeadAttention(2, 3).compute_output_shape((None, 4, 6), (None, 5, 6)) == (None, 4, 6)
    for wrong in (3, (), "abc", (None, "x")):
        with pytest.raises(TypeError, match="shape"):
            layers.Dense(3).compute_output_shape(wrong)


@pytest.mark.parametrize("dtype", ["string", str, object])
def test_texts_are_no_input(dtype):
    with pytest.raises(ValueError, match="make numbers of texts before the model, with TextVectorization"):
        layers.Input((1,), dtype=dtype)


def test_a_layer_is_built_once_and_can_be_copied():
    dense = layers.Dense(2)
    dense.build((None, 3))
    kernel = dense.kernel
    dense.build((None, 3))
    dense(np.ones((1, 3)))
    assert dense.kernel is kernel and dense.built
    twin = copy.deepcopy(dense)
    assert twin.kernel is not kernel and np.array_equal(twin.kernel.numpy(), kernel.numpy())


def test_a_layer_whose_first_call_failed_is_built_by_the_next():
    class Fussy(Layer):
        def call(self, x):
            if x.shape[0] == 1:
                raise ValueError("one example is too few")
            return x
    layer = Fussy()
    with pytest.raises(ValueError, match="too few"):
        layer(np.ones((1, 2)))
    assert not layer.built
    layer(np.ones((2, 2)))
    assert layer.built


def test_regularizers_become_penalties():
    dense = layers.Dense(2, kernel_regularizer=L2(0.5))
    dense.build((None, 3))
    (penalty,) = dense._penalties
    assert penalty().item() == pytest.approx(0.5 * (dense.kernel.numpy() ** 2).sum(), rel=1e-6)


def test_a_layer_without_call_says_so():
    with pytest.raises(NotImplementedError, match="needs a method call"):
        Layer()(np.ones(2))


@pytest.mark.parametrize("base", [Layer, mg.keras.Model, mg.keras.Sequential])
@pytest.mark.parametrize("act", [lambda layer: layer(np.ones((1, 2))), lambda layer: layer.weights,
                                 lambda layer: layer.add_weight((2,)), lambda layer: layer.trainable])
def test_an_init_that_calls_no_other_is_told_so(base, act):
    class Alone(base):
        def __init__(self):
            self.dense = layers.Dense(2)
    with pytest.raises((AttributeError, TypeError), match=r"Alone.__init__ has to call super\(\).__init__\(\) first"):
        act(Alone())


def test_input_and_output_are_symbols_or_parts_of_ones_own():
    class Ends(Layer):
        def __init__(self):
            super().__init__()
            self.input, self.output = layers.Dense(3), layers.Dense(2)

        def call(self, x):
            return self.output(self.input(x))
    ends = Ends()
    assert ends(np.ones((4, 5))).shape == (4, 2)
    assert list(ends.named_weights()) == ["input.kernel", "input.bias", "output.kernel", "output.bias"]
    dense = layers.Dense(2)
    with pytest.raises(AttributeError, match="'Dense' object has no attribute 'output': it has not been called with"):
        _ = dense.output
    x = mg.keras.Input((3,))
    y = dense(x)
    assert dense.input is x and dense.output is y


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("make", [
    lambda **how: layers.Dense(2, **how), lambda **how: layers.GRU(2, **how), lambda **how: layers.Conv1D(2, 2, **how),
    lambda **how: layers.BatchNormalization(**how), lambda **how: layers.MultiHeadAttention(1, 2, **how),
    lambda **how: layers.SeparableConv1D(2, 2, **how)])
def test_weights_and_outputs_in_another_precision(make, dtype):
    layer = make(dtype=dtype)
    y = layer(mg.tensor(np.ones((2, 3, 4), np.float32)), training=True)
    assert y.dtype == dtype and {w.dtype.name for w in layer.weights} == {dtype} and layer.dtype == dtype
    assert type(layer).from_config(layer.get_config()).dtype == dtype


@pytest.mark.parametrize("make, names", [
    (lambda: layers.Bidirectional(layers.GRU(2)), [f"{way}.{w}" for way in ("forward", "backward")
                                                   for w in ("kernel", "recurrent_kernel", "bias")]),
    (lambda: layers.RNN(layers.SimpleRNNCell(2)), ["cell.kernel", "cell.recurrent_kernel", "cell.bias"]),
    (lambda: layers.RNN([layers.SimpleRNNCell(2, use_bias=False)] * 2), ["cell.0.kernel", "cell.0.recurrent_kernel"]),
    (lambda: layers.SeparableConv1D(2, 3), ["depthwise_kernel", "kernel", "bias"]),
    (lambda: layers.MaxPooling1D(), []),
])
def test_the_names_of_weights_within_layers_are_those_of_files(make, names):
    layer = make()
    layer(np.ones((2, 4, 2), np.float32))
    assert list(layer.named_weights()) == names
    assert not any("images" in path for path, *_ in mg.keras.Sequential([layer]).walk())
