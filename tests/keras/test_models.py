"""Models: building them, the table of them, calls of their own, and what they say when something is wrong."""
import numpy as np
import pytest

import minigrad as mg
from minigrad import data, losses, optimizers
from minigrad.keras.layers import BatchNormalization, Dense, Dropout, Flatten, Input
from minigrad.keras.models import Model, Sequential
from tests.keras.networks import ONE_HOT, SPARSE, classes, network


# -- building --------------------------------------------------------------------------------------------------------
def test_with_input_there_are_weights_at_once_and_otherwise_with_the_first_data():
    mg.seed(0)
    at_once = Sequential([Input((4,)), Dense(3), Dense(2)])
    mg.seed(0)
    later = Sequential([Dense(3), Dense(2)])
    assert at_once.built and not later.built and later.weights == []
    later(np.zeros((5, 4)))
    mg.seed(0)
    by_build = Sequential([Dense(3), Dense(2)])
    by_build.build((None, 4))
    by_shape = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    for model in (at_once, by_build, later, by_shape):
        assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
        assert list(model.named_weights()) == ["layers.0.kernel", "layers.0.bias", "layers.1.kernel", "layers.1.bias"]
        assert [layer.output_shape for layer in model.layers] == [(None, 3), (None, 2)]
    assert all(map(np.array_equal, at_once.get_weights(), later.get_weights()))
    assert all(map(np.array_equal, at_once.get_weights(), by_build.get_weights()))


def test_add_and_pop():
    model = Sequential([Input((4,)), Dense(3)])
    model.add(Dense(2))
    assert model.pop().units == 2 and model(np.zeros((1, 4))).shape == (1, 3)
    model.add(Sequential([Dense(5), Dropout(0.1)]))
    assert model(np.zeros((1, 4))).shape == (1, 5) and len(model.layers) == 2
    with pytest.raises(TypeError, match="add takes a layer, not 'relu'"):
        model.add("relu")
    with pytest.raises(ValueError, match="Input can only come first"):
        model.add(Input((3,)))
    with pytest.raises(ValueError, match="no layer to remove"):
        Sequential().pop()
    with pytest.raises(ValueError, match=r"conv2d.* expected an input with the axes \(batch, height"):
        model.add(mg.layers.Conv2D(2, 3))
    assert len(model.layers) == 2


def test_summary():
    mg.seed(0)
    model = Sequential([Input((4, 2)), Flatten(name="flat"), Dense(3, name="d"), BatchNormalization(name="norm")],
                       name="m")
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert [line.split() for line in text.splitlines() if "(None" in line] == [
        ["flat", "(Flatten)", "(None,", "8)", "0"], ["d", "(Dense)", "(None,", "3)", "27"],
        ["norm", "(BatchNormalization)", "(None,", "3)", "12"]]
    assert "Parameters: 39 (0.2 KiB), of which trained: 33" in text
    Sequential([Dense(3, name="early")]).summary(print_fn=lines.append)
    assert "early (Dense)   not called yet      not built" in lines[-1] and "It is not built" in lines[-1]
    model.layers[1].trainable = False
    model.summary(print_fn=lines.append, show_trainable=True)
    assert "d (Dense), frozen" in lines[-1]


def test_summary_as_keras_takes_it():
    inner = Sequential([Input((8,)), Dense(4, name="inside")], name="inner")
    x = Input((8,), name="x")
    model = Model(x, mg.layers.add([inner(x), Dense(4, name="a_name_longer_than_its_column")(x)]))
    lines = []

    def text(**how):
        model.summary(print_fn=lines.append, **how)
        return lines[-1]
    assert "inside" not in text() and "   └ inside (Dense)" in text(expand_nested=True)
    narrow = text(line_length=60)
    assert max(map(len, narrow.splitlines())) == 60 and "a_name_longer_th\n" not in narrow
    assert "".join(line[:15].strip() for line in narrow.splitlines()).count("a_name_longer_than_its_column(Dense)") == 1
    assert text(positions=[20, 40, 60, 80]).splitlines()[2].index("Output") == 20
    assert "inner" not in text(layer_range=("a_.*", "a_.*")) and "a_name" in lines[-1]
    for how, message in ({"line_length": 5}, "line_length must be a whole number of at least 20"), (
            {"positions": [0.5, 1.0]}, "positions must be where 4 columns end"), (
            {"layer_range": ("z", "x")}, "no layer is called 'z'; there are x, inner"):
        with pytest.raises(ValueError, match=message):
            model.summary(**how)


