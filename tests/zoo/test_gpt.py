"""The GPT against the same computed place by place, its cache against the full pass, and what it must not do."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.support.errors import UsageError
from minigrad.zoo import gpt
from minigrad.zoo.decoding import KVCache, generate

ALPHABET = "abcdefgh \n"
TEXT = np.random.default_rng(1).integers(0, len(ALPHABET), (2, 11))


def small(seed=0, context=16):
    """A GPT whose weights are not near 0: all drawn anew, from a normal distribution."""
    model = gpt.GPT(ALPHABET, context, depth=2, heads=2, width=8)
    model(np.zeros((1, 1), int))
    rng = np.random.default_rng(seed)
    sizes = [0.5 if w.ndim > 1 else 0.2 for w in model.weights]
    model.set_weights([size * rng.standard_normal(w.shape).astype(np.float32) for size, w in zip(sizes, model.weights)])
    return model


@pytest.fixture(scope="module")
def model():
    return small()


# -- place by place --------------------------------------------------------------------------------------------------
def norm(layer, x):
    return layer.gamma.numpy() * (x - x.mean()) / math.sqrt(x.var() + 1e-5) + layer.beta.numpy()


def dense(layer, x):
    return x @ layer.kernel.numpy() + layer.bias.numpy()


def turned(x, place):
    pairs = x.astype(float).view(complex)
    return (pairs * np.exp(1j * place * 1000.0 ** (-np.arange(len(pairs)) / len(pairs)))).view(float)


def naive_logits(model, tokens):
    """Logits (T, V), and what each head of each block looked at: {(block, head, t): weights}."""
    table, looked = model.characters.embeddings.numpy(), {}
    xs = [table[t].astype(float) for t in tokens]
    for n, block in enumerate(model.blocks):
        a, ys = block.attention, [norm(block.norm1, x) for x in xs]
        for t in range(len(xs)):
            heads = []
            for h in range(a.heads):
                mine = slice(h * 4, h * 4 + 4)
                q = turned(dense(a.query, ys[t])[mine], t)
                scores = np.array([q @ turned(dense(a.key, ys[s])[mine], s) / 2 for s in range(t + 1)])
                p = looked[n, h, t] = np.exp(scores) / np.exp(scores).sum()
                heads.append(sum(p[s] * dense(a.value, ys[s])[mine] for s in range(t + 1)))
            xs[t] = xs[t] + dense(a.out, np.concatenate(heads))
        for t, x in enumerate(xs):
            u = dense(block.up, norm(block.norm2, x))
            xs[t] = x + dense(block.down, 0.5 * u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3))))
    return np.array([table @ norm(model.norm, x) for x in xs]), looked


def test_logits_equal_those_computed_place_by_place(model):
    for row, logits in zip(TEXT, model(TEXT).numpy()):
        np.testing.assert_allclose(logits, naive_logits(model, row)[0], rtol=1e-3, atol=1e-4)


def test_attention_maps_are_where_each_place_looks(model):
    maps, (_, looked) = model.attention_maps(TEXT), naive_logits(model, TEXT[1])
    assert [m.shape for m in maps] == [(2, 2, 11, 11)] * 2
    for (n, h, t), p in looked.items():
        np.testing.assert_allclose(maps[n][1, h, t], np.pad(p, (0, 10 - t)), rtol=1e-3, atol=1e-5)


# -- what it must and must not do ------------------------------------------------------------------------------------
@given(st.integers(0, 10))
def test_what_comes_later_changes_nothing_before(t):
    model, other = small(), TEXT.copy()
    other[:, t:] = (other[:, t:] + 1) % len(ALPHABET)
    np.testing.assert_array_equal(model(TEXT).numpy()[:, :t], model(other).numpy()[:, :t])
    assert (model(TEXT).numpy()[:, t:] != model(other).numpy()[:, t:]).any()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_with_a_cache_pieces_of_any_length_give_the_logits_of_the_whole(lengths, seed):
    model, tokens = small(context=20), np.random.default_rng(seed).integers(0, len(ALPHABET), (3, sum(lengths)))
    cache, ends = KVCache(sum(lengths)), np.cumsum(lengths)
    with mg.no_grad():
        pieces = [model.logits(model.features(tokens[:, end - n:end], cache)).numpy() for n, end in zip(lengths, ends)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), model(tokens).numpy(), rtol=1e-3, atol=1e-4)


def test_the_embedding_is_used_at_both_ends_and_its_gradient_has_both_parts():
    model = small()
    table = model.characters.embeddings
    assert sum(w.shape == table.shape for w in model.weights) == 1

    def value():
        return mg.sparse_softmax_cross_entropy(model(TEXT[:, :-1]), TEXT[:, 1:]).mean()

    value().backward()
    direction = np.random.default_rng(0).standard_normal(table.shape).astype(np.float32)
    slope, h, old = float((table.grad._data * direction).sum()), 1e-2, table.numpy()
    values = []
    for sign in (1, -1):
        table.data = old + sign * h * direction
        values.append(value().item())
    assert slope == pytest.approx((values[0] - values[1]) / (2 * h), rel=0.01)


def test_every_weight_gets_a_gradient(model):
    mg.sparse_softmax_cross_entropy(model(TEXT[:, :-1]), TEXT[:, 1:]).mean().backward()
    for path, w in model.named_weights().items():
        # adding the same number to all keys of a head changes no weights of attention, so a key's bias learns nothing
        assert np.abs(w.grad._data).max() > (1e-9 if path.endswith("key.bias") else 1e-6), path


def test_a_new_gpt_guesses():
    model = gpt.GPT(ALPHABET, 16, depth=3, heads=2, width=32)
    loss = mg.sparse_softmax_cross_entropy(model(TEXT[:, :-1]), TEXT[:, 1:]).mean()
    assert loss.item() == pytest.approx(math.log(len(ALPHABET)), rel=0.1)


# -- text, files, errors ---------------------------------------------------------------------------------------------
def test_text_becomes_numbers_and_comes_back(model):
    assert model.decode(model.encode("bad cab\nhe")) == "bad cab\nhe"
    with pytest.raises(UsageError, match="never seen 'x' 'é'"):
        model.encode("a éx")


def test_a_saved_gpt_writes_the_same(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = gpt.load(tmp_path)
    assert loaded.tokenizer.alphabet == ALPHABET
    start = model.encode("bad")
    texts = [[t for t, _ in zip(generate(m, start, np.random.default_rng(2)), range(40))] for m in (model, loaded)]
    assert texts[0] == texts[1]


def test_where_there_is_no_gpt_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(UsageError, match=f"no trained GPT in .*: minigrad train gpt --out {tmp_path} makes one"):
        gpt.load(tmp_path)
    dense = mg.models.Sequential([mg.layers.Dense(2)])
    dense(np.zeros((1, 3)))
    dense.save(tmp_path / "model")
    with pytest.raises(UsageError, match="is not a GPT but a Sequential"):
        gpt.load(tmp_path)


def test_misuse_is_a_clear_error(model):
    with pytest.raises(ValueError, match="17 characters are more than its context of 16"):
        model(np.zeros((1, 17), int))
    with pytest.raises(ValueError, match="stands twice in the alphabet 'aba'"):
        gpt.GPT("aba", 8, 1, 2, 8)
    with pytest.raises(ValueError, match="GPT: context must be a whole number of at least 1"):
        gpt.GPT("ab", 0, 1, 2, 8)
    with pytest.raises(IndexError, match="there is no token -1"):
        model.decode([0, -1])
    with pytest.raises(ValueError, match="width of 12 doesn't give each of 4 heads"):
        gpt.GPT(ALPHABET, width=12, heads=4)


def test_steps_of_training_and_judging_are_unrolled():
    """The weights' names end in "0.norm1.gamma", which is none in Python's sense."""
    from minigrad.zoo import gpt_training
    model = small(context=8)
    gpt_training.compile(model, 8)
    model.compile(model.optimizer, model.loss, jit_compile=True)
    x = np.random.default_rng(0).integers(0, len(ALPHABET), (4, 8))
    model.fit(x, x, batch_size=2, epochs=4, verbose=0)
    assert np.isfinite(model.evaluate(x, x, batch_size=2, verbose=0))
