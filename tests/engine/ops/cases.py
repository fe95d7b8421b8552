"""Inputs and params for every op, one line each: what the tests of values, gradients and dtypes all loop over.

    CASES["sum"] = [case((3, 4), axis=0), ...]

An input is a shape, to be filled with numbers from the op's domain, or an array to take as it is (indices, ties).
Elementwise ops need no line: their inputs are any shapes that broadcast.
"""
from typing import NamedTuple

import numpy as np

from minigrad.engine.ops import REGISTRY


class Case(NamedTuple):
    inputs: tuple
    params: dict

    def __repr__(self):
        inputs = [str(x) if isinstance(x, tuple) else f"array{x.shape}" for x in self.inputs]
        params = [f"{k}={'array' if isinstance(v, np.ndarray) else v}" for k, v in self.params.items()]
        return ", ".join(inputs + params)


def case(*inputs, **params):
    return Case(tuple(x if isinstance(x, tuple) else np.asarray(x) for x in inputs), params)


REDUCED = [case((3, 4)), case((3, 4), axis=0), case((3, 4), axis=-1, keepdims=True), case((2, 3, 2), axis=(0, -1)),
           case((2, 3, 2), axis=(1, 0), keepdims=True), case(()), case((5,), axis=0), case((3, 0, 2), axis=0)]
SUMMED = [*REDUCED, case((0, 3), axis=0), case((0,)), case((0, 3), axis=1)]
DIVIDED = [*REDUCED, case((0, 3), axis=1)]
BY_ROW = [case((3, 4)), case((5,)), case((2, 3, 2)), case((3, 4), axis=0), case((2, 3, 2), axis=1), case((0, 3))]
ORDERED = [case((3, 4)), case((3, 4), axis=0), case((5,)), case((0, 3)), case((2, 3, 2), axis=1)]
IMAGES = [case((2, 5, 6, 2)), case((2, 4, 4, 1), pool_size=3, strides=1),
          case((1, 5, 4, 1), pool_size=3, padding="same"),
          case((1, 5, 6, 2), pool_size=(3, 2), strides=2, padding="same"), case((1, 7, 5, 1), pool_size=2, strides=3),
          case((0, 4, 4, 2))]
MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, False]])