class Own(Model):
    """A model with a call of its own: layers used twice, and a second input."""

    def __init__(self, width):
        super().__init__()
        self.first, self.twice, self.drop, self.last = Dense(width), Dense(width, "tanh"), Dropout(0.5), Dense(1)

    def call(self, inputs, training=False):
        x = self.first(inputs["a"]) + self.first(inputs["b"])
        return self.last(self.drop(self.twice(self.twice(x))))


def test_a_model_with_its_own_call_learns():
    mg.seed(0)
    rng = np.random.default_rng(0)
    x = {"a": rng.standard_normal((64, 3)), "b": rng.standard_normal((64, 3))}
    y = ((x["a"] + x["b"]).sum(1) > 0).astype(int)
    model = Own(8)
    model.compile(optimizers.Adam(0.02), losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(x, y, epochs=60, batch_size=16, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert len(model.weights) == 6 and model.predict(x, verbose=0).shape == (64, 1)
    assert np.array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))      # no dropout


# -- what is wrong, in words -----------------------------------------------------------------------------------------
X, Y = classes()


@pytest.mark.parametrize("error, message, act", [
    (RuntimeError, "fit: sequential.* isn't compiled", lambda: Sequential([Dense(1)]).fit(X, Y)),
    (RuntimeError, "evaluate: .* isn't compiled", lambda: Sequential([Dense(1)]).evaluate(X, Y)),
    (RuntimeError, "compiled without a loss", lambda: network(3, loss=None).fit(X, Y)),
    (ValueError, "unknown loss 'msee': did you mean 'mse'", lambda: network(3, loss="msee")),
    (ValueError, r"'x'\] has 90 rows but array\['y'\] has 89", lambda: network(3, loss=SPARSE).fit(X, Y[:-1])),
    (ValueError, r"validation_data: .*'x'\] has 90 rows .* has 89",
     lambda: network(3, loss=SPARSE).fit(X, Y, validation_data=(X, Y[1:]))),
    (ValueError, r"validation_data must be \(x, y\)", lambda: network(3, loss=SPARSE).fit(X, Y, validation_data=X)),
    (ValueError, "validation_split must be in",
     lambda: network(3, loss=SPARSE).fit(X, Y, validation_split=2)),
    (ValueError, "leaves nothing", lambda: network(3, loss=SPARSE).fit(X, Y, validation_split=0.999)),
    (TypeError, "x holds <U1, not numbers", lambda: network(3, loss=SPARSE).fit(np.array([["a"]]), [1])),
    (ValueError, "class_weight has no weight for class 1, 2",
     lambda: network(3, loss=SPARSE).fit(X, Y, class_weight={0: 1})),
    (ValueError, "x makes batches of its own: validation_split can't",
     lambda: network(3, loss=SPARSE).fit(data.DataLoader(X, Y), validation_split=0.5)),
    (ValueError, 'distribute must be False, True, "sharded" or a Group, not .twice',
     lambda: network(3, loss=SPARSE).fit(X, Y, distribute="twice")),
    (ValueError, "x makes batches of its own: y, batch_size can't",
     lambda: network(3, loss=SPARSE).fit(data.DataLoader(X, Y), Y, batch_size=3)),
    (ValueError, "batch_size must be a whole number", lambda: network(3, loss=SPARSE).fit(X, Y, batch_size=-1)),
    (ValueError, "class numbers are for SparseCategoricalCrossentropy",
     lambda: network(3, loss=ONE_HOT).fit(X, Y, verbose=0)),
    (ValueError, "labels from 0 to 2, but .* the classes 0 to 1", lambda: network(2, loss=SPARSE).fit(X, Y, verbose=0)),
    (ValueError, "has no rows", lambda: network(3, loss=SPARSE).fit(X[:0], Y[:0])),
    (ValueError, "has no rows", lambda: network(3).predict(X[:0])),
    (NotImplementedError, "needs a method call", lambda: Model()(X)),
])
def test_errors(error, message, act):
    with pytest.raises(error, match=message):
        act()


