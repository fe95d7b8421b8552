"""The engine on one page: tensors that remember how they were made, and the walk back that differentiates them.

An example to hold on to: L = (x w - 5)², at x = 2 and w = 3.
    forward     p = x w = 6                             d = p - 5 = 1       L = d d = 1
    the tape    p: multiply(x, w)                       d: subtract(p, 5)   L: multiply(d, d)
    backward    dL/dw = x · 2 = 4, dL/dx = w · 2 = 6    dL/dp = 1 · 2 = 2   dL/dd = d · 1 + d · 1 = 2   dL/dL = 1
Backward goes from right to left.  Each step multiplies by the slopes of one operation (of x w: w and x), and where a
tensor was used twice, as d was, it adds both uses up.  That is the chain rule, and all of backprop.  The words:
    tape        for each result, a line (a Node) with the operation and the inputs that made it
    leaf        a tensor without such a line: data, or a weight
    cotangent   of a tensor t: dL/dt, an array of the shape of t; complete when all uses of t are added
    rule        of an operation y = f(a, b), one for each input: from g, the cotangent of y, to the input's share of it.
                For y = a b the rules are g b and g a.  For arrays the slopes dyᵢ/daⱼ form a matrix, the Jacobian, and
                a rule is the vector g times it, without forming it: hence its other name vjp, vector-Jacobian product.

Rules stand beside their operations in ops/; this file knows no derivative.  They are NumPy code, say g * np.cos(x), and
given arrays they compute.  Given Tensors, * and np.cos are operations of minigrad (interop.py) and recorded like any
other: the gradient has a tape of its own and can be differentiated again.  One rule serves all orders.
"""
import numpy as np

from . import backend
from .edits import Watched, refuse_edit, share
from .recording import AS_IT_IS, grad_mode


class Node:
    """A line of the tape: which operation made a tensor, from which inputs, and when."""
    __slots__ = ("op", "inputs", "args", "params", "saved", "order", "__weakref__")

    def __init__(self, op, inputs, args, params, saved, order):
        self.op = op                        # an Op (op.py): its name, and its rules
        self.inputs, self.args = inputs, args       # what it was called with; args with arrays in the place of Tensors
        self.params, self.saved = params, saved     # such as axis=0; and what computing the result kept for the rules
        self.order = order                  # its number; inputs have smaller ones than results


RELEASED = Node(None, (), (), {}, None, -1)        # in the place of a line that backward has used up


class Tensor(Watched):
    """An array that can be differentiated with respect to.

    data            the array (NumPy on the CPU, CuPy on the GPU)
    grad            after backward, on a leaf: a Tensor of the same shape, the derivative of the result with respect to
                    this leaf.  Each backward *sets* it: nothing needs zeroing, calling again gives the same answer.
    requires_grad   whether gradients are wanted; the result of an operation requires them if any input does
    node            the line of the tape, or None for a leaf
    """
    __slots__ = ("grad", "requires_grad", "node", "__weakref__")
    __hash__ = object.__hash__              # == compares elements, so identity is the key in sets and dicts

    def __init__(self, data, requires_grad: bool = False, node=None):
        if type(data) is not np.ndarray:
            data = backend.from_number(data) if isinstance(data, np.generic) else backend.asarray(data)
        self._data, self._edited, self._memory = data, -1, None         # edits.py: x.data, and was it changed since?
        self.grad, self.requires_grad, self.node, self._keras_mask = None, requires_grad, node, None

    def backward(self, grad=None, create_graph=False, retain_graph=False) -> None:
        """Set .grad = d(self)/d(leaf) on every leaf that requires it.

        grad            the cotangent of self to begin with; 1 for a scalar, needed for any other shape
        create_graph    record the walk back itself, so that the gradients can be differentiated again
        retain_graph    keep the tape for another backward; otherwise each line is dropped when used, to free memory
        """
        with grad_mode(True) if create_graph else AS_IT_IS:
            found, owned = backpropagate(self, grad, None, create_graph, retain_graph), set()
        for leaf, g in found.items():
            if not isinstance(g, Tensor):   # y = a + b hands the one g to both: each leaf gets an array of its own
                g = Tensor(g.copy() if g.base is not None or g is grad or id(g) in owned else g)
                owned.add(id(g._data))
            leaf.grad = g

    def detach(self) -> "Tensor":
        """The same array as a new leaf that requires no gradient."""
        return share(Tensor(self._data), self)


# -- the walk back ---------------------------------------------------------------------------------------------------
def backpropagate(y, g=None, wrt=None, create_graph=False, retain_graph=False, into=dict):
    """The chain rule from y, whose cotangent is g, back to its leaves: {leaf: cotangent}.

    wrt     ("with respect to") a set of tensors that stand for the leaves: visit only what lies between them and y
    into    what cotangents gather in: dict, or a kind of dict that does something when one arrives
    """
    cotangents = into({y: start(y, g, create_graph)})
    tape, wanted = between(wrt, y)
    shielded = set()                        # the ids of tensors behind a `where`; see as_declared
    while tape:
        t = tape.pop()                      # the newest: all that used t has been here, so its cotangent is complete
        node = t.node
        if node is None or wrt and t in wrt or (g := cotangents.pop(t, None)) is None:
            continue                        # a leaf keeps its cotangent; to some tensors none has come
        if t._edited > node.order:
            refuse_edit(t, node)
        plain = node.op.plain and not create_graph              # as most are: nothing to look up
        call = (t._data, node.args, node.params, node.op.rules) if plain else rules_for(t, g, create_graph, shielded)
        step_back(t, node, g, call, cotangents, wanted, shielded)
        if not (create_graph or retain_graph):
            t.node = RELEASED
    return cotangents


