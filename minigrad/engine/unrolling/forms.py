"""What an unrolled function is called with and returns: trees of arrays, taken apart and put together again."""
from operator import is_
from types import MethodType

import numpy as np

from ..tensor import Tensor
from .calls import Number
from .entrance import masked
from .locations import is_array, on_gpu
from .stand_in import Recorded, strip

VARARGS = 4                                 # in a code object's flags: it has *args


class Eager(Exception):
    """Run the function as it is, this time."""


def flatten(tree, leaves, key):
    """The arrays of a tree in order; in key, what makes calls calls of one kind."""
    kind = type(tree)
    if kind is np.ndarray:
        if tree.dtype.kind not in "fiub":
            raise Eager
        leaves.append(tree)
        key.append((tree.dtype, tree.shape, tree.strides, tree.flags.writeable))
    elif on_gpu(tree):
        leaves.append(tree)
        key.append(("gpu", tree.device.id, tree.dtype, tree.shape, tree.strides))
    elif kind is tuple or kind is list:
        key.append((kind, len(tree)))
        for branch in tree:
            flatten(branch, leaves, key)
    elif kind is dict:
        key.append((kind, *tree))
        for branch in tree.values():
            flatten(branch, leaves, key)
    elif kind is Tensor:
        array = tree._data
        if not (type(array) is np.ndarray or on_gpu(array)) or array.dtype.kind not in "fiub" or tree.node is not None:
            raise Eager
        if tree._keras_mask is not None:    # a second array
            raise Eager
        if tree.requires_grad:              # a weight: it is what it is, like one in a closure
            key.append(("weight", id(tree), Alive(tree)))
        else:
            leaves.append(tree)
            key.append(("tensor", type(array), array.dtype, array.shape, array.strides))
    elif isinstance(tree, float):
        key.append((kind, float.hex(tree)))
    elif tree is None or isinstance(tree, (int, str, bytes, bool, np.dtype)):
        key.append((kind, tree))
    elif isinstance(tree, (np.generic, np.ndarray)) or hasattr(tree, "_fields"):
        raise Eager
    else:
        key.append((kind, id(tree), Alive(tree)))


class Alive:
    """Keeps an object alive as long as a key with its id."""
    __slots__ = ("object",)

    def __init__(self, x):
        self.object = x

    def __eq__(self, other):
        return self.object is other.object

    def __hash__(self):
        return id(self.object)


def array_leaves(tree):
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in array_leaves(branch)]
    return [leaf for branch in tree.values() for leaf in array_leaves(branch)] if isinstance(tree, dict) else [tree]


def replace(tree, stand_ins, copies):
    """The arguments with stand-ins in the place of arrays, in new lists, tuples and dicts; of which copies takes note.

    copies      gets (original, copy, what is in the copy) of each list and dict
    """
    if id(tree) in stand_ins:
        return tree if isinstance(tree, Tensor) else stand_ins[id(tree)]
    if type(tree) is tuple:
        return tuple(replace(branch, stand_ins, copies) for branch in tree)
    if type(tree) is list:
        copies.append((tree, made := [replace(branch, stand_ins, copies) for branch in tree], list(made)))
        return made
    if type(tree) is dict:
        copies.append((tree, made := {k: replace(v, stand_ins, copies) for k, v in tree.items()}, list(made.items())))
        return made
    return tree


def give_back(copies):
    """What the function changed in copies of lists and dicts, done to these; whether there was anything."""
    originals, changed = {id(copy): original for original, copy, _ in copies}, False

    def real(x):
        if isinstance(x, Tensor):
            x._data = strip(x._data)
        if type(x) is tuple:
            return tuple(map(real, x))
        return originals.get(id(x), strip(x))
    for original, copy, before in copies:
        if type(copy) is list and not (len(copy) == len(before) and all(map(is_, copy, before))):
            original[:], changed = map(real, copy), True
        elif type(copy) is dict and not (len(copy) == len(before) and all(
                a is c and b is d for (a, b), (c, d) in zip(copy.items(), before))):
            items, changed = [(k, real(v)) for k, v in copy.items()], True
            original.clear()
            original.update(items)
    return changed


def argument_names(function, args, kwargs):
    code = getattr(function, "__code__", None)
    names = list(code.co_varnames[:code.co_argcount]) if code else []
    names = names[1:] if isinstance(function, MethodType) else names         # without self
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code and code.co_flags & VARARGS else "input"
    names += [f"{rest}_{i}" for i in range(len(args) - len(names))]
    found = []

    def walk(tree, name):
        if type(tree) in (tuple, list):
            for i, branch in enumerate(tree):
                walk(branch, f"{name}_{i}")
        elif type(tree) is dict:
            for k, branch in tree.items():
                walk(branch, f"{name}_{k}")
        elif is_array(tree) or type(tree) is Tensor and not tree.requires_grad:
            found.append(name)
    for tree, name in zip(args, names):
        walk(tree, name)
    for name, tree in kwargs.items():
        walk(tree, name)
    return found


def take_apart(tree, handles):
    """The form of a result: ("array" | "tensor", number), or what it is made of; the stand-ins in handles."""
    if isinstance(tree, Tensor):
        handles.append(tree._data)
        form = "tensor", len(handles) - 1, tree.requires_grad, tree.node
        return ("masked", form, take_apart(tree._keras_mask, handles)) if tree._keras_mask is not None else form
    if type(tree) is Recorded:
        handles.append(tree)
        return "array", len(handles) - 1
    if type(tree) in (tuple, list):
        return type(tree), [take_apart(branch, handles) for branch in tree]
    if type(tree) is dict:
        return dict, {k: take_apart(v, handles) for k, v in tree.items()}
    if tree is None or isinstance(tree, (bool, int, float, str)) and not isinstance(tree, np.generic) and (
            type(tree) is not Number):
        return "as it is", tree
    handles.append(tree)                    # not recorded: the function will run as it is
    return "array", len(handles) - 1


def put_together(form, values):
    kind = form[0]
    if kind == "array":
        return values[form[1]]
    if kind == "tensor":
        value = values[form[1]]
        return Tensor(value, form[2], form[3])
    if kind == "masked":
        return masked(*(put_together(part, values) for part in form[1:]))
    if kind == "as it is":
        return form[1]
    return ({k: put_together(v, values) for k, v in form[1].items()} if kind is dict else
            kind(put_together(branch, values) for branch in form[1]))
