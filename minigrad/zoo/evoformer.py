"""The Evoformer in miniature: from an amino-acid sequence to a distribution over the distance of each two residues.

AlphaFold 2's trunk (Jumper et al. 2021, supplement 1.6) keeps two representations and lets each inform the other:

    single s (B, L, c)      what is known of each residue
    pair   z (B, L, L, c)   what is known of each pair (i, j): the edges of a graph whose nodes are residues

    s  <-  attention over residues, biased by z;  transition
    z  <-  outer product of s;  triangle multiplication, outgoing and incoming;  triangle attention;  transition

Distances obey the triangle inequality: what (i, k) and (k, j) know says something on (i, j).  Triangle updates are that
thought as layers.  AlphaFold's s has one row for each of many related sequences; here is one sequence, and the row.
"""
import numpy as np

import minigrad as mg

from ..keras.layers import Dense, Embedding, LayerNormalization
from ..keras.layers.base import Layer
from ..keras.models import Model
from .structure import separations

ALPHABET = "ACDEFGHIKLMNPQRSTVWY"        # the 20 amino acids; letters that are none of them are numbered 20


def encode(sequence):
    """The numbers (L,) of a sequence's letters."""
    return np.array([ALPHABET.find(letter) % 21 for letter in sequence.upper()], np.int32)


def attend(q, k, v, bias):
    """softmax(q kᵀ / √d + bias) v: attention in which the logit of each pair has a term of its own.

    q, k, v (..., h, L, d); bias broadcasts to (..., h, L, L); result (..., h, L, d).
    """
    return mg.softmax((q * q.shape[-1] ** -0.5) @ k.swapaxes(-1, -2) + bias) @ v


