"""The gradient of each example's own loss, all in one backward pass.

Backward adds the examples' shares up where a weight is used: dW = Σᵢ xᵢᵀ gᵢ.  The shares are in its hands just before,
and for a weight matrix each is an outer product, so its norm is known without forming it: ‖xᵢᵀ gᵢ‖ = ‖xᵢ‖ ‖gᵢ‖.
(Goodfellow 2015, "Efficient Per-Example Gradient Computations")  Where a weight serves T places of each example, the
share is Σₜ xₜᵀ gₜ, and its norm's square Σₜₛ (xₜ · xₛ)(gₜ · gₛ).  (Li et al. 2022, "ghost clipping")
"""
import copy

import numpy as np

from ...engine import backend
from ...engine.ops.matmul import linear, matmul
from ...engine.tensor import Tensor, backpropagate, tape_of, unbroadcast
from ...support.explaining import explained


class Share:
    """A place where an op uses a weight: the op's inputs, and its result's cotangent g, a row for each example.

    position    which of the op's inputs the weight is; weights, the positions of all inputs that are weights
    made        (op, position, value, args, params), first to last, by which what is used here was made from the weight:
                one, its transposition, say
    """

    def __init__(self, op, g, value, args, params, position, weights, made=()):
        self.op, self.g, self.value, self.args, self.params = op, g, value, args, params
        self.position, self.weights, self.made, self.kind = position, weights, made, "other"
        if op in (matmul, linear) and position == 1 and args[0].ndim >= 2 == args[1].ndim:
            self.kind = "matrix"
        elif op is linear and position == 2:
            self.kind = "bias"

    def norms_squared(self):
        """(B,), or None where the gradients must be formed first."""
        if self.kind == "other" or self.made:
            return None
        x, g = self._places()
        if self.kind == "bias":
            return np.square(g.sum(axis=1)).sum(axis=1)
        if g.shape[1] ** 2 > x.shape[2] * g.shape[2]:
            return None                     # the gradients (m, n) are smaller than the products (T, T)
        return np.einsum("bts,bts->b", x @ x.swapaxes(1, 2), g @ g.swapaxes(1, 2))

    def _places(self):
        """The inputs (B, T, m) and cotangents (B, T, n) of T places in each example."""
        return (a.reshape(len(a), -1, a.shape[-1]) for a in (self.args[0], self.g))

    def gradients(self):
        """(B, *shape of the weight)."""
        if self.kind == "other":
            found = np.stack([self._by_the_rule(slice(i, i + 1)) for i in range(len(self.g))])
        else:
            x, g = self._places()
            found = x.swapaxes(1, 2) @ g if self.kind == "matrix" else g.sum(axis=1)
        return np.stack([self._back(row) for row in found]) if self.made else found

    def total(self, c):
        """Σᵢ cᵢ · gradient of example i, in the weight's shape."""
        if self.kind == "other":
            return np.tensordot(c, self.gradients(), 1)
        g = (self.g * c.reshape(-1, *(1,) * (self.g.ndim - 1))).reshape(-1, self.g.shape[-1])
        return self._back(g.sum(axis=0) if self.kind == "bias" else self.args[0].reshape(len(g), -1).T @ g)

    def _back(self, g):
        """The cotangent of the weight, for that of what was made from it."""
        for op, position, value, args, params in reversed(self.made):
            g = _rule(op, position, g, value, args, params)
        return g

    def _by_the_rule(self, rows):
        """The op's own rule for these rows of what has a row for each example."""
        args = [x[rows] if k not in self.weights and has_rows(self.op, x, self.g) else x
                for k, x in enumerate(self.args)]
        return _rule(self.op, self.position, self.g[rows], self.value[rows], args, self.params)


def _rule(op, position, g, value, args, params):
    """The cotangent of an op's input, in its shape."""
    params = {**params, "saved": None} if op.saves else params
    share = tuple(op.vjp(g, value, *args, **params))[position] if op.joint else op.rules[position](
        g, value, *args, **params)
    shape = np.shape(args[position])
    return share if share.shape == shape else unbroadcast(share, shape, op)


def has_rows(op, x, y):
    """Whether the first axis of an input x counts the examples, as that of the result y does."""
    return np.ndim(x) > 0 and len(x) == len(y) and (x.ndim == y.ndim or not op.elementwise)


