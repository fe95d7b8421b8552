"""Dense networks: the seed network's step, the same through fit, and a wider one.  Adam, cross-entropy from logits.

One call of a contender is one pass over the batches; its result is the losses of the first steps, which the second and
third share only if gradients and updates agree.
"""
import math
from types import SimpleNamespace

import numpy as np

from .engine import import_dezero
from .harness import Workload

B1, B2, EPSILON = 0.9, 0.999, 1e-8              # so small an epsilon that it matters little where a framework adds it


def network_problem(dataset, hidden, batch, lr, batches=None):
    """Real images, and first weights: problem.batches [(x, labels, one-hot), ...], problem.weights [W, b, W, ...]."""
    def setup(toy):
        from minigrad import data, datasets
        images = getattr(datasets, dataset)()
        x, labels = np.ascontiguousarray(images.x), images.y
        count = 3 if toy else batches or len(x) // batch
        cuts = [slice(i * batch, (i + 1) * batch) for i in range(count)]
        rng, sizes = np.random.default_rng(0), (x.shape[1], *((8,) * len(hidden) if toy else hidden), 10)
        weights = []
        for n, m in zip(sizes, sizes[1:]):      # Glorot & Bengio 2010
            limit = math.sqrt(6 / (n + m))
            weights += [rng.uniform(-limit, limit, (n, m)).astype(np.float32), np.zeros(m, np.float32)]
        one_hot = data.one_hot(labels, 10).astype(np.float32)
        return SimpleNamespace(x=x[:count * batch], t=one_hot[:count * batch], batch=batch, lr=lr, weights=weights,
                               batches=[(x[c], labels[c], one_hot[c]) for c in cuts], count=count)
    return setup


def pass_over(step, batches):
    """step() for a workload: one pass over the batches; the losses of the first three."""
    def run():
        return [step(*batch) for batch in batches][:3]
    return run


# -- minigrad, and the floor -----------------------------------------------------------------------------------------
def dense_layers(keras, p):
    """The network in Keras' words: minigrad's or Keras' own."""
    return [keras.layers.Dense(b.size, activation="relu") for b in p.weights[1:-2:2]] + [keras.layers.Dense(10)]


def minigrad(p, layers=dense_layers):
    import minigrad as mg
    from minigrad import keras
    model = keras.Sequential(layers(keras, p))
    batches = [(mg.tensor(x), mg.tensor(t)) for x, _, t in p.batches]
    model(batches[0][0])
    model.set_weights(p.weights)
    optimizer, weights = keras.optimizers.Adam(p.lr, epsilon=EPSILON), model.trainable_weights

    def step(x, t):
        loss = mg.softmax_cross_entropy(model(x), t).mean()
        loss.backward()
        optimizer.step(weights)
        return loss
    return pass_over(step, batches)


class FlatAdam:
    """Adam over one flat buffer, nothing allocated: .weights and .gradients are views of it.  (Kingma & Ba 2015)"""

    def __init__(self, weights, lr, decay=0.0):
        ends = np.cumsum([0, *(w.size for w in weights)])
        self.w = np.concatenate([w.ravel() for w in weights])
        self.g, self.m, self.v, self.a, self.b = (np.zeros_like(self.w) for _ in range(5))
        self.weights, self.gradients = ([flat[i:j].reshape(w.shape) for i, j, w in zip(ends, ends[1:], weights)]
                                        for flat in (self.w, self.g))
        self.lr, self.decay, self.t = lr, decay, 0

    def step(self):
        self.t += 1
        w, g, m, v, a, b = self.w, self.g, self.m, self.v, self.a, self.b
        if self.decay:                          # AdamW's (Loshchilov & Hutter 2019)
            w *= 1 - self.lr * self.decay
        np.subtract(g, m, out=a)
        a *= 1 - B1
        m += a                                  # m = B1 m + (1 - B1) g
        np.multiply(g, g, out=b)
        b -= v
        b *= 1 - B2
        v += b
        rate = self.lr * math.sqrt(1 - B2 ** self.t) / (1 - B1 ** self.t)
        np.sqrt(v, out=b)
        b += EPSILON
        np.divide(m, b, out=b)
        b *= rate
        w -= b


def pairs(arrays):
    """[W, b, W, b, ...] as [(W, b), ...]."""
    return list(zip(arrays[::2], arrays[1::2]))


def forward(x, weights):
    """Logits of dense layers with relu between them, and the input of each layer."""
    inputs = []
    for w, b in weights:
        if inputs:
            np.maximum(x, 0, out=x)
        inputs.append(x)
        x = x @ w
        x += b
    return x, inputs