class BiasedAttention(Layer):
    """Gated attention with pair bias over the second to last axis of x (..., L, c), its output a Dense to c.

        y = Dense(sigmoid(gate x) · attend(query x, key x, value x, Dense(z)))          of heads side by side

    x is normalized first; z (B, L, L, c) as well.  Used on s, (B, L, c), and on the rows of z itself, (B, L, L, c):
    that is triangle attention, where edge (i, j) looks at edges (i, k), with a bias from the third side, (j, k).
    """

    def __init__(self, heads, dim, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.dim = heads, dim
        self.norm, self.norm_pair = LayerNormalization(epsilon=1e-5), LayerNormalization(epsilon=1e-5)
        self.qkvg = Dense(4 * heads * dim, kernel_initializer="lecun_normal")
        self.bias = Dense(heads, use_bias=False, kernel_initializer="lecun_normal")

    def build(self, input_shape):
        self.out = Dense(input_shape[-1], kernel_initializer="zeros")

    def call(self, x, z):
        length, h, d = x.shape[-2], self.heads, self.dim
        lead = x.shape[:-2]                                                         # (B,) or (B, L)
        parts = self.qkvg(self.norm(x)).reshape(*lead, length, 4, h, d)
        q, k, v, gate = (mg.moveaxis(parts[..., n, :, :], -2, -3) for n in range(4))     # (..., h, L, d)
        bias = mg.moveaxis(self.bias(self.norm_pair(z)), -1, 1)                     # (B, h, L, L)
        if len(lead) == 2:
            bias = mg.expand_dims(bias, 1)                                          # the same for every row
        y = attend(q, k, v, bias) * mg.sigmoid(gate)
        return self.out(mg.moveaxis(y, -3, -2).reshape(*lead, length, h * d))


def triangle_sum(a, b, outgoing):
    """Over all third residues k, the products of the other two sides of the triangle i, j, k; a, b, y (B, L, L, c).

        outgoing    yᵢⱼ = Σₖ aᵢₖ bⱼₖ        the edges that leave i and j
        incoming    yᵢⱼ = Σₖ aₖᵢ bₖⱼ        the edges that arrive there
    """
    a, b = mg.transpose(a, (0, 3, 1, 2)), mg.transpose(b, (0, 3, 1, 2))     # (B, c, L, L): products of L x L matrices
    y = a @ b.swapaxes(-1, -2) if outgoing else a.swapaxes(-1, -2) @ b
    return mg.transpose(y, (0, 2, 3, 1))


class TriangleMultiplication(Layer):
    """Each edge is updated from all pairs of edges that close a triangle with it: z (B, L, L, c) to the same shape.

        a, b = sigmoid(gate z) · Dense(z);    y = sigmoid(gate z) · Dense(norm(triangle_sum(a, b) / √L))
    """

    def __init__(self, dim, outgoing, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.outgoing = dim, outgoing
        self.norm, self.norm_sum = LayerNormalization(epsilon=1e-5), LayerNormalization(epsilon=1e-5)
        self.sides = Dense(4 * dim, kernel_initializer="lecun_normal")

    def build(self, input_shape):
        c = input_shape[-1]
        self.gate = Dense(c, kernel_initializer="lecun_normal")
        self.out = Dense(c, kernel_initializer="zeros")

    def call(self, z):
        z, d = self.norm(z), self.dim
        sides = self.sides(z)
        gated = mg.sigmoid(sides[..., :2 * d]) * sides[..., 2 * d:]
        y = triangle_sum(gated[..., :d], gated[..., d:], self.outgoing) * z.shape[1] ** -0.5
        return mg.sigmoid(self.gate(z)) * self.out(self.norm_sum(y))


class OuterProduct(Layer):
    """What two residues say together: s (B, L, c) to (B, L, L, units), a Dense of products aᵢ bⱼ of dim features."""

    def __init__(self, units, dim=8, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.norm, self.sides = LayerNormalization(epsilon=1e-5), Dense(2 * dim, kernel_initializer="lecun_normal")
        self.out = Dense(units, kernel_initializer="zeros")

    def call(self, s):
        b, length, _ = s.shape
        sides = self.sides(self.norm(s))
        left = sides[..., :self.dim].reshape(b, length, 1, self.dim, 1)
        right = sides[..., self.dim:].reshape(b, 1, length, 1, self.dim)
        return self.out((left * right).reshape(b, length, length, self.dim ** 2))


class Transition(Layer):
    """A small network on each entry by itself: Dense(relu(Dense(norm(x)))), `factor` times as wide inside."""

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.norm = factor, LayerNormalization(epsilon=1e-5)

    def build(self, input_shape):
        self.wide = Dense(self.factor * input_shape[-1], "relu", kernel_initializer="he_normal")
        self.out = Dense(input_shape[-1], kernel_initializer="zeros")

    def call(self, x):
        return self.out(self.wide(self.norm(x)))


class EvoformerBlock(Layer):
    """One round of the Evoformer: (s, z) to (s, z).  Every update is added, and is 0 before training."""

    def __init__(self, pair, heads=4, dim=8, triangle_attention=True, **kwargs):
        super().__init__(**kwargs)
        self.attention, self.transition = BiasedAttention(heads, 2 * dim), Transition()
        self.outer = OuterProduct(pair)
        self.outgoing, self.incoming = TriangleMultiplication(pair, True), TriangleMultiplication(pair, False)
        self.rows = self.columns = None
        if triangle_attention:
            self.rows, self.columns = BiasedAttention(heads, dim), BiasedAttention(heads, dim)
        self.transition_pair = Transition()

    def call(self, s, z):
        s = s + self.attention(s, z)
        s = s + self.transition(s)
        z = z + self.outer(s)
        z = z + self.outgoing(z)
        z = z + self.incoming(z)
        if self.rows is not None:
            z = z + self.rows(z, z)                                     # around the starting node
            turned = z.swapaxes(1, 2)
            z = z + self.columns(turned, turned).swapaxes(1, 2)         # around the ending node
        return s, z + self.transition_pair(z)


class Evoformer(Model):
    """Logits (B, L, L, bins) over the distance of each pair of residues, from the sequences (B, L) of their numbers.

    single, pair    features of the two representations
    blocks          rounds; AlphaFold 2 has 48 of them, and 256 and 128 features
    reach           separations i - j are told apart from -reach to reach (AlphaFold: 32)
    triangle_attention      whether blocks have it; it costs more than all the rest

    Its loss is the mean cross-entropy, in nats, of the pairs of residues that are no neighbours.
    """

    def __init__(self, bins, single=64, pair=32, blocks=4, heads=4, reach=32, triangle_attention=False, **kwargs):
        super().__init__(**kwargs)
        self.reach = reach
        self.residues = Embedding(len(ALPHABET) + 1, single)
        self.left, self.right = Embedding(len(ALPHABET) + 1, pair), Embedding(len(ALPHABET) + 1, pair)
        self.position = Embedding(2 * reach + 1, pair)
        self.blocks = [EvoformerBlock(pair, heads, pair // heads, triangle_attention) for _ in range(blocks)]
        self.norm = LayerNormalization(epsilon=1e-5)
        self.head = Dense(bins, kernel_initializer="zeros")

    def call(self, sequence):
        place = np.arange(sequence.shape[1], dtype=np.int32)
        offset = np.clip(place[:, None] - place, -self.reach, self.reach) + self.reach
        s = self.residues(sequence)                                                         # (B, L, c)
        z = mg.expand_dims(self.left(sequence), 2) + mg.expand_dims(self.right(sequence), 1) \
            + self.position(offset)                                                         # (B, L, L, c)
        for block in self.blocks:
            s, z = block(s, z)
        return self.head(self.norm(z + z.swapaxes(1, 2)))               # a distance has no direction

    def distogram(self, sequence):
        """ln p of the bins (L, L, bins), a float64 array, for one sequence of letters."""
        with mg.no_grad():
            return mg.log_softmax(self(encode(sequence)[None], training=False)._data[0].astype(np.float64))

    def compute_loss(self, y, y_pred, sample_weight=None):
        """y (B, L, L): the bin of each pair."""
        length = y.shape[-1]
        counted = (separations(length) >= 2).astype(np.float32)
        nats = mg.sparse_softmax_cross_entropy(y_pred, y)                                   # (B, L, L)
        return (nats * (counted / (len(y) * counted.sum()))).sum()