class PerExample:
    """The gradients of B losses with respect to weights, as shares of the places where a weight is used.

        per_example = PerExample(losses, weights)       # losses (B,), a Tensor made from the weights
        per_example.norms()                             # (B,): the norm of each example's whole gradient
        per_example.total(c)                            # Σᵢ cᵢ · gradient of example i: an array for each weight
        per_example.gradients()                         # (B, *weight.shape) for each weight

    The first axis of whatever meets a weight must count the examples, and an example's loss depend on that example
    alone: ValueError for batch normalization, or any op that declares mixes=True, and where a weight meets what has no
    row for each example.  What is made from one weight alone, its transpose say, counts as that weight: an embedding
    may also be the output's matrix, as in the zoo's GPT.  Weights of Dense layers cost little more than a backward
    pass; others go one example at a time through their op's rule.  The tape is used up, as by backward.
    """

    @explained
    def __init__(self, losses, weights):
        if losses.ndim != 1:
            raise ValueError(f"PerExample: losses must hold one number for each example, not shape {losses.shape}: "
                             "use a loss with reduction=None")
        self.size, self.shares = len(losses), {w: [] for w in weights}
        self.made = {w: (w, ()) for w in self.shares}       # {what was made from a weight alone: (it, how)}
        tape = [t for t in tape_of(losses) if t.node is not None]
        self.spread = {x for t in tape if t.node.op.elementwise for x in t.node.inputs      # the same for all examples
                       if isinstance(x, Tensor) and x.ndim < t.ndim}
        for t in tape:
            self._tap(t)
        backpropagate(losses, backend.array_module(losses).ones_like(losses._data))

    def _tap(self, t):
        """Let the op that made t note its cotangent, and give weights none: they have shares instead."""
        op, inputs, args = t.node.op, t.node.inputs, t.node.args
        if op.mixes:
            raise ValueError(f"PerExample: {op.name} makes what one example gives depend on the others; "
                             "use LayerNormalization")
        weights = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x in self.made]
        if not weights:
            return
        if len(weights) == 1 and not any(np.ndim(x) for i, x in enumerate(args) if i not in weights):
            weight, how = self.made[inputs[weights[0]]]
            self.made[t] = weight, (*how, (op, weights[0], t._data, args, t.node.params))
            return
        if t.shape[:1] != (self.size,) or t in self.spread or not any(
                has_rows(op, x, t) for i, x in enumerate(args) if i not in weights):
            raise ValueError(f"PerExample: {op.name} makes an array of shape {t.shape} from a weight of shape "
                             f"{inputs[weights[0]].shape} and no examples, of which there are {self.size}")

        def note(g, y, args, params):
            params = {name: value for name, value in params.items() if name != "saved"}
            for i in weights:
                weight, how = self.made[inputs[i]]
                self.shares[weight].append(Share(op, g, y, args, params, i, weights, how))

        def joint(g, y, *args, **params):
            note(g, y, args, params)
            return [None if i in weights else gx for i, gx in enumerate(op.vjp(g, y, *args, **params))]

        def first(g, y, *args, **params):
            note(g, y, args, params)

        t.node.op = tapped = copy.copy(op)
        tapped.vjp = joint if op.joint else op.vjp
        tapped.rules = op.rules if op.joint else tuple(
            first if i == weights[0] else None if i in weights else rule for i, rule in enumerate(op.rules))

    def norms(self):
        """(B,): the norm of each example's gradient, over all weights together."""
        squared = 0.0
        for w, shares in self.shares.items():
            known = shares[0].norms_squared() if len(shares) == 1 else None
            if known is None:
                known = np.square(self._gradients(w)).reshape(self.size, w.size).sum(axis=1)
            squared = squared + known
        return np.sqrt(squared)

    def total(self, coefficients):
        """Σᵢ coefficientsᵢ · the gradient of example i: a list of arrays in the weights' shapes."""
        def total(w):
            c = backend.asarray(coefficients, w.dtype, w.device)
            return sum((s.total(c) for s in self.shares[w]), backend.array_module(w).zeros_like(w._data))
        return [total(w) for w in self.shares]

    def gradients(self):
        """A list of arrays (B, *weight.shape)."""
        return [self._gradients(w) for w in self.shares]

    def _gradients(self, w):
        nothing = backend.array_module(w).zeros((self.size, *w.shape), w.dtype)
        return sum((s.gradients() for s in self.shares[w]), nothing)


@explained
def per_example_gradients(losses, weights):
    """Gᵢ = dℓᵢ/dw for each example i: a list of arrays (B, *weight.shape), from losses ℓ (B,), a Tensor.

    Equal to B backward passes, in one; PerExample says for which models.
    """
    return PerExample(losses, weights).gradients()
