# ruff: noqa: I001
# Written by `python -m tests.house.stub` from minigrad's table of derivatives and public names; not by hand.
from collections.abc import Callable, Iterator, Sequence
from contextlib import _GeneratorContextManager
from typing import Any, TypeAlias, overload

import numpy as np

from . import data as data
from . import keras as keras
from . import learn as learn
from . import testing as testing
from . import viz as viz
from . import zoo as zoo
from .data import corpora as corpora
from .data import datasets as datasets
from .engine import backend as backend
from .engine import ops as ops
from .engine import profile as profile
from .keras import GradientTape as GradientTape
from .keras import activations as activations
from .keras import callbacks as callbacks
from .keras import initializers as initializers
from .keras import layers as layers
from .keras import losses as losses
from .keras import metrics as metrics
from .keras import models as models
from .keras import optimizers as optimizers
from .keras import regularizers as regularizers
from .keras.optimizers import schedules as schedules
from .scale import distributed as distributed
from .scale import planning as planning
from .support import errors as errors
from .trust import fairness as fairness
from .trust import interpretability as interpretability
from .trust import privacy as privacy
from .trust import security as security

__version__: str
Numbers: TypeAlias = np.ndarray | np.generic | float | Sequence[Any]
Operand: TypeAlias = Tensor | Numbers
PUBLIC: dict[str, str]