CASES = {
    # reductions
    **dict.fromkeys(["sum", "prod", "any", "all"], SUMMED),
    "vector_norm": [*SUMMED, *[case((2, 3), axis=1, ord=order) for order in (1, 3, 1.5, np.inf, -np.inf, 0.5, -1, 0)],
                    case((2, 3), ord=3), case((2, 3, 2), ord=-2, axis=(0, 2), keepdims=True)],
    **dict.fromkeys(["mean", "max", "min"], DIVIDED),
    **dict.fromkeys(["var", "std"], [*DIVIDED, case((3, 4), axis=1, ddof=1)]),
    "logsumexp": SUMMED[:-2],
    **dict.fromkeys(["argmax", "argmin"], [case((3, 4)), case((3, 4), axis=0), case((2, 3), axis=-1, keepdims=True),
                                           case(())]),
    **dict.fromkeys(["sort", "argsort"], [*ORDERED, case((3, 2), axis=None)]),
    "cumsum": [*ORDERED[1:3], case((3, 2)), case(()), case((0, 3), axis=0), case((2, 3, 2), axis=-2)],
    **dict.fromkeys(["cumprod", "cummax", "cummin", "logcumsumexp"],
                    [*ORDERED[1:3], case((3, 2), axis=None), case((0, 3), axis=0), case((2, 3, 2), axis=-2)]),
    "eigen": [case(np.array([[2.0, 0.5], [0.5, 1.0]])), case(np.array([[[2.0, 0.5], [0.5, 1]], [[3, 0.5], [0.5, 1]]]))],
    "singular": [case(np.arange(1.0, 7).reshape(2, 3) ** 1.5), case(np.array([[3.0, 1, 0], [0, 2, 1], [1, 0, 5]])),
                 case(np.array([[[2.0], [1]], [[1], [-1]]]))],
    "factors": [case(np.array([[3.0, 1, 0], [0, 2, 1], [1, 0, 5]])), case(np.array([[[2.0], [1]], [[1], [-1]]]))],
    # shapes
    "reshape": [case((3, 4), shape=(2, 6)), case((3, 4), shape=-1), case((), shape=(1, 1)), case((0, 3), shape=(3, 0))],
    "transpose": [case((2, 3, 4)), case((2, 3, 4), axes=(1, 2, 0)), case((2, 3, 4), axes=(-1, 0, -2)), case(()),
                  case((0, 3))],
    "swapaxes": [case((2, 3, 4), axis1=0, axis2=-1)],
    "moveaxis": [case((2, 3, 4), source=0, destination=-1), case((2, 3, 4), source=(0, 1), destination=(-1, 0))],
    "expand_dims": [case((3, 4), axis=0), case((3, 4), axis=(0, -1)), case((), axis=0)],
    "squeeze": [case((1, 3, 1)), case((1, 3, 1), axis=-1), case((1, 1))],
    "broadcast_to": [case((3, 1), shape=(2, 3, 4)), case((), shape=(3,)), case((1, 3), shape=(0, 3))],
    "concatenate": [case((2, 3), (4, 3)), case((2, 1), (2, 0), (2, 3), axis=-1), case((2, 3), (4,), axis=None),
                    case((2,))],
    "stack": [case((2, 3), (2, 3)), case((2, 3), (2, 3), (2, 3), axis=-1), case((), ()), case((0, 3), (0, 3), axis=1)],
    "pad": [*[case((2, 3), pad_width=((2, 1), (0, 4)), mode=mode) for mode in ("edge", "reflect", "symmetric", "wrap")],
            case((2, 3), pad_width=1), case((2, 3), pad_width=(1, 2)), case((2, 3), pad_width=((0, 1), (2, 0))),
            case((3,), pad_width=1, mode="constant", constant_values=-2), case((), pad_width=1),
            case((0, 2), pad_width=1)],
    "flip": [case((2, 3)), case((2, 3), axis=-1), case((2, 3, 2), axis=(0, 2))],
    "roll": [case((2, 3), shift=1), case((2, 3), shift=-2, axis=1), case((2, 3), shift=(1, 2), axis=(0, 1))],
    "tile": [case((2, 3), reps=2), case((2, 3), reps=(2, 1, 3)), case((2, 3), reps=[2, 2]), case((), reps=3),
             case((2,), reps=0)],
    "repeat": [case((2, 3), repeats=2), case((2, 3), repeats=[0, 2, 1], axis=-1), case((), repeats=3),
               case((2, 3), repeats=2, axis=0)],
    **dict.fromkeys(["tril", "triu"], [case((3, 4)), case((2, 3, 3), k=1), case((3, 2), k=-1), case((0, 3))]),
    **dict.fromkeys(["diagonal", "trace"], [case((3, 3)), case((3, 4), offset=1), case((3, 4), offset=-1),
                                            case((2, 3, 4), axis1=-1, axis2=0)]),
    "astype": [case((3,), dtype=float)],
    # indexing
    "getitem": [case((3, 4), index=1), case((3, 4), index=(slice(None, None, -2), -1)),
                case((3, 4), index=(..., None, 0)), case((3, 4), index=[0, 2, 0]),
                case((3, 4), index=np.array([[0, -1], [1, 2]])), case((3, 4), index=MASK),
                case((3, 4), index=([0, 0, 2], [1, 1, 3])), case((3, 4), index=(slice(None), [1, 1])),
                case((), index=()), case((3,), index=np.array([], int)), case((3, 4), index=(MASK[:, 0], 1)),
                case((3, 4), index=np.int64(1))],
    "scatter_add": [case((3,), index=[0, 2, 0], shape=(4,)), case((2, 3), index=[1, 1], shape=(4, 3)),
                    case((2,), index=([0, 0], [1, 1]), shape=(2, 3)), case((2, 3), index=(slice(1, 3),), shape=(4, 3))],
    "take_along_axis": [case((3, 4), [[0, 0], [1, 3], [-1, 0]]), case((3, 4), [[0, 2, 1, 0]], axis=0),
                        case((3, 4), [0, 5, 5], axis=None), case((2, 3), [[1]], axis=1)],
    "embedding": [case((5, 3), [0, 4, 0]), case((5, 3), [[1, 1], [2, 0]]), case((5, 3), 2),
                  case((5, 3), np.zeros((0,), int))],
    # products
    "matmul": [case((2, 3), (3, 4)), case((3,), (3,)), case((3,), (3, 4)), case((2, 3), (3,)), case((2, 2, 3), (3, 4)),
               case((2, 1, 2, 3), (5, 3, 2)), case((2, 3), (4, 3, 2)), case((3,), (2, 3, 2)), case((2, 2, 3), (3,)),
               case((0, 3), (3, 2)), case((2, 0), (0, 3)), case((2, 3, 0), (0, 2)), case((0, 2, 3), (3, 2))],
    "linear": [case((5, 3), (3, 2), (2,)), case((2, 4, 3), (3, 2), (2,)), case((3,), (3, 2), (2,)),
               case((0, 3), (3, 2), (2,))],
    "outer": [case((3,), (4,)), case((2, 2), (3,)), case((0,), (3,))],
    "tensordot": [case((2, 3, 4), (3, 4, 5)), case((2, 3), (3, 4), axes=1), case((2, 3), (2, 2), axes=0),
                  case((2, 3, 4), (4, 2, 5), axes=([-1, 0], [0, 1])), case((2, 3, 4), (4, 5), axes=(2, 0))],
    "einsum": [case((2, 3), (3, 4), subscripts="ij,jk->ik"), case((3, 3), subscripts="ii"),
               case((3, 3), subscripts="ii->i"), case((2, 3), subscripts="ij->j"),
               case((2, 3), (2, 3), subscripts="ij,ij"), case((2, 3, 4), subscripts="kij->jk"),
               case((2, 5, 3), (3, 4), subscripts="...ij,jk->...ik"), case((2, 3), (3,), (2,), subscripts="ij,j,i->"),
               case((3, 3, 2), (3,), subscripts="iij,i->j"), case((1, 3), (2, 3), subscripts="ij,ij->i"),
               case((40, 50), (50, 30), subscripts="ij,jk->ik")],
    # linear algebra
    **dict.fromkeys(["inv", "det", "logabsdet", "cholesky"], [case((3, 3)), case((2, 2, 2)), case((1, 1)),
                                                              case((0, 2, 2))]),
    "solve": [case((3, 3), (3, 2)), case((3, 3), (3,)), case((2, 3, 3), (3,)), case((2, 3, 3), (3, 2)),
              case((3, 3), (2, 3, 1)), case((0, 2, 2), (2, 1))],
    # neural
    "softmax": BY_ROW + [case((2, 3, 4), where=np.tri(3, 4, dtype=bool))], "log_softmax": BY_ROW,
    "softmax_cross_entropy": [case((3, 4), (3, 4)), case((4,), (4,)), case((2, 3, 4), (3, 4)), case((0, 4), (0, 4)),
                              case((2, 3), [[0, 1, 0], [1, 0, 0]])],
    "sparse_softmax_cross_entropy": [case((3, 4), [0, 3, 3]), case((4,), 2), case((2, 2, 3), [[0, 1], [2, 2]]),
                                     case((0, 4), np.zeros(0, int))],
    "standardize": [case((3, 4)), case((3, 4), axis=0), case((2, 3, 2), axis=(0, 1), eps=0.1), case((0, 3))],
    "layer_norm": [case((3, 4), (4,), (4,)), case((2, 3, 4), (4,), (4,), eps=0.1), case((4,), (4,), (4,)),
                   case((0, 4), (4,), (4,))],
    "batch_norm": [case((5, 3), (3,), (3,)), case((2, 2, 2, 3), (3,), (3,), eps=0.1)],
    "lstm": [case((t, b, 4 * n), (b, n), (b, n), (n, 4 * n)) for t, b, n in [(3, 2, 2), (1, 1, 1), (2, 0, 1)]],
    "gru": [case((t, b, 3 * n), (b, n), (n, 3 * n), (3 * n,)) for t, b, n in [(3, 2, 2), (1, 1, 1), (2, 0, 1)]],
    "masked": [case((3, 4), mask=MASK)],
    "attention": [case((3, 2), (4, 2), (4, 5)), case((2, 2, 3, 2), (2, 2, 3, 2), (2, 2, 3, 2), causal=True),
                  case((3, 2), (4, 2), (4, 1), mask=MASK), case((2, 2), (3, 2), (3, 2), causal=True, scale=0.3)],
    # images
    "windows": [case((2, 4, 5, 2), size=(2, 3), strides=(1, 2)), case((1, 3, 3, 1), size=(1, 1), strides=(2, 2))],
    "overlap_add": [case((2, 3, 2, 2, 3, 2), shape=(2, 4, 5, 2), strides=(1, 2)),
                    case((1, 2, 2, 1, 1, 1), shape=(1, 3, 3, 1), strides=(2, 2))],
    "conv2d": [case((2, 5, 6, 2), (3, 2, 2, 3)), case((1, 6, 6, 1), (5, 3, 1, 2), padding="same"),
               case((2, 5, 7, 1), (3, 3, 1, 2), strides=2),
               case((1, 7, 6, 2), (2, 3, 2, 1), strides=(3, 2), padding="same"), case((1, 2, 3, 40), (1, 1, 40, 2)),
               case((0, 4, 4, 1), (2, 2, 1, 1))],
    **dict.fromkeys(["max_pool2d", "avg_pool2d"], IMAGES),
}

BROADCAST = {1: [((3, 4),), ((),), ((0, 3),)],
             2: [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((0, 3), (1, 3)), ((), ())],
             3: [((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((3,), (), (2, 3)), ((), (0, 2), (2,))]}
PARAMS = {"clip": [{"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}], "leaky_relu": [{}, {"slope": 0.01}],
          "elu": [{}, {"alpha": 0.5}], "gelu": [{}, {"approximate": False}]}

OPS = {name: op for name, op in REGISTRY.items() if op.native or op.__module__ == "numpy"}


def cases_of(op):
    """The cases of an op, as a list."""
    if op.elementwise:
        return [Case(shapes, params) for params in PARAMS.get(op.name, [{}]) for shapes in BROADCAST[op.arity]]
    return CASES[op.name]


ALL = [(op, c) for op in OPS.values() if op.elementwise or op.name in CASES for c in cases_of(op)]
DIFFERENTIABLE = [(op, c) for op, c in ALL if op.vjp]
