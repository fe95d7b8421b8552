"""The floor: the workloads as hand-written NumPy, forward, backward and Adam, with no framework between.

Each takes the problem that all contenders share, and returns the step to time.  One call of a network's step is one
pass over the batches; its result is the losses of the first three steps: those of the second and third agree only if
gradients and updates do.
"""
import math

import numpy as np

B1, B2, EPSILON = 0.9, 0.999, 1e-8          # Adam's; with so small an epsilon it matters little where it is added
NORM_EPSILON = 1e-5                         # of layer norm


def pass_over(step, batches):
    """A call that passes once over the batches and returns the losses of the first three."""
    def run():
        return [step(*batch) for batch in batches][:3]
    return run


# -- one op, and products --------------------------------------------------------------------------------------------
def chain(tanh, x, w, b, layers):
    """tanh(... tanh(x w + b) w + b ...): three ops a layer."""
    for _ in range(layers):
        x = tanh(x * w + b)
    return x


def chain_of_ops(p):
    return lambda: chain(np.tanh, p.x, p.w, p.b, p.layers)


def product(p):
    return lambda: (p.a @ p.b, p.g @ p.b.swapaxes(-1, -2), p.a.swapaxes(-1, -2) @ p.g)


# -- dense networks --------------------------------------------------------------------------------------------------
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
        if self.t % 64 == 0:                    # below the normal numbers, as behind dead relus, steps are slow
            for slot in m, v:
                np.copyto(slot, 0, where=np.abs(slot, out=a) < np.finfo(np.float32).tiny)


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


def dense(p):
    adam = FlatAdam(p.weights, p.lr)
    weights, gradients = pairs(adam.weights), pairs(adam.gradients)

    def step(x, labels, t):
        z, inputs = forward(x, weights)
        loss, g = cross_entropy(z, t)
        backward(g, weights, gradients, inputs)
        adam.step()
        return loss
    return pass_over(step, p.batches)


# -- LeNet -----------------------------------------------------------------------------------------------------------
def windows(x):
    """Every 5 x 5 window of x (N, H, W, C) as a row of a matrix."""
    view = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))             # (N, H', W', C, 5, 5)
    return view.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 25 * x.shape[3])


def unwindows(rows, shape):
    """The adjoint: rows are added up where their windows were."""
    n, h, w, c = shape
    rows, x = rows.reshape(n, h - 4, w - 4, 5, 5, c), np.zeros(shape, np.float32)
    for i in range(5):
        for j in range(5):
            x[:, i:i + h - 4, j:j + w - 4] += rows[:, :, :, i, j]
    return x


def pool(x):
    """The largest of each 2 x 2 pixels of relu(x), and where they were: 1 shared among equals, 0 elsewhere."""
    n, h, w, c = x.shape
    x = np.maximum(x, 0, out=x).reshape(n, h // 2, 2, w // 2, 2, c)
    y = x.max(axis=(2, 4), keepdims=True)
    chosen = (x == y).astype(np.float32)
    chosen /= chosen.sum(axis=(2, 4), keepdims=True)
    chosen *= y > 0
    return y.reshape(n, h // 2, w // 2, c), chosen


def unpool(g, chosen):
    n, h, _, w, _, c = chosen.shape
    return (chosen * g.reshape(n, h, 1, w, 1, c)).reshape(-1, c)


def lenet(p):
    adam = FlatAdam(p.weights, p.lr)
    ((w1, b1), (w2, b2), *weights), ((dw1, db1), (dw2, db2), *gradients) = pairs(adam.weights), pairs(adam.gradients)

    def step(x, labels, t):
        n = len(x)
        x1 = windows(np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))))
        h1, chosen1 = pool((x1 @ w1.reshape(25, -1) + b1).reshape(n, 28, 28, -1))
        x2 = windows(h1)
        h2, chosen2 = pool((x2 @ w2.reshape(150, -1) + b2).reshape(n, 10, 10, -1))
        z, inputs = forward(h2.reshape(n, -1), weights)
        loss, g = cross_entropy(z, t)
        g = backward(g, weights, gradients, inputs) @ weights[0][0].T
        g = unpool(g, chosen2)
        np.matmul(x2.T, g, out=dw2.reshape(150, -1))
        g.sum(axis=0, out=db2)
        g = unpool(unwindows(g @ w2.reshape(150, -1).T, h1.shape), chosen1)
        np.matmul(x1.T, g, out=dw1.reshape(25, -1))
        g.sum(axis=0, out=db1)
        adam.step()
        return loss
    return pass_over(step, p.batches)


# -- a GPT -----------------------------------------------------------------------------------------------------------
def normalize(x, gamma, beta):
    """LayerNorm of the rows of x (N, C), and what its derivative needs."""
    x = x - x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("nc,nc->n", x, x)[:, None] / x.shape[1] + NORM_EPSILON)
    x *= scale
    return x * gamma + beta, (x, scale, gamma)


