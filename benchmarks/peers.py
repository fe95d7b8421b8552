"""The workloads in other frameworks: PyTorch, JAX, autograd, MyGrad, DeZero and tinygrad, where they are installed.

Each takes the problem that all contenders share, and returns the step to time, as those of floor.py do.
"""
import math

import numpy as np

from .floor import B1, B2, EPSILON, NORM_EPSILON, chain, pairs, pass_over


# -- one op ----------------------------------------------------------------------------------------------------------
def torch_chain(p):
    import torch
    x, w, b = map(torch.tensor, (p.x, p.w, p.b))
    x, ones = x.requires_grad_(), torch.ones(4, dtype=torch.float64)

    def step():
        y = chain(torch.tanh, x, w, b, p.layers)
        dx, = torch.autograd.grad(y, x, ones)
        return y.detach(), dx
    return step


def autograd_chain(p):
    import autograd
    import autograd.numpy as anp
    ones, pullback = np.ones(4), autograd.make_vjp(lambda x: chain(anp.tanh, x, p.w, p.b, p.layers))

    def step():
        vjp, y = pullback(p.x)
        return y, vjp(ones)
    return step


def mygrad_chain(p):
    import mygrad
    x, ones = mygrad.tensor(p.x), np.ones(4)

    def step():
        y = chain(mygrad.tanh, x, p.w, p.b, p.layers)
        y.backward(ones)
        return y.data, x.grad
    return step


def import_dezero():
    np.int = int                                # DeZero 0.0.13 asks for this old alias, which NumPy 1.24 dropped
    import dezero
    import dezero.functions
    return dezero


def dezero_chain(p):
    dezero = import_dezero()
    x, ones = dezero.Variable(p.x), dezero.Variable(np.ones(4))

    def step():
        x.cleargrad()
        y = chain(dezero.functions.tanh, x, p.w, p.b, p.layers)
        y.grad = ones
        y.backward()
        return y.data, x.grad.data
    return step


# -- products --------------------------------------------------------------------------------------------------------
def torch_product(p):
    import torch
    a, b, g = map(torch.from_numpy, (p.a, p.b, p.g))
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()

    def step():
        y = a @ b
        return y.detach(), *torch.autograd.grad(y, (a, b), g)
    return step


def jax_product(p):
    import jax
    a, b, g = map(jax.numpy.asarray, (p.a, p.b, p.g))

    @jax.jit
    def both(a, b, g):
        y, pullback = jax.vjp(jax.numpy.matmul, a, b)
        return y, *pullback(g)
    return lambda: jax.block_until_ready(both(a, b, g))


# -- networks: PyTorch -----------------------------------------------------------------------------------------------
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


def torch_lenet(p):
    """The same weights in PyTorch's order: channels first."""
    import torch
    (w1, b1), (w2, b2), (w3, b3), *rest = pairs(p.weights)
    w3 = w3.reshape(5, 5, 16, -1).transpose(2, 0, 1, 3).reshape(400, -1)
    layers = [torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(6, 16, 5),
              torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(1)]
    for w, _ in ((w3, b3), *rest):
        layers += [torch.nn.Linear(*w.shape), torch.nn.ReLU()]
    weights = [w1.transpose(3, 2, 0, 1), b1, w2.transpose(3, 2, 0, 1), b2, w3.T, b3, *(a.T for p in rest for a in p)]
    with torch.no_grad():
        for parameter, array in zip(torch.nn.Sequential(*layers).parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(array.copy()))
    return [torch.nn.Flatten(1), torch.nn.Unflatten(1, (1, 28, 28)), *layers[:-1]]


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


def torch_gpt(**options):
    """PyTorch, eager, with its fused attention (scaled_dot_product_attention)."""
    def make(p):
        import torch
        from torch.nn import functional as F
        w = {name: torch.tensor(a, requires_grad=True) for name, a in p.weights.items()}
        for name in [name for name in w if name.endswith(".w")]:     # as torch.nn.Linear stores them: (out, in)
            w[name] = torch.tensor(p.weights[name].T.copy(), requires_grad=True)
        adam = torch.optim.AdamW(w.values(), p.lr, betas=(B1, B2), eps=EPSILON, weight_decay=p.decay, **options)

        def norm(x, name):
            return F.layer_norm(x, x.shape[-1:], w[f"{name}.g"], w[f"{name}.b"], NORM_EPSILON)

        def linear(x, name):
            return F.linear(x, w[f"{name}.w"], w[f"{name}.b"])

        def step(tokens, targets):
            (b, t), c = tokens.shape, w["wte"].shape[1]
            x = F.embedding(tokens, w["wte"]) + w["wpe"]
            for i in range(p.layers):
                qkv = linear(norm(x, f"{i}.ln1"), f"{i}.qkv")
                q, k, v = (a.view(b, t, p.heads, -1).transpose(1, 2) for a in qkv.split(c, -1))
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, c)
                x = x + linear(y, f"{i}.proj")
                x = x + linear(F.gelu(linear(norm(x, f"{i}.ln2"), f"{i}.up"), approximate="tanh"), f"{i}.down")
            z = norm(x, "lnf") @ w["head"]
            loss = F.cross_entropy(z.view(-1, z.shape[-1]), targets.reshape(-1))
            adam.zero_grad()
            loss.backward()
            adam.step()
            return loss.detach()
        return pass_over(step, [tuple(torch.tensor(a) for a in batch) for batch in p.batches])
    return make


# -- networks: JAX ---------------------------------------------------------------------------------------------------
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


def jax_dense(p):
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


def jax_gpt(p):
    import jax
    from jax import numpy as jnp

    def norm(w, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + NORM_EPSILON) * w[f"{name}.g"] + w[f"{name}.b"]

    def loss(w, tokens, targets):
        b, t = tokens.shape
        x = w["wte"][tokens] + w["wpe"]
        past = jnp.tril(jnp.ones((t, t), bool))
        for i in range(p.layers):
            def linear(x, name, i=i):
                return x @ w[f"{i}.{name}.w"] + w[f"{i}.{name}.b"]
            q, k, v = linear(norm(w, x, f"{i}.ln1"), "qkv").reshape(b, t, 3, p.heads, -1).transpose(2, 0, 3, 1, 4)
            a = jnp.where(past, q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1]), -jnp.inf)
            y = (jax.nn.softmax(a) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
            x = x + linear(y, "proj")
            x = x + linear(jax.nn.gelu(linear(norm(w, x, f"{i}.ln2"), "up"), approximate=True), "down")
        logp = jax.nn.log_softmax(norm(w, x, "lnf") @ w["head"])
        return -jnp.take_along_axis(logp, targets[..., None], -1).mean()

    step, state = jax_adam(loss, p.weights, p.lr, p.decay)
    batches = [tuple(map(jnp.asarray, batch)) for batch in p.batches]

    def run():
        nonlocal state
        losses = []
        for batch in batches:
            state, value = step(state, *batch)
            losses.append(jax.block_until_ready(value))
        return losses
    return run


# -- networks: frameworks without an Adam of their own, and tinygrad -------------------------------------------------
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


def autograd_dense(p):
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


def mygrad_dense(p):
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


def dezero_dense(p):
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


def tinygrad_dense(p):
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
