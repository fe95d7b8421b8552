"""Bad arguments, for each argument of each public class: refused where they are given, in minigrad's own words."""
import inspect
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import layers, losses
from minigrad.keras.models import Sequential
from minigrad.support.errors import Failure, UsageError

HOMES = ("initializers", "losses", "metrics", "regularizers", "optimizers", "schedules", "layers", "callbacks")
BAD = [None, "x", -1, 0, math.nan, math.inf, 2.5, 10 ** 30, [], [None], {}, {"a": 1}, object(), b"x", 1j, True, (1,
        "a"),
       np.datetime64("2020-01-01"), np.array(["a"]), np.array([1.0, math.nan]), lambda: 3, Sequential]
GOOD = {"axes": 1, "dims": (1,), "units": 3, "filters": 3, "kernel_size": 3, "pool_size": 2, "input_dim": 5,
        "output_dim": 5, "num_heads": 2,
        "key_dim": 2, "rate": 0.5, "shape": (3,), "target_shape": (3,), "activation": "relu", "layers": [], "k": 3,
        "function": np.abs, "loss": "mse", "boundaries": [1], "values": [0.1, 0.2], "decay_steps": 10,
        "decay_rate": 0.5,
        "initial_learning_rate": 0.1, "max_learning_rate": 0.1, "total_steps": 10, "learning_rate": 0.1, "scale": 2.0,
        "filename": "a.csv", "filepath": "a", "backup_dir": "b", "schedule": lambda epoch, rate: rate,
        "optimizer": "sgd"}
INTERNAL = ("object has no attribute", "object is not", "unsupported operand", "not supported between", "ufunc", "__",
            "has no len()", "truth value of an array", "could not convert", "must be real number", "unhashable",
            "expected str, bytes", "bad operand")


def classes():
    for home in HOMES:
        for name, kind in sorted(vars(getattr(mg, home)).items()):
            if isinstance(kind, type) and kind.__module__.startswith("minigrad.keras") and not name.startswith("_"):
                yield pytest.param(kind, id=f"{home}.{name}")


@pytest.mark.parametrize("kind", list(classes()))
def test_bad_arguments_of_a_class_are_refused_in_its_own_words(kind):
    parameters = [p for p in list(inspect.signature(kind.__init__).parameters.values())[1:]
                  if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    good = GOOD | {"layer": layers.LSTM(3)}
    needed = {p.name: good.get(p.name) for p in parameters if p.default is p.empty}
    strangers = 0
    for p in parameters:
        for bad in BAD:
            try:
                kind(**needed | {p.name: bad})
                strangers += type(bad) is object
            except (ValueError, TypeError, RuntimeError, Failure, UsageError) as error:
                said = str(error)
                assert not any(word in said for word in INTERNAL), f"{p.name}={bad!r}: {error!r}"
                assert len(said) < 300, f"{p.name}={bad!r}: {said}"
            except Exception as error:
                raise AssertionError(f"{kind.__name__}({p.name}={bad!r}): {error!r}") from error
    assert not strangers, f"{strangers} arguments of {kind.__name__} take object()"


@pytest.mark.parametrize("call", [
    lambda: losses.Huber(delta=-1), lambda: mg.initializers.Constant(None),
    lambda: mg.metrics.TopKCategoricalAccuracy(k=-1),
    lambda: mg.metrics.BinaryAccuracy(threshold=2.5), lambda: mg.optimizers.Adam(epsilon=math.nan),
    lambda: mg.schedules.ConstantRate(math.nan), lambda: mg.callbacks.EarlyStopping(patience="x"),
    lambda: mg.callbacks.EarlyStopping(min_delta=math.nan), lambda: mg.seed("x"), lambda: mg.seed(-1),
    lambda: mg.seed(2.5),
    lambda: mg.tensor(np.ma.array([1.0, 0.0], mask=[False, True])), lambda: layers.Dense(3, use_bias="no"),
    lambda: losses.MeanSquaredError()(np.array([1 + 2j]), np.array([1.0])),
    lambda: losses.MeanSquaredError()(np.array([1.0]), np.array([1 + 2j])),
    lambda: losses.MeanSquaredError()(np.array([1.0]), np.array([1.0]), np.array(["2020-01-01"], "M8[D]")),
])
def test_values_that_were_once_taken(call):
    with pytest.raises((ValueError, TypeError)):
        call()


@pytest.mark.parametrize("argument, bad", [("epochs", math.nan), ("epochs", 2.5), ("epochs", -1), ("epochs", "x"),
                                           ("initial_epoch", -1), ("batch_size", 2.5), ("batch_size", "x"),
                                           ("validation_split", math.nan), ("validation_split", 1.0),
                                           ("callbacks", "x"), ("callbacks", [object()]), ("callbacks", 5)])
def test_fit_says_which_argument_is_wrong(argument, bad):
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises((ValueError, TypeError), match=f"fit: {argument} must be"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, **{argument: bad})
    assert not model.built
