"""Writes minigrad/engine/unrolling/README.md, with the seed network's step: python -m tests.engine.unrolling.page"""
from pathlib import Path

import numpy as np

import minigrad as mg

PAGE = Path(mg.__file__).parent / "engine" / "unrolling" / "README.md"
TEXT = """# A step of training, written down

`mg.unroll(f)` runs f, writes down the NumPy calls that its results depend on, and from then on runs the list: no
tape, no walk back, no new arrays for what lies between, the same bits. The list is a Python program, and below it
stands for the network that the README begins with: 64 - 64 - 64 - 10, a batch of 32, cross-entropy, Adam.

```python
{function}
g = mg.unroll(step)         # called three times: run as it is, written down, and once more, to see that all is the same
print(g)
```

How to read it. On top stand buffers: `empty` is made once, and `linear_2 = linear` says that one array serves both, the
one when the other is no longer needed. `d_kernel` is the gradient of `kernel`; it lies where the optimizer reads it.
What is returned is a copy; a large result, of 64 KB or more, is made in a new array instead, and handed out.
Each line ends with the shape of what it makes, the op, `backward` where it is the op's rule that computes, the layer,
and the line of the program that asked. Ops with long names have arrays named by initials: `sce` is of
`softmax_cross_entropy`. `if ...: return None` is a branch that `softmax_cross_entropy` took because
all logits are small; where that is so no longer, another program is written. `numbers()` asks Adam for the rates of
this step.

Find in it, with the [derivative table](../ops/) beside you: (1) dW = xᵀ g and db = Σ g of each layer; Σ over the rows
is a product with ones. (2) dx = g Wᵀ. Why is there none for the first layer? (3) The rule of relu: which line looks
at what was positive? (4) g (p - t), the rule of softmax and cross-entropy together. (5) Where does the 1/32 of the
mean come in? (6) m and v of Adam.

```python
{source}```

Written by `python -m tests.engine.unrolling.page`; a test holds it to what minigrad does.
"""
FUNCTION = '''def step(x, t):
    loss = mg.softmax_cross_entropy(model(x), t).mean()
    loss.backward()
    optimizer.step(model.trainable_weights)
    return loss
'''


def unrolled():
    mg.seed(0)
    layers = mg.keras.layers
    model = mg.keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"),
                                 layers.Dense(10)])
    space = {"mg": mg, "model": model, "optimizer": mg.optimizers.Adam(0.01)}
    exec(compile(FUNCTION, "step.py", "exec"), space)
    g, rng = mg.unroll(space["step"]), np.random.default_rng(0)
    for _ in range(4):
        labels = rng.integers(10, size=32)
        g(mg.tensor(rng.normal(size=(32, 64)).astype(np.float32)), mg.tensor(np.eye(10, dtype=np.float32)[labels]))
    return g


def page():
    return TEXT.format(function=FUNCTION, source=unrolled().source)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
