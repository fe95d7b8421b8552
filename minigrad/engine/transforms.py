"""Functions of functions: derivatives of a Python function of arrays or tensors, of any order.

f may take and return pytrees: dicts, lists and tuples, nested, of arrays, tensors and numbers; the gradient comes in
the shape of the argument.  Given plain arrays these functions return plain arrays; given Tensors, Tensors, which can
be differentiated again.
"""
from collections.abc import Callable
from typing import Any

import numpy as np

from ..support.explaining import explained
from . import backend
from .edits import share
from .op import Op
from .ops import FUNCTIONS
from .recording import grad_mode, is_recording
from .tensor import Tensor, backpropagate, tape_of
from .trees import tree_leaves, tree_map, tree_unflatten


# -- inside a transform ----------------------------------------------------------------------------------------------
class Argument(Tensor):
    """A leaf that stands for plain data among the arguments of f.  Once f has returned, nobody asks for its slope."""
    __slots__ = ("returned",)

    def __init__(self, array):
        super().__init__(read_only(array), requires_grad=True)
        self.returned = False


def read_only(array):
    """A view that can't be edited: f must not edit its caller's arrays, nor could an edit be differentiated."""
    if isinstance(array, np.ndarray):
        array = array.view()
        array.flags.writeable = False
    return array


def _alias(x):
    """x as a new tensor that requires gradients: where f also uses x through a closure, the two stay apart."""
    if isinstance(x, Tensor) and x.requires_grad:
        alias = FUNCTIONS["positive"](x)
        alias._data = read_only(alias._data)
        return alias
    array = x._data if isinstance(x, Tensor) else backend.asarray(x)
    if array.dtype.kind != "f":
        if not isinstance(x, (int, float)):
            raise TypeError(f"derivatives are with respect to floating-point numbers, this argument is {array.dtype}")
        array = array.astype(float)
    alias = Argument(array)
    return share(alias, x) if isinstance(x, Tensor) and array is x._data else alias


def _pullback(y, targets, g, create_graph, retain_graph=False):
    """The cotangents of targets; zeros where y does not depend on them."""
    found = backpropagate(y, g, set(targets), create_graph, retain_graph) if y.requires_grad else {}
    return [found[t] if t in found else backend.array_module(t._data).zeros_like(t._data) for t in targets]


def depends_on_more(y, aliases):
    """Whether y's derivative with respect to aliases can be differentiated by something outside, and must be recorded.

    An alias is a leaf where the argument was plain data; it has a line on the tape where the argument requires
    gradients itself.  Any other leaf on the tape is a tensor that f uses through a closure, or was an alias of a
    transform inside f, which is over.
    """
    def leads_outside(t):
        is_leaf = t.node is None
        return not is_leaf if t in aliases else is_leaf and not getattr(t, "returned", False)
    return y.requires_grad and any(map(leads_outside, tape_of(y, aliases)))


class _Call:
    """One call of f: the arguments at argnums replaced by aliases, what came out, and how results are handed back."""

    def __init__(self, name, f, argnums, args, kwargs, has_aux=False):
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if not all(-len(args) <= n < len(args) for n in numbers):
            raise ValueError(f"{name}: argnums {argnums} with {len(args)} positional arguments")
        if len({n % len(args) for n in numbers}) < len(numbers):
            raise ValueError(f"{name}: argnums {argnums} name an argument twice")
        self.trees, self.single = [args[n] for n in numbers], isinstance(argnums, int)
        args = list(args)
        with grad_mode(True):
            aliases = tree_map(_alias, self.trees)
            for n, alias in zip(numbers, aliases):
                args[n] = alias
            y = f(*args, **kwargs)
        self.targets = tree_leaves(aliases)
        for alias in self.targets:
            if alias.node is None:
                alias.returned = True
        self.y, self.aux = y if has_aux else (y, None)
        if not isinstance(self.y, Tensor):
            raise TypeError(f"{name}: f must return a tensor made from its arguments with minigrad's operations, "
                            f"got {type(self.y).__name__}; np.asarray, .numpy() or float() inside f cut the tape")
        self.create_graph = is_recording() and depends_on_more(self.y, set(self.targets))
        self.tensors = self.create_graph or any(isinstance(x, Tensor) for x in tree_leaves(self.trees))

    def hand_back(self, value, beside=()):
        """A Tensor if Tensors came in, as arguments or beside them, or it can be differentiated further."""
        array = value._data if isinstance(value, Tensor) else value
        if not (self.tensors or any(isinstance(x, Tensor) for x in beside)):
            return array
        return value if isinstance(value, Tensor) and self.followed(beside) else Tensor(array)

    def followed(self, beside=()):
        """Whether what is pulled back is to be recorded: it may depend on tensors that are beside the arguments."""
        return self.create_graph or is_recording() and any(getattr(x, "requires_grad", False) for x in beside)

    def gradients(self, g=None, retain_graph=False):
        found = _pullback(self.y, self.targets, g, self.followed([g]), retain_graph)
        return [self.hand_back(v, [g]) for v in found]

    def shaped(self, gradients):
        """A flat list of gradients in the form of the arguments; without the outer tuple for a single argnum."""
        trees = tree_unflatten(self.trees, gradients)
        return trees[0] if self.single else tuple(trees)


