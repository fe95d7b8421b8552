"""n ranks train as one process does: the same weights and scores after 50 steps, whatever n and the batches."""
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.data.loading import DataLoader
from minigrad.engine.tensor import Tensor, backpropagate
from minigrad.keras.saving import read_arrays
from minigrad.scale.distributed.buckets import Bucket, Gathering

# 83 rows in batches of 10: the last has 3, too few for four ranks.  50 steps are five epochs and a half.
TRAIN = """
    import json, sys
    import numpy as np
    import minigrad as mg
    from minigrad import losses, optimizers
    from minigrad.callbacks import Callback, CSVLogger
    from minigrad.layers import Dense, LayerNormalization
    from minigrad.models import Sequential
    out, distribute, how = sys.argv[1], {"no": False, "yes": True, "sharded": "sharded"}[sys.argv[2]], sys.argv[3]

    rng = np.random.default_rng(1)
    x = rng.standard_normal((83, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    weight = rng.uniform(0.2, 2, 83).astype(np.float32)

    class After50(Callback):
        steps = 0
        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            self.model.stop_training = self.steps == 50

    mg.seed(7)
    if distribute:
        from minigrad.distributed import world
        mg.seed(7 + world().rank)           # the others must take what rank 0 has
    model = Sequential([Dense(16, "relu", kernel_regularizer="l2"), LayerNormalization(), Dense(300, "tanh"), Dense(2)])
    optimizer = {"adam": lambda: optimizers.Adam(0.01),
                 "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1, exclude="vectors", global_clipnorm=0.1),
                 "sgd": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.05)}[how]()
    model.compile(optimizer, losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, y, batch_size=10, epochs=6, sample_weight=weight, validation_data=(x[:13], y[:13]),
                        verbose=0, callbacks=[CSVLogger(out + ".csv"), After50()], distribute=distribute)
    model.save(out)
    model.save_weights(out + ".safetensors")
    if not distribute or world().rank == 0:
        print(json.dumps(history.history))
    if distribute:
        for w in model.weights:             # bitwise the same on all ranks
            assert np.array_equal(world().broadcast(w.numpy()), w.numpy())
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """{optimizer: (weights, optimizer's slots, history)} of one process, without MPI."""
    folder, found = tmp_path_factory.mktemp("alone"), {}
    (folder / "script.py").write_text(textwrap.dedent(TRAIN))

    def train(how):
        if how not in found:
            words = [sys.executable, folder / "script.py", folder / how, "no", how]
            out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            found[how] = results(folder / how, out)
        return found[how]
    return train


def results(path, out):
    (slots,) = path.glob("training-*.safetensors")
    return read_arrays(f"{path}.safetensors"), read_arrays(slots), json.loads(out.strip().splitlines()[-1])


@pytest.mark.parametrize("n, distribute, how", [
    (1, "yes", "adamw"), (2, "yes", "adam"), (3, "yes", "adamw"), (4, "yes", "sgd"),
    (2, "sharded", "adamw"), (3, "sharded", "sgd"), (4, "sharded", "adam")])
def test_ranks_train_as_one_process(mpirun, alone, tmp_path, n, distribute, how):
    out = mpirun(n, TRAIN, tmp_path / "model", distribute, how).stdout
    (weights, slots, history), (theirs, their_slots, their_history) = results(tmp_path / "model", out), alone(how)
    for name, w in theirs.items():
        np.testing.assert_allclose(weights[name], w, rtol=1e-5, atol=1e-5, err_msg=name)
    assert slots.keys() == their_slots.keys()
    for name, slot in their_slots.items():
        np.testing.assert_allclose(slots[name], slot, rtol=1e-3, atol=1e-5, err_msg=name)
    for name, values in their_history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5, err_msg=name)
    assert len((tmp_path / "model.csv").read_text().splitlines()) == 1 + len(their_history["loss"])


def test_padding_counts_on_no_rank(mpirun):
    """Two ranks, one of which has nearly all of the padding, make the steps of one process."""
    mpirun(2, """
        import numpy as np
        import minigrad as mg
        from minigrad.keras import Sequential, layers
        from minigrad.distributed import world
        x = np.random.default_rng(0).integers(1, 9, (8, 6))
        x[:4, 1:], x[1] = 0, 0
        y = (x % 3 == 0)[..., None].astype(np.float32)

        def trained(**how):
            mg.seed(3)
            model = Sequential([layers.Embedding(9, 4, mask_zero=True), layers.Dense(1, "sigmoid")])
            model.compile("sgd", "binary_crossentropy")
            model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **how)
            return model.get_weights()
        for alone, together in zip(trained(), trained(distribute=True)):
            np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-7)
    """)


# -- without MPI: how gradients are gathered ---------------------------------------------------------------------------
class Recorder:
    """Stands where DataParallel does, and notes when each gradient was handed on."""

    def __init__(self, *variables):
        self.place, self.found = dict.fromkeys(variables), []

    def deposit(self, v, g):
        self.found.append((v, g))


def test_gradients_are_handed_on_once_complete_without_mpi():
    a, b = (Tensor(np.array(value, np.float32), requires_grad=True) for value in ([1, 2], [3, 4]))
    early = a * b                           # a is used last here: both uses of b come first in the walk
    loss = (early * b * b).sum()
    recorder = Recorder(a, b)
    gradients = backpropagate(loss, into=lambda seed: Gathering(seed, recorder))
    assert [v for v, _ in recorder.found] == [a, b] and {v for v, _ in recorder.found} == {a, b}
    for v, g in recorder.found:
        np.testing.assert_array_equal(g, gradients[v])
    np.testing.assert_array_equal(gradients[b], 3 * a._data * b._data**2)


def test_later_layers_come_first_without_mpi():
    weights = [Tensor(np.eye(3, dtype=np.float32), requires_grad=True) for _ in range(5)]
    x = Tensor(np.ones((2, 3), np.float32))
    for w in weights:
        x = x @ w
    recorder = Recorder(*weights)
    backpropagate(x.sum(), into=lambda seed: Gathering(seed, recorder))
    assert [v for v, _ in recorder.found] == weights[::-1]


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_buckets_are_padded_without_mpi(parts):
    variables = [Tensor(np.zeros(shape, np.float32)) for shape in ((2, 3), (5,), ())]
    bucket = Bucket(variables, parts)
    assert len(bucket.buffer) % parts == 0 and 12 <= len(bucket.buffer) < 12 + parts
    assert [(v.shape, view.shape) for v, view in bucket.views()] == [(v.shape, v.shape) for v in variables]


@given(rows=st.integers(1, 40), batch_size=st.integers(1, 12), n=st.integers(1, 5), shuffle=st.booleans())
def test_the_parts_of_a_batch_are_the_batch_without_mpi(rows, batch_size, n, shuffle):
    """No row is lost or given twice, sizes differ by one at most, and the first part is never empty."""
    def batches(part):
        loader = DataLoader(np.arange(rows), batch_size=batch_size, shuffle=shuffle, seed=3)
        loader.part = part
        return list(loader)
    for whole, *parts in zip(batches((0, 1)), *(batches((i, n)) for i in range(n))):
        assert np.concatenate(parts).tolist() == whole.tolist()
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1 and sizes[0] > 0


# -- loops of one's own, and what is refused ---------------------------------------------------------------------------
def test_buckets_set_out_during_backward_and_a_loop_of_ones_own(mpirun):
    mpirun(2, """
        import numpy as np
        import minigrad as mg
        from minigrad import optimizers
        from minigrad.distributed import DataParallel, Sharded, world
        from minigrad.engine.tensor import Tensor, backpropagate
        g, rng = world(), np.random.default_rng(0)
        x, first = rng.standard_normal((7, 5)), rng.standard_normal((6, 5, 5))
        mine = slice(0, 4) if g.rank == 0 else slice(4, 7)

        def loss(weights, rows):
            y = Tensor(x[rows])
            for w in weights:
                y = mg.tanh(y @ w)
            return (y * y).mean()

        def trained(wrap, rows, steps=5):
            weights = [Tensor(w.copy(), requires_grad=True) for w in first]
            optimizer = wrap(optimizers.Adam(0.01))
            optimizer.rows = len(x[rows])
            for _ in range(steps):
                optimizer.minimize(loss(weights, rows), weights)
            assert optimizer.iterations == steps and optimizer.learning_rate == 0.01
            return weights

        class Alone(optimizers.Adam):
            def minimize(self, loss, weights):
                gradients = backpropagate(loss)
                self.apply_gradients([(gradients[w], w) for w in weights])
        expected = trained(lambda optimizer: Alone(0.01), slice(0, 7))
        for kind in DataParallel, Sharded:
            for size in 1, 300, 1 << 20:            # bytes: one variable in a bucket, two, all
                for a, b in zip(trained(lambda o: kind(o, bucket=size), mine), expected):
                    assert np.allclose(a, b, rtol=1e-9, atol=1e-12), (kind, size)       # float64 here

        optimizer = DataParallel(optimizers.Adam(0.01), bucket=300)
        weights = [Tensor(w.copy(), requires_grad=True) for w in first]
        optimizer.plan(weights)
        assert [len(bucket.variables) for bucket in optimizer.buckets] == [1] * 6 and not optimizer.sent
        backpropagate(loss(weights, mine), into=optimizer.into)
        assert optimizer.sent == 6                  # before anything but backward was called
        optimizer.abandon()
        assert not optimizer.sent and optimizer.iterations == 0
        assert all(np.array_equal(w, v) for w, v in zip(weights, first))
    """)


def test_what_would_be_wrong_is_refused(mpirun):
    mpirun(2, """
        import numpy as np
        import minigrad as mg
        from minigrad import losses, optimizers
        from minigrad.distributed import DataParallel, Sharded, world
        from minigrad.layers import Dense
        from minigrad.models import Sequential
        g, x = world(), np.ones((8, 3), np.float32)

        def refused(message, distribute=True, loss="mse", optimizer="adam", rows=8, width=1):
            model = Sequential([Dense(width)])
            model.compile(optimizer, loss)
            try:
                model.fit(x[:rows], x[:rows, :1] * np.ones(width, np.float32), verbose=0, distribute=distribute)
            except ValueError as error:
                assert message in str(error), error
            else:
                assert False, message
        refused("must be False, True", distribute="shared")
        refused("the loss must be a mean", loss=losses.MeanSquaredError(reduction="sum"))
        refused("use global_clipnorm or clipvalue", distribute="sharded", optimizer=optimizers.Adam(clipnorm=1.0))
        refused(f"rank 1 has {{'epoch': 0, 'batch': 0, 'rows': 6", rows=8 - 2 * g.rank)
        refused("units is 1 on rank 0 and on rank 1 2", width=1 + g.rank)
    """)


def test_one_process_is_a_group_of_one(tmp_path):
    """A script with distribute=True runs as it is, where no mpiexec starts it."""
    (tmp_path / "script.py").write_text(textwrap.dedent(TRAIN))
    words = [sys.executable, tmp_path / "script.py", tmp_path / "model", "yes", "adam"]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert len(json.loads(out.splitlines()[-1])["loss"]) == 6
