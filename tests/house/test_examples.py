"""The examples of public docstrings are programs that run: each is run here, given what it takes for granted.

Of those that train for minutes or need data sets: every name in them exists, and every call fits its function.
"""
import ast
import builtins
import functools
import inspect
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.learn.site.course import dotted
from minigrad.learn.site.places import pages
from minigrad.learn.site.reference import methods_of
from minigrad.learn.site.wording import markdown

IMAGES = "images, labels = np.random.default_rng(0).random((70, 8), np.float32), np.arange(70) % 10"
BATCH = "rng = np.random.default_rng(0); y_true = np.eye(4)[[0, 1, 2]]; y_pred = rng.random((3, 4))"
MODEL = """
from minigrad.keras import Sequential
from minigrad.layers import Dense
from minigrad.losses import SparseCategoricalCrossentropy, CategoricalCrossentropy
x, y = np.random.default_rng(0).random((40, 5), np.float32), np.arange(40) % 3
model = Sequential([Dense(3)])
model.build((None, 5))
"""
# name: (what it takes for granted, what must hold afterwards)
GIVEN = {
    "minigrad": ("", "x.grad.tolist() == [2, 4]"),
    "minigrad.op": ("", "mg.testing.check_op(cube, examples=5)"),
    "minigrad.grad": ("", "mg.grad(mg.grad(lambda x: x**3))(2.0) == 12"),
    "minigrad.callbacks": (MODEL + "model.compile('adam', SparseCategoricalCrossentropy(from_logits=True))",
                           "model.history.history['loss']"),
    "minigrad.keras": (MODEL, "model"),
    "minigrad.learn": ("my_vjp = lambda g, a, b: (g @ b.T, a.T @ g)", "True"),
    "minigrad.optimizers": (MODEL + "from minigrad import optimizers; variables = model.trainable_weights; loss = "
                            "SparseCategoricalCrossentropy(from_logits=True)(y, model(x)); grads = [np.zeros(w.shape) "
                            "for w in variables]", "True"),
    "minigrad.data.DataLoader": (IMAGES, "len(x) == 70 % 32"),
    "minigrad.data.standardize": ("x_train, x_test = np.random.default_rng(0).random((2, 50, 3))",
                                  "abs(x_train.mean(0)).max() < 1e-12 and abs(x_test.mean(0)).max() > 1e-12"),
    "minigrad.datasets": ("from minigrad.data import split", "len(x) + len(x_test) == 1797"),
    "minigrad.initializers": ("from minigrad import initializers", "w.shape == (784, 64) and w.dtype == np.float32"),
    "minigrad.layers.MultiHeadAttention": ("x = np.ones((2, 5, 8), np.float32)", "y.shape == (2, 5, 8)"),
    "minigrad.layers.Residual": ("from minigrad.keras import Sequential", "True"),
    "minigrad.losses": (BATCH + "; from minigrad import losses", "loss(y_true, y_pred).shape == ()"),
    "minigrad.metrics": (BATCH + "; from minigrad import metrics", "np.isnan(m.result()) or m.result() == 0"),
    "minigrad.models": (MODEL + "x_val, y_val = x, np.eye(10)[y]; y = y_val", "Twice().call and 'val_loss' in "
                        "model.history.history"),
    "minigrad.privacy.DPOptimizer": (MODEL + "from minigrad.optimizers import SGD; x = np.resize(x, (60000, 5)); y = "
                                     "np.resize(y, 60000); loss = SparseCategoricalCrossentropy(from_logits=True, "
                                     "reduction=None)", "0 < private.epsilon(delta=1e-5) < 1"),
    "minigrad.privacy.PerExample": (MODEL + "loss = SparseCategoricalCrossentropy(from_logits=True, reduction=None); "
                                    "losses, weights, c = loss(y, model(x)), model.trainable_weights, np.ones(40)",
                                    "per_example.norms().shape == (40,)"),
    "minigrad.schedules": ("from minigrad.optimizers import Adam", "optimizer"),
    "minigrad.security.AdversarialTraining": (MODEL + "from minigrad.security import pgd", "robust"),
    "minigrad.testing.check_gradients": ("", "True"),
    "minigrad.testing.check_op": ("my_op = mg.tanh", "True"),
    "minigrad.testing.check_vjp": ("rosen, rosen_der = lambda x: (x**4).sum(), lambda x: 4 * x**3", "True"),
    "minigrad.viz.slider": ("from minigrad import viz; from minigrad.viz.style import figure; walk = lambda rate: "
                            "figure(1, 1)[0]", "True"),
    "minigrad.zoo.posttraining": (MODEL + "from minigrad.zoo.gpt import GPT; model = GPT('abc', context=8, depth=1, "
                                  "heads=1, width=8); tokens = np.arange(12).reshape(2, 6) % 3; mask = np.ones((2, 5))",
                                  "True"),
}
SHORTER = {"minigrad.privacy.DPOptimizer": ("14_000", "2"), "minigrad.models": ("epochs=10", "epochs=1"),
           "minigrad.testing.check_op": ("my_op)", "my_op, examples=5)")}


def examples():
    """(name, the module it is found in, code) of each."""
    for page in pages():
        docs = [(page.title, page.module.__doc__)]
        for name, thing in page.names.items():
            docs.append((f"{page.prefix}.{name}", thing.__doc__))
            if inspect.isclass(thing):
                docs += [(f"{page.prefix}.{name}.{n}", f.__doc__) for n, f in methods_of(thing)]
        for name, doc in docs:
            for code in re.findall(r"```python\n(.*?)```", markdown(doc), re.S):
                yield pytest.param(name, page.module, code, id=name)


EXAMPLES = list(examples())


@pytest.mark.parametrize("name, module, code", [e for e in EXAMPLES if e.values[0] in GIVEN])
def test_it_runs(name, module, code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIGRAD_PROGRESS", str(tmp_path))
    monkeypatch.setattr(mg.engine.op, "REGISTRY", registry := dict(mg.ops.REGISTRY))
    before, after = GIVEN[name]
    here = {**vars(module), "mg": mg, "np": np, "__name__": "example"}
    code = code.replace(*SHORTER.get(name, ("", "")))
    exec(before, here)
    exec(compile(code, name, "exec"), here)
    assert eval(after, here) and len(registry) >= len(mg.ops.REGISTRY)


@pytest.mark.parametrize("name, module, code", [e for e in EXAMPLES if e.values[0] not in GIVEN])
def test_its_names_and_calls_exist(name, module, code):
    """A name is defined in the example or its module, or stands for what the reader has: an argument, lower-case."""
    tree, calls = ast.parse(code), 0
    known = {**vars(builtins), **{n: f for p in pages() for n, f in p.names.items()},
             **{n: getattr(mg, n) for n in mg.PUBLIC}, **vars(module), module.__name__.rpartition(".")[2]: module,
             "mg": mg, "np": np}
    made = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        first, *words = dotted(call.func) or [None]
        if first is None or first in made:
            continue
        assert first in known, f"{name} calls {first}, which is nowhere"
        function = functools.reduce(getattr, words, known[first])
        if not any(isinstance(a, ast.Starred) for a in call.args):
            inspect.signature(function).bind(*call.args, **{k.arg: k for k in call.keywords})
        calls += 1
    assert calls


def test_all_that_is_said_here_is_of_an_example():
    names = {e.values[0] for e in EXAMPLES}
    assert GIVEN.keys() <= names and SHORTER.keys() <= GIVEN.keys() and len(names) > 25