# -- the transforms --------------------------------------------------------------------------------------------------
def value_and_grad(f: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that returns (f(x), df/dx) for a scalar f.

    argnums     which positional arguments to differentiate: an int, or a tuple of ints for a tuple of gradients
    has_aux     f returns (scalar, anything): the result is then ((scalar, anything), gradient)
    """
    def with_gradient(*args, **kwargs):
        call = _Call("grad", f, argnums, args, kwargs, has_aux)
        if call.y.size != 1:
            raise ValueError(f"grad: f must return a scalar, not shape {call.y.shape}; use mg.jacobian or mg.vjp")
        gradient = call.shaped(call.gradients())
        value = call.hand_back(call.y)
        return ((value, call.aux) if has_aux else value), gradient
    return with_gradient


def grad(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The gradient function of a scalar f: grad(f)(x) = df/dx, of the shape (or the tree) of x.

        mg.grad(mg.grad(lambda x: x**3))(2.0)      # 6 x = 12
    """
    with_value = value_and_grad(f, argnums)
    return lambda *args, **kwargs: with_value(*args, **kwargs)[1]


@explained
def vjp(f: Callable, *args) -> tuple[Any, Callable]:
    """(f(args), pullback): pullback(g) is the tuple of g times the Jacobian for each argument.

    g has the shape of f(args); pullback may be called as often as wanted.
    """
    call = _Call("vjp", f, range(len(args)), args, {})
    return call.hand_back(call.y), lambda g: call.shaped(call.gradients(g, retain_graph=True))


@explained
def jvp(f: Callable, args, tangents) -> tuple[Any, Any]:
    """(f(args), the Jacobian times tangents): the derivative of f along a direction; tangents has the form of args.

    By the double-vjp trick: the pullback u -> Jᵀu is linear in u, and its own pullback is v -> J v.
    """
    call = _Call("jvp", f, range(len(args)), args, {})
    directions = tree_leaves(list(tangents))
    for a, v in zip(call.targets, directions, strict=True):
        if np.shape(v) != a.shape:
            raise ValueError(f"jvp: a tangent of shape {np.shape(v)} for an argument of shape {a.shape}")
    u = Argument(backend.array_module(call.y._data).ones_like(call.y._data))
    u.returned = True
    with grad_mode(True):
        pulled = _pullback(call.y, call.targets, u, create_graph=True)
        along = sum(FUNCTIONS["sum"](p * v) for p, v in zip(pulled, directions))
    if isinstance(along, Tensor) and along.requires_grad:
        tangent = _pullback(along, [u], None, call.followed(directions))[0]
    else:
        tangent = u.detach() * 0            # f does not depend on its arguments
    return call.hand_back(call.y, directions), call.hand_back(tangent, directions)


def jacobian(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function x -> J with J[i..., j...] = d f(x)[i...] / d x[j...]: the shape of f(x), then that of x."""
    def jacobian_at(*args, **kwargs):
        call = _Call("jacobian", f, argnums, args, kwargs)
        y = call.y
        if y.size == 0:
            return call.shaped([call.hand_back(np.zeros(y.shape + t.shape, t.dtype)) for t in call.targets])
        units = backend.array_module(y._data).eye(y.size, dtype=y.dtype)
        rows = [call.gradients(g.reshape(y.shape), retain_graph=True) for g in units]      # one pullback per output
        return call.shaped([FUNCTIONS["stack"](column).reshape(y.shape + column[0].shape) for column in zip(*rows)])
    return jacobian_at


@explained
def hessian(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function x -> H with H[i..., j...] = d²f / dx[i...] dx[j...] of a scalar f.

    With a tuple of argnums a tuple of tuples: H[a][b] for the arguments a and b.
    """
    if isinstance(argnums, int):
        return jacobian(grad(f, argnums), argnums)
    rows = [jacobian(grad(f, n), argnums) for n in argnums]
    return lambda *args, **kwargs: tuple(row(*args, **kwargs) for row in rows)


@explained
def hvp(f: Callable, x, v) -> Any:
    """The Hessian of a scalar f at x times v, without forming the Hessian: the gradient of (df/dx · v).

    x and v may be trees, of the same form.
    """
    def slope(x):
        products = tree_map(lambda g, v: FUNCTIONS["sum"](g * v), grad(f)(x), v)
        return sum(tree_leaves(products))
    return grad(slope)(x)


# -- memory for time -------------------------------------------------------------------------------------------------
def checkpoint(f: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """f(*inputs), keeping only the inputs for backward, which computes f again: less memory, one more forward pass.

    Inputs are tensors; f must return one tensor, be the same each time (no dropout inside), and get every tensor that
    needs gradients, weights included, as an input: through a closure none would arrive, so such a one is an error.
    (Chen et al. 2016)
    """
    def rule(g, y, *xs):
        recorded = any(isinstance(x, Tensor) for x in xs)
        tensors = [x if isinstance(x, Tensor) else Tensor(x, not recorded and np.asarray(x).dtype.kind == "f")
                   for x in xs]
        with grad_mode(True):
            aliases = [_alias(t) if t.requires_grad else t for t in tensors]
            wanted = [a for a in aliases if a.requires_grad]
            gradients = iter(_pullback(f(*aliases), wanted, g, create_graph=recorded))
        return [next(gradients) if a.requires_grad else None for a in aliases]

    def forward(*xs):
        y = f(*xs)
        if isinstance(y, Tensor) and y.requires_grad:
            raise ValueError("f uses a tensor that requires gradients and is no input: pass it as one")
        return y._data if isinstance(y, Tensor) else y
    return Op(forward, rule, name="checkpoint", shapes="")(*inputs)