def test_a_wrong_number_of_features_names_the_layer_and_both_shapes():
    model = network(4, 3, loss=SPARSE)
    model.fit(X, Y, verbose=0)
    for act in (lambda: model.predict(np.zeros((5, 3)), verbose=0), lambda: model.fit(np.zeros((90, 3)), Y, verbose=0)):
        name = model.layers[0].name
        with pytest.raises(ValueError, match=rf"{name} \(Dense\) .* \(None, 2\), got \(.*3\): .* 2 features"):
            act()


def test_a_column_is_asked_for_where_one_number_is_an_example():
    with pytest.raises(ValueError, match=r"axes \(batch, ..., features\), got shape \(32,\)"):
        network(1, loss="mse").fit(np.arange(100.0), np.arange(100.0), verbose=0)


@pytest.mark.parametrize("base", [Model, Sequential, mg.layers.Layer])
def test_a_part_of_any_name_works_or_there_is_one_clear_error(base):
    """Whatever a model of one's own calls its parts: nothing that models use for themselves breaks unnoticed."""
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 3), np.float32)

    class Own(base):
        def __init__(self, name, several):
            super().__init__()
            setattr(self, name, [Dense(3)] if several else Dense(3))
            self.part = name, several

        def call(self, x):
            part = getattr(self, self.part[0])
            return (part[0] if self.part[1] else part)(x)

    def trained(name, several=False):
        model = Own(name, several)
        model = model if isinstance(model, Model) else Sequential([model])
        model.compile("sgd", "mse", run_eagerly=True)
        model.fit(x, y, verbose=0)
        return model
    usual = {name for name in (*dir(trained("other")), *dir(base)) if not name.startswith("_")}
    usual -= {"call", "part", "activity_regularizer"}       # Own's, and what may be any function of the output
    usual -= {"input", "output"}            # every layer has them, unless it has its own of the name
    wanted = {"features", "label", "run", "scores", "children", "graph", "input_kind", "penalties", "input", "output"}
    assert len(usual) > 60 and not usual & wanted
    for name in sorted(usual | wanted):
        for several in (False, True):
            try:
                model = trained(name, several)
            except AttributeError as error:
                assert f"Own: self.{name} can't be set to" in str(error) and name not in wanted
                assert f"self.my_{name}" in str(error)
                continue
            before = model.get_weights()
            model.fit(x, y, verbose=0)
            assert len(before) == 2 and not np.array_equal(before[0], model.get_weights()[0]), name
            assert model.predict(x, verbose=0).shape == y.shape and len(model.evaluate(x, y, return_dict=True)) == 1
    mine = trained("other")
    mine.name, mine.trainable, mine.stop_training, mine.train_step = "mine", False, True, lambda data: {}


@pytest.mark.parametrize("base", [Model, mg.layers.Layer])
def test_who_forgets_super_is_told(base):
    class Forgetful(base):
        def __init__(self):
            self.dense = Dense(3)

        def call(self, x):
            return self.dense(x)
    for use in (lambda layer: layer(np.ones((2, 2))), lambda layer: layer.weights, lambda layer: layer.trainable,
                lambda layer: Sequential([Dense(2), layer])(np.ones((2, 2)))):
        with pytest.raises(AttributeError, match=r"Forgetful.__init__ has to call super\(\).__init__\(\) first"):
            use(Forgetful())