def normalize_back(g, kept, dgamma, dbeta):
    x, scale, gamma = kept
    np.einsum("nc,nc->c", g, x, out=dgamma)
    g.sum(axis=0, out=dbeta)
    g = g * gamma
    centre = g.mean(axis=1, keepdims=True)
    along = np.einsum("nc,nc->n", g, x)[:, None] / x.shape[1]
    g -= centre
    g -= x * along
    g *= scale
    return g


ROOT_2_PI = math.sqrt(2 / math.pi)


def gelu(x):
    t = x * x
    t *= 0.044715 * ROOT_2_PI
    t += ROOT_2_PI
    t *= x
    np.tanh(t, out=t)                                       # tanh(√(2/π) (x + 0.044715 x³))
    y = t + 1
    y *= x
    y *= 0.5
    return y, (x, t)


def gelu_back(g, kept):
    x, t = kept
    slope = x * x
    slope *= 3 * 0.044715 * ROOT_2_PI
    slope += ROOT_2_PI
    slope *= x
    slope *= 1 - t * t
    slope += t
    slope += 1
    slope *= g
    slope *= 0.5
    return slope


def gpt(p):
    adam = FlatAdam(list(p.weights.values()), p.lr, p.decay)
    w, dw = (dict(zip(p.weights, arrays)) for arrays in (adam.weights, adam.gradients))
    b, t = p.batches[0][0].shape
    c, heads = w["wte"].shape[1], p.heads
    n, d = b * t, c // heads
    future = np.triu(np.full((t, t), -np.inf, np.float32), 1)

    def linear(x, name):
        y = x @ w[f"{name}.w"]
        y += w[f"{name}.b"]
        return y

    def linear_back(g, x, name):
        np.matmul(x.T, g, out=dw[f"{name}.w"])
        g.sum(axis=0, out=dw[f"{name}.b"])
        return g @ w[f"{name}.w"].T

    def attention(qkv):
        q, k, v = np.ascontiguousarray(qkv.reshape(b, t, 3, heads, d).transpose(2, 0, 3, 1, 4))
        q *= 1 / math.sqrt(d)
        a = q @ k.swapaxes(2, 3)                            # (B, H, T, T)
        a += future
        a -= a.max(axis=3, keepdims=True)
        np.exp(a, out=a)
        a /= a.sum(axis=3, keepdims=True)
        return (a @ v).transpose(0, 2, 1, 3).reshape(n, c), (q, k, v, a)

    def attention_back(g, kept):
        q, k, v, a = kept
        g = np.ascontiguousarray(g.reshape(b, t, heads, d).transpose(0, 2, 1, 3))
        out = np.empty((3, b, heads, t, d), np.float32)
        np.matmul(a.swapaxes(2, 3), g, out=out[2])
        da = g @ v.swapaxes(2, 3)
        da -= np.einsum("bhts,bhts->bht", da, a)[..., None]
        da *= a
        np.matmul(da, k, out=out[0])
        out[0] *= 1 / math.sqrt(d)
        np.matmul(da.swapaxes(2, 3), q, out=out[1])
        return out.transpose(1, 3, 0, 2, 4).reshape(n, 3 * c)

    def step(tokens, targets):
        x, kept = (w["wte"][tokens] + w["wpe"]).reshape(n, c), []
        for i in range(p.layers):
            h1, norm1 = normalize(x, w[f"{i}.ln1.g"], w[f"{i}.ln1.b"])
            y, heads_ = attention(linear(h1, f"{i}.qkv"))
            x = x + linear(y, f"{i}.proj")
            h2, norm2 = normalize(x, w[f"{i}.ln2.g"], w[f"{i}.ln2.b"])
            h, bent = gelu(linear(h2, f"{i}.up"))
            x = x + linear(h, f"{i}.down")
            kept.append((h1, norm1, y, heads_, h2, norm2, h, bent))
        last, normf = normalize(x, w["lnf.g"], w["lnf.b"])
        z = last @ w["head"]
        z -= z.max(axis=1, keepdims=True)
        rows, labels = np.arange(n), targets.ravel()
        chosen = z[rows, labels]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        loss = (np.log(total) - chosen).mean()

        z /= total[:, None]
        z[rows, labels] -= 1
        z *= 1 / n
        np.matmul(last.T, z, out=dw["head"])
        g = normalize_back(z @ w["head"].T, normf, dw["lnf.g"], dw["lnf.b"])
        for i in reversed(range(p.layers)):
            h1, norm1, y, heads_, h2, norm2, h, bent = kept.pop()
            dh = gelu_back(linear_back(g, h, f"{i}.down"), bent)
            g = g + normalize_back(linear_back(dh, h2, f"{i}.up"), norm2, dw[f"{i}.ln2.g"], dw[f"{i}.ln2.b"])
            dh = attention_back(linear_back(g, y, f"{i}.proj"), heads_)
            g = g + normalize_back(linear_back(dh, h1, f"{i}.qkv"), norm1, dw[f"{i}.ln1.g"], dw[f"{i}.ln1.b"])
        g.reshape(b, t, c).sum(axis=0, out=dw["wpe"])
        dw["wte"][...] = 0
        np.add.at(dw["wte"], tokens.ravel(), g)
        adam.step()
        return loss
    return pass_over(step, p.batches)