def cross_entropy(z, t):
    """The mean loss of logits z, which are overwritten, and its derivative."""
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - np.vdot(t, z)) / len(z)
    e /= total
    e -= t
    e *= 1 / len(z)
    return loss, e


def backward(g, weights, gradients, inputs):
    """Fill the gradients, last layer first; returns the cotangent of the first layer's output, before its relu."""
    ones = np.ones(len(g), np.float32)
    for (w, _), (dw, db), h in zip(weights[::-1], gradients[::-1], inputs[::-1]):
        np.matmul(h.T, g, out=dw)
        np.matmul(ones, g, out=db)
        if h is not inputs[0]:
            g = g @ w.T
            g *= h > 0
    return g


def numpy(p):
    adam = FlatAdam(p.weights, p.lr)
    weights, gradients = pairs(adam.weights), pairs(adam.gradients)

    def step(x, labels, t):
        z, inputs = forward(x, weights)
        loss, g = cross_entropy(z, t)
        backward(g, weights, gradients, inputs)
        adam.step()
        return loss
    return pass_over(step, p.batches)


# -- peers -----------------------------------------------------------------------------------------------------------
def torch_layers(p):
    import torch
    layers = []
    for w, b in zip(p.weights[::2], p.weights[1::2]):
        linear = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, torch.nn.ReLU()]
    return layers[:-1]


def torch_adam(layers=torch_layers, **options):
    """PyTorch, eager, with one of its three ways to do Adam."""
    def make(p):
        import torch
        model = torch.nn.Sequential(*layers(p))
        adam = torch.optim.Adam(model.parameters(), p.lr, eps=EPSILON, **options)

        def step(x, labels):
            adam.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), labels)
            loss.backward()
            adam.step()
            return loss.detach()
        return pass_over(step, [(torch.from_numpy(x), torch.from_numpy(labels)) for x, labels, _ in p.batches])
    return make


def jax_adam(loss, weights, lr, decay=0.0):
    """A jitted step(state, *batch) -> (state, loss) and its first state; loss(weights, *batch) is to be minimised."""
    import jax
    from jax import numpy as jnp
    tree_map = jax.tree_util.tree_map

    def step(state, *batch):
        w, m, v, t = state
        value, g = jax.value_and_grad(loss)(w, *batch)
        t = t + 1
        m = tree_map(lambda m, g: B1 * m + (1 - B1) * g, m, g)
        v = tree_map(lambda v, g: B2 * v + (1 - B2) * g * g, v, g)
        rate = lr * jnp.sqrt(1 - B2 ** t) / (1 - B1 ** t)
        w = tree_map(lambda w, m, v: (1 - lr * decay) * w - rate * m / (jnp.sqrt(v) + EPSILON), w, m, v)
        return (w, m, v, t), value
    weights = tree_map(jnp.asarray, weights)
    zeros = tree_map(jnp.zeros_like, weights)
    return jax.jit(step, donate_argnums=0), (weights, zeros, tree_map(jnp.zeros_like, weights), jnp.float32(0))


def jax(p):
    import jax
    from jax import numpy as jnp

    def loss(weights, x, labels):
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = jax.nn.relu(x @ w + b)
        logp = jax.nn.log_softmax(x @ weights[-2] + weights[-1])
        return -jnp.take_along_axis(logp, labels[:, None], axis=1).mean()

    step, state = jax_adam(loss, p.weights, p.lr)
    batches = [(jnp.asarray(x), jnp.asarray(labels)) for x, labels, _ in p.batches]

    def run():
        nonlocal state
        losses = []
        for batch in batches:
            state, value = step(state, *batch)
            losses.append(value)
        jax.block_until_ready(state)
        return losses[:3]
    return run


def numpy_adam(weights, lr):
    """Adam for frameworks that have none: update(gradients) changes the arrays in place."""
    moments, t = [(np.zeros_like(w), np.zeros_like(w)) for w in weights], 0

    def update(gradients):
        nonlocal t
        t += 1
        rate = lr * math.sqrt(1 - B2 ** t) / (1 - B1 ** t)
        for w, g, (m, v) in zip(weights, gradients, moments):
            m += (1 - B1) * (g - m)
            v += (1 - B2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + EPSILON)
    return update


