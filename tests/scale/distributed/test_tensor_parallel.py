"""A GPT whose layers are cut computes and learns what the whole one does."""
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from minigrad.keras.saving import read_arrays

TRAIN = """
    import sys
    import numpy as np
    import minigrad as mg
    from minigrad.keras import saving
    from minigrad.zoo import gpt_training as t
    from minigrad.zoo.gpt import GPT
    out, cut = sys.argv[1], sys.argv[2]

    text = np.random.default_rng(3).integers(0, 11, 3000)
    text[1::2] = (text[::2] * 3 + 1) % 11           # something to learn
    mg.seed(5)
    model = GPT("abcdefghijk", context=12, depth=2, heads=4, width=16)
    model.build((None, None))
    t.compile(model, 50, 0.01)
    model.optimizer.global_clipnorm = 0.3           # it limits every step
    loader = t.Stretches(text, 12, 6, 25, seed=2)
    weights = model.named_weights
    if cut == "tensor":
        from minigrad.distributed import split_gpt, whole_weights, world
        if world().rank:
            for w in model.weights:
                w._data += 1                        # rank 0's weights count
        size = model.count_params()
        split_gpt(model)
        assert model.count_params() < size * (1 if world().size == 1 else 0.7) + 1, (model.count_params(), size)
        weights = lambda: whole_weights(model)
    if cut == "both":                               # two pairs of ranks: each pair one model, the pairs share batches
        from minigrad.distributed import split_gpt, whole_weights, world
        pair = world().split(world().rank // 2)
        across = world().split(world().rank % 2)
        split_gpt(model, pair)
        weights = lambda: whole_weights(model, pair)
    how = across if cut == "both" else cut == "data"
    history = model.fit(loader, epochs=2, verbose=0, distribute=how)
    if cut == "tensor":
        try:
            model.save(out)
        except RuntimeError as error:
            assert "whole_weights(model)" in str(error)
        else:
            assert False
    saving.write_arrays(out, weights() | {"loss": np.array(history.history["loss"])})
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "script.py").write_text(textwrap.dedent(TRAIN))
    subprocess.run([sys.executable, folder / "script.py", folder / "out", "no"], check=True)
    return read_arrays(folder / "out")


@pytest.mark.parametrize("n, cut", [(2, "tensor"), (4, "tensor"), (4, "both"), (4, "data")])
def test_a_gpt_learns_what_it_does_whole(mpirun, tmp_path, whole, n, cut):
    mpirun(n, TRAIN, tmp_path / "out", cut)
    found = read_arrays(tmp_path / "out")
    assert found.keys() == whole.keys() and whole["loss"][1] < whole["loss"][0]
    for name, w in whole.items():
        np.testing.assert_allclose(found[name], w, rtol=1e-5, atol=2e-5, err_msg=name)


def test_dense_layers_and_their_gradients(mpirun):
    mpirun(3, """
        import numpy as np
        import minigrad as mg
        from minigrad.distributed import ColumnDense, RowDense, world
        from minigrad.distributed.tensor_parallel import join, own, spread
        from minigrad.layers import Dense
        g, rng = world(), np.random.default_rng(0)
        x = rng.standard_normal((5, 4)).astype(np.float32)
        up, down, up_r, down_r = Dense(6, "tanh"), Dense(2), ColumnDense(6, "tanh"), RowDense(2)
        whole, part = [mg.tensor(x, requires_grad=True) for _ in range(2)]
        down(up(whole)), down_r(up_r(part))
        for a, b in ((up, up_r), (down, down_r)):
            for name in ("kernel", "bias"):
                w = g.broadcast(getattr(a, name)._data)
                getattr(b, name)._data = own(w, b.cut[name], g) if name in b.cut else w.copy()
        y, y_r = down(up(whole)), down_r(up_r(part))
        assert y_r.shape == (5, 2) and np.allclose(y_r, y, atol=1e-6)
        (y * y).sum().backward(), (y_r * y_r).sum().backward()
        assert np.allclose(part.grad, whole.grad, atol=1e-5)
        assert np.allclose(up_r.kernel.grad, own(up.kernel.grad._data, 1, g), atol=1e-5)
        assert np.allclose(down_r.kernel.grad, own(down.kernel.grad._data, 0, g), atol=1e-5)
        assert np.allclose(down_r.bias.grad, down.bias.grad, atol=1e-5)
        slope = mg.grad(lambda v: mg.grad(lambda v: (spread(v, group=g) ** 3).sum())(v).sum())(x)
        assert np.allclose(slope, 6 * x * g.size, atol=1e-4)     # the second derivative: all ranks' uses add up
        try:
            ColumnDense(7)
        except ValueError as error:
            assert str(error) == "7 features can't be dealt out evenly to 3 ranks"
        else:
            assert False
    """)
