"""GradientTape asks the engine; losses and metrics of several outputs; add_loss."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import Input, Model, Sequential, layers, ops

from .networks import SPARSE


def test_gradients_of_any_order_and_jacobians():
    x, unused = mg.tensor([1.0, 2.0]), mg.tensor(1.0)
    with mg.GradientTape() as outer:
        outer.watch([x, unused])
        with mg.GradientTape() as inner:
            inner.watch(x)
            y = x ** 3
        first = inner.gradient(y, x)
    assert np.allclose(first.numpy(), [3, 12]) and np.allclose(outer.gradient(first, x).numpy(), [6, 12])
    with pytest.raises(RuntimeError, match="persistent=True"):
        inner.gradient(y, x)
    with mg.GradientTape(persistent=True) as tape:
        tape.watch([x, unused])
        y = x * x
    assert np.allclose(tape.jacobian(y, x).numpy(), np.diag([2, 4]))
    found = tape.gradient(y, {"x": x, "none": unused})
    assert np.allclose(found["x"].numpy(), [2, 4]) and found["none"] is None


def test_two_tapes_over_one_computation():
    dense, x = layers.Dense(1), np.ones((2, 3), np.float32)
    with mg.GradientTape() as one, mg.GradientTape() as other:
        y = dense(x)
        a, b = y.sum(), (y * 2).sum()
    assert np.allclose(2 * one.gradient(a, dense.kernel).numpy(), other.gradient(b, dense.kernel).numpy())
    with mg.GradientTape(watch_accessed_variables=False) as tape:
        a = dense(x).sum()
    assert tape.gradient(a, dense.weights) == [None, None]
    with pytest.raises(TypeError, match="floating-point"):
        tape.watch(mg.tensor([1, 2]))


# -- several outputs -----------------------------------------------------------------------------------------------
X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
P, K = X.sum(1, keepdims=True), (X[:, 0] > 0).astype(int)


def two_outputs():
    mg.seed(0)
    x = Input((4,))
    return Model(x, [layers.Dense(1, name="p")(x), layers.Dense(3, name="k")(x)])


def test_losses_metrics_and_weights_by_name_or_in_order():
    scores = []
    for losses, weights, metrics, y in (
            (["mse", SPARSE], [0.5, 2.0], [["mae"], ["accuracy"]], [P, K]),
            ({"k": SPARSE, "p": "mse"}, {"p": 0.5, "k": 2.0}, {"k": "accuracy", "p": ["mae"]}, {"k": K, "p": P})):
        model = two_outputs()
        model.compile("sgd", losses, loss_weights=weights, metrics=metrics)
        scores.append(model.evaluate(X, y, batch_size=7, verbose=0, return_dict=True))
    assert scores[0] == scores[1]
    p, k = model.predict(X, verbose=0)
    assert scores[0]["p_loss"] == pytest.approx(np.square(p - P).mean(), rel=1e-5)
    assert scores[0]["p_mae"] == pytest.approx(abs(p - P).mean(), rel=1e-5)
    assert scores[0]["k_accuracy"] == pytest.approx((k.argmax(1) == K).mean())
    assert scores[0]["loss"] == pytest.approx(0.5 * scores[0]["p_loss"] + 2 * scores[0]["k_loss"], rel=1e-6)
    history = model.fit(X, {"k": K, "p": P}, validation_split=0.5, verbose=0).history
    assert set(history) == {*scores[0], *(f"val_{name}" for name in scores[0])}


def test_one_loss_for_all_outputs_and_none_for_one():
    model = two_outputs()
    model.compile("sgd", "mse")
    both = model.evaluate(X, [P, np.eye(3)[K]], verbose=0, return_dict=True)
    assert both["loss"] == pytest.approx(both["p_loss"] + both["k_loss"], rel=1e-6)
    model.compile("sgd", {"p": "mse"})
    alone = model.evaluate(X, {"p": P}, verbose=0)
    assert alone == pytest.approx(both["p_loss"])
    for how, message in ((["mse"], "loss has 1 entries, but the model has 2 outputs, p, k"),
                         ({"q": "mse"}, "loss names the output 'q'; the model's are p, k")):
        model.compile("sgd", how)
        with pytest.raises(ValueError, match=message):
            model.evaluate(X, [P, K], verbose=0)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="y is one for 2 outputs"):
        model.evaluate(X, P, verbose=0)


def test_what_a_layer_adds_to_the_loss():
    class Activity(layers.Layer):
        def call(self, x):
            self.add_loss(0.1 * ops.mean(ops.square(x)))
            return x
    model = Sequential([Input((4,)), Activity(), layers.Dense(1)])
    model.compile("sgd", "mse")
    expected = np.square(model.predict(X, verbose=0) - P).mean() + 0.1 * np.square(X).mean()
    assert model.evaluate(X, P, batch_size=30, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.losses == []                               # outside a step nothing is gathered
    model.compile("sgd")                                    # with no other loss
    assert model.evaluate(X, batch_size=30, verbose=0) == pytest.approx(0.1 * np.square(X).mean(), rel=1e-5)


def test_losses_are_those_of_the_last_call():
    """As in Keras: a call from outside begins anew, for what is below; what isn't called since counts as it was."""
    class Adds(layers.Layer):
        def call(self, x, quiet=False):
            if not quiet:
                self.add_loss(x.sum())
            return x

    class Both(layers.Layer):
        def __init__(self):
            super().__init__()
            self.one, self.dense = Adds(), layers.Dense(2, kernel_regularizer="l2")

        def call(self, x, quiet=False):
            return self.dense(self.one(self.one(x, quiet=quiet), quiet=quiet))
    both, x = Both(), mg.tensor(np.full((1, 3), 2.0, np.float32), requires_grad=True)
    assert both.losses == []
    for _ in range(2):
        both(x)
        assert [loss.item() for loss in both.losses[1:]] == [6, 6] and len(both.one.losses) == 2
    penalty = 0.01 * np.square(both.dense.kernel).sum().item()
    assert both.losses[0].item() == pytest.approx(penalty)
    sum(both.losses).backward()
    assert x.grad.tolist() == [[2, 2, 2]] and both.dense.kernel.grad is not None
    both(x, quiet=True)
    assert len(both.losses) == 1                            # the penalty
    both.one(x)
    assert len(both.losses) == 2
    assert len(both.weights) == 2                           # what was added is no part of the layer
    with pytest.raises(TypeError, match="add_loss takes numbers, not <Symbolic"):
        both.add_loss(Input((3,)))
    Model(symbol := Input((3,)), Both()(symbol))
    with mg.GradientTape() as tape:
        y = both(x)
        loss = y.sum() + sum(both.losses)
    assert tape.gradient(loss, x) is not None