def step_back(t, node, g, call, cotangents, wanted, shielded):
    """The chain rule at one operation: from the cotangent g of its result t, a share for each input."""
    y, args, params, rules = call
    for i, x in enumerate(node.inputs):
        if not isinstance(x, Tensor):
            continue
        if x._edited > node.order:
            refuse_edit(x, node)
        if x.requires_grad if wanted is None else id(x) in wanted:
            share = rules[i] and rules[i](g, y, *args, **params)
            if share is None:               # no derivative with respect to this input
                continue
            if shielded or getattr(share, "shape", None) != x._data.shape or share.dtype is not x._data.dtype:
                share = as_declared(share, x, g, t, node.op, shielded)
            cotangents[x] = cotangents[x] + share if x in cotangents else share         # used twice: both uses count


def rules_for(t, g, create_graph, shielded):
    """(y, args, params, rules): the rules, and what to call them with: Tensors if they are to be recorded."""
    op, params = t.node.op, t.node.params
    y, args = (t, t.node.inputs) if create_graph else (t._data, t.node.args)
    if op.saves:                            # what was kept has no tape: for higher orders the rule computes it again
        params = {**params, "saved": None if create_graph else t.node.saved}
    if op.selects:
        shielded.add(id(t))
    return y, args, params, op.separate(g, y, args, params) if op.joint else op.rules   # joint: one rule for all inputs


def as_declared(share, x, g, t, op, shielded):
    """What rules leave to the engine: keep zeros behind a `where`, sum what was broadcast, return to x's dtype.

    `where` selects: what it does not take gets cotangent 0.  Further back 0 times an infinite slope would be nan, as in
    where(x > 0, sqrt(x), 0) at x = 0.  So on the tape behind an op that selects, elementwise ops keep a 0 that arrives.
    """
    share = share if hasattr(share, "shape") else np.asarray(share)     # a Python number, or a list
    if id(t) in shielded:
        shielded.add(id(x))
        if op.elementwise and share.shape == g.shape and (isinstance(share, Tensor) or backend.may_have_nan(share)):
            share = np.where((g == 0) & np.isnan(share), 0, share)
    if share.dtype.kind not in "fiub":
        raise TypeError(f"backward: the derivative of {op.name} came out {share.dtype}: gradients are real numbers")
    share = share if share.shape == x.shape else unbroadcast(share, x.shape, op)
    return share if share.dtype == x.dtype else share.astype(x.dtype)


def start(y, g, create_graph):
    """The cotangent that the walk begins with: dy/dy = 1 for a scalar, else what was passed, checked."""
    if not y.requires_grad:
        raise RuntimeError("backward: nothing here requires gradients (no leaf with requires_grad=True, or no_grad)")
    if g is None and y.size != 1:
        raise RuntimeError(f"backward: a result of shape {y.shape} needs a cotangent: pass grad= of that shape, "
                           "or reduce it to a scalar first (.sum(), .mean())")
    g = np.ones_like(y._data) if g is None else g
    array = backend.asarray(g._data if isinstance(g, Tensor) else g, y.dtype, y.device)
    if array.shape != y.shape:
        raise ValueError(f"backward: the cotangent's shape {array.shape} is not the result's shape {y.shape}")
    return (g if isinstance(g, Tensor) else Tensor(array)) if create_graph else array


def tape_of(y, stop=()):
    """Every tensor that y was made from and that requires gradients, oldest first; nothing behind those in stop."""
    found, stack = {y: y.node.order if y.node else -1}, [y]
    while stack:                            # Python's recursion would end at depth 1000
        t = stack.pop()
        node = t.node
        if node is None or t in stop:
            continue
        if node is RELEASED:
            raise RuntimeError("backward: the tape that leads here was released by an earlier backward; "
                               "run the forward pass again, or call the first one with retain_graph=True")
        for x in node.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found[x] = x.node.order if x.node else -1
                stack.append(x)
    return sorted(found, key=found.get)


def between(wrt, y):
    """What the walk visits: (all of y's tape, None), or (what lies between wrt and y, the ids of these tensors)."""
    if wrt is None:
        return tape_of(y), None
    reached = dict.fromkeys(wrt)
    for t in tape_of(y, wrt):               # oldest first: whether its inputs are reached from wrt is known
        if t.node and any(isinstance(x, Tensor) and x in reached for x in t.node.inputs):
            reached[t] = None
    return list(reached), {id(t) for t in reached}     # ids, because a set of tensors would keep their arrays alive


def unbroadcast(g, shape, op=None):
    """What broadcasting copied is summed: from shape (3, 4) back to (4,) or (3, 1) or ()."""
    extra = g.ndim - len(shape)
    stretched = tuple(i for i in range(g.ndim) if i < extra or shape[i - extra] == 1 != g.shape[i])
    if extra < 0 or any(g.shape[i] != shape[i - extra] for i in range(g.ndim) if i not in stretched):
        raise ValueError(f"{op.name if op else 'unbroadcast'}: its vjp gave shape {g.shape} for an input of {shape}")
    bias = len(shape) == 1 < g.ndim and len(stretched) == extra     # added to each row of a batch
    return backend.row_sum(g) if bias else backend.wide(g).sum(axis=stretched).reshape(shape)
