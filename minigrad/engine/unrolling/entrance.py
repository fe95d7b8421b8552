"""The way into a program and out of it, written down for its arguments and results: no walk through trees.

    def enter(args, kwargs):                                            def leave(found):
        if len(args) == 1 and not kwargs and ...:                           w.grad = Tensor(found[1])
            return args[0]._data,                                           return Tensor(found[0])
"""
import numpy as np

from ..tensor import Tensor
from .locations import on_gpu


class Words:
    """Names for objects in a text that is to be run."""

    def __init__(self, **space):
        self.space = space

    def __call__(self, x):
        self.space[name := f"c{len(self.space)}"] = x
        return name

    def function(self, head, *lines):
        """What the text defines; objects are bound to their names, where Python finds them sooner."""
        text = "\n".join(f"        {line}" for line in lines)
        made = {}
        exec(f"def bind({', '.join(self.space)}):\n    def {head}:\n{text}\n    return {head.partition('(')[0]}", made)
        return made["bind"](**self.space)


def entrance(args, kwargs, flags):
    """enter(args, kwargs): the arrays in order, if these are arguments of the same kind (forms.flatten), else None.

    flags   [(function, what it returned)]: what else makes calls calls of one kind
    """
    word, tests, arrays = Words(Tensor=Tensor, hex_=float.hex), [], []

    def array(x, path):
        arrays.append(name := f"a{len(arrays)}")
        tests.append(f"type({name} := {path}) is {word(type(x))} and {name}.dtype is {word(x.dtype)} "
                     f"and {name}.shape == {x.shape} and {name}.strides == {x.strides}")

    def walk(tree, path):
        kind = type(tree)
        if kind is np.ndarray:
            array(tree, path)
            tests.append(f"{path}.flags.writeable is {tree.flags.writeable}")
        elif on_gpu(tree):
            array(tree, path)
            tests.append(f"{path}.device.id == {tree.device.id}")
        elif kind is Tensor and not tree.requires_grad:
            tests.append(f"type({path}) is Tensor and {path}.node is None and not {path}.requires_grad "
                         f"and {path}._keras_mask is None")
            array(tree._data, f"{path}._data")
        elif kind in (tuple, list):
            tests.append(f"type({path}) is {word(kind)} and len({path}) == {len(tree)}")
            for i, branch in enumerate(tree):
                walk(branch, f"{path}[{i}]")
        elif kind is dict:
            tests.append(f"type({path}) is {word(dict)} and tuple({path}) == {word(tuple(tree))}" if tree else
                         f"not {path}")
            for key, branch in tree.items():
                walk(branch, f"{path}[{word(key)}]")
        elif isinstance(tree, float):
            tests.append(f"type({path}) is {word(kind)} and hex_({path}) == {float.hex(tree)!r}")
        elif tree is None or isinstance(tree, (int, str, bytes, bool, np.dtype)):
            tests.append(f"type({path}) is {word(kind)} and {path} == {word(tree)}")
        else:
            tests.append(f"{path} is {word(tree)}")
    for flag, value in flags:
        tests.append(f"{word(flag)}() == {word(value)}")
    walk(args, "args")
    walk(kwargs, "kwargs")
    return word.function("enter(args, kwargs)", f"if {' and '.join(tests)}:",
                         f"    return ({', '.join(arrays)}{',' * (len(arrays) == 1)})", "return None")


def masked(y, mask):
    y._keras_mask = mask
    return y


def exit_of(form, leaves, numbers):
    """leave(found): what a replay returned, in the form of the function's result; the last of it are leaves' gradients.

    numbers     which of what was found are single numbers, no arrays
    """
    word = Words(Tensor=Tensor, asarray=np.asarray, masked=masked)

    def text(form):
        kind, *parts = form
        if kind == "array":
            return f"found[{parts[0]}]"
        if kind == "tensor":
            return f"Tensor(found[{parts[0]}], {parts[1]}, {word(parts[2])})"
        if kind == "masked":
            return f"masked({', '.join(map(text, parts))})"
        if kind == "as it is":
            return word(parts[0])
        if kind is dict:
            return f"{{{', '.join(f'{word(k)}: {text(v)}' for k, v in parts[0].items())}}}"
        inner = ", ".join(map(text, parts[0]))
        return f"[{inner}]" if kind is list else f"({inner},)" if inner else "()"
    first = len(numbers) - len(leaves)
    gradients = [f"asarray(found[{i}])" if numbers[i] else f"found[{i}]" for i in range(first, len(numbers))]
    return word.function("leave(found)", *(f"{word(t)}.grad = Tensor({g})" for t, g in zip(leaves, gradients)),
                         f"return {text(form)}")