def test_metrics_that_a_model_or_its_layers_keep():
    """They are reset each epoch, reported under their names, and a loss of their own takes the place of the mean."""
    class Norm(layers.Layer):
        def build(self, input_shape):
            self.size = mg.metrics.Mean(name="size")

        def call(self, x):
            self.size.update_state(ops.square(x))
            return x

    class Own(Model):
        def __init__(self):
            super().__init__()
            self.norm, self.dense, self.total = Norm(), layers.Dense(1), mg.metrics.Mean(name="loss")

        def call(self, x):
            return self.dense(self.norm(x))

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            self.total.update_state(7.0)
            return ops.mean(ops.square(y - y_pred))
    model = Own()
    model.compile("sgd", metrics=["mae"])
    history = model.fit(X, P, epochs=2, validation_data=(2 * X, P), verbose=0).history
    assert set(history) == {"loss", "mae", "size", "val_loss", "val_mae", "val_size"} and history["loss"] == [7, 7]
    assert history["size"] == pytest.approx([np.square(X).mean()] * 2, rel=1e-5)
    assert history["val_size"] == pytest.approx([4 * np.square(X).mean()] * 2, rel=1e-5)
    assert {m.name for m in model.metrics} == {"loss", "mae", "size"}
    assert model.get_metrics_result()["size"] == pytest.approx(4 * np.square(X).mean(), rel=1e-5)
    model.reset_metrics()
    assert model.norm.size.result() == 0 and len(model.weights) == 2


def test_small_things_that_keras_people_expect():
    x = Input((4,))
    one = Model([x], [layers.Dense(2)(x)])
    assert not one.compiled and one.predict(X, verbose=0).shape == (len(X), 2) == one([X]).shape
    one.compile("sgd", "mse")
    seen, kept = [], mg.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append("val_loss" in logs))
    for freq, found in (2, [False, True, False]), ([1, 3], [True, False, True]):
        seen.clear()
        one.fit(X, np.zeros((len(X), 2)), epochs=3, validation_data=(X, np.zeros((len(X), 2))), validation_freq=freq,
                callbacks=kept, verbose=0)
        assert seen == found and one.compiled
    for wrong in (0, -1, "each"):
        with pytest.raises((ValueError, TypeError), match="validation_freq"):
            one.fit(X, X[:, :2], validation_freq=wrong, verbose=0)
    grown = Sequential([Input((4,)), layers.Dense(3)])
    grown(X)
    grown.add(layers.Dense(7))
    assert grown.output_shape == (None, 7) and grown(X).shape[1:] == (7,)
    grown.pop()
    assert grown.output_shape == (None, 3)
    assert isinstance(x, mg.keras.KerasTensor) and mg.keras.__version__ == mg.__version__
