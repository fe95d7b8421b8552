"""The derivative table as a page, from the registry: formula, derivative, domain, conventions, cost of every op."""
import inspect
import re

import numpy as np

from ...engine.op import REGISTRY, Op
from ...engine.ops import MODULES
from ...engine.ops.domains import in_words
from .places import address_of
from .wording import escaped, first_line, formula


def inputs_of(op):
    """The names of an op's inputs: ["a", "b"]."""
    names = list(inspect.signature(op).parameters)
    return names[:1] if op.variadic else names[:op.arity]


def domain(op, say):
    """Where the inputs of an op may lie, in words."""
    words = in_words(op.domain, inputs_of(op))
    said = {"all reals": say("all reals"), "without": say("without"), "positive definite": say("positive definite"),
            "invertible": say("invertible"), "boolean": say("boolean"), "indices": say("indices"), "inf": "∞"}
    return re.sub("|".join(said), lambda m: said[m[0]], words)


def cost(op, say):
    """FLOPs of a forward call, as the op's declaration says."""
    if op.flops is None:
        return say("1 per element")
    if not callable(op.flops):
        return say("elements only move") if op.flops == 0 else str(op.flops)
    return say("products: 2 per multiply and add")


def conventions(op, say):
    """What holds where calculus has no answer: f(0) has the gradient 0, as the declaration says."""
    told = []
    for inputs, params, gradients in op.conventions:
        arguments = [*map(_number, inputs), *(f"{k}={_number(v)}" for k, v in params.items())]
        slopes = ", ".join("–" if g is None else _number(g) for g in gradients)
        told.append(say("{}: gradient {}", f"{op.name}({', '.join(arguments)})", slopes))
    return told


def _number(value):
    """A number or an array as one writes it down in short: to four digits, a large one as its shape."""
    array = np.asarray(value)
    if array.size > 8:
        return f"[{' × '.join(map(str, array.shape))}]"
    if array.dtype.kind != "f":
        return str(array.tolist())
    return f"{float(array):.4g}" if not array.ndim else f"[{', '.join(map(_number, array))}]"


def link(op, edition):
    """The op's name, as a link to its entry in the reference; NumPy's name where only the registry has it."""
    place, name = address_of().get(id(op), (None, op.name))
    return f'<a href="{edition.to(place)}#{name}"><code>{op.name}</code></a>' if place else f"`{op.name}`"


def page(edition):
    """The table in Markdown: a part for each file of minigrad/engine/ops."""
    say = edition.say
    counted = [op for op in REGISTRY.values() if isinstance(op, Op) and op.native]
    lines = ["# " + say("The derivative table"), "",
             say("Every operation of minigrad, as it is declared: {} in all, {} with a derivative. g is the cotangent "
                 "of the result y: how much the loss moves with each of its elements. dx is that of the input x.",
                 len(counted), sum(op.vjp is not None for op in counted)), "",
             say("FLOPs are those of one forward call; a rule costs about as much, the rules of a product two products."
                 " At kinks and ties calculus has no answer; the last column gives values that tests hold minigrad to,"
                 " there and where rounding is near, for a cotangent of ones.")]
    head = [say("op"), say("value"), say("derivative"), say("domain"), "FLOPs", say("conventions")]
    for module in MODULES:
        ops = [op for op in counted if op.__module__ == module.__name__]
        if not ops:
            continue
        name = module.__name__.rpartition(".")[2]
        lines += ["", f"## {name}", "", *_subtitle(module), "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for op in ops:
            value, rule = formula(op.__doc__)
            rules = "<br>".join(map(escaped, rule.split(",  ")))
            cells = [link(op, edition), escaped(value), rules or say("none"), escaped(domain(op, say)),
                     escaped(cost(op, say)), "; ".join(map(escaped, conventions(op, say)))]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _subtitle(module):
    return [escaped(first_line(module.__doc__)), ""]