class Tensor:
    """An array that can be differentiated with respect to.

    data            the array (NumPy on the CPU, CuPy on the GPU)
    grad            after backward, on a leaf: a Tensor of the same shape, the derivative of the result with respect to
                    this leaf.  Each backward *sets* it: nothing needs zeroing, calling again gives the same answer.
    requires_grad   whether gradients are wanted; the result of an operation requires them if any input does
    node            the line of the tape, or None for a leaf
    """
    data: np.ndarray
    grad: Tensor | None
    requires_grad: bool
    node: Any
    @property
    def T(self) -> Tensor:
        """The tensor with its axes reversed."""
    def __abs__(self) -> Tensor:
        """y = |x|      dx = g sign x,  and 0 at x = 0"""
    def __add__(self, other: Operand, /) -> Tensor:
        """y = a + b      da = g,  db = g"""
    def __and__(self, other: Operand, /) -> Tensor:
        """y = bitwise and, elementwise; whole numbers or truths, without derivative"""
    def __array__(self, /, dtype: Any = None, copy: Any = None) -> np.ndarray: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: Operand, /) -> Tensor: ...  # type: ignore[override]
    def __float__(self) -> float:
        """The value of one element; refused on the tape, since float(t) can't be told from math.sqrt(t): t.item().
        """
    def __floordiv__(self, other: Operand, /) -> Tensor:
        """y = ⌊a / b⌋      da = 0,  db = 0"""
    def __format__(self, /, spec: str) -> str: ...
    def __ge__(self, other: Operand, /) -> Tensor:
        """y = greater equal, elementwise; whole numbers or truths, without derivative"""
    def __getitem__(self, /, index: Any) -> Tensor:
        """y = x[index], any NumPy index      dx = 0 but at index, where g is added: as often as an element was read.
        """
    def __gt__(self, other: Operand, /) -> Tensor:
        """y = greater, elementwise; whole numbers or truths, without derivative"""
    def __iadd__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __iand__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __ifloordiv__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __ilshift__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __imatmul__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __imod__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __imul__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __index__(self) -> int: ...
    def __int__(self) -> int: ...
    def __invert__(self) -> Tensor:
        """y = invert, elementwise; whole numbers or truths, without derivative"""
    def __ior__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __ipow__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __irshift__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __isub__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __iter__(self) -> Iterator[Tensor]: ...
    def __itruediv__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __ixor__(self, other: Operand, /) -> Tensor:
        """a += b: where it is recorded, a new tensor; under no_grad, an edit of a's array."""
    def __le__(self, other: Operand, /) -> Tensor:
        """y = less equal, elementwise; whole numbers or truths, without derivative"""
    def __len__(self) -> int: ...
    def __lshift__(self, other: Operand, /) -> Tensor:
        """y = left shift, elementwise; whole numbers or truths, without derivative"""
    def __lt__(self, other: Operand, /) -> Tensor:
        """y = less, elementwise; whole numbers or truths, without derivative"""
    def __matmul__(self, other: Operand, /) -> Tensor:
        """Y = A B      dA = G Bᵀ,  dB = Aᵀ G;  vectors, and batches that broadcast, as in np.matmul"""
    def __mod__(self, other: Operand, /) -> Tensor:
        """y = a - b ⌊a / b⌋, of the sign of b      da = g,  db = -g ⌊a / b⌋"""
    def __mul__(self, other: Operand, /) -> Tensor:
        """y = a b      da = g b,  db = g a"""
    def __ne__(self, other: Operand, /) -> Tensor: ...  # type: ignore[override]
    def __neg__(self) -> Tensor:
        """y = -x      dx = -g"""
    def __or__(self, other: Operand, /) -> Tensor:
        """y = bitwise or, elementwise; whole numbers or truths, without derivative"""
    def __pos__(self) -> Tensor:
        """y = +x, a copy      dx = g"""
    def __pow__(self, other: Operand, /) -> Tensor:
        """y = aᵇ      da = g b aᵇ⁻¹,  db = g y ln a"""
    def __radd__(self, other: Operand, /) -> Tensor:
        """y = a + b      da = g,  db = g"""
    def __rand__(self, other: Operand, /) -> Tensor:
        """y = bitwise and, elementwise; whole numbers or truths, without derivative"""
    def __rfloordiv__(self, other: Operand, /) -> Tensor:
        """y = ⌊a / b⌋      da = 0,  db = 0"""
    def __rlshift__(self, other: Operand, /) -> Tensor:
        """y = left shift, elementwise; whole numbers or truths, without derivative"""
    def __rmatmul__(self, other: Operand, /) -> Tensor:
        """Y = A B      dA = G Bᵀ,  dB = Aᵀ G;  vectors, and batches that broadcast, as in np.matmul"""
    def __rmod__(self, other: Operand, /) -> Tensor:
        """y = a - b ⌊a / b⌋, of the sign of b      da = g,  db = -g ⌊a / b⌋"""
    def __rmul__(self, other: Operand, /) -> Tensor:
        """y = a b      da = g b,  db = g a"""
    def __ror__(self, other: Operand, /) -> Tensor:
        """y = bitwise or, elementwise; whole numbers or truths, without derivative"""
    def __rpow__(self, other: Operand, /) -> Tensor:
        """y = aᵇ      da = g b aᵇ⁻¹,  db = g y ln a"""
    def __rrshift__(self, other: Operand, /) -> Tensor:
        """y = right shift, elementwise; whole numbers or truths, without derivative"""
    def __rshift__(self, other: Operand, /) -> Tensor:
        """y = right shift, elementwise; whole numbers or truths, without derivative"""
    def __rsub__(self, other: Operand, /) -> Tensor:
        """y = a - b      da = g,  db = -g"""
    def __rtruediv__(self, other: Operand, /) -> Tensor:
        """y = a / b      da = g / b,  db = -g y / b"""
    def __rxor__(self, other: Operand, /) -> Tensor:
        """y = bitwise xor, elementwise; whole numbers or truths, without derivative"""
    def __setitem__(self, /, index: Any, value: Any) -> None:
        """x[index] = value, in place: not recorded, and an error in backward if the tape needs the old values."""
    def __sub__(self, other: Operand, /) -> Tensor:
        """y = a - b      da = g,  db = -g"""
    def __truediv__(self, other: Operand, /) -> Tensor:
        """y = a / b      da = g / b,  db = -g y / b"""
    def __xor__(self, other: Operand, /) -> Tensor:
        """y = bitwise xor, elementwise; whole numbers or truths, without derivative"""
    def abs(self) -> Tensor:
        """y = |x|      dx = g sign x,  and 0 at x = 0"""
    def all(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = whether all x are true; boolean, so without derivative."""
    def any(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = whether any x is true; boolean, so without derivative."""
    def argmax(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = the index of the largest x, the first of equals; an integer, so without derivative."""
    def argmin(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = the index of the smallest x, the first of equals; an integer, so without derivative."""
    def argsort(self, axis: int | tuple[int, ...] | None = -1) -> Tensor:
        """y = the indices that sort x, equals in their order; integers, so without derivative."""
    def assign(self, value: Any) -> Tensor:
        """Write numbers of the same shape into this tensor, in place, as t[...] = value: a weight's new values."""
    def assign_add(self, value: Any) -> Tensor:
        """assign(self + value)."""
    def assign_sub(self, value: Any) -> Tensor:
        """assign(self - value)."""
    def astype(self, dtype: Any) -> Tensor:
        """y = x in another type of number      dx = g in that of x; 0 if y is an integer, which moves in steps."""
    def backward(self, grad: Any = None, create_graph: bool = False, retain_graph: bool = False) -> None:
        """Set .grad = d(self)/d(leaf) on every leaf that requires it.

        grad            the cotangent of self to begin with; 1 for a scalar, needed for any other shape
        create_graph    record the walk back itself, so that the gradients can be differentiated again
        retain_graph    keep the tape for another backward; otherwise each line is dropped when used, to free memory
        """
    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """y = x limited to [min, max]      dx = g inside (limits included), 0 outside."""
    def copy(self) -> Tensor:
        """y = +x, a copy      dx = g"""
    def cos(self) -> Tensor:
        """y = cos x      dx = -g sin x"""
    def cumsum(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """yᵢ = x₁ + ... + xᵢ      dxᵢ = gᵢ + ... + gₙ;  without an axis x is flattened first."""
    def detach(self) -> Tensor:
        """The same array as a new leaf that requires no gradient."""
    @property
    def device(self) -> str:
        """Where the array is: "cpu", "gpu", "gpu:1"."""
    def diagonal(self, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """y = the elements x[..., i, i + offset] of two axes, as the last axis      dx = g on that diagonal, else 0.
        """
    def dot(self, b: Any) -> Tensor:
        """np.dot: product with a number, of vectors or of matrices; else Σ over a's last and b's second-last axis.
        """
    @property
    def dtype(self) -> np.dtype:
        """The type of the elements."""
    def exp(self) -> Tensor:
        """y = eˣ      dx = g y"""
    def flatten(self) -> Tensor:
        """x as one row of all its elements."""
    def flip(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """y = x in reverse order along axis (default: every axis)      dx = g reversed."""
    def item(self) -> float:
        """The value of a one-element tensor as a Python number."""
    def last_edit(self) -> float:
        """The number of the last change in place (-1: never)."""
    def log(self) -> Tensor:
        """y = ln x      dx = g / x"""
    @property
    def mT(self) -> Tensor:
        """The tensor with its last two axes exchanged."""
    def max(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = the largest x      g goes to the largest; ties share it equally."""
    def mean(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = Σ x / n      dx = g / n, copied along the axes of the mean."""
    def min(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = the smallest x      g goes to the smallest; ties share it equally."""
    @property
    def ndim(self) -> int:
        """The number of axes."""
    def norm(self, ord: Any = None, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """The length of vectors or the size of matrices, as in NumPy: √Σx² of all of x, or of another order.

        Along one axis, or of a vector, an order as in vector_norm; over two, or of a matrix, one as in matrix_norm.
        """
    def numpy(self) -> np.ndarray:
        """A NumPy copy of the values."""
    def prod(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = Π x      dxᵢ = g Π of the other x; right also where factors are 0."""
    def ravel(self) -> Tensor:
        """x as one row of all its elements."""
    def relu(self) -> Tensor:
        """y = max(x, 0)      dx = g where x > 0, else 0."""
    def repeat(self, repeats: Any, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """y = each element of x repeats times in a row, along axis or flattened      dx = g summed over the copies.
        """
    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """y = x in another shape of as many elements (one length may be -1)      dx = g in the shape of x."""
    def round(self, decimals: Any = 0) -> Tensor:
        """y = x rounded to so many decimals, halves to the even digit      dx = 0."""
    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes, a tuple."""
    def sigmoid(self) -> Tensor:
        """y = 1 / (1 + e⁻ˣ)      dx = g y (1 - y) = g y sigmoid(-x).

        Precise in both tails.  Where e⁻ˣ is too large a number it is ∞, and y is 0 as it should be.
        """
    def sin(self) -> Tensor:
        """y = sin x      dx = g cos x"""
    @property
    def size(self) -> int:
        """The number of elements."""
    def softmax(self, axis: int | tuple[int, ...] | None = -1, *, where: Any = None) -> Tensor:
        """y = eˣ / Σ eˣ      dx = y (g - Σ g y).  x is shifted first: same y, no overflow.

        where: a boolean array that broadcasts to x, outside which y is 0; in a row where it is nowhere true, all is 0.
        """
    def sort(self, axis: int | tuple[int, ...] | None = -1) -> Tensor:
        """y = x in ascending order      each g goes back to where its x came from, equals in their order."""
    def sqrt(self) -> Tensor:
        """y = √x      dx = g / 2y"""
    def squeeze(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """y = x without (those) axes of length 1      dx = g with them."""
    def std(self, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0, keepdims: bool = False) -> Tensor:
        """y = √var      dx = g (x - mean) / ((n - ddof) y), and 0 where all x are equal."""
    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """y = Σ x      dx = g, copied along the summed axes."""
    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """y = x with two axes exchanged      dx = g with them exchanged again."""
    def take(self, indices: Any, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """The slices of x at indices (integers) along axis; of x flattened when axis is None."""
    def tanh(self) -> Tensor:
        """y = tanh x      dx = g (1 - y²)"""
    def to(self, device: str) -> Tensor:
        """This tensor on another device ("cpu", "gpu", "gpu:1"), as a new leaf; itself where it is there already.
        """
    def tolist(self) -> list | float:
        """The values as a Python number, or as nested lists of them."""
    def touch(self) -> None:
        """Note that the array has been changed in place, now."""
    def trace(self, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """y = Σ of the diagonal of two axes      dx = g times the identity matrix."""
    def transpose(self, *axes: Any) -> Tensor:
        """y = x with its axes in the order of axes (default: reversed)      dx = g with the order undone."""
    @property
    def value(self) -> Tensor:
        """The tensor itself: what Keras' programs call a variable's value."""
    def var(self, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0, keepdims: bool = False) -> Tensor:
        """y = Σ (x - mean)² / (n - ddof)      dx = 2 g (x - mean) / (n - ddof)."""
    def __init__(self, data: Any, requires_grad: bool = False, node: Any = None) -> None: ...


@overload
def abs(x: Tensor, /) -> Tensor: ...
@overload
def abs(x: Numbers, /) -> np.ndarray:
    """y = |x|      dx = g sign x,  and 0 at x = 0"""


@overload
def add(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def add(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def add(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a + b      da = g,  db = g"""


@overload
def all(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def all(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = whether all x are true; boolean, so without derivative."""


@overload
def amax(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def amax(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the largest x      g goes to the largest; ties share it equally."""


@overload
def amin(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def amin(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the smallest x      g goes to the smallest; ties share it equally."""


@overload
def any(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def any(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = whether any x is true; boolean, so without derivative."""


@overload
def append(x: Tensor, values: Any, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def append(x: Numbers, values: Any, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """x and then values, along axis; both flattened where it is None.  A new array."""


@overload
def arccos(x: Tensor, /) -> Tensor: ...
@overload
def arccos(x: Numbers, /) -> np.ndarray:
    """y = arccos x      dx = -g / √(1 - x²)"""


@overload
def arccosh(x: Tensor, /) -> Tensor: ...
@overload
def arccosh(x: Numbers, /) -> np.ndarray:
    """y = arccosh x      dx = g / √(x² - 1)"""


@overload
def arcsin(x: Tensor, /) -> Tensor: ...
@overload
def arcsin(x: Numbers, /) -> np.ndarray:
    """y = arcsin x      dx = g / √(1 - x²)"""


@overload
def arcsinh(x: Tensor, /) -> Tensor: ...
@overload
def arcsinh(x: Numbers, /) -> np.ndarray:
    """y = arcsinh x      dx = g / √(x² + 1)"""


@overload
def arctan(x: Tensor, /) -> Tensor: ...
@overload
def arctan(x: Numbers, /) -> np.ndarray:
    """y = arctan x      dx = g / (1 + x²)"""


@overload
def arctan2(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def arctan2(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def arctan2(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = the angle of the point (b, a)      da = g b / (a² + b²),  db = -g a / (a² + b²)"""


@overload
def arctanh(x: Tensor, /) -> Tensor: ...
@overload
def arctanh(x: Numbers, /) -> np.ndarray:
    """y = arctanh x      dx = g / (1 - x²)"""


@overload
def argmax(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def argmax(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the index of the largest x, the first of equals; an integer, so without derivative."""


@overload
def argmin(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def argmin(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the index of the smallest x, the first of equals; an integer, so without derivative."""


@overload
def argsort(x: Tensor, /, axis: int | tuple[int, ...] | None = -1) -> Tensor: ...
@overload
def argsort(x: Numbers, /, axis: int | tuple[int, ...] | None = -1) -> np.ndarray:
    """y = the indices that sort x, equals in their order; integers, so without derivative."""


def array_split(x: Any, sections: Any, axis: int | tuple[int, ...] | None = 0) -> list:
    """The pieces of x along axis, the first ones longer by 1 where sections does not divide its length."""


@overload
def astype(x: Tensor, /, dtype: Any) -> Tensor: ...
@overload
def astype(x: Numbers, /, dtype: Any) -> np.ndarray:
    """y = x in another type of number      dx = g in that of x; 0 if y is an integer, which moves in steps."""


def atleast_1d(*xs: Any) -> Tensor:
    """Each x, a number as an array of one."""


def atleast_2d(*xs: Any) -> Tensor:
    """Each x, a vector as a matrix of one row."""


def atleast_3d(*xs: Any) -> Tensor:
    """Each x with at least three axes: a vector (n,) as (1, n, 1), a matrix (m, n) as (m, n, 1)."""


@overload
def attention(q: Tensor, k: Operand, v: Operand, /, causal: bool = False, mask: Any = None,
        scale: float | None = None) -> Tensor: ...
@overload
def attention(q: Operand, k: Tensor, v: Operand, /, causal: bool = False, mask: Any = None,
        scale: float | None = None) -> Tensor: ...
@overload
def attention(q: Operand, k: Operand, v: Tensor, /, causal: bool = False, mask: Any = None,
        scale: float | None = None) -> Tensor: ...
@overload
def attention(q: Numbers, k: Numbers, v: Numbers, /, causal: bool = False, mask: Any = None,
        scale: float | None = None) -> np.ndarray:
    """y = P v,  P = softmax(S),  S = q kᵀ / √d      dv = Pᵀ g,  dP = g vᵀ,  dS = P (dP - Σ P dP).

    dq = dS k / √d,  dk = dSᵀ q / √d.
    q (..., T, d), k (..., S, d), v (..., S, e), y (..., T, e).  causal: each position sees itself and earlier ones.
    mask: boolean, broadcast to (..., T, S), True where a query may look; one that may look nowhere gets y = 0 and no
    gradient.  (Vaswani et al. 2017, eq. 1)
    Memory grows with T + S, not with T S; but derivatives of the gradient hold all of S.  Where T S is large, Σ P dP is
    taken as y · g, which it is but for rounding: in float32 to 5e-7 |v| |g| (the worst seen, for up to 60,000 keys),
    also where dS is 0.

    Shapes: (t,d),(s,d),(s,e)->(t,e), with batch axes in front.
    """


@overload
def avg_pool2d(x: Tensor, /, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int, int] | None = None,
        padding: str = 'valid') -> Tensor: ...
@overload
def avg_pool2d(x: Numbers, /, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int,
        int] | None = None, padding: str = 'valid') -> np.ndarray:
    """y = Σ x / n over each window of n pixels      dx = g / n, added up where windows overlap.

    x (N, H, W, C) -> y (N, Ho, Wo, C); strides are pool_size unless given; a border of "same" doesn't count.
    """


@overload
def batch_norm(x: Tensor, gamma: Operand, beta: Operand, /, eps: float = 0.001) -> Tensor: ...
@overload
def batch_norm(x: Operand, gamma: Tensor, beta: Operand, /, eps: float = 0.001) -> Tensor: ...
@overload
def batch_norm(x: Operand, gamma: Operand, beta: Tensor, /, eps: float = 0.001) -> Tensor: ...
@overload
def batch_norm(x: Numbers, gamma: Numbers, beta: Numbers, /, eps: float = 0.001) -> np.ndarray:
    """y = γ x̂ + β,  x̂ = standardize(x) over all axes but the last      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C) with the batch first, γ and β (C,).  (Ioffe & Szegedy 2015)
    """


@overload
def bias_add(x: Tensor, b: Operand, /) -> Tensor: ...
@overload
def bias_add(x: Operand, b: Tensor, /) -> Tensor: ...
@overload
def bias_add(x: Numbers, b: Numbers, /) -> np.ndarray:
    """y = x + b, as add, but several times as fast for few channels      dx = g,  db = g

    Images x (..., C) and b (C,), or any shapes that broadcast.
    """


@overload
def bitwise_and(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def bitwise_and(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def bitwise_and(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = bitwise and, elementwise; whole numbers or truths, without derivative"""


@overload
def bitwise_or(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def bitwise_or(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def bitwise_or(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = bitwise or, elementwise; whole numbers or truths, without derivative"""


@overload
def bitwise_xor(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def bitwise_xor(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def bitwise_xor(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = bitwise xor, elementwise; whole numbers or truths, without derivative"""


@overload
def broadcast_to(x: Tensor, /, shape: int | Sequence[int]) -> Tensor: ...
@overload
def broadcast_to(x: Numbers, /, shape: int | Sequence[int]) -> np.ndarray:
    """y = x copied along new or stretched axes      dx = g summed over them (which the engine does for every op).
    """


@overload
def ceil(x: Tensor, /) -> Tensor: ...
@overload
def ceil(x: Numbers, /) -> np.ndarray:
    """y = the integer above x      dx = 0"""


def checkpoint(f: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """f(*inputs), keeping only the inputs for backward, which computes f again: less memory, one more forward pass.

    Inputs are tensors; f must return one tensor, be the same each time (no dropout inside), and get every tensor that
    needs gradients, weights included, as an input: through a closure none would arrive, so such a one is an error.
    (Chen et al. 2016)
    """


@overload
def cholesky(a: Tensor, /) -> Tensor: ...
@overload
def cholesky(a: Numbers, /) -> np.ndarray:
    """L lower triangular, L Lᵀ = A      dA = the symmetric part of L⁻ᵀ P L⁻¹,  P = the lower triangle of Lᵀ G.

    P has half the diagonal.  A stands for its symmetric part (A + Aᵀ) / 2, so that dA is symmetric too.  (Murray 2016,
    "Differentiation of the Cholesky decomposition")

    Shapes: (n,n)->(n,n), with batch axes in front.
    """


@overload
def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor: ...
@overload
def clip(x: Numbers, /, min: Any = None, max: Any = None) -> np.ndarray:
    """y = x limited to [min, max]      dx = g inside (limits included), 0 outside."""


def column_stack(xs: Any) -> Tensor:
    """The xs side by side, vectors as columns."""


def concatenate(*xs: Any, axis: int | tuple[int, ...] | None = 0) -> Tensor:
    """y = the xs end to end along axis (None: flattened)      each dx = its stretch of g."""


@overload
def cond(a: Tensor, p: Any = None) -> Tensor: ...
@overload
def cond(a: Numbers, p: Any = None) -> np.ndarray:
    """How much solve enlarges relative errors: σ₁ / σₙ (p 2 or None; -2: upside down), or norm(A, p) norm(A⁻¹, p).
    """


@overload
def conv(x: Tensor, w: Any, strides: int | tuple[int, int] | None = 1, padding: str = 'valid',
        dilation: Any = 1, groups: Any = 1) -> Tensor: ...
@overload
def conv(x: Numbers, w: Any, strides: int | tuple[int, int] | None = 1, padding: str = 'valid',
        dilation: Any = 1, groups: Any = 1) -> np.ndarray:
    """Sequences (N, T, C) with filters (k, C / groups, F), or images (N, H, W, C) with (kh, kw, C / groups, F): conv2d.

    padding     "valid", "same", numbers of zeros as in conv2d; of sequences also (before, after), or "causal": all the
                zeros before, so that y[t] sees no later x
    dilation    filters take every d-th place, and are as much larger
    groups      the channels are cut into so many parts, each with F / groups filters of its own
    """


@overload
def conv2d(x: Tensor, w: Operand, /, strides: int | tuple[int, int] | None = 1,
        padding: str = 'valid') -> Tensor: ...
@overload
def conv2d(x: Operand, w: Tensor, /, strides: int | tuple[int, int] | None = 1,
        padding: str = 'valid') -> Tensor: ...
@overload
def conv2d(x: Numbers, w: Numbers, /, strides: int | tuple[int, int] | None = 1,
        padding: str = 'valid') -> np.ndarray:
    """Y = windows(X) W      dX = overlap_add(G Wᵀ),  dW = windows(X)ᵀ G.

    Images x (N, H, W, C), filters w (kh, kw, C, F) -> (N, Ho, Wo, F): y[n, p, q] = Σ x[n, p s + i, q s + j] w[i, j].
    """


@overload
def conv_transpose(x: Tensor, w: Any, strides: int | tuple[int, int] | None = 1, padding: str = 'valid',
        dilation: Any = 1, groups: Any = 1) -> Tensor: ...
@overload
def conv_transpose(x: Numbers, w: Any, strides: int | tuple[int, int] | None = 1, padding: str = 'valid',
        dilation: Any = 1, groups: Any = 1) -> np.ndarray:
    """The derivative of conv by its images: (N, h, w, C) with filters (kh, kw, F / groups, C) to (N, H, W, F).

    Each pixel adds a copy of the filters, times its value.  H is s h with padding "same", s h + max(k - s, 0) with
    "valid", and (h - 1) s + k less the border with one in numbers.  Sequences likewise.
    """


@overload
def copy(x: Tensor, /) -> Tensor: ...
@overload
def copy(x: Numbers, /) -> np.ndarray:
    """y = +x, a copy      dx = g"""


@overload
def cos(x: Tensor, /) -> Tensor: ...
@overload
def cos(x: Numbers, /) -> np.ndarray:
    """y = cos x      dx = -g sin x"""


@overload
def cosh(x: Tensor, /) -> Tensor: ...
@overload
def cosh(x: Numbers, /) -> np.ndarray:
    """y = cosh x      dx = g sinh x"""


@overload
def cross(a: Tensor, b: Operand, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: int | tuple[int,
        ...] | None = None) -> Tensor: ...
@overload
def cross(a: Operand, b: Tensor, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: int | tuple[int,
        ...] | None = None) -> Tensor: ...
@overload
def cross(a: Numbers, b: Numbers, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: int | tuple[int,
        ...] | None = None) -> np.ndarray:
    """The cross product of vectors of three: (a₂b₃ - a₃b₂, a₃b₁ - a₁b₃, a₁b₂ - a₂b₁).

    They lie along axisa of a, axisb of b and axisc of the result; axis is all three.
    """


@overload
def cummax(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def cummax(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """yᵢ = the largest of x₁ ... xᵢ      each g goes to the element that was it, the latest of equals.

    Without an axis x is flattened first.
    """


@overload
def cummin(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def cummin(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """yᵢ = the smallest of x₁ ... xᵢ      each g goes to the element that was it, the latest of equals.

    Without an axis x is flattened first.
    """


@overload
def cumprod(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def cumprod(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """yᵢ = x₁ ... xᵢ      dxᵢ = Σⱼ gⱼ Π of the other factors, j ≥ i; right also where factors are 0.

    Without an axis x is flattened first.
    """


@overload
def cumsum(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def cumsum(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """yᵢ = x₁ + ... + xᵢ      dxᵢ = gᵢ + ... + gₙ;  without an axis x is flattened first."""


@overload
def deg2rad(x: Tensor, /) -> Tensor: ...
@overload
def deg2rad(x: Numbers, /) -> np.ndarray:
    """y = π x / 180, degrees in radians      dx = π g / 180"""


@overload
def det(a: Tensor, /) -> Tensor: ...
@overload
def det(a: Numbers, /) -> np.ndarray:
    """y = det A      dA = g y A⁻ᵀ.

    Shapes: (n,n)->(), with batch axes in front.
    """


@overload
def diag(x: Tensor, k: int = 0) -> Tensor: ...
@overload
def diag(x: Numbers, k: int = 0) -> np.ndarray:
    """Of a vector: the matrix with x on its k-th diagonal, 0 elsewhere.  Of a matrix: its k-th diagonal."""


@overload
def diagonal(x: Tensor, /, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def diagonal(x: Numbers, /, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> np.ndarray:
    """y = the elements x[..., i, i + offset] of two axes, as the last axis      dx = g on that diagonal, else 0.
    """


@overload
def diff(x: Tensor, n: Any = 1, axis: int | tuple[int, ...] | None = -1, prepend: Any = None,
        append: Any = None) -> Tensor: ...
@overload
def diff(x: Numbers, n: Any = 1, axis: int | tuple[int, ...] | None = -1, prepend: Any = None,
        append: Any = None) -> np.ndarray:
    """x[1:] - x[:-1] along axis, n times over; prepend and append are put before and after x first."""


@overload
def divide(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def divide(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def divide(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a / b      da = g / b,  db = -g y / b"""


@overload
def dot(a: Tensor, b: Operand) -> Tensor: ...
@overload
def dot(a: Operand, b: Tensor) -> Tensor: ...
@overload
def dot(a: Numbers, b: Numbers) -> np.ndarray:
    """np.dot: product with a number, of vectors or of matrices; else Σ over a's last and b's second-last axis.
    """


@overload
def dropout(x: Tensor, rate: float = 0.5) -> Tensor: ...
@overload
def dropout(x: Numbers, rate: float = 0.5) -> np.ndarray:
    """y = x with each element 0 with probability rate, the others divided by 1 - rate, so that the mean stays.

    (Srivastava et al. 2014, in the "inverted" form.)  Random: mg.seed fixes it.
    """


def dsplit(x: Any, sections: Any) -> list:
    """x cut along its third axis."""


def dstack(xs: Any) -> Tensor:
    """The xs one behind the other, along a third axis."""


@overload
def eigen(a: Tensor, /) -> Tensor: ...
@overload
def eigen(a: Numbers, /) -> np.ndarray:
    """Y = λ above V, A = V diag λ Vᵀ for symmetric A      dA = V (diag dλ + (Vᵀ dV)ᵢⱼ / (λⱼ - λᵢ)) Vᵀ.

    A (..., n, n) stands for its symmetric part (A + Aᵀ) / 2, λ is ascending, V has the eigenvectors as columns.
    Those of equal eigenvalues can be turned into each other, so they have no derivative: a ValueError, unless they
    don't matter.  (Giles 2008)
    """


def eigh(a: Any, UPLO: Any = None) -> tuple:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric A: NumPy's named pair.

    UPLO    "L" or "U": only this triangle of A is read; None: A stands for its symmetric part
    Eigenvectors of equal eigenvalues have no derivative: asked for, a ValueError.
    """


@overload
def eigvalsh(a: Tensor, UPLO: Any = None) -> Tensor: ...
@overload
def eigvalsh(a: Numbers, UPLO: Any = None) -> np.ndarray:
    """The eigenvalues of symmetric A, ascending.  Of equal ones each gets the share of its own eigenvector."""


def einsum(subscripts: Any, *operands: Any) -> Tensor:
    """np.einsum: einsum("bij,bjk->bik", a, b).  Letters name axes; those not in the output are summed over.

    Or each operand and then the numbers of its axes, at last those of the output: einsum(a, [0, 1], b, [1, 2], [0, 2]).
    """


@overload
def elu(x: Tensor, /, alpha: float = 1.0) -> Tensor: ...
@overload
def elu(x: Numbers, /, alpha: float = 1.0) -> np.ndarray:
    """y = x where x > 0, else α(eˣ - 1)      dx = g, or g α eˣ.  (Clevert et al. 2015)"""


@overload
def embedding(table: Tensor, indices: Operand, /) -> Tensor: ...
@overload
def embedding(table: Operand, indices: Tensor, /) -> Tensor: ...
@overload
def embedding(table: Numbers, indices: Numbers, /) -> np.ndarray:
    """y = table[indices], a row for each index      g is added to the row it came from, once for each use.

    table (V, C), indices (...) integers from 0 to V - 1, y (..., C).
    """


@overload
def equal(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def equal(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def equal(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = equal, elementwise; whole numbers or truths, without derivative"""


@overload
def erf(x: Tensor, /) -> Tensor: ...
@overload
def erf(x: Numbers, /) -> np.ndarray:
    """y = 2/√π ∫₀ˣ exp(-t²) dt, precise to 1e-15      dx = 2 g exp(-x²) / √π."""


@overload
def erfc(x: Tensor, /) -> Tensor: ...
@overload
def erfc(x: Numbers, /) -> np.ndarray:
    """y = 1 - erf x, precise where erf x is almost 1      dx = -2 g exp(-x²) / √π."""


@overload
def exp(x: Tensor, /) -> Tensor: ...
@overload
def exp(x: Numbers, /) -> np.ndarray:
    """y = eˣ      dx = g y"""


@overload
def exp2(x: Tensor, /) -> Tensor: ...
@overload
def exp2(x: Numbers, /) -> np.ndarray:
    """y = 2ˣ      dx = g y ln 2"""


@overload
def expand_dims(x: Tensor, /, axis: int | tuple[int, ...] | None) -> Tensor: ...
@overload
def expand_dims(x: Numbers, /, axis: int | tuple[int, ...] | None) -> np.ndarray:
    """y = x with new axes of length 1 at axis      dx = g without them."""


@overload
def expm1(x: Tensor, /) -> Tensor: ...
@overload
def expm1(x: Numbers, /) -> np.ndarray:
    """y = eˣ - 1, precise near 0      dx = g eˣ"""


@overload
def factors(a: Tensor, /) -> Tensor: ...
@overload
def factors(a: Numbers, /) -> np.ndarray:
    """Y = Q above R, A = Q R      dA = (dQ + Q S) R⁻ᵀ,  S = P's lower triangle, mirrored,  P = R dRᵀ - dQᵀ Q.

    A (..., m, n) with m ≥ n columns that don't depend on each other -> Q (..., m, n), with orthogonal columns of length
    1, and R (..., n, n), upper triangular.  Columns that do are a ValueError in backward.  (Walter and Lehmann 2010)
    """


@overload
def flip(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def flip(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """y = x in reverse order along axis (default: every axis)      dx = g reversed."""


@overload
def fliplr(x: Tensor) -> Tensor: ...
@overload
def fliplr(x: Numbers) -> np.ndarray:
    """x with its columns in reverse order."""


@overload
def flipud(x: Tensor) -> Tensor: ...
@overload
def flipud(x: Numbers) -> np.ndarray:
    """x with its rows in reverse order."""


@overload
def floor(x: Tensor, /) -> Tensor: ...
@overload
def floor(x: Numbers, /) -> np.ndarray:
    """y = the integer below x      dx = 0"""


@overload
def floor_divide(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def floor_divide(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def floor_divide(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = ⌊a / b⌋      da = 0,  db = 0"""


@overload
def fmax(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def fmax(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def fmax(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = the larger of a and b, where one is nan the other      g goes to it; equals share it"""


@overload
def fmin(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def fmin(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def fmin(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = the smaller of a and b, where one is nan the other      g goes to it; equals share it"""


@overload
def fmod(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def fmod(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def fmod(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a less the whole multiples of b, of the sign of a      da = g,  db = -g trunc(a / b)"""


@overload
def gelu(x: Tensor, /, approximate: bool = True) -> Tensor: ...
@overload
def gelu(x: Numbers, /, approximate: bool = True) -> np.ndarray:
    """y = x Φ(x), Φ the normal distribution function      dx = g (Φ(x) + x Φ'(x)).  (Hendrycks & Gimpel 2016)

    Φ(x) = (1 + erf(x/√2)) / 2, or, approximate to 5e-4 and several times as fast, the form that GPT-2 uses,
    (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
    """


@overload
def getitem(x: Tensor, /, index: Any) -> Tensor: ...
@overload
def getitem(x: Numbers, /, index: Any) -> np.ndarray:
    """y = x[index], any NumPy index      dx = 0 but at index, where g is added: as often as an element was read.
    """


def grad(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The gradient function of a scalar f: grad(f)(x) = df/dx, of the shape (or the tree) of x.

    mg.grad(mg.grad(lambda x: x**3))(2.0)      # 6 x = 12
    """


def gradient(f: Any, *spacing: Any, axis: int | tuple[int, ...] | None = None, edge_order: Any = 1) -> Tensor:
    """The slope of f along each axis, from the values beside each place: (f[i + 1] - f[i - 1]) / 2h.

    spacing     h: one number for all axes, one for each, or the places themselves as vectors; 1 if left out
    edge_order  1: at the ends f[1] - f[0] over h;  2: the parabola through three values
    An array for one axis, a tuple of them for several, as in NumPy.
    """


@overload
def greater(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def greater(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def greater(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = greater, elementwise; whole numbers or truths, without derivative"""


@overload
def greater_equal(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def greater_equal(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def greater_equal(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = greater equal, elementwise; whole numbers or truths, without derivative"""


@overload
def gru(x: Tensor, h: Operand, u: Operand, b: Operand, /) -> Tensor: ...
@overload
def gru(x: Operand, h: Tensor, u: Operand, b: Operand, /) -> Tensor: ...
@overload
def gru(x: Operand, h: Operand, u: Tensor, b: Operand, /) -> Tensor: ...
@overload
def gru(x: Operand, h: Operand, u: Operand, b: Tensor, /) -> Tensor: ...
@overload
def gru(x: Numbers, h: Numbers, u: Numbers, b: Numbers, /) -> np.ndarray:
    """y = [h₁ ... h_T],  hₜ = z hₜ₋₁ + (1 - z) tanh(xₜ + r v)      dh, from the last step to the first.

    z, r = sigmoid(xₜ + v),  v = hₜ₋₁ u + b.  x (T, B, 3 n), u (n, 3 n) and b (3 n,), of z, r and the candidate side by
    side; the first h (B, n); y (T, B, n).  (Cho et al. 2014, in the form of cuDNN, with r outside the product)
    """


def hessian(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function x -> H with H[i..., j...] = d²f / dx[i...] dx[j...] of a scalar f.

    With a tuple of argnums a tuple of tuples: H[a][b] for the arguments a and b.
    """


def hsplit(x: Any, sections: Any) -> list:
    """x cut along its second axis, a vector along its only one."""


def hstack(xs: Any) -> Tensor:
    """The xs side by side: vectors end to end, others along the second axis."""


def hvp(f: Callable, x: Any, v: Any) -> Any:
    """The Hessian of a scalar f at x times v, without forming the Hessian: the gradient of (df/dx · v).

    x and v may be trees, of the same form.
    """


@overload
def hypot(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def hypot(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def hypot(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = √(a² + b²)      da = g a / y,  db = g b / y,  and 0 where y = 0"""


@overload
def inner(a: Tensor, b: Operand) -> Tensor: ...
@overload
def inner(a: Operand, b: Tensor) -> Tensor: ...
@overload
def inner(a: Numbers, b: Numbers) -> np.ndarray:
    """Σ over the last axes of a and b."""


@overload
def interpolate(x: Tensor, size: Any = None, scale: float | None = None, mode: str = 'nearest',
        align_corners: bool = False) -> Tensor: ...
@overload
def interpolate(x: Numbers, size: Any = None, scale: float | None = None, mode: str = 'nearest',
        align_corners: bool = False) -> np.ndarray:
    """Images (N, H, W, C), or sequences (N, T, C), of another size, as torch.nn.functional.interpolate has them.

    size, scale     one number for all axes or one for each: the new lengths, or ⌊length · scale⌋
    mode            "nearest": pixel ⌊i / scale⌋;  "nearest-exact": ⌊(i + ½) / scale⌋;  "bilinear", "linear":
                    between the two pixels around (i + ½) / scale - ½, each by how near it is
    align_corners   of "bilinear": the outermost pixels stay where they are: i (n - 1) / (m - 1)
    """


@overload
def inv(a: Tensor, /) -> Tensor: ...
@overload
def inv(a: Numbers, /) -> np.ndarray:
    """Y = A⁻¹      dA = -Yᵀ G Yᵀ.

    Shapes: (n,n)->(n,n), with batch axes in front.
    """


@overload
def invert(x: Tensor, /) -> Tensor: ...
@overload
def invert(x: Numbers, /) -> np.ndarray:
    """y = invert, elementwise; whole numbers or truths, without derivative"""


@overload
def isfinite(x: Tensor, /) -> Tensor: ...
@overload
def isfinite(x: Numbers, /) -> np.ndarray:
    """y = isfinite, elementwise; whole numbers or truths, without derivative"""


@overload
def isinf(x: Tensor, /) -> Tensor: ...
@overload
def isinf(x: Numbers, /) -> np.ndarray:
    """y = isinf, elementwise; whole numbers or truths, without derivative"""


@overload
def isnan(x: Tensor, /) -> Tensor: ...
@overload
def isnan(x: Numbers, /) -> np.ndarray:
    """y = isnan, elementwise; whole numbers or truths, without derivative"""


def jacobian(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function x -> J with J[i..., j...] = d f(x)[i...] / d x[j...]: the shape of f(x), then that of x."""


def jvp(f: Callable, args: Any, tangents: Any) -> tuple[Any, Any]:
    """(f(args), the Jacobian times tangents): the derivative of f along a direction; tangents has the form of args.

    By the double-vjp trick: the pullback u -> Jᵀu is linear in u, and its own pullback is v -> J v.
    """


@overload
def kron(a: Tensor, b: Operand) -> Tensor: ...
@overload
def kron(a: Operand, b: Tensor) -> Tensor: ...
@overload
def kron(a: Numbers, b: Numbers) -> np.ndarray:
    """The Kronecker product: each element of a, times all of b, in its place."""


@overload
def largest(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def largest(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the largest x      g goes to the largest; ties share it equally."""


@overload
def layer_norm(x: Tensor, gamma: Operand, beta: Operand, /, eps: float = 1e-05) -> Tensor: ...
@overload
def layer_norm(x: Operand, gamma: Tensor, beta: Operand, /, eps: float = 1e-05) -> Tensor: ...
@overload
def layer_norm(x: Operand, gamma: Operand, beta: Tensor, /, eps: float = 1e-05) -> Tensor: ...
@overload
def layer_norm(x: Numbers, gamma: Numbers, beta: Numbers, /, eps: float = 1e-05) -> np.ndarray:
    """y = γ x̂ + β,  x̂ = standardize(x) over the last axis      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C), γ and β (C,).  (Ba et al. 2016)

    Shapes: (n),(n),(n)->(n), with batch axes in front.
    """


@overload
def leaky_relu(x: Tensor, /, slope: float = 0.2) -> Tensor: ...
@overload
def leaky_relu(x: Numbers, /, slope: float = 0.2) -> np.ndarray:
    """y = x where x > 0, else slope · x      dx = g, or slope · g.  Keras' default slope."""


@overload
def left_shift(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def left_shift(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def left_shift(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = left shift, elementwise; whole numbers or truths, without derivative"""


@overload
def less(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def less(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def less(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = less, elementwise; whole numbers or truths, without derivative"""


@overload
def less_equal(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def less_equal(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def less_equal(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = less equal, elementwise; whole numbers or truths, without derivative"""


@overload
def linear(x: Tensor, w: Operand, b: Operand, /) -> Tensor: ...
@overload
def linear(x: Operand, w: Tensor, b: Operand, /) -> Tensor: ...
@overload
def linear(x: Operand, w: Operand, b: Tensor, /) -> Tensor: ...
@overload
def linear(x: Numbers, w: Numbers, b: Numbers, /) -> np.ndarray:
    """Y = X W + b, the neuron formula before its f      dX = G Wᵀ,  dW = Xᵀ G,  db = Σ rows of G

    X (..., n), W (n, p), b (p,), Y (..., p); the bias is added in place.

    Shapes: (m,n),(n,p),(p)->(m,p), with batch axes in front.
    """


@overload
def log(x: Tensor, /) -> Tensor: ...
@overload
def log(x: Numbers, /) -> np.ndarray:
    """y = ln x      dx = g / x"""


@overload
def log10(x: Tensor, /) -> Tensor: ...
@overload
def log10(x: Numbers, /) -> np.ndarray:
    """y = log₁₀ x      dx = g / (x ln 10)"""


@overload
def log1p(x: Tensor, /) -> Tensor: ...
@overload
def log1p(x: Numbers, /) -> np.ndarray:
    """y = ln(1 + x), precise near 0      dx = g / (1 + x)"""


@overload
def log2(x: Tensor, /) -> Tensor: ...
@overload
def log2(x: Numbers, /) -> np.ndarray:
    """y = log₂ x      dx = g / (x ln 2)"""


@overload
def log_softmax(x: Tensor, /, axis: int | tuple[int, ...] | None = -1) -> Tensor: ...
@overload
def log_softmax(x: Numbers, /, axis: int | tuple[int, ...] | None = -1) -> np.ndarray:
    """y = x - ln Σ eˣ      dx = g - eʸ Σ g."""


@overload
def logabsdet(a: Tensor, /) -> Tensor: ...
@overload
def logabsdet(a: Numbers, /) -> np.ndarray:
    """y = ln|det A|, which overflows for no A, however large      dA = g A⁻ᵀ.

    Shapes: (n,n)->(), with batch axes in front.
    """


@overload
def logaddexp(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def logaddexp(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def logaddexp(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = ln(eᵃ + eᵇ)      da = g σ(a - b),  db = g σ(b - a),  σ(d) = eᵈ / (1 + eᵈ)"""


@overload
def logaddexp2(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def logaddexp2(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def logaddexp2(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = log₂(2ᵃ + 2ᵇ)      da = g 2ᵃ / (2ᵃ + 2ᵇ),  db = g 2ᵇ / (2ᵃ + 2ᵇ)"""


@overload
def logcumsumexp(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def logcumsumexp(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """yᵢ = ln(eˣ¹ + ... + eˣⁱ), without overflow      dxᵢ = Σⱼ gⱼ exp(xᵢ - yⱼ), j ≥ i.

    Without an axis x is flattened first.
    """


@overload
def logical_and(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def logical_and(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def logical_and(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = logical and, elementwise; whole numbers or truths, without derivative"""


@overload
def logical_not(x: Tensor, /) -> Tensor: ...
@overload
def logical_not(x: Numbers, /) -> np.ndarray:
    """y = logical not, elementwise; whole numbers or truths, without derivative"""


@overload
def logical_or(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def logical_or(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def logical_or(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = logical or, elementwise; whole numbers or truths, without derivative"""


@overload
def logical_xor(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def logical_xor(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def logical_xor(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = logical xor, elementwise; whole numbers or truths, without derivative"""


@overload
def logsumexp(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def logsumexp(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *,
        keepdims: bool = False) -> np.ndarray:
    """y = ln Σ eˣ, without overflow: the largest x is taken out first      dx = g eˣ⁻ʸ = g softmax x."""


@overload
def lp_pool2d(x: Tensor, p: Any = 2, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int,
        int] | None = None, padding: str = 'valid') -> Tensor: ...
@overload
def lp_pool2d(x: Numbers, p: Any = 2, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int,
        int] | None = None, padding: str = 'valid') -> np.ndarray:
    """(Σ|x|ᵖ)¹ᐟᵖ of each window: x (N, H, W, C) to (N, Ho, Wo, C); a border counts as zeros, others as max_pool2d.
    """


@overload
def lstm(x: Tensor, h: Operand, c: Operand, u: Operand, /) -> Tensor: ...
@overload
def lstm(x: Operand, h: Tensor, c: Operand, u: Operand, /) -> Tensor: ...
@overload
def lstm(x: Operand, h: Operand, c: Tensor, u: Operand, /) -> Tensor: ...
@overload
def lstm(x: Operand, h: Operand, c: Operand, u: Tensor, /) -> Tensor: ...
@overload
def lstm(x: Numbers, h: Numbers, c: Numbers, u: Numbers, /) -> np.ndarray:
    """y = [h₁ ... h_T, c₁ ... c_T],  cₜ = f cₜ₋₁ + i g,  hₜ = o tanh cₜ      dh, dc, from the last step to the first.

    i, f, o = sigmoid a,  g = tanh a,  a = xₜ + hₜ₋₁ u.  x (T, B, 4 n) and u (n, 4 n), of i, f, g and o side by side;
    the first h and c (B, n); y (2, T, B, n).  (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)
    """


@overload
def masked(x: Tensor, /, mask: Any) -> Tensor: ...
@overload
def masked(x: Numbers, /, mask: Any) -> np.ndarray:
    """y = x · mask, a fixed array      dx = g · mask"""


@overload
def masked_select(x: Tensor, mask: Any) -> Tensor: ...
@overload
def masked_select(x: Numbers, mask: Any) -> np.ndarray:
    """The elements of x where mask is true, as one row; x and mask broadcast."""


@overload
def matmul(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def matmul(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def matmul(a: Numbers, b: Numbers, /) -> np.ndarray:
    """Y = A B      dA = G Bᵀ,  dB = Aᵀ G;  vectors, and batches that broadcast, as in np.matmul

    Shapes: (m?,n),(n,p?)->(m?,p?), with batch axes in front.
    """


@overload
def matrix_norm(x: Tensor, keepdims: bool = False, ord: str = 'fro') -> Tensor: ...
@overload
def matrix_norm(x: Numbers, keepdims: bool = False, ord: str = 'fro') -> np.ndarray:
    """The size of the matrices A that the last two axes hold.

    ord     "fro": √ΣA²;  "nuc": the sum of the singular values;  2, -2: the largest, the smallest of them;
            1, -1: the largest, the smallest Σ|A| of a column;  inf, -inf: those of a row
    Ties share.  What is said of svd where σ = 0, and of vector_norm at 0, holds here too.
    """


@overload
def matrix_power(a: Tensor, n: Any) -> Tensor: ...
@overload
def matrix_power(a: Numbers, n: Any) -> np.ndarray:
    """A @ A @ ... @ A, n times; of the inverse for negative n, the identity for 0."""


@overload
def matrix_transpose(x: Tensor) -> Tensor: ...
@overload
def matrix_transpose(x: Numbers) -> np.ndarray:
    """x with its last two axes exchanged."""


@overload
def max(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def max(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the largest x      g goes to the largest; ties share it equally."""


@overload
def max_pool2d(x: Tensor, /, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int, int] | None = None,
        padding: str = 'valid') -> Tensor: ...
@overload
def max_pool2d(x: Numbers, /, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int,
        int] | None = None, padding: str = 'valid') -> np.ndarray:
    """y = the largest x of each window      g goes to the largest; ties share it equally.

    x (N, H, W, C) -> y (N, Ho, Wo, C); strides are pool_size unless given; a border of "same" is never the largest.
    """


@overload
def maximum(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def maximum(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def maximum(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = the larger of a and b      g goes to the larger; equals share it"""


@overload
def mean(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def mean(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = Σ x / n      dx = g / n, copied along the axes of the mean."""


def meshgrid(*xs: Any, sparse: bool = False, indexing: str = 'xy') -> list:
    """Coordinates of a grid from vectors: one array for each, of the shape of the grid (sparse: that broadcasts to it).

    indexing    "xy": the first vector runs along the columns;  "ij": each along its own axis
    """


@overload
def min(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def min(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the smallest x      g goes to the smallest; ties share it equally."""


@overload
def minimum(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def minimum(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def minimum(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = the smaller of a and b      g goes to the smaller; equals share it"""


@overload
def mod(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def mod(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def mod(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a - b ⌊a / b⌋, of the sign of b      da = g,  db = -g ⌊a / b⌋"""


@overload
def moveaxis(x: Tensor, /, source: Any, destination: Any) -> Tensor: ...
@overload
def moveaxis(x: Numbers, /, source: Any, destination: Any) -> np.ndarray:
    """y = x with the axes source moved to destination      dx = g with them moved back."""


@overload
def multiply(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def multiply(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def multiply(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a b      da = g b,  db = g a"""


@overload
def nan_to_num(x: Tensor, /, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Tensor: ...
@overload
def nan_to_num(x: Numbers, /, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> np.ndarray:
    """y = x, but numbers in the place of nan, ∞ and -∞ (None: the largest and smallest)      dx = g, and 0 there.
    """


@overload
def negative(x: Tensor, /) -> Tensor: ...
@overload
def negative(x: Numbers, /) -> np.ndarray:
    """y = -x      dx = -g"""


def no_grad() -> _GeneratorContextManager:
    """Inside `with no_grad():` operations are computed but not recorded."""


@overload
def norm(x: Tensor, ord: Any = None, axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False) -> Tensor: ...
@overload
def norm(x: Numbers, ord: Any = None, axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False) -> np.ndarray:
    """The length of vectors or the size of matrices, as in NumPy: √Σx² of all of x, or of another order.

    Along one axis, or of a vector, an order as in vector_norm; over two, or of a matrix, one as in matrix_norm.
    """


@overload
def not_equal(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def not_equal(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def not_equal(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = not equal, elementwise; whole numbers or truths, without derivative"""


def op(forward: Any = None, vjp: Any = None, **declaration: Any) -> Any:
    """Declare an operation and enter it in the REGISTRY; a decorator, or a constructor when forward is given.

        @mg.op(vjp=lambda g, y, x: g * 3 * x**2)
        def cube(x, /):
            "y = x³      dx = 3 g x²"
            return x**3

    The declaration's keywords are those of Op (domain, shapes, name, doc, saves, selects) and of Op.describe (symbol,
    flops, numpy, reference, cases, conventions, slack, order, rtol, mixes).
    A name that minigrad itself uses stays minigrad's: yours is then entered as "module.name".
    """


@overload
def outer(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def outer(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def outer(a: Numbers, b: Numbers, /) -> np.ndarray:
    """yᵢⱼ = aᵢ bⱼ, of a and b flattened      da = G b,  db = a G"""


@overload
def overlap_add(x: Tensor, /, shape: int | Sequence[int], strides: int | tuple[int, int] | None) -> Tensor: ...
@overload
def overlap_add(x: Numbers, /, shape: int | Sequence[int], strides: int | tuple[int, int] | None) -> np.ndarray:
    """y = an image of zeros with each window added back at its place      dx = windows(g).

    x (N, Ho, Wo, kh, kw, C) -> y of shape (N, H, W, C).
    """


@overload
def pad(x: Tensor, /, pad_width: Any, mode: str = 'constant', *, constant_values: Any = 0) -> Tensor: ...
@overload
def pad(x: Numbers, /, pad_width: Any, mode: str = 'constant', *, constant_values: Any = 0) -> np.ndarray:
    """y = x with a border of one constant      dx = g without the border; in other modes, g added where x was read.

    pad_width   as in NumPy: 3, (before, after) for all axes, or one pair for each
    mode        "constant";  "edge", the outermost elements go on;  "reflect" and "symmetric", x goes back, without or
                with its outermost element again;  "wrap", x begins anew
    """


@overload
def permute_dims(x: Tensor, axes: Any) -> Tensor: ...
@overload
def permute_dims(x: Numbers, axes: Any) -> np.ndarray:
    """transpose, by its name in the array API."""


@overload
def pinv(a: Tensor) -> Tensor: ...
@overload
def pinv(a: Numbers) -> np.ndarray:
    """The pseudo-inverse of A (..., m, n) of full rank: (Aᵀ A)⁻¹ Aᵀ, or Aᵀ (A Aᵀ)⁻¹ where it has more columns.

    Of lower rank it is not continuous, and has no derivative: a ValueError.
    """


@overload
def positive(x: Tensor, /) -> Tensor: ...
@overload
def positive(x: Numbers, /) -> np.ndarray:
    """y = +x, a copy      dx = g"""


@overload
def pow(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def pow(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def pow(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = aᵇ      da = g b aᵇ⁻¹,  db = g y ln a"""


@overload
def power(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def power(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def power(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = aᵇ      da = g b aᵇ⁻¹,  db = g y ln a"""


@overload
def prod(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def prod(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = Π x      dxᵢ = g Π of the other x; right also where factors are 0."""


def qr(a: Any, mode: str = 'reduced') -> tuple:
    """Q with orthogonal columns of length 1, R upper triangular, A = Q R (..., m, n): NumPy's named pair.

    mode    "reduced";  "r": R alone;  "complete": of no more rows than columns the same, of others refused, since the
            further columns of Q may be turned into each other, and have no derivative
    The first min(m, n) columns of A must not depend on each other where a derivative is asked for: a ValueError.
    """


@overload
def rad2deg(x: Tensor, /) -> Tensor: ...
@overload
def rad2deg(x: Numbers, /) -> np.ndarray:
    """y = 180 x / π, radians in degrees      dx = 180 g / π"""


@overload
def ravel(x: Tensor) -> Tensor: ...
@overload
def ravel(x: Numbers) -> np.ndarray:
    """x as one row of all its elements."""


@overload
def reciprocal(x: Tensor, /) -> Tensor: ...
@overload
def reciprocal(x: Numbers, /) -> np.ndarray:
    """y = 1 / x      dx = -g y²"""


@overload
def relu(x: Tensor, /) -> Tensor: ...
@overload
def relu(x: Numbers, /) -> np.ndarray:
    """y = max(x, 0)      dx = g where x > 0, else 0."""


@overload
def remainder(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def remainder(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def remainder(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a - b ⌊a / b⌋, of the sign of b      da = g,  db = -g ⌊a / b⌋"""


@overload
def repeat(x: Tensor, /, repeats: Any, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def repeat(x: Numbers, /, repeats: Any, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """y = each element of x repeats times in a row, along axis or flattened      dx = g summed over the copies.
    """


@overload
def reshape(x: Tensor, /, shape: int | Sequence[int]) -> Tensor: ...
@overload
def reshape(x: Numbers, /, shape: int | Sequence[int]) -> np.ndarray:
    """y = x in another shape of as many elements (one length may be -1)      dx = g in the shape of x."""


@overload
def right_shift(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def right_shift(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def right_shift(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = right shift, elementwise; whole numbers or truths, without derivative"""


@overload
def rint(x: Tensor, /) -> Tensor: ...
@overload
def rint(x: Numbers, /) -> np.ndarray:
    """y = the integer next to x, of two the even one      dx = 0"""


@overload
def roll(x: Tensor, /, shift: Any, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def roll(x: Numbers, /, shift: Any, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """y = x moved along axis by shift places, what falls off coming back at the start      dx = g moved back.
    """


@overload
def rot90(x: Tensor, k: int = 1, axes: Any = ...) -> Tensor: ...
@overload
def rot90(x: Numbers, k: int = 1, axes: Any = ...) -> np.ndarray:
    """x turned k times by 90 degrees, from the first of two axes towards the second."""


@overload
def round(x: Tensor, /, decimals: Any = 0) -> Tensor: ...
@overload
def round(x: Numbers, /, decimals: Any = 0) -> np.ndarray:
    """y = x rounded to so many decimals, halves to the even digit      dx = 0."""


@overload
def scatter(x: Tensor, indices: Any, length: Any, reduce: str = 'sum', fill: Any = 0) -> Tensor: ...
@overload
def scatter(x: Numbers, indices: Any, length: Any, reduce: str = 'sum', fill: Any = 0) -> np.ndarray:
    """The rows of x (n, ...) put together by indices (n,): a row for each number from 0 to length - 1.

    reduce  "sum", "mean", "prod", "max" or "min" of the rows that share an index;  ties of max and min share
    fill    what stands where no row is put
    Other than sums, which add up in place, they are laid side by side first: as many places as the most frequent index
    has rows, for each number.
    """


@overload
def scatter_add(x: Tensor, /, index: Any, shape: int | Sequence[int]) -> Tensor: ...
@overload
def scatter_add(x: Numbers, /, index: Any, shape: int | Sequence[int]) -> np.ndarray:
    """y = zeros of a shape, with x added at index; a repeated index adds up      dx = g[index].

    x has the shape of y[index].  The adjoint of getitem.
    """


def seed(n: int) -> None:
    """Start all random numbers afresh: weights, dropout masks and shuffles repeat from run to run.

    Each thread has generators of its own, so what it draws does not depend on what others draw meanwhile: a fit in a
    thread gives the bits that it gives alone.  A thread that has not called seed starts from the main thread's seed;
    several such threads draw the same numbers, so give each a seed of its own where they must differ.  An asyncio task
    has generators of its own once it calls seed, and before that those of the task that started it.  A forked process
    draws numbers of its own, others in each run unless it calls seed.
    """


def select(conditions: Any, choices: Any, default: Any = 0) -> Tensor:
    """For each element the choice of the first condition that holds, or default."""


@overload
def selu(x: Tensor, /) -> Tensor: ...
@overload
def selu(x: Numbers, /) -> np.ndarray:
    """y = λ elu(x, α)      dx = λ g, or g λ α eˣ.

    λ and α are such that mean 0 and variance 1 stay so from layer to layer.  (Klambauer et al. 2017)
    """


def set_device(name: str) -> None:
    """Make new tensors, weights and random numbers on this device from now on ("cpu", "gpu", "gpu:1").

    In this thread or asyncio task; new tasks take it over, and new threads what the main thread set.
    """


def set_threads(n: int) -> None:
    """Let products of matrices on the CPU, and what NumPy's linear algebra is made of, run on n threads from now on.

    In code what OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and MKL_NUM_THREADS say before Python starts; for the whole
    process.  More threads than cores make it slower.  Sums may be taken in another order: the last bits can differ.
    ValueError if n is no number of threads that the library can have, RuntimeError if that library can't be told.
    Needs threadpoolctl: pip install "minigrad[threads]".
    """


@overload
def sigmoid(x: Tensor, /) -> Tensor: ...
@overload
def sigmoid(x: Numbers, /) -> np.ndarray:
    """y = 1 / (1 + e⁻ˣ)      dx = g y (1 - y) = g y sigmoid(-x).

    Precise in both tails.  Where e⁻ˣ is too large a number it is ∞, and y is 0 as it should be.
    """


@overload
def sigmoid_cross_entropy(z: Tensor, t: Operand, /) -> Tensor: ...
@overload
def sigmoid_cross_entropy(z: Operand, t: Tensor, /) -> Tensor: ...
@overload
def sigmoid_cross_entropy(z: Numbers, t: Numbers, /) -> np.ndarray:
    """y = -t ln p - (1 - t) ln(1 - p),  p = sigmoid z      dz = g (p - t),  dt = -g z.

    Computed as max(z, 0) - z t + ln(1 + e^-|z|), which can't overflow; in nats.
    """


@overload
def sign(x: Tensor, /) -> Tensor: ...
@overload
def sign(x: Numbers, /) -> np.ndarray:
    """y = -1, 0 or 1, the sign of x      dx = 0"""


@overload
def silu(x: Tensor, /) -> Tensor: ...
@overload
def silu(x: Numbers, /) -> np.ndarray:
    """y = x s,  s = sigmoid(x), also called swish      dx = g s (1 + x (1 - s))."""


@overload
def sin(x: Tensor, /) -> Tensor: ...
@overload
def sin(x: Numbers, /) -> np.ndarray:
    """y = sin x      dx = g cos x"""


@overload
def sinc(x: Tensor, /) -> Tensor: ...
@overload
def sinc(x: Numbers, /) -> np.ndarray:
    """y = sin πx / πx, and 1 at 0      dx = g (cos πx - y) / x, and 0 at 0."""


@overload
def singular(a: Tensor, /) -> Tensor: ...
@overload
def singular(a: Numbers, /) -> np.ndarray:
    """Y = σ above U above V, A = U diag σ Vᵀ      dA = U (diag dσ + (P σⱼ + σᵢ Q) / (σⱼ² - σᵢ²)) Vᵀ + what turns out.

    P and Q are the antisymmetric parts of Uᵀ dU and Vᵀ dV, twice.  A (..., m, n) -> U (..., m, k), V (..., n, k), σ
    descending, k = min(m, n).  Singular vectors of equal σ, or where there are more rows or columns than k of σ = 0,
    have no derivative: a ValueError, unless they don't matter.  At σ = 0, which is an absolute value, dA is 0.
    (Townsend 2016, "Differentiating the singular value decomposition")
    """


@overload
def sinh(x: Tensor, /) -> Tensor: ...
@overload
def sinh(x: Numbers, /) -> np.ndarray:
    """y = sinh x      dx = g cosh x"""


def slogdet(a: Any) -> tuple:
    """The sign of det A and ln|det A|, as NumPy's named pair (sign, logabsdet): det A = sign · exp(logabsdet).
    """


@overload
def smallest(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def smallest(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = the smallest x      g goes to the smallest; ties share it equally."""


@overload
def softmax(x: Tensor, /, axis: int | tuple[int, ...] | None = -1, *, where: Any = None) -> Tensor: ...
@overload
def softmax(x: Numbers, /, axis: int | tuple[int, ...] | None = -1, *, where: Any = None) -> np.ndarray:
    """y = eˣ / Σ eˣ      dx = y (g - Σ g y).  x is shifted first: same y, no overflow.

    where: a boolean array that broadcasts to x, outside which y is 0; in a row where it is nowhere true, all is 0.
    """


@overload
def softmax_cross_entropy(z: Tensor, t: Operand, /) -> Tensor: ...
@overload
def softmax_cross_entropy(z: Operand, t: Tensor, /) -> Tensor: ...
@overload
def softmax_cross_entropy(z: Numbers, t: Numbers, /) -> np.ndarray:
    """y = -Σ t ln softmax z      dz = g (p Σt - t),  dt = -g ln p,  p = softmax z.

    Logits z and target probabilities t (..., K), usually one-hot; y (...), in nats.

    Shapes: (n),(n)->(), with batch axes in front.
    """


@overload
def softplus(x: Tensor, /) -> Tensor: ...
@overload
def softplus(x: Numbers, /) -> np.ndarray:
    """y = ln(1 + eˣ), a smooth relu      dx = g sigmoid(x)."""


@overload
def softsign(x: Tensor, /) -> Tensor: ...
@overload
def softsign(x: Numbers, /) -> np.ndarray:
    """y = x / (1 + |x|)      dx = g / (1 + |x|)²."""


@overload
def solve(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def solve(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def solve(a: Numbers, b: Numbers, /) -> np.ndarray:
    """Y = A⁻¹ B, the solution of A Y = B      dB = A⁻ᵀ G,  dA = -dB Yᵀ.

    b is one vector (n,) or matrices (..., n, k), as in NumPy 2.

    Shapes: (n,n),(n,k)->(n,k), with batch axes in front.
    """


@overload
def sort(x: Tensor, /, axis: int | tuple[int, ...] | None = -1) -> Tensor: ...
@overload
def sort(x: Numbers, /, axis: int | tuple[int, ...] | None = -1) -> np.ndarray:
    """y = x in ascending order      each g goes back to where its x came from, equals in their order."""


@overload
def sparse_softmax_cross_entropy(z: Tensor, labels: Operand, /) -> Tensor: ...
@overload
def sparse_softmax_cross_entropy(z: Operand, labels: Tensor, /) -> Tensor: ...
@overload
def sparse_softmax_cross_entropy(z: Numbers, labels: Numbers, /) -> np.ndarray:
    """y = -ln softmax(z)[label]      dz = g (p - onehot(label)),  p = softmax z.

    Logits z (..., K), integer labels (...) from 0 to K - 1; y (...), in nats.
    """


def split(x: Any, sections: Any, axis: int | tuple[int, ...] | None = 0) -> list:
    """The pieces of x along axis: a number of equal ones, or cut before each of the given indices (as np.split).
    """


@overload
def sqrt(x: Tensor, /) -> Tensor: ...
@overload
def sqrt(x: Numbers, /) -> np.ndarray:
    """y = √x      dx = g / 2y"""


@overload
def square(x: Tensor, /) -> Tensor: ...
@overload
def square(x: Numbers, /) -> np.ndarray:
    """y = x²      dx = 2 g x"""


@overload
def squeeze(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def squeeze(x: Numbers, /, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """y = x without (those) axes of length 1      dx = g with them."""


def stack(*xs: Any, axis: int | tuple[int, ...] | None = 0) -> Tensor:
    """y = the xs, all of one shape, side by side along a new axis      each dx = its layer of g."""


@overload
def standardize(x: Tensor, /, axis: int | tuple[int, ...] | None = -1, eps: float = 1e-05) -> Tensor: ...
@overload
def standardize(x: Numbers, /, axis: int | tuple[int, ...] | None = -1, eps: float = 1e-05) -> np.ndarray:
    """y = (x - mean) / s,  s = √(var + eps), over axis      dx = (g - mean g - y mean(g y)) / s."""


@overload
def std(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0,
        keepdims: bool = False) -> Tensor: ...
@overload
def std(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0,
        keepdims: bool = False) -> np.ndarray:
    """y = √var      dx = g (x - mean) / ((n - ddof) y), and 0 where all x are equal."""


@overload
def subtract(a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def subtract(a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def subtract(a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a - b      da = g,  db = -g"""


@overload
def sum(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor: ...
@overload
def sum(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> np.ndarray:
    """y = Σ x      dx = g, copied along the summed axes."""


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> tuple:
    """U, σ and Vᵀ, A = U diag σ Vᵀ, σ descending: NumPy's named triple; σ alone without compute_uv.

    full_matrices   as in NumPy; of matrices that are not square only False is possible: the further columns of U or V
                    may be turned into each other, so they have no derivative
    Singular vectors of equal σ have no derivative: asked for, a ValueError.
    """


@overload
def svdvals(a: Tensor) -> Tensor: ...
@overload
def svdvals(a: Numbers) -> np.ndarray:
    """The singular values of A, descending.  Of equal ones each gets the share of its own singular vectors."""


@overload
def swapaxes(x: Tensor, /, axis1: int, axis2: int) -> Tensor: ...
@overload
def swapaxes(x: Numbers, /, axis1: int, axis2: int) -> np.ndarray:
    """y = x with two axes exchanged      dx = g with them exchanged again."""


@overload
def take(x: Tensor, indices: Any, axis: int | tuple[int, ...] | None = None) -> Tensor: ...
@overload
def take(x: Numbers, indices: Any, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """The slices of x at indices (integers) along axis; of x flattened when axis is None."""


@overload
def take_along_axis(x: Tensor, indices: Operand, /, axis: int | tuple[int, ...] | None = -1) -> Tensor: ...
@overload
def take_along_axis(x: Operand, indices: Tensor, /, axis: int | tuple[int, ...] | None = -1) -> Tensor: ...
@overload
def take_along_axis(x: Numbers, indices: Numbers, /, axis: int | tuple[int, ...] | None = -1) -> np.ndarray:
    """y = x[..., indices, ...], one index for each element, along axis      g is added where each was read.

    indices has as many axes as x, of the same lengths or 1 except along axis; axis None takes from x flattened.
    """


@overload
def tan(x: Tensor, /) -> Tensor: ...
@overload
def tan(x: Numbers, /) -> np.ndarray:
    """y = tan x      dx = g (1 + y²)"""


@overload
def tanh(x: Tensor, /) -> Tensor: ...
@overload
def tanh(x: Numbers, /) -> np.ndarray:
    """y = tanh x      dx = g (1 - y²)"""


def tensor(data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of data (numbers, nested lists, an array or a tensor) in NumPy's dtype for it.

    requires_grad   ask for gradients; only floating-point tensors have them (TypeError otherwise)
    """


@overload
def tensordot(a: Tensor, b: Operand, /, axes: Any = 2) -> Tensor: ...
@overload
def tensordot(a: Operand, b: Tensor, /, axes: Any = 2) -> Tensor: ...
@overload
def tensordot(a: Numbers, b: Numbers, /, axes: Any = 2) -> np.ndarray:
    """y = Σ over the paired axes of a and b      da, db = g tensordot the other, over the other's free axes.
    """


@overload
def tile(x: Tensor, /, reps: Any) -> Tensor: ...
@overload
def tile(x: Numbers, /, reps: Any) -> np.ndarray:
    """y = x repeated as a whole, reps times along each axis      dx = g summed over the copies."""


def topk(x: Any, k: int, axis: int | tuple[int, ...] | None = -1, largest: bool = True) -> tuple:
    """The k largest elements along axis, in descending order, and their indices; or the k smallest, in ascending order.

    Of equals the first come first.  g goes back to the elements that were chosen.
    """


@overload
def trace(x: Tensor, /, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def trace(x: Numbers, /, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> np.ndarray:
    """y = Σ of the diagonal of two axes      dx = g times the identity matrix."""


@overload
def transpose(x: Tensor, /, axes: Any = None) -> Tensor: ...
@overload
def transpose(x: Numbers, /, axes: Any = None) -> np.ndarray:
    """y = x with its axes in the order of axes (default: reversed)      dx = g with the order undone."""


@overload
def tril(x: Tensor, /, k: int = 0) -> Tensor: ...
@overload
def tril(x: Numbers, /, k: int = 0) -> np.ndarray:
    """y = x on and below the k-th diagonal of its last two axes, 0 above      dx = the same part of g.

    Shapes: (m,n)->(m,n), with batch axes in front.
    """


@overload
def triu(x: Tensor, /, k: int = 0) -> Tensor: ...
@overload
def triu(x: Numbers, /, k: int = 0) -> np.ndarray:
    """y = x on and above the k-th diagonal of its last two axes, 0 below      dx = the same part of g.

    Shapes: (m,n)->(m,n), with batch axes in front.
    """


@overload
def trunc(x: Tensor, /) -> Tensor: ...
@overload
def trunc(x: Numbers, /) -> np.ndarray:
    """y = x without what comes after the point      dx = 0"""


def unroll(function: Callable) -> Callable:
    """function, recorded once and replayed as a straight line of NumPy calls: the same results, to the bit, sooner.

    Arguments are trees (dicts, lists, tuples) of arrays and tensors, and anything else that can be compared.  What the
    function reads besides, through closures, globals and attributes, is watched: arrays stay live, other changes lead
    to a new recording.  Each shape, type and branch has a program of its own; 8 are kept.  Results are new arrays.
    What can't be followed (float(), printing, drawing from other generators, a tape in a result) is said once, in a
    warning that names the line; the function then runs as it is.
    On a GPU what lies between products of matrices is captured as CUDA graphs, each launched at once; the text says how
    many, and what is in none (unrolling/graphs.py).  Not yet run on a GPU: jit_compile="auto" leaves steps there alone.
    It pays where calls are many and small.  Of long sequences attention makes lines for each tile, which the text shows
    as loops: 280 lines for 1,024 places, 1,500 for 4,096 (causal, four heads, with backward).  They take the time of
    the function as it is, and writing them down that of eight calls.
    What is invisible stays so: files, the clock, printing through other libraries happens when it is recorded only.
    """


def value_and_grad(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that returns (f(x), df/dx) for a scalar f.

    argnums     which positional arguments to differentiate: an int, or a tuple of ints for a tuple of gradients
    has_aux     f returns (scalar, anything): the result is then ((scalar, anything), gradient)
    """


@overload
def var(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0,
        keepdims: bool = False) -> Tensor: ...
@overload
def var(x: Numbers, /, axis: int | tuple[int, ...] | None = None, *, ddof: Any = 0,
        keepdims: bool = False) -> np.ndarray:
    """y = Σ (x - mean)² / (n - ddof)      dx = 2 g (x - mean) / (n - ddof)."""


@overload
def vdot(a: Tensor, b: Operand) -> Tensor: ...
@overload
def vdot(a: Operand, b: Tensor) -> Tensor: ...
@overload
def vdot(a: Numbers, b: Numbers) -> np.ndarray:
    """Σ a b over all elements."""


@overload
def vector_norm(x: Tensor, /, ord: Any = 2, axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False) -> Tensor: ...
@overload
def vector_norm(x: Numbers, /, ord: Any = 2, axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False) -> np.ndarray:
    """y = (Σ|x|ᵖ)¹ᐟᵖ, by default √Σx²      dx = g sign x (|x| / y)ᵖ⁻¹, and 0 where x or y is 0, where there are kinks.

    Of all of x, or over axis, one or several.  The order p is any number: 1, 2, 0.5, -1, ...; ∞ and -∞ for the largest
    and the smallest |x|, where ties share; 0 counts what is not 0.
    """


def vjp(f: Callable, *args: Any) -> tuple[Any, Callable]:
    """(f(args), pullback): pullback(g) is the tuple of g times the Jacobian for each argument.

    g has the shape of f(args); pullback may be called as often as wanted.
    """


def vsplit(x: Any, sections: Any) -> list:
    """x cut along its first axis, into equal parts or before each of the given indices."""


def vstack(xs: Any) -> Tensor:
    """The xs, vectors as rows, one below the other."""


def watch_arrays() -> Iterator[None]:
    """Inside `with watch_arrays():` backward refuses if a plain array has been edited since an operation used it.

    Operands (x * a), indices, masks and other arrays among the params count.  Each is read once more for each operation
    and once in backward, so this is for finding a mistake: a buffer of data that is filled again too early, an index
    that is sorted in place.  Tensors are watched always.
    """


@overload
def where(condition: Tensor, a: Operand, b: Operand, /) -> Tensor: ...
@overload
def where(condition: Operand, a: Tensor, b: Operand, /) -> Tensor: ...
@overload
def where(condition: Operand, a: Operand, b: Tensor, /) -> Tensor: ...
@overload
def where(condition: Numbers, a: Numbers, b: Numbers, /) -> np.ndarray:
    """y = a where the condition holds, else b      g goes to the one taken; no nan comes back from the other

    What was not taken gets cotangent 0, and on the tape behind where that 0 stays 0: through elementwise ops,
    even of infinite slope, and through ops that move or add up elements (reshape, indexing, sum, mean).
    Ops that mix elements (softmax, matmul, norm, prod) compute 0 · nan as arithmetic has it: for these, choose
    before as well, where(ok, f(where(ok, x, safe)), 0).  An op of your own promises the same with selects=True.
    """


@overload
def windows(x: Tensor, /, size: Any, strides: int | tuple[int, int] | None) -> Tensor: ...
@overload
def windows(x: Numbers, /, size: Any, strides: int | tuple[int, int] | None) -> np.ndarray:
    """y[n, p, q, i, j, c] = x[n, p s + i, q s + j, c], each window of the image      dx = overlap_add(g).

    x (N, H, W, C), size (kh, kw) -> y (N, Ho, Wo, kh, kw, C), a view.
    """