def autograd(p):
    import autograd
    import autograd.numpy as anp
    weights = [w.copy() for w in p.weights]

    def loss(weights, x, t):
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = anp.maximum(anp.dot(x, w) + b, 0)
        z = anp.dot(x, weights[-2]) + weights[-1]
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(t * z, axis=1))
    both, update = autograd.value_and_grad(loss), numpy_adam(weights, p.lr)

    def step(x, labels, t):
        value, gradients = both(weights, x, t)
        update(gradients)
        return value
    return pass_over(step, p.batches)


def mygrad(p):
    import mygrad
    from mygrad.nnet.losses import softmax_crossentropy
    weights = [mygrad.tensor(w.copy()) for w in p.weights]
    update = numpy_adam([w.data for w in weights], p.lr)

    def step(x, labels, t):
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = mygrad.maximum(mygrad.matmul(x, w) + b, 0)
        loss = softmax_crossentropy(mygrad.matmul(x, weights[-2]) + weights[-1], labels)
        loss.backward()
        update([w.grad for w in weights])
        return loss.data
    return pass_over(step, p.batches)


def dezero(p):
    dezero = import_dezero()
    F, weights = dezero.functions, [dezero.Parameter(w.copy()) for w in p.weights]
    update = numpy_adam([w.data for w in weights], p.lr)

    def step(x, labels, t):
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = F.relu(F.linear(x, w, b))
        loss = F.softmax_cross_entropy(F.linear(x, weights[-2], weights[-1]), labels)
        for w in weights:
            w.cleargrad()
        loss.backward()
        update([w.grad.data for w in weights])
        return loss.data
    return pass_over(step, p.batches)


def tinygrad(p):
    from tinygrad import Context, Tensor, TinyJit
    from tinygrad.nn.optim import Adam
    weights = [Tensor(w.copy()).is_param_() for w in p.weights]
    adam = Adam(weights, lr=p.lr, eps=EPSILON)

    @TinyJit
    def step(x, labels):
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = (x @ w + b).relu()
        loss = (x @ weights[-2] + weights[-1]).sparse_categorical_crossentropy(labels)
        adam.zero_grad()
        loss.backward()
        return loss.realize(*adam.schedule_step())
    batches = [(Tensor(x).realize(), Tensor(labels.astype(np.int32)).realize()) for x, labels, _ in p.batches]

    def run():
        with Context(TRAINING=1):
            losses = [step(*batch).item() for batch in batches[:3]]
            for batch in batches[3:]:
                step(*batch)
        weights[0].numpy()                      # waits for the last step
        return losses
    return run


# -- fit -------------------------------------------------------------------------------------------------------------
def fit(namespace):
    """model.fit for an epoch with metrics, by minigrad and by Keras: the same lines."""
    def make(p):
        import importlib
        keras = importlib.import_module(namespace)
        model = keras.Sequential(dense_layers(keras, p))
        model.compile(optimizer=keras.optimizers.Adam(p.lr),
                      loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        model.build((None, p.x.shape[1]))
        model.set_weights(p.weights)

        def step():
            history = model.fit(p.x, p.t, epochs=1, batch_size=p.batch, shuffle=False, verbose=0).history
            return history["loss"], history["accuracy"]
        return step
    return make


TORCH = {"torch": torch_adam(), "torch foreach": torch_adam(foreach=True), "torch fused": torch_adam(fused=True)}
seed = network_problem("load_digits", (64, 64), batch=32, lr=0.01)
WORKLOADS = [
    Workload("seed", "a step of the seed network: 64-64-64-10 on digits, batch 32, Adam", seed,
             {"minigrad": minigrad, "numpy": numpy, **TORCH, "jax": jax, "autograd": autograd, "mygrad": mygrad,
              "dezero": dezero, "tinygrad": tinygrad},
             targets={1: {"numpy": 1.25, "torch": 0.33, "jax": 1.0}}, unit="step"),
    *(Workload(name, f"a step of the same network in model.fit with accuracy; Keras with {backend}", seed,
               {"minigrad": fit("minigrad.keras"), "keras": fit("keras")}, targets={1: target}, unit="step",
               environment={"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"})
      for name, backend, target in (("fit", "tensorflow", {"keras": 0.15}), ("fit-jax", "jax", {}))),
    Workload("mlp", "a step of 784-512-512-10 on MNIST, batch 128, Adam",
             network_problem("load_mnist5k", (512, 512), batch=128, lr=0.001, batches=8),
             {"minigrad": minigrad, "numpy": numpy, **TORCH, "jax": jax},
             targets={1: {"torch fused": 0.9}, 2: {"torch fused": 1.0}}, unit="step"),
]
